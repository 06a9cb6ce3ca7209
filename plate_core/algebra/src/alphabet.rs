//! What people type for the characters of a mark.
//!
//! The metal has Latin letters, the keyboards have Cyrillic ones, phones give lower case and full-width
//! forms, and pasted text brings blanks, dashes and signs of no width. One function reads a character, and
//! both the parser of marks and the lexer of patterns use it, so that the two never disagree.
//! Only letters that look the same on the metal are taken for each other. Kazakh Ү and Ұ are *not* Y: they
//! are other letters of the applicant's own language, and guessing would sell him the wrong mark.

/// A character as it counts in a mark.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Sign {
    /// A digit, 0 to 9.
    Digit(u8),
    /// A Latin letter, `A` to `Z`, and whether it was typed in lower case.
    Letter {
        /// The upper-case ASCII letter.
        letter: u8,
        /// Typed in lower case.
        lower: bool,
    },
    /// A blank of any width, zero included.
    Blank,
    /// A hyphen or dash of any length.
    Dash,
    /// Anything else, with full-width ASCII taken to its ordinary form.
    Other(char),
}

/// Cyrillic and Kazakh letters that look like a Latin one on a plate (DOMAIN: А В Е К М Н О Р С Т У Х І).
const LOOK_ALIKES: [(char, char, u8); 13] = [
    ('А', 'а', b'A'),
    ('В', 'в', b'B'),
    ('Е', 'е', b'E'),
    ('К', 'к', b'K'),
    ('М', 'м', b'M'),
    ('Н', 'н', b'H'),
    ('О', 'о', b'O'),
    ('Р', 'р', b'P'),
    ('С', 'с', b'C'),
    ('Т', 'т', b'T'),
    ('У', 'у', b'Y'),
    ('Х', 'х', b'X'),
    ('І', 'і', b'I'),
];

/// Reads one character.
///
/// ```
/// use plate_algebra::alphabet::{Sign, read};
/// assert_eq!(read('Н'), Sign::Letter { letter: b'H', lower: false });
/// assert_eq!(read('７'), Sign::Digit(7));
/// assert_eq!(read('Ү'), Sign::Other('Ү'));
/// ```
pub fn read(character: char) -> Sign {
    // What nearly everybody types, before the rest of the world's signs are gone through.
    match character {
        '0'..='9' => Sign::Digit(character as u8 - b'0'),
        'A'..='Z' => Sign::Letter { letter: character as u8, lower: false },
        'a'..='z' => Sign::Letter { letter: character.to_ascii_uppercase() as u8, lower: true },
        ' ' => Sign::Blank,
        '-' => Sign::Dash,
        '\u{0400}'..='\u{04FF}' => read_cyrillic(character),
        other => read_rare(other),
    }
}

/// A Cyrillic letter. What a phone in this country gives is read by a table: a column can hold a million of them.
fn read_cyrillic(character: char) -> Sign {
    match CYRILLIC.get(character as usize - CYRILLIC_FROM) {
        Some(Some((letter, lower))) => Sign::Letter { letter: *letter, lower: *lower },
        _ => Sign::Other(character),
    }
}

const CYRILLIC_FROM: usize = 0x0400;

/// By its place in the block, the letter it is taken for and whether it is in lower case.
static CYRILLIC: [Option<(u8, bool)>; 256] = {
    let mut table = [None; 256];
    let mut index = 0;
    while index < LOOK_ALIKES.len() {
        let (upper, lower, letter) = LOOK_ALIKES[index];
        table[upper as usize - CYRILLIC_FROM] = Some((letter, false));
        table[lower as usize - CYRILLIC_FROM] = Some((letter, true));
        index += 1;
    }
    table
};

fn read_rare(character: char) -> Sign {
    let character = narrow(character);
    if let Some(value) = character.to_digit(10) {
        return Sign::Digit(value as u8);
    }
    if character.is_ascii_alphabetic() {
        return Sign::Letter {
            letter: character.to_ascii_uppercase() as u8,
            lower: character.is_ascii_lowercase(),
        };
    }
    if is_blank(character) {
        return Sign::Blank;
    }
    if is_dash(character) { Sign::Dash } else { Sign::Other(character) }
}

/// Whether a character is one of the Kazakh letters that are mistaken for Y: Ү ү Ұ ұ.
pub fn is_mistaken_for_y(character: char) -> bool {
    matches!(character, 'Ү' | 'ү' | 'Ұ' | 'ұ')
}

/// Full-width ASCII (U+FF01 to U+FF5E) and the ideographic blank, taken to their ordinary forms.
fn narrow(character: char) -> char {
    const FULL_WIDTH_OFFSET: u32 = 0xFF01 - 0x21;
    match character {
        '\u{FF01}'..='\u{FF5E}' => {
            char::from_u32(u32::from(character) - FULL_WIDTH_OFFSET).unwrap_or(character)
        }
        _ => character,
    }
}

/// White space, and the signs of no width that come with pasted text.
fn is_blank(character: char) -> bool {
    const NO_WIDTH: [char; 6] = ['\u{00AD}', '\u{200B}', '\u{200C}', '\u{200D}', '\u{2060}', '\u{FEFF}'];
    character.is_whitespace() || NO_WIDTH.contains(&character)
}

/// The hyphen, its typographic relatives U+2010 to U+2015, and the minus sign.
fn is_dash(character: char) -> bool {
    matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every look-alike gives the same letter in both cases, and no two letters share a look-alike.
    #[test]
    fn look_alikes_are_read_in_both_cases() {
        for (upper, lower, letter) in LOOK_ALIKES {
            assert_eq!(read(upper), Sign::Letter { letter, lower: false });
            assert_eq!(read(lower), Sign::Letter { letter, lower: true });
            assert_eq!(upper.to_lowercase().collect::<String>(), lower.to_string(), "the pair is one letter");
            assert!(!upper.is_ascii(), "the table holds no Latin letter by accident");
        }
    }

    /// Latin letters and digits stand for themselves, in ordinary and in full width.
    #[test]
    fn latin_and_full_width_are_the_same() {
        for (narrow, wide) in (b'A'..=b'Z').zip('Ａ'..='Ｚ') {
            assert_eq!(read(char::from(narrow)), read(wide));
        }
        for (narrow, wide) in (b'a'..=b'z').zip('ａ'..='ｚ') {
            assert_eq!(read(char::from(narrow)), read(wide));
        }
        for (narrow, wide) in (b'0'..=b'9').zip('０'..='９') {
            assert_eq!(read(char::from(narrow)), read(wide));
        }
        assert_eq!(read('？'), Sign::Other('?'));
        assert_eq!(read('＊'), Sign::Other('*'));
    }

    /// Kazakh letters with a look of their own are no Latin letter.
    #[test]
    fn kazakh_letters_are_not_guessed() {
        for letter in "ҮүҰұҚқҒғҢңӨөӘәҺһЙйЗз".chars() {
            assert_eq!(read(letter), Sign::Other(letter));
        }
        assert!("ҮүҰұ".chars().all(is_mistaken_for_y));
        assert!(!"УуYy".chars().any(is_mistaken_for_y));
    }

    /// Blanks and dashes are found in the forms in which they are pasted.
    #[test]
    fn blanks_and_dashes_of_every_kind() {
        for blank in " \t\n\u{00A0}\u{202F}\u{3000}\u{200B}\u{FEFF}".chars() {
            assert_eq!(read(blank), Sign::Blank, "{blank:?}");
        }
        for dash in "-‐‑‒–—―−".chars() {
            assert_eq!(read(dash), Sign::Dash, "{dash:?}");
        }
    }
}

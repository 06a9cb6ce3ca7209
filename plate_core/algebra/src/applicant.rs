//! From an IIN or BIN to the pseudonym that stands for a person or a legal entity.
//!
//! A number is judged by its form and its check digit, and by nothing else: since 2013 a birth date that does not fit
//! is no error. The pseudonym is a keyed HMAC-SHA256, because a plain hash of so few numbers is reversed in half an
//! hour. Deliberately not here: the number itself, which no value of this file keeps, and where keys come from.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of a pseudonym.
pub const PSEUDONYM_BYTES: usize = 16;
const DIGITS: usize = 12;
/// The weights of the first eleven digits, and those that are asked when the first give ten.
const WEIGHTS: [[u32; DIGITS - 1]; 2] =
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]];

/// Whose number it is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum NumberKind {
    /// A person's, the IIN.
    Iin,
    /// A legal entity's, the BIN.
    Bin,
}

impl NumberKind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            NumberKind::Iin => "iin",
            NumberKind::Bin => "bin",
        }
    }

    /// The kind that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [NumberKind::Iin, NumberKind::Bin].into_iter().find(|kind| kind.word() == word)
    }
}

/// Why a text is no such number. It never holds the text.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum NumberFault {
    /// Not twelve ASCII digits.
    NotTwelveDigits,
    /// A BIN whose fifth digit names no kind of entity (4 to 6), or whose sixth no division (0 to 3).
    NotAnEntity,
    /// The last digit is not what the others give, or they give none.
    CheckDigitWrong,
}

impl NumberFault {
    /// A stable slug for each cause.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            NumberFault::NotTwelveDigits => "not_twelve_digits",
            NumberFault::NotAnEntity => "not_an_entity",
            NumberFault::CheckDigitWrong => "check_digit_wrong",
        }
    }
}

/// Whether a text is such a number.
///
/// # Errors
/// The first of its faults, in the order of [`NumberFault`].
pub fn check(kind: NumberKind, number: &str) -> Result<(), NumberFault> {
    let digits = digits(number).ok_or(NumberFault::NotTwelveDigits)?;
    if kind == NumberKind::Bin && !names_an_entity(digits) {
        return Err(NumberFault::NotAnEntity);
    }
    let [first @ .., last] = digits;
    if check_digit(first) == Some(last) { Ok(()) } else { Err(NumberFault::CheckDigitWrong) }
}

fn digits(number: &str) -> Option<[u8; DIGITS]> {
    let bytes: [u8; DIGITS] = number.as_bytes().try_into().ok()?;
    bytes.iter().all(u8::is_ascii_digit).then(|| bytes.map(|byte| byte - b'0'))
}

fn names_an_entity([_, _, _, _, kind, division, ..]: [u8; DIGITS]) -> bool {
    (4..=6).contains(&kind) && division <= 3
}

/// The twelfth digit, where the rule has one: a second remainder of ten means that the number was never given out.
fn check_digit(first: [u8; DIGITS - 1]) -> Option<u8> {
    let remainder = |weights: &[u32; DIGITS - 1]| {
        first.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum::<u32>() % 11
    };
    let found = WEIGHTS.iter().map(remainder).find(|remainder| *remainder < 10)?;
    u8::try_from(found).ok()
}

/// Makes pseudonyms with one key.
#[derive(Clone)]
pub struct Pseudonyms {
    keyed: Hmac<Sha256>,
}

impl Pseudonyms {
    /// The maker with this key, which is prepared once: half the work of a short message. `None` for no key.
    #[must_use]
    pub fn new(key: &[u8]) -> Option<Self> {
        let key = Some(key).filter(|key| !key.is_empty())?;
        Hmac::new_from_slice(key).ok().map(|keyed| Self { keyed })
    }

    /// The pseudonym of whoever has this number.
    ///
    /// # Errors
    /// The fault of a text that is no such number.
    pub fn of(&self, kind: NumberKind, number: &str) -> Result<[u8; PSEUDONYM_BYTES], NumberFault> {
        check(kind, number)?;
        Ok(self.keyed_hash(kind.word(), number))
    }

    /// A pseudonym of something else than a number: the kind keeps values of different kinds apart.
    #[must_use]
    pub fn keyed_hash(&self, kind: &str, value: &str) -> [u8; PSEUDONYM_BYTES] {
        let mut mac = self.keyed.clone();
        for part in [kind, "\0", value] {
            mac.update(part.as_bytes());
        }
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        let mut pseudonym = [0; PSEUDONYM_BYTES];
        pseudonym.copy_from_slice(&hash[..PSEUDONYM_BYTES]);
        pseudonym
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, case 2, cut to sixteen bytes: what is hashed is kind, 0, value.
    #[test]
    fn the_hash_is_hmac_sha256() {
        let maker = Pseudonyms::new(b"Jefe").expect("a key");
        let (kind, value) = ("what do ya want ", "for nothing?");
        let mut whole = maker.keyed.clone();
        whole.update(kind.as_bytes());
        whole.update(value.as_bytes());
        let hash: [u8; 32] = whole.finalize().into_bytes().into();
        assert_eq!(hash[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert_ne!(maker.keyed_hash(kind, value)[..], hash[..16], "the 0 between them counts");
    }

    #[test]
    fn each_fault_is_named_and_the_first_of_them_counts() {
        let cases = [
            (NumberKind::Iin, "900101300017", Ok(())),
            (NumberKind::Iin, "900101300018", Err(NumberFault::CheckDigitWrong)),
            (NumberKind::Iin, "90010130001x", Err(NumberFault::NotTwelveDigits)),
            (NumberKind::Iin, "9001013000170", Err(NumberFault::NotTwelveDigits)),
            (
                NumberKind::Iin,
                "\u{0669}\u{0660}\u{0660}\u{0661}\u{0660}\u{0661}",
                Err(NumberFault::NotTwelveDigits),
            ),
            (NumberKind::Bin, "100140000003", Ok(())),
            (NumberKind::Bin, "900101300017", Err(NumberFault::NotAnEntity)),
            (NumberKind::Bin, "900101300018", Err(NumberFault::NotAnEntity)),
            (NumberKind::Bin, "100140000004", Err(NumberFault::CheckDigitWrong)),
        ];
        for (kind, number, expected) in cases {
            assert_eq!(check(kind, number), expected, "{kind:?} {number}");
        }
    }

    #[test]
    fn eleven_digits_that_twice_leave_ten_have_no_check_digit() {
        let without = (0..1_000_u32).filter(|number| {
            let text = format!("{number:011}");
            let bytes: [u8; 11] = text.as_bytes().try_into().expect("eleven");
            check_digit(bytes.map(|byte| byte - b'0')).is_none()
        });
        assert!(without.count() > 0, "one in 121");
    }

    #[test]
    fn the_word_of_a_kind_means_it() {
        assert_eq!(NumberKind::from_word("iin"), Some(NumberKind::Iin));
        assert_eq!(NumberKind::from_word("bin"), Some(NumberKind::Bin));
        assert_eq!(NumberKind::from_word("vin"), None);
    }
}

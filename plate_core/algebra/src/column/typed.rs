//! A row that people typed, as it would be written.

use std::sync::LazyLock;

use super::written::PLACES_MAX;
use crate::alphabet::{self, Sign};
use crate::bounds;
use crate::format::Formats;

/// Characters that count in a text: KZ, and then at most the places of a template.
const TYPED_CHARS: usize = 2 + PLACES_MAX;
/// Stands in [`COMMON`] for what is passed over, and for what has to be read the long way.
const PASSED_OVER: u8 = b' ';
const UNCOMMON: u8 = 0;

/// What was typed as it is written, and its length; `None` where it is no mark. Without memory from the system: a
/// column can hold a million of them.
pub(super) fn written(text: &[u8], formats: &Formats) -> Option<([u8; PLACES_MAX], usize)> {
    let mut typed = [0; TYPED_CHARS];
    let length = read_common(text, &mut typed).or_else(|| read_any(text, &mut typed))?;
    let typed = typed.get(..length)?;
    // KZ is dropped only where the text cannot be read with it.
    let written = match typed.strip_prefix(b"KZ") {
        Some(rest) if !formats.has_shape_of_any(typed) => rest,
        _ => typed,
    };
    let mut bytes = [0; PLACES_MAX];
    bytes.get_mut(..written.len())?.copy_from_slice(written);
    Some((bytes, written.len()))
}

/// What keyboards here give, ASCII and the first half of Cyrillic (two bytes a letter, 0xD0 or 0xD1 first), by what
/// [`alphabet::read`] says of it: the same rules, asked once and not for each character.
static COMMON: LazyLock<[u8; 256]> = LazyLock::new(|| {
    std::array::from_fn(|index| {
        let code = if index < 128 { index } else { index - 128 + 0x0400 };
        let character = u32::try_from(code).ok().and_then(char::from_u32);
        match character.map(alphabet::read) {
            Some(Sign::Digit(value)) => b'0' + value,
            Some(Sign::Letter { letter, .. }) => letter,
            Some(Sign::Blank | Sign::Dash) => PASSED_OVER,
            Some(Sign::Other(_)) | None => UNCOMMON,
        }
    })
});

/// The characters that count, and how many; `None` where something uncommon stands in the text, or too much.
fn read_common(text: &[u8], typed: &mut [u8; TYPED_CHARS]) -> Option<usize> {
    if text.len() as u64 > bounds::MARK_CHARS.max {
        return None;
    }
    let (common, mut length, mut rest) = (&*COMMON, 0, text);
    loop {
        let (index, behind) = match rest {
            [] => return Some(length),
            [first @ (0xD0 | 0xD1), second @ 0x80..=0xBF, behind @ ..] => {
                (0x80 | (first & 1) << 6 | (second & 0x3F), behind)
            }
            [0x80..=0xFF, ..] => return None,
            [ascii, behind @ ..] => (*ascii, behind),
        };
        let written = common[usize::from(index)];
        if written == UNCOMMON {
            return None;
        }
        *typed.get_mut(length)? = written;
        length += usize::from(written != PASSED_OVER);
        rest = behind;
    }
}

/// The same for every text; `None` where a character stands in no mark, or there are too many.
fn read_any(text: &[u8], typed: &mut [u8; TYPED_CHARS]) -> Option<usize> {
    let mut length = 0;
    for (position, character) in (1..).zip(std::str::from_utf8(text).ok()?.chars()) {
        let written = match alphabet::read(character) {
            Sign::Digit(value) => b'0' + value,
            Sign::Letter { letter, .. } => letter,
            Sign::Blank | Sign::Dash if position <= bounds::MARK_CHARS.max => continue,
            Sign::Blank | Sign::Dash | Sign::Other(_) => return None,
        };
        *typed.get_mut(length).filter(|_| position <= bounds::MARK_CHARS.max)? = written;
        length += 1;
    }
    Some(length)
}

//! Texts as small numbers: the same text is the same number, and numbers are compared a million times.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A text's number.
pub(crate) type Name = u32;
/// The number of the empty text: nothing is named.
pub(crate) const NONE: Name = 0;

/// A map whose keys nobody chooses against us.
pub(crate) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;
/// A set whose members nobody chooses against us.
pub(crate) type Set<K> = HashSet<K, BuildHasherDefault<Quick>>;

/// Eight bytes at a time, multiplied and turned (as the compiler's own tables do): a third of the default's time.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut eight = [0; 8];
            eight[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(eight));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    /// The high bits are the mixed ones, and tables look at the low ones.
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

/// All texts that were read.
#[derive(Debug)]
pub(crate) struct Names {
    numbers: Map<Box<str>, Name>,
}

impl Names {
    /// None but the empty text.
    pub(crate) fn new() -> Self {
        let mut names = Self { numbers: Map::default() };
        names.number("");
        names
    }

    /// The number of a text.
    pub(crate) fn number(&mut self, text: &str) -> Name {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = Name::try_from(self.numbers.len()).unwrap_or(Name::MAX);
        self.numbers.insert(text.into(), number);
        number
    }

    /// Take another's texts as well; the number that each of its numbers is here.
    pub(crate) fn join(&mut self, other: &Self) -> Vec<Name> {
        let mut numbers = vec![NONE; other.numbers.len()];
        for (text, number) in &other.numbers {
            numbers[*number as usize] = self.number(text);
        }
        numbers
    }

    /// The text of a number. It is looked for, because only findings have use for it.
    pub(crate) fn text(&self, number: Name) -> &str {
        self.numbers.iter().find(|(_, known)| **known == number).map_or("", |(text, _)| text)
    }
}

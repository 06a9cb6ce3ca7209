//! Names that a pattern may use: the patterns of a rule book, by identifier and by the words people say.
//!
//! The language does not know any name. Whoever has some, lends them while compiling.

use crate::{area::Area, format::FormatId};

/// Names and what they mean.
pub trait Vocabulary {
    /// The marks that a name means in a format, `None` where there is no such name. Names are lower case;
    /// those that people may type without `@` have at least four letters, or they would be a series.
    fn area(&self, name: &str, format: FormatId) -> Option<&Area>;

    /// Every name, for what a fault offers instead.
    fn names(&self) -> Vec<&str>;
}

/// A vocabulary without any name.
#[derive(Copy, Clone, Debug)]
pub struct NoNames;

impl Vocabulary for NoNames {
    fn area(&self, _name: &str, _format: FormatId) -> Option<&Area> {
        None
    }

    fn names(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// The names that somebody may have meant: those at most two letters away, the likest first.
pub(crate) fn alike(name: &str, vocabulary: &dyn Vocabulary) -> Vec<String> {
    let mut found: Vec<(usize, String)> = vocabulary
        .names()
        .into_iter()
        .map(|known| (distance(name, known), known))
        .filter(|(distance, known)| *distance <= 2 || known.starts_with(name))
        .map(|(distance, known)| (distance, known.to_owned()))
        .collect();
    found.sort();
    found.truncate(5);
    found.into_iter().map(|(_, known)| known).collect()
}

/// Letters to add, drop or change to get from one word to the other (Levenshtein 1965).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut next = vec![index + 1];
        for (column, other) in to.iter().enumerate() {
            let changed = row.get(column).copied().unwrap_or(0) + usize::from(letter != *other);
            let dropped = row.get(column + 1).copied().unwrap_or(0) + 1;
            let added = next.last().copied().unwrap_or(0) + 1;
            next.push(changed.min(dropped).min(added));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance is the number of single letters to mend, in any script.
    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("мирр", "мирр"), 0);
        assert_eq!(distance("mirror", "miror"), 1);
        assert_eq!(distance("айна", "аина"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}

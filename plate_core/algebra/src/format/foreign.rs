//! Shapes that are known and never allocated here: refused by name, not as nonsense.

use super::is_identifier;
use crate::{
    fault::{Fault, Origin},
    names::Names,
};

/// A shape that is known and never allocated here, such as a diplomatic one: refused by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForeignFormat {
    /// Its identifier, such as `diplomatic`.
    pub id: String,
    /// Its template: N, L and R as in a format, and `[DT]` for one of some letters or digits.
    pub template: String,
    /// What it is called.
    pub names: Names,
    /// Where it is declared.
    pub origin: Origin,
    places: Vec<ForeignPlace>,
}

/// What one place of a foreign template holds.
#[derive(Clone, PartialEq, Eq, Debug)]
enum ForeignPlace {
    Digit,
    Letter,
    OneOf(Vec<char>),
}

impl ForeignFormat {
    /// A foreign format from its template, such as `[FH] NNNN RR`.
    pub fn new(id: &str, template: &str, names: Names, origin: &Origin) -> Result<ForeignFormat, Vec<Fault>> {
        let mut faults = Vec::new();
        if !is_identifier(id) {
            faults.push(Fault::at(
                origin,
                "format_id_invalid",
                "a format's identifier has a form it cannot have.",
            ));
        }
        let places = read_foreign_template(template);
        if places.as_ref().is_none_or(Vec::is_empty) {
            faults.push(
                Fault::at(origin, "template_invalid", "this is not a foreign template.")
                    .expecting(["N, L and R, blanks, and sets such as [FH]"]),
            );
        }
        match places {
            Some(places) if faults.is_empty() => Ok(ForeignFormat {
                id: id.to_owned(),
                template: template.to_owned(),
                names,
                origin: origin.clone(),
                places,
            }),
            _ => Err(faults),
        }
    }

    pub(crate) fn matches(&self, text: &[char]) -> bool {
        self.places.len() == text.len()
            && self.places.iter().zip(text).all(|(place, found)| match place {
                ForeignPlace::Digit => found.is_ascii_digit(),
                ForeignPlace::Letter => found.is_ascii_uppercase(),
                ForeignPlace::OneOf(set) => set.contains(found),
            })
    }
}

fn read_foreign_template(template: &str) -> Option<Vec<ForeignPlace>> {
    let mut places = Vec::new();
    let mut signs = template.chars();
    while let Some(sign) = signs.next() {
        places.push(match sign {
            'N' | 'R' => ForeignPlace::Digit,
            'L' => ForeignPlace::Letter,
            ' ' => continue,
            '[' => {
                let (set, behind) = signs.as_str().split_once(']')?;
                signs = behind.chars();
                let known = |sign: char| sign.is_ascii_uppercase() || sign.is_ascii_digit();
                if set.is_empty() || !set.chars().all(known) {
                    return None;
                }
                ForeignPlace::OneOf(set.chars().collect())
            }
            _ => return None,
        });
    }
    Some(places)
}

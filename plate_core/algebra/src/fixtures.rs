//! Kazakhstan as Rust values, for tests and benches of every crate.
//!
//! Not the law: that is `patterns/kz`, compiled by the rule book. Here only the formats and the twenty
//! regions, so that a test of planes or of keys needs no file. Hidden from the documentation.

use crate::{
    fault::{Fault, Origin},
    format::{ForeignFormat, Format, Formats},
    mark::Mark,
    names::Names,
    parse::ParseError,
    region::{Region, RegionInfo},
};

/// Both enabled formats, one disabled, foreign ones, regions 01 to 20.
pub fn kazakhstan() -> Result<Formats, Vec<Fault>> {
    let origin = Origin::file("fixtures", 1, 1);
    let formats = vec![
        Format::new("person_car", "NNN LLL RR", true, 1, names("Person's car"), &origin)?,
        Format::new("entity_car", "NNN LL RR", true, 1, names("Entity's car"), &origin)?,
        Format::new("motorcycle", "NN LL RR", false, 1, names("Motorcycle"), &origin)?,
    ];
    let foreign = vec![
        ForeignFormat::new("foreign_owner", "[FH] NNNN RR", names("Foreign owner"), &origin)?,
        ForeignFormat::new("diplomatic", "[DT] NNN NNN", names("Diplomatic"), &origin)?,
    ];
    let regions = (1..=20).filter_map(|code| Region::new(code).ok());
    let regions =
        regions.map(|region| RegionInfo { region, names: names("Region"), origin: origin.clone() }).collect();
    Formats::new(formats, foreign, regions)
}

/// A mark by its text, in the country above.
pub fn mark(formats: &Formats, text: &str) -> Result<Mark, ParseError> {
    formats.parse(text)
}

fn names(en: &str) -> Names {
    Names::new(en, en, en)
}

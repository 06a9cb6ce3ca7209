//! Names that a rule book lends: `@name`, and the words that people say.

use plate_algebra::{
    Area, FormatId, Formats, Origin, Pattern, fixtures,
    pattern::{NoNames, Vocabulary},
};

/// Mirror numbers under an identifier and under words of three languages; for persons only.
struct Mirrors(Area);

impl Vocabulary for Mirrors {
    fn area(&self, name: &str, format: FormatId) -> Option<&Area> {
        let known = self.names().contains(&name) && format == self.0.format;
        known.then_some(&self.0)
    }

    fn names(&self) -> Vec<&str> {
        vec!["mirror_digits", "mirror", "мирр", "зеркальный", "айна"]
    }
}

fn setting() -> (Formats, Mirrors) {
    let formats = fixtures::kazakhstan().unwrap();
    let pattern = Pattern::compile("digits:aba", &Origin::input("test"), &formats).unwrap();
    let person = formats.by_id("person_car").unwrap();
    (formats, Mirrors(pattern.area(person).clone()))
}

/// Column, code and what was expected.
type Refusal = (u32, &'static str, Vec<String>);

fn count(text: &str) -> Result<u64, Vec<Refusal>> {
    let (formats, mirrors) = setting();
    let compiled = Pattern::compile_with(text, &Origin::input("search"), &formats, &mirrors);
    compiled.map(|pattern| pattern.count()).map_err(|faults| {
        let seen = faults.into_iter().map(|fault| (fault.column, fault.code, fault.expected));
        seen.collect()
    })
}

/// A word of four letters or more that the rule book knows is that pattern, wherever it stands in a shape.
#[test]
fn words_are_patterns() {
    assert_eq!(count("мирр 02"), Ok(90 * 17_576));
    assert_eq!(count("МИРР 02"), Ok(90 * 17_576));
    assert_eq!(count("7?? айна 02"), Ok(9 * 17_576));
    assert_eq!(count("02 зеркальный AAA").unwrap_err()[0].1, "shape_fits_no_format");
    assert_eq!(count("зеркальный AAA 02"), Ok(90));
    assert_eq!(count("@mirror_digits & !707"), Ok(20 * 89 * 17_576));
    assert_eq!(count("!@mirror AAA 02"), Ok(909));
}

/// A pattern that says nothing of a format has none of its marks there.
#[test]
fn a_name_speaks_only_of_its_own_formats() {
    assert_eq!(count("@mirror format:entity_car"), Ok(0));
}

/// A name that nobody knows is refused with those that look like it.
#[test]
fn unknown_names_are_refused_with_the_likest() {
    assert_eq!(count("миррр 02"), Err(vec![(1, "word_unknown", vec!["мирр".to_owned()])]));
    assert_eq!(count("@miror"), Err(vec![(2, "name_unknown", vec!["mirror".to_owned()])]));
    assert_eq!(count("777 & хлеб"), Err(vec![(7, "word_unknown", Vec::new())]));
    let formats = fixtures::kazakhstan().unwrap();
    let faults = Pattern::compile_with("мирр", &Origin::input("search"), &formats, &NoNames).unwrap_err();
    assert_eq!(faults[0].code, "word_unknown");
}

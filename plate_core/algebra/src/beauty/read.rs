//! Reads the files of `beauty/`: named patterns, words and look-alike readings.

use super::look_alike::{LookAlikes, Reading};
use super::vocabulary::Said;
use super::{BeautyTable, Tag};
use crate::area::{Area, Rectangle};
use crate::bounds;
use crate::format::Formats;
use crate::pattern::Pattern;
use crate::provenance::{Provenance, Sure, read_note, read_sure};
use crate::source::{FaultSink, Section, Source, Text, shortened};
use crate::tariff::read_format_id;
use crate::words::WordList;

impl BeautyTable {
    /// Reads every file of `beauty/`.
    pub(crate) fn read(
        sources: &[&Source],
        formats: &Formats,
        words: &[WordList],
        sink: &FaultSink,
    ) -> BeautyTable {
        let mut tags: Vec<Tag> = Vec::new();
        let mut provenances = Vec::new();
        for source in sources {
            let Some(document) = source.parse(sink) else { continue };
            let file = Section::of(source, sink, &document);
            let provenance = Provenance::read(&file);
            let sure = Provenance::sure_of(provenance.as_ref());
            for section in file.sections("beauty") {
                let context = Context { formats, words, sure, before: &tags };
                let Some(tag) = read_tag(&section, &context) else { continue };
                check_words(&section, &tag, &tags);
                match bounds::TAGS.check(tags.len() as u64 + 1) {
                    Ok(_) => tags.push(tag),
                    Err(error) => {
                        let message = format!("{error}: {}.", error.bound.why);
                        section.fault(&section.span, error.bound.slug, message);
                    }
                }
            }
            file.close();
            provenances.extend(provenance);
        }
        BeautyTable::new(tags, provenances, formats)
    }
}

/// What a tag may refer to.
struct Context<'a> {
    formats: &'a Formats,
    words: &'a [WordList],
    sure: Sure,
    /// The tags of earlier files and lines: their names may be used, so nothing can refer to itself.
    before: &'a [Tag],
}

fn read_tag(section: &Section<'_>, context: &Context<'_>) -> Option<Tag> {
    let id = section.id("id");
    let said = read_said(section);
    let beauty = section.integer("beauty", bounds::BEAUTY_POINTS);
    let names = section.names("names");
    let sure = read_sure(section, Some(context.sure));
    let note = read_note(section);
    let areas = read_areas(section, context);
    let areas = within_formats(section, context.formats, areas);
    section.close();
    let areas = areas?;
    let enabled = context.formats.enabled().filter_map(|(id, _)| areas.get(usize::from(id.0)));
    let marks: u64 = enabled.map(Area::count).sum();
    if marks == 0 {
        section.fault(&section.span, "tag_names_nothing", "The pattern names no mark of any enabled format.");
        return None;
    }
    Some(Tag {
        id: id?.value.to_owned(),
        said: said?,
        names: names?,
        beauty: u32::try_from(beauty?).ok()?,
        sure: sure?,
        note,
        marks,
        areas,
    })
}

/// The words by which people may ask for it. Fewer than four letters would be a series.
fn read_said(section: &Section<'_>) -> Option<Vec<String>> {
    let texts = section.optional_texts("said").unwrap_or_default();
    let mut flawless = true;
    for text in &texts {
        let lower =
            text.value.chars().all(|letter| letter.is_alphabetic() && letter.to_lowercase().eq([letter]));
        if !lower || bounds::SAID_LETTERS.check(text.value.chars().count() as u64).is_err() {
            let message = format!("`{}` cannot be a word of search.", shortened(text.value));
            let expected = ["one word of at least four lower-case letters"];
            section.fault_expecting(&text.span, "said_invalid", message, expected);
            flawless = false;
        }
    }
    flawless.then(|| texts.iter().map(|text| text.value.to_owned()).collect())
}

/// An identifier or a word must mean one tag only.
fn check_words(section: &Section<'_>, tag: &Tag, before: &[Tag]) {
    for word in tag.words() {
        if let Some(other) = before.iter().find(|other| other.words().any(|known| known == word)) {
            let message = format!("`{word}` means the pattern {} already.", other.id);
            section.fault(&section.span, "tag_repeated", message);
        }
    }
}

/// A tag names its marks in exactly one way; an area for each format.
fn read_areas(section: &Section<'_>, context: &Context<'_>) -> Option<Vec<Area>> {
    let pattern = section.optional_text("pattern");
    let language = section.optional_text("words");
    let reading = section.optional_text("read");
    match (pattern, language, reading) {
        (Some(text), None, None) => pattern_areas(section, &text, context),
        (None, Some(text), None) => word_areas(section, &text, context),
        (None, None, Some(text)) => reading_areas(section, &text, context),
        _ => {
            let message = "A pattern of beauty names its marks in exactly one way.".to_owned();
            let expected = ["pattern = \"...\"", "words = \"kk\"", "read = \"series\" with look_alikes"];
            section.fault_expecting(&section.span, "tag_unnamed", message, expected);
            None
        }
    }
}

fn pattern_areas(section: &Section<'_>, text: &Text<'_>, context: &Context<'_>) -> Option<Vec<Area>> {
    let origin = section.inside(text);
    let pattern = Pattern::compile_with(text.value, &origin, context.formats, &Said(context.before))
        .map_err(|faults| section.sink.extend(faults))
        .ok()?;
    Some(pattern.areas().to_vec())
}

fn word_areas(section: &Section<'_>, text: &Text<'_>, context: &Context<'_>) -> Option<Vec<Area>> {
    let Some(list) = context.words.iter().find(|list| list.language == text.value) else {
        let message = format!("There is no list of words `{}`.", shortened(text.value));
        let expected = context.words.iter().map(|list| list.language.clone());
        section.fault_expecting(&text.span, "words_unknown", message, expected);
        return None;
    };
    let areas = context.formats.iter().map(|(id, format)| {
        let series = list.mask(format);
        let everything = context.formats.whole(id);
        let boxes =
            everything.rectangles().iter().map(|whole| Rectangle { series: series.clone(), ..whole.clone() });
        Area::from_boxes(id, format.rows(), boxes.collect())
    });
    Some(areas.collect())
}

fn reading_areas(section: &Section<'_>, text: &Text<'_>, context: &Context<'_>) -> Option<Vec<Area>> {
    let look_alikes = LookAlikes::read(section);
    let reading = match text.value {
        "series" => Reading::Series,
        "word" => Reading::Word,
        other => {
            let message = format!("Digits cannot be read as `{}`.", shortened(other));
            section.fault_expecting(&text.span, "reading_unknown", message, ["series", "word"]);
            return None;
        }
    };
    let look_alikes = look_alikes?;
    let area = |(id, _)| look_alikes.area(reading, id, context.formats, context.words);
    Some(context.formats.iter().map(area).collect())
}

/// Keeps the areas of the formats that the tag lists, if it lists any.
fn within_formats(section: &Section<'_>, formats: &Formats, areas: Option<Vec<Area>>) -> Option<Vec<Area>> {
    let Some(texts) = section.optional_texts("formats") else { return areas };
    let listed: Vec<_> = texts.iter().filter_map(|text| read_format_id(section, text, formats)).collect();
    if listed.len() < texts.len() {
        return None;
    }
    let keep = |area: Area| match listed.contains(&area.format) {
        true => area,
        false => Area::empty(area.format, area.rows()),
    };
    areas.map(|areas| areas.into_iter().map(keep).collect())
}

//! Word lists: series that read as a word, one file a language.
//!
//! A list holds words of any length that a format's letters can have; each format takes those that
//! fit. Deliberately not here: spelling rules. What a Kazakh or Russian word looks like in Latin
//! letters is decided by whoever writes the list, word by word.

use crate::format::{Format, Formats};
use crate::mask::SeriesMask;
use crate::names::Names;
use crate::provenance::Provenance;
use crate::source::{FaultSink, Section, Source, shortened};

/// The words of one language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WordList {
    /// The language's code: `kk`, `ru` or `en`.
    pub language: String,
    /// What the list is called.
    pub names: Names,
    /// The words.
    pub words: Vec<Word>,
    /// Where the list comes from.
    pub provenance: Provenance,
}

/// One word: the letters on the mark, and how it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// The letters on the mark.
    pub series: String,
    /// The word in its own script.
    pub reads: String,
}

impl WordList {
    /// The words as series of a format; those of another length are left out.
    pub fn mask(&self, format: &Format) -> SeriesMask {
        SeriesMask::from_series(
            format.rows(),
            self.words.iter().filter_map(|word| format.series_of(&word.series)),
        )
    }

    /// Reads one file of `words/`.
    pub(crate) fn read(source: &Source, formats: &Formats, sink: &FaultSink) -> Option<WordList> {
        let document = source.parse(sink)?;
        let file = Section::of(source, sink, &document);
        let language = file.id("language");
        let names = file.names("names");
        let provenance = Provenance::read(&file);
        let mut words: Vec<Word> = Vec::new();
        for section in file.sections("word") {
            let Some(word) = read_word(&section, formats) else { continue };
            if words.iter().any(|other| other.series == word.series) {
                let message = format!("The word {} is listed twice.", word.series);
                section.fault(&section.span, "word_repeated", message);
            }
            words.push(word);
        }
        file.close();
        Some(WordList { language: language?.value.to_owned(), names: names?, words, provenance: provenance? })
    }
}

fn read_word(section: &Section<'_>, formats: &Formats) -> Option<Word> {
    let series = section.text("series");
    let reads = section.text("reads");
    section.close();
    let (series, reads) = (series?, reads?);
    if !formats.iter().any(|(_, format)| format.series_of(series.value).is_some()) {
        let message = format!("No format has a series `{}`.", shortened(series.value));
        section.fault_expecting(
            &series.span,
            "series_invalid",
            message,
            ["letters A to Z, as many as a format has"],
        );
        return None;
    }
    Some(Word { series: series.value.to_owned(), reads: reads.value.to_owned() })
}

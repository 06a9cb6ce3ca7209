//! A page of a search as the JSON of `PageShape` (plateapi/drivers/schemas.py).
//!
//! Python's objects would be made of twenty marks, their tags, classes and quotes only to be written and thrown
//! away: some 80 us a page, and here 10. A test holds the text to the shape, and prices and classes to what the
//! rule book says of each mark.

use std::fmt::Display;

use plate_algebra::{
    Acquired, Classification, Classifier, Mark, MciAmount, PriceError, Region, TagSet, Tiyn,
};
use plate_scan::Cursor;
use serde::{Serialize, Serializer};

use crate::found::PyFound;

#[derive(Serialize)]
struct Page<'a> {
    count: u64,
    marks: Entries<'a>,
    next: Option<String>,
    tariff: &'a str,
    age_ms: i64,
}

#[derive(Serialize)]
struct Entry<'a> {
    mark: String,
    display: String,
    format: &'a str,
    region: Written<Region>,
    digits: String,
    series: String,
    state: &'static str,
    tags: Tags<'a>,
    tier: Option<&'a str>,
    mci: Option<Written<MciAmount>>,
    amount_tiyn: Option<i64>,
}

/// Room for a mark with three tags, so that the text is not moved while it grows.
const ENTRY_BYTES: usize = 320;

/// The page; refused for a day without a tariff, and without an index where a mark has a tier.
pub(crate) fn json(found: &PyFound, age_ms: i64) -> Result<Vec<u8>, PriceError> {
    let classifier = found.book.classifier(Acquired::Chosen, found.on)?;
    let judged = found.marks.iter().map(|(mark, state)| Judged::of(found, &classifier, *mark, state));
    let page = Page {
        count: found.count,
        marks: Entries { found, classifier, judged: judged.collect::<Result<_, _>>()? },
        next: found.next.map(cursor_text),
        tariff: &classifier.tariff().revision,
        age_ms,
    };
    let mut text = Vec::with_capacity((found.marks.len() + 1) * ENTRY_BYTES);
    // Into memory, and of texts and numbers alone: there is nothing that could fail.
    let _ = serde_json::to_writer(&mut text, &page);
    Ok(text)
}

/// A mark of the page, and what the law says of it.
struct Judged {
    mark: Mark,
    state: &'static str,
    class: Option<Classification>,
    amount: Option<Tiyn>,
}

impl Judged {
    fn of(
        found: &PyFound,
        classifier: &Classifier<'_>,
        mark: Mark,
        state: &'static str,
    ) -> Result<Self, PriceError> {
        let class = classifier.classify(mark);
        let tier = class.and_then(|class| class.tier);
        let amount = tier.map(|tier| found.book.tier_amount(tier, found.on)).transpose()?;
        Ok(Self { mark, state, class, amount })
    }
}

/// The marks in their order, each made when it is its turn to be written.
struct Entries<'a> {
    found: &'a PyFound,
    classifier: Classifier<'a>,
    judged: Vec<Judged>,
}

impl<'a> Entries<'a> {
    fn entry(&self, judged: &Judged) -> Entry<'a> {
        let (found, mark) = (self.found, judged.mark);
        let format = found.formats.get(mark.format);
        let tier = judged.class.and_then(|class| class.tier);
        let tier = tier.and_then(|tier| self.classifier.tariff().tier(tier));
        Entry {
            mark: found.formats.text(mark),
            display: found.formats.display(mark),
            format: &format.id,
            region: Written(mark.region),
            digits: format.digits_text(mark.digits),
            series: format.series_text(mark.series),
            state: judged.state,
            tags: Tags { found, tags: judged.class.map(|class| class.tags).unwrap_or_default() },
            tier: tier.map(|tier| tier.id.as_str()),
            mci: tier.map(|tier| Written(tier.mci)),
            amount_tiyn: judged.amount.map(|amount| amount.0),
        }
    }
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.judged.iter().map(|judged| self.entry(judged)))
    }
}

/// The ids of a set of tags.
struct Tags<'a> {
    found: &'a PyFound,
    tags: TagSet,
}

impl Serialize for Tags<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let beauty = self.found.book.beauty();
        out.collect_seq(self.tags.iter().filter_map(|tag| beauty.tag(tag).map(|tag| &tag.id)))
    }
}

/// A value as the text that it shows.
struct Written<T>(T);

impl<T: Display> Serialize for Written<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0)
    }
}

const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A cursor as it travels in addresses: base64url without padding.
fn cursor_text(cursor: Cursor) -> String {
    let letter = |bits: u32| char::from(BASE64_URL[(bits & 63) as usize]);
    let group = |three: &[u8]| {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        [18, 12, 6, 0].map(|shift| letter(bits >> shift)).into_iter().take(three.len() + 1)
    };
    cursor.encode().chunks(3).flat_map(group).collect()
}

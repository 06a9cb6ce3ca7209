//! The two axes of a rule: which digits it names, and which series.
//!
//! Each is written in the pattern language as a set of one segment (`001-009 | 777`, `aaa`), so it can
//! depend neither on the other axis nor on the region. That is what makes two tables and the lookup of
//! their pair exact: the winner depends on a pair of classes and on nothing else.

use super::table::Claim;
use crate::fault::Fault;
use crate::format::{FormatId, Formats};
use crate::mask::{DigitMask, SeriesMask};
use crate::pattern::{compile_digits, compile_series};
use crate::source::{Section, Text};

/// Every mark of a format.
pub(super) fn whole(format: FormatId, formats: &Formats) -> Claim {
    let shape = formats.get(format);
    let last = shape.digit_values().saturating_sub(1);
    Claim { digits: DigitMask::from_range(shape.digits_from, last), series: SeriesMask::whole(shape.rows()) }
}

/// The marks that a rule names in a format; an axis that is not written names any.
pub(super) fn claim(
    section: &Section<'_>,
    digits: Option<&Text<'_>>,
    series: Option<&Text<'_>>,
    format: FormatId,
    formats: &Formats,
) -> Option<Claim> {
    let whole = whole(format, formats);
    let refused = |faults: Vec<Fault>| section.sink.extend(faults);
    let digits = match digits {
        None => Some(whole.digits),
        Some(text) => {
            compile_digits(text.value, &section.inside(text), formats, format).map_err(refused).ok()
        }
    };
    let series = match series {
        None => Some(whole.series),
        Some(text) => {
            compile_series(text.value, &section.inside(text), formats, format).map_err(refused).ok()
        }
    };
    Some(Claim { digits: digits?, series: series? })
}

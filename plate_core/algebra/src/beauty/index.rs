//! Finds the tags of one mark by three loads and, rarely, a short list.
//!
//! Most tags are one rectangle: digits here, series there, regions there. For those a bit in each of
//! three tables says "this tag's digits hold this value", and the AND of three words is the answer.
//! A tag of several rectangles (digits equal to the region, digits that read like the series) is kept
//! by digits: a value meets a handful of them at most.

use super::{Tag, TagId, TagSet};
use crate::area::Rectangle;
use crate::format::{Format, FormatId};
use crate::mark::Mark;
use crate::ordinal::ROW_BITS;

/// Region codes, 0 to 99.
const REGION_CODES: usize = 100;

/// The tables of one format.
#[derive(Clone, Debug)]
pub(crate) struct TagIndex {
    by_digits: Vec<u64>,
    by_series: Vec<u64>,
    by_region: Vec<u64>,
    /// Where the pieces of each digit value begin in `pieces`; one entry more than there are values.
    first_piece: Vec<u32>,
    pieces: Vec<(TagId, Rectangle)>,
}

impl TagIndex {
    pub(super) fn build(tags: &[Tag], id: FormatId, format: &Format) -> TagIndex {
        let mut index = TagIndex {
            by_digits: vec![0; ROW_BITS as usize],
            by_series: vec![0; format.rows() as usize],
            by_region: vec![0; REGION_CODES],
            first_piece: Vec::new(),
            pieces: Vec::new(),
        };
        let mut in_pieces: Vec<(TagId, &Rectangle)> = Vec::new();
        for (tag, area) in (0..).map(TagId).zip(tags.iter().map(|tag| tag.area(id))) {
            match area.map_or(&[][..], |area| area.rectangles()) {
                [only] => index.add_rectangle(tag, only),
                pieces => in_pieces.extend(pieces.iter().map(|piece| (tag, piece))),
            }
        }
        index.add_pieces(&in_pieces);
        index
    }

    fn add_rectangle(&mut self, tag: TagId, rectangle: &Rectangle) {
        let mark_in = |table: &mut Vec<u64>, at: usize| {
            if let Some(word) = table.get_mut(at) {
                *word = TagSet(*word).with(tag).0;
            }
        };
        rectangle.digits.iter().for_each(|value| mark_in(&mut self.by_digits, usize::from(value)));
        rectangle.series.iter().for_each(|value| mark_in(&mut self.by_series, usize::from(value)));
        rectangle.regions.iter().for_each(|region| mark_in(&mut self.by_region, usize::from(region.code())));
    }

    fn add_pieces(&mut self, in_pieces: &[(TagId, &Rectangle)]) {
        for value in 0..=ROW_BITS as u16 {
            self.first_piece.push(u32::try_from(self.pieces.len()).unwrap_or(u32::MAX));
            let here = in_pieces.iter().filter(|(_, piece)| piece.digits.contains(value));
            self.pieces.extend(here.map(|(tag, piece)| (*tag, (*piece).clone())));
        }
    }

    #[inline]
    pub(crate) fn tags_of(&self, mark: Mark) -> TagSet {
        let load = |table: &[u64], at: usize| table.get(at).copied().unwrap_or(0);
        let digits = usize::from(mark.digits);
        let whole = load(&self.by_digits, digits)
            & load(&self.by_series, usize::from(mark.series))
            & load(&self.by_region, usize::from(mark.region.code()));
        let bounds = self.first_piece.get(digits).zip(self.first_piece.get(digits + 1));
        let pieces = bounds.and_then(|(from, to)| self.pieces.get(*from as usize..*to as usize));
        let of_pieces = pieces
            .unwrap_or_default()
            .iter()
            .filter(|(_, piece)| piece.series.contains(mark.series) && piece.regions.contains(mark.region));
        of_pieces.fold(TagSet(whole), |tags, (tag, _)| tags.with(*tag))
    }
}

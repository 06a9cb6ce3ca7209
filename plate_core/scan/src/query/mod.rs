//! A query and its page: which marks, in which order, after which one, how many.
//!
//! ```text
//! areas ──► selection (which digits of which rows) ──► walk (row by row)      ──► page
//!                                                  └─► shuffle (turn by turn) ──► page
//!                                                  └─► count  (from the summaries)
//! ```
//!
//! The areas of a query hold each mark at most once, and so does its result: pages, one after the
//! other, are the whole result without repeat or gap, in every order, as long as the planes stand
//! still. Where marks come and go between pages, a page shows what is free when it is made; a mark
//! keeps its place in the order, so that none is shown twice.
//! Not here: what a pattern, a price or beauty means. They come in as areas.

mod count;
mod cursor;
mod nearest;
mod order;
mod ranks;
mod selection;
mod shuffle;
mod walk;

use std::ops::ControlFlow;

use plate_algebra::{Area, FormatId, Mark};
use thiserror::Error;

pub use cursor::{Cursor, CursorError};
pub use ranks::Ranks;

use crate::planes::Planes;
use cursor::{Place, digest_of};

/// Most marks of a page: what a person, or one answer of an API, can take at once.
pub const LIMIT_MAX: usize = 1000;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// The marks in question: at most one area a format.
    pub areas: &'a [Area],
    /// Only those that are free; otherwise all of them, whatever their state.
    pub free_only: bool,
    /// In which order.
    pub order: Order<'a>,
    /// The cursor of the page before, none for the first page.
    pub after: Option<Cursor>,
    /// How many marks at most, 1 to [`LIMIT_MAX`].
    pub limit: usize,
}

/// In which order marks come.
#[derive(Copy, Clone, Debug)]
pub enum Order<'a> {
    /// By format, region, series and digits.
    Number,
    /// By price: disjoint areas of one price each, the cheapest first, each by number; marks in none
    /// of them come last.
    Price(&'a Ranks),
    /// By beauty: disjoint areas, the most beautiful first, each by number; marks in none of them
    /// come last.
    Beauty(&'a Ranks),
    /// All over the country, the same way for the same seed: see `query/shuffle.rs`.
    Shuffle(u64),
}

impl<'a> Order<'a> {
    /// What comes first, where the order says so.
    fn ranks(self) -> Option<&'a Ranks> {
        match self {
            Order::Price(ranks) | Order::Beauty(ranks) => Some(ranks),
            Order::Number | Order::Shuffle(_) => None,
        }
    }
}

/// Some marks, and where to go on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// At most as many as the query's limit.
    pub marks: Vec<Mark>,
    /// For the next page; `None` when there was nothing more.
    pub next: Option<Cursor>,
}

/// Why a query was refused.
#[derive(Copy, Clone, PartialEq, Eq, Error, Debug)]
pub enum QueryError {
    /// A page has 1 to 1,000 marks.
    #[error("a page has 1 to {LIMIT_MAX} marks, not {0}")]
    LimitOutOfRange(usize),
    /// Two areas of one format could hold a mark twice: unite them first.
    #[error("two areas of format {}", .0.0)]
    FormatTwice(FormatId),
    /// More ranks than a cursor can name.
    #[error("an order has at most 65,535 areas")]
    TooManyRanks,
    /// The cursor was made for other areas, another order or another seed.
    #[error("the cursor belongs to another query")]
    CursorOfAnotherQuery,
}

impl QueryError {
    /// A stable slug for each cause.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            QueryError::LimitOutOfRange(_) => "limit_out_of_range",
            QueryError::FormatTwice(_) => "format_twice",
            QueryError::TooManyRanks => "too_many_ranks",
            QueryError::CursorOfAnotherQuery => "cursor_of_another_query",
        }
    }
}

impl Planes {
    /// One page of a query's result. Pools without planes hold no mark.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn search(&self, query: &Query<'_>) -> Result<Page, QueryError> {
        check_areas(query.areas)?;
        if !(1..=LIMIT_MAX).contains(&query.limit) {
            return Err(QueryError::LimitOutOfRange(query.limit));
        }
        if query.order.ranks().is_some_and(|ranks| ranks.len() >= usize::from(u16::MAX)) {
            return Err(QueryError::TooManyRanks);
        }
        let digest = digest_of(query);
        let after = match query.after {
            Some(cursor) => Some(cursor.place_in(digest)?),
            None => None,
        };
        let mut page =
            Filling { marks: Vec::with_capacity(query.limit), limit: query.limit, last: None, more: false };
        match query.order {
            Order::Shuffle(seed) => shuffle::fill(self, query, seed, after, &mut page),
            _ => order::fill(self, query, after, &mut page),
        }
        let next = page.last.filter(|_| page.more).map(|place| Cursor::new(digest, place));
        Ok(Page { marks: page.marks, next })
    }

    /// How many marks of the areas there are, or are free: exact.
    ///
    /// # Errors
    /// [`QueryError::FormatTwice`].
    pub fn count(&self, areas: &[Area], free_only: bool) -> Result<u64, QueryError> {
        check_areas(areas)?;
        let count = |area| if free_only { self.count_free(area) } else { self.count_all(area) };
        Ok(areas.iter().map(count).sum())
    }

    /// Up to `limit` free marks of an area for somebody who takes any: different seeds begin at
    /// different places, so that desks that ask at the same moment do not all want the same mark.
    ///
    /// # Errors
    /// [`QueryError::LimitOutOfRange`].
    pub fn ordinary(&self, area: &Area, seed: u64, limit: usize) -> Result<Vec<Mark>, QueryError> {
        let areas = std::slice::from_ref(area);
        let order = Order::Shuffle(seed);
        Ok(self.search(&Query { areas, free_only: true, order, after: None, limit })?.marks)
    }
}

fn check_areas(areas: &[Area]) -> Result<(), QueryError> {
    for (index, area) in areas.iter().enumerate() {
        if areas[..index].iter().any(|other| other.format == area.format) {
            return Err(QueryError::FormatTwice(area.format));
        }
    }
    Ok(())
}

/// A page being filled. It asks for one mark more than it keeps, to know whether there is a next page.
struct Filling {
    marks: Vec<Mark>,
    limit: usize,
    last: Option<Place>,
    more: bool,
}

impl Filling {
    fn push(&mut self, mark: Mark, place: Place) -> ControlFlow<()> {
        if self.marks.len() == self.limit {
            self.more = true;
            return ControlFlow::Break(());
        }
        self.marks.push(mark);
        self.last = Some(place);
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests;

//! `Replica`: the machine's shared bitmaps, mapped read-only. Advisory: only the store decides.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plate_algebra::{Acquired, Area, Formats, Mark, RuleBook, TierId};
use plate_scan::{Cursor, Order, Planes, Query, Replica};
use pyo3::prelude::*;

use crate::errors;
use crate::found::{self, PyFound};
use crate::mark::{PyMark, pool_of};
use crate::rulebook::{PyRuleBook, day};
use crate::search::{Filters, Kept, OrderBy};

/// How long a file is taken for the present one before it is looked under its path again. A look is a system call,
/// and a search asks three times for its planes; the writer of a new file takes longer than this to fill it.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The machine's shared bitmaps of all pools, mapped read-only; milliseconds old.
///
/// A new file under the same path (the keeper was started anew) is noticed and taken by itself, in milliseconds.
///
/// >>> replica = Replica.open("var/planes", book)
/// >>> found = replica.search(pattern="7?7", regions=["02"], on="2026-07-01", limit=3)
/// >>> found.count, [mark.text for mark in found.marks]
/// (175760, ['707AAA02', '717AAA02', '727AAA02'])
#[pyclass(frozen, name = "Replica", module = "plate_core")]
pub(crate) struct PyReplica {
    book: Arc<RuleBook>,
    formats: Arc<Formats>,
    present: Mutex<Seen>,
    kept: Kept,
}

/// The file in use, and when it was last seen to stand under its path.
struct Seen {
    replica: Replica,
    at: Instant,
}

impl PyReplica {
    /// The planes as they stand now. A file that is being made anew leaves the old one in use.
    pub(crate) fn planes(&self) -> Planes {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        if present.at.elapsed() >= LOOK_AGAIN {
            present.at = Instant::now();
            if let Ok(Some(newer)) = present.replica.refreshed(&self.formats) {
                present.replica = newer;
            }
        }
        present.replica.planes().clone()
    }

    fn marks(&self, marks: Vec<Mark>) -> Vec<PyMark> {
        marks.into_iter().map(|mark| PyMark::new(mark, &self.formats)).collect()
    }
}

#[pymethods]
impl PyReplica {
    /// Map the file and check that it holds every pool of the rule book. Raises `ReplicaUnavailable`.
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf, book: &PyRuleBook) -> PyResult<Self> {
        let opened = py.detach(|| Replica::open(&path, &book.formats));
        let replica = opened.map_err(|error| errors::replica(py, &error))?;
        Ok(Self {
            book: Arc::new(book.book.clone()),
            formats: Arc::clone(&book.formats),
            present: Mutex::new(Seen { replica, at: Instant::now() }),
            kept: Kept::default(),
        })
    }

    /// How long ago, on the store's clock, the planes were known to be complete, in ms.
    fn age_ms(&self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(self.planes().updated_at_ms()).max(0)
    }

    /// `free`, `taken`, `issued` or `withheld`, as far as is known here.
    fn state(&self, mark: &PyMark) -> &'static str {
        found::state(&self.planes(), mark.mark)
    }

    /// One page of marks, and how many there are in all.
    ///
    /// All filters must hold; a list of regions, formats or tiers means any of them, a list of tags all of them.
    /// `after` is the cursor of the page before. `order` is number, price, beauty or shuffle (by `seed`). Prices are
    /// those of the day `on`. `limit` is 1 to 1,000.
    /// Raises `PatternInvalid`, `CursorInvalid`, `PriceUnknown`, and `InputInvalid` with the slugs
    /// region_unknown, format_unknown, tier_unknown, tag_unknown, order_unknown and limit_out_of_range.
    #[pyo3(signature = (*, pattern=None, regions=Vec::new(), formats=vec!["person_car".to_owned()],
                        tiers=Vec::new(), tags=Vec::new(), amount_tiyn_min=None, amount_tiyn_max=None,
                        free_only=true, order="number", seed=0, on, after=None, limit=20))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python signature")]
    fn search(
        &self,
        py: Python<'_>,
        pattern: Option<String>,
        regions: Vec<String>,
        formats: Vec<String>,
        tiers: Vec<String>,
        tags: Vec<String>,
        amount_tiyn_min: Option<i64>,
        amount_tiyn_max: Option<i64>,
        free_only: bool,
        order: &str,
        seed: u64,
        on: &str,
        after: Option<&[u8]>,
        limit: usize,
    ) -> PyResult<PyFound> {
        let order = order_by(py, order)?;
        let on = day(py, on)?;
        let after = after.map(Cursor::decode).transpose().map_err(|error| errors::cursor(py, &error))?;
        let filters =
            Filters { pattern, regions, formats, tiers, tags, amount_tiyn_min, amount_tiyn_max, order, on };
        let prepared = self.kept.prepare(py, &self.book, filters)?;
        let planes = self.planes();
        let look = || {
            let order = match order {
                OrderBy::Number => Order::Number,
                OrderBy::Price => Order::Price(&prepared.ranks),
                OrderBy::Beauty => Order::Beauty(&prepared.ranks),
                OrderBy::Shuffle => Order::Shuffle(seed),
            };
            let page = planes.search(&Query { areas: &prepared.areas, free_only, order, after, limit })?;
            Ok((page, planes.count(&prepared.areas, free_only)?))
        };
        let found = if prepared.narrow { look() } else { py.detach(look) };
        let (page, count) = found.map_err(|error| errors::query(py, error))?;
        let seen = |mark| (mark, if free_only { found::FREE } else { found::state(&planes, mark) });
        Ok(PyFound {
            book: Arc::clone(&self.book),
            formats: Arc::clone(&self.formats),
            on,
            marks: page.marks.into_iter().map(seen).collect(),
            next: page.next,
            count,
        })
    }

    /// Free marks like this one, the likest first, at most 1,000; never the mark itself. Raises `InputInvalid`.
    #[pyo3(signature = (mark, *, limit=5))]
    fn nearest(&self, py: Python<'_>, mark: &PyMark, limit: usize) -> PyResult<Vec<PyMark>> {
        let (planes, mark) = (self.planes(), mark.mark);
        let found = py.detach(|| planes.nearest(mark, limit));
        found.map(|marks| self.marks(marks)).map_err(|error| errors::query(py, error))
    }

    /// Free ordinary marks of a pool for somebody who takes any: candidates of `Inventory.assign_next`.
    ///
    /// Different seeds begin at different places. Raises `InputInvalid`, `PriceUnknown`.
    #[pyo3(signature = (pool, *, limit, seed, on))]
    fn ordinary(
        &self,
        py: Python<'_>,
        pool: &str,
        limit: usize,
        seed: u64,
        on: &str,
    ) -> PyResult<Vec<PyMark>> {
        let pool = pool_of(py, &self.formats, pool)?;
        let classifier = self.book.classifier(Acquired::Assigned, day(py, on)?);
        let tariff = classifier.map_err(|error| errors::price(py, &error))?.tariff();
        let planes = self.planes();
        let found = py.detach(|| {
            let tiers = (0..).map(TierId).take(tariff.tiers.len());
            let areas = tiers.filter_map(|tier| tariff.tier_area(Acquired::Assigned, tier, pool.format));
            let rows = self.formats.get(pool.format).rows();
            let assigned = areas.fold(Area::empty(pool.format, rows), |union, area| union.union(area));
            planes.ordinary(&assigned.within([pool.region].into_iter().collect()), seed, limit)
        });
        found.map(|marks| self.marks(marks)).map_err(|error| errors::query(py, error))
    }
}

fn order_by(py: Python<'_>, order: &str) -> PyResult<OrderBy> {
    match order {
        "number" => Ok(OrderBy::Number),
        "price" => Ok(OrderBy::Price),
        "beauty" => Ok(OrderBy::Beauty),
        "shuffle" => Ok(OrderBy::Shuffle),
        _ => Err(errors::argument(py, "order_unknown", "order", "number, price, beauty or shuffle")),
    }
}

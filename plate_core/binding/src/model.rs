//! `Model`: the oracle. The same verbs on the pure lifecycle, in memory, with time as an argument.
//!
//! Rows are read by the same functions as the inventory's, so that a test can give both the very same values.

use std::sync::{Arc, Mutex, PoisonError};

use plate_algebra::{Formats, Pool};
use plate_inventory::act::Act;
use plate_inventory::answer::Answer;
use plate_inventory::model::{Model, Op};
use plate_inventory::pipeline::{Item, covering, part_of};
use plate_inventory::settings::SettingsChange;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMapping};

use crate::act::PyAct;
use crate::errors;
use crate::inventory::{calls, rows};
use crate::mark::{PyMark, pool_of};
use crate::rulebook::PyRuleBook;
use crate::settings;

/// The inventory in memory: what the store is held against, event by event.
///
/// `apply` takes a verb's name, the rows that `Inventory` takes for it, and the time; it answers as the inventory
/// does. Verbs that are no list of items take one row of their arguments.
///
/// >>> model = Model(book)
/// >>> model.apply("configure_pools", [(act, {"person_car.02": {"tariffs": [(revision, 0)]}})], now_ms=0)
/// [None]
/// >>> [answer] = model.apply("hold", [(act, mark, revision, 4_325_000)], now_ms=1)
/// >>> answer.outcome
/// 'held'
#[pyclass(frozen, name = "Model", module = "plate_core")]
pub(crate) struct PyModel {
    model: Mutex<Model>,
    formats: Arc<Formats>,
}

#[pymethods]
impl PyModel {
    #[new]
    fn new(book: &PyRuleBook) -> Self {
        Self { model: Mutex::new(Model::default()), formats: Arc::clone(&book.formats) }
    }

    /// Do one event at a moment, ms since the epoch.
    ///
    /// hold, assign_next, extend, release, begin_payment, cancel, confirm, confirm_refund and read take rows as
    /// `Inventory` does, all of one pool. sweep takes one row (pool, limit), withhold (act, marks, reason), readmit
    /// (act, marks), import_issued (act, pool, ordinals), configure_pools (act, settings), configure_limits
    /// (limits,), lease_expiry (until_ms,), trim_feed (pool, through).
    #[pyo3(signature = (verb, items, *, now_ms))]
    fn apply<'py>(
        &self,
        py: Python<'py>,
        verb: &str,
        items: Vec<Bound<'py, PyAny>>,
        now_ms: i64,
    ) -> PyResult<Py<PyAny>> {
        match verb {
            "hold" => self.each(py, items, rows::hold, now_ms),
            "assign_next" => self.each(py, items, rows::assign, now_ms),
            "extend" => self.each(py, items, rows::held(Item::Extend), now_ms),
            "release" => self.each(py, items, rows::held(Item::Release), now_ms),
            "begin_payment" => self.each(py, items, rows::held(Item::BeginPayment), now_ms),
            "cancel" => self.each(py, items, rows::held(Item::Cancel), now_ms),
            "confirm" => self.each(py, items, rows::confirm, now_ms),
            "confirm_refund" => self.each(py, items, rows::confirm_refund, now_ms),
            "read" => self.each(py, items, rows::read, now_ms),
            _ => self.whole(py, verb, items, now_ms),
        }
    }
}

impl PyModel {
    fn model(&self) -> std::sync::MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, op: &Op, now_ms: i64) -> Vec<Answer> {
        self.model().apply(op, now_ms)
    }

    /// A verb on a list of items.
    fn each<'py, Row>(
        &self,
        py: Python<'py>,
        given: Vec<Bound<'py, PyAny>>,
        item: impl Fn(Python<'py>, Row) -> PyResult<(Bound<'py, PyMark>, Item)>,
        now_ms: i64,
    ) -> PyResult<Py<PyAny>>
    where
        Row: for<'a> FromPyObject<'a, 'py>,
    {
        let mut marks = Vec::with_capacity(given.len());
        let mut items = Vec::with_capacity(given.len());
        let mut pools: Vec<Pool> = Vec::new();
        for row in given {
            let (mark, item) = item(py, row.extract::<Row>().map_err(Into::into)?)?;
            pools.push(mark.get().within(py, &self.formats)?.pool());
            items.push(item);
            marks.push(mark.unbind());
        }
        let Some(pool) = pools.first().copied() else { return PyList::empty(py).into_py_any(py) };
        if pools.iter().any(|other| *other != pool) {
            return Err(errors::argument(py, "pools_mixed", "items", "of one pool"));
        }
        let found = self.run(&op(self.formats.pool_id(pool), items), now_ms);
        rows::answers(py, found.into_iter().map(|answer| Some(Some(answer))).collect(), marks)
    }

    /// A verb that is no list of items.
    fn whole<'py>(
        &self,
        py: Python<'py>,
        verb: &str,
        items: Vec<Bound<'py, PyAny>>,
        now_ms: i64,
    ) -> PyResult<Py<PyAny>> {
        let [row] = items.as_slice() else {
            return Err(errors::argument(py, "row_count_invalid", "items", "one row of arguments"));
        };
        match verb {
            "sweep" => {
                let (pool, max): (String, usize) = row.extract()?;
                let place = pool_of(py, &self.formats, &pool)?;
                let found = self.run(&Op::Sweep { pool, max }, now_ms);
                calls::ended(py, found, place, &self.formats)
            }
            "withhold" => {
                let (act, marks, reason): (Bound<'py, PyAct>, Vec<Bound<'py, PyMark>>, String) =
                    row.extract()?;
                let (pool, ordinals) = self.one_pool(py, &marks)?;
                let op = Op::Withhold { pool, act: act.get().0.clone(), ordinals, reason };
                calls::answers_of(marks)(py, self.run(&op, now_ms))
            }
            "readmit" => {
                let (act, marks): (Bound<'py, PyAct>, Vec<Bound<'py, PyMark>>) = row.extract()?;
                let (pool, ordinals) = self.one_pool(py, &marks)?;
                let op = Op::Readmit { pool, act: act.get().0.clone(), ordinals };
                calls::answers_of(marks)(py, self.run(&op, now_ms))
            }
            "import_issued" => {
                let (act, pool, bytes): (Bound<'py, PyAct>, String, Bound<'py, PyBytes>) = row.extract()?;
                let ordinals = calls::ordinals(py, bytes.as_bytes())?;
                let found = self.run(&Op::Import { pool, act: act.get().0.clone(), ordinals }, now_ms);
                one(py, found, calls::import_counts)
            }
            "configure_pools" => {
                let (act, changes): (Bound<'py, PyAct>, Bound<'py, PyMapping>) = row.extract()?;
                let found =
                    self.configure(&act.get().0, calls::changes(&changes, "", &self.formats)?, now_ms);
                [calls::all_done(py, found)?].into_py_any(py)
            }
            "configure_limits" => {
                let (limits,): (Bound<'py, PyMapping>,) = row.extract()?;
                let mut settings = self.model().shard.settings.clone();
                settings::read_limits(&limits)?(&mut settings);
                self.run(&Op::Limit { settings }, now_ms);
                [py.None()].into_py_any(py)
            }
            "lease_expiry" => {
                let (until_ms,): (i64,) = row.extract()?;
                self.run(&Op::Lease { until_ms }, now_ms);
                [py.None()].into_py_any(py)
            }
            "trim_feed" => {
                let (pool, through): (String, String) = row.extract()?;
                let through = calls::entry(py, "through", &through)?;
                self.run(&Op::TrimFeed { pool, through }, now_ms);
                [py.None()].into_py_any(py)
            }
            _ => Err(errors::argument(py, "verb_unknown", "verb", "a verb of Inventory")),
        }
    }

    fn one_pool(&self, py: Python<'_>, marks: &[Bound<'_, PyMark>]) -> PyResult<(String, Vec<u32>)> {
        let own =
            marks.iter().map(|mark| mark.get().within(py, &self.formats)).collect::<PyResult<Vec<_>>>()?;
        let first = own.first().map(|mark| mark.pool());
        let mixed = || errors::argument(py, "pools_mixed", "marks", "one or more of one pool");
        let pool = first.filter(|pool| own.iter().all(|mark| mark.pool() == *pool)).ok_or_else(mixed)?;
        Ok((self.formats.pool_id(pool), own.iter().map(|mark| mark.ordinal().get()).collect()))
    }

    /// As the pipeline does it: each pool a request of its own, and permits that last long enough.
    fn configure(&self, act: &Act, changes: Vec<(String, SettingsChange)>, now_ms: i64) -> Vec<Answer> {
        let mut answers = Vec::new();
        for (pool, change) in changes {
            let limits = {
                let model = self.model();
                let present = (!model.pools.is_empty()).then_some(&model.shard.settings);
                covering(present, [&change.applied_to(model.pools.get(&pool).map(|pool| &pool.settings))])
            };
            self.run(&Op::Limit { settings: limits }, now_ms);
            let act = part_of(act, &pool, 0);
            answers.extend(self.run(&Op::Configure { pool, act, change }, now_ms));
        }
        answers
    }
}

/// The operation of items of one verb; a list holds no other.
fn op(pool: String, items: Vec<Item>) -> Op {
    macro_rules! of {
        ($item:ident, $op:ident) => {{
            let items = items
                .into_iter()
                .filter_map(|item| if let Item::$item(item) = item { Some(item) } else { None });
            Op::$op { pool, items: items.collect() }
        }};
    }
    match items.first() {
        Some(Item::Hold(_)) => of!(Hold, Hold),
        Some(Item::AssignNext(_)) => of!(AssignNext, AssignNext),
        Some(Item::Extend(_)) => of!(Extend, Extend),
        Some(Item::Release(_)) => of!(Release, Release),
        Some(Item::BeginPayment(_)) => of!(BeginPayment, BeginPayment),
        Some(Item::Cancel(_)) => of!(Cancel, Cancel),
        Some(Item::Confirm(_)) => of!(Confirm, Confirm),
        Some(Item::ConfirmRefund(_)) => of!(ConfirmRefund, ConfirmRefund),
        Some(Item::Read(_) | Item::Echo) | None => {
            let ordinals = items
                .into_iter()
                .filter_map(|item| if let Item::Read(ordinal) = item { Some(ordinal) } else { None });
            Op::Read { pool, ordinals: ordinals.collect() }
        }
    }
}

/// The one answer of an act.
fn one(
    py: Python<'_>,
    found: Vec<Answer>,
    make: impl FnOnce(Python<'_>, Answer) -> PyResult<Py<PyAny>>,
) -> PyResult<Py<PyAny>> {
    let made = found.into_iter().next().map(|answer| make(py, answer)).transpose()?;
    made.into_iter().collect::<Vec<_>>().into_py_any(py)
}

//! `Inventory`: the engine, as Python sees it. Each verb takes a list, submits it, and gives back a future.
//!
//! `rows` makes items of what Python gives to verbs, `calls` translates for everything that is not a list of items,
//! `options` reads the bounds and times an engine is opened with.

pub(crate) mod calls;
mod options;
pub(crate) mod rows;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use plate_algebra::{Formats, Pool};
use plate_inventory::pipeline::{Item, Lane, Pipeline};
use plate_inventory::store::Store;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBytes, PyDict, PyMapping};

use crate::act::{PyAct, pseudonym};
use crate::bridge::Bridge;
use crate::journal_state::{self, PyJournalState};
use crate::mark::{PyMark, pool_of};
use crate::rulebook::PyRuleBook;
use crate::{errors, payment, settings};
use rows::{AssignRow, HeldRow, HoldRow, PaymentRow, answers};

/// The engine: a thread of its own that talks to Valkey or Redis.
///
/// A verb submits and returns an awaitable at once; it belongs to the event loop that called. Each verb gives one
/// `Answer` an item, in order; items may span pools. An item whose fate is unknown has the outcome `unknown`;
/// where nothing at all took effect the awaitable raises `StoreUnavailable`, `StoreOverloaded` or
/// `InventoryClosed`. Cancelling an awaitable takes nothing back.
///
/// >>> inventory = Inventory.open("unix:///run/plates/valkey.sock", book)
/// >>> [answer] = await inventory.hold([(act, mark, quote["tariff"], quote["amount_tiyn"])])
/// >>> answer.outcome
/// 'held'
#[pyclass(frozen, name = "Inventory", module = "plate_core")]
pub(crate) struct PyInventory {
    bridge: Bridge,
    formats: Arc<Formats>,
    /// In whose lane an echo travels: every item has a pool.
    echo_pool: Pool,
}

#[pymethods]
impl PyInventory {
    /// Start the engine. Nothing is sent yet, and no server need be there.
    ///
    /// `options`: backlog_items_max (16,384), batch_items_max (128), batches_in_flight (2), close_grace_ms (2,000),
    /// connect_timeout_ms (2,000), response_timeout_ms (5,000). Raises `InputInvalid`.
    #[staticmethod]
    #[pyo3(signature = (url, book, *, options=HashMap::new()))]
    fn open(py: Python<'_>, url: &str, book: &PyRuleBook, options: HashMap<String, i64>) -> PyResult<Self> {
        let (engine, store) = options::read(py, &options)?;
        let store = Store::new(url, store).map_err(|error| errors::store(py, &error))?;
        let formats = Arc::clone(&book.formats);
        let no_pool = || errors::argument(py, "pool_unknown", "book", "a book with pools");
        let echo_pool = formats.pools().first().copied().ok_or_else(no_pool)?;
        let pipeline = Pipeline::new(store, &formats);
        let opened = Bridge::open(move || pipeline, engine);
        let bridge = opened.map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self { bridge, formats, echo_pool })
    }

    /// End the engine: what waits is refused (`InventoryClosed`), what is under way gets close_grace_ms to end and
    /// is unknown after that. Every awaitable gets its end. Closing twice is closing once.
    fn close(&self, py: Python<'_>) {
        self.bridge.close(py);
    }

    /// Items taken in and not finished.
    #[getter]
    fn backlog(&self) -> usize {
        self.bridge.backlog()
    }

    /// Nothing, through the engine and back: what the way costs.
    fn echo<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.bridge.submit(py, vec![Item::Echo.at(self.echo_pool)], Box::new(|py, _| Ok(py.None())))
    }

    /// Refuse a store that can lose marks, has data of a later version, or is not the `known` one.
    ///
    /// Founds a store that is new, and gives its birth certificate: {id, born_ms, data_version}. Raises
    /// `BootContractBroken` with every fault: setting, found, needed, and the line that mends it.
    #[pyo3(signature = (known=None))]
    fn check_contract<'py>(&self, py: Python<'py>, known: Option<String>) -> PyResult<Bound<'py, PyAny>> {
        let run = |it: Rc<Pipeline>| async move { it.store().check_contract(known.as_deref()).await };
        self.bridge.call(py, run, |py, genesis| calls::genesis(py, &genesis))
    }

    /// Compare the store with what a journal tells: {pools, records, payments, differences}, and of each difference
    /// {pool, slug, ordinal, detail}. The state is brought to where the store is. Raises `StoreUnavailable`, and
    /// `InventoryError` (`interrupted`) after the state's `halt()`.
    fn compare<'py>(&self, py: Python<'py>, state: &PyJournalState) -> PyResult<Bound<'py, PyAny>> {
        let (held, halted) = (state.take(py)?, state.halted());
        let run = |it: Rc<Pipeline>| async move {
            let mut held = held;
            let pools = it.pool_names();
            it.store().compare_until(&pools, &mut held.restoration().replay, &halted).await
        };
        self.bridge.call(py, run, |py, found| journal_state::comparison(py, &found))
    }

    /// Rebuild an empty store from what a journal tells, and found it: its birth certificate, {id, born_ms,
    /// data_version}. Raises `StoreUnfit` with the slug `store_not_empty`, and `BootContractBroken`; nothing is written
    /// then. After any other error empty the store and begin anew.
    fn restore<'py>(&self, py: Python<'py>, state: &PyJournalState) -> PyResult<Bound<'py, PyAny>> {
        let held = state.take(py)?;
        let run = |it: Rc<Pipeline>| async move {
            let mut held = held;
            it.store().restore(held.restoration()).await
        };
        self.bridge.call(py, run, |py, genesis| calls::genesis(py, &genesis))
    }

    /// Load the function library unless the store has it; its name.
    fn load_functions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let run = |it: Rc<Pipeline>| async move {
            it.store().load_functions().await?;
            Ok(it.store().library().name().to_owned())
        };
        self.bridge.call(py, run, |py, value| value.into_py_any(py))
    }

    /// Hold chosen marks: (act, mark, tariff revision, amount in tiyn) each. The act names the applicant.
    fn hold<'py>(&self, py: Python<'py>, items: Vec<HoldRow<'py>>) -> PyResult<Bound<'py, PyAny>> {
        self.each(py, items, rows::hold)
    }

    /// Hold the first of some ordinary marks that is to be had: (act, candidates, tariff revision, amount) each.
    ///
    /// Candidates are 1 to 16 marks of one pool, tried in order.
    fn assign_next<'py>(&self, py: Python<'py>, items: Vec<AssignRow<'py>>) -> PyResult<Bound<'py, PyAny>> {
        self.each(py, items, rows::assign)
    }

    /// Move the deadlines of holds: (act, mark, hold id, revision) each.
    fn extend<'py>(&self, py: Python<'py>, items: Vec<HeldRow<'py>>) -> PyResult<Bound<'py, PyAny>> {
        self.each(py, items, rows::held(Item::Extend))
    }

    /// Give holds back: (act, mark, hold id, revision) each.
    fn release<'py>(&self, py: Python<'py>, items: Vec<HeldRow<'py>>) -> PyResult<Bound<'py, PyAny>> {
        self.each(py, items, rows::held(Item::Release))
    }

    /// Begin to pay for holds: (act, mark, hold id, revision) each.
    fn begin_payment<'py>(&self, py: Python<'py>, items: Vec<HeldRow<'py>>) -> PyResult<Bound<'py, PyAny>> {
        self.each(py, items, rows::held(Item::BeginPayment))
    }

    /// Give allotments back before manufacture: (act, mark, hold id, revision) each. The money is refund_due.
    fn cancel<'py>(&self, py: Python<'py>, items: Vec<HeldRow<'py>>) -> PyResult<Bound<'py, PyAny>> {
        self.each(py, items, rows::held(Item::Cancel))
    }

    /// Money came, says a verified message of the payment side: (act, mark, payment) each.
    ///
    /// A payment is {provider, transaction, hold_id, amount_tiyn, paid_at_ms}, and for money that may be late
    /// {acquired, current_tariff, current_amount_tiyn}: what the mark would cost now. The act carries the applicant
    /// that the signed reference names. Provider and transaction are the request's id: told twice, one effect.
    fn confirm<'py>(&self, py: Python<'py>, items: Vec<PaymentRow<'py>>) -> PyResult<Bound<'py, PyAny>> {
        self.each(py, items, rows::confirm)
    }

    /// Money was paid back, says the payment side: (act, mark, {provider, transaction}) each.
    fn confirm_refund<'py>(
        &self,
        py: Python<'py>,
        items: Vec<PaymentRow<'py>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.each(py, items, rows::confirm_refund)
    }

    /// How marks stand: outcome `read`, the live record, and the planes in the context.
    fn read<'py>(&self, py: Python<'py>, marks: Vec<Bound<'py, PyMark>>) -> PyResult<Bound<'py, PyAny>> {
        self.each(py, marks, rows::read)
    }

    /// Write down money whose mark nobody can name; it is to be refunded. {outcome, done, revision, server_time_ms}.
    ///
    /// The payment is {provider, transaction, amount_tiyn, paid_at_ms}. It stands in the pool `unplaced`.
    fn record_unplaced_payment<'py>(
        &self,
        py: Python<'py>,
        act: &PyAct,
        payment: &Bound<'py, PyMapping>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let item = payment::confirm_item(&act.0, 0, payment)?;
        let run = |it: Rc<Pipeline>| async move { it.record_unplaced(item).await };
        self.bridge.call(py, run, |py, answer| calls::plain(py, &answer))
    }

    /// Money that stands in the pool `unplaced` was paid back: {provider, transaction}.
    /// {outcome, done, revision, server_time_ms}.
    fn confirm_unplaced_refund<'py>(
        &self,
        py: Python<'py>,
        act: &PyAct,
        payment: &Bound<'py, PyMapping>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let item = payment::refund_item(&act.0, 0, payment)?;
        let run = |it: Rc<Pipeline>| async move { it.confirm_unplaced_refund(item).await };
        self.bridge.call(py, run, |py, answer| calls::plain(py, &answer))
    }

    /// End what is due in a pool, at most `limit` (1 to 128) holds: an answer a hold that ended, and whether more may
    /// be due.
    #[pyo3(signature = (pool, limit=128))]
    fn sweep<'py>(&self, py: Python<'py>, pool: &str, limit: usize) -> PyResult<Bound<'py, PyAny>> {
        let place = pool_of(py, &self.formats, pool)?;
        let (name, formats) = (pool.to_owned(), Arc::clone(&self.formats));
        let run = move |it: Rc<Pipeline>| async move { it.store().sweep(&name, limit).await };
        self.bridge.call(py, run, move |py, found| calls::swept(py, found, place, &formats))
    }

    /// Take marks off sale by rule: one request, an answer a mark. The reason stands in the journal.
    fn withhold<'py>(
        &self,
        py: Python<'py>,
        act: &PyAct,
        marks: Vec<Bound<'py, PyMark>>,
        reason: String,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (act, places) = (act.0.clone(), self.places(py, &marks)?);
        let run = move |it: Rc<Pipeline>| async move { it.withhold(&act, &places, &reason).await };
        self.bridge.call(py, run, calls::answers_of(marks))
    }

    /// Put marks back on sale: one request, an answer a mark.
    fn readmit<'py>(
        &self,
        py: Python<'py>,
        act: &PyAct,
        marks: Vec<Bound<'py, PyMark>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (act, places) = (act.0.clone(), self.places(py, &marks)?);
        let run = move |it: Rc<Pipeline>| async move { it.readmit(&act, &places).await };
        self.bridge.call(py, run, calls::answers_of(marks))
    }

    /// Note that marks of a pool are on the road: ordinals as little-endian u32, any number of them.
    ///
    /// {imported, already_imported, conflicts, never_issued}; the last two list ordinals. Raises `ActRefused` with
    /// the outcome as its slug where the pool takes nothing now.
    fn import_issued<'py>(
        &self,
        py: Python<'py>,
        act: &PyAct,
        pool: &str,
        ordinals: &[u8],
    ) -> PyResult<Bound<'py, PyAny>> {
        pool_of(py, &self.formats, pool)?;
        let ordinals = calls::ordinals(py, ordinals)?;
        let (act, pool) = (act.0.clone(), pool.to_owned());
        self.bridge.call(py, move |it: Rc<Pipeline>| it.import(act, pool, ordinals), calls::import_counts)
    }

    /// What an applicant has in all pools, his live holds and his allotments: [(mark, live)].
    fn read_applicant<'py>(&self, py: Python<'py>, applicant: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let applicant = pseudonym(py, "applicant", applicant)?;
        let formats = Arc::clone(&self.formats);
        let run = move |it: Rc<Pipeline>| async move {
            it.store().read_applicant(&it.pool_names(), applicant).await
        };
        self.bridge.call(py, run, move |py, found| calls::holdings(py, found, &formats))
    }

    /// Every payment that was ever reported for a mark, each as in `JournalReader.history`.
    fn payments<'py>(&self, py: Python<'py>, mark: &PyMark) -> PyResult<Bound<'py, PyAny>> {
        let own = mark.within(py, &self.formats)?;
        let (pool, ordinal) = (self.formats.pool_id(own.pool()), own.ordinal().get());
        let run = move |it: Rc<Pipeline>| async move { it.store().payments_of(&pool, ordinal).await };
        self.bridge.call(py, run, |py, found| {
            let found = found.iter().map(|one| payment::facts(py, one)).collect::<PyResult<Vec<_>>>()?;
            found.into_py_any(py)
        })
    }

    /// Change settings of pools and found those that there are not yet: {pool id: {setting: value}}.
    ///
    /// What is not named stays, or is the default in a new pool. Settings are those of docs/reference/settings.md;
    /// `tariffs` is [(revision, from_ms)]. Each change is journalled, with the reason: one line of 500 bytes at most.
    /// Whoever changes other settings at the same moment loses nothing. Raises `ActRefused`, `InputInvalid`.
    #[pyo3(signature = (act, settings, *, reason = ""))]
    fn configure_pools<'py>(
        &self,
        py: Python<'py>,
        act: &PyAct,
        settings: &Bound<'py, PyMapping>,
        reason: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let changes = calls::changes(settings, reason, &self.formats)?;
        let act = act.0.clone();
        let run = move |it: Rc<Pipeline>| async move { it.configure(&act, changes).await };
        self.bridge.call(py, run, calls::all_done)
    }

    /// A pool's settings, {} where there is no such pool yet.
    fn pool_settings<'py>(&self, py: Python<'py>, pool: String) -> PyResult<Bound<'py, PyAny>> {
        let run = move |it: Rc<Pipeline>| async move { it.store().pool_settings(&pool).await };
        self.bridge.call(py, run, |py, found| match found {
            Some(found) => settings::pool(py, &found)?.into_py_any(py),
            None => PyDict::new(py).into_py_any(py),
        })
    }

    /// Change limits that hold across pools: live_holds_person, live_holds_entity, operator_daily_cap, frozen,
    /// clock_guard. What is not named stays. How long permits last follows the pools' settings by itself.
    fn configure_limits<'py>(
        &self,
        py: Python<'py>,
        limits: &Bound<'py, PyMapping>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let change = settings::read_limits(limits)?;
        let run = move |it: Rc<Pipeline>| async move { it.configure_limits(change).await };
        self.bridge.call(py, run, |py, ()| Ok(py.None()))
    }

    /// The limits that hold across pools; {} before anything was configured.
    fn limits<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let run = |it: Rc<Pipeline>| async move { it.store().shard_settings().await };
        self.bridge.call(py, run, |py, found| match found {
            Some(found) => settings::limits(py, &found)?.into_py_any(py),
            None => PyDict::new(py).into_py_any(py),
        })
    }

    /// A document: (version, content), or None.
    fn get_document<'py>(&self, py: Python<'py>, name: String) -> PyResult<Bound<'py, PyAny>> {
        let run = move |it: Rc<Pipeline>| async move { it.store().get_document(&name).await };
        self.bridge.call(py, run, |py, found| {
            let document = found.map(|document| (document.version, PyBytes::new(py, &document.content)));
            document.into_py_any(py)
        })
    }

    /// Write a document whose version is still the expected one (0: there is none yet); the new version.
    ///
    /// The act says in the journal who wrote it; the version alone decides. At most 1 MiB. Raises `DocumentConflict`,
    /// and `ActRefused` with the slug `feed_backlogged` while too much waits for the journal. After `OutcomeUnknown`,
    /// read again.
    #[pyo3(signature = (act, name, content, *, expected_version))]
    fn put_document<'py>(
        &self,
        py: Python<'py>,
        act: &PyAct,
        name: String,
        content: Vec<u8>,
        expected_version: u64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let act = act.0.clone();
        let run = move |it: Rc<Pipeline>| async move {
            it.store().put_document(&act, &name, &content, expected_version).await
        };
        self.bridge.call(py, run, |py, value| value.into_py_any(py))
    }

    /// The documents whose names begin so: [(name, version)], by name.
    fn list_documents<'py>(&self, py: Python<'py>, prefix: String) -> PyResult<Bound<'py, PyAny>> {
        let run = move |it: Rc<Pipeline>| async move { it.store().list_documents(&prefix).await };
        self.bridge.call(py, run, |py, value| value.into_py_any(py))
    }

    /// Write refused notifications of the payment side into the journal's feed, 1 to 128: (act, note) each.
    ///
    /// Raises `ActRefused` with the slug `feed_backlogged` while too much waits for the journal.
    fn note_refusals<'py>(
        &self,
        py: Python<'py>,
        refusals: Vec<(PyRef<'py, PyAct>, String)>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let refusals: Vec<_> = refusals.into_iter().map(|(act, note)| (act.0.clone(), note)).collect();
        let run = move |it: Rc<Pipeline>| async move { it.store().note_refusals(&refusals).await };
        self.bridge.call(py, run, |py, ()| Ok(py.None()))
    }

    /// Entries of a pool's change feed after an id, oldest first, at most `count`: [(entry id, bytes)].
    fn feed<'py>(
        &self,
        py: Python<'py>,
        pool: String,
        after: &str,
        count: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        let after = calls::entry(py, "after", after)?;
        let run = move |it: Rc<Pipeline>| async move { it.store().feed(&pool, after, count).await };
        self.bridge.call(py, run, |py, entries| calls::entries(py, &entries).into_py_any(py))
    }

    /// The same of many feeds in one round trip, (pool, after, count) each: a list a place, in order.
    fn feeds<'py>(
        &self,
        py: Python<'py>,
        places: Vec<(String, PyBackedStr, usize)>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let places = places.into_iter().map(|(pool, after, count)| {
            let after = calls::entry(py, "places", &after)?;
            Ok((pool, after, count))
        });
        let places = places.collect::<PyResult<Vec<_>>>()?;
        let run = move |it: Rc<Pipeline>| async move { it.store().feeds(&places).await };
        self.bridge.call(py, run, |py, feeds| {
            let feeds = feeds.iter().map(|entries| calls::entries(py, entries));
            feeds.collect::<Vec<_>>().into_py_any(py)
        })
    }

    /// Forget a pool's feed up to and including an id, because the journal has it on disk; how many entries.
    fn trim_feed<'py>(&self, py: Python<'py>, pool: String, through: &str) -> PyResult<Bound<'py, PyAny>> {
        let through = calls::entry(py, "through", through)?;
        let run = move |it: Rc<Pipeline>| async move { it.store().trim_feed(&pool, through).await };
        self.bridge.call(py, run, |py, value| value.into_py_any(py))
    }

    /// How far pools are and which of their names they are: {revision, founded_us} each, or None where there is no
    /// such pool. A pool that was lost and founded again was founded at another time.
    fn heads<'py>(&self, py: Python<'py>, pools: Vec<String>) -> PyResult<Bound<'py, PyAny>> {
        let run = move |it: Rc<Pipeline>| async move { it.store().heads(&pools).await };
        self.bridge.call(py, run, |py, (_, heads)| {
            let heads = heads.into_iter().map(|head| head.map(|head| calls::head(py, head)).transpose());
            heads.collect::<PyResult<Vec<_>>>()?.into_py_any(py)
        })
    }

    /// The store's time, ms since the epoch, UTC.
    fn server_time_ms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let run = |it: Rc<Pipeline>| async move { it.store().server_time_ms().await };
        self.bridge.call(py, run, |py, value| value.into_py_any(py))
    }

    /// Take a lease or renew one's own; false while another holder has it. It ends by itself after `ttl_ms`.
    fn take_lease<'py>(
        &self,
        py: Python<'py>,
        name: String,
        holder: String,
        ttl_ms: i64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let run = move |it: Rc<Pipeline>| async move { it.store().take_lease(&name, &holder, ttl_ms).await };
        self.bridge.call(py, run, |py, value| value.into_py_any(py))
    }

    /// Give a lease back before its end; false if the holder did not have it.
    fn give_lease<'py>(&self, py: Python<'py>, name: String, holder: String) -> PyResult<Bound<'py, PyAny>> {
        let run = move |it: Rc<Pipeline>| async move { it.store().give_lease(&name, &holder).await };
        self.bridge.call(py, run, |py, value| value.into_py_any(py))
    }

    /// Vouch for the store's clock until a moment of its own time: without it nothing expires where `clock_guard` is
    /// set. Renewed every few seconds, in every pool and for permits; 0 takes it back. None, or by how many ms the clocks of
    /// a cluster's primaries lie apart where that is too far: then it was taken back.
    fn lease_expiry<'py>(&self, py: Python<'py>, until_ms: i64) -> PyResult<Bound<'py, PyAny>> {
        let run =
            move |it: Rc<Pipeline>| async move { it.store().lease_expiry(&it.pool_names(), until_ms).await };
        self.bridge.call(py, run, |py, apart_ms| apart_ms.into_py_any(py))
    }

    /// Forget request ids whose time is over and permits that have healed: the next part of a round that begins and
    /// ends at cursor 0; the next cursor.
    #[pyo3(signature = (cursor=0))]
    fn sweep_ids<'py>(&self, py: Python<'py>, cursor: u64) -> PyResult<Bound<'py, PyAny>> {
        let run = move |it: Rc<Pipeline>| async move { it.store().sweep_ids(cursor).await };
        self.bridge.call(py, run, |py, value| value.into_py_any(py))
    }
}

impl PyInventory {
    /// Submit rows of one verb; the future gives an `Answer` a row, in order.
    fn each<'py, Row>(
        &self,
        py: Python<'py>,
        rows: Vec<Row>,
        item: impl Fn(Python<'py>, Row) -> PyResult<(Bound<'py, PyMark>, Item)>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut marks: Vec<Py<PyMark>> = Vec::with_capacity(rows.len());
        let mut items: Vec<(Lane, Item)> = Vec::with_capacity(rows.len());
        for row in rows {
            let (mark, item) = item(py, row)?;
            items.push(item.at(mark.get().within(py, &self.formats)?.pool()));
            marks.push(mark.unbind());
        }
        self.bridge.submit(py, items, Box::new(move |py, replies| answers(py, replies, marks)))
    }

    fn places(&self, py: Python<'_>, marks: &[Bound<'_, PyMark>]) -> PyResult<Vec<(Pool, u32)>> {
        let place = |mark: &Bound<'_, PyMark>| {
            let mark = mark.get().within(py, &self.formats)?;
            Ok((mark.pool(), mark.ordinal().get()))
        };
        marks.iter().map(place).collect()
    }
}

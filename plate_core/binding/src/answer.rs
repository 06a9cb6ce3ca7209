//! `Answer` and `Live`: what the store said about one item. Values are made Python's only when they are read.

use plate_inventory::answer::Answer;
use plate_inventory::outcome::Outcome;
use plate_inventory::record::Record;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::holding;
use crate::mark::PyMark;

/// What the store said about one item.
///
/// `outcome` is a slug of docs/reference/outcomes.md. An item whose batch was sent and never answered has the
/// outcome `unknown`: it may have taken effect, and sending the same request id again tells.
#[pyclass(frozen, name = "Answer", module = "plate_core")]
pub(crate) struct PyAnswer {
    answer: Option<Answer>,
    mark: Py<PyMark>,
}

impl PyAnswer {
    /// `None` as the answer is an item whose fate is unknown.
    pub(crate) fn new(answer: Option<Answer>, mark: Py<PyMark>) -> Self {
        Self { answer, mark }
    }

    fn slug(&self) -> Outcome {
        self.answer.as_ref().map_or(Outcome::Unknown, |answer| answer.outcome)
    }
}

#[pymethods]
impl PyAnswer {
    /// What happened, or why nothing did: a slug.
    #[getter]
    fn outcome(&self) -> &'static str {
        self.slug().slug()
    }

    /// The item took effect, now or when this request id was first seen.
    #[getter]
    fn done(&self) -> bool {
        self.slug().is_done()
    }

    /// Which mark. Of `assign_next` the one that was found, or the first candidate where none was.
    #[getter]
    fn mark(&self, py: Python<'_>) -> Py<PyMark> {
        self.mark.clone_ref(py)
    }

    /// The pool's revision: of the transition if there was one, else as it stood. 0 when unknown.
    #[getter]
    fn revision(&self) -> u64 {
        self.answer.as_ref().map_or(0, |answer| answer.revision)
    }

    /// The store's time, ms since the epoch, UTC. 0 when unknown.
    #[getter]
    fn server_time_ms(&self) -> i64 {
        self.answer.as_ref().map_or(0, |answer| answer.server_ms)
    }

    /// The mark's live record; with a refusal only the asker's own. None where there is none.
    #[getter]
    fn live(&self) -> Option<PyLive> {
        let record = self.answer.as_ref()?.record.clone()?;
        Some(PyLive { record })
    }

    /// What the applicant has by this answer, written as JSON; None where there is no live record.
    fn holding_json<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let mark = self.mark.get();
        let json = holding::json(self.answer.as_ref()?, mark.mark, &mark.formats)?;
        Some(PyBytes::new(py, &json))
    }

    /// The facts that go with the outcome, each only where the reference of outcomes says so.
    #[getter]
    fn context<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let facts = PyDict::new(py);
        let Some(answer) = &self.answer else { return Ok(facts) };
        let context = &answer.context;
        let mut put = Facts(&facts);
        put.some("retry_at_ms", context.retry_at_ms)?;
        put.some("deadline_reason", context.deadline_reason.map(|reason| reason.slug()))?;
        put.some("current_tariff", context.current_tariff.map(|tariff| tariff.to_string()))?;
        put.some("current_revision", context.current_revision)?;
        put.some("payment", context.payment.map(|payment| payment.slug()))?;
        put.some("refund_reason", context.refund_reason.map(|reason| reason.slug()))?;
        put.some("late", context.late.then_some(true))?;
        if let Some(planes) = context.planes {
            let bits = PyDict::new(py);
            bits.set_item("taken", planes.taken)?;
            bits.set_item("issued", planes.issued)?;
            bits.set_item("withheld", planes.withheld)?;
            put.some("planes", Some(bits))?;
        }
        Ok(facts)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("<Answer {} {}>", self.slug(), self.mark.bind(py))
    }
}

struct Facts<'a, 'py>(&'a Bound<'py, PyDict>);

impl<'py> Facts<'_, 'py> {
    fn some<V: IntoPyObject<'py>>(&mut self, name: &str, value: Option<V>) -> PyResult<()> {
        value.map_or(Ok(()), |value| self.0.set_item(name, value))
    }
}

/// The live record of a mark, as the store holds it.
///
/// The facade gets it whole; what of it a reader may see is decided above (an applicant's own only).
#[pyclass(frozen, name = "Live", module = "plate_core")]
pub(crate) struct PyLive {
    record: Record,
}

impl PyLive {
    pub(crate) fn new(record: Record) -> Self {
        Self { record }
    }
}

#[pymethods]
impl PyLive {
    /// held, paying, allotted, in_manufacture, ready, issued_plate, assigned, surrendered, retained, blocked.
    #[getter]
    fn state(&self) -> &'static str {
        self.record.state.slug()
    }

    /// The hold that began it, 32 hex digits: the record's name for life.
    #[getter]
    fn hold_id(&self) -> String {
        self.record.hold.to_string()
    }

    /// The pool's revision at the transition that last changed it.
    #[getter]
    fn revision(&self) -> u64 {
        self.record.revision
    }

    /// When the state ends by itself, ms since the epoch, UTC; 0 where it does not.
    #[getter]
    fn deadline_ms(&self) -> i64 {
        self.record.deadline_ms
    }

    /// Whose it is: 16 bytes.
    #[getter]
    fn applicant<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.record.applicant.id.0)
    }

    /// `person` or `entity`.
    #[getter]
    fn applicant_kind(&self) -> &'static str {
        self.record.applicant.kind.slug()
    }

    /// Which key made the pseudonym.
    #[getter]
    fn applicant_key_id(&self) -> u8 {
        self.record.applicant.key_id
    }

    /// The person who acts for an entity: 16 bytes, or None.
    #[getter]
    fn representative<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.record.applicant.representative.map(|id| PyBytes::new(py, &id.0))
    }

    /// The first 16 hex digits of the tariff revision that priced it.
    #[getter]
    fn tariff(&self) -> String {
        self.record.tariff.to_string()
    }

    /// The quoted price, in tiyn: what the applicant pays.
    #[getter]
    fn amount_tiyn(&self) -> i64 {
        self.record.amount_tiyn
    }

    /// `chosen` or `assigned`.
    #[getter]
    fn acquired(&self) -> &'static str {
        self.record.acquired.slug()
    }

    /// When the hold began, ms since the epoch, UTC.
    #[getter]
    fn held_at_ms(&self) -> i64 {
        self.record.held_at_ms
    }

    /// How often it was extended.
    #[getter]
    fn extensions(&self) -> u8 {
        self.record.extensions
    }

    /// When the applicant's permit for it ends, ms since the epoch, UTC; 0 where none is needed any more.
    #[getter]
    fn permit_deadline_ms(&self) -> i64 {
        self.record.permit_deadline_ms
    }

    /// Who held it.
    #[getter]
    fn actor(&self) -> &str {
        &self.record.actor
    }

    /// In which office.
    #[getter]
    fn office(&self) -> &str {
        &self.record.office
    }

    /// Over which channel.
    #[getter]
    fn channel(&self) -> &'static str {
        self.record.channel.slug()
    }

    fn __repr__(&self) -> String {
        format!("<Live {} until {} ms>", self.record.state, self.record.deadline_ms)
    }
}

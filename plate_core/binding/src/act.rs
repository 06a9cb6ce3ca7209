//! `Act`: who does it, for whom, from where, under which request id.

use plate_inventory::act::{Act, Applicant, ApplicantKind, Channel};
use plate_inventory::id::{ApplicantId, Digest};
use pyo3::prelude::*;

use crate::errors;

/// The least length of a request id: shorter ones are counters, and counters collide.
const REQUEST_ID_MIN: usize = 8;
/// The most: a UUID has 36, a signed reference about 100.
const REQUEST_ID_MAX: usize = 128;
/// What the packed record takes: a length of one byte.
const NAME_MAX: usize = 120;

/// Who does it, for whom, from where, under which request id.
///
/// `request_id` is the caller's own, 8 to 128 visible ASCII characters; it is scoped to `caller`, the
/// pseudonym of the actor, and only its hash leaves this object. `applicant` is 16 bytes, a keyed HMAC of the
/// IIN or BIN; `channel` is one of egov_mobile, portal, tson_app, kiosk, desk, assistant, payment, keeper and
/// registry. `body` is whatever of the caller's own request the verb's arguments do not say and the same request
/// must repeat, such as a price he named. Raises `InputInvalid`.
///
/// >>> act = Act(request_id="3f1c9a52-77aa", caller="driver-1", channel="portal", applicant=bytes(16))
#[pyclass(frozen, name = "Act", module = "plate_core")]
pub(crate) struct PyAct(pub(crate) Act);

#[pymethods]
impl PyAct {
    #[new]
    #[pyo3(signature = (*, request_id, caller, office="", channel, applicant=None, applicant_kind="person",
                        applicant_key_id=0, representative=None, body=None))]
    #[allow(clippy::too_many_arguments, reason = "keywords of the Python signature")]
    fn new(
        py: Python<'_>,
        request_id: &str,
        caller: &str,
        office: &str,
        channel: &str,
        applicant: Option<&[u8]>,
        applicant_kind: &str,
        applicant_key_id: u8,
        representative: Option<&[u8]>,
        body: Option<&[u8]>,
    ) -> PyResult<Self> {
        let visible = request_id.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || !(REQUEST_ID_MIN..=REQUEST_ID_MAX).contains(&request_id.len()) {
            let expected = "8 to 128 visible ASCII characters";
            return Err(errors::argument(py, "request_id_invalid", "request_id", expected));
        }
        name(py, "caller", caller, 1)?;
        name(py, "office", office, 0)?;
        let channel = Channel::from_slug(channel)
            .ok_or_else(|| errors::argument(py, "channel_unknown", "channel", "a channel's name"))?;
        let kind = ApplicantKind::from_slug(applicant_kind).ok_or_else(|| {
            errors::argument(py, "applicant_kind_unknown", "applicant_kind", "person or entity")
        })?;
        let representative = representative.map(|id| pseudonym(py, "representative", id)).transpose()?;
        let applicant = applicant.map(|id| pseudonym(py, "applicant", id)).transpose()?.map(|id| Applicant {
            id,
            kind,
            key_id: applicant_key_id,
            representative,
        });
        let body = body.map(Digest::of).unwrap_or_default();
        let act = Act { office: office.to_owned(), applicant, body, ..Act::of(caller, request_id, channel) };
        Ok(Self(act))
    }

    /// The request as the store knows it, 32 hex digits: the first 16 bytes of SHA-256(caller, 0, request_id).
    #[getter]
    fn id(&self) -> String {
        self.0.id.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Act {} over {}>", self.0.id, self.0.channel)
    }
}

/// Sixteen bytes that stand for a person or an entity.
pub(crate) fn pseudonym(py: Python<'_>, argument: &str, bytes: &[u8]) -> PyResult<ApplicantId> {
    ApplicantId::from_slice(bytes)
        .ok_or_else(|| errors::argument(py, "pseudonym_invalid", argument, "16 bytes, a keyed HMAC"))
}

/// A short name without control characters: they would end up in logs and in the journal.
fn name(py: Python<'_>, argument: &str, text: &str, least: usize) -> PyResult<()> {
    let fits = (least..=NAME_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits {
        return Ok(());
    }
    let expected = format!("{least} to {NAME_MAX} bytes of UTF-8 without control characters");
    Err(errors::argument(py, "name_invalid", argument, &expected))
}

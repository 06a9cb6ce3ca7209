//! Checkpoints and the verification of a journal. Everything that touches the disk runs without the GIL.

use std::path::PathBuf;

use plate_inventory::journal::{CHECKPOINT_BYTES, Checkpoint, JournalError, Signer, Trust, Verified, verify};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::errors;

/// A signer of a private key's bytes.
pub(crate) fn signer(py: Python<'_>, key: &[u8]) -> PyResult<Signer> {
    let key = key.try_into().map_err(|_| errors::argument(py, "key_invalid", "signing_key", "32 bytes"))?;
    Ok(Signer::new(key))
}

/// The public key of an Ed25519 private key, 32 bytes each: what others verify a journal by.
#[pyfunction]
pub(crate) fn public_key<'py>(py: Python<'py>, private_key: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &signer(py, private_key)?.public()))
}

/// Check a journal: its chain, its checkpoints, the revisions of every pool, and what witnesses saw.
///
/// `keys` are the public keys that are trusted (32 bytes each; none: any), `witnesses` checkpoints that were kept
/// elsewhere (200 bytes each). `heed` is called with the number of entries now and then; what it raises ends the
/// verification. Gives {entries, transitions, entries_unsigned, head, revisions, checkpoints, last}: `last` is the last
/// checkpoint's bytes or None. Raises `JournalBroken` with the first thing that is wrong.
#[pyfunction]
#[pyo3(signature = (directory, *, keys=Vec::new(), witnesses=Vec::new(), heed=None))]
pub(crate) fn verify_journal<'py>(
    py: Python<'py>,
    directory: PathBuf,
    keys: Vec<Vec<u8>>,
    witnesses: Vec<Vec<u8>>,
    heed: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let key = |key: &Vec<u8>| {
        let fits = key.as_slice().try_into();
        fits.map_err(|_| errors::argument(py, "key_invalid", "keys", "32 bytes each"))
    };
    let witness = |bytes: &Vec<u8>| {
        let expected = format!("checkpoints of {CHECKPOINT_BYTES} bytes");
        Checkpoint::from_bytes(bytes)
            .ok_or_else(|| errors::argument(py, "witness_invalid", "witnesses", &expected))
    };
    let trust = Trust {
        keys: keys.iter().map(key).collect::<PyResult<_>>()?,
        witnesses: witnesses.iter().map(witness).collect::<PyResult<_>>()?,
    };
    let verified = heeding(py, heed, |hear| verify(&directory, &trust, hear))?;
    facts(py, &verified)
}

/// Reads a journal without the GIL; what `heed` raises ends it and is raised here.
pub(crate) fn heeding<R: Send>(
    py: Python<'_>,
    heed: Option<Py<PyAny>>,
    read: impl FnOnce(&mut (dyn FnMut(u64) -> bool + Send)) -> Result<R, JournalError> + Send,
) -> PyResult<R> {
    let mut raised = None;
    let done = py.detach(|| {
        let mut hear = |entries| tell(heed.as_ref(), entries).map_err(|error| raised = Some(error)).is_ok();
        read(&mut hear)
    });
    match (done, raised) {
        (_, Some(error)) => Err(error),
        (done, None) => done.map_err(|error| errors::journal(py, &error)),
    }
}

/// Says how far it is, and looks whether somebody pressed Ctrl-C.
fn tell(heed: Option<&Py<PyAny>>, entries: u64) -> PyResult<()> {
    Python::attach(|py| {
        py.check_signals()?;
        heed.map_or(Ok(()), |heed| heed.call1(py, (entries,)).map(drop))
    })
}

fn facts<'py>(py: Python<'py>, found: &Verified) -> PyResult<Bound<'py, PyDict>> {
    let one = PyDict::new(py);
    one.set_item("entries", found.frames)?;
    one.set_item("transitions", found.transitions)?;
    one.set_item("entries_unsigned", found.frames_unsigned())?;
    one.set_item("head", PyBytes::new(py, &found.head))?;
    one.set_item("revisions", &found.revisions)?;
    one.set_item("checkpoints", found.checkpoints)?;
    one.set_item("last", found.last.as_ref().map(|last| PyBytes::new(py, &last.to_bytes())))?;
    Ok(one)
}

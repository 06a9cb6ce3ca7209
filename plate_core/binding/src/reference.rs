//! What the reference pages are written from: outcomes, the table of states, and how this core was built.

use plate_inventory::feed::Verb;
use plate_inventory::library::{DATA_VERSION, Library};
use plate_inventory::lifecycle::MarkState;
use plate_inventory::lifecycle::table::{Cell, EVENTS, next};
use plate_inventory::outcome::{Class, Outcome};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Every outcome in the documented precedence: {slug, done, class, sentence, user, operator, support}.
///
/// `class` is done, refused, not_now (nothing is recorded, the same request id may be tried again) or unknown.
#[pyfunction]
pub(crate) fn outcomes(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    Outcome::ALL.iter().map(|outcome| facts(py, *outcome)).collect()
}

fn facts(py: Python<'_>, outcome: Outcome) -> PyResult<Bound<'_, PyDict>> {
    let facts = outcome.facts();
    let class = match facts.class {
        Class::Done => "done",
        Class::Refused => "refused",
        Class::NotNow => "not_now",
        Class::Unknown => "unknown",
    };
    let one = PyDict::new(py);
    one.set_item("slug", outcome.slug())?;
    one.set_item("done", outcome.is_done())?;
    one.set_item("class", class)?;
    one.set_item("sentence", facts.sentence)?;
    one.set_item("user", facts.user)?;
    one.set_item("operator", facts.operator)?;
    one.set_item("support", facts.support)?;
    Ok(one)
}

/// How this core was built: {version, profile, library, data_version}; `profile` is release or debug, `library`
/// the name of the function library that it loads.
#[pyfunction]
pub(crate) fn build(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let library = Library::release().map(|library| library.name().to_owned()).unwrap_or_default();
    let one = PyDict::new(py);
    one.set_item("version", env!("CARGO_PKG_VERSION"))?;
    one.set_item("profile", if cfg!(debug_assertions) { "debug" } else { "release" })?;
    one.set_item("library", library)?;
    one.set_item("data_version", DATA_VERSION.to_string())?;
    Ok(one)
}

/// Every state against every event: (state, event, what follows). What follows is a state, `back` (to the state that
/// was blocked), or the slug of an outcome: of a refusal, or of what is done without a change of state.
#[pyfunction]
pub(crate) fn lifecycle_table() -> Vec<(&'static str, &'static str, &'static str)> {
    let cell = |state: MarkState, event: Verb| match next(state, event) {
        Cell::To(after) => after.slug(),
        Cell::Stays(outcome) | Cell::Refused(outcome) => outcome.slug(),
        Cell::Back => "back",
    };
    let row = |state: MarkState| EVENTS.map(|event| (state.slug(), event.slug(), cell(state, event)));
    MarkState::ALL.into_iter().flat_map(row).collect()
}

/// The names of the faults that can be planted, in a build for tests.
#[cfg(feature = "sabotage")]
#[pyfunction]
pub(crate) fn sabotages() -> Vec<&'static str> {
    plate_inventory::sabotage::ALL.iter().map(|sabotage| sabotage.name).collect()
}

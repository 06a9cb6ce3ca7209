//! The border between Python and Rust: translation only, no decision of any kind.
//!
//! One file a noun. Values come in as Python's, are checked for their shape, and go to the algebra, the planes or the
//! inventory; what comes back becomes Python's again, and every refusal goes through one map (`errors`). Whatever
//! takes longer than a lookup runs without the GIL.
//!
//! Deliberately not here: a rule, a price, a key name, a state of a mark, and `unsafe` (what PyO3's macros expand to
//! is PyO3's own).
#![forbid(unsafe_code)]

// A release has no faults to plant, and no build with them is optimised by mistake into one.
#[cfg(all(feature = "sabotage", not(debug_assertions)))]
compile_error!("the feature `sabotage` is for proofs; a release refuses it: build with --profile test");

mod act;
mod answer;
mod applicant;
mod bridge;
mod checkpoint;
mod errors;
mod found;
mod holding;
mod inventory;
mod journal;
mod journal_state;
mod mark;
mod model;
mod page;
mod pattern;
mod payment;
mod reference;
mod replica;
mod replica_writer;
mod rulebook;
mod search;
mod settings;

use pyo3::prelude::*;

/// The extension module `plate_core._plate_core`. The facade (`plate_core`) is what others import.
#[pymodule]
fn _plate_core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<act::PyAct>()?;
    module.add_class::<answer::PyAnswer>()?;
    module.add_class::<answer::PyLive>()?;
    module.add_class::<applicant::PyPseudonymiser>()?;
    module.add_class::<found::PyFound>()?;
    module.add_class::<inventory::PyInventory>()?;
    module.add_class::<journal::PyJournal>()?;
    module.add_class::<journal::PyJournalReader>()?;
    module.add_class::<journal_state::PyJournalState>()?;
    module.add_class::<mark::PyMark>()?;
    module.add_class::<model::PyModel>()?;
    module.add_class::<pattern::PyPattern>()?;
    module.add_class::<replica::PyReplica>()?;
    module.add_class::<replica_writer::PyReplicaWriter>()?;
    module.add_class::<rulebook::PyRuleBook>()?;
    module.add_function(wrap_pyfunction!(applicant::number_fault, module)?)?;
    module.add_function(wrap_pyfunction!(checkpoint::verify_journal, module)?)?;
    module.add_function(wrap_pyfunction!(checkpoint::public_key, module)?)?;
    module.add_function(wrap_pyfunction!(reference::lifecycle_table, module)?)?;
    module.add_function(wrap_pyfunction!(reference::outcomes, module)?)?;
    module.add_function(wrap_pyfunction!(reference::build, module)?)?;
    #[cfg(feature = "sabotage")]
    module.add_function(wrap_pyfunction!(reference::sabotages, module)?)?;
    watch_forks(module)
}

/// An engine's thread does not live on in a forked child: every engine opened before refuses there.
fn watch_forks(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let after_in_child = wrap_pyfunction!(after_fork_in_child, module)?;
    let arguments = pyo3::types::PyDict::new(module.py());
    arguments.set_item("after_in_child", after_in_child)?;
    module.py().import("os")?.call_method("register_at_fork", (), Some(&arguments))?;
    Ok(())
}

#[pyfunction]
fn after_fork_in_child() {
    plate_inventory::engine::mark_forked();
}

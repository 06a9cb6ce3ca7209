//! Bounds and times an engine is opened with, by their names in Python.

use std::collections::HashMap;
use std::time::Duration;

use plate_inventory::engine::Options;
use plate_inventory::item::BATCH_MAX;
use plate_inventory::store::StoreOptions;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors;

/// A minute: whoever waits longer for one answer has given up.
const WAIT_MAX_MS: i64 = 60_000;

pub(super) fn read(py: Python<'_>, given: &HashMap<String, i64>) -> PyResult<(Options, StoreOptions)> {
    let mut engine = Options::default();
    let mut store = StoreOptions::release().map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    for (name, value) in given {
        set(name, *value, &mut engine, &mut store).ok_or_else(|| {
            errors::argument(py, "option_invalid", "options", &format!("known and within bounds: {name}"))
        })?;
    }
    #[cfg(feature = "sabotage")]
    plant_from_environment(py, &mut store)?;
    Ok((engine, store))
}

fn set(name: &str, value: i64, engine: &mut Options, store: &mut StoreOptions) -> Option<()> {
    match name {
        "backlog_items_max" => engine.backlog_max = count(value, 1 << 20)?,
        "batch_items_max" => engine.lanes.batch_max = count(value, BATCH_MAX)?,
        "batches_in_flight" => engine.lanes.in_flight_max = count(value, 64)?,
        "close_grace_ms" => engine.close_grace = wait(value)?,
        "connect_timeout_ms" => store.timeouts.connect = wait(value)?,
        "response_timeout_ms" => store.timeouts.response = wait(value)?,
        #[cfg(feature = "test_clock")]
        "test_clock" => store.library = plate_inventory::library::Library::for_tests().ok()?,
        // What a cluster promises without waiting for its replicas, and what it refuses without sending again.
        #[cfg(feature = "sabotage")]
        "replicas_awaited" => store.cluster.replicas = u16::try_from(value).ok()?,
        #[cfg(feature = "sabotage")]
        "sends_again" => store.cluster.sends_again = value != 0,
        // A planted fault by its place in `sabotages()`, on the tests' clock.
        #[cfg(feature = "sabotage")]
        "sabotage" => store.library = sabotaged(value)?,
        // The same functions under other names, as a later build has them.
        #[cfg(feature = "sabotage")]
        "library_version" => {
            let version = u16::try_from(value).ok()?;
            store.library = plate_inventory::library::Library::of_version(version).ok()?;
        }
        _ => return None,
    }
    Some(())
}

#[cfg(feature = "sabotage")]
fn sabotaged(place: i64) -> Option<plate_inventory::library::Library> {
    use plate_inventory::library::{Clock, Library};
    let sabotage = plate_inventory::sabotage::ALL.get(usize::try_from(place).ok()?)?;
    Library::sabotaged(*sabotage, Clock::Stored).ok()
}

/// The fault that a whole service is started with: `PLATES_SABOTAGE` names it, and only this build reads the variable.
#[cfg(feature = "sabotage")]
fn plant_from_environment(py: Python<'_>, store: &mut StoreOptions) -> PyResult<()> {
    use plate_inventory::library::{Clock, Library};
    use plate_inventory::sabotage::{SWITCHES, Sabotage};
    let Some(name) = std::env::var("PLATES_SABOTAGE").ok().filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    if SWITCHES.contains(&name.as_str()) {
        return Ok(());
    }
    let planted =
        Sabotage::by_name(&name).and_then(|sabotage| Library::sabotaged(sabotage, Clock::Server).ok());
    store.library = planted.ok_or_else(|| {
        errors::argument(py, "option_invalid", "PLATES_SABOTAGE", &format!("a planted fault: {name}"))
    })?;
    Ok(())
}

fn count(value: i64, most: usize) -> Option<usize> {
    usize::try_from(value).ok().filter(|count| (1..=most).contains(count))
}

fn wait(value: i64) -> Option<Duration> {
    u64::try_from(value).ok().filter(|_| (1..=WAIT_MAX_MS).contains(&value)).map(Duration::from_millis)
}

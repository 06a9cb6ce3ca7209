//! The one map of errors: each refusal of the domain to a class of `plate_core.errors`, with slug and facts.
//!
//! The classes stand in Python, where callers read and catch them; they are looked up once. A class is chosen
//! by variant, never by text, and a match without a wildcard makes the compiler ask about every new variant.

use std::fmt::Display;

use plate_algebra::{Fault, OrdinalError, ParseError, PriceError};
use plate_inventory::answer::Answer;
use plate_inventory::engine::EngineError;
use plate_inventory::journal::JournalError;
use plate_inventory::outcome::Outcome;
use plate_inventory::replica::StartError;
use plate_inventory::store::StoreError;
use plate_scan::{CreateError, CursorError, QueryError, ReplicaError};
use pyo3::prelude::*;
use pyo3::type_object::PyTypeInfo;
use pyo3::types::{PyDict, PyList};

use crate::rulebook::facts;

mod class {
    //! The classes, imported at their first use.
    use pyo3::import_exception;

    import_exception!(plate_core.errors, ActRefused);
    import_exception!(plate_core.errors, BootContractBroken);
    import_exception!(plate_core.errors, CursorInvalid);
    import_exception!(plate_core.errors, DocumentConflict);
    import_exception!(plate_core.errors, InputInvalid);
    import_exception!(plate_core.errors, InventoryClosed);
    import_exception!(plate_core.errors, InventoryError);
    import_exception!(plate_core.errors, InventoryForked);
    import_exception!(plate_core.errors, JournalBroken);
    import_exception!(plate_core.errors, MarkUnparseable);
    import_exception!(plate_core.errors, MciUnknown);
    import_exception!(plate_core.errors, NotOffered);
    import_exception!(plate_core.errors, NoTariffInForce);
    import_exception!(plate_core.errors, OutcomeUnknown);
    import_exception!(plate_core.errors, PatternInvalid);
    import_exception!(plate_core.errors, PriceUnknown);
    import_exception!(plate_core.errors, ReplicaUnavailable);
    import_exception!(plate_core.errors, RuleBookInvalid);
    import_exception!(plate_core.errors, StoreOverloaded);
    import_exception!(plate_core.errors, StoreUnavailable);
    import_exception!(plate_core.errors, StoreUnfit);
}

/// Raise `E` with a sentence and the facts that `fill` writes; without a slug the class's own counts.
fn raise<E: PyTypeInfo>(
    py: Python<'_>,
    slug: Option<&str>,
    detail: &dyn Display,
    fill: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>,
) -> PyErr {
    let context = PyDict::new(py);
    match fill(&context) {
        Ok(()) => PyErr::new::<E, _>((detail.to_string(), slug.map(str::to_owned), context.unbind())),
        Err(error) => error,
    }
}

fn no_facts(_: &Bound<'_, PyDict>) -> PyResult<()> {
    Ok(())
}

/// An argument that cannot be meant: which one, and what would be right. What was given is not repeated.
pub(crate) fn argument(py: Python<'_>, slug: &str, argument: &str, expected: &str) -> PyErr {
    let detail = format!("{argument} must be {expected}");
    raise::<class::InputInvalid>(py, Some(slug), &detail, |context| {
        context.set_item("argument", argument)?;
        context.set_item("expected", expected)
    })
}

/// A text that is no mark on sale.
pub(crate) fn parse(py: Python<'_>, error: &ParseError) -> PyErr {
    raise::<class::MarkUnparseable>(py, None, error, |context| {
        context.set_item("reason", error.slug())?;
        context.set_item("position", error.position())?;
        context.set_item("character", error.character())?;
        match error {
            ParseError::WrongShape { templates, expected, .. } => {
                context.set_item("templates", templates)?;
                context.set_item("expected", expected.to_string())
            }
            ParseError::TooLong { length, limit } => {
                context.set_item("length", length)?;
                context.set_item("limit", limit)
            }
            ParseError::DigitsNotIssued { lowest, .. } => context.set_item("lowest", lowest),
            ParseError::RegionUnknown { code, .. } => context.set_item("region", format!("{code:02}")),
            ParseError::FormatDisabled { format, names } | ParseError::ForeignFormat { format, names } => {
                context.set_item("format", format)?;
                context.set_item("format_names", facts::names(py, names)?)
            }
            ParseError::Empty | ParseError::ForeignCharacter { .. } | ParseError::LookalikeNotY { .. } => {
                Ok(())
            }
        }
    })
}

/// No price is known.
pub(crate) fn price(py: Python<'_>, error: &PriceError) -> PyErr {
    let slug = Some(error.slug());
    match error {
        PriceError::NoTariff { on, first } => raise::<class::NoTariffInForce>(py, slug, error, |context| {
            context.set_item("on", on.to_string())?;
            context.set_item("first_known", first.map(|day| day.to_string()))
        }),
        PriceError::NoMci { on, last } => raise::<class::MciUnknown>(py, slug, error, |context| {
            context.set_item("on", on.to_string())?;
            context.set_item("last_known", last.map(|day| day.to_string()))
        }),
        PriceError::NotOffered { acquired, rule } => raise::<class::NotOffered>(py, slug, error, |context| {
            context.set_item("acquired", acquired.word())?;
            context.set_item("rule", rule)
        }),
        PriceError::FormatWithoutPrices | PriceError::AmountOutOfRange => {
            raise::<class::PriceUnknown>(py, slug, error, no_facts)
        }
    }
}

/// A query that cannot be meant, or a cursor of another one.
pub(crate) fn query(py: Python<'_>, error: QueryError) -> PyErr {
    let slug = Some(error.slug());
    let argument = |name: &'static str| move |context: &Bound<'_, PyDict>| context.set_item("argument", name);
    match error {
        QueryError::LimitOutOfRange(_) => raise::<class::InputInvalid>(py, slug, &error, argument("limit")),
        QueryError::FormatTwice(_) => raise::<class::InputInvalid>(py, slug, &error, argument("formats")),
        QueryError::TooManyRanks => raise::<class::InputInvalid>(py, slug, &error, argument("order")),
        QueryError::CursorOfAnotherQuery => {
            raise::<class::CursorInvalid>(py, slug, &error, argument("after"))
        }
    }
}

/// Bytes that are no cursor.
pub(crate) fn cursor(py: Python<'_>, error: &CursorError) -> PyErr {
    raise::<class::CursorInvalid>(py, Some(error.slug()), error, |context| {
        context.set_item("argument", "after")
    })
}

/// An ordinal that no mark has.
pub(crate) fn ordinal(py: Python<'_>, error: &OrdinalError) -> PyErr {
    raise::<class::InputInvalid>(py, Some(error.slug()), error, |context| {
        context.set_item("argument", "ordinal")
    })
}

/// A pattern with faults.
pub(crate) fn pattern(py: Python<'_>, faults: &[Fault]) -> PyErr {
    raise::<class::PatternInvalid>(py, None, &summary(faults), |context| put_faults(context, faults))
}

/// Files of the law with faults.
pub(crate) fn rule_book(py: Python<'_>, faults: &[Fault]) -> PyErr {
    raise::<class::RuleBookInvalid>(py, None, &summary(faults), |context| put_faults(context, faults))
}

/// The first fault in words, and how many more there are.
fn summary(faults: &[Fault]) -> String {
    match faults {
        [] => "no fault was reported".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

fn put_faults(context: &Bound<'_, PyDict>, faults: &[Fault]) -> PyResult<()> {
    let list = PyList::empty(context.py());
    for fault in faults {
        let one = PyDict::new(context.py());
        one.set_item("file", &fault.file)?;
        one.set_item("line", fault.line)?;
        one.set_item("column", fault.column)?;
        one.set_item("code", fault.code)?;
        one.set_item("message", &fault.message)?;
        one.set_item("expected", &fault.expected)?;
        list.append(one)?;
    }
    context.set_item("faults", list)
}

/// The journal's refusals.
pub(crate) fn journal(py: Python<'_>, error: &JournalError) -> PyErr {
    raise::<class::JournalBroken>(py, Some(error.slug()), error, |context| match error {
        JournalError::Locked { directory } => context.set_item("directory", directory.to_string_lossy()),
        JournalError::Broken { segment, offset, reason } => {
            context.set_item("segment", segment.to_string_lossy())?;
            context.set_item("offset", offset)?;
            context.set_item("reason", reason)
        }
        JournalError::Gap { pool, expected, found } => {
            context.set_item("pool", pool)?;
            context.set_item("expected_revision", expected)?;
            context.set_item("found_revision", found)
        }
        JournalError::Entry { pool, revision, reason } => {
            context.set_item("pool", pool)?;
            context.set_item("revision", revision)?;
            context.set_item("reason", reason)
        }
        JournalError::CheckpointBroken { path, number, reason } => {
            context.set_item("path", path.to_string_lossy())?;
            context.set_item("checkpoint", number)?;
            context.set_item("reason", reason)
        }
        JournalError::Cut { number, signed, found } => {
            context.set_item("checkpoint", number)?;
            context.set_item("entries_signed", signed)?;
            context.set_item("entries_found", found)
        }
        JournalError::CheckpointsCut { number, found } => {
            context.set_item("checkpoint", number)?;
            context.set_item("checkpoints_found", found)
        }
        JournalError::Rewritten { number } | JournalError::WitnessRefused { number } => {
            context.set_item("checkpoint", number)
        }
        JournalError::KeyUnknown { number, key } => {
            context.set_item("checkpoint", number)?;
            context.set_item("key", key)
        }
        JournalError::Taken { path } | JournalError::Io { path, .. } => {
            context.set_item("path", path.to_string_lossy())
        }
        JournalError::Poisoned | JournalError::Interrupted => Ok(()),
    })
}

/// The journal was closed by its own keeper.
pub(crate) fn journal_closed(py: Python<'_>) -> PyErr {
    raise::<class::JournalBroken>(py, Some("journal_closed"), &"the journal is closed", no_facts)
}

/// The planes cannot be read.
pub(crate) fn replica(py: Python<'_>, error: &ReplicaError) -> PyErr {
    raise::<class::ReplicaUnavailable>(py, Some(error.slug()), error, no_facts)
}

/// The follower could not be started.
pub(crate) fn replica_start(py: Python<'_>, error: &StartError) -> PyErr {
    match error {
        StartError::Store(error) => store(py, error),
        StartError::File(file) => {
            let slug = match file {
                CreateError::AnotherWriter(_) => "another_writer",
                CreateError::PoolUnfit { .. } => "pool_unfit",
                CreateError::Io { .. } => "planes_unwritable",
            };
            raise::<class::ReplicaUnavailable>(py, Some(slug), error, no_facts)
        }
        StartError::Thread(_) => raise::<class::ReplicaUnavailable>(py, Some("no_thread"), error, no_facts),
    }
}

/// An act that is not a list of items was refused as a whole; the outcome is the slug.
pub(crate) fn refused(py: Python<'_>, answer: &Answer) -> PyErr {
    let detail = answer.outcome.facts().sentence;
    raise::<class::ActRefused>(py, Some(answer.outcome.slug()), &detail, |context| {
        context.set_item("retry_at_ms", answer.context.retry_at_ms)
    })
}

/// The engine's refusals, and the store's that came through it.
pub(crate) fn engine(py: Python<'_>, error: EngineError<StoreError>) -> PyErr {
    match &error {
        EngineError::Closed => raise::<class::InventoryClosed>(py, None, &error, no_facts),
        EngineError::Forked => raise::<class::InventoryForked>(py, None, &error, no_facts),
        EngineError::Overloaded { retry_after_ms } => {
            raise::<class::StoreOverloaded>(py, None, &error, |context| {
                context.set_item("retry_after_ms", retry_after_ms)
            })
        }
        EngineError::ListTooLong { items, most } => {
            raise::<class::InputInvalid>(py, Some("list_too_long"), &error, |context| {
                context.set_item("argument", "items")?;
                context.set_item("items", items)?;
                context.set_item("most", most)
            })
        }
        EngineError::Lost => raise::<class::OutcomeUnknown>(py, None, &error, no_facts),
        EngineError::Backend(error) => store(py, error),
    }
}

/// The store's refusals.
pub(crate) fn store(py: Python<'_>, error: &StoreError) -> PyErr {
    match error {
        StoreError::Unavailable { .. } => raise::<class::StoreUnavailable>(py, None, error, no_facts),
        StoreError::Full { .. } => raise::<class::StoreUnavailable>(py, Some("store_full"), error, no_facts),
        StoreError::Unknown { .. } => raise::<class::OutcomeUnknown>(py, None, error, no_facts),
        // Functions judge before they write, but an error of the server is not a promise that nothing happened.
        StoreError::Faulty { .. } => {
            raise::<class::OutcomeUnknown>(py, Some("store_faulty"), error, no_facts)
        }
        StoreError::Malformed(_) => {
            raise::<class::OutcomeUnknown>(py, Some("answer_malformed"), error, no_facts)
        }
        StoreError::PromiseBroken { .. } => {
            raise::<class::OutcomeUnknown>(py, Some("promise_broken"), error, no_facts)
        }
        StoreError::TooLong(_) => raise::<class::InputInvalid>(py, Some("text_too_long"), error, no_facts),
        StoreError::BatchSize { found, most } => {
            raise::<class::InputInvalid>(py, Some("list_too_long"), error, |context| {
                context.set_item("argument", "items")?;
                context.set_item("items", found)?;
                context.set_item("most", most)
            })
        }
        StoreError::NoApplicant { index, verb } => {
            raise::<class::InputInvalid>(py, Some("applicant_missing"), error, |context| {
                context.set_item("argument", "act")?;
                context.set_item("index", index)?;
                context.set_item("verb", verb)
            })
        }
        StoreError::Contract(faults) => raise::<class::BootContractBroken>(py, None, error, |context| {
            let list = PyList::empty(py);
            for fault in faults {
                let one = PyDict::new(py);
                one.set_item("setting", &fault.setting)?;
                one.set_item("found", &fault.found)?;
                one.set_item("needed", &fault.needed)?;
                one.set_item("mend", &fault.mend)?;
                list.append(one)?;
            }
            context.set_item("faults", list)
        }),
        StoreError::Settings(faults) => {
            raise::<class::InputInvalid>(py, Some("setting_invalid"), error, |context| {
                context.set_item("argument", "settings")?;
                let faults = faults.iter().map(|fault| (fault.setting, &fault.found, &fault.needed));
                context.set_item("settings", faults.collect::<Vec<_>>())
            })
        }
        StoreError::NotEmpty { key } => {
            raise::<class::StoreUnfit>(py, Some("store_not_empty"), error, |context| {
                context.set_item("key", key)
            })
        }
        StoreError::Interrupted => raise::<class::InventoryError>(py, Some("interrupted"), error, no_facts),
        StoreError::Url { .. } => raise::<class::InputInvalid>(py, Some("url_invalid"), error, |context| {
            context.set_item("argument", "url")
        }),
        StoreError::FeedBacklogged { pool } => {
            raise::<class::ActRefused>(py, Some(Outcome::FeedBacklogged.slug()), error, |context| {
                context.set_item("pool", pool)
            })
        }
        StoreError::DocumentConflict { expected, found } => {
            raise::<class::DocumentConflict>(py, None, error, |context| {
                context.set_item("expected_version", expected)?;
                context.set_item("found_version", found)
            })
        }
    }
}

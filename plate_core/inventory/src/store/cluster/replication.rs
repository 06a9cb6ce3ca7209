//! What of a primary's writes is on its replicas too: `WAIT`, its count checked, one for many calls.
//!
//! A call that was answered joins those that wait. Whoever comes first writes a mark of his own and asks `WAIT`; what
//! was answered before he asked is covered by his answer, and only what was answered since asks again. So under load
//! one `WAIT` follows a whole pipeline of calls, and there is no timer.
//!
//! The mark matters. `WAIT` speaks of the last write of *this* connection, and a repetition that is answered from
//! memory writes nothing: without the mark it would be told that nothing is missing, though the first time went over
//! a connection that broke, and reached no replica. With it, the wait covers whatever the primary has done before.
//!
//! A server at its memory's limit takes the mark all the same, as it takes the payments and releases before it.
//!
//! Both go over the very link by which the call was answered: another connection may lead to another server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::Value;

use super::super::connection::Link;
use super::super::{StoreError, scripts};
use crate::keys::REPLICATION_MARK;

/// The state of one link.
#[derive(Default)]
pub(in crate::store) struct Replication {
    /// How many calls were answered.
    answered: AtomicU64,
    last: tokio::sync::Mutex<Wait>,
}

/// The last wait: through which answered call it holds, and how many replicas had everything.
#[derive(Clone, Copy, Default)]
struct Wait {
    through: u64,
    replicas: u64,
}

/// How many replicas must have what is answered, and how long that may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::store) struct Needed {
    pub(in crate::store) replicas: u64,
    pub(in crate::store) within: Duration,
}

/// Where the mark goes: a key of a slot that the primary has, or is only just taking over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark<'a> {
    pub(super) key: &'a str,
    pub(super) asking: bool,
}

/// Waits until everything that was answered over this link is on enough replicas.
///
/// An error says that it is not known to be there: what was answered must not be taken for done.
pub(super) async fn replicated(link: &mut Link, mark: Mark<'_>, needed: Needed) -> Result<(), StoreError> {
    let replication = std::sync::Arc::clone(&link.replication);
    let own = replication.answered.fetch_add(1, Ordering::AcqRel) + 1;
    let mut last = replication.last.lock().await;
    if last.through < own {
        // Whoever waited before may have found it dead: each that waited behind him would wait as long again.
        if !link.is_alive() {
            return Err(StoreError::Unknown { detail: "the connection was given up meanwhile".to_owned() });
        }
        let through = replication.answered.load(Ordering::Acquire);
        *last = Wait { through, replicas: wait(link, mark, needed).await? };
    }
    #[cfg(feature = "sabotage")]
    if crate::sabotage::is_on(crate::sabotage::IGNORE_THE_WAIT_COUNT) {
        return Ok(());
    }
    if last.replicas >= needed.replicas { Ok(()) } else { Err(missing(last.replicas, needed)) }
}

async fn wait(link: &mut Link, mark: Mark<'_>, needed: Needed) -> Result<u64, StoreError> {
    let within_ms = u64::try_from(needed.within.as_millis()).unwrap_or(u64::MAX).max(1);
    let mut pipeline = redis::pipe();
    if mark.asking {
        pipeline.cmd("ASKING").ignore();
    }
    pipeline.add_command(scripts::set_field(mark.key, REPLICATION_MARK, 1));
    pipeline.cmd("WAIT").arg(needed.replicas).arg(within_ms);
    let replies = link.pipeline(&pipeline).await;
    // Whatever it failed with: what was answered before is done here, and perhaps only here.
    let replies = replies.map_err(|error| StoreError::Unknown { detail: error.to_string() })?;
    match replies.as_slice() {
        [_, Value::Int(replicas)] => Ok(u64::try_from(*replicas).unwrap_or(0)),
        _ => Err(StoreError::Unknown { detail: "WAIT gave no count".to_owned() }),
    }
}

fn missing(found: u64, needed: Needed) -> StoreError {
    let Needed { replicas, within } = needed;
    StoreError::Unknown {
        detail: format!("{found} of {replicas} replicas had it within {} ms", within.as_millis()),
    }
}

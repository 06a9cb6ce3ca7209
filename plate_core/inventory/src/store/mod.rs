//! The inventory in Valkey or Redis: every verb as one call of a function that the server carries out whole.
//!
//! A verb is a batch of at most 128 items for one pool, and its answers come in the order of the items. An act
//! that takes or lengthens a permit is admitted first in the shard (who may), then carried out in the pool
//! (which mark), and permits that came to nothing are given back ([`permits`]). Where shard and pools are on one server
//! an item goes all this way in one call ([`Placement`]).
//!
//! ```text
//! connection   one connection, made anew when lost; what became of what was sent
//! call         one function call: its keys, its items, its reply
//! permits      admission, and the giving back of permits
//! columns      the arguments of a call in one buffer
//! hold, ...    one verb a file: how its items are packed
//! contract     whether this server may be used at all
//! snapshot     a pool's planes and records with the revision they stand at
//! documents    what is written by compare and set, in a pool of its own
//! refusals     notifications that were refused: lines of the journal, and nothing else
//! ```
//!
//! Deliberately not here: repeating. What is unknown is asked again by whoever has the request id.

mod assign_next;
mod begin_payment;
mod call;
mod cancel;
mod carry;
mod columns;
mod configure;
mod confirm;
mod confirm_refund;
mod connection;
pub mod contract;
mod documents;
mod error;
mod extend;
mod feed;
mod follow;
mod held;
mod hold;
mod import;
mod leases;
mod marks;
mod payments;
mod permits;
pub mod planes;
mod read;
mod readmit;
mod refusals;
mod release;
mod snapshot;
mod sweep;
mod withhold;

pub use configure::{SETTING_TRIES_MAX, contested};
pub use connection::Timeouts;
pub use documents::{DOCUMENT_MAX_BYTES, DOCUMENTS_BACKLOG_MAX, Document};
pub use error::StoreError;
pub use feed::RawEntry;
pub use follow::Head;
pub use permits::{Admission, Claim, HoldClaim, Lengthen, Need, Settled, Settlement};
pub use refusals::REFUSALS_BACKLOG_MAX;
pub use snapshot::{FullSnapshot, Snapshot};

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::library::{Library, LibraryFault};
use crate::placement::Placement;
use connection::Connection;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// How long things may take.
    pub timeouts: Timeouts,
    /// The functions to call; [`Library::release`] but in tests.
    pub library: Library,
    /// Where the shard stands.
    pub placement: Placement,
}

impl StoreOptions {
    /// The options of a release.
    ///
    /// # Errors
    /// [`LibraryFault`], which the tests see never happens.
    pub fn release() -> Result<Self, LibraryFault> {
        let (timeouts, placement) = (Timeouts::default(), Placement::default());
        Ok(Self { timeouts, library: Library::release()?, placement })
    }
}

/// The names of keys, by function, place and the shard that is near.
type KeyNames = HashMap<(&'static str, String, Option<u16>), Arc<[String]>>;

/// The inventory in a server. Cheap to share behind an `Arc`; lives on one tokio runtime.
pub struct Store {
    connection: Connection,
    library: Library,
    placement: Placement,
    /// The names of a function's keys, made once a pool.
    names: Mutex<KeyNames>,
}

impl Store {
    /// Takes the URL and the library; nothing is sent yet, and no server need be there.
    ///
    /// `redis://`, `redis+unix://` and `unix://` are understood.
    ///
    /// # Errors
    /// [`StoreError::Url`] when the URL cannot be used.
    pub fn new(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        Ok(Self {
            connection: Connection::new(url, options.timeouts)?,
            library: options.library,
            placement: options.placement,
            names: Mutex::new(HashMap::new()),
        })
    }

    /// Connects and loads the functions.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server cannot be reached.
    pub async fn connect(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let store = Self::new(url, options)?;
        store.load_functions().await?;
        Ok(store)
    }

    /// The library whose functions are called.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }
}

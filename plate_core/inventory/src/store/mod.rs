//! The inventory in Valkey or Redis: every verb as one call of a function that the server carries out whole.
//!
//! A verb is a batch of at most 128 items for one pool, and its answers come in the order of the items. An act
//! that takes or lengthens a permit is admitted first in the shard (who may), then carried out in the pool
//! (which mark), and permits that came to nothing are given back ([`permits`]). Where shard and pools are on one server
//! an item goes all this way in one call ([`Placement`]).
//!
//! ```text
//! connection   one connection, made anew when lost; what became of what was sent
//! servers      one server, or the primaries of a cluster: to which of them something goes
//! cluster      which primary has a slot, redirections, and how many replicas have what was done
//! call         one function call: its keys, its items, its reply
//! permits      admission, and the giving back of permits
//! columns      the arguments of a call in one buffer
//! hold, ...    one verb a file: how its items are packed
//! contract     whether this server may be used at all
//! compare      whether the store holds what the journal tells
//! keyspace     the keys that the servers have, and whose they are
//! snapshot     a pool's planes and records with the revision they stand at
//! restore      an empty store rebuilt from a journal
//! scripts      the plain write that a full server takes
//! documents    what is written by compare and set, in a pool of its own
//! refusals     notifications that were refused: lines of the journal, and nothing else
//! ```
//!
//! Deliberately not here: repeating what may have been done. What is unknown is asked again by whoever has the request
//! id.

mod assign_next;
mod begin_payment;
mod call;
mod cancel;
mod carry;
mod cluster;
mod columns;
mod compare;
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
mod keyspace;
mod leases;
mod marks;
mod payments;
mod permits;
pub mod planes;
mod read;
mod readmit;
mod refusals;
mod release;
mod restore;
mod scripts;
mod servers;
mod snapshot;
mod sweep;
mod withhold;

pub use cluster::ClusterRules;
pub use compare::{Comparison, Difference, How};
pub use configure::{SETTING_TRIES_MAX, contested};
pub use connection::Timeouts;
pub use documents::{DOCUMENT_MAX_BYTES, DOCUMENTS_BACKLOG_MAX, Document};
pub use error::StoreError;
pub use feed::RawEntry;
pub use follow::{Each, Head};
pub use permits::{Admission, Claim, HoldClaim, Lengthen, Need, Settled, Settlement};
pub use refusals::REFUSALS_BACKLOG_MAX;
pub use snapshot::{FullSnapshot, Snapshot};
pub use sweep::Swept;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::library::{Library, LibraryFault};
use crate::placement::Placement;
use cluster::{Cluster, names_a_cluster};
use connection::Connection;
use servers::Servers;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// How long things may take.
    pub timeouts: Timeouts,
    /// The functions to call; [`Library::release`] but in tests.
    pub library: Library,
    /// Where the shard stands. On a cluster it is apart, whatever is said here.
    pub placement: Placement,
    /// What a cluster is held to.
    pub cluster: ClusterRules,
}

impl StoreOptions {
    /// The options of a release.
    ///
    /// # Errors
    /// [`LibraryFault`], which the tests see never happens.
    pub fn release() -> Result<Self, LibraryFault> {
        Ok(Self::of(Library::release()?))
    }

    /// The options of a release, with another library.
    #[must_use]
    pub fn of(library: Library) -> Self {
        Self {
            timeouts: Timeouts::default(),
            library,
            placement: Placement::default(),
            cluster: ClusterRules::default(),
        }
    }
}

/// The names of keys, by function, place and the shard that is near.
type KeyNames = HashMap<(&'static str, String, Option<u16>), Arc<[String]>>;

/// The inventory in a server, or in a cluster. Cheap to share behind an `Arc`; lives on one tokio runtime.
pub struct Store {
    servers: Servers,
    library: Library,
    placement: Placement,
    /// The names of a function's keys, made once a pool.
    names: Mutex<KeyNames>,
}

impl Store {
    /// Takes the URL and the library; nothing is sent yet, and no server need be there.
    ///
    /// `redis://`, `redis+unix://` and `unix://` are understood, and `redis+cluster://` with any number of nodes.
    ///
    /// # Errors
    /// [`StoreError::Url`] when the URL cannot be used.
    pub fn new(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let (servers, placement) = if names_a_cluster(url) {
            let cluster = Cluster::new(url, options.timeouts, options.cluster)?;
            (Servers::Cluster(Box::new(cluster)), Placement::Apart)
        } else {
            (Servers::One(Arc::new(Connection::new(url, options.timeouts)?)), options.placement)
        };
        Ok(Self { servers, library: options.library, placement, names: Mutex::new(HashMap::new()) })
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

//! The follower as something that is started, asked and stopped.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use plate_algebra::Formats;
use plate_scan::{CreateError, PlanesFile, pool_specs};
use thiserror::Error;
use tokio::sync::oneshot;

use super::follower::{Follower, Times};
use super::health::{Health, Shared};
use crate::store::{Store, StoreError, StoreOptions};

/// Why the follower could not be started.
#[derive(Error, Debug)]
pub enum StartError {
    /// The file of planes: another process keeps it, or it cannot be made.
    #[error(transparent)]
    File(#[from] CreateError),
    /// The store's URL cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gave no thread or no runtime.
    #[error("the follower cannot be started: {0}")]
    Thread(#[from] io::Error),
}

/// A running follower. Dropping it stops it.
pub struct ReplicaWriter {
    health: Shared,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl ReplicaWriter {
    /// Makes the file beside `path` and starts to fill it; readers find it there once all pools are in.
    ///
    /// No server need be there yet: [`ReplicaWriter::health`] says how it goes.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(
        url: &str,
        options: StoreOptions,
        path: &Path,
        formats: &Formats,
        times: Times,
    ) -> Result<Self, StartError> {
        let store = Store::new(url, options)?;
        let specs = pool_specs(formats);
        let file = PlanesFile::create(path, &specs)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let health = Shared::default();
        let theirs = health.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("plates-replica".to_owned()).spawn(move || {
            let mut follower = Follower::new(store, file, specs, theirs, times);
            runtime.block_on(async {
                tokio::select! {
                    // Sent or dropped, it means the same.
                    _ = stopped => {}
                    () = follower.follow() => {}
                }
            });
        })?;
        Ok(Self { health, running: Mutex::new(Some(Running { stop, thread })) })
    }

    /// How it is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        let mut health = self.health.read();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().is_none_or(|running| running.thread.is_finished()) {
            health.error.get_or_insert_with(|| "the follower has stopped".to_owned());
        }
        health
    }

    /// Stops it and waits until it has let go of the file; readers keep what they have. A second call does nothing.
    pub fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            // Refused only where the thread has ended by itself.
            let _ = running.stop.send(());
            let _ = running.thread.join();
        }
    }
}

impl Drop for ReplicaWriter {
    fn drop(&mut self) {
        self.stop();
    }
}

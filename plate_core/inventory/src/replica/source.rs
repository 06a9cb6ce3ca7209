//! What the follower needs of a store: three reads, and to know when it is no longer the same one.

use std::time::Duration;

use crate::store::{Each, Head, RawEntry, Snapshot, Store, StoreError};

/// How far the pools of a store are.
#[derive(Debug, Default)]
pub struct Heads {
    /// The store's time when they were read, ms since the epoch.
    pub server_ms: i64,
    /// How far each pool asked about is; `None` where there is no such pool.
    pub pools: Each<Option<Head>>,
}

/// A store to follow. The one of a release is [`Store`]; a test can play one that misbehaves.
pub trait Source {
    /// Which connection it answers over: another number says that the connection was made anew, and that what
    /// answers now may be another server, or the same one restored to an earlier state.
    fn connection_number(&self) -> u64;

    /// How far these pools are now. A pool whose server does not answer in time is an error of its own.
    fn heads(&self, pools: &[String], within: Duration) -> impl Future<Output = Result<Heads, StoreError>>;

    /// The planes of a pool with the revision they stand at; `None` where there is no such pool.
    fn snapshot(&self, pool: &str) -> impl Future<Output = Result<Option<Snapshot>, StoreError>>;

    /// The entries of each pool after its revision, at most `count` a pool, in the pools' order. Where there are
    /// none at all, waits for some for at most `wait_ms`. A pool whose server does not answer is an error of its own.
    fn follow(
        &self,
        after: &[(String, u64)],
        count: usize,
        wait_ms: Option<u64>,
    ) -> impl Future<Output = Result<Each<Vec<RawEntry>>, StoreError>>;
}

impl Source for Store {
    fn connection_number(&self) -> u64 {
        Store::connection_number(self)
    }

    async fn heads(&self, pools: &[String], within: Duration) -> Result<Heads, StoreError> {
        let (server_ms, pools) = Store::heads_apart(self, pools, within).await?;
        Ok(Heads { server_ms, pools })
    }

    async fn snapshot(&self, pool: &str) -> Result<Option<Snapshot>, StoreError> {
        Store::snapshot(self, pool).await
    }

    async fn follow(
        &self,
        after: &[(String, u64)],
        count: usize,
        wait_ms: Option<u64>,
    ) -> Result<Each<Vec<RawEntry>>, StoreError> {
        Store::follow(self, after, count, wait_ms).await
    }
}

//! What is behind a store: one server, or the primaries of a cluster.
//!
//! Whoever sends names the tag of his keys, a pool's id or a shard's name; on a cluster it says which primary has them.
//! Here stands what a cluster adds to a promise: a write whose answer somebody relies on is *for good* when enough
//! replicas have it ([`super::cluster`]). On one server it is for good when it is answered.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use redis::{Cmd, Pipeline, Value};

use super::StoreError;
use super::cluster::Cluster;
use super::connection::Connection;
use crate::keys;

/// One server, or many.
pub(super) enum Servers {
    One(Arc<Connection>),
    Cluster(Box<Cluster>),
}

impl Servers {
    /// Grows whenever what answers may be another server, or the same one in an earlier state.
    pub(super) fn number(&self) -> u64 {
        match self {
            Self::One(connection) => connection.number(),
            Self::Cluster(cluster) => cluster.number(),
        }
    }

    /// Whether it is a cluster.
    pub(super) const fn are_many(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    /// Sends one command about keys of one tag.
    pub(super) async fn send(&self, tag: &str, command: &Cmd) -> Result<Value, StoreError> {
        match self {
            Self::One(connection) => connection.send(command).await,
            Self::Cluster(cluster) => cluster.send(keys::slot(tag), command).await,
        }
    }

    /// The same, for good.
    pub(super) async fn send_for_good(&self, tag: &str, command: &Cmd) -> Result<Value, StoreError> {
        match self {
            Self::One(connection) => connection.send(command).await,
            Self::Cluster(cluster) => {
                cluster.send_for_good(keys::slot(tag), command, &keys::replication_mark(tag)).await
            }
        }
    }

    /// Sends a transaction about keys of one tag, or several reads.
    pub(super) async fn send_all(&self, tag: &str, pipeline: &Pipeline) -> Result<Vec<Value>, StoreError> {
        match self {
            Self::One(connection) => connection.send_all(pipeline).await,
            Self::Cluster(cluster) => cluster.send_all(keys::slot(tag), pipeline).await,
        }
    }

    /// The same, for good.
    pub(super) async fn send_all_for_good(
        &self,
        tag: &str,
        pipeline: &Pipeline,
    ) -> Result<Vec<Value>, StoreError> {
        match self {
            Self::One(connection) => connection.send_all(pipeline).await,
            Self::Cluster(cluster) => {
                cluster.send_all_for_good(keys::slot(tag), pipeline, &keys::replication_mark(tag)).await
            }
        }
    }

    /// Sends commands of many tags at once, each to where its keys are: a reply each, in order.
    pub(super) async fn send_each(&self, commands: Vec<(&str, Cmd)>) -> Result<Vec<Value>, StoreError> {
        match self {
            Self::One(connection) => send_together(connection, commands).await,
            Self::Cluster(cluster) => {
                try_join_all(commands.iter().map(|(tag, command)| cluster.send(keys::slot(tag), command)))
                    .await
            }
        }
    }

    /// The same, each for itself: that one primary is gone says nothing of what the others have.
    pub(super) async fn send_each_apart(&self, commands: Vec<(&str, Cmd)>) -> Vec<Result<Value, StoreError>> {
        match self {
            Self::One(connection) => apart(connection, commands).await,
            Self::Cluster(cluster) => {
                join_all(commands.iter().map(|(tag, command)| cluster.send(keys::slot(tag), command))).await
            }
        }
    }

    /// The same, of a cluster each within this time: who reads many pools does not wait for the one whose primary hangs.
    /// For reads alone, because what is not waited for any more may be carried out all the same.
    pub(super) async fn send_each_within(
        &self,
        commands: Vec<(&str, Cmd)>,
        within: Duration,
    ) -> Vec<Result<Value, StoreError>> {
        match self {
            Self::One(connection) => apart(connection, commands).await,
            Self::Cluster(cluster) => {
                let reads = commands.iter().map(async |(tag, command)| {
                    let read = cluster.send(keys::slot(tag), command);
                    tokio::time::timeout(within, read).await.unwrap_or_else(|_| Err(late(within)))
                });
                join_all(reads).await
            }
        }
    }

    /// The same, and each reply that says something is for good.
    pub(super) async fn send_each_for_good(
        &self,
        commands: Vec<(&str, Cmd)>,
        says_something: impl Fn(&Value) -> bool,
    ) -> Vec<Result<Value, StoreError>> {
        match self {
            Self::One(connection) => apart(connection, commands).await,
            Self::Cluster(cluster) => {
                let reads = commands.iter().map(|(tag, command)| {
                    cluster.read_for_good(
                        keys::slot(tag),
                        command,
                        keys::replication_mark(tag),
                        &says_something,
                    )
                });
                join_all(reads).await
            }
        }
    }

    /// The connection to the server that has a tag's keys.
    pub(super) async fn primary_of(&self, tag: &str) -> Result<Arc<Connection>, StoreError> {
        match self {
            Self::One(connection) => Ok(Arc::clone(connection)),
            Self::Cluster(cluster) => cluster.primary_of(keys::slot(tag)).await,
        }
    }

    /// The connections to all servers that have keys.
    pub(super) async fn primaries(&self) -> Result<Vec<Arc<Connection>>, StoreError> {
        match self {
            Self::One(connection) => Ok(vec![Arc::clone(connection)]),
            Self::Cluster(cluster) => {
                Ok(cluster.primaries().await?.into_iter().map(|(_, connection)| connection).collect())
            }
        }
    }
}

fn late(within: Duration) -> StoreError {
    StoreError::Unavailable { detail: format!("its primary did not answer within {} ms", within.as_millis()) }
}

/// One server answers all of them or none.
async fn apart(connection: &Connection, commands: Vec<(&str, Cmd)>) -> Vec<Result<Value, StoreError>> {
    let count = commands.len();
    match send_together(connection, commands).await {
        Ok(replies) => replies.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error); count],
    }
}

async fn send_together(
    connection: &Connection,
    commands: Vec<(&str, Cmd)>,
) -> Result<Vec<Value>, StoreError> {
    if commands.is_empty() {
        return Ok(Vec::new());
    }
    let mut pipeline = redis::pipe();
    for (_, command) in commands {
        pipeline.add_command(command);
    }
    connection.send_all(&pipeline).await
}

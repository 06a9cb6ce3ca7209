//! The keys that the servers have: a page at a time, and whose they are.
//!
//! A verb knows its keys by name and never asks which there are. Asked for here is what nobody has named: whether a
//! store is empty, which pools have data of an earlier version, and keys that no pool of ours has.
//!
//! Not here: the names themselves ([`crate::keys`]), and what is to be thought of a key without a pool
//! ([`Store::compare`]).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::call::unexpected;
use super::{Store, StoreError};
use crate::keys::{Owner, PoolKey, owner, split_name};

/// What every name of ours looks like: a hash tag, and after it which key it is.
pub(super) const OURS: &str = "{*}:*";
/// Keys that a server looks at for one page: as long as a batch of holds keeps it.
const KEYS_A_SCAN: usize = 1_000;
/// Strays that are kept; more help nobody.
const STRAYS_MAX: usize = 20;

/// Whose keys there are.
#[derive(Default)]
pub(super) struct Keyspace {
    /// By the tag: a pool's, or that of a pool which nobody opened.
    pub pools: BTreeMap<String, BTreeSet<PoolKey>>,
    /// Names that only half of ours have: a tag of ours and no suffix, or the other way round.
    pub strays: BTreeSet<Vec<u8>>,
}

impl Keyspace {
    fn put(&mut self, name: Vec<u8>, pools: &BTreeSet<String>) {
        match owner(&name) {
            // SCAN may give a key twice while the server's table grows.
            Owner::Pool(pool, key) => {
                self.pools.entry(pool.to_owned()).or_default().insert(key);
            }
            Owner::Stray => self.put_stray(name),
            Owner::Other if is_of(&name, pools) => self.put_stray(name),
            Owner::Other | Owner::Shard => {}
        }
    }

    fn put_stray(&mut self, name: Vec<u8>) {
        if self.strays.len() < STRAYS_MAX {
            self.strays.insert(name);
        }
    }
}

/// Whether a name has the tag of one of these pools.
fn is_of(name: &[u8], pools: &BTreeSet<String>) -> bool {
    let tag = split_name(name).and_then(|(tag, _)| std::str::from_utf8(tag).ok());
    tag.is_some_and(|tag| pools.contains(tag))
}

impl Store {
    /// Whose keys there are; `pools` are those that may be there. Before each key it is asked whether to go on.
    pub(super) async fn keyspace(
        &self,
        pools: &BTreeSet<String>,
        go_on: impl Fn() -> Result<(), StoreError>,
    ) -> Result<Keyspace, StoreError> {
        let mut found = Keyspace::default();
        #[cfg(feature = "sabotage")]
        if crate::sabotage::is_on(crate::sabotage::LOOK_PAST_STRAY_KEYS) {
            return Ok(found);
        }
        self.each_key(OURS, |name| {
            go_on()?;
            found.put(name, pools);
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        Ok(found)
    }

    /// Shows every key of a pattern, on every server that has keys, until the reader has seen enough.
    pub(super) async fn each_key(
        &self,
        pattern: &str,
        mut read: impl FnMut(Vec<u8>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        for server in self.servers.primaries().await? {
            let mut cursor = 0_u64;
            loop {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(KEYS_A_SCAN);
                let page = server.send(&scan).await?;
                let (next, names): (u64, Vec<Vec<u8>>) =
                    redis::from_redis_value_ref(&page).map_err(|_| unexpected(&page))?;
                for name in names {
                    if read(name)?.is_break() {
                        return Ok(());
                    }
                }
                if next == 0 {
                    break;
                }
                cursor = next;
            }
        }
        Ok(())
    }
}

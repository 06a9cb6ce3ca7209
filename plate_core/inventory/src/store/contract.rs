//! The boot contract: what a server must be before a mark is entrusted to it.
//!
//! It fails closed. A setting that cannot be read is a fault like one that is wrong, and all faults are said at
//! once, each with what was found, what is needed, and the command that mends it. What each setting can cost is
//! measured in docs/measured.md: `everysec` loses acknowledged marks at a power cut, a truncated file of a server that
//! loads it silently loses half, an evicting one loses what it likes.
//!
//! Not here: whether the store holds what the journal says. That takes the journal ([`Store::compare`]).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use redis::Value;
use sha2::{Digest as _, Sha256};

use super::call::{SHARD_TAG, unexpected};
use super::connection::Connection;
use super::servers::Servers;
use super::{Store, StoreError};
use crate::act::{Act, Channel};
use crate::keys::ShardKey;
use crate::library::DATA_VERSION;

/// One thing about a server by which marks can get lost.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{setting} is {found}, and it must be {needed}: {mend}")]
pub struct ContractFault {
    /// The setting.
    pub setting: String,
    /// What it is.
    pub found: String,
    /// What it must be.
    pub needed: String,
    /// What mends it: a command for the server where there is one.
    pub mend: String,
}

/// The store's birth certificate: there from its first start on, so that a store that was emptied, or is another
/// one, is not taken for the one whose journal we have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Genesis {
    /// Which store: 16 hexadecimal digits.
    pub id: String,
    /// When it was founded, ms since the epoch, by its own clock.
    pub born_ms: i64,
    /// The version of its data.
    pub data_version: u32,
}

/// The settings that the server must have, each with its value; `maxmemory` and the version are judged apart.
const NEEDED: &[(&str, &str)] = &[
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("no-appendfsync-on-rewrite", "no"),
    ("aof-load-truncated", "no"),
    ("maxmemory-policy", "noeviction"),
];

/// What a server has to do with a cluster, and so what it is held to besides.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Part {
    /// Nothing: it stands alone.
    Alone,
    /// It has slots.
    Primary,
    /// It may have them after a failover, and then with the settings that it has now.
    Replica,
}

/// How far the clocks of a cluster's primaries may lie apart. Permits and holds are judged by different ones, and a
/// successor must not find every hold expired; time servers keep machines within some milliseconds.
const CLOCKS_APART_MAX_MS: i64 = 500;

/// For how long a clock is waited for: an answer that takes longer says nothing about so small a distance.
const CLOCK_WITHIN: Duration = Duration::from_millis(500);

/// One look at a clock: by how much it is ahead of ours, at least and at most, µs. In between lies what asking took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct ClockLook {
    at_least_us: i64,
    at_most_us: i64,
}

impl Store {
    /// Refuses a server that can lose marks, a store that is not the known one, and data of a later version.
    /// Founds a store that has no birth certificate, if none is known, and raises data of an earlier version.
    ///
    /// `known` is the id of the store that the caller's journal belongs to, if he has one.
    ///
    /// # Errors
    /// [`StoreError::Contract`] with every fault; else as any call.
    pub async fn check_contract(&self, known: Option<&str>) -> Result<Genesis, StoreError> {
        let mut faults = self.settings_faults().await?;
        let genesis = match self.genesis().await {
            // A server with such settings may not even show its certificate: a cluster's node sends elsewhere.
            Err(_) if !faults.is_empty() => return Err(StoreError::Contract(faults)),
            genesis => genesis?,
        };
        match (&genesis, known) {
            (Some(genesis), _) if genesis.data_version > DATA_VERSION => faults.push(ContractFault {
                setting: "data_version".to_owned(),
                found: genesis.data_version.to_string(),
                needed: format!("at most {DATA_VERSION}"),
                mend: "start a version of plates that knows it".to_owned(),
            }),
            (Some(genesis), Some(known)) if genesis.id != known => {
                faults.push(wrong_store(genesis.id.clone(), known));
            }
            (None, Some(known)) => faults.push(wrong_store("nothing".to_owned(), known)),
            _ => {}
        }
        if !faults.is_empty() {
            return Err(StoreError::Contract(faults));
        }
        match genesis {
            Some(genesis) if genesis.data_version < DATA_VERSION => self.raise(genesis).await,
            Some(genesis) => Ok(genesis),
            None => self.found().await,
        }
    }

    /// Brings data of an earlier version to this one's layout. It may be done twice, and by several at once.
    async fn raise(&self, genesis: Genesis) -> Result<Genesis, StoreError> {
        let act = Act::of("plates", &format!("data_version {DATA_VERSION}"), Channel::Keeper);
        if genesis.data_version < 2 {
            self.carry_documents(&act).await?;
        }
        self.raise_pools().await?;
        let mut set = redis::cmd("HSET");
        set.arg(ShardKey::Genesis.of(0)).arg("data_version").arg(DATA_VERSION);
        self.servers.send_for_good(SHARD_TAG, &set).await?;
        Ok(Genesis { data_version: DATA_VERSION, ..genesis })
    }

    /// What about the server's version and settings can lose marks.
    pub(super) async fn settings_faults(&self) -> Result<Vec<ContractFault>, StoreError> {
        let Servers::Cluster(cluster) = &self.servers else {
            return self.server_faults(&*self.servers.primary_of(SHARD_TAG).await?, Part::Alone).await;
        };
        let (members, missing) = cluster.members().await?;
        let mut faults = Vec::new();
        if missing > 0 {
            faults.push(ContractFault {
                setting: "cluster slots".to_owned(),
                found: format!("{missing} without a primary"),
                needed: "all with one".to_owned(),
                mend: "CLUSTER ADDSLOTSRANGE on a primary, or wait until a failover is over".to_owned(),
            });
        }
        for (member, connection) in members {
            let part = if member.primary { Part::Primary } else { Part::Replica };
            let of_one = match self.server_faults(&connection, part).await {
                Err(error @ (StoreError::Unavailable { .. } | StoreError::Unknown { .. })) => {
                    vec![silent_fault(error)]
                }
                judged => judged?,
            };
            faults.extend(of_one.into_iter().map(|fault| ContractFault {
                setting: format!("{} of {}", fault.setting, member.address),
                ..fault
            }));
        }
        match self.clocks_fault().await {
            Err(_) if !faults.is_empty() => {}
            apart => faults.extend(apart?),
        }
        Ok(faults)
    }

    /// What about one server's version and settings can lose marks.
    async fn server_faults(&self, server: &Connection, part: Part) -> Result<Vec<ContractFault>, StoreError> {
        let info = info(server).await?;
        let mut faults: Vec<ContractFault> = version_fault(&info).into_iter().collect();
        if let Some(role) = info.get("role").filter(|role| *role != "master" && part == Part::Alone) {
            faults.push(ContractFault {
                setting: "role".to_owned(),
                found: role.clone(),
                needed: "master".to_owned(),
                mend: "give the URL of the primary".to_owned(),
            });
        }
        let config = config(server).await?;
        for (setting, needed) in NEEDED {
            let found = config.get(*setting).map_or("unreadable", String::as_str);
            if found != *needed {
                faults.push(setting_fault(setting, found, needed, needed));
            }
        }
        let limit = config.get("maxmemory").map_or("unreadable", String::as_str);
        if limit.parse::<u64>().unwrap_or(0) == 0 {
            faults.push(setting_fault("maxmemory", limit, "a limit in bytes", "2gb"));
        }
        let found = config.get("cluster-enabled").map_or("unreadable", String::as_str);
        match (&self.servers, part) {
            (Servers::One(_), _) if found != "no" => faults.push(ContractFault {
                setting: "cluster-enabled".to_owned(),
                found: found.to_owned(),
                needed: "no".to_owned(),
                mend: "name the cluster: PLATES_REDIS_URL=redis+cluster://host:port,host:port/".to_owned(),
            }),
            (Servers::Cluster(cluster), _) => {
                faults.extend(replicas_faults(&info, &config, cluster.replicas_needed(), part));
            }
            _ => {}
        }
        Ok(faults)
    }

    /// That the primaries' clocks lie too far apart.
    async fn clocks_fault(&self) -> Result<Option<ContractFault>, StoreError> {
        let apart_ms = self.clocks_too_far_apart_ms().await?;
        Ok(apart_ms.map(|apart_ms| ContractFault {
            setting: "clocks of the primaries".to_owned(),
            found: format!("{apart_ms} ms apart"),
            needed: format!("at most {CLOCKS_APART_MAX_MS} ms"),
            mend: "let one time server set the clocks of all machines".to_owned(),
        }))
    }

    /// How far the clocks of a cluster's primaries lie apart, where that is too far.
    pub(super) async fn clocks_too_far_apart_ms(&self) -> Result<Option<i64>, StoreError> {
        Ok(Some(self.clocks_apart_ms().await?).filter(|apart_ms| *apart_ms > CLOCKS_APART_MAX_MS))
    }

    /// How far the clocks of the primaries surely lie apart. One that does not answer soon is left out: whether it is there
    /// is asked elsewhere.
    async fn clocks_apart_ms(&self) -> Result<i64, StoreError> {
        if !self.servers.are_many() {
            return Ok(0);
        }
        let (began, primaries) = (Instant::now(), self.servers.primaries().await?);
        let looks = join_all(primaries.iter().map(|server| look_at_clock(server, began))).await;
        let looks: Vec<ClockLook> = looks.into_iter().flatten().collect();
        Ok(surely_apart_us(&looks) / 1_000)
    }

    /// The store's birth certificate, if it has one.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        let mut get = redis::cmd("HMGET");
        get.arg(ShardKey::Genesis.of(0)).arg("id").arg("born_ms").arg("data_version");
        let reply = self.servers.send(SHARD_TAG, &get).await?;
        if matches!(&reply, Value::Array(fields) if fields.iter().all(|field| *field == Value::Nil)) {
            return Ok(None);
        }
        let (id, born_ms, data_version): (String, i64, u32) =
            redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply))?;
        Ok(Some(Genesis { id, born_ms, data_version }))
    }

    /// Founds the store. Of several who found it at once, the first one's certificate stands.
    pub(super) async fn found(&self) -> Result<Genesis, StoreError> {
        let server = self.servers.primary_of(SHARD_TAG).await?;
        let (run, born_ms) =
            (info(&server).await?.remove("run_id").unwrap_or_default(), self.server_time_ms().await?);
        let hash = Sha256::new().chain_update(run).chain_update(born_ms.to_le_bytes()).finalize();
        let id: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        for (field, value) in
            [("id", id), ("born_ms", born_ms.to_string()), ("data_version", DATA_VERSION.to_string())]
        {
            pipeline.cmd("HSETNX").arg(ShardKey::Genesis.of(0)).arg(field).arg(value);
        }
        self.servers.send_all_for_good(SHARD_TAG, &pipeline).await?;
        let nothing =
            StoreError::Unknown { detail: "the store was founded and shows no certificate".to_owned() };
        self.genesis().await?.ok_or(nothing)
    }
}

async fn look_at_clock(server: &Connection, began: Instant) -> Option<ClockLook> {
    let elapsed_us = || i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
    let (time, asked_us) = (redis::cmd("TIME"), elapsed_us());
    let reply = tokio::time::timeout(CLOCK_WITHIN, server.send(&time)).await.ok()?.ok()?;
    let answered_us = elapsed_us();
    let (seconds, micros): (i64, i64) = redis::from_redis_value_ref(&reply).ok()?;
    let server_us = seconds * 1_000_000 + micros;
    Some(ClockLook { at_least_us: server_us - answered_us, at_most_us: server_us - asked_us })
}

/// How far clocks lie apart whatever the looks at them took: a machine that is busy must not stop expiry.
fn surely_apart_us(looks: &[ClockLook]) -> i64 {
    let ahead = looks.iter().map(|look| look.at_least_us).max();
    let behind = looks.iter().map(|look| look.at_most_us).min();
    ahead.zip(behind).map_or(0, |(ahead, behind)| (ahead - behind).max(0))
}

/// `INFO` as a table of its lines.
async fn info(server: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    let mut info = redis::cmd("INFO");
    info.arg("server").arg("replication");
    let reply = server.send(&info).await?;
    let text: String = redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply))?;
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    Ok(fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
}

/// The settings that the contract looks at. A server that does not show them gives none, and each is a fault.
async fn config(server: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    let mut get = redis::cmd("CONFIG");
    get.arg("GET").arg("maxmemory").arg("cluster-enabled").arg("min-replicas-to-write");
    for (setting, _) in NEEDED {
        get.arg(*setting);
    }
    match server.send(&get).await {
        Ok(reply) => redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply)),
        // The server answered INFO a moment ago; what it answers now is that it does not show its settings.
        Err(StoreError::Faulty { .. } | StoreError::Unavailable { .. }) => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

/// What about a cluster's node and its replicas can lose marks.
fn replicas_faults(
    info: &BTreeMap<String, String>,
    config: &BTreeMap<String, String>,
    needed: u16,
    part: Part,
) -> Vec<ContractFault> {
    let mut faults = Vec::new();
    let least = config.get("min-replicas-to-write").map_or("unreadable", String::as_str);
    if least.parse::<u16>().unwrap_or(0) < needed {
        let at_least = format!("at least {needed}");
        faults.push(setting_fault("min-replicas-to-write", least, &at_least, &needed.to_string()));
    }
    let online = info.iter().filter(|(name, value)| {
        let number = name.strip_prefix("slave").is_some_and(|number| number.parse::<u16>().is_ok());
        number && value.split(',').any(|fact| fact == "state=online")
    });
    let online = online.count();
    if part == Part::Primary && online < usize::from(needed) {
        faults.push(ContractFault {
            setting: "replicas".to_owned(),
            found: format!("{online} online"),
            needed: format!("at least {needed}"),
            mend: "CLUSTER REPLICATE on another node, or wait until it has caught up".to_owned(),
        });
    }
    faults
}

/// A node that does not say how it is set.
fn silent_fault(error: StoreError) -> ContractFault {
    ContractFault {
        setting: "answer".to_owned(),
        found: format!("none ({})", error.said()),
        needed: "one".to_owned(),
        mend: "start it again, or wait until the other nodes take it for gone".to_owned(),
    }
}

fn setting_fault(setting: &str, found: &str, needed: &str, mend: &str) -> ContractFault {
    ContractFault {
        setting: setting.to_owned(),
        found: found.to_owned(),
        needed: needed.to_owned(),
        mend: format!("CONFIG SET {setting} {mend}"),
    }
}

fn wrong_store(found: String, known: &str) -> ContractFault {
    ContractFault {
        setting: "genesis".to_owned(),
        found,
        needed: known.to_owned(),
        mend:
            "give the URL of the store that the journal belongs to, put back the data directory that belongs \
               to this journal, or rebuild the store from it: plates restore"
                .to_owned(),
    }
}

/// Functions, their flags and several settings in one CONFIG GET came with Redis 7.0; Valkey is held to what is
/// under test.
fn version_fault(info: &BTreeMap<String, String>) -> Option<ContractFault> {
    let (name, found, least) = match info.get("valkey_version") {
        Some(version) => ("valkey_version", version.as_str(), 8),
        None => ("redis_version", info.get("redis_version").map_or("unreadable", String::as_str), 7),
    };
    let major = found.split('.').next().and_then(|major| major.parse::<u32>().ok()).unwrap_or(0);
    (major < least).then(|| ContractFault {
        setting: name.to_owned(),
        found: found.to_owned(),
        needed: format!("{least}.0 or later"),
        mend: "use Valkey 8 or later, or Redis 7.0 or later".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clocks lie apart by what no exchange can have taken; a look that took long says little, and one alone nothing.
    #[test]
    fn what_asking_took_is_no_distance_between_clocks() {
        let look = |ahead_us, took_us| ClockLook { at_least_us: ahead_us - took_us, at_most_us: ahead_us };
        assert_eq!(surely_apart_us(&[]), 0);
        assert_eq!(surely_apart_us(&[look(9_000_000, 1)]), 0);
        assert_eq!(surely_apart_us(&[look(0, 100), look(700_000, 100)]), 699_900);
        assert_eq!(surely_apart_us(&[look(0, 100), look(700_000, 600_000)]), 100_000);
        assert_eq!(surely_apart_us(&[look(0, 100), look(700_000, 900_000)]), 0);
    }

    /// Old servers are refused by their own version, new ones are not, and one that says nothing is refused.
    #[test]
    fn versions_are_judged_by_the_servers_own_number() {
        for (field, version, refused) in [
            ("valkey_version", "9.1.2", false),
            ("valkey_version", "8.0.0", false),
            ("valkey_version", "7.2.5", true),
            ("redis_version", "7.0.15", false),
            ("redis_version", "6.2.14", true),
            ("redis_version", "", true),
            ("nothing", "9", true),
        ] {
            let info = BTreeMap::from([(field.to_owned(), version.to_owned())]);
            assert_eq!(version_fault(&info).is_some(), refused, "{field} {version}");
        }
        // Valkey names a Redis version too, for old clients; it is not looked at.
        let both = [("valkey_version", "8.1.0"), ("redis_version", "7.2.4")];
        let info = both.map(|(field, version)| (field.to_owned(), version.to_owned())).into();
        assert_eq!(version_fault(&info), None);
    }
}

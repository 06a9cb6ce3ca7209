//! The boot contract: what a server must be before a mark is entrusted to it.
//!
//! It fails closed. A setting that cannot be read is a fault like one that is wrong, and all faults are said at
//! once, each with what was found, what is needed, and the command that mends it. What each setting can cost is
//! measured in docs/measured.md: `everysec` loses acknowledged marks at a power cut, a truncated file of a server that
//! loads it silently loses half, an evicting one loses what it likes.
//!
//! Not here: whether the store holds what the journal says. That takes the journal, and is the keeper's to see.

use std::collections::BTreeMap;

use redis::Value;
use sha2::{Digest as _, Sha256};

use super::call::unexpected;
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
    ("cluster-enabled", "no"),
];

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
        let genesis = self.genesis().await?;
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
        self.connection.send(&set).await?;
        Ok(Genesis { data_version: DATA_VERSION, ..genesis })
    }

    /// What about the server's version and settings can lose marks.
    async fn settings_faults(&self) -> Result<Vec<ContractFault>, StoreError> {
        let info = self.info().await?;
        let mut faults: Vec<ContractFault> = version_fault(&info).into_iter().collect();
        if let Some(role) = info.get("role").filter(|role| *role != "master") {
            faults.push(ContractFault {
                setting: "role".to_owned(),
                found: role.clone(),
                needed: "master".to_owned(),
                mend: "give the URL of the primary".to_owned(),
            });
        }
        let config = self.config().await?;
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
        Ok(faults)
    }

    /// `INFO` as a table of its lines.
    async fn info(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut info = redis::cmd("INFO");
        info.arg("server").arg("replication");
        let reply = self.connection.send(&info).await?;
        let text: String = redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply))?;
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        Ok(fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    /// The settings that the contract looks at. A server that does not show them gives none, and each is a fault.
    async fn config(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut get = redis::cmd("CONFIG");
        get.arg("GET").arg("maxmemory");
        for (setting, _) in NEEDED {
            get.arg(*setting);
        }
        match self.connection.send(&get).await {
            Ok(reply) => redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply)),
            // The server answered INFO a moment ago; what it answers now is that it does not show its settings.
            Err(StoreError::Faulty { .. } | StoreError::Unavailable { .. }) => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        }
    }

    /// The store's birth certificate, if it has one.
    ///
    /// # Errors
    /// As any call; see [`StoreError`].
    pub async fn genesis(&self) -> Result<Option<Genesis>, StoreError> {
        let mut get = redis::cmd("HMGET");
        get.arg(ShardKey::Genesis.of(0)).arg("id").arg("born_ms").arg("data_version");
        let reply = self.connection.send(&get).await?;
        if matches!(&reply, Value::Array(fields) if fields.iter().all(|field| *field == Value::Nil)) {
            return Ok(None);
        }
        let (id, born_ms, data_version): (String, i64, u32) =
            redis::from_redis_value_ref(&reply).map_err(|_| unexpected(&reply))?;
        Ok(Some(Genesis { id, born_ms, data_version }))
    }

    /// Founds the store. Of several who found it at once, the first one's certificate stands.
    async fn found(&self) -> Result<Genesis, StoreError> {
        let (run, born_ms) =
            (self.info().await?.remove("run_id").unwrap_or_default(), self.server_time_ms().await?);
        let hash = Sha256::new().chain_update(run).chain_update(born_ms.to_le_bytes()).finalize();
        let id: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        for (field, value) in
            [("id", id), ("born_ms", born_ms.to_string()), ("data_version", DATA_VERSION.to_string())]
        {
            pipeline.cmd("HSETNX").arg(ShardKey::Genesis.of(0)).arg(field).arg(value);
        }
        self.connection.send_all(&pipeline).await?;
        let nothing =
            StoreError::Unknown { detail: "the store was founded and shows no certificate".to_owned() };
        self.genesis().await?.ok_or(nothing)
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
        mend: "give the URL of the store that the journal belongs to, or put back the data directory that \
               belongs to this journal"
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

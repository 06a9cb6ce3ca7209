//! Carries an operation of the small world out in a real store, and reads back everything the store then holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plate_inventory::act::Act;
use plate_inventory::answer::Answer;
use plate_inventory::codec;
use plate_inventory::feed::{Transition, decode};
use plate_inventory::id::{ApplicantId, HoldId, PaymentId};
use plate_inventory::journal::{EntryId, JournalWriter};
use plate_inventory::library::Library;
use plate_inventory::model::generator::{NO_POOL, POOLS};
use plate_inventory::model::{Model, Op};
use plate_inventory::payment::Payment;
use plate_inventory::placement::Placement;
use plate_inventory::record::Record;
use plate_inventory::settings::{PoolSettings, ROW_ORDINALS, SettingsChange, local_day};
use plate_inventory::store::{RawEntry, Snapshot, Store, StoreError};

use crate::server::{Behind, Home};

/// A store that operations are carried out in, with the feed it has told so far.
pub struct Driver {
    store: Store,
    behind: Behind,
    told: BTreeMap<String, Vec<(i64, Transition)>>,
    /// The feed's own bytes, in the order in which they were listened to.
    entries: Vec<(String, RawEntry)>,
}

impl Driver {
    /// Empties the server and begins anew, with this library and the shard in this place.
    pub async fn new(home: &impl Home, library: Library, placement: Placement) -> Self {
        let mut behind = home.behind();
        behind.empty();
        Self {
            store: home.store_placed(library, placement).await,
            behind,
            told: BTreeMap::new(),
            entries: Vec::new(),
        }
    }

    /// Carries out one operation at a moment.
    pub async fn apply(&mut self, op: &Op, now_ms: i64) -> Result<Vec<Answer>, StoreError> {
        self.behind.set_time(&[POOLS[0], POOLS[1], NO_POOL], now_ms);
        let store = &self.store;
        match op {
            Op::Limit { settings } => {
                store.configure_shard(|_| Ok(settings.clone())).await.map(|()| Vec::new())
            }
            Op::Lease { until_ms } => {
                let pools = POOLS.map(str::to_owned);
                store.lease_expiry(&pools, *until_ms).await.map(|_| Vec::new())
            }
            Op::TrimFeed { pool, through } => {
                self.listen(pool).await?;
                self.store.trim_feed(pool, *through).await.map(|_| Vec::new())
            }
            Op::Configure { pool, act, change } => configure(store, pool, act, change).await.map(|a| vec![a]),
            Op::Hold { pool, items } => store.hold(pool, items).await,
            Op::AssignNext { pool, items } => store.assign_next(pool, items).await,
            Op::Extend { pool, items } => store.extend(pool, items).await,
            Op::Release { pool, items } => store.release(pool, items).await,
            Op::BeginPayment { pool, items } => store.begin_payment(pool, items).await,
            Op::Confirm { pool, items } => store.confirm(pool, items).await,
            Op::Cancel { pool, items } => store.cancel(pool, items).await,
            Op::ConfirmRefund { pool, items } => store.confirm_refund(pool, items).await,
            Op::Sweep { pool, max } => {
                let answers = store.sweep(pool, *max).await?.answers;
                while store.forget(pool).await? {}
                Ok(answers)
            }
            Op::Withhold { pool, act, ordinals, reason } => store.withhold(pool, act, ordinals, reason).await,
            Op::Readmit { pool, act, ordinals } => store.readmit(pool, act, ordinals).await,
            Op::Import { pool, act, ordinals } => store.import(pool, act, ordinals).await.map(|a| vec![a]),
            Op::Read { pool, ordinals } => store.read(pool, ordinals).await,
        }
    }

    /// Reads what the feed of a pool has told since it was last listened to.
    async fn listen(&mut self, pool: &str) -> Result<(), StoreError> {
        let told = self.told.entry(pool.to_owned()).or_default();
        loop {
            let after = told.last().map_or(0, |(_, transition)| transition.revision);
            let entries = self.store.feed(pool, after, 100).await?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                self.entries.push((pool.to_owned(), entry.clone()));
                let decoded = decode(&entry.bytes).expect("an entry can be read");
                assert_eq!((decoded.pool.as_str(), decoded.last_revision()), (pool, entry.revision));
                assert_eq!(decoded.first_revision, told.last().map_or(0, |(_, last)| last.revision) + 1);
                told.extend(
                    decoded.transitions.into_iter().map(|transition| (decoded.server_ms, transition)),
                );
            }
        }
    }

    /// Writes everything that the feeds ever told into a journal.
    pub async fn journal(&mut self, directory: &Path) -> Result<(), StoreError> {
        for pool in POOLS {
            self.listen(pool).await?;
        }
        let mut journal = JournalWriter::open(directory).expect("a journal");
        for (pool, entry) in &self.entries {
            let id = EntryId { revision: entry.revision, sequence: 0 };
            assert!(journal.append(pool, id, &entry.bytes).expect("it follows"));
        }
        journal.sync().expect("the disk takes it");
        Ok(())
    }

    /// The store, for what is no operation.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Everything the store holds, as far as it can be told apart from outside.
    pub async fn state(&mut self, now_ms: i64) -> Result<State, StoreError> {
        let mut state = State::default();
        for pool in POOLS {
            self.listen(pool).await?;
            let Some(settings) = self.store.pool_settings(pool).await? else { continue };
            let full = self.store.full_snapshot(pool).await?.expect("a pool with settings has a snapshot");
            let kept = self.kept(pool);
            assert_eq!(kept.live_bytes, packed(&full.live), "records are packed as Rust packs them");
            assert_eq!(kept.owners, owners(&full.live), "who owns what is indexed");
            let marks = |plane: &[u8]| marks_in(plane, &settings);
            let (taken, issued) = (marks(&full.planes.taken), marks(&full.planes.issued));
            let mut withheld = marks(&full.planes.withheld);
            let never: BTreeSet<u32> =
                ordinals(&settings).filter(|o| settings.shape.never_issued(*o)).collect();
            assert!(withheld.is_superset(&never), "digits 000 and padding are withheld");
            withheld.retain(|ordinal| !never.contains(ordinal));
            let pool_state = PoolState {
                revision: full.planes.revision,
                taken,
                issued,
                withheld,
                live: full.live,
                payments: full.payments,
                told: self.told.get(pool).cloned().unwrap_or_default(),
                trimmed: kept.trimmed,
                endings: kept
                    .endings
                    .into_iter()
                    .filter(|(_, ending)| matters(*ending, &settings, now_ms))
                    .map(|(key, ending)| (key, current(ending, now_ms)))
                    .collect(),
                settings,
            };
            state.pools.insert(pool.to_owned(), pool_state);
        }
        (state.permits, state.today) = self.shard(now_ms).await?;
        Ok(state)
    }

    fn hash(&mut self, key: &str) -> BTreeMap<Vec<u8>, Vec<u8>> {
        redis::cmd("HGETALL").arg(key).query(self.behind.of(key)).expect("a hash")
    }

    fn kept(&mut self, pool: &str) -> Kept {
        let number =
            |bytes: &[u8]| u64::from_le_bytes([bytes, &[0; 8]].concat()[..8].try_into().expect("8 bytes"));
        let ending = |value: &[u8]| {
            let ended_at_ms = i64::try_from(number(&value[..6])).expect("a time");
            (ended_at_ms, i64::try_from(number(&value[6..10])).expect("a day"), number(&value[10..]))
        };
        let key = |key: &[u8]| {
            let ordinal = u32::from_le_bytes(key[..4].try_into().expect("an ordinal"));
            (ordinal, ApplicantId::from_slice(&key[4..]).expect("an applicant"))
        };
        let conf = self.hash(&format!("{{{pool}}}:conf"));
        let trimmed =
            std::str::from_utf8(&conf[b"trimmed".as_slice()]).expect("text").parse().expect("a number");
        let cooldowns = self.hash(&format!("{{{pool}}}:cooldowns"));
        Kept {
            trimmed,
            live_bytes: self.hash(&format!("{{{pool}}}:live")),
            owners: self
                .hash(&format!("{{{pool}}}:owners"))
                .into_iter()
                .map(|(k, v)| (k, in_fours(&v)))
                .collect(),
            endings: cooldowns.iter().map(|(field, value)| (key(field), ending(value))).collect(),
        }
    }

    async fn shard(&mut self, now_ms: i64) -> Result<(Permits, BTreeMap<String, u64>), StoreError> {
        let settings = self.store.shard_settings().await?.expect("the shard has limits");
        let lease: i64 = redis::cmd("HGET")
            .arg("{s0}:conf")
            .arg("lease_ms")
            .query(self.behind.of("{s0}:conf"))
            .unwrap_or(0);
        let frozen = settings.is_frozen(now_ms, lease);
        let mut permits = Permits::new();
        for (applicant, packed) in self.hash("{s0}:permits") {
            let applicant = ApplicantId::from_slice(&applicant).expect("an applicant");
            for permit in packed.chunks_exact(23) {
                let hold = HoldId::from_slice(&permit[..16]).expect("a hold");
                let deadline =
                    i64::from_le_bytes([&permit[16..22], &[0, 0]].concat().try_into().expect("8 bytes"));
                if frozen || now_ms < deadline {
                    permits.entry(applicant).or_default().insert(hold, deadline);
                }
            }
        }
        let mut today = BTreeMap::new();
        for (operator, day) in self.hash("{s0}:operator_days") {
            let of_day = u32::from_le_bytes(day[..4].try_into().expect("a day"));
            let made = u64::from(u16::from_le_bytes(day[4..].try_into().expect("a count")));
            if i64::from(of_day) == local_day(now_ms) && made > 0 {
                today.insert(String::from_utf8(operator).expect("an operator"), made);
            }
        }
        Ok((permits, today))
    }
}

/// Changes settings, first as somebody who has read what another has changed since: that must write nothing.
async fn configure(
    store: &Store,
    pool: &str,
    act: &Act,
    change: &SettingsChange,
) -> Result<Answer, StoreError> {
    let read = store.pool_settings(pool).await?;
    let before = read.clone().unwrap_or_default();
    let stale = PoolSettings { holds_stopped: !before.holds_stopped, ..before };
    if let Some(answer) = store.configure(pool, act, change, Some(&stale)).await? {
        return Ok(answer);
    }
    let answer = store.configure(pool, act, change, read.as_ref()).await?;
    Ok(answer.expect("nobody else changes this store"))
}

type Permits = BTreeMap<ApplicantId, BTreeMap<HoldId, i64>>;
type Ending = (i64, i64, u64);

/// What a pool keeps beside what a snapshot shows.
struct Kept {
    trimmed: u64,
    live_bytes: BTreeMap<Vec<u8>, Vec<u8>>,
    owners: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
    endings: BTreeMap<(u32, ApplicantId), Ending>,
}

/// The state of an inventory, the model's or the store's.
#[derive(PartialEq, Eq, Debug, Default)]
pub struct State {
    pools: BTreeMap<String, PoolState>,
    permits: Permits,
    today: BTreeMap<String, u64>,
}

#[derive(PartialEq, Eq, Debug)]
struct PoolState {
    settings: PoolSettings,
    revision: u64,
    trimmed: u64,
    taken: BTreeSet<u32>,
    issued: BTreeSet<u32>,
    withheld: BTreeSet<u32>,
    live: BTreeMap<u32, Record>,
    payments: BTreeMap<PaymentId, Payment>,
    endings: BTreeMap<(u32, ApplicantId), Ending>,
    told: Vec<(i64, Transition)>,
}

impl State {
    /// The same without what a restoration may leave out: how far a feed was trimmed, permits of holds that have ended,
    /// which heal by themselves, by how much a refused extension has lengthened the permit of one that lives, and, where
    /// the shard stands apart, the refused holds of an operator, which count there.
    pub fn restored(mut self, now_ms: i64, placement: Placement) -> Self {
        if placement == Placement::Apart {
            self.today.clear();
        }
        let live =
            |pool: &PoolState| pool.live.values().map(|r| (r.hold, r.permit_deadline_ms)).collect::<Vec<_>>();
        let live: BTreeMap<HoldId, i64> = self.pools.values().flat_map(live).collect();
        for permits in self.permits.values_mut() {
            permits.retain(|hold, _| live.contains_key(hold));
            permits.iter_mut().for_each(|(hold, deadline)| *deadline = live[hold].min(*deadline));
            permits.retain(|_, deadline| now_ms < *deadline);
        }
        self.permits.retain(|_, permits| !permits.is_empty());
        self.pools.values_mut().for_each(|pool| pool.trimmed = 0);
        self
    }

    /// The state of the model, in the same words.
    pub fn of_model(model: &Model, now_ms: i64) -> Self {
        let pool_state = |pool: &plate_inventory::model::Pool| PoolState {
            settings: pool.settings.clone(),
            revision: pool.revision,
            trimmed: pool.feed_trimmed,
            taken: pool.live.keys().copied().collect(),
            issued: pool.issued.clone(),
            withheld: pool.withheld.clone(),
            live: pool.live.clone(),
            payments: pool.payments.clone(),
            endings: pool
                .endings
                .iter()
                .map(|(key, ending)| (*key, (ending.ended_at_ms, ending.day, u64::from(ending.count))))
                .filter(|(_, ending)| matters(*ending, &pool.settings, now_ms))
                .map(|(key, ending)| (key, current(ending, now_ms)))
                .collect(),
            told: pool
                .feed
                .iter()
                .flat_map(|entry| {
                    entry.transitions.iter().map(|transition| (entry.server_ms, transition.clone()))
                })
                .collect(),
        };
        let permits = |applicant: &ApplicantId| {
            let live = model.shard.live_permits(*applicant, now_ms);
            (!live.is_empty())
                .then(|| (*applicant, live.iter().map(|permit| (permit.hold, permit.deadline_ms)).collect()))
        };
        let days = model.shard.operator_days.iter();
        let today = days.filter(|((_, day), made)| *day == local_day(now_ms) && **made > 0);
        Self {
            pools: model.pools.iter().map(|(id, pool)| (id.clone(), pool_state(pool))).collect(),
            permits: model.shard.permits.keys().filter_map(permits).collect(),
            today: today.map(|((operator, _), made)| (operator.clone(), u64::from(*made))).collect(),
        }
    }
}

/// An ending, without the count of a day that is over: it counts for nothing any more.
fn current((ended_at_ms, day, count): Ending, now_ms: i64) -> Ending {
    (ended_at_ms, day, if day < local_day(now_ms) { 0 } else { count })
}

/// Whether an ending can still keep its applicant from the mark; the store may forget the others.
fn matters((ended_at_ms, day, _): Ending, settings: &PoolSettings, now_ms: i64) -> bool {
    day >= local_day(now_ms) || now_ms < ended_at_ms + settings.cooldown_ms
}

fn ordinals(settings: &PoolSettings) -> impl Iterator<Item = u32> {
    0..settings.shape.rows * ROW_ORDINALS
}

fn marks_in(plane: &[u8], settings: &PoolSettings) -> BTreeSet<u32> {
    ordinals(settings).filter(|ordinal| Snapshot::bit(plane, *ordinal)).collect()
}

fn packed(live: &BTreeMap<u32, Record>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let pack = |record| codec::record::pack(record).expect("a record can be packed");
    live.iter().map(|(ordinal, record)| (ordinal.to_le_bytes().to_vec(), pack(record))).collect()
}

fn owners(live: &BTreeMap<u32, Record>) -> BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> {
    let mut owners: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for (ordinal, record) in live.iter().filter(|(_, record)| record.state.is_owned()) {
        owners.entry(record.applicant.id.0.to_vec()).or_default().insert(ordinal.to_le_bytes().to_vec());
    }
    owners
}

fn in_fours(bytes: &[u8]) -> BTreeSet<Vec<u8>> {
    bytes.chunks(4).map(<[u8]>::to_vec).collect()
}

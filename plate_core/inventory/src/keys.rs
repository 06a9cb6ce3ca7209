//! The only place that writes a key name (ARCHITECTURE.md, invariant 5).
//!
//! Every key of a pool shares the hash tag `{pool id}`, and every key of a shard its own, so that a verb's
//! keys lie in one slot of a cluster, now and after any resharding. A verb's keys stand in the order in
//! which its function unpacks them; a test reads the heads of the functions and compares.
//!
//! No key is made inside a function: a key that a function was not given works on the node that has it and
//! breaks half-done on the day it moves (docs/measured.md).

/// A key of a pool. What each holds is packed as [`crate::codec`] says.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum PoolKey {
    /// Hash: `revision`, `trimmed` (the feed's), `rules` (the settings), `lease_ms` (of the clock guard),
    /// `founded_us` (which pool of this name it is); on a cluster [`REPLICATION_MARK`]. Up to data version 2 the settings were `terms`: functions of that
    /// version find no pool here, so a worker that missed the change refuses everything instead of misreading a plane.
    Conf,
    /// Hash: request id to digest and answer.
    Requests,
    /// List: when answers may be forgotten, and their request ids, in the order of time.
    DueRequests,
    /// Stream: the change feed, one entry a call, ids `<revision>-0`.
    Feed,
    /// Hash: ordinal to record.
    Live,
    /// Bitmap, two bits a mark: is never offered, is on the road. That a mark is taken, its record says.
    Planes,
    /// Hash: mark and applicant to when he last let go of it, and how often on that day.
    Cooldowns,
    /// List: when such an entry may be forgotten, in the order of time.
    DueCooldowns,
    /// List: deadlines of new holds, in the order of time.
    DueHolds,
    /// List: deadlines of extended holds, in the order of time.
    DueExtensions,
    /// List: deadlines of begun payments, in the order of time.
    DuePayments,
    /// Hash: payment id to payment, digest and answer.
    Payments,
    /// Hash: applicant to the ordinals of his allotments.
    Owners,
    /// Hash, in the pool of documents only: name to version and content.
    Documents,
    /// String, in tests only: the time, ms since the epoch.
    Clock,
}

impl PoolKey {
    /// Every key of a pool.
    pub const ALL: &'static [PoolKey] = &[
        PoolKey::Conf,
        PoolKey::Requests,
        PoolKey::DueRequests,
        PoolKey::Feed,
        PoolKey::Live,
        PoolKey::Planes,
        PoolKey::Cooldowns,
        PoolKey::DueCooldowns,
        PoolKey::DueHolds,
        PoolKey::DueExtensions,
        PoolKey::DuePayments,
        PoolKey::Payments,
        PoolKey::Owners,
        PoolKey::Documents,
        PoolKey::Clock,
    ];

    /// What stands after the tag.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            PoolKey::Conf => "conf",
            PoolKey::Requests => "requests",
            PoolKey::DueRequests => "due_requests",
            PoolKey::Feed => "feed",
            PoolKey::Live => "live",
            PoolKey::Planes => "planes",
            PoolKey::Cooldowns => "cooldowns",
            PoolKey::DueCooldowns => "due_cooldowns",
            PoolKey::DueHolds => "due_holds",
            PoolKey::DueExtensions => "due_extensions",
            PoolKey::DuePayments => "due_payments",
            PoolKey::Payments => "payments",
            PoolKey::Owners => "owners",
            PoolKey::Documents => "documents",
            PoolKey::Clock => "clock",
        }
    }

    /// The key of a pool, such as `{person_car.02}:live`.
    #[must_use]
    pub fn of(self, pool: &str) -> String {
        format!("{{{pool}}}:{}", self.suffix())
    }
}

/// A key of a shard: what holds across pools.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ShardKey {
    /// Hash: `terms` (the limits), `lease_ms` (of the clock guard); on a cluster [`REPLICATION_MARK`].
    Conf,
    /// Hash: request id to digest, verdict and the time that goes with it, and the answer to a new hold.
    Ids,
    /// List: when ids may be forgotten, in the order of time.
    DueIds,
    /// Hash: applicant to his permits.
    Permits,
    /// Hash: operator to a local day and how many holds he made on it.
    OperatorDays,
    /// Hash: name to version and content, as data version 1 had them; read once, when its data are raised.
    Documents,
    /// Hash: name to holder and end of a lease, for the election of the active keeper.
    Leases,
    /// Hash: `born_ms`, `data_version`, `id`: there from the first start on, so an emptied store is seen.
    Genesis,
    /// String, in tests only: the time, ms since the epoch.
    Clock,
}

impl ShardKey {
    /// Every key of a shard.
    pub const ALL: &'static [ShardKey] = &[
        ShardKey::Conf,
        ShardKey::Ids,
        ShardKey::DueIds,
        ShardKey::Permits,
        ShardKey::OperatorDays,
        ShardKey::Documents,
        ShardKey::Leases,
        ShardKey::Genesis,
        ShardKey::Clock,
    ];

    /// What stands after the tag.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            ShardKey::Conf => "conf",
            ShardKey::Ids => "ids",
            ShardKey::DueIds => "due_ids",
            ShardKey::Permits => "permits",
            ShardKey::OperatorDays => "operator_days",
            ShardKey::Documents => "documents",
            ShardKey::Leases => "leases",
            ShardKey::Genesis => "genesis",
            ShardKey::Clock => "clock",
        }
    }

    /// The key of a shard, such as `{s0}:permits`.
    #[must_use]
    pub fn of(self, shard: u16) -> String {
        format!("{{s{shard}}}:{}", self.suffix())
    }
}

/// Whose a key is that was found in a store.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Owner<'a> {
    /// It has the name of a pool's key. Whether there is such a pool, its `conf` says.
    Pool(&'a str, PoolKey),
    /// It is the shard's.
    Shard,
    /// It has the shard's tag, or the suffix of one of our keys, and nothing of ours is called so: bytes were changed, or
    /// it was planted.
    Stray,
    /// It has neither: whoever has the server beside us may keep it.
    Other,
}

/// Whose the key with this name is.
///
/// ```
/// use plate_inventory::keys::{Owner, PoolKey, owner};
/// assert_eq!(owner(b"{person_car.02}:live"), Owner::Pool("person_car.02", PoolKey::Live));
/// assert_eq!(owner(b"{s0}:permits"), Owner::Shard);
/// assert_eq!(owner(b"{s0}:permitr"), Owner::Stray);
/// assert_eq!(owner(b"{cart}:items"), Owner::Other);
/// ```
#[must_use]
pub fn owner(name: &[u8]) -> Owner<'_> {
    let Some((tag, suffix)) = split_name(name) else { return Owner::Other };
    let of_shard = ShardKey::ALL.iter().any(|key| key.suffix().as_bytes() == suffix);
    if tag == SHARD_TAG.as_bytes() {
        return if of_shard { Owner::Shard } else { Owner::Stray };
    }
    let of_pool = PoolKey::ALL.iter().find(|key| key.suffix().as_bytes() == suffix);
    match (std::str::from_utf8(tag), of_pool) {
        (Ok(pool), Some(key)) => Owner::Pool(pool, *key),
        (Err(_), Some(_)) => Owner::Stray,
        (_, None) if of_shard => Owner::Stray,
        (_, None) => Owner::Other,
    }
}

/// The tag of a key's name, and what stands after it.
#[must_use]
pub fn split_name(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = name.strip_prefix(b"{")?;
    let end = inside.windows(2).position(|pair| pair == b"}:")?;
    Some((&inside[..end], &inside[end + 2..]))
}

/// A function of the library, by the keys it takes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Keys {
    /// Keys of one pool.
    Pool(&'static [PoolKey]),
    /// Keys of one pool, and after them, where the shard is on the same server, keys of the shard.
    PoolAndShard(&'static [PoolKey], &'static [ShardKey]),
    /// Keys of one shard.
    Shard(&'static [ShardKey]),
}

impl Keys {
    /// What stands after the tag in each of these keys.
    #[must_use]
    pub fn suffixes(self) -> Vec<&'static str> {
        match self {
            Keys::Pool(keys) => keys.iter().map(|key| key.suffix()).collect(),
            Keys::Shard(keys) => keys.iter().map(|key| key.suffix()).collect(),
            Keys::PoolAndShard(pool, shard) => {
                pool.iter().map(|key| key.suffix()).chain(shard.iter().map(|key| key.suffix())).collect()
            }
        }
    }
}

/// One function of the library: its name and its keys, in order.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// The verb's name: that of its file and, after the library's prefix, of the function.
    pub verb: &'static str,
    /// What it takes.
    pub keys: Keys,
}

impl Function {
    /// Whether somebody relies on its answer. The others tidy up, or read: what a failover takes back of them is done
    /// again by the next round, or heals at a deadline.
    #[must_use]
    pub fn promises(self) -> bool {
        let tidying = [SETTLE_PERMITS, SWEEP_IDS, GIVE_LEASE, FORGET, SWEEP, READ, TRIM_FEED];
        !tidying.contains(&self)
    }
}

macro_rules! functions {
    ($( $(#[$meta:meta])* $constant:ident = $verb:literal $place:ident [ $($key:ident)+ ] $( + shard [ $($near:ident)+ ] )? )+) => {
        $(
            $(#[$meta])*
            pub const $constant: Function =
                Function { verb: $verb, keys: functions!(@keys $place [$($key)+] $( [$($near)+] )?) };
        )+
        /// Every function of the library.
        pub const FUNCTIONS: &[Function] = &[$( $constant, )+];
    };
    (@keys pool [$($key:ident)+]) => { Keys::Pool(&[$( PoolKey::$key, )+]) };
    (@keys shard [$($key:ident)+]) => { Keys::Shard(&[$( ShardKey::$key, )+]) };
    (@keys pool [$($key:ident)+] [$($near:ident)+]) => {
        Keys::PoolAndShard(&[$( PoolKey::$key, )+], &[$( ShardKey::$near, )+])
    };
}

functions! {
    /// Takes permits and claims request ids for new holds.
    ADMIT = "admit" shard [Conf Ids DueIds Permits OperatorDays]
    /// Claims request ids, and lengthens permits, for everything that is not a new hold.
    CLAIM = "claim" shard [Conf Ids DueIds Permits]
    /// Gives back permits whose hold is no more.
    SETTLE_PERMITS = "settle_permits" shard [Conf Ids Permits OperatorDays]
    /// Forgets request ids whose time is over, and permits that have healed.
    SWEEP_IDS = "sweep_ids" shard [Conf Ids DueIds Permits]
    /// Sets the limits.
    CONFIGURE_SHARD = "configure_shard" shard [Conf]
    /// Takes or renews a lease.
    TAKE_LEASE = "take_lease" shard [Leases]
    /// Gives a lease back.
    GIVE_LEASE = "give_lease" shard [Leases]

    /// Holds chosen marks.
    HOLD = "hold" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns Planes DueHolds]
        + shard [Conf Ids DueIds Permits OperatorDays]
    /// Holds the first free ones of ordinary marks.
    ASSIGN_NEXT = "assign_next" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns Planes DueHolds]
        + shard [Conf Ids DueIds Permits OperatorDays]
    /// Moves the deadlines of holds.
    EXTEND = "extend" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns DueExtensions]
        + shard [Conf Ids DueIds Permits OperatorDays]
    /// Gives holds back.
    RELEASE = "release" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns]
        + shard [Conf Ids DueIds Permits OperatorDays]
    /// Begins payments.
    BEGIN_PAYMENT = "begin_payment" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns DuePayments]
        + shard [Conf Ids DueIds Permits OperatorDays]
    /// Settles payments, or records that they go back.
    CONFIRM = "confirm" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns Planes Payments Owners]
        + shard [Conf Ids DueIds Permits OperatorDays]
    /// Gives allotments back before manufacture.
    CANCEL = "cancel" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns Payments Owners]
        + shard [Conf Ids DueIds Permits OperatorDays]
    /// Records that money was paid back.
    CONFIRM_REFUND = "confirm_refund" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns Planes Payments]
        + shard [Conf Ids DueIds Permits OperatorDays]
    /// Forgets answers and cool-downs whose time is over.
    FORGET = "forget" pool [Conf Requests DueRequests Cooldowns DueCooldowns]
    /// Ends the holds whose deadline has passed.
    SWEEP = "sweep" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns DueHolds DueExtensions DuePayments]
    /// Takes marks off sale.
    WITHHOLD = "withhold" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns Planes]
    /// Puts marks back on sale.
    READMIT = "readmit" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns Planes]
    /// Marks as on the road what the registry says is.
    IMPORT = "import" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns Planes]
    /// Reads records and planes.
    READ = "read" pool [Conf Live Planes]
    /// Sets what a pool obeys, and founds the pool the first time.
    CONFIGURE = "configure" pool [Conf Requests DueRequests Feed Live Cooldowns DueCooldowns Planes]
    /// Writes a document if its version is the expected one.
    PUT_DOCUMENT = "put_document" pool [Conf Feed Documents]
    /// Writes refused notifications down.
    NOTE_REFUSALS = "note_refusals" pool [Conf Feed]
    /// Forgets the part of the feed that the journal has on disk.
    TRIM_FEED = "trim_feed" pool [Conf Feed]
}

/// The key in which a cluster's store writes [`REPLICATION_MARK`] before it asks for how many replicas have what was done
/// under this tag. It is one that the functions themselves look at: where they found it while a slot moves from one
/// primary to another, so does the mark.
#[must_use]
pub fn replication_mark(tag: &str) -> String {
    PoolKey::Conf.of(tag)
}

/// The field of that key, which says nothing.
pub const REPLICATION_MARK: &str = "replicated";

/// What stands between the braces in the keys of the one shard.
pub const SHARD_TAG: &str = "s0";

/// What stands between the braces in the keys of a shard.
#[must_use]
pub fn shard_tag(shard: u16) -> String {
    format!("s{shard}")
}

/// The slot of a key or of a tag on a cluster, as Valkey and Redis count it: CRC-16 of the hash tag, modulo 16,384.
#[must_use]
pub fn slot(key: &str) -> u16 {
    let tag = match key.split_once('{').and_then(|(_, rest)| rest.split_once('}')) {
        Some((tag, _)) if !tag.is_empty() => tag,
        _ => key,
    };
    let crc = tag.bytes().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % 16_384
}

/// The names of a function's keys for one pool or shard, made once and sent many times. `shard` is the shard that is on
/// the pool's server.
#[must_use]
pub fn names(function: Function, tag: &str, shard: Option<u16>) -> Vec<String> {
    let tagged = |suffix: &str| format!("{{{tag}}}:{suffix}");
    match function.keys {
        Keys::Pool(_) | Keys::Shard(_) => function.keys.suffixes().into_iter().map(tagged).collect(),
        Keys::PoolAndShard(pool, near) => {
            let near = shard.into_iter().flat_map(|shard| near.iter().map(move |key| key.of(shard)));
            pool.iter().map(|key| tagged(key.suffix())).chain(near).collect()
        }
    }
}

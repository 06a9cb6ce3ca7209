//! The primaries of a cluster: which has a slot, and what is done about a refusal that moves on.
//!
//! ```text
//! address      the cluster's URL
//! map          which primary has which slot, from what the nodes say of each other
//! replication  WAIT, its count checked, one for many calls
//! ```
//!
//! The rule of repeating is ours, and narrow (docs/decisions/0017). What a server refused *before* it ran anything
//! (`MOVED`, `ASK`, `TRYAGAIN`, `CLUSTERDOWN`, `READONLY` and their like), or what was never sent, is sent again for at
//! most [`PATIENCE`]. What was sent and not answered is unknown, here as on a single server, and never sent again.
//!
//! Replicas are never asked about a mark. A call that is not answered for [`SUSPICION`] asks the other nodes who has
//! its slot, and if that is another one by now gives up at once: a primary that hangs must not hold up its successor.

mod address;
mod map;
mod replication;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use redis::{Cmd, Pipeline, RedisError, Value};

pub(super) use address::names_a_cluster;
use replication::Mark;
pub(super) use replication::{Needed, Replication};

use super::connection::{Connection, Link};
use super::{StoreError, Timeouts};
use address::Seeds;
use map::{Member, SlotMap, address_of};

/// For how long a call that was refused unheard is sent again: a failover takes one to two node timeouts.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two tries of one call, once a redirection did not help at once.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a call waits before it asks whether its primary is still the one.
const SUSPICION: Duration = Duration::from_millis(300);
/// How long the nodes have to say who has what; those that take longer are not waited for.
const VIEW_TIMEOUT: Duration = Duration::from_millis(300);
/// The least time between two rounds of asking them.
const VIEW_PAUSE: Duration = Duration::from_millis(50);

/// What a cluster is held to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterRules {
    /// How many replicas must have a write before it is acknowledged, unless the URL says it. With none, only a test
    /// sees what that loses.
    pub replicas: u16,
    /// How long they may take; after it the outcome is unknown.
    pub replicated_within: Duration,
    /// Whether what was refused unheard is sent again. Only a test that must see the refusals turns it off.
    pub sends_again: bool,
}

impl Default for ClusterRules {
    fn default() -> Self {
        Self { replicas: 1, replicated_within: Duration::from_secs(1), sends_again: true }
    }
}

/// The primaries of a cluster.
pub(super) struct Cluster {
    seeds: Seeds,
    timeouts: Timeouts,
    rules: ClusterRules,
    nodes: Mutex<HashMap<Arc<str>, Arc<Connection>>>,
    map: Mutex<SlotMap>,
    /// Rises when the map may be wrong: the next call asks first.
    stale: AtomicBool,
    /// When the nodes were last asked; held while they are.
    asked: tokio::sync::Mutex<Option<Instant>>,
    /// How often slots came into other hands.
    turns: AtomicU64,
    /// Why no node said who has what, when all were asked in vain.
    silence: Mutex<String>,
}

/// What was answered, and over which link.
struct Answered {
    replies: Vec<Value>,
    link: Link,
    /// Whether the primary that answered is only just taking the slot over.
    asking: bool,
}

/// Why one try came to nothing.
enum Refusal {
    /// Nothing was carried out, and it may be another time or elsewhere.
    Unheard { error: StoreError, go_to: Option<Go> },
    /// It was, or may have been, or it is of no use to try again.
    Final(StoreError),
}

/// Where a refusal points.
enum Go {
    /// The slot has another owner now.
    Moved(u16, String),
    /// The slot is on the move: this once, ask there.
    Ask(String),
}

impl Cluster {
    /// Reads the URL; nothing is sent yet.
    pub(super) fn new(url: &str, timeouts: Timeouts, rules: ClusterRules) -> Result<Self, StoreError> {
        let seeds = Seeds::read(url)?;
        let rules = ClusterRules { replicas: seeds.replicas.unwrap_or(rules.replicas), ..rules };
        let cluster = Self {
            seeds,
            timeouts,
            rules,
            nodes: Mutex::default(),
            map: Mutex::default(),
            stale: AtomicBool::new(true),
            asked: tokio::sync::Mutex::default(),
            turns: AtomicU64::new(0),
            silence: Mutex::default(),
        };
        for address in cluster.seeds.addresses.clone() {
            cluster.node(&address.into())?;
        }
        Ok(cluster)
    }

    /// How many replicas must have a write before it is acknowledged.
    pub(super) const fn replicas_needed(&self) -> u16 {
        self.rules.replicas
    }

    /// Grows whenever what answers may be another server, or the same one in an earlier state.
    pub(super) fn number(&self) -> u64 {
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.values().map(|node| node.number()).sum::<u64>() + self.turns.load(Ordering::Acquire)
    }

    /// Sends one command to the primary of its slot.
    pub(super) async fn send(&self, slot: u16, command: &Cmd) -> Result<Value, StoreError> {
        self.deliver(slot, &Parcel::One(command))
            .await
            .map(|mut answered| answered.replies.pop().unwrap_or(Value::Nil))
    }

    /// Sends one command to the primary of its slot, and believes the answer when enough replicas have what it did.
    pub(super) async fn send_for_good(
        &self,
        slot: u16,
        command: &Cmd,
        mark: &str,
    ) -> Result<Value, StoreError> {
        let mut answered = self.deliver(slot, &Parcel::One(command)).await?;
        self.replicated(slot, &mut answered, mark).await?;
        Ok(answered.replies.pop().unwrap_or(Value::Nil))
    }

    /// Sends a transaction, or several reads, to the primary of their one slot. A refusal of any of them is one of all, so
    /// writes come as a transaction: what is refused is sent again whole.
    pub(super) async fn send_all(&self, slot: u16, pipeline: &Pipeline) -> Result<Vec<Value>, StoreError> {
        self.deliver(slot, &Parcel::All(pipeline)).await.map(|answered| answered.replies)
    }

    /// The same, believed when enough replicas have what it did, or what others did before it.
    pub(super) async fn send_all_for_good(
        &self,
        slot: u16,
        pipeline: &Pipeline,
        mark: &str,
    ) -> Result<Vec<Value>, StoreError> {
        let mut answered = self.deliver(slot, &Parcel::All(pipeline)).await?;
        self.replicated(slot, &mut answered, mark).await?;
        Ok(answered.replies)
    }

    /// Reads from the primary of a slot, and believes what says something when enough replicas have it.
    pub(super) async fn read_for_good(
        &self,
        slot: u16,
        command: &Cmd,
        mark: String,
        says_something: impl Fn(&Value) -> bool,
    ) -> Result<Value, StoreError> {
        let mut answered = self.deliver(slot, &Parcel::One(command)).await?;
        let reply = answered.replies.pop().unwrap_or(Value::Nil);
        if says_something(&reply) {
            self.replicated(slot, &mut answered, &mark).await?;
        }
        Ok(reply)
    }

    async fn replicated(&self, slot: u16, answered: &mut Answered, mark: &str) -> Result<(), StoreError> {
        if self.rules.replicas == 0 {
            return Ok(());
        }
        let needed = Needed { replicas: self.rules.replicas.into(), within: self.rules.replicated_within };
        let owner = self.owner(slot);
        let mark = Mark { key: mark, asking: answered.asking };
        let waited = {
            let waiting = pin!(replication::replicated(&mut answered.link, mark, needed));
            self.unless_replaced(slot, owner.as_ref(), waiting).await
        };
        let waited = waited.unwrap_or_else(|| {
            answered.link.give_up();
            Err(replaced())
        });
        waited.inspect_err(|_| self.doubt())
    }

    /// The connection to the primary of a slot.
    pub(super) async fn primary_of(&self, slot: u16) -> Result<Arc<Connection>, StoreError> {
        self.look_if_stale().await;
        let owner = self.owner(slot).ok_or_else(|| self.uncovered(slot))?;
        self.node(&owner)
    }

    /// Every primary that has slots, by its address.
    pub(super) async fn primaries(&self) -> Result<Vec<(Arc<str>, Arc<Connection>)>, StoreError> {
        self.look_if_stale().await;
        let primaries = self.map.lock().unwrap_or_else(PoisonError::into_inner).primaries();
        if primaries.is_empty() {
            return Err(self.uncovered(0));
        }
        primaries.into_iter().map(|address| self.node(&address).map(|node| (address, node))).collect()
    }

    /// Every node that is not given up, and how many slots nobody has, as the cluster says now.
    pub(super) async fn members(&self) -> Result<(Vec<(Member, Arc<Connection>)>, usize), StoreError> {
        self.doubt();
        self.look_if_stale().await;
        let map = self.map.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if map.members().is_empty() {
            return Err(self.nobody_says());
        }
        let members = map.members().iter().filter(|member| !member.failed);
        let members = members.map(|member| Ok((member.clone(), self.node(&member.address)?)));
        Ok((members.collect::<Result<_, StoreError>>()?, map.missing()))
    }

    /// Tries until it is answered, or refused for good, or patience is at its end.
    async fn deliver(&self, slot: u16, parcel: &Parcel<'_>) -> Result<Answered, StoreError> {
        let patience_ends = Instant::now() + PATIENCE;
        let mut ask: Option<String> = None;
        let mut moved_before = false;
        loop {
            let (error, go_to) = match self.attempt(slot, parcel, ask.take()).await {
                Ok(answered) => return Ok(answered),
                Err(Refusal::Final(error)) => return Err(error),
                Err(Refusal::Unheard { error, go_to }) => (error, go_to),
            };
            if !self.rules.sends_again || Instant::now() >= patience_ends {
                return Err(error);
            }
            match go_to {
                Some(Go::Ask(address)) if parcel.takes_asking() => {
                    ask = Some(address);
                    continue;
                }
                // The first redirection is followed at once; one that leads back waits until the nodes agree.
                Some(Go::Moved(slot, address)) => {
                    self.note_moved(slot, &address);
                    if std::mem::replace(&mut moved_before, true) {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                _ => {
                    self.doubt();
                    tokio::time::sleep(PAUSE).await;
                }
            }
            self.look_if_stale().await;
        }
    }

    /// Sends once. Doubt about one primary must not hold up the slots of the others: where it is known who has this one,
    /// he is asked, and only who was refused, or gets no answer, waits for what the nodes say.
    async fn attempt(
        &self,
        slot: u16,
        parcel: &Parcel<'_>,
        ask: Option<String>,
    ) -> Result<Answered, Refusal> {
        let unheard = |error| Refusal::Unheard { error, go_to: None };
        if self.owner(slot).is_none() {
            self.look_if_stale().await;
        }
        let owner = self.owner(slot);
        let address = match &ask {
            Some(address) => Arc::from(address.as_str()),
            None => owner.clone().ok_or_else(|| unheard(self.uncovered(slot)))?,
        };
        let node = self.node(&address).map_err(Refusal::Final)?;
        let connected = self.unless_replaced(slot, owner.as_ref(), pin!(node.connected())).await;
        let connected = connected.map(|link| link.map_err(|error| error.at(&address)));
        let mut link = connected.unwrap_or_else(|| Err(unreached(&address))).map_err(unheard)?;
        let sent = {
            let sending = pin!(parcel.send(&mut link, ask.is_some()));
            self.unless_replaced(slot, owner.as_ref(), sending).await
        };
        match sent {
            Some(Ok(replies)) => Ok(Answered { replies, link, asking: ask.is_some() }),
            Some(Err(error)) => Err(self.refusal(&error, &address)),
            None => {
                link.give_up();
                Err(Refusal::Final(replaced()))
            }
        }
    }

    /// Waits for something that the primary of a slot is to do; `None` once another has the slot.
    async fn unless_replaced<T>(
        &self,
        slot: u16,
        owner: Option<&Arc<str>>,
        mut doing: std::pin::Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        loop {
            if let Ok(done) = tokio::time::timeout(SUSPICION, doing.as_mut()).await {
                return Some(done);
            }
            self.doubt();
            self.look_if_stale().await;
            if self.owner(slot).as_ref() != owner {
                return None;
            }
        }
    }

    /// What an error of the server that was `asked`, or of the connection to it, means for what was sent.
    fn refusal(&self, error: &RedisError, asked: &str) -> Refusal {
        let answered = error.clone().into_server_errors();
        let Some((_, first)) = answered.as_ref().and_then(|errors| errors.first()) else {
            self.doubt();
            return Refusal::Final(StoreError::of_sent(error).at(asked));
        };
        let meant = StoreError::of_code(first.code(), error.to_string()).at(asked);
        let to = || first.details().and_then(|details| details.split_once(' '));
        let go_to = match first.code() {
            "MOVED" => {
                to().and_then(|(slot, place)| Some(Go::Moved(slot.parse().ok()?, address_of(place, asked)?)))
            }
            "ASK" => to().and_then(|(_, place)| Some(Go::Ask(address_of(place, asked)?))),
            "TRYAGAIN" | "CLUSTERDOWN" | "READONLY" | "MASTERDOWN" | "LOADING" | "NOREPLICAS" => None,
            _ => return Refusal::Final(meant),
        };
        Refusal::Unheard { error: meant, go_to }
    }

    fn owner(&self, slot: u16) -> Option<Arc<str>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner).owner(slot).cloned()
    }

    fn node(&self, address: &Arc<str>) -> Result<Arc<Connection>, StoreError> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = nodes.get(address) {
            return Ok(Arc::clone(node));
        }
        let node = Arc::new(Connection::new(&self.seeds.url_of(address), self.timeouts.clone())?);
        nodes.insert(Arc::clone(address), Arc::clone(&node));
        Ok(node)
    }

    /// Lets go of the nodes that no node names any more; those of the URL stay, to begin anew with.
    fn forget_all_but(&self, members: &[Member]) {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.retain(|address, node| {
            let stays = self.seeds.addresses.iter().any(|seed| **seed == **address)
                || members.iter().any(|member| member.address == *address);
            if !stays {
                // What the number is made of goes with the node, and it must never fall.
                self.turns.fetch_add(node.number(), Ordering::AcqRel);
            }
            stays
        });
    }

    fn note_moved(&self, slot: u16, address: &str) {
        let news = self.map.lock().unwrap_or_else(PoisonError::into_inner).give(slot, address);
        if news {
            self.turns.fetch_add(1, Ordering::AcqRel);
        } else {
            self.doubt();
        }
    }

    fn uncovered(&self, slot: u16) -> StoreError {
        let is_heard = !self.map.lock().unwrap_or_else(PoisonError::into_inner).members().is_empty();
        if is_heard {
            StoreError::Unavailable { detail: format!("no primary of the cluster has slot {slot}") }
        } else {
            self.nobody_says()
        }
    }

    /// Why nothing is known of the cluster, as each node that was asked has it.
    fn nobody_says(&self) -> StoreError {
        let why = self.silence.lock().unwrap_or_else(PoisonError::into_inner).clone();
        StoreError::Unavailable { detail: format!("no node says who has which slot: {why}") }
    }

    /// The map may be wrong.
    fn doubt(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// Asks all nodes who has what, if there is doubt and nobody asked a moment ago.
    async fn look_if_stale(&self) {
        if !self.stale.load(Ordering::Acquire) {
            return;
        }
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < VIEW_PAUSE) || !self.stale.load(Ordering::Acquire) {
            return;
        }
        let nodes: Vec<(Arc<str>, Arc<Connection>)> = {
            let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
            nodes.iter().map(|(address, node)| (Arc::clone(address), Arc::clone(node))).collect()
        };
        let views = join_all(nodes.iter().map(|(address, node)| view_of(address, node))).await;
        *asked = Some(Instant::now());
        let (views, silent): (Vec<_>, Vec<_>) = views.into_iter().partition(Result::is_ok);
        let views: Vec<_> = views.into_iter().flatten().collect();
        if views.is_empty() {
            let why: Vec<String> = silent.into_iter().filter_map(Result::err).collect();
            *self.silence.lock().unwrap_or_else(PoisonError::into_inner) = why.join("; ");
            return;
        }
        let fresh = SlotMap::of_views(&views);
        self.stale.store(false, Ordering::Release);
        self.forget_all_but(fresh.members());
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        if !fresh.same_owners(&map) {
            self.turns.fetch_add(1, Ordering::AcqRel);
        }
        *map = fresh;
    }
}

/// What a node says of the cluster, if it answers soon; else why it does not.
async fn view_of(address: &str, node: &Connection) -> Result<Vec<map::NodeView>, String> {
    let mut nodes = redis::cmd("CLUSTER");
    nodes.arg("NODES");
    let asked = tokio::time::timeout(VIEW_TIMEOUT, node.send(&nodes)).await;
    let reply = asked.map_err(|_| format!("{address}: no answer within {} ms", VIEW_TIMEOUT.as_millis()))?;
    let reply = reply.map_err(|error| format!("{address}: {}", error.said()))?;
    let text: String = redis::from_redis_value_ref(&reply).map_err(|error| format!("{address}: {error}"))?;
    let view = map::read_nodes(&text, address);
    if view.is_empty() { Err(format!("{address}: it names no node")) } else { Ok(view) }
}

/// What goes to one primary in one piece.
enum Parcel<'a> {
    One(&'a Cmd),
    All(&'a Pipeline),
}

impl Parcel<'_> {
    /// Whether it can be handed to a primary that is only just taking the slot over: `ASKING` holds for one command.
    const fn takes_asking(&self) -> bool {
        matches!(self, Self::One(_))
    }

    async fn send(&self, link: &mut Link, asking: bool) -> Result<Vec<Value>, RedisError> {
        match self {
            Self::One(command) if asking => {
                let mut pipeline = redis::pipe();
                pipeline.cmd("ASKING").ignore().add_command((*command).clone());
                link.pipeline(&pipeline).await
            }
            Self::One(command) => link.command(command).await.map(|reply| vec![reply]),
            Self::All(pipeline) => link.pipeline(pipeline).await,
        }
    }
}

fn unreached(address: &str) -> StoreError {
    StoreError::Unavailable { detail: format!("{address} was not reached, and another has its slots now") }
}

fn replaced() -> StoreError {
    StoreError::Unknown { detail: "another primary took over before an answer came".to_owned() }
}

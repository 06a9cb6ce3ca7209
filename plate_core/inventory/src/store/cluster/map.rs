//! Which primary has which slot, put together from what the nodes say of each other.
//!
//! Nodes may disagree for a while, and one that was cut off believes what was true before. Among them the cluster's own
//! rule counts: the claim with the highest configuration epoch. So one view of the winning side is enough, and the
//! view of a primary that was replaced and does not know it does no harm.
//!
//! Pure: it sends nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

/// How many slots a cluster has.
pub(super) const SLOTS: u16 = 16_384;

/// A node as one of them sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct NodeView {
    /// Its name in the cluster.
    id: String,
    /// Where it is reached.
    address: Arc<str>,
    /// Whether it is a primary.
    primary: bool,
    /// Whether most of the cluster takes it for gone.
    failed: bool,
    /// How new its claim is.
    epoch: u64,
    /// What it claims, first and last.
    slots: Vec<(u16, u16)>,
}

/// Reads the reply to `CLUSTER NODES` of the node at `asked`, which may not know its own address yet.
pub(super) fn read_nodes(reply: &str, asked: &str) -> Vec<NodeView> {
    reply.lines().filter_map(|line| read_node(line, asked)).collect()
}

/// `<id> <ip:port@bus[,hostname]> <flags> <primary> <ping> <pong> <epoch> <link> <slot> ...`
fn read_node(line: &str, asked: &str) -> Option<NodeView> {
    let mut fields = line.split_ascii_whitespace();
    let (id, place, flags) = (fields.next()?, fields.next()?, fields.next()?);
    let epoch = fields.nth(3)?.parse().ok()?;
    let address = address_of(place.split('@').next()?, asked)?;
    let flags: Vec<&str> = flags.split(',').collect();
    // After the state of its link come its slots; those in brackets are on the move and still its own.
    let slots = fields.skip(1).filter_map(|slots| {
        let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
        Some((first.parse().ok()?, last.parse().ok()?))
    });
    Some(NodeView {
        id: id.to_owned(),
        address: address.into(),
        primary: flags.contains(&"master"),
        failed: flags.contains(&"fail"),
        epoch,
        slots: slots.collect(),
    })
}

/// Where a place is reached that the node at `asked` names: `host:port`, and without a host the one that was asked.
pub(super) fn address_of(place: &str, asked: &str) -> Option<String> {
    match place.rsplit_once(':')? {
        (_, "0") => None,
        ("", port) => Some(format!("{}:{port}", asked.rsplit_once(':')?.0)),
        _ => Some(place.to_owned()),
    }
}

/// A node of the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::store) struct Member {
    /// Where it is reached.
    pub(in crate::store) address: Arc<str>,
    /// Whether it is a primary that has slots.
    pub(in crate::store) primary: bool,
    /// Whether most of the cluster takes it for gone.
    pub(in crate::store) failed: bool,
}

/// Who has which slot.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct SlotMap {
    /// By slot: a place in `addresses`, or [`NOBODY`].
    owners: Vec<u16>,
    addresses: Vec<Arc<str>>,
    members: Vec<Member>,
}

const NOBODY: u16 = u16::MAX;

impl SlotMap {
    /// What the nodes' views come to.
    pub(super) fn of_views(views: &[Vec<NodeView>]) -> Self {
        let mut map = Self { owners: vec![NOBODY; SLOTS.into()], ..Self::default() };
        let mut newest: BTreeMap<&str, &NodeView> = BTreeMap::new();
        for node in views.iter().flatten() {
            let known = newest.entry(&node.id).or_insert(node);
            if node.epoch > known.epoch {
                *known = node;
            }
        }
        let mut claims: Vec<(u64, &NodeView)> =
            views.iter().flatten().filter(|node| node.primary).map(|node| (node.epoch, node)).collect();
        claims.sort_by_key(|(epoch, _)| *epoch);
        for (_, node) in claims {
            for slot in node.slots.iter().flat_map(|(first, last)| *first..=*last) {
                map.give(slot, &node.address);
            }
        }
        let owners: Vec<Arc<str>> = map.primaries();
        map.members = newest
            .into_values()
            .map(|node| Member {
                address: Arc::clone(&node.address),
                primary: owners.contains(&node.address),
                failed: node.failed,
            })
            .collect();
        map
    }

    /// Who has a slot.
    pub(super) fn owner(&self, slot: u16) -> Option<&Arc<str>> {
        self.addresses.get(usize::from(*self.owners.get(usize::from(slot))?))
    }

    /// Notes who has a slot; whether that is news.
    pub(super) fn give(&mut self, slot: u16, address: &str) -> bool {
        if self.owners.is_empty() {
            self.owners = vec![NOBODY; SLOTS.into()];
        }
        let found = self.addresses.iter().position(|known| **known == *address);
        let place = found.unwrap_or_else(|| {
            self.addresses.push(address.into());
            self.addresses.len() - 1
        });
        let place = u16::try_from(place).unwrap_or(NOBODY);
        match self.owners.get_mut(usize::from(slot)) {
            Some(owner) => std::mem::replace(owner, place) != place,
            None => false,
        }
    }

    /// Every primary that has slots.
    pub(super) fn primaries(&self) -> Vec<Arc<str>> {
        let mut has_slots = vec![false; self.addresses.len()];
        for owner in &self.owners {
            if let Some(has) = has_slots.get_mut(usize::from(*owner)) {
                *has = true;
            }
        }
        let with_slots = self.addresses.iter().zip(has_slots).filter(|(_, has)| *has);
        with_slots.map(|(address, _)| Arc::clone(address)).collect()
    }

    /// Every node, primaries and replicas.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// How many slots nobody has.
    pub(super) fn missing(&self) -> usize {
        let missing = self.owners.iter().filter(|owner| **owner == NOBODY).count();
        if self.owners.is_empty() { SLOTS.into() } else { missing }
    }

    /// Whether both send every slot to the same place.
    pub(super) fn same_owners(&self, other: &Self) -> bool {
        (0..SLOTS).all(|slot| self.owner(slot) == other.owner(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "\
        aa 10.0.0.1:7001@17001 myself,master - 0 0 1 connected 0-8191\n\
        bb 10.0.0.2:7002@17002,b.example master - 0 0 2 connected 8192-16383 [8192->-aa]\n\
        cc 10.0.0.3:7003@17003 slave aa 0 0 1 connected\n";
    const AFTER: &str = "\
        aa 10.0.0.1:7001@17001 master,fail - 0 0 1 disconnected\n\
        bb 10.0.0.2:7002@17002 master - 0 0 2 connected 8192-16383\n\
        cc :7003@17003 myself,master - 0 0 3 connected 0-8191\n";

    fn view(reply: &str, asked: &str) -> Vec<NodeView> {
        read_nodes(reply, asked)
    }

    /// Slots, addresses and roles are read, and a slot on the move is still its owner's.
    #[test]
    fn a_view_is_read() {
        let map = SlotMap::of_views(&[view(BEFORE, "10.0.0.1:7001")]);
        assert_eq!(map.owner(0).map(AsRef::as_ref), Some("10.0.0.1:7001"));
        assert_eq!(map.owner(8_192).map(AsRef::as_ref), Some("10.0.0.2:7002"));
        assert_eq!(map.missing(), 0);
        assert_eq!(map.primaries().len(), 2);
        let roles: Vec<bool> = map.members().iter().map(|member| member.primary).collect();
        assert_eq!(roles, [true, true, false]);
    }

    /// A primary that was replaced and does not know it is outvoted, in whichever order the views come.
    #[test]
    fn the_newest_claim_counts() {
        let (old, new) = (view(BEFORE, "10.0.0.1:7001"), view(AFTER, "10.0.0.3:7003"));
        for views in [[old.clone(), new.clone()], [new, old]] {
            let map = SlotMap::of_views(&views);
            assert_eq!(map.owner(5).map(AsRef::as_ref), Some("10.0.0.3:7003"));
            assert_eq!(map.owner(9_000).map(AsRef::as_ref), Some("10.0.0.2:7002"));
        }
    }

    /// One slot that moved goes elsewhere, and that is news once.
    #[test]
    fn a_slot_that_moved_is_noted() {
        let mut map = SlotMap::of_views(&[view(BEFORE, "10.0.0.1:7001")]);
        assert!(map.give(7, "10.0.0.2:7002"));
        assert!(!map.give(7, "10.0.0.2:7002"));
        assert_eq!(map.owner(7).map(AsRef::as_ref), Some("10.0.0.2:7002"));
        assert_eq!(map.owner(8).map(AsRef::as_ref), Some("10.0.0.1:7001"));
    }

    /// A node that does not know its own host means the one that it was asked under, in redirections too.
    #[test]
    fn a_place_without_a_host_is_at_the_one_that_was_asked() {
        assert_eq!(address_of(":7003", "10.0.0.3:7001").as_deref(), Some("10.0.0.3:7003"));
        assert_eq!(address_of("10.0.0.4:7004", "10.0.0.3:7001").as_deref(), Some("10.0.0.4:7004"));
        assert_eq!(address_of("10.0.0.4:0", "10.0.0.3:7001"), None);
    }

    /// Nothing is anybody's before anything was heard, and what cannot be read is left out.
    #[test]
    fn nothing_is_known_before_anything_was_heard() {
        assert_eq!(SlotMap::default().owner(0), None);
        assert_eq!(SlotMap::default().missing(), usize::from(SLOTS));
        assert_eq!(read_nodes("nonsense\n\nid :0@0 master,noaddr - 0 0 1 connected 5\n", "h:1"), []);
    }
}

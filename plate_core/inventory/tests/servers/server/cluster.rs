//! A cluster of its own for a test: three primaries and three replicas of the real thing, on loopback.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Behind, CONTRACT, Home, Kind};

/// Primaries; each has one replica.
pub const PRIMARIES: usize = 3;
/// After how long nodes take one another for gone. Short, so that a test need not wait for a failover.
const NODE_TIMEOUT_MS: u32 = 500;
const SLOTS: u16 = 16_384;

/// One node; killed when it goes out of scope.
pub struct Node {
    child: Child,
    directory: TempDir,
    kind: Kind,
    /// Where clients speak to it, and where the other nodes do.
    ports: [u16; 2],
}

/// Three primaries, and a replica of each: node 3 of node 0 and so on.
pub struct Cluster {
    nodes: Vec<Node>,
}

impl Cluster {
    /// Starts it, and waits until it serves.
    pub fn start(kind: Kind) -> Self {
        let cluster = Self { nodes: (0..2 * PRIMARIES).map(|_| Node::start(kind)).collect() };
        let mut clients: Vec<redis::Connection> = cluster.nodes.iter().map(Node::client).collect();
        for (index, client) in clients.iter_mut().enumerate() {
            let epoch = ["SET-CONFIG-EPOCH".to_owned(), (index + 1).to_string()];
            // Before it knows any other, or it is refused.
            ask::<()>(client, &epoch);
        }
        for (index, client) in clients.iter_mut().enumerate() {
            for node in &cluster.nodes[index + 1..] {
                let [port, bus] = node.ports.map(|port| port.to_string());
                ask::<()>(client, &["MEET".to_owned(), "127.0.0.1".to_owned(), port, bus]);
            }
        }
        for (index, client) in clients.iter_mut().take(PRIMARIES).enumerate() {
            let slots = slots_of(index);
            let range = [slots.start(), slots.end()].map(ToString::to_string);
            ask::<()>(client, &["ADDSLOTSRANGE".to_owned(), range[0].clone(), range[1].clone()]);
        }
        await_that("all know one another", || {
            clients.iter_mut().all(|client| {
                let nodes: String = ask(client, &["NODES".to_owned()]);
                nodes.lines().count() == 2 * PRIMARIES && !nodes.contains("handshake")
            })
        });
        for index in 0..PRIMARIES {
            let id: String = ask(&mut clients[index], &["MYID".to_owned()]);
            ask::<()>(&mut clients[PRIMARIES + index], &["REPLICATE".to_owned(), id]);
        }
        await_that("all is well", || cluster.is_whole());
        cluster
    }

    /// One of its nodes: 0 to 2 began as primaries, 3 to 5 as their replicas.
    pub fn node(&mut self, index: usize) -> &mut Node {
        &mut self.nodes[index]
    }

    /// The index of the primary that a key is on at first.
    pub fn index_of(key: &str) -> usize {
        let slot = plate_inventory::keys::slot(key);
        (0..PRIMARIES).find(|index| slots_of(*index).contains(&slot)).expect("every slot is somebody's")
    }

    /// Whether every node that runs takes the cluster for whole, and every replica has its primary's data.
    pub fn is_whole(&self) -> bool {
        self.nodes.iter().all(|node| {
            let Ok(mut client) = node.try_client() else { return false };
            let whole = ask::<String>(&mut client, &["INFO".to_owned()]).contains("cluster_state:ok");
            let info: String =
                redis::cmd("INFO").arg("replication").query(&mut client).expect("INFO answers");
            let linked = info.contains("master_link_status:up") || info.contains("state=online");
            whole && linked
        })
    }
}

impl Home for Cluster {
    fn url(&self) -> String {
        let places: Vec<String> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.ports[0])).collect();
        format!("redis+cluster://{}/", places.join(","))
    }

    fn behind(&self) -> Behind {
        let primaries = self.nodes.iter().take(PRIMARIES).enumerate();
        Behind(primaries.map(|(index, node)| (slots_of(index), node.client())).collect())
    }

    fn everybody(&self) -> Vec<redis::Connection> {
        self.nodes.iter().map(Node::client).collect()
    }
}

impl Node {
    fn start(kind: Kind) -> Self {
        let directory = tempfile::tempdir().expect("a directory for the node");
        let ports = free_ports();
        let child = spawn(kind, &directory, ports);
        let node = Self { child, directory, kind, ports };
        await_that("the node answers", || {
            node.try_client().is_ok_and(|mut client| redis::cmd("PING").exec(&mut client).is_ok())
        });
        node
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as a power cut would, and leaves its directory.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Starts it again on the same directory.
    pub fn start_again(&mut self) {
        self.child = spawn(self.kind, &self.directory, self.ports);
    }

    /// Its `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0])
    }

    /// A plain client of it.
    pub fn client(&self) -> redis::Connection {
        self.try_client().expect("the node answers")
    }

    fn try_client(&self) -> redis::RedisResult<redis::Connection> {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/", self.ports[0]))?;
        let connection = client.get_connection_with_timeout(Duration::from_secs(1))?;
        connection.set_read_timeout(Some(Duration::from_secs(5)))?;
        Ok(connection)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks a node about its cluster.
pub fn ask<T: redis::FromRedisValue>(client: &mut redis::Connection, words: &[String]) -> T {
    redis::cmd("CLUSTER").arg(words).query(client).expect("the node answers")
}

/// Waits until something is so.
pub fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn slots_of(index: usize) -> std::ops::RangeInclusive<u16> {
    let first = |index: usize| u16::try_from(index * usize::from(SLOTS) / PRIMARIES).expect("a slot");
    first(index)..=first(index + 1) - 1
}

/// Two ports that nobody has; held until both are known, so that they are two.
fn free_ports() -> [u16; 2] {
    let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    held.map(|listener| listener.local_addr().expect("it is bound").port())
}

fn spawn(kind: Kind, directory: &TempDir, [port, bus]: [u16; 2]) -> Child {
    let mut command = Command::new(kind.binary());
    command.current_dir(directory.path());
    let own = [("port", port.to_string()), ("cluster-port", bus.to_string())];
    let timeout = NODE_TIMEOUT_MS.to_string();
    let of_cluster = [
        ("bind", "127.0.0.1"),
        ("cluster-enabled", "yes"),
        ("cluster-node-timeout", timeout.as_str()),
        ("cluster-replica-validity-factor", "0"),
        ("cluster-require-full-coverage", "no"),
        ("min-replicas-to-write", "1"),
        ("repl-diskless-sync-delay", "0"),
    ];
    for (name, value) in own.iter().map(|(name, value)| (*name, value.as_str())) {
        command.arg(format!("--{name}")).arg(value);
    }
    for (name, value) in CONTRACT.iter().chain(&of_cluster) {
        command.arg(format!("--{name}")).arg(value);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the node starts")
}

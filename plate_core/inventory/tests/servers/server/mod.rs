//! A server of its own for a test: real Valkey or real Redis on a unix socket in a directory that goes with it.
//!
//! Settings are those of the boot contract, so that a test sees what production sees. Which binary is started is
//! said by the environment, and a test that finds none fails with a sentence: a check that is quietly left out
//! is none.

pub mod cluster;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plate_inventory::feed::{DOCUMENTS_POOL, REFUSALS_POOL};
use plate_inventory::keys;
use plate_inventory::library::Library;
use plate_inventory::placement::Placement;
use plate_inventory::store::{Store, StoreOptions};
use tempfile::TempDir;

/// The two servers that everything must work on.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Valkey 8 or later.
    Valkey,
    /// Redis 7.0.
    Redis,
}

impl Kind {
    /// Both.
    pub const BOTH: [Kind; 2] = [Kind::Valkey, Kind::Redis];

    pub(super) fn binary(self) -> PathBuf {
        let name = match self {
            Kind::Valkey => "PLATES_TEST_VALKEY",
            Kind::Redis => "PLATES_TEST_REDIS",
        };
        let path = std::env::var_os(name).map(PathBuf::from).unwrap_or_else(|| {
            panic!("set {name} to the path of a server's binary, as `make test` does (see Makefile, RUST_TEST_ENVIRONMENT)")
        });
        assert!(path.is_file(), "{name} says {}, and there is no such file", path.display());
        path
    }
}

/// Where a store under test may stand: one server, or the nodes of a cluster.
pub trait Home {
    /// Its URL.
    fn url(&self) -> String;

    /// Plain clients of all servers that have keys.
    fn behind(&self) -> Behind;

    /// Plain clients of all servers, replicas too.
    fn everybody(&self) -> Vec<redis::Connection>;

    /// Changes a setting everywhere.
    fn set_everywhere(&self, setting: &str, value: &str) {
        for client in &mut self.everybody() {
            redis::cmd("CONFIG").arg("SET").arg(setting).arg(value).exec(client).expect("it is set");
        }
    }

    /// A store there that calls this library and takes the shard to stand in that place.
    fn store_placed(&self, library: Library, placement: Placement) -> impl Future<Output = Store> {
        let options = StoreOptions { placement, ..StoreOptions::of(library) };
        let url = self.url();
        async move { Store::connect(&url, options).await.expect("the store connects") }
    }
}

/// Plain clients, to look behind a store's back: each with the slots that its server has.
pub struct Behind(Vec<(RangeInclusive<u16>, redis::Connection)>);

impl Behind {
    /// The client of the server that has a key.
    pub fn of(&mut self, key: &str) -> &mut redis::Connection {
        let slot = keys::slot(key);
        let found = self.0.iter_mut().find(|(slots, _)| slots.contains(&slot));
        &mut found.expect("every slot is somebody's").1
    }

    /// Empties everything.
    pub fn empty(&mut self) {
        for (_, client) in &mut self.0 {
            redis::cmd("FLUSHALL").exec(client).expect("the server is emptied");
        }
    }

    /// Sets the time of pools' functions, of the shard's and of the pools without marks.
    pub fn set_time(&mut self, pools: &[&str], now_ms: i64) {
        for tag in pools.iter().chain(&["s0", DOCUMENTS_POOL, REFUSALS_POOL]) {
            let clock = format!("{{{tag}}}:clock");
            redis::cmd("SET").arg(&clock).arg(now_ms).exec(self.of(&clock)).expect("the time is set");
        }
    }
}

impl Home for Server {
    fn url(&self) -> String {
        Server::url(self)
    }

    fn behind(&self) -> Behind {
        Behind(vec![(0..=u16::MAX, self.client())])
    }

    fn everybody(&self) -> Vec<redis::Connection> {
        vec![self.client()]
    }
}

/// A running server; killed when it goes out of scope.
pub struct Server {
    child: Child,
    directory: TempDir,
    kind: Kind,
    settings: Vec<(String, String)>,
}

impl Server {
    /// Starts a server with the settings of the boot contract.
    pub fn start(kind: Kind) -> Self {
        Self::start_with(kind, &[])
    }

    /// Starts a server; `settings` come after the contract's and win over them.
    pub fn start_with(kind: Kind, settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory for the server");
        let own = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Vec<_>>();
        let child = spawn(kind, &directory, &own);
        let server = Self { child, directory, kind, settings: own };
        server.wait_until_ready();
        server
    }

    /// Ends it at once, as a power cut would, and leaves its directory.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Starts it again on the same directory.
    pub fn start_again(&mut self) {
        self.child = spawn(self.kind, &self.directory, &self.settings);
        self.wait_until_ready();
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("unix://{}", self.directory.path().join("server.sock").display())
    }

    /// A store on it whose time is what [`set_time`] says.
    pub async fn store(&self) -> Store {
        self.store_of(Library::for_tests().expect("the library assembles")).await
    }

    /// A store on it that calls this library.
    pub async fn store_of(&self, library: Library) -> Store {
        self.store_placed(library, Placement::Together).await
    }

    /// A plain client, to look at the server behind the store's back.
    pub fn client(&self) -> redis::Connection {
        let client = redis::Client::open(self.url()).expect("a URL");
        client.get_connection().expect("the server answers")
    }

    fn wait_until_ready(&self) {
        let client = redis::Client::open(self.url()).expect("a URL");
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Ok(mut connection) = client.get_connection()
                && redis::cmd("PING").query::<String>(&mut connection).is_ok()
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server was not ready within 20 s; see {}", self.directory.path().display());
    }
}

fn spawn(kind: Kind, directory: &TempDir, settings: &[(String, String)]) -> Child {
    let mut command = Command::new(kind.binary());
    command.current_dir(directory.path()).arg("--port").arg("0");
    command.arg("--unixsocket").arg(directory.path().join("server.sock"));
    for (name, value) in CONTRACT {
        command.arg(format!("--{name}")).arg(value);
    }
    for (name, value) in settings {
        command.arg(format!("--{name}")).arg(value);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server starts")
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The settings of the boot contract.
const CONTRACT: &[(&str, &str)] = &[
    ("save", ""),
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("no-appendfsync-on-rewrite", "no"),
    ("aof-load-truncated", "no"),
    ("maxmemory", "1gb"),
    ("maxmemory-policy", "noeviction"),
];

/// Sets the time of a pool's functions, of the shard's and of the pools without marks.
pub fn set_time(client: &mut redis::Connection, pools: &[&str], now_ms: i64) {
    let mut pipeline = redis::pipe();
    pipeline.cmd("SET").arg("{s0}:clock").arg(now_ms);
    for pool in pools.iter().chain(&[DOCUMENTS_POOL, REFUSALS_POOL]) {
        pipeline.cmd("SET").arg(format!("{{{pool}}}:clock")).arg(now_ms);
    }
    pipeline.exec(client).expect("the time is set");
}

/// Runs a test's own little world: one thread, as the store wants it.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test)
}

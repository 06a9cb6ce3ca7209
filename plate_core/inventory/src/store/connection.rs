//! One connection to the server, made anew when it is lost, and the judgement of what became of what was sent.
//!
//! Nothing is ever sent twice here. Repeating is the caller's business, who has the request id; a client that
//! repeats by itself cannot know whether the first time took effect.
//!
//! The defaults of the client library are wrong for us and set explicitly: it would give up an answer after
//! half a second, which under `appendfsync always` and a full disk queue is a normal wait, and would queue 50
//! commands. A timed-out wait does not take the command back; it only stops us from knowing.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, Cmd, IntoConnectionInfo, Pipeline, ProtocolVersion, PushKind, RedisError,
    Value,
};

use super::StoreError;
use super::cluster::Replication;

/// How long the client waits, and how much it takes in advance.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// How long making a connection may take.
    pub connect: Duration,
    /// How long an answer may take before its fate is called unknown.
    pub response: Duration,
    /// How long after a failed attempt the next one is made; calls in between fail at once.
    pub reconnect_pause: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            response: Duration::from_secs(5),
            reconnect_pause: Duration::from_millis(100),
        }
    }
}

/// Commands under way at once, at most. The engine above has its own bound, far below this one.
const QUEUE_MAX: usize = 4_096;
/// Bytes that wait for the socket before the client stops taking more: a few batches of 128.
const WRITE_BUFFER_BYTES: usize = 1 << 20;

/// A connection that is made when it is needed.
pub(super) struct Connection {
    client: Client,
    timeouts: Timeouts,
    present: Mutex<Option<Link>>,
    /// Held while one task makes the connection; the others wait for it.
    making: tokio::sync::Mutex<Option<(Instant, StoreError)>>,
    /// How many connections were made so far.
    made: AtomicU64,
}

/// The connection as it is now. What is sent over one link went to one server, over one socket.
#[derive(Clone)]
pub(super) struct Link {
    wire: MultiplexedConnection,
    /// Falls when the driver sees the connection end, so that the next call is not sent into nothing.
    alive: Arc<AtomicBool>,
    /// What of the server's writes is known to be on its replicas too; only a cluster asks.
    pub(super) replication: Arc<Replication>,
}

impl Link {
    /// Sends one command.
    pub(super) async fn command(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        let sent = self.wire.req_packed_command(command).await;
        sent.and_then(Value::extract_error).inspect_err(|error| self.judge(error))
    }

    /// Sends several commands at once; an error names each one that failed.
    pub(super) async fn pipeline(&mut self, pipeline: &Pipeline) -> Result<Vec<Value>, RedisError> {
        pipeline.query_async(&mut self.wire).await.inspect_err(|error| self.judge(error))
    }

    /// Whether the connection can go on after an error. One of the server leaves it whole, or several of a pipeline.
    /// Anything else, a timeout too, does not: behind a half-dead link no later answer would come either.
    fn judge(&self, error: &RedisError) {
        if error.code().is_none() && error.clone().into_server_errors().is_none() {
            self.give_up();
        }
    }

    /// Whether anything can still be sent over this link.
    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    /// Nothing more is sent over this link.
    pub(super) fn give_up(&self) {
        self.alive.store(false, Ordering::Release);
    }
}

impl Connection {
    /// Reads the URL; nothing is opened yet.
    pub(super) fn new(url: &str, timeouts: Timeouts) -> Result<Self, StoreError> {
        let info =
            url.into_connection_info().map_err(|error| StoreError::Url { detail: error.to_string() })?;
        // RESP3, because only with it the client library tells when a connection has ended.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(settings))
            .map_err(|error| StoreError::Url { detail: error.to_string() })?;
        let (present, making) = (Mutex::new(None), tokio::sync::Mutex::new(None));
        Ok(Self { client, timeouts, present, making, made: AtomicU64::new(0) })
    }

    /// Which connection this is: one more whenever it was made anew.
    pub(super) fn number(&self) -> u64 {
        self.made.load(Ordering::Acquire)
    }

    /// Sends one command.
    pub(super) async fn send(&self, command: &Cmd) -> Result<Value, StoreError> {
        let mut link = self.connected().await?;
        link.command(command).await.map_err(|error| StoreError::of_sent(&error))
    }

    /// Sends several commands at once; if one fails, the error is that of the first that did.
    pub(super) async fn send_all(&self, pipeline: &Pipeline) -> Result<Vec<Value>, StoreError> {
        let mut link = self.connected().await?;
        link.pipeline(pipeline).await.map_err(|error| StoreError::of_sent(&error))
    }

    fn present(&self) -> Option<Link> {
        let present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.as_ref().filter(|present| present.is_alive()).cloned()
    }

    /// The connection; made now, unless an attempt has failed a moment ago.
    pub(super) async fn connected(&self) -> Result<Link, StoreError> {
        if let Some(present) = self.present() {
            return Ok(present);
        }
        let mut making = self.making.lock().await;
        if let Some(present) = self.present() {
            return Ok(present);
        }
        if let Some((at, error)) = making.as_ref()
            && at.elapsed() < self.timeouts.reconnect_pause
        {
            return Err(error.clone());
        }
        match self.connect().await {
            Ok(made) => {
                *making = None;
                self.made.fetch_add(1, Ordering::AcqRel);
                *self.present.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
                Ok(made)
            }
            Err(error) => {
                *making = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn connect(&self) -> Result<Link, StoreError> {
        let alive = Arc::new(AtomicBool::new(true));
        let witness = Arc::clone(&alive);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeouts.connect))
            .set_response_timeout(Some(self.timeouts.response))
            .set_pipeline_buffer_size(QUEUE_MAX)
            .set_write_backpressure_boundary(WRITE_BUFFER_BYTES)
            .set_push_sender(move |push: redis::PushInfo| {
                if push.kind == PushKind::Disconnection {
                    witness.store(false, Ordering::Release);
                }
                Ok::<(), redis::aio::SendError>(())
            });
        let wire = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let replication = Arc::default();
        wire.map(|wire| Link { wire, alive, replication }).map_err(|error| StoreError::of_unsent(&error))
    }
}

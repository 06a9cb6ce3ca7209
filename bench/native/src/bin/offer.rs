//! `offer PLAN ADDRESS CONNECTIONS RATE:SECONDS...`: requests at a rate, whatever the answers do, phase after phase.
//!
//! One line of JSON goes out: of each request when it was due, how long its answer took from that moment, its status
//! (0: none came), and what its Retry-After said (0: nothing). Whoever asked judges (`bench/overload.py`). A request
//! that finds no free connection waits here, and its wait counts.
//!
//! Answers are read as far as this needs it: status, two headers, and as many bytes of body as were announced. So a
//! generator at twice the rate that a service can bear takes little from it. Not here: journeys (`launch`).

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::rc::Rc;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep_until, timeout};

type Fault = Box<dyn std::error::Error>;
/// Status and Retry-After in seconds, each 0 where there is none.
type Answer = (u16, u32);

/// Nobody waits longer.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any head of an answer.
const HEAD_MAX: usize = 16 * 1024;

/// One line of a plan, as far as it is asked here.
#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    token: String,
    key: String,
    body: Option<String>,
}

impl Request {
    fn bytes(&self, address: &str) -> Vec<u8> {
        let body = self.body.as_deref().unwrap_or_default();
        format!(
            "{} {} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nidempotency-key: {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.method,
            self.path,
            self.token,
            self.key,
            body.len()
        )
        .into_bytes()
    }
}

/// What became of one request; times in microseconds since the first was due.
struct Asked {
    due_us: u64,
    took_us: u64,
    status: u16,
    retry_after_s: u32,
}

/// The line that all connections take from.
struct Line {
    requests: Vec<Vec<u8>>,
    due: Vec<Duration>,
    next: Cell<usize>,
    begun: Instant,
    asked: RefCell<Vec<Asked>>,
}

impl Line {
    /// The next request and the moment at which it is due, when that has come.
    async fn next(&self) -> Option<(&[u8], Instant)> {
        let index = self.next.get();
        let (request, due) = (self.requests.get(index)?, self.begun + *self.due.get(index)?);
        self.next.set(index + 1);
        sleep_until(due).await;
        Some((request, due))
    }

    fn note(&self, due: Instant, answer: Option<Answer>) {
        let (status, retry_after_s) = answer.unwrap_or_default();
        let (due_us, took_us) = (micros(due - self.begun), micros(due.elapsed()));
        self.asked.borrow_mut().push(Asked { due_us, took_us, status, retry_after_s });
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A connection that is kept, and what was read of it beyond the last answer.
struct Connection {
    address: String,
    stream: Option<TcpStream>,
    read: Vec<u8>,
}

impl Connection {
    /// Asks once; no answer where the connection broke or nothing came in time.
    async fn ask(&mut self, request: &[u8]) -> Option<Answer> {
        let answer = timeout(PATIENCE, self.exchange(request)).await.ok().and_then(Result::ok);
        if answer.is_none() {
            self.stream = None;
        }
        answer
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Answer, Fault> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(&self.address).await?;
                stream.set_nodelay(true)?;
                self.read.clear();
                self.stream.insert(stream)
            }
        };
        stream.write_all(request).await?;
        loop {
            if let Some((answer, end)) = Self::answer(&self.read)? {
                while self.read.len() < end {
                    Self::more(stream, &mut self.read).await?;
                }
                self.read.drain(..end);
                return Ok(answer);
            }
            Self::more(stream, &mut self.read).await?;
        }
    }

    async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Result<(), Fault> {
        match stream.read_buf(read).await? {
            0 => Err("the connection ended".into()),
            _ => Ok(()),
        }
    }

    /// Status and Retry-After of an answer whose head is there, and where its body will end.
    fn answer(read: &[u8]) -> Result<Option<(Answer, usize)>, Fault> {
        let Some(head_end) = read.windows(4).position(|window| window == b"\r\n\r\n") else {
            return if read.len() > HEAD_MAX { Err("no end of the head".into()) } else { Ok(None) };
        };
        let head = std::str::from_utf8(read.get(..head_end).unwrap_or_default())?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).ok_or("no status")?.parse()?;
        let (mut length, mut retry_after) = (0, 0);
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse()?;
            } else if name.eq_ignore_ascii_case("retry-after") {
                retry_after = value.parse()?;
            }
        }
        Ok(Some(((status, retry_after), head_end + 4 + length)))
    }
}

/// The moments at which requests are due: each phase at its rate, one phase after the other. As many as
/// `moments` in `bench/overload.py` says.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts of a bench are small"
)]
fn schedule(phases: &[(f64, f64)]) -> Vec<Duration> {
    let mut due = Vec::new();
    let mut begun = 0.0;
    for (rate, seconds) in phases {
        let count = (rate * seconds) as usize;
        due.extend((0..count).map(|number| Duration::from_secs_f64(begun + number as f64 / rate)));
        begun += seconds;
    }
    due
}

async fn offer() -> Result<String, Fault> {
    let usage = "usage: offer PLAN ADDRESS CONNECTIONS RATE:SECONDS...";
    let mut arguments = std::env::args().skip(1);
    let (plan, address) = (arguments.next().ok_or(usage)?, arguments.next().ok_or(usage)?);
    let connections: usize = arguments.next().ok_or(usage)?.parse()?;
    let mut phases = Vec::new();
    for phase in arguments {
        let (rate, seconds) = phase.split_once(':').ok_or(usage)?;
        phases.push((rate.parse()?, seconds.parse()?));
    }
    let mut requests = Vec::new();
    for line in std::fs::read_to_string(&plan)?.lines() {
        requests.push(serde_json::from_str::<Request>(line)?.bytes(&address));
    }
    let due = schedule(&phases);
    if due.len() > requests.len() {
        return Err(format!("{} requests are due, {plan} has {}", due.len(), requests.len()).into());
    }
    let (next, asked) = (Cell::new(0), RefCell::new(Vec::with_capacity(due.len())));
    let line = Rc::new(Line { requests, due, next, begun: Instant::now(), asked });
    let mut people = JoinSet::new();
    for _ in 0..connections {
        let line = Rc::clone(&line);
        let mut connection = Connection { address: address.clone(), stream: None, read: Vec::new() };
        people.spawn_local(async move {
            while let Some((request, due)) = line.next().await {
                let answer = connection.ask(request).await;
                line.note(due, answer);
            }
        });
    }
    while let Some(ended) = people.join_next().await {
        ended?;
    }
    let asked: Vec<(u64, u64, u16, u32)> = line
        .asked
        .borrow()
        .iter()
        .map(|one| (one.due_us, one.took_us, one.status, one.retry_after_s))
        .collect();
    Ok(serde_json::to_string(&asked)?)
}

fn main() -> Result<(), Fault> {
    // One thread: the generator shares its cores with what it measures.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let line = LocalSet::new().block_on(&runtime, offer())?;
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

//! The engine against a backend that answers as it is told: no store, no sleeping.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::Semaphore;

use super::{Backend, Certainty, Completion, Engine, EngineError, LaneBounds, Options, Port};

/// What an item makes the backend do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Answer(u64),
    /// Wait at the gate, then answer.
    Gate(u64),
    FailBefore,
    FailAfter,
    Panic,
    AnswerTooFew,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    before: bool,
}

impl Certainty for Failure {
    fn nothing_applied(&self) -> bool {
        self.before
    }
}

struct Scripted {
    gate: Arc<Semaphore>,
    batches: mpsc::Sender<Vec<Order>>,
}

impl Backend for Scripted {
    type Lane = u8;
    type Item = Order;
    type Reply = u64;
    type Error = Failure;

    #[allow(clippy::panic, reason = "the test is about a backend that panics")]
    async fn run(&self, _lane: u8, items: Vec<Order>) -> Result<Vec<u64>, Failure> {
        let _ = self.batches.send(items.clone());
        let mut replies = Vec::new();
        for item in items {
            match item {
                Order::Answer(value) => replies.push(value * 2),
                Order::Gate(value) => {
                    let Ok(permit) = self.gate.acquire().await else {
                        return Err(Failure { before: false });
                    };
                    permit.forget();
                    replies.push(value * 2);
                }
                Order::FailBefore => return Err(Failure { before: true }),
                Order::FailAfter => return Err(Failure { before: false }),
                Order::Panic => panic!("the backend was told to"),
                Order::AnswerTooFew => return Ok(Vec::new()),
            }
        }
        Ok(replies)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Done {
    Answered(Vec<Option<u64>>),
    Failed(EngineError<Failure>),
    Called(Result<u64, EngineError<Failure>>),
}

impl Completion<Scripted> for Done {
    fn answered(replies: Vec<Option<u64>>) -> Self {
        Self::Answered(replies)
    }

    fn failed(error: EngineError<Failure>) -> Self {
        Self::Failed(error)
    }
}

struct Bench {
    engine: Engine<Scripted, Done>,
    port: Arc<Port<Done>>,
    gate: Arc<Semaphore>,
    batches: mpsc::Receiver<Vec<Order>>,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl Bench {
    fn new(options: Options) -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let (batches_in, batches) = mpsc::channel();
        let scripted = Scripted { gate: Arc::clone(&gate), batches: batches_in };
        let engine = Engine::open(move || scripted, options).expect("a thread");
        Self { engine, port: Port::new(1_024).expect("a descriptor"), gate, batches }
    }

    fn small() -> Self {
        Self::new(Options {
            backlog_max: 16,
            lanes: LaneBounds { batch_max: 4, in_flight_max: 2 },
            close_grace: Duration::from_millis(1),
        })
    }

    fn submit(&self, token: u64, items: &[(u8, Order)]) -> Result<(), EngineError<Failure>> {
        self.engine.submit(&self.port, token, items.to_vec())?;
        self.engine.kick();
        Ok(())
    }

    /// Wait for so many completions, by token.
    fn finished(&self, count: usize) -> BTreeMap<u64, Done> {
        let mut all = BTreeMap::new();
        while all.len() < count {
            let wait = Timespec { tv_sec: PATIENCE.as_secs().cast_signed(), tv_nsec: 0 };
            let event = self.port.event();
            let mut descriptors = [PollFd::new(&event, PollFlags::IN)];
            assert!(poll(&mut descriptors, Some(&wait)).expect("poll") > 0, "nothing more finished: {all:?}");
            self.port.drain(|token, done| {
                assert!(all.insert(token, done).is_none(), "token {token} finished twice");
            });
        }
        all
    }

    fn one(&self) -> Done {
        self.finished(1).into_values().next().expect("one")
    }

    fn batch(&self) -> Vec<Order> {
        self.batches.recv_timeout(PATIENCE).expect("a batch")
    }
}

use Order::{Answer, AnswerTooFew, FailAfter, FailBefore, Gate, Panic};

/// A list that travels in two lanes is answered as one, in its own order.
#[test]
fn a_list_is_answered_in_its_order() {
    let bench = Bench::small();
    bench.submit(7, &[(1, Answer(1)), (2, Answer(2)), (1, Answer(3))]).unwrap();
    assert_eq!(bench.finished(1), BTreeMap::from([(7, Done::Answered(vec![Some(2), Some(4), Some(6)]))]));
}

/// An empty list needs no batch.
#[test]
fn an_empty_list_is_answered() {
    let bench = Bench::small();
    bench.submit(1, &[]).unwrap();
    assert_eq!(bench.one(), Done::Answered(Vec::new()));
}

/// What is pushed before one kick shares a batch; what comes while two batches are under way is the next one.
#[test]
fn a_busy_lane_gathers() {
    let bench = Bench::small();
    bench.engine.submit(&bench.port, 0, vec![(1, Gate(0))]).unwrap();
    bench.engine.submit(&bench.port, 1, vec![(1, Gate(1))]).unwrap();
    bench.engine.kick();
    assert_eq!(bench.batch(), [Gate(0), Gate(1)]);
    bench.submit(2, &[(1, Gate(2))]).unwrap();
    assert_eq!(bench.batch(), [Gate(2)]);
    for token in 3..9 {
        bench.submit(token, &[(1, Answer(token))]).unwrap();
    }
    bench.submit(9, &[(2, Answer(9))]).unwrap();
    // The other lane is not held up, and proves that the six before it were taken in.
    assert_eq!(bench.batch(), [Answer(9)]);
    bench.gate.add_permits(3);
    assert_eq!(bench.batch(), [Answer(3), Answer(4), Answer(5), Answer(6)]);
    assert_eq!(bench.batch(), [Answer(7), Answer(8)]);
    assert_eq!(bench.finished(10).len(), 10);
    assert_eq!(bench.engine.backlog(), 0);
}

/// How a failed batch is told to its callers: a decision table.
#[test]
fn failures_are_told_apart() {
    let before = || Done::Failed(EngineError::Backend(Failure { before: true }));
    for (items, expected) in [
        // Nothing applied: the list fails with the reason.
        (vec![(1, FailBefore)], before()),
        (vec![(1, FailBefore), (2, FailBefore)], before()),
        // Perhaps applied: each item is unknown.
        (vec![(1, FailAfter), (1, Answer(1))], Done::Answered(vec![None, None])),
        // One batch answered, the other not applied: never reported as if the whole list had failed.
        (vec![(1, Answer(1)), (2, FailBefore)], Done::Answered(vec![Some(2), None])),
        (vec![(1, Answer(1)), (2, FailAfter)], Done::Answered(vec![Some(2), None])),
        // A backend that panics or breaks its promise: unknown.
        (vec![(1, Panic), (2, Answer(2))], Done::Answered(vec![None, Some(4)])),
        (vec![(1, AnswerTooFew)], Done::Answered(vec![None])),
    ] {
        let bench = Bench::small();
        bench.submit(1, &items).unwrap();
        assert_eq!(bench.one(), expected, "{items:?}");
        assert_eq!(bench.engine.backlog(), 0, "{items:?}");
    }
}

/// A panic in one batch ends neither the thread nor the lane, nor what waits in it.
#[test]
fn a_panic_is_survived() {
    let bench = Bench::small();
    for token in 0..12 {
        bench
            .engine
            .submit(&bench.port, token, vec![(1, if token < 8 { Panic } else { Answer(token) })])
            .unwrap();
    }
    bench.engine.kick();
    let finished = bench.finished(12);
    assert_eq!(finished[&0], Done::Answered(vec![None]));
    assert_eq!(finished[&11], Done::Answered(vec![Some(22)]));
}

/// A full backlog is a refusal with a time, and room that is given back can be taken again.
#[test]
fn a_full_backlog_refuses() {
    let bench = Bench::small();
    let sixteen: Vec<_> = (0..16).map(|value| (1, Gate(value))).collect();
    bench.submit(1, &sixteen).unwrap();
    let refused = bench.submit(2, &[(1, Answer(1))]);
    assert!(matches!(refused, Err(EngineError::Overloaded { retry_after_ms: 1.. })), "{refused:?}");
    bench.gate.add_permits(16);
    assert!(matches!(bench.one(), Done::Answered(_)));
    bench.submit(3, &[(1, Answer(1))]).unwrap();
    assert_eq!(bench.one(), Done::Answered(vec![Some(2)]));
    let too_long: Vec<_> = (0..17).map(|value| (1, Answer(value))).collect();
    assert_eq!(bench.submit(4, &too_long), Err(EngineError::ListTooLong { items: 17, most: 16 }));
}

/// A ring that could overflow takes no further request, so that no completion is ever lost.
#[test]
fn a_full_port_refuses() {
    let bench = Bench::small();
    let narrow = Port::new(2).unwrap();
    for token in 0..2 {
        bench.engine.submit(&narrow, token, vec![(1, Answer(1))]).unwrap();
    }
    let third = bench.engine.submit(&narrow, 2, vec![(1, Answer(1))]);
    assert!(matches!(third, Err(EngineError::Overloaded { .. })), "{third:?}");
    assert_eq!(bench.engine.backlog(), 2);
}

/// Closing refuses what waits, gives what is under way its grace, reports the rest as unknown, and is final.
#[test]
fn closing_reports_everything() {
    let bench = Bench::small();
    for token in 0..3 {
        bench.submit(token, &[(1, Gate(token))]).unwrap();
        if token < 2 {
            bench.batch();
        }
    }
    bench
        .engine
        .call(&bench.port, 3, |_| std::future::pending::<Result<u64, Failure>>(), Done::Called)
        .unwrap();
    bench.submit(4, &[(2, Answer(4))]).unwrap();
    bench.batch();
    bench.engine.close();
    bench.engine.close();
    let finished = bench.finished(5);
    assert_eq!(finished[&0], Done::Answered(vec![None]));
    assert_eq!(finished[&1], Done::Answered(vec![None]));
    assert_eq!(finished[&2], Done::Failed(EngineError::Closed));
    assert_eq!(finished[&3], Done::Called(Err(EngineError::Lost)));
    assert_eq!(finished[&4], Done::Answered(vec![Some(8)]));
    assert_eq!(bench.submit(5, &[(1, Answer(1))]), Err(EngineError::Closed));
    assert_eq!(bench.engine.backlog(), 0);
}

/// Within the grace, what is under way ends as it would have.
#[test]
fn closing_waits_for_what_is_under_way() {
    let bench = Bench::new(Options { close_grace: PATIENCE, ..Options::default() });
    bench.submit(1, &[(1, Gate(21))]).unwrap();
    bench.batch();
    std::thread::scope(|scope| {
        scope.spawn(|| bench.engine.close());
        bench.gate.add_permits(1);
    });
    assert_eq!(bench.one(), Done::Answered(vec![Some(42)]));
}

/// A call runs beside the batches and is finished through the same ring.
#[test]
fn a_call_is_finished() {
    let bench = Bench::small();
    bench.engine.call(&bench.port, 1, |_| async { Ok(5) }, Done::Called).unwrap();
    bench.engine.call(&bench.port, 2, |_| async { Err(Failure { before: true }) }, Done::Called).unwrap();
    bench.engine.kick();
    let finished = bench.finished(2);
    assert_eq!(finished[&1], Done::Called(Ok(5)));
    assert_eq!(finished[&2], Done::Called(Err(EngineError::Backend(Failure { before: true }))));
    assert_eq!(bench.engine.backlog(), 0);
}

/// Many callers, many ports: every request is finished exactly once, at its own port.
#[test]
fn everything_is_finished_once() {
    const CALLERS: u64 = 4;
    const EACH: u64 = 5_000;
    let bench = Bench::new(Options::default());
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let engine = &bench.engine;
            scope.spawn(move || {
                let port = Port::new(64).unwrap();
                let (mut sent, mut seen) = (0, vec![false; usize::try_from(EACH).unwrap()]);
                while seen.contains(&false) {
                    while sent < EACH {
                        let lane = u8::try_from(sent % 3).unwrap();
                        let item = (lane, Answer(caller * EACH + sent));
                        if engine.submit(&port, sent, vec![item]).is_err() {
                            break;
                        }
                        sent += 1;
                    }
                    engine.kick();
                    let event = port.event();
                    let wait = Timespec { tv_sec: 20, tv_nsec: 0 };
                    assert!(poll(&mut [PollFd::new(&event, PollFlags::IN)], Some(&wait)).unwrap() > 0);
                    port.drain(|token, done| {
                        assert_eq!(done, Done::Answered(vec![Some((caller * EACH + token) * 2)]));
                        let seen = &mut seen[usize::try_from(token).unwrap()];
                        assert!(!*seen, "token {token} finished twice");
                        *seen = true;
                    });
                }
            });
        }
    });
    assert_eq!(bench.engine.backlog(), 0);
}

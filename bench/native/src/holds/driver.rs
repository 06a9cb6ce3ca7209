//! The plainest driver there can be: a loop over one socket, everything packed before the clock starts.
//!
//! It calls the same functions with the same bytes as the engine does, permits included: a batch is admitted at
//! the shard, its permits' deadlines are put into the arguments of its hold, and the hold is sent. Only what
//! cannot be known before is done while the clock runs. The layouts are those of `admit.lua` and `hold.lua`.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use plate_inventory::item::HoldItem;
use plate_inventory::keys::{self, Function};
use plate_inventory::library::Library;
use plate_inventory::outcome::Outcome;

use crate::Fault;

/// Where in an argument of `hold` the permit's deadline stands, u48.
const PERMIT_AT: usize = 52;
/// A verdict of `admit`: code u8, at_ms u48, time u48.
const VERDICT_BYTES: usize = 13;
/// The verdict that a permit was taken.
const ADMITTED: u8 = 250;

/// One batch: what is sent for it, and where its permits go.
struct Batch {
    admit: Vec<u8>,
    hold: Vec<u8>,
    permits_at: Vec<usize>,
}

/// What the next reply is for.
enum Step {
    Admit(usize),
    Hold(usize),
}

/// The driver, with its batches.
pub(crate) struct Driver {
    socket: UnixStream,
    replies: BufReader<UnixStream>,
    batches: Vec<Batch>,
}

impl Driver {
    pub(crate) fn new<'a>(
        url: &str,
        library: &Library,
        pool: &str,
        batches: impl Iterator<Item = &'a [HoldItem]>,
    ) -> Result<Self, Fault> {
        let socket = UnixStream::connect(url.strip_prefix("unix://").ok_or("only unix sockets")?)?;
        let replies = BufReader::with_capacity(64 * 1024, socket.try_clone()?);
        Ok(Self { socket, replies, batches: batches.map(|items| pack(library, pool, items)).collect() })
    }

    /// Sends every batch, so many of them in flight; a fault if one hold is answered otherwise than held.
    pub(crate) fn run(&mut self, in_flight: usize) -> Result<(), Fault> {
        let mut steps = VecDeque::new();
        let mut next = 0;
        while next < self.batches.len().min(in_flight) {
            self.admit(next, &mut steps)?;
            next += 1;
        }
        let mut reply = Vec::new();
        while let Some(step) = steps.pop_front() {
            self.read(&mut reply)?;
            match step {
                Step::Admit(number) => self.hold(number, &reply, &mut steps)?,
                Step::Hold(number) => {
                    let held = self.batches.get(number).map_or(0, |batch| batch.permits_at.len());
                    all_held(&reply, held)?;
                    if next < self.batches.len() {
                        self.admit(next, &mut steps)?;
                        next += 1;
                    }
                }
            }
        }
        Ok(())
    }

    fn admit(&mut self, number: usize, steps: &mut VecDeque<Step>) -> Result<(), Fault> {
        let batch = self.batches.get(number).ok_or("no such batch")?;
        self.socket.write_all(&batch.admit)?;
        steps.push_back(Step::Admit(number));
        Ok(())
    }

    fn hold(&mut self, number: usize, verdicts: &[u8], steps: &mut VecDeque<Step>) -> Result<(), Fault> {
        let batch = self.batches.get_mut(number).ok_or("no such batch")?;
        for (at, verdict) in batch.permits_at.iter().zip(verdicts.chunks(VERDICT_BYTES)) {
            match (verdict, batch.hold.get_mut(*at..at + 6)) {
                ([ADMITTED, _, _, _, _, _, _, deadline @ ..], Some(hole)) => hole.copy_from_slice(deadline),
                _ => return Err(format!("not admitted: {verdict:?}").into()),
            }
        }
        self.socket.write_all(&batch.hold)?;
        steps.push_back(Step::Hold(number));
        Ok(())
    }

    /// Reads one bulk string.
    fn read(&mut self, reply: &mut Vec<u8>) -> Result<(), Fault> {
        let mut head = String::new();
        self.replies.read_line(&mut head)?;
        let length = head.trim_end().strip_prefix('$').ok_or_else(|| format!("the server said {head}"))?;
        reply.resize(length.parse::<usize>()? + 2, 0);
        self.replies.read_exact(reply)?;
        reply.truncate(reply.len() - 2);
        Ok(())
    }
}

/// The answers begin with outcome u8, parts u8, ordinal u32, revision u48, time u48; after that come the terms of a
/// hold: begin or deadlines 3 x u48 or less, and the quote, all of the same length in a bench.
fn all_held(reply: &[u8], count: usize) -> Result<(), Fault> {
    let each = reply.len() / count.max(1);
    let held = reply.chunks(each.max(1)).filter(|answer| answer.first() == Some(&Outcome::Held.code()));
    if reply.len() == each * count && held.count() == count {
        return Ok(());
    }
    Err(format!("of {count} holds some were not held: {reply:?}").into())
}

fn pack(library: &Library, pool: &str, items: &[HoldItem]) -> Batch {
    let admits: Vec<Vec<u8>> = items.iter().map(|item| admit_argument(pool, item)).collect();
    let holds: Vec<Vec<u8>> = items.iter().map(|item| hold_argument(pool, item)).collect();
    let (admit, _) = command(library, keys::ADMIT, "s0", &admits);
    let (hold, arguments_at) = command(library, keys::HOLD, pool, &holds);
    Batch { admit, hold, permits_at: arguments_at.iter().map(|at| at + PERMIT_AT).collect() }
}

fn admit_argument(pool: &str, item: &HoldItem) -> Vec<u8> {
    let applicant = item.act.applicant.map_or(([0; 16], 0), |one| (one.id.0, one.kind.code()));
    let mut to = Vec::new();
    to.extend(item.act.id.0);
    to.extend(item.digest(pool).0);
    to.extend(applicant.0);
    to.push(applicant.1);
    to
}

fn hold_argument(pool: &str, item: &HoldItem) -> Vec<u8> {
    let applicant = item.act.applicant.map_or(([0; 16], 0, 0), |one| (one.id.0, one.kind.code(), one.key_id));
    let mut quote = vec![applicant.2, item.act.channel.code()];
    quote.extend(item.tariff.0);
    quote.extend(item.amount_tiyn.to_le_bytes());
    text(&mut quote, &item.act.office);
    let mut to = Vec::new();
    for _ in 0..3 {
        to.extend(item.ordinal.to_le_bytes());
    }
    to.extend(applicant.0);
    to.extend(item.act.id.0);
    to.extend(item.digest(pool).0);
    to.extend([0; 6]);
    to.extend(item.tariff.0);
    to.push(u8::try_from(quote.len()).unwrap_or(u8::MAX));
    to.extend(item.act.id.0);
    to.extend(applicant.0);
    to.extend([applicant.1, item.acquired.code()]);
    to.extend(quote);
    text(&mut to, &item.act.caller);
    to
}

fn text(to: &mut Vec<u8>, text: &str) {
    to.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    to.extend(text.as_bytes());
}

/// The bytes of a call, and where its arguments begin in them.
fn command(library: &Library, function: Function, tag: &str, arguments: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
    let names = keys::names(function, tag);
    let mut to = format!("*{}\r\n", 3 + names.len() + arguments.len()).into_bytes();
    put(&mut to, b"FCALL");
    put(&mut to, library.function_name(function).as_bytes());
    put(&mut to, names.len().to_string().as_bytes());
    names.iter().for_each(|name| put(&mut to, name.as_bytes()));
    let mut places = Vec::with_capacity(arguments.len());
    for argument in arguments {
        put(&mut to, argument);
        places.push(to.len() - argument.len() - 2);
    }
    (to, places)
}

fn put(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend(format!("${}\r\n", bytes.len()).into_bytes());
    to.extend(bytes);
    to.extend(b"\r\n");
}

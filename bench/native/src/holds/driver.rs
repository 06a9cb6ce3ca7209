//! The plainest driver there can be: a loop over one socket, everything packed before the clock starts.
//!
//! It calls the same function with the same bytes as the engine does, permits included: one call a batch, in columns.
//! The layout is that of `hold.lua`.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use plate_inventory::item::HoldItem;
use plate_inventory::keys::{self, Function};
use plate_inventory::library::Library;
use plate_inventory::outcome::Outcome;

use crate::Fault;

/// One batch: what is sent for it, and how many holds it asks for.
struct Batch {
    hold: Vec<u8>,
    count: usize,
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
        let pack = |items: &[HoldItem]| Batch { hold: pack(library, pool, items), count: items.len() };
        Ok(Self { socket, replies, batches: batches.map(pack).collect() })
    }

    /// Sends every batch, so many of them in flight; a fault if one hold is answered otherwise than held.
    pub(crate) fn run(&mut self, in_flight: usize) -> Result<(), Fault> {
        let mut waiting = VecDeque::new();
        let mut next = self.batches.iter();
        let mut reply = Vec::new();
        loop {
            while waiting.len() < in_flight
                && let Some(batch) = next.next()
            {
                self.socket.write_all(&batch.hold)?;
                waiting.push_back(batch.count);
            }
            let Some(count) = waiting.pop_front() else { return Ok(()) };
            read(&mut self.replies, &mut reply)?;
            all_held(&reply, count)?;
        }
    }
}

/// Reads one bulk string.
fn read(replies: &mut BufReader<UnixStream>, reply: &mut Vec<u8>) -> Result<(), Fault> {
    let mut head = String::new();
    replies.read_line(&mut head)?;
    let length = head.trim_end().strip_prefix('$').ok_or_else(|| format!("the server said {head}"))?;
    reply.resize(length.parse::<usize>()? + 2, 0);
    replies.read_exact(reply)?;
    reply.truncate(reply.len() - 2);
    Ok(())
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

/// What of a hold stands in a column.
type Column = fn(&HoldItem) -> Vec<u8>;

/// The bytes of a call: what all holds have in common, then column after column.
fn pack(library: &Library, pool: &str, items: &[HoldItem]) -> Vec<u8> {
    let column = |column: Column| items.iter().map(column);
    let mut values = vec![head(items)];
    values.extend(column(|item| item.act.id.0.to_vec()));
    values.extend(column(ordinal));
    values.extend(column(|item| format!("#{}", item.ordinal).into_bytes()));
    values.extend(column(|item| [ordinal(item), applicant(item)].concat()));
    values.extend(column(applicant));
    values.extend(items.iter().map(|item| item.digest(pool).0.to_vec()));
    values.extend(column(tail));
    command(library, keys::HOLD, pool, &values)
}

fn ordinal(item: &HoldItem) -> Vec<u8> {
    item.ordinal.to_le_bytes().to_vec()
}

fn applicant(item: &HoldItem) -> Vec<u8> {
    item.act.applicant.map_or([0; 16], |one| one.id.0).to_vec()
}

/// The tariff of all, no permit yet, the highest ordinal, and that nothing touches another's.
fn head(items: &[HoldItem]) -> Vec<u8> {
    let mut to = items.first().map_or([0; 8], |item| item.tariff.0).to_vec();
    to.extend([0; 6]);
    to.extend(items.iter().map(|item| item.ordinal).max().unwrap_or_default().to_le_bytes());
    to.push(1);
    to
}

fn tail(item: &HoldItem) -> Vec<u8> {
    let (kind, key_id) = item.act.applicant.map_or((0, 0), |one| (one.kind.code(), one.key_id));
    let mut to = vec![kind, item.acquired.code(), key_id, item.act.channel.code()];
    to.extend(item.tariff.0);
    to.extend(item.amount_tiyn.to_le_bytes());
    text(&mut to, &item.act.office);
    text(&mut to, &item.act.caller);
    to
}

fn text(to: &mut Vec<u8>, text: &str) {
    to.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    to.extend(text.as_bytes());
}

fn command(library: &Library, function: Function, pool: &str, arguments: &[Vec<u8>]) -> Vec<u8> {
    let names = keys::names(function, pool, Some(0));
    let mut to = format!("*{}\r\n", 3 + names.len() + arguments.len()).into_bytes();
    put(&mut to, b"FCALL");
    put(&mut to, library.function_name(function).as_bytes());
    put(&mut to, names.len().to_string().as_bytes());
    names.iter().for_each(|name| put(&mut to, name.as_bytes()));
    arguments.iter().for_each(|argument| put(&mut to, argument));
    to
}

fn put(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend(format!("${}\r\n", bytes.len()).into_bytes());
    to.extend(bytes);
    to.extend(b"\r\n");
}

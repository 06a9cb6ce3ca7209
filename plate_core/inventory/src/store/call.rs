//! One call of a function: its keys, its items, its reply.

use std::sync::{Arc, PoisonError};

use redis::{Cmd, Value};

use super::connection::Connection;
use super::{Store, StoreError};
use crate::answer::Answer;
use crate::codec::Reader;
use crate::item::BATCH_MAX;
pub(super) use crate::keys::SHARD_TAG;
use crate::keys::{self, Function, Keys, PoolKey, ShardKey};
use crate::library::Clock;

/// Where a function is called: a pool by its id, or a shard by its number.
#[derive(Copy, Clone, Debug)]
pub(super) enum Place<'a> {
    Pool(&'a str),
    /// A pool and the shard, which are on one server.
    PoolAndShard(&'a str),
    Shard(u16),
}

/// The one shard.
pub(super) const SHARD: Place<'static> = Place::Shard(0);

impl Place<'_> {
    /// What stands between the braces in the names of the keys there.
    fn tag(self) -> String {
        match self {
            Place::Pool(pool) | Place::PoolAndShard(pool) => pool.to_owned(),
            Place::Shard(shard) => keys::shard_tag(shard),
        }
    }
}

impl Store {
    /// Calls a function with these arguments, and gives the bytes it replied.
    pub(super) async fn call<A: AsRef<[u8]>>(
        &self,
        function: Function,
        place: Place<'_>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Vec<u8>, StoreError> {
        match self.call_value(function, place, arguments).await? {
            Value::BulkString(bytes) => Ok(bytes),
            other => Err(unexpected(&other)),
        }
    }

    /// Calls a function with a batch of items.
    pub(super) async fn call_batch(
        &self,
        function: Function,
        place: Place<'_>,
        items: &[Vec<u8>],
    ) -> Result<Vec<u8>, StoreError> {
        if items.is_empty() || items.len() > BATCH_MAX {
            return Err(StoreError::BatchSize { found: items.len(), most: BATCH_MAX });
        }
        self.call(function, place, items).await
    }

    /// Calls a function, and loads the library once if the server does not know it: it was emptied by a flush,
    /// or a failover brought a server that never had it. A function that is not there has done nothing.
    pub(super) async fn call_value<A: AsRef<[u8]>>(
        &self,
        function: Function,
        place: Place<'_>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Value, StoreError> {
        let (tag, command) = (place.tag(), self.command(function, place, arguments));
        match self.send_call(function, &tag, &command).await {
            Err(StoreError::Faulty { detail }) if detail.contains("Function not found") => {
                self.load_into(&*self.servers.primary_of(&tag).await?).await?;
                self.send_call(function, &tag, &command).await
            }
            answered => answered,
        }
    }

    async fn send_call(&self, function: Function, tag: &str, command: &Cmd) -> Result<Value, StoreError> {
        if self.servers.are_many() && function.promises() {
            self.servers.send_for_good(tag, command).await
        } else {
            self.servers.send(tag, command).await
        }
    }

    fn command<A: AsRef<[u8]>>(
        &self,
        function: Function,
        place: Place<'_>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Cmd {
        let names = self.names(function, place);
        let mut command = Cmd::new();
        command.arg("FCALL").arg(self.library.function_name(function)).arg(names.len());
        for name in names.iter() {
            command.arg(name);
        }
        for argument in arguments {
            command.arg(argument.as_ref());
        }
        command
    }

    /// The names of a function's keys at a place; with a stored clock, its key comes last.
    fn names(&self, function: Function, place: Place<'_>) -> Arc<[String]> {
        let (tag, near) = (place.tag(), matches!(place, Place::PoolAndShard(_)).then_some(0));
        let mut known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(names) = known.get(&(function.verb, tag.clone(), near)) {
            return Arc::clone(names);
        }
        let mut names = keys::names(function, &tag, near);
        if self.library.clock() != Clock::Server {
            let clock = match function.keys {
                Keys::Pool(_) | Keys::PoolAndShard(..) => PoolKey::Clock.suffix(),
                Keys::Shard(_) => ShardKey::Clock.suffix(),
            };
            names.push(format!("{{{tag}}}:{clock}"));
        }
        let names: Arc<[String]> = names.into();
        known.insert((function.verb, tag, near), Arc::clone(&names));
        names
    }

    /// Loads the library into each server that has keys, unless it has exactly this text under its name.
    ///
    /// # Errors
    /// [`StoreError::Faulty`] when a server has another text under the library's name, or refuses it.
    pub async fn load_functions(&self) -> Result<(), StoreError> {
        for server in self.servers.primaries().await? {
            self.load_into(&server).await?;
        }
        Ok(())
    }

    async fn load_into(&self, server: &Connection) -> Result<(), StoreError> {
        let mut list = redis::cmd("FUNCTION");
        list.arg("LIST").arg("LIBRARYNAME").arg(self.library.name()).arg("WITHCODE");
        if let Some(code) = library_code(&server.send(&list).await?) {
            if code == self.library.code().as_bytes() {
                return Ok(());
            }
            let name = self.library.name();
            return Err(StoreError::Faulty { detail: format!("the server has another text under {name}") });
        }
        let mut load = redis::cmd("FUNCTION");
        load.arg("LOAD").arg(self.library.code());
        match server.send(&load).await {
            // Another worker was faster; the hash in the name says that it is the same text.
            Err(StoreError::Faulty { detail }) if detail.contains("already exists") => Ok(()),
            loaded => loaded.map(|_| ()),
        }
    }
}

/// The text of the one library in a reply to `FUNCTION LIST`.
fn library_code(reply: &Value) -> Option<&[u8]> {
    let Value::Array(libraries) = reply else { return None };
    let Some(Value::Map(fields)) = libraries.first() else { return None };
    fields.iter().find_map(|(name, value)| match (text(name), value) {
        (Some(b"library_code"), Value::BulkString(code)) => Some(code.as_slice()),
        _ => None,
    })
}

fn text(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.as_bytes()),
        _ => None,
    }
}

/// A reply of another kind than the command gives.
pub(super) fn unexpected(found: &Value) -> StoreError {
    let kind = match found {
        Value::Nil => "nothing",
        Value::Int(_) => "an integer",
        Value::BulkString(_) => "a string",
        Value::Array(_) => "a list",
        _ => "a value of another kind",
    };
    StoreError::Faulty { detail: format!("the server replied with {kind}") }
}

/// Refuses answers of which one cannot be true: each is of the mark that `asked` names at its place, and keeps the
/// promises that can be seen from it alone.
pub(super) fn believed(
    answers: Vec<Answer>,
    asked: impl Iterator<Item = u32>,
) -> Result<Vec<Answer>, StoreError> {
    match answers.iter().zip(asked).find_map(|(answer, asked)| answer.broken_promise(asked)) {
        Some(promise) => Err(StoreError::PromiseBroken { promise }),
        None => Ok(answers),
    }
}

/// Reads exactly `count` things from a reply.
pub(super) fn read_all<T>(
    reply: &[u8],
    count: usize,
    mut read: impl FnMut(usize, &mut Reader<'_>) -> Result<T, crate::codec::Malformed>,
) -> Result<Vec<T>, StoreError> {
    let mut from = Reader::new(reply);
    let all = (0..count).map(|index| read(index, &mut from)).collect::<Result<Vec<T>, _>>()?;
    from.end("reply")?;
    Ok(all)
}

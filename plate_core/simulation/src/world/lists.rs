//! Lists of the people: asked, taken in by a worker, and told how they ended; and letters on their way to all others.

use plate_inventory::engine::EngineError;
use plate_inventory::id::TariffId;
use plate_inventory::model::generator::settings;
use plate_inventory::settings::HOUR_MS;

use super::{Attempt, WORKERS, World, batches::failed_and_took_effect};
use crate::ledger::Broken;
use crate::network::{KeeperCall, Letter, Thread};
use crate::universe::mark_name;
use crate::worker::{End, lane};

impl World {
    pub(super) fn ask(&mut self) {
        let first = self.people.ask(&mut self.chance);
        self.untold.push(first);
        let mut requests = vec![first];
        // Now and then a list of two, and now and then the same twice.
        if self.chance.once_in(4) {
            let second = if self.chance.once_in(4) { first } else { self.people.ask(&mut self.chance) };
            if second != first {
                self.untold.push(second);
            }
            requests.push(second);
        }
        self.attempt(requests);
    }

    pub(super) fn ask_again(&mut self) {
        let known = self.people.requests.len();
        if known == 0 {
            return;
        }
        // Mostly what was not answered, sometimes what was.
        let request = match self.untold.len() {
            0 => self.chance.below(known) as u32,
            _ if self.chance.once_in(4) => self.chance.below(known) as u32,
            untold => {
                let place = self.chance.below(untold);
                let request = self.untold[place];
                if self.people.requests[request as usize].told {
                    self.untold.swap_remove(place);
                }
                request
            }
        };
        self.attempt(vec![request]);
    }

    pub(super) fn attempt(&mut self, requests: Vec<u32>) {
        let attempt = self.attempts.len() as u32;
        let worker = self.chance.below(WORKERS);
        for request in &requests {
            let request = &self.people.requests[*request as usize];
            let place = request.place();
            self.trace.note(Some(place), &[1, u64::from(attempt), place.0 as u64, place.1.into()], || {
                let asked = request.item.asked();
                let (verb, mark, detail) = (asked.verb(), mark_name(place), request.item.told());
                format!("{verb} {mark} is asked of worker {worker} in list {attempt}: {detail}")
            });
        }
        self.attempts.push(Attempt { requests, took_effect: false, failed: false });
        self.network.send(Letter::Ask { worker, attempt });
    }

    pub(super) fn deliver(&mut self) -> Result<(), Broken> {
        match self.network.arrive(&mut self.chance) {
            None => Ok(()),
            Some(letter) => self.arrive(letter),
        }
    }

    pub(super) fn arrive(&mut self, letter: Letter) -> Result<(), Broken> {
        match letter {
            Letter::Ask { worker, attempt } => {
                self.take_in(worker, attempt);
                Ok(())
            }
            Letter::Tell { attempt, end } => self.tell(attempt, &end),
            Letter::Call { batch, number, call } => self.serve(batch, number, &call),
            Letter::Reply { batch, number, reply } => self.reply(batch, number, &reply),
            Letter::Keep(thread, call) => {
                let now_ms = self.now_ms();
                if let KeeperCall::LeaseExpiry(until_ms) = call {
                    self.ledger.lease_until_ms = until_ms;
                }
                let reply = self.server.keep(thread.keeper, &call, now_ms);
                self.trace.note(None, &[2, thread.keeper as u64, now_ms as u64], || {
                    format!("keeper {thread:?}: {call:?}")
                });
                self.network.send(Letter::Kept(thread, reply));
                Ok(())
            }
            Letter::Kept(thread, reply) => {
                let keeper = &mut self.keepers[thread.keeper];
                if keeper.waits(thread.watch) && keeper.thread(thread.watch) == thread {
                    let call = keeper.hear(thread, &reply, &mut self.disk, self.true_ms);
                    self.send_kept(call);
                }
                Ok(())
            }
        }
    }

    pub(super) fn send_kept(&mut self, call: Option<(Thread, KeeperCall)>) {
        if let Some((thread, call)) = call {
            self.network.send(Letter::Keep(thread, call));
        }
    }

    pub(super) fn take_in(&mut self, worker: usize, attempt: u32) {
        let tariff = self.tariff();
        let requests = &self.people.requests;
        let items = self.attempts[attempt as usize].requests.iter().map(|request| {
            let request = &requests[*request as usize];
            (lane(&request.item, request.pool), request.item.priced(tariff))
        });
        self.workers[worker].take_in(attempt, items);
    }

    /// What a server takes for the tariff in force: sometimes it lags.
    pub(super) fn tariff(&mut self) -> TariffId {
        let lag_ms = if self.chance.once_in(16) { HOUR_MS } else { 0 };
        settings().tariff_in_force(self.true_ms - lag_ms).unwrap_or_default()
    }

    pub(super) fn tell(&mut self, attempt: u32, end: &End) -> Result<(), Broken> {
        match end {
            End::Answered(answers) => {
                for (index, answer) in answers.iter().enumerate() {
                    let request = self.attempts[attempt as usize].requests[index];
                    let place = self.people.requests[request as usize].place();
                    let Some(answer) = answer else {
                        self.trace.note(Some(place), &[3], || format!("unknown was told (list {attempt})"));
                        continue;
                    };
                    self.trace.note(Some(place), &[4, answer.outcome.code().into(), answer.revision], || {
                        format!("{} of {} was told (list {attempt})", answer.outcome, mark_name(place))
                    });
                    self.ledger.hear_answer(&self.people.requests[request as usize], answer)?;
                    self.people.learn(request, answer);
                }
                Ok(())
            }
            End::Failed(error) => {
                self.trace.note(None, &[5], || format!("list {attempt} failed: {error:?}"));
                let known = matches!(error, EngineError::Backend(_));
                let attempt = &mut self.attempts[attempt as usize];
                attempt.failed = known;
                let request = attempt.requests[0];
                match attempt.took_effect {
                    true => failed_and_took_effect(self.people.requests[request as usize].place()),
                    false => Ok(()),
                }
            }
        }
    }
}

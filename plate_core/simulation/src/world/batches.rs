//! Batches of the workers: launched, carried out by the store, and landed.

use std::rc::Rc;

use plate_inventory::answer::{Answer, Context};
use plate_inventory::feed::Verb;
use plate_inventory::id::RequestId;
use plate_inventory::model::generator::START_MS;
use plate_inventory::outcome::Outcome;

use super::{WORKERS, World};
use crate::ledger::Broken;
use crate::network::{Call, Letter, Reply};
use crate::people::short;
use crate::sabotage::Sabotage;
use crate::trace::{Place, Trace};
use crate::universe::{mark_name, pool_name};
use crate::worker::{Batch, Failure, Lane, Next};

impl World {
    pub(super) fn launch_one(&mut self) -> Result<(), Broken> {
        let worker = self.chance.below(WORKERS);
        for lane in self.workers[worker].busy() {
            self.launch(worker, lane)?;
        }
        Ok(())
    }

    pub(super) fn launch(&mut self, worker: usize, lane: Lane) -> Result<(), Broken> {
        while let Some(mut items) = self.workers[worker].take(lane) {
            if self.errs(Sabotage::DropARepeatedId) {
                let before = items.len();
                let mut ids = Vec::new();
                items.retain(|waiting| {
                    let id = waiting.item.id();
                    !ids.contains(&id) && {
                        ids.push(id);
                        true
                    }
                });
                self.workers[worker].owed_items -= before - items.len();
            }
            let number = self.batches.len() as u32;
            let batch = Batch::new(worker, self.workers[worker].life, lane, items);
            let call = batch.begin(self.server.is_together());
            self.batches.push(batch);
            self.open_batches.push(number);
            self.call(number, call);
            if self.errs(Sabotage::AcknowledgeBeforeTheStore) && lane.0 == Verb::Confirm.code() {
                self.acknowledge_unasked(number)?;
            }
        }
        Ok(())
    }

    pub(super) fn call(&mut self, batch: u32, call: Call) {
        let number = &mut self.batches[batch as usize].number;
        *number += 1;
        self.network.send(Letter::Call { batch, number: *number, call: Rc::new(call) });
    }

    /// The store carries out a call. It does not know who still waits for it.
    pub(super) fn serve(&mut self, number: u32, asked: u32, call: &Rc<Call>) -> Result<(), Broken> {
        let now_ms = self.now_ms();
        let batch = &self.batches[number as usize];
        let pool = batch.lane.1;
        let revision = self.server.model.pools.get(pool_name(pool)).map_or(0, |pool| pool.revision);
        let reply = self.server.call(pool, &batch.items, call, now_ms);
        if let Reply::Answers(answers) = &reply {
            let places: Vec<usize> = match &**call {
                Call::Carry(passed) => passed.iter().map(|(place, _)| *place).collect(),
                _ => (0..batch.items.len()).collect(),
            };
            for (place, answer) in places.into_iter().zip(answers) {
                let attempt = batch.items[place].attempt;
                let mark = (pool, batch.items[place].item.asked().ordinal());
                let id = batch.items[place].item.id();
                note_answer(&mut self.trace, mark, (number, id), answer, now_ms);
                if answer.outcome.is_done() && answer.revision > revision {
                    let attempt = &mut self.attempts[attempt as usize];
                    attempt.took_effect = true;
                    if attempt.failed {
                        return failed_and_took_effect(mark);
                    }
                }
            }
        }
        self.network.send(Letter::Reply { batch: number, number: asked, reply: Rc::new(reply) });
        Ok(())
    }

    pub(super) fn reply(&mut self, number: u32, answered: u32, reply: &Reply) -> Result<(), Broken> {
        let batch = &mut self.batches[number as usize];
        let waits =
            !batch.landed && batch.number == answered && self.workers[batch.worker].life == batch.life;
        if !waits {
            return Ok(());
        }
        match batch.hear(reply, !self.server.is_together()) {
            Next::Send(call) => {
                self.call(number, call);
                Ok(())
            }
            Next::Land => self.land(number, None),
        }
    }

    /// A batch ends: what waits in its lane goes first, then everybody is told, as in `engine/dispatch.rs`.
    pub(super) fn land(&mut self, number: u32, failure: Option<Failure>) -> Result<(), Broken> {
        let batch = &mut self.batches[number as usize];
        batch.landed = true;
        let (worker, lane) = (batch.worker, batch.lane);
        let items = std::mem::take(&mut batch.items);
        let mut answers = std::mem::take(&mut batch.answers);
        self.open_batches.retain(|open| *open != number);
        self.workers[worker].landed(lane, items.len());
        self.launch(worker, lane)?;
        if self.errs(Sabotage::AnswerTheNeighbour) {
            answers.rotate_right(1);
        }
        let handed = items.len() - usize::from(self.errs(Sabotage::LoseAnAnswer) && items.len() > 1);
        for (waiting, answer) in items.iter().zip(answers).take(handed) {
            let end = match (failure, answer) {
                (None, Some(answer)) => self.workers[worker].end(waiting, Ok(answer)),
                (failure, _) => self.workers[worker].end(waiting, Err(failure.unwrap_or(Failure::Unknown))),
            };
            if let Some(end) = end {
                self.network.send(Letter::Tell { attempt: waiting.attempt, end: Rc::new(end) });
            }
        }
        self.batches[number as usize].items = items;
        Ok(())
    }

    /// The mistake of a worker that does not wait for the store.
    pub(super) fn acknowledge_unasked(&mut self, number: u32) -> Result<(), Broken> {
        let items = self.batches[number as usize].items.clone();
        for waiting in items {
            let ordinal = Some(waiting.item.asked().ordinal());
            let answer = Answer {
                outcome: Outcome::Allotted,
                ordinal,
                revision: 1,
                server_ms: self.now_ms(),
                record: None,
                context: Context::default(),
            };
            let request = self.attempts[waiting.attempt as usize].requests[waiting.index];
            self.ledger.hear_answer(&self.people.requests[request as usize], &answer)?;
        }
        Ok(())
    }
}

pub(super) fn failed_and_took_effect<T>(mark: Place) -> Result<T, Broken> {
    Err(Broken { mark: Some(mark), sentence: "what had an effect was told as failed".to_owned() })
}

fn note_answer(trace: &mut Trace, mark: Place, (batch, id): (u32, RequestId), answer: &Answer, now_ms: i64) {
    let figures = [13, u64::from(batch), answer.outcome.code().into(), answer.revision, now_ms as u64];
    trace.note(Some(mark), &figures, || {
        let (outcome, revision, id, mark) = (answer.outcome, answer.revision, short(id), mark_name(mark));
        format!(
            "{mark} at the store: {outcome} for {id} at revision {revision}, {} (batch {batch})",
            now_ms - START_MS
        )
    });
}

//! What goes wrong: clocks that are set, letters that are lost or come twice, connections that break, processes that die.

use std::rc::Rc;

use plate_inventory::model::generator::START_MS;
use plate_inventory::settings::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

use super::{KEEPERS, WORKERS, World};
use crate::keeper::Keeper;
use crate::ledger::Broken;
use crate::network::{Call, Letter, Reply};
use crate::sabotage::Sabotage;
use crate::worker::{Failure, Worker};

impl World {
    /// Time passes, or somebody sets the store's clock.
    pub(super) fn move_clock(&mut self) {
        match self.chance.below(16) {
            0..=5 => self.true_ms += SECOND_MS * (1 + self.chance.below(30) as i64),
            6..=8 => self.wait_for_an_edge(),
            9 => self.true_ms += MINUTE_MS * (1 + self.chance.below(17) as i64),
            10 | 11 if self.skew_ms != 0 => self.skew_ms = 0,
            12 if self.skew_ms == 0 => {
                // Back by less than ids are kept: what is written a day ago is forgotten a day early (decision 18).
                const STEPS_MS: [i64; 5] = [SECOND_MS, 30 * SECOND_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS];
                let step_ms = self.chance.one_of(&STEPS_MS);
                self.skew_ms = self.chance.one_of(&[step_ms, -step_ms, DAY_MS]);
            }
            _ => {}
        }
        let (true_ms, skew_ms) = (self.true_ms - START_MS, self.skew_ms);
        self.trace.note(None, &[7, true_ms as u64, skew_ms as u64], || {
            format!("{true_ms} ms have passed, and the store's clock is wrong by {skew_ms} ms")
        });
    }

    /// To the very edge of the next deadline.
    pub(super) fn wait_for_an_edge(&mut self) {
        let now_ms = self.now_ms();
        let pools = self.server.model.pools.values();
        let deadlines = pools.flat_map(|pool| pool.live.values().map(|record| record.deadline_ms));
        if let Some(edge_ms) = deadlines.filter(|edge_ms| *edge_ms > now_ms).min() {
            let to_ms = edge_ms + self.chance.below(3) as i64 - 1 - self.skew_ms;
            self.true_ms = self.true_ms.max(to_ms.min(self.true_ms + 20 * MINUTE_MS));
        }
    }

    /// A letter is lost or comes twice; a connection breaks; a call is refused before it was sent.
    pub(super) fn trouble_the_network(&mut self) -> Result<(), Broken> {
        match self.chance.below(4) {
            0 => drop(self.network.arrive(&mut self.chance)),
            1 => {
                if let Some(letter) = self.network.look(&mut self.chance).cloned() {
                    self.repeat(letter);
                }
            }
            2 => self.break_connection()?,
            _ => self.refuse_a_call()?,
        }
        Ok(())
    }

    /// A letter comes twice. Calls of a hold that goes its way in several do not: whoever sends them sends each once
    /// (`docs/decisions/0018`), and it is the people's lists that come again.
    pub(super) fn repeat(&mut self, letter: Letter) {
        match &letter {
            Letter::Ask { attempt, .. } => {
                let requests = self.attempts[*attempt as usize].requests.clone();
                return self.attempt(requests);
            }
            Letter::Call { call, .. } if !matches!(**call, Call::Whole) => return,
            Letter::Call { batch, .. } => self.batches[*batch as usize].repeated = true,
            _ => {}
        }
        self.network.send(letter);
    }

    /// What a worker has under way is not answered. It may have been done, or be done yet.
    pub(super) fn break_connection(&mut self) -> Result<(), Broken> {
        let worker = self.chance.below(WORKERS);
        let failure =
            if self.errs(Sabotage::FailTheUnknown) { Failure::Unavailable } else { Failure::Unknown };
        for number in self.open_batches.clone() {
            if self.batches[number as usize].worker == worker && !self.batches[number as usize].landed {
                self.trace.note(None, &[8, u64::from(number)], || format!("batch {number} was cut off"));
                self.land(number, Some(failure))?;
            }
        }
        Ok(())
    }

    /// A call that was never sent: nothing of it took effect. The permits of a pass go back.
    pub(super) fn refuse_a_call(&mut self) -> Result<(), Broken> {
        let Some(letter) = self.network.arrive(&mut self.chance) else { return Ok(()) };
        let Letter::Call { batch, number, call } = letter else {
            self.network.send(letter);
            return Ok(());
        };
        let open = &self.batches[batch as usize];
        let waits = !open.landed && open.number == number && self.workers[open.worker].life == open.life;
        if !waits || open.repeated {
            return Ok(());
        }
        self.trace.note(None, &[9, u64::from(batch)], || format!("batch {batch} was refused: {call:?}"));
        match &*call {
            Call::Whole | Call::Admit(_) => self.land(batch, Some(open.midway(Failure::Unavailable))),
            Call::Carry(_) => {
                let (settlements, failure) = (open.not_taken_up(), open.midway(Failure::Unavailable));
                let call = Rc::new(Call::Settle(settlements));
                self.network.send(Letter::Call { batch, number: u32::MAX, call });
                self.land(batch, Some(failure))
            }
            Call::Settle(_) => self.reply(batch, number, &Reply::Settled),
        }
    }

    pub(super) fn crash(&mut self) {
        match self.chance.below(8) {
            0..=3 => self.crash_worker(),
            4..=6 => self.crash_keeper(),
            // A boot with a wrong clock is believed (`baseline.py`), so the power fails while it is right.
            _ if self.skew_ms == 0 => self.lose_power(),
            _ => {}
        }
    }

    pub(super) fn crash_worker(&mut self) {
        let number = self.chance.below(WORKERS);
        self.restart_worker(number);
        self.trace.note(None, &[10, number as u64], || format!("worker {number} was killed"));
    }

    pub(super) fn restart_worker(&mut self, number: usize) {
        let life = self.workers[number].life + 1;
        self.workers[number] = Worker::started(life);
        let batches = &self.batches;
        self.open_batches.retain(|open| batches[*open as usize].worker != number);
    }

    pub(super) fn crash_keeper(&mut self) {
        let number = self.chance.below(KEEPERS);
        self.restart_keeper(number);
        self.trace.note(None, &[11, number as u64], || format!("keeper {number} was killed"));
    }

    pub(super) fn restart_keeper(&mut self, number: usize) {
        self.disk.close(number);
        let asked = self.keepers[number].asked().map(|asked| asked + 1);
        self.keepers[number] = Keeper::started(number, asked, &self.disk, self.sabotage);
    }

    pub(super) fn lose_power(&mut self) {
        self.disk.lose_power();
        (0..WORKERS).for_each(|number| self.restart_worker(number));
        (0..KEEPERS).for_each(|number| self.restart_keeper(number));
        self.trace.note(None, &[12], || "the power failed".to_owned());
    }
}

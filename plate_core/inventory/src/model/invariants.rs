//! What must hold of the whole inventory at every moment, whatever was asked of it.
//!
//! Each check is written from the invariant's own words (ARCHITECTURE.md) and from the state alone, not from the code that
//! keeps it.

use std::collections::{BTreeMap, BTreeSet};

use super::replay::Rebuilt;
use super::{Model, Pool};
use crate::feed::{Transition, Verb};
use crate::id::{ApplicantId, PaymentId};
use crate::lifecycle::MarkState;
use crate::lifecycle::table::{Cell, next};
use crate::payment::PaymentState;
use crate::record::Record;

impl Model {
    /// Checks every invariant at a moment, ms since the epoch.
    ///
    /// # Errors
    /// A sentence that says what does not hold, and where.
    pub fn check(&self, now_ms: i64) -> Result<(), String> {
        self.check_pools()?;
        self.each_live_hold_has_its_permit(now_ms)?;
        self.no_applicant_is_over_his_limit(now_ms)
    }

    /// Checks what must hold of the pools, at whatever moment.
    ///
    /// # Errors
    /// A sentence that says what does not hold, and where.
    pub fn check_pools(&self) -> Result<(), String> {
        for (id, pool) in &self.pools {
            pool.check().map_err(|fault| format!("{id}: {fault}"))?;
        }
        self.a_transaction_is_of_one_pool()
    }

    /// A transaction buys one mark, whenever it is named again. In a pool a payment has one record; across pools this
    /// says it.
    fn a_transaction_is_of_one_pool(&self) -> Result<(), String> {
        let mut seen: BTreeSet<PaymentId> = BTreeSet::new();
        let twice = self.pools.values().flat_map(|pool| pool.payments.keys()).find(|id| !seen.insert(**id));
        twice.map_or(Ok(()), |id| Err(format!("payment {id} is of two pools")))
    }

    /// The holds that live at a moment: not paid for, and not past their deadline.
    fn live_holds(&self, now_ms: i64) -> impl Iterator<Item = &Record> {
        self.pools
            .values()
            .flat_map(|pool| pool.live.values())
            .filter(move |record| record.state.has_deadline() && !record.is_past(now_ms))
    }

    /// A hold never outlives its permit.
    fn each_live_hold_has_its_permit(&self, now_ms: i64) -> Result<(), String> {
        for record in self.live_holds(now_ms) {
            let permits = self.shard.live_permits(record.applicant.id, now_ms);
            let covers = |permit: &&super::shard::Permit| {
                permit.hold == record.hold && permit.deadline_ms >= record.deadline_ms
            };
            if !permits.iter().any(|permit| covers(&permit)) {
                return Err(format!("hold {} has no permit until its deadline", record.hold));
            }
        }
        Ok(())
    }

    /// Live holds are counted across pools.
    fn no_applicant_is_over_his_limit(&self, now_ms: i64) -> Result<(), String> {
        let mut holds: BTreeMap<ApplicantId, usize> = BTreeMap::new();
        for record in self.live_holds(now_ms) {
            let count = holds.entry(record.applicant.id).or_default();
            *count += 1;
            if *count > usize::from(self.shard.settings.live_holds(record.applicant.kind)) {
                return Err(format!("applicant {} has {count} live holds", record.applicant.id));
            }
        }
        Ok(())
    }
}

impl Pool {
    /// Checks what must hold of a pool by itself.
    fn check(&self) -> Result<(), String> {
        self.no_owner_beside_rule_or_registry()?;
        self.money_is_conserved()?;
        self.every_step_is_lawful()?;
        match Rebuilt::of(&self.feed) {
            Err(expected) => Err(format!("the feed has a gap where revision {expected} should be")),
            Ok(rebuilt) if rebuilt != Rebuilt::expected(self) => {
                Err("the feed tells another state".to_owned())
            }
            Ok(_) => Ok(()),
        }
    }

    /// A mark has at most one owner, and none while the registry or a rule has it.
    fn no_owner_beside_rule_or_registry(&self) -> Result<(), String> {
        for ordinal in self.live.keys() {
            let mark = self.mark(*ordinal);
            if mark.issued || mark.withheld {
                return Err(format!("mark {ordinal} has an owner beside rule or registry"));
            }
        }
        Ok(())
    }

    /// Settled payments are the allotments, one each; whatever else came goes back for a reason.
    fn money_is_conserved(&self) -> Result<(), String> {
        let owned = self.live.values().filter(|record| record.state.is_owned());
        let bought: Vec<Option<PaymentId>> = owned.map(|record| record.payment).collect();
        let settled: BTreeSet<Option<PaymentId>> = self
            .payments
            .values()
            .filter(|payment| payment.state == PaymentState::Settled)
            .map(|payment| Some(payment.id))
            .collect();
        if bought.len() != settled.len() || bought.iter().any(|payment| !settled.contains(payment)) {
            return Err(format!("{} allotments, {} settled payments", bought.len(), settled.len()));
        }
        for payment in self.payments.values() {
            let goes_back = matches!(payment.state, PaymentState::RefundDue | PaymentState::Refunded);
            if goes_back != payment.reason.is_some() {
                return Err(format!("payment {} goes back for no reason, or stays for one", payment.id));
            }
        }
        Ok(())
    }

    /// Every transition is one that the lifecycle's table allows, and every payment goes its own line.
    fn every_step_is_lawful(&self) -> Result<(), String> {
        let mut states: BTreeMap<u32, MarkState> = BTreeMap::new();
        let mut money: BTreeMap<PaymentId, PaymentState> = BTreeMap::new();
        for transition in self.feed.iter().flat_map(|entry| &entry.transitions) {
            let Some(ordinal) = transition.ordinal else {
                continue;
            };
            let before = states.get(&ordinal).copied().unwrap_or_else(|| self.at_first(ordinal));
            let after = state_after(transition, before);
            if !is_lawful(transition.verb, before, after) {
                let (verb, from, to) = (transition.verb, before.slug(), after.slug());
                return Err(format!("{verb} took mark {ordinal} from {from} to {to}"));
            }
            states.insert(ordinal, after);
            if let Some(change) = &transition.payment {
                let known = money.insert(change.after.id, change.after.state);
                let follows = known.is_none_or(|known| known.may_become(change.after.state));
                if known != change.before || !follows {
                    return Err(format!("payment {} left its line", change.after.id));
                }
            }
        }
        Ok(())
    }

    /// The state of a mark that nothing has happened to.
    fn at_first(&self, ordinal: u32) -> MarkState {
        match self.settings.shape.never_issued(ordinal) {
            true => MarkState::Withheld,
            false => MarkState::Free,
        }
    }
}

/// The state that a transition leaves its mark in.
#[must_use]
pub fn state_after(transition: &Transition, before: MarkState) -> MarkState {
    match &transition.record {
        None if transition.planes.taken => before,
        record => MarkState::of(transition.planes, record.as_ref()),
    }
}

/// Whether the lifecycle's table leads there.
#[must_use]
pub fn is_lawful(verb: Verb, before: MarkState, after: MarkState) -> bool {
    match next(before, verb) {
        // A payment may also be found wanting, whatever the state of its mark.
        Cell::To(_) if verb == Verb::Confirm && after == before => true,
        // A readmitted mark that is on the road as well is issued again.
        Cell::To(MarkState::Free) if verb == Verb::Readmit => {
            matches!(after, MarkState::Free | MarkState::Issued)
        }
        Cell::To(state) => state == after,
        Cell::Stays(_) => after == before,
        Cell::Back => true,
        // What a refusal leaves in the journal changes nothing.
        Cell::Refused(_) => verb == Verb::ImportConflict && after == before,
    }
}

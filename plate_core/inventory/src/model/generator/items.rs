//! The items of a step: mostly sensible, sometimes odd.

use super::universe::{
    CALLERS, MARKS, POOLS, TARIFFS, amount_tiyn, applicant, mark, midnight_ms, representative,
};
use super::{PastHold, World};
use crate::act::{Act, Applicant, Channel};
use crate::id::{HoldId, PaymentId, TariffId};
use crate::item::{AssignItem, ConfirmItem, HeldItem, HoldItem, RefundItem};
use crate::record::Record;
use crate::settings::SECOND_MS;
use crate::state::Acquired;

/// The payment provider of the small world.
const PROVIDER: &str = "kaspi";

/// Who asks for a hold: one in 64 names nobody.
fn asker(item: &[u8; 4]) -> Option<Applicant> {
    (item[1] % 64 != 63).then(|| applicant(item[1]))
}

impl World {
    /// An act for an applicant. One request id in six was used before, mostly for something else.
    pub(super) fn act(&mut self, item: &[u8; 4], applicant: Option<Applicant>) -> Act {
        let (caller, channel) = CALLERS[usize::from(item[3] % 4)];
        let number = match item[2] {
            0..=212 => {
                self.requests += 1;
                self.requests
            }
            again => u32::from(again - 212) % (self.requests + 1),
        };
        let office = ["", "office 7"][usize::from(item[3] / 4 % 2)].to_owned();
        Act { office, applicant, ..Act::of(caller, &format!("request-{number}"), channel) }
    }

    pub(super) fn hold_item(&mut self, item: &[u8; 4]) -> HoldItem {
        let ordinal = mark(item);
        let tariff = self.tariff(item[3]);
        HoldItem {
            act: self.act(item, asker(item)),
            ordinal,
            tariff,
            amount_tiyn: amount_tiyn(tariff, ordinal),
            acquired: Acquired::Chosen,
        }
    }

    pub(super) fn assign_item(&mut self, item: &[u8; 4]) -> AssignItem {
        let tariff = self.tariff(item[3]);
        let first = usize::from(item[0]);
        let candidates = (first..first + usize::from(item[3] % 5)).map(|index| MARKS[index % MARKS.len()]);
        AssignItem {
            act: self.act(item, asker(item)),
            candidates: candidates.collect(),
            tariff,
            amount_tiyn: amount_tiyn(tariff, 0),
        }
    }

    /// Items about holds: mostly of a mark that has one, by its own applicant, as it stands.
    pub(super) fn held_items(&mut self, index: usize, items: &[[u8; 4]]) -> Vec<HeldItem> {
        self.each(items, |world, item| {
            let (ordinal, record) = world.standing(index, item);
            let oddity = item[3] / 8;
            let (mut hold, mut revision, mut by) = (HoldId([9; 16]), 1, applicant(item[1]));
            if let Some(record) = record {
                (hold, revision, by) = (record.hold, record.revision, record.applicant);
                by.representative = by.representative.map(|_| representative(item[1]));
            }
            match oddity {
                28 => hold = HoldId([8; 16]),
                29 => revision = revision.saturating_sub(1),
                30 | 31 => by = applicant(item[1]),
                _ => {}
            }
            HeldItem { act: world.act(item, Some(by)), ordinal, hold, revision }
        })
    }

    /// A mark and its record: mostly one that has a record, if there is any.
    pub(super) fn standing(&self, index: usize, item: &[u8; 4]) -> (u32, Option<Record>) {
        let live = self.model.pools.get(POOLS[index]).map(|pool| &pool.live);
        let Some(live) = live.filter(|live| !live.is_empty() && item[1] < 224) else {
            return (mark(item), None);
        };
        let nth = live.iter().nth(usize::from(item[0]) % live.len());
        nth.map_or((mark(item), None), |(ordinal, record)| (*ordinal, Some(record.clone())))
    }

    /// Money: for a hold that stands, or that was; of the right amount, or not; for the first time, or again.
    pub(super) fn confirm_item(&mut self, index: usize, item: &[u8; 4]) -> ConfirmItem {
        let oddity = item[3] / 8;
        let paid_for = self.paid_for(index, item);
        let current_tariff = self.tariff(item[3]);
        let transaction = self.transaction(item[2]);
        let by = match oddity {
            24 => None,
            25 => Some(applicant(item[0])),
            _ => Some(paid_for.applicant),
        };
        let id = PaymentId::of(PROVIDER, &transaction).into();
        ConfirmItem {
            act: Act { id, applicant: by, ..Act::of("payments", "", Channel::Payment) },
            ordinal: paid_for.ordinal,
            provider: PROVIDER.to_owned(),
            transaction,
            hold: paid_for.hold,
            amount_tiyn: paid_for.amount_tiyn + i64::from(oddity == 26 || oddity == 27),
            paid_at_ms: self.now_ms - SECOND_MS,
            acquired: Acquired::Chosen,
            current_tariff,
            current_amount_tiyn: amount_tiyn(current_tariff, paid_for.ordinal),
        }
    }

    /// What money comes for: mostly a hold that stands, else one that was, at last one that never was.
    fn paid_for(&self, index: usize, item: &[u8; 4]) -> PastHold {
        if let (ordinal, Some(record)) = self.standing(index, item)
            && !item[1].is_multiple_of(4)
        {
            return PastHold::of(index, ordinal, &record);
        }
        let past: Vec<_> = self.holds.iter().filter(|past| past.pool == index).collect();
        let nth = past.get(usize::from(item[0]) % past.len().max(1)).copied();
        nth.copied().unwrap_or(PastHold {
            pool: index,
            ordinal: mark(item),
            hold: HoldId([7; 16]),
            applicant: applicant(item[1]),
            amount_tiyn: 100,
        })
    }

    /// The provider's transaction: one in eight came before.
    fn transaction(&mut self, byte: u8) -> String {
        let number = match byte {
            0..=224 => {
                self.payments += 1;
                self.payments
            }
            again => u32::from(again - 224) % (self.payments + 1),
        };
        format!("transaction-{number}")
    }

    pub(super) fn refund_item(&mut self, index: usize, item: &[u8; 4]) -> RefundItem {
        let payments = self.model.pools.get(POOLS[index]).map(|pool| &pool.payments);
        let nth = payments.and_then(|payments| {
            let nth = usize::from(item[0]) % payments.len().max(1);
            payments.values().nth(nth).map(|payment| (payment.ordinal, payment.id))
        });
        let (ordinal, payment) = nth.filter(|_| item[1] < 224).unwrap_or((mark(item), PaymentId([6; 16])));
        RefundItem { act: self.act(item, None), ordinal, payment }
    }

    /// The tariff in force now; for one byte in sixteen, the other one.
    pub(super) fn tariff(&self, oddity: u8) -> TariffId {
        let in_force = usize::from(self.now_ms >= midnight_ms());
        TARIFFS[if oddity % 16 == 15 { 1 - in_force } else { in_force }]
    }
}

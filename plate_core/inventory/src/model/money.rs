//! `confirm`, `cancel` and `confirm_refund`: what money does to marks, and how it goes back.

use super::pool::{After, Who};
use super::{Asked, Model, Pool, plain};
use crate::answer::{Answer, Context};
use crate::feed::Verb;
use crate::item::{ConfirmItem, HeldItem, RefundItem};
use crate::lifecycle::Refusal;
use crate::lifecycle::money::{self, Effect};
use crate::outcome::Outcome;
use crate::payment::{Payment, PaymentChange, PaymentState, RefundReason};
use crate::record::Record;

impl Model {
    /// Writes a payment down and says what it bought.
    pub(super) fn confirm(&mut self, pool: &str, item: &ConfirmItem, now_ms: i64) -> Answer {
        let request = self.request(pool, &Asked::Confirm(item));
        let answer = self.once_one(&request, now_ms, |pool, _| pool.confirm(item, now_ms)).0;
        if let Some(record) = answer.record.as_ref().filter(|_| answer.outcome == Outcome::Allotted) {
            // Money that found the mark free had no hold.
            let had_hold = !answer.context.late || record.hold != item.hold;
            if had_hold {
                self.shard.end_permit(record.applicant.id, record.hold, record.held_at_ms);
            }
        }
        answer
    }

    /// Gives an allotment back before manufacture.
    pub(super) fn cancel(&mut self, pool: &str, item: &HeldItem, now_ms: i64) -> Answer {
        let request = self.request(pool, &Asked::Cancel(item));
        self.once_one(&request, now_ms, |pool, _| pool.cancel(item, now_ms)).0
    }

    /// Notes that a payment was paid back.
    pub(super) fn confirm_refund(&mut self, pool: &str, item: &RefundItem, now_ms: i64) -> Answer {
        let request = self.request(pool, &Asked::ConfirmRefund(item));
        self.once_one(&request, now_ms, |pool, _| pool.confirm_refund(item, now_ms)).0
    }
}

impl Pool {
    pub(super) fn confirm(&mut self, item: &ConfirmItem, now_ms: i64) -> Answer {
        if self.settings.read_only {
            return self.refuse(Refusal::plain(Outcome::ReadOnly), Some(item.ordinal), now_ms);
        }
        self.expire_in_passing(item.ordinal, now_ms);
        match money::confirm(&self.mark(item.ordinal), item, &self.at(now_ms)) {
            Effect::Settles { record, late } => self.settle(item, record, late, now_ms),
            Effect::Refund(reason) => self.refund(item, reason, now_ms),
        }
    }

    fn settle(&mut self, item: &ConfirmItem, record: Box<Record>, late: bool, now_ms: i64) -> Answer {
        let change = reported(item, PaymentState::Settled, None, now_ms);
        let after = After::Record(record);
        let record = self.step(Verb::Confirm, item.ordinal, after, Some(change), "", Who::of(&item.act));
        let context = Context { payment: Some(PaymentState::Settled), late, ..Context::default() };
        Answer { record, context, ..plain(Outcome::Allotted, Some(item.ordinal), self.revision, now_ms) }
    }

    fn refund(&mut self, item: &ConfirmItem, reason: RefundReason, now_ms: i64) -> Answer {
        let change = reported(item, PaymentState::RefundDue, Some(reason), now_ms);
        self.step(Verb::Confirm, item.ordinal, After::Untouched, Some(change), "", Who::of(&item.act));
        Answer {
            context: about(PaymentState::RefundDue, Some(reason)),
            ..plain(Outcome::RefundDue, Some(item.ordinal), self.revision, now_ms)
        }
    }

    pub(super) fn cancel(&mut self, item: &HeldItem, now_ms: i64) -> Answer {
        if self.settings.read_only {
            return self.refuse(Refusal::plain(Outcome::ReadOnly), Some(item.ordinal), now_ms);
        }
        let mark = self.mark(item.ordinal);
        let record = match money::cancel(&mark, item) {
            Ok(record) => record,
            Err(refusal) => return self.refuse(refusal, Some(item.ordinal), now_ms),
        };
        let settled = record.payment.and_then(|payment| self.payments.get(&payment));
        let change = settled.map(|payment| PaymentChange {
            before: Some(payment.state),
            after: Payment {
                state: PaymentState::RefundDue,
                reason: Some(RefundReason::Cancelled),
                ..payment.clone()
            },
        });
        self.step(Verb::Cancel, item.ordinal, After::Nothing, change, "", Who::of(&item.act));
        Answer {
            context: about(PaymentState::RefundDue, Some(RefundReason::Cancelled)),
            ..plain(Outcome::Cancelled, Some(item.ordinal), self.revision, now_ms)
        }
    }

    pub(super) fn confirm_refund(&mut self, item: &RefundItem, now_ms: i64) -> Answer {
        let refusal = |outcome| Refusal::plain(outcome);
        if self.settings.read_only {
            return self.refuse(refusal(Outcome::ReadOnly), Some(item.ordinal), now_ms);
        }
        let of_mark = |payment: &&Payment| payment.ordinal == item.ordinal;
        let Some(payment) = self.payments.get(&item.payment).filter(of_mark) else {
            return self.refuse(refusal(Outcome::PaymentUnknown), Some(item.ordinal), now_ms);
        };
        let (state, reason) = (payment.state, payment.reason);
        if state != PaymentState::RefundDue {
            let context = about(state, reason);
            let refusal = Refusal { context, ..refusal(Outcome::NotRefundable) };
            return self.refuse(refusal, Some(item.ordinal), now_ms);
        }
        let change = PaymentChange {
            before: Some(state),
            after: Payment { state: PaymentState::Refunded, refunded_at_ms: now_ms, ..payment.clone() },
        };
        self.step(Verb::ConfirmRefund, item.ordinal, After::Untouched, Some(change), "", Who::of(&item.act));
        Answer {
            context: about(PaymentState::Refunded, reason),
            ..plain(Outcome::Refunded, Some(item.ordinal), self.revision, now_ms)
        }
    }
}

/// A payment as it is written down when it is reported.
fn reported(
    item: &ConfirmItem,
    state: PaymentState,
    reason: Option<RefundReason>,
    now_ms: i64,
) -> PaymentChange {
    PaymentChange {
        before: None,
        after: Payment {
            id: item.payment(),
            provider: item.provider.clone(),
            transaction: item.transaction.clone(),
            ordinal: item.ordinal,
            hold: item.hold,
            applicant: item.act.applicant.map(|applicant| applicant.id),
            amount_tiyn: item.amount_tiyn,
            paid_at_ms: item.paid_at_ms,
            received_at_ms: now_ms,
            state,
            reason,
            refunded_at_ms: 0,
        },
    }
}

/// Where the money is, and why.
fn about(payment: PaymentState, refund_reason: Option<RefundReason>) -> Context {
    Context { payment: Some(payment), refund_reason, ..Context::default() }
}

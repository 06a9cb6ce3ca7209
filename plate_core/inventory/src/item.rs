//! What is asked of one mark, a type for each verb, and the digest by which the same request is known again.
//!
//! A digest covers what the caller said and nothing that the server adds on its behalf: not the quoted tariff
//! and price of a hold, not the candidates of `assign_next`, not the tariff that a late payment is measured by.
//! A retry after midnight must be the same request even if everything quoted to it has changed meanwhile. A
//! layer that lets its caller name a price puts that into [`Act::body`].

use crate::act::{Act, Asked};
use crate::id::{Digest, HoldId, PaymentId, TariffId};
use crate::settings::SettingsChange;
use crate::state::Acquired;

/// The most items of one call to one pool: what a server can do without keeping others waiting (0.7 ms).
pub const BATCH_MAX: usize = 128;

/// Hold a chosen mark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HoldItem {
    /// Who, for whom, under which request id. It must name an applicant.
    pub act: Act,
    /// Which mark.
    pub ordinal: u32,
    /// The tariff revision that priced it.
    pub tariff: TariffId,
    /// The quoted price, in tiyn.
    pub amount_tiyn: i64,
    /// How it is come by; `hold` is for chosen marks.
    pub acquired: Acquired,
}

/// Hold the first free one of some ordinary marks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssignItem {
    /// Who, for whom, under which request id. It must name an applicant.
    pub act: Act,
    /// Marks to try in order: what the replica thought free a moment ago. At most [`CANDIDATES_MAX`].
    pub candidates: Vec<u32>,
    /// The tariff revision that priced them.
    pub tariff: TariffId,
    /// The quoted price, in tiyn: the same for every ordinary mark.
    pub amount_tiyn: i64,
}

/// The most candidates of one `assign_next`.
pub const CANDIDATES_MAX: usize = 16;

/// Extend, release or begin to pay a hold, or cancel an allotment: verbs on what an applicant has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldItem {
    /// Who, for whom, under which request id. It must name the applicant.
    pub act: Act,
    /// Which mark.
    pub ordinal: u32,
    /// Which hold.
    pub hold: HoldId,
    /// The record's revision as the caller read it.
    pub revision: u64,
}

/// A verified message of the payment side: so much money came for this hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfirmItem {
    /// The payment side. Its id is the payment's, and its applicant what the signed payment reference says.
    pub act: Act,
    /// Which mark.
    pub ordinal: u32,
    /// The provider's name.
    pub provider: String,
    /// The provider's own id of the transaction.
    pub transaction: String,
    /// Which hold.
    pub hold: HoldId,
    /// How much came, in tiyn.
    pub amount_tiyn: i64,
    /// When the provider took it, ms since the epoch, by its own clock.
    pub paid_at_ms: i64,
    /// How the mark was come by: needed if the money is late and a new record is made.
    pub acquired: Acquired,
    /// The tariff revision by which the mark would be priced now.
    pub current_tariff: TariffId,
    /// What the mark costs now, in tiyn.
    pub current_amount_tiyn: i64,
}

/// A verified message of the payment side: the money was paid back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefundItem {
    /// The payment side.
    pub act: Act,
    /// Which mark the payment was for.
    pub ordinal: u32,
    /// Which payment.
    pub payment: PaymentId,
}

impl HoldItem {
    /// The digest of what is asked.
    #[must_use]
    pub fn digest(&self, pool: &str) -> Digest {
        mark(Asked::by("hold", &self.act), pool, self.ordinal).number(self.acquired.code().into()).digest()
    }
}

impl AssignItem {
    /// The digest of what is asked: any ordinary mark of the pool.
    #[must_use]
    pub fn digest(&self, pool: &str) -> Digest {
        Asked::by("assign_next", &self.act).bytes(pool.as_bytes()).digest()
    }
}

impl HeldItem {
    /// The digest of what is asked, by one of the verbs that take such an item.
    #[must_use]
    pub fn digest(&self, verb: &str, pool: &str) -> Digest {
        let revision = i64::try_from(self.revision).unwrap_or(i64::MAX);
        mark(Asked::by(verb, &self.act), pool, self.ordinal).bytes(&self.hold.0).number(revision).digest()
    }
}

impl ConfirmItem {
    /// The payment's id: what provider and transaction make.
    #[must_use]
    pub fn payment(&self) -> PaymentId {
        PaymentId::of(&self.provider, &self.transaction)
    }

    /// The digest of what is said: so much money, for this hold on this mark.
    #[must_use]
    pub fn digest(&self, pool: &str) -> Digest {
        mark(Asked::by("confirm", &self.act), pool, self.ordinal)
            .bytes(&self.payment().0)
            .bytes(&self.hold.0)
            .number(self.amount_tiyn)
            .digest()
    }
}

impl RefundItem {
    /// The digest of what is said.
    #[must_use]
    pub fn digest(&self, pool: &str) -> Digest {
        mark(Asked::by("confirm_refund", &self.act), pool, self.ordinal).bytes(&self.payment.0).digest()
    }
}

/// The digest of an act that names many marks of a pool: withhold, readmit, import.
#[must_use]
pub fn marks_digest(verb: &str, act: &Act, pool: &str, ordinals: &[u32], reason: &str) -> Digest {
    let bytes: Vec<u8> = ordinals.iter().flat_map(|ordinal| ordinal.to_be_bytes()).collect();
    Asked::by(verb, act).bytes(pool.as_bytes()).bytes(&bytes).bytes(reason.as_bytes()).digest()
}

/// The digest of a change of a pool's settings.
#[must_use]
pub fn configure_digest(act: &Act, pool: &str, change: &SettingsChange) -> Digest {
    Asked::by("configure", act).bytes(pool.as_bytes()).bytes(change.text().as_bytes()).digest()
}

/// Adds which mark is meant.
fn mark(asked: Asked, pool: &str, ordinal: u32) -> Asked {
    asked.bytes(pool.as_bytes()).number(ordinal.into())
}

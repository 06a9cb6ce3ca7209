//! Who asks: applicants with their apps, and the payment provider. They know what they were told, and nothing else.
//!
//! A request whose answer has not come is asked again under the same id, by way of whichever worker there is. Once in a
//! while an id is used for another body, a payment has the wrong amount, or a revision is one that was read long ago.

use plate_inventory::act::{Act, Channel};
use plate_inventory::answer::Answer;
use plate_inventory::id::{Digest, HoldId, PaymentId, RequestId, TariffId};
use plate_inventory::item::{ConfirmItem, HeldItem, HoldItem, RefundItem};
use plate_inventory::model::Asked;
use plate_inventory::model::generator::MARKS;
use plate_inventory::outcome::Outcome;
use plate_inventory::state::{Acquired, State};

use crate::chance::Chance;
use crate::trace::Place;
use crate::universe::{APPLICANT_COUNT, MARK_COUNT, POOL_COUNT, amount_tiyn, applicant, request_id};

/// What is asked of one mark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// See [`Asked`].
    Hold(HoldItem),
    /// See [`Asked`].
    Extend(HeldItem),
    /// See [`Asked`].
    Release(HeldItem),
    /// See [`Asked`].
    BeginPayment(HeldItem),
    /// See [`Asked`].
    Cancel(HeldItem),
    /// See [`Asked`].
    Confirm(ConfirmItem),
    /// See [`Asked`].
    ConfirmRefund(RefundItem),
}

impl Item {
    /// The item as the store takes it.
    #[must_use]
    pub const fn asked(&self) -> Asked<'_> {
        match self {
            Self::Hold(item) => Asked::Hold(item),
            Self::Extend(item) => Asked::Extend(item),
            Self::Release(item) => Asked::Release(item),
            Self::BeginPayment(item) => Asked::BeginPayment(item),
            Self::Cancel(item) => Asked::Cancel(item),
            Self::Confirm(item) => Asked::Confirm(item),
            Self::ConfirmRefund(item) => Asked::ConfirmRefund(item),
        }
    }

    /// Its request id.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.asked().act().id
    }

    /// What a trace says of it.
    #[must_use]
    pub fn told(&self) -> String {
        let act = self.asked().act();
        let by = act.applicant.map_or_else(
            || "nobody".to_owned(),
            |applicant| format!("applicant {}", crate::universe::applicant_number(applicant.id)),
        );
        let about = match self {
            Self::Hold(_) => String::new(),
            Self::Extend(item) | Self::Release(item) | Self::BeginPayment(item) | Self::Cancel(item) => {
                format!(", hold {} at revision {}", short(item.hold.into()), item.revision)
            }
            Self::Confirm(item) => {
                format!(", hold {} with {} tiyn", short(item.hold.into()), item.amount_tiyn)
            }
            Self::ConfirmRefund(item) => format!(", payment {}", short(item.payment.into())),
        };
        format!("id {}, {by}{about}", short(act.id))
    }

    /// The item as a server prices it now.
    #[must_use]
    pub fn priced(&self, tariff: TariffId) -> Self {
        let mut item = self.clone();
        match &mut item {
            Self::Hold(item) => {
                item.tariff = tariff;
                item.amount_tiyn = amount_tiyn(tariff, item.ordinal);
            }
            Self::Confirm(item) => {
                item.current_tariff = tariff;
                item.current_amount_tiyn = amount_tiyn(tariff, item.ordinal);
            }
            _ => {}
        }
        item
    }
}

/// The beginning of an id: enough for a reader.
#[must_use]
pub fn short(id: RequestId) -> String {
    id.0[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One request of a person.
#[derive(Debug)]
pub struct Request {
    /// In which pool.
    pub pool: usize,
    /// What.
    pub item: Item,
    /// Its answer has come, and is for good.
    pub told: bool,
}

impl Request {
    /// Of which mark.
    #[must_use]
    pub const fn place(&self) -> Place {
        (self.pool, self.item.asked().ordinal())
    }
}

/// What somebody was told of a hold, when he was last told of it.
#[derive(Copy, Clone, Debug)]
struct Known {
    place: Place,
    hold: HoldId,
    revision: u64,
    applicant: usize,
    amount_tiyn: i64,
    state: State,
    payment: Option<PaymentId>,
}

/// How many holds somebody remembers.
const KNOWN_MAX: usize = 16;

/// Everybody, and what they have asked.
#[derive(Debug, Default)]
pub struct People {
    /// Every request there was.
    pub requests: Vec<Request>,
    known: Vec<Known>,
    refundable: Vec<(Place, PaymentId)>,
}

impl People {
    /// A new request, if somebody wants something: its number.
    pub fn ask(&mut self, chance: &mut Chance) -> u32 {
        let (pool, item) = match chance.below(16) {
            0..=6 => self.a_hold(chance),
            7 if !self.refundable.is_empty() => self.a_refund(chance),
            _ => match self.known.len() {
                0 => self.a_hold(chance),
                known => {
                    let known = self.known[chance.below(known)];
                    (known.place.0, self.of_a_hold(known, chance))
                }
            },
        };
        self.requests.push(Request { pool, item, told: false });
        (self.requests.len() - 1) as u32
    }

    /// An id: mostly a new one, seldom one that was used for something else.
    fn id(&self, chance: &mut Chance) -> RequestId {
        let count = self.requests.len();
        let number = if count > 0 && chance.once_in(24) { chance.below(count) } else { count };
        request_id(number as u32)
    }

    fn act(&self, by: Option<usize>, chance: &mut Chance) -> Act {
        let (caller, channel) = match chance.below(8) {
            0 => ("desk-1", Channel::Desk),
            _ => ("app", Channel::EgovMobile),
        };
        Act {
            id: self.id(chance),
            caller: caller.to_owned(),
            office: String::new(),
            channel,
            applicant: by.map(applicant),
            body: Digest::default(),
        }
    }

    fn a_hold(&self, chance: &mut Chance) -> (usize, Item) {
        let (pool, ordinal) = (chance.below(POOL_COUNT), MARKS[chance.below(MARK_COUNT)]);
        let act = self.act(Some(chance.below(APPLICANT_COUNT)), chance);
        let tariff = TariffId::default();
        let item = HoldItem { act, ordinal, tariff, amount_tiyn: 0, acquired: Acquired::Chosen };
        (pool, Item::Hold(item))
    }

    fn a_refund(&mut self, chance: &mut Chance) -> (usize, Item) {
        let ((pool, ordinal), payment) = self.refundable[chance.below(self.refundable.len())];
        let act = Act { channel: Channel::Payment, ..self.act(None, chance) };
        (pool, Item::ConfirmRefund(RefundItem { act, ordinal, payment }))
    }

    /// What may be done with a hold: mostly what its state suggests.
    fn of_a_hold(&self, known: Known, chance: &mut Chance) -> Item {
        let held = |people: &Self, chance: &mut Chance| HeldItem {
            act: people.act(Some(known.applicant), chance),
            ordinal: known.place.1,
            hold: known.hold,
            revision: known.revision.saturating_sub(u64::from(chance.once_in(16))),
        };
        match (known.state, chance.below(8)) {
            (State::Allotted, 0..=4) => Item::Cancel(held(self, chance)),
            (State::Held, 0..=2) => Item::BeginPayment(held(self, chance)),
            (State::Held, 3 | 4) => Item::Extend(held(self, chance)),
            (_, 5) => Item::Release(held(self, chance)),
            (_, 6) => Item::Extend(held(self, chance)),
            _ => Item::Confirm(self.a_payment(known, chance)),
        }
    }

    fn a_payment(&self, known: Known, chance: &mut Chance) -> ConfirmItem {
        let count = self.requests.len();
        let number = if count > 0 && chance.once_in(16) { chance.below(count) } else { count };
        let transaction = number.to_string();
        let payment = PaymentId::of("kaspi", &transaction);
        let by = (!chance.once_in(16)).then(|| applicant(known.applicant));
        ConfirmItem {
            act: Act {
                id: payment.into(),
                caller: "payments".to_owned(),
                office: String::new(),
                channel: Channel::Payment,
                applicant: by,
                body: Digest::default(),
            },
            ordinal: known.place.1,
            provider: "kaspi".to_owned(),
            transaction,
            hold: known.hold,
            amount_tiyn: known.amount_tiyn + i64::from(chance.once_in(16)),
            paid_at_ms: 0,
            acquired: Acquired::Chosen,
            current_tariff: TariffId::default(),
            current_amount_tiyn: 0,
        }
    }

    /// Somebody learns his answer.
    pub fn learn(&mut self, request: u32, answer: &Answer) {
        let request = &mut self.requests[request as usize];
        request.told |= answer.outcome.is_recorded();
        let place = request.place();
        if let Some(record) = &answer.record {
            let known = Known {
                place,
                hold: record.hold,
                revision: record.revision,
                applicant: crate::universe::applicant_number(record.applicant.id),
                amount_tiyn: record.amount_tiyn,
                state: record.state,
                payment: record.payment,
            };
            self.remember(known);
        }
        if matches!(answer.outcome, Outcome::Cancelled | Outcome::RefundDue) {
            self.note_refundable(place);
        }
    }

    fn remember(&mut self, known: Known) {
        match self.known.iter_mut().find(|other| other.hold == known.hold && other.place == known.place) {
            Some(other) if other.revision <= known.revision => *other = known,
            Some(_) => {}
            None => {
                if self.known.len() == KNOWN_MAX {
                    self.known.remove(0);
                }
                self.known.push(known);
            }
        }
    }

    /// Money of an allotment that was given back is paid back.
    fn note_refundable(&mut self, place: Place) {
        let paid = self.known.iter().filter(|known| known.place == place).filter_map(|known| known.payment);
        self.refundable.extend(paid.map(|payment| (place, payment)));
    }
}

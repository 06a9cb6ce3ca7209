//! The order in which an item is judged, as decision tables.
//!
//! Each table begins with everything in the way at once and takes the obstacles away one by one, topmost first.
//! After each, the next one is named: so no two of them can have changed places. One line a case.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use plate_inventory::act::{Act, Applicant, ApplicantKind, Channel};
use plate_inventory::answer::Answer;
use plate_inventory::id::{ApplicantId, HoldId, RequestId, TariffId};
use plate_inventory::item::{AssignItem, ConfirmItem, HeldItem, HoldItem};
use plate_inventory::lifecycle::hold::Endings;
use plate_inventory::model::{Model, Op, Pool};
use plate_inventory::outcome::Outcome;
use plate_inventory::payment::RefundReason;
use plate_inventory::record::Record;
use plate_inventory::settings::{
    HOUR_MS, MINUTE_MS, PoolSettings, SettingsChange, ShardSettings, TariffFrom, local_day,
    next_local_midnight_ms,
};
use plate_inventory::state::{Acquired, DeadlineReason, State};

const POOL: &str = "person_car.02";
const MARK: u32 = 777;
const NOW_MS: i64 = 1_767_265_200_000;
const LAW: TariffId = TariffId([1; 8]);
const OLD_LAW: TariffId = TariffId([2; 8]);
const ME: u8 = 1;
const ANOTHER: u8 = 2;

fn person(number: u8) -> Applicant {
    Applicant { id: ApplicantId([number; 16]), kind: ApplicantKind::Person, key_id: 1, representative: None }
}

/// A request of this number for an applicant, at a desk.
fn act(number: u32, applicant: u8) -> Act {
    Act::on_behalf("desk-1", &format!("request-{number}"), Channel::Desk, person(applicant))
}

/// A mark's record in some state, held by some hold at the price of 100.
fn record(state: State, applicant: u8, hold: u8) -> Record {
    Record {
        state,
        revision: 0,
        deadline_ms: if state.has_deadline() { NOW_MS + MINUTE_MS } else { 0 },
        hold: HoldId([hold; 16]),
        applicant: person(applicant),
        tariff: LAW,
        amount_tiyn: 100,
        acquired: Acquired::Chosen,
        held_at_ms: NOW_MS - MINUTE_MS,
        extensions: 0,
        permit_deadline_ms: NOW_MS + HOUR_MS,
        actor: "desk-1".to_owned(),
        office: String::new(),
        channel: Channel::Desk,
        payment: None,
        extra: std::collections::BTreeMap::new(),
    }
}

/// A store with one pool that sells by the present law.
fn store() -> Model {
    let mut model = Model::new(ShardSettings::default());
    let tariffs = vec![TariffFrom { tariff: LAW, from_ms: 0 }];
    let change = SettingsChange::to(&PoolSettings { tariffs, ..PoolSettings::default() });
    let found = Act::of("admin", "found", Channel::Keeper);
    model.apply(&Op::Configure { pool: POOL.to_owned(), act: found, change }, NOW_MS - HOUR_MS);
    model
}

fn pool(model: &mut Model) -> &mut Pool {
    model.pools.get_mut(POOL).unwrap()
}

/// The mark's live record.
fn live(model: &mut Model) -> &mut Record {
    pool(model).live.get_mut(&MARK).unwrap()
}

/// An obstacle is taken away, and this is named next.
type Case = (fn(&mut Model), Outcome);

/// Takes obstacles away one by one and asks after each, always with a new request id.
fn judge(mut model: Model, cases: &[Case], ask: impl Fn(&mut Model, u32) -> Answer) {
    let mut outcomes = Vec::new();
    for (number, (take_away, expected)) in cases.iter().enumerate() {
        take_away(&mut model);
        // What an earlier question changed must not answer this one.
        let answer = ask(&mut model.clone(), u32::try_from(number).unwrap());
        assert_eq!(answer.outcome, *expected, "case {number}");
        outcomes.push(answer.outcome);
    }
    let refusals = outcomes.iter().filter(|outcome| !outcome.is_done());
    let places: Vec<usize> = refusals.map(|outcome| outcome.precedence()).collect();
    assert!(places.is_sorted(), "the table of outcomes has another order: {outcomes:?}");
}

/// The same price whatever the law: what the item says is in the test's hands.
fn hold(model: &mut Model, number: u32, tariff: TariffId) -> Answer {
    let item = HoldItem {
        act: act(number, ME),
        ordinal: MARK,
        tariff,
        amount_tiyn: 100,
        acquired: Acquired::Chosen,
    };
    model.apply(&Op::Hold { pool: POOL.to_owned(), items: vec![item] }, NOW_MS).remove(0)
}

/// Everything that can stand in the way of a hold, from the applicant's limit down to the price.
#[test]
fn hold_is_judged_in_the_documented_order() {
    let mut model = store();
    let limits = &mut model.shard.settings;
    (limits.live_holds_person, limits.operator_daily_cap) = (0, 0);
    let held = record(State::Allotted, ANOTHER, 9);
    let all = pool(&mut model);
    all.settings.read_only = true;
    all.settings.paused = true;
    all.settings.holds_stopped = true;
    all.settings.opens_at_ms = NOW_MS + 1;
    all.settings.feed_backlog_max = 0;
    all.withheld.insert(MARK);
    all.issued.insert(MARK);
    all.live.insert(MARK, held);
    all.settings.tariffs = vec![TariffFrom { tariff: OLD_LAW, from_ms: 0 }];
    let endings = Endings { ended_at_ms: NOW_MS - MINUTE_MS, day: local_day(NOW_MS), count: 3 };
    all.endings.insert((MARK, person(ME).id), endings);
    let cases: [Case; 16] = [
        (|_| {}, Outcome::LimitReached),
        (|model| model.shard.settings.live_holds_person = 1, Outcome::OperatorCapReached),
        (|model| model.shard.settings.operator_daily_cap = 1, Outcome::ReadOnly),
        (|model| pool(model).settings.read_only = false, Outcome::PoolPaused),
        (|model| pool(model).settings.paused = false, Outcome::HoldsStopped),
        (|model| pool(model).settings.holds_stopped = false, Outcome::NotOpen),
        (|model| pool(model).settings.opens_at_ms = NOW_MS, Outcome::FeedBacklogged),
        (|model| pool(model).settings.feed_backlog_max = 2, Outcome::MarkWithheld),
        (|model| pool(model).withheld.clear(), Outcome::MarkIssued),
        (|model| pool(model).issued.clear(), Outcome::MarkAllotted),
        (|model| drop(pool(model).live.insert(MARK, record(State::Held, ME, 9))), Outcome::HeldByYou),
        (
            |model| drop(pool(model).live.insert(MARK, record(State::Held, ANOTHER, 9))),
            Outcome::HeldByAnother,
        ),
        (|model| drop(pool(model).live.remove(&MARK)), Outcome::CoolingDown),
        (|model| pool(model).settings.cooldown_ms = 0, Outcome::SameMarkCapReached),
        (|model| pool(model).endings.clear(), Outcome::TariffChanged),
        (|model| pool(model).settings.tariffs[0].tariff = LAW, Outcome::Held),
    ];
    judge(model, &cases, |model, number| hold(model, number, LAW));
}

/// A hold whose permit has healed on the way is refused before anybody looks at the mark.
#[test]
fn a_permit_is_judged_between_pool_and_mark() {
    let mut model = store();
    model.shard.settings.hold_permit_ms = 0;
    pool(&mut model).settings.paused = true;
    pool(&mut model).withheld.insert(MARK);
    let cases: [Case; 4] = [
        (|_| {}, Outcome::PoolPaused),
        (|model| pool(model).settings.paused = false, Outcome::PermitExpired),
        (|model| model.shard.settings.hold_permit_ms = 1, Outcome::MarkWithheld),
        (|model| pool(model).withheld.clear(), Outcome::Held),
    ];
    judge(model, &cases, |model, number| hold(model, number, LAW));
}

/// A request id means one thing: judged before everything else, and so is its own repetition.
#[test]
fn a_request_id_is_judged_first() {
    let mut model = store();
    assert_eq!(hold(&mut model, 1, LAW).outcome, Outcome::Held);
    let settings = &mut pool(&mut model).settings;
    (settings.read_only, settings.paused) = (true, true);
    assert_eq!(hold(&mut model, 1, LAW).outcome, Outcome::Held, "repeated, though nothing is sold now");
    let mut other = HoldItem {
        act: act(1, ANOTHER),
        ordinal: MARK,
        tariff: LAW,
        amount_tiyn: 100,
        acquired: Acquired::Chosen,
    };
    let ask = |model: &mut Model, pool: &str, item: &HoldItem| {
        model.apply(&Op::Hold { pool: pool.to_owned(), items: vec![item.clone()] }, NOW_MS)[0].outcome
    };
    assert_eq!(ask(&mut model, POOL, &other), Outcome::RequestIdReused, "for another applicant");
    other.act = act(1, ME);
    assert_eq!(ask(&mut model, "person_car.03", &other), Outcome::RequestIdReused, "in another pool");
    other.ordinal += 1;
    assert_eq!(ask(&mut model, POOL, &other), Outcome::RequestIdReused, "for another mark");
    other.ordinal = MARK;
    (other.tariff, other.amount_tiyn) = (OLD_LAW, 7);
    assert_eq!(ask(&mut model, POOL, &other), Outcome::Held, "the quote is the server's, not the request's");
}

/// What an item says of a hold, judged for each of the verbs that take one.
#[test]
fn verbs_on_a_hold_are_judged_in_the_documented_order() {
    type Verb = (fn(Vec<HeldItem>) -> Op, Outcome, Outcome);
    let verbs: [Verb; 3] = [
        (
            |items| Op::Extend { pool: POOL.to_owned(), items },
            Outcome::PaymentAlreadyBegun,
            Outcome::Extended,
        ),
        (|items| Op::Release { pool: POOL.to_owned(), items }, Outcome::Released, Outcome::Released),
        (
            |items| Op::BeginPayment { pool: POOL.to_owned(), items },
            Outcome::PaymentAlreadyBegun,
            Outcome::PaymentBegun,
        ),
    ];
    for (op, while_paying, at_last) in verbs {
        let mut model = store();
        let owned = record(State::Retained, ANOTHER, 8);
        pool(&mut model).live.insert(MARK, owned);
        let permit = plate_inventory::model::shard::Permit { hold: HoldId([9; 16]), deadline_ms: NOW_MS + 1 };
        model.shard.permits.insert(person(ME).id, vec![permit]);
        let cases: [Case; 7] = [
            (|_| {}, Outcome::MarkAllotted),
            (|model| live(model).state = State::Paying, Outcome::HeldByAnother),
            (|model| live(model).applicant = person(ME), Outcome::NotHeld),
            (|model| live(model).hold = HoldId([9; 16]), Outcome::RevisionStale),
            (|model| live(model).revision = 1, Outcome::HoldExpired),
            (|model| live(model).deadline_ms = NOW_MS + 1, while_paying),
            (|model| live(model).state = State::Held, at_last),
        ];
        judge(model, &cases, |model, number| {
            let item = HeldItem { act: act(number, ME), ordinal: MARK, hold: HoldId([9; 16]), revision: 1 };
            model.apply(&op(vec![item]), NOW_MS).remove(0)
        });
    }
}

/// What ends a hold first sets its deadline and is named; of several at once, the first of the vocabulary.
#[test]
fn a_deadline_is_the_earliest_of_its_reasons() {
    use DeadlineReason::{Permit, PriceChange, Ttl};
    // (hold time, permit, change of price), each in minutes from now: deadline and reason.
    let table = [
        ((15, 16, None), 15, Ttl),
        ((15, 14, None), 14, Permit),
        ((15, 16, Some(13)), 13, PriceChange),
        ((15, 12, Some(13)), 12, Permit),
        ((15, 15, Some(15)), 15, Ttl),
        ((15, 14, Some(14)), 14, Permit),
        ((15, 16, Some(0)), 15, Ttl),
        ((15, 16, Some(-1)), 15, Ttl),
    ];
    for ((ttl, permit, cut), expected, reason) in table {
        let mut model = store();
        model.shard.settings.hold_permit_ms = permit * MINUTE_MS;
        let settings = &mut pool(&mut model).settings;
        settings.hold_ttl_ms = ttl * MINUTE_MS;
        settings.cuts_ms = cut.map(|minutes: i64| NOW_MS + minutes * MINUTE_MS).into_iter().collect();
        let held = hold(&mut model, 1, LAW);
        let deadline_ms = held.record.map(|record| record.deadline_ms - NOW_MS);
        assert_eq!(
            (deadline_ms, held.context.deadline_reason),
            (Some(expected * MINUTE_MS), Some(reason)),
            "hold {ttl}, permit {permit}, price {cut:?}"
        );
    }
}

/// A cool-down begins when the hold ended: at its release, or at its deadline, whoever finds that and when.
#[test]
fn a_cool_down_begins_with_the_end_of_the_hold() {
    let again = |model: &mut Model, number: u32, now_ms: i64| {
        let item = HoldItem {
            act: act(number, ME),
            ordinal: MARK,
            tariff: LAW,
            amount_tiyn: 100,
            acquired: Acquired::Chosen,
        };
        let answer = model.apply(&Op::Hold { pool: POOL.to_owned(), items: vec![item] }, now_ms).remove(0);
        (answer.outcome, answer.context.retry_at_ms)
    };
    let mut model = store();
    let held = hold(&mut model, 1, LAW);
    let deadline_ms = held.record.as_ref().map(|record| record.deadline_ms).unwrap();
    let cool_ms = deadline_ms + 10 * MINUTE_MS;

    let mut released = model.clone();
    let own =
        HeldItem { act: act(2, ME), ordinal: MARK, hold: act(1, ME).id.into(), revision: held.revision };
    released.apply(&Op::Release { pool: POOL.to_owned(), items: vec![own] }, NOW_MS + 1);
    let free_ms = NOW_MS + 1 + 10 * MINUTE_MS;
    assert_eq!(again(&mut released, 3, free_ms - 1), (Outcome::CoolingDown, Some(free_ms)));
    assert_eq!(again(&mut released, 4, free_ms), (Outcome::Held, None));

    let mut swept = model.clone();
    swept.apply(&Op::Sweep { pool: POOL.to_owned(), max: 1 }, cool_ms - 1);
    for model in [&mut swept, &mut model] {
        assert_eq!(again(model, 5, cool_ms - 1), (Outcome::CoolingDown, Some(cool_ms)));
        assert_eq!(again(model, 6, cool_ms), (Outcome::Held, None));
    }
}

/// A hold can be extended as often as its pool allows, and no hold outlives a change of price.
#[test]
fn extensions_are_counted_and_cut() {
    let mut model = store();
    let held = hold(&mut model, 1, LAW);
    pool(&mut model).settings.cuts_ms = vec![NOW_MS + 20 * MINUTE_MS];
    let extend = |model: &mut Model, number: u32, revision: u64, now_ms: i64| {
        let hold = act(1, ME).id.into();
        let items = vec![HeldItem { act: act(number, ME), ordinal: MARK, hold, revision }];
        model.apply(&Op::Extend { pool: POOL.to_owned(), items }, now_ms).remove(0)
    };
    let late_ms = NOW_MS + 14 * MINUTE_MS;
    let extended = extend(&mut model, 2, held.revision, late_ms);
    let deadline_ms = extended.record.as_ref().map(|record| record.deadline_ms);
    assert_eq!((extended.outcome, deadline_ms), (Outcome::Extended, Some(NOW_MS + 20 * MINUTE_MS)));
    let again = extend(&mut model, 3, extended.revision, late_ms);
    assert_eq!(again.outcome, Outcome::ExtensionsUsedUp);
}

/// What can stand in the way of giving an allotment back.
#[test]
fn cancel_is_judged_in_the_documented_order() {
    let mut model = store();
    pool(&mut model).live.insert(MARK, record(State::Held, ME, 9));
    let cases: [Case; 4] = [
        (|_| {}, Outcome::NotAllotted),
        (|model| live(model).state = State::InManufacture, Outcome::ManufactureBegun),
        (|model| live(model).state = State::Allotted, Outcome::RevisionStale),
        (|model| live(model).revision = 1, Outcome::Cancelled),
    ];
    judge(model, &cases, |model, number| {
        let item = HeldItem { act: act(number, ME), ordinal: MARK, hold: HoldId([9; 16]), revision: 1 };
        model.apply(&Op::Cancel { pool: POOL.to_owned(), items: vec![item] }, NOW_MS).remove(0)
    });
}

/// What becomes of money, by what it finds. One line a case: the record there is, who pays, how much, and the
/// price and law the mark has now.
#[test]
fn money_settles_or_goes_back_with_its_reason() {
    let paid_for = HoldId([9; 16]);
    let lapsed = |applicant, hold| Record { deadline_ms: NOW_MS, ..record(State::Held, applicant, hold) };
    let standing = [
        ("none", None),
        ("own hold", Some(record(State::Held, ME, 9))),
        ("own hold, paying", Some(record(State::Paying, ME, 9))),
        ("own hold, past its deadline", Some(lapsed(ME, 9))),
        ("held anew", Some(record(State::Held, ME, 8))),
        ("another's", Some(record(State::Held, ANOTHER, 8))),
        ("another's, past its deadline", Some(lapsed(ANOTHER, 8))),
        ("own, allotted", Some(record(State::Allotted, ME, 9))),
        ("another's, allotted", Some(record(State::Allotted, ANOTHER, 8))),
        ("another applicant under this hold", Some(record(State::Held, ANOTHER, 9))),
    ];
    use RefundReason::{AlreadyPaid, LateMarkGone, LatePriceChanged, UnknownHold, WrongAmount};
    // (who pays, amount, the price now): what follows for each of the standing records above.
    let settles = None;
    let late = Some(LatePriceChanged);
    let table = [
        (
            (Some(ME), 100, 100),
            [
                settles,
                settles,
                settles,
                settles,
                settles,
                Some(LateMarkGone),
                settles,
                Some(AlreadyPaid),
                Some(LateMarkGone),
                Some(LateMarkGone),
            ],
        ),
        (
            (Some(ME), 99, 100),
            [
                late,
                Some(WrongAmount),
                Some(WrongAmount),
                late,
                late,
                Some(LateMarkGone),
                late,
                Some(AlreadyPaid),
                Some(LateMarkGone),
                Some(LateMarkGone),
            ],
        ),
        (
            (Some(ME), 100, 120),
            [
                late,
                settles,
                settles,
                late,
                settles,
                Some(LateMarkGone),
                late,
                Some(AlreadyPaid),
                Some(LateMarkGone),
                Some(LateMarkGone),
            ],
        ),
        (
            (None, 100, 100),
            [
                Some(UnknownHold),
                settles,
                settles,
                Some(UnknownHold),
                Some(UnknownHold),
                Some(UnknownHold),
                Some(UnknownHold),
                Some(AlreadyPaid),
                Some(UnknownHold),
                settles,
            ],
        ),
    ];
    for ((payer, amount_tiyn, price_tiyn), expected) in table {
        for ((name, record), expected) in standing.iter().zip(expected) {
            let mut model = store();
            if let Some(record) = record {
                pool(&mut model).live.insert(MARK, record.clone());
            }
            let item = ConfirmItem {
                act: Act { applicant: payer.map(person), ..Act::of("payments", "t-1", Channel::Payment) },
                ordinal: MARK,
                provider: "kaspi".to_owned(),
                transaction: "t-1".to_owned(),
                hold: paid_for,
                amount_tiyn,
                paid_at_ms: NOW_MS,
                acquired: Acquired::Chosen,
                current_tariff: LAW,
                current_amount_tiyn: price_tiyn,
            };
            let answer =
                model.apply(&Op::Confirm { pool: POOL.to_owned(), items: vec![item] }, NOW_MS).remove(0);
            let outcome = if expected.is_some() { Outcome::RefundDue } else { Outcome::Allotted };
            let case = format!("{name}: paid {amount_tiyn} by {payer:?}, costs {price_tiyn} now");
            assert_eq!((answer.outcome, answer.context.refund_reason), (outcome, expected), "{case}");
        }
    }
}

/// Late money is measured by the law of the store, whatever law the message names.
#[test]
fn late_money_by_another_law_goes_back() {
    for (named, expected) in [(LAW, Outcome::Allotted), (OLD_LAW, Outcome::RefundDue)] {
        let item = ConfirmItem {
            act: Act { applicant: Some(person(ME)), ..Act::of("payments", "t-1", Channel::Payment) },
            ordinal: MARK,
            provider: "kaspi".to_owned(),
            transaction: "t-1".to_owned(),
            hold: HoldId([9; 16]),
            amount_tiyn: 100,
            paid_at_ms: NOW_MS,
            acquired: Acquired::Chosen,
            current_tariff: named,
            current_amount_tiyn: 100,
        };
        let op = Op::Confirm { pool: POOL.to_owned(), items: vec![item] };
        assert_eq!(store().apply(&op, NOW_MS)[0].outcome, expected);
    }
}

/// The next ordinary mark: the price is judged before the marks, and a mark that is not to be had is passed over.
#[test]
fn assign_next_passes_over_what_is_not_to_be_had() {
    let mut model = store();
    let all = pool(&mut model);
    all.settings.tariffs[0].tariff = OLD_LAW;
    all.withheld.insert(1);
    all.issued.insert(2);
    all.live.insert(3, record(State::Held, ME, 8));
    all.live.insert(4, record(State::Allotted, ANOTHER, 9));
    let cases: [Case; 3] = [
        (|_| {}, Outcome::TariffChanged),
        (|model| pool(model).settings.tariffs[0].tariff = LAW, Outcome::NoneLeft),
        (|model| drop(pool(model).live.remove(&4)), Outcome::Held),
    ];
    judge(model, &cases, |model, number| {
        let candidates = vec![0, 1, 2, 3, 4];
        let item = AssignItem { act: act(number, ME), candidates, tariff: LAW, amount_tiyn: 100 };
        let answer =
            model.apply(&Op::AssignNext { pool: POOL.to_owned(), items: vec![item] }, NOW_MS).remove(0);
        assert_eq!(answer.ordinal, (answer.outcome == Outcome::Held).then_some(4));
        answer
    });
}

/// A permit that is not needed goes back, and one that is needed stays: one line a case.
#[test]
fn permits_follow_their_holds() {
    let held = |model: &Model| model.shard.live_permits(person(ME).id, NOW_MS).len();
    let mut model = store();
    pool(&mut model).issued.insert(MARK);
    assert_eq!((hold(&mut model, 1, LAW).outcome, held(&model)), (Outcome::MarkIssued, 0));
    pool(&mut model).issued.clear();
    assert_eq!((hold(&mut model, 2, OLD_LAW).outcome, held(&model)), (Outcome::TariffChanged, 0));
    assert_eq!((hold(&mut model, 2, LAW).outcome, held(&model)), (Outcome::Held, 1));
    assert_eq!((hold(&mut model, 2, LAW).outcome, held(&model)), (Outcome::Held, 1));
    let hold = HoldId::from(RequestId::of("desk-1", "request-2"));
    let items = vec![HeldItem { act: act(3, ME), ordinal: MARK, hold, revision: pool(&mut model).revision }];
    let released = model.apply(&Op::Release { pool: POOL.to_owned(), items }, NOW_MS);
    assert_eq!((released[0].outcome, held(&model)), (Outcome::Released, 0));
}

/// A request id is forgotten after a day. A hold that nobody swept for so long, and a new one under the same id, are
/// two holds: ending the old one leaves the new one its permit.
#[test]
fn an_old_hold_takes_no_permit_from_a_new_one_of_the_same_id() {
    let next = |model: &mut Model, candidates: &[u32], now_ms: i64| {
        let candidates = candidates.to_vec();
        let item = AssignItem { act: act(1, ME), candidates, tariff: LAW, amount_tiyn: 100 };
        model.apply(&Op::AssignNext { pool: POOL.to_owned(), items: vec![item] }, now_ms).remove(0)
    };
    let mut model = store();
    assert_eq!(next(&mut model, &[1], NOW_MS).ordinal, Some(1));
    let later_ms = NOW_MS + 26 * HOUR_MS;
    assert_eq!(next(&mut model, &[2], later_ms).ordinal, Some(2));
    let swept = model.apply(&Op::Sweep { pool: POOL.to_owned(), max: 128 }, later_ms);
    assert_eq!((swept.len(), swept[0].ordinal), (1, Some(1)));
    assert_eq!(model.shard.live_permits(person(ME).id, later_ms).len(), 1);
    assert_eq!(model.check(later_ms), Ok(()));
}

/// An operator's cap counts the holds he made today and begins anew at midnight in Almaty.
#[test]
fn an_operator_may_go_on_after_midnight() {
    let mut model = store();
    model.shard.settings.operator_daily_cap = 1;
    assert_eq!(hold(&mut model, 1, LAW).outcome, Outcome::Held);
    let next = |number: u32| HoldItem {
        act: act(number, ANOTHER),
        ordinal: MARK + 1,
        tariff: LAW,
        amount_tiyn: 100,
        acquired: Acquired::Chosen,
    };
    let at = |model: &mut Model, number, now_ms| {
        let items = vec![next(number)];
        model.apply(&Op::Hold { pool: POOL.to_owned(), items }, now_ms).remove(0)
    };
    let refused = at(&mut model, 2, NOW_MS);
    let midnight_ms = next_local_midnight_ms(NOW_MS);
    assert_eq!(
        (refused.outcome, refused.context.retry_at_ms),
        (Outcome::OperatorCapReached, Some(midnight_ms))
    );
    assert_eq!(at(&mut model, 3, midnight_ms - 1).outcome, Outcome::OperatorCapReached);
    assert_eq!(at(&mut model, 4, midnight_ms).outcome, Outcome::Held);
}

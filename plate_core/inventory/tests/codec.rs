//! The packed bytes: what is packed is unpacked again, and damaged bytes are refused and never believed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use plate_inventory::act::{Applicant, ApplicantKind, Channel, OnBehalf};
use plate_inventory::codec::{feed, payment, record};
use plate_inventory::feed::{DocumentChange, FeedEntry, PlaneBits, Transition, Verb};
use plate_inventory::id::{ApplicantId, HoldId, PaymentId, RequestId, TariffId};
use plate_inventory::payment::{Payment, PaymentChange, PaymentState, RefundReason};
use plate_inventory::record::Record;
use plate_inventory::state::{Acquired, State};
use proptest::prelude::*;

/// A moment that fits 48 bits: until the year 10889.
fn moment() -> impl Strategy<Value = i64> {
    0_i64..1 << 48
}

fn applicant() -> impl Strategy<Value = Applicant> {
    let kind = prop::sample::select(ApplicantKind::ALL);
    let representative = prop::option::of(any::<[u8; 16]>().prop_map(ApplicantId));
    (any::<[u8; 16]>(), kind, any::<u8>(), representative).prop_map(|(id, kind, key_id, representative)| {
        Applicant { id: ApplicantId(id), kind, key_id, representative }
    })
}

prop_compose! {
    fn any_record()(
        (state, acquired, channel) in (
            prop::sample::select(State::ALL), prop::sample::select(Acquired::ALL), prop::sample::select(Channel::ALL),
        ),
        (revision, deadline_ms, held_at_ms, permit_deadline_ms) in (0_u64..1 << 48, moment(), moment(), moment()),
        (hold, applicant, tariff) in (any::<[u8; 16]>(), applicant(), any::<[u8; 8]>()),
        (amount_tiyn, extensions) in (any::<i64>(), any::<u8>()),
        (actor, office) in ("\\PC{0,40}", "\\PC{0,20}"),
        payment in prop::option::of(any::<[u8; 16]>()),
        extra in prop::collection::btree_map(1_u8..=239, prop::collection::vec(any::<u8>(), 0..40), 0..4),
    ) -> Record {
        Record {
            state, revision, deadline_ms, hold: HoldId(hold), applicant, tariff: TariffId(tariff), amount_tiyn,
            acquired, held_at_ms, extensions, permit_deadline_ms, actor, office, channel,
            payment: payment.map(PaymentId), extra,
        }
    }
}

prop_compose! {
    fn any_payment()(
        (id, hold, applicant) in (any::<[u8; 16]>(), any::<[u8; 16]>(), prop::option::of(any::<[u8; 16]>())),
        (provider, transaction) in ("\\PC{0,20}", "\\PC{0,60}"),
        (ordinal, amount_tiyn, paid_at_ms) in (any::<u32>(), any::<i64>(), any::<i64>()),
        (received_at_ms, refunded_at_ms) in (moment(), moment()),
        state in prop::sample::select(PaymentState::ALL),
        reason in prop::option::of(prop::sample::select(RefundReason::ALL)),
    ) -> Payment {
        Payment {
            id: PaymentId(id), provider, transaction, ordinal, hold: HoldId(hold),
            applicant: applicant.map(ApplicantId), amount_tiyn, paid_at_ms, received_at_ms, state, reason,
            refunded_at_ms,
        }
    }
}

prop_compose! {
    /// Also longer than the 65,535 bytes of a part.
    fn any_document()(
        name in "[a-z/]{1,255}", version in 1_u64..1 << 40, length in prop::sample::select(&[0_usize, 1, 80_000]),
        filling in any::<u8>(),
    ) -> DocumentChange {
        DocumentChange { name, version, content: vec![filling; length] }
    }
}

prop_compose! {
    fn any_transition()(
        (verb, channel, bits) in (prop::sample::select(Verb::ALL), prop::sample::select(Channel::ALL), 0_u8..8),
        ordinal in prop::option::of(0_u32..u32::MAX),
        record in prop::option::of(any_record()),
        (request, applicant) in (any::<[u8; 16]>(), prop::option::of(applicant())),
        (actor, office, note) in ("\\PC{0,40}", "\\PC{0,20}", "\\PC{0,200}"),
        payment in prop::option::of((prop::option::of(prop::sample::select(PaymentState::ALL)), any_payment())),
        document in prop::option::of(any_document()),
    ) -> Transition {
        Transition {
            revision: 0, verb, ordinal, planes: PlaneBits::from_bits(bits), record, request: RequestId(request),
            actor, on_behalf: applicant.map(OnBehalf::from), office, channel,
            payment: payment.map(|(before, after)| PaymentChange { before, after }), note, document,
        }
    }
}

fn any_entry() -> impl Strategy<Value = FeedEntry> {
    let transitions = prop::collection::vec(any_transition(), 1..6);
    ("[a-z_.0-9]{1,30}", moment(), 1_u64..1 << 40, transitions).prop_map(
        |(pool, server_ms, first, mut transitions)| {
            for (revision, transition) in (first..).zip(&mut transitions) {
                transition.revision = revision;
            }
            FeedEntry { pool, server_ms, first_revision: first, transitions }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A record is what it was after packing and unpacking.
    #[test]
    fn a_record_survives_packing(record in any_record()) {
        prop_assert_eq!(record::unpack(&record::pack(&record).unwrap()), Ok(record));
    }

    /// A payment is what it was after packing and unpacking.
    #[test]
    fn a_payment_survives_packing(payment in any_payment()) {
        prop_assert_eq!(payment::unpack(&payment::pack(&payment).unwrap()), Ok(payment));
    }

    /// An entry of the feed is what it was after packing and unpacking, whatever its transitions carry.
    #[test]
    fn an_entry_survives_packing(entry in any_entry()) {
        prop_assert_eq!(feed::decode(&feed::encode(&entry).unwrap()), Ok(entry));
    }

    /// A cut entry is refused: nothing is half read.
    #[test]
    fn a_cut_entry_is_refused(entry in any_entry(), keep in 0.0..1.0) {
        let bytes = feed::encode(&entry).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let kept = (bytes.len() as f64 * keep) as usize;
        prop_assert!(feed::decode(&bytes[..kept]).is_err());
    }

    /// Any bytes at all are read or refused, and reading never fails otherwise.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (feed::decode(&bytes), record::unpack(&bytes), payment::unpack(&bytes), payment::unpack_stored(&bytes));
    }
}

/// An act that is done on behalf of something unknown is refused by name, and not read as something near it.
#[test]
fn an_unknown_way_of_acting_for_somebody_is_refused() {
    // Layout, times and counts as the table says; a release of mark 5 whose act has only its fixed part.
    let entry = |who: u8, pseudonyms: usize| {
        let mut act = vec![7; 16];
        act.extend([Channel::Desk.code(), who]);
        act.resize(act.len() + 16 * pseudonyms, 9);
        act.extend([0, 0]);
        let mut bytes = vec![1];
        bytes.extend([0; 6]);
        bytes.extend([1, 0, 0, 0, 0, 0, 1, 0, 1, b'p', Verb::Release.code(), 16, 5, 0, 0, 0]);
        bytes.extend(u16::try_from(act.len()).unwrap().to_le_bytes());
        bytes.extend(act);
        bytes
    };
    for (who, pseudonyms) in [(0, 0), (1, 1), (2, 2)] {
        assert!(feed::decode(&entry(who, pseudonyms)).is_ok(), "{who} is known");
    }
    for pseudonyms in 0..4 {
        assert_eq!(feed::decode(&entry(3, pseudonyms)).unwrap_err().what, "on behalf of");
    }
    assert!(feed::decode(&entry(2, 1)).is_err(), "a representative who is not there");
    assert!(feed::decode(&entry(1, 2)).is_err(), "a representative whom nothing announces");
}

/// A text that does not fit its length is refused when packing, with how long it may be.
#[test]
fn a_text_that_does_not_fit_is_refused() {
    let record = Record {
        state: State::Held,
        revision: 1,
        deadline_ms: 2,
        hold: HoldId([1; 16]),
        applicant: Applicant {
            id: ApplicantId([2; 16]),
            kind: ApplicantKind::Person,
            key_id: 1,
            representative: None,
        },
        tariff: TariffId([3; 8]),
        amount_tiyn: 4,
        acquired: Acquired::Chosen,
        held_at_ms: 5,
        extensions: 0,
        permit_deadline_ms: 6,
        actor: "a".repeat(256),
        office: String::new(),
        channel: Channel::Desk,
        payment: None,
        extra: BTreeMap::new(),
    };
    let refused = record::pack(&record).unwrap_err();
    assert_eq!((refused.what, refused.found, refused.limit), ("actor", 256, 255));
}

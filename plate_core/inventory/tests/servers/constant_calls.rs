//! A batch costs a constant number of the server's commands, whatever its size.

use std::collections::BTreeMap;

use plate_inventory::act::{Act, Channel};
use plate_inventory::answer::Answer;
use plate_inventory::item::{AssignItem, ConfirmItem, HeldItem, RefundItem};
use plate_inventory::outcome::Outcome;
use plate_inventory::settings::{DAY_MS, HOUR_MS};
use plate_inventory::state::Acquired;
use plate_inventory::store::Store;

use crate::people::{ALMATY, NOON_MS, TARIFF, act_of, hold, open_pools};
use crate::server::{Kind, Server, run, set_time};

/// How often each command has run, by `INFO commandstats`.
fn calls(client: &mut redis::Connection) -> BTreeMap<String, u64> {
    let info: String = redis::cmd("INFO").arg("commandstats").query(client).expect("INFO answers");
    info.lines()
        .filter_map(|line| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
        })
        .collect()
}

/// A run through a mark's life, `size` marks at a time, each verb one batch, and the commands that each ran.
struct Life<'a> {
    store: &'a Store,
    client: &'a mut redis::Connection,
    size: u16,
    first: u32,
    counts: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

impl Life<'_> {
    fn numbers(&self) -> std::ops::Range<u16> {
        let from = self.size * 200;
        from..from + self.size
    }

    fn ordinals(&self) -> Vec<u32> {
        (0..u32::from(self.size)).map(|n| self.first + n).collect()
    }

    /// Runs one verb and notes what it cost the server.
    async fn count(
        &mut self,
        verb: &'static str,
        expected: Outcome,
        call: impl AsyncFnOnce(&Store) -> Result<Vec<Answer>, plate_inventory::store::StoreError>,
    ) -> Vec<Answer> {
        redis::cmd("CONFIG").arg("RESETSTAT").exec(self.client).expect("the statistics are reset");
        let answers = call(self.store).await.expect(verb);
        assert!(!answers.is_empty() && answers.iter().all(|a| a.outcome == expected), "{verb}: {answers:?}");
        self.counts.insert(verb, calls(self.client));
        answers
    }

    /// What the next verb says of each mark: as the last answers left it.
    fn items(&self, verb: &str, answers: &[Answer]) -> Vec<HeldItem> {
        let of = |(number, answer): (u16, &Answer)| {
            let record = answer.record.as_ref().expect("a record");
            let act = act_of(number, &format!("{verb}-{}-{}", self.size, record.hold));
            HeldItem {
                act,
                ordinal: answer.ordinal.expect("a mark"),
                hold: record.hold,
                revision: record.revision,
            }
        };
        self.numbers().zip(answers).map(of).collect()
    }

    fn payments(&self, answers: &[Answer]) -> Vec<ConfirmItem> {
        let of = |(number, answer): (u16, &Answer)| {
            let record = answer.record.as_ref().expect("a record");
            ConfirmItem {
                act: Act {
                    applicant: act_of(number, "").applicant,
                    ..Act::of("payments", "", Channel::Payment)
                },
                ordinal: answer.ordinal.expect("a mark"),
                provider: "kaspi".to_owned(),
                transaction: format!("{}-{number}", self.size),
                hold: record.hold,
                amount_tiyn: record.amount_tiyn,
                paid_at_ms: NOON_MS,
                acquired: Acquired::Chosen,
                current_tariff: TARIFF,
                current_amount_tiyn: record.amount_tiyn,
            }
        };
        let mut items: Vec<ConfirmItem> = self.numbers().zip(answers).map(of).collect();
        for item in &mut items {
            item.act.id = item.payment().into();
        }
        items
    }

    /// From hold to refund, then release, sweep, and what rule and registry do.
    async fn live(&mut self) {
        let size = self.size;
        let holds = |round: &str, ordinals: &[u32], numbers: std::ops::Range<u16>| -> Vec<_> {
            numbers
                .zip(ordinals)
                .map(|(n, ordinal)| hold(n, &format!("{round}-{size}-{n}"), *ordinal))
                .collect()
        };
        let ordinals = self.ordinals();
        let items = holds("first", &ordinals, self.numbers());
        let held = self.count("hold", Outcome::Held, async |store| store.hold(ALMATY, &items).await).await;
        let items = self.items("extend", &held);
        let held =
            self.count("extend", Outcome::Extended, async |store| store.extend(ALMATY, &items).await).await;
        let items = self.items("pay", &held);
        let paying = async |store: &Store| store.begin_payment(ALMATY, &items).await;
        let held = self.count("begin_payment", Outcome::PaymentBegun, paying).await;
        let payments = self.payments(&held);
        let confirm = async |store: &Store| store.confirm(ALMATY, &payments).await;
        let allotted = self.count("confirm", Outcome::Allotted, confirm).await;
        let items = self.items("cancel", &allotted);
        self.count("cancel", Outcome::Cancelled, async |store| store.cancel(ALMATY, &items).await).await;
        let refund = |item: &ConfirmItem| RefundItem {
            act: Act::of("payments", &format!("refund-{}", item.transaction), Channel::Payment),
            ordinal: item.ordinal,
            payment: item.payment(),
        };
        let refunds: Vec<RefundItem> = payments.iter().map(refund).collect();
        let refunded = async |store: &Store| store.confirm_refund(ALMATY, &refunds).await;
        self.count("confirm_refund", Outcome::Refunded, refunded).await;
        let items = holds("second", &ordinals, self.numbers());
        let held = self.store.hold(ALMATY, &items).await.expect("held");
        let items = self.items("release", &held);
        self.count("release", Outcome::Released, async |store| store.release(ALMATY, &items).await).await;
        self.end_and_close(&ordinals).await;
    }

    /// Holds that lapse, ordinary marks, and the planes.
    async fn end_and_close(&mut self, ordinals: &[u32]) {
        // The lists still have the deadlines of holds that are gone; looked at first, they would fill the sweep.
        set_time(self.client, &[ALMATY], NOON_MS + HOUR_MS);
        for _ in 0..2 {
            self.store.sweep(ALMATY, 128).await.expect("swept");
        }
        set_time(self.client, &[ALMATY], NOON_MS);
        let others: Vec<u32> = ordinals.iter().map(|ordinal| ordinal + 2 * 1_024).collect();
        let assign = |(number, ordinal): (u16, &u32)| AssignItem {
            act: act_of(number, &format!("assign-{}-{number}", self.size)),
            candidates: vec![*ordinal],
            tariff: TARIFF,
            amount_tiyn: 1_211_000,
        };
        let items: Vec<AssignItem> = self.numbers().zip(&others).map(assign).collect();
        let assigned = async |store: &Store| store.assign_next(ALMATY, &items).await;
        self.count("assign_next", Outcome::Held, assigned).await;
        set_time(self.client, &[ALMATY], NOON_MS + HOUR_MS);
        let sweep = async |store: &Store| store.sweep(ALMATY, 128).await.map(|swept| swept.answers);
        self.count("sweep", Outcome::Expired, sweep).await;
        set_time(self.client, &[ALMATY], NOON_MS);
        let act = |verb: &str| Act::of("admin", &format!("{verb}-{}", self.size), Channel::Portal);
        let (withheld, readmitted) = (act("withhold"), act("readmit"));
        let withhold = async |store: &Store| store.withhold(ALMATY, &withheld, &others, "a word").await;
        self.count("withhold", Outcome::Withheld, withhold).await;
        let readmit = async |store: &Store| store.readmit(ALMATY, &readmitted, &others).await;
        self.count("readmit", Outcome::Readmitted, readmit).await;
        let imported = Act::of("registry", &format!("import-{}", self.size), Channel::Registry);
        let import =
            async |store: &Store| store.import(ALMATY, &imported, &others).await.map(|answer| vec![answer]);
        self.count("import", Outcome::Imported, import).await;
        self.count("read", Outcome::Read, async |store| store.read(ALMATY, &others).await).await;
    }
}

/// Each verb runs for 128 marks in one batch the very commands that it runs for one, each as often.
#[test]
fn a_batch_runs_a_constant_number_of_commands() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start_with(kind, &[("appendfsync", "no")]);
            let (mut client, store) = (server.client(), server.store().await);
            set_time(&mut client, &[ALMATY], NOON_MS);
            open_pools(&store, &[ALMATY]).await;
            let mut counts = Vec::new();
            for (size, first) in [(1, 1), (128, 1_025)] {
                let mut life =
                    Life { store: &store, client: &mut client, size, first, counts: BTreeMap::new() };
                life.live().await;
                counts.push(life.counts);
            }
            assert_eq!(counts[0].len(), 13, "every verb was counted");
            for (verb, one) in &counts[0] {
                assert_eq!(one, &counts[1][verb], "{kind:?} {verb}");
            }
        });
    }
}

/// The giving back of a hold.
fn release_of(number: u16, held: &Answer) -> HeldItem {
    let record = held.record.as_ref().expect("a record");
    HeldItem {
        act: act_of(number, &format!("release-{}", record.hold)),
        ordinal: held.ordinal.expect("a mark"),
        hold: record.hold,
        revision: record.revision,
    }
}

/// Forgetting costs a constant number of commands too, and in the end nothing of the requests is left.
#[test]
fn forgetting_runs_a_constant_number_of_commands() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start_with(kind, &[("appendfsync", "no")]);
            let (mut client, store) = (server.client(), server.store().await);
            let mut counts = Vec::new();
            for (day, size) in [(0, 1), (40, 128)] {
                let now_ms = NOON_MS + day * DAY_MS;
                set_time(&mut client, &[ALMATY], now_ms);
                if day == 0 {
                    open_pools(&store, &[ALMATY]).await;
                }
                let items: Vec<_> =
                    (0..size).map(|n| hold(n, &format!("{size}-{n}"), u32::from(n) + 1)).collect();
                let held = store.hold(ALMATY, &items).await.expect("held");
                let releases: Vec<HeldItem> =
                    (0..size).zip(&held).map(|(n, answer)| release_of(n, answer)).collect();
                store.release(ALMATY, &releases).await.expect("released");
                set_time(&mut client, &[ALMATY], now_ms + 30 * DAY_MS);
                redis::cmd("CONFIG").arg("RESETSTAT").exec(&mut client).expect("the statistics are reset");
                assert!(store.forget(ALMATY).await.expect("forgotten"), "there was something to forget");
                counts.push(calls(&mut client));
                assert!(!store.forget(ALMATY).await.expect("forgotten"), "and nothing is left");
                while store.sweep_ids(0).await.expect("forgotten") != 0 {}
            }
            assert_eq!(counts[0], counts[1], "{kind:?}");
            for key in ["{person_car.02}:requests", "{person_car.02}:cooldowns", "{s0}:ids", "{s0}:permits"] {
                let left: u64 = redis::cmd("HLEN").arg(key).query(&mut client).expect("a hash");
                assert_eq!(left, 0, "{kind:?} {key}");
            }
        });
    }
}

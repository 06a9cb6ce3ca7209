//! A batch costs a constant number of the server's commands, whatever its size.

use std::collections::BTreeMap;

use plate_inventory::outcome::Outcome;

use crate::people::{ALMATY, NOON_MS, hold, open_pools};
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

/// Holding 128 marks in one batch runs the very commands that holding one runs, each as often.
#[test]
fn a_batch_of_holds_runs_a_constant_number_of_commands() {
    for kind in Kind::BOTH {
        run(async {
            let server = Server::start(kind);
            let mut client = server.client();
            set_time(&mut client, &[ALMATY], NOON_MS);
            let store = server.store().await;
            open_pools(&store, &[ALMATY]).await;
            let mut counts = Vec::new();
            for size in [1_u16, 128] {
                let items: Vec<_> = (0..size)
                    .map(|n| hold(n, &format!("{size}-{n}"), u32::from(size) * 1024 + u32::from(n) + 1))
                    .collect();
                let _: () = redis::cmd("CONFIG").arg("RESETSTAT").query(&mut client).expect("reset");
                let answers = store.hold(ALMATY, &items).await.expect("held");
                assert!(answers.iter().all(|answer| answer.outcome == Outcome::Held), "{answers:?}");
                counts.push(calls(&mut client));
            }
            assert_eq!(counts[0], counts[1], "{kind:?}");
        });
    }
}

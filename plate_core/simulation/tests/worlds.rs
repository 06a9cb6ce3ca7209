//! The simulation itself: a seed is one run, the promises hold in many, and no mistake goes unseen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use plate_inventory::feed::Verb;
use plate_simulation::sabotage::Sabotage;
use plate_simulation::seed::{history, run};
use plate_simulation::table::table;
use plate_simulation::world::World;

const STEPS: u32 = 1_000;

/// A seed replays byte for byte, and another seed is another run.
#[test]
fn a_seed_is_one_run() {
    for seed in 0..20 {
        assert_eq!(run(seed, STEPS, None).hash, run(seed, STEPS, None).hash, "seed {seed}");
        assert_eq!(history(seed, STEPS, None, None), history(seed, STEPS, None, None), "seed {seed}");
        assert_ne!(run(seed, STEPS, None).hash, run(seed + 1, STEPS, None).hash, "seed {seed}");
    }
}

/// In three hundred worlds everything that must hold does, at each step.
#[test]
fn the_promises_hold() {
    for seed in 0..300 {
        let fault = run(seed, STEPS, None).fault;
        assert!(fault.is_none(), "seed {seed}: {fault:?}");
    }
}

/// Each mistake is found within a hundred and fifty seeds, and the mark's history is shown.
#[test]
fn each_mistake_is_found() {
    for sabotage in Sabotage::ALL {
        let found = (0..150).find_map(|seed| Some((seed, run(seed, STEPS, Some(*sabotage)).fault?)));
        let (seed, fault) = found.unwrap_or_else(|| panic!("{} was not found", sabotage.name()));
        let told = history(seed, fault.step, Some(*sabotage), fault.broken.mark);
        assert!(fault.broken.mark.is_none() || !told.is_empty(), "{} has no history", sabotage.name());
    }
}

/// The worlds are not idle: every verb that is served has an effect in some, and the journal fills.
#[test]
fn everything_happens_somewhere() {
    let (mut verbs, mut journalled) = (Vec::new(), 0);
    for seed in 0..60 {
        let mut world = World::of(seed, None, false);
        (0..STEPS).for_each(|_| world.step().unwrap());
        verbs.extend(world.verbs());
        journalled += world.journalled();
    }
    for verb in [
        Verb::Hold,
        Verb::Extend,
        Verb::Release,
        Verb::BeginPayment,
        Verb::Confirm,
        Verb::Cancel,
        Verb::ConfirmRefund,
        Verb::Expire,
        Verb::Configure,
    ] {
        assert!(verbs.contains(&verb), "{verb} never had an effect");
    }
    assert!(journalled > 60 * 5, "{journalled} entries in the journal");
}

/// The keeper's decisions are the ones that the Python is held to.
#[test]
fn the_keeper_decides_as_the_table_says() {
    let kept = include_str!("../tables/keeper.txt");
    assert!(table() == kept, "run `simulate --table > plate_core/simulation/tables/keeper.txt`");
}

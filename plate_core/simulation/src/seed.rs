//! The run of one seed: to its end, or to the first thing that does not hold; and its history for a reader.

use crate::ledger::Broken;
use crate::sabotage::Sabotage;
use crate::trace::Place;
use crate::world::World;

/// What became of a seed.
#[derive(Clone, Debug)]
pub struct Run {
    /// The hash of everything that happened: two runs of a seed have the same.
    pub hash: u64,
    /// What did not hold, if anything.
    pub fault: Option<Fault>,
}

/// Something that did not hold.
#[derive(Clone, Debug)]
pub struct Fault {
    /// After which step: the shortest run that shows it has as many.
    pub step: u32,
    /// What.
    pub broken: Broken,
}

/// Runs a seed for so many steps.
#[must_use]
pub fn run(seed: u64, steps: u32, sabotage: Option<Sabotage>) -> Run {
    let mut world = World::of(seed, sabotage, false);
    let fault = take(&mut world, steps);
    Run { hash: world.trace.hash(), fault }
}

fn take(world: &mut World, steps: u32) -> Option<Fault> {
    for step in 1..=steps {
        if let Err(broken) = world.step() {
            return Some(Fault { step, broken });
        }
    }
    world.end().err().map(|broken| Fault { step: steps, broken })
}

/// What happened in a seed: everything, or what touches a mark.
#[must_use]
pub fn history(seed: u64, steps: u32, sabotage: Option<Sabotage>, mark: Option<Place>) -> Vec<String> {
    let mut world = World::of(seed, sabotage, true);
    let _ = take(&mut world, steps);
    let touches = |other: Option<Place>| mark.is_none() || mark == other;
    let lines = world.trace.lines().iter().filter(|line| touches(line.mark));
    lines.map(|line| format!("{:5}  {}", line.step, line.text)).collect()
}

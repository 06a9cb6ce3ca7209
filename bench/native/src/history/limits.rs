//! Live holds an applicant over all pools, in the order of the store's time.
//!
//! A pool's revisions do not order another pool's, so at equal milliseconds ends come before beginnings: the check
//! never accuses on doubt.

use crate::names::{Map, Name};
use crate::records::{State, Step};
use crate::{Finding, History};

/// When a hold ended (no) or began (yes), whose it was, of which mark.
type Edge = (u64, bool, Name, Name);

/// Nobody had more live holds at once than he may.
pub(crate) fn kept(history: &History, live_holds_max: i64) -> Vec<Finding> {
    let mut edges = edges(&history.steps);
    edges.sort_by_key(|(at_ms, begins, ..)| (*at_ms, *begins));
    let mut counts: Map<Name, i64> = Map::default();
    let mut findings = Vec::new();
    for (_, begins, applicant, mark) in edges {
        let count = counts.entry(applicant).or_default();
        *count += if begins { 1 } else { -1 };
        if *count > live_holds_max {
            let who = history.names.text(applicant);
            let sentence = format!("applicant {who} has {count} live holds, {live_holds_max} allowed");
            findings.push(history.finding("limits_kept", mark, sentence));
        }
    }
    findings
}

fn edges(steps: &[Step]) -> Vec<Edge> {
    let mut edges = Vec::new();
    let mut live: Map<Name, &Step> = Map::default();
    for step in steps.iter().filter(|step| step.is_of_a_mark()) {
        if let Some(before) = live.remove(&step.mark).filter(|before| before.state == State::Held) {
            if step.state == State::Held && step.hold == before.hold {
                live.insert(step.mark, step);
                continue;
            }
            let deadline_ms = if before.deadline_ms == 0 { u64::MAX } else { before.deadline_ms };
            edges.push((step.server_ms.min(deadline_ms), false, before.applicant, step.mark));
        }
        if step.state == State::Held {
            edges.push((step.server_ms, true, step.applicant, step.mark));
        }
        if step.state != State::None {
            live.insert(step.mark, step);
        }
    }
    edges
}

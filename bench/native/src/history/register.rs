//! Each mark as one register: some order of what was done to it explains every answer.
//!
//! [`linearisable`] asks by moments alone: what was invoked after something else had returned came later, what
//! overlapped may have come in either order, and orders are searched until one explains every answer (Wing and Gong's
//! search with a memory of what was tried, 1993; Lowe, 2017). [`real_time_kept`] asks the same by revisions: they
//! claim one order, and no mark's may contradict the moments.
//!
//! Only answers with both moments take part. Answers to one request are one operation.

use crate::names::Set;
use crate::records::{Outcome, Told};
use crate::{Finding, History};

/// Operations that overlap the first one without an order; more of them on one mark are not searched but told.
const AHEAD_MAX: usize = 128;

/// Operations on each mark, by the moment of their invocation; an answer that was given twice counts once.
pub(crate) fn operations(history: &History) -> Vec<Vec<&Told>> {
    let takes_part = |one: &&Told| {
        let says = one.outcome.is_effect()
            || matches!(one.outcome, Outcome::HeldByAnother | Outcome::HeldByYou | Outcome::MarkAllotted);
        one.returned_us != 0 && says
    };
    let mut all: Vec<&Told> = history.told.iter().filter(takes_part).collect();
    all.sort_by_key(|one| (one.mark, one.invoked_us));
    let mut known = Set::default();
    all.chunk_by(|one, next| one.mark == next.mark)
        .map(|of_mark| {
            known.clear();
            of_mark.iter().copied().filter(|one| known.insert(one.request)).collect()
        })
        .collect()
}

/// No revision came after a later one had been asked for and answered before.
pub(crate) fn real_time_kept(history: &History, operations: &[Vec<&Told>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of_mark in operations {
        let mut effects: Vec<&&Told> = of_mark.iter().filter(|one| one.revision != 0).collect();
        effects.sort_by_key(|one| one.revision);
        let mut latest: Option<&Told> = None;
        for answer in effects {
            if let Some(latest) = latest.filter(|latest| answer.returned_us < latest.invoked_us) {
                let (returned, invoked) = (words(history, answer), words(history, latest));
                let sentence = format!("{returned} had returned before {invoked} was invoked");
                findings.push(history.finding("real_time_kept", answer.mark, sentence));
            }
            if latest.is_none_or(|latest| answer.invoked_us > latest.invoked_us) {
                latest = Some(answer);
            }
        }
    }
    findings
}

/// Marks whose answers no order explains.
pub(crate) fn linearisable(history: &History, operations: &[Vec<&Told>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of_mark in operations {
        let sentence = match Search::new(of_mark).run() {
            Verdict::Explained => continue,
            Verdict::Stuck(place) => {
                let what = words(history, of_mark[place]);
                format!("no order of what was asked explains {what}, or what overlaps it")
            }
            Verdict::TooMany(place) => {
                format!("more than {AHEAD_MAX} operations overlap {}", words(history, of_mark[place]))
            }
        };
        findings.push(history.finding("linearisable", of_mark[0].mark, sentence));
    }
    findings
}

fn words(history: &History, answer: &Told) -> String {
    let (word, request) = (answer.outcome.word(), history.names.text(answer.request));
    match answer.revision {
        0 => format!("{word} to {request}"),
        revision => format!("{word} at revision {revision} to {request}"),
    }
}

enum Verdict {
    Explained,
    Stuck(usize),
    TooMany(usize),
}

/// How many operations are in order, which of those behind them are as well (a bit each), and which of all made the
/// mark's state (none: nobody has it).
type Reached = (usize, u128, Option<usize>);

struct Search<'a> {
    answers: &'a [&'a Told],
    tried: Set<Reached>,
    waiting: Vec<Reached>,
    places: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(answers: &'a [&'a Told]) -> Self {
        Self { answers, tried: Set::default(), waiting: vec![(0, 0, None)], places: Vec::new() }
    }

    fn run(mut self) -> Verdict {
        let mut furthest = 0;
        while let Some((mut first, mut ahead, state)) = self.waiting.pop() {
            let in_order = ahead.trailing_ones();
            first += in_order as usize;
            ahead = ahead.checked_shr(in_order).unwrap_or(0);
            if first == self.answers.len() {
                return Verdict::Explained;
            }
            if !self.tried.insert((first, ahead, state)) {
                continue;
            }
            furthest = furthest.max(first);
            if self.find_next(first, ahead).is_err() {
                return Verdict::TooMany(first);
            }
            for &place in &self.places {
                if let Some(after) = self.state_after(state, place) {
                    self.waiting.push((first, ahead | 1 << (place - first), after));
                }
            }
        }
        Verdict::Stuck(furthest)
    }

    /// Which may come next: whatever nothing left had returned before; the one to try first stands last.
    fn find_next(&mut self, first: usize, ahead: u128) -> Result<(), ()> {
        let answers = self.answers;
        let mut returned_us = answers[first].returned_us;
        self.places.clear();
        for (distance, answer) in answers[first..].iter().enumerate() {
            if answer.invoked_us > returned_us {
                break;
            }
            if distance == AHEAD_MAX {
                return Err(());
            }
            if ahead >> distance & 1 == 0 {
                self.places.push(first + distance);
                returned_us = returned_us.min(answer.returned_us);
            }
        }
        self.places.retain(|place| answers[*place].invoked_us <= returned_us);
        self.places.sort_by_key(|place| std::cmp::Reverse(answers[*place].returned_us));
        Ok(())
    }

    /// The mark's state after an operation in this state; `None` where it could not have been answered so.
    fn state_after(&self, state: Option<usize>, place: usize) -> Option<Option<usize>> {
        let answer = self.answers[place];
        let owner = state.map(|state| self.answers[state]);
        let own = owner.is_some_and(|owner| owner.hold == answer.hold);
        let for_good = owner.is_some_and(|owner| owner.deadline_ms == 0);
        let live = owner.is_some_and(|owner| for_good || answer.server_ms < owner.deadline_ms);
        match answer.outcome {
            Outcome::Held => (!live).then_some(Some(place)),
            Outcome::Extended | Outcome::PaymentBegun => (own && live && !for_good).then_some(Some(place)),
            Outcome::Released => (own && live && !for_good).then_some(None),
            Outcome::Cancelled => (own && for_good).then_some(None),
            Outcome::Allotted => {
                // Late money buys what nobody has, or what the same person holds anew.
                let anew = !for_good && owner.is_some_and(|owner| owner.person == answer.person);
                (!live || own || anew).then_some(Some(place))
            }
            Outcome::MarkAllotted => for_good.then_some(state),
            _ => (live && !for_good).then_some(state),
        }
    }
}

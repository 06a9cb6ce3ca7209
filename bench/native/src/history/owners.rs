//! Who had a mark: as clients were told it, and as the journal tells it.

use crate::names::{Map, Name};
use crate::records::{Outcome, State, Step, Told, Verb};
use crate::{Finding, History};

struct Owner<'a> {
    by: &'a Told,
    deadline_ms: u64,
}

impl Owner<'_> {
    fn still_owns(&self, answer: &Told) -> bool {
        self.by.hold != answer.hold && (self.deadline_ms == 0 || answer.server_ms < self.deadline_ms)
    }
}

/// Nobody was told that he has a mark which another had been told to have, and which nothing had ended.
pub(crate) fn by_answers(history: &History, effects: &[&Told]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of_mark in effects.chunk_by(|one, next| one.mark == next.mark) {
        let mut owner: Option<Owner<'_>> = None;
        for answer in of_mark {
            let own = owner.as_ref().is_some_and(|owner| owner.by.hold == answer.hold);
            match answer.outcome {
                Outcome::Held | Outcome::Allotted => {
                    if let Some(owner) = owner.as_ref().filter(|owner| owner.still_owns(answer)) {
                        findings.push(taken_from(history, owner, answer));
                    }
                    owner = Some(Owner { by: answer, deadline_ms: answer.deadline_ms });
                }
                Outcome::Released | Outcome::Cancelled if own => owner = None,
                Outcome::Released | Outcome::Cancelled => {}
                _ => {
                    if let Some(owner) = owner.as_mut().filter(|_| own) {
                        owner.deadline_ms = answer.deadline_ms;
                    }
                }
            }
        }
    }
    findings
}

fn taken_from(history: &History, owner: &Owner<'_>, answer: &Told) -> Finding {
    let until = match owner.deadline_ms {
        0 => "for good".to_owned(),
        deadline_ms => format!("until {deadline_ms}"),
    };
    let sentence = format!(
        "{} at revision {} although hold {} had it {until} since revision {}",
        answer.outcome.word(),
        answer.revision,
        history.names.text(owner.by.hold),
        owner.by.revision
    );
    history.finding("owners_by_answers", answer.mark, sentence)
}

/// Revisions without a gap a pool, and a legal life a mark.
pub(crate) fn by_journal(history: &History) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut last: Map<Name, u64> = Map::default();
    let mut live: Map<Name, &Step> = Map::default();
    for step in &history.steps {
        let last = last.entry(step.pool).or_default();
        if step.revision != *last + 1 {
            let sentence = format!("revision {} where {} was due", step.revision, *last + 1);
            findings.push(history.finding("owners_by_journal", step.pool, sentence));
        }
        *last = step.revision;
        if !step.is_of_a_mark() {
            continue;
        }
        let before = match step.state {
            State::None => live.remove(&step.mark),
            _ => live.insert(step.mark, step),
        };
        let found = faults(history, before, step).into_iter();
        findings.extend(found.map(|sentence| history.finding("owners_by_journal", step.mark, sentence)));
    }
    findings
}

/// What is wrong with a step after the one before it.
fn faults(history: &History, before: Option<&Step>, step: &Step) -> Vec<String> {
    let mut found = Vec::new();
    let revision = step.revision;
    if let (Verb::Take, Some(before)) = (step.verb, before) {
        let hold = history.names.text(before.hold);
        found.push(format!("taken at revision {revision} from hold {hold}, which nothing had ended"));
    }
    match (step.verb, before) {
        (Verb::Expire, None) => found.push(format!("expired at revision {revision} without a hold")),
        (Verb::Expire, Some(before)) if step.server_ms < before.deadline_ms => {
            let (at, deadline) = (step.server_ms, before.deadline_ms);
            found.push(format!("expired at {at}, before its deadline {deadline}"));
        }
        _ => {}
    }
    if step.state == State::Allotted {
        if !step.payment.is_some_and(|payment| payment.is_settled) {
            found.push(format!("allotted at revision {revision} without a settled payment"));
        }
        if before.is_some_and(|before| before.hold != step.hold && before.applicant != step.applicant) {
            found.push(format!("allotted to another than its holder at revision {revision}"));
        }
    }
    found
}

//! What was told stands in the journal, what was refused was so, and as much was told as is written.

use crate::names::{Map, NONE, Name, Set};
use crate::records::{Outcome, State, Told, Verb};
use crate::{Finding, History};

/// What was acknowledged is on disk: the step of that revision is of that mark, hold, price and deadline.
pub(crate) fn in_journal(history: &History, effects: &[&Told]) -> Vec<Finding> {
    let steps: Map<(Name, u64), _> = history
        .steps
        .iter()
        .filter(|step| step.mark != NONE)
        .map(|step| ((step.mark, step.revision), step))
        .collect();
    let mut findings = Vec::new();
    for answer in effects {
        let (word, revision) = (answer.outcome.word(), answer.revision);
        let keeps_it = matches!(answer.outcome, Outcome::Held | Outcome::Extended | Outcome::PaymentBegun);
        let sentence = match steps.get(&(answer.mark, revision)) {
            None => format!("{word} at revision {revision} is not in the journal"),
            Some(step) if step.hold != NONE && answer.hold != NONE && step.hold != answer.hold => {
                let (is, told) = (history.names.text(step.hold), history.names.text(answer.hold));
                format!("revision {revision} is of hold {is}, not {told}")
            }
            Some(step)
                if keeps_it
                    && (answer.amount_tiyn, answer.deadline_ms) != (step.amount_tiyn, step.deadline_ms) =>
            {
                let told = terms(answer.amount_tiyn, answer.deadline_ms);
                let is = terms(step.amount_tiyn, step.deadline_ms);
                format!("{told} was told at revision {revision}, {is} is written")
            }
            Some(_) => continue,
        };
        findings.push(history.finding("answers_in_journal", answer.mark, sentence));
    }
    findings
}

fn terms(amount_tiyn: u64, deadline_ms: u64) -> String {
    format!("{amount_tiyn} tiyn until {deadline_ms}")
}

/// A state of a mark, from when until when.
struct Life {
    state: State,
    begin_ms: u64,
    end_ms: u64,
}

/// A refusal that says who has a mark is true at the store's time that it names, to the millisecond.
pub(crate) fn refusals_in_journal(history: &History) -> Vec<Finding> {
    let mut lives: Map<Name, Vec<Life>> = Map::default();
    for step in history.steps.iter().filter(|step| step.is_of_a_mark()) {
        let known = lives.entry(step.mark).or_default();
        if let Some(life) = known.last_mut() {
            life.end_ms = life.end_ms.min(step.server_ms);
        }
        if step.state != State::None {
            let end_ms = if step.deadline_ms == 0 { u64::MAX } else { step.deadline_ms - 1 };
            known.push(Life { state: step.state, begin_ms: step.server_ms, end_ms });
        }
    }
    let mut findings = Vec::new();
    for answer in history.told.iter().filter(|answer| answer.server_ms != 0) {
        let said = match answer.outcome {
            Outcome::HeldByAnother | Outcome::HeldByYou => State::Held,
            Outcome::MarkAllotted => State::Allotted,
            _ => continue,
        };
        let at = answer.server_ms;
        let was_so = lives.get(&answer.mark).is_some_and(|known| {
            known.iter().any(|life| life.state == said && (life.begin_ms..=life.end_ms).contains(&at))
        });
        if !was_so {
            let sentence = format!("{} was told at {at}, when it was not", answer.outcome.word());
            findings.push(history.finding("refusals_in_journal", answer.mark, sentence));
        }
    }
    findings
}

/// As many distinct effects were told, kind by kind, as the journal has.
pub(crate) fn counts_agree(history: &History) -> Vec<Finding> {
    let mut counts: Map<&str, (u64, u64)> = Map::default();
    let mut known = Set::default();
    for answer in &history.told {
        if answer.outcome.is_effect() && known.insert((answer.request, answer.outcome.word())) {
            counts.entry(answer.outcome.word()).or_default().0 += 1;
        }
    }
    for step in &history.steps {
        let told_as = match step.verb {
            Verb::Take => Outcome::Held,
            Verb::Extend => Outcome::Extended,
            Verb::Release => Outcome::Released,
            Verb::BeginPayment => Outcome::PaymentBegun,
            Verb::Confirm if step.state == State::Allotted => Outcome::Allotted,
            Verb::Cancel => Outcome::Cancelled,
            _ => continue,
        };
        counts.entry(told_as.word()).or_default().1 += 1;
    }
    let agree = |word: &str| counts.get(word).is_none_or(|(told, written)| told == written);
    Outcome::EFFECTS
        .iter()
        .map(|outcome| outcome.word())
        .filter(|word| !agree(word))
        .map(|word| {
            let (told, written) = counts[word];
            let sentence = format!("{told} {word} were told, the journal has {written}");
            history.finding("counts_agree", NONE, sentence)
        })
        .collect()
}

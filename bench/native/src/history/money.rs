//! Money and marks: one settled payment an allotment, of exactly the quoted amount.

use crate::names::{Map, Name};
use crate::records::{Outcome, Verb};
use crate::{Finding, History};

/// Every settled payment bought one hold's mark at its price, and whoever was told `allotted` paid.
pub(crate) fn balance(history: &History) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut quoted: Map<Name, u64> = Map::default();
    let mut bought: Map<Name, Name> = Map::default();
    let mut settled: Map<Name, u32> = Map::default();
    let text = |name| history.names.text(name);
    for step in &history.steps {
        if step.verb == Verb::Take {
            quoted.insert(step.hold, step.amount_tiyn);
        }
        let Some(payment) = step.payment.filter(|payment| payment.is_settled) else { continue };
        let mut found = |sentence| findings.push(history.finding("payments_balance", step.mark, sentence));
        let (transaction, paid) = (|| text(payment.transaction), payment.amount_tiyn);
        let times = settled.entry(payment.transaction).or_default();
        *times += 1;
        if *times > 1 {
            found(format!("{} settled twice", transaction()));
        }
        if let Some(quoted) = quoted.get(&step.hold).filter(|quoted| **quoted != paid) {
            found(format!("{} paid {paid}, quoted {quoted}", transaction()));
        }
        if let Some(before) = bought.insert(step.hold, payment.transaction) {
            let (hold, first, second) = (text(step.hold), text(before), transaction());
            found(format!("hold {hold} bought by {first} and {second}"));
        }
    }
    for answer in history.told.iter().filter(|answer| answer.outcome == Outcome::Allotted) {
        if !settled.contains_key(&answer.request) {
            let sentence = format!("told allotted for {}, which nothing settled", text(answer.request));
            findings.push(history.finding("payments_balance", answer.mark, sentence));
        }
    }
    findings
}

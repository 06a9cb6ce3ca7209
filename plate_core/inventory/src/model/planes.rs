//! `withhold`, `readmit` and `import`: what rule and registry do. One request each, however many marks it names.

use super::pool::{After, Who};
use super::{Model, Pool, Request, plain};
use crate::act::Act;
use crate::answer::{Answer, Context, ImportCounts};
use crate::feed::Verb;
use crate::item::marks_digest;
use crate::lifecycle::Refusal;
use crate::outcome::Outcome;

impl Model {
    /// Takes marks off sale.
    pub(super) fn withhold(
        &mut self,
        pool: &str,
        act: &Act,
        ordinals: &[u32],
        reason: &str,
        now_ms: i64,
    ) -> Vec<Answer> {
        let digest = marks_digest("withhold", act, pool, ordinals, reason);
        self.of_marks(pool, act, ordinals, digest, now_ms, |pool, ordinal| {
            pool.withhold(act, ordinal, reason)
        })
    }

    /// Puts marks back on sale.
    pub(super) fn readmit(&mut self, pool: &str, act: &Act, ordinals: &[u32], now_ms: i64) -> Vec<Answer> {
        let digest = marks_digest("readmit", act, pool, ordinals, "");
        self.of_marks(pool, act, ordinals, digest, now_ms, |pool, ordinal| pool.readmit(act, ordinal))
    }

    /// Does one act to each of its marks, under one request id.
    fn of_marks(
        &mut self,
        pool: &str,
        act: &Act,
        ordinals: &[u32],
        digest: crate::id::Digest,
        now_ms: i64,
        mut one: impl FnMut(&mut Pool, u32) -> Outcome,
    ) -> Vec<Answer> {
        let request = Request {
            ordinals: ordinals.iter().copied().map(Some).collect(),
            ..Request::of_mark(act, pool, 0, digest)
        };
        let (answers, _) = self.once(&request, now_ms, |pool, _| {
            pool.unless_read_only(&request, now_ms, |pool| {
                let answer = |ordinal: &u32| {
                    let outcome = one(pool, *ordinal);
                    plain(outcome, Some(*ordinal), pool.revision, now_ms)
                };
                ordinals.iter().map(answer).collect()
            })
        });
        answers
    }

    /// Notes that marks are on the road.
    pub(super) fn import(&mut self, pool: &str, act: &Act, ordinals: &[u32], now_ms: i64) -> Vec<Answer> {
        let request = Request {
            ordinals: vec![None],
            ..Request::of_mark(act, pool, 0, marks_digest("import", act, pool, ordinals, ""))
        };
        let (answer, _) = self.once_one(&request, now_ms, |pool, _| {
            if pool.settings.read_only {
                return pool.refuse(Refusal::plain(Outcome::ReadOnly), None, now_ms);
            }
            pool.import(act, ordinals, now_ms)
        });
        vec![answer]
    }
}

impl Pool {
    fn withhold(&mut self, act: &Act, ordinal: u32, reason: &str) -> Outcome {
        let mark = self.mark(ordinal);
        if mark.record.is_some() {
            return Outcome::Conflict;
        }
        if mark.withheld {
            return Outcome::AlreadyWithheld;
        }
        self.withheld.insert(ordinal);
        self.step(Verb::Withhold, ordinal, After::Nothing, None, reason, Who::of(act));
        Outcome::Withheld
    }

    fn readmit(&mut self, act: &Act, ordinal: u32) -> Outcome {
        if self.settings.shape.never_issued(ordinal) {
            return Outcome::NeverIssued;
        }
        if !self.withheld.remove(&ordinal) {
            return Outcome::NotWithheld;
        }
        self.step(Verb::Readmit, ordinal, After::Nothing, None, "", Who::of(act));
        Outcome::Readmitted
    }

    fn import(&mut self, act: &Act, ordinals: &[u32], now_ms: i64) -> Answer {
        let mut counts = ImportCounts::default();
        for ordinal in ordinals {
            match self.import_one(act, *ordinal) {
                Outcome::Imported => counts.imported += 1,
                Outcome::Conflict => counts.conflicts.push(*ordinal),
                Outcome::NeverIssued => counts.never_issued.push(*ordinal),
                _ => counts.already_imported += 1,
            }
        }
        let outcome = match &counts {
            counts if counts.imported > 0 => Outcome::Imported,
            counts if !counts.conflicts.is_empty() => Outcome::Conflict,
            counts if counts.already_imported > 0 => Outcome::AlreadyImported,
            _ => Outcome::NeverIssued,
        };
        let context = Context { import: Some(counts), ..Context::default() };
        Answer { context, ..plain(outcome, None, self.revision, now_ms) }
    }

    /// A live record is stronger than the registry, even one past its deadline: somebody must look.
    fn import_one(&mut self, act: &Act, ordinal: u32) -> Outcome {
        if self.settings.shape.never_issued(ordinal) {
            return Outcome::NeverIssued;
        }
        if self.live.contains_key(&ordinal) {
            self.step(Verb::ImportConflict, ordinal, After::Untouched, None, "", Who::of(act));
            return Outcome::Conflict;
        }
        if !self.issued.insert(ordinal) {
            return Outcome::AlreadyImported;
        }
        self.step(Verb::Import, ordinal, After::Nothing, None, "", Who::of(act));
        Outcome::Imported
    }
}

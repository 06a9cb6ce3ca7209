//! The reference pages of outcomes and of the lifecycle are what the code says.
//!
//! `PLATES_WRITE_REFERENCE=1 cargo test -p plate-inventory --test reference` writes them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::path::PathBuf;

use plate_inventory::feed::Verb;
use plate_inventory::lifecycle::MarkState;
use plate_inventory::lifecycle::table::{Cell, EVENTS, next};
use plate_inventory::outcome::{Class, Outcome};

/// The page of outcomes: precedence, what each means, and what people do next.
fn outcomes_page() -> String {
    let mut page = String::from(
        "# Outcomes

Every answer of the inventory is one of these, in one closed table. Where several could be said of an item, the
topmost is said: the order of this page is the order in which an item is judged. The shard judges first (request id,
limits), then the pool, then the mark, then the price.

| class | effect | the same request id again |
|---|---|---|
| done | took effect | gives the same answer and has no second effect |
| refused | none | gives the same answer |
| not now | none | is judged afresh: the reason lies in the moment, not in the request |
| unknown | nobody knows | tells what happened |

This page is written from `plate_core/inventory/src/outcome.rs`:
`PLATES_WRITE_REFERENCE=1 cargo test -p plate-inventory --test reference`.

",
    );
    page.push_str("| # | outcome | class | what it means |\n|---|---|---|---|\n");
    for outcome in Outcome::ALL {
        let facts = outcome.facts();
        let row = (outcome.precedence(), outcome, class_name(facts.class), facts.sentence);
        writeln!(page, "| {} | [`{}`](#{1}) | {} | {} |", row.0, row.1, row.2, row.3).unwrap();
    }
    page.push_str("\n## What to do next\n");
    for outcome in Outcome::ALL {
        let facts = outcome.facts();
        write!(
            page,
            "\n### {outcome}\n\n{}\n\n- **Applicant:** {}\n- **Operator:** {}\n- **Support:** {}\n",
            facts.sentence, facts.user, facts.operator, facts.support
        )
        .unwrap();
    }
    page
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Done => "done",
        Class::Refused => "refused",
        Class::NotNow => "not now",
        Class::Unknown => "unknown",
    }
}

/// The page of the lifecycle: every event against every state.
fn lifecycle_page() -> String {
    let mut page = String::from(
        "# The life of a mark

Every event against every state of a mark. A cell in bold is the state that follows; a cell in italics is something that
is done while the mark stays what it is; any other cell is the refusal, by its name in [outcomes](outcomes.md).

The table says what the state alone decides. Who asks, under which hold, with which revision, at which hour and price can
refuse more, and never allows more. A mark that is on the road and withheld as well counts as withheld. A hold past its
deadline counts as free for everybody else, swept or not. `held_by_another` is `held_by_you` for its own applicant.
Events from `start_manufacture` on are not served yet; their records and journal lines have their places.

This page is written from `plate_core/inventory/src/lifecycle/table.rs`:
`PLATES_WRITE_REFERENCE=1 cargo test -p plate-inventory --test reference`.

",
    );
    let (before, after) = MarkState::ALL.split_at(5);
    page.push_str("## Before payment\n\n");
    push_table(&mut page, before);
    page.push_str("\n## From allotment on\n\n");
    push_table(&mut page, after);
    page
}

/// The events as rows, some states as columns.
fn push_table(page: &mut String, states: &[MarkState]) {
    page.push_str("| event |");
    states.iter().for_each(|state| write!(page, " {} |", state.slug()).unwrap());
    page.push_str("\n|---|");
    states.iter().for_each(|_| page.push_str("---|"));
    for event in EVENTS {
        write!(page, "\n| `{event}` |").unwrap();
        for state in states {
            write!(page, " {} |", cell(*state, event)).unwrap();
        }
    }
    page.push('\n');
}

fn cell(state: MarkState, event: Verb) -> String {
    match next(state, event) {
        Cell::To(state) => format!("**{}**", state.slug()),
        Cell::Stays(outcome) => format!("*{outcome}*"),
        Cell::Back => "**the state before**".to_owned(),
        Cell::Refused(outcome) => outcome.to_string(),
    }
}

/// Compares a page with the committed one, or writes it when that is asked for.
fn compare(name: &str, page: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("PLATES_WRITE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "docs/reference/{name} is not what the code says; see the head of this test");
}

/// The committed page of outcomes is the table of the code.
#[test]
fn outcomes_are_as_documented() {
    compare("outcomes.md", &outcomes_page());
}

/// The committed page of the lifecycle is the table of the code.
#[test]
fn the_lifecycle_is_as_documented() {
    compare("lifecycle.md", &lifecycle_page());
}

/// Numbers and slugs stand for one outcome each, and rise with the precedence where both are given.
#[test]
fn outcomes_are_told_apart() {
    for (index, outcome) in Outcome::ALL.iter().enumerate() {
        assert_eq!(Outcome::from_code(outcome.code()), Some(*outcome));
        assert_eq!(Outcome::from_slug(outcome.slug()), Some(*outcome));
        assert_eq!(outcome.precedence(), index + 1);
    }
    assert_eq!(Outcome::from_code(0), None);
    assert_eq!(Outcome::from_slug("failed"), None);
}

/// No cell of the table refuses with an outcome that is done, and none is done with a refusal.
#[test]
fn the_table_refuses_with_refusals() {
    for state in MarkState::ALL {
        for event in EVENTS {
            match next(state, event) {
                Cell::Refused(outcome) => assert!(!outcome.is_done(), "{event} of {state:?}"),
                Cell::Stays(outcome) => assert!(outcome.is_done(), "{event} of {state:?}"),
                Cell::To(_) | Cell::Back => {}
            }
        }
    }
}

/// Every state of a mark's life can be reached from free, and free from every state.
#[test]
fn the_life_of_a_mark_has_no_dead_end() {
    let reach = |from: MarkState| {
        let mut seen = vec![from];
        let mut at = 0;
        while at < seen.len() {
            for event in EVENTS {
                let after = match next(seen[at], event) {
                    Cell::To(state) => vec![state],
                    Cell::Back => vec![MarkState::Live(plate_inventory::state::State::Assigned)],
                    _ => Vec::new(),
                };
                seen.extend(after.into_iter().filter(|state| !seen.contains(state)).collect::<Vec<_>>());
            }
            at += 1;
        }
        seen
    };
    assert_eq!(reach(MarkState::Free).len(), MarkState::ALL.len());
    for state in MarkState::ALL {
        // What the registry says is on the road comes back only by a later verb of the registry.
        let comes_back = reach(state).contains(&MarkState::Free);
        assert!(comes_back, "{state:?}");
    }
}

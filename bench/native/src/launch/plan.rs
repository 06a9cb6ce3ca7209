//! The plan: what each person wants, with his token and the beginning of his request ids.

use serde::Deserialize;
use serde_json::Value;

/// One line of a plan.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Errand {
    /// A whole application.
    Journey(Journey),
    /// A channel's service account, for as long as it is there.
    Channel(Channel),
    /// One request for its own sake.
    Request(Request),
}

/// A channel's service account, which holds for many people and then acts for some of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Channel {
    /// The bearer's token.
    pub(crate) token: String,
    /// What the request ids and the transactions begin with.
    pub(crate) key: String,
    /// Of its luck.
    pub(crate) seed: u64,
    /// It goes home after so many operations; an item of a batch is one.
    pub(crate) operations: u64,
}

/// One application, from the search to the mark.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journey {
    /// Who is told.
    pub(crate) person: String,
    /// The bearer's token: the citizen's, or the operator's who serves him.
    pub(crate) token: String,
    /// What is searched: a path with its query.
    pub(crate) search: String,
    /// Marks that are tried before those which the search finds.
    pub(crate) wishes: Vec<String>,
    /// Where marks are held: the drivers' path or the desk's.
    pub(crate) holds: String,
    /// The citizen, where somebody else asks for him.
    pub(crate) applicant: Option<Value>,
    /// What the request ids and the transactions begin with.
    pub(crate) key: String,
}

/// One request for its own sake.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Who is told.
    pub(crate) person: String,
    /// By which it is counted.
    pub(crate) label: String,
    /// GET or POST.
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    /// Empty: none is sent.
    pub(crate) token: String,
    /// The Idempotency-Key; empty: none is sent.
    pub(crate) key: String,
    /// As it is sent; absent: none.
    pub(crate) body: Option<String>,
    /// The only status that is no failure.
    pub(crate) status: u16,
}

/// Every errand of a file, in its order.
pub(crate) fn read(path: &str) -> Result<Vec<Errand>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| format!("{path}, line {}: {error}", index + 1))
        })
        .collect()
}

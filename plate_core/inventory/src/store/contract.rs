//! The boot contract: what a server must be before a mark is entrusted to it.

/// One thing about a server that can lose marks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{setting} is {found}, and it must be {needed}: {mend}")]
pub struct ContractFault {
    /// The setting.
    pub setting: String,
    /// What it is.
    pub found: String,
    /// What it must be.
    pub needed: String,
    /// The line that mends it.
    pub mend: String,
}

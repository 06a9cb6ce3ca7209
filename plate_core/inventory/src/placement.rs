//! Where the shard stands, to which request ids and permits belong.

/// Whether the shard and the pools are on one server.
#[derive(Copy, Clone, PartialEq, Eq, Default, Debug)]
pub enum Placement {
    /// On one server: what is admitted is done and settled in one step, and the answer to a new hold is kept with its id.
    #[default]
    Together,
    /// On servers of their own, as a cluster may place them: a hold is admitted at one, done at the other, then settled.
    Apart,
}

//! What keeps the cluster as its objects say.

pub(crate) mod events;
pub(crate) mod garbage;
pub(crate) mod job;

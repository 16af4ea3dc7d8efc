//! What keeps the cluster as its objects say.

pub(crate) mod claims;
pub(crate) mod compaction;
pub(crate) mod events;
pub(crate) mod garbage;
pub(crate) mod job;
pub(crate) mod quotas;
pub(crate) mod ttl;

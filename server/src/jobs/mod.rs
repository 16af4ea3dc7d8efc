//! What the pages show of Jobs, Pods, events and quotas. Pure functions over the API server's JSON, without I/O.

pub mod environment;
pub mod events;
pub mod export;
pub mod pods;
pub mod quantity;
pub mod quota;
pub mod row;
pub mod status;
pub mod timestamps;

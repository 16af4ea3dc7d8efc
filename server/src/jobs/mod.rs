//! What the pages show of Jobs, Pods, events and quotas, read from the JSON of the API server by pure functions: nothing
//! here asks a cluster.

pub mod environment;
pub mod events;
pub mod export;
pub mod pods;
pub mod quantity;
pub mod quota;
pub mod row;
pub mod status;
pub mod timestamps;

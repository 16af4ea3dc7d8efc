//! Faults of the cluster: what the streams report to the page, how soon they recover, and that nothing is lost or
//! repeated. `docs/reliability.md` has the figures that these tests print.
mod creations;
pub mod harness;
mod lists;
mod logs;

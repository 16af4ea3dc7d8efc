//! A cluster that misbehaves: what the streams tell the page, how soon they recover, and that nothing is lost or
//! doubled. `docs/reliability.md` has the figures that these tests print.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod creations;
mod lists;
mod logs;

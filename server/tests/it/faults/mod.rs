//! A cluster that misbehaves: what the streams tell the page, how soon they recover, and that nothing is lost or
//! doubled. `docs/reliability.md` has the figures that these tests print.
mod creations;
mod harness;
mod lists;
mod logs;

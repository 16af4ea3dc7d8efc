//! See `tests/support/target.rs`.
#![allow(dead_code, reason = "each target uses its part")]
#![no_main]

#[path = "../../tests/support/operation.rs"]
mod operation;
#[path = "../../tests/support/target.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::parse(data));

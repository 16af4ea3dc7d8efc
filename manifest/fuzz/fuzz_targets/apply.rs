//! See `tests/it/support/target.rs`.
#![allow(dead_code, reason = "each target uses its part")]
#![no_main]

#[path = "../../tests/it/support/operation.rs"]
mod operation;
#[path = "../../tests/it/support/target.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::apply(data));

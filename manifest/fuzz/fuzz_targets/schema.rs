//! See `tests/it/support/target.rs`.
#![allow(dead_code, reason = "each target uses its part")]
#![no_main]

use std::sync::LazyLock;

use manifest::Schema;

#[path = "../../tests/it/support/operation.rs"]
mod operation;
#[path = "../../tests/it/support/target.rs"]
mod target;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::bundled().expect("the bundle is read"));

libfuzzer_sys::fuzz_target!(|data: &[u8]| target::schema(&SCHEMA, data));

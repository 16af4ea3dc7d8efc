#!/usr/bin/env bash
# Everything but the long suite against a real cluster: formats, lints, tests of each crate, and the browser walks
# against the release.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0

say "Formats"
native cargo fmt --all --check

say "Tests of the document engine"
cargo test --quiet -p manifest
say "Tests of the playground"
cargo test --quiet -p playground
say "Tests of the pages"
cargo test --quiet -p app --features ssr
say "Tests of the server"
cargo test --quiet -p server

"$ROOT/scripts/build.sh"

say "Browser walks"
cd end2end
npx playwright test

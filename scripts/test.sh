#!/usr/bin/env bash
# Runs everything except the long suite against a real cluster: formatting, tests of each crate, and browser tests.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

say "Formatting"
native cargo fmt --all --check

# One command, so that shared dependencies are compiled once, together with the binary for the browser tests.
# Without `frontend`: its features would change the server's build.
say "Tests of the document engine, the playground, the pages and the server"
cargo test --quiet --locked --profile quick -p k8s-rules -p manifest -p playground -p app --features app/ssr -p server

"$ROOT/scripts/build.sh" quick site

say "Browser tests"
cd end2end
npx playwright test

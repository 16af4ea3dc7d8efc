#!/usr/bin/env bash
# Everything but the long suite against a real cluster: formats, tests of each crate, and the browser walks.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

say "Formats"
native cargo fmt --all --check

# In one command, so that what the crates share is compiled once, and with the program that the walks start. Without
# `frontend`: its features would change the server's half.
say "Tests of the document engine, the playground, the pages and the server"
cargo test --quiet --locked --profile quick -p k8s-rules -p manifest -p playground -p app --features app/ssr -p server

"$ROOT/scripts/build.sh" quick site

say "Browser walks"
cd end2end
npx playwright test

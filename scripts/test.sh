#!/usr/bin/env bash
# Runs everything except the long suite against a real cluster: formatting, tests of each crate, and browser tests.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

say "Formatting"
native cargo fmt --all --check

# One command, so that shared dependencies are compiled once, together with the binary for the browser tests.
# Without `frontend`: its features would change the server's build.
tests() {
  cargo test --quiet --locked --profile quick "${NATIVE[@]}" "$@"
}

say "Building the tests of the document engine, the playground, the pages and the server"
# TIMINGS=1 writes a chart of the compilation to target/cargo-timings.
tests --no-run ${TIMINGS:+--timings}

# Most tests wait for processes, timers and disks. So more of them run than there are CPUs, and the browser's files
# are built meanwhile, with what is left of the CPUs.
say "Running them, and building the browser's files"
nice -n 19 "$ROOT/scripts/build.sh" quick site >"$STATE/site.log" 2>&1 &
site=$!
trap 'kill "$site" 2>/dev/null || true' EXIT
RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((3 * $(nproc)))} tests
wait "$site" || { tail -n 40 "$STATE/site.log" >&2; fail "building the browser's files failed; its log is $STATE/site.log"; }
trap - EXIT

say "Browser tests"
cd end2end
npx playwright test

#!/usr/bin/env bash
# Runs the lints of each crate; warnings are errors.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
native cargo fmt --all --check
native cargo clippy --version >/dev/null 2>&1 || fail "clippy is not there: rustup component add clippy"
# One command, so that shared dependencies are checked once.
say "Lints of the document engine, the playground, the pages and the server"
native cargo clippy --quiet --locked "${NATIVE[@]}" --all-targets -- -D warnings
if has_wasm native rustc; then
  say "Lints of the browser's half"
  native cargo clippy --quiet -p app --features hydrate --target wasm32-unknown-unknown -- -D warnings
else
  note "The browser's half is not checked: the compiler that has clippy has no wasm32 target."
fi
# features OPTIONS... : prints the packages that are compiled, with their features.
features() {
  native cargo tree --locked "$@" --target "$(native rustc -vV | sed -n 's/host: //p')" --prefix none -f '{p} {f}' | sed 's/ ([^)]*)//g' | sort -u
}
say "Features of shared dependencies"
other=$(comm -23 <(features -p server --features as-in-tests -e normal,build) <(features "${NATIVE[@]}" -e normal,build,dev))
[ -z "$other" ] || fail "make test would compile these again; give the feature as-in-tests of the server what is missing:
$other"
say "Folders that use each other, and paths in documents"
node scripts/folders.mjs rules manifest playground app server differential
node scripts/paths.mjs
say "Lints: clean"

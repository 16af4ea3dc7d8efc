#!/usr/bin/env bash
# The release: target/release/jobwright and everything it serves in target/site. With `site` only the latter.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

say "Building what the browser loads (three to six minutes the first time)"
# Trunk runs cargo and wasm-bindgen; its hook (scripts/site.mjs) adds the styles, the editor and compressed copies.
# With --release the hook also runs wasm-opt; the cargo profile is named in Trunk.toml.
NO_COLOR=true trunk build --quiet --release
# The wizard comes as a bundle of its own (docs/decisions/0005-two-bundles.md).
NO_COLOR=true trunk build --quiet --release --dist target/site/wizard --public-url /wizard/ frontend/wizard.html
if [ "${1:-all}" = all ]; then
  say "Building the server (four to eight minutes the first time)"
  cargo build --release --quiet -p server
fi

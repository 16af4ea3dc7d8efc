#!/usr/bin/env bash
# build.sh [quick|release] [all|site]: builds the binary target/PROFILE/jobwright and the browser's files in
# target/PROFILE/site. `quick` compiles fast and is used by `make run` and `make test`; `release` is small and fast
# to load. With `site`, builds only the browser's files.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
PROFILE=${1:-quick}
case $PROFILE in
  quick)
    WASM_PROFILE=quick
    # Files that are not much larger than those of a release.
    wasm_cargo() { CARGO_PROFILE_QUICK_OPT_LEVEL=s cargo "$@" --config "profile.quick.package.app.opt-level='s'"; }
    ;;
  release)
    WASM_PROFILE=wasm-release
    wasm_cargo() { cargo "$@"; }
    ;;
  *) fail "usage: build.sh [quick|release] [all|site]" ;;
esac
SITE=$ROOT/${CARGO_TARGET_DIR:-target}/$PROFILE/site
TARGET=${CARGO_TARGET_DIR:-target}
[ "${TARGET#/}" = "$TARGET" ] || SITE=$TARGET/$PROFILE/site

# bundle NAME [cargo options]: builds one of the two bundles (docs/decisions/0005-two-bundles.md) in SITE/NAME.
bundle() {
  local name=$1 module=$TARGET/wasm32-unknown-unknown/$WASM_PROFILE/frontend.wasm out=$SITE/$1
  shift
  wasm_cargo build --quiet --locked --profile "$WASM_PROFILE" --target wasm32-unknown-unknown -p frontend "$@"
  mkdir -p "$out"
  # Skip bindings and compression if nothing has changed.
  if ! cmp -s "$module" "$out/.module"; then
    rm -rf "$out"/*
    bindgen "$module" "$out"
    node scripts/site.mjs bundle "$PROFILE" "$out"
    cp "$module" "$out/.module"
  fi
}

say "Building the browser's files"
bundle pkg
bundle wizard --features wizard
node scripts/site.mjs assets "$PROFILE" "$SITE"
if [ "${2:-all}" = all ]; then
  say "Building the server"
  features=()
  [ "$PROFILE" = release ] || features=(--features as-in-tests)
  cargo build --locked --profile "$PROFILE" --quiet -p server "${features[@]}"
fi

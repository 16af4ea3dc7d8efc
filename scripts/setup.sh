#!/usr/bin/env bash
# Prepares a machine for `make run` and, with the argument `test`, for `make test`. Completed steps are skipped.
. "$(dirname "$0")/lib.sh"

mkdir -p "$STATE"

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# packages MISSING-TEST PACKAGE... : installs Debian packages unless the test finds them installed.
debian_packages() {
  have apt-get || fail "install these with your package manager, then run this again: $*"
  say "Installing system packages: $* (up to a minute)"
  if [ -z "${APT_UPDATED:-}" ]; then as_root apt-get update -qq; APT_UPDATED=1; fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$STATE/apt.log" 2>&1 ||
    { tail -n 20 "$STATE/apt.log" >&2; fail "apt-get install failed; its log is $STATE/apt.log"; }
}

# Chromium without windows, where Debian has it: the browser tests take a third less time than with the whole one.
need_browser() {
  have chromium-headless-shell && return
  have chromium || have google-chrome || need+=(chromium)
  have apt-get && [ "$(id -u)" = 0 ] || return 0
  if [ -z "${APT_UPDATED:-}" ]; then apt-get update -qq; APT_UPDATED=1; fi
  apt-cache show chromium-headless-shell >/dev/null 2>&1 && need+=(chromium-headless-shell)
  return 0
}

system_packages() {
  local need=()
  have cc || need+=(build-essential)
  have bwrap || need+=(bubblewrap)
  { have setpriv && have prlimit; } || need+=(util-linux)
  have perl || need+=(perl)
  # Debian 12's bundled Math::BigInt dies in bpi(2000), the first example; the package contains a fixed version.
  perl -MMath::BigInt -e 'exit(Math::BigInt->VERSION >= 1.999838 ? 0 : 1)' 2>/dev/null ||
    perl -Mbignum=bpi -e 'print bpi(2000)' >/dev/null 2>&1 || need+=(libmath-bigint-perl)
  have node || need+=(nodejs npm)
  if [ "$1" = test ]; then
    need_browser
    [ -n "$(fc-list :lang=zh 2>/dev/null)" ] || need+=(fontconfig fonts-noto-cjk)
    have kubectl || need+=(kubernetes-client)
  fi
  [ ${#need[@]} = 0 ] || debian_packages "${need[@]}"
}

# Installs the target's standard library: from rustup if its server can be reached, otherwise built from Debian's
# packages.
wasm_target() {
  if has_wasm rustc; then return; fi
  have cargo || [ -x /usr/bin/cargo ] || have apt-get || fail "install Rust first: https://rustup.rs"
  if have rustup && [ -z "${RUSTUP_TOOLCHAIN:-}" ]; then
    say "Adding the wasm32 target (some seconds)"
    if timeout 120 rustup target add wasm32-unknown-unknown >"$STATE/rustup.log" 2>&1; then return; fi
    note "rustup's server cannot be reached"
  fi
  have apt-get || fail "no wasm32 target: run 'rustup target add wasm32-unknown-unknown'"
  if ! has_wasm /usr/bin/rustc; then
    debian_packages rustc-web cargo-web rust-web-src rust-web-llvm lld-22
    build_wasm_library
  fi
  if have rustup; then
    rustup toolchain link debian /usr
    echo 'export RUSTUP_TOOLCHAIN=debian' >"$STATE/env"
  fi
  . "$STATE/env" 2>/dev/null || true
}

build_wasm_library() {
  say "Building the wasm32 standard library from Debian's sources (about two minutes)"
  local scratch
  scratch=$(mktemp -d)
  mkdir "$scratch/src"
  printf '[package]\nname = "scratch"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$scratch/Cargo.toml"
  : >"$scratch/src/lib.rs"
  # Without bitcode, LTO builds for the browser fail.
  (cd "$scratch" && env -u CARGO_TARGET_DIR RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
    RUSTFLAGS="-Cembed-bitcode=yes -Zforce-unstable-if-unmarked" /usr/bin/cargo build --release \
    --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort,panic_unwind,test,proc_macro) >"$STATE/std.log" 2>&1 ||
    { tail -n 20 "$STATE/std.log" >&2; fail "building the wasm32 library failed; its log is $STATE/std.log"; }
  local library=/usr/lib/rustlib/wasm32-unknown-unknown/lib file
  as_root mkdir -p "$library"
  for file in "$scratch"/target/wasm32-unknown-unknown/release/deps/*.rlib; do
    case $file in *libscratch-*) ;; *) as_root cp "$file" "$library/" ;; esac
  done
  rm -rf "$scratch"
}

# Builds the generator of the JavaScript glue (scripts/bindgen) when its sources have changed.
bindgen_tool() {
  local source=$ROOT/scripts/bindgen tool=$TOOLS/bin/bindgen
  if [ -x "$tool" ] && [ -z "$(find "$source" -type f -newer "$tool")" ]; then return; fi
  say "Building the tool that binds WebAssembly to JavaScript (about a minute)"
  mkdir -p "$TOOLS/bin"
  (cd "$source" && CARGO_TARGET_DIR=$STATE/tools-target cargo build --quiet --locked)
  cp "$STATE/tools-target/debug/bindgen" "$tool"
  rm -rf "$STATE/tools-target"
}

# npm_packages FOLDER: installs exactly the lockfile's versions, if the lockfile has changed.
npm_packages() {
  local folder=$ROOT/$1
  if [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then return; fi
  say "Installing npm packages of $1 (up to a minute)"
  (cd "$folder" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error)
  touch "$folder/node_modules/.package-lock.json"
}

system_packages "${1:-run}"
wasm_target
bindgen_tool
npm_packages frontend
[ "${1:-run}" != test ] || npm_packages end2end

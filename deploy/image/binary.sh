#!/usr/bin/env bash
# binary.sh: builds target/release/jobwright linked statically, and without the playground, which needs programs that
# the image does not have.
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
cd "$ROOT"

# The flag is for the last step alone: dependencies are the same either way, and procedural macros, which the
# compiler loads, cannot be static. glibc resolves names from /etc/hosts and DNS without loading a library.
cargo rustc --locked --profile release -p server --bin jobwright --no-default-features "$@" -- -C target-feature=+crt-static
program=${CARGO_TARGET_DIR:-target}/release/jobwright
ldd "$program" 2>&1 | grep -q 'statically linked' || fail "$program is not linked statically: is libc.a (libc6-dev) there?"
note "$program: $(stat -c %s "$program") bytes"

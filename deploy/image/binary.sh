#!/usr/bin/env bash
# binary.sh: builds target/release/jobwright linked statically, and without the playground, which needs programs that
# the image does not have.
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
cd "$ROOT"

# The flag is for the last step alone: dependencies are the same either way, and procedural macros, which the
# compiler loads, cannot be static. glibc resolves names from /etc/hosts and DNS without loading a library.
cargo rustc --locked --profile release -p server --bin jobwright --no-default-features "$@" -- -C target-feature=+crt-static

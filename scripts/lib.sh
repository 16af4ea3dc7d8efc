# Shared by the scripts: directories, output functions, and the compiler.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
STATE=$ROOT/.jobwright
TOOLS=$STATE/tools
export PATH=$TOOLS/bin:$PATH

# The crates that run on the server, as tests, lints and builds name them: with another set or other features, cargo
# would compile shared dependencies again.
NATIVE=(-p k8s-rules -p manifest -p playground -p app -p server -p differential --features app/ssr,server/as-in-tests)

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
note() { printf '    %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Set by scripts/setup.sh: the toolchain with the wasm32 target, if it is not rustup's default.
[ -f "$STATE/env" ] && . "$STATE/env"

# fmt and clippy may be in another toolchain than the one that compiles for the browser.
native() { env -u RUSTUP_TOOLCHAIN "$@"; }

# has_wasm COMPILER... : succeeds if the compiler has the standard library for the browser.
has_wasm() {
  local dir
  dir=$("$@" --print target-libdir --target wasm32-unknown-unknown 2>/dev/null) || return 1
  compgen -G "$dir/libcore-*.rlib" >/dev/null
}

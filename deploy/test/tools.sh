# Shared by the scripts in this directory: programs built once from Go modules, whose go.sum pins the contents of
# every dependency.
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

TOOLS_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/jobwright/deploy

# go_tool NAME PACKAGE ESTIMATE : prints the path of the program, and builds it if the module deploy/test/NAME has
# changed since.
go_tool() {
  local name=$1 package=$2 estimate=$3 module=$ROOT/deploy/test/$1 program build
  program=$TOOLS_CACHE/$name-$(cat "$module"/*.go "$module"/go.* | sha256sum | cut -c 1-12)
  mkdir -p "$TOOLS_CACHE"
  (
    flock 9
    [ ! -x "$program" ] || exit 0
    have go || fail "$name is built with Go 1.26 or newer: https://go.dev/dl"
    say "Building $name, once ($estimate)"
    build=$TOOLS_CACHE/build-$name
    mkdir -p "$build"
    cd "$module"
    # Read-only modules could not be deleted afterwards.
    GOMODCACHE=$build/modules GOCACHE=$build/go-cache CGO_ENABLED=0 GOFLAGS="-mod=readonly -modcacherw" \
      nice -n 10 go build -trimpath -ldflags "-s -w" -o "$program.new" "$package" || fail "$name could not be built"
    rm -f "$TOOLS_CACHE/$name"-*[0-9a-f]
    mv "$program.new" "$program"
    rm -rf "$build"
  ) 9>"$TOOLS_CACHE/lock" >&2
  echo "$program"
}

helm_program() { go_tool helm helm.sh/helm/v4/cmd/helm "about three minutes"; }
types_program() { go_tool types . "about two minutes"; }

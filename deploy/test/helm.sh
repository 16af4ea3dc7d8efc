#!/usr/bin/env bash
# helm.sh [ARGUMENT...]: runs the Helm whose version deploy/test/helm/go.mod names. The first run builds it from its
# Go module (about three minutes); go.sum pins the contents of every dependency. Without arguments, prints its path.
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

MODULE=$ROOT/deploy/test/helm
VERSION=$(awk '$1 == "helm.sh/helm/v4" { print $2 } $1 == "require" && $2 == "helm.sh/helm/v4" { print $3 }' "$MODULE/go.mod")
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/jobwright/helm/$VERSION
HELM=$CACHE/helm

build_helm() {
  have go || fail "Helm is built with Go 1.26 or newer: https://go.dev/dl"
  say "Building Helm $VERSION, once (about three minutes)" >&2
  local build=$CACHE/build
  mkdir -p "$build"
  # Read-only modules could not be deleted afterwards.
  (cd "$MODULE" && GOMODCACHE=$build/modules GOCACHE=$build/go-cache CGO_ENABLED=0 GOFLAGS="-mod=readonly -modcacherw" \
    nice -n 10 go build -trimpath -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$VERSION" \
    -o "$HELM.new" helm.sh/helm/v4/cmd/helm) >&2 || fail "Helm could not be built"
  mv "$HELM.new" "$HELM"
  rm -rf "$build"
}

mkdir -p "$CACHE"
if [ ! -x "$HELM" ]; then
  exec 9>"$CACHE/lock"
  flock 9
  [ -x "$HELM" ] || build_helm
  exec 9>&-
fi
# The configuration and plugins of the user's own Helm must not change the result.
export HELM_CONFIG_HOME=$CACHE/config HELM_CACHE_HOME=$CACHE/cache HELM_DATA_HOME=$CACHE/data
if [ $# = 0 ]; then echo "$HELM"; else exec "$HELM" "$@"; fi

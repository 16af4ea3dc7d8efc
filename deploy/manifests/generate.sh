#!/usr/bin/env bash
# generate.sh [--check]: renders deploy/manifests/*.yaml from the chart with deploy/manifests/values/*.yaml, for people
# who do not use Helm. With --check, fails if a file differs from what would be written.
. "$(dirname "${BASH_SOURCE[0]}")/../test/tools.sh"
cd "$ROOT/deploy/manifests"

# render FILE : prints the manifest of the values.
render() {
  local name
  name=$(basename "$1")
  cat <<HEADER
# Written by deploy/manifests/generate.sh from the chart and values/$name.
$(sed -n '1s/^# /# /p' "$1")
#
# For API servers from 1.30 on. Before you apply it: replace every name in example.com, create the namespace and the
# Secrets as docs/deploy.md describes, and make an Ingress or HTTPRoute that leads to the Service.
apiVersion: v1
kind: Namespace
metadata:
  name: jobwright
  labels:
    pod-security.kubernetes.io/enforce: restricted
HEADER
  # Labels of Helm would be wrong here. The first Kubernetes with `sleep` before the stop of a container.
  "$ROOT/deploy/test/helm.sh" template jobwright ../chart --namespace jobwright --kube-version 1.30.0 --values "$1" |
    grep -vE '^ *(helm.sh/chart|app.kubernetes.io/managed-by): |^# Source: |^$'
}

stale=0
for file in values/*.yaml; do
  name=$(basename "$file")
  if [ "${1:-}" != --check ]; then
    render "$file" >"$name"
  elif ! render "$file" | diff -u "$name" - >&2; then
    stale=$((stale + 1))
  fi
done
for file in *.yaml; do
  [ -f "values/$file" ] || { echo "$file has no values" >&2; stale=$((stale + 1)); }
done
[ $stale = 0 ] || fail "deploy/manifests is out of date: run deploy/manifests/generate.sh"

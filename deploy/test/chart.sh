#!/usr/bin/env bash
# chart.sh [--offline]: checks the chart. Renders every case (deploy/test/cases) for the oldest, a middle and the
# newest Kubernetes; expects every wrong value (deploy/test/rejected) to be rejected with a message that names it; and
# lets the API server of the newest cluster check every object in a namespace with the Pod Security Standard
# `restricted`. With --offline, without the API server.
. "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
cd "$ROOT"

HERE=deploy/test
CHART=deploy/chart
OUT=${CARGO_TARGET_DIR:-target}/chart
NAMESPACE=jobwright
CLUSTER=${JOBWRIGHT_KUBERNETES:-${XDG_CACHE_HOME:-$HOME/.cache}/jobwright/kubernetes}/newest
# The chart's oldest; the first with `sleep` before the stop; that of the API server below.
VERSIONS="1.25.0 1.30.0 1.37.2"

PASSED=0 FAILED=0
ok() { PASSED=$((PASSED + 1)); }
bad() { printf 'FAILED: %s\n' "$*" >&2; FAILED=$((FAILED + 1)); }
helm() { "$HERE/helm.sh" "$@"; }
kubectl() { env PATH="$CLUSTER/bin:$PATH" kubectl --kubeconfig "$CLUSTER/admin.kubeconfig" "$@"; }
render() { helm template jobwright "$CHART" --namespace "$NAMESPACE" "$@"; }
name() { basename "$1" .yaml; }

# only_kinds PATTERN FILE, without_kinds PATTERN FILE : prints the documents of those kinds, or the others.
only_kinds() { awk -v RS='(^|\n)---\n' -v pattern="(^|\n)kind: ($1)(\n|$)" '$0 ~ pattern { print "---\n" $0 }' "$2"; }
without_kinds() { awk -v RS='(^|\n)---\n' -v pattern="(^|\n)kind: ($1)(\n|$)" '$0 !~ pattern && /kind:/ { print "---\n" $0 }' "$2"; }

rm -rf "$OUT"
mkdir -p "$OUT"
CASES=$(ls "$HERE"/cases/*.yaml)

say "Lint and render"
for file in $CASES; do
  if helm lint --strict --quiet "$CHART" --namespace "$NAMESPACE" --values "$file" >"$OUT/lint.log" 2>&1; then ok; else
    bad "lint, $(name "$file")"
    cat "$OUT/lint.log" >&2
  fi
  for version in $VERSIONS; do
    # Kept: what the API server checks is that of its own version.
    if render --values "$file" --kube-version "$version" >"$OUT/$(name "$file").yaml" 2>"$OUT/render.log"; then ok; else
      bad "$(name "$file") for Kubernetes $version"
      cat "$OUT/render.log" >&2
    fi
  done
done

say "Wrong values are rejected"
for file in "$HERE"/rejected/*.yaml; do
  expected=$(sed -n '1s/^# expects: //p' "$file")
  if render --values "$file" >/dev/null 2>"$OUT/rejected.log"; then
    bad "$(name "$file") is accepted"
  elif grep -qF -- "$expected" "$OUT/rejected.log"; then ok; else
    bad "$(name "$file") is rejected without \"$expected\""
    cat "$OUT/rejected.log" >&2
  fi
done

say "Types that are not Kubernetes' own"
TYPES=$(types_program)
for file in $CASES; do
  if "$TYPES" <"$OUT/$(name "$file").yaml" >>"$OUT/types.log"; then ok; else bad "types of $(name "$file")"; fi
done
for kind in HTTPRoute ServiceMonitor; do
  if grep -q "$kind" "$OUT/types.log"; then ok; else bad "no case has a $kind"; fi
done

# admitted CASE : whether the API server accepts all objects of the case, without a warning.
admitted() {
  local log=$OUT/$1.log
  without_kinds 'HTTPRoute|ServiceMonitor' "$OUT/$1.yaml" |
    kubectl apply --dry-run=server --validate=strict --filename - >"$log" 2>&1 && ! grep -q '^Warning' "$log"
}
# The namespace is there for the dry runs only.
namespaces() {
  kubectl create namespace "$NAMESPACE" >/dev/null
  trap 'kubectl delete namespace "$NAMESPACE" --timeout 60s >/dev/null' EXIT
  kubectl label namespace "$NAMESPACE" pod-security.kubernetes.io/{enforce,warn}=restricted >/dev/null
}
if [ "${1:-}" = --offline ]; then
  note "the API server was NOT ASKED"
elif ! kubectl get --raw /readyz >/dev/null 2>&1; then
  bad "no API server: scripts/cluster/up.sh newest, or pass --offline"
else
  say "The API server of $(kubectl version -o json | sed -n 's/.*"gitVersion": "\(.*\)".*/\1/p' | tail -n 1)"
  namespaces
  for file in $CASES; do
    if admitted "$(name "$file")"; then ok; else
      bad "the API server, $(name "$file")"
      cat "$OUT/$(name "$file").log" >&2
    fi
  done
  # The check itself: an error and a warning must be found.
  sed 's/readOnlyRootFilesystem: true/readOnlyRootFileSystem: true/' "$OUT/bearer-token.yaml" >"$OUT/broken-field.yaml"
  sed 's/runAsNonRoot: true/runAsNonRoot: false/' "$OUT/bearer-token.yaml" >"$OUT/broken-security.yaml"
  for broken in broken-field broken-security; do
    if admitted $broken; then bad "$broken was not noticed"; else ok; fi
  done
fi

echo "chart: $PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]

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

# The program itself, if it is built: BINARY, or that of target/quick.
PROGRAM=${BINARY:-target/quick/jobwright}
# configuration FILE : prints the configuration file in a rendered case.
configuration() { awk '/^  jobwright.yaml: \|/ { found = 1; next } found && /^    / { print substr($0, 5); next } { found = 0 }' "$1"; }
# read_by_program CASE : whether the program accepts all options. It then also tries the cluster and the provider,
# which do not exist here.
read_by_program() {
  configuration "$OUT/$1.yaml" >"$OUT/configuration.yaml"
  "$PROGRAM" serve --check --config "$OUT/configuration.yaml" >"$OUT/check.log" 2>&1 || true
  grep -q '^ok *listen: 0.0.0.0:8080$' "$OUT/check.log" && ! grep -q '^PROBLEM options: ' "$OUT/check.log"
}
if [ -x "$PROGRAM" ]; then
  say "The configuration file, read by the program"
  for file in $CASES; do
    if read_by_program "$(name "$file")"; then ok; else
      bad "the program does not accept the configuration of $(name "$file")"
      cat "$OUT/check.log" >&2
    fi
  done
  # The check itself: a misspelt option and a wrong value must be found, both in one run.
  cp "$OUT/bearer-token.yaml" "$OUT/broken-options.yaml"
  sed -i 's/^    sessionHours: .*/    sesionHours: 8/; s/^    sessionMaxHours: .*/    sessionMaxHours: none/' "$OUT/broken-options.yaml"
  if read_by_program broken-options; then bad "broken-options was not noticed"; else ok; fi
  if [ "$(grep -c '^PROBLEM options: ' "$OUT/check.log")" = 2 ]; then ok; else
    bad "not both problems of broken-options were named"
    cat "$OUT/check.log" >&2
  fi
else
  note "the configuration file was NOT READ by the program: there is none at $PROGRAM"
fi

say "The documentation's values and examples"
if node "$HERE/documented.mjs" "$OUT"; then ok; else bad "docs/deploy.md"; fi
for file in "$OUT"/example-*.yaml; do
  if render --values "$file" >"$OUT/documented-$(name "$file").yaml"; then ok; else bad "$(name "$file") of docs/deploy.md"; fi
done

say "Plain manifests"
if deploy/manifests/generate.sh --check; then ok; else bad "plain manifests"; fi
# Checked like the cases below.
for file in deploy/manifests/*.yaml; do
  # The namespace exists during the checks.
  without_kinds Namespace "$file" >"$OUT/manifest-$(name "$file").yaml"
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
# can CASE YES-OR-NO SUBJECT VERB RESOURCE [OPTION...] : whether RBAC agrees. SUBJECT is `console`, a user, or user/group.
can() {
  local case=$1 expected=$2 subject=$3 as=()
  shift 3
  case $subject in
    console) as=(--as "system:serviceaccount:$NAMESPACE:jobwright") ;;
    */*) as=(--as "${subject%%/*}" --as-group "${subject#*/}") ;;
    *) as=(--as "$subject") ;;
  esac
  if [ "$(kubectl auth can-i "$@" "${as[@]}" 2>/dev/null)" = "$expected" ]; then ok; else
    bad "$case: $subject may $*, expected $expected"
  fi
}
# acts CASE YES-OR-NO USER GROUP ARGUMENT... : whether a request of the console in the name of USER succeeds, with the
# groups that the console sends (server/src/kubernetes/user.rs). `-` as GROUP is none.
acts() {
  local case=$1 expected=$2 as=(--as "$3") result=no
  [ "$4" = - ] || as+=(--as-group "$4")
  shift 4
  # Authenticated by the token alone, not by the administrator's certificate.
  if env PATH="$CLUSTER/bin:$PATH" kubectl --kubeconfig /dev/null --server "$SERVER" \
    --certificate-authority "$CLUSTER/keys/kubernetes.crt" --token "$TOKEN" "${as[@]}" "$@" >"$OUT/acts.log" 2>&1; then
    result=yes
  fi
  if [ $result = "$expected" ]; then ok; else
    bad "$case: the console as ${as[*]}: $*, expected $expected"
    cat "$OUT/acts.log" >&2
  fi
}
RBAC='ServiceAccount|Role|RoleBinding|ClusterRole|ClusterRoleBinding'
# with_rights CASE : reads `can` or `acts` with arguments, one a line, and checks them while the RBAC objects of the
# case exist.
with_rights() {
  local line
  only_kinds "$RBAC" "$OUT/$1.yaml" >"$OUT/rbac.yaml"
  kubectl apply --filename "$OUT/rbac.yaml" >/dev/null
  TOKEN=$(kubectl --namespace "$NAMESPACE" create token jobwright)
  # shellcheck disable=SC2086
  while read -r check line; do "$check" "$1" $line </dev/null; done
  kubectl delete --filename "$OUT/rbac.yaml" >/dev/null
}
rights() {
  with_rights bearer-token <<TABLE
can no console impersonate users
can no console create tokenreviews
can no console list jobs --namespace demo
can yes console delete secrets --namespace $NAMESPACE
can no console list secrets --namespace demo
can no console patch configmaps/jobwright --namespace $NAMESPACE
can no console create configmaps --namespace $NAMESPACE
TABLE
  with_rights impersonation <<TABLE
acts yes ann oidc:data-team get jobs --namespace demo
acts yes ann oidc:data-team get jobs --namespace demo --as-user-extra example.com/department=a
acts no ann oidc:data-team get jobs --namespace demo --as-user-extra example.com/other=a
acts yes ann oidc:data-team get persistentvolumeclaims --namespace demo
acts no ann oidc:data-team get jobs --namespace other
acts no ann - get jobs --namespace demo
acts no ann system:masters get jobs --namespace demo
acts no system:serviceaccount:kube-system:job-controller - get jobs --namespace demo
can no console list jobs --namespace demo
can yes console create secrets --namespace $NAMESPACE
can yes ann/oidc:data-team create jobs --namespace demo
can yes ann/oidc:data-team list secrets --namespace demo
can no ann/oidc:data-team create jobs --namespace other
can no ann/oidc:operators list jobs --namespace demo
TABLE
  with_rights constrained-impersonation <<TABLE
acts yes ann oidc:data-team get jobs --namespace demo
acts yes ann oidc:data-team get jobs --namespace demo --as-user-extra example.com/department=a
acts yes ann oidc:data-team get configmaps --namespace demo
acts yes ann oidc:data-team auth can-i create jobs --namespace demo
acts yes ann oidc:data-team get --raw /version
acts yes ann oidc:data-team get --raw /openapi/v3
acts no ann oidc:data-team get jobs --namespace other
acts no ann system:masters get jobs --namespace demo
acts no ann system:masters get secrets --namespace $NAMESPACE
acts no system:serviceaccount:kube-system:job-controller - get jobs --namespace demo
acts no admin - get clusterroles
can no console list jobs --namespace demo
TABLE
  with_rights pass-through <<TABLE
can no console impersonate groups/oidc:data-team
can yes ann/oidc:data-team create pods --subresource exec --namespace demo
can no ann/oidc:data-team list secrets --namespace demo
can yes oidc:auditor@example.com get pods --subresource log --namespace demo
can no oidc:auditor@example.com delete jobs --namespace demo
can no auditor@example.com list jobs --namespace demo
TABLE
  with_rights local-token <<TABLE
can yes console create jobs --namespace demo
can no console list secrets --namespace demo
can no console list jobs --namespace other
can no console list jobs --namespace $NAMESPACE
can no console get secrets --namespace $NAMESPACE
TABLE
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
  for file in "$OUT"/example-*.yaml; do
    if admitted "documented-$(name "$file")"; then ok; else
      bad "the API server, $(name "$file") of docs/deploy.md"
      cat "$OUT/documented-$(name "$file").log" >&2
    fi
  done
  for file in deploy/manifests/*.yaml; do
    if admitted "manifest-$(name "$file")"; then ok; else
      bad "the API server, deploy/manifests/$(name "$file").yaml"
      cat "$OUT/manifest-$(name "$file").log" >&2
    fi
  done
  say "Rights"
  SERVER=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')
  rights
  # The check itself: an error and a warning must be found.
  sed 's/readOnlyRootFilesystem: true/readOnlyRootFileSystem: true/' "$OUT/bearer-token.yaml" >"$OUT/broken-field.yaml"
  sed 's/runAsNonRoot: true/runAsNonRoot: false/' "$OUT/bearer-token.yaml" >"$OUT/broken-security.yaml"
  for broken in broken-field broken-security; do
    if admitted $broken; then bad "$broken was not noticed"; else ok; fi
  done
fi

echo "chart: $PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]

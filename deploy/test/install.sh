#!/usr/bin/env bash
# install.sh [--keep]: installs the chart on the newest cluster (scripts/cluster/up.sh newest), from an image made of
# BINARY and SITE (those of target/quick if not set), in a namespace with the Pod Security Standard `restricted`; then
# uses it through its Service: probes, sign-in, a Job created through the console that calls the console itself, its
# log; and upgrades it. Uninstalls it at the end, unless --keep is given. Needs root, as the cluster does.
. "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
TEST=$ROOT/deploy/test
BINARY=${BINARY:-$ROOT/target/quick/jobwright} SITE=${SITE:-$ROOT/target/quick/site}
NAMESPACE=jobwright TAG=docker.io/library/jobwright:trial
KEEP=${1:-}
# shellcheck disable=SC2034
. "$ROOT/scripts/cluster/place.sh" newest
. "$ROOT/scripts/cluster/node.sh"
[ -d "$STATE_OF" ] || fail "the cluster does not run: scripts/cluster/up.sh newest"
export KUBECONFIG=$CACHE/admin.kubeconfig

WORK=$(mktemp -d)
PIDS_OF_PROXIES=()
finish() {
  local code=$? pid
  if [ $code != 0 ]; then
    kubectl -n $NAMESPACE get pods,events 2>&1 | tail -n 20 >&2
    kubectl -n $NAMESPACE logs deployment/jobwright --tail 20 >&2 || true
  fi
  if [ "$KEEP" != --keep ]; then
    "$TEST/helm.sh" uninstall jobwright --namespace $NAMESPACE --ignore-not-found >/dev/null || true
    kubectl delete namespace $NAMESPACE --ignore-not-found --timeout 60s >/dev/null || true
    kubectl -n demo delete job/chart-trial serviceaccount/trial --ignore-not-found >/dev/null || true
    for pid in "${PIDS_OF_PROXIES[@]}"; do kill "$pid" 2>/dev/null || true; done
  fi
  rm -rf "$WORK"
  exit $code
}
trap finish EXIT

# proxy TARGET... : starts the replacement of kube-proxy, which the cluster does not have.
proxy() {
  setsid node "$TEST/service-proxy.mjs" "$KUBECONFIG" "$@" \
    >"$WORK/proxy-${#PIDS_OF_PROXIES[@]}" 2>&1 </dev/null &
  PIDS_OF_PROXIES+=($!)
  wait_for 20 grep -q ready "$WORK/proxy-$((${#PIDS_OF_PROXIES[@]} - 1))"
}
passed=0
check() {
  local text=$1
  shift
  "$@" >"$WORK/check" 2>&1 || { cat "$WORK/check" >&2; fail "$text"; }
  passed=$((passed + 1))
  note "ok: $text"
}

"$ROOT/deploy/image/build.sh" --binary "$BINARY" --site "$SITE" --tag $TAG --out "$WORK/image.tar"
in_node ctr --namespace k8s.io images import "$WORK/image.tar" >/dev/null 2>&1

kubectl create namespace $NAMESPACE >/dev/null
kubectl label namespace $NAMESPACE pod-security.kubernetes.io/{enforce,warn}=restricted >/dev/null
# Pods find the API server at the first address of Services.
proxy "$SERVICES.1:443=127.0.0.1:$PORT"
VALUES=(--values "$TEST/install/values.yaml")
say "Installing the chart"
begin=$EPOCHREALTIME
"$TEST/helm.sh" install jobwright "$ROOT/deploy/chart" --namespace $NAMESPACE "${VALUES[@]}" --wait --timeout 120s
note "ready after $(printf %.1f "$(seconds_since "$begin")") s"
# Port 80, which browsers leave out of an origin.
ADDRESS=$(kubectl -n $NAMESPACE get service jobwright -o jsonpath='{.spec.clusterIP}')
proxy $NAMESPACE/jobwright

say "Through the Service, $ADDRESS"
is() { [ "$("${@:2}")" = "$1" ]; }
get() { curl --silent --show-error --max-time 10 "$@"; }
check "/healthz" is ok get "http://$ADDRESS/healthz"
check "/readyz" is ok get "http://$ADDRESS/readyz"
process() {
  local pid
  pid=$(pgrep -f '^/opt/jobwright/jobwright serve')
  grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' "/proc/$pid/status"
  grep -E '^Uid:.65532.65532' "/proc/$pid/status" && grep -E '^CapEff:.0+$' "/proc/$pid/status" &&
    grep -E '^NoNewPrivs:.1' "/proc/$pid/status" && grep -E '^Seccomp:.2' "/proc/$pid/status" &&
    grep -E '^[^ ]+ / [^ ]+ ro' "/proc/$pid/mounts"
}
check "user 65532, no capability, seccomp, read-only root" process

token() { kubectl -n $NAMESPACE logs deployment/jobwright | sed -n 's/.*token=//p' | tail -n 1; }
signed_in() { get --cookie "$WORK/cookies" "$@"; }
# call NAME ARGUMENTS : calls a server function.
call() { signed_in --header 'content-type: application/json' --header "origin: http://$ADDRESS" --data "$2" "http://$ADDRESS/api/$1"; }
get --cookie-jar "$WORK/cookies" --output /dev/null --data "token=$(token)" --header "origin: http://$ADDRESS" "http://$ADDRESS/session"
check "sign-in with the token of the log" grep -q jobwright "$WORK/cookies"
has() { call "$2" "$3" | tee /dev/stderr | grep -qF "$1"; }
check "Jobs of demo" has '"rows"' jobs '{"project":"demo"}'
check "no rights in other" has forbidden jobs '{"project":"other"}'
check "no rights in its own namespace" has forbidden jobs "{\"project\":\"$NAMESPACE\"}"
metrics() {
  local address
  address=$(kubectl -n $NAMESPACE get pods -o jsonpath='{.items[0].status.podIP}')
  get "http://$address:9090/metrics" | tee /dev/stderr | grep -q '^jobwright_sessions 1$'
}
check "metrics at a port of their own" metrics
no_metrics() { ! signed_in "http://$ADDRESS/metrics" | grep jobwright_; }
check "no metrics at the console's port" no_metrics
kubectl -n demo delete job chart-trial --ignore-not-found >/dev/null
manifest=$(sed "s/ADDRESS/$ADDRESS/; s/NAME/chart-trial/; s/\"/\\\\\"/g" "$TEST/install/job.yaml" | awk '{ printf "%s\\n", $0 }')
check "a Job is created through the console" has '"error":null' create "{\"project\":\"demo\",\"text\":\"$manifest\",\"dry_run\":false,\"done\":[]}"
check "its Pod reaches the console's Service" kubectl -n demo wait --for=condition=complete --timeout 60s job/chart-trial
check "its log, through the console" is ok signed_in "http://$ADDRESS/download/log?project=demo&job=chart-trial"

say "Bearer tokens"
key() { kubectl -n $NAMESPACE get secret jobwright-session -o jsonpath='{.data.session-key}'; }
before=$(key)
VALUES+=(--values "$TEST/install/team.yaml")
upgrade() { "$TEST/helm.sh" upgrade jobwright "$ROOT/deploy/chart" --namespace $NAMESPACE "${VALUES[@]}" "$@" --wait --timeout 120s >/dev/null; }
upgrade
check "the session key is kept" is "$before" key
kubectl -n demo create serviceaccount trial --dry-run=client -o yaml | kubectl apply -f - >/dev/null
SERVICE=$ADDRESS
ADDRESS=jobs.example.com
signed_in() { get --resolve "jobs.example.com:80:$SERVICE" --cookie "$WORK/cookies" "$@"; }
# Pods that are ending may still be in the list.
wait_for 60 eval '[ "$(kubectl -n $NAMESPACE get pods --no-headers | wc -l)" = 1 ]'
sign_in() {
  rm -f "$WORK/cookies"
  get --resolve "jobs.example.com:80:$SERVICE" --cookie-jar "$WORK/cookies" --output /dev/null \
    --data-urlencode "token=$1" --header "origin: http://$ADDRESS" "http://$ADDRESS/session"
}
sign_in "$(kubectl -n demo create token trial)"
check "sign-in with a token of the cluster" grep -q jobwright "$WORK/cookies"
check "Jobs of demo" has '"rows"' jobs '{"project":"demo"}'
check "no rights in other" has forbidden jobs '{"project":"other"}'
kubectl -n demo delete job chart-trial --ignore-not-found >/dev/null
check "a Job is created with the user's own rights" has '"error":null' create "{\"project\":\"demo\",\"text\":\"$manifest\",\"dry_run\":false,\"done\":[]}"
audited() { kubectl -n $NAMESPACE logs deployment/jobwright | grep '"audit"' | grep '"name":"chart-trial"' | grep '"user":"system:serviceaccount:demo:trial"'; }
check "the audit log names the user" audited
sign_in "not-a-token"
check "no session for a wrong token" has signedOut jobs '{"project":"demo"}'

say "Two replicas, and a rolling restart"
upgrade --set replicas=2
disruptions() { kubectl -n $NAMESPACE get poddisruptionbudget jobwright -o jsonpath='{.status.disruptionsAllowed}'; }
check "one Pod may be disrupted" wait_for 20 is 1 disruptions
# Requests while both Pods are replaced; each is a new connection.
requests() {
  local count=0 failures=0
  while [ ! -f "$WORK/restarted" ]; do
    [ "$(curl --silent --max-time 5 "http://$SERVICE/readyz")" = ok ] || failures=$((failures + 1))
    count=$((count + 1))
  done
  echo "$count $failures" >"$WORK/requests"
}
requests &
REQUESTS=$!
kubectl -n $NAMESPACE rollout restart deployment/jobwright >/dev/null
kubectl -n $NAMESPACE rollout status deployment/jobwright --timeout 120s >/dev/null || true
# The old Pods still drain.
wait_for 60 eval '[ "$(kubectl -n $NAMESPACE get pods --no-headers | wc -l)" = 2 ]'
touch "$WORK/restarted"
wait $REQUESTS
read -r count failures <"$WORK/requests"
check "none of $count requests failed during a rolling restart" [ "$failures" = 0 ]

say "Below a path"
upgrade --set replicas=2 --set basePath=/tools/jobs
page() { get --resolve "jobs.example.com:80:$SERVICE" "http://$ADDRESS$1"; }
has_page() { page "$1" | tee /dev/stderr | grep -qF "$2"; }
# The old Pods still drain.
check "pages are below the path" wait_for 60 has_page /tools/jobs/sign-in 'data-prefix="/tools/jobs"'
check "so are files" has_page /tools/jobs/pkg/jobwright.css '{'
check "and nothing else is served" has_page /sign-in "The console is at /tools/jobs/."
echo "install: $passed passed, 0 failed"

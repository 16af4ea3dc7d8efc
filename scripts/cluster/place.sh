# Shared by the scripts in this directory: the cluster, its directories and ports, and the output of steps. The
# first argument or KUBERNETES names the cluster: `oldest` (the default) or `newest`.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export KUBERNETES=${1:-${KUBERNETES:-oldest}}
case $KUBERNETES in
  oldest) VERSION=v1.20.2 PORT=16443 BRIDGE=jobwright0 PODS=10.244.0 SERVICES=10.96.0 ;;
  newest) VERSION=v1.37.2 PORT=17443 BRIDGE=jobwright1 PODS=10.245.0 SERVICES=10.97.0 ;;
  *) fail "there is no cluster $KUBERNETES: oldest or newest" ;;
esac
# One cluster of each version per user, shared by all checkouts.
CLUSTERS=${JOBWRIGHT_KUBERNETES:-${XDG_CACHE_HOME:-$HOME/.cache}/jobwright/kubernetes}
CACHE=$CLUSTERS/$KUBERNETES
BUILD=$CACHE/build    # sources, Go's caches; deleted after the build
DEBIAN=$CACHE/debian  # unpacked Debian packages
IMAGES=$CACHE/images
KEYS=$CACHE/keys      # certificates and the components' kubeconfigs
STATE_OF=$CACHE/state # state of a running cluster; deleted by `down`
LOGS=$CACHE/logs

# The API server listens on PORT; the other components on the following ports.

export PATH=$CACHE/bin:$DEBIAN/usr/bin:$DEBIAN/usr/sbin:$PATH

# step TEXT COMMAND... : runs a command and prints its duration. Its output is in the log named after the script.
step() {
  local text=$1 begin=$EPOCHREALTIME log code
  shift
  log=$LOGS/$(basename "$0" .sh).log
  mkdir -p "$LOGS"
  # Not in a condition, which would disable `set -e`.
  set +e
  (set -e; "$@") >>"$log" 2>&1
  code=$?
  set -e
  if [ $code != 0 ]; then
    tail -n 20 "$log" >&2
    fail "$text: failed; the log is $log"
  fi
  note "$(printf '%-42s %6.1f s' "$text" "$(seconds_since "$begin")")"
}

# seconds_since A-VALUE-OF-EPOCHREALTIME : prints the elapsed seconds.
seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { print to - from }'; }

# wait_for SECONDS COMMAND... : retries the command until it succeeds; fails after SECONDS.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "waited in vain for: $*" >&2; return 1; }
    sleep 0.2
  done
}

# admin ARGUMENTS... : runs kubectl as the cluster's administrator.
admin() { kubectl --kubeconfig "$CACHE/admin.kubeconfig" "$@"; }

# Shared by the scripts of this folder: where the cluster's parts are, on which ports they listen, how steps are told.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# One cluster a person, whatever checkout it is started from.
CACHE=${JOBWRIGHT_KUBERNETES:-${XDG_CACHE_HOME:-$HOME/.cache}/jobwright/kubernetes}
BUILD=$CACHE/build    # sources and Go; gone after the build
DEBIAN=$CACHE/debian  # etcd, containerd, runc, network plugins and kubectl, unpacked
IMAGES=$CACHE/images
KEYS=$CACHE/keys      # certificates and the parts' kubeconfigs
STATE_OF=$CACHE/state # what a running cluster keeps: gone after `down`
LOGS=$CACHE/logs

# The API server's; the other parts listen on the ports after it.
PORT=${JOBWRIGHT_KUBERNETES_PORT:-16443}

export PATH=$CACHE/bin:$DEBIAN/usr/bin:$DEBIAN/usr/sbin:$PATH

# step TEXT COMMAND... : runs it, then tells how long it took. Its output is in the log of the same name as the script.
step() {
  local text=$1 begin=$EPOCHREALTIME log code
  shift
  log=$LOGS/$(basename "$0" .sh).log
  mkdir -p "$LOGS"
  # Not as a condition: the shell would then go on after a command that fails.
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

# seconds_since A-VALUE-OF-EPOCHREALTIME
seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { print to - from }'; }

# wait_for SECONDS COMMAND... : until it succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "waited in vain for: $*" >&2; return 1; }
    sleep 0.2
  done
}

# What an administrator of the cluster does.
admin() { kubectl --kubeconfig "$CACHE/admin.kubeconfig" "$@"; }

#!/usr/bin/env bash
# down.sh [oldest|newest]: stops the cluster with all its containers, deletes its state, and restores the machine's
# settings. The build is kept.
. "$(dirname "$0")/place.sh"
for part in process node; do . "$HERE/$part.sh"; done

if [ ! -d "$STATE_OF" ]; then
  say "No cluster $KUBERNETES runs"
  exit
fi
[ "$(id -u)" = 0 ] || fail "the cluster's processes are root's: run this as root"
exec 9>"$CACHE/lock"
flock 9

none() { [ -z "$("$@")" ]; }
# end_all LISTING : kills the processes listed by the function until it lists none.
end_all() {
  local pids
  pids=$("$1")
  # shellcheck disable=SC2086
  [ -z "$pids" ] || kill -KILL $pids 2>/dev/null || true
  wait_for 20 none "$1"
}
node_down() {
  stop kubelet
  end_all pod_processes
  stop containerd
  end_all node_processes
}
control_down() {
  local part
  for part in kube-scheduler kube-controller-manager kube-apiserver etcd; do stop $part; done
}
machine_as_before() {
  local setting value
  mountpoint -q "$MOUNTS" && umount -n "$MOUNTS"
  mountpoint -q "${MOUNTS%/*}" && umount -n "${MOUNTS%/*}"
  find $(hierarchies) -depth -type d -path "*/$GROUP*" -exec rmdir {} + 2>/dev/null || true
  if [ -d "/sys/class/net/$BRIDGE" ]; then ip link delete $BRIDGE; fi
  rm -rf --one-file-system "$STATE_OF"
  # The other cluster may still be running.
  if [ -f "$CLUSTERS/settings" ] && ! compgen -G "$CLUSTERS/*/state" >/dev/null; then
    while read -r setting value; do echo "$value" >"/proc/sys/$setting"; done <"$CLUSTERS/settings"
    rm "$CLUSTERS/settings"
  fi
}

say "Stopping the cluster $KUBERNETES"
step "node and its containers" node_down
step "control plane" control_down
step "mounts, network and settings" machine_as_before

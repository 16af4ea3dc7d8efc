#!/usr/bin/env bash
# up.sh [oldest|newest]: starts a Kubernetes with one node on loopback, and builds it first if necessary. Running
# components are left alone; stopped ones are started.
. "$(dirname "$0")/place.sh"
for part in process keys images "$KUBERNETES" control node; do . "$HERE/$part.sh"; done

root() { [ "$(id -u)" = 0 ]; }
runs() {
  local part
  for part in etcd kube-apiserver kube-controller-manager kube-scheduler containerd kubelet; do
    alive $part || return 1
  done
  api_ready >/dev/null 2>&1 && node_ready 2>/dev/null
}
people_ready() {
  local project
  for project in demo other; do admin -n $project get serviceaccount default || return 1; done
}
people() { wait_for 30 admin apply -f "$HERE/people.yaml" && wait_for 30 people_ready; }
tell() {
  note "kubeconfigs: $CACHE/admin.kubeconfig      may do everything"
  note "             $CACHE/developer.kubeconfig  may use Jobs of the project demo"
  note "             $CACHE/viewer.kubeconfig     may read the project demo"
  note "             $CACHE/observer.kubeconfig   may read its Jobs and Pods, and names no project"
}

root || fail "containers need root: run this as root"
for tool in openssl nsenter ip; do have $tool || fail "$tool is missing: apt-get install openssl util-linux iproute2"; done
case $CACHE/ in /run/* | /var/lib/* | /var/log/*) fail "the node cannot see $CACHE: set JOBWRIGHT_KUBERNETES to a folder elsewhere" ;; esac
# `down` kills all processes in these control groups.
[ -d "$STATE_OF" ] || [ -z "$(pod_processes)" ] || fail "the control groups $GROUP have processes of others"
"$HERE/build.sh" "$KUBERNETES"
exec 9>"$CACHE/lock"
flock 9
begin=$EPOCHREALTIME
if runs; then
  say "The cluster runs already"
  tell
  exit
fi

say "Starting Kubernetes $(cat "$CACHE/complete") (about twenty seconds)"
mkdir -p "$STATE_OF"
step "certificates" keys
kubeconfigs
control_etcd
control_apiserver
node_settings
node_groups
step "the node's own mounts" node_namespace
step "containerd" node_containerd
step "images" node_images
step "API server answers" wait_for 60 api_ready
control_controllers
node_kubelet
step "projects and people" people
step "node ready" wait_for 60 node_ready
say "The cluster runs, after $(printf %.1f "$(seconds_since "$begin")") s"
tell

# The node: containerd and the kubelet, which run real containers.
#
# Both run in a mount namespace of their own, in which /run, /var/lib and /var/log belong to this cluster: all
# their default paths are the cluster's, and their mounts and leftovers are invisible to the machine.

NODE=$STATE_OF/node
MOUNTS=$STATE_OF/mounts/namespace
# The parent of the control groups of this cluster's Pods.
GROUP=jobwright-$KUBERNETES
# Settings changed by the kubelet and the bridge plugin; restored by the `down` of the last running cluster.
SETTINGS="vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys
  kernel/keys/root_maxbytes net/ipv4/ip_forward"

# in_node COMMAND... : runs a command in the node's mount namespace.
in_node() { nsenter --mount="$MOUNTS" "$@"; }

# Creates the namespace, kept alive by a bind mount, which outlives all processes.
node_namespace() {
  local folder=${MOUNTS%/*}
  if mountpoint -q "$MOUNTS"; then return; fi
  mkdir -p "$folder" "$NODE/lib" "$NODE/log"
  mountpoint -q "$folder" || mount -n --bind "$folder" "$folder"
  # A namespace can only be bind-mounted on a private mount.
  mount -n --make-private "$folder"
  touch "$MOUNTS"
  unshare --mount="$MOUNTS" --propagation private true
  in_node mount -n --make-rshared /
  in_node mount -n -t tmpfs -o mode=755 tmpfs /run
  in_node mount -n --bind "$NODE/lib" /var/lib
  in_node mount -n --bind "$NODE/log" /var/log
}

node_settings() {
  local setting
  # A cluster started earlier has changed them already.
  [ -f "$CLUSTERS/settings" ] && return
  for setting in $SETTINGS; do echo "$setting $(cat "/proc/sys/$setting")"; done >"$CLUSTERS/settings.new"
  mv "$CLUSTERS/settings.new" "$CLUSTERS/settings"
}

# Prints the cgroup hierarchies: one (v2), or one per controller of v1 and possibly one of v2 in addition.
hierarchies() {
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    echo /sys/fs/cgroup
  else
    awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts
  fi
}

# The kubelet does not create its root control group.
node_groups() {
  local folder
  for folder in $(hierarchies); do mkdir -p "$folder/$GROUP"; done
}

node_containerd() {
  local snapshotter=overlayfs
  # overlayfs cannot be stacked on overlayfs.
  [ "$(stat -f -c %T "$NODE")" != overlayfs ] || snapshotter=native
  containerd_configuration $snapshotter >"$NODE/containerd.toml"
  mkdir -p "$NODE/network"
  cat >"$NODE/network/jobs.conflist" <<CONFIG
{"cniVersion": "0.4.0", "name": "jobs", "plugins": [{"type": "bridge", "bridge": "$BRIDGE", "isGateway": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "$PODS.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
CONFIG
  start containerd nsenter --mount="$MOUNTS" containerd --config "$NODE/containerd.toml"
  wait_for 20 in_node ctr version
}

node_images() {
  local file
  for file in "$IMAGES"/*.tar; do in_node ctr --namespace k8s.io images import "$file"; done
}

node_kubelet() {
  # A symbolic link into /run would be dangling in the namespace.
  cp -L /etc/resolv.conf "$NODE/resolv.conf" 2>/dev/null || : >"$NODE/resolv.conf"
  cat >"$NODE/kubelet.yaml" <<CONFIG
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 127.0.0.1
port: $((PORT + 3))
healthzBindAddress: 127.0.0.1
healthzPort: $((PORT + 4))
readOnlyPort: 0
tlsCertFile: $KEYS/kubelet-server.crt
tlsPrivateKeyFile: $KEYS/kubelet-server.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $KEYS/kubernetes.crt}}
authorization: {mode: Webhook}
resolvConf: $NODE/resolv.conf
cgroupDriver: cgroupfs
cgroupRoot: /$GROUP
$KUBELET_CONFIG
failSwapOn: false
makeIPTablesUtilChains: false
oomScoreAdj: 0
nodeStatusUpdateFrequency: 1s
# A full disk must not evict the Pods of a test.
evictionHard: {memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
CONFIG
  start kubelet nsenter --mount="$MOUNTS" kubelet --config "$NODE/kubelet.yaml" \
    --kubeconfig "$KEYS/kubelet.kubeconfig" --hostname-override localhost $KUBELET_RUNTIME
}

# Asks the kubelet directly: current API servers do not proxy to a node on loopback.
kubelet_healthy() {
  exec 8<>"/dev/tcp/127.0.0.1/$((PORT + 4))" || return 1
  printf 'GET /healthz HTTP/1.0\r\n\r\n' >&8
  grep -q '^ok' <&8
}

# Succeeds if the kubelet responds, the node is ready, and the taint of a new node is removed.
node_ready() {
  local now
  (kubelet_healthy) 2>/dev/null || return 1
  now=$(admin get node localhost \
    -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}/{.spec.taints}') && [ "$now" = True/ ]
}

# Prints the pids in the namespace: kubelet, containerd and its shims.
node_processes() {
  local namespace process
  namespace=$(in_node readlink /proc/self/ns/mnt) || return 0
  for process in /proc/[0-9]*; do
    if [ "$(readlink "$process/ns/mnt" 2>/dev/null)" = "$namespace" ]; then echo "${process#/proc/}"; fi
  done
}

# Prints the pids in containers.
pod_processes() { find $(hierarchies) -path "*/$GROUP/*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u; }

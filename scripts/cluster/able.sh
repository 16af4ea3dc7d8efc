#!/usr/bin/env bash
# Whether a node can be started here: it needs root, mounts of its own, control groups and a bridge. Says what is missing.
. "$(dirname "$0")/place.sh"

PROBE=jobwright-probe
missing() { fail "no Kubernetes node can be started here: $*"; }

[ "$(id -u)" = 0 ] || missing "that needs root"
for tool in apt-get openssl nsenter unshare ip; do have $tool || missing "$tool is not there"; done
unshare --mount --propagation private true 2>/dev/null || missing "no mount namespace can be made"
# A folder below the root (version 2), or below a controller's (version 1).
group=/sys/fs/cgroup
[ -f $group/cgroup.controllers ] || group=$group/pids
mkdir "$group/$PROBE" 2>/dev/null || missing "no control group can be made"
rmdir "$group/$PROBE"
ip link add jwprobe type bridge 2>/dev/null || missing "no bridge can be made"
ip link del jwprobe

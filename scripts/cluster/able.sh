#!/usr/bin/env bash
# Checks whether a node can be started: requires root, mount namespaces, control groups and a bridge. Prints what
# is missing.
. "$(dirname "$0")/place.sh"

PROBE=jobwright-probe
missing() { fail "no Kubernetes node can be started here: $*"; }

[ "$(id -u)" = 0 ] || missing "that needs root"
for tool in apt-get openssl nsenter unshare ip; do have $tool || missing "$tool is not there"; done
unshare --mount --propagation private true 2>/dev/null || missing "no mount namespace can be made"
# A group below the root (cgroup v2), or below that of a controller (v1).
group=/sys/fs/cgroup
[ -f $group/cgroup.controllers ] || group=$group/pids
mkdir "$group/$PROBE" 2>/dev/null || missing "no control group can be made"
rmdir "$group/$PROBE"
ip link add jwprobe type bridge 2>/dev/null || missing "no bridge can be made"
ip link del jwprobe

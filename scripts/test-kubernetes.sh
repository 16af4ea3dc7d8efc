#!/usr/bin/env bash
# test-kubernetes.sh [oldest|newest]...: runs the long suite, the console against real clusters (scripts/cluster),
# by default all of them. Clusters that are not running are started.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

# JOBWRIGHT names a binary to test instead of the one built from this tree.
[ -n "${JOBWRIGHT:-}" ] || "$ROOT/scripts/build.sh" quick

[ $# -gt 0 ] || set -- oldest newest
failed=()
for cluster; do "$ROOT/scripts/test-cluster.sh" "$cluster" || failed+=("$cluster"); done
[ ${#failed[@]} = 0 ] || fail "the long suite failed on: ${failed[*]}"

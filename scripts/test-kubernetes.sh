#!/usr/bin/env bash
# test-kubernetes.sh [oldest|newest]...: the long suite, the console against real clusters (scripts/cluster), all of
# them by default. Each is started for it unless it runs.
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

# JOBWRIGHT names a program to be tested in the place of this tree's own.
[ -n "${JOBWRIGHT:-}" ] || "$ROOT/scripts/build.sh" quick

[ $# -gt 0 ] || set -- oldest newest
failed=()
for cluster; do "$ROOT/scripts/test-cluster.sh" "$cluster" || failed+=("$cluster"); done
[ ${#failed[@]} = 0 ] || fail "the long suite failed on: ${failed[*]}"

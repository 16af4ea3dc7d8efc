#!/usr/bin/env bash
# The long suite: the console against a real cluster (scripts/cluster), which is started for it unless it runs.
. "$(dirname "$0")/cluster/place.sh"
cd "$ROOT"

# JOBWRIGHT names a program to be tested in the place of this tree's own.
[ -n "${JOBWRIGHT:-}" ] || "$ROOT/scripts/build.sh" quick

# A cluster that ran before runs on afterwards.
[ -d "$STATE_OF" ] || trap '"$HERE/down.sh"' EXIT
"$HERE/up.sh"
admin -n demo delete jobs --all >/dev/null

cd end2end
export E2E_KUBECONFIG=$CACHE/admin.kubeconfig
say "Browser walks on the cluster, and what only a real cluster shows"
# A cluster with one busy node on a shared machine may be late: what fails once is tried once more, and told as flaky.
npx playwright test --project=cluster --project=kubernetes --retries=1

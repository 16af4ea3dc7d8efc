#!/usr/bin/env bash
# test-cluster.sh oldest|newest: the long suite on one cluster.
. "$(dirname "$0")/cluster/place.sh"
cd "$ROOT"

# A cluster that ran before runs on afterwards.
[ -d "$STATE_OF" ] || trap '"$HERE/down.sh" "$KUBERNETES"' EXIT
"$HERE/up.sh" "$KUBERNETES"
admin -n demo delete jobs --all >/dev/null

cd end2end
export E2E_KUBECONFIG=$CACHE/admin.kubeconfig
say "Browser walks on Kubernetes $VERSION, and what only a real cluster shows"
# A cluster with one busy node on a shared machine may be late: what fails once is tried once more, and told as flaky.
npx playwright test --project=cluster --project=kubernetes --retries=1

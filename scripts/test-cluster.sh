#!/usr/bin/env bash
# test-cluster.sh oldest|newest: runs the long suite on one cluster.
. "$(dirname "$0")/cluster/place.sh"
cd "$ROOT"

# A cluster that was running before is left running.
[ -d "$STATE_OF" ] || trap '"$HERE/down.sh" "$KUBERNETES"' EXIT
"$HERE/up.sh" "$KUBERNETES"
admin -n demo delete jobs --all >/dev/null

cd end2end
export E2E_KUBECONFIG=$CACHE/admin.kubeconfig
say "Browser tests on Kubernetes $VERSION, including those that need a real cluster"
# A busy one-node cluster on a shared machine may be slow: failed tests are retried once, and reported as flaky.
npx playwright test --project=cluster --project=kubernetes --retries=1

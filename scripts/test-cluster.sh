#!/usr/bin/env bash
# test-cluster.sh oldest|newest: runs the long suite on one cluster.
. "$(dirname "$0")/cluster/place.sh"
cd "$ROOT"

# A cluster that was running before is left running.
[ -d "$STATE_OF" ] || trap '"$HERE/down.sh" "$KUBERNETES"' EXIT
"$HERE/up.sh" "$KUBERNETES"
admin -n demo delete jobs --all >/dev/null

# The oldest has rules of its own age; its agreement is in docs/validation.md.
if [ "$KUBERNETES" = newest ]; then
  say "Five minutes of mutated Jobs and texts, against the rules, the editor and the playground"
  # The same packages as the tests, so that nothing is compiled twice.
  cargo build --quiet --locked --profile quick "${NATIVE[@]}" --bin rules-fuzz
  fuzz() { target/quick/rules-fuzz "$@" --kubeconfig "$CACHE/admin.kubeconfig" --seed "${FUZZ_SEED:-1}" --groups 5 --require; }
  fuzz jobs --count 1000000 --seconds 220
  fuzz texts --count 1000000 --seconds 60
  fuzz requests --count 8000
fi

cd end2end
export E2E_KUBECONFIG=$CACHE/admin.kubeconfig
say "Browser tests on Kubernetes $VERSION, including those that need a real cluster"
# A busy one-node cluster on a shared machine may be slow: failed tests are retried once, and reported as flaky.
npx playwright test --project=cluster --project=kubernetes --retries=1

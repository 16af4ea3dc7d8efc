//! Exchanges recorded with a real Kubernetes 1.36 API server, replayed: all are answered as recorded, except those
//! named here.

use std::collections::BTreeSet;
use std::path::Path;

use playground::conformance::{Target, run, totals};

/// Recordings that are answered differently, each with its reason in `docs/playground.md`. The same on every machine,
/// since each playground has a clock of its own.
const KNOWN_DIFFERENCES: [&str; 5] = [
    "access/021-can-non-resource",
    "access/026-rules-bob",
    "delete/010-foreground-then-background",
    "jobs/030-replace",
    "list/008-continue-other-namespace",
];

/// Number of recordings: a directory that is not found must not pass.
const RECORDINGS: usize = 837;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recordings_are_answered_as_recorded() {
    let scratch = tempfile::tempdir().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        here.join("tests/conformance"),
        // Those of the rules are kept with the rules.
        here.join("../rules/tests/recordings"),
    ];
    let outcomes = run(&folders, &Target::Own(scratch.path().to_owned()), |_| true)
        .await
        .unwrap();
    for (group, (passed, failed)) in totals(&outcomes) {
        println!("{group}: {passed} passed, {failed} failed");
    }
    let different: Vec<_> = outcomes
        .iter()
        .filter(|outcome| !outcome.differences.is_empty())
        .map(|outcome| {
            (
                format!("{}/{}", outcome.group, outcome.name),
                &outcome.differences,
            )
        })
        .collect();
    let names: BTreeSet<&str> = different.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(KNOWN_DIFFERENCES), "{different:#?}");
    assert_eq!(outcomes.len(), RECORDINGS);
}

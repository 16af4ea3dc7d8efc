//! Exchanges recorded with a real Kubernetes 1.36 API server, replayed: no group may fall below what it passes.

use std::path::Path;

use playground::conformance::{Target, run, totals};

/// Scenarios that pass of each group: the same on every machine, as each playground has a time of its own.
const FLOORS: [(&str, usize); 13] = [
    ("access", 48),
    ("controller", 64),
    ("decoding", 105),
    ("delete", 37),
    ("discovery", 29),
    ("dryrun", 18),
    ("jobs", 92),
    ("list", 68),
    ("logs", 18),
    ("patch", 43),
    ("quota", 21),
    ("validation", 258),
    ("watch", 31),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_group_falls_behind() {
    let scratch = tempfile::tempdir().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Those of the rules lie with the rules.
    let folders = [
        here.join("tests/conformance"),
        here.join("../rules/tests/recordings"),
    ];
    let outcomes = run(&folders, &Target::Own(scratch.path().to_owned()), |_| true)
        .await
        .unwrap();
    let totals = totals(&outcomes);
    for (group, floor) in FLOORS {
        let (passed, _) = totals[group];
        let failed: Vec<&str> = outcomes
            .iter()
            .filter(|outcome| outcome.group == group && !outcome.differences.is_empty())
            .map(|outcome| outcome.name.as_str())
            .collect();
        assert!(
            passed >= floor,
            "{group}: {passed} passed, floor {floor}, failed: {failed:?}"
        );
    }
}

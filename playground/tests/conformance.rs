//! Exchanges recorded with a real Kubernetes 1.36 API server, replayed: no group may fall below what it passes.

use std::path::Path;

use playground::conformance::{Target, run, totals};

/// Scenarios that pass, at least, of each group.
const FLOORS: [(&str, usize); 6] = [
    ("decoding", 95),
    ("dryrun", 15),
    ("jobs", 75),
    ("logs", 2),
    ("patch", 12),
    ("validation", 208),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_group_falls_behind() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let outcomes = run(&folder, &Target::Own(scratch.path().to_owned()), |_| true)
        .await
        .unwrap();
    let totals = totals(&outcomes);
    for (group, floor) in FLOORS {
        let (passed, failed) = totals[group];
        assert!(
            passed >= floor,
            "{group}: {passed} passed, {failed} failed, floor {floor}"
        );
    }
}

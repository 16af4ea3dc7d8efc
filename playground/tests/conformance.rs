//! Exchanges recorded with a real Kubernetes 1.36 API server, replayed: no group may fall below what it passes.

use std::path::Path;

use playground::conformance::{Target, run, totals};

/// Scenarios that pass, at least, of each group: those that time a controller have room for a busy machine.
const FLOORS: [(&str, usize); 13] = [
    ("access", 48),
    ("controller", 52),
    ("decoding", 104),
    ("delete", 32),
    ("discovery", 29),
    ("dryrun", 17),
    ("jobs", 91),
    ("list", 65),
    ("logs", 17),
    ("patch", 41),
    ("quota", 14),
    ("validation", 258),
    ("watch", 28),
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

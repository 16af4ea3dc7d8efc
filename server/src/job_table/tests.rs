//! The table against a model: rows, windows and views after changes of every kind.

#![allow(
    clippy::needless_pass_by_value,
    reason = "calls read better with `json!` in place"
)]

use std::sync::Arc;

use app::api::job::{JobRow, StatusKind};
use app::api::job_query::{JobPage, JobQuery, PageChange, Sort, SortColumn, StatusGroup};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::job_table::contents::{Contents, Phase, Update};
use crate::job_table::objects::{Job, event, pod};
use crate::job_table::view::Window;
use crate::job_table::{JobTable, JobTables, KEEP, MAX_UNUSED, UNUSED_CHECK, lock};
use crate::kubernetes::watch::Change;

fn job(name: &str, uid: &str, status: Value) -> Job {
    Job::read(json!({
        "metadata": {"name": name, "uid": uid, "namespace": "demo"}, "spec": {}, "status": status,
    }))
}

fn pod_of(uid: &str, job: &str, phase: &str) -> Option<Value> {
    let owners = json!([{"uid": job, "kind": "Job", "controller": true}]);
    pod(&json!({"metadata": {"uid": uid, "ownerReferences": owners}, "status": {"phase": phase}}))
}

fn jobs(change: Change<Job>) -> Update {
    Update::Jobs(0, change)
}

fn table() -> Contents {
    Contents::new(&vec![Some("demo".to_owned())])
}

fn ready(list: Vec<Job>) -> Contents {
    let mut table = table();
    table.apply(vec![jobs(Change::Reset(list))], 0);
    assert_eq!(
        table.phase(),
        Phase::Loading {
            read: table.window(&JobQuery::default(), 0).page().summary.all
        }
    );
    table.apply(
        vec![
            Update::Pods(0, Change::Reset(Vec::new())),
            Update::Events(0, Change::Reset(Vec::new())),
            Update::Quotas(0, Change::Reset(Vec::new())),
        ],
        0,
    );
    assert_eq!(table.phase(), Phase::Live);
    table
}

fn window(table: &mut Contents) -> Window {
    table.window(&by_name(), 0)
}

fn by_name() -> JobQuery {
    JobQuery {
        sort: Sort {
            column: SortColumn::Name,
            descending: false,
        },
        ..JobQuery::default()
    }
}

fn names(page: &JobPage) -> Vec<&str> {
    page.rows.iter().map(|row| row.name.as_str()).collect()
}

/// Applies a change and returns what is sent for it.
fn change(table: &mut Contents, update: Update) -> Option<PageChange> {
    let before = window(table);
    table.apply(vec![update], 1);
    window(table).changes_since(&before, |uid| table.contains(uid))
}

#[test]
fn only_changed_rows_are_sent() {
    let mut table = ready(vec![job("a", "1", json!({})), job("b", "2", json!({}))]);
    assert_eq!(names(&window(&mut table).page()), ["a", "b"]);
    assert_eq!(
        change(&mut table, jobs(Change::Applied(job("a", "1", json!({}))))),
        None
    );
    let Some(PageChange::Rows { rows, order, .. }) = change(
        &mut table,
        jobs(Change::Applied(job("b", "2", json!({"active": 1})))),
    ) else {
        panic!("no change")
    };
    assert_eq!((rows.len(), rows[0].name.as_str(), order), (1, "b", None));
    let Some(PageChange::Rows {
        rows,
        order,
        gone,
        summary,
    }) = change(&mut table, jobs(Change::Deleted(job("a", "1", json!({})))))
    else {
        panic!("no change")
    };
    assert_eq!(
        (rows, order, gone),
        (vec![], Some(vec!["2".to_owned()]), vec!["1".to_owned()])
    );
    assert_eq!((summary.total, summary.all), (1, 1));
}

#[test]
fn pod_change_updates_the_row_of_its_job() {
    let mut table = ready(vec![job("a", "1", json!({"active": 1, "ready": 0}))]);
    let running = Update::Pods(0, Change::Applied(pod_of("p", "1", "Running")));
    let Some(PageChange::Rows { rows, .. }) = change(&mut table, running) else {
        panic!("no change")
    };
    assert_eq!(rows[0].status.kind, StatusKind::Running);
    let other = Update::Pods(0, Change::Applied(pod_of("q", "other", "Running")));
    assert_eq!(change(&mut table, other), None);
    let Some(PageChange::Rows { rows, .. }) = change(
        &mut table,
        Update::Pods(0, Change::Deleted(pod_of("p", "1", "Succeeded"))),
    ) else {
        panic!("no change")
    };
    assert_eq!(rows[0].status.kind, StatusKind::Updating);
}

#[test]
fn pods_without_a_job_are_not_kept() {
    let owners = json!([{"uid": "r", "kind": "ReplicaSet", "controller": true}]);
    assert_eq!(
        pod(&json!({"metadata": {"uid": "p", "ownerReferences": owners}})),
        None
    );
    assert_eq!(pod(&json!({"metadata": {"uid": "p"}})), None);
}

#[test]
fn refused_pod_shows_in_the_row_before_and_after_the_job_is_listed() {
    let refused = event(&json!({
        "involvedObject": {"uid": "1"}, "reason": "FailedCreate", "message": "exceeded quota: small",
        "lastTimestamp": "2026-11-23T10:00:00Z",
    }));
    let mut table = table();
    table.apply(vec![Update::Events(0, Change::Reset(vec![refused]))], 0);
    table.apply(vec![jobs(Change::Reset(vec![job("a", "1", json!({}))]))], 0);
    assert_eq!(window(&mut table).page().rows[0].status.kind, StatusKind::Blocked);
    table.apply(vec![Update::Events(0, Change::Denied)], 0);
    assert_eq!(
        window(&mut table).page().rows[0].status.kind,
        StatusKind::Updating
    );
}

#[test]
fn re_created_job_is_a_new_row() {
    let mut table = ready(vec![job("a", "1", json!({}))]);
    let before = window(&mut table);
    table.apply(
        vec![
            jobs(Change::Deleted(job("a", "1", json!({})))),
            jobs(Change::Applied(job("a", "2", json!({})))),
        ],
        0,
    );
    let sent = window(&mut table).changes_since(&before, |uid| table.contains(uid));
    let Some(PageChange::Rows {
        rows, order, gone, ..
    }) = sent
    else {
        panic!("no change")
    };
    assert_eq!((rows[0].uid.as_str(), gone), ("2", vec!["1".to_owned()]));
    assert_eq!(order, Some(vec!["2".to_owned()]));
}

#[test]
fn table_is_stale_until_all_collections_are_back() {
    let mut table = ready(vec![job("a", "1", json!({}))]);
    table.apply(vec![jobs(Change::Disconnected)], 7);
    table.apply(vec![Update::Pods(0, Change::Disconnected)], 8);
    assert_eq!(table.phase(), Phase::Stale { since: 7 });
    table.apply(vec![jobs(Change::Reset(vec![job("b", "2", json!({}))]))], 9);
    assert_eq!(table.phase(), Phase::Stale { since: 7 });
    table.apply(vec![Update::Pods(0, Change::Reset(Vec::new()))], 9);
    assert_eq!(table.phase(), Phase::Live);
    assert_eq!(names(&window(&mut table).page()), ["b"]);
}

#[test]
fn lost_permission_hides_the_rows_of_that_project_only() {
    let in_project = |project: &str, uid: &str| {
        Job::read(json!({"metadata": {"name": uid, "uid": uid, "namespace": project}, "spec": {}}))
    };
    let mut table = Contents::new(&vec![Some("a".to_owned()), Some("b".to_owned())]);
    for (partition, project) in ["a", "b"].into_iter().enumerate() {
        let list = vec![in_project(project, project)];
        table.apply(
            vec![
                Update::Jobs(partition, Change::Reset(list)),
                Update::Pods(partition, Change::Denied),
                Update::Events(partition, Change::Denied),
                Update::Quotas(partition, Change::Denied),
            ],
            0,
        );
    }
    assert_eq!(table.phase(), Phase::Live);
    assert_eq!(names(&window(&mut table).page()), ["a", "b"]);
    assert_eq!(window(&mut table).page().summary.quota, None);
    table.apply(vec![Update::Jobs(0, Change::Denied)], 5);
    assert_eq!(table.phase(), Phase::Live);
    assert_eq!(names(&window(&mut table).page()), ["b"]);
    table.apply(vec![Update::Jobs(1, Change::Denied)], 6);
    assert!(matches!(table.phase(), Phase::Denied { .. }));
    assert_eq!(names(&window(&mut table).page()), [""; 0]);
    table.apply(
        vec![Update::Jobs(1, Change::Reset(vec![in_project("b", "b")]))],
        7,
    );
    assert_eq!(table.phase(), Phase::Live);
}

#[test]
fn progress_counts_the_jobs_received() {
    let mut table = table();
    assert_eq!(table.phase(), Phase::Loading { read: 0 });
    table.apply(vec![Update::Listed(0, 1500)], 0);
    assert_eq!(table.phase(), Phase::Loading { read: 1500 });
}

#[test]
fn page_after_the_last_one_is_the_last_one() {
    let list: Vec<Job> = (0..60)
        .map(|n| job(&format!("job-{n}"), &n.to_string(), json!({})))
        .collect();
    let mut table = ready(list);
    let query = JobQuery {
        page: u32::MAX,
        ..by_name()
    };
    let page = table.window(&query, 0).page();
    assert_eq!((page.summary.page, page.summary.total), (2, 60));
    assert_eq!((page.rows[0].name.as_str(), page.rows.len()), ("job-50", 10));
    let reversed = JobQuery {
        sort: Sort {
            column: SortColumn::Name,
            descending: true,
        },
        ..JobQuery::default()
    };
    assert_eq!(table.window(&reversed, 0).page().rows[0].name, "job-59");
}

#[test]
fn equal_contents_have_equal_versions_in_every_process() {
    let list = || vec![job("a", "1", json!({})), job("b", "2", json!({"active": 1}))];
    let version = |list| window(&mut ready(list)).version();
    assert_eq!(version(list()), version(list()));
    let mut other = list();
    other.pop();
    assert_ne!(version(list()), version(other));
}

#[test]
fn filter_by_age_follows_the_clock() {
    let created = json!({"name": "a", "uid": "1", "creationTimestamp": "1970-01-01T00:00:00Z"});
    let mut table = ready(vec![Job::read(json!({"metadata": created, "spec": {}}))]);
    let query = JobQuery {
        text: "age:<1h".to_owned(),
        ..JobQuery::default()
    };
    let count = |table: &mut Contents, now| table.window(&query, now).page().summary.total;
    assert_eq!(count(&mut table, 3_599_000), 1);
    assert_eq!(count(&mut table, 3_620_000), 0);
}

/// A change of one of a few Jobs.
#[derive(Debug, Clone)]
enum Step {
    Put(u8, u8, u8),
    Delete(u8),
    Relist(Vec<(u8, u8, u8)>),
    Pod(u8, u8, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let put = (0..12_u8, 0..4_u8, 0..5_u8);
    prop_oneof![
        6 => put.clone().prop_map(|(uid, name, state)| Step::Put(uid, name, state)),
        2 => (0..12_u8).prop_map(Step::Delete),
        1 => proptest::collection::vec(put, 0..8).prop_map(Step::Relist),
        2 => (0..4_u8, 0..12_u8, any::<bool>()).prop_map(|(pod, job, there)| Step::Pod(pod, job, there)),
    ]
}

fn any_job(uid: u8, name: u8, state: u8) -> Job {
    let condition =
        |kind: &str| json!({"conditions": [{"type": kind, "status": "True"}], "succeeded": state});
    let status = match state {
        0 => json!({}),
        1 => json!({"active": 1, "ready": 1}),
        2 => condition("Complete"),
        3 => condition("Failed"),
        _ => json!({"active": 2, "startTime": "2026-11-23T10:00:00Z"}),
    };
    job(&format!("job-{name}"), &uid.to_string(), status)
}

fn update_of(step: &Step) -> Update {
    match step {
        Step::Put(uid, name, state) => jobs(Change::Applied(any_job(*uid, *name, *state))),
        Step::Delete(uid) => jobs(Change::Deleted(any_job(*uid, 0, 0))),
        Step::Relist(list) => {
            let list = list.iter().map(|(uid, name, state)| any_job(*uid, *name, *state));
            jobs(Change::Reset(list.collect()))
        }
        Step::Pod(pod, job, true) => Update::Pods(
            0,
            Change::Applied(pod_of(&format!("pod-{pod}"), &job.to_string(), "Running")),
        ),
        Step::Pod(pod, job, false) => Update::Pods(
            0,
            Change::Deleted(pod_of(&format!("pod-{pod}"), &job.to_string(), "Failed")),
        ),
    }
}

fn queries() -> Vec<JobQuery> {
    let mut queries = Vec::new();
    for column in SortColumn::ALL {
        for (text, status, descending, page) in [
            ("", None, false, 0),
            ("job-1", None, true, 0),
            ("", Some(StatusGroup::Active), true, 1),
            ("job", Some(StatusGroup::Completed), false, 0),
        ] {
            queries.push(JobQuery {
                text: text.to_owned(),
                status,
                sort: Sort { column, descending },
                page,
                size: 3,
            });
        }
    }
    queries
}

/// What a browser does with a change; see the page's `merge`.
fn browser(page: &mut Vec<JobRow>, change: PageChange) {
    let PageChange::Rows { rows, order, .. } = change else {
        panic!("{change:?}")
    };
    let order = order.unwrap_or_else(|| page.iter().map(|row| row.uid.clone()).collect());
    let known = |uid: &String| {
        rows.iter()
            .chain(page.iter())
            .find(|row| row.uid == *uid)
            .cloned()
    };
    *page = order.iter().map(|uid| known(uid).unwrap()).collect();
}

proptest! {
    /// Views that are updated row by row equal those that are built anew, and a browser that applies the changes shows
    /// what one that loads the page anew does.
    #[test]
    fn updated_views_equal_new_ones(steps in proptest::collection::vec(proptest::collection::vec(step(), 1..4), 1..20)) {
        let mut table = ready(Vec::new());
        let mut shown: Vec<(JobQuery, Window, Vec<JobRow>)> = queries()
            .into_iter()
            .map(|query| {
                let window = table.window(&query, 0);
                let rows = window.page().rows;
                (query, window, rows)
            })
            .collect();
        for batch in steps {
            table.apply(batch.iter().map(update_of).collect(), 0);
            for (query, before, rows) in &mut shown {
                let window = table.window(query, 0);
                if let Some(change) = window.changes_since(before, |uid| table.contains(uid)) {
                    browser(rows, change);
                }
                prop_assert_eq!(&window.page().rows, &*rows);
                prop_assert_eq!(window.page(), table.rebuilt(query, 0).page());
                *before = window;
            }
        }
    }
}

#[test]
fn number_of_views_is_bounded() {
    let mut table = ready(vec![job("a", "1", json!({}))]);
    for n in 0..500 {
        let query = JobQuery {
            text: format!("job-{n}"),
            ..JobQuery::default()
        };
        table.window(&query, 0);
    }
    assert_eq!(table.views(), 64);
}

/// A list that is read again after a reconnect takes no more memory.
#[test]
fn completed_jobs_share_their_rows_with_the_views() {
    let complete = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    let list = || vec![job("a", "1", complete.clone()), job("b", "2", json!({}))];
    let mut table = ready(list());
    assert!(table.is_shared());
    table.window(&JobQuery::default(), 0);
    table.apply(vec![jobs(Change::Reset(list()))], 1);
    assert!(table.is_shared());
    table.apply(vec![jobs(Change::Applied(job("c", "1", complete)))], 2);
    assert!(table.is_shared());
}

#[test]
fn completed_jobs_keep_no_object() {
    let complete = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    assert!(job("a", "1", complete).object.is_none());
    assert!(job("a", "1", json!({})).object.is_some());
    let quota = Update::Quotas(0, Change::Applied(Arc::new(json!({}))));
    ready(Vec::new()).apply(vec![quota], 0);
}

/// Tables of projects that never answer.
fn tables() -> (JobTables, impl Fn(usize) -> (Arc<JobTable>, watch::Receiver<u64>)) {
    let service = tower::service_fn(|_: http::Request<kube::client::Body>| {
        std::future::pending::<Result<http::Response<axum::body::Body>, std::convert::Infallible>>()
    });
    let cluster = crate::kubernetes::Cluster::new(kube::Client::new(service, "demo"), "test", false);
    let tables = JobTables::default();
    let opened = tables.clone();
    let open = move |number: usize| opened.open(&cluster, vec![Some(format!("project-{number}"))]);
    (tables, open)
}

/// Streams that are opened together each keep their table; tables without a reader are bounded.
#[tokio::test]
async fn tables_are_kept_while_they_are_read() {
    let (tables, open) = tables();
    let many = 3 * MAX_UNUSED.0;
    let readers: Vec<_> = (0..many).map(&open).collect();
    assert_eq!(lock(&tables.0).len(), many);
    drop(readers);
    let _last = open(usize::MAX);
    assert_eq!(lock(&tables.0).len(), MAX_UNUSED.0 + 1);
}

/// Who comes back soon does not wait for the list to be read again; but large tables that nobody reads do not add up.
#[tokio::test(start_paused = true)]
async fn tables_are_kept_for_a_while_unless_they_are_large() {
    let (tables, open) = tables();
    let fill = |table: &JobTable, count: usize| {
        let list = (0..count).map(|number| job(&format!("job-{number}"), &number.to_string(), json!({})));
        let list = jobs(Change::Reset(list.collect()));
        table.apply(vec![list]);
    };
    let first = open(0);
    fill(&first.0, MAX_UNUSED.1 / 2);
    drop(first);
    tokio::time::advance(KEEP / 2).await;
    let again = open(0);
    assert_eq!(again.0.len(), MAX_UNUSED.1 / 2, "it is still there");
    let second = open(1);
    fill(&second.0, MAX_UNUSED.1 / 2 + 1);
    // However long it was read.
    tokio::time::sleep(2 * KEEP).await;
    drop(again);
    tokio::time::sleep(3 * UNUSED_CHECK).await;
    drop(second);
    let third = open(2);
    fill(&third.0, 1);
    drop(third);
    tokio::time::sleep(3 * UNUSED_CHECK).await;
    assert_eq!(lock(&tables.0).len(), 2, "those used last are kept");
    assert_eq!(open(1).0.len(), MAX_UNUSED.1 / 2 + 1);
    tokio::time::sleep(KEEP + 3 * UNUSED_CHECK).await;
    assert_eq!(lock(&tables.0).len(), 0);
}

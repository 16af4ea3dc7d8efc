//! The Job list of one project, updated from its watches.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use app::api::job::{JobList, JobRow, ListChange, Millis, QuotaBanner};

use crate::jobs::events::EventIndex;
use crate::jobs::pods::owner;
use crate::jobs::{quota, row};
use crate::kubernetes::watch::Change;

/// The collections that the list depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Jobs.
    Jobs,
    /// Pods: they explain why a Job is not running yet.
    Pods,
    /// Events: as for Pods.
    Events,
    /// `ResourceQuota`s, for the banner.
    Quotas,
}

impl Source {
    /// All collections.
    pub const ALL: [Self; 4] = [Self::Jobs, Self::Pods, Self::Events, Self::Quotas];
}

/// The list as last reported by the cluster, and as last sent.
#[derive(Default)]
pub struct ListTable {
    jobs: HashMap<String, Arc<Value>>,
    /// Pods by the `uid` of the Job that controls them, then by their own `uid`.
    pods: HashMap<String, HashMap<String, Arc<Value>>>,
    events: EventIndex,
    /// The Job of each Pod, by `uid`, to find the Job that an event is about.
    job_of_pod: HashMap<String, String>,
    quotas: HashMap<String, Arc<Value>>,
    ready: HashSet<Source>,
    disconnected: HashSet<Source>,
    disconnected_since: Option<Millis>,
    stale_sent: bool,
    sent: Option<Sent>,
    dirty: HashSet<String>,
}

/// The state of the browser.
struct Sent {
    rows: HashMap<String, JobRow>,
    quota: QuotaBanner,
}

impl ListTable {
    /// Applies a change that was received at `now`.
    pub fn apply_change(&mut self, source: Source, change: Change, now: Millis) {
        match change {
            Change::Disconnected => {
                self.disconnected.insert(source);
                self.disconnected_since.get_or_insert(now);
                return;
            }
            // Without Jobs there is no list: the last known state is no longer live.
            Change::Denied if source == Source::Jobs => {
                self.disconnected.insert(source);
                self.disconnected_since.get_or_insert(now);
                return;
            }
            // Rows work without the collections that may not be read, or may no longer be read.
            Change::Denied => {
                self.clear(source);
                self.disconnected.remove(&source);
                self.ready.insert(source);
            }
            Change::Reset(objects) => {
                self.clear(source);
                for object in objects {
                    self.put(source, object);
                }
                self.disconnected.remove(&source);
                self.ready.insert(source);
            }
            Change::Applied(object) => self.put(source, object),
            Change::Deleted(object) => self.remove(source, &object),
        }
        if self.disconnected.is_empty() && self.disconnected_since.take().is_some() {
            // Changes may have been missed: send the whole list again.
            self.stale_sent = false;
            self.sent = None;
        }
    }

    /// Returns the changes that have not been sent yet.
    pub fn flush(&mut self) -> Option<ListChange> {
        if let Some(since) = self.disconnected_since {
            let is_first = !std::mem::replace(&mut self.stale_sent, true);
            return is_first.then_some(ListChange::Stale { since });
        }
        if self.ready.len() < Source::ALL.len() {
            return None;
        }
        let quota = quota::banner(self.quotas.values().map(Arc::as_ref), self.jobs.len());
        match self.sent.take() {
            None => Some(self.snapshot(quota)),
            Some(sent) => self.difference(sent, quota),
        }
    }

    fn snapshot(&mut self, quota: QuotaBanner) -> ListChange {
        self.dirty.clear();
        let mut rows: Vec<JobRow> = self.jobs.keys().filter_map(|uid| self.row(uid)).collect();
        rows.sort_by(|a, b| b.updated.cmp(&a.updated).then_with(|| a.name.cmp(&b.name)));
        let known = rows.iter().map(|row| (row.uid.clone(), row.clone())).collect();
        self.sent = Some(Sent { rows: known, quota });
        ListChange::Snapshot {
            list: JobList { rows, quota },
        }
    }

    fn difference(&mut self, mut sent: Sent, quota: QuotaBanner) -> Option<ListChange> {
        let mut changed = Vec::new();
        let mut gone = BTreeSet::new();
        for uid in std::mem::take(&mut self.dirty) {
            match self.row(&uid) {
                Some(row) if sent.rows.get(&uid) == Some(&row) => {}
                Some(row) => {
                    sent.rows.insert(uid, row.clone());
                    changed.push(row);
                }
                None => gone.extend(sent.rows.remove(&uid).map(|row| row.uid)),
            }
        }
        changed.sort_by(|a, b| a.name.cmp(&b.name));
        let has_changes = !changed.is_empty() || !gone.is_empty() || sent.quota != quota;
        sent.quota = quota;
        self.sent = Some(sent);
        has_changes.then(|| ListChange::Rows {
            rows: changed,
            gone: gone.into_iter().collect(),
            quota,
        })
    }

    fn row(&self, uid: &str) -> Option<JobRow> {
        let pods = self.pods.get(uid).into_iter().flat_map(HashMap::values);
        let pods = pods.map(Arc::as_ref);
        Some(row::row(self.jobs.get(uid)?, pods, &self.events))
    }

    fn clear(&mut self, source: Source) {
        match source {
            Source::Jobs => {
                self.dirty.extend(self.jobs.drain().map(|(uid, _)| uid));
            }
            Source::Pods => {
                self.dirty.extend(self.pods.drain().map(|(job, _)| job));
                self.job_of_pod.clear();
            }
            Source::Events => {
                self.events = EventIndex::default();
                self.dirty.extend(self.jobs.keys().cloned());
            }
            Source::Quotas => self.quotas.clear(),
        }
    }

    fn put(&mut self, source: Source, object: Arc<Value>) {
        let Some(uid) = object["metadata"]["uid"].as_str().map(str::to_owned) else {
            return;
        };
        match source {
            Source::Jobs => {
                self.jobs.insert(uid.clone(), object);
                self.dirty.insert(uid);
            }
            Source::Pods => {
                let Some(job) = owner(&object).map(str::to_owned) else {
                    return;
                };
                self.job_of_pod.insert(uid.clone(), job.clone());
                self.pods.entry(job.clone()).or_default().insert(uid, object);
                self.dirty.insert(job);
            }
            Source::Events => {
                if let Some(about) = self.events.add(&object) {
                    let job = self.job_of_pod.get(about).map_or(about, String::as_str);
                    self.dirty.insert(job.to_owned());
                }
            }
            Source::Quotas => {
                self.quotas.insert(uid, object);
            }
        }
    }

    fn remove(&mut self, source: Source, object: &Value) {
        let Some(uid) = object["metadata"]["uid"].as_str() else {
            return;
        };
        match source {
            Source::Jobs => {
                self.jobs.remove(uid);
                self.events.forget(uid);
                self.dirty.insert(uid.to_owned());
            }
            Source::Pods => {
                self.events.forget(uid);
                let Some(job) = self.job_of_pod.remove(uid) else {
                    return;
                };
                if let Some(pods) = self.pods.get_mut(&job) {
                    pods.remove(uid);
                    if pods.is_empty() {
                        self.pods.remove(&job);
                    }
                }
                self.dirty.insert(job);
            }
            // Events expire long after the state they report has ended.
            Source::Events => {}
            Source::Quotas => {
                self.quotas.remove(uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::needless_pass_by_value,
        reason = "calls read better with `json!` in place"
    )]

    use app::api::job::StatusKind;
    use serde_json::json;

    use super::*;

    fn reset(objects: Vec<Value>) -> Change {
        Change::Reset(objects.into_iter().map(Arc::new).collect())
    }

    fn applied(object: Value) -> Change {
        Change::Applied(Arc::new(object))
    }

    fn deleted(object: Value) -> Change {
        Change::Deleted(Arc::new(object))
    }

    fn job(name: &str, uid: &str, status: Value) -> Value {
        json!({"metadata": {"name": name, "uid": uid}, "spec": {}, "status": status})
    }

    fn pod(uid: &str, job: &str, phase: &str) -> Value {
        let owners = json!([{"uid": job, "controller": true}]);
        json!({"metadata": {"uid": uid, "ownerReferences": owners}, "status": {"phase": phase}})
    }

    fn ready(jobs: Vec<Value>) -> ListTable {
        let mut table = ListTable::default();
        table.apply_change(Source::Jobs, reset(jobs), 0);
        for source in [Source::Pods, Source::Events, Source::Quotas] {
            assert!(
                table.flush().is_none(),
                "nothing is sent before all collections are listed"
            );
            table.apply_change(source, reset(Vec::new()), 0);
        }
        table
    }

    fn names(change: Option<ListChange>) -> (Vec<String>, Vec<String>) {
        match change {
            Some(ListChange::Snapshot { list }) => (
                list.rows.into_iter().map(|row| row.name).collect(),
                vec!["(all)".to_owned()],
            ),
            Some(ListChange::Rows { rows, gone, .. }) => {
                (rows.into_iter().map(|row| row.name).collect(), gone)
            }
            Some(ListChange::Stale { .. }) => (Vec::new(), vec!["(stale)".to_owned()]),
            None => (Vec::new(), Vec::new()),
        }
    }

    fn expect(rows: &[&str], gone: &[&str]) -> (Vec<String>, Vec<String>) {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        (owned(rows), owned(gone))
    }

    #[test]
    fn only_changed_rows_are_sent() {
        let mut table = ready(vec![job("a", "1", json!({})), job("b", "2", json!({}))]);
        assert_eq!(names(table.flush()), expect(&["a", "b"], &["(all)"]));
        table.apply_change(Source::Jobs, applied(job("a", "1", json!({}))), 0);
        assert_eq!(names(table.flush()), expect(&[], &[]));
        table.apply_change(Source::Jobs, applied(job("b", "2", json!({"active": 1}))), 0);
        assert_eq!(names(table.flush()), expect(&["b"], &[]));
        table.apply_change(Source::Jobs, deleted(job("a", "1", json!({}))), 0);
        assert_eq!(names(table.flush()), expect(&[], &["1"]));
    }

    #[test]
    fn pod_change_updates_the_row_of_its_job() {
        let mut table = ready(vec![job("a", "1", json!({"active": 1, "ready": 0}))]);
        table.flush();
        table.apply_change(Source::Pods, applied(pod("p", "1", "Running")), 0);
        let Some(ListChange::Rows { rows, .. }) = table.flush() else {
            panic!("no rows")
        };
        assert_eq!(rows[0].status.kind, StatusKind::Running);
        table.apply_change(Source::Pods, applied(pod("q", "other", "Running")), 0);
        assert_eq!(names(table.flush()), expect(&[], &[]));
    }

    #[test]
    fn re_created_job_is_a_new_row() {
        let mut table = ready(vec![job("a", "1", json!({}))]);
        table.flush();
        table.apply_change(Source::Jobs, deleted(job("a", "1", json!({}))), 0);
        table.apply_change(Source::Jobs, applied(job("a", "2", json!({}))), 0);
        assert_eq!(names(table.flush()), expect(&["a"], &["1"]));
    }

    #[test]
    fn disconnect_is_reported_once_and_followed_by_a_snapshot() {
        let mut table = ready(vec![job("a", "1", json!({}))]);
        table.flush();
        table.apply_change(Source::Jobs, Change::Disconnected, 7);
        table.apply_change(Source::Pods, Change::Disconnected, 8);
        assert_eq!(table.flush(), Some(ListChange::Stale { since: 7 }));
        assert_eq!(table.flush(), None);
        table.apply_change(Source::Jobs, reset(vec![job("b", "2", json!({}))]), 9);
        assert_eq!(table.flush(), None);
        table.apply_change(Source::Pods, reset(Vec::new()), 9);
        assert_eq!(names(table.flush()), expect(&["b"], &["(all)"]));
    }

    #[test]
    fn list_is_stale_after_permission_is_lost() {
        let mut table = ready(vec![job("a", "1", json!({}))]);
        table.flush();
        table.apply_change(Source::Jobs, Change::Denied, 7);
        assert_eq!(table.flush(), Some(ListChange::Stale { since: 7 }));
        table.apply_change(Source::Jobs, reset(vec![job("a", "1", json!({}))]), 9);
        assert_eq!(names(table.flush()), expect(&["a"], &["(all)"]));
    }

    #[test]
    fn rows_work_without_forbidden_pods() {
        let mut table = ready(vec![job("a", "1", json!({"active": 1, "ready": 0}))]);
        table.apply_change(Source::Pods, applied(pod("p", "1", "Running")), 0);
        table.flush();
        table.apply_change(Source::Pods, Change::Denied, 7);
        assert_eq!(names(table.flush()), expect(&["a"], &[]));
    }

    #[test]
    fn forbidden_collections_do_not_block_the_list() {
        let mut table = ListTable::default();
        table.apply_change(Source::Jobs, reset(Vec::new()), 0);
        for source in [Source::Pods, Source::Events, Source::Quotas] {
            table.apply_change(source, Change::Denied, 0);
        }
        assert_eq!(names(table.flush()), expect(&[], &["(all)"]));
    }
}

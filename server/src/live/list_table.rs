//! The Job list of one project, kept up to date from what the watches report.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use app::api::job::{JobList, JobRow, ListChange, Millis, QuotaBanner};

use crate::jobs::events::EventIndex;
use crate::jobs::pods::owner;
use crate::jobs::{quota, row};
use crate::kubernetes::watch::Change;

/// The collections that the list is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Jobs.
    Jobs,
    /// Pods: they say why a Job does not run yet.
    Pods,
    /// Events: so do they.
    Events,
    /// `ResourceQuota`s, for the banner.
    Quotas,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Jobs, Self::Pods, Self::Events, Self::Quotas];
}

/// The list as the cluster last reported it, and as it was last sent.
#[derive(Default)]
pub struct ListTable {
    jobs: HashMap<String, Arc<Value>>,
    /// Pods by the Job that controls them, then by their own `uid`.
    pods: HashMap<String, HashMap<String, Arc<Value>>>,
    events: EventIndex,
    /// Jobs by the `uid` of each of their Pods, to find whose event it is.
    job_of_pod: HashMap<String, String>,
    quotas: HashMap<String, Arc<Value>>,
    ready: HashSet<Source>,
    lost: HashSet<Source>,
    lost_since: Option<Millis>,
    stale_sent: bool,
    sent: Option<Sent>,
    dirty: HashSet<String>,
}

/// What the browser knows.
struct Sent {
    rows: HashMap<String, JobRow>,
    quota: QuotaBanner,
}

impl ListTable {
    /// Takes a change in; `now` is when it was heard of.
    pub fn take(&mut self, source: Source, change: Change, now: Millis) {
        match change {
            Change::Lost => {
                self.lost.insert(source);
                self.lost_since.get_or_insert(now);
                return;
            }
            // Without the Jobs there is no list: what is known of them is not live any more.
            Change::Denied if source == Source::Jobs => {
                self.lost.insert(source);
                self.lost_since.get_or_insert(now);
                return;
            }
            // Rows do without what may not be read, and without what could be read once.
            Change::Denied => {
                self.clear(source);
                self.lost.remove(&source);
                self.ready.insert(source);
            }
            Change::Reset(objects) => {
                self.clear(source);
                for object in objects {
                    self.put(source, object);
                }
                self.lost.remove(&source);
                self.ready.insert(source);
            }
            Change::Applied(object) => self.put(source, object),
            Change::Deleted(object) => self.remove(source, &object),
        }
        if self.lost.is_empty() && self.lost_since.take().is_some() {
            // Whatever was missed meanwhile: the whole list again.
            self.stale_sent = false;
            self.sent = None;
        }
    }

    /// What the browser does not know yet.
    pub fn flush(&mut self) -> Option<ListChange> {
        if let Some(since) = self.lost_since {
            let news = !std::mem::replace(&mut self.stale_sent, true);
            return news.then_some(ListChange::Stale { since });
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
        let news = !changed.is_empty() || !gone.is_empty() || sent.quota != quota;
        sent.quota = quota;
        self.sent = Some(sent);
        news.then(|| ListChange::Rows {
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
            // Events expire long after what they tell has passed.
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
        table.take(Source::Jobs, reset(jobs), 0);
        for source in [Source::Pods, Source::Events, Source::Quotas] {
            assert!(table.flush().is_none(), "nothing is sent before all is known");
            table.take(source, reset(Vec::new()), 0);
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
    fn only_rows_that_changed_are_sent() {
        let mut table = ready(vec![job("a", "1", json!({})), job("b", "2", json!({}))]);
        assert_eq!(names(table.flush()), expect(&["a", "b"], &["(all)"]));
        table.take(Source::Jobs, applied(job("a", "1", json!({}))), 0);
        assert_eq!(names(table.flush()), expect(&[], &[]));
        table.take(Source::Jobs, applied(job("b", "2", json!({"active": 1}))), 0);
        assert_eq!(names(table.flush()), expect(&["b"], &[]));
        table.take(Source::Jobs, deleted(job("a", "1", json!({}))), 0);
        assert_eq!(names(table.flush()), expect(&[], &["1"]));
    }

    #[test]
    fn a_pod_changes_the_row_of_its_job() {
        let mut table = ready(vec![job("a", "1", json!({"active": 1, "ready": 0}))]);
        table.flush();
        table.take(Source::Pods, applied(pod("p", "1", "Running")), 0);
        let Some(ListChange::Rows { rows, .. }) = table.flush() else {
            panic!("no rows")
        };
        assert_eq!(rows[0].status.kind, StatusKind::Running);
        table.take(Source::Pods, applied(pod("q", "other", "Running")), 0);
        assert_eq!(names(table.flush()), expect(&[], &[]));
    }

    #[test]
    fn a_job_created_again_under_its_name_is_another() {
        let mut table = ready(vec![job("a", "1", json!({}))]);
        table.flush();
        table.take(Source::Jobs, deleted(job("a", "1", json!({}))), 0);
        table.take(Source::Jobs, applied(job("a", "2", json!({}))), 0);
        assert_eq!(names(table.flush()), expect(&["a"], &["1"]));
    }

    #[test]
    fn a_lost_watch_is_told_once_and_mended_with_the_whole_list() {
        let mut table = ready(vec![job("a", "1", json!({}))]);
        table.flush();
        table.take(Source::Jobs, Change::Lost, 7);
        table.take(Source::Pods, Change::Lost, 8);
        assert_eq!(table.flush(), Some(ListChange::Stale { since: 7 }));
        assert_eq!(table.flush(), None);
        table.take(Source::Jobs, reset(vec![job("b", "2", json!({}))]), 9);
        assert_eq!(table.flush(), None);
        table.take(Source::Pods, reset(Vec::new()), 9);
        assert_eq!(names(table.flush()), expect(&["b"], &["(all)"]));
    }

    #[test]
    fn a_list_that_may_not_be_read_any_more_is_stale() {
        let mut table = ready(vec![job("a", "1", json!({}))]);
        table.flush();
        table.take(Source::Jobs, Change::Denied, 7);
        assert_eq!(table.flush(), Some(ListChange::Stale { since: 7 }));
        table.take(Source::Jobs, reset(vec![job("a", "1", json!({}))]), 9);
        assert_eq!(names(table.flush()), expect(&["a"], &["(all)"]));
    }

    #[test]
    fn rows_do_without_pods_that_may_not_be_read_any_more() {
        let mut table = ready(vec![job("a", "1", json!({"active": 1, "ready": 0}))]);
        table.take(Source::Pods, applied(pod("p", "1", "Running")), 0);
        table.flush();
        table.take(Source::Pods, Change::Denied, 7);
        assert_eq!(names(table.flush()), expect(&["a"], &[]));
    }

    #[test]
    fn what_may_not_be_watched_does_not_hold_the_list_back() {
        let mut table = ListTable::default();
        table.take(Source::Jobs, reset(Vec::new()), 0);
        for source in [Source::Pods, Source::Events, Source::Quotas] {
            table.take(source, Change::Denied, 0);
        }
        assert_eq!(names(table.flush()), expect(&[], &["(all)"]));
    }
}

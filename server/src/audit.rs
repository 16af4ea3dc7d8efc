//! The audit log: one line of JSON per change of the cluster, per sign-in and per session that a user ends, with who did
//! it, what it changed and how it ended.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use app::api::error::ApiError;

use crate::kubernetes::Cluster;

/// How long a cluster may take to tell the user's name.
const USER_TIMEOUT: Duration = Duration::from_secs(2);

/// Who makes the changes of a request, and where they are recorded.
#[derive(Clone)]
pub struct Audit {
    /// Prints a line; `None` records nothing.
    pub print: Option<fn(&str)>,
    /// Hash of the session's id, which tells sessions apart without giving them away.
    pub session: String,
    /// Id of the request, as in the log.
    pub request: String,
    /// The user's name, as the sign-in told it; empty if it did not.
    pub user: String,
    /// Address of the client, if it is known.
    pub client: Option<IpAddr>,
}

/// An object that was changed, or not.
#[derive(Debug, Serialize)]
pub struct Target<'a> {
    /// Namespace.
    pub project: &'a str,
    /// Kind, such as `Job`.
    pub kind: &'a str,
    /// Name; empty if the API server would have generated it.
    pub name: &'a str,
    /// `uid`, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<&'a str>,
}

/// A line of the log.
#[derive(Serialize)]
struct Record<'a> {
    /// Tells these lines from others on standard output.
    audit: &'static str,
    time: Timestamp,
    user: &'a str,
    cluster: &'a str,
    session: &'a str,
    request: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<IpAddr>,
    #[serde(flatten)]
    target: &'a Target<'a>,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// A line about sessions.
#[derive(Serialize)]
struct SessionRecord<'a> {
    audit: &'static str,
    time: Timestamp,
    user: &'a str,
    session: &'a str,
    request: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<IpAddr>,
    /// Hashes of the sessions that were ended.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    ended: &'a [String],
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl Audit {
    /// Creates the audit of a request in the session with this id; empty for a request without one.
    pub fn new(
        print: Option<fn(&str)>,
        session: &str,
        (request, client): (String, Option<IpAddr>),
        user: String,
    ) -> Self {
        Self {
            print,
            session: session_hash(session),
            request,
            user,
            client,
        }
    }

    /// Records that sessions were started or ended, or why not.
    pub fn record_session(&self, action: &'static str, ended: &[String], error: Option<&str>) {
        let Some(print) = self.print else { return };
        let record = SessionRecord {
            audit: action,
            time: Timestamp::now(),
            user: &self.user,
            session: &self.session,
            request: &self.request,
            client: self.client,
            ended,
            result: if error.is_none() { "done" } else { "failed" },
            message: error,
        };
        match serde_json::to_string(&record) {
            Ok(line) => print(&line),
            Err(error) => tracing::error!(%error, "cannot write the audit log"),
        }
    }

    /// Records that `action` (such as `delete`) was done to `target`, or failed.
    pub async fn record(
        &self,
        cluster: &Cluster,
        action: &'static str,
        target: Target<'_>,
        error: Option<&ApiError>,
    ) {
        let Some(print) = self.print else { return };
        let user = if self.user.is_empty() {
            // A line without a name is better than none.
            tokio::time::timeout(USER_TIMEOUT, cluster.user())
                .await
                .unwrap_or_default()
        } else {
            self.user.clone()
        };
        let record = Record {
            audit: action,
            time: Timestamp::now(),
            user: &user,
            cluster: cluster.name(),
            session: &self.session,
            request: &self.request,
            client: self.client,
            target: &target,
            result: if error.is_none() { "done" } else { "failed" },
            status: error.map(|error| error.status().as_u16()),
            message: error.map(ToString::to_string),
        };
        match serde_json::to_string(&record) {
            Ok(line) => print(&line),
            Err(error) => tracing::error!(%error, "cannot write the audit log"),
        }
    }
}

/// Returns the hash by which the log and the user's list name the session with this id; empty for none.
pub fn session_hash(id: &str) -> String {
    let mut hash = String::new();
    if id.is_empty() {
        return hash;
    }
    for byte in &Sha256::digest(id)[..6] {
        // Writing to a `String` cannot fail.
        let _ = write!(hash, "{byte:02x}");
    }
    hash
}

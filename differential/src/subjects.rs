//! What is compared with the API server: the rules, the editor's check, and the playground.

use axum::Router;
use axum::body::{Body, to_bytes};
use http::Request;
use k8s_rules::{Options, validation};
use manifest::{Document, Schema, Severity};
use playground::Playground;
use playground::clock::Clock;
use serde_json::Value;
use tower::ServiceExt;

use crate::answer;
use crate::answer::Answer;
use crate::requests::Call;
use crate::server::DRY_RUN;

/// What the rules say.
pub struct Ruled {
    /// Whether the object has a value of a wrong type, which the server cannot decode.
    pub is_mistyped: bool,
    /// Reason, field and message of each cause.
    pub causes: Vec<[String; 3]>,
}

/// Applies the rules of a minor version of Kubernetes 1, by default the newest.
pub fn rules(job: &Value, minor: Option<u16>) -> Ruled {
    let report = validation::job(
        job,
        &Options {
            defaulted: false,
            minor,
        },
    );
    let causes = report.causes.iter();
    Ruled {
        is_mistyped: !report.mistyped.is_empty(),
        causes: causes
            .map(|cause| [cause.reason().to_owned(), cause.path.server(), cause.message()])
            .collect(),
    }
}

/// What the editor reports about a text.
pub struct Checked {
    /// Codes of the errors.
    pub codes: Vec<String>,
    /// The fields of the errors, in the server's spelling.
    pub fields: Vec<String>,
}

/// Checks a text as `jobwright manifest check` does.
pub fn check(text: &str, schema: &Schema) -> Checked {
    let document = Document::parse(text);
    let found = manifest::schema::check(&document, schema);
    let errors: Vec<_> = document
        .problems()
        .iter()
        .chain(&found)
        .filter(|problem| problem.severity == Severity::Error)
        .collect();
    Checked {
        codes: errors.iter().map(|problem| problem.code.to_owned()).collect(),
        fields: errors
            .iter()
            .map(|problem| problem.field.clone().unwrap_or_else(|| problem.path.to_string()))
            .collect(),
    }
}

/// The playground, in memory.
pub struct Embedded {
    router: Router,
    _data: tempfile::TempDir,
}

impl Embedded {
    /// Creates an empty one.
    pub fn new() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let data = tempfile::tempdir()?;
        let options = playground::Options {
            data_dir: data.path().to_owned(),
        };
        let router = Playground::in_memory(options, Clock::system())?.router();
        Ok(Self { router, _data: data })
    }

    /// Sends a request; returns the status code and the body.
    pub async fn call(&self, call: &Call) -> (u16, Value) {
        let mut request = Request::builder().method(call.method).uri(&call.url);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(call.body.clone())).unwrap_or_default();
        let answer = async {
            let Ok(response) = self.router.clone().oneshot(request).await;
            let code = response.status().as_u16();
            let bytes = to_bytes(response.into_body(), usize::MAX)
                .await
                .unwrap_or_default();
            (code, answer::parsed(&bytes))
        };
        let answer = tokio::time::timeout(std::time::Duration::from_secs(5), answer).await;
        answer.unwrap_or_else(|_| {
            eprintln!("no response of the playground: {} {}", call.method, call.url);
            (0, Value::Null)
        })
    }

    /// Sends a strict dry run.
    pub async fn ask(&self, content_type: &str, body: &str) -> Answer {
        let request = Request::post(DRY_RUN)
            .header("content-type", content_type)
            .body(Body::from(body.to_owned()))
            .unwrap_or_default();
        let Ok(response) = self.router.clone().oneshot(request).await;
        let code = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap_or_default();
        Answer::new(code, &serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

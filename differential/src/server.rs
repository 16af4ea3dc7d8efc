//! A real API server.

use std::path::Path;
use std::time::Duration;

use http::Request;
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;

use crate::answer;
use crate::answer::Answer;
use crate::requests::Call;

/// URL of a strict dry run that creates a Job. The namespace has no Jobs.
pub const DRY_RUN: &str = "/apis/batch/v1/namespaces/default/jobs?dryRun=All&fieldValidation=Strict";

/// Time for one response. A watch has none.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why the server cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The kubeconfig cannot be used.
    #[error("cannot use the kubeconfig: {0}")]
    Config(#[from] kube::config::KubeconfigError),
    /// The server does not respond, or not with JSON.
    #[error("the API server cannot be asked: {0}")]
    Request(#[from] kube::Error),
}

/// A connection to an API server.
#[derive(Clone)]
pub struct Server {
    client: Client,
    /// Minor version of its Kubernetes 1.
    pub minor: u16,
}

impl Server {
    /// Connects with the current context of a kubeconfig.
    pub async fn connect(kubeconfig: &Path) -> Result<Self, ServerError> {
        let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        let client = Client::try_from(config)?;
        let version = client.apiserver_version().await?;
        let digits: String = version.minor.chars().take_while(char::is_ascii_digit).collect();
        Ok(Self {
            client,
            minor: digits.parse().unwrap_or_default(),
        })
    }

    /// Reads a document.
    pub async fn read(&self, path: &str) -> Result<Value, ServerError> {
        let request = Request::get(path)
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        Ok(self.client.request(request).await?)
    }

    /// Sends a request; returns the status code and the body.
    pub async fn call(&self, call: &Call) -> Option<(u16, Value)> {
        let mut request = Request::builder().method(call.method).uri(&call.url);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(call.body.clone().into_bytes())).ok()?;
        let answer = async {
            let response = self.client.send(request).await.ok()?;
            let code = response.status().as_u16();
            let bytes = response.into_body().collect().await.ok()?.to_bytes();
            Some((code, answer::parsed(&bytes)))
        };
        let answer = tokio::time::timeout(TIMEOUT, answer).await;
        answer.unwrap_or_else(|_| {
            eprintln!("no response: {} {}", call.method, call.url);
            None
        })
    }

    /// Sends a strict dry run. `None` if the server closes the connection without a response, which it does if
    /// handling the request fails.
    pub async fn ask(&self, content_type: &str, body: &str) -> Option<Answer> {
        for _ in 0..3 {
            let request = Request::post(DRY_RUN)
                .header("content-type", content_type)
                .body(Body::from(body.as_bytes().to_vec()))
                .ok()?;
            let Ok(response) = self.client.send(request).await else {
                continue;
            };
            let code = response.status().as_u16();
            let Ok(bytes) = response.into_body().collect().await else {
                continue;
            };
            return Some(Answer::new(
                code,
                &serde_json::from_slice(&bytes.to_bytes()).unwrap_or_default(),
            ));
        }
        None
    }
}

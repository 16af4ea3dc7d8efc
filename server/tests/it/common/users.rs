//! An API server on loopback that knows users by their tokens; each sees another API.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use jiff::Timestamp;
use kube::config::{AuthInfo, Config};
use serde_json::{Value, json};
use server::kubernetes::Cluster;
use server::kubernetes::connect;
use server::kubernetes::timeouts::Timeouts;
use tower::ServiceExt;

use crate::common::fake::{Fake, status};

/// Name and groups of an impersonated user.
pub type Impersonated = (String, Vec<String>);

/// The API server.
#[derive(Clone)]
pub struct Users {
    address: std::net::SocketAddr,
    apis: Arc<Mutex<HashMap<String, Fake>>>,
    /// The `Authorization` headers of all requests.
    seen: Arc<Mutex<Vec<String>>>,
    /// Names and groups of impersonated users.
    impersonated: Arc<Mutex<Vec<Impersonated>>>,
}

impl Users {
    /// Starts an API server without users.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let users = Self {
            address: listener.local_addr().unwrap(),
            apis: Arc::default(),
            seen: Arc::default(),
            impersonated: Arc::default(),
        };
        let respond = users.clone();
        let router = Router::new().fallback(move |request| respond.clone().respond(request));
        tokio::spawn(async move { axum::serve(listener, router).await });
        users
    }

    /// Adds a user, who is told `name` by a `SelfSubjectReview`.
    pub fn add(&self, token: &str, name: &str, api: &Fake) {
        let review = "POST /apis/authentication.k8s.io/v1/selfsubjectreviews";
        api.set(review, 201, json!({"status": {"userInfo": {"username": name}}}));
        self.apis.lock().unwrap().insert(token.to_owned(), api.clone());
    }

    /// Returns host and port of the API server.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Returns a kubeconfig with one context, `users`, and a user with this token.
    pub fn kubeconfig(&self, token: &str) -> String {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "users",
            "clusters": [{"name": "users", "cluster": {"server": format!("http://{}", self.address)}}],
            "users": [{"name": "users", "user": {"token": token}}],
            "contexts": [{"name": "users", "context": {"cluster": "users", "user": "users"}}],
        })
        .to_string()
    }

    /// Stops accepting a token.
    pub fn revoke(&self, token: &str) {
        self.apis.lock().unwrap().remove(token);
    }

    /// Returns the API server as the console's configuration names it, with credentials of `user`.
    pub fn cluster(&self, user: AuthInfo) -> Cluster {
        let mut config = Config::new(format!("http://{}", self.address).parse().unwrap());
        config.auth_info = user;
        // The shortest watches, so that rights are checked often.
        let timeouts = Timeouts::default().with_watch(3);
        connect::cluster(config, "users".to_owned(), timeouts).unwrap()
    }

    /// Returns the distinct `Authorization` headers so far; empty for a request without one.
    pub fn seen(&self) -> Vec<String> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.sort();
        seen.dedup();
        seen
    }

    /// Returns the distinct names and groups of impersonated users so far.
    pub fn impersonated(&self) -> Vec<Impersonated> {
        let mut all = self.impersonated.lock().unwrap().clone();
        all.dedup();
        all
    }

    /// Returns the name of the user that a request acts as: that of the token, or of a JSON Web Token's subject, or the
    /// one that the console names.
    fn acting(&self, headers: &HeaderMap, token: &str) -> String {
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        if token == "console"
            && let Some(name) = headers.get("impersonate-user")
        {
            let groups = headers.get_all("impersonate-group").iter().map(text).collect();
            self.impersonated.lock().unwrap().push((text(name), groups));
            return text(name);
        }
        let payload = token
            .split('.')
            .nth(1)
            .and_then(|payload| BASE64_URL_SAFE_NO_PAD.decode(payload).ok());
        let claims: Value = serde_json::from_slice(&payload.unwrap_or_default()).unwrap_or_default();
        match claims["sub"].as_str() {
            Some(subject) if claims["exp"].as_i64().unwrap() > Timestamp::now().as_second() => {
                subject.to_owned()
            }
            Some(_) => String::new(),
            None => token.to_owned(),
        }
    }

    async fn respond(self, request: Request<Body>) -> Response {
        let header = request.headers().get(AUTHORIZATION);
        let header = header.map_or("", |header| header.to_str().unwrap()).to_owned();
        self.seen.lock().unwrap().push(header.clone());
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        let acting = self.acting(request.headers(), token);
        let api = self.apis.lock().unwrap().get(&acting).cloned();
        match api {
            Some(api) => api.router().oneshot(request).await.unwrap().into_response(),
            // As an API server does for everyone (`system:public-info-viewer`).
            None if header.is_empty() && request.uri().path() == "/version" => {
                json!({"gitVersion": "v1.37.2"}).to_string().into_response()
            }
            None => {
                let body = status(401, "Unauthorized", "Unauthorized");
                (StatusCode::UNAUTHORIZED, body.to_string()).into_response()
            }
        }
    }
}

//! An API server on loopback that knows users by their tokens; each sees another API.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use kube::config::{AuthInfo, Config};
use serde_json::json;
use server::kubernetes::Cluster;
use server::kubernetes::connect;
use server::kubernetes::timeouts::Timeouts;
use tower::ServiceExt;

use crate::common::fake::{Fake, status};

/// The API server.
#[derive(Clone)]
pub struct Users {
    address: std::net::SocketAddr,
    apis: Arc<Mutex<HashMap<String, Fake>>>,
    /// The `Authorization` headers of all requests.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Users {
    /// Starts an API server without users.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let users = Self {
            address: listener.local_addr().unwrap(),
            apis: Arc::default(),
            seen: Arc::default(),
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

    /// Stops accepting a token.
    pub fn revoke(&self, token: &str) {
        self.apis.lock().unwrap().remove(token);
    }

    /// Returns the API server as the console's configuration names it, with credentials of `user`.
    pub fn cluster(&self, user: AuthInfo) -> Cluster {
        let mut config = Config::new(format!("http://{}", self.address).parse().unwrap());
        config.auth_info = user;
        connect::cluster(config, "users".to_owned(), Timeouts::default()).unwrap()
    }

    /// Returns the distinct `Authorization` headers so far; empty for a request without one.
    pub fn seen(&self) -> Vec<String> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.sort();
        seen.dedup();
        seen
    }

    async fn respond(self, request: Request<Body>) -> Response {
        let header = request.headers().get(AUTHORIZATION);
        let header = header.map_or("", |header| header.to_str().unwrap()).to_owned();
        self.seen.lock().unwrap().push(header.clone());
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        let api = self.apis.lock().unwrap().get(token).cloned();
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

//! An `OpenID` Connect provider on loopback, with the quirks of real ones.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Form, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The client's name at the provider.
pub const CLIENT: &str = "jobwright";

/// What the provider does.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// Claims of ID tokens, besides those of the protocol, which they override.
    pub claims: Value,
    /// How long ID tokens are valid, in seconds.
    pub lifetime: i64,
    /// Whether refresh tokens are given.
    pub refreshes: bool,
    /// Whether the token endpoint works.
    pub is_up: bool,
    /// How long the token endpoint takes, before it does anything.
    pub delay: Duration,
}

/// The provider.
#[derive(Clone)]
pub struct TestProvider {
    pub issuer: String,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    key: EcdsaKeyPair,
    kid: u32,
    behaviour: Behaviour,
    /// Sign-ins by code: nonce and PKCE challenge.
    codes: HashMap<String, (String, String)>,
    refresh_tokens: HashSet<String>,
    /// Refresh tokens that were used: a second use revokes all others (RFC 9700, 4.14.2).
    used: HashSet<String>,
    refreshes: u32,
    reuses: u32,
    next: u32,
}

impl TestProvider {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            inner: Arc::new(Mutex::new(Inner {
                key: new_key(),
                kid: 1,
                behaviour: Behaviour {
                    claims: json!({"sub": "alice", "groups": ["dev"]}),
                    lifetime: 3600,
                    refreshes: true,
                    is_up: true,
                    delay: Duration::ZERO,
                },
                codes: HashMap::new(),
                refresh_tokens: HashSet::new(),
                used: HashSet::new(),
                refreshes: 0,
                reuses: 0,
                next: 0,
            })),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Changes what the provider does.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.inner.lock().unwrap().behaviour);
    }

    /// Replaces the key; the old one is no longer published.
    pub fn rotate_key(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.key = new_key();
        inner.kid += 1;
    }

    /// Returns how often tokens were refreshed, and how often a used refresh token was sent again.
    pub fn refreshes(&self) -> (u32, u32) {
        let inner = self.inner.lock().unwrap();
        (inner.refreshes, inner.reuses)
    }

    /// Revokes all refresh tokens.
    pub fn revoke(&self) {
        self.inner.lock().unwrap().refresh_tokens.clear();
    }

    /// Signs the user in whom `url` sends here; returns the query that the provider sends them back with.
    pub fn authorize(&self, url: &str) -> String {
        let (address, query) = url.split_once('?').unwrap();
        assert_eq!(address, format!("{}/authorize", self.issuer));
        let query: HashMap<String, String> = serde_urlencoded::from_str(query).unwrap();
        assert_eq!(query["client_id"], CLIENT);
        assert_eq!(
            (&*query["response_type"], &*query["code_challenge_method"]),
            ("code", "S256")
        );
        assert!(
            query["scope"].split(' ').any(|scope| scope == "openid"),
            "{}",
            query["scope"]
        );
        let mut inner = self.inner.lock().unwrap();
        inner.next += 1;
        let code = format!("code-{}", inner.next);
        let login = (query["nonce"].clone(), query["code_challenge"].clone());
        inner.codes.insert(code.clone(), login);
        format!("code={code}&state={}", query["state"])
    }
}

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

async fn metadata(State(provider): State<TestProvider>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    Json(json!({
        "issuer": provider.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "end_session_endpoint": at("/end"),
        "jwks_uri": at("/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn keys(State(provider): State<TestProvider>) -> Json<Value> {
    let inner = provider.inner.lock().unwrap();
    let point = inner.key.public_key().as_ref();
    Json(json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": inner.kid.to_string(),
        "x": base64(&point[1..33]), "y": base64(&point[33..]),
    }]}))
}

async fn token(State(provider): State<TestProvider>, Form(form): Form<HashMap<String, String>>) -> Response {
    let delay = provider.inner.lock().unwrap().behaviour.delay;
    tokio::time::sleep(delay).await;
    let mut inner = provider.inner.lock().unwrap();
    if !inner.behaviour.is_up {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let refused = || (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    let mut claims = json!({
        "iss": provider.issuer,
        "aud": CLIENT,
        "iat": Timestamp::now().as_second(),
        "exp": Timestamp::now().as_second() + inner.behaviour.lifetime,
    });
    match &*form["grant_type"] {
        "authorization_code" => {
            let Some((nonce, challenge)) = inner.codes.remove(&form["code"]) else {
                return refused();
            };
            if base64(Sha256::digest(&form["code_verifier"])) != challenge {
                return refused();
            }
            claims["nonce"] = nonce.into();
        }
        // Each refresh token is valid once.
        _ if !inner.refresh_tokens.remove(&form["refresh_token"]) => {
            if inner.used.contains(&form["refresh_token"]) {
                inner.reuses += 1;
                inner.refresh_tokens.clear();
            }
            return refused();
        }
        _ => {
            inner.used.insert(form["refresh_token"].clone());
            inner.refreshes += 1;
        }
    }
    for (name, value) in inner.behaviour.claims.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let header = json!({"alg": "ES256", "kid": inner.kid.to_string()});
    let signed = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
    let signature = inner.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    let mut response = json!({
        "access_token": "access", "token_type": "Bearer", "id_token": format!("{signed}.{}", base64(signature)),
    });
    if inner.behaviour.refreshes {
        inner.next += 1;
        let token = format!("refresh-{}", inner.next);
        inner.refresh_tokens.insert(token.clone());
        response["refresh_token"] = token.into();
    }
    Json(response).into_response()
}

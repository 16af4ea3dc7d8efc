//! Sign-in at an `OpenID` Connect provider.

use std::time::Duration;

use http::StatusCode;
use http::header::SET_COOKIE;
use serde_json::json;
use server::identity::open_id::{NameRules, OpenIdSettings, Provider, TokenUse};

use crate::common::fake::{Fake, job, list};
use crate::common::provider::{CLIENT, TestProvider};
use crate::common::users::Users;
use crate::common::{AUTHORITY, TestApp, TestResponse};

/// Lifetime of tokens that are to expire, in seconds: a sign-in with them has two seconds at least.
const SHORT: i64 = 3;

/// Waits until tokens with that lifetime have expired.
async fn expiry() {
    tokio::time::sleep(Duration::from_millis(3100)).await;
}

fn settings(provider: &TestProvider, token_use: TokenUse) -> OpenIdSettings {
    OpenIdSettings {
        issuer: provider.issuer.clone(),
        client_id: CLIENT.to_owned(),
        client_secret: None,
        authority: None,
        scopes: vec!["openid".to_owned(), "groups".to_owned()],
        names: NameRules {
            username_claim: "sub".to_owned(),
            username_prefix: Some(String::new()),
            groups_claim: Some("groups".to_owned()),
            groups_prefix: String::new(),
        },
        token_use,
        redirect_url: format!("http://{AUTHORITY}/sign-in/callback"),
        signed_out_url: format!("http://{AUTHORITY}/sign-in"),
    }
}

/// A console, its provider and its API server, at which alice has one Job.
struct World {
    app: TestApp,
    provider: TestProvider,
    users: Users,
}

impl World {
    async fn new(token_use: TokenUse) -> Self {
        let (provider, users) = (TestProvider::start().await, Users::start().await);
        let api = Fake::default().on(
            "GET /apis/batch/v1/namespaces/demo/jobs",
            200,
            list(&[job("alice-job")]),
        );
        users.add("alice", "alice", &api);
        let own = match token_use {
            TokenUse::PassThrough => json!({}),
            TokenUse::Impersonation => json!({"token": "console"}),
        };
        let cluster = users.cluster(serde_json::from_value(own).unwrap());
        let app = TestApp::for_open_id(cluster, settings(&provider, token_use));
        Self { app, provider, users }
    }

    /// Goes to the provider and back, as a browser does; returns the last response.
    async fn go(&mut self) -> TestResponse {
        let start = self
            .app
            .get("/sign-in/start?back=%2Fprojects%2Fdemo%2Fjobs")
            .await;
        assert_eq!(start.status, StatusCode::OK);
        let cookie = start.header(SET_COOKIE);
        assert!(
            cookie.contains("SameSite=Lax") && cookie.contains("HttpOnly"),
            "{cookie}"
        );
        self.app.keep_cookie(&start);
        let query = self.provider.authorize(&target(&start));
        self.app.get(&format!("/sign-in/callback?{query}")).await
    }

    /// Signs in.
    async fn sign_in(&mut self) {
        let response = self.go().await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.location());
        assert!(
            response.text().contains("0;url=/projects/demo/jobs"),
            "{}",
            response.text()
        );
        self.app.keep_cookie(&response);
    }

    async fn sees_own_job(&self) {
        let text = self.jobs().await.text();
        assert!(text.contains("alice-job"), "{text}");
    }

    async fn jobs(&self) -> TestResponse {
        self.app.call("jobs", &json!({"project": "demo"})).await
    }
}

/// Returns where a page leads that goes on by itself.
fn target(page: &TestResponse) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("content=\"0;url=").unwrap();
    rest.split_once('"').unwrap().0.replace("&amp;", "&")
}

#[tokio::test]
async fn provider_signs_in_and_out() {
    let mut world = World::new(TokenUse::PassThrough).await;
    let page = world.app.get("/sign-in").await.text();
    assert!(page.contains("Continue to sign-in"), "{page}");
    assert_eq!(world.jobs().await.status, StatusCode::UNAUTHORIZED);
    world.sign_in().await;
    world.sees_own_job().await;
    assert!(
        world
            .users
            .seen()
            .iter()
            .all(|header| header.is_empty() || header.contains("Bearer ey"))
    );
    let stored = std::fs::read_to_string(world.app.dir.path().join("sessions.json")).unwrap();
    assert!(
        !stored.contains("refresh-") && !stored.contains("alice"),
        "{stored}"
    );
    let out = world.app.post("/sign-out", "").await;
    let text = out.text();
    assert!(
        text.contains(&format!("{}/end?", world.provider.issuer)) && text.contains("id_token_hint="),
        "{text}"
    );
    assert_eq!(world.jobs().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn impersonation_names_the_user_with_the_consoles_credentials() {
    let mut world = World::new(TokenUse::Impersonation).await;
    world.sign_in().await;
    world.sees_own_job().await;
    assert_eq!(
        world.users.impersonated(),
        [("alice".to_owned(), vec!["dev".to_owned()])]
    );
    assert_eq!(world.users.seen(), ["Bearer console"]);
}

/// What is wrong with an answer of the provider is told on the sign-in page, and signs nobody in.
#[tokio::test]
async fn answers_that_are_not_valid_sign_nobody_in() {
    let other = json!("https://other.example");
    let past = json!(1_764_000_000);
    for (claims, error) in [
        (json!({"sub": "alice", "nonce": "other"}), "name"),
        (json!({"sub": "alice", "iss": other}), "name"),
        (json!({"sub": "alice", "aud": "other"}), "name"),
        (
            json!({"sub": "alice", "aud": [CLIENT, "other"], "azp": "other"}),
            "name",
        ),
        (json!({"sub": "alice", "exp": past}), "name"),
        (json!({"sub": "system:admin"}), "name"),
        (json!({"sub": ""}), "name"),
        (json!({"sub": " "}), "name"),
        (json!({"sub": " alice"}), "name"),
    ] {
        for token_use in [TokenUse::PassThrough, TokenUse::Impersonation] {
            let mut world = World::new(token_use).await;
            world
                .provider
                .change(|behaviour| behaviour.claims = claims.clone());
            let response = world.go().await;
            assert_eq!(
                response.location(),
                format!("/sign-in?error={error}&back=%2Fprojects%2Fdemo%2Fjobs"),
                "{claims}"
            );
            assert!(
                !response.header(SET_COOKIE).contains("jobwright-3000="),
                "{claims}"
            );
        }
    }
}

#[tokio::test]
async fn answer_of_another_sign_in_is_refused() {
    let mut world = World::new(TokenUse::PassThrough).await;
    let without_cookie = world.app.get("/sign-in/callback?code=code-1&state=x").await;
    assert_eq!(without_cookie.location(), "/sign-in?error=expired&back=%2F");
    let start = world.app.get("/sign-in/start").await;
    world.app.keep_cookie(&start);
    let query = world.provider.authorize(&target(&start));
    let code = query.split('&').next().unwrap();
    for query in [
        format!("{code}&state=other"),
        format!("{code}&state="),
        code.to_owned(),
        "code=stolen".to_owned(),
    ] {
        let response = world.app.get(&format!("/sign-in/callback?{query}")).await;
        assert_eq!(response.location(), "/sign-in?error=expired&back=%2F", "{query}");
    }
    // A code is valid once.
    let first = world.app.get(&format!("/sign-in/callback?{query}")).await;
    assert_eq!(first.status, StatusCode::OK);
    let again = world.app.get(&format!("/sign-in/callback?{query}")).await;
    assert_eq!(again.location(), "/sign-in?error=expired&back=%2F");
    let denied = world
        .app
        .get("/sign-in/callback?error=access_denied&state=x")
        .await;
    assert_eq!(denied.location(), "/sign-in?error=denied&back=%2F");
}

#[tokio::test]
async fn provider_that_does_not_respond_is_reported() {
    let mut world = World::new(TokenUse::PassThrough).await;
    world.provider.change(|behaviour| behaviour.is_up = false);
    let response = world.go().await;
    assert_eq!(
        response.location(),
        "/sign-in?error=provider&back=%2Fprojects%2Fdemo%2Fjobs"
    );
}

/// A provider replaces its keys, and signs with the new one at once.
#[tokio::test]
async fn new_key_of_the_provider_is_found() {
    let mut world = World::new(TokenUse::PassThrough).await;
    world.sign_in().await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    world.provider.rotate_key();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    world.sign_in().await;
}

/// Tokens are refreshed before they expire, and by a request after they have; the session goes on.
#[tokio::test]
async fn tokens_are_refreshed() {
    let mut world = World::new(TokenUse::PassThrough).await;
    world.provider.change(|behaviour| behaviour.lifetime = SHORT);
    world.sign_in().await;
    expiry().await;
    world.provider.change(|behaviour| behaviour.lifetime = 3600);
    world.sees_own_job().await;
    // The new tokens were stored: the old refresh token is used up.
    world.app.restart_for_open_id(
        world.users.cluster(serde_json::from_value(json!({})).unwrap()),
        settings(&world.provider, TokenUse::PassThrough),
    );
    world.sees_own_job().await;
}

/// Many requests at once after the tokens have expired use the refresh token once.
#[tokio::test]
async fn refresh_token_is_used_once_by_many_requests() {
    let mut world = World::new(TokenUse::PassThrough).await;
    world.provider.change(|behaviour| behaviour.lifetime = SHORT);
    world.sign_in().await;
    expiry().await;
    world.provider.change(|behaviour| behaviour.lifetime = 3600);
    let requests = (0..20).map(|_| world.jobs());
    for response in futures::future::join_all(requests).await {
        assert_eq!(response.status, StatusCode::OK);
    }
}

/// Two replicas whose sessions are Secrets, and one session.
struct Replicas {
    apps: [TestApp; 2],
    provider: TestProvider,
    _playground: playground::Playground,
    _dir: tempfile::TempDir,
}

impl Replicas {
    /// Signs alice in at one of them, with tokens that expire soon.
    async fn new() -> Self {
        let World { provider, users, .. } = World::new(TokenUse::PassThrough).await;
        let dir = tempfile::tempdir().unwrap();
        let playground = crate::faults::harness::open(&dir);
        let key = dir.path().join("key");
        std::fs::write(&key, "a key of replicas that is long enough\n").unwrap();
        let replica = || {
            let store = kube::Client::new(playground.router(), "default");
            let store = server::kubernetes::Cluster::new(store, "store", true);
            let shared = server::session::SharedSessions::new(store, "demo".to_owned());
            let cluster = users.cluster(serde_json::from_value(json!({})).unwrap());
            TestApp::replica_for_open_id(
                cluster,
                settings(&provider, TokenUse::PassThrough),
                (&key, shared),
            )
        };
        provider.change(|behaviour| behaviour.lifetime = SHORT);
        let mut world = World {
            app: replica(),
            provider: provider.clone(),
            users: users.clone(),
        };
        world.sign_in().await;
        let cookie = world.app.swap_cookie(None);
        world.app.swap_cookie(cookie.clone());
        let mut other = replica();
        other.swap_cookie(cookie);
        Self {
            apps: [world.app, other],
            provider: world.provider,
            _playground: playground,
            _dir: dir,
        }
    }
}

async fn jobs(app: &TestApp) -> TestResponse {
    app.call("jobs", &json!({"project": "demo"})).await
}

/// A provider that takes a second use of a refresh token for a theft sees none.
#[tokio::test]
async fn refresh_token_is_used_once_by_all_replicas() {
    let replicas = Replicas::new().await;
    let [a, b] = &replicas.apps;
    expiry().await;
    replicas.provider.change(|behaviour| {
        behaviour.lifetime = 3600;
        behaviour.delay = Duration::from_millis(300);
    });
    let requests = (0..5).flat_map(|_| [jobs(a), jobs(b)]);
    for response in futures::future::join_all(requests).await {
        assert_eq!(response.status, StatusCode::OK, "{}", response.text());
    }
    assert_eq!(replicas.provider.refreshes(), (1, 0));
    assert_eq!([jobs(a).await.status, jobs(b).await.status], [StatusCode::OK; 2]);
}

/// A browser that leaves while its tokens are refreshed does not lose the session.
#[tokio::test]
async fn refresh_goes_on_without_its_request() {
    let replicas = Replicas::new().await;
    let [a, b] = &replicas.apps;
    expiry().await;
    replicas.provider.change(|behaviour| {
        behaviour.lifetime = 3600;
        behaviour.delay = Duration::from_millis(500);
    });
    let cancelled = tokio::time::timeout(Duration::from_millis(200), jobs(a)).await;
    assert!(cancelled.is_err(), "{cancelled:?}");
    assert_eq!([jobs(b).await.status, jobs(a).await.status], [StatusCode::OK; 2]);
    assert_eq!(replicas.provider.refreshes(), (1, 0));
}

/// The way to the provider and back is below the console's path.
#[tokio::test]
async fn provider_signs_in_and_out_below_a_path() {
    let World { provider, users, .. } = World::new(TokenUse::PassThrough).await;
    let url = format!("http://{AUTHORITY}/tools/jobs");
    let below = OpenIdSettings {
        redirect_url: format!("{url}/sign-in/callback"),
        signed_out_url: format!("{url}/sign-in"),
        ..settings(&provider, TokenUse::PassThrough)
    };
    let cluster = users.cluster(serde_json::from_value(json!({})).unwrap());
    let mut app = TestApp::below_for_open_id("/tools/jobs", cluster, below);
    for (back, target_of_sign_in) in [
        (
            "%2Ftools%2Fjobs%2Fprojects%2Fdemo%2Fjobs",
            "/tools/jobs/projects/demo/jobs",
        ),
        ("%2Felsewhere", "/tools/jobs/"),
    ] {
        let start = app.get(&format!("/tools/jobs/sign-in/start?back={back}")).await;
        app.keep_cookie(&start);
        let to_provider = target(&start);
        assert!(
            to_provider.contains("%2Ftools%2Fjobs%2Fsign-in%2Fcallback"),
            "{to_provider}"
        );
        let query = provider.authorize(&to_provider);
        let back = app.get(&format!("/tools/jobs/sign-in/callback?{query}")).await;
        assert_eq!(target(&back), target_of_sign_in);
        for cookie in back.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("Path=/tools/jobs"), "{cookie}");
        }
        app.keep_cookie(&back);
    }
    let jobs = app
        .call_at("/tools/jobs", "jobs", &json!({"project": "demo"}))
        .await;
    assert!(jobs.text().contains("alice-job"), "{}", jobs.text());
    let out = target(&app.post("/tools/jobs/sign-out", "").await);
    assert!(out.contains("%2Ftools%2Fjobs%2Fsign-in"), "{out}");
    app.forget_cookie();
    let expired = app.get("/tools/jobs/sign-in/callback?code=x&state=y").await;
    assert_eq!(
        expired.location(),
        "/tools/jobs/sign-in?error=expired&back=%2Ftools%2Fjobs%2F"
    );
}

/// Tokens that a request has refreshed are those that the cluster sees, and the names in them too.
#[tokio::test]
async fn refreshed_tokens_reach_the_cluster_at_once() {
    let mut world = World::new(TokenUse::Impersonation).await;
    world.provider.change(|behaviour| behaviour.lifetime = SHORT);
    world.sign_in().await;
    world.sees_own_job().await;
    world
        .provider
        .change(|behaviour| behaviour.claims = json!({"sub": "alice", "groups": ["ops"]}));
    expiry().await;
    // The list is in memory; anything else asks the cluster.
    let offers = world.app.call("offers", &json!({"project": "demo"})).await;
    assert_eq!(offers.status, StatusCode::OK);
    let groups: Vec<Vec<String>> = world
        .users
        .impersonated()
        .into_iter()
        .map(|(_, groups)| groups)
        .collect();
    assert_eq!(groups, [vec!["dev".to_owned()], vec!["ops".to_owned()]]);
}

/// A cluster that does not accept the provider's tokens is told at sign-in, and not by a session that ends at once.
#[tokio::test]
async fn tokens_that_the_cluster_rejects_are_told_at_sign_in() {
    let mut world = World::new(TokenUse::PassThrough).await;
    world
        .provider
        .change(|behaviour| behaviour.claims = json!({"sub": "stranger"}));
    let response = world.go().await;
    assert_eq!(
        response.location(),
        "/sign-in?error=rejected&back=%2Fprojects%2Fdemo%2Fjobs"
    );
}

/// A session of another issuer or of other rules for names may be another person's.
#[tokio::test]
async fn session_of_other_settings_is_not_used() {
    let mut world = World::new(TokenUse::Impersonation).await;
    world.sign_in().await;
    world.sees_own_job().await;
    let own = || {
        world
            .users
            .cluster(serde_json::from_value::<kube::config::AuthInfo>(json!({"token": "console"})).unwrap())
    };
    let same = settings(&world.provider, TokenUse::Impersonation);
    world.app.restart_for_open_id(own(), same.clone());
    assert_eq!(world.jobs().await.status, StatusCode::OK);
    let other = OpenIdSettings {
        names: NameRules {
            username_prefix: Some("oidc:".to_owned()),
            ..same.names.clone()
        },
        ..same
    };
    world.app.restart_for_open_id(own(), other);
    assert_eq!(world.jobs().await.status, StatusCode::UNAUTHORIZED);
}

/// An open stream outlives the tokens that it was opened with.
#[tokio::test]
async fn stream_outlives_its_tokens() {
    let mut world = World::new(TokenUse::PassThrough).await;
    world.provider.change(|behaviour| behaviour.lifetime = 8);
    world.sign_in().await;
    let mut rows = world.app.stream("/stream/jobs?project=demo", None).await;
    rows.next().await.unwrap();
    // Longer than the first tokens; the watches last three seconds each.
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(world.jobs().await.status, StatusCode::OK);
    let more = tokio::time::timeout(Duration::from_millis(500), rows.next()).await;
    assert!(more.is_err(), "neither stale nor refused nor ended: {more:?}");
}

/// A user whom the provider no longer knows is signed out, at the latest when the tokens expire.
#[tokio::test]
async fn revoked_refresh_token_ends_the_session() {
    for token_use in [TokenUse::PassThrough, TokenUse::Impersonation] {
        let mut world = World::new(token_use).await;
        world.provider.change(|behaviour| behaviour.lifetime = SHORT);
        world.sign_in().await;
        world.provider.revoke();
        expiry().await;
        let response = world.jobs().await;
        assert_eq!(
            (response.status, response.json()),
            (StatusCode::UNAUTHORIZED, json!({"kind": "signedOut"}))
        );
        let page = world.app.get("/projects/demo/jobs").await;
        assert!(page.location().starts_with("/sign-in?ended=1"), "{page:?}");
    }
}

/// A provider that is down for a moment ends no session.
#[tokio::test]
async fn outage_of_the_provider_ends_no_session() {
    let mut world = World::new(TokenUse::PassThrough).await;
    world.provider.change(|behaviour| behaviour.lifetime = SHORT);
    world.sign_in().await;
    world.provider.change(|behaviour| behaviour.is_up = false);
    expiry().await;
    assert_eq!(world.jobs().await.json()["kind"], "unreachable");
    world.provider.change(|behaviour| {
        behaviour.is_up = true;
        behaviour.lifetime = 3600;
    });
    // The failure is reported for a while without asking again.
    tokio::time::sleep(Duration::from_millis(3100)).await;
    assert_eq!(world.jobs().await.status, StatusCode::OK);
}

/// Without a refresh token the session ends with the ID token.
#[tokio::test]
async fn session_without_a_refresh_token_ends_with_its_token() {
    let mut world = World::new(TokenUse::Impersonation).await;
    world.provider.change(|behaviour| {
        behaviour.lifetime = 3;
        behaviour.refreshes = false;
    });
    world.sign_in().await;
    assert_eq!(world.jobs().await.status, StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(3100)).await;
    assert_eq!(world.jobs().await.status, StatusCode::UNAUTHORIZED);
}

/// A refresh must not make one user another.
#[tokio::test]
async fn refreshed_tokens_of_another_user_end_the_session() {
    let mut world = World::new(TokenUse::Impersonation).await;
    world.provider.change(|behaviour| behaviour.lifetime = SHORT);
    world.sign_in().await;
    world
        .provider
        .change(|behaviour| behaviour.claims = json!({"sub": "bob"}));
    expiry().await;
    assert_eq!(world.jobs().await.status, StatusCode::UNAUTHORIZED);
}

/// A session of another way to sign in, before the settings were changed, gives nobody the console's own rights.
#[tokio::test]
async fn session_of_another_mode_is_not_used() {
    let users = Users::start().await;
    let api = Fake::default().on(
        "GET /apis/batch/v1/namespaces/demo/jobs",
        200,
        list(&[job("secret-job")]),
    );
    users.add("console", "console", &api);
    let own = || {
        users.cluster(serde_json::from_value::<kube::config::AuthInfo>(json!({"token": "console"})).unwrap())
    };
    let mut app = TestApp::signed_in_with(own()).await;
    let arguments = json!({"project": "demo"});
    assert!(app.call("jobs", &arguments).await.text().contains("secret-job"));
    let provider = TestProvider::start().await;
    app.restart_for_open_id(own(), settings(&provider, TokenUse::Impersonation));
    assert_eq!(
        app.call("jobs", &arguments).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[test]
fn settings_are_checked() {
    let valid = || OpenIdSettings {
        issuer: "https://id.example.com".to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: None,
        authority: None,
        scopes: Vec::new(),
        names: NameRules {
            username_claim: "sub".to_owned(),
            username_prefix: None,
            groups_claim: None,
            groups_prefix: String::new(),
        },
        token_use: TokenUse::PassThrough,
        redirect_url: "https://jobs.example.com/sign-in/callback".to_owned(),
        signed_out_url: "https://jobs.example.com/sign-in".to_owned(),
    };
    assert!(Provider::new(valid()).is_ok());
    for (setting, wrong) in [
        (
            "--oidc-issuer",
            OpenIdSettings {
                issuer: "http://id.example.com".to_owned(),
                ..valid()
            },
        ),
        (
            "--oidc-issuer",
            OpenIdSettings {
                issuer: "id.example.com".to_owned(),
                ..valid()
            },
        ),
        (
            "--oidc-issuer",
            OpenIdSettings {
                issuer: String::new(),
                ..valid()
            },
        ),
        (
            "--oidc-client-id",
            OpenIdSettings {
                client_id: String::new(),
                ..valid()
            },
        ),
        (
            "--oidc-ca-file",
            OpenIdSettings {
                authority: Some(vec![vec![0]]),
                ..valid()
            },
        ),
    ] {
        let error = Provider::new(wrong)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(error.starts_with(setting), "{setting}: {error}");
    }
}

//! The clusters of signed-in users: one per user, with the user's own credentials.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::identity::bearer::{self, Verdict};
use crate::identity::open_id::{OpenIdError, OpenIdTokens, OpenIdUser, Provider};
use crate::identity::{Identity, IdentityKey, Reservation, TokenStore};
use crate::kubernetes::connect::ConnectError;
use crate::kubernetes::{Cluster, UserCredentials, WeakCluster};
use crate::random;

/// How long the connection of a user is kept after its last use.
const KEEP: Duration = Duration::from_mins(10);

/// How often credentials that the cluster has rejected are checked again before the session ends: an API server whose
/// authenticator is restarted rejects everyone for a moment.
const CHECKS: u32 = 3;

/// Delay between these checks.
const CHECK_DELAY: Duration = Duration::from_secs(1);

/// How long before they expire tokens are refreshed.
const REFRESH_MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// Delay after a refresh that failed although it may succeed later.
const REFRESH_RETRY: Duration = Duration::from_secs(10);

/// Timeout of a refresh at the provider; shorter than a reservation of the store.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(30);

/// How often, and after which delay, the store is asked again while another process refreshes the tokens.
const BUSY_RETRIES: u32 = 40;
const BUSY_DELAY: Duration = Duration::from_millis(250);

/// Users and their clusters.
#[derive(Clone, Default)]
pub struct People {
    people: Arc<Mutex<HashMap<IdentityKey, Person>>>,
    open_id: Option<Arc<OpenId>>,
}

/// Where tokens come from and where new ones are stored.
struct OpenId {
    provider: Arc<Provider>,
    store: Arc<dyn TokenStore>,
}

struct Person {
    cluster: Option<Connected>,
    /// Newer than those of requests whose session was read before.
    tokens: Option<Tokens>,
    revoked: watch::Sender<bool>,
    used: Instant,
}

/// A user's cluster.
struct Connected {
    /// The cluster that it was made from, by [`Cluster::id`].
    base: u64,
    cluster: Cluster,
    /// The tokens that its requests carry.
    tokens: Option<Arc<OpenIdTokens>>,
}

/// The current tokens of a user; one task at a time refreshes them.
type Tokens = Arc<tokio::sync::Mutex<Refreshed>>;

/// The tokens, and when the provider failed to refresh them.
struct Refreshed {
    tokens: Arc<OpenIdTokens>,
    failed: Option<(Instant, String)>,
}

/// How long a failure of the provider is reported without asking it again: many requests wait for the same tokens.
const FAILURE_TTL: Duration = Duration::from_secs(3);

/// Tells when the credentials of a session are no longer accepted.
#[derive(Debug, Clone)]
pub struct Revocation(Option<watch::Receiver<bool>>);

impl Revocation {
    /// Of credentials that are never revoked: the console's own.
    pub fn never() -> Self {
        Self(None)
    }

    /// Whether the credentials are no longer accepted.
    pub fn is_revoked(&self) -> bool {
        self.0.as_ref().is_some_and(|revoked| *revoked.borrow())
    }

    /// Completes when the credentials are no longer accepted.
    pub async fn revoked(&mut self) {
        if let Some(revoked) = &mut self.0
            && revoked.wait_for(|revoked| *revoked).await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

impl People {
    /// Creates a console whose users sign in at `provider`, and whose tokens are in `store`.
    pub fn with_provider(provider: Arc<Provider>, store: Arc<dyn TokenStore>) -> Self {
        Self {
            people: Arc::default(),
            open_id: Some(Arc::new(OpenId { provider, store })),
        }
    }

    /// Returns the provider, if users sign in at one.
    pub fn provider(&self) -> Option<&Provider> {
        self.open_id.as_ref().map(|open_id| &*open_id.provider)
    }

    /// Returns the revocation of `identity`.
    pub fn revocation(&self, identity: &Identity) -> Revocation {
        let Some(key) = identity.key() else {
            return Revocation::never();
        };
        let mut people = self.lock();
        Revocation(Some(person(&mut people, key).revoked.subscribe()))
    }

    /// Whether a session of `identity` may be used with the provider's settings.
    pub fn accepts(&self, identity: &Identity) -> bool {
        match (identity, self.provider()) {
            (Identity::OpenId(user), Some(provider)) => user.tokens.settings == provider.fingerprint(),
            (Identity::OpenId(_), None) => false,
            (Identity::Console | Identity::Bearer(_), _) => true,
        }
    }

    /// Starts anew with `identity`, whose credentials the cluster has accepted, if it had rejected them before.
    pub fn renew(&self, identity: &Identity) {
        if let Some(key) = identity.key() {
            let mut people = self.lock();
            if people.get(&key).is_some_and(|person| *person.revoked.borrow()) {
                people.remove(&key);
            }
        }
    }

    /// Forgets the credentials and the connection of `identity`, whose session has ended. Open streams end with the
    /// session.
    pub fn forget(&self, identity: &Identity) {
        if let Some(key) = identity.key() {
            self.lock().remove(&key);
        }
    }

    /// Returns `base` as `identity` reaches it. Refreshes tokens that have expired.
    pub async fn open(&self, base: &Cluster, identity: &Identity) -> Result<Cluster, ApiError> {
        match identity {
            Identity::Console => Ok(base.clone()),
            Identity::Bearer(token) => self.cluster(base, identity, token.key, &token.credentials(), None),
            Identity::OpenId(user) => {
                let open_id = self.open_id.as_ref().ok_or(ApiError::SignedOut)?;
                let (tokens, revoked) = {
                    let mut people = self.lock();
                    let person = person(&mut people, user.key);
                    let tokens = person.tokens.get_or_insert_with(|| {
                        Arc::new(tokio::sync::Mutex::new(Refreshed {
                            tokens: Arc::clone(&user.tokens),
                            failed: None,
                        }))
                    });
                    (Arc::clone(tokens), person.revoked.clone())
                };
                let current = match open_id.current(user, &tokens, SignedDuration::ZERO).await {
                    Ok(current) => current,
                    Err(OpenIdError::Provider(message)) => return Err(ApiError::Unreachable { message }),
                    Err(error) => {
                        tracing::info!(user = ?user.key, %error, "a session ends");
                        revoked.send_replace(true);
                        return Err(ApiError::SignedOut);
                    }
                };
                let credentials = current.credentials(open_id.provider.token_use());
                self.cluster(base, identity, user.key, &credentials, Some(current))
            }
        }
    }

    fn cluster(
        &self,
        base: &Cluster,
        identity: &Identity,
        key: IdentityKey,
        credentials: &UserCredentials,
        tokens: Option<Arc<OpenIdTokens>>,
    ) -> Result<Cluster, ApiError> {
        let unusable = |error: ConnectError| ApiError::Credentials {
            message: crate::with_causes(&error),
        };
        let mut people = self.lock();
        let person = person(&mut people, key);
        if let Some(connected) = &mut person.cluster
            && connected.base == base.id()
        {
            let is_same = match (&connected.tokens, &tokens) {
                (Some(old), Some(new)) => Arc::ptr_eq(old, new),
                _ => true,
            };
            if !is_same {
                connected.cluster.set_user(credentials).map_err(unusable)?;
                connected.tokens = tokens;
            }
            return Ok(connected.cluster.clone());
        }
        let cluster = base.with_user(credentials).map_err(unusable)?;
        tokio::spawn(watch_refusals(
            cluster.refusals(),
            cluster.downgrade(),
            person.revoked.clone(),
        ));
        if let (Identity::OpenId(user), Some(open_id), Some(tokens)) =
            (identity, &self.open_id, &person.tokens)
            && user.tokens.can_refresh()
        {
            tokio::spawn(keep_fresh(
                Arc::clone(open_id),
                user.clone(),
                Arc::clone(tokens),
                cluster.downgrade(),
                person.revoked.clone(),
            ));
        }
        person.cluster = Some(Connected {
            base: base.id(),
            cluster: cluster.clone(),
            tokens,
        });
        Ok(cluster)
    }

    /// Forgets connections that were not used for a while.
    fn lock(&self) -> MutexGuard<'_, HashMap<IdentityKey, Person>> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.retain(|_, person| person.used.elapsed() < KEEP || person.revoked.receiver_count() > 0);
        people
    }
}

fn person(people: &mut HashMap<IdentityKey, Person>, key: IdentityKey) -> &mut Person {
    let person = people.entry(key).or_insert_with(|| Person {
        cluster: None,
        tokens: None,
        revoked: watch::Sender::new(false),
        used: Instant::now(),
    });
    person.used = Instant::now();
    person
}

impl OpenId {
    /// Returns tokens that are valid for longer than `margin`; fetches new ones if necessary, and stores them.
    async fn current(
        self: &Arc<Self>,
        user: &OpenIdUser,
        tokens: &Tokens,
        margin: SignedDuration,
    ) -> Result<Arc<OpenIdTokens>, OpenIdError> {
        let mut refreshed = Arc::clone(tokens).lock_owned().await;
        if is_fresh(&refreshed.tokens, margin) {
            return Ok(Arc::clone(&refreshed.tokens));
        }
        if let Some((at, message)) = &refreshed.failed
            && at.elapsed() < FAILURE_TTL
        {
            return Err(OpenIdError::Provider(message.clone()));
        }
        // Goes on although the browser closes the connection meanwhile: the old refresh token may be used up.
        let (this, user) = (Arc::clone(self), user.clone());
        let refreshing = tokio::spawn(async move {
            let current = Arc::clone(&refreshed.tokens);
            let result = this.refresh(&user, current, margin).await;
            match &result {
                Ok(new) => {
                    *refreshed = Refreshed {
                        tokens: Arc::clone(new),
                        failed: None,
                    };
                }
                Err(OpenIdError::Provider(message)) => {
                    refreshed.failed = Some((Instant::now(), message.clone()));
                }
                Err(_) => {}
            }
            result
        });
        refreshing
            .await
            .unwrap_or_else(|error| Err(OpenIdError::Provider(error.to_string())))
    }

    /// Returns newer tokens than `current`: those that another process has stored, or else new ones, which are stored.
    async fn refresh(
        &self,
        user: &OpenIdUser,
        mut current: Arc<OpenIdTokens>,
        margin: SignedDuration,
    ) -> Result<Arc<OpenIdTokens>, OpenIdError> {
        let with = |tokens: &Arc<OpenIdTokens>| OpenIdUser {
            tokens: Arc::clone(tokens),
            ..user.clone()
        };
        let mut retries = 0;
        loop {
            let reservation = self.store.reserve(&with(&current)).await;
            match reservation.map_err(|error| OpenIdError::Provider(error.to_string()))? {
                Reservation::Reserved => break,
                Reservation::Newer(stored) if is_fresh(&stored, margin) => return Ok(stored),
                Reservation::Newer(stored) => current = stored,
                Reservation::Busy if retries < BUSY_RETRIES => {
                    retries += 1;
                    tokio::time::sleep(BUSY_DELAY).await;
                }
                Reservation::Busy => {
                    let message = "another replica is refreshing the tokens, and does not finish";
                    return Err(OpenIdError::Provider(message.to_owned()));
                }
                Reservation::Ended => return Err(OpenIdError::Refused("the session has ended".to_owned())),
            }
        }
        let new = tokio::time::timeout(REFRESH_TIMEOUT, self.provider.refresh(&current)).await;
        let new = new.unwrap_or_else(|_| {
            let seconds = REFRESH_TIMEOUT.as_secs();
            Err(OpenIdError::Provider(format!(
                "no response within {seconds} seconds"
            )))
        });
        match new {
            Ok(new) => {
                let new = Arc::new(new);
                self.store.store(&with(&new)).await;
                Ok(new)
            }
            Err(error) => {
                self.store.release(user).await;
                Err(error)
            }
        }
    }
}

/// Whether tokens are valid for longer than `margin`.
fn is_fresh(tokens: &OpenIdTokens, margin: SignedDuration) -> bool {
    tokens.expires().duration_since(Timestamp::now()) > margin
}

/// Returns a random part of `max`.
fn jitter(max: Duration) -> Duration {
    let random = random::bytes::<1>().map_or(0, |[byte]| byte);
    max * u32::from(random) / 256
}

/// Refreshes the tokens before they expire, as long as the user's cluster is in use: a stream may be open for hours
/// without a request.
async fn keep_fresh(
    open_id: Arc<OpenId>,
    user: OpenIdUser,
    tokens: Tokens,
    cluster: WeakCluster,
    revoked: watch::Sender<bool>,
) {
    loop {
        let expires = tokens.lock().await.tokens.expires();
        let left = expires.duration_since(Timestamp::now()) - REFRESH_MARGIN;
        // A provider whose tokens last less than the margin.
        let left = Duration::try_from(left)
            .unwrap_or_default()
            .max(Duration::from_secs(5));
        // Replicas take turns: the one that comes later finds new tokens.
        let left = left.saturating_sub(jitter(left / 8));
        tokio::time::sleep(left).await;
        let Some(cluster) = cluster.upgrade() else { return };
        match open_id.current(&user, &tokens, REFRESH_MARGIN).await {
            Ok(new) => {
                let credentials = new.credentials(open_id.provider.token_use());
                if let Err(error) = cluster.set_user(&credentials) {
                    tracing::warn!(user = ?user.key, %error, "cannot use the new credentials");
                }
            }
            Err(OpenIdError::Provider(error)) => {
                tracing::warn!(user = ?user.key, error, "cannot refresh the tokens");
                drop(cluster);
                tokio::time::sleep(REFRESH_RETRY).await;
            }
            Err(error) => {
                tracing::info!(user = ?user.key, %error, "a session ends");
                revoked.send_replace(true);
                return;
            }
        }
    }
}

/// Checks the credentials whenever the cluster has rejected them, and reports when it keeps rejecting them. Ends with
/// the user's cluster.
async fn watch_refusals(
    mut refusals: watch::Receiver<()>,
    cluster: WeakCluster,
    revoked: watch::Sender<bool>,
) {
    while refusals.changed().await.is_ok() {
        let mut rejections = 0;
        while rejections < CHECKS {
            let Some(cluster) = cluster.upgrade() else { return };
            if bearer::verify(&cluster).await != Verdict::Rejected {
                break;
            }
            drop(cluster);
            rejections += 1;
            tokio::time::sleep(CHECK_DELAY).await;
        }
        if rejections == CHECKS {
            tracing::info!("the cluster no longer accepts the credentials of a session");
            revoked.send_replace(true);
            return;
        }
        // By the checks themselves.
        refusals.mark_unchanged();
    }
}

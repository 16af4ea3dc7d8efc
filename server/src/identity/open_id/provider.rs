//! The provider: discovery, the authorization code flow, refresh and sign-out.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreJwsSigningAlgorithm, CoreTokenResponse,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, LogoutRequest, Nonce, NonceVerifier, OAuth2TokenResponse, PkceCodeChallenge,
    PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl, RefreshToken,
    RequestTokenError, Scope, TokenResponse,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::identity::open_id::http::HttpClient;
use crate::identity::open_id::{OpenIdSettings, OpenIdTokens, TokenUse};
use crate::kubernetes::authorization::is_loopback;

/// How long the provider's metadata and keys are used before they are read again. Keys that are not among them are
/// looked for at once.
const METADATA_TTL: Duration = Duration::from_hours(1);

/// Minimum interval of reading them again since a key is missing: anyone can send a token with a made-up key.
const MIN_REDISCOVERY: Duration = Duration::from_secs(10);

/// How far the clocks of the provider and the console may be apart.
const CLOCK_SKEW: Duration = Duration::from_secs(30);

/// Why a user cannot be signed in at the provider.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdError {
    /// A setting is not valid.
    #[error("{setting}: {problem}")]
    Setting {
        /// Name of the option.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The provider does not respond, or not with valid metadata.
    #[error("cannot use the OpenID Connect provider: {0}")]
    Provider(String),
    /// The provider does not accept the code or the refresh token: the user has to sign in again.
    #[error("the OpenID Connect provider refuses: {0}")]
    Refused(String),
    /// The ID token is not valid, or does not name a user.
    #[error("the ID token is not accepted: {0}")]
    Token(String),
}

/// The provider, whose metadata is read on first use.
pub struct Provider {
    settings: OpenIdSettings,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    http: HttpClient,
    discovered: Mutex<Option<(Instant, Arc<ProviderMetadataWithLogout>)>>,
}

/// A sign-in in progress, as the login cookie stores it.
#[derive(Serialize, Deserialize)]
pub struct Login {
    state: String,
    nonce: String,
    verifier: String,
    settings: String,
    /// The page to return to.
    pub back: String,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Provider {
    /// Checks the settings; the provider is not contacted.
    pub fn new(settings: OpenIdSettings) -> Result<Self, OpenIdError> {
        let invalid = |setting, problem: String| OpenIdError::Setting { setting, problem };
        let issuer = |problem: String| invalid("--oidc-issuer", problem);
        let uri: http::Uri = settings
            .issuer
            .parse()
            .map_err(|error| issuer(format!("{error}")))?;
        // Tokens would cross the network unencrypted.
        if uri.scheme_str() != Some("https") && !(uri.scheme_str() == Some("http") && is_loopback(&uri)) {
            return Err(issuer("it must start with https://".to_owned()));
        }
        let http = HttpClient::new(uri, settings.authority.clone())
            .map_err(|error| invalid("--oidc-ca-file", crate::with_causes(&error)))?;
        if settings.client_id.is_empty() {
            return Err(invalid("--oidc-client-id", "it is empty".to_owned()));
        }
        Ok(Self {
            issuer: IssuerUrl::new(settings.issuer.clone()).map_err(|error| issuer(error.to_string()))?,
            redirect: RedirectUrl::new(settings.redirect_url.clone())
                .map_err(|error| invalid("--public-url", error.to_string()))?,
            http,
            settings,
            discovered: Mutex::default(),
        })
    }

    /// Returns how identities reach the cluster.
    pub fn token_use(&self) -> TokenUse {
        self.settings.token_use
    }

    /// Returns the host of the provider, for the sign-in page.
    pub fn host(&self) -> &str {
        self.issuer.url().host_str().unwrap_or_default()
    }

    /// Returns a hash of what determines who a user is: a session of other settings may be another person's.
    pub fn fingerprint(&self) -> String {
        let OpenIdSettings {
            issuer,
            client_id,
            names,
            token_use,
            ..
        } = &self.settings;
        let text = format!("{issuer:?} {client_id:?} {names:?} {token_use:?}");
        BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..12])
    }

    /// Whether `state` is that of this sign-in, which was started with these settings.
    pub fn is_answer_to(&self, login: &Login, state: &str) -> bool {
        use subtle::ConstantTimeEq;
        login.settings == self.fingerprint() && bool::from(login.state.as_bytes().ct_eq(state.as_bytes()))
    }

    /// Reads the provider's metadata, to check the settings.
    pub async fn check(&self) -> Result<(), OpenIdError> {
        match ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &self.http).await {
            Ok(_) => Ok(()),
            Err(DiscoveryError::Validation(problem)) => Err(OpenIdError::Setting {
                setting: "--oidc-issuer",
                problem: format!("{problem}: write it exactly as the provider names itself"),
            }),
            Err(error) => Err(OpenIdError::Provider(crate::with_causes(&error))),
        }
    }

    /// Starts a sign-in: returns the provider's address to send the user to, and what the callback needs.
    pub async fn start(&self, back: &str) -> Result<(String, Login), OpenIdError> {
        let client = self.client(&*self.metadata().await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid");
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(scopes.cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        let login = Login {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            settings: self.fingerprint(),
            back: back.to_owned(),
        };
        Ok((url.into(), login))
    }

    /// Finishes a sign-in with what the provider sent the user back with.
    pub async fn finish(&self, login: &Login, state: &str, code: &str) -> Result<OpenIdTokens, OpenIdError> {
        if !self.is_answer_to(login, state) {
            return Err(OpenIdError::Refused(
                "the answer belongs to another sign-in".to_owned(),
            ));
        }
        let client = self.client(&*self.metadata().await?);
        let response = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| OpenIdError::Provider(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(login.verifier.clone()))
            .request_async(&self.http)
            .await
            .map_err(token_error)?;
        let nonce = Nonce::new(login.nonce.clone());
        self.tokens(&response, &nonce, None).await
    }

    /// Fetches new tokens. A refresh token that is not replaced stays valid.
    pub async fn refresh(&self, old: &OpenIdTokens) -> Result<OpenIdTokens, OpenIdError> {
        let Some(token) = &old.refresh_token else {
            return Err(OpenIdError::Refused("there is no refresh token".to_owned()));
        };
        let client = self.client(&*self.metadata().await?);
        let response = client
            .exchange_refresh_token(&RefreshToken::new(token.expose_secret().to_owned()))
            .map_err(|error| OpenIdError::Provider(error.to_string()))?
            .request_async(&self.http)
            .await
            .map_err(token_error)?;
        // The provider need not repeat the nonce (OpenID Connect Core 1.0, 12.2).
        let any_nonce = |_: Option<&Nonce>| Ok(());
        self.tokens(&response, any_nonce, Some(old)).await
    }

    /// Returns the address that ends the user's session at the provider, if it has one (RP-initiated logout).
    pub async fn sign_out_url(&self, tokens: &OpenIdTokens) -> Option<String> {
        let metadata = self.metadata().await.ok()?;
        let end = metadata.additional_metadata().end_session_endpoint.clone()?;
        let mut request =
            LogoutRequest::from(end).set_client_id(ClientId::new(self.settings.client_id.clone()));
        if let Ok(token) = tokens.id_token.expose_secret().parse::<CoreIdToken>() {
            request = request.set_id_token_hint(&token);
        }
        if let Ok(back) = PostLogoutRedirectUrl::new(self.settings.signed_out_url.clone()) {
            request = request.set_post_logout_redirect_uri(back);
        }
        Some(request.http_get_url().into())
    }

    /// Verifies the ID token of a response, and reads the user's names.
    async fn tokens(
        &self,
        response: &CoreTokenResponse,
        nonce: impl NonceVerifier + Clone,
        old: Option<&OpenIdTokens>,
    ) -> Result<OpenIdTokens, OpenIdError> {
        let id_token = response
            .id_token()
            .ok_or_else(|| OpenIdError::Token("the provider sent none".to_owned()))?;
        let verify = |metadata: &ProviderMetadataWithLogout| {
            let client = self.client(metadata);
            let verifier = client
                .id_token_verifier()
                .set_allowed_algs(ALGORITHMS)
                // Checked below.
                .set_other_audience_verifier_fn(|_| true)
                .set_time_fn(|| (std::time::SystemTime::now() - CLOCK_SKEW).into());
            id_token.claims(&verifier, nonce.clone()).cloned()
        };
        let claims = match verify(&*self.metadata().await?) {
            Ok(claims) => claims,
            // The provider may have new keys.
            Err(first) => match self.rediscover().await? {
                Some(metadata) => {
                    verify(&metadata).map_err(|error| OpenIdError::Token(crate::with_causes(&error)))?
                }
                None => return Err(OpenIdError::Token(crate::with_causes(&first))),
            },
        };
        let subject = claims.subject().as_str().to_owned();
        if old.is_some_and(|old| old.subject != subject) {
            return Err(OpenIdError::Token("it is another user's".to_owned()));
        }
        let text = id_token.to_string();
        // Verified above; read again for the claims that the settings name.
        let payload = text
            .split('.')
            .nth(1)
            .and_then(|payload| BASE64_URL_SAFE_NO_PAD.decode(payload).ok());
        let all: Value = serde_json::from_slice(&payload.unwrap_or_default()).unwrap_or_default();
        // A token for several parties has to be meant for this one (OpenID Connect Core 1.0, 3.1.3.7).
        if claims.audiences().len() > 1 && all["azp"] != self.settings.client_id {
            return Err(OpenIdError::Token("it is meant for another party".to_owned()));
        }
        let names = self
            .settings
            .names
            .read(&self.settings.issuer, &all)
            .map_err(OpenIdError::Token)?;
        // They are sent in headers.
        let is_sendable = |name: &String| name.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        let mut names = names;
        if self.settings.token_use == TokenUse::Impersonation {
            if !is_sendable(&names.user) {
                return Err(OpenIdError::Token(format!(
                    "the name {:?} has characters that cannot be sent",
                    names.user
                )));
            }
            names.groups.retain(is_sendable);
        }
        let refreshed = response
            .refresh_token()
            .map(|token| SecretString::from(token.secret().clone()));
        Ok(OpenIdTokens {
            id_token: text.into(),
            refresh_token: refreshed.or_else(|| old.and_then(|old| old.refresh_token.clone())),
            expires: Timestamp::from_second(claims.expiration().timestamp()).unwrap_or(Timestamp::MIN),
            subject,
            user: names.user,
            groups: names.groups,
            settings: self.fingerprint(),
        })
    }

    fn client(&self, metadata: &ProviderMetadataWithLogout) -> Client {
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            secret,
        )
        .set_redirect_uri(self.redirect.clone())
    }

    async fn metadata(&self) -> Result<Arc<ProviderMetadataWithLogout>, OpenIdError> {
        let known = self.lock().clone();
        match known {
            Some((at, metadata)) if at.elapsed() < METADATA_TTL => Ok(metadata),
            Some((_, metadata)) => Ok(self.discover().await.unwrap_or(metadata)),
            None => self.discover().await,
        }
    }

    /// Reads the metadata again, unless that was done just now.
    async fn rediscover(&self) -> Result<Option<Arc<ProviderMetadataWithLogout>>, OpenIdError> {
        let is_recent = self
            .lock()
            .as_ref()
            .is_some_and(|(at, _)| at.elapsed() < MIN_REDISCOVERY);
        if is_recent {
            return Ok(None);
        }
        self.discover().await.map(Some)
    }

    async fn discover(&self) -> Result<Arc<ProviderMetadataWithLogout>, OpenIdError> {
        let metadata = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &self.http)
            .await
            .map_err(|error| OpenIdError::Provider(crate::with_causes(&error)))?;
        let metadata = Arc::new(metadata);
        *self.lock() = Some((Instant::now(), Arc::clone(&metadata)));
        Ok(metadata)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Arc<ProviderMetadataWithLogout>)>> {
        self.discovered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Signatures that are accepted: all but those with a shared secret, and none.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// A response of the provider's token endpoint that is an error; `invalid_grant` and the like are final.
fn token_error<R, T>(error: RequestTokenError<R, T>) -> OpenIdError
where
    R: std::error::Error + 'static,
    T: openidconnect::ErrorResponse + std::fmt::Display + 'static,
{
    match error {
        RequestTokenError::ServerResponse(response) => OpenIdError::Refused(response.to_string()),
        RequestTokenError::Request(error) => OpenIdError::Provider(crate::with_causes(&error)),
        // Without the response: it may contain tokens.
        RequestTokenError::Parse(_, _) => {
            OpenIdError::Provider("its token endpoint responds with something else than tokens".to_owned())
        }
        RequestTokenError::Other(message) => OpenIdError::Provider(message),
    }
}

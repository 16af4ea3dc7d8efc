//! The cookie that carries a session's id, and the key of its credentials.

use std::time::Duration;

use axum::http::HeaderMap;
use axum_extra::extract::PrivateCookieJar;
use axum_extra::extract::cookie::{Cookie, Key, SameSite};

use crate::session::store::SessionCookie;

/// How long a user may take to sign in at the provider.
const LOGIN_MAX_AGE: Duration = Duration::from_mins(15);

/// Encrypts and decrypts the session cookie.
pub struct CookieRules {
    key: Key,
    name: String,
    max_age: Duration,
    scope: CookieScope,
}

/// Which requests carry the cookie.
#[derive(Debug, Clone)]
pub struct CookieScope {
    /// Whether browsers reach the server over HTTPS.
    pub secure: bool,
    /// The port of the server, which tells consoles on one machine apart.
    pub port: u16,
    /// `/`, or the path of the public URL.
    pub path: String,
}

impl CookieRules {
    /// Over HTTPS the cookie is `Secure` and has the `__Host-` prefix, which binds it to this host; with a path of its
    /// own it has the `__Secure-` prefix, since the other requires the path `/`. On plain loopback it has neither,
    /// because Safari rejects `Secure` cookies there; instead its name has the port, since cookies are shared between
    /// ports.
    pub fn new(key: Key, max_age: Duration, scope: CookieScope) -> Self {
        let name = match (scope.secure, &*scope.path) {
            (true, "/") => "__Host-jobwright".to_owned(),
            (true, _) => "__Secure-jobwright".to_owned(),
            (false, _) => format!("jobwright-{}", scope.port),
        };
        Self {
            key,
            name,
            max_age,
            scope,
        }
    }

    /// Returns what the cookie of a request contains, if it has a valid one.
    pub fn read(&self, headers: &HeaderMap) -> Option<SessionCookie> {
        let cookie = self.jar(headers).get(&self.name)?;
        Some(SessionCookie::from_text(cookie.value()))
    }

    /// Returns a jar whose response sets the cookie.
    pub fn set(&self, headers: &HeaderMap, cookie: &SessionCookie) -> PrivateCookieJar {
        self.jar(headers).add(self.cookie(cookie.to_text()))
    }

    /// Returns a jar whose response removes the cookie.
    pub fn clear(&self, headers: &HeaderMap) -> PrivateCookieJar {
        self.jar(headers).remove(self.cookie(String::new()))
    }

    /// Returns a jar whose response sets the cookie of a sign-in in progress at the provider. It is sent when the
    /// provider redirects back, unlike the session's.
    pub fn set_login(&self, headers: &HeaderMap, text: String) -> PrivateCookieJar {
        let mut cookie = self.cookie(text);
        cookie.set_name(self.login_name());
        cookie.set_same_site(SameSite::Lax);
        cookie.set_max_age(LOGIN_MAX_AGE.try_into().ok());
        self.jar(headers).add(cookie)
    }

    /// Returns the contents of that cookie.
    pub fn read_login(&self, headers: &HeaderMap) -> Option<String> {
        let cookie = self.jar(headers).get(&self.login_name())?;
        Some(cookie.value().to_owned())
    }

    /// Returns a jar whose response sets the session's cookie and removes that of the sign-in.
    pub fn finish_login(&self, headers: &HeaderMap, cookie: &SessionCookie) -> PrivateCookieJar {
        let mut login = self.cookie(String::new());
        login.set_name(self.login_name());
        self.set(headers, cookie).remove(login)
    }

    fn login_name(&self) -> String {
        format!("{}-login", self.name)
    }

    fn jar(&self, headers: &HeaderMap) -> PrivateCookieJar {
        PrivateCookieJar::from_headers(headers, self.key.clone())
    }

    fn cookie(&self, text: String) -> Cookie<'static> {
        let mut cookie = Cookie::new(self.name.clone(), text);
        cookie.set_path(self.scope.path.clone());
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Strict);
        cookie.set_secure(self.scope.secure);
        cookie.set_max_age(self.max_age.try_into().ok());
        cookie
    }
}

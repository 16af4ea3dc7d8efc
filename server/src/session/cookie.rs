//! The cookie that carries a session's id.

use std::time::Duration;

use axum::http::HeaderMap;
use axum_extra::extract::PrivateCookieJar;
use axum_extra::extract::cookie::{Cookie, Key, SameSite};

/// Encrypts and decrypts the session cookie.
pub struct CookieRules {
    key: Key,
    name: String,
    max_age: Duration,
    secure: bool,
}

impl CookieRules {
    /// Over HTTPS the cookie is `Secure` and has the `__Host-` prefix, which binds it to this host. On plain
    /// loopback it has neither, because Safari rejects `Secure` cookies there; instead its name has the port, since
    /// cookies are shared between ports.
    pub fn new(key: Key, max_age: Duration, secure: bool, port: u16) -> Self {
        let name = if secure {
            "__Host-jobwright".to_owned()
        } else {
            format!("jobwright-{port}")
        };
        Self {
            key,
            name,
            max_age,
            secure,
        }
    }

    /// Returns the session's id if the request has a valid cookie.
    pub fn read(&self, headers: &HeaderMap) -> Option<String> {
        self.jar(headers)
            .get(&self.name)
            .map(|cookie| cookie.value().to_owned())
    }

    /// Returns a jar whose response sets the cookie.
    pub fn set(&self, headers: &HeaderMap, id: String) -> PrivateCookieJar {
        self.jar(headers).add(self.cookie(id))
    }

    /// Returns a jar whose response removes the cookie.
    pub fn clear(&self, headers: &HeaderMap) -> PrivateCookieJar {
        self.jar(headers).remove(self.cookie(String::new()))
    }

    fn jar(&self, headers: &HeaderMap) -> PrivateCookieJar {
        PrivateCookieJar::from_headers(headers, self.key.clone())
    }

    fn cookie(&self, id: String) -> Cookie<'static> {
        let mut cookie = Cookie::new(self.name.clone(), id);
        cookie.set_path("/");
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Strict);
        cookie.set_secure(self.secure);
        cookie.set_max_age(self.max_age.try_into().ok());
        cookie
    }
}

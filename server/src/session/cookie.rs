//! The cookie that carries a session's identifier.

use std::time::Duration;

use axum::http::HeaderMap;
use axum_extra::extract::PrivateCookieJar;
use axum_extra::extract::cookie::{Cookie, Key, SameSite};

/// How the cookie is written and read.
pub struct CookieRules {
    key: Key,
    name: String,
    life: Duration,
    secure: bool,
}

impl CookieRules {
    /// Through HTTPS the cookie is `Secure` and has the `__Host-` prefix, which binds it to this host. On plain
    /// loopback it has neither, because Safari keeps no `Secure` cookie there; its name has the port instead, since
    /// cookies do not tell ports apart.
    pub fn new(key: Key, life: Duration, secure: bool, port: u16) -> Self {
        let name = if secure {
            "__Host-jobwright".to_owned()
        } else {
            format!("jobwright-{port}")
        };
        Self {
            key,
            name,
            life,
            secure,
        }
    }

    /// The session's identifier, if the request has an intact cookie.
    pub fn read(&self, headers: &HeaderMap) -> Option<String> {
        self.jar(headers)
            .get(&self.name)
            .map(|cookie| cookie.value().to_owned())
    }

    /// A jar whose response sets the cookie.
    pub fn set(&self, headers: &HeaderMap, id: String) -> PrivateCookieJar {
        self.jar(headers).add(self.cookie(id))
    }

    /// A jar whose response removes the cookie.
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
        cookie.set_max_age(self.life.try_into().ok());
        cookie
    }
}

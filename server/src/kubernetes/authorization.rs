//! Credentials in request headers: sent only over an encrypted or loopback connection, and only if valid in a
//! header.

use http::{HeaderValue, Uri};
use kube::config::{AuthInfo, Config};
use secrecy::{ExposeSecret, SecretString};

/// Why credentials are not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// They would cross the network unencrypted. kubectl sends none over plain HTTP either.
    #[error(
        "its server {0} uses plain HTTP, which would expose the credentials of its user on the network: use \
         an https:// address, or a user without credentials"
    )]
    PlainHttp(String),
    /// They contain characters that are not allowed in a header, such as a line break.
    #[error("the {0} of its user has characters that are not allowed in a header")]
    Characters(&'static str),
}

/// Whether requests of `user` carry a secret.
fn is_secret(user: &AuthInfo) -> bool {
    user.token.is_some()
        || user.token_file.is_some()
        || user.password.is_some()
        || user.exec.is_some()
        || user.auth_provider.is_some()
}

/// Rejects credentials that would be sent to `server` unencrypted, except to this machine.
pub fn check_transport(server: &Uri, user: &AuthInfo) -> Result<(), AuthorizationError> {
    if server.scheme_str() == Some("https") || !is_secret(user) {
        return Ok(());
    }
    let host = server.host().unwrap_or_default();
    if is_loopback(server) {
        tracing::warn!(
            server = host,
            "sending credentials over plain HTTP to this machine"
        );
        return Ok(());
    }
    let port = server.port().map(|port| format!(":{port}")).unwrap_or_default();
    Err(AuthorizationError::PlainHttp(format!("{host}{port}")))
}

/// Whether an address is a loopback address.
pub fn is_loopback(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Validates the credentials of `config`, and trims its token: token files end with a line break, which is not part
/// of the token. kube's client panics on a token that is not a valid header value.
pub fn prepare(config: &mut Config) -> Result<(), AuthorizationError> {
    check_transport(&config.cluster_url, &config.auth_info)?;
    let user = &mut config.auth_info;
    if let Some(token) = &user.token {
        let token = token.expose_secret().trim().to_owned();
        check("token", &token)?;
        user.token = Some(SecretString::from(token));
    }
    let texts = [
        ("name to impersonate", user.impersonate.as_ref()),
        ("uid to impersonate", user.impersonate_uid.as_ref()),
    ];
    let groups = user.impersonate_groups.iter().flatten();
    let extra = user.impersonate_user_extra.iter().flatten();
    let texts = texts
        .into_iter()
        .filter_map(|(what, text)| Some((what, text?)))
        .chain(groups.map(|group| ("group to impersonate", group)))
        .chain(
            extra
                .flat_map(|(_, values)| values)
                .map(|value| ("extra to impersonate", value)),
        );
    for (what, text) in texts {
        check(what, text)?;
        // Servers trim the values of headers: without a name the console would act as itself.
        if text.is_empty() || text != text.trim() {
            return Err(AuthorizationError::Characters(what));
        }
    }
    Ok(())
}

fn check(what: &'static str, text: &str) -> Result<(), AuthorizationError> {
    // No control characters, and only ASCII: servers decode other bytes differently.
    let is_ascii_text = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if is_ascii_text && HeaderValue::from_str(text).is_ok() {
        Ok(())
    } else {
        Err(AuthorizationError::Characters(what))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn config(server: &str, user: Value) -> Config {
        let mut config = Config::new(server.parse().unwrap());
        config.auth_info = serde_json::from_value(user).unwrap();
        config
    }

    #[test]
    fn credentials_are_never_sent_unencrypted() {
        let exec = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "login"}});
        let secrets = [
            json!({"token": "t"}),
            json!({"tokenFile": "/token"}),
            json!({"username": "u", "password": "p"}),
            json!({"auth-provider": {"name": "oidc", "config": {"id-token": "t"}}}),
            exec,
        ];
        let open = [
            json!({}),
            json!({"client-certificate": "/cert", "client-key": "/key"}),
        ];
        for (server, is_hidden) in [
            ("https://10.0.0.1:6443", true),
            ("http://127.0.0.1:8001", true),
            ("http://localhost:8001", true),
            ("http://[::1]:8001", true),
            ("http://10.0.0.1:6443", false),
            ("http://cluster.example", false),
            ("http://localhost.example", false),
            ("http://127.0.0.1.example", false),
            ("http://0.0.0.0:80", false),
        ] {
            for user in &secrets {
                let sent = prepare(&mut config(server, user.clone()));
                assert_eq!(sent.is_ok(), is_hidden, "{server} {user}: {sent:?}");
            }
            for user in &open {
                assert_eq!(
                    prepare(&mut config(server, user.clone())),
                    Ok(()),
                    "{server} {user}"
                );
            }
        }
    }

    #[test]
    fn tokens_must_be_valid_header_values() {
        for (token, sent) in [
            ("abc", Some("abc")),
            ("abc\n", Some("abc")),
            ("\r\n abc \t\r\n", Some("abc")),
            ("a b", Some("a b")),
            ("a\nb", None),
            ("a\r\nX-Other: b", None),
            ("a\0b", None),
            ("a\u{7f}", None),
            ("tökén", None),
        ] {
            let mut config = config("https://10.0.0.1", json!({"token": token}));
            let prepared = prepare(&mut config);
            match sent {
                Some(sent) => {
                    assert_eq!(prepared, Ok(()));
                    assert_eq!(config.auth_info.token.unwrap().expose_secret(), sent);
                }
                None => assert_eq!(
                    prepared,
                    Err(AuthorizationError::Characters("token")),
                    "{token:?}"
                ),
            }
        }
        for user in [
            json!({"as": "a\nb"}),
            json!({"as": ""}),
            json!({"as": " "}),
            json!({"as": "a "}),
            json!({"as": "a", "as-groups": [" system:masters"]}),
            json!({"as-uid": "a\0"}),
            json!({"as-groups": ["g", "a\r\nb"]}),
            json!({"as-user-extra": {"k": ["a\nb"]}}),
        ] {
            assert!(
                prepare(&mut config("https://10.0.0.1", user.clone())).is_err(),
                "{user}"
            );
        }
    }
}

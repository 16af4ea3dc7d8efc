//! Selects the proxy of a cluster: its own `proxy-url` if set, else the environment's, read as Go programs do
//! (`HTTPS_PROXY`, `NO_PROXY`; never for loopback).

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use kube::config::Cluster;

use crate::kubernetes::authorization::is_loopback;

/// Proxy protocols that the client supports.
const SCHEMES: [&str; 3] = ["http", "https", "socks5"];

/// Returns the proxy of `cluster`, if any. Errors do not quote its URL, which may hold a password.
pub fn of(cluster: &Cluster, environment: impl Fn(&str) -> Option<String>) -> Result<Option<Uri>, String> {
    let own = cluster.proxy_url.as_deref().filter(|url| !url.is_empty());
    if let Some(own) = own {
        return parse(own).map(Some);
    }
    let Some(target) = cluster
        .server
        .as_deref()
        .and_then(|server| server.parse::<Uri>().ok())
    else {
        return Ok(None);
    };
    let variable = |name: &str| {
        let value = environment(name).or_else(|| environment(&name.to_lowercase()));
        value.filter(|value| !value.is_empty())
    };
    let name = if target.scheme_str() == Some("http") {
        "HTTP_PROXY"
    } else {
        "HTTPS_PROXY"
    };
    let Some(proxy) = variable(name) else {
        return Ok(None);
    };
    let exceptions = variable("NO_PROXY").unwrap_or_default();
    let matcher = Matcher::builder().all(proxy.clone()).no(exceptions).build();
    if is_loopback(&target) || matcher.intercept(&target).is_none() {
        return Ok(None);
    }
    parse(&proxy).map(Some)
}

fn parse(url: &str) -> Result<Uri, String> {
    let uri: Uri = url
        .parse()
        .map_err(|_| "the proxy's URL is not valid".to_owned())?;
    match uri.scheme_str() {
        Some(scheme) if SCHEMES.contains(&scheme) => Ok(uri),
        scheme => Err(format!(
            "the proxy's protocol {:?} is not supported: {}",
            scheme.unwrap_or_default(),
            SCHEMES.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(own: &str, server: &str, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let cluster = Cluster {
            server: Some(server.to_owned()),
            proxy_url: Some(own.to_owned()),
            ..Cluster::default()
        };
        let environment = |name: &str| {
            let mut variables = variables.iter();
            variables
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        of(&cluster, environment).map(|uri| uri.map(|uri| uri.to_string()))
    }

    #[test]
    fn environment_proxy_depends_on_the_target() {
        let far = "https://10.1.2.3:6443";
        let set = ("HTTPS_PROXY", "http://proxy.example:3128");
        let used = Ok(Some("http://proxy.example:3128/".to_owned()));
        assert_eq!(proxy("", far, &[set]), used);
        assert_eq!(proxy("", far, &[("https_proxy", set.1)]), used);
        assert_eq!(proxy("", far, &[]), Ok(None));
        assert_eq!(proxy("", "http://10.1.2.3", &[set]), Ok(None));
        assert_eq!(proxy("", far, &[set, ("NO_PROXY", "10.0.0.0/8")]), Ok(None));
        assert_eq!(proxy("", far, &[set, ("NO_PROXY", "proxy.example")]), used);
        assert_eq!(proxy("", "https://127.0.0.1:6443", &[set]), Ok(None));
        assert_eq!(proxy("", "https://[::1]:6443", &[set]), Ok(None));
    }

    #[test]
    fn own_proxy_takes_precedence_and_is_never_quoted() {
        let own = "socks5://127.0.0.1:1080";
        let used = Ok(Some("socks5://127.0.0.1:1080/".to_owned()));
        assert_eq!(
            proxy(own, "https://127.0.0.1:6443", &[("NO_PROXY", "127.0.0.1")]),
            used
        );
        let refused = proxy("ftp://bob:secret@proxy.example", "https://10.1.2.3", &[]).unwrap_err();
        assert!(
            refused.contains("ftp") && !refused.contains("secret"),
            "{refused}"
        );
    }
}

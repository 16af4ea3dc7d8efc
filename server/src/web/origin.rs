//! Validates the origin of a request: only the console's own pages are allowed.
//!
//! `CsrfLayer` compares only hosts, and lets `GET` pass. Here the scheme counts too, and streams are included:
//! another site that opens one would hold a connection and a watch in the user's name.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::ORIGIN;
use http::{HeaderMap, StatusCode, Uri};

use crate::web::hosts::{Hosts, requested};
use crate::web::state::AppState;

/// Whether the request comes from this origin, or not from a page at all (a typed URL, a program).
fn is_own(uri: &Uri, headers: &HeaderMap, hosts: &Hosts) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    if !sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none")) {
        return false;
    }
    let public = hosts.public_origin();
    let own = requested(uri, headers).map(|host| format!("{}://{host}", hosts.own_scheme()));
    // Under its public name the server is reached only with the scheme of the public URL.
    let own = own.filter(|_| !requested(uri, headers).is_some_and(|host| hosts.is_public(&host)));
    headers.get_all(ORIGIN).iter().all(|origin| {
        let origin = Some(origin.as_bytes());
        origin == public.as_deref().map(str::as_bytes) || origin == own.as_deref().map(str::as_bytes)
    })
}

/// Responds with 403 to cross-site requests that open a stream or use an unsafe method.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_stream = ["/stream/", "/download/", "/cluster/"]
        .iter()
        .any(|start| path.starts_with(start));
    let is_checked = is_stream || !request.method().is_safe();
    if !is_checked || is_own(request.uri(), request.headers(), &state.hosts) {
        next.run(request).await
    } else {
        (
            StatusCode::FORBIDDEN,
            "Only the console's own pages may do this.\n",
        )
            .into_response()
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::web::hosts::PublicUrl;

    #[test]
    fn origin_is_compared_including_its_scheme() {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let local = Hosts::new(loopback, None);
        let public = Hosts::new(
            loopback,
            Some(PublicUrl {
                secure: true,
                authority: "jobs.example.com".parse().unwrap(),
                path: "/console".to_owned(),
            }),
        );
        let (near, far) = ("127.0.0.1:3000", "jobs.example.com");
        #[allow(clippy::type_complexity, reason = "one row per line is easier to read")]
        let table: [(&Hosts, &str, &[(&str, &str)], bool); 19] = [
            (&local, near, &[], true),
            (&local, near, &[("sec-fetch-site", "same-origin")], true),
            (&local, near, &[("sec-fetch-site", "none")], true),
            (&local, near, &[("sec-fetch-site", "same-site")], false),
            (&local, near, &[("sec-fetch-site", "cross-site")], false),
            (&local, near, &[("origin", "http://127.0.0.1:3000")], true),
            (&local, near, &[("origin", "https://127.0.0.1:3000")], false),
            (&local, near, &[("origin", "http://127.0.0.1:8080")], false),
            (&local, near, &[("origin", "http://127.0.0.1")], false),
            (
                &local,
                near,
                &[("origin", "http://127.0.0.1:3000.evil.example")],
                false,
            ),
            (&local, near, &[("origin", "null")], false),
            (&local, near, &[("origin", "")], false),
            // One of the two headers is forged.
            (
                &local,
                near,
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("origin", "http://evil.example"),
                ],
                false,
            ),
            (
                &local,
                near,
                &[
                    ("origin", "http://127.0.0.1:3000"),
                    ("origin", "http://evil.example"),
                ],
                false,
            ),
            (&public, far, &[("origin", "https://jobs.example.com")], true),
            (&public, far, &[("origin", "http://jobs.example.com")], false),
            (
                &public,
                far,
                &[("origin", "https://jobs.example.com:8443")],
                false,
            ),
            // A proxy that does not pass on the host.
            (&public, near, &[("origin", "https://jobs.example.com")], true),
            (&public, near, &[("origin", "http://127.0.0.1:3000")], true),
        ];
        for (hosts, host, extra, own) in table {
            let mut headers = HeaderMap::new();
            headers.insert("host", host.parse().unwrap());
            for (name, value) in extra {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(
                is_own(&Uri::from_static("/stream/jobs"), &headers, hosts),
                own,
                "{host} {extra:?}"
            );
        }
    }
}

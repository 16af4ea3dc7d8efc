//! Issues ServiceAccount tokens at `serviceaccounts/NAME/token`
//! ([TokenRequest](https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/)).

use axum::response::Response;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::api::decode;
use crate::api::field::FieldError;
use crate::api::managed;
use crate::auth::service_account::AUDIENCE;
use crate::clock::seconds;
use crate::http::status::Status;
use crate::http::{Api, Call};
use crate::store::Key;

/// Minimum and maximum lifetime of a token, in seconds.
const MIN_LIFETIME: i64 = 600;
const MAX_LIFETIME: i64 = 1 << 32;

/// Issues a token.
pub(super) fn request(api: &Api, call: &Call, name: &str) -> Result<Response, Status> {
    let dry_run = call.query.dry_run("CreateOptions")?;
    let (sent, _) = decode::parse(&call.body, call.format()?).map_err(Status::bad_request)?;
    let account = api
        .cluster
        .store
        .get(&Key::new(call.resource, call.namespace.clone(), name))?
        .ok_or_else(|| Status::not_found(call.resource, name))?;
    let lifetime = sent["spec"]["expirationSeconds"].as_i64().unwrap_or(3600);
    let refused = |detail: &str| {
        let error = FieldError::invalid("spec.expirationSeconds", lifetime, detail);
        Status::invalid("TokenRequest", "authentication.k8s.io", "", &[error])
    };
    if lifetime < MIN_LIFETIME {
        return Err(refused("may not specify a duration less than 10 minutes"));
    }
    if lifetime > MAX_LIFETIME {
        return Err(refused("may not specify a duration larger than 2^32 seconds"));
    }
    if sent["spec"]["boundObjectRef"].is_object() {
        // A bound token has to expire with its object, which these do not.
        return Err(Status::bad_request("tokens bound to an object are not issued"));
    }
    let audiences: Vec<String> = match sent["spec"]["audiences"].as_array().filter(|all| !all.is_empty()) {
        Some(all) => all
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect(),
        None => vec![AUDIENCE.to_owned()],
    };
    let now = api.cluster.clock.now();
    let expires = now
        .checked_add(SignedDuration::from_secs(lifetime))
        .unwrap_or(Timestamp::MAX);
    let token = if dry_run {
        String::new()
    } else {
        let signer = api.authenticator.signer();
        signer.issue(&account, &audiences, now.as_second(), expires.as_second())
    };
    let mut body = json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": name, "namespace": call.namespace, "uid": account["metadata"]["uid"],
            "creationTimestamp": seconds(now),
        },
        "spec": sent["spec"].as_object().map_or_else(|| json!({}), |spec| json!(spec)),
    });
    let api_version = "authentication.k8s.io/v1";
    managed::of_answer(
        &mut body,
        api_version,
        "token",
        &call.manager("CreateOptions")?,
        &seconds(now),
    );
    body["spec"] =
        json!({"audiences": audiences, "expirationSeconds": lifetime, "boundObjectRef": Value::Null});
    body["status"] = json!({"token": token, "expirationTimestamp": seconds(expires)});
    Ok(call.output.write(StatusCode::CREATED, &body))
}

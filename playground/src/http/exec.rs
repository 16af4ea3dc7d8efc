//! Serves `exec`, `attach`, `portforward` and `eviction` of a Pod as far as the API server answers them itself.
//! Nothing here runs commands in a running container.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::decode;
use crate::api::delete::{DeleteOptions, delete};
use crate::api::query::Query;
use crate::cluster::Cluster;
use crate::http::Call;
use crate::http::status::Status;
use crate::store::Key;

/// Returns why a stream into a container cannot be opened.
pub(super) fn refuse(cluster: &Cluster, call: &Call, name: &str) -> Result<Response, Status> {
    let key = Key::new(call.resource, call.namespace.clone(), name);
    let pod = cluster
        .store
        .get(&key)?
        .ok_or_else(|| Status::not_found(call.resource, name))?;
    if pod["spec"]["nodeName"].as_str().unwrap_or_default().is_empty() {
        return Err(Status::bad_request(format!(
            "pod {name} does not have a host assigned"
        )));
    }
    if call.subresource.as_deref() != Some("portforward") {
        crate::http::logs::container(call, &pod, name, "container")?;
    }
    if call.headers.get(http::header::UPGRADE).is_none() {
        return Err(Status::bad_request("Upgrade request required"));
    }
    Err(Status::new(
        501,
        "NotImplemented",
        "the playground opens no streams into running containers",
    ))
}

/// Deletes a Pod by eviction; disruption budgets are not implemented.
pub(super) fn evict(cluster: &Cluster, call: &Call, name: &str) -> Result<Response, Status> {
    let dry_run = call.query.dry_run("CreateOptions")?;
    let (eviction, _) = decode::parse(&call.body, call.format()?).map_err(Status::bad_request)?;
    let given = eviction["metadata"]["name"].as_str().unwrap_or(name);
    if given != name {
        let message = "name in URL does not match name in Eviction object";
        return Err(Status::bad_request(format!("{message}: {name} != {given}")));
    }
    let mut options = DeleteOptions::read(&eviction["deleteOptions"], &Query::default())?;
    options.dry_run |= dry_run;
    delete(
        cluster,
        &Key::new(call.resource, call.namespace.clone(), name),
        &options,
    )?;
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
    });
    Ok(call.output.write(StatusCode::CREATED, &Value::clone(&body)))
}

//! `pods/NAME/log`.

use axum::body::Body;
use axum::response::{IntoResponse, Response};

use super::Call;
use super::status::Status;
use crate::cluster::Cluster;
use crate::runtime::logs::{self, LogOptions};
use crate::store::Key;

/// Streams a container's log.
pub(super) async fn answer(cluster: &Cluster, call: &Call, name: &str) -> Result<Response, Status> {
    let pod = cluster
        .store
        .get(&Key::new(call.resource, call.namespace.clone(), name))?;
    let pod = pod.ok_or_else(|| Status::not_found(call.resource, name))?;
    let all = |list: &str| -> Vec<String> {
        let containers = pod["spec"][list].as_array().map_or(&[][..], Vec::as_slice);
        containers
            .iter()
            .filter_map(|container| container["name"].as_str().map(str::to_owned))
            .collect()
    };
    let (main, init) = (all("containers"), all("initContainers"));
    let container = match call.parameter("container") {
        "" if main.len() == 1 => main[0].clone(),
        "" => {
            let message = format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                main.join(" ")
            );
            return Err(Status::bad_request(message));
        }
        given if main.iter().chain(&init).any(|known| known == given) => given.to_owned(),
        given => {
            return Err(Status::bad_request(format!(
                "container {given} is not valid for pod {name}"
            )));
        }
    };
    let number = |name: &str| call.parameter(name).parse::<u64>().ok();
    let since = match (
        number("sinceSeconds"),
        call.parameter("sinceTime").parse::<jiff::Timestamp>(),
    ) {
        (Some(seconds), _) => {
            let back = jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
            cluster.clock.now().checked_sub(back).ok()
        }
        (None, since) => since.ok(),
    };
    let options = LogOptions {
        follow: call.flag("follow"),
        previous: call.flag("previous"),
        timestamps: call.flag("timestamps"),
        tail: number("tailLines").and_then(|lines| usize::try_from(lines).ok()),
        since,
        limit: number("limitBytes").and_then(|bytes| usize::try_from(bytes).ok()),
    };
    let Some(lines) = logs::read(cluster, &pod, &container, options).await else {
        let reason = if call.flag("previous") {
            format!("previous terminated container \"{container}\" in pod \"{name}\" not found")
        } else {
            format!("container \"{container}\" in pod \"{name}\" is waiting to start: ContainerCreating")
        };
        return Err(Status::bad_request(reason));
    };
    Ok((
        [(http::header::CONTENT_TYPE, "text/plain")],
        Body::from_stream(lines),
    )
        .into_response())
}

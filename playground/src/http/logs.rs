//! `pods/NAME/log`.

use axum::body::Body;
use axum::response::{IntoResponse, Response};

use crate::api::field::FieldError;
use crate::cluster::Cluster;
use crate::http::Call;
use crate::http::status::Status;
use crate::runtime::logs;
use crate::runtime::logs::LogOptions;
use crate::store::Key;
use serde_json::Value;

/// Parses the parameters as `ValidatePodLogOptions` does.
fn options(cluster: &Cluster, call: &Call, name: &str) -> Result<LogOptions, Status> {
    let query = &call.query;
    let (tail, limit) = (query.integer("tailLines")?, query.integer("limitBytes")?);
    let since_seconds = query.integer("sinceSeconds")?;
    let since_time = match call.parameter("sinceTime") {
        "" => None,
        text => Some(text.parse::<jiff::Timestamp>().map_err(|_| bad_time(text))?),
    };
    let mut errors = Vec::new();
    if let Some(tail) = tail.filter(|tail| *tail < 0) {
        errors.push(FieldError::invalid(
            "tailLines",
            tail,
            "must be greater than or equal to 0",
        ));
    }
    if let Some(limit) = limit.filter(|limit| *limit < 1) {
        errors.push(FieldError::invalid("limitBytes", limit, "must be greater than 0"));
    }
    match (since_seconds, since_time) {
        (Some(_), Some(_)) => errors.push(FieldError::forbidden(
            "[]",
            "at most one of `sinceTime` or `sinceSeconds` may be specified",
        )),
        (Some(seconds), None) if seconds < 1 => {
            errors.push(FieldError::invalid(
                "sinceSeconds",
                seconds,
                "must be greater than 0",
            ));
        }
        _ => {}
    }
    // Separate streams are behind a feature gate that is off.
    if query.get("stream").is_some() {
        errors.push(FieldError::forbidden("stream", "may not be specified"));
    }
    if !errors.is_empty() {
        return Err(Status::invalid("PodLogOptions", "", name, &errors));
    }
    let back = since_seconds.map(jiff::SignedDuration::from_secs);
    let since = back
        .and_then(|back| cluster.clock.now().checked_sub(back).ok())
        .or(since_time);
    Ok(LogOptions {
        follow: call.flag("follow"),
        previous: call.flag("previous"),
        timestamps: call.flag("timestamps"),
        tail: tail.and_then(|lines| usize::try_from(lines).ok()),
        since,
        limit: limit.and_then(|bytes| usize::try_from(bytes).ok()),
    })
}

/// Returns Go's error message for an invalid time.
fn bad_time(text: &str) -> Status {
    Status::bad_request(format!(
        "parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\""
    ))
}

/// Returns the container of the request: the only one, or the one that the parameter names.
pub(super) fn container(call: &Call, pod: &Value, name: &str, parameter: &str) -> Result<String, Status> {
    let all = |list: &str| -> Vec<String> {
        let containers = pod["spec"][list].as_array().into_iter().flatten();
        containers
            .filter_map(|container| container["name"].as_str().map(str::to_owned))
            .collect()
    };
    let (init, main, ephemeral) = (
        all("initContainers"),
        all("containers"),
        all("ephemeralContainers"),
    );
    match call.parameter(parameter) {
        "" if main.len() == 1 => Ok(main[0].clone()),
        "" => {
            let names = [init, main, ephemeral].concat().join(" ");
            Err(Status::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{names}]"
            )))
        }
        given
            if [&init, &main, &ephemeral]
                .iter()
                .any(|list| list.iter().any(|one| one == given)) =>
        {
            Ok(given.to_owned())
        }
        given => Err(Status::bad_request(format!(
            "container {given} is not valid for pod {name}"
        ))),
    }
}

/// Streams a container's log.
pub(super) fn answer(cluster: &Cluster, call: &Call, name: &str) -> Result<Response, Status> {
    let options = options(cluster, call, name)?;
    let pod = cluster
        .store
        .get(&Key::new(call.resource, call.namespace.clone(), name))?;
    let pod = pod.ok_or_else(|| Status::not_found(call.resource, name))?;
    let container = container(call, &pod, name, "container")?;
    if pod["spec"]["nodeName"].as_str().unwrap_or_default().is_empty() {
        // Not scheduled yet: there is nothing to read.
        return Ok(http::StatusCode::NO_CONTENT.into_response());
    }
    let previous = options.previous;
    let Some(lines) = logs::read(cluster, &pod, &container, options) else {
        let reason = if previous {
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

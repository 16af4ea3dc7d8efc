//! Serves lists: whole, in chunks, current or of an earlier version ([resource
//! versions](https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list)).

use std::sync::Arc;

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::field::FieldError;
use crate::api::query::number_error;
use crate::api::selector::Selector;
use crate::cluster::Cluster;
use crate::http::negotiate::Shape;
use crate::http::status::Status;
use crate::http::{Call, table};
use crate::resource::EVENTS;
use crate::store::StoreError;

/// The content of a `continue` token.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Continue {
    /// The version that is listed; `None` for the newest.
    version: Option<u64>,
    /// The key of the next object, in the order of [`sort_key`], without its leading slash.
    start: String,
}

impl Continue {
    fn write(&self) -> String {
        let version = self.version.map_or_else(|| json!(-1), Value::from);
        let token = json!({"v": "meta.k8s.io/v1", "rv": version, "start": format!("/{}", self.start)});
        URL_SAFE_NO_PAD.encode(token.to_string())
    }

    fn read(text: &str, minor: Option<u16>) -> Result<Self, Status> {
        // Since 1.37 the server says what the key belongs to.
        let what = if minor.is_some_and(|minor| minor < 37) {
            ""
        } else {
            "invalid continue token: "
        };
        let bad = |reason: &str| Status::bad_request(format!("{what}continue key is not valid: {reason}"));
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|error| {
            let at = match error {
                base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                _ => text.len() / 4 * 4,
            };
            bad(&format!("illegal base64 data at input byte {at}"))
        })?;
        let token: Value = serde_json::from_slice(&bytes).map_err(|error| bad(&error.to_string()))?;
        if token["v"] != "meta.k8s.io/v1" {
            let version = token["v"].as_str().unwrap_or_default();
            return Err(bad(&format!(
                "server does not recognize this encoded version {version}"
            )));
        }
        let version = match token["rv"].as_i64() {
            Some(0) | None => {
                return Err(bad(
                    "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
                ));
            }
            Some(version) => u64::try_from(version).ok(),
        };
        let start = token["start"].as_str().unwrap_or_default();
        if start.is_empty() {
            return Err(bad("encoded continue token incorrect"));
        }
        Ok(Self {
            version,
            start: start.trim_start_matches('/').to_owned(),
        })
    }
}

/// Implements `ValidateListOptions` for a list.
fn check(call: &Call) -> Result<(), Status> {
    let query = &call.query;
    let (matched, version) = (query.text("resourceVersionMatch"), query.text("resourceVersion"));
    let mut errors = Vec::new();
    let mut forbid = |field: &str, reason: &str| errors.push(FieldError::forbidden(field, reason));
    if !matched.is_empty() {
        if version.is_empty() {
            forbid(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            );
        }
        if !query.text("continue").is_empty() {
            forbid(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden when continue is provided",
            );
        }
        if !matches!(matched, "Exact" | "NotOlderThan") {
            let allowed = ["Exact", "NotOlderThan", ""];
            errors.push(FieldError::not_supported(
                "resourceVersionMatch",
                matched,
                &allowed,
            ));
        } else if matched == "Exact" && version == "0" {
            forbid(
                "resourceVersionMatch",
                "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
            );
        }
    }
    if query.get("sendInitialEvents").is_some() {
        let reason = "sendInitialEvents is forbidden for list";
        errors.push(FieldError::forbidden("sendInitialEvents", reason));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Status::invalid("ListOptions", "meta.k8s.io", "", &errors))
    }
}

/// Parses the version that a client requests; `None` for the newest or any.
pub(super) fn version(cluster: &Cluster, text: &str) -> Result<Option<u64>, Status> {
    if matches!(text, "" | "0") {
        return Ok(None);
    }
    let version: u64 = text.parse().map_err(|error| {
        let why = number_error(&error);
        Status::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": {why}"
        ))
    })?;
    let current = cluster.store.version();
    if version > current {
        return Err(Status::too_large_version(version, current));
    }
    Ok(Some(version))
}

/// Whether the list has to be of exactly the requested version: with a limit it has, unless the client asks
/// otherwise.
fn wants_exact(matched: &str, limit: i64) -> bool {
    matched == "Exact" || matched.is_empty() && limit > 0
}

/// Answers a list, in pages of `limit` with `continue`.
pub(super) fn answer(cluster: &Cluster, call: &Call) -> Result<Response, Status> {
    call.query.integer("timeoutSeconds")?;
    let limit = call.query.integer("limit")?.unwrap_or(0);
    let selector = selector(call)?;
    check(call)?;
    if call.output.shape == Shape::Metadata {
        return Err(Status::not_acceptable(format!(
            "you requested PartialObjectMetadata, but the requested object is a list (*{}.{})",
            internal_package(call.resource.group),
            call.resource.list_kind
        )));
    }
    let requested_version = version(cluster, call.parameter("resourceVersion"));
    let token = match call.parameter("continue") {
        "" => None,
        text => {
            let token = Continue::read(text, cluster.minor)?;
            if !matches!(call.parameter("resourceVersion"), "" | "0") {
                return Err(Status::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            Some(token)
        }
    };
    let exact = match &token {
        Some(token) => token.version,
        None => requested_version?.filter(|_| wants_exact(call.parameter("resourceVersionMatch"), limit)),
    };
    let namespace = Some(call.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let (all, version) = match exact {
        None => cluster.store.list(call.resource, namespace)?,
        Some(exact) => {
            let listed = cluster.store.list_at(call.resource, namespace, exact);
            (listed.map_err(|error| expired(error, token.as_ref()))?, exact)
        }
    };
    let mut objects = all;
    if let Some(token) = &token {
        objects.retain(|object| sort_key(call, object).as_str() >= token.start.as_str());
    }
    objects.retain(|object| selector.matches(object));
    let mut metadata = json!({"resourceVersion": version.to_string()});
    let limit = match call.parameter("resourceVersion") {
        // "Any version" is served from the cache, which ignores the limit; events have no cache.
        "0" if *call.resource != EVENTS => 0,
        _ => usize::try_from(limit).unwrap_or(0),
    };
    if limit > 0 && objects.len() > limit {
        let next = Continue {
            version: Some(version),
            start: format!("{}\0", sort_key(call, &objects[limit - 1])),
        };
        metadata["continue"] = next.write().into();
        if selector.is_empty() {
            metadata["remainingItemCount"] = (objects.len() - limit).into();
        }
        objects.truncate(limit);
    }
    write(call, &metadata, &objects)
}

/// Returns a list of these objects in the representation that the client accepts.
pub(super) fn write(call: &Call, metadata: &Value, objects: &[Arc<Value>]) -> Result<Response, Status> {
    let resource = call.resource;
    let body = match call.output.shape {
        Shape::Table => {
            let items: Vec<&Value> = objects.iter().map(Arc::as_ref).collect();
            table::of(
                resource,
                &items,
                metadata,
                &call.output,
                table::included(&call.query)?,
            )
        }
        Shape::MetadataList => json!({
            "kind": "PartialObjectMetadataList", "apiVersion": call.output.meta_version(), "metadata": metadata,
            // Go's empty list, which is not the same as no list, exists only for whole objects.
            "items": (!objects.is_empty())
                .then(|| objects.iter().map(|object| table::partial(object, &call.output)).collect::<Vec<Value>>()),
        }),
        Shape::Whole | Shape::Metadata => json!({
            "kind": resource.list_kind, "apiVersion": resource.api_version(), "metadata": metadata,
            "items": objects.iter().map(|object| item(object)).collect::<Vec<Value>>(),
        }),
    };
    Ok(call.output.write(StatusCode::OK, &body))
}

/// Returns 410 with a token that continues at the newest version.
fn expired(error: StoreError, token: Option<&Continue>) -> Status {
    let StoreError::Gone { requested, oldest } = error else {
        return error.into();
    };
    let Some(token) = token else {
        return Status::expired(format!(
            "The resourceVersion for the provided list is too old: {requested} ({oldest})"
        ));
    };
    let mut status = Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    );
    let newest = Continue {
        version: None,
        start: token.start.clone(),
    };
    status.metadata = json!({"continue": newest.write()});
    status
}

/// Returns the Go package of the internal type, as quoted in messages.
pub(super) fn internal_package(group: &str) -> &str {
    match group {
        "" => "core",
        group => group.split('.').next().unwrap_or(group),
    }
}

/// Returns an object as a list item, without `apiVersion` and `kind` where the list implies them.
pub(super) fn item(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.shift_remove("kind");
        members.shift_remove("apiVersion");
    }
    object
}

/// Returns an object's sort key: lists are ordered by namespace and name.
fn sort_key(call: &Call, object: &Value) -> String {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    if call.namespace.is_empty() && call.resource.namespaced {
        format!("{}/{}", text("namespace"), text("name"))
    } else {
        text("name").to_owned()
    }
}

pub(super) fn selector(call: &Call) -> Result<Selector, Status> {
    Selector::parse(
        call.resource,
        call.parameter("labelSelector"),
        call.parameter("fieldSelector"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_pins_version() {
        assert!(wants_exact("Exact", 0));
        assert!(wants_exact("", 2));
        assert!(!wants_exact("", 0));
        assert!(!wants_exact("NotOlderThan", 2));
    }

    #[test]
    fn continue_token_encodes_next_key() {
        let token = Continue {
            version: Some(7),
            start: "beta\0".to_owned(),
        };
        assert_eq!(Continue::read(&token.write(), None).unwrap(), token);
        assert!(Continue::read("ab!", None).is_err());
        assert!(Continue::read("e30", None).is_err());
    }
}

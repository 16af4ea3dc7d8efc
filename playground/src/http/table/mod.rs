//! Builds Tables and partial metadata, which `kubectl get` requests for its columns ([receiving resources as
//! Tables](https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables)).

mod cells;
mod columns;
mod pod;
mod service;
mod storage;
mod time;

use serde_json::{Value, json};

use crate::api::query::Query;
use crate::http::negotiate::Output;
use crate::http::status::Status;
use crate::resource::Resource;

/// How much of its object a row includes: `includeObject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Included {
    /// Nothing.
    None,
    /// Its metadata.
    Metadata,
    /// The whole object.
    Object,
}

/// Parses `includeObject`.
pub(super) fn included(query: &Query) -> Result<Included, Status> {
    match query.text("includeObject") {
        "" | "Metadata" => Ok(Included::Metadata),
        "Object" => Ok(Included::Object),
        "None" => Ok(Included::None),
        other => Err(Status::bad_request(format!(
            "Unable to convert to Table as requested: includeObject: Invalid value: \"{other}\": must be 'Metadata', 'Object', 'None', or empty"
        ))),
    }
}

/// Returns the metadata only.
pub(super) fn partial(object: &Value, output: &Output) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": output.meta_version(), "metadata": object["metadata"],
    })
}

/// Returns the objects as rows.
pub(super) fn of(
    resource: &Resource,
    objects: &[&Value],
    metadata: &Value,
    output: &Output,
    included: Included,
) -> Value {
    let columns = columns::of(resource);
    let definitions: Vec<Value> = columns.iter().map(columns::Column::definition).collect();
    let now = jiff::Timestamp::now();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let cells: Vec<Value> = columns
                .iter()
                .map(|column| cells::cell(resource, object, column.name, now))
                .collect();
            let carried = match included {
                Included::None => Value::Null,
                Included::Metadata => partial(object, output),
                Included::Object => (*object).clone(),
            };
            let mut row = json!({"cells": cells, "object": carried});
            if let Some(conditions) = cells::conditions(object) {
                row["conditions"] = conditions;
            }
            row
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": output.meta_version(), "metadata": metadata,
        "columnDefinitions": definitions, "rows": rows,
    })
}

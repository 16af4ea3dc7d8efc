//! Schemas of the served types, compiled from the API server's OpenAPI v3 documents.

use std::collections::HashMap;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::resource::Resource;

/// The two documents as served by a 1.37 API server, gzipped.
const CORE: &[u8] = include_bytes!("../../../openapi/openapi-v3-api-v1.json.gz");
const BATCH: &[u8] = include_bytes!("../../../openapi/openapi-v3-batch-v1.json.gz");

/// How the items of a list are identified for field management and server-side apply
/// (`x-kubernetes-list-type`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// The list is a single value.
    Atomic,
    /// Each item is its own key.
    Set,
    /// These members of an item are its key.
    Map(Vec<String>),
}

/// The type of a field.
#[derive(Clone, Debug)]
pub enum Type {
    /// A struct, by the name of its schema.
    Struct(String),
    /// A map from strings.
    Map(Box<Schema>),
    /// A list.
    List(Box<Schema>),
    /// A string.
    String,
    /// Base64 text.
    Bytes,
    /// An integer of 32 or 64 bits.
    Integer(u8),
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A resource quantity.
    Quantity,
    /// An integer or a string.
    IntOrString,
    /// A time (RFC 3339).
    Time,
    /// Any value.
    Any,
}

/// A field's type, and how its values are merged.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The type of its values.
    pub holds: Type,
    /// `default` in the OpenAPI document.
    pub default: Option<Value>,
    /// How a list's items are identified.
    pub list: ListKind,
    /// Whether an object or map is owned as a whole (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
    /// `x-kubernetes-patch-merge-key`, if a strategic merge patch merges the list.
    pub merge_key: Option<String>,
    /// Whether a strategic merge patch merges the list (`x-kubernetes-patch-strategy`).
    pub merges: bool,
}

/// The fields of one struct.
#[derive(Debug)]
pub struct Struct {
    /// Field names and types.
    pub fields: HashMap<String, Schema>,
    /// Fields that are always present.
    pub required: Vec<String>,
    /// The struct's name in Go, such as `JobSpec`.
    pub name: String,
}

static DOCUMENTS: LazyLock<[Value; 2]> = LazyLock::new(|| [inflate(CORE), inflate(BATCH)]);

static STRUCTS: LazyLock<HashMap<String, Struct>> = LazyLock::new(|| {
    let mut structs = HashMap::new();
    for document in DOCUMENTS.iter() {
        let Some(schemas) = document["components"]["schemas"].as_object() else {
            continue;
        };
        for (name, schema) in schemas {
            if let Some(properties) = schema["properties"].as_object() {
                let fields = properties
                    .iter()
                    .map(|(field, schema)| (field.clone(), compile(schema)))
                    .collect();
                let required = schema["required"].as_array().into_iter().flatten();
                let required = required
                    .filter_map(|one| one.as_str().map(str::to_owned))
                    .collect();
                let short = name.rsplit('.').next().unwrap_or(name).to_owned();
                structs.insert(
                    name.clone(),
                    Struct {
                        fields,
                        required,
                        name: short,
                    },
                );
            }
        }
    }
    structs
});

static ROOTS: LazyLock<HashMap<&'static str, Schema>> = LazyLock::new(|| {
    crate::resource::ALL
        .iter()
        .filter(|resource| STRUCTS.contains_key(resource.schema))
        .map(|resource| (resource.schema, structure(resource.schema)))
        .collect()
});

/// Parses a gzipped document. The documents are embedded at build time and covered by a test, so an
/// unreadable one is a bug; it is treated as empty, and objects are then kept as sent.
fn inflate(bytes: &[u8]) -> Value {
    let mut text = String::new();
    match GzDecoder::new(bytes).read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(error) => {
            tracing::error!(%error, "failed to read an embedded OpenAPI document");
            Value::Null
        }
    }
}

/// Returns the OpenAPI v3 document of `api/v1` or `apis/batch/v1`.
pub fn document(path: &str) -> Option<&'static Value> {
    match path {
        "api/v1" => Some(&DOCUMENTS[0]),
        "apis/batch/v1" => Some(&DOCUMENTS[1]),
        _ => None,
    }
}

/// Returns a field's description; empty if there is none.
pub fn description(schema: &str, field: &str) -> String {
    let found = DOCUMENTS.iter().find_map(|document| {
        document["components"]["schemas"][schema]["properties"][field]["description"].as_str()
    });
    found.unwrap_or_default().to_owned()
}

/// Returns the schema of a resource's objects, if the documents contain it.
pub fn schema_of(resource: &Resource) -> Option<&'static Schema> {
    ROOTS.get(resource.schema)
}

impl Schema {
    /// Returns the struct, if the type is one.
    pub fn structure(&self) -> Option<&'static Struct> {
        match &self.holds {
            Type::Struct(name) => STRUCTS.get(name),
            _ => None,
        }
    }

    /// Returns the schema of a member: a field of a struct, or a value of a map.
    pub fn member(&self, name: &str) -> Option<&Schema> {
        match &self.holds {
            Type::Struct(of) => STRUCTS.get(of)?.fields.get(name),
            Type::Map(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the schema of a list's items.
    pub fn item(&self) -> Option<&Schema> {
        match &self.holds {
            Type::List(item) => Some(item),
            _ => None,
        }
    }

    /// Returns the type's name in Go.
    pub fn go_type(&self) -> String {
        match &self.holds {
            Type::Struct(name) => {
                let mut parts = name.rsplit('.');
                let (kind, version) = (parts.next().unwrap_or(name), parts.next().unwrap_or("v1"));
                format!("{version}.{kind}")
            }
            Type::Map(value) if matches!(value.holds, Type::Quantity) => "v1.ResourceList".into(),
            Type::Map(value) => format!("map[string]{}", value.go_type()),
            Type::List(item) => format!("[]{}", item.go_type()),
            Type::String | Type::Time | Type::Quantity | Type::Any => "string".into(),
            Type::Bytes => "[]uint8".into(),
            Type::Integer(bits) => format!("int{bits}"),
            Type::Number => "float64".into(),
            Type::Boolean => "bool".into(),
            Type::IntOrString => "int32".into(),
        }
    }
}

/// Returns the zero value of a type as Go serializes it: structs that are not pointers, and lists without
/// `omitempty` as null.
pub fn zero(schema: &Schema) -> Value {
    let Some(structure) = schema.structure() else {
        return Value::Null;
    };
    let mut members = serde_json::Map::new();
    for (name, field) in &structure.fields {
        let is_struct = field.structure().is_some() && field.default.as_ref().is_some_and(Value::is_object);
        if is_struct {
            members.insert(name.clone(), zero(field));
        } else if structure.required.contains(name) && matches!(field.holds, Type::List(_)) {
            members.insert(name.clone(), Value::Null);
        }
    }
    members.into()
}

fn structure(name: &str) -> Schema {
    Schema {
        holds: Type::Struct(name.to_owned()),
        default: None,
        list: ListKind::Atomic,
        atomic: false,
        merge_key: None,
        merges: false,
    }
}

fn reference(schema: &Value) -> Option<&str> {
    let reference = schema["$ref"]
        .as_str()
        .or_else(|| schema["allOf"][0]["$ref"].as_str())?;
    reference.strip_prefix("#/components/schemas/")
}

fn compile(schema: &Value) -> Schema {
    let holds = match reference(schema) {
        Some(name) => match name.rsplit('.').next() {
            Some("Quantity") => Type::Quantity,
            Some("IntOrString") => Type::IntOrString,
            Some("Time" | "MicroTime") => Type::Time,
            Some("FieldsV1" | "RawExtension" | "Patch") => Type::Any,
            _ => Type::Struct(name.to_owned()),
        },
        None => match (schema["type"].as_str(), schema["format"].as_str()) {
            (Some("string"), Some("byte")) => Type::Bytes,
            (Some("string"), Some("date-time")) => Type::Time,
            (Some("string"), _) => Type::String,
            (Some("integer"), Some("int64")) => Type::Integer(64),
            (Some("integer"), _) => Type::Integer(32),
            (Some("number"), _) => Type::Number,
            (Some("boolean"), _) => Type::Boolean,
            (Some("array"), _) => Type::List(Box::new(compile(&schema["items"]))),
            (Some("object"), _) if schema["additionalProperties"].is_object() => {
                Type::Map(Box::new(compile(&schema["additionalProperties"])))
            }
            _ => Type::Any,
        },
    };
    let list = match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => ListKind::Set,
        Some("map") => ListKind::Map(
            schema["x-kubernetes-list-map-keys"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|key| key.as_str().map(str::to_owned))
                .collect(),
        ),
        _ => ListKind::Atomic,
    };
    let strategy = schema["x-kubernetes-patch-strategy"].as_str().unwrap_or_default();
    let of_reference = |member: &str| {
        reference(schema).and_then(|name| {
            DOCUMENTS
                .iter()
                .map(|document| &document["components"]["schemas"][name][member])
                .find(|value| !value.is_null())
        })
    };
    Schema {
        holds,
        default: schema.get("default").cloned(),
        list,
        atomic: schema["x-kubernetes-map-type"] == "atomic"
            || of_reference("x-kubernetes-map-type").is_some_and(|value| value == "atomic"),
        merge_key: schema["x-kubernetes-patch-merge-key"].as_str().map(str::to_owned),
        merges: strategy.split(',').any(|one| one == "merge"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_with_a_schema_name_has_a_schema() {
        for resource in crate::resource::ALL.iter().filter(|one| !one.schema.is_empty()) {
            assert!(schema_of(resource).is_some(), "{}", resource.schema);
        }
    }
}

//! Reads a [`Schema`] from OpenAPI documents, version 3 (Kubernetes 1.24 and later) and version 2
//! (`swagger.json`).
//!
//! Only the parts of each definition that describe manifests are kept. Kubernetes' own extensions are interpreted
//! as k8s.io/kube-openapi and apiextensions.k8s.io/v1 `JSONSchemaProps` define them.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::schema::node::{Shape, Type};
use crate::schema::{Kind, Schema};

/// Why a document is not a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// It has no `components.schemas`.
    #[error("not an OpenAPI v3 document: it has no components.schemas")]
    NoSchemas,
    /// It has no `definitions`.
    #[error("not an OpenAPI v2 document: it has no definitions")]
    NoDefinitions,
    /// The bundled schema cannot be read.
    #[error("the bundled schema cannot be read")]
    Bundle,
}

impl Schema {
    /// Reads the documents of one or more API groups (`/openapi/v3/apis/batch/v1` …). Of a definition in several
    /// documents, the first is used.
    ///
    /// # Errors
    /// [`SchemaError::NoSchemas`] if one of them is something else.
    pub fn from_openapi_v3<'a>(documents: impl Iterator<Item = &'a Value>) -> Result<Self, SchemaError> {
        let mut definitions = Definitions::default();
        for document in documents {
            let schemas = document
                .get("components")
                .and_then(|components| components.get("schemas")?.as_object())
                .ok_or(SchemaError::NoSchemas)?;
            definitions.add(schemas);
        }
        Ok(definitions.read())
    }

    /// Reads the single document of a cluster before Kubernetes 1.24 (`/openapi/v2`).
    ///
    /// # Errors
    /// [`SchemaError::NoDefinitions`] if it is something else.
    pub fn from_openapi_v2(document: &Value) -> Result<Self, SchemaError> {
        let schemas = document
            .get("definitions")
            .and_then(Value::as_object)
            .ok_or(SchemaError::NoDefinitions)?;
        let mut definitions = Definitions::default();
        definitions.add(schemas);
        Ok(definitions.read())
    }
}

/// All definitions, each with its index.
#[derive(Default)]
struct Definitions<'a> {
    positions: HashMap<&'a str, usize>,
    found: Vec<(&'a str, &'a Value)>,
}

impl<'a> Definitions<'a> {
    fn add(&mut self, schemas: &'a Map<String, Value>) {
        for (name, schema) in schemas {
            if !self.positions.contains_key(name.as_str()) {
                self.positions.insert(name, self.found.len());
                self.found.push((name, schema));
            }
        }
    }

    fn read(&self) -> Schema {
        let mut kinds = Vec::new();
        let mut shapes = Vec::with_capacity(self.found.len());
        for (position, (name, schema)) in self.found.iter().enumerate() {
            let mut shape = self.shape(schema);
            if name.ends_with(".api.resource.Quantity") {
                shape.kind = Type::Quantity;
            }
            shapes.push(shape);
            // Kinds that belong to every group (`DeleteOptions`) are not kinds of manifests.
            let named = schema
                .get("x-kubernetes-group-version-kind")
                .and_then(Value::as_array);
            if let Some([kind]) = named.map(Vec::as_slice) {
                let text = |key: &str| kind.get(key).and_then(Value::as_str).unwrap_or_default();
                let api_version = match text("group") {
                    "" => text("version").to_owned(),
                    group => format!("{group}/{}", text("version")),
                };
                kinds.push(Kind {
                    api_version,
                    name: text("kind").to_owned(),
                    shape: Some(position),
                });
            }
        }
        kinds.sort_by(|a, b| (&a.api_version, &a.name).cmp(&(&b.api_version, &b.name)));
        Schema { kinds, shapes }
    }

    fn shape(&self, schema: &Value) -> Shape {
        let mut shape = Shape {
            documentation: text(schema, "description"),
            default: schema
                .get("default")
                .filter(|value| !is_zero_value(value))
                .cloned(),
            choices: texts(schema, "enum"),
            required: texts(schema, "required"),
            list_keys: texts(schema, "x-kubernetes-list-map-keys"),
            reference: self.reference(schema),
            open: flag(schema, "x-kubernetes-preserve-unknown-fields"),
            ..Shape::default()
        };
        let members = schema.get("properties").and_then(Value::as_object);
        shape.fields = members
            .into_iter()
            .flatten()
            .map(|(name, field)| (name.clone(), self.shape(field)))
            .collect();
        let item = match schema.get("type").and_then(Value::as_str) {
            Some("array") => schema.get("items"),
            _ => schema
                .get("additionalProperties")
                .filter(|values| values.is_object() && shape.fields.is_empty()),
        };
        shape.item = item.map(|item| Box::new(self.shape(item)));
        shape.kind = kind(schema, &shape);
        shape.open |= shape.kind == Type::Object && shape.fields.is_empty();
        self.join(schema, &mut shape);
        shape
    }

    /// Returns the target of `$ref`, alone or as the only member of `allOf` (which version 3 needs to add a
    /// description).
    fn reference(&self, schema: &Value) -> Option<usize> {
        let pointer = schema.get("$ref").or_else(|| {
            let all = schema.get("allOf")?.as_array()?;
            let [one] = all.as_slice() else { return None };
            one.get("$ref")
        })?;
        let (_, name) = pointer.as_str()?.rsplit_once('/')?;
        self.positions.get(name).copied()
    }

    /// Merges inline members of `allOf`.
    fn join(&self, schema: &Value, shape: &mut Shape) {
        let all = schema.get("allOf").and_then(Value::as_array);
        for part in all
            .into_iter()
            .flatten()
            .filter(|part| part.get("$ref").is_none())
        {
            let part = self.shape(part);
            if shape.kind == Type::Any {
                shape.kind = part.kind;
            }
            shape.fields.extend(part.fields);
            shape.required.extend(part.required);
            shape.item = shape.item.take().or(part.item);
        }
    }
}

/// Returns the type of a definition, considering its extensions.
fn kind(schema: &Value, shape: &Shape) -> Type {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    if format == "int-or-string" || flag(schema, "x-kubernetes-int-or-string") {
        return Type::IntOrString;
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") if shape.item.is_some() => Type::Map,
        Some("object") => Type::Object,
        Some("array") => Type::List,
        Some("string") if format == "date-time" => Type::Time,
        Some("string") if format == "byte" => Type::Bytes,
        Some("string") => Type::String,
        Some("integer") if format == "int32" => Type::Integer32,
        Some("integer") => Type::Integer,
        Some("number") => Type::Number,
        Some("boolean") => Type::Boolean,
        _ if !shape.fields.is_empty() => Type::Object,
        _ => Type::Any,
    }
}

/// Returns whether a default is only Go's zero value.
fn is_zero_value(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn text(schema: &Value, key: &str) -> String {
    schema
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn texts(schema: &Value, key: &str) -> Vec<String> {
    let items = schema.get(key).and_then(Value::as_array);
    let texts = items.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

fn flag(schema: &Value, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

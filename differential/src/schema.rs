//! The types of a Job's fields, from the OpenAPI document of a server.

#[cfg(test)]
use std::io::Read;

use serde_json::Value;

/// The OpenAPI v3 definitions of `batch/v1`.
pub struct Schema {
    definitions: Value,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// An object with named fields.
    Object,
    /// An object with keys of the user's choice.
    Map,
    /// A list.
    List,
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A quantity such as `500m`.
    Quantity,
    /// A port's number or name.
    IntOrString,
    /// A point in time.
    Time,
    /// Anything.
    Any,
}

/// A place in the schema.
#[derive(Clone, Copy)]
pub struct Node<'s> {
    schema: &'s Schema,
    /// Name of the definition, such as `io.k8s.api.core.v1.Container`.
    name: Option<&'s str>,
    value: &'s Value,
}

impl Schema {
    /// Returns the schema of the newest supported Kubernetes, as the playground serves it.
    #[cfg(test)]
    pub fn bundled() -> Self {
        let mut text = String::new();
        let read = flate2::read::GzDecoder::new(
            include_bytes!("../../playground/openapi/openapi-v3-batch-v1.json.gz").as_slice(),
        )
        .read_to_string(&mut text);
        assert!(read.is_ok(), "the bundled schema is compressed text");
        Self::from_document(&serde_json::from_str(&text).unwrap_or_default())
    }

    /// Reads the document that a server returns for `/openapi/v3/apis/batch/v1`, or for `/openapi/v2`.
    pub fn from_document(document: &Value) -> Self {
        let version_3 = &document["components"]["schemas"];
        let definitions = if version_3.is_null() {
            &document["definitions"]
        } else {
            version_3
        };
        Self {
            definitions: definitions.clone(),
        }
    }

    /// Removes the fields of a Job that the schema does not have.
    pub fn prune(&self, job: &mut Value) {
        prune(job, self.job());
    }

    /// Returns the definition of a Job.
    pub fn job(&self) -> Node<'_> {
        self.node(&self.definitions["io.k8s.api.batch.v1.Job"])
    }

    fn node<'s>(&'s self, mut value: &'s Value) -> Node<'s> {
        let mut name = None;
        loop {
            // A reference with a default or a description is wrapped.
            if let Some(only) = value["allOf"].as_array().filter(|all| all.len() == 1) {
                value = &only[0];
            }
            let Some(reference) = value["$ref"].as_str() else {
                break;
            };
            name = reference.rsplit('/').next();
            value = &self.definitions[name.unwrap_or_default()];
        }
        Node {
            schema: self,
            name,
            value,
        }
    }
}

fn prune(value: &mut Value, node: Node<'_>) {
    match (node.kind(), value) {
        (Type::Object, Value::Object(map)) => {
            map.retain(|key, _| node.field(key).is_some());
            for (key, value) in map {
                if let Some(field) = node.field(key) {
                    prune(value, field);
                }
            }
        }
        (Type::List, Value::Array(items)) => items.iter_mut().for_each(|item| prune(item, node.item())),
        (Type::Map, Value::Object(map)) => map.values_mut().for_each(|value| prune(value, node.item())),
        _ => {}
    }
}

impl<'s> Node<'s> {
    /// Returns the type.
    pub fn kind(&self) -> Type {
        match self.name.and_then(|name| name.rsplit('.').next()) {
            Some("Quantity") => return Type::Quantity,
            Some("IntOrString") => return Type::IntOrString,
            Some("Time" | "MicroTime") => return Type::Time,
            _ => {}
        }
        match self.value["type"].as_str() {
            Some("object") if self.value["properties"].is_object() => Type::Object,
            Some("object") if self.value["additionalProperties"].is_object() => Type::Map,
            Some("array") => Type::List,
            Some("string") => Type::Text,
            Some("integer" | "number") => Type::Number,
            Some("boolean") => Type::Boolean,
            _ => Type::Any,
        }
    }

    /// Returns the fields of an object.
    pub fn fields(&self) -> impl Iterator<Item = (&'s str, Node<'s>)> + use<'s> {
        let schema = self.schema;
        let fields = self.value["properties"].as_object();
        fields
            .into_iter()
            .flatten()
            .map(move |(name, field)| (name.as_str(), schema.node(field)))
    }

    /// Returns a field of an object.
    pub fn field(&self, name: &str) -> Option<Node<'s>> {
        Some(self.schema.node(self.value["properties"].get(name)?))
    }

    /// Returns the type of a list's items, or of a map's values.
    pub fn item(&self) -> Node<'s> {
        let item = if self.kind() == Type::Map {
            "additionalProperties"
        } else {
            "items"
        };
        self.schema.node(&self.value[item])
    }

    /// Whether an object requires a field.
    pub fn requires(&self, name: &str) -> bool {
        let required = self.value["required"].as_array();
        required.into_iter().flatten().any(|field| field == name)
    }

    /// Returns the values that the schema allows; empty if it does not say.
    pub fn choices(&self) -> &'s [Value] {
        self.value["enum"].as_array().map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_a_job_are_known() {
        let schema = Schema::bundled();
        let spec = schema.job().field("spec").unwrap();
        assert_eq!(spec.kind(), Type::Object);
        assert!(spec.requires("template"));
        let pod = spec.field("template").unwrap().field("spec").unwrap();
        let container = pod.field("containers").unwrap().item();
        let limits = container.field("resources").unwrap().field("limits").unwrap();
        assert_eq!((limits.kind(), limits.item().kind()), (Type::Map, Type::Quantity));
        assert_eq!(pod.field("nodeSelector").unwrap().item().kind(), Type::Text);
        assert!(!container.field("imagePullPolicy").unwrap().choices().is_empty());
    }
}

//! The value of a document as Kubernetes reads it: a JSON value, with aliases and merge keys resolved.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::yaml::scalar;
use crate::yaml::tree::{Kind, NodeId, Style, Tree};

/// Maximum number of nodes of a document once its aliases are expanded: stops the "billion laughs" attack.
pub(crate) const MAX_NODES: usize = 250_000;

/// Why a document that parses has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValueError {
    pub code: &'static str,
    pub node: NodeId,
    pub range: Range<usize>,
    /// The source of the key, alias or scalar.
    pub subject: String,
}

/// The value of a document that parses.
pub(crate) struct Reading {
    /// The value; of duplicate keys the last one is used, as by the API server.
    pub value: Value,
    /// The duplicate keys.
    pub repeated: Vec<ValueError>,
}

/// Reads the value of a node. `json` returns whether the text is JSON, in which `2.0` is not an integer.
pub(crate) fn value(tree: &Tree, root: NodeId, json: impl Fn() -> bool) -> Result<Reading, ValueError> {
    let mut reader = Reader {
        tree,
        json,
        nodes: 0,
        within: Vec::new(),
        repeated: Vec::new(),
    };
    let value = reader.read(root)?;
    Ok(Reading {
        value,
        repeated: reader.repeated,
    })
}

struct Reader<'a, F> {
    tree: &'a Tree,
    json: F,
    repeated: Vec<ValueError>,
    nodes: usize,
    /// Anchored nodes being read: an alias to one of them would be infinite.
    within: Vec<NodeId>,
}

impl<F: Fn() -> bool> Reader<'_, F> {
    fn error(&self, code: &'static str, id: NodeId, subject: impl Into<String>) -> ValueError {
        ValueError {
            code,
            node: id,
            range: self.tree.node(id).range.clone(),
            subject: subject.into(),
        }
    }

    fn read(&mut self, id: NodeId) -> Result<Value, ValueError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            // Without aliases no node is read twice.
            let code = if self.tree.nodes.len() > MAX_NODES {
                "yaml.values"
            } else {
                "yaml.alias.expansion"
            };
            return Err(self.error(code, id, ""));
        }
        let node = self.tree.node(id);
        if node.aliased {
            self.within.push(id);
        }
        let value = match &node.kind {
            Kind::Scalar { style, .. } => {
                self.scalar(id, self.tree.text(node).unwrap_or_default(), *style)?
            }
            Kind::Alias { target: None } => return Err(self.error("yaml.alias.unknown", id, "")),
            Kind::Alias { target: Some(target) } if self.within.contains(target) => {
                return Err(self.error("yaml.alias.cycle", id, ""));
            }
            Kind::Alias { target: Some(target) } => self.read(*target)?,
            Kind::Sequence { items, .. } => Value::Array(
                items
                    .iter()
                    .map(|item| self.read(*item))
                    .collect::<Result<_, _>>()?,
            ),
            Kind::Mapping { pairs, .. } => Value::Object(self.mapping(pairs)?),
        };
        if node.aliased {
            self.within.pop();
        }
        Ok(value)
    }

    fn scalar(&self, id: NodeId, text: &str, style: Style) -> Result<Value, ValueError> {
        let unreadable = || self.error("yaml.scalar", id, text);
        let source = || &self.tree.source[self.tree.node(id).range.clone()];
        if text.contains(scalar::is_hidden_break)
            && source().contains(scalar::is_hidden_break)
            && !(self.json)()
        {
            return Err(self.error("yaml.break", id, text));
        }
        match self.tree.node(id).tag.as_deref() {
            None if style == Style::Plain => match scalar::resolve(text).ok_or_else(unreadable)? {
                // YAML's floats become integers where they are whole; JSON's are unchanged.
                Value::Number(number) if text.contains(['.', 'e', 'E']) && (self.json)() => {
                    let float = text.parse().ok().and_then(serde_json::Number::from_f64);
                    Ok(Value::Number(float.unwrap_or(number)))
                }
                value => Ok(value),
            },
            Some(tag) if tag != "!" => scalar::resolve_tagged(tag, text).ok_or_else(unreadable),
            _ => {
                if style == Style::DoubleQuoted && scalar::has_escaped_surrogate(source()) && !(self.json)() {
                    return Err(unreadable());
                }
                Ok(Value::String(text.to_owned()))
            }
        }
    }

    /// Reads a mapping. Merged keys come first unless the mapping overrides them; of several merges the earlier
    /// wins.
    fn mapping(&mut self, pairs: &[(NodeId, NodeId)]) -> Result<Map<String, Value>, ValueError> {
        let mut own = Map::new();
        let mut merged = Map::new();
        for (key, value) in pairs {
            if is_merge(self.tree, *key) {
                self.merge(*value, &mut merged)?;
                continue;
            }
            let name = self.key(*key)?;
            let value = self.read(*value)?;
            if let Some(before) = own.get_mut(&name) {
                *before = value;
                let repeated = self.error("yaml.key.duplicate", *key, name);
                self.repeated.push(repeated);
            } else {
                own.insert(name, value);
            }
        }
        for (name, value) in merged {
            own.entry(name).or_insert(value);
        }
        Ok(own)
    }

    fn merge(&mut self, id: NodeId, into: &mut Map<String, Value>) -> Result<(), ValueError> {
        let merges = match self.read(id)? {
            Value::Object(map) => vec![Value::Object(map)],
            Value::Array(items) => items,
            _ => return Err(self.error("yaml.merge", id, "")),
        };
        for merge in merges {
            let Value::Object(map) = merge else {
                return Err(self.error("yaml.merge", id, ""));
            };
            for (name, value) in map {
                into.entry(name).or_insert(value);
            }
        }
        Ok(())
    }

    /// Returns the text of a key that is an infinite number, or none. As a value it has no JSON.
    fn infinite(&self, id: NodeId) -> Option<String> {
        let node = self.tree.node(id);
        let is_plain = matches!(
            node.kind,
            Kind::Scalar {
                style: Style::Plain,
                ..
            }
        );
        let text = self.tree.text(node).filter(|_| is_plain && node.tag.is_none())?;
        if scalar::resolve(text).is_some() {
            return None;
        }
        let lower = text.to_ascii_lowercase();
        Some(lower.strip_prefix('+').unwrap_or(&lower).to_owned())
    }

    /// Converts a key to a string as sigs.k8s.io/yaml does: `on: 1` is `{"true": 1}`.
    fn key(&mut self, id: NodeId) -> Result<String, ValueError> {
        if let Some(key) = self.infinite(id) {
            return Ok(key);
        }
        match self.read(id)? {
            Value::String(text) => Ok(text),
            Value::Bool(value) => Ok(value.to_string()),
            Value::Number(value) => Ok(value.to_string()),
            _ => Err(self.error("yaml.key", id, "")),
        }
    }
}

/// Returns whether it is a plain `<<`.
pub(crate) fn is_merge(tree: &Tree, key: NodeId) -> bool {
    let node = tree.node(key);
    matches!(
        node.kind,
        Kind::Scalar {
            style: Style::Plain,
            ..
        }
    ) && tree.text(node) == Some("<<")
}

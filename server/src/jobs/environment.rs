//! The environment of a Job's containers: where each variable's value comes from. Values of Secrets are never read.

use std::collections::HashMap;

use serde_json::Value;

use app::api::job::{ContainerEnvironment, Variable, VariableSource};
use app::foreign_text::visible;

/// The `ConfigMap`s that could be read: keys and values by name.
pub type ConfigMaps = HashMap<String, Vec<(String, String)>>;

/// Returns the names of the `ConfigMap`s that the containers read values from.
pub fn config_maps(spec: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = containers(spec)
        .flat_map(|(container, _)| {
            let keys = items(&container["env"]).map(|variable| &variable["valueFrom"]["configMapKeyRef"]);
            let all = items(&container["envFrom"]).map(|source| &source["configMapRef"]);
            keys.chain(all).filter_map(|reference| reference["name"].as_str())
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns the environment of each container of a Pod template's `spec`, init containers first.
pub fn of(spec: &Value, config_maps: &ConfigMaps) -> Vec<ContainerEnvironment> {
    containers(spec)
        .map(|(container, init)| ContainerEnvironment {
            container: text(&container["name"]),
            init,
            // `env` overrides `envFrom`, so it comes last, as in the container.
            variables: items(&container["envFrom"])
                .flat_map(|source| whole(source, config_maps))
                .chain(items(&container["env"]).map(|variable| single(variable, config_maps)))
                .collect(),
        })
        .collect()
}

fn containers(spec: &Value) -> impl Iterator<Item = (&Value, bool)> {
    let of = |field: &str, init| items(&spec[field]).map(move |container| (container, init));
    of("initContainers", true).chain(of("containers", false))
}

/// Reads one entry of `env`.
fn single(variable: &Value, config_maps: &ConfigMaps) -> Variable {
    let from = &variable["valueFrom"];
    let source = if let Some(reference) = from.get("configMapKeyRef") {
        let (name, key) = (text(&reference["name"]), text(&reference["key"]));
        let value = config_maps
            .get(&name)
            .and_then(|entries| entries.iter().find(|(known, _)| *known == key))
            .map(|(_, value)| value.clone());
        VariableSource::ConfigMap { name, key, value }
    } else if let Some(reference) = from.get("secretKeyRef") {
        VariableSource::Secret {
            name: text(&reference["name"]),
            key: text(&reference["key"]),
        }
    } else if let Some(reference) = from.get("fieldRef") {
        VariableSource::Field {
            path: text(&reference["fieldPath"]),
        }
    } else if let Some(reference) = from.get("resourceFieldRef") {
        VariableSource::Resource {
            resource: text(&reference["resource"]),
        }
    } else {
        VariableSource::Value {
            value: text(&variable["value"]),
        }
    };
    Variable {
        name: text(&variable["name"]),
        source,
    }
}

/// Reads one entry of `envFrom`: all keys of an object, each with the prefix.
fn whole(source: &Value, config_maps: &ConfigMaps) -> Vec<Variable> {
    let prefix = text(&source["prefix"]);
    if let Some(reference) = source.get("secretRef") {
        let name = text(&reference["name"]);
        return vec![Variable {
            name: prefix,
            source: VariableSource::Secret {
                name,
                key: String::new(),
            },
        }];
    }
    let name = text(&source["configMapRef"]["name"]);
    let Some(entries) = config_maps.get(&name) else {
        let source = VariableSource::ConfigMap {
            name,
            key: String::new(),
            value: None,
        };
        return vec![Variable { name: prefix, source }];
    };
    entries
        .iter()
        .map(|(key, value)| Variable {
            name: format!("{prefix}{key}"),
            source: VariableSource::ConfigMap {
                name: name.clone(),
                key: key.clone(),
                value: Some(value.clone()),
            },
        })
        .collect()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    visible(value.as_str().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_variable_sources_are_listed_and_no_secret_is_read() {
        let spec = json!({
            "initContainers": [{"name": "init", "envFrom": [{"secretRef": {"name": "keys"}, "prefix": "K_"}]}],
            "containers": [{
                "name": "pi",
                "envFrom": [{"configMapRef": {"name": "settings"}, "prefix": "S_"}, {"configMapRef": {"name": "gone"}}],
                "env": [
                    {"name": "DIGITS", "value": "2000"},
                    {"name": "EMPTY"},
                    {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
                    {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
                    {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                ],
            }],
        });
        assert_eq!(config_maps(&spec), ["gone", "settings"]);
        let known = ConfigMaps::from([(
            "settings".to_owned(),
            vec![("mode".to_owned(), "fast".to_owned())],
        )]);
        insta::assert_json_snapshot!(of(&spec, &known));
    }
}

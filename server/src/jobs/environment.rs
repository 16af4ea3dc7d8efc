//! The environment of a Job's containers: where each variable's value comes from. Values of Secrets are never read.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use k8s_rules::machinery::expansion;
use serde_json::Value;

use app::api::job::{ContainerEnvironment, MissingSource, Variable, VariableSource};
use app::foreign_text::visible;

/// The `ConfigMap`s that could be read: keys and values by name; `None` for those that do not exist.
pub type ConfigMaps = HashMap<String, Option<Vec<(String, String)>>>;

/// Variable that the Job controller adds to the containers of an Indexed Job that do not have it.
const INDEX: &str = "JOB_COMPLETION_INDEX";

/// Field of the Pod that its value comes from. Kubernetes before 1.28 uses the annotation of the same name.
const INDEX_FIELD: &str = "metadata.labels['batch.kubernetes.io/job-completion-index']";

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

/// Returns the environment of each container of a Job, init containers first, in the order in which the kubelet sets the
/// variables: of one name, the last counts (kubelet, `makeEnvironmentVariables`).
pub fn of(job: &Value, config_maps: &ConfigMaps) -> Vec<ContainerEnvironment> {
    let is_indexed = job["spec"]["completionMode"] == "Indexed";
    containers(&job["spec"]["template"]["spec"])
        .map(|(container, init)| {
            let mut variables: Vec<Variable> = items(&container["envFrom"])
                .flat_map(|source| whole(source, config_maps))
                .collect();
            for variable in items(&container["env"]) {
                let variable = single(variable, config_maps, &variables);
                variables.push(variable);
            }
            if is_indexed && items(&container["env"]).all(|variable| variable["name"] != INDEX) {
                let path = INDEX_FIELD.to_owned();
                variables.push(variable(INDEX.to_owned(), VariableSource::Field { path }));
            }
            mark_overridden(&mut variables);
            ContainerEnvironment {
                container: text(&container["name"]),
                init,
                variables,
            }
        })
        .collect()
}

fn variable(name: String, source: VariableSource) -> Variable {
    Variable {
        name,
        source,
        overridden: false,
    }
}

/// Marks the variables that a later one of the same name replaces.
fn mark_overridden(variables: &mut [Variable]) {
    let mut later = HashSet::new();
    for variable in variables.iter_mut().rev() {
        // Of a whole object the names are not known, and what is not set replaces nothing.
        if variable.source.is_whole() || !variable.source.is_set() {
            continue;
        }
        variable.overridden = !later.insert(variable.name.clone());
    }
}

fn containers(spec: &Value) -> impl Iterator<Item = (&Value, bool)> {
    let of = |field: &str, init| items(&spec[field]).map(move |container| (container, init));
    of("initContainers", true).chain(of("containers", false))
}

/// Reads one entry of `env`, which may refer to the variables `before` it.
fn single(entry: &Value, config_maps: &ConfigMaps, before: &[Variable]) -> Variable {
    let from = &entry["valueFrom"];
    let source = if let Some(reference) = from.get("configMapKeyRef") {
        let (name, key) = (text(&reference["name"]), text(&reference["key"]));
        let read = config_maps.get(&name);
        let entries = read.and_then(Option::as_ref);
        let value = entries
            .and_then(|entries| entries.iter().find(|(known, _)| *known == key))
            .map(|(_, value)| value.clone());
        let missing = (read.is_some() && value.is_none()).then(|| missing(reference));
        VariableSource::ConfigMap {
            name,
            key,
            value,
            missing,
        }
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
        let written = entry["value"].as_str().unwrap_or_default();
        VariableSource::Value {
            value: text(&entry["value"]),
            expanded: expanded(written, before),
        }
    };
    variable(text(&entry["name"]), source)
}

/// Returns a value with its variable references expanded; `None` if it has none, or one whose value is not known here.
fn expanded(value: &str, before: &[Variable]) -> Option<String> {
    let last = |name: &str| {
        let is_set = |variable: &&Variable| variable.name == name && variable.source.is_set();
        before.iter().rev().find(is_set)
    };
    // Any key may be in it.
    let is_certain = !before.iter().any(|variable| variable.source.is_whole());
    for name in expansion::references(value) {
        match last(name) {
            Some(variable) => variable.source.value()?,
            None if is_certain => continue,
            None => return None,
        };
    }
    let expanded = expansion::expand(value, |name| last(name)?.source.value().map(Cow::Borrowed));
    (expanded != value).then(|| visible(&expanded).into_owned())
}

fn missing(reference: &Value) -> MissingSource {
    if reference["optional"] == true {
        MissingSource::Skipped
    } else {
        MissingSource::Required
    }
}

/// Reads one entry of `envFrom`: all keys of an object, each with the prefix.
fn whole(source: &Value, config_maps: &ConfigMaps) -> Vec<Variable> {
    let prefix = text(&source["prefix"]);
    if let Some(reference) = source.get("secretRef") {
        let (name, key) = (text(&reference["name"]), String::new());
        return vec![variable(prefix, VariableSource::Secret { name, key })];
    }
    let reference = &source["configMapRef"];
    let name = text(&reference["name"]);
    let read = config_maps.get(&name);
    let Some(Some(entries)) = read else {
        let source = VariableSource::ConfigMap {
            name,
            key: String::new(),
            value: None,
            missing: read.map(|_| missing(reference)),
        };
        return vec![variable(prefix, source)];
    };
    let of_key = |(key, value): &(String, String)| {
        let source = VariableSource::ConfigMap {
            name: name.clone(),
            key: key.clone(),
            value: Some(value.clone()),
            missing: None,
        };
        variable(format!("{prefix}{key}"), source)
    };
    entries.iter().map(of_key).collect()
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
            Some(vec![("mode".to_owned(), "fast".to_owned())]),
        )]);
        let job = json!({"spec": {"template": {"spec": spec}}});
        insta::assert_json_snapshot!(of(&job, &known));
    }

    fn values(job: &Value, known: &ConfigMaps) -> Vec<(String, Option<String>, bool)> {
        let container = of(job, known).pop().unwrap();
        let shown = |variable: Variable| {
            let value = variable.source.value().map(str::to_owned);
            (variable.name, value, variable.overridden)
        };
        container.variables.into_iter().map(shown).collect()
    }

    /// What counts in the container, by the order of the kubelet.
    #[test]
    fn later_variables_override_and_missing_ones_do_not() {
        let map = |pairs: &[(&str, &str)]| {
            let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            Some(pairs.iter().map(owned).collect())
        };
        let known = ConfigMaps::from([
            ("one".to_owned(), map(&[("A", "1"), ("B", "1"), ("C", "1")])),
            ("two".to_owned(), map(&[("A", "2")])),
            ("gone".to_owned(), None),
        ]);
        let job = json!({"spec": {"completionMode": "Indexed", "template": {"spec": {"containers": [{
            "name": "main",
            "envFrom": [{"configMapRef": {"name": "one"}}, {"configMapRef": {"name": "two"}}],
            "env": [
                {"name": "B", "value": "mine"},
                {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "c", "optional": true}}},
                {"name": "D", "value": "x"},
                {"name": "D", "value": "y"},
            ],
        }]}}}});
        let set = |name: &str, value: &str, overridden| (name.to_owned(), Some(value.to_owned()), overridden);
        assert_eq!(
            values(&job, &known),
            [
                set("A", "1", true),
                set("B", "1", true),
                set("C", "1", false),
                set("A", "2", false),
                set("B", "mine", false),
                ("C".to_owned(), None, false),
                set("D", "x", true),
                set("D", "y", false),
                ("JOB_COMPLETION_INDEX".to_owned(), None, false),
            ]
        );
    }

    #[test]
    fn references_to_known_variables_are_expanded() {
        let job = |env_from: Value| {
            json!({"spec": {"template": {"spec": {"containers": [{
                "name": "main",
                "envFrom": env_from,
                "env": [
                    {"name": "A", "value": "1"},
                    {"name": "T", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}},
                    {"name": "X", "value": "$(A)-$(M)-$$(A)-$(LATER)"},
                    {"name": "Y", "value": "$(T)"},
                    {"name": "LATER", "value": "$(X)"},
                ],
            }]}}}})
        };
        let known = ConfigMaps::from([("map".to_owned(), Some(vec![("M".to_owned(), "m".to_owned())]))]);
        let value = |env_from: Value, name: &str| {
            let all = values(&job(env_from), &known);
            all.into_iter()
                .find(|(other, ..)| other == name)
                .unwrap()
                .1
                .unwrap()
        };
        let from_map = json!([{"configMapRef": {"name": "map"}}]);
        assert_eq!(value(from_map.clone(), "X"), "1-m-$(A)-$(LATER)");
        assert_eq!(value(from_map.clone(), "LATER"), "1-m-$(A)-$(LATER)");
        assert_eq!(value(from_map, "Y"), "$(T)", "a Secret's value is not known");
        let from_secret = json!([{"secretRef": {"name": "keys"}}]);
        assert_eq!(
            value(from_secret, "X"),
            "$(A)-$(M)-$$(A)-$(LATER)",
            "M may be in the Secret"
        );
    }
}

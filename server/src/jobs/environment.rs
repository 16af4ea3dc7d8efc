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

/// Maximum number of variables of a Job, and of the bytes of their values: a `ConfigMap` may be taken many times.
const MAX_VARIABLES: (usize, usize) = (2_000, 1 << 20);

/// Maximum length of a value whose variable references are expanded, and of the result: values that refer to each other
/// grow exponentially.
const MAX_EXPANDED: usize = 1 << 14;

/// Returns the environment of each container of a Job, init containers first, in the order in which the kubelet sets the
/// variables: of one name, the last counts (kubelet, `makeEnvironmentVariables`).
pub fn of(job: &Value, config_maps: &ConfigMaps) -> Vec<ContainerEnvironment> {
    let is_indexed = job["spec"]["completionMode"] == "Indexed";
    let mut left = MAX_VARIABLES;
    containers(&job["spec"]["template"]["spec"])
        .map(|(container, init)| {
            let mut variables = Variables::new(&mut left);
            for source in items(&container["envFrom"]) {
                variables.add_whole(source, config_maps);
            }
            for entry in items(&container["env"]) {
                variables.add_single(entry, config_maps);
            }
            if is_indexed && items(&container["env"]).all(|variable| variable["name"] != INDEX) {
                let path = INDEX_FIELD.to_owned();
                variables.add(INDEX, VariableSource::Field { path }, Effect::Unknown);
            }
            ContainerEnvironment {
                container: text(&container["name"]),
                init,
                is_cut: variables.is_cut,
                variables: variables.finish(),
            }
        })
        .collect()
}

fn containers(spec: &Value) -> impl Iterator<Item = (&Value, bool)> {
    let of = |field: &str, init| items(&spec[field]).map(move |container| (container, init));
    of("initContainers", true).chain(of("containers", false))
}

/// What a variable does in the container, as far as it is known here.
enum Effect {
    /// It is set to this value.
    Value(String),
    /// It is set, to a value that is not known here.
    Unknown,
    /// It may be set: its source is optional, and may not be read.
    Uncertain,
    /// It is not set.
    None,
}

/// The variables of a container while they are set one after the other.
struct Variables<'a> {
    /// With whether each is surely set.
    all: Vec<(Variable, bool)>,
    /// The value of each variable so far; `None` if it is not known here.
    known: HashMap<String, Option<String>>,
    /// Whether any other variable may be set.
    any: bool,
    /// How many more variables are shown, and how many more bytes of their values.
    left: &'a mut (usize, usize),
    is_cut: bool,
}

impl<'a> Variables<'a> {
    fn new(left: &'a mut (usize, usize)) -> Self {
        Self {
            all: Vec::new(),
            known: HashMap::new(),
            any: false,
            left,
            is_cut: false,
        }
    }

    fn add(&mut self, name: &str, source: VariableSource, effect: Effect) {
        let bytes = match &source {
            VariableSource::Value { value, expanded } => {
                value.len() + expanded.as_ref().map_or(0, String::len)
            }
            VariableSource::ConfigMap { value, .. } => value.as_ref().map_or(0, String::len),
            _ => 0,
        };
        let (Some(count), Some(bytes)) = (self.left.0.checked_sub(1), self.left.1.checked_sub(bytes)) else {
            self.is_cut = true;
            return;
        };
        *self.left = (count, bytes);
        let is_set = matches!(effect, Effect::Value(_) | Effect::Unknown);
        match effect {
            Effect::Value(value) => drop(self.known.insert(name.to_owned(), Some(value))),
            Effect::Unknown | Effect::Uncertain => drop(self.known.insert(name.to_owned(), None)),
            Effect::None => {}
        }
        let variable = Variable {
            name: visible(name).into_owned(),
            source,
            overridden: false,
        };
        self.all.push((variable, is_set));
    }

    /// Adds one entry of `env`.
    fn add_single(&mut self, entry: &Value, config_maps: &ConfigMaps) {
        let from = &entry["valueFrom"];
        let is_optional = |reference: &Value| reference["optional"] == true;
        let unless_optional = |reference: &Value| {
            if is_optional(reference) {
                Effect::Uncertain
            } else {
                Effect::Unknown
            }
        };
        let (source, effect) = if let Some(reference) = from.get("configMapKeyRef") {
            let (name, key) = (text(&reference["name"]), text(&reference["key"]));
            let read = config_maps.get(reference["name"].as_str().unwrap_or_default());
            let entries = read.and_then(Option::as_ref);
            let found = entries.and_then(|entries| entries.iter().find(|(known, _)| *known == key));
            let value = found.map(|(_, value)| value.clone());
            let missing = (read.is_some() && value.is_none()).then(|| missing(reference));
            let effect = match (&value, missing) {
                (Some(value), _) => Effect::Value(value.clone()),
                (None, Some(MissingSource::Skipped)) => Effect::None,
                (None, Some(MissingSource::Required)) => Effect::Unknown,
                (None, None) => unless_optional(reference),
            };
            let source = VariableSource::ConfigMap {
                name,
                key,
                value,
                missing,
            };
            (source, effect)
        } else if let Some(reference) = from.get("secretKeyRef") {
            let (name, key) = (text(&reference["name"]), text(&reference["key"]));
            (VariableSource::Secret { name, key }, unless_optional(reference))
        } else if let Some(reference) = from.get("fileKeyRef") {
            let source = VariableSource::File {
                volume: text(&reference["volumeName"]),
                path: text(&reference["path"]),
                key: text(&reference["key"]),
            };
            (source, unless_optional(reference))
        } else if let Some(reference) = from.get("fieldRef") {
            let path = text(&reference["fieldPath"]);
            (VariableSource::Field { path }, Effect::Unknown)
        } else if let Some(reference) = from.get("resourceFieldRef") {
            let resource = text(&reference["resource"]);
            (VariableSource::Resource { resource }, Effect::Unknown)
        } else {
            let written = entry["value"].as_str().unwrap_or_default();
            let expanded = self.expand(written);
            let effect = expanded.clone().map_or(Effect::Unknown, Effect::Value);
            let source = VariableSource::Value {
                value: text(&entry["value"]),
                expanded: expanded
                    .filter(|expanded| expanded != written)
                    .map(|expanded| visible(&expanded).into_owned()),
            };
            (source, effect)
        };
        self.add(entry["name"].as_str().unwrap_or_default(), source, effect);
    }

    /// Returns a value with its variable references expanded; `None` if it refers to one whose value is not known here.
    fn expand(&self, value: &str) -> Option<String> {
        let mut length = value.len();
        for name in expansion::references(value) {
            match self.known.get(name) {
                Some(known) => length += known.as_ref()?.len(),
                None if self.any || may_be_of_a_service(name) => return None,
                None => {}
            }
            if length > MAX_EXPANDED {
                return None;
            }
        }
        let value_of = |name: &str| Some(Cow::Borrowed(self.known.get(name)?.as_deref()?));
        Some(expansion::expand(value, value_of))
    }

    /// Adds one entry of `envFrom`: all keys of an object, each with the prefix.
    fn add_whole(&mut self, source: &Value, config_maps: &ConfigMaps) {
        let prefix = source["prefix"].as_str().unwrap_or_default();
        let is_secret = source.get("secretRef").is_some();
        let reference = &source[if is_secret { "secretRef" } else { "configMapRef" }];
        let (name, key) = (text(&reference["name"]), String::new());
        let read = config_maps.get(reference["name"].as_str().unwrap_or_default());
        if !is_secret && let Some(Some(entries)) = read {
            for (key, value) in entries {
                let source = VariableSource::ConfigMap {
                    name: name.clone(),
                    key: text(&Value::String(key.clone())),
                    value: Some(value.clone()),
                    missing: None,
                };
                self.add(&format!("{prefix}{key}"), source, Effect::Value(value.clone()));
                if self.is_cut {
                    return;
                }
            }
            return;
        }
        let missing = read.filter(|_| !is_secret).map(|_| missing(reference));
        if missing.is_none() {
            // Any key may be in it, and take the place of one that was set before.
            self.any = true;
            self.known.clear();
        }
        let source = if is_secret {
            VariableSource::Secret { name, key }
        } else {
            VariableSource::ConfigMap {
                name,
                key,
                value: None,
                missing,
            }
        };
        self.add(prefix, source, Effect::None);
    }

    /// Returns the variables, with those marked that a later one of the same name replaces.
    fn finish(self) -> Vec<Variable> {
        let mut later = HashSet::new();
        let mut all: Vec<Variable> = Vec::with_capacity(self.all.len());
        for (mut variable, is_set) in self.all.into_iter().rev() {
            variable.overridden = later.contains(&variable.name);
            if is_set {
                later.insert(variable.name.clone());
            }
            all.push(variable);
        }
        all.reverse();
        all
    }
}

/// Whether the kubelet may set this variable for a Service of the project (`{NAME}_SERVICE_HOST`, `{NAME}_PORT_80_TCP`).
fn may_be_of_a_service(name: &str) -> bool {
    ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT"]
        .iter()
        .any(|part| name.contains(part))
}

fn missing(reference: &Value) -> MissingSource {
    if reference["optional"] == true {
        MissingSource::Skipped
    } else {
        MissingSource::Required
    }
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
            let value = match variable.source {
                VariableSource::Value { value, expanded } => Some(expanded.unwrap_or(value)),
                VariableSource::ConfigMap { value, .. } => value,
                _ => None,
            };
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
                    {"name": "Z", "value": "$(Y)/x"},
                    {"name": "HOST", "value": "$(A)://$(KUBERNETES_SERVICE_HOST)"},
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
        assert_eq!(
            value(from_map.clone(), "Y"),
            "$(T)",
            "a Secret's value is not known"
        );
        assert_eq!(value(from_map.clone(), "Z"), "$(Y)/x", "nor what refers to it");
        assert_eq!(value(from_map, "HOST"), "$(A)://$(KUBERNETES_SERVICE_HOST)");
        let from_both = json!([{"configMapRef": {"name": "map"}}, {"secretRef": {"name": "keys"}}]);
        assert_eq!(
            value(from_both, "X"),
            "$(A)-$(M)-$$(A)-$(LATER)",
            "the Secret may have another M"
        );
        let from_secret = json!([{"secretRef": {"name": "keys"}}]);
        assert_eq!(
            value(from_secret, "X"),
            "$(A)-$(M)-$$(A)-$(LATER)",
            "M may be in the Secret"
        );
    }

    /// Whoever may create a Job must not be able to exhaust the console's memory or time.
    #[test]
    fn hostile_environments_are_cut() {
        let mut env = vec![json!({"name": "V0", "value": "x".repeat(10)})];
        for level in 1..40 {
            let value = format!("$(V{})", level - 1).repeat(10);
            env.push(json!({"name": format!("V{level}"), "value": value}));
        }
        env.push(json!({"name": "OPEN", "value": "$(".repeat(300_000)}));
        let bomb = json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "env": env}]}}}});
        let shown = serde_json::to_string(&of(&bomb, &ConfigMaps::new())).unwrap();
        assert!(shown.len() < 1_000_000, "{}", shown.len());

        let large = vec![("key".to_owned(), "x".repeat(100_000))];
        let known = ConfigMaps::from([("large".to_owned(), Some(large))]);
        let many = vec![json!({"configMapRef": {"name": "large"}}); 25_000];
        let repeated = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "main", "envFrom": many}, {"name": "other", "envFrom": many},
        ]}}}});
        let environment = of(&repeated, &known);
        assert!(environment.iter().all(|container| container.is_cut));
        let shown = serde_json::to_string(&environment).unwrap();
        assert!(shown.len() < 2 * MAX_VARIABLES.1, "{}", shown.len());
    }

    /// An optional source that may not be read may be missing, and what was set before then counts.
    #[test]
    fn optional_secrets_override_nothing_for_sure() {
        let job = |optional: bool| {
            json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "env": [
                {"name": "A", "value": "1"},
                {"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a", "optional": optional}}},
            ]}]}}}})
        };
        let overridden = |optional| values(&job(optional), &ConfigMaps::new())[0].2;
        assert!(overridden(false) && !overridden(true));
    }
}

//! Collects the references of a Job.

use serde_json::Value;

use crate::path::Path;
use crate::references::{Reference, Target};

/// Lists of containers in a Pod.
const CONTAINERS: [&str; 2] = ["containers", "initContainers"];

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// Returns all references of a Job.
pub(crate) fn collect(job: &Value) -> Vec<Reference> {
    let mut collector = Collector { found: Vec::new() };
    let spec = Path::of(["spec"]);
    if let Some(value) = job.get("spec") {
        let rules = spec.key("podFailurePolicy").key("rules");
        for (path, rule) in items(value.pointer("/podFailurePolicy/rules"), &rules) {
            collector.name(rule, &path, "onExitCodes.containerName", Target::Container);
        }
    }
    if let Some(pod) = job.pointer("/spec/template/spec") {
        collector.pod(pod, &pod_path());
    }
    collector.found
}

/// Returns the path `spec.template.spec`.
pub(super) fn pod_path() -> Path {
    Path::of(["spec", "template", "spec"])
}

/// Returns the names that a Job defines for a kind of reference, each with the path of its name. Ports are those
/// of the container at `within`.
pub(crate) fn names(job: &Value, target: Target, within: Option<&Path>) -> Vec<(Path, String)> {
    let pod = job.pointer("/spec/template/spec");
    let lists: Vec<(Option<&Value>, Path)> = match target {
        Target::Volume => vec![(member(pod, "volumes"), pod_path().key("volumes"))],
        Target::Container => CONTAINERS
            .iter()
            .map(|list| (member(pod, list), pod_path().key(*list)))
            .collect(),
        Target::Port => containers(job)
            .into_iter()
            .filter(|(path, _)| within.is_none_or(|within| within == path))
            .map(|(path, container)| (container.get("ports"), path.key("ports")))
            .collect(),
        Target::Object(_) => Vec::new(),
    };
    lists
        .into_iter()
        .flat_map(|(list, path)| items(list, &path))
        .filter_map(|(path, item)| Some((path.key("name"), text(item, "name")?.to_owned())))
        .collect()
}

/// Returns the containers of a Job with their paths.
pub(super) fn containers(job: &Value) -> Vec<(Path, &Value)> {
    let pod = job.pointer("/spec/template/spec");
    CONTAINERS
        .iter()
        .flat_map(|list| items(member(pod, list), &pod_path().key(*list)))
        .collect()
}

fn member<'v>(value: Option<&'v Value>, key: &str) -> Option<&'v Value> {
    value?.get(key)
}

/// Returns the items of a list, each with its path.
pub(super) fn items<'v>(list: Option<&'v Value>, path: &Path) -> Vec<(Path, &'v Value)> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items
        .enumerate()
        .map(|(index, item)| (path.index(index), item))
        .collect()
}

/// Returns a non-empty text.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

struct Collector {
    found: Vec<Reference>,
}

impl Collector {
    /// Adds the name at a dotted key below a value, if there is one.
    fn name(&mut self, value: &Value, path: &Path, key: &str, target: Target) {
        let keys = key.split('.');
        let (mut value, mut path) = (value, path.clone());
        for key in keys {
            let Some(inner) = value.get(key) else { return };
            value = inner;
            path = path.key(key);
        }
        if let Some(name) = value.as_str().filter(|name| !name.is_empty()) {
            self.found.push(Reference {
                target,
                path,
                name: name.to_owned(),
                keys: Vec::new(),
                optional: false,
            });
        }
    }

    /// Adds a reference to an object by the member `name` of a source, with the keys that the source uses.
    fn object(&mut self, source: Option<&Value>, path: &Path, name: &str, kind: &'static str) {
        let Some((source, found)) = source.and_then(|source| Some((source, text(source, name)?))) else {
            return;
        };
        let own = text(source, "key").map(|key| (path.key("key"), key.to_owned()));
        let listed = items(source.get("items"), &path.key("items"))
            .into_iter()
            .filter_map(|(path, item)| Some((path.key("key"), text(item, "key")?.to_owned())));
        self.found.push(Reference {
            target: Target::Object(kind),
            path: path.key(name),
            name: found.to_owned(),
            keys: own.into_iter().chain(listed).collect(),
            optional: source.get("optional") == Some(&Value::Bool(true)),
        });
    }

    fn pod(&mut self, pod: &Value, path: &Path) {
        for list in CONTAINERS {
            for (path, container) in items(pod.get(list), &path.key(list)) {
                self.container(container, &path);
            }
        }
        for (path, volume) in items(pod.get("volumes"), &path.key("volumes")) {
            self.volume(volume, &path);
        }
        for (path, secret) in items(pod.get("imagePullSecrets"), &path.key("imagePullSecrets")) {
            self.object(Some(secret), &path, "name", "Secret");
        }
        self.object(Some(pod), path, "serviceAccountName", "ServiceAccount");
        self.object(Some(pod), path, "priorityClassName", "PriorityClass");
    }

    fn container(&mut self, container: &Value, path: &Path) {
        for (path, variable) in items(container.get("env"), &path.key("env")) {
            let (from, path) = (variable.get("valueFrom"), path.key("valueFrom"));
            let source = |key: &str| member(from, key);
            self.object(
                source("configMapKeyRef"),
                &path.key("configMapKeyRef"),
                "name",
                "ConfigMap",
            );
            self.object(
                source("secretKeyRef"),
                &path.key("secretKeyRef"),
                "name",
                "Secret",
            );
            if let Some(from) = from {
                self.name(from, &path, "fileKeyRef.volumeName", Target::Volume);
                self.name(from, &path, "resourceFieldRef.containerName", Target::Container);
            }
        }
        for (path, source) in items(container.get("envFrom"), &path.key("envFrom")) {
            self.object(
                source.get("configMapRef"),
                &path.key("configMapRef"),
                "name",
                "ConfigMap",
            );
            self.object(source.get("secretRef"), &path.key("secretRef"), "name", "Secret");
        }
        for list in ["volumeMounts", "volumeDevices"] {
            for (path, mount) in items(container.get(list), &path.key(list)) {
                self.name(mount, &path, "name", Target::Volume);
            }
        }
        let probes = PROBES.map(|key| (container.get(key), path.key(key)));
        let lifecycle = path.key("lifecycle");
        let hooks =
            ["postStart", "preStop"].map(|key| (member(container.get("lifecycle"), key), lifecycle.key(key)));
        for (handler, path) in probes.into_iter().chain(hooks) {
            if let Some(handler) = handler {
                self.name(handler, &path, "httpGet.port", Target::Port);
                self.name(handler, &path, "tcpSocket.port", Target::Port);
            }
        }
    }

    fn volume(&mut self, volume: &Value, path: &Path) {
        self.source(volume, path, "secretName");
        let claim = volume.get("persistentVolumeClaim");
        let at = path.key("persistentVolumeClaim");
        self.object(claim, &at, "claimName", "PersistentVolumeClaim");
        let sources = path.key("projected").key("sources");
        for (path, source) in items(volume.pointer("/projected/sources"), &sources) {
            self.source(source, &path, "name");
        }
        // Drivers of storage.
        for (key, source) in volume.as_object().into_iter().flatten() {
            for reference in ["secretRef", "nodePublishSecretRef"] {
                let path = path.key(key).key(reference);
                self.object(source.get(reference), &path, "name", "Secret");
            }
        }
        self.object(
            volume.get("azureFile"),
            &path.key("azureFile"),
            "secretName",
            "Secret",
        );
    }

    /// Collects from a volume, or from a source of a projected one, in which a Secret's name has another key.
    fn source(&mut self, source: &Value, path: &Path, secret_name: &str) {
        self.object(
            source.get("configMap"),
            &path.key("configMap"),
            "name",
            "ConfigMap",
        );
        self.object(source.get("secret"), &path.key("secret"), secret_name, "Secret");
        let items_path = path.key("downwardAPI").key("items");
        for (path, item) in items(source.pointer("/downwardAPI/items"), &items_path) {
            self.name(item, &path, "resourceFieldRef.containerName", Target::Container);
        }
    }
}

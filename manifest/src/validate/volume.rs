//! Volumes: one source each, and names that mounts can refer to.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Check;
use crate::names;
use crate::path::Path;

/// Sources in the order in which the server looks at them (`validateVolumeSource`).
const SOURCES: [&str; 29] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
];

impl Check<'_> {
    /// Checks the volumes and gives their names.
    pub(super) fn volumes<'v>(&mut self, pod: &'v Map<String, Value>, at: &Path) -> HashSet<&'v str> {
        let mut taken = HashSet::new();
        for (index, volume) in self.list(pod, at, "volumes").iter().enumerate() {
            let path = at.key("volumes").index(index);
            let Some(volume) = volume.as_object() else {
                self.wrong_type(&path, "a mapping", volume);
                continue;
            };
            let name = self.text(volume, &path, "name").unwrap_or_default();
            if name.is_empty() {
                self.error("object.name.missing", &path.key("name"), &[]);
            } else if names::dns_label(name).is_err() {
                self.name(name, &path.key("name"), names::dns_label(name));
            } else if !taken.insert(name) {
                self.error("name.duplicate", &path.key("name"), &[name]);
            }
            self.source(volume, &path, name);
        }
        taken
    }

    fn source(&mut self, volume: &Map<String, Value>, path: &Path, name: &str) {
        let sources: Vec<_> = volume
            .iter()
            .filter(|(key, value)| *key != "name" && !value.is_null())
            .collect();
        match sources.as_slice() {
            [] => self.error("volume.source.missing", path, &[name]),
            [(kind, source)] => self.one_source(kind, source, &path.key(*kind)),
            _ => {
                // The first in the server's order counts, each further one is too many.
                let order = |kind: &str| {
                    SOURCES
                        .iter()
                        .position(|known| *known == kind)
                        .unwrap_or(SOURCES.len())
                };
                let mut sources = sources.clone();
                sources.sort_by_key(|(kind, _)| order(kind));
                for (position, (kind, source)) in sources.into_iter().enumerate() {
                    if position == 0 {
                        self.one_source(kind, source, &path.key(kind));
                    } else {
                        let remove = crate::Edit::Remove { path: path.key(kind) };
                        let at = path.key(kind);
                        self.fixable(crate::Severity::Error, "volume.source.many", &at, &[name], remove);
                    }
                }
            }
        }
    }

    fn one_source(&mut self, kind: &str, source: &Value, at: &Path) {
        let Some(source) = source.as_object() else {
            self.wrong_type(at, "a mapping", source);
            return;
        };
        self.volume_source(kind, source, at);
    }

    /// Block devices: volumes that can be one.
    pub(super) fn devices(&mut self, container: &Map<String, Value>, at: &Path, pod: &Map<String, Value>) {
        let (mut devices, mut places) = (HashSet::new(), HashSet::new());
        for (path, device) in self.items(container, at, "volumeDevices") {
            let Some(name) = self.required(device, &path, "name") else {
                continue;
            };
            if !devices.insert(name) {
                self.error("name.duplicate", &path.key("name"), &[name]);
            }
            if let Some(place) = self.required(device, &path, "devicePath") {
                if place.split('/').any(|part| part == "..") {
                    self.error("item.path", &path.key("devicePath"), &[place]);
                }
                self.once(&mut places, place, &path.key("devicePath"));
            }
            let volume = pod.get("volumes").and_then(Value::as_array).and_then(|volumes| {
                volumes
                    .iter()
                    .find(|volume| volume.get("name").and_then(Value::as_str) == Some(name))
            });
            match volume {
                None => self.error("volume.unknown", &path.key("name"), &[name]),
                Some(volume)
                    if volume
                        .get("persistentVolumeClaim")
                        .or(volume.get("ephemeral"))
                        .is_none() =>
                {
                    self.error("volume.device", &path.key("name"), &[name]);
                }
                Some(_) => {}
            }
        }
    }

    /// Volumes that nobody uses are allowed, and probably not meant.
    pub(super) fn unmounted(&mut self, pod: &Map<String, Value>, at: &Path, mounted: &HashSet<&str>) {
        for (index, volume) in self.list(pod, at, "volumes").iter().enumerate() {
            let Some(name) = volume
                .get("name")
                .and_then(Value::as_str)
                .filter(|name| !name.is_empty())
            else {
                continue;
            };
            if !mounted.contains(name) {
                self.report(
                    crate::Severity::Warning,
                    "volume.unmounted",
                    &at.key("volumes").index(index).key("name"),
                    &[name],
                );
            }
        }
    }
}

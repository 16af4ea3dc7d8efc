//! Where a container sees its volumes (`ValidateVolumeMounts`, `validateMountPropagation`).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Check;
use super::container::is_inside;
use crate::path::Path;

impl Check<'_> {
    pub(super) fn mounts<'v>(
        &mut self,
        container: &'v Map<String, Value>,
        at: &Path,
        volumes: &HashSet<&str>,
        mounted: &mut HashSet<&'v str>,
    ) {
        let mut taken = HashSet::new();
        for (index, mount) in self.list(container, at, "volumeMounts").iter().enumerate() {
            let path = at.key("volumeMounts").index(index);
            let Some(mount) = mount.as_object() else { continue };
            match self.text(mount, &path, "name") {
                None | Some("") => self.error("field.required", &path.key("name"), &["name"]),
                Some(name) => {
                    mounted.insert(name);
                    if !volumes.contains(name) {
                        self.error("volume.unknown", &path.key("name"), &[name]);
                    }
                }
            }
            match self.text(mount, &path, "mountPath") {
                None | Some("") => self.error("mount.path.missing", &path.key("mountPath"), &[]),
                Some(place) if !taken.insert(place) => {
                    self.error("mount.path.duplicate", &path.key("mountPath"), &[place]);
                }
                Some(_) => {}
            }
            self.propagation(container, mount, &path);
            self.choice(
                mount,
                &path,
                "recursiveReadOnly",
                &["Disabled", "Enabled", "IfPossible"],
            );
            let recursive = mount.get("recursiveReadOnly").and_then(Value::as_str);
            if matches!(recursive, Some("Enabled" | "IfPossible"))
                && mount.get("readOnly") != Some(&Value::Bool(true))
            {
                self.error("mount.recursive", &path.key("recursiveReadOnly"), &[]);
            }
            let given = |key: &str| {
                mount
                    .get(key)
                    .and_then(Value::as_str)
                    .is_some_and(|text| !text.is_empty())
            };
            if given("subPath") && given("subPathExpr") {
                self.error("mount.sub-path.both", &path.key("subPathExpr"), &[]);
            }
            for key in ["subPath", "subPathExpr"] {
                if let Some(sub) = self.text(mount, &path, key).filter(|sub| !is_inside(sub)) {
                    self.error("item.path", &path.key(key), &[sub]);
                }
            }
        }
    }

    /// How mounts spread between container and host.
    fn propagation(&mut self, container: &Map<String, Value>, mount: &Map<String, Value>, at: &Path) {
        self.choice(
            mount,
            at,
            "mountPropagation",
            &["None", "HostToContainer", "Bidirectional"],
        );
        let mode = mount
            .get("mountPropagation")
            .and_then(Value::as_str)
            .unwrap_or("None");
        let privileged = container
            .get("securityContext")
            .is_some_and(|context| context.get("privileged") == Some(&Value::Bool(true)));
        if mode == "Bidirectional" && !privileged {
            self.error("mount.propagation", &at.key("mountPropagation"), &[]);
        }
        let recursive = mount.get("recursiveReadOnly").and_then(Value::as_str);
        if matches!(recursive, Some("Enabled" | "IfPossible")) && !matches!(mode, "" | "None") {
            self.error("mount.recursive.propagation", &at.key("recursiveReadOnly"), &[]);
        }
    }
}

//! Volume sources beyond their names (`validateVolumeSource`).

use serde_json::{Map, Value};

use super::Check;
use crate::path::Path;
use crate::quantity::Quantity;

/// Fields that a source cannot do without.
fn required(kind: &str) -> &'static [&'static str] {
    match kind {
        "configMap" => &["name"],
        "secret" => &["secretName"],
        "persistentVolumeClaim" => &["claimName"],
        "hostPath" => &["path"],
        "nfs" => &["server", "path"],
        "csi" => &["driver"],
        "iscsi" => &["targetPortal", "iqn"],
        "rbd" => &["image"],
        "awsElasticBlockStore" => &["volumeID"],
        _ => &[],
    }
}

const HOST_PATH_TYPES: [&str; 7] = [
    "DirectoryOrCreate",
    "Directory",
    "FileOrCreate",
    "File",
    "Socket",
    "CharDevice",
    "BlockDevice",
];

impl Check<'_> {
    pub(super) fn volume_source(&mut self, kind: &str, source: &Map<String, Value>, at: &Path) {
        for key in required(kind) {
            self.required(source, at, key);
        }
        match kind {
            "configMap" | "secret" => {
                self.within(source, at, "defaultMode", 0, 0o777);
                self.keyed_files(source, at);
            }
            "downwardAPI" => {
                self.within(source, at, "defaultMode", 0, 0o777);
                self.downward_files(source, at);
            }
            "projected" => self.projected(source, at),
            "emptyDir" => self.size_limit(source, at),
            "hostPath" => {
                let dots = |path: &&str| path.split('/').any(|part| part == "..");
                if let Some(path) = source.get("path").and_then(Value::as_str).filter(dots) {
                    self.error("item.path", &at.key("path"), &[path]);
                }
                self.choice(source, at, "type", &HOST_PATH_TYPES);
            }
            "nfs" => {
                if let Some(path) = source
                    .get("path")
                    .and_then(Value::as_str)
                    .filter(|path| !path.starts_with('/'))
                {
                    self.error("volume.path.absolute", &at.key("path"), &[path]);
                }
            }
            "iscsi" => {
                let iqn = source.get("iqn").and_then(Value::as_str).unwrap_or_default();
                if !iqn.is_empty() && !["iqn", "eui", "naa"].iter().any(|prefix| iqn.starts_with(prefix)) {
                    self.error("field.grammar", &at.key("iqn"), &[iqn]);
                }
            }
            "awsElasticBlockStore" => {
                self.within(source, at, "partition", 0, 255);
            }
            "cephfs" | "rbd" if self.list(source, at, "monitors").is_empty() => {
                self.error("field.required", &at.key("monitors"), &["monitors"]);
            }
            "ephemeral" => self.ephemeral(source, at),
            "image" => self.choice(source, at, "pullPolicy", &["Always", "IfNotPresent", "Never"]),
            _ => {}
        }
    }

    fn keyed_files(&mut self, source: &Map<String, Value>, at: &Path) {
        for (path, item) in self.items(source, at, "items") {
            self.required(item, &path, "key");
            self.file_path(item, &path);
            self.within(item, &path, "mode", 0, 0o777);
        }
    }

    fn projected(&mut self, source: &Map<String, Value>, at: &Path) {
        self.within(source, at, "defaultMode", 0, 0o777);
        for (path, part) in self.items(source, at, "sources") {
            let given: Vec<_> = part.iter().filter(|(_, value)| !value.is_null()).collect();
            let [(kind, _)] = given.as_slice() else {
                let kinds =
                    "configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate";
                self.error("field.one-of", &path, &[kinds]);
                continue;
            };
            let Some(inner) = self.mapping(part, &path, kind) else {
                continue;
            };
            let at = path.key(kind.as_str());
            match kind.as_str() {
                "configMap" | "secret" => {
                    self.required(inner, &at, "name");
                    self.keyed_files(inner, &at);
                }
                "downwardAPI" => self.downward_files(inner, &at),
                "serviceAccountToken" => {
                    self.file_path(inner, &at);
                    self.within(inner, &at, "expirationSeconds", 600, 1 << 32);
                }
                _ => {}
            }
        }
    }

    fn size_limit(&mut self, source: &Map<String, Value>, at: &Path) {
        let path = at.key("sizeLimit");
        let text = match source.get("sizeLimit") {
            None | Some(Value::Null) => return,
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(other) => return self.wrong_type(&path, "a quantity", other),
        };
        match text.parse::<Quantity>() {
            Err(_) => self.error("quantity.invalid", &path, &[&text]),
            Ok(size) if size.is_negative() => self.error("quantity.negative", &path, &[]),
            Ok(_) => {}
        }
    }

    /// A claim made for the Pod alone.
    fn ephemeral(&mut self, source: &Map<String, Value>, at: &Path) {
        let at = at.key("volumeClaimTemplate");
        let Some(template) = source.get("volumeClaimTemplate").and_then(Value::as_object) else {
            return self.error("field.required", &at, &["volumeClaimTemplate"]);
        };
        let empty = Map::new();
        let spec = self.mapping(template, &at, "spec").unwrap_or(&empty);
        let at = at.key("spec");
        if self.list(spec, &at, "accessModes").is_empty() {
            self.error("field.required", &at.key("accessModes"), &["accessModes"]);
        }
        let storage = spec
            .get("resources")
            .and_then(|resources| resources.get("requests")?.get("storage"));
        if storage.is_none() {
            self.error("field.required", &at.key("resources"), &["storage"]);
        }
    }
}

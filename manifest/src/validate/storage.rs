//! Volume sources beyond their names (`validateVolumeSource`).

use serde_json::{Map, Value};

use super::Check;
use super::container::is_inside;
use crate::names;
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
        "csi" | "flexVolume" => &["driver"],
        "iscsi" => &["targetPortal", "iqn"],
        "rbd" => &["image"],
        "awsElasticBlockStore" | "cinder" | "portworxVolume" => &["volumeID"],
        "gcePersistentDisk" => &["pdName"],
        "gitRepo" => &["repository"],
        "glusterfs" => &["endpoints", "path"],
        "quobyte" => &["registry", "volume"],
        "azureFile" => &["secretName", "shareName"],
        "azureDisk" => &["diskName", "diskURI"],
        "vsphereVolume" => &["volumePath"],
        "photonPersistentDisk" => &["pdID"],
        "scaleIO" => &["gateway", "system", "volumeName"],
        _ => &[],
    }
}

/// Access modes of a claim.
const MODES: [&str; 4] = [
    "ReadWriteOnce",
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOncePod",
];

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
                self.within(source, at, "lun", 0, 255);
                let authenticates = ["chapAuthDiscovery", "chapAuthSession"]
                    .iter()
                    .any(|key| source.get(*key) == Some(&Value::Bool(true)));
                if authenticates && source.get("secretRef").is_none_or(Value::is_null) {
                    self.error("field.required", &at.key("secretRef"), &["secretRef"]);
                }
                let iqn = source.get("iqn").and_then(Value::as_str).unwrap_or_default();
                if !iqn.is_empty() && !["iqn", "eui", "naa"].iter().any(|prefix| iqn.starts_with(prefix)) {
                    self.error("field.grammar", &at.key("iqn"), &[iqn]);
                }
            }
            "awsElasticBlockStore" | "gcePersistentDisk" => {
                self.within(source, at, "partition", 0, 255);
            }
            "gitRepo" => {
                if let Some(folder) = self
                    .text(source, at, "directory")
                    .filter(|folder| !is_inside(folder))
                {
                    self.error("item.path", &at.key("directory"), &[folder]);
                }
            }
            "csi" => self.csi(source, at),
            "fc" => self.fibre_channel(source, at),
            "flocker" => {
                self.one_of(source, at, &["datasetName", "datasetUUID"]);
            }
            "azureDisk" => {
                self.choice(source, at, "cachingMode", &["None", "ReadOnly", "ReadWrite"]);
                self.choice(source, at, "kind", &["Shared", "Dedicated", "Managed"]);
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

    /// Driver names are domain-like, at most 63 characters (`ValidateCSIDriverName`).
    fn csi(&mut self, source: &Map<String, Value>, at: &Path) {
        let driver = source.get("driver").and_then(Value::as_str).unwrap_or_default();
        if !driver.is_empty()
            && (driver.len() > 63 || names::dns_subdomain(&driver.to_ascii_lowercase()).is_err())
        {
            self.error("field.grammar", &at.key("driver"), &[driver]);
        }
        if let Some(secret) = self.mapping(source, at, "nodePublishSecretRef") {
            self.required(secret, &at.key("nodePublishSecretRef"), "name");
        }
    }

    /// Either names of targets with a unit, or world wide identifiers.
    fn fibre_channel(&mut self, source: &Map<String, Value>, at: &Path) {
        let targets = !self.list(source, at, "targetWWNs").is_empty();
        if targets != self.list(source, at, "wwids").is_empty() {
            self.error("field.one-of", &at.key("targetWWNs"), &["targetWWNs, wwids"]);
        }
        if targets && self.within(source, at, "lun", 0, 255).is_none() {
            self.error("field.required", &at.key("lun"), &["lun"]);
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
        for mode in self
            .list(spec, &at, "accessModes")
            .iter()
            .filter_map(Value::as_str)
        {
            if !MODES.contains(&mode) {
                self.error("field.enum", &at.key("accessModes"), &[mode, &MODES.join(", ")]);
            }
        }
        self.choice(spec, &at, "volumeMode", &["Block", "Filesystem"]);
        self.grammar(spec, &at, "storageClassName", names::dns_subdomain);
        self.label_selector(spec, &at, "selector");
        if self.list(spec, &at, "accessModes").is_empty() {
            self.error("field.required", &at.key("accessModes"), &["accessModes"]);
        }
        let storage = spec
            .get("resources")
            .and_then(|resources| resources.get("requests")?.get("storage"));
        let path = at.key("resources").key("requests").key("storage");
        let text = match storage {
            None | Some(Value::Null) => return self.error("field.required", &path, &["storage"]),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        match text.parse::<Quantity>() {
            Ok(size) if size.is_zero() || size.is_negative() => self.error("quantity.positive", &path, &[]),
            Err(_) => self.error("quantity.invalid", &path, &[&text]),
            Ok(_) => {}
        }
    }
}

//! Provides volumes as directories of the data directory, and their mounts in containers.

mod memory;
mod owner;
mod remove;
mod sub_path;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::cluster::Cluster;
use crate::resource::{CONFIG_MAPS, PERSISTENT_VOLUME_CLAIMS, SECRETS};
use crate::runtime::environment::{self, bytes, field, list};
use crate::runtime::sandbox::Mount;
use crate::runtime::volumes::memory::in_memory;
pub(super) use crate::runtime::volumes::memory::is_mounted;
pub(crate) use crate::runtime::volumes::memory::unmount_all;
use crate::runtime::volumes::owner::{change_owner, change_owner_recursively, make};
pub(super) use crate::runtime::volumes::remove::remove;
use crate::runtime::volumes::sub_path::sub_path;
use crate::store::Key;

/// Returns the directory of a Pod.
pub(super) fn pod_dir(cluster: &Cluster, pod: &Value) -> PathBuf {
    cluster
        .data_dir
        .join("pods")
        .join(pod["metadata"]["uid"].as_str().unwrap_or_default())
}

/// Returns the directory of a volume.
pub(super) fn dir(cluster: &Cluster, pod: &Value, volume: &Value) -> Result<PathBuf, String> {
    if volume["persistentVolumeClaim"].is_object() {
        return claim_dir(cluster, pod, volume);
    }
    let name = volume["name"].as_str().unwrap_or_default();
    Ok(pod_dir(cluster, pod).join("volumes").join(safe(name)?))
}

/// Creates the Pod's volumes.
///
/// # Errors
///
/// The kubelet's message for a source that is missing.
pub(super) fn prepare(cluster: &Cluster, pod: &Value) -> Result<(), String> {
    for volume in list(&pod["spec"]["volumes"]) {
        let name = volume["name"].as_str().unwrap_or_default();
        let dir = pod_dir(cluster, pod).join("volumes").join(safe(name)?);
        fill(cluster, pod, volume, &dir)
            .map_err(|error| format!("MountVolume.SetUp failed for volume \"{name}\": {error}"))?;
    }
    Ok(())
}

fn fill(cluster: &Cluster, pod: &Value, volume: &Value, dir: &Path) -> Result<(), String> {
    let failed = |error: io::Error| error.to_string();
    if ["configMap", "secret", "downwardAPI"]
        .iter()
        .any(|kind| volume[*kind].is_object())
    {
        make(dir, 0o755).map_err(failed)?;
        return files(cluster, pod, volume, dir);
    }
    if volume["projected"].is_object() {
        make(dir, 0o755).map_err(failed)?;
        for source in list(&volume["projected"]["sources"]) {
            // A command gets no credentials of the playground, so there is no token and no CA to verify it with.
            if source["serviceAccountToken"].is_object() || source["configMap"]["name"] == "kube-root-ca.crt"
            {
                continue;
            }
            files(cluster, pod, source, dir)?;
        }
        return Ok(());
    }
    if volume["emptyDir"].is_object() {
        // Any user of the Pod may write, as in the kubelet's emptyDir.
        make(dir, 0o777).map_err(failed)?;
        if volume["emptyDir"]["medium"] == "Memory" {
            return in_memory(pod, volume, dir).map_err(failed);
        }
        return Ok(());
    }
    if volume["persistentVolumeClaim"].is_object() {
        let dir = claim_dir(cluster, pod, volume)?;
        std::fs::create_dir_all(&dir).map_err(failed)?;
        return change_owner_recursively(&dir).map_err(failed);
    }
    let kind = volume
        .as_object()
        .and_then(|volume| volume.keys().find(|key| *key != "name"))
        .map_or("nothing", String::as_str);
    Err(format!("the playground does not support volumes of type {kind}"))
}

/// Writes the files of a ConfigMap, a Secret or the downward API.
fn files(cluster: &Cluster, pod: &Value, volume: &Value, dir: &Path) -> Result<(), String> {
    for (kind, field, resource) in [
        ("configMap", "name", &CONFIG_MAPS),
        ("secret", "secretName", &SECRETS),
    ] {
        let source = &volume[kind];
        if !source.is_object() {
            continue;
        }
        let name = source[field]
            .as_str()
            .or(source["name"].as_str())
            .unwrap_or_default();
        let files = match bytes(cluster, pod, resource, name)? {
            Some(files) => files,
            None if source["optional"] == true => Vec::new(),
            None => return Err(format!("{} \"{name}\" not found", resource.singular)),
        };
        let mode = u32::try_from(source["defaultMode"].as_u64().unwrap_or(0o644)).unwrap_or(0o644);
        let items = list(&source["items"]);
        for (key, content) in files {
            let item = items.iter().find(|item| item["key"] == key.as_str());
            if !items.is_empty() && item.is_none() {
                continue;
            }
            let path = item.and_then(|item| item["path"].as_str()).unwrap_or(&key);
            let mode = item
                .and_then(|item| item["mode"].as_u64())
                .and_then(|mode| u32::try_from(mode).ok())
                .unwrap_or(mode);
            write(dir, path, &content, mode)?;
        }
        return Ok(());
    }
    for item in list(&volume["downwardAPI"]["items"]) {
        let text = field(pod, item["fieldRef"]["fieldPath"].as_str().unwrap_or_default());
        write(
            dir,
            item["path"].as_str().unwrap_or_default(),
            text.as_bytes(),
            0o644,
        )?;
    }
    Ok(())
}

fn claim_dir(cluster: &Cluster, pod: &Value, volume: &Value) -> Result<PathBuf, String> {
    let name = volume["persistentVolumeClaim"]["claimName"]
        .as_str()
        .unwrap_or_default();
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    let key = Key::new(&PERSISTENT_VOLUME_CLAIMS, namespace, name);
    let claim = cluster.store.get(&key).map_err(|error| error.to_string())?;
    let claim = claim.ok_or_else(|| format!("persistentvolumeclaim \"{name}\" not found"))?;
    Ok(cluster
        .data_dir
        .join("volumes")
        .join(claim["metadata"]["uid"].as_str().unwrap_or_default()))
}

/// Writes a file inside a directory; the path cannot lead out of it.
fn write(dir: &Path, path: &str, content: &[u8], mode: u32) -> Result<(), String> {
    let target = dir.join(inside(path)?);
    let failed = |error: io::Error| error.to_string();
    for parent in Path::new(path)
        .ancestors()
        .skip(1)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
    {
        make(&dir.join(parent), 0o755).map_err(failed)?;
    }
    // After a restart there may be a file that its owner cannot write.
    if target.exists() {
        std::fs::remove_file(&target).map_err(failed)?;
    }
    std::fs::write(&target, content).map_err(failed)?;
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
    change_owner(&target).map_err(failed)
}

fn inside(path: &str) -> Result<&Path, String> {
    let path = Path::new(path);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if plain {
        Ok(path)
    } else {
        Err(format!("\"{}\" points outside of the volume", path.display()))
    }
}

fn safe(name: &str) -> Result<&str, String> {
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    if plain {
        Ok(name)
    } else {
        Err(format!("\"{name}\" is not a valid volume name"))
    }
}

/// Returns the part of a volume that a mount shows: `subPath`, or `subPathExpr` with the container's variables. As
/// with the kubelet, an unknown variable is an error, and so is a path that is absolute or has `..`.
fn requested_sub_path(mount: &Value, env: &[(String, String)]) -> Result<Option<String>, String> {
    let text = |field: &str| mount[field].as_str().filter(|text| !text.is_empty());
    if let Some(sub) = text("subPath") {
        return Ok(Some(sub.to_owned()));
    }
    let Some(expression) = text("subPathExpr") else {
        return Ok(None);
    };
    if let Some(name) = environment::unknown_reference(expression, env) {
        return Err(format!("missing value for \"{name}\""));
    }
    let sub = environment::expand(expression, env);
    if sub.starts_with('/') {
        return Err(format!("error SubPath `{sub}` must not be an absolute path"));
    }
    if sub.split('/').any(|part| part == "..") {
        return Err(format!(
            "unable to provision SubPath `{sub}`: must not contain '..'"
        ));
    }
    if sub.contains('\0') {
        return Err("subPathExpr contains a NUL character".to_owned());
    }
    Ok(Some(sub).filter(|sub| !sub.is_empty()))
}

/// Returns the mounts of a container with these variables.
pub(super) fn mounts(
    cluster: &Cluster,
    pod: &Value,
    container: &Value,
    env: &[(String, String)],
) -> Result<Vec<Mount>, String> {
    list(&container["volumeMounts"])
        .iter()
        .map(|mount| {
            let name = mount["name"].as_str().unwrap_or_default();
            let volume = list(&pod["spec"]["volumes"])
                .iter()
                .find(|volume| volume["name"] == name);
            let volume = volume.ok_or_else(|| format!("volume \"{name}\" not found"))?;
            let root = dir(cluster, pod, volume)?;
            let sub_path = match requested_sub_path(mount, env)? {
                Some(sub) => sub_path(&root, &sub)?,
                None => PathBuf::new(),
            };
            let always = ["configMap", "secret", "downwardAPI", "projected"]
                .iter()
                .any(|kind| volume[*kind].is_object());
            Ok(Mount {
                volume: root,
                sub_path,
                target: PathBuf::from(mount["mountPath"].as_str().unwrap_or_default()),
                read_only: always
                    || mount["readOnly"] == true
                    || volume["persistentVolumeClaim"]["readOnly"] == true,
            })
        })
        .collect()
}

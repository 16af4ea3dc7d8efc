//! Resolves what a container runs.

use serde_json::Value;

use crate::runtime::environment;
use crate::runtime::environment::{expand, list};
use crate::runtime::kubelet::PodLifecycle;
use crate::runtime::resources;
use crate::runtime::sandbox::{Spec, write_etc};
use crate::runtime::volumes;

/// Maximum bytes written outside of volumes; they are in memory and count as memory.
pub(in crate::runtime) const ROOT_BYTES: u64 = 1 << 30;

impl PodLifecycle {
    /// Returns the sandbox spec of a container with everything resolved.
    pub(super) fn spec(&self, pod: &Value, container: &Value, attempt: i64) -> Result<Spec, String> {
        let env = environment::of(&self.cluster, pod, container)?;
        let words = |field: &str| -> Vec<String> {
            list(&container[field])
                .iter()
                .map(|word| expand(word.as_str().unwrap_or_default(), &env))
                .collect()
        };
        let mut argv = words("command");
        argv.extend(words("args"));
        if argv.is_empty() {
            return Err(format!(
                "no command: the playground pulls no images, so \"{}\" has no default command; set `command`",
                container["image"].as_str().unwrap_or_default()
            ));
        }
        let working_dir = container["workingDir"].as_str().unwrap_or("/");
        let names = env.iter().flat_map(|(name, value)| [name, value]);
        without_nul("a variable of the environment", names)?;
        without_nul("a word of the command", &argv)?;
        without_nul("workingDir", [working_dir])?;
        for mount in list(&container["volumeMounts"]) {
            for field in ["mountPath", "subPath"] {
                without_nul(field, mount[field].as_str())?;
            }
        }
        let etc = volumes::pod_dir(&self.cluster, pod).join("etc");
        let hostname = environment::hostname(pod);
        let ip = pod["status"]["podIP"].as_str().and_then(|ip| ip.parse().ok());
        write_etc(&etc, &hostname, ip, &[]).map_err(|error| error.to_string())?;
        let name = container["name"].as_str().unwrap_or_default();
        let limits = &container["resources"]["limits"];
        let user = |field: &str| {
            let value = container["securityContext"][field]
                .as_u64()
                .or_else(|| pod["spec"]["securityContext"][field].as_u64());
            value.and_then(|id| u32::try_from(id).ok()).unwrap_or(0)
        };
        let mounts = volumes::mounts(&self.cluster, pod, container, &env)?;
        Ok(Spec {
            id: format!("{}-{name}-{attempt}", self.uid),
            argv,
            env,
            working_dir: working_dir.into(),
            hostname,
            uid: user("runAsUser"),
            gid: user("runAsGroup"),
            read_only_root: container["securityContext"]["readOnlyRootFilesystem"] == true,
            etc,
            mounts,
            memory_bytes: resources::bytes(&limits["memory"]),
            cpu_millis: resources::millis(&limits["cpu"]),
            root_bytes: root_bytes(container),
        })
    }
}

/// Rejects strings that no program can receive: the kernel terminates strings with a NUL byte.
fn without_nul(what: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), String> {
    if texts.into_iter().any(|text| text.as_ref().contains('\0')) {
        return Err(format!("{what} contains a NUL byte"));
    }
    Ok(())
}

/// Returns the maximum bytes that a container may write outside of its volumes. It is above the container's
/// `ephemeral-storage` limit, because exceeding that limit has to be possible for the eviction.
fn root_bytes(container: &Value) -> u64 {
    match resources::bytes(&container["resources"]["limits"]["ephemeral-storage"]) {
        Some(limit) => limit
            .saturating_add(limit / 4)
            .saturating_add(1 << 20)
            .min(ROOT_BYTES),
        None => ROOT_BYTES,
    }
}

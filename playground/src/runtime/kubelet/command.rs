//! What a container runs, with everything resolved.

use serde_json::Value;

use super::super::environment::{self, expand, list};
use super::super::sandbox::{Spec, write_etc};
use super::super::volumes;
use super::Life;

impl Life {
    /// What to run, with everything resolved.
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
                "no command: the playground pulls no image, so \"{}\" brings none; name a command",
                container["image"].as_str().unwrap_or_default()
            ));
        }
        let etc = volumes::pod_folder(&self.cluster, pod).join("etc");
        let hostname = environment::hostname(pod);
        let ip = pod["status"]["podIP"].as_str().and_then(|ip| ip.parse().ok());
        write_etc(&etc, &hostname, ip, &[]).map_err(|error| error.to_string())?;
        let name = container["name"].as_str().unwrap_or_default();
        let limit = |resource: &str| {
            Some(crate::scheduler::amount(
                &container["resources"]["limits"][resource],
            ))
            .filter(|amount| *amount > 0.0)
        };
        let user = |field: &str| {
            let value = container["securityContext"][field]
                .as_u64()
                .or_else(|| pod["spec"]["securityContext"][field].as_u64());
            value.and_then(|id| u32::try_from(id).ok()).unwrap_or(0)
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "amounts above 0, far below 2^53"
        )]
        Ok(Spec {
            id: format!("{}-{name}-{attempt}", self.uid),
            argv,
            env,
            working_dir: container["workingDir"].as_str().unwrap_or("/").into(),
            hostname,
            uid: user("runAsUser"),
            gid: user("runAsGroup"),
            read_only_root: container["securityContext"]["readOnlyRootFilesystem"] == true,
            etc,
            mounts: volumes::mounts(
                &self.cluster,
                pod,
                container,
                self.sandbox
                    .as_ref()
                    .is_ok_and(|sandbox| sandbox.binds_descriptors()),
            )?,
            memory_bytes: limit("memory").map(|bytes| bytes as u64),
            cpu_millis: limit("cpu").map(|cpus| (cpus * 1000.0) as u64),
        })
    }
}

//! What a Pod for one operating system may not have (`validateOS`, `validateWindows`, `validateLinux`).

use serde_json::{Map, Value};

use super::Check;
use crate::path::Path;

/// Fields of a Linux Pod that a Windows Pod may not have.
const LINUX_ONLY: [&str; 10] = [
    "fsGroup",
    "fsGroupChangePolicy",
    "runAsUser",
    "runAsGroup",
    "seLinuxOptions",
    "seccompProfile",
    "appArmorProfile",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "sysctls",
];

/// Those of a container.
const LINUX_ONLY_CONTAINER: [&str; 9] = [
    "seLinuxOptions",
    "seccompProfile",
    "appArmorProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
];

/// `os.name` of a Pod.
fn system(pod: &Map<String, Value>) -> Option<&str> {
    pod.get("os").and_then(|os| os.get("name")?.as_str())
}

impl Check<'_> {
    /// `os` itself, and the fields of the Pod that only Linux has.
    pub(super) fn platform(&mut self, pod: &Map<String, Value>, at: &Path) {
        if let Some(os) = self.mapping(pod, at, "os")
            && let Some(name) = self.required(os, &at.key("os"), "name")
            && !matches!(name, "linux" | "windows")
        {
            // The server names `os` as a whole.
            self.error("field.enum", &at.key("os"), &[name, "linux, windows"]);
        }
        if system(pod) == Some("windows") {
            for key in ["hostPID", "hostIPC", "shareProcessNamespace"] {
                if pod.get(key) == Some(&Value::Bool(true)) {
                    self.forbidden(pod, at, key);
                }
            }
        }
        let is = |key: &str| pod.get(key) == Some(&Value::Bool(true));
        if is("hostPID") && is("shareProcessNamespace") {
            self.error("security.share-process", &at.key("shareProcessNamespace"), &[]);
        }
    }

    /// `securityContext` of a Pod.
    pub(super) fn pod_platform(&mut self, pod: &Map<String, Value>, context: &Map<String, Value>, at: &Path) {
        self.only_for(pod, context, at, &LINUX_ONLY);
    }

    /// `securityContext` of a container.
    pub(super) fn container_platform(
        &mut self,
        pod: &Map<String, Value>,
        context: &Map<String, Value>,
        at: &Path,
    ) {
        self.only_for(pod, context, at, &LINUX_ONLY_CONTAINER);
        if system(pod) == Some("windows") {
            self.forbidden(context, at, "runAsGroup");
        }
    }

    fn only_for(
        &mut self,
        pod: &Map<String, Value>,
        context: &Map<String, Value>,
        at: &Path,
        linux: &[&str],
    ) {
        match system(pod) {
            Some("windows") => {
                for key in linux {
                    self.forbidden(context, at, key);
                }
            }
            Some("linux") => self.forbidden(context, at, "windowsOptions"),
            _ => {}
        }
    }
}

//! Measures a Pod's use of this machine's disk, including unlinked files that are still open.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::runtime::environment::list;
use crate::runtime::eviction::uid_of;
use crate::runtime::node::Node;
use crate::runtime::sandbox::{ScanBudget, UnlinkedFiles};
use crate::runtime::{disk, logs, resources, volumes};

/// A Pod's disk usage in bytes.
pub(super) struct Usage {
    pub pod: Arc<Value>,
    /// For each container: name, bytes of its logs, and bytes written outside of volumes; only the logs are on
    /// disk.
    pub containers: Vec<(String, u64, u64)>,
    /// Volumes removed with the Pod: name, bytes, size limit.
    pub volumes: Vec<(String, u64, Option<String>)>,
    /// Bytes in persistent volume claims, which outlive the Pod.
    pub claims: u64,
    /// Bytes of unlinked files in all of these, held open by the Pod's processes.
    pub unnamed: u64,
    /// If the Pod may hold files that cannot be seen: the bytes that it has written since it started. `None` where
    /// it cannot.
    pub hidden: Option<u64>,
}

impl Usage {
    /// Measures a Pod's directories and open files.
    pub fn of(cluster: &Cluster, node: &Node, pod: &Arc<Value>, budget: &mut ScanBudget) -> Self {
        let uid = uid_of(pod).to_owned();
        let logs = logs::dir(cluster, pod);
        let mut usage = Self {
            pod: Arc::clone(pod),
            containers: Vec::new(),
            volumes: Vec::new(),
            claims: 0,
            unnamed: 0,
            hidden: None,
        };
        for volume in list(&pod["spec"]["volumes"]) {
            let Ok(dir) = volumes::dir(cluster, pod, volume) else {
                continue;
            };
            if volume["persistentVolumeClaim"].is_object() {
                usage.claims += disk::usage(&dir);
            } else if volume["emptyDir"].is_object() && !volumes::is_mounted(&dir) {
                let limit = &volume["emptyDir"]["sizeLimit"];
                let limit = resources::bytes(limit).map(|_| resources::text(limit));
                let name = volume["name"].as_str().unwrap_or_default().to_owned();
                usage.volumes.push((name, disk::usage(&dir), limit));
            }
        }
        let device = std::fs::metadata(&cluster.data_dir).map_or(0, |meta| meta.dev());
        let mut unlinked = UnlinkedFiles::default();
        for container in ["initContainers", "containers"]
            .iter()
            .flat_map(|field| list(&pod["spec"][*field]))
        {
            let name = container["name"].as_str().unwrap_or_default();
            let process = node.process(&uid, name);
            let root = process.map_or(0, |process| root_usage(process, container));
            usage
                .containers
                .push((name.to_owned(), disk::usage(&logs.join(name)), root));
            if let Some(process) = process.filter(|_| usage.may_write(container)) {
                unlinked.merge(UnlinkedFiles::of(process, device, budget));
            }
        }
        usage.add(&uid, unlinked);
        usage
    }

    /// Whether a container has a writable volume on the disk, or may have received a descriptor from one that has.
    fn may_write(&self, container: &Value) -> bool {
        list(&container["volumeMounts"]).iter().any(|mount| {
            let of_pod = list(&self.pod["spec"]["volumes"]);
            let volume = of_pod.iter().find(|volume| volume["name"] == mount["name"]);
            volume.is_some_and(|volume| {
                volume["persistentVolumeClaim"].is_object() || volume["emptyDir"].is_object()
            })
        })
    }

    /// Adds unlinked files to the volumes that they belong to.
    fn add(&mut self, uid: &str, unlinked: UnlinkedFiles) {
        for (bytes, root) in unlinked.files.into_values() {
            self.unnamed += bytes;
            let root = root.unwrap_or_default();
            let volume = volume_of(uid, &root);
            let known = volume.and_then(|name| self.volumes.iter_mut().find(|(one, ..)| one == name));
            match known {
                Some((_, used, _)) => *used += bytes,
                None => self.claims += bytes,
            }
        }
        self.hidden = unlinked.is_opaque.then_some(unlinked.written);
    }

    /// Returns the bytes that count towards the Pod's own limits.
    pub fn local(&self) -> u64 {
        let containers: u64 = self.containers.iter().map(|(_, logs, root)| logs + root).sum();
        containers + self.volumes.iter().map(|(_, bytes, _)| bytes).sum::<u64>()
    }

    /// Returns the bytes that the Pod takes on the disk.
    pub fn on_disk(&self) -> u64 {
        let logs: u64 = self.containers.iter().map(|(_, logs, _)| logs).sum();
        logs + self.claims + self.volumes.iter().map(|(_, bytes, _)| bytes).sum::<u64>()
    }
}

/// Returns the name of the Pod's volume that contains a path of the file system; `None` for a claim's.
fn volume_of<'a>(uid: &str, root: &'a Path) -> Option<&'a str> {
    let names: Vec<&str> = root.iter().filter_map(|name| name.to_str()).collect();
    // The outermost match: names further inside are chosen by containers.
    let place = names
        .windows(4)
        .find(|names| names[..3] == ["pods", uid, "volumes"])?;
    Some(place[3])
}

/// Returns the bytes that a running container has written outside of its volumes.
fn root_usage(process: i32, container: &Value) -> u64 {
    // A volume mounted over the root is not the container's own.
    let covered = list(&container["volumeMounts"]).iter().any(|mount| {
        mount["mountPath"]
            .as_str()
            .is_some_and(|path| Path::new(path) == Path::new("/"))
    });
    if covered {
        return 0;
    }
    let root = format!("/proc/{process}/root");
    match disk::space(Path::new(&root)) {
        // The size limit of a sandbox's root is small, whatever mounted it.
        Ok(space) if space.size <= 1 << 31 => {
            // Its size limits the content of files, not their number.
            let files = space.files.saturating_sub(space.free_files);
            space.used.saturating_add(files.saturating_mul(4 * disk::INODE))
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_belongs_to_volume_it_was_opened_through() {
        for (root, volume) in [
            ("/srv/data/pods/1-2/volumes/work", Some("work")),
            ("/pods/1-2/volumes/work/part/x", Some("work")),
            ("/data/pods/1-2/volumes/work/pods/1-2/volumes/other", Some("work")),
            ("/data/pods/9/volumes/work", None),
            ("/data/volumes/1-2", None),
            ("/data/pods/1-2/volumes", None),
            ("", None),
        ] {
            assert_eq!(volume_of("1-2", Path::new(root)), volume, "{root}");
        }
    }
}

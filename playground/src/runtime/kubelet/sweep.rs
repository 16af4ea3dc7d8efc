//! Cleans up after Pods and claims that are gone.

use std::collections::HashSet;

use crate::cluster::Cluster;
use crate::resource::{PERSISTENT_VOLUME_CLAIMS, PODS};
use crate::runtime::volumes;

/// Removes the directories of Pods and claims that are gone: the process may have ended before it could remove
/// them.
pub(super) fn sweep(cluster: &Cluster) {
    for (kind, resource) in [
        ("pods", &PODS),
        ("logs", &PODS),
        ("volumes", &PERSISTENT_VOLUME_CLAIMS),
    ] {
        let Ok((objects, _)) = cluster.store.list(resource, None) else {
            continue;
        };
        let known: HashSet<&str> = objects
            .iter()
            .filter_map(|object| object["metadata"]["uid"].as_str())
            .collect();
        let entries = std::fs::read_dir(cluster.data_dir.join(kind))
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries {
            let name = entry.file_name();
            // Log directories are named NAMESPACE_NAME_UID.
            let uid = name.to_str().and_then(|name| name.rsplit('_').next());
            if uid.is_some_and(|uid| known.contains(uid)) {
                continue;
            }
            if let Err(error) = volumes::remove(&entry.path()) {
                tracing::warn!(%error, dir = %entry.path().display(), "cannot remove the directory of a deleted Pod or claim");
            }
        }
    }
}

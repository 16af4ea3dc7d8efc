//! Volumes of a Pod (`ValidateVolumes`, `validateVolumeSource`).

use std::collections::{HashMap, HashSet};

use super::{projected, volume_source};
use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

/// The valid volumes by name, which containers can mount.
pub(super) struct Volumes<'a>(HashMap<&'a str, Node<'a>>);

impl<'a> Volumes<'a> {
    pub fn get(&self, name: &str) -> Option<Node<'a>> {
        self.0.get(name).copied()
    }
}

/// Volume sources in the server's order: the API's name, and the name in the cause about a second source.
const SOURCES: [(&str, &str); 30] = [
    ("emptyDir", "emptyDir"),
    ("hostPath", "hostPath"),
    ("gitRepo", "gitRepo"),
    ("gcePersistentDisk", "gcePersistentDisk"),
    ("awsElasticBlockStore", "awsElasticBlockStore"),
    ("secret", "secret"),
    ("nfs", "nfs"),
    ("iscsi", "iscsi"),
    ("glusterfs", "glusterfs"),
    ("flocker", "flocker"),
    ("persistentVolumeClaim", "persistentVolumeClaim"),
    ("rbd", "rbd"),
    ("cinder", "cinder"),
    ("cephfs", "cephFS"),
    ("quobyte", "quobyte"),
    ("downwardAPI", "downwarAPI"),
    ("fc", "fc"),
    ("flexVolume", "flexVolume"),
    ("configMap", "configMap"),
    ("azureFile", "azureFile"),
    ("vsphereVolume", "vsphereVolume"),
    ("photonPersistentDisk", "photonPersistentDisk"),
    ("portworxVolume", "portworxVolume"),
    ("azureDisk", "azureDisk"),
    ("storageos", "storageos"),
    ("projected", "projected"),
    ("scaleIO", "scaleIO"),
    ("csi", "csi"),
    ("ephemeral", "ephemeral"),
    ("image", "image"),
];

pub(super) fn all(pod: Node<'_>) -> Volumes<'_> {
    let mut taken = HashSet::new();
    let mut sound = HashMap::new();
    for volume in pod.structs("volumes") {
        let before = volume.causes();
        let name = volume.text("name");
        let at = volume.get("name");
        sources(volume, name);
        if !name.is_empty() {
            at.name_faults(name, &names::dns_label(name));
        } else if !volume.is_mistyped_text("name") {
            at.required(Rule::NameMissing, &[], detail!(""));
        }
        if taken.contains(name) {
            at.duplicate(Rule::NameDuplicate, name, &[name]);
        }
        if volume.causes() == before {
            taken.insert(name);
            sound.insert(name, volume);
        }
    }
    Volumes(sound)
}

fn sources<'a>(volume: Node<'a>, name: &'a str) {
    let mut given = 0;
    let mut is_mistyped = false;
    for (kind, spelled) in SOURCES {
        let Some(source) = volume.object(kind) else {
            is_mistyped |= volume.has(kind);
            continue;
        };
        given += 1;
        if given > 1 {
            let at = if spelled == kind {
                source
            } else {
                volume.spelled(kind, spelled)
            };
            let detail = detail!("may not specify more than 1 volume type");
            at.forbid(Rule::VolumeSourceMany, &[name], detail);
        } else if kind == "projected" {
            projected::source(source);
        } else {
            volume_source::source(volume, kind, source);
        }
        let portal = source.text("targetPortal");
        if kind == "iscsi" && source.has("initiatorName") && name.len() + 1 + portal.len() > 64 {
            let detail = detail!(
                "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."
            );
            volume.get("name").invalid(Rule::NameLong, name, &["64"], detail);
        }
    }
    let known = |key: &String| key == "name" || SOURCES.iter().any(|(kind, _)| kind == key);
    let is_unknown = volume
        .value
        .as_object()
        .is_some_and(|members| !members.keys().all(known));
    if given == 0 && !is_mistyped && !is_unknown {
        volume.required(
            Rule::FieldOneOf,
            &["emptyDir, configMap, secret, …"],
            detail!("must specify a volume type"),
        );
    }
}

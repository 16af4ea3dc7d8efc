//! All fields that have controls made by hand: what the search finds, and what a generated form leaves out.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use manifest::{Path, Segment};

use crate::i18n::{Text, wizard};
use crate::pages::create_job::fields::table::Spec;
use crate::pages::create_job::steps::pod_template::pod;
use crate::pages::create_job::steps::{job_settings, pod_template, scheduling, volumes};

/// Tables of fields, each with the path of the object that they belong to.
pub fn tables() -> Vec<(String, &'static [Spec])> {
    [
        job_settings::tables(),
        pod::tables(),
        pod_template::tables(),
        volumes::tables(),
        scheduling::tables(),
    ]
    .concat()
}

/// Fields with controls of their own.
pub const OTHERS: &[(&str, Text)] = &[
    ("metadata.name", wizard::NAME),
    (
        "metadata.annotations[\"kubesphere.io/alias-name\"]",
        wizard::ALIAS,
    ),
    (
        "metadata.annotations[\"kubesphere.io/description\"]",
        wizard::DESCRIPTION,
    ),
    ("metadata.labels", wizard::JOB_LABELS),
    ("metadata.annotations", wizard::ANNOTATIONS),
    ("spec.template.metadata.labels", wizard::POD_LABELS),
    ("spec.template.spec.restartPolicy", wizard::RESTART),
    ("spec.template.spec.containers[0].name", wizard::CONTAINER_NAME),
    ("spec.template.spec.containers[0].image", wizard::IMAGE),
    (
        "spec.template.spec.containers[0].resources.requests.cpu",
        wizard::CPU_REQUEST,
    ),
    (
        "spec.template.spec.containers[0].resources.limits.cpu",
        wizard::CPU_LIMIT,
    ),
    (
        "spec.template.spec.containers[0].resources.requests.memory",
        wizard::MEMORY_REQUEST,
    ),
    (
        "spec.template.spec.containers[0].resources.limits.memory",
        wizard::MEMORY_LIMIT,
    ),
    ("spec.template.spec.containers[0].command", wizard::COMMAND),
    ("spec.template.spec.containers[0].args", wizard::ARGS),
    ("spec.template.spec.containers[0].ports", wizard::PORTS),
    ("spec.template.spec.containers[0].env", wizard::ENVIRONMENT),
    ("spec.template.spec.containers[0].envFrom", wizard::ENV_FROM),
    ("spec.template.spec.initContainers", wizard::INIT_CONTAINERS),
    ("spec.template.spec.volumes", wizard::STEP_VOLUMES),
    ("spec.template.spec.nodeSelector", wizard::NODE_SELECTOR),
];

/// Lists and objects whose controls are no rows of a table.
const WHOLE: &[&str] = &[
    "apiVersion",
    "kind",
    "status",
    "spec.template.metadata.annotations",
    "spec.template.spec.initContainers",
    "spec.template.spec.containers[0].resources.requests",
    "spec.template.spec.containers[0].resources.limits",
    "spec.template.spec.containers[0].env[0].name",
    "spec.template.spec.containers[0].env[0].value",
    "spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.name",
    "spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.key",
    "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name",
    "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.key",
    "spec.template.spec.containers[0].volumeMounts[0].name",
    "spec.template.spec.containers[0].volumeMounts[0].mountPath",
    "spec.template.spec.containers[0].volumeMounts[0].subPath",
    "spec.template.spec.containers[0].volumeMounts[0].readOnly",
    "spec.template.spec.volumes[0].name",
    // Pods of a Job cannot have them.
    "spec.template.spec.ephemeralContainers",
    // What the cards of containers and volumes are for.
    "spec.template.spec.containers",
    "spec.podFailurePolicy.rules[0].onExitCodes.values",
];

/// How much of a field has controls made by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// All of it.
    Whole,
    /// Some fields below it.
    Partly,
    /// Nothing.
    Not,
}

static COVERED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let tables = tables()
        .into_iter()
        .flat_map(|(base, specs)| specs.iter().map(move |spec| format!("{base}.{}", spec.key)));
    let others = OTHERS.iter().map(|(path, _)| (*path).to_owned());
    // The list of volumes has cards whose kinds are not all known here.
    let whole = WHOLE.iter().map(|path| (*path).to_owned());
    tables
        .chain(others)
        .chain(whole)
        .filter(|path| path != "spec.template.spec.volumes")
        .collect()
});

/// How much of the field at a path of a Job is covered. Positions in lists do not matter, and init containers are
/// containers.
pub fn covered(path: &Path) -> Covered {
    let segments = path.segments().iter().map(|segment| match segment {
        Segment::Index(_) => Segment::Index(0),
        Segment::Key(key) if key == "initContainers" => Segment::Key("containers".to_owned()),
        key @ Segment::Key(_) => key.clone(),
    });
    let path = Path::from(segments.collect::<Vec<_>>()).to_string();
    if COVERED.contains(&path) {
        return Covered::Whole;
    }
    let below = |other: &String| {
        other
            .strip_prefix(&path)
            .is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let mut after = COVERED
        .range(path.clone()..)
        .take_while(|other| other.starts_with(&path));
    if after.any(below) {
        Covered::Partly
    } else {
        Covered::Not
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_catalogue_has_a_path() {
        for path in COVERED.iter() {
            assert_eq!(
                path.parse::<Path>().map(|path| path.to_string()).as_ref(),
                Ok(path)
            );
        }
    }

    #[test]
    fn what_has_a_control_is_covered() {
        let of = |path: &str| covered(&path.parse().unwrap());
        assert_eq!(of("spec.backoffLimit"), Covered::Whole);
        assert_eq!(of("spec.podFailurePolicy"), Covered::Partly);
        assert_eq!(of("spec.selector"), Covered::Not);
        assert_eq!(of("spec.template.spec.initContainers[3].image"), Covered::Whole);
        assert_eq!(of("spec.template.spec.containers[1].resources"), Covered::Partly);
        assert_eq!(
            of("spec.template.spec.containers[1].resources.claims"),
            Covered::Not
        );
        assert_eq!(of("spec.template.spec.containers[0].volumeDevices"), Covered::Not);
        assert_eq!(of("spec.template.spec.volumes"), Covered::Partly);
    }
}

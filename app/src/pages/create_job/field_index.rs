//! Index of all fields that have handwritten controls: searched by the field search, skipped by generated forms.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use manifest::{Path, Segment};

use crate::i18n::{Text, wizard};
use crate::pages::create_job::fields::table::FieldSpec;
use crate::pages::create_job::step::Step;
use crate::pages::create_job::steps::pod_template::pod;
use crate::pages::create_job::steps::{job_settings, pod_template, scheduling, volumes};

/// Table of fields, with the path of the object they belong to.
type Table = (String, &'static [FieldSpec]);

/// Returns the field tables of each step.
fn tables_of_steps() -> [(Step, Vec<Table>); 4] {
    [
        (Step::Settings, job_settings::tables()),
        (Step::Pods, [pod::tables(), pod_template::tables()].concat()),
        (Step::Volumes, volumes::tables()),
        (Step::Nodes, scheduling::tables()),
    ]
}

/// Returns the field tables of all steps.
pub fn tables() -> Vec<Table> {
    tables_of_steps()
        .into_iter()
        .flat_map(|(_, tables)| tables)
        .collect()
}

/// Fields with controls outside the tables.
pub const CUSTOM_FIELDS: &[(&str, Text)] = &[
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

/// Paths fully covered by controls that are not rows of a table.
const FULLY_COVERED: &[&str] = &[
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
    // Pods of a Job cannot have ephemeral containers.
    "spec.template.spec.ephemeralContainers",
    // Covered by the cards of containers and volumes.
    "spec.template.spec.containers",
    "spec.podFailurePolicy.rules[0].onExitCodes.values",
];

/// Extent to which handwritten controls cover a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// The whole field.
    Full,
    /// Some fields below it.
    Partial,
    /// Nothing.
    None,
}

static COVERED_PATHS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let tables = tables()
        .into_iter()
        .flat_map(|(base, specs)| specs.iter().map(move |spec| format!("{base}.{}", spec.key)));
    let others = CUSTOM_FIELDS.iter().map(|(path, _)| (*path).to_owned());
    // The list of volumes has cards, but not for every kind of volume.
    let whole = FULLY_COVERED.iter().map(|path| (*path).to_owned());
    tables
        .chain(others)
        .chain(whole)
        .filter(|path| path != "spec.template.spec.volumes")
        .collect()
});

/// Returns the coverage of the field at a path of a Job. List positions do not matter, and init containers count as
/// containers.
pub fn coverage(path: &Path) -> Coverage {
    let segments = path.segments().iter().map(|segment| match segment {
        Segment::Index(_) => Segment::Index(0),
        Segment::Key(key) if key == "initContainers" => Segment::Key("containers".to_owned()),
        key @ Segment::Key(_) => key.clone(),
    });
    let path = Path::from(segments.collect::<Vec<_>>()).to_string();
    if COVERED_PATHS.contains(&path) {
        return Coverage::Full;
    }
    let below = |other: &String| {
        other
            .strip_prefix(&path)
            .is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let mut after = COVERED_PATHS
        .range(path.clone()..)
        .take_while(|other| other.starts_with(&path));
    if after.any(below) {
        Coverage::Partial
    } else {
        Coverage::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexed_paths_parse() {
        for path in COVERED_PATHS.iter() {
            assert_eq!(
                path.parse::<Path>().map(|path| path.to_string()).as_ref(),
                Ok(path)
            );
        }
    }

    /// Search, problem list and review jump to the step that [`Step::of`] says.
    #[test]
    fn fields_of_tables_belong_to_the_step_that_has_the_table() {
        for (step, tables) in tables_of_steps() {
            for (base, specs) in tables {
                for spec in specs {
                    let path = spec.path(&base.parse().unwrap());
                    assert_eq!(Step::of(&path), step, "{path}");
                }
            }
        }
    }

    #[test]
    fn coverage_follows_the_controls() {
        let coverage_of = |path: &str| coverage(&path.parse().unwrap());
        assert_eq!(coverage_of("spec.backoffLimit"), Coverage::Full);
        assert_eq!(coverage_of("spec.podFailurePolicy"), Coverage::Partial);
        assert_eq!(coverage_of("spec.selector"), Coverage::None);
        assert_eq!(
            coverage_of("spec.template.spec.initContainers[3].image"),
            Coverage::Full
        );
        assert_eq!(
            coverage_of("spec.template.spec.containers[1].resources"),
            Coverage::Partial
        );
        assert_eq!(
            coverage_of("spec.template.spec.containers[1].resources.claims"),
            Coverage::None
        );
        assert_eq!(
            coverage_of("spec.template.spec.containers[0].volumeDevices"),
            Coverage::None
        );
        assert_eq!(coverage_of("spec.template.spec.volumes"), Coverage::Partial);
    }
}

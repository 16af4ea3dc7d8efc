//! Steps of the wizard, and the part of the manifest that each edits.

use manifest::{Path, Segment};

use crate::i18n::{Text, wizard as text};

/// Step of the wizard. Steps can be visited in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Basic information (基本信息).
    Basic,
    /// Job settings (任务设置).
    Settings,
    /// Pod template (容器组模板).
    Pods,
    /// Volumes (存储卷设置).
    Volumes,
    /// Labels (标签设置).
    Labels,
    /// Node selection (节点选择器).
    Nodes,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 6] = [
        Self::Basic,
        Self::Settings,
        Self::Pods,
        Self::Volumes,
        Self::Labels,
        Self::Nodes,
    ];

    /// Returns the value of `?step=`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Settings => "settings",
            Self::Pods => "pods",
            Self::Volumes => "volumes",
            Self::Labels => "labels",
            Self::Nodes => "nodes",
        }
    }

    /// Parses such a value.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.key() == key)
    }

    /// Returns the label.
    pub fn label(self) -> Text {
        match self {
            Self::Basic => text::STEP_BASIC,
            Self::Settings => text::STEP_SETTINGS,
            Self::Pods => text::STEP_PODS,
            Self::Volumes => text::STEP_VOLUMES,
            Self::Labels => text::STEP_LABELS,
            Self::Nodes => text::STEP_NODES,
        }
    }

    /// Returns the position, from 0.
    pub fn position(self) -> usize {
        Self::ALL
            .iter()
            .position(|step| *step == self)
            .unwrap_or_default()
    }

    /// Returns the next step.
    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self.position() + 1).copied()
    }

    /// Returns the previous step.
    pub fn previous(self) -> Option<Self> {
        self.position().checked_sub(1).map(|position| Self::ALL[position])
    }

    /// Returns the step that edits a field.
    pub fn of(path: &Path) -> Self {
        let keys: Vec<&str> = path
            .segments()
            .iter()
            .filter_map(|segment| match segment {
                Segment::Key(key) => Some(key.as_str()),
                Segment::Index(_) => None,
            })
            .collect();
        match keys.as_slice() {
            ["metadata", "labels", ..] | ["spec", "template", "metadata" | "labels" | "annotations", ..] => {
                Self::Labels
            }
            ["metadata", "annotations", key, ..] if !key.starts_with("kubesphere.io/") => Self::Labels,
            ["spec", "template", "spec", "volumes", ..]
            | [
                "spec",
                "template",
                "spec",
                "containers" | "initContainers",
                "volumeMounts",
                ..,
            ] => Self::Volumes,
            [
                "spec",
                "template",
                "spec",
                "nodeSelector"
                | "nodeName"
                | "affinity"
                | "tolerations"
                | "topologySpreadConstraints"
                | "priorityClassName"
                | "schedulerName",
                ..,
            ] => Self::Nodes,
            ["spec", "template", ..] => Self::Pods,
            ["spec", ..] => Self::Settings,
            _ => Self::Basic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_map_to_steps() {
        for (path, step) in [
            ("metadata.name", Step::Basic),
            ("metadata.annotations[\"kubesphere.io/alias-name\"]", Step::Basic),
            ("metadata.annotations[\"other.io/x\"]", Step::Labels),
            ("metadata.labels.app", Step::Labels),
            ("spec.completions", Step::Settings),
            ("spec.template.spec.containers[0].image", Step::Pods),
            (
                "spec.template.spec.containers[0].volumeMounts[1].mountPath",
                Step::Volumes,
            ),
            ("spec.template.spec.volumes[0]", Step::Volumes),
            ("spec.template.spec.nodeSelector", Step::Nodes),
            ("", Step::Basic),
        ] {
            assert_eq!(Step::of(&path.parse().unwrap()), step, "{path}");
        }
    }
}

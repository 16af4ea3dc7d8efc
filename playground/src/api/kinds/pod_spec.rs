//! Warnings about Pod specs, in a Pod or in a template.

use k8s_rules::Quantity;
use serde_json::Value;

/// Deprecated node labels, with the version of their deprecation and the label to use.
const DEPRECATED_LABELS: [(&str, &str); 5] = [
    ("beta.kubernetes.io/arch", "v1.14; use \"kubernetes.io/arch\""),
    ("beta.kubernetes.io/os", "v1.14; use \"kubernetes.io/os\""),
    (
        "failure-domain.beta.kubernetes.io/region",
        "v1.17; use \"topology.kubernetes.io/region\"",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "v1.17; use \"topology.kubernetes.io/zone\"",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "v1.17; use \"node.kubernetes.io/instance-type\"",
    ),
];

/// Returns the warnings of Kubernetes' `pod.warningsForPodSpecAndMeta`.
pub(super) fn warnings(spec: &Value, path: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    if spec["terminationGracePeriodSeconds"]
        .as_i64()
        .is_some_and(|seconds| seconds < 0)
    {
        warnings.push(format!(
            "{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
        ));
    }
    for (label, instead) in DEPRECATED_LABELS {
        if !spec["nodeSelector"][label].is_null() {
            warnings.push(format!(
                "{path}.nodeSelector[{label}]: deprecated since {instead} instead"
            ));
        }
    }
    for (index, secret) in spec["imagePullSecrets"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        if secret["name"].as_str().unwrap_or_default().is_empty() {
            warnings.push(format!(
                "{path}.imagePullSecrets[{index}].name: invalid empty name \"\""
            ));
        }
    }
    for list in ["initContainers", "containers"] {
        for (index, one) in spec[list].as_array().into_iter().flatten().enumerate() {
            for name in ["memory", "ephemeral-storage"] {
                for kind in ["limits", "requests"] {
                    let shown = one["resources"][kind][name].as_str().unwrap_or_default();
                    let amount = Quantity::parse(shown).unwrap_or(Quantity::ZERO);
                    if amount.is_fractional(shown) {
                        warnings.push(format!(
                            "{path}.{list}[{index}].resources.{kind}[{name}]: fractional byte value \"{shown}\" is invalid, must be an integer"
                        ));
                    }
                }
            }
            let mut seen: Vec<&str> = Vec::new();
            for (at, env) in one["env"].as_array().into_iter().flatten().enumerate() {
                let name = env["name"].as_str().unwrap_or_default();
                if seen.contains(&name) {
                    warnings.push(format!(
                        "{path}.{list}[{index}].env[{at}]: hides previous definition of \"{name}\", which may be dropped when using apply"
                    ));
                }
                seen.push(name);
            }
        }
    }
    warnings
}

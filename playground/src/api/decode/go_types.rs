//! Names of Go types that the schema does not contain: named string types, and embedded structs.

/// Strings, and lists of strings, of a named type in `v1`: struct, field, type.
const NAMED: &[(&str, &str, &str)] = &[
    (
        "PersistentVolumeClaimSpec",
        "accessModes",
        "PersistentVolumeAccessMode",
    ),
    ("PersistentVolumeClaimSpec", "volumeMode", "PersistentVolumeMode"),
    ("HostPathVolumeSource", "type", "HostPathType"),
    ("EmptyDirVolumeSource", "medium", "StorageMedium"),
    ("AzureDiskVolumeSource", "cachingMode", "AzureDataDiskCachingMode"),
    ("AzureDiskVolumeSource", "kind", "AzureDataDiskKind"),
    ("ContainerPort", "protocol", "Protocol"),
    ("VolumeMount", "recursiveReadOnly", "RecursiveReadOnlyMode"),
    ("VolumeMount", "mountPropagation", "MountPropagationMode"),
    ("HTTPGetAction", "scheme", "URIScheme"),
    ("HTTPGetAction", "protocol", "HTTPProtocol"),
    ("GRPCAction", "mode", "GRPCProbeMode"),
    ("ContainerResizePolicy", "resourceName", "ResourceName"),
    (
        "ContainerResizePolicy",
        "restartPolicy",
        "ResourceResizeRestartPolicy",
    ),
    ("Capabilities", "add", "Capability"),
    ("Capabilities", "drop", "Capability"),
    ("Container", "restartPolicy", "ContainerRestartPolicy"),
    (
        "Container",
        "terminationMessagePolicy",
        "TerminationMessagePolicy",
    ),
    ("Container", "imagePullPolicy", "PullPolicy"),
    ("Lifecycle", "stopSignal", "Signal"),
    ("ContainerRestartRule", "action", "ContainerRestartRuleAction"),
    (
        "ContainerRestartRuleOnExitCodes",
        "operator",
        "ContainerRestartRuleOnExitCodesOperator",
    ),
    ("NodeSelectorRequirement", "operator", "NodeSelectorOperator"),
    ("Toleration", "operator", "TolerationOperator"),
    ("Toleration", "effect", "TaintEffect"),
    ("PodReadinessGate", "conditionType", "PodConditionType"),
    ("PodSpec", "restartPolicy", "RestartPolicy"),
    ("PodSpec", "dnsPolicy", "DNSPolicy"),
    ("PodSpec", "preemptionPolicy", "PreemptionPolicy"),
    ("PodOS", "name", "OSName"),
    (
        "TopologySpreadConstraint",
        "whenUnsatisfiable",
        "UnsatisfiableConstraintAction",
    ),
    (
        "TopologySpreadConstraint",
        "nodeAffinityPolicy",
        "NodeInclusionPolicy",
    ),
    (
        "TopologySpreadConstraint",
        "nodeTaintsPolicy",
        "NodeInclusionPolicy",
    ),
    (
        "PodSecurityContext",
        "supplementalGroupsPolicy",
        "SupplementalGroupsPolicy",
    ),
    (
        "PodSecurityContext",
        "fsGroupChangePolicy",
        "PodFSGroupChangePolicy",
    ),
    (
        "PodSecurityContext",
        "seLinuxChangePolicy",
        "PodSELinuxChangePolicy",
    ),
    ("SeccompProfile", "type", "SeccompProfileType"),
    ("AppArmorProfile", "type", "AppArmorProfileType"),
    ("SecurityContext", "procMount", "ProcMountType"),
    ("ImageVolumeSource", "pullPolicy", "PullPolicy"),
    (
        "PodFailurePolicyOnExitCodesRequirement",
        "operator",
        "PodFailurePolicyOnExitCodesOperator",
    ),
    (
        "PodFailurePolicyOnPodConditionsPattern",
        "type",
        "PodConditionType",
    ),
    (
        "PodFailurePolicyOnPodConditionsPattern",
        "status",
        "ConditionStatus",
    ),
    ("PodFailurePolicyRule", "action", "PodFailurePolicyAction"),
    ("JobSpec", "completionMode", "CompletionMode"),
    ("JobSpec", "podReplacementPolicy", "PodReplacementPolicy"),
    ("JobCondition", "type", "JobConditionType"),
    ("JobCondition", "status", "ConditionStatus"),
    ("EphemeralContainer", "restartPolicy", "ContainerRestartPolicy"),
    (
        "EphemeralContainer",
        "terminationMessagePolicy",
        "TerminationMessagePolicy",
    ),
    ("EphemeralContainer", "imagePullPolicy", "PullPolicy"),
    ("OwnerReference", "uid", "types.UID"),
    ("ObjectMeta", "uid", "types.UID"),
    ("LabelSelectorRequirement", "operator", "LabelSelectorOperator"),
];

/// Returns the named type of a string field.
pub fn named(owner: &str, field: &str) -> Option<&'static str> {
    NAMED
        .iter()
        .find(|(struct_name, name, _)| *struct_name == owner && *name == field)
        .map(|(.., named)| *named)
}

/// Returns the embedded struct that contains a field; it is part of the path in Go's errors.
pub fn embedded(owner: &str, field: &str) -> Option<&'static str> {
    match (owner, field) {
        ("Probe", "exec" | "httpGet" | "tcpSocket" | "grpc") => Some("ProbeHandler"),
        ("Volume", name) if name != "name" => Some("VolumeSource"),
        ("EphemeralContainer", name) if name != "targetContainerName" => Some("EphemeralContainerCommon"),
        (
            "ConfigMapVolumeSource"
            | "ConfigMapKeySelector"
            | "SecretKeySelector"
            | "ConfigMapProjection"
            | "SecretProjection"
            | "ConfigMapEnvSource"
            | "SecretEnvSource",
            "name",
        ) => Some("LocalObjectReference"),
        _ => None,
    }
}

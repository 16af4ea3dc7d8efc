//! The table columns of each type; their descriptions are those of the fields in the OpenAPI documents.

use serde_json::{Value, json};

use crate::api::decode;
use crate::resource::Resource;

/// Where a column's description comes from.
enum About {
    /// A field of a schema.
    Field(&'static str, &'static str),
    /// This text.
    Text(&'static str),
}

/// A column.
pub(super) struct Column {
    /// Its header.
    pub name: &'static str,
    kind: &'static str,
    format: &'static str,
    priority: u8,
    about: About,
}

impl Column {
    /// Returns its entry in `columnDefinitions`.
    pub(super) fn definition(&self) -> Value {
        let description = match self.about {
            About::Text(text) => text.to_owned(),
            About::Field(schema, field) => decode::description(schema, field),
        };
        json!({
            "name": self.name, "type": self.kind, "format": self.format, "description": description,
            "priority": self.priority,
        })
    }
}

const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const JOB_SPEC: &str = "io.k8s.api.batch.v1.JobSpec";
const JOB_STATUS: &str = "io.k8s.api.batch.v1.JobStatus";
const CRON_JOB_SPEC: &str = "io.k8s.api.batch.v1.CronJobSpec";
const CRON_JOB_STATUS: &str = "io.k8s.api.batch.v1.CronJobStatus";
const POD_SPEC: &str = "io.k8s.api.core.v1.PodSpec";
const POD_STATUS: &str = "io.k8s.api.core.v1.PodStatus";
const EVENT: &str = "io.k8s.api.core.v1.Event";
const OBJECT: &str = "io.k8s.api.core.v1.ObjectReference";
const NODE_STATUS: &str = "io.k8s.api.core.v1.NodeStatus";
const NODE_INFO: &str = "io.k8s.api.core.v1.NodeSystemInfo";
const CLAIM_SPEC: &str = "io.k8s.api.core.v1.PersistentVolumeClaimSpec";
const CLAIM_STATUS: &str = "io.k8s.api.core.v1.PersistentVolumeClaimStatus";
const SERVICE_SPEC: &str = "io.k8s.api.core.v1.ServiceSpec";

const fn text(name: &'static str, about: &'static str) -> Column {
    column(name, 0, About::Text(about))
}

const fn field(name: &'static str, schema: &'static str, field: &'static str) -> Column {
    column(name, 0, About::Field(schema, field))
}

const fn column(name: &'static str, priority: u8, about: About) -> Column {
    Column {
        name,
        kind: "string",
        format: "",
        priority,
        about,
    }
}

const fn wide(mut column: Column) -> Column {
    column.priority = 1;
    column
}

const fn integer(mut column: Column) -> Column {
    column.kind = "integer";
    column
}

const fn boolean(mut column: Column) -> Column {
    column.kind = "boolean";
    column
}

fn name() -> Column {
    Column {
        format: "name",
        ..field("Name", METADATA, "name")
    }
}

fn age() -> Column {
    field("Age", METADATA, "creationTimestamp")
}

/// Returns the columns of a type.
#[allow(clippy::too_many_lines, reason = "a table: one arm for each type")]
pub(super) fn of(resource: &Resource) -> Vec<Column> {
    match (resource.group, resource.plural) {
        ("batch", "jobs") => vec![
            name(),
            text("Status", "Status of the job."),
            field("Completions", JOB_STATUS, "succeeded"),
            text("Duration", "Time required to complete the job."),
            age(),
            wide(text("Containers", "Names of each container in the template.")),
            wide(text(
                "Images",
                "Images referenced by each container in the template.",
            )),
            wide(field("Selector", JOB_SPEC, "selector")),
        ],
        ("batch", "cronjobs") => vec![
            name(),
            field("Schedule", CRON_JOB_SPEC, "schedule"),
            field("Timezone", CRON_JOB_SPEC, "timeZone"),
            boolean(field("Suspend", CRON_JOB_SPEC, "suspend")),
            integer(field("Active", CRON_JOB_STATUS, "active")),
            field("Last Schedule", CRON_JOB_STATUS, "lastScheduleTime"),
            age(),
            wide(text("Containers", "Names of each container in the template.")),
            wide(text(
                "Images",
                "Images referenced by each container in the template.",
            )),
            wide(field("Selector", JOB_SPEC, "selector")),
        ],
        ("", "pods") => vec![
            name(),
            text(
                "Ready",
                "The aggregate readiness state of this pod for accepting traffic.",
            ),
            text("Status", "The aggregate status of the containers in this pod."),
            text(
                "Restarts",
                "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
            ),
            age(),
            wide(field("IP", POD_STATUS, "podIP")),
            wide(field("Node", POD_SPEC, "nodeName")),
            wide(field("Nominated Node", POD_STATUS, "nominatedNodeName")),
            wide(field("Readiness Gates", POD_SPEC, "readinessGates")),
        ],
        ("", "events") => vec![
            field("Last Seen", EVENT, "lastTimestamp"),
            field("Type", EVENT, "type"),
            field("Reason", EVENT, "reason"),
            field("Object", EVENT, "involvedObject"),
            wide(field("Subobject", OBJECT, "fieldPath")),
            wide(field("Source", EVENT, "source")),
            field("Message", EVENT, "message"),
            wide(field("First Seen", EVENT, "firstTimestamp")),
            wide(field("Count", EVENT, "count")),
            wide(name()),
        ],
        ("", "nodes") => vec![
            name(),
            text("Status", "The status of the node"),
            text("Roles", "The roles of the node"),
            age(),
            field("Version", NODE_INFO, "kubeletVersion"),
            wide(field("Internal-IP", NODE_STATUS, "addresses")),
            wide(field("External-IP", NODE_STATUS, "addresses")),
            wide(field("OS-Image", NODE_INFO, "osImage")),
            wide(field("Kernel-Version", NODE_INFO, "kernelVersion")),
            wide(field("Container-Runtime", NODE_INFO, "containerRuntimeVersion")),
        ],
        ("", "namespaces") => vec![name(), text("Status", "The status of the namespace"), age()],
        ("", "configmaps") => vec![
            name(),
            field("Data", "io.k8s.api.core.v1.ConfigMap", "data"),
            age(),
        ],
        ("", "secrets") => vec![
            name(),
            field("Type", "io.k8s.api.core.v1.Secret", "type"),
            field("Data", "io.k8s.api.core.v1.Secret", "data"),
            age(),
        ],
        ("", "serviceaccounts") => vec![
            name(),
            field("Secrets", "io.k8s.api.core.v1.ServiceAccount", "secrets"),
            age(),
        ],
        ("", "resourcequotas") => vec![
            name(),
            text(
                "Request",
                "Request represents a minimum amount of cpu/memory that a container may consume.",
            ),
            text(
                "Limit",
                "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
            ),
            age(),
        ],
        ("", "persistentvolumeclaims") => vec![
            name(),
            field("Status", CLAIM_STATUS, "phase"),
            field("Volume", CLAIM_SPEC, "volumeName"),
            field("Capacity", CLAIM_STATUS, "capacity"),
            field("Access Modes", CLAIM_STATUS, "accessModes"),
            text("StorageClass", "StorageClass of the pvc"),
            text("VolumeAttributesClass", "VolumeAttributesClass of the pvc"),
            age(),
            wide(field("VolumeMode", CLAIM_SPEC, "volumeMode")),
        ],
        ("", "services") => vec![
            name(),
            field("Type", SERVICE_SPEC, "type"),
            field("Cluster-IP", SERVICE_SPEC, "clusterIP"),
            field("External-IP", SERVICE_SPEC, "externalIPs"),
            field("Port(s)", SERVICE_SPEC, "ports"),
            age(),
            wide(field("Selector", SERVICE_SPEC, "selector")),
        ],
        ("coordination.k8s.io", "leases") => vec![
            name(),
            text(
                "Holder",
                "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.",
            ),
            age(),
        ],
        ("rbac.authorization.k8s.io", "rolebindings") => vec![
            name(),
            text(
                "Role",
                "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.",
            ),
            age(),
            wide(text("Users", "Users in the roleBinding")),
            wide(text("Groups", "Groups in the roleBinding")),
            wide(text("ServiceAccounts", "ServiceAccounts in the roleBinding")),
        ],
        ("rbac.authorization.k8s.io", "clusterrolebindings") => vec![
            name(),
            text(
                "Role",
                "RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.",
            ),
            age(),
            wide(text("Users", "Users in the clusterRoleBinding")),
            wide(text("Groups", "Groups in the clusterRoleBinding")),
            wide(text(
                "ServiceAccounts",
                "ServiceAccounts in the clusterRoleBinding",
            )),
        ],
        ("scheduling.k8s.io", "priorityclasses") => vec![
            name(),
            integer(text(
                "Value",
                "value represents the integer value of this priority class. This is the actual priority that pods receive when they have the name of this class in their pod spec.",
            )),
            boolean(text(
                "Global-Default",
                "globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class. Only one PriorityClass can be marked as `globalDefault`. However, if more than one PriorityClasses exists with their `globalDefault` field set to true, the smallest value of such global default PriorityClasses will be used as the default priority.",
            )),
            age(),
            text(
                "PreemptionPolicy",
                "preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.",
            ),
        ],
        ("storage.k8s.io", "storageclasses") => vec![
            name(),
            text(
                "Provisioner",
                "provisioner indicates the type of the provisioner.",
            ),
            text(
                "ReclaimPolicy",
                "reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this storage class. Defaults to Delete.",
            ),
            text(
                "VolumeBindingMode",
                "volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When unset, VolumeBindingImmediate is used. This field is only honored by servers that enable the VolumeScheduling feature.",
            ),
            text(
                "AllowVolumeExpansion",
                "allowVolumeExpansion shows whether the storage class allow volume expand.",
            ),
            age(),
        ],
        _ => vec![
            name(),
            Column {
                kind: "date",
                ..field("Created At", METADATA, "creationTimestamp")
            },
        ],
    }
}

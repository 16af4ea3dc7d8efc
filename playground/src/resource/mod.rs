//! The resource types this cluster serves: one static [`Resource`] each.

pub mod types;

use std::fmt;
use std::sync::LazyLock;

/// One served resource type, as API discovery describes it.
pub struct Resource {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// API version inside the group, such as `v1`.
    pub version: &'static str,
    /// Name in URLs, such as `jobs`.
    pub plural: &'static str,
    /// Name kubectl accepts for one object, such as `job`.
    pub singular: &'static str,
    /// Kind of one object, such as `Job`.
    pub kind: &'static str,
    /// Kind of a list, such as `JobList`.
    pub list_kind: &'static str,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Abbreviations kubectl accepts.
    pub short_names: &'static [&'static str],
    /// Categories such as `all`.
    pub categories: &'static [&'static str],
    /// Whether `/status` is a subresource that is written separately.
    pub status: bool,
    /// Name of the schema of one object in the OpenAPI v3 documents.
    pub schema: &'static str,
}

impl Resource {
    /// Returns the `apiVersion` of its objects: `v1` or `batch/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Returns the type's name in error messages: `pods` or `jobs.batch`.
    pub fn group_resource(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// Returns the served type with this group, version and plural.
    pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|resource| {
            resource.group == group && resource.version == version && resource.plural == plural
        })
    }

    /// Returns the served type with this `apiVersion` and `kind`, as named by an owner reference.
    pub fn find_kind(api_version: &str, kind: &str) -> Option<&'static Self> {
        ALL.iter()
            .copied()
            .find(|resource| resource.kind == kind && resource.api_version() == api_version)
    }

    /// Returns the served type stored under this group and plural.
    pub(crate) fn find_stored(group: &str, plural: &str) -> Option<&'static Self> {
        ALL.iter()
            .copied()
            .find(|resource| resource.group == group && resource.plural == plural)
    }
}

/// Every served type: those with rules of their own, then the rest of the API, which is stored as sent.
pub static ALL: LazyLock<Vec<&'static Resource>> = LazyLock::new(|| {
    let mut all = KNOWN.to_vec();
    for listed in types::stored() {
        let is_known = all
            .iter()
            .any(|known| known.plural == listed.plural && known.group == listed.group);
        // Events have two groups and one table.
        if !is_known && listed.plural != EVENTS.plural {
            all.push(listed);
        }
    }
    all
});

impl fmt::Debug for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.group_resource())
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.group == other.group && self.plural == other.plural
    }
}

impl std::hash::Hash for Resource {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.group, self.plural).hash(state);
    }
}

impl Eq for Resource {}

/// Common values of most types; each static overrides what differs.
const CORE: Resource = Resource {
    group: "",
    version: "v1",
    plural: "",
    singular: "",
    kind: "",
    list_kind: "",
    namespaced: true,
    short_names: &[],
    categories: &[],
    status: false,
    schema: "",
};

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident = { $($field:ident: $value:expr),* $(,)? };)*) => {
        $($(#[$doc])* pub static $name: Resource = Resource { $($field: $value,)* ..CORE };)*
        /// The types that this crate has rules for.
        static KNOWN: &[&Resource] = &[$(&$name),*];
    };
}

resources! {
    /// Core `configmaps`.
    CONFIG_MAPS = {
        plural: "configmaps", singular: "configmap", kind: "ConfigMap", list_kind: "ConfigMapList",
        short_names: &["cm"], schema: "io.k8s.api.core.v1.ConfigMap",
    };
    /// Core `events`; the same objects are served as `events.k8s.io/v1`.
    EVENTS = {
        plural: "events", singular: "event", kind: "Event", list_kind: "EventList",
        short_names: &["ev"], schema: "io.k8s.api.core.v1.Event",
    };
    /// Core `limitranges`.
    LIMIT_RANGES = {
        plural: "limitranges", singular: "limitrange", kind: "LimitRange", list_kind: "LimitRangeList",
        short_names: &["limits"], schema: "io.k8s.api.core.v1.LimitRange",
    };
    /// Core `namespaces`.
    NAMESPACES = {
        plural: "namespaces", singular: "namespace", kind: "Namespace", list_kind: "NamespaceList",
        namespaced: false, short_names: &["ns"], status: true, schema: "io.k8s.api.core.v1.Namespace",
    };
    /// Core `nodes`.
    NODES = {
        plural: "nodes", singular: "node", kind: "Node", list_kind: "NodeList",
        namespaced: false, short_names: &["no"], status: true, schema: "io.k8s.api.core.v1.Node",
    };
    /// Core `persistentvolumeclaims`.
    PERSISTENT_VOLUME_CLAIMS = {
        plural: "persistentvolumeclaims", singular: "persistentvolumeclaim",
        kind: "PersistentVolumeClaim", list_kind: "PersistentVolumeClaimList",
        short_names: &["pvc"], status: true, schema: "io.k8s.api.core.v1.PersistentVolumeClaim",
    };
    /// Core `pods`.
    PODS = {
        plural: "pods", singular: "pod", kind: "Pod", list_kind: "PodList",
        short_names: &["po"], categories: &["all"], status: true, schema: "io.k8s.api.core.v1.Pod",
    };
    /// Core `resourcequotas`.
    RESOURCE_QUOTAS = {
        plural: "resourcequotas", singular: "resourcequota", kind: "ResourceQuota",
        list_kind: "ResourceQuotaList", short_names: &["quota"], status: true,
        schema: "io.k8s.api.core.v1.ResourceQuota",
    };
    /// Core `secrets`.
    SECRETS = {
        plural: "secrets", singular: "secret", kind: "Secret", list_kind: "SecretList",
        schema: "io.k8s.api.core.v1.Secret",
    };
    /// Core `serviceaccounts`.
    SERVICE_ACCOUNTS = {
        plural: "serviceaccounts", singular: "serviceaccount", kind: "ServiceAccount",
        list_kind: "ServiceAccountList", short_names: &["sa"],
        schema: "io.k8s.api.core.v1.ServiceAccount",
    };
    /// `batch/v1` `jobs`.
    JOBS = {
        group: "batch", plural: "jobs", singular: "job", kind: "Job", list_kind: "JobList",
        categories: &["all"], status: true, schema: "io.k8s.api.batch.v1.Job",
    };
    /// `batch/v1` `cronjobs`: stored and served; no controller runs them.
    CRON_JOBS = {
        group: "batch", plural: "cronjobs", singular: "cronjob", kind: "CronJob",
        list_kind: "CronJobList", short_names: &["cj"], categories: &["all"], status: true,
        schema: "io.k8s.api.batch.v1.CronJob",
    };
    /// `coordination.k8s.io/v1` `leases`.
    LEASES = {
        group: "coordination.k8s.io", plural: "leases", singular: "lease", kind: "Lease",
        list_kind: "LeaseList",
    };
    /// `rbac.authorization.k8s.io/v1` `clusterroles`.
    CLUSTER_ROLES = {
        group: "rbac.authorization.k8s.io", plural: "clusterroles", singular: "clusterrole",
        kind: "ClusterRole", list_kind: "ClusterRoleList", namespaced: false,
    };
    /// `rbac.authorization.k8s.io/v1` `clusterrolebindings`.
    CLUSTER_ROLE_BINDINGS = {
        group: "rbac.authorization.k8s.io", plural: "clusterrolebindings",
        singular: "clusterrolebinding", kind: "ClusterRoleBinding",
        list_kind: "ClusterRoleBindingList", namespaced: false,
    };
    /// `rbac.authorization.k8s.io/v1` `roles`.
    ROLES = {
        group: "rbac.authorization.k8s.io", plural: "roles", singular: "role", kind: "Role",
        list_kind: "RoleList",
    };
    /// `rbac.authorization.k8s.io/v1` `rolebindings`.
    ROLE_BINDINGS = {
        group: "rbac.authorization.k8s.io", plural: "rolebindings", singular: "rolebinding",
        kind: "RoleBinding", list_kind: "RoleBindingList",
    };
    /// `scheduling.k8s.io/v1` `priorityclasses`.
    PRIORITY_CLASSES = {
        group: "scheduling.k8s.io", plural: "priorityclasses", singular: "priorityclass",
        kind: "PriorityClass", list_kind: "PriorityClassList", namespaced: false,
        short_names: &["pc"],
    };
    /// `storage.k8s.io/v1` `storageclasses`.
    STORAGE_CLASSES = {
        group: "storage.k8s.io", plural: "storageclasses", singular: "storageclass",
        kind: "StorageClass", list_kind: "StorageClassList", namespaced: false,
        short_names: &["sc"],
    };
}

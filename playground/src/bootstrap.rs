//! Creates the initial objects of a cluster: namespaces, nodes, service accounts, priority classes.

use serde_json::{Value, json};

use crate::auth::defaults;
use crate::cluster::Cluster;
use crate::resource::{
    CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, NAMESPACES, NODES, PRIORITY_CLASSES, Resource, SERVICE_ACCOUNTS,
    STORAGE_CLASSES,
};
use crate::store::StoreError;

/// The namespaces of every cluster.
const INITIAL_NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Creates the missing objects among those that an API server creates itself.
pub(crate) fn system_objects(cluster: &Cluster) -> Result<(), StoreError> {
    for name in INITIAL_NAMESPACES {
        project(cluster, name)?;
    }
    for (name, value) in [
        ("system-cluster-critical", 2_000_000_000),
        ("system-node-critical", 2_000_001_000),
    ] {
        ensure(
            cluster,
            &PRIORITY_CLASSES,
            json!({"metadata": {"name": name}, "value": value}),
        )?;
    }
    roles(cluster)
}

/// Creates the default roles of authenticated users, anonymous users and administrators.
fn roles(cluster: &Cluster) -> Result<(), StoreError> {
    let metadata = |name: &str| {
        json!({"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
            "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"}})
    };
    for (name, rules) in defaults::cluster_roles() {
        ensure(
            cluster,
            &CLUSTER_ROLES,
            json!({"metadata": metadata(name), "rules": rules}),
        )?;
    }
    for (role, groups) in defaults::CLUSTER_ROLE_BINDINGS {
        let api = "rbac.authorization.k8s.io";
        let subject = |group: &&str| json!({"kind": "Group", "apiGroup": api, "name": group});
        let binding = json!({
            "metadata": metadata(role),
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": role},
            "subjects": groups.iter().map(subject).collect::<Vec<Value>>(),
        });
        ensure(cluster, &CLUSTER_ROLE_BINDINGS, binding)?;
    }
    Ok(())
}

fn project(cluster: &Cluster, name: &str) -> Result<(), StoreError> {
    ensure(cluster, &NAMESPACES, namespace(name))?;
    let account = json!({"metadata": {"name": "default", "namespace": name}});
    ensure(cluster, &SERVICE_ACCOUNTS, account)
}

/// Creates what a user starts with: the namespace `demo`, nodes and a StorageClass.
pub(crate) fn run(cluster: &Cluster) -> Result<(), StoreError> {
    project(cluster, "demo")?;
    for (number, disk) in [(1, "ssd"), (2, "hdd"), (3, "hdd")] {
        ensure(cluster, &NODES, node(number, disk))?;
    }
    let class = json!({
        "metadata": {
            "name": crate::controllers::claims::STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "playground/folder", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate",
    });
    ensure(cluster, &STORAGE_CLASSES, class)
}

/// Builds a namespace object.
pub(crate) fn namespace(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    })
}

fn node(number: u32, disk: &str) -> Value {
    let name = format!("playground-{number}");
    // Each node claims all of the machine's processors; together they overcommit it.
    let cpus = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .to_string();
    let size = json!({"cpu": cpus, "memory": "8Gi", "pods": "110", "ephemeral-storage": "100Gi"});
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    json!({
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": arch,
            "disktype": disk, "topology.kubernetes.io/zone": format!("zone-{number}"),
        }},
        "spec": {},
        "status": {
            "capacity": size, "allocatable": size,
            "addresses": [
                {"type": "InternalIP", "address": format!("10.244.255.{number}")},
                {"type": "Hostname", "address": name},
            ],
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "KubeletReady",
                "message": "the playground's runtime is ready",
            }],
            "nodeInfo": {
                "operatingSystem": "linux", "architecture": arch, "kubeletVersion": crate::resource::types::VERSION,
                "containerRuntimeVersion": "playground://bubblewrap",
            },
        },
    })
}

fn ensure(cluster: &Cluster, resource: &'static Resource, mut object: Value) -> Result<(), StoreError> {
    object["apiVersion"] = resource.api_version().into();
    object["kind"] = resource.kind.into();
    match cluster.store.create(resource, object) {
        Ok(_) | Err(StoreError::AlreadyExists(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

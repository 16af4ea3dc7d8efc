//! The creation order of a manifest's documents: referenced objects come first.

/// Returns the rank of a kind; lower ranks come first, equal ones keep their order in the text.
pub fn rank(kind: &str) -> u8 {
    match kind {
        "Namespace" | "CustomResourceDefinition" | "PriorityClass" | "StorageClass" => 0,
        "ServiceAccount" | "ResourceQuota" | "LimitRange" => 1,
        "ConfigMap" | "Secret" | "PersistentVolume" => 2,
        "PersistentVolumeClaim" | "Role" | "ClusterRole" => 3,
        "RoleBinding" | "ClusterRoleBinding" | "Service" | "NetworkPolicy" => 4,
        // Workloads come after everything they need.
        "Pod" | "Job" | "CronJob" | "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => 9,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use crate::operations::create_order::rank;

    #[test]
    fn job_is_created_after_everything_it_refers_to() {
        let mut kinds = [
            "Job",
            "Secret",
            "Widget",
            "PersistentVolumeClaim",
            "ServiceAccount",
            "ConfigMap",
        ];
        kinds.sort_by_key(|kind| rank(kind));
        assert_eq!(
            kinds,
            [
                "ServiceAccount",
                "Secret",
                "ConfigMap",
                "PersistentVolumeClaim",
                "Widget",
                "Job"
            ]
        );
    }
}

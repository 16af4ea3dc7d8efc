//! In which order the documents of a text are created: what others refer to comes first.

/// The rank of a kind; lower is earlier, equal ranks keep the text's order.
pub fn rank(kind: &str) -> u8 {
    match kind {
        "Namespace" | "CustomResourceDefinition" | "PriorityClass" | "StorageClass" => 0,
        "ServiceAccount" | "ResourceQuota" | "LimitRange" => 1,
        "ConfigMap" | "Secret" | "PersistentVolume" => 2,
        "PersistentVolumeClaim" | "Role" | "ClusterRole" => 3,
        "RoleBinding" | "ClusterRoleBinding" | "Service" | "NetworkPolicy" => 4,
        // What runs comes when all it needs is there.
        "Pod" | "Job" | "CronJob" | "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => 9,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use crate::operations::create_order::rank;

    #[test]
    fn a_job_comes_after_all_it_refers_to() {
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

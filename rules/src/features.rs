//! Which parts of the API a version of Kubernetes has, as data.
//!
//! Source: `pkg/features/kube_features.go`: the minor version of Kubernetes 1 since which a gate is on by default.

/// The newest version whose rules are known.
pub const NEWEST: u16 = 37;

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $since:expr,)+) => {
        /// A feature gate that changes what the API server takes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Feature {
            $($(#[$doc])* $name,)+
        }

        impl Feature {
            /// All features.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The minor version since which it is on by default; `None` if it is off in all that are known.
            pub const fn since(self) -> Option<u16> {
                match self {
                    $(Self::$name => $since,)+
                }
            }
        }
    };
}

features! {
    /// Names of variables may hold any printable ASCII but `=`.
    RelaxedEnvironmentVariableValidation = Some(32),
    /// Containers have restart policies and rules of their own.
    ContainerRestartRules = Some(35),
    /// Such a rule may restart all containers.
    RestartAllContainersOnContainerExits = Some(36),
    /// Pods have resources as a whole.
    PodLevelResources = Some(34),
    /// Variables come from files.
    EnvFiles = Some(35),
    /// Pods have host names of their own.
    HostnameOverride = Some(35),
    /// Volumes are images.
    ImageVolume = Some(35),
    /// Trust bundles in projected volumes.
    ClusterTrustBundleProjection = Some(37),
    /// Certificates in projected volumes.
    PodCertificateRequest = Some(37),
    /// Addresses have no leading zeros.
    StrictIPCIDRValidation = Some(36),
    /// Volumes are relabelled by mounting.
    SELinuxMount = Some(37),
    /// Causes about owners name the owner (no gate: the server's words changed).
    OwnerReferencesByPosition = Some(37),
    /// A cause is given once, however often it is found (no gate).
    CausesOnce = Some(37),
    /// Volumes that are images name one (no gate: the rule is new).
    ImageVolumeReferenceRequired = Some(37),
    /// Owners of files in volumes.
    AtomicWriteVolumeUserFields = None,
    /// Modes of empty directories.
    EmptyDirVolumeMode = None,
    /// Options of bind mounts.
    VolumeBindMountOptions = None,
    /// Signals that stop a container.
    ContainerStopSignals = None,
    /// Protocols of HTTP probes.
    H2CContainerProbe = None,
    /// Modes of gRPC probes.
    GRPCContainerProbeTLS = None,
    /// Who is asked before a Pod is evicted.
    EvictionRequestAPI = None,
    /// Groups of Pods.
    GenericWorkload = None,
    /// Jobs are groups of Pods.
    WorkloadWithJob = None,
    /// Tolerations compare numbers.
    TaintTolerationComparisonOperators = None,
    /// User namespaces in the host's network.
    UserNamespacesHostNetworkSupport = None,
}

impl Feature {
    /// Whether it is on in a version: a minor version of Kubernetes 1, or the newest that is known.
    #[must_use]
    pub fn is_on(self, minor: Option<u16>) -> bool {
        self.since().is_some_and(|since| minor.unwrap_or(NEWEST) >= since)
    }
}

#[cfg(test)]
mod tests {
    use super::Feature;

    #[test]
    fn features_begin_with_a_version() {
        assert!(!Feature::EnvFiles.is_on(Some(34)));
        assert!(Feature::EnvFiles.is_on(Some(35)));
        assert!(Feature::PodCertificateRequest.is_on(None));
        assert!(!Feature::WorkloadWithJob.is_on(None));
    }
}

//! Feature gates that change validation, and the version in which each is on by default, as data.
//!
//! Source: `pkg/features/kube_features.go`. Versions are minor versions of Kubernetes 1.

/// The newest supported minor version of Kubernetes 1.
pub const NEWEST: u16 = 37;

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $since:expr,)+) => {
        /// A feature gate that changes what the API server accepts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Feature {
            $($(#[$doc])* $name,)+
        }

        impl Feature {
            /// All features.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the first minor version in which it is on by default; `None` if it is off in all supported
            /// ones.
            pub const fn since(self) -> Option<u16> {
                match self {
                    $(Self::$name => $since,)+
                }
            }
        }
    };
}

features! {
    /// Names of environment variables may contain any printable ASCII character except `=`.
    RelaxedEnvironmentVariableValidation = Some(32),
    /// Containers have their own `restartPolicy` and `restartPolicyRules`.
    ContainerRestartRules = Some(35),
    /// A container restart rule may restart all containers.
    RestartAllContainersOnContainerExits = Some(36),
    /// Pods have `spec.resources`.
    PodLevelResources = Some(34),
    /// Environment variables come from files (`fileKeyRef`).
    EnvFiles = Some(35),
    /// Pods have `hostnameOverride`.
    HostnameOverride = Some(35),
    /// Volumes have the source `image`.
    ImageVolume = Some(35),
    /// Projected volumes have the source `clusterTrustBundle`.
    ClusterTrustBundleProjection = Some(37),
    /// Projected volumes have the source `podCertificate`.
    PodCertificateRequest = Some(37),
    /// IP addresses may not have leading zeros.
    StrictIPCIDRValidation = Some(36),
    /// Mounting relabels volumes for `SELinux`.
    SELinuxMount = Some(37),
    /// Causes about owner references contain the owner (no gate: the server's message changed).
    OwnerReferencesByPosition = Some(37),
    /// Duplicate causes are removed (no gate).
    CausesOnce = Some(37),
    /// Image volumes require a reference (no gate: the rule is new).
    ImageVolumeReferenceRequired = Some(37),
    /// Files in volumes have an owner.
    AtomicWriteVolumeUserFields = None,
    /// `emptyDir` has a mode.
    EmptyDirVolumeMode = None,
    /// Volumes have bind mount options.
    VolumeBindMountOptions = None,
    /// Lifecycles have `stopSignal`.
    ContainerStopSignals = None,
    /// HTTP probes choose their protocol.
    H2CContainerProbe = None,
    /// gRPC probes choose their TLS mode.
    GRPCContainerProbeTLS = None,
    /// Pods name the eviction responders that are asked before an eviction.
    EvictionRequestAPI = None,
    /// Pods belong to a scheduling group.
    GenericWorkload = None,
    /// Jobs create a scheduling group for their Pods.
    WorkloadWithJob = None,
    /// Tolerations have the numeric operators `Lt` and `Gt`.
    TaintTolerationComparisonOperators = None,
    /// Pods may combine user namespaces with the host network.
    UserNamespacesHostNetworkSupport = None,
}

impl Feature {
    /// Returns whether it is on in a minor version of Kubernetes 1; in the newest supported one if `None`.
    #[must_use]
    pub fn is_on(self, minor: Option<u16>) -> bool {
        self.since().is_some_and(|since| minor.unwrap_or(NEWEST) >= since)
    }
}

#[cfg(test)]
mod tests {
    use super::Feature;

    #[test]
    fn feature_is_on_from_its_version() {
        assert!(!Feature::EnvFiles.is_on(Some(34)));
        assert!(Feature::EnvFiles.is_on(Some(35)));
        assert!(Feature::PodCertificateRequest.is_on(None));
        assert!(!Feature::WorkloadWithJob.is_on(None));
    }
}

//! Identifiers of the rules.

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// A rule that an object can violate. Messages to users depend on the rule and its arguments only.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule {
            $($(#[$doc])* $name,)+
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns a stable code, such as `job.indexed.completions`.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

rules! {
    /// A name is required.
    NameMissing = "object.name.missing",
    /// A name must match the format of names. Args: the name.
    NameInvalid = "object.name.invalid",
    /// A name is too long. Args: the maximum number of characters.
    NameLong = "object.name.long",
    /// A name occurs earlier in the list. Args: the name.
    NameDuplicate = "name.duplicate",
    /// The key of a label is invalid. Args: the key.
    LabelKey = "label.key",
    /// The value of a label is invalid. Args: the value.
    LabelValue = "label.value",
    /// The key of an annotation is invalid. Args: the key.
    AnnotationKey = "annotation.key",
    /// All annotations together are too large.
    AnnotationSize = "annotation.size",
    /// An annotation that Kubernetes interprets has an invalid value. Args: the value.
    AnnotationValue = "annotation.value",
    /// A finalizer must have a domain. Args: the finalizer.
    Finalizer = "object.finalizer",
    /// A finalizer is a qualified name. Args: the finalizer.
    FinalizerName = "object.finalizer.name",
    /// Two finalizers are mutually exclusive.
    Finalizers = "object.finalizers",
    /// More than one owner is the controller.
    Controllers = "object.owners",
    /// A field is required. Args: its key.
    FieldRequired = "field.required",
    /// A field is forbidden here. Args: its key.
    FieldForbidden = "field.forbidden",
    /// Two fields are mutually exclusive. Args: the key of each.
    FieldConflict = "field.conflict",
    /// Exactly one of several fields is required. Args: the fields.
    FieldOneOf = "field.one-of",
    /// The value is not supported. Args: the value, the supported values.
    FieldEnum = "field.enum",
    /// A string must match a format. Args: the string.
    FieldForm = "field.grammar",
    /// A string is too long. Args: the maximum number of characters.
    FieldLong = "field.long",
    /// A number is too small. Args: the minimum.
    FieldMinimum = "field.minimum",
    /// A number is too large. Args: the maximum.
    FieldMaximum = "field.maximum",
    /// A number is out of range. Args: the minimum, the maximum.
    FieldRange = "field.range",
    /// A string must be an IP address. Args: the string.
    FieldAddress = "field.address",
    /// A list is too long. Args: the maximum number of items.
    ListLong = "list.long",
    /// A list must be sorted.
    ListOrder = "list.order",
    /// A list must have one item.
    ListOne = "list.one",
    /// A Job's restart policy is required.
    JobRestartMissing = "job.restart.missing",
    /// A Job's restart policy must be `OnFailure` or `Never`. Args: the value.
    JobRestart = "job.restart.always",
    /// An Indexed Job requires completions.
    JobIndexedCompletions = "job.indexed.completions",
    /// The parallelism of an Indexed Job is limited.
    JobIndexedParallelism = "job.indexed.parallelism",
    /// The name of an Indexed Job followed by an index must be a DNS label.
    JobIndexedName = "job.indexed.name",
    /// A Job's name must be a label value, since its Pods have it as a label. Args: the name.
    JobNameLabel = "job.name.label",
    /// A Pod failure policy requires restart policy Never.
    JobPolicyRestart = "job.policy.restart",
    /// An action requires `backoffLimitPerIndex`.
    JobPolicyPerIndex = "job.policy.per-index",
    /// A rule must refer to an existing container. Args: the name.
    JobPolicyContainer = "job.policy.container",
    /// Exit code 0 is success, not a failure.
    JobPolicyZero = "job.policy.zero",
    /// A field requires completion mode Indexed.
    JobPerIndexMode = "job.per-index.mode",
    /// `maxFailedIndexes` requires `backoffLimitPerIndex`.
    JobPerIndexMissing = "job.per-index.missing",
    /// `maxFailedIndexes` may not exceed completions. Args: completions.
    JobPerIndexMaxFailed = "job.per-index.max-failed",
    /// Parallelism is limited with many completions and a backoff limit per index.
    JobPerIndexParallelism = "job.per-index.parallelism",
    /// A success rule requires indexes or a count.
    JobSuccessEmpty = "job.success.empty",
    /// Indexes must be ascending and below completions. Args: the string.
    JobSuccessIndexes = "job.success.indexes",
    /// A count may not exceed the number of indexes. Args: the number of indexes.
    JobSuccessCount = "job.success.count",
    /// A Pod failure policy requires Pod replacement policy Failed.
    JobReplacement = "job.replacement",
    /// `managedBy` must be a path prefixed by a domain. Args: the string.
    JobManagedBy = "job.managed-by",
    /// The selector is generated.
    JobSelector = "job.selector",
    /// The selector must match the template's labels.
    JobSelectorLabels = "job.selector.labels",
    /// A label is set by the Job controller. Args: its key.
    JobOwnLabel = "job.label.own",
    /// A Pod requires a container.
    ContainersMissing = "containers.missing",
    /// A container requires an image.
    ImageMissing = "container.image.missing",
    /// An amount may not be negative.
    QuantityNegative = "quantity.negative",
    /// An amount must be greater than zero.
    QuantityPositive = "quantity.positive",
    /// A request may not exceed its limit. Args: the request, the limit.
    QuantityRequest = "quantity.request",
    /// An amount must be an integer. Args: the resource.
    QuantityWhole = "quantity.whole",
    /// The name of a resource is invalid. Args: the name.
    ResourceName = "resource.name",
    /// A request requires a limit. Args: the resource.
    ResourceLimitMissing = "resource.limit.missing",
    /// A request must be equal to its limit. Args: the resource, the limit.
    ResourceRequestEqual = "resource.request.equal",
    /// Huge pages require cpu or memory.
    ResourceHugepages = "resource.hugepages",
    /// An amount of huge pages must be a multiple of the page size. Args: the amount, the resource.
    ResourcePageSize = "resource.hugepages.size",
    /// The sum of the containers exceeds the Pod's resources. Args: the sum.
    ResourcePod = "resource.pod",
    /// A container's claim must be one of the Pod's. Args: the claim.
    ResourceClaimUnknown = "resource.claim.unknown",
    /// A port must be between 1 and 65535.
    PortRange = "port.range",
    /// The name of a port is invalid. Args: the name.
    PortName = "port.name",
    /// A port's name occurs earlier. Args: the name.
    PortDuplicate = "port.duplicate",
    /// A host port occurs earlier. Args: the port.
    PortHostDuplicate = "port.host.duplicate",
    /// With the host network, `containerPort` must be equal to `hostPort`. Args: the container port.
    PortHostNetwork = "port.host-network",
    /// The name of an environment variable is invalid. Args: the name.
    EnvName = "env.name",
    /// `value` and `valueFrom` of a variable are mutually exclusive.
    EnvBoth = "env.both",
    /// A variable requires exactly one source.
    EnvSource = "env.source",
    /// A mount must refer to a volume of the Pod. Args: the volume.
    VolumeUnknown = "volume.unknown",
    /// A volume may have one source only. Args: the volume.
    VolumeSourceMany = "volume.source.many",
    /// A volume's type does not support this use. Args: the volume.
    VolumeType = "volume.type",
    /// A block device must be a persistent volume claim or an ephemeral volume. Args: the volume.
    VolumeDevice = "volume.device",
    /// A path must be absolute. Args: the path.
    VolumePathAbsolute = "volume.path.absolute",
    /// A path must stay within its volume. Args: the path.
    ItemPath = "item.path",
    /// A path occurs earlier. Args: the path.
    ItemPathDuplicate = "item.path.duplicate",
    /// A mount requires a path.
    MountPathMissing = "mount.path.missing",
    /// A path may be mounted once only. Args: the path.
    MountPathDuplicate = "mount.path.duplicate",
    /// Mount propagation Bidirectional requires a privileged container.
    MountPropagation = "mount.propagation",
    /// `recursiveReadOnly` requires `readOnly`.
    MountRecursive = "mount.recursive",
    /// `recursiveReadOnly` requires mount propagation None.
    MountRecursivePropagation = "mount.recursive.propagation",
    /// `subPath` and `subPathExpr` are mutually exclusive.
    MountSubPathBoth = "mount.sub-path.both",
    /// All search domains together are too long. Args: the maximum number of characters.
    DnsSearchesLong = "dns.searches.long",
    /// Operator Exists takes no value. Args: the value.
    TolerationValue = "toleration.value",
    /// `tolerationSeconds` requires effect `NoExecute`.
    TolerationSeconds = "toleration.seconds",
    /// Without a key the operator must be Exists.
    TolerationKey = "toleration.key",
    /// A sysctl is not allowed with a shared host namespace. Args: the sysctl.
    SysctlHost = "security.sysctl.host",
    /// `procMount: Unmasked` requires `hostUsers: false`.
    ProcMount = "security.proc-mount",
    /// A privileged container cannot disallow privilege escalation.
    Escalation = "security.escalation",
    /// `shareProcessNamespace` and `hostPID` are mutually exclusive.
    ShareProcess = "security.share-process",
    /// Either all containers are host processes, or none.
    HostProcess = "security.host-process",
}

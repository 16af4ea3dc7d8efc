//! The rules, by name.

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// A rule that an object can break. What a person is told about it depends on nothing else.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule {
            $($(#[$doc])* $name,)+
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// A stable name, such as `job.indexed.completions`.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

rules! {
    /// A name has to be given.
    NameMissing = "object.name.missing",
    /// A name has to have the form of names. Args: the name.
    NameInvalid = "object.name.invalid",
    /// A name is too long. Args: most characters.
    NameLong = "object.name.long",
    /// A name stands in the list before. Args: the name.
    NameDuplicate = "name.duplicate",
    /// Keys of labels. Args: the key.
    LabelKey = "label.key",
    /// Values of labels. Args: the value.
    LabelValue = "label.value",
    /// Keys of annotations. Args: the key.
    AnnotationKey = "annotation.key",
    /// Annotations have a common limit.
    AnnotationSize = "annotation.size",
    /// An annotation that Kubernetes reads has a wrong value. Args: the value.
    AnnotationValue = "annotation.value",
    /// Finalizers have a domain. Args: the finalizer.
    Finalizer = "object.finalizer",
    /// Two finalizers that exclude each other.
    Finalizers = "object.finalizers",
    /// More than one owner is the controller.
    Controllers = "object.owners",
    /// A field has to be given. Args: its key.
    FieldRequired = "field.required",
    /// A field may not be given here. Args: its key.
    FieldForbidden = "field.forbidden",
    /// A field excludes another. Args: its key, the other.
    FieldConflict = "field.conflict",
    /// One of several has to be given, and no two. Args: which.
    FieldOneOf = "field.one-of",
    /// The value is none of those supported. Args: the value, those supported.
    FieldEnum = "field.enum",
    /// A text has to have a form. Args: the text.
    FieldForm = "field.grammar",
    /// A text is too long. Args: most characters.
    FieldLong = "field.long",
    /// A number is too small. Args: the smallest.
    FieldMinimum = "field.minimum",
    /// A number is too large. Args: the largest.
    FieldMaximum = "field.maximum",
    /// A number is not between two others. Args: both.
    FieldRange = "field.range",
    /// A text has to be an IP address. Args: the text.
    FieldAddress = "field.address",
    /// A list is too long. Args: most items.
    ListLong = "list.long",
    /// A list has to be in order.
    ListOrder = "list.order",
    /// A list has to have one item.
    ListOne = "list.one",
    /// A Job's restart policy has to be given.
    JobRestartMissing = "job.restart.missing",
    /// A Job's restart policy is one of two. Args: the value.
    JobRestart = "job.restart.always",
    /// An Indexed Job has completions.
    JobIndexedCompletions = "job.indexed.completions",
    /// An Indexed Job has a limit of parallelism.
    JobIndexedParallelism = "job.indexed.parallelism",
    /// The name of an Indexed Job with its index is a label.
    JobIndexedName = "job.indexed.name",
    /// A Job's name is the value of a label of its Pods. Args: the name.
    JobNameLabel = "job.name.label",
    /// A Pod failure policy needs restart policy Never.
    JobPolicyRestart = "job.policy.restart",
    /// An action needs `backoffLimitPerIndex`.
    JobPolicyPerIndex = "job.policy.per-index",
    /// A rule names a container. Args: the name.
    JobPolicyContainer = "job.policy.container",
    /// Exit code 0 is success.
    JobPolicyZero = "job.policy.zero",
    /// Needs completion mode Indexed.
    JobPerIndexMode = "job.per-index.mode",
    /// `maxFailedIndexes` needs `backoffLimitPerIndex`.
    JobPerIndexMissing = "job.per-index.missing",
    /// No more failed indexes than completions. Args: completions.
    JobPerIndexMaxFailed = "job.per-index.max-failed",
    /// Parallelism with many completions and a limit per index.
    JobPerIndexParallelism = "job.per-index.parallelism",
    /// A rule of success names indexes or a count.
    JobSuccessEmpty = "job.success.empty",
    /// Indexes in ascending order, below completions. Args: the text.
    JobSuccessIndexes = "job.success.indexes",
    /// No larger count than there are indexes. Args: how many.
    JobSuccessCount = "job.success.count",
    /// A Pod failure policy needs replacement policy Failed.
    JobReplacement = "job.replacement",
    /// `managedBy` is a path with a domain. Args: the text.
    JobManagedBy = "job.managed-by",
    /// The selector is generated.
    JobSelector = "job.selector",
    /// The selector takes the template's labels.
    JobSelectorLabels = "job.selector.labels",
    /// A label that the Job controller sets. Args: its key.
    JobOwnLabel = "job.label.own",
    /// A Pod has a container.
    ContainersMissing = "containers.missing",
    /// A container has an image.
    ImageMissing = "container.image.missing",
    /// An amount is not negative.
    QuantityNegative = "quantity.negative",
    /// An amount is above zero.
    QuantityPositive = "quantity.positive",
    /// A request is not above its limit. Args: request, limit.
    QuantityRequest = "quantity.request",
    /// An amount is a whole number. Args: the resource.
    QuantityWhole = "quantity.whole",
    /// A resource's name. Args: the name.
    ResourceName = "resource.name",
    /// A request needs a limit. Args: the resource.
    ResourceLimitMissing = "resource.limit.missing",
    /// A request is equal to its limit. Args: the resource, the limit.
    ResourceRequestEqual = "resource.request.equal",
    /// Huge pages need cpu or memory.
    ResourceHugepages = "resource.hugepages",
    /// An amount of huge pages is a multiple of their size. Args: the amount, the resource.
    ResourcePageSize = "resource.hugepages.size",
    /// Containers together ask for more than the Pod. Args: the sum.
    ResourcePod = "resource.pod",
    /// A claim is one of the Pod's. Args: the claim.
    ResourceClaimUnknown = "resource.claim.unknown",
    /// A port is a number from 1 to 65535.
    PortRange = "port.range",
    /// A port's name. Args: the name.
    PortName = "port.name",
    /// A port's name stands there before. Args: the name.
    PortDuplicate = "port.duplicate",
    /// A port of the host stands there before. Args: the port.
    PortHostDuplicate = "port.host.duplicate",
    /// In the host's network a port is the host's. Args: the host's port.
    PortHostNetwork = "port.host-network",
    /// Name of a variable. Args: the name.
    EnvName = "env.name",
    /// A variable has a value or a source.
    EnvBoth = "env.both",
    /// A variable has one source.
    EnvSource = "env.source",
    /// A volume is one of the Pod's. Args: the volume.
    VolumeUnknown = "volume.unknown",
    /// A volume has one source. Args: the volume.
    VolumeSourceMany = "volume.source.many",
    /// A volume is of a type that can be used so. Args: the volume.
    VolumeType = "volume.type",
    /// A volume is a block device. Args: the volume.
    VolumeDevice = "volume.device",
    /// A path begins with a slash. Args: the path.
    VolumePathAbsolute = "volume.path.absolute",
    /// A path within a volume. Args: the path.
    ItemPath = "item.path",
    /// A path stands there before. Args: the path.
    ItemPathDuplicate = "item.path.duplicate",
    /// A mount has a path.
    MountPathMissing = "mount.path.missing",
    /// A path is mounted once. Args: the path.
    MountPathDuplicate = "mount.path.duplicate",
    /// Bidirectional needs a privileged container.
    MountPropagation = "mount.propagation",
    /// Needs `readOnly`.
    MountRecursive = "mount.recursive",
    /// Needs propagation None.
    MountRecursivePropagation = "mount.recursive.propagation",
    /// Two kinds of sub-path.
    MountSubPathBoth = "mount.sub-path.both",
    /// Search domains have a common limit. Args: most characters.
    DnsSearchesLong = "dns.searches.long",
    /// Exists takes no value. Args: the value.
    TolerationValue = "toleration.value",
    /// Seconds need effect `NoExecute`.
    TolerationSeconds = "toleration.seconds",
    /// Without a key the operator is Exists.
    TolerationKey = "toleration.key",
    /// A sysctl belongs to the host. Args: the sysctl.
    SysctlHost = "security.sysctl.host",
    /// Unmasked needs `hostUsers: false`.
    ProcMount = "security.proc-mount",
    /// Privileged containers cannot forbid privilege escalation.
    Escalation = "security.escalation",
    /// Two ways to share processes.
    ShareProcess = "security.share-process",
    /// All containers are host processes, or none.
    HostProcess = "security.host-process",
}

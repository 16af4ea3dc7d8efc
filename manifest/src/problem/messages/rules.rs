//! The messages of the API server's rules, in English and Chinese.

use k8s_rules::Rule;

/// Returns the message templates of a rule. `{0}`, `{1}` … are the cause's arguments.
#[allow(clippy::too_many_lines, reason = "a table: one arm for each rule")]
pub(crate) const fn text(rule: Rule) -> (&'static str, &'static str) {
    match rule {
        Rule::NameMissing => ("Give it a name.", "请填写名称。"),
        Rule::NameInvalid => (
            "“{0}” is not a valid name: use lower-case letters, digits and “-”, beginning and ending with a letter or digit.",
            "名称“{0}”无效：只能使用小写字母、数字和“-”，且以字母或数字开头和结尾。",
        ),
        Rule::NameLong => (
            "The name is longer than {0} characters. Shorten it.",
            "名称超过 {0} 个字符，请缩短。",
        ),
        Rule::NameDuplicate => (
            "The name “{0}” is used twice. Rename one of them.",
            "名称“{0}”重复，请修改其中一个。",
        ),
        Rule::LabelKey => (
            "“{0}” is not a label key: letters, digits, “-”, “_”, “.”, with an optional prefix and “/”, at most 63 after it.",
            "标签键“{0}”无效：可使用字母、数字、“-”、“_”、“.”，可带前缀和“/”，其后最多 63 个字符。",
        ),
        Rule::LabelValue => (
            "“{0}” is not a label value: at most 63 letters, digits, “-”, “_”, “.”, with a letter or digit at both ends.",
            "标签值“{0}”无效：最多 63 个字母、数字、“-”、“_”、“.”，首尾为字母或数字。",
        ),
        Rule::AnnotationKey => ("“{0}” is not an annotation key.", "注解键“{0}”无效。"),
        Rule::AnnotationSize => (
            "All annotations together may have at most 256 KiB. Move large texts elsewhere, such as into a ConfigMap.",
            "所有注解合计不能超过 256 KiB，请将较大的内容移到别处，例如配置项。",
        ),
        Rule::AnnotationValue => (
            "“{0}” is not a value that Kubernetes takes for this annotation. Correct or remove it.",
            "Kubernetes 不接受该注解的值“{0}”，请修改或删除。",
        ),
        Rule::Finalizer => (
            "“{0}” is not a finalizer: it needs a domain and a name such as example.com/cleanup. Change or remove it.",
            "终结器“{0}”无效：需要“域名/名称”（例如 example.com/cleanup），请修改或删除。",
        ),
        Rule::FinalizerName => (
            "“{0}” is not the name of a finalizer: letters, digits, “-”, “_” and “.” after a domain, such as example.com/cleanup.",
            "“{0}”不是有效的终结器名称：应为“域名/名称”，名称由字母、数字、“-”、“_”和“.”组成，例如 example.com/cleanup。",
        ),
        Rule::Finalizers => (
            "The finalizers orphan and foregroundDeletion exclude each other. Remove one.",
            "终结器 orphan 与 foregroundDeletion 不能同时使用，请删除其中一个。",
        ),
        Rule::Controllers => (
            "Only one owner may be the controller. Set controller to false for the others.",
            "只能有一个属主是控制器，请将其他属主的 controller 设为 false。",
        ),
        Rule::FieldRequired => ("“{0}” is required.", "“{0}”为必填项。"),
        Rule::FieldForbidden => (
            "“{0}” may not be set here. Remove it.",
            "此处不能设置“{0}”，请删除。",
        ),
        Rule::FieldConflict => (
            "“{0}” does not go together with “{1}”. Change or remove one of them.",
            "“{0}”不能与“{1}”同时这样设置，请修改或删除其中之一。",
        ),
        Rule::FieldOneOf => (
            "Exactly one of {0} has to be given. Keep or add one.",
            "{0} 必须且只能设置其中一个。",
        ),
        Rule::FieldEnum => (
            "“{0}” is not allowed here; choose {1}.",
            "此处不能为“{0}”，可选值：{1}。",
        ),
        Rule::FieldForm => (
            "“{0}” has characters or a form that is not allowed here. Use letters, digits, “-” and “.”, with a letter or digit at both ends.",
            "“{0}”的字符或格式不符合要求。请使用字母、数字、“-”和“.”，首尾为字母或数字。",
        ),
        Rule::FieldLong => (
            "This is longer than {0} characters. Shorten it.",
            "长度超过 {0} 个字符，请缩短。",
        ),
        Rule::FieldMinimum => ("This must be at least {0}.", "此值不能小于 {0}。"),
        Rule::FieldMaximum => ("This must be at most {0}.", "此值不能大于 {0}。"),
        Rule::FieldRange => (
            "This has to be a whole number from {0} to {1}. Change the number.",
            "此处必须是 {0} 到 {1} 之间的整数，请修改。",
        ),
        Rule::FieldAddress => (
            "“{0}” is not an IP address. Write one such as 10.9.8.7.",
            "“{0}”不是 IP 地址，请填写例如 10.9.8.7 的地址。",
        ),
        Rule::ListLong => (
            "At most {0} may stand here. Remove some.",
            "此处最多 {0} 项，请删减。",
        ),
        Rule::ListOrder => (
            "These have to stand in ascending order. Sort them.",
            "必须按升序排列，请调整顺序。",
        ),
        Rule::ListOne => ("Exactly one value has to stand here.", "此处必须且只能有一个值。"),
        Rule::JobRestartMissing => (
            "Choose what happens when a container fails: restartPolicy is Never or OnFailure.",
            "请选择容器失败时的处理方式：重启策略为 Never 或 OnFailure。",
        ),
        Rule::JobRestart => (
            "A Job's restartPolicy is Never or OnFailure, not “{0}”.",
            "任务的重启策略只能是 Never 或 OnFailure，不能是“{0}”。",
        ),
        Rule::JobIndexedCompletions => (
            "An Indexed Job needs completions. Say how many indexes there are.",
            "索引任务需要设置完成数（completions）。",
        ),
        Rule::JobIndexedParallelism => (
            "An Indexed Job runs at most 100,000 Pods at once.",
            "索引任务最多并行 100000 个容器组。",
        ),
        Rule::JobIndexedName => (
            "With its index the Pods' name is longer than 63 characters. Shorten the Job's name.",
            "加上索引后容器组名称超过 63 个字符，请缩短任务名称。",
        ),
        Rule::JobNameLabel => (
            "Kubernetes labels the Pods with the Job's name, and “{0}” is no label: at most 63 letters, digits, “-”, “_” and “.”, with a letter or digit at both ends. Change the name.",
            "Kubernetes 会把任务名称作为容器组的标签，而“{0}”不是有效的标签值：最多 63 个字母、数字、“-”、“_”、“.”，首尾为字母或数字。请修改名称。",
        ),
        Rule::JobPolicyRestart => (
            "A pod failure policy needs restartPolicy Never.",
            "容器组失败策略要求重启策略为 Never。",
        ),
        Rule::JobPolicyPerIndex => (
            "FailIndex needs backoffLimitPerIndex. Set it, or choose another action.",
            "FailIndex 需要设置 backoffLimitPerIndex，请设置或改用其他动作。",
        ),
        Rule::JobPolicyContainer => (
            "There is no container “{0}” in the template. Name one that is there.",
            "模板中没有名为“{0}”的容器，请填写已有的容器。",
        ),
        Rule::JobPolicyZero => (
            "Exit code 0 is success and cannot be matched with In. Remove it.",
            "退出码 0 表示成功，不能与 In 一起使用，请删除。",
        ),
        Rule::JobPerIndexMode => (
            "This needs completionMode Indexed.",
            "此设置要求完成模式为 Indexed。",
        ),
        Rule::JobPerIndexMissing => (
            "maxFailedIndexes needs backoffLimitPerIndex.",
            "maxFailedIndexes 需要同时设置 backoffLimitPerIndex。",
        ),
        Rule::JobPerIndexMaxFailed => (
            "This may not be more than the {0} completions. Lower it.",
            "该值不能超过完成次数 {0}，请减小。",
        ),
        Rule::JobPerIndexParallelism => (
            "With more than 100,000 completions and a back-off limit per index, at most 10,000 Pods may run at once. Lower it.",
            "完成次数超过 100000 且按索引设置重试上限时，并行数最多为 10000，请减小。",
        ),
        Rule::JobSuccessEmpty => (
            "A rule needs succeededIndexes, succeededCount or both. Add one.",
            "规则需要 succeededIndexes 或 succeededCount，请至少设置一个。",
        ),
        Rule::JobSuccessIndexes => (
            "“{0}” is not a list of indexes below completions in ascending order, such as 0-2,5. Correct it.",
            "“{0}”不是小于 completions 的升序索引列表（例如 0-2,5），请修改。",
        ),
        Rule::JobSuccessCount => (
            "This is more than the {0} indexes that it counts. Lower it.",
            "该值超过可计数的 {0} 个索引，请减小。",
        ),
        Rule::JobReplacement => (
            "With a Pod failure policy this has to be Failed.",
            "设置了 Pod 失效策略时，此处必须为 Failed。",
        ),
        Rule::JobManagedBy => (
            "“{0}” is not a domain and a name such as example.com/controller of at most 63 characters. Change it.",
            "“{0}”不是最多 63 个字符的“域名/名称”（例如 example.com/controller），请修改。",
        ),
        Rule::JobSelector => (
            "Leave the selector out: Kubernetes makes it, unless manualSelector is true.",
            "请不要填写选择器：除非 manualSelector 为 true，否则由 Kubernetes 生成。",
        ),
        Rule::JobSelectorLabels => (
            "The selector does not pick the Pods of this template. Make their labels match.",
            "选择器与容器组模板的标签不匹配，请使二者一致。",
        ),
        Rule::JobOwnLabel => (
            "The label “{0}” is the Job controller's own. Remove it.",
            "标签“{0}”由任务控制器设置，请删除。",
        ),
        Rule::ContainersMissing => ("Add a container.", "请添加容器。"),
        Rule::ImageMissing => ("Say which image the container runs.", "请填写容器镜像。"),
        Rule::QuantityNegative => ("A quantity cannot be below 0.", "数量不能小于 0。"),
        Rule::QuantityPositive => ("This amount has to be above 0.", "此数量必须大于 0。"),
        Rule::QuantityRequest => (
            "The request {0} is above the limit {1}. Lower it or raise the limit.",
            "最小使用 {0} 大于最大使用 {1}，请减小最小使用或增大最大使用。",
        ),
        Rule::QuantityWhole => ("{0} comes in whole units only.", "{0} 只能为整数。"),
        Rule::ResourceName => (
            "“{0}” is not a resource: cpu, memory, ephemeral-storage, hugepages-…, or a name with a domain such as nvidia.com/gpu. Change it.",
            "“{0}”不是有效资源：可用 cpu、memory、ephemeral-storage、hugepages-… 或带域名的名称（例如 nvidia.com/gpu），请修改。",
        ),
        Rule::ResourceLimitMissing => (
            "A request for {0} needs a limit of the same amount. Add it under limits.",
            "请求 {0} 时必须设置相同的上限，请在 limits 中添加。",
        ),
        Rule::ResourceRequestEqual => (
            "The request for {0} has to be equal to its limit of {1}. Change one of them.",
            "{0} 的请求必须等于其上限 {1}，请修改其中之一。",
        ),
        Rule::ResourceHugepages => (
            "Huge pages need an amount of cpu or memory as well. Add one.",
            "使用大页时还必须设置 cpu 或 memory，请添加。",
        ),
        Rule::ResourcePageSize => (
            "{0} is not a multiple of the page size in “{1}”. Change the amount or the size.",
            "{0} 不是“{1}”页大小的整数倍，请修改数量或页大小。",
        ),
        Rule::ResourcePod => (
            "The containers together ask for {0}, which is more than this. Raise it or lower theirs.",
            "各容器合计需要 {0}，超过此值，请增大此值或减小容器的值。",
        ),
        Rule::ResourceClaimUnknown => (
            "The Pod has no resource claim “{0}”. Add it to resourceClaims, or change the name.",
            "Pod 没有名为“{0}”的资源声明，请在 resourceClaims 中添加或修改名称。",
        ),
        Rule::PortRange => (
            "A port is a number from 1 to 65535.",
            "端口必须是 1 到 65535 的整数。",
        ),
        Rule::PortName => (
            "“{0}” is not a port name: at most 15 lower-case letters, digits and “-”, with a letter in it.",
            "端口名称“{0}”无效：最多 15 个小写字母、数字或“-”，且至少包含一个字母。",
        ),
        Rule::PortDuplicate => ("The port name “{0}” is used twice.", "端口名称“{0}”重复。"),
        Rule::PortHostDuplicate => (
            "The host's port {0} is used twice. Choose another.",
            "主机端口 {0} 重复，请更换。",
        ),
        Rule::PortHostNetwork => (
            "In the host's network this has to be the host's port {0}. Make them equal.",
            "使用主机网络时，此端口必须等于主机端口 {0}，请保持一致。",
        ),
        Rule::EnvName => (
            "“{0}” is not a name for an environment variable: it is empty or holds “=”.",
            "环境变量名“{0}”无效：不能为空，也不能包含“=”。",
        ),
        Rule::EnvBoth => (
            "Give either a value or valueFrom, not both.",
            "value 和 valueFrom 只能设置一个。",
        ),
        Rule::EnvSource => (
            "valueFrom takes exactly one source.",
            "valueFrom 必须且只能指定一个来源。",
        ),
        Rule::VolumeUnknown => (
            "There is no volume “{0}”. Add it on the volumes step, or choose one that is there.",
            "没有名为“{0}”的存储卷，请先添加，或选择已有的存储卷。",
        ),
        Rule::VolumeSourceMany => (
            "The volume “{0}” has more than one source. Keep one.",
            "存储卷“{0}”有多个来源，请只保留一个。",
        ),
        Rule::VolumeType => (
            "The volume “{0}” has to be an empty directory here. Change its type, or choose another.",
            "此处的存储卷“{0}”必须是临时卷，请更改其类型或选择其他存储卷。",
        ),
        Rule::VolumeDevice => (
            "The volume “{0}” cannot be a block device. Use a persistent or ephemeral volume claim.",
            "存储卷“{0}”不能作为块设备，请使用持久卷声明或临时卷声明。",
        ),
        Rule::VolumePathAbsolute => (
            "“{0}” has to be an absolute path. Begin it with a slash.",
            "“{0}”必须是绝对路径，请以斜杠开头。",
        ),
        Rule::ItemPath => (
            "“{0}” is not a path inside the volume: it must be relative, without “..”.",
            "“{0}”不是有效的卷内路径：必须是相对路径且不含“..”。",
        ),
        Rule::ItemPathDuplicate => (
            "The path “{0}” stands in this volume twice. Choose another.",
            "此存储卷中的路径“{0}”重复，请更换。",
        ),
        Rule::MountPathMissing => (
            "Say where the volume appears in the container.",
            "请填写挂载路径。",
        ),
        Rule::MountPathDuplicate => (
            "Two volumes are mounted at “{0}”. Choose another path.",
            "路径“{0}”挂载了两个存储卷，请更换路径。",
        ),
        Rule::MountPropagation => (
            "Bidirectional needs a privileged container. Choose another mode.",
            "Bidirectional 需要特权容器，请选择其他模式。",
        ),
        Rule::MountRecursive => (
            "This needs readOnly: true. Set it, or remove this field.",
            "此项需要 readOnly: true，请设置或删除此字段。",
        ),
        Rule::MountRecursivePropagation => (
            "This needs mountPropagation None. Remove one of them.",
            "此项要求 mountPropagation 为 None，请去掉其中之一。",
        ),
        Rule::MountSubPathBoth => (
            "subPath and subPathExpr exclude each other. Remove one.",
            "subPath 与 subPathExpr 不能同时设置，请删除其中一个。",
        ),
        Rule::DnsSearchesLong => (
            "All search domains together may have at most {0} characters. Remove some.",
            "所有搜索域合计不能超过 {0} 个字符，请删减。",
        ),
        Rule::TolerationValue => (
            "With the operator Exists the value has to be empty. Remove “{0}” or use Equal.",
            "操作符为 Exists 时值必须为空，请删除“{0}”或改用 Equal。",
        ),
        Rule::TolerationSeconds => (
            "tolerationSeconds needs the effect NoExecute. Change the effect or remove the seconds.",
            "tolerationSeconds 需要效果 NoExecute，请修改效果或删除秒数。",
        ),
        Rule::TolerationKey => (
            "Without a key the operator has to be Exists. Change it, or name a key.",
            "没有键时操作符必须为 Exists，请修改或填写键。",
        ),
        Rule::SysctlHost => (
            "“{0}” belongs to the host here, because the Pod shares its namespace. Remove it.",
            "容器组共享了主机命名空间，不能设置“{0}”，请删除。",
        ),
        Rule::ProcMount => (
            "Unmasked needs hostUsers: false in the Pod. Set it, or use Default.",
            "Unmasked 需要容器组设置 hostUsers: false，请设置或改用 Default。",
        ),
        Rule::Escalation => (
            "A privileged container (or one with CAP_SYS_ADMIN) cannot have allowPrivilegeEscalation: false. Remove one of them.",
            "特权容器（或带 CAP_SYS_ADMIN 的容器）不能设置 allowPrivilegeEscalation: false，请去掉其中之一。",
        ),
        Rule::ShareProcess => (
            "shareProcessNamespace and hostPID exclude each other. Remove one.",
            "shareProcessNamespace 与 hostPID 不能同时启用，请删除其中一个。",
        ),
        Rule::HostProcess => (
            "Host processes need the host's network, and either all containers are host processes or none. Make the settings equal.",
            "主机进程需要主机网络，且所有容器必须同为主机进程，请保持设置一致。",
        ),
    }
}

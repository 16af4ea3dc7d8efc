//! The words of every problem, by code, in both languages. `{0}`, `{1}` … are the problem's subjects.

use crate::problem::Language;

/// The message of a code. A code without one shows itself, and a test makes sure that there is none.
pub(crate) fn template(code: &'static str, language: Language) -> &'static str {
    let found = MESSAGES.iter().find(|(known, ..)| *known == code);
    match (found, language) {
        (Some((_, en, _)), Language::En) => en,
        (Some((_, _, zh)), Language::Zh) => zh,
        (None, _) => code,
    }
}

/// A subject in a language: the names of types are words of their own, all else is what the text says.
pub(crate) fn word(subject: &str, language: Language) -> &str {
    let found = WORDS
        .iter()
        .find(|(en, _)| language == Language::Zh && *en == subject);
    found.map_or(subject, |(_, zh)| zh)
}

/// English, Chinese.
const WORDS: &[(&str, &str)] = &[
    ("a mapping", "映射"),
    ("a list", "列表"),
    ("a text", "文本"),
    ("a text (put it in quotes)", "文本（请加引号）"),
    ("a number", "数字"),
    ("a whole number", "整数"),
    ("a whole number or a text", "整数或文本"),
    ("a quantity", "数量"),
    ("true or false", "true 或 false"),
    ("null", "空值"),
];

/// Code, English, Chinese.
pub(crate) const MESSAGES: &[(&str, &str, &str)] = &[
    (
        "document.size",
        "This is larger than the 3 MiB that a cluster takes. Split it into several files.",
        "内容超过集群允许的 3 MiB，请拆分为多个文件。",
    ),
    (
        "yaml.syntax",
        "This cannot be read as YAML: {0}. Correct the line; nothing else is lost.",
        "无法解析为 YAML：{0}。请修改此行，其余内容不会丢失。",
    ),
    (
        "yaml.key.duplicate",
        "The key “{0}” stands here twice. Keep one of them.",
        "键“{0}”重复出现，请只保留一个。",
    ),
    (
        "yaml.key",
        "A key has to be a text, a number or a boolean.",
        "键必须是文本、数字或布尔值。",
    ),
    (
        "yaml.scalar",
        "“{0}” is a value that Kubernetes cannot take. Put it in quotes if it is a text.",
        "Kubernetes 无法识别值“{0}”。如果它是文本，请加引号。",
    ),
    (
        "yaml.version",
        "Kubernetes reads YAML 1.1, not “{0}”. Remove the line, or say 1.1.",
        "Kubernetes 按 YAML 1.1 读取，不支持“{0}”。请删除此行或改为 1.1。",
    ),
    (
        "yaml.merge",
        "“<<” merges a mapping or a list of mappings. Point it at one.",
        "“<<”只能合并映射或映射列表，请修改其引用。",
    ),
    (
        "yaml.alias.unknown",
        "No anchor of this name stands before here. Define it, or write the value out.",
        "在此之前没有定义该锚点，请先定义或直接写出值。",
    ),
    (
        "yaml.alias.cycle",
        "This alias contains itself. Write the value out.",
        "该别名包含自身，请直接写出值。",
    ),
    (
        "yaml.values",
        "The text has more than 250,000 values. Write a smaller manifest, or several.",
        "文本包含超过 250000 个值，请缩小清单或拆分为多个。",
    ),
    (
        "yaml.alias.expansion",
        "The aliases expand to more than 250,000 values. Write a smaller manifest.",
        "别名展开后超过 250000 个值，请缩小清单。",
    ),
    (
        "object.kind.missing",
        "Say what this is: “kind” is missing, such as Job.",
        "缺少“kind”，请说明对象类型，例如 Job。",
    ),
    (
        "object.version.missing",
        "“apiVersion” is missing; for a Job it is batch/v1.",
        "缺少“apiVersion”，任务应为 batch/v1。",
    ),
    (
        "object.version.job",
        "A Job's apiVersion is batch/v1, not “{0}”.",
        "任务的 apiVersion 应为 batch/v1，而不是“{0}”。",
    ),
    (
        "object.mapping",
        "A manifest is a mapping of keys and values.",
        "清单必须是键值映射。",
    ),
    ("object.name.missing", "Give it a name.", "请填写名称。"),
    (
        "object.name.invalid",
        "“{0}” is not a valid name: use lower-case letters, digits and “-”, beginning and ending with a letter or digit.",
        "名称“{0}”无效：只能使用小写字母、数字和“-”，且以字母或数字开头和结尾。",
    ),
    (
        "object.name.long",
        "The name is longer than {0} characters. Shorten it.",
        "名称超过 {0} 个字符，请缩短。",
    ),
    (
        "field.type",
        "This has to be {0}, but it is {1}.",
        "此处应为{0}，实际为{1}。",
    ),
    ("field.required", "“{0}” is required.", "“{0}”为必填项。"),
    (
        "field.minimum",
        "This must be at least {0}.",
        "此值不能小于 {0}。",
    ),
    ("field.maximum", "This must be at most {0}.", "此值不能大于 {0}。"),
    (
        "field.enum",
        "“{0}” is not allowed here; choose {1}.",
        "此处不能为“{0}”，可选值：{1}。",
    ),
    (
        "field.unknown",
        "Kubernetes does not know the field “{0}” here: it would refuse the manifest. Check the spelling.",
        "Kubernetes 不认识字段“{0}”，会拒绝该清单，请检查拼写。",
    ),
    (
        "field.unknown.near",
        "Kubernetes does not know the field “{0}” here: it would refuse the manifest. Did you mean “{1}”?",
        "Kubernetes 不认识字段“{0}”，会拒绝该清单。是否应为“{1}”？",
    ),
    (
        "field.expected",
        "Kubernetes' schema asks for “{0}” here; without it, it counts as empty. Add it if it matters.",
        "Kubernetes 的结构定义要求此处有“{0}”，缺少时按空值处理，请按需添加。",
    ),
    (
        "field.time",
        "“{0}” is not a time. Write one such as 2026-11-23T10:00:00Z.",
        "“{0}”不是有效的时间，请写成例如 2026-11-23T10:00:00Z 的形式。",
    ),
    (
        "field.base64",
        "This has to be base64. Encode the value, or use stringData where there is such a field.",
        "此处必须是 base64 编码。请编码后填写，或使用 stringData（如果有此字段）。",
    ),
    (
        "object.kind.unknown",
        "The cluster's {1} has no kind “{0}”. Check the spelling.",
        "集群的 {1} 中没有类型“{0}”，请检查拼写。",
    ),
    (
        "job.restart.missing",
        "Choose what happens when a container fails: restartPolicy is Never or OnFailure.",
        "请选择容器失败时的处理方式：重启策略为 Never 或 OnFailure。",
    ),
    (
        "job.restart.always",
        "A Job's restartPolicy is Never or OnFailure, not “{0}”.",
        "任务的重启策略只能是 Never 或 OnFailure，不能是“{0}”。",
    ),
    (
        "job.indexed.completions",
        "An Indexed Job needs completions. Say how many indexes there are.",
        "索引任务需要设置完成数（completions）。",
    ),
    (
        "job.indexed.parallelism",
        "An Indexed Job runs at most 100,000 Pods at once.",
        "索引任务最多并行 100000 个容器组。",
    ),
    (
        "job.indexed.name",
        "With its index the Pods' name is longer than 63 characters. Shorten the Job's name.",
        "加上索引后容器组名称超过 63 个字符，请缩短任务名称。",
    ),
    (
        "job.policy.restart",
        "A pod failure policy needs restartPolicy Never.",
        "容器组失败策略要求重启策略为 Never。",
    ),
    (
        "job.per-index.mode",
        "This needs completionMode Indexed.",
        "此设置要求完成模式为 Indexed。",
    ),
    (
        "job.per-index.missing",
        "maxFailedIndexes needs backoffLimitPerIndex.",
        "maxFailedIndexes 需要同时设置 backoffLimitPerIndex。",
    ),
    (
        "job.selector",
        "Leave the selector out: Kubernetes makes it, unless manualSelector is true.",
        "请不要填写选择器：除非 manualSelector 为 true，否则由 Kubernetes 生成。",
    ),
    ("containers.missing", "Add a container.", "请添加容器。"),
    (
        "name.duplicate",
        "The name “{0}” is used twice. Rename one of them.",
        "名称“{0}”重复，请修改其中一个。",
    ),
    (
        "container.image.missing",
        "Say which image the container runs.",
        "请填写容器镜像。",
    ),
    (
        "container.image.space",
        "An image has no spaces at its ends.",
        "镜像名称首尾不能有空格。",
    ),
    (
        "container.image.latest",
        "The image has no fixed tag: the next run may use another version. Name one, such as “{0}:1.0”.",
        "镜像没有固定标签，下次运行可能使用其他版本。请指定标签，例如“{0}:1.0”。",
    ),
    (
        "container.limits",
        "Without a memory limit this container can use up its node's memory. Set one.",
        "未设置内存上限，容器可能耗尽节点内存，请设置。",
    ),
    (
        "quantity.invalid",
        "“{0}” is not a quantity. Write a number with a unit, such as 500m or 1Gi.",
        "“{0}”不是有效的数量。请写成带单位的数字，例如 500m 或 1Gi。",
    ),
    (
        "quantity.negative",
        "A quantity cannot be below 0.",
        "数量不能小于 0。",
    ),
    (
        "quantity.request",
        "The request {0} is above the limit {1}. Lower it or raise the limit.",
        "最小使用 {0} 大于最大使用 {1}，请减小最小使用或增大最大使用。",
    ),
    (
        "quantity.whole",
        "{0} comes in whole units only.",
        "{0} 只能为整数。",
    ),
    (
        "port.range",
        "A port is a number from 1 to 65535.",
        "端口必须是 1 到 65535 的整数。",
    ),
    (
        "port.name",
        "“{0}” is not a port name: at most 15 lower-case letters, digits and “-”, with a letter in it.",
        "端口名称“{0}”无效：最多 15 个小写字母、数字或“-”，且至少包含一个字母。",
    ),
    (
        "port.duplicate",
        "The port name “{0}” is used twice.",
        "端口名称“{0}”重复。",
    ),
    (
        "env.name",
        "“{0}” is not a name for an environment variable: it is empty or holds “=”.",
        "环境变量名“{0}”无效：不能为空，也不能包含“=”。",
    ),
    (
        "env.duplicate",
        "The variable “{0}” is set twice; the later one wins.",
        "变量“{0}”被设置了两次，以后者为准。",
    ),
    (
        "env.both",
        "Give either a value or valueFrom, not both.",
        "value 和 valueFrom 只能设置一个。",
    ),
    (
        "env.source",
        "valueFrom takes exactly one source.",
        "valueFrom 必须且只能指定一个来源。",
    ),
    (
        "volume.unknown",
        "There is no volume “{0}”. Add it on the volumes step, or choose one that is there.",
        "没有名为“{0}”的存储卷，请先添加，或选择已有的存储卷。",
    ),
    (
        "volume.source.missing",
        "Say what the volume “{0}” is: an empty directory, a claim, a ConfigMap …",
        "请选择存储卷“{0}”的类型：临时卷、持久卷、配置项等。",
    ),
    (
        "volume.source.many",
        "The volume “{0}” has more than one source. Keep one.",
        "存储卷“{0}”有多个来源，请只保留一个。",
    ),
    (
        "volume.unmounted",
        "No container mounts the volume “{0}”.",
        "没有容器挂载存储卷“{0}”。",
    ),
    (
        "mount.path.missing",
        "Say where the volume appears in the container.",
        "请填写挂载路径。",
    ),
    (
        "mount.path.duplicate",
        "Two volumes are mounted at “{0}”. Choose another path.",
        "路径“{0}”挂载了两个存储卷，请更换路径。",
    ),
    (
        "item.path",
        "“{0}” is not a path inside the volume: it must be relative, without “..”.",
        "“{0}”不是有效的卷内路径：必须是相对路径且不含“..”。",
    ),
    (
        "name.repeated",
        "A {0} “{1}” stands above already, and creating never overwrites. Choose another name, or remove this document.",
        "上方已有名为“{1}”的 {0}，创建不会覆盖已有对象。请使用其他名称，或删除此文档。",
    ),
    (
        "label.key",
        "“{0}” is not a label key: letters, digits, “-”, “_”, “.”, with an optional prefix and “/”, at most 63 after it.",
        "标签键“{0}”无效：可使用字母、数字、“-”、“_”、“.”，可带前缀和“/”，其后最多 63 个字符。",
    ),
    (
        "label.value",
        "“{0}” is not a label value: at most 63 letters, digits, “-”, “_”, “.”, with a letter or digit at both ends.",
        "标签值“{0}”无效：最多 63 个字母、数字、“-”、“_”、“.”，首尾为字母或数字。",
    ),
    (
        "annotation.key",
        "“{0}” is not an annotation key.",
        "注解键“{0}”无效。",
    ),
    (
        "job.deadline.short",
        "The deadline of {0} s is shorter than the waits between the retries (10 s, 20 s, 40 s …): it will end the Job before all {1} retries.",
        "运行期限 {0} 秒短于重试之间的等待时间（10、20、40 秒……），在 {1} 次重试用完之前任务就会被终止。",
    ),
    (
        "job.missing",
        "There is no Job in this text. Add a document of kind Job.",
        "文本中没有任务，请添加 kind 为 Job 的文档。",
    ),
    (
        "field.range",
        "This has to be a whole number from {0} to {1}. Change the number.",
        "此处必须是 {0} 到 {1} 之间的整数，请修改。",
    ),
    (
        "field.one-of",
        "Exactly one of {0} has to be given. Keep or add one.",
        "{0} 必须且只能设置其中一个。",
    ),
    (
        "field.forbidden",
        "“{0}” may not be set here. Remove it.",
        "此处不能设置“{0}”，请删除。",
    ),
    (
        "field.grammar",
        "“{0}” has characters or a form that is not allowed here. Use letters, digits, “-” and “.”, with a letter or digit at both ends.",
        "“{0}”的字符或格式不符合要求。请使用字母、数字、“-”和“.”，首尾为字母或数字。",
    ),
    (
        "field.address",
        "“{0}” is not an IP address. Write one such as 10.9.8.7.",
        "“{0}”不是 IP 地址，请填写例如 10.9.8.7 的地址。",
    ),
    (
        "list.long",
        "At most {0} may stand here. Remove some.",
        "此处最多 {0} 项，请删减。",
    ),
    (
        "list.order",
        "These have to stand in ascending order. Sort them.",
        "必须按升序排列，请调整顺序。",
    ),
    (
        "job.policy.zero",
        "Exit code 0 is success and cannot be matched with In. Remove it.",
        "退出码 0 表示成功，不能与 In 一起使用，请删除。",
    ),
    (
        "job.success.empty",
        "A rule needs succeededIndexes, succeededCount or both. Add one.",
        "规则需要 succeededIndexes 或 succeededCount，请至少设置一个。",
    ),
    (
        "job.success.indexes",
        "“{0}” is not a list of indexes below completions in ascending order, such as 0-2,5. Correct it.",
        "“{0}”不是小于 completions 的升序索引列表（例如 0-2,5），请修改。",
    ),
    (
        "job.success.count",
        "This is more than the {0} indexes that it counts. Lower it.",
        "该值超过可计数的 {0} 个索引，请减小。",
    ),
    (
        "job.replacement",
        "With a Pod failure policy this has to be Failed.",
        "设置了 Pod 失效策略时，此处必须为 Failed。",
    ),
    (
        "job.managed-by",
        "“{0}” is not a domain and a name such as example.com/controller of at most 63 characters. Change it.",
        "“{0}”不是最多 63 个字符的“域名/名称”（例如 example.com/controller），请修改。",
    ),
    (
        "job.per-index.max-failed",
        "This may not be more than the {0} completions. Lower it.",
        "该值不能超过完成次数 {0}，请减小。",
    ),
    (
        "job.per-index.parallelism",
        "With more than 100,000 completions and a back-off limit per index, at most 10,000 Pods may run at once. Lower it.",
        "完成次数超过 100000 且按索引设置重试上限时，并行数最多为 10000，请减小。",
    ),
    (
        "object.finalizers",
        "The finalizers orphan and foregroundDeletion exclude each other. Remove one.",
        "终结器 orphan 与 foregroundDeletion 不能同时使用，请删除其中一个。",
    ),
    (
        "object.owners",
        "Only one owner may be the controller. Set controller to false for the others.",
        "只能有一个属主是控制器，请将其他属主的 controller 设为 false。",
    ),
    (
        "resource.name",
        "“{0}” is not a resource: cpu, memory, ephemeral-storage, hugepages-…, or a name with a domain such as nvidia.com/gpu. Change it.",
        "“{0}”不是有效资源：可用 cpu、memory、ephemeral-storage、hugepages-… 或带域名的名称（例如 nvidia.com/gpu），请修改。",
    ),
    (
        "resource.limit.missing",
        "A request for {0} needs a limit of the same amount. Add it under limits.",
        "请求 {0} 时必须设置相同的上限，请在 limits 中添加。",
    ),
    (
        "resource.request.equal",
        "The request for {0} has to be equal to its limit of {1}. Change one of them.",
        "{0} 的请求必须等于其上限 {1}，请修改其中之一。",
    ),
    (
        "resource.hugepages",
        "Huge pages need an amount of cpu or memory as well. Add one.",
        "使用大页时还必须设置 cpu 或 memory，请添加。",
    ),
    (
        "resource.claim.unknown",
        "The Pod has no resource claim “{0}”. Add it to resourceClaims, or change the name.",
        "Pod 没有名为“{0}”的资源声明，请在 resourceClaims 中添加或修改名称。",
    ),
    (
        "volume.path.absolute",
        "“{0}” has to be an absolute path. Begin it with a slash.",
        "“{0}”必须是绝对路径，请以斜杠开头。",
    ),
    (
        "volume.device",
        "The volume “{0}” cannot be a block device. Use a persistent or ephemeral volume claim.",
        "存储卷“{0}”不能作为块设备，请使用持久卷声明或临时卷声明。",
    ),
    (
        "mount.recursive",
        "This needs readOnly: true. Set it, or remove this field.",
        "此项需要 readOnly: true，请设置或删除此字段。",
    ),
    (
        "toleration.value",
        "With the operator Exists the value has to be empty. Remove “{0}” or use Equal.",
        "操作符为 Exists 时值必须为空，请删除“{0}”或改用 Equal。",
    ),
    (
        "toleration.seconds",
        "tolerationSeconds needs the effect NoExecute. Change the effect or remove the seconds.",
        "tolerationSeconds 需要效果 NoExecute，请修改效果或删除秒数。",
    ),
    (
        "toleration.key",
        "Without a key the operator has to be Exists. Change it, or name a key.",
        "没有键时操作符必须为 Exists，请修改或填写键。",
    ),
    (
        "object.finalizer",
        "“{0}” is not a finalizer: it needs a domain and a name such as example.com/cleanup. Change or remove it.",
        "终结器“{0}”无效：需要“域名/名称”（例如 example.com/cleanup），请修改或删除。",
    ),
    (
        "annotation.size",
        "All annotations together may have at most 256 KiB. Move large texts elsewhere, such as into a ConfigMap.",
        "所有注解合计不能超过 256 KiB，请将较大的内容移到别处，例如配置项。",
    ),
    (
        "job.name.label",
        "Kubernetes labels the Pods with the Job's name, and “{0}” is no label: at most 63 letters, digits, “-”, “_” and “.”, with a letter or digit at both ends. Change the name.",
        "Kubernetes 会把任务名称作为容器组的标签，而“{0}”不是有效的标签值：最多 63 个字母、数字、“-”、“_”、“.”，首尾为字母或数字。请修改名称。",
    ),
    (
        "job.selector.labels",
        "The selector does not pick the Pods of this template. Make their labels match.",
        "选择器与容器组模板的标签不匹配，请使二者一致。",
    ),
    (
        "job.policy.per-index",
        "FailIndex needs backoffLimitPerIndex. Set it, or choose another action.",
        "FailIndex 需要设置 backoffLimitPerIndex，请设置或改用其他动作。",
    ),
    (
        "job.policy.container",
        "There is no container “{0}” in the template. Name one that is there.",
        "模板中没有名为“{0}”的容器，请填写已有的容器。",
    ),
    (
        "list.one",
        "Exactly one value has to stand here.",
        "此处必须且只能有一个值。",
    ),
    (
        "dns.searches.long",
        "All search domains together may have at most {0} characters. Remove some.",
        "所有搜索域合计不能超过 {0} 个字符，请删减。",
    ),
    (
        "security.sysctl.host",
        "“{0}” belongs to the host here, because the Pod shares its namespace. Remove it.",
        "容器组共享了主机命名空间，不能设置“{0}”，请删除。",
    ),
    (
        "security.proc-mount",
        "Unmasked needs hostUsers: false in the Pod. Set it, or use Default.",
        "Unmasked 需要容器组设置 hostUsers: false，请设置或改用 Default。",
    ),
    (
        "security.escalation",
        "A privileged container (or one with CAP_SYS_ADMIN) cannot have allowPrivilegeEscalation: false. Remove one of them.",
        "特权容器（或带 CAP_SYS_ADMIN 的容器）不能设置 allowPrivilegeEscalation: false，请去掉其中之一。",
    ),
    (
        "security.share-process",
        "shareProcessNamespace and hostPID exclude each other. Remove one.",
        "shareProcessNamespace 与 hostPID 不能同时启用，请删除其中一个。",
    ),
    (
        "mount.propagation",
        "Bidirectional needs a privileged container. Choose another mode.",
        "Bidirectional 需要特权容器，请选择其他模式。",
    ),
    (
        "mount.recursive.propagation",
        "This needs mountPropagation None. Remove one of them.",
        "此项要求 mountPropagation 为 None，请去掉其中之一。",
    ),
    (
        "mount.sub-path.both",
        "subPath and subPathExpr exclude each other. Remove one.",
        "subPath 与 subPathExpr 不能同时设置，请删除其中一个。",
    ),
    (
        "port.host-network",
        "In the host's network this has to be the host's port {0}. Make them equal.",
        "使用主机网络时，此端口必须等于主机端口 {0}，请保持一致。",
    ),
    (
        "port.host.duplicate",
        "The host's port {0} is used twice. Choose another.",
        "主机端口 {0} 重复，请更换。",
    ),
    (
        "quantity.positive",
        "This amount has to be above 0.",
        "此数量必须大于 0。",
    ),
];

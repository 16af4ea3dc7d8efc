//! Texts of the reasons of states: the cause, with its place, and what helps.

use crate::i18n::{Text, texts};

texts! {
    EXIT_CODE_IN: "exit code {n} in \"{container}\"" | "容器 {container} 的退出码为 {n}";
    RESTARTS: "{what}, restarted {n} {n|time|times}" | "{what}，已重启 {n} 次";
    INIT: "init container {position} of {count}: {what}" | "初始化容器 {position}/{count}：{what}";
    FAILS_AGAIN: "\"{container}\" fails again and again" | "容器 {container} 反复失败";
    CAUSE_ON: "{n} × {what}" | "{n} 个节点{what}";
    LIST: ", " | "、";
    RESOURCE: "not enough {what}" | "的 {what} 不足";
}

/// How a reason is worded.
#[derive(Debug, Clone, Copy)]
pub struct Wording {
    /// The cause. Placeholders are the reason's arguments, and `what`: how a container ended, or the cluster's message.
    pub cause: Text,
    /// What the user can do about it.
    pub help: Option<Text>,
}

/// Declares wordings: `"Code" => "English" | "中文", help "English" | "中文";`.
macro_rules! wordings {
    ($($($code:literal)|+ => $en:literal | $zh:literal $(, help $help_en:literal | $help_zh:literal)?;)*) => {
        /// Returns the wording of a reason's code.
        pub fn wording(code: &str) -> Option<Wording> {
            match code {
                $($($code)|+ => {
                    #[allow(unused_mut, unused_assignments, reason = "not every wording has help")]
                    let mut help = None;
                    $(help = Some(Text { en: $help_en, zh: $help_zh });)?
                    Some(Wording { cause: Text { en: $en, zh: $zh }, help })
                })*
                _ => None,
            }
        }
    };
}

wordings! {
    "Scheduling" => "being scheduled" | "调度中";
    "Pulling" => "pulling {what}" | "正在拉取 {what}";
    "Creating" | "ContainerCreating" => "creating the containers" | "正在创建容器";
    "CreatingPods" => "waiting for the Job controller to create its Pods" | "等待任务控制器创建容器组";
    "Initializing" => "init container {position} of {count} \"{container}\" runs" | "正在运行初始化容器 {position}/{count}“{container}”";
    "BackOff" => "waiting before the next try: {what}" | "等待下次重试：{what}";
    "CrashLoop" | "InitCrashLoop" => "waiting before the next restart: {what}" | "等待下次重启：{what}",
        help "Read the container's log, then correct its command or what it depends on." | "查看容器日志，然后修正命令或其依赖。";
    "NoNodeFits" => "no node of {nodes} fits: {what}" | "{nodes} 个节点均不满足条件：{what}",
        help "Request less, change the node selector or tolerations, or ask for more nodes." | "减少资源请求，调整节点选择器或容忍度，或申请增加节点。";
    "ClaimMissing" => "the PersistentVolumeClaim {name} does not exist" | "存储卷声明 {name} 不存在",
        help "Create it, or correct its name in the volumes." | "创建该声明，或在存储卷中更正其名称。";
    "ClaimUnbound" => "a PersistentVolumeClaim has no volume yet" | "存储卷声明尚未绑定存储卷",
        help "Check its storage class, size and access mode, and the claim's events." | "检查其存储类、大小与访问模式，以及该声明的事件。";
    "Unschedulable" | "SchedulerError" => "cannot be scheduled: {what}" | "无法调度：{what}";
    "SchedulingGated" => "held by a scheduling gate: {gates}" | "被调度门控阻止：{gates}",
        help "The controller that set the gate has to remove it." | "需要由设置该门控的控制器将其移除。";
    "NodeLost" => "the node {node} does not respond" | "节点 {node} 无响应",
        help "The Pod is replaced once the node is back or removed." | "节点恢复或移除后容器组会被替换。";
    "NoParallelism" => "parallelism is 0, so no Pod is created" | "并行数为 0，不会创建容器组",
        help "Set parallelism to at least 1." | "将并行数设置为至少 1。";
    "ManagedBy" => "waiting for its controller {controller}" | "等待其控制器 {controller}",
        help "Kubernetes' own Job controller ignores it (spec.managedBy)." | "Kubernetes 自身的任务控制器会忽略它（spec.managedBy）。";
    "QuotaExceeded" => "the quota {quota} is used up: requested {requested}, used {used}, limited to {limited}" | "配额 {quota} 已用尽：请求 {requested}，已用 {used}，上限 {limited}",
        help "Delete what is no longer needed, request less, or ask for a larger quota." | "删除不再需要的资源，减少请求，或申请提高配额。";
    "QuotaNeedsValues" => "the quota {quota} requires values that are missing: {fields}" | "配额 {quota} 要求填写缺失的值：{fields}",
        help "Set these requests or limits in the Pod template." | "在容器组模板中设置这些请求或限制。";
    "ServiceAccountMissing" => "the ServiceAccount {name} does not exist" | "服务账户 {name} 不存在",
        help "Create it, or choose another one in the Pod template." | "创建该账户，或在容器组模板中选择其他账户。";
    "PriorityClassMissing" => "the PriorityClass {name} does not exist" | "优先级类 {name} 不存在",
        help "Choose an existing one in the Pod template." | "在容器组模板中选择已有的优先级类。";
    "PodSecurity" => "the Pod violates the security level {level}: {what}" | "容器组违反安全级别 {level}：{what}",
        help "Change the named fields of the Pod template." | "修改容器组模板中列出的字段。";
    "LimitRange" => "a LimitRange of the project forbids it: {what}" | "项目的 LimitRange 不允许：{what}",
        help "Change the containers' requests or limits." | "修改容器的请求或限制。";
    "AdmissionWebhook" => "the policy {name} forbids it: {what}" | "策略 {name} 不允许：{what}";
    "FailedCreate" => "no Pod can be created: {what}" | "无法创建容器组：{what}";
    "FailedMount" | "FailedAttachVolume" | "FailedMapVolume" => "a volume cannot be mounted: {what}" | "存储卷无法挂载：{what}",
        help "Create what the volume refers to, or correct its name." | "创建存储卷所引用的对象，或更正其名称。";
    "FailedCreatePodSandBox" | "FailedPodSandBoxStatus" | "NetworkNotReady" | "CreatePodSandboxError" | "ConfigPodSandboxError" => "the node cannot set up the Pod: {what}" | "节点无法准备容器组：{what}";
    "ErrImagePull" | "ImagePullBackOff" | "ImageInspectError" => "the image cannot be pulled: {what}" | "镜像拉取失败：{what}",
        help "Check name and tag of the image, and the pull secret." | "检查镜像名称与标签，以及拉取密钥。";
    "ErrImageNeverPull" => "the image is not on the node, and must not be pulled: {what}" | "节点上没有该镜像，且不允许拉取：{what}",
        help "Change the pull policy, or load the image onto the node." | "修改拉取策略，或将镜像载入节点。";
    "InvalidImageName" => "the name of the image is not valid: {what}" | "镜像名称无效：{what}";
    "RegistryUnavailable" => "the registry cannot be reached: {what}" | "镜像仓库无法访问：{what}";
    "CreateContainerConfigError" => "the container \"{container}\" cannot be set up: {what}" | "容器 {container} 无法配置：{what}",
        help "Create the Secret or ConfigMap that is named, or the key in it." | "创建所指的保密字典或配置字典，或其中的键。";
    "CreateContainerError" | "RunContainerError" | "ContainerCannotRun" | "StartError" => "the container \"{container}\" cannot be started: {what}" | "容器 {container} 无法启动：{what}",
        help "Check the command: it must exist in the image." | "检查命令：它必须存在于镜像中。";
    "DeadlineExceeded" => "the deadline was exceeded: {what}" | "超过运行时间期限：{what}",
        help "Give it more time, or none (activeDeadlineSeconds)." | "延长期限或取消期限（activeDeadlineSeconds）。";
    "BackoffLimitExceeded" => "all retries used: {what}" | "已用完重试次数：{what}",
        help "Read the log of the last Pod, correct the cause, then rerun." | "查看最后一个容器组的日志，修正原因后重新运行。";
    "PodFailurePolicy" => "a failure policy rule ended it: {what}" | "失败策略终止了任务：{what}";
    "FailedIndexes" => "indexes {indexes} failed: {what}" | "索引 {indexes} 失败：{what}",
        help "Read the logs of these indexes." | "查看这些索引的日志。";
    "MaxFailedIndexesExceeded" => "too many indexes failed, {indexes}: {what}" | "失败的索引过多（{indexes}）：{what}",
        help "Read the logs of these indexes." | "查看这些索引的日志。";
    "SuccessPolicy" => "the success policy is met: {what}" | "已满足成功策略：{what}";
    "OOMKilled" => "killed for using too much memory: {what}" | "内存超限被终止：{what}",
        help "Raise the memory limit of the container." | "提高容器的内存上限。";
}

/// Words for the scheduler's causes, by how they begin; the rest of a cause is `what`.
pub const SCHEDULING: [(&str, Text); 16] = [
    ("Insufficient ", RESOURCE),
    (
        "Too many pods",
        Text {
            en: "as many Pods as allowed",
            zh: "容器组数量已达上限",
        },
    ),
    (
        "node(s) didn't match Pod's node affinity",
        Text {
            en: "node selector or affinity does not match",
            zh: "不匹配节点选择器或亲和性",
        },
    ),
    (
        "node(s) didn't match node selector",
        Text {
            en: "node selector does not match",
            zh: "不匹配节点选择器",
        },
    ),
    (
        "node(s) had untolerated taint(s)",
        Text {
            en: "taint that is not tolerated",
            zh: "有未容忍的污点",
        },
    ),
    (
        "node(s) had untolerated taint",
        Text {
            en: "taint that is not tolerated{what}",
            zh: "有未容忍的污点{what}",
        },
    ),
    (
        "node(s) had taint",
        Text {
            en: "taint that is not tolerated{what}",
            zh: "有未容忍的污点{what}",
        },
    ),
    (
        "node(s) were unschedulable",
        Text {
            en: "cordoned",
            zh: "已停止调度",
        },
    ),
    (
        "node(s) were not ready",
        Text {
            en: "not ready",
            zh: "未就绪",
        },
    ),
    (
        "node(s) didn't have free ports",
        Text {
            en: "host port in use",
            zh: "主机端口已被占用",
        },
    ),
    (
        "node(s) didn't match pod affinity rules",
        Text {
            en: "Pod affinity does not match",
            zh: "不满足容器组亲和性",
        },
    ),
    (
        "node(s) didn't match pod anti-affinity rules",
        Text {
            en: "Pod anti-affinity does not match",
            zh: "不满足容器组反亲和性",
        },
    ),
    (
        "node(s) didn't satisfy existing pods anti-affinity rules",
        Text {
            en: "anti-affinity of other Pods",
            zh: "被其他容器组的反亲和性排除",
        },
    ),
    (
        "node(s) didn't match pod topology spread constraints",
        Text {
            en: "topology spread constraints",
            zh: "不满足拓扑分布约束",
        },
    ),
    (
        "node(s) had volume node affinity conflict",
        Text {
            en: "volume is on another node",
            zh: "存储卷位于其他节点",
        },
    ),
    (
        "node(s) exceed max volume count",
        Text {
            en: "no room for more volumes",
            zh: "存储卷数量已达上限",
        },
    ),
];

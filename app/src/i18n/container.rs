//! Texts of the further settings of containers and Pods.

use crate::i18n::texts;

texts! {
    RESOURCES: "Other resources" | "其他资源";
    RESOURCES_HINT: "GPUs and other extended resources, ephemeral storage, huge pages: such as nvidia.com/gpu and 1." | "GPU 等扩展资源、临时存储、大页内存，例如 nvidia.com/gpu 和 1。";
    REQUESTS: "Requests" | "请求值";
    LIMITS: "Limits" | "限制值";
    ADD_RESOURCE: "Add resource" | "添加资源";
    PROBES: "Health checks" | "健康检查";
    PROBES_HINT: "A Job's container may produce no output for a long time: allow a startup or liveness probe enough time." | "任务容器可能长时间没有输出，请为检查留出足够的时间。";
    LIVENESS: "Liveness probe" | "存活检查";
    READINESS: "Readiness probe" | "就绪检查";
    STARTUP: "Startup probe" | "启动检查";
    HTTP: "HTTP request" | "HTTP 请求";
    TCP: "TCP connection" | "TCP 连接";
    EXEC: "Command" | "执行命令";
    GRPC: "gRPC health check" | "gRPC 健康检查";
    SLEEP: "Pause" | "等待";
    HEADERS: "HTTP headers" | "HTTP 请求头";
    ADD_HEADER: "Add header" | "添加请求头";
    LIFECYCLE: "Lifecycle hooks" | "生命周期钩子";
    POST_START: "PostStart hook" | "启动后动作";
    PRE_STOP: "PreStop hook" | "终止前动作";
    SECURITY: "Security context" | "安全上下文";
    ADD_CAPABILITY: "Add capability" | "添加能力";
    DROP_CAPABILITY: "Drop capability" | "移除能力";
    TERMINAL: "Terminal and messages" | "终端与消息";
    SIDECAR: "Sidecar" | "边车容器";
    POD_MORE: "Identity, network" | "身份与网络";
    PULL_SECRETS: "Image-pull Secrets" | "镜像拉取密钥";
    PULL_SECRETS_HINT: "For images of a private registry: Secrets of type kubernetes.io/dockerconfigjson in this project." | "用于私有镜像仓库：本项目中类型为 kubernetes.io/dockerconfigjson 的密钥。";
    ADD_PULL_SECRET: "Add pull Secret" | "添加拉取密钥";
    HOST_ALIASES: "Host aliases" | "主机别名";
    ADD_HOST_ALIAS: "Add host alias" | "添加主机别名";
    DNS: "DNS" | "DNS 设置";
    ADD_NAMESERVER: "Add name server" | "添加域名服务器";
    ADD_SEARCH: "Add search domain" | "添加搜索域";
    ADD_HOSTNAME: "Add host name" | "添加主机名";
    DNS_OPTIONS: "Resolver options" | "解析选项";
    ADD_OPTION: "Add option" | "添加选项";
}

//! Index of all fields that have handwritten controls: searched by the field search, skipped by generated forms.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use manifest::{Path, Segment};

use crate::i18n::{Text, container, job_settings as job_texts, scheduling as scheduling_texts, wizard};
use crate::pages::create_job::fields::table::FieldSpec;
use crate::pages::create_job::step::Step;
use crate::pages::create_job::steps::pod_template::pod;
use crate::pages::create_job::steps::{job_settings, pod_template, scheduling, volumes};

/// Table of fields, with the path of the object they belong to.
type Table = (String, &'static [FieldSpec]);

/// Returns the field tables of each step.
fn tables_of_steps() -> [(Step, Vec<Table>); 4] {
    [
        (Step::Settings, job_settings::tables()),
        (Step::Pods, [pod::tables(), pod_template::tables()].concat()),
        (Step::Volumes, volumes::tables()),
        (Step::Nodes, scheduling::tables()),
    ]
}

/// Returns the field tables of all steps.
pub fn tables() -> Vec<Table> {
    tables_of_steps()
        .into_iter()
        .flat_map(|(_, tables)| tables)
        .collect()
}

/// Field without a row in a table: its path, label and synonyms.
pub type Custom = (&'static str, Text, &'static str);

/// Fields with controls outside the tables.
pub const CUSTOM_FIELDS: &[Custom] = &[
    ("metadata.name", wizard::NAME, "job name, title, 任务名称"),
    (
        "metadata.annotations[\"kubesphere.io/alias-name\"]",
        wizard::ALIAS,
        "display name, 显示名称",
    ),
    (
        "metadata.annotations[\"kubesphere.io/description\"]",
        wizard::DESCRIPTION,
        "comment, purpose, 说明, 备注",
    ),
    ("metadata.labels", wizard::JOB_LABELS, "label, labels, tags, 标签"),
    (
        "metadata.annotations",
        wizard::ANNOTATIONS,
        "annotation, notes, 注解, 注释",
    ),
    ("spec.template.metadata.labels", wizard::POD_LABELS, "pod labels"),
    (
        "spec.template.metadata.annotations",
        wizard::POD_ANNOTATIONS,
        "pod annotations",
    ),
    (
        "spec.template.spec.restartPolicy",
        wizard::RESTART,
        "restart, never, onfailure, on failure, 重启, 失败重启",
    ),
    (
        "spec.template.spec.containers[0].name",
        wizard::CONTAINER_NAME,
        "容器名",
    ),
    (
        "spec.template.spec.containers[0].image",
        wizard::IMAGE,
        "docker image, tag, version, 镜像地址, 版本",
    ),
    (
        "spec.template.spec.containers[0].resources.requests.cpu",
        wizard::CPU_REQUEST,
        "cpu, cores, vcpu, 处理器, 核数",
    ),
    (
        "spec.template.spec.containers[0].resources.limits.cpu",
        wizard::CPU_LIMIT,
        "throttling",
    ),
    (
        "spec.template.spec.containers[0].resources.limits.memory",
        wizard::MEMORY_LIMIT,
        "memory, ram, oom, out of memory, 内存, 内存限制",
    ),
    (
        "spec.template.spec.containers[0].resources.requests.memory",
        wizard::MEMORY_REQUEST,
        "",
    ),
    (
        "spec.template.spec.containers[0].command",
        wizard::COMMAND,
        "entrypoint, cmd, script, run, shell, 启动命令, 脚本, 入口",
    ),
    (
        "spec.template.spec.containers[0].args",
        wizard::ARGS,
        "argument, parameters, flags, options, 启动参数",
    ),
    (
        "spec.template.spec.containers[0].ports",
        wizard::PORTS,
        "port, expose, 端口",
    ),
    (
        "spec.template.spec.containers[0].env",
        wizard::ENVIRONMENT,
        "environment, variable, variables, env var, 变量",
    ),
    (
        "spec.template.spec.containers[0].envFrom",
        wizard::ENV_FROM,
        "configmap, config map, secret, configuration, 配置, 配置字典, 配置项, 密钥, 保密字典",
    ),
    (
        "spec.template.spec.initContainers",
        wizard::INIT_CONTAINERS,
        "init, init container, setup, 初始化",
    ),
    (
        "spec.template.spec.volumes",
        wizard::STEP_VOLUMES,
        "volume, storage, disk, mount, 存储, 存储卷, 数据卷, 磁盘, 挂载",
    ),
    (
        "spec.template.spec.nodeSelector",
        wizard::NODE_SELECTOR,
        "node, nodes, node label, 节点, 节点标签, 指定节点",
    ),
];

/// Groups of fields that a user looks for by one word. They are searched like fields, and cover nothing.
pub const GROUPS: &[Custom] = &[
    (
        "spec.podFailurePolicy.rules",
        job_texts::FAILURE,
        "exit code, exit codes, failure rule, fail fast, 退出码, 失败策略, 失败规则",
    ),
    (
        "spec.successPolicy.rules",
        job_texts::SUCCESS,
        "success rule, early success, 成功条件",
    ),
    (
        "spec.template.spec.containers",
        wizard::CONTAINERS,
        "container, 容器",
    ),
    (
        "spec.template.spec.containers[0].livenessProbe",
        container::LIVENESS,
        "health, health check, healthcheck, probe, probes, liveness, alive, 健康检查, 探针, 存活, 存活探针",
    ),
    (
        "spec.template.spec.containers[0].readinessProbe",
        container::READINESS,
        "readiness, ready, 就绪, 就绪探针",
    ),
    (
        "spec.template.spec.containers[0].startupProbe",
        container::STARTUP,
        "startup, slow start, 启动探针",
    ),
    (
        "spec.template.spec.containers[0].lifecycle.preStop",
        container::PRE_STOP,
        "hook, hooks, lifecycle, before stop, 钩子, 生命周期, 停止前",
    ),
    (
        "spec.template.spec.containers[0].lifecycle.postStart",
        container::POST_START,
        "after start, 启动后",
    ),
    (
        "spec.template.spec.containers[0].resources.limits",
        container::LIMITS,
        "gpu, gpus, nvidia, cuda, accelerator, extended resources, ephemeral storage, hugepages, 显卡, 扩展资源, 大页",
    ),
    (
        "spec.template.spec.imagePullSecrets",
        container::PULL_SECRETS,
        "registry, private registry, pull secret, docker login, credentials, 私有仓库, 镜像仓库, 仓库凭证, 拉取密钥",
    ),
    (
        "spec.template.spec.hostAliases",
        container::HOST_ALIASES,
        "hosts, /etc/hosts",
    ),
    (
        "spec.template.spec.tolerations",
        scheduling_texts::TOLERATIONS,
        "taint, taints, toleration, tolerate, 污点, 容忍",
    ),
    (
        "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms",
        scheduling_texts::NODE_AFFINITY,
        "affinity, 亲和性, 亲和",
    ),
    (
        "spec.template.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution",
        scheduling_texts::POD_AFFINITY,
        "together, colocate",
    ),
    (
        "spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
        scheduling_texts::POD_ANTI_AFFINITY,
        "anti-affinity, antiaffinity, apart, 反亲和, 反亲和性",
    ),
    (
        "spec.template.spec.topologySpreadConstraints",
        scheduling_texts::SPREAD,
        "zone, zones, topology, spread, 可用区, 分布, 均匀分布",
    ),
];

/// Paths fully covered by controls that are not rows of a table.
const FULLY_COVERED: &[&str] = &[
    "apiVersion",
    "kind",
    "status",
    "spec.template.spec.initContainers",
    "spec.template.spec.containers[0].resources.requests",
    "spec.template.spec.containers[0].resources.limits",
    "spec.template.spec.containers[0].env[0].name",
    "spec.template.spec.containers[0].env[0].value",
    "spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.name",
    "spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.key",
    "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name",
    "spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.key",
    "spec.template.spec.volumes[0].configMap.items[0].mode",
    "spec.template.spec.volumes[0].secret.items[0].mode",
    "spec.template.spec.containers[0].volumeMounts[0].name",
    "spec.template.spec.containers[0].volumeMounts[0].mountPath",
    "spec.template.spec.containers[0].volumeMounts[0].subPath",
    "spec.template.spec.containers[0].volumeMounts[0].readOnly",
    "spec.template.spec.volumes[0].name",
    // Pods of a Job cannot have ephemeral containers.
    "spec.template.spec.ephemeralContainers",
    // Covered by the cards of containers and volumes.
    "spec.template.spec.containers",
    "spec.podFailurePolicy.rules[0].onExitCodes.values",
    // The form of the Pod template offers the rest of it.
    "spec.template",
    // Set by the cluster, or by the project.
    "metadata.namespace",
    "metadata.uid",
    "metadata.resourceVersion",
    "metadata.generation",
    "metadata.creationTimestamp",
    "metadata.deletionTimestamp",
    "metadata.deletionGracePeriodSeconds",
    "metadata.managedFields",
    "metadata.selfLink",
    // Of clusters before 1.24.
    "metadata.clusterName",
    // Of no effect in a template.
    "spec.template.metadata.name",
    "spec.template.metadata.generateName",
    "spec.template.metadata.namespace",
    "spec.template.metadata.uid",
    "spec.template.metadata.resourceVersion",
    "spec.template.metadata.generation",
    "spec.template.metadata.creationTimestamp",
    "spec.template.metadata.deletionTimestamp",
    "spec.template.metadata.deletionGracePeriodSeconds",
    "spec.template.metadata.managedFields",
    "spec.template.metadata.selfLink",
    "spec.template.metadata.clusterName",
    "spec.template.metadata.ownerReferences",
];

/// Extent to which handwritten controls cover a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// The whole field.
    Full,
    /// Some fields below it.
    Partial,
    /// Nothing.
    None,
}

static COVERED_PATHS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let tables = tables()
        .into_iter()
        .flat_map(|(base, specs)| specs.iter().map(move |spec| format!("{base}.{}", spec.key)));
    let others = CUSTOM_FIELDS.iter().map(|(path, ..)| (*path).to_owned());
    // The list of volumes has cards, but not for every kind of volume.
    let whole = FULLY_COVERED.iter().map(|path| (*path).to_owned());
    tables
        .chain(others)
        .chain(whole)
        .filter(|path| path != "spec.template.spec.volumes")
        .collect()
});

/// Returns the coverage of the field at a path of a Job. List positions do not matter, and init containers count as
/// containers.
pub fn coverage(path: &Path) -> Coverage {
    let segments = path.segments().iter().map(|segment| match segment {
        Segment::Index(_) => Segment::Index(0),
        Segment::Key(key) if key == "initContainers" => Segment::Key("containers".to_owned()),
        key @ Segment::Key(_) => key.clone(),
    });
    let path = Path::from(segments.collect::<Vec<_>>()).to_string();
    if COVERED_PATHS.contains(&path) {
        return Coverage::Full;
    }
    let below = |other: &String| {
        other
            .strip_prefix(&path)
            .is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let mut after = COVERED_PATHS
        .range(path.clone()..)
        .take_while(|other| other.starts_with(&path));
    if after.any(below) {
        Coverage::Partial
    } else {
        Coverage::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexed_paths_parse() {
        let groups = GROUPS.iter().map(|(path, ..)| (*path).to_owned()).collect();
        for path in COVERED_PATHS.union(&groups) {
            assert_eq!(
                path.parse::<Path>().map(|path| path.to_string()).as_ref(),
                Ok(path)
            );
        }
    }

    /// Search, problem list and review jump to the step that [`Step::of`] says.
    #[test]
    fn fields_of_tables_belong_to_the_step_that_has_the_table() {
        for (step, tables) in tables_of_steps() {
            for (base, specs) in tables {
                for spec in specs {
                    let path = spec.path(&base.parse().unwrap());
                    assert_eq!(Step::of(&path), step, "{path}");
                }
            }
        }
    }

    #[test]
    fn coverage_follows_the_controls() {
        let coverage_of = |path: &str| coverage(&path.parse().unwrap());
        assert_eq!(coverage_of("spec.backoffLimit"), Coverage::Full);
        assert_eq!(coverage_of("spec.podFailurePolicy"), Coverage::Partial);
        assert_eq!(coverage_of("spec.selector"), Coverage::None);
        assert_eq!(
            coverage_of("spec.template.spec.initContainers[3].image"),
            Coverage::Full
        );
        assert_eq!(
            coverage_of("spec.template.spec.containers[1].resources"),
            Coverage::Partial
        );
        assert_eq!(
            coverage_of("spec.template.spec.containers[1].resources.claims"),
            Coverage::None
        );
        assert_eq!(
            coverage_of("spec.template.spec.containers[0].volumeDevices"),
            Coverage::None
        );
        assert_eq!(coverage_of("spec.template.spec.volumes"), Coverage::Partial);
        for offered in ["generateName", "finalizers", "ownerReferences"] {
            assert_eq!(coverage_of(&format!("metadata.{offered}")), Coverage::None);
        }
        // What the cluster sets is not offered, nor the Pod template's fields a second time.
        for hidden in [
            "metadata.uid",
            "metadata.managedFields",
            "spec.template.metadata.uid",
            "spec.template.metadata.managedFields",
            "spec.template",
        ] {
            assert_eq!(coverage_of(hidden), Coverage::Full, "{hidden}");
        }
    }
}

//! Texts of scheduling.

use crate::i18n::texts;

texts! {
    TOLERATIONS: "Tolerations" | "容忍度";
    TOLERATION: "Toleration" | "容忍度";
    ADD_TOLERATION: "Add toleration" | "添加容忍度";
    NODE_AFFINITY: "Node affinity" | "节点亲和性";
    REQUIRED_TERM: "Required term" | "必须满足的条件";
    REQUIRED_HINT: "One of the terms has to hold; within a term, all expressions." | "满足任一条件即可，条件内的所有表达式须同时满足。";
    PREFERRED_TERM: "Preferred term" | "尽量满足的条件";
    ADD_REQUIRED: "Add required term" | "添加必须条件";
    ADD_PREFERRED: "Add preferred term" | "添加优先条件";
    EXPRESSION: "Expression" | "表达式";
    ADD_EXPRESSION: "Add expression" | "添加表达式";
    VALUES: "Values" | "取值";
    ADD_VALUE: "Add value" | "添加取值";
    POD_AFFINITY: "Pod affinity" | "容器组亲和性";
    POD_ANTI_AFFINITY: "Pod anti-affinity" | "容器组反亲和性";
    ADD_NAMESPACE: "Add namespace" | "添加命名空间";
    ADD_MATCH: "Add label" | "添加标签";
    SPREAD: "Topology spread" | "拓扑分布";
    CONSTRAINT: "Spread constraint" | "分布约束";
    SPREAD_HINT: "Pods evenly over zones, nodes or any other label." | "按可用区、节点或其他标签均匀分布容器组。";
    ADD_SPREAD: "Add spread constraint" | "添加分布约束";
}

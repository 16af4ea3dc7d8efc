//! Texts of the review before creating.

use crate::i18n::texts;

texts! {
    TITLE: "Review" | "检查并创建";
    HINT: "The cluster was asked without creating anything (dry run). Below is what it would store: lines that it adds as defaults are marked “+”, lines that it normalizes “~”." | "已在不创建的情况下询问集群（试运行）。以下为集群将保存的内容：“+”为集群补充的行，“~”为集群改写的行。";
    OPEN: "Review" | "检查";
    CLOSE: "Back to editing" | "返回编辑";
    NOT_YET: "Correct the problems below first; then the cluster is asked." | "请先解决下方的问题，然后再询问集群。";
    ASKING: "Asking the cluster…" | "正在询问集群…";
    ACCEPTED: "would be created" | "可以创建";
    REFUSED: "would be refused" | "将被拒绝";
    WARNING: "The cluster warns: {text}" | "集群警告：{text}";
    SECRET: "What the cluster would store of a Secret is not shown." | "不显示集群将保存的密钥内容。";
    COUNTS: "{added} {added|part|parts} defaulted, {changed} normalized by the API server." | "集群补充 {added} 处，改写 {changed} 处。";
    DROPPED: "The cluster would silently drop these fields: {fields}. Remove or correct them." | "集群会忽略以下字段：{fields}。请删除或修正。";
    STORED: "What the cluster would store" | "集群将保存的内容";
    ADDED: "defaulted by the API server" | "由集群补充";
    CHANGED: "normalized by the API server" | "由集群改写";
    AGREES: "The cluster accepts this" | "集群接受此内容";
    OBJECTS: "The cluster refuses this: see the problems" | "集群拒绝此内容，请查看问题";
    UNASKED: "The cluster could not be asked" | "未能询问集群";
}

//! The messages of all problems by code, in both languages: those of the rules in [`rules`], all others here.
//! `{0}`, `{1}` … are the problem's subjects.

mod rules;

use k8s_rules::Rule;

use crate::problem::Language;

/// Returns the message template of a code. An unknown code is its own message; a test ensures that there is none.
pub(crate) fn template(code: &'static str, language: Language) -> &'static str {
    let rule = Rule::ALL.iter().find(|rule| rule.code() == code);
    let found = rule.map(|rule| rules::text(*rule)).or_else(|| {
        let found = MESSAGES.iter().find(|(known, ..)| *known == code);
        found.map(|(_, en, zh)| (*en, *zh))
    });
    match (found, language) {
        (Some((en, _)), Language::En) => en,
        (Some((_, zh)), Language::Zh) => zh,
        (None, _) => code,
    }
}

/// Translates a subject: names of types are translated, all others are text of the manifest.
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
        "yaml.break",
        "This value contains an invisible line break (U+0085, U+2028 or U+2029), at which Kubernetes ends the line. Remove it, or write it as \\N, \\L or \\P in double quotes.",
        "该值包含不可见的换行符（U+0085、U+2028 或 U+2029），Kubernetes 会在此处换行。请删除它，或在双引号中写作 \\N、\\L 或 \\P。",
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
    (
        "field.type",
        "This has to be {0}, but it is {1}.",
        "此处应为{0}，实际为{1}。",
    ),
    (
        "field.number",
        "This has to be a whole number: write {1} instead of “{0}”.",
        "此处应为整数：请将“{0}”改为 {1}。",
    ),
    (
        "field.fraction",
        "This has to be a whole number, and {0} is none that Kubernetes takes. Change it.",
        "此处应为整数，Kubernetes 不接受 {0}，请修改。",
    ),
    (
        "file.mode",
        "“{0}” is not a mode of files. Write octal digits from 0 to 0777, such as 0644.",
        "“{0}”不是有效的文件权限，请填写 0 到 0777 的八进制数，例如 0644。",
    ),
    (
        "file.mode.text",
        "A mode of files is a number, and “{0}” is a text: write {1} without quotes (in JSON: {2}).",
        "文件权限是数字，而“{0}”是文本：请去掉引号写成 {1}（JSON 中为 {2}）。",
    ),
    (
        "file.mode.decimal",
        "{0} is read as a decimal number, which is the mode {1}. For {2}, write its leading zero (in JSON: {3}).",
        "{0} 会按十进制读取，即权限 {1}。若要 {2}，请写上开头的 0（JSON 中为 {3}）。",
    ),
    (
        "file.mode.range",
        "{0} is beyond the modes of files, which go from 0 to {1}. Change it.",
        "{0} 超出文件权限的范围（0 到 {1}），请修改。",
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
        "env.duplicate",
        "The variable “{0}” is set twice; the later one wins.",
        "变量“{0}”被设置了两次，以后者为准。",
    ),
    (
        "volume.source.missing",
        "Say what the volume “{0}” is: an empty directory, a claim, a ConfigMap …",
        "请选择存储卷“{0}”的类型：临时卷、持久卷、配置项等。",
    ),
    (
        "volume.refused",
        "The volume “{0}” has a problem of its own. Correct that first.",
        "存储卷“{0}”自身存在问题，请先修正。",
    ),
    (
        "volume.unmounted",
        "No container mounts the volume “{0}”.",
        "没有容器挂载存储卷“{0}”。",
    ),
    (
        "name.repeated",
        "A {0} “{1}” stands above already, and creating never overwrites. Choose another name, or remove this document.",
        "上方已有名为“{1}”的 {0}，创建不会覆盖已有对象。请使用其他名称，或删除此文档。",
    ),
    (
        "job.deadline.short",
        "The deadline of {0} s is shorter than the waits between the retries (10 s, 20 s, 40 s …): it will end the Job before all {1} retries.",
        "运行期限 {0} 秒短于重试之间的等待时间（10、20、40 秒……），在 {1} 次重试用完之前任务就会被终止。",
    ),
    (
        "object.list",
        "This is a list of {0} objects, which cannot be created as one. Unfold it: each becomes a document.",
        "这是包含 {0} 个对象的列表，无法作为一个对象创建。请展开，使每个对象成为单独的文档。",
    ),
    (
        "object.stored",
        "A cluster wrote parts of this: {0}. Remove them, so that a new object can be created.",
        "其中部分内容由集群写入：{0}。请移除后再创建新对象。",
    ),
    (
        "object.namespace",
        "This belongs to the project “{0}”, and is created in “{1}” here. Change the namespace, or open the other project.",
        "该对象属于项目“{0}”，而当前项目为“{1}”。请修改 namespace，或打开另一个项目。",
    ),
    (
        "job.labels.stale",
        "These labels were written for another Job, and the cluster refuses them. Remove what the cluster wrote.",
        "这些标签是集群为另一个任务写入的，集群会拒绝。请移除集群写入的内容。",
    ),
    (
        "job.template",
        "A {0} is not a Job, but it describes Pods. A Job of the same Pods can be made of it.",
        "{0} 不是任务，但包含容器组的描述，可以由此生成任务。",
    ),
    (
        "list.unfolded",
        "Unfolded: {0} documents. Undo brings the list back.",
        "已展开为 {0} 个文档，可撤销。",
    ),
    (
        "job.made",
        "A Job was made of the {0}. Taken: {1}. Left out: {2}. Undo brings it back.",
        "已由 {0} 生成任务。采用：{1}。省略：{2}。可撤销。",
    ),
    (
        "job.made.changed",
        "A Job was made of the {0}. Taken: {1}. Changed: {3}. Left out: {2}. Undo brings it back.",
        "已由 {0} 生成任务。采用：{1}。更改：{3}。省略：{2}。可撤销。",
    ),
    (
        "stored.removed",
        "Removed what the cluster wrote: {0}. Undo brings it back.",
        "已移除集群写入的内容：{0}。可撤销。",
    ),
    (
        "reference.missing",
        "Neither this text nor the project has the {0} “{1}”: the Pods would wait for it. Create it, or choose another.",
        "文本和项目中都没有 {0}“{1}”，容器组会一直等待。请创建它或选择其他对象。",
    ),
    (
        "reference.key",
        "The {0} “{1}” has no key “{2}”: the container would not start. Choose another key.",
        "{0}“{1}”中没有键“{2}”，容器将无法启动。请选择其他键。",
    ),
    (
        "reference.container",
        "There is no container “{0}” in this Pod. Choose one that exists.",
        "该容器组中没有容器“{0}”，请选择已有的容器。",
    ),
    (
        "reference.port",
        "This container has no port named “{0}”. Name one of its ports so, or give a number.",
        "该容器没有名为“{0}”的端口。请为端口命名，或填写端口号。",
    ),
    (
        "job.missing",
        "There is no Job in this text. Add a document of kind Job.",
        "文本中没有任务，请添加 kind 为 Job 的文档。",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use k8s_rules::Rule;

    use crate::problem::Language;
    use crate::problem::messages::{MESSAGES, template};

    #[test]
    fn every_code_has_a_message_in_both_languages() {
        let codes: Vec<&'static str> = Rule::ALL
            .iter()
            .map(|rule| rule.code())
            .chain(MESSAGES.iter().map(|(code, ..)| *code))
            .collect();
        let unique: HashSet<&str> = codes.iter().copied().collect();
        assert_eq!(unique.len(), codes.len(), "duplicate code");
        for code in codes {
            let (en, zh) = (template(code, Language::En), template(code, Language::Zh));
            assert!(
                !en.is_empty() && !zh.is_empty() && en != code && zh != code,
                "{code}"
            );
            assert!(!zh.is_ascii(), "{code}: {zh}");
            for number in 0..4 {
                let mark = format!("{{{number}}}");
                assert_eq!(en.contains(&mark), zh.contains(&mark), "{code} {mark}");
            }
        }
    }

    /// Checks the codes that occur in the sources outside the rules.
    #[test]
    fn every_code_in_the_sources_has_a_message() {
        let sources = [
            include_str!("../../validate/mod.rs"),
            include_str!("../../validate/explain.rs"),
            include_str!("../../validate/lints.rs"),
            include_str!("../../validate/project.rs"),
            include_str!("../../validate/missing.rs"),
            include_str!("../../rewrite/stored.rs"),
            include_str!("../../rewrite/to_job.rs"),
            include_str!("../../rewrite/unfold.rs"),
            include_str!("../../yaml/value.rs"),
            include_str!("../../document/mod.rs"),
            include_str!("../../document/text.rs"),
            include_str!("../../schema/check.rs"),
        ];
        let is_code = |text: &str| {
            text.split_once('.')
                .is_some_and(|(head, tail)| !head.is_empty() && !tail.is_empty())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'-'))
        };
        let mut found = 0;
        for source in sources {
            let source = source.split("#[cfg(test)]").next().unwrap_or_default();
            for text in source.split('"').skip(1).step_by(2).filter(|text| is_code(text)) {
                let code: &'static str = text;
                found += 1;
                assert_ne!(template(code, Language::En), code, "no message for {code}");
            }
        }
        assert!(found > 20, "{found}");
    }
}

//! Texts of failure and success policies.

use crate::i18n::texts;

texts! {
    PER_INDEX: "Back-off per index" | "按索引重试";
    PER_INDEX_HINT: "For Indexed Jobs: each index has retries of its own, so that one bad part does not fail all." | "用于 Indexed 任务：每个索引单独重试，个别失败不影响整体。";
    FAILURE: "Pod failure policy" | "容器组失败策略";
    FAILURE_HINT: "The first rule that fits a failed Pod decides. It needs the restart policy Never." | "由第一条匹配的规则决定如何处理失败的容器组，需要重启策略为 Never。";
    RULES: "Failure rule" | "失败规则";
    ADD_EXIT_CODES: "Add a rule by exit code" | "按退出码添加规则";
    ADD_CONDITION: "Add a rule by Pod condition" | "按容器组状况添加规则";
    CODES: "Exit codes" | "退出码列表";
    ADD_CODE: "Add exit code" | "添加退出码";
    CONDITIONS: "Pod condition" | "容器组状况";
    ADD_ONE_CONDITION: "Add condition" | "添加状况";
    SUCCESS: "Success policy" | "成功策略";
    SUCCESS_HINT: "For Indexed Jobs: the Job is done as soon as one rule holds; the Pods that still run are ended." | "用于 Indexed 任务：满足任一规则即视为完成，其余容器组将被终止。";
    SUCCESS_RULES: "Success rule" | "成功规则";
    ADD_SUCCESS: "Add success rule" | "添加成功规则";
}

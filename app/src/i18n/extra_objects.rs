//! Texts of the objects created together with a Job.

use crate::i18n::texts;

texts! {
    TITLE: "Created together with the Job" | "与任务一同创建的对象";
    HINT: "Further documents of the same manifest. They are created first, and the fields above offer their names." | "同一清单中的其他文档，会先于任务创建，上方字段可选择它们的名称。";
    ADD_CONFIG_MAP: "New ConfigMap" | "新建 ConfigMap";
    ADD_SECRET: "New Secret" | "新建 Secret";
    ADD_CLAIM: "New volume claim" | "新建存储卷声明";
    ADD_ACCOUNT: "New service account" | "新建服务账户";
    ADD_MODE: "Add access mode" | "添加访问模式";
    DATA: "Data" | "数据";
    SECRET_DATA: "Data (plain; the cluster encodes it)" | "数据（明文，由集群编码）";
    ADD_DATA: "Add key" | "添加键";
    ENCODED: "Base64 values are edited in the text: {keys}" | "Base64 值请在文本中编辑：{keys}";
    IN_TEXT: "A {kind} is edited in the text." | "{kind} 请在文本中编辑。";
}

//! Texts of volumes.

use crate::i18n::texts;

texts! {
    MORE_KINDS: "More kinds of volume" | "更多存储卷类型";
    ADD_HOST_PATH: "Add a path of the node" | "添加主机路径";
    ADD_NFS: "Add NFS" | "添加 NFS";
    ADD_PROJECTED: "Add projected volume" | "添加投射卷";
    ADD_DOWNWARD: "Add fields of the Pod" | "添加容器组字段卷";
    ADD_EPHEMERAL: "Add ephemeral claim" | "添加临时持久卷";
    ADD_IMAGE: "Add image volume" | "添加镜像卷";
    ADD_MODE: "Add access mode" | "添加访问模式";
    SOURCES: "Source" | "来源";
    CONFIG_MAP: "ConfigMap" | "ConfigMap";
    SECRET: "Secret" | "Secret";
    DOWNWARD: "Fields of the Pod" | "容器组字段";
    TOKEN: "Service account token" | "服务账户令牌";
    POD_FIELDS: "Field as file" | "字段文件";
    ADD_FIELD: "Add field" | "添加字段";
    ADD_RESOURCE_FIELD: "Add resource amount" | "添加资源量";
    MOUNT_MORE: "Mount options" | "挂载选项";
}

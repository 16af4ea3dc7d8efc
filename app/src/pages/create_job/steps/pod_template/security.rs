//! Security contexts of containers and of the Pod.

use leptos::prelude::*;
use manifest::Path;

use crate::i18n::container as text;
use crate::pages::create_job::fields::items::Collapsible;
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::state::Wizard;

/// Fields of a container's `securityContext`.
pub const CONTAINER: &[FieldSpec] = specs! {
    "runAsNonRoot" => Control::BooleanSelect, "Must not run as root" | "禁止以 root 运行", "" | "" also "security, security context, root, non-root, nonroot, rootless, 安全, 安全上下文, 非 root";
    "runAsUser" => Control::Number, "User ID" | "用户 ID", "" | "" also "uid, user, user id, 用户";
    "runAsGroup" => Control::Number, "Group ID" | "用户组 ID", "" | "" also "gid, group, 用户组";
    "readOnlyRootFilesystem" => Control::BooleanSelect, "Read-only root file system" | "根文件系统只读", "" | "" also "read only, readonly, 只读";
    "allowPrivilegeEscalation" => Control::BooleanSelect, "Privilege escalation" | "允许提升权限", "" | "";
    "privileged" => Control::BooleanSelect, "Privileged" | "特权模式", "All rights of the host." | "拥有主机的全部权限。" also "host access, 特权";
    "procMount" => Control::Choice(&["Default", "Unmasked"]), "/proc" | "/proc 挂载", "" | "";
    "seccompProfile.type" => Control::Choice(&["RuntimeDefault", "Unconfined", "Localhost"]), "Seccomp profile" | "Seccomp 配置", "" | "" also "seccomp, syscalls";
    "seccompProfile.localhostProfile" => Control::Text, "Seccomp file" | "Seccomp 文件", "For Localhost." | "用于 Localhost。";
    "appArmorProfile.type" => Control::Choice(&["RuntimeDefault", "Unconfined", "Localhost"]), "AppArmor profile" | "AppArmor 配置", "" | "" [since 30] also "apparmor";
    "seLinuxOptions.user" => Control::Text, "SELinux user" | "SELinux 用户", "" | "";
    "seLinuxOptions.role" => Control::Text, "SELinux role" | "SELinux 角色", "" | "";
    "seLinuxOptions.type" => Control::Text, "SELinux type" | "SELinux 类型", "" | "";
    "seLinuxOptions.level" => Control::Text, "SELinux level" | "SELinux 级别", "" | "";
    "capabilities.add" => Control::StringList(text::ADD_CAPABILITY), "Capabilities added" | "添加的能力", "" | "" also "capability, cap_add, linux capabilities, 能力";
    "capabilities.drop" => Control::StringList(text::DROP_CAPABILITY), "Capabilities dropped" | "移除的能力", "" | "";
};

/// Fields of the Pod's `securityContext`.
pub const POD: &[FieldSpec] = specs! {
    "runAsNonRoot" => Control::BooleanSelect, "Must not run as root" | "禁止以 root 运行", "" | "";
    "runAsUser" => Control::Number, "User ID" | "用户 ID", "" | "";
    "runAsGroup" => Control::Number, "Group ID" | "用户组 ID", "" | "";
    "fsGroup" => Control::Number, "Group of volumes" | "存储卷用户组", "" | "" also "volume owner, 卷用户组";
    "fsGroupChangePolicy" => Control::Choice(&["OnRootMismatch", "Always"]), "Change of owners" | "属主修改策略", "" | "";
    "supplementalGroupsPolicy" => Control::Choice(&["Merge", "Strict"]), "Groups of the image" | "镜像用户组策略", "" | "" [since 33];
    "seccompProfile.type" => Control::Choice(&["RuntimeDefault", "Unconfined", "Localhost"]), "Seccomp profile" | "Seccomp 配置", "" | "";
    "seccompProfile.localhostProfile" => Control::Text, "Seccomp file" | "Seccomp 文件", "For Localhost." | "用于 Localhost。";
};

/// Security context of a container.
#[component]
pub fn Security(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the container.
    path: Path,
) -> impl IntoView {
    context(wizard, path, CONTAINER)
}

/// Security context of the Pod.
#[component]
pub fn PodSecurity(
    /// Wizard state.
    wizard: Wizard,
    /// Path `spec.template.spec`.
    path: Path,
) -> impl IntoView {
    context(wizard, path, POD)
}

fn context(wizard: Wizard, path: Path, specs: &'static [FieldSpec]) -> AnyView {
    let at = path.key("securityContext");
    let paths = vec![at.clone()];
    let stored = StoredValue::new(at);
    view! {
        <Collapsible wizard label=text::SECURITY paths>
            <Fields wizard base=stored.get_value() specs/>
        </Collapsible>
    }
    .into_any()
}

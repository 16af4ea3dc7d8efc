//! Further settings of the Pod: pull Secrets, identity, network, security.

use leptos::prelude::*;
use manifest::Path;
use serde_json::json;

use crate::api::create::Offers;
use crate::i18n::container as text;
use crate::pages::create_job::fields::items::{Addition, Collapsible, Items};
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::generated_form::OtherFields;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::steps::pod_template::{PodSecurity, pod};

const MORE: &[FieldSpec] = specs! {
    "serviceAccountName" => Control::Offer("ServiceAccount", service_accounts), "Service account" | "服务账户", "Not set: default." | "未设置：default。" also "identity, rbac, permissions, role, account, 服务账号, 账号, 身份, 访问权限";
    "automountServiceAccountToken" => Control::BooleanSelect, "Mount its token" | "挂载其令牌", "" | "" also "token, api access, 令牌";
    "terminationGracePeriodSeconds" => Control::Number, "Grace period (seconds)" | "终止宽限期（秒）", "Time to end after the signal. Not set: 30." | "收到信号后的终止时间。未设置：30。" also "grace, graceful shutdown, kill, sigterm, 优雅退出, 宽限, 宽限期";
    "activeDeadlineSeconds" => Control::Number, "Deadline of one Pod (seconds)" | "单个容器组时限（秒）", "Counts from its start; the Job's deadline is another." | "自容器组启动计时，与任务的期限不同。";
    "runtimeClassName" => Control::Text, "Runtime class" | "运行时类", "" | "" also "gvisor, kata, sandbox, 运行时";
    "hostname" => Control::Text, "Host name" | "主机名", "" | "";
    "subdomain" => Control::Text, "Subdomain" | "子域名", "" | "";
    "hostNetwork" => Control::BooleanSelect, "Network of the node" | "使用主机网络", "" | "" also "host network, 主机网络";
    "hostPID" => Control::BooleanSelect, "Processes of the node" | "使用主机 PID 空间", "" | "";
    "hostIPC" => Control::BooleanSelect, "IPC of the node" | "使用主机 IPC 空间", "" | "";
    "shareProcessNamespace" => Control::BooleanSelect, "Containers see each other's processes" | "容器共享进程空间", "" | "";
    "enableServiceLinks" => Control::BooleanSelect, "Services as variables" | "注入服务环境变量", "" | "";
    "dnsPolicy" => Control::Choice(&["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]), "DNS policy" | "DNS 策略", "" | "" also "dns, 域名解析, 域名";
};

const DNS: &[FieldSpec] = specs! {
    "nameservers" => Control::StringList(text::ADD_NAMESERVER), "Name servers" | "域名服务器", "" | "" also "resolver, dns server, 域名服务器";
    "searches" => Control::StringList(text::ADD_SEARCH), "Search domains" | "搜索域", "" | "";
};

fn service_accounts(offers: &Offers) -> Vec<String> {
    offers.service_accounts.clone().unwrap_or_default()
}

/// Returns the Secrets that hold registry credentials.
fn pull_secrets(offers: &Offers) -> Vec<String> {
    let pull = |kind: &str| kind == "kubernetes.io/dockerconfigjson" || kind == "kubernetes.io/dockercfg";
    offers
        .secrets
        .iter()
        .flatten()
        .filter(|secret| pull(&secret.kind))
        .map(|secret| secret.name.clone())
        .collect()
}

const PULL_SECRETS: &[Addition] = &[(text::ADD_PULL_SECRET, || json!({"name": ""}))];

const PULL_SECRET: &[FieldSpec] = specs! {
    "name" => Control::Offer("Secret", pull_secrets), "Image-pull Secret" | "镜像拉取密钥", "" | "";
};

const HOST_ALIASES: &[Addition] = &[(text::ADD_HOST_ALIAS, || json!({"ip": "", "hostnames": [""]}))];

const HOST_ALIAS: &[FieldSpec] = specs! {
    "ip" => Control::Required, "IP address" | "IP 地址", "" | "";
    "hostnames" => Control::StringList(text::ADD_HOSTNAME), "Host names" | "主机名", "" | "";
};

const OPTIONS: &[Addition] = &[(text::ADD_OPTION, || json!({"name": "ndots", "value": "2"}))];

const OPTION: &[FieldSpec] = specs! {
    "name" => Control::Required, "Option" | "选项", "" | "";
    "value" => Control::Text, "Value" | "值", "" | "";
};

/// Further settings of the Pod, collapsed.
#[component]
pub fn PodMore(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let paths = MORE.iter().map(|spec| spec.path(&pod())).collect::<Vec<_>>();
    let network = vec![pod().key("dnsConfig"), pod().key("hostAliases")];
    view! {
        <Items
            wizard
            path=pod().key("imagePullSecrets")
            label=text::PULL_SECRETS
            hint=text::PULL_SECRETS_HINT
            additions=PULL_SECRETS
            item=pull_secret
        />
        <Collapsible wizard label=text::POD_MORE paths>
            <Fields wizard base=pod() specs=MORE/>
        </Collapsible>
        <Collapsible wizard label=text::DNS paths=network>
            <Fields wizard base=pod().key("dnsConfig") specs=DNS/>
            <Items
                wizard
                path=pod().key("dnsConfig").key("options")
                label=text::DNS_OPTIONS
                additions=OPTIONS
                item=option
            />
            <Items wizard path=pod().key("hostAliases") label=text::HOST_ALIASES additions=HOST_ALIASES item=host_alias/>
        </Collapsible>
        <PodSecurity wizard path=pod()/>
        <OtherFields wizard path=pod()/>
    }
}

fn pull_secret(wizard: Wizard, path: Path) -> AnyView {
    view! { <Fields wizard base=path specs=PULL_SECRET/> }.into_any()
}

fn host_alias(wizard: Wizard, path: Path) -> AnyView {
    view! { <Fields wizard base=path specs=HOST_ALIAS/> }.into_any()
}

fn option(wizard: Wizard, path: Path) -> AnyView {
    view! { <Fields wizard base=path specs=OPTION/> }.into_any()
}

/// Returns the field tables of this step with the path of the object they belong to, for the field search.
pub fn tables() -> Vec<(String, &'static [FieldSpec])> {
    [
        ("spec.template.spec", MORE),
        ("spec.template.spec.dnsConfig", DNS),
        ("spec.template.spec.imagePullSecrets[0]", PULL_SECRET),
        ("spec.template.spec.hostAliases[0]", HOST_ALIAS),
        ("spec.template.spec.dnsConfig.options[0]", OPTION),
    ]
    .map(|(base, specs): (&str, &'static [FieldSpec])| (base.to_owned(), specs))
    .to_vec()
}

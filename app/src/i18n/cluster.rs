//! Texts of the cluster menu.

use crate::i18n::texts;

texts! {
    PLUGIN: "Runs {plugin} on the console's machine for credentials" | "在控制台所在机器上运行 {plugin} 以获取凭证";
    UNVERIFIED: "The certificate of its API server is not checked" | "不校验其 API 服务器的证书";
    REFUSED_PLUGIN: "Unavailable: exec credential plugins run only while the console listens on localhost" | "无法选择：仅当控制台只能从本机访问时，才会运行程序获取凭证";
    REFUSED_INTERACTIVE: "Unavailable: its credential plugin is interactive" | "无法选择：该程序需要在终端中交互";
    REFUSED_PROVIDER: "Unavailable: it uses an auth-provider, which Kubernetes has removed; use an exec plugin instead" | "无法选择：它使用已被 Kubernetes 移除的 auth-provider，请改用 exec 插件";
    REFUSED_INCOMPLETE: "Unavailable: the kubeconfig has no address for this cluster" | "无法选择：kubeconfig 中缺少该集群的地址";
}

//! Texts of errors, which say what happened and what to do.

use crate::api::error::ApiError;
use crate::foreign_text::visible;
use crate::i18n::{Lang, Text, texts};

texts! {
    SIGNED_OUT: "Your session has ended. Sign in again; what you typed is kept in this browser." | "会话已结束，请重新登录；您输入的内容已保存在此浏览器中。";
    FORBIDDEN: "You are not allowed to do this. Ask an administrator of the cluster for the right." | "您没有执行此操作的权限，请联系集群管理员授权。";
    QUOTA: "The project's quota has no room for this. Ask for less, delete Jobs that are not needed, or have an administrator raise the quota." | "超出项目配额。请减少用量、删除不需要的任务，或请管理员提高配额。";
    LIMIT_RANGE: "The project's limits do not allow these amounts. Change the requests and limits of the containers." | "超出项目的资源限制，请修改容器的请求值和限制值。";
    POD_SECURITY: "The project's Pod security level does not allow these Pods. Change their security contexts." | "项目的容器组安全级别不允许这样的容器组，请修改安全上下文。";
    NOT_FOUND: "It does not exist, or not any more. Go back to the list." | "对象不存在或已被删除，请返回列表。";
    ALREADY_EXISTS: "An object of this name exists already. Choose another name; nothing was overwritten." | "同名对象已存在，请换一个名称；没有覆盖任何内容。";
    CONFLICT: "It was changed in the meantime. Reload and try again." | "对象已被其他人修改，请刷新后重试。";
    REPLACED: "This Job was deleted meanwhile, and another one was created under its name. Nothing was done to the new one: reload to see it." | "该任务已被删除，并有同名的新任务被创建。未对新任务做任何操作，请刷新查看。";
    EDITED: "Somebody changed it meanwhile. Nothing was saved: compare, then save again." | "内容已被他人修改，尚未保存：请比较后再次保存。";
    INVALID: "The cluster refused it. Correct the fields below." | "集群拒绝了该请求，请修改以下字段。";
    UNREADABLE: "This is not a manifest that Kubernetes can read. Correct the text." | "这不是 Kubernetes 可识别的清单，请修改文本。";
    UNREACHABLE: "The cluster cannot be reached. Check that it runs and that the network is up, then try again; nothing you typed is lost." | "无法连接集群，请检查集群与网络后重试；您输入的内容不会丢失。";
    CREDENTIALS: "The console has no valid credentials for this cluster. Renew them (as you do for kubectl), then try again; nothing you typed is lost." | "控制台没有该集群的有效凭证，请像使用 kubectl 时一样更新凭证后重试；您输入的内容不会丢失。";
    CONSOLE: "The console's server cannot be reached. Check that it runs, then try again; nothing you typed is lost." | "无法连接控制台服务器，请检查其是否在运行后重试；您输入的内容不会丢失。";
    OTHER: "The cluster answered with an error. Read it, then try again." | "集群返回了错误，请查看内容后重试。";
    TOO_LARGE: "This is larger than the 3 MiB that the cluster takes. Split it into several files." | "内容超过集群允许的 3 MiB，请拆分为多个文件。";
    TOO_MANY: "Too many requests or open pages at once. Close pages of this console that you do not need, then try again in a moment." | "同时打开的页面或请求过多，请关闭不需要的控制台页面，稍后重试。";
}

/// Returns what to do about a refusal by an admission controller, whose response is that of a missing right.
fn admission(message: &str) -> Option<Text> {
    if message.contains("exceeded quota: ") || message.contains("failed quota: ") {
        Some(QUOTA)
    } else if message.contains(" usage per ") || message.contains(" limit to request ratio per ") {
        Some(LIMIT_RANGE)
    } else if message.contains("violates PodSecurity ") {
        Some(POD_SECURITY)
    } else {
        None
    }
}

impl ApiError {
    /// Returns what happened and what to do.
    pub fn advice(&self) -> Text {
        match self {
            Self::SignedOut => SIGNED_OUT,
            Self::Forbidden { message } => admission(message).unwrap_or(FORBIDDEN),
            Self::NotFound { .. } => NOT_FOUND,
            Self::AlreadyExists { .. } => ALREADY_EXISTS,
            Self::Conflict { .. } => CONFLICT,
            Self::Replaced { .. } => REPLACED,
            Self::Edited { .. } => EDITED,
            Self::Invalid { .. } => INVALID,
            Self::Unreadable { .. } => UNREADABLE,
            Self::Unreachable { .. } => UNREACHABLE,
            Self::Credentials { .. } => CREDENTIALS,
            Self::Console { .. } => CONSOLE,
            Self::Other { code: 413, .. } => TOO_LARGE,
            Self::Other { code: 429, .. } => TOO_MANY,
            Self::Other { .. } => OTHER,
        }
    }

    /// Returns the cluster's own message, which is shown below the advice.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::SignedOut => None,
            Self::Forbidden { message }
            | Self::NotFound { message }
            | Self::AlreadyExists { message }
            | Self::Conflict { message }
            | Self::Replaced { message }
            | Self::Edited { message, .. }
            | Self::Invalid { message, .. }
            | Self::Unreadable { message }
            | Self::Unreachable { message }
            | Self::Credentials { message }
            | Self::Console { message }
            | Self::Other { message, .. } => Some(message)
                .filter(|message| !message.is_empty())
                .map(String::as_str),
        }
    }

    /// Returns both in one line.
    pub fn sentence(&self, lang: Lang) -> String {
        let advice = self.advice().get(lang);
        self.detail().map_or_else(
            || advice.to_owned(),
            |detail| format!("{advice} ({})", visible(detail)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_by_quota_or_limits_is_titled_as_such() {
        for (message, advice) in [
            (
                "jobs.batch \"a\" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1, used: count/jobs.batch=2, limited: count/jobs.batch=2",
                QUOTA,
            ),
            (
                "pods \"a\" is forbidden: failed quota: compute: must specify limits.cpu for: c",
                QUOTA,
            ),
            (
                "pods \"a\" is forbidden: maximum cpu usage per Container is 1, but limit is 2",
                LIMIT_RANGE,
            ),
            (
                "pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": privileged",
                POD_SECURITY,
            ),
            (
                "jobs.batch is forbidden: User \"eve\" cannot create resource \"jobs\" in API group \"batch\" in the namespace \"demo\"",
                FORBIDDEN,
            ),
        ] {
            let error = ApiError::Forbidden {
                message: message.to_owned(),
            };
            assert_eq!(error.advice(), advice, "{message}");
        }
    }
}

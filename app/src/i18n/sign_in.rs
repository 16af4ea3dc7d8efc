//! Texts of the sign-in page.

use crate::i18n::texts;

texts! {
    TITLE: "Sign in" | "登录";
    LEAD: "Open the address that the console printed when it started; it signs this browser in." | "请打开控制台启动时打印的地址，即可登录此浏览器。";
    TOKEN: "Sign-in token" | "登录令牌";
    TOKEN_HINT: "The part after “token=” in that address. Each token works once; the console prints the next one." | "即该地址中 “token=” 之后的部分。每个令牌只能使用一次，控制台随后会打印新的令牌。";
    SUBMIT: "Sign in" | "登录";
    WRONG: "This token is not valid, or was used already. Take the newest one that the console printed." | "令牌无效或已被使用，请使用控制台最新打印的令牌。";
    ENDED: "Your session has ended. What you typed is kept in this browser." | "会话已结束，您输入的内容已保存在此浏览器中。";
    BEARER_LEAD: "Sign in with your own token of the cluster. You see and change what the cluster allows you." | "请使用您自己的集群令牌登录，可查看和修改的内容由集群授权决定。";
    BEARER_TOKEN: "Bearer token" | "Bearer 令牌";
    BEARER_HINT: "For a service account, for example, “kubectl create token NAME” prints one. It is encrypted with a key that only this browser holds, and forgotten when you sign out." | "例如，可使用 “kubectl create token 名称” 为服务账户生成令牌。令牌使用仅此浏览器持有的密钥加密，注销后即被清除。";
    BEARER_WRONG: "The cluster does not accept this token: it may have expired, or be for another cluster. Create a new one and try again." | "集群不接受此令牌：它可能已过期，或属于其他集群。请生成新令牌后重试。";
    BEARER_FORMAT: "This is not a token: it is empty, too long, or has characters that no token has. Paste the whole token, without quotes." | "这不是令牌：内容为空、过长或含有令牌中不会出现的字符。请粘贴完整的令牌，不要带引号。";
    PROVIDER_LEAD: "Sign in with your organization's account. You see and change what the cluster allows you." | "请使用您所在组织的账号登录，可查看和修改的内容由集群授权决定。";
    PROVIDER_SUBMIT: "Continue to sign-in" | "前往登录";
    PROVIDER_DOWN: "The sign-in provider does not respond as it should. Try again in a moment; if it lasts, tell whoever runs this console." | "身份提供方没有正常响应，请稍后重试；如果问题持续，请联系控制台管理员。";
    PROVIDER_DENIED: "The sign-in provider did not let you in. Ask whoever administers your account for access to this console." | "身份提供方拒绝了登录，请联系账号管理员获取此控制台的访问权限。";
    PROVIDER_EXPIRED: "The sign-in took too long or was started twice. Start it again." | "登录超时或被重复发起，请重新登录。";
    PROVIDER_NAME: "The sign-in provider sent an account that the console cannot use: its name is missing or not verified. Tell whoever runs this console." | "身份提供方返回的账号无法使用：名称缺失或未经验证，请联系控制台管理员。";
    PROVIDER_REJECTED: "You signed in, but the cluster does not accept the account: it does not trust this sign-in provider, or knows the console by another name. Tell whoever runs this console." | "登录成功，但集群不接受此账号：集群未信任该身份提供方，或登记的客户端名称不同，请联系控制台管理员。";
    UNREACHABLE: "The cluster does not respond, so the token cannot be checked. Try again in a moment." | "集群没有响应，无法检查令牌，请稍后重试。";
}

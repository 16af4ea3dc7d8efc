//! Texts of the list of sessions.

use crate::i18n::texts;

texts! {
    TITLE: "Sessions" | "登录会话";
    OPEN: "Sessions of {name}" | "{name} 的登录会话";
    LEAD: "The browsers in which you are signed in. Ending a session signs that browser out at once, and ends what it shows live." | "您已登录的浏览器。结束会话会立即使该浏览器退出登录，并停止其中的实时数据。";
    LEAD_SHARED: "The browsers that are signed in. All users of this console share its account, so these may be other people's." | "已登录的浏览器。此控制台的所有用户共用一个账户，因此其中可能有其他人的会话。";
    BROWSER: "Browser" | "浏览器";
    STARTED: "Signed in" | "登录时间";
    USED: "Last used" | "最近使用";
    CURRENT: "This browser" | "当前浏览器";
    UNKNOWN: "Unknown program" | "未知程序";
    END: "End" | "结束";
    END_ONE: "End the session of {name}" | "结束 {name} 的会话";
    END_OTHERS: "End {n} other {n|session|sessions}" | "结束其他 {n} 个会话";
}

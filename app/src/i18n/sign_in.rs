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
}

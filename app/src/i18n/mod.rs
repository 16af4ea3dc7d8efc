//! Texts in both languages, complete by construction: a text cannot be declared without its translation.
//!
//! The user's language is fixed for the life of a page: the server determines it (cookie, then `Accept-Language`),
//! writes it into `<html lang>`, and the browser reads it from there. So [`t`] works anywhere, also in event
//! handlers and after an `await`. Changing the language reloads the page; drafts survive that.

pub mod cluster;
pub mod common;
pub mod container;
pub mod error;
pub mod extra_objects;
pub mod field_search;
pub mod job_detail;
pub mod job_list;
pub mod job_settings;
pub mod reason;
pub mod review;
pub mod scheduling;
pub mod sessions;
pub mod sign_in;
pub mod volume;
pub mod wizard;

use crate::foreign_text::visible;
pub use crate::language::Lang;

/// Text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Simplified Chinese.
    pub zh: &'static str,
}

impl Text {
    /// Returns the text in one language.
    pub fn get(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

impl From<Text> for String {
    /// Returns the text in the user's language.
    fn from(text: Text) -> Self {
        t(text).to_owned()
    }
}

/// Returns the text in the user's language.
pub fn t(text: Text) -> &'static str {
    text.get(crate::preferences::current().lang)
}

/// The text in the user's language with `{name}` replaced by its value and `{name|Job|Jobs}` by the form that the number
/// in the value takes. Values come from elsewhere: invisible characters in them are marked, and what looks like a
/// placeholder stays as it is.
pub fn tf(text: Text, values: &[(&str, &str)]) -> String {
    format_in(crate::preferences::current().lang, text, values)
}

/// The text in `lang` with its placeholders replaced; see [`tf`].
pub fn format_in(lang: Lang, text: Text, values: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = text.get(lang);
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let named = after.split_once('}').and_then(|(name, after)| {
            let (name, forms) = name
                .split_once('|')
                .map_or((name, None), |(name, forms)| (name, Some(forms)));
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            let text = match forms.and_then(|forms| forms.split_once('|')) {
                Some((one, many)) => (if *value == "1" { one } else { many }).into(),
                None => visible(value),
            };
            Some((text, after))
        });
        rest = if let Some((text, after)) = named {
            out.push_str(&text);
            after
        } else {
            out.push('{');
            after
        };
    }
    out + rest
}

/// Declares texts: `texts! { NAME: "English" | "中文"; }`.
macro_rules! texts {
    ($($(#[$meta:meta])* $name:ident: $en:literal | $zh:literal;)*) => {
        $($(#[$meta])* #[allow(missing_docs, reason = "the text is its own documentation")]
        pub const $name: $crate::i18n::Text = $crate::i18n::Text { en: $en, zh: $zh };)*
    };
}
pub(crate) use texts;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_language_follows_the_q_values() {
        assert_eq!(
            Lang::from_accept_language("fr, en;q=0.3, zh-CN;q=0.8"),
            Some(Lang::Zh)
        );
        assert_eq!(Lang::from_accept_language("en-GB,zh;q=0.9"), Some(Lang::En));
        assert_eq!(Lang::from_accept_language("zh;q=0, fr"), None);
        assert_eq!(Lang::from_accept_language(""), None);
    }

    #[test]
    fn placeholders_are_replaced() {
        let text = Text {
            en: "{n} of {m}",
            zh: "{n}/{m}",
        };
        assert_eq!(tf(text, &[("n", "1"), ("m", "4")]), "1 of 4");
        assert_eq!(
            tf(text, &[("n", "{m}"), ("m", "{n}")]),
            "{m} of {n}",
            "values are not looked through"
        );
        assert_eq!(tf(text, &[("n", "\u{202e}")]), "‹U+202E› of {m}");
    }

    #[test]
    fn nouns_follow_their_number() {
        let text = Text {
            en: "Delete {n} {n|Job|Jobs}?",
            zh: "删除 {n} 个任务？",
        };
        assert_eq!(tf(text, &[("n", "1")]), "Delete 1 Job?");
        for many in ["0", "2", "11"] {
            assert_eq!(tf(text, &[("n", many)]), format!("Delete {many} Jobs?"));
        }
    }
}

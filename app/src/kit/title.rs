//! Title of the document.

use crate::foreign_text::visible;

/// Formats the document's title from the page's own part `title`: `pi · Jobwright`. Names in it come from the URL.
///
/// On the server the result is HTML: `leptos_meta` writes a title into the document unescaped, while everything
/// else that is rendered is escaped. In the browser it is `document.title`, which is text.
pub fn format(title: String) -> String {
    let text = if title.is_empty() {
        "Jobwright".to_owned()
    } else {
        format!("{} · Jobwright", visible(&title))
    };
    #[cfg(feature = "ssr")]
    return html_escape::encode_text(&text).into_owned();
    #[cfg(not(feature = "ssr"))]
    text
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn markup_in_titles_is_escaped() {
        for (title, html) in [
            ("", "Jobwright"),
            ("pi", "pi · Jobwright"),
            ("</title><h1>x", "&lt;/title&gt;&lt;h1&gt;x · Jobwright"),
            ("a & b &lt;", "a &amp; b &amp;lt; · Jobwright"),
            ("\u{202e}ip", "‹U+202E›ip · Jobwright"),
        ] {
            assert_eq!(format(title.to_owned()), html);
        }
    }
}

//! The document's title.

use crate::foreign_text::visible;

/// The title of a page whose own part is `title`: `pi · Jobwright`. Names in it come from the address.
///
/// On the server it is HTML: `leptos_meta` writes a title into the document as it is, while everything else that is
/// rendered is escaped. In the browser it is `document.title`, which is text.
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
    fn markup_in_a_title_is_text() {
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

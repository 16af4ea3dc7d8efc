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

/// Returns `text` for a `Title`: it follows changes in the browser, and is computed at once on the server.
///
/// `leptos_meta` calls the function when the page is complete, outside of the request's own arena: while the server
/// renders several pages at once, signals read there are those of another request.
pub fn of(text: impl Fn() -> String + Send + Sync + 'static) -> impl Fn() -> String + Send + Sync + 'static {
    #[cfg(feature = "ssr")]
    let text = {
        let title = leptos::prelude::untrack(text);
        move || title.clone()
    };
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

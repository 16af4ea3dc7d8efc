//! The browser's files: the bundle, the style sheet, the editor, the icon.
//!
//! `name.br` and `name.gz` beside a file are sent to browsers that take them. Names have no hash, so browsers keep
//! the files but ask each time (`Cache-Control: no-cache`, set with the other headers); the strong `ETag` makes the
//! answer an empty 304.

use std::path::Path;

use tower_http::services::ServeDir;

/// Serves `folder`; what is not there goes to `fallback`.
pub fn service<F>(folder: &Path, fallback: F) -> ServeDir<F> {
    ServeDir::new(folder)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
        .call_fallback_on_method_not_allowed(true)
        .fallback(fallback)
}

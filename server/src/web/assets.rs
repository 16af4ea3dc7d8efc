//! The browser's files: the bundle, the style sheet, the editor, the icon.
//!
//! Precompressed variants `name.br` and `name.gz` are sent to browsers that accept them. Names have no hash, so
//! browsers revalidate files on each use (`Cache-Control: no-cache`, set with the other headers); the strong `ETag`
//! makes the response an empty 304.

use std::path::Path;

use tower_http::services::ServeDir;

/// Serves `dir`; other paths go to `fallback`.
pub fn service<F>(dir: &Path, fallback: F) -> ServeDir<F> {
    ServeDir::new(dir)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
        .call_fallback_on_method_not_allowed(true)
        .fallback(fallback)
}

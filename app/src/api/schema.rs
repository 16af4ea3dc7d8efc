//! Schema of the cluster's API, fetched from the console's server.

use manifest::Schema;

/// Fetches the schema; returns none if the cluster does not answer: the wizard then works without completion and
/// documentation.
#[cfg_attr(
    not(feature = "hydrate"),
    allow(clippy::unused_async, reason = "only the browser sends requests")
)]
pub async fn schema() -> Option<Schema> {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        use wasm_bindgen_futures::JsFuture;

        let window = web_sys::window()?;
        let response = JsFuture::from(window.fetch_with_str(&crate::urls::here("/cluster/schema")))
            .await
            .ok()?;
        let response: web_sys::Response = response.dyn_into().ok()?;
        if !response.ok() {
            return None;
        }
        let text = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
        serde_json::from_str(&text).ok()
    }
    #[cfg(not(feature = "hydrate"))]
    None
}

//! Cleaned manifest of a Job, which can be created again as is.

use leptos::prelude::*;

use crate::api::job::JobDetail;
use crate::foreign_text::into_visible;
use crate::i18n::{job_detail as text, t};
use crate::kit::copy::CopyButton;
use crate::kit::download::DownloadButton;
use crate::kit::erased::dynamic;

/// Manifest with invisible characters shown as code points; copy and download keep the original.
#[component]
pub fn Manifest(
    /// Job.
    detail: Memo<JobDetail>,
) -> impl IntoView {
    let manifest = Memo::new(move |_| detail.with(|detail| detail.manifest.clone()));
    let file = Signal::derive(move || detail.with(|detail| format!("job-{}.yaml", detail.row.name)));
    view! {
        <div class="toolbar">
            <span class="hint">{t(text::MANIFEST_HINT)}</span>
            <span class="bar-space"></span>
            <CopyButton text=manifest.into()/>
            <DownloadButton label=text::DOWNLOAD file text=manifest.into()/>
        </div>
        <pre class="code-block" tabindex="0" aria-label=t(text::TAB_MANIFEST)>{dynamic(move || into_visible(manifest.get()))}</pre>
    }
}

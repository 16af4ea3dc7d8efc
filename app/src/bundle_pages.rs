//! Pages that each of the two WASM bundles has; `bundles` is about the way from one to the other.

use leptos::prelude::*;

use crate::bundles::leave;
use crate::pages::create_job::CreateJob;
use crate::pages::job_detail::JobPage;
use crate::pages::job_list::JobsPage;
use crate::pages::sessions::Sessions;

/// Renders a page.
type Page = fn() -> AnyView;

/// Pages of a bundle. The linker leaves out what a bundle does not name.
#[derive(Debug, Clone, Copy)]
pub struct Bundle {
    pub(crate) job_list: Page,
    pub(crate) job_detail: Page,
    pub(crate) sessions: Page,
    pub(crate) create_job: Page,
}

impl Bundle {
    /// All pages: the server renders each.
    pub const ALL: Self = Self {
        create_job: Self::WIZARD.create_job,
        ..Self::JOBS
    };
    /// The bundle that is loaded first: the Job list and the Job page.
    pub const JOBS: Self = Self {
        job_list: || JobsPage().into_any(),
        job_detail: || JobPage().into_any(),
        sessions: || Sessions().into_any(),
        create_job: other_bundle,
    };
    /// The bundle with the wizard.
    pub const WIZARD: Self = Self {
        job_list: other_bundle,
        job_detail: other_bundle,
        sessions: other_bundle,
        create_job: || CreateJob().into_any(),
    };
}

/// Placeholder for a page of the other bundle: loads its URL when the router reaches it.
fn other_bundle() -> AnyView {
    let location = leptos_router::hooks::use_location();
    Effect::new(move |_| {
        let search = location.search.get();
        let separator = if search.is_empty() || search.starts_with('?') {
            ""
        } else {
            "?"
        };
        leave(&format!("{}{separator}{search}", location.pathname.get()));
    });
    view! { <p class="hint" role="status">{crate::i18n::t(crate::i18n::common::LOADING)}</p> }.into_any()
}

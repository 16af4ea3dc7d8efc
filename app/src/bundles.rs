//! Pages of the other bundle: the wizard's browser half is loaded apart from that of the Job list, so a way from one
//! to the other loads the page anew.

#[cfg(any(feature = "hydrate", not(all(feature = "jobs", feature = "wizard"))))]
use leptos::prelude::*;

/// The server's folder of a bundle.
#[cfg(feature = "ssr")]
pub fn bundle_of(path: &str) -> &'static str {
    if path.ends_with("/create-job") {
        "wizard"
    } else {
        "pkg"
    }
}

/// Leaves for an address of the other bundle.
pub fn leave(to: &str) {
    #[cfg(feature = "hydrate")]
    if let Err(error) = window().location().assign(to) {
        leptos::logging::warn!("cannot leave for {to}: {error:?}");
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = to;
}

/// The `rel` of links to the Job list: from the wizard's page they lead to the other bundle.
pub fn rel_to_jobs() -> Option<&'static str> {
    let path = leptos_router::hooks::use_location().pathname;
    let in_wizard =
        leptos::prelude::WithUntracked::with_untracked(&path, |path| path.ends_with("/create-job"));
    in_wizard.then_some("external")
}

/// Stands where the router came to a page of the other bundle: loads its address.
#[cfg(not(all(feature = "jobs", feature = "wizard")))]
#[component]
pub fn Elsewhere() -> impl IntoView {
    let location = leptos_router::hooks::use_location();
    Effect::new(move |_| {
        let search = location.search.get();
        let mark = if search.is_empty() || search.starts_with('?') {
            ""
        } else {
            "?"
        };
        leave(&format!("{}{mark}{search}", location.pathname.get()));
    });
    view! { <p class="hint" role="status">{crate::i18n::t(crate::i18n::common::LOADING)}</p> }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_wizard_has_its_own_bundle() {
        assert_eq!(bundle_of("/projects/demo/create-job"), "wizard");
        assert_eq!(bundle_of("/projects/demo/jobs"), "pkg");
        assert_eq!(bundle_of("/projects/demo/jobs/create-job-1"), "pkg");
        assert_eq!(bundle_of("/sign-in"), "pkg");
    }
}

//! Navigation between the two WASM bundles: the wizard's bundle is separate from that of the Job list, so crossing
//! from one to the other needs a full page load.

#[cfg(feature = "hydrate")]
use leptos::prelude::*;

/// Returns the server's folder of the bundle for a path.
#[cfg(feature = "ssr")]
pub fn bundle_of(path: &str) -> &'static str {
    if path.ends_with("/create-job") {
        "wizard"
    } else {
        "pkg"
    }
}

/// Loads a page of the other bundle.
pub fn leave(to: &str) {
    #[cfg(feature = "hydrate")]
    if let Err(error) = window().location().assign(to) {
        leptos::logging::warn!("cannot navigate to {to}: {error:?}");
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = to;
}

/// Returns the `rel` attribute of links to the Job list: on the wizard's page they lead to the other bundle.
pub fn rel_to_jobs() -> Option<&'static str> {
    let path = leptos_router::hooks::use_location().pathname;
    let in_wizard =
        leptos::prelude::WithUntracked::with_untracked(&path, |path| path.ends_with("/create-job"));
    in_wizard.then_some("external")
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_wizard_has_a_separate_bundle() {
        assert_eq!(bundle_of("/projects/demo/create-job"), "wizard");
        assert_eq!(bundle_of("/projects/demo/jobs"), "pkg");
        assert_eq!(bundle_of("/projects/demo/jobs/create-job-1"), "pkg");
        assert_eq!(bundle_of("/sign-in"), "pkg");
    }
}

//! What the user may do in the project: told once per page, and by disabled buttons.

use std::collections::HashMap;

use leptos::prelude::*;

use crate::api;
use crate::api::error::ApiError;
use crate::api::rights::Rights;
use crate::i18n::{common as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};

/// The user's rights in the current project, for buttons. Before they are known, everything is allowed.
#[derive(Clone, Copy)]
struct RightsContext(RwSignal<Rights>);

/// The user's rights in other projects, for a list of several.
#[derive(Clone, Copy)]
struct OtherProjects {
    current: Memo<String>,
    known: RwSignal<HashMap<String, Rights>>,
}

/// Returns the user's rights in the current project.
pub fn use_rights() -> Signal<Rights> {
    use_context::<RightsContext>().map_or_else(|| Signal::stored(Rights::ALL), |context| context.0.into())
}

/// Returns the user's rights in `project`, which may be another one than the page's; loaded when they are first needed.
pub fn use_rights_in(project: Signal<String>) -> Signal<Rights> {
    let Some(OtherProjects { current, known }) = use_context::<OtherProjects>() else {
        return use_rights();
    };
    let own = use_rights();
    Effect::new(move |_| {
        let project = project.get();
        if project == current.get() || known.with_untracked(|known| known.contains_key(&project)) {
            return;
        }
        known.update(|known| {
            known.insert(project.clone(), Rights::ALL);
        });
        leptos::task::spawn_local(async move {
            if let Ok(rights) = api::rights(project.clone()).await {
                // The page may be gone.
                known.try_update(|known| known.insert(project, rights));
            }
        });
    });
    Signal::derive(move || {
        let project = project.get();
        if project == current.get() {
            return own.get();
        }
        known.with(|known| known.get(&project).copied().unwrap_or(Rights::ALL))
    })
}

/// Loads the rights in `project` and provides them to the page's buttons.
pub fn provide(project: Memo<String>) -> Resource<Result<Rights, ApiError>> {
    let loaded = Resource::new_blocking(
        move || project.get(),
        async |project| match project.as_str() {
            // The rights in each project count.
            "" => Ok(Rights::ALL),
            _ => api::rights(project).await,
        },
    );
    provide_context(OtherProjects {
        current: project,
        known: RwSignal::default(),
    });
    let rights = RwSignal::new(Rights::ALL);
    provide_context(RightsContext(rights));
    // After hydration: the server renders buttons that do not work yet.
    Effect::new(move |_| {
        if let Some(Ok(new)) = loaded.get() {
            rights.set(new);
        }
    });
    loaded
}

/// `id` of the note that says what the user may not do.
const MISSING_RIGHTS: &str = "missing-rights";

/// Returns the `aria-describedby` of a button: where a user who may not use it reads why.
pub fn described_by(allowed: bool) -> Option<&'static str> {
    (!allowed).then_some(MISSING_RIGHTS)
}

/// Says what the user may not do in the project, and who can help.
#[component]
pub fn MissingRights(
    /// Rights in the project.
    rights: Rights,
    /// Project.
    project: Memo<String>,
) -> impl IntoView {
    let missing: Vec<&str> = [
        (rights.create, text::RIGHT_CREATE),
        (rights.change, text::RIGHT_CHANGE),
        (rights.delete, text::RIGHT_DELETE),
        (rights.logs, text::RIGHT_LOGS),
    ]
    .into_iter()
    .filter(|(allowed, _)| !allowed)
    .map(|(_, action)| t(action))
    .collect();
    let missing = missing.join(t(text::RIGHT_SEPARATOR));
    (!missing.is_empty()).then(|| {
        view! {
            <div class="band" role="note" id=MISSING_RIGHTS>
                <Icon glyph=Glyph::Info/>
                <span>
                    {dynamic(move || {
                        tf(text::RIGHTS_MISSING, &[("rights", &missing), ("name", &project.get())])
                    })}
                </span>
            </div>
        }
    })
}

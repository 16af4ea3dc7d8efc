//! What the user may do in the project: told once per page, and by disabled buttons.

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

/// Returns the user's rights in the current project.
pub fn use_rights() -> Signal<Rights> {
    use_context::<RightsContext>().map_or_else(|| Signal::stored(Rights::ALL), |context| context.0.into())
}

/// Loads the rights in `project` and provides them to the page's buttons.
pub fn provide(project: Memo<String>) -> Resource<Result<Rights, ApiError>> {
    let loaded = Resource::new_blocking(move || project.get(), api::rights);
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
            <div class="band" role="note" id="missing-rights">
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

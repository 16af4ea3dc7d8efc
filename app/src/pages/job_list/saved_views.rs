//! Views of the list that the user has named: filter, order and columns, stored in this browser.

use leptos::prelude::*;
use leptos_router::components::A;
use serde::{Deserialize, Serialize};

use crate::i18n::{common, job_list as text, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::menu::Menu;
use crate::pages::job_list::address::Address;

/// Maximum number of views that are kept.
const MAX_VIEWS: usize = 50;

/// A named view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedView {
    name: String,
    /// Query of the URL, with the question mark.
    search: String,
}

/// Menu of the saved views, with a form to save the one that is shown.
#[component]
pub fn ViewMenu(
    /// Where the list is.
    address: Address,
) -> impl IntoView {
    let views = RwSignal::new(Vec::<SavedView>::new());
    let name = RwSignal::new(String::new());
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| views.set(storage::load()));
    let change = move |change: &dyn Fn(&mut Vec<SavedView>)| {
        views.update(|views| change(views));
        #[cfg(feature = "hydrate")]
        views.with_untracked(|views| storage::save(views));
    };
    let search = move || {
        let url = address.with_page(0);
        let start = url.find('?').unwrap_or(url.len());
        url[start..].to_owned()
    };
    let save = move || {
        let view = SavedView {
            name: name.get_untracked().trim().to_owned(),
            search: untrack(search),
        };
        if view.name.is_empty() {
            return;
        }
        name.set(String::new());
        change(&|views| {
            views.retain(|other| other.name != view.name);
            views.insert(0, view.clone());
            views.truncate(MAX_VIEWS);
        });
    };
    let path = move || {
        let url = address.without_filter();
        url.split('?').next().unwrap_or_default().to_owned()
    };
    view! {
        <Menu
            label=Signal::stored(t(text::VIEWS).to_owned())
            end=true
            button=ViewFn::from(|| {
                view! {
                    <Icon glyph=Glyph::Star/>
                    <span class="wide-only">{t(text::VIEWS)}</span>
                }
            })
        >
            {dynamic(move || {
                views
                    .get()
                    .into_iter()
                    .map(|view| {
                        let remove = {
                            let name = view.name.clone();
                            move |event: leptos::ev::MouseEvent| {
                                // The menu stays open.
                                event.stop_propagation();
                                change(&|views| views.retain(|other| other.name != name));
                            }
                        };
                        let label = tf(text::VIEW_DELETE, &[("name", &view.name)]);
                        view! {
                            <div class="menu-row">
                                <A href=move || format!("{}{}", path(), view.search) attr:class="menu-item">
                                    {view.name.clone()}
                                </A>
                                <button
                                    type="button"
                                    class="button button-icon"
                                    aria-label=label
                                    title=t(common::DELETE)
                                    on:click=remove
                                >
                                    <Icon glyph=Glyph::Trash/>
                                </button>
                            </div>
                        }
                    })
                    .collect_view()
            })}
            <form
                class="menu-form"
                on:click=|event| event.stop_propagation()
                on:submit=move |event| {
                    event.prevent_default();
                    save();
                }
            >
                <input
                    class="input"
                    type="text"
                    maxlength="60"
                    aria-label=t(text::VIEW_NAME)
                    placeholder=t(text::VIEW_NAME)
                    prop:value=move || name.get()
                    on:input=move |event| name.set(event_target_value(&event))
                />
                <button class="button" disabled=move || name.with(|name| name.trim().is_empty())>
                    {t(text::VIEW_SAVE)}
                </button>
            </form>
        </Menu>
    }
}

#[cfg(feature = "hydrate")]
mod storage {
    //! Storage of the views in the browser, apart for each user.

    use leptos::prelude::window;

    use crate::pages::job_list::saved_views::SavedView;
    use crate::user_key;

    fn key() -> String {
        format!("jobwright.views.{}", user_key::current().0)
    }

    fn storage() -> Option<web_sys::Storage> {
        window().local_storage().ok().flatten()
    }

    pub fn load() -> Vec<SavedView> {
        let stored = storage().and_then(|storage| storage.get_item(&key()).ok().flatten());
        stored
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }

    pub fn save(views: &[SavedView]) {
        let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(views)) else {
            return;
        };
        // Full or forbidden storage only means that the views are not kept.
        let _ = storage.set_item(&key(), &text);
    }
}

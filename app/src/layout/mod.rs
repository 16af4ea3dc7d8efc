//! Frame of every page behind the sign-in: cluster, project, language, theme, user.

mod cluster;
mod rights;

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::components::{A, Outlet};
use leptos_router::hooks::{use_location, use_params_map};

use crate::api;
use crate::api::error::ApiError;
use crate::api::rights::Rights;
use crate::api::session::{ClusterChoice, Workspace};
use crate::bundles::rel_to_jobs;
use crate::i18n::{Lang, common as text, job_list, sessions, t, tf};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::menu::Menu;
use crate::kit::notice::{Notice, Tone};
use crate::layout::cluster::ClusterMenu;
use crate::layout::rights::MissingRights;
use crate::parts::api_error::Failure;
use crate::preferences;
use crate::urls;

pub use crate::layout::rights::{described_by, use_rights, use_rights_in};

/// Interval at which a cluster that does not answer is retried.
const RETRY_INTERVAL: Duration = Duration::from_secs(3);

/// Returns the project of the current URL.
pub fn use_project() -> Memo<String> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("project").unwrap_or_default()))
}

/// The URL of the Job list that was shown last, with its project (empty for all projects), so that leading back keeps
/// filter, order and page.
#[derive(Clone, Copy)]
pub struct LastList(pub RwSignal<Option<(String, String)>>);

impl LastList {
    /// Provides the context, before any list is shown.
    pub fn provide() {
        provide_context(Self(RwSignal::new(None)));
    }

    /// Returns the URL of the list that leads back from a Job of `project`.
    pub fn back(project: &str) -> String {
        let last = use_context::<Self>().and_then(|Self(last)| last.get());
        match last {
            Some((of, url)) if of.is_empty() || of == project => url,
            _ => urls::jobs(project),
        }
    }
}

/// Frame data about the cluster; pages read it within a `Suspense`.
#[derive(Clone, Copy)]
pub struct WorkspaceContext(pub Resource<Result<Workspace, ApiError>>);

/// Top bar and page content.
#[component]
pub fn Frame() -> impl IntoView {
    let workspace = Resource::new_blocking(|| (), |()| api::workspace());
    provide_context(WorkspaceContext(workspace));
    let clusters = Resource::new_blocking(|| (), |()| api::clusters());
    retry_while_unreachable(workspace);
    let path = use_location().pathname;
    // Every other page reports itself why it shows nothing.
    let is_wizard = move || path.with(|path| path.ends_with("/create-job"));
    let project = use_project();
    let rights = rights::provide(project);
    view! {
        <a class="skip" href="#content">{t(text::SKIP_TO_CONTENT)}</a>
        <header class="bar">
            <A href=move || urls::jobs(&project.get()) attr:class="bar-product" attr:rel=rel_to_jobs()>
                <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
                    <path d="M5 4h14v3H5zM5 10.5h14v3H5zM5 17h9v3H5z"></path>
                    <path class="mark-tick" d="m16 18.2 1.8 1.8 3.4-3.8"></path>
                </svg>
                <span class="bar-name">{t(text::PRODUCT)}</span>
            </A>
            <Transition>
                {dynamic(move || Suspend::new(async move {
                    let clusters = clusters.await.unwrap_or_default();
                    let workspace = workspace.await.ok();
                    view! { <ClusterAndProject clusters workspace project/> }
                }))}
            </Transition>
            <span class="bar-space"></span>
            <Transition>
                {dynamic(move || Suspend::new(async move {
                    let user = workspace.await.map(|workspace| workspace.user).unwrap_or_default();
                    view! { <SessionsLink user/> }
                }))}
            </Transition>
            <PreferenceForms/>
        </header>
        <Transition>
            {dynamic(move || Suspend::new(async move {
                let rights = rights.await.unwrap_or(Rights::ALL);
                match workspace.await {
                    Ok(workspace) => {
                        (view! { <Banners workspace project/> }, view! { <MissingRights rights project/> }).into_any()
                    }
                    Err(_) if !untrack(is_wizard) => ().into_any(),
                    Err(error) => view! { <div class="band-failure"><Failure error/></div> }.into_any(),
                }
            }))}
        </Transition>
        <main id="content" class="content" tabindex="-1">
            <noscript>
                <Notice tone=Tone::Info>{t(text::NEEDS_JAVASCRIPT)}</Notice>
            </noscript>
            <Outlet/>
        </main>
    }
}

/// The user's name, which leads to their sessions.
#[component]
fn SessionsLink(user: String) -> impl IntoView {
    let (name, label) = if user.is_empty() {
        (t(sessions::TITLE).to_owned(), t(sessions::TITLE).to_owned())
    } else {
        let label = tf(sessions::OPEN, &[("name", &user)]);
        (user, label)
    };
    view! {
        <a class="button button-quiet bar-user" rel="external" href=urls::here("/sessions") title=label.clone() aria-label=label>
            <Icon glyph=Glyph::User/>
            <span class="bar-user-name">{name}</span>
        </a>
    }
}

/// Notices about the cluster that come before anything else on the page.
#[component]
fn Banners(workspace: Workspace, project: Memo<String>) -> impl IntoView {
    let playground = workspace.playground.then(|| {
        view! {
            <div class="band" role="note">
                <Icon glyph=Glyph::Info/>
                <span>{t(text::PLAYGROUND_NOTE)}</span>
            </div>
        }
    });
    let missing = move || {
        let lacks = |project: &String| !project.is_empty() && workspace.lacks(project);
        project.with(lacks).then(|| {
            let message = tf(text::PROJECT_MISSING, &[("name", &project.get())]);
            view! { <div class="band-failure"><Notice tone=Tone::Warning>{message}</Notice></div> }
        })
    };
    (playground, dynamic(missing))
}

/// Refetches the workspace while the cluster does not answer, so that the frame becomes complete once it does.
/// Missing credentials are not retried: an exec plugin may ask the user for input and must not run while nobody is
/// there.
fn retry_while_unreachable(workspace: Resource<Result<Workspace, ApiError>>) {
    Effect::new(move |_| {
        let is_transient =
            |error: &ApiError| matches!(error, ApiError::Unreachable { .. } | ApiError::Console { .. });
        if !matches!(workspace.get(), Some(Err(error)) if is_transient(&error)) {
            return;
        }
        if let Ok(timer) = set_timeout_with_handle(move || workspace.refetch(), RETRY_INTERVAL) {
            on_cleanup(move || timer.clear());
        }
    });
}

/// Cluster and project switcher. It works while the cluster does not answer, so that another one can be chosen.
#[component]
fn ClusterAndProject(
    clusters: ClusterChoice,
    workspace: Option<Workspace>,
    project: Memo<String>,
) -> impl IntoView {
    let cluster = if clusters.all.is_empty() {
        workspace.as_ref().map(|workspace| {
            let (name, version) = (cluster_label(workspace), workspace.version.clone());
            view! {
                <span class="bar-where" title=version>
                    <Icon glyph=Glyph::Node/>
                    <span class="bar-cluster">{name}</span>
                </span>
            }
            .into_any()
        })
    } else {
        let version = workspace.as_ref().map(|workspace| workspace.version.clone());
        Some(view! { <ClusterMenu choice=clusters version=version.unwrap_or_default()/> }.into_any())
    };
    let projects = match workspace {
        Some(workspace) => view! { <Projects projects=workspace.projects project/> }.into_any(),
        None => view! { <span class="bar-where">{dynamic(move || name_of(project.get()))}</span> }.into_any(),
    };
    (cluster, projects)
}

/// Returns the name of the only cluster.
fn cluster_label(workspace: &Workspace) -> String {
    if workspace.playground {
        t(text::PLAYGROUND).to_owned()
    } else {
        workspace.cluster.clone()
    }
}

/// Project menu: the current project and links to the others.
#[component]
fn Projects(projects: Vec<String>, project: Memo<String>) -> impl IntoView {
    let projects = StoredValue::new(projects);
    let rel = rel_to_jobs();
    view! {
        <Menu
            label=Signal::derive(move || format!("{} {}", t(text::PROJECT), name_of(project.get())))
            class="bar-project"
            button=ViewFn::from(move || {
                view! {
                    <span class="bar-dim">{t(text::PROJECT)}</span>
                    " "
                    <strong>{move || name_of(project.get())}</strong>
                    <Icon glyph=Glyph::ChevronDown/>
                }
            })
        >
            <A
                href=urls::jobs("")
                attr:rel=rel
                attr:class="menu-item menu-all"
            >
                {t(job_list::ALL_PROJECTS)}
            </A>
            {projects
                .get_value()
                .into_iter()
                .map(|name| {
                    let shown = name.clone();
                    view! {
                        <A
                            href=urls::jobs(&name)
                            attr:rel=rel
                            attr:class="menu-item"
                        >
                            {shown}
                        </A>
                    }
                })
                .collect_view()}
        </Menu>
    }
}

/// Returns what the switcher shows for a project; an empty name stands for all of them.
fn name_of(project: String) -> String {
    if project.is_empty() {
        t(job_list::ALL_PROJECTS).to_owned()
    } else {
        project
    }
}

/// Language, theme and sign-out, as forms, so they work without JavaScript.
#[component]
pub fn PreferenceForms(
    /// Hides the sign-out button: no user is signed in yet.
    #[prop(optional)]
    signed_out: bool,
) -> impl IntoView {
    let location = use_location();
    let back = move || {
        format!(
            "{}{}",
            location.pathname.get(),
            with_question_mark(&location.search.get())
        )
    };
    let other = match preferences::current().lang {
        Lang::En => Lang::Zh,
        Lang::Zh => Lang::En,
    };
    view! {
        <form class="bar-form" method="post" action=urls::own("/preferences")>
            <input type="hidden" name="back" value=back/>
            <button
                class="button button-quiet"
                name="lang"
                value=other.tag()
                title=t(text::SWITCH_LANGUAGE)
                lang=other.tag()
            >
                {t(text::LANGUAGE_OTHER)}
            </button>
        </form>
        <ThemeChoice back=Signal::derive(back)/>
        {(!signed_out)
            .then(|| {
                view! {
                    <form class="bar-form" method="post" action=urls::own("/sign-out")>
                        <button class="button button-quiet">{t(text::SIGN_OUT)}</button>
                    </form>
                }
            })}
    }
}

/// Theme switch: selects the theme that is not shown now.
#[component]
fn ThemeChoice(back: Signal<String>) -> impl IntoView {
    view! {
        <form class="bar-form" method="post" action=urls::own("/preferences")>
            <input type="hidden" name="back" value=move || back.get()/>
            <button class="button button-icon theme-dark" name="theme" value="dark" aria-label=t(text::THEME_DARK) title=t(text::THEME_DARK)>
                <Icon glyph=Glyph::Moon/>
            </button>
            <button class="button button-icon theme-light" name="theme" value="light" aria-label=t(text::THEME_LIGHT) title=t(text::THEME_LIGHT)>
                <Icon glyph=Glyph::Sun/>
            </button>
        </form>
    }
}

/// Adds the question mark, which the router strips from the query.
fn with_question_mark(search: &str) -> String {
    match search {
        "" => String::new(),
        search if search.starts_with('?') => search.to_owned(),
        search => format!("?{search}"),
    }
}

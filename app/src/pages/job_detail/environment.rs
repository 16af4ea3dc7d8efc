//! Environment variables (环境变量) of each container. A Secret's value never reaches the browser.

use leptos::prelude::*;

use crate::api::job::{ContainerEnvironment, JobDetail, MissingSource, Variable, VariableSource};
use crate::i18n::{common, job_detail as text, t, tf};
use crate::kit::empty_state::Empty;
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};

/// One table per container.
#[component]
pub fn Environment(
    /// Job.
    detail: Memo<JobDetail>,
) -> impl IntoView {
    let environment = Memo::new(move |_| detail.with(|detail| detail.environment.clone()));
    let empty = move || environment.with(|all| all.iter().all(|container| container.variables.is_empty()));
    view! {
        <Show
            when=move || !empty()
            fallback=|| view! { <Empty glyph=Glyph::List title=t(text::ENVIRONMENT_EMPTY)/> }
        >
            {dynamic(move || {
                environment
                    .get()
                    .into_iter()
                    .filter(|container| !container.variables.is_empty())
                    .map(|container| view! { <Container container/> })
                    .collect_view()
            })}
        </Show>
    }
}

#[component]
fn Container(container: ContainerEnvironment) -> impl IntoView {
    view! {
        <h2 class="section-title">
            <Icon glyph=Glyph::Container/>
            {container.container.clone()}
            {container.init.then(|| view! { <span class="tag">{t(text::INIT)}</span> })}
        </h2>
        <div class="table-frame" role="region" aria-label=container.container tabindex="0">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">{t(common::NAME)}</th>
                        <th scope="col">{t(text::ENVIRONMENT_VALUE)}</th>
                    </tr>
                </thead>
                <tbody>{container.variables.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
        {container.is_cut.then(|| view! { <p class="hint">{t(text::ENVIRONMENT_CUT)}</p> })}
    }
}

fn row(variable: Variable) -> impl IntoView {
    let name = if variable.name.is_empty() {
        "*".to_owned()
    } else {
        variable.name
    };
    view! {
        <tr class:overridden=variable.overridden>
            <th scope="row"><code>{name}</code></th>
            <td class="break">
                {source(variable.source)}
                {variable.overridden.then(|| view! { <span class="tag" title=t(text::OVERRIDDEN_HINT)>{t(text::OVERRIDDEN)}</span> })}
            </td>
        </tr>
    }
}

fn source(source: VariableSource) -> AnyView {
    let from = |label: String| view! { <span class="dim">{label}</span> };
    match source {
        VariableSource::Value {
            value,
            expanded: None,
        } => view! { <code class="break">{value}</code> }.into_any(),
        VariableSource::Value {
            value,
            expanded: Some(expanded),
        } => view! {
            <code class="break">{expanded}</code>
            " "
            {from(tf(text::FROM_TEXT, &[("text", &value)]))}
        }
        .into_any(),
        VariableSource::ConfigMap {
            name,
            key,
            value,
            missing,
        } => {
            let label = if key.is_empty() {
                text::FROM_CONFIG_MAP_ALL
            } else {
                text::FROM_CONFIG_MAP
            };
            view! {
                {value.map(|value| view! { <code class="break">{value}</code> " " })}
                {from(tf(label, &[("name", &name), ("key", &key)]))}
                {missing
                    .map(|missing| {
                        let (class, word) = match missing {
                            MissingSource::Skipped => ("tag", text::MISSING_SKIPPED),
                            MissingSource::Required => ("tag tag-bad", text::MISSING_REQUIRED),
                        };
                        view! { <span class=class>{t(word)}</span> }
                    })}
            }
            .into_any()
        }
        VariableSource::Secret { name, key } => {
            let label = if key.is_empty() {
                text::FROM_SECRET_ALL
            } else {
                text::FROM_SECRET
            };
            view! {
                <span title=t(text::SECRET_HIDDEN)>"••••••"</span>
                " "
                {from(tf(label, &[("name", &name), ("key", &key)]))}
            }
            .into_any()
        }
        VariableSource::File { volume, path, key } => from(tf(
            text::FROM_FILE,
            &[("volume", &volume), ("path", &path), ("key", &key)],
        ))
        .into_any(),
        VariableSource::Field { path } => from(tf(text::FROM_FIELD, &[("path", &path)])).into_any(),
        VariableSource::Resource { resource } => {
            from(tf(text::FROM_RESOURCE, &[("resource", &resource)])).into_any()
        }
    }
}

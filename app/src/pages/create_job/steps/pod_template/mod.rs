//! Pod template step (容器组模板): restart policy, and containers edited at their place in the document.

pub mod environment;
mod handler;
pub mod pod;
mod probes;
mod resources;
mod security;

use leptos::prelude::*;
use manifest::Path;
use serde_json::{Value, json};

use crate::i18n::{Text, container, t, tf, wizard as text};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::fields::items::{Addition, Collapsible, Items};
use crate::pages::create_job::fields::lazy::Lazy;
use crate::pages::create_job::fields::quantity::{QuantityField, Units};
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::fields::{
    AddButton, InputKind, Problems, Rows, StringList, TextField, YamlKey,
};
use crate::pages::create_job::generated_form::OtherFields;
use crate::pages::create_job::state::{Wizard, display};
use crate::pages::create_job::steps::pod_template::environment::Environment;
use crate::pages::create_job::steps::pod_template::pod::PodMore;

pub use crate::pages::create_job::steps::pod_template::security::PodSecurity;

/// Returns the path `spec.template.spec`.
pub fn pod() -> Path {
    Path::of(["spec", "template", "spec"])
}

/// Pod template step (容器组模板).
#[component]
pub fn Pods(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    view! {
        <RestartPolicy wizard/>
        <ContainerList wizard list="containers" title=text::CONTAINERS add=text::ADD_CONTAINER/>
        <details class="more" open=move || untrack(|| wizard.length(&pod().key("initContainers")) > 0)>
            <summary>{t(text::INIT_CONTAINERS)}</summary>
            <ContainerList wizard list="initContainers" title=text::INIT_CONTAINERS add=text::ADD_INIT_CONTAINER/>
        </details>
        <PodMore wizard/>
    }
}

#[component]
fn RestartPolicy(wizard: Wizard) -> impl IntoView {
    let path = StoredValue::new(pod().key("restartPolicy"));
    let choice = move |value: &'static str, label: Text| {
        let on = move || wizard.get(&path.get_value()) == Some(Value::from(value));
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="restart-policy"
                    value=value
                    checked=untrack(on)
                    prop:checked=on
                    on:focus=move |_| wizard.focused.set(path.get_value())
                    on:change=move |_| wizard.set(&path.get_value(), value.into())
                />
                <span>{t(label)}</span>
            </label>
        }
    };
    view! {
        <fieldset class="group" id=wizard.id(&path.get_value())>
            <legend class="group-title">{t(text::RESTART)} <YamlKey path=path.get_value() label=t(text::RESTART)/></legend>
            {choice("Never", text::RESTART_NEVER)}
            {choice("OnFailure", text::RESTART_ON_FAILURE)}
            <Problems wizard path=path.get_value()/>
        </fieldset>
    }
}

#[component]
fn ContainerList(wizard: Wizard, list: &'static str, title: Text, add: Text) -> impl IntoView {
    let path = pod().key(list);
    let (stored, id) = (StoredValue::new(path.clone()), wizard.id(&path));
    let add_one = move || {
        let count = untrack(|| wizard.length(&stored.get_value()));
        let name = if list == "containers" { "container" } else { "init" };
        wizard.add(
            &stored.get_value(),
            json!({"name": format!("{name}-{}", count + 1), "image": "", "imagePullPolicy": "IfNotPresent"}),
        );
    };
    view! {
        <section class="group" id=id aria-label=t(title)>
            <h3 class="group-title">{t(title)}</h3>
            <Rows
                wizard
                path=path.clone()
                label=t(title)
                row=Callback::new(move |index| {
                    view! { <Container wizard path=stored.get_value().index(index)/> }.into_any()
                })
            />
            <Problems wizard path/>
            <AddButton label=t(add) on_add=Callback::new(move |()| add_one())/>
        </section>
    }
}

const PULL_AND_PLACE: &[FieldSpec] = specs! {
    "imagePullPolicy" => Control::Choice(&["IfNotPresent", "Always", "Never"]), "Image pull policy" | "镜像拉取策略",
        "" | "" also "pull, pull policy, always pull, 拉取, 拉取策略";
    "workingDir" => Control::Text, "Working directory" | "工作目录", "" | "" also "cwd, working directory, directory, 目录, 工作路径";
};

const TERMINAL: &[FieldSpec] = specs! {
    "stdin" => Control::BooleanSelect, "Standard input stays open" | "保持标准输入打开", "" | "";
    "stdinOnce" => Control::BooleanSelect, "Only for one session" | "仅允许一次会话", "" | "";
    "tty" => Control::BooleanSelect, "Terminal (TTY)" | "终端（TTY）", "" | "" also "terminal, interactive, 交互";
    "terminationMessagePath" => Control::Text, "Message file" | "终止消息文件", "Not set: /dev/termination-log." | "未设置：/dev/termination-log。";
    "terminationMessagePolicy" => Control::Choice(&["File", "FallbackToLogsOnError"]), "Message from" | "终止消息来源", "" | "";
};

const SIDECAR: &[FieldSpec] = specs! {
    "restartPolicy" => Control::Choice(&["Always"]), "Runs as" | "运行方式",
        "Always makes it a sidecar: it starts first and runs beside the containers." | "设为 Always 即为边车容器：先于容器启动并伴随运行。" [since 29] also "sidecar, side car, helper, 边车, 边车容器, 伴随容器";
};

const PORTS: &[Addition] = &[(text::ADD_PORT, || json!({"containerPort": 80, "protocol": "TCP"}))];

const PORT: &[FieldSpec] = specs! {
    "name" => Control::Text, "Port name" | "端口名称", "" | "";
    "protocol" => Control::Choice(&["TCP", "UDP", "SCTP"]), "Protocol" | "协议", "" | "";
    "containerPort" => Control::Number, "Port" | "端口", "" | "";
    "hostPort" => Control::Number, "Port of the node" | "主机端口", "" | "";
};

fn port(wizard: Wizard, path: Path) -> AnyView {
    view! { <Fields wizard base=path specs=PORT/> }.into_any()
}

/// Number of containers up to which their cards are open.
const OPEN_CARDS: usize = 8;
/// Number of containers up to which their closed parts are built with the page.
const BUILT_CARDS: usize = 3;

/// Card of a container. In a long list it is closed, and its fields are built when it is opened.
#[component]
fn Container(wizard: Wizard, path: Path) -> impl IntoView {
    let wizard = wizard.scoped(&path);
    let stored = StoredValue::new(path.clone());
    let text_of = move |key: &str| {
        let value = wizard.get(&stored.get_value().key(key));
        value.as_ref().map(display).unwrap_or_default()
    };
    let name = move || text_of("name");
    let list = path.parent().unwrap_or_default();
    let is_init = list == pod().key("initContainers");
    let closes = untrack(|| wizard.length(&list) > OPEN_CARDS);
    let open = RwSignal::new(!closes);
    Effect::new(move |_| {
        if wizard.wanted_in(&stored.get_value()).is_some() {
            open.set(true);
        }
    });
    let is_open = Memo::new(move |_| open.get());
    let fields_id = format!("{}-fields", wizard.id(&path));
    let controls = fields_id.clone();
    let title = move || {
        view! {
            <Icon glyph=Glyph::Container/>
            <strong>{name}</strong>
        }
    };
    let head = if closes {
        view! {
            <button
                type="button"
                class="container-toggle"
                aria-expanded=move || is_open.get().to_string()
                aria-controls=controls
                on:click=move |_| open.update(|open| *open = !*open)
            >
                <Icon glyph=Glyph::ChevronRight/>
                {title()}
                <span class="container-image mono">{move || text_of("image")}</span>
                {dynamic(move || {
                    let count = wizard.error_count();
                    (count > 0).then(|| view! { <span class="count" title=t(text::PROBLEMS)>{count}</span> })
                })}
            </button>
        }
        .into_any()
    } else {
        view! { {title()} <span class="bar-space"></span> }.into_any()
    };
    view! {
        <section class="card container" id=wizard.id(&path) aria-label=move || format!("{} {}", t(text::CONTAINERS), name())>
            <header class="container-head">
                {head}
                <button
                    type="button"
                    class="button button-icon"
                    data-early="remove"
                    aria-label=move || tf(text::REMOVE_CONTAINER, &[("name", &name())])
                    on:click=move |_| wizard.remove_item(&stored.get_value())
                >
                    <Icon glyph=Glyph::Trash/>
                </button>
            </header>
            <div id=fields_id class="container-fields">
                {dynamic(move || is_open.get().then(|| view! { <ContainerFields wizard path=stored.get_value() is_init/> }))}
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn ContainerFields(wizard: Wizard, path: Path, is_init: bool) -> impl IntoView {
    // Of a page that the server renders, all parts can be used before it is hydrated, unless they are many.
    let built = wizard.has_url_text
        && untrack(|| {
            path.parent()
                .is_some_and(|list| wizard.length(&list) <= BUILT_CARDS)
        });
    let resource = |kind: &str, name: &str| path.key("resources").key(kind).key(name);
    view! {
        <div class="columns">
            <TextField wizard path=path.key("name") label=text::CONTAINER_NAME kind=InputKind::RequiredText mono=true/>
            <TextField wizard path=path.key("image") label=text::IMAGE hint=text::IMAGE_HINT kind=InputKind::RequiredText mono=true/>
        </div>
        <div class="columns columns-4">
            <QuantityField wizard path=resource("requests", "cpu") label=text::CPU_REQUEST units=Units::Cpu/>
            <QuantityField wizard path=resource("limits", "cpu") label=text::CPU_LIMIT units=Units::Cpu/>
            <QuantityField wizard path=resource("requests", "memory") label=text::MEMORY_REQUEST units=Units::Memory/>
            <QuantityField wizard path=resource("limits", "memory") label=text::MEMORY_LIMIT units=Units::Memory/>
        </div>
        <resources::Hint wizard/>
        {is_init.then(|| view! { <Fields wizard base=path.clone() specs=SIDECAR/> })}
        <Lazy wizard path=path.clone() built label=t(text::ADVANCED) fields=advanced/>
    }
    .into_any()
}

/// Fields of a container that few Jobs need.
fn advanced(wizard: Wizard, path: Path) -> AnyView {
    let stored = StoredValue::new(path.clone());
    let terminal = TERMINAL.iter().map(|spec| spec.path(&path)).collect::<Vec<_>>();
    view! {
        <StringList wizard path=path.key("command") label=text::COMMAND add=text::ADD_COMMAND paste=true/>
        <StringList wizard path=path.key("args") label=text::ARGS add=text::ADD_ARG/>
        <Items wizard path=path.key("ports") label=text::PORTS additions=PORTS item=port/>
        <Environment wizard path=path.clone()/>
        <Fields wizard base=path.clone() specs=PULL_AND_PLACE/>
        <resources::Others wizard path=path.clone()/>
        <probes::Probes wizard path=path.clone()/>
        <probes::Lifecycle wizard path=path.clone()/>
        <security::Security wizard path=path.clone()/>
        <Collapsible wizard label=container::TERMINAL paths=terminal>
            <Fields wizard base=stored.get_value() specs=TERMINAL/>
        </Collapsible>
        <OtherFields wizard path=path.clone()/>
    }
    .into_any()
}

/// Returns the field tables of this step with the path of the object they belong to, for the field search.
pub fn tables() -> Vec<(String, &'static [FieldSpec])> {
    const FIRST: &str = "spec.template.spec.containers[0]";
    const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];
    const HOOKS: [&str; 2] = ["lifecycle.postStart", "lifecycle.preStop"];
    let mut tables: Vec<(String, &'static [FieldSpec])> = vec![
        (FIRST.to_owned(), PULL_AND_PLACE),
        (FIRST.to_owned(), TERMINAL),
        (FIRST.to_owned(), SIDECAR),
        (format!("{FIRST}.ports[0]"), PORT),
        (
            format!("{FIRST}.env[0].valueFrom"),
            crate::pages::create_job::steps::pod_template::environment::FIELD,
        ),
        (
            format!("{FIRST}.env[0].valueFrom"),
            crate::pages::create_job::steps::pod_template::environment::RESOURCE,
        ),
        (format!("{FIRST}.lifecycle"), probes::HOOK_FIELDS),
        (format!("{FIRST}.securityContext"), security::CONTAINER),
        ("spec.template.spec.securityContext".to_owned(), security::POD),
    ];
    for (list, kinds) in [
        (PROBES.as_slice(), handler::PROBES),
        (HOOKS.as_slice(), handler::HOOKS),
    ] {
        for key in list {
            tables.extend(handler::tables(kinds, &format!("{FIRST}.{key}")));
        }
    }
    tables.extend(PROBES.map(|key| (format!("{FIRST}.{key}"), probes::TIMES)));
    tables
}

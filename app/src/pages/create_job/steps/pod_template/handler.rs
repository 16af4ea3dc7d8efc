//! Handler of a probe or lifecycle hook: HTTP request, TCP connection, command, gRPC health check, sleep.

use leptos::prelude::*;
use manifest::{Edit, Path};
use serde_json::{Value, json};

use crate::i18n::{Text, container as text, t, wizard};
use crate::kit::erased::dynamic;
use crate::pages::create_job::fields::items::{Addition, Items};
use crate::pages::create_job::fields::table::{Control, FieldSpec, Fields, specs};
use crate::pages::create_job::fields::{Field, Problems};
use crate::pages::create_job::state::Wizard;

/// Kind of handler: API key, label, initial value, fields.
pub struct Kind {
    key: &'static str,
    label: Text,
    new: fn() -> Value,
    fields: &'static [FieldSpec],
    since: u16,
}

/// Handlers of a probe.
pub const PROBES: &[Kind] = &[HTTP, TCP, EXEC, GRPC];
/// Handlers of a lifecycle hook.
pub const HOOKS: &[Kind] = &[EXEC, HTTP, SLEEP];

const HTTP: Kind = Kind {
    key: "httpGet",
    label: text::HTTP,
    new: || json!({"path": "/", "port": 80}),
    fields: specs! {
        "path" => Control::Text, "Path" | "路径", "" | "";
        "port" => Control::Number, "Port" | "端口", "A number, or a port's name." | "端口号或端口名称。";
        "scheme" => Control::Choice(&["HTTP", "HTTPS"]), "Scheme" | "协议", "" | "";
        "host" => Control::Text, "Host" | "主机", "Not set: the Pod itself." | "未设置：容器组自身。";
    },
    since: 0,
};

const TCP: Kind = Kind {
    key: "tcpSocket",
    label: text::TCP,
    new: || json!({"port": 80}),
    fields: specs! {
        "port" => Control::Number, "Port" | "端口", "A number, or a port's name." | "端口号或端口名称。";
        "host" => Control::Text, "Host" | "主机", "Not set: the Pod itself." | "未设置：容器组自身。";
    },
    since: 0,
};

const EXEC: Kind = Kind {
    key: "exec",
    label: text::EXEC,
    new: || json!({"command": [""]}),
    fields: COMMAND,
    since: 0,
};

const GRPC: Kind = Kind {
    key: "grpc",
    label: text::GRPC,
    new: || json!({"port": 50051}),
    fields: specs! {
        "port" => Control::Number, "Port" | "端口", "" | "";
        "service" => Control::Text, "Service" | "服务", "Name in the health check request." | "健康检查请求中的服务名。";
    },
    since: 24,
};

const SLEEP: Kind = Kind {
    key: "sleep",
    label: text::SLEEP,
    new: || json!({"seconds": 5}),
    fields: specs! {
        "seconds" => Control::Number, "Seconds" | "秒数", "" | "";
    },
    since: 30,
};

const HEADERS: &[Addition] = &[(text::ADD_HEADER, || json!({"name": "", "value": ""}))];

const HEADER: &[FieldSpec] = specs! {
    "name" => Control::Required, "Header" | "请求头", "" | "";
    "value" => Control::Required, "Value" | "值", "" | "";
};

fn header(wizard: Wizard, path: Path) -> AnyView {
    view! { <Fields wizard base=path specs=HEADER/> }.into_any()
}

/// Select of the handler's kind, and the fields of that kind. Changing the kind is one step of the history.
#[component]
pub fn Handler(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the probe or hook.
    path: Path,
    /// Label.
    label: Text,
    /// Kinds to choose from.
    kinds: &'static [Kind],
) -> impl IntoView {
    let stored = StoredValue::new(path.clone());
    let chosen = Memo::new(move |_| {
        let value = wizard.get(&stored.get_value());
        let value = value.as_ref().and_then(Value::as_object);
        kinds
            .iter()
            .position(|kind| value.is_some_and(|value| value.contains_key(kind.key)))
    });
    let choose = move |key: String| {
        let path = stored.get_value();
        let group = format!("{path} kind");
        let old = chosen.get_untracked();
        let new = kinds.iter().find(|kind| kind.key == key);
        match (old, new) {
            (_, None) => wizard.remove(&path),
            (None, Some(new)) => {
                wizard.edit(
                    &Edit::Set {
                        path: path.key(new.key),
                        value: (new.new)(),
                    },
                    Some(&group),
                );
            }
            (Some(old), Some(new)) => {
                // The new handler is set first, so that the probe is never empty in between.
                wizard.edit(
                    &Edit::Set {
                        path: path.key(new.key),
                        value: (new.new)(),
                    },
                    Some(&group),
                );
                wizard.edit(
                    &Edit::Remove {
                        path: path.key(kinds[old].key),
                    },
                    Some(&group),
                );
            }
        }
    };
    let id = wizard.id(&path);
    let offered = kinds.iter().enumerate().map(move |(index, kind)| {
        let missing = move || wizard.minor_version.get().is_some_and(|minor| minor < kind.since);
        view! {
            <option value=kind.key selected=move || chosen.get() == Some(index) disabled=missing>
                {t(kind.label)}
            </option>
        }
    });
    view! {
        <Field wizard path label=t(label)>
            <select
                id=id
                class="input select"
                on:focus=move |_| wizard.focused.set(stored.get_value())
                on:change=move |event| choose(event_target_value(&event))
            >
                <option value="" selected=move || chosen.get().is_none()>{t(wizard::NOT_SET)}</option>
                {offered.collect_view()}
            </select>
        </Field>
        {dynamic(move || {
            let kind = &kinds[chosen.get()?];
            let at = stored.get_value().key(kind.key);
            Some(
                view! {
                    <Fields wizard base=at.clone() specs=kind.fields/>
                    {(kind.key == "httpGet")
                        .then(|| {
                            view! {
                                <Items
                                    wizard
                                    path=at.key("httpHeaders")
                                    label=text::HEADERS
                                    additions=HEADERS
                                    item=header
                                />
                            }
                        })}
                    <Problems wizard path=at/>
                },
            )
        })}
    }
    .into_any()
}

const COMMAND: &[FieldSpec] = specs! {
    "command" => Control::StringList(wizard::ADD_COMMAND), "Command" | "命令", "" | "";
};

/// Returns the field tables of the handlers at `base`, for the field search.
pub fn tables(kinds: &'static [Kind], base: &str) -> Vec<(String, &'static [FieldSpec])> {
    let mut tables = Vec::new();
    for kind in kinds {
        let at = format!("{base}.{}", kind.key);
        match kind.key {
            "httpGet" => tables.extend([(format!("{at}.httpHeaders[0]"), HEADER), (at, kind.fields)]),
            _ => tables.push((at, kind.fields)),
        }
    }
    tables
}

//! Reasons of states in words: the cause, where it is, and what helps.

use crate::api::job::{ContainerExit, Reason};
use crate::foreign_text::visible;
use crate::i18n::{Lang, format_in, reason as text};
use crate::preferences;

/// Returns the text of a reason in the user's language.
pub fn explain(reason: &Reason) -> String {
    explain_in(preferences::current().lang, reason)
}

/// Returns what the user can do about a reason, in the user's language.
pub fn help(reason: &Reason) -> Option<String> {
    help_in(preferences::current().lang, reason)
}

/// Returns the text of a reason; codes without a wording are shown as the cluster writes them.
pub fn explain_in(lang: Lang, reason: &Reason) -> String {
    let code = visible(&reason.code);
    let what = subject(lang, reason);
    // The exit code says it.
    if matches!(reason.code.as_str(), "ExitCode" | "Error") && reason.exit.is_some() {
        return what;
    }
    let Some(wording) = text::wording(&reason.code) else {
        return if what.is_empty() {
            code.into_owned()
        } else {
            format!("{code}: {what}")
        };
    };
    let mut values: Vec<(&str, &str)> = reason
        .args
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    values.push(("what", &what));
    let sentence = format_in(lang, wording.cause, &values);
    sentence.trim_end_matches([':', '：', ' ']).to_owned()
}

/// Returns what the user can do about a reason.
pub fn help_in(lang: Lang, reason: &Reason) -> Option<String> {
    let oom = reason
        .exit
        .as_ref()
        .is_some_and(|exit| exit.reason == "OOMKilled");
    let code = if oom { "OOMKilled" } else { &reason.code };
    let help = text::wording(code)?.help?;
    Some(help.get(lang).to_owned())
}

/// Returns the subject of a reason's text.
fn subject(lang: Lang, reason: &Reason) -> String {
    let message = visible(&reason.message);
    let subject = match &reason.exit {
        Some(exit) if message.is_empty() => explain_exit(lang, exit),
        Some(exit) => format!("{}: {message}", explain_exit(lang, exit)),
        None if reason.code == "NoNodeFits" => scheduling(lang, &reason.message),
        None => message.into_owned(),
    };
    let arg = |name: &str| reason.args.get(name).map(String::as_str);
    let is_loop = matches!(reason.code.as_str(), "InitCrashLoop" | "CrashLoop");
    let subject = match arg("container").filter(|_| is_loop && subject.is_empty()) {
        Some(container) => format_in(lang, text::FAILS_AGAIN, &[("container", container)]),
        None => subject,
    };
    let subject = match (reason.code.as_str(), arg("position"), arg("count")) {
        ("InitCrashLoop", Some(position), Some(count)) => format_in(
            lang,
            text::INIT,
            &[("position", position), ("count", count), ("what", &subject)],
        ),
        _ => subject,
    };
    match arg("restarts").filter(|restarts| *restarts != "0") {
        Some(restarts) => format_in(lang, text::RESTARTS, &[("what", &subject), ("n", restarts)]),
        None => subject,
    }
}

fn explain_exit(lang: Lang, exit: &ContainerExit) -> String {
    let code = match exit.reason.as_str() {
        "" => exit.code.to_string(),
        reason => format!("{} ({})", exit.code, visible(reason)),
    };
    format_in(
        lang,
        text::EXIT_CODE_IN,
        &[("n", &code), ("container", &visible(&exit.container))],
    )
}

/// Words the scheduler's causes: `1 Insufficient cpu, 2 node(s) were unschedulable`.
fn scheduling(lang: Lang, causes: &str) -> String {
    let causes: Vec<String> = split_causes(causes)
        .into_iter()
        .map(|cause| {
            let (number, cause) = match cause.split_once(' ') {
                Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                    (Some(number), rest)
                }
                _ => (None, cause),
            };
            let known = text::SCHEDULING
                .iter()
                .find_map(|(prefix, words)| Some((words, cause.strip_prefix(prefix)?)));
            let words = match known {
                Some((words, rest)) => format_in(lang, *words, &[("what", rest)]),
                None => visible(cause).into_owned(),
            };
            match number {
                Some(number) => format_in(lang, text::CAUSE_ON, &[("n", number), ("what", &words)]),
                None => words,
            }
        })
        .collect();
    causes.join(text::LIST.get(lang))
}

/// Splits at the commas before numbers: taints have commas of their own.
fn split_causes(causes: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in causes.match_indices(", ") {
        let next = &causes[at + 2..];
        if next.starts_with(|first: char| first.is_ascii_digit()) {
            parts.push(&causes[start..at]);
            start = at + 2;
        }
    }
    parts.push(&causes[start..]);
    parts
}

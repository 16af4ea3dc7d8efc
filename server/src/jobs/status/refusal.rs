//! Why the Job controller could not create a Pod, from the message of its `FailedCreate` event. The words are those of
//! the admission plugins of the API server.

use app::api::job::Reason;

/// Prefix of an event that stands for several.
const COMBINED: &str = "(combined from similar events): ";

/// Prefix of the Job controller.
const CREATING: &str = "Error creating: ";

/// Returns the reason that `message` states.
pub fn reason(message: &str) -> Reason {
    let message = message.strip_prefix(COMBINED).unwrap_or(message);
    let message = message.strip_prefix(CREATING).unwrap_or(message);
    let subject = match message.split_once(" is forbidden: ") {
        Some((pods, rest)) if pods.starts_with("pods ") => rest,
        _ => message,
    };
    quota(subject)
        .or_else(|| missing(subject))
        .or_else(|| policy(subject))
        .unwrap_or_else(|| Reason::new("FailedCreate", subject))
}

/// `exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4`, or `failed quota: small: must specify
/// limits.cpu for: main`.
fn quota(message: &str) -> Option<Reason> {
    if let Some(rest) = after(message, "exceeded quota: ") {
        let part = |name: &str| {
            let value = after(rest, &format!("{name}: "))?;
            // The values are lists with commas themselves.
            let end = [", used: ", ", limited: "]
                .iter()
                .filter_map(|next| value.find(next))
                .min();
            Some(value[..end.unwrap_or(value.len())].to_owned())
        };
        let name = rest.split(", requested: ").next().unwrap_or(rest);
        let mut reason = Reason::new("QuotaExceeded", "").with("quota", name);
        for field in ["requested", "used", "limited"] {
            reason = reason.with(field, part(field)?);
        }
        return Some(reason);
    }
    let rest = after(message, "failed quota: ")?;
    let (name, what) = rest.split_once(": must specify ")?;
    Some(
        Reason::new("QuotaNeedsValues", "")
            .with("quota", name)
            .with("fields", what),
    )
}

/// Something that the Pod refers to does not exist.
fn missing(message: &str) -> Option<Reason> {
    if let Some(rest) = after(message, "no PriorityClass with name ") {
        let name = rest.split(" was found").next().unwrap_or(rest);
        return Some(Reason::new("PriorityClassMissing", "").with("name", name));
    }
    let (before, _) = message.split_once("\" not found")?;
    let (_, name) = before.rsplit_once("serviceaccount \"")?;
    Some(Reason::new("ServiceAccountMissing", "").with("name", name))
}

/// A policy of the cluster forbids the Pod.
fn policy(message: &str) -> Option<Reason> {
    if let Some(rest) = after(message, "violates PodSecurity \"") {
        let (level, what) = rest.split_once("\": ")?;
        return Some(Reason::new("PodSecurity", what).with("level", level));
    }
    if let Some(rest) = after(message, "admission webhook \"") {
        let (name, what) = rest.split_once("\" denied the request")?;
        let what = what.trim_start_matches([':', ' ']);
        return Some(Reason::new("AdmissionWebhook", what).with("name", name));
    }
    // LimitRanger lists all violations in brackets, or one without.
    let list = message.trim_start_matches('[').trim_end_matches(']');
    let is_limit = ["maximum ", "minimum "]
        .iter()
        .any(|bound| list.starts_with(bound))
        && list.contains(" usage per ");
    is_limit.then(|| Reason::new("LimitRange", list))
}

fn after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.split_once(prefix).map(|(_, rest)| rest)
}

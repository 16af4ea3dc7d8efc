//! `spec` of a Job (`ValidateJobCreate`, `ValidateJobSpec`).

use serde_json::Value;

use super::{job_policies, metadata, pod_template, selector};
use crate::machinery::detail;
use crate::machinery::go;
use crate::machinery::labels;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::report::sentence;
use crate::machinery::rule::Rule;

/// Maximum parallelism of an Indexed Job, and maximum number of its failed indexes.
const MAX_INDEXES: i64 = 100_000;
/// Number of completions above which stricter limits apply (KEP-3850).
const MANY_COMPLETIONS: i64 = 100_000;
/// The stricter limit of parallelism and of failed indexes.
const MANY_COMPLETIONS_LIMIT: i64 = 10_000;
/// Maximum number of characters of `managedBy`.
const MAX_MANAGED_BY: usize = 63;

/// Validates a new Job.
pub(super) fn create(root: Node<'_>) {
    metadata::create(root, metadata::NameRule::Subdomain);
    generated_selector(root);
    spec(root.get("spec"));
    name_with_index(root);
}

/// Validates that the hostnames of an Indexed Job's Pods, its name followed by an index, are DNS labels.
fn name_with_index(root: Node<'_>) {
    let spec = root.get("spec");
    let completions = spec.integer("completions").unwrap_or(0);
    if spec.text("completionMode") != "Indexed" || completions <= 0 {
        return;
    }
    let metadata = root.get("metadata");
    let name = metadata.text("name");
    let hostname = format!("{name}-{}", completions - 1);
    if !names::dns_label(&hostname).is_empty() {
        metadata.get("name").invalid(
            Rule::JobIndexedName,
            name,
            &[],
            detail!("will not able to create pod with invalid DNS label: {hostname}"),
        );
    }
}

/// Validates that the generated labels and selector have the values that the server generates.
pub(super) fn generated_selector(root: Node<'_>) {
    let spec = root.get("spec");
    if spec.flag("manualSelector") || spec.object("selector").is_none() {
        return;
    }
    let metadata = root.get("metadata");
    let (uid, name) = (metadata.text("uid"), metadata.text("name"));
    let template = spec.get("template").get("metadata");
    let labels = template.get("labels");
    let wanted = [
        ("controller-uid", uid),
        ("job-name", name),
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
    ];
    for (key, value) in wanted {
        let label = labels.map_key(key);
        if !labels.has(key) {
            label.required(Rule::JobOwnLabel, &[key], detail!("must be '{value}'"));
        } else if label.as_text().is_some_and(|given| given != value) {
            let shown = go::by_name(labels.value);
            label.invalid(Rule::JobOwnLabel, shown, &[key], detail!("must be '{value}'"));
        }
    }
    let own: Value = wanted
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Value::from(*value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let selector = spec.get("selector");
    if labels::requirements(selector.value).is_some_and(|all| !all.iter().all(|one| one.matches(&own))) {
        let detail = detail!("`selector` not auto-generated");
        selector.invalid(Rule::JobSelector, shown_selector(selector.value), &[], detail);
    }
}

/// Converts a selector to the shape in which the server prints it.
fn shown_selector(selector: &Value) -> Value {
    let mut shown = serde_json::Map::new();
    if let Some(labels) = selector
        .get("matchLabels")
        .filter(|labels| labels.as_object().is_some_and(|labels| !labels.is_empty()))
    {
        shown.insert("matchLabels".to_owned(), go::by_name(labels));
    }
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    if let Some(all) = expressions.filter(|all| !all.is_empty()) {
        let one = |one: &Value| {
            let mut shown = serde_json::Map::new();
            for key in ["key", "operator"] {
                shown.insert(key.to_owned(), one.get(key).cloned().unwrap_or_else(|| "".into()));
            }
            if let Some(values) = one
                .get("values")
                .filter(|values| values.as_array().is_some_and(|values| !values.is_empty()))
            {
                shown.insert("values".to_owned(), values.clone());
            }
            Value::Object(shown)
        };
        shown.insert("matchExpressions".to_owned(), all.iter().map(one).collect());
    }
    Value::Object(shown)
}

/// `ValidateJobSpec`.
pub(super) fn spec(spec: Node<'_>) {
    counts(spec);
    managed_by(spec);
    completion_mode(spec);
    job_policies::failure(spec);
    job_policies::success(spec);
    job_policies::replacement(spec);
    let template = spec.get("template");
    pod_template::template(template);
    restart_policy(spec, template.get("spec"));
    if spec.object("selector").is_none() {
        spec.get("selector").required(Rule::JobSelector, &[], detail!(""));
    } else {
        selector::selector(spec, "selector");
    }
    let labels = template.get("metadata").get("labels");
    let wanted = labels::requirements(spec.get("selector").value);
    let is_taken = match &wanted {
        Some(_) if !spec.has("selector") => false,
        Some(all) => all.iter().all(|one| one.matches(labels.value)),
        // An invalid selector has been reported above.
        None => true,
    };
    if !is_taken {
        let detail = detail!("`selector` does not match template `labels`");
        labels.invalid(Rule::JobSelectorLabels, go::by_name(labels.value), &[], detail);
    }
}

fn counts(spec: Node<'_>) {
    for key in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
    ] {
        spec.not_negative(key);
    }
    spec.maybe_flag("suspend");
    if spec.not_negative("maxFailedIndexes").is_some() && !spec.has("backoffLimitPerIndex") {
        let detail = detail!("when maxFailedIndexes is specified");
        spec.get("backoffLimitPerIndex")
            .required(Rule::JobPerIndexMissing, &[], detail);
    }
}

/// Validates a path prefixed by a domain (`IsDomainPrefixedPath`).
fn managed_by(spec: Node<'_>) {
    let Some(manager) = spec.maybe_text("managedBy") else {
        return;
    };
    let at = spec.get("managedBy");
    let path_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    match manager.split_once('/') {
        _ if manager.is_empty() => at.required(Rule::JobManagedBy, &[manager], detail!("")),
        Some((host, path)) if !host.is_empty() && !path.is_empty() => {
            for fault in names::dns_subdomain(host) {
                at.invalid(Rule::JobManagedBy, host, &[manager], sentence(fault));
            }
            if !path.bytes().all(path_byte) {
                let detail =
                    detail!("Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
                at.invalid(Rule::JobManagedBy, path, &[manager], detail);
            }
        }
        _ => {
            let detail = detail!("must be a domain-prefixed path (such as \"acme.io/foo\")");
            at.invalid(Rule::JobManagedBy, manager, &[manager], detail);
        }
    }
    if manager.len() > MAX_MANAGED_BY {
        at.too_long(Rule::FieldLong, MAX_MANAGED_BY);
    }
}

fn completion_mode(spec: Node<'_>) {
    spec.one_of("completionMode", &["NonIndexed", "Indexed"]);
    match spec.maybe_text("completionMode") {
        Some("Indexed") => indexed(spec),
        None | Some("NonIndexed") => {
            for key in ["backoffLimitPerIndex", "maxFailedIndexes"] {
                if let Some(number) = spec.integer(key) {
                    let detail = detail!("requires indexed completion mode");
                    spec.get(key).invalid(Rule::JobPerIndexMode, number, &[], detail);
                }
            }
        }
        Some(_) => {}
    }
}

fn indexed(spec: Node<'_>) {
    let completions = spec.integer("completions");
    let parallelism = spec.integer("parallelism");
    let failed = spec.integer("maxFailedIndexes");
    if !spec.has("completions") {
        let detail = detail!("when completion mode is Indexed");
        spec.get("completions")
            .required(Rule::JobIndexedCompletions, &[], detail);
    }
    if let Some(parallelism) = parallelism.filter(|parallelism| *parallelism > MAX_INDEXES) {
        let detail = detail!("must be less than or equal to {MAX_INDEXES} when completion mode is Indexed");
        spec.get("parallelism")
            .invalid(Rule::JobIndexedParallelism, parallelism, &[], detail);
    }
    let failed_at = || spec.get("maxFailedIndexes");
    if let (Some(completions), Some(failed)) = (completions, failed)
        && failed > completions
    {
        let detail = detail!("must be less than or equal to completions");
        failed_at().invalid(
            Rule::JobPerIndexMaxFailed,
            failed,
            &[&completions.to_string()],
            detail,
        );
    }
    if let Some(failed) = failed.filter(|failed| *failed > MAX_INDEXES) {
        let detail = detail!("must be less than or equal to {MAX_INDEXES}");
        failed_at().invalid(Rule::FieldMaximum, failed, &[&MAX_INDEXES.to_string()], detail);
    }
    if completions.is_none_or(|completions| completions <= MANY_COMPLETIONS)
        || !spec.has("backoffLimitPerIndex")
    {
        return;
    }
    if !spec.has("maxFailedIndexes") {
        let detail = detail!("must be specified when completions is above {MANY_COMPLETIONS}");
        failed_at().required(Rule::FieldRequired, &["maxFailedIndexes"], detail);
    }
    let of_many = || {
        detail!(
            "must be less than or equal to {MANY_COMPLETIONS_LIMIT} when completions are above {MANY_COMPLETIONS} and used with backoff limit per index"
        )
    };
    if let Some(parallelism) = parallelism.filter(|parallelism| *parallelism > MANY_COMPLETIONS_LIMIT) {
        spec.get("parallelism")
            .invalid(Rule::JobPerIndexParallelism, parallelism, &[], of_many());
    }
    if let Some(failed) = failed.filter(|failed| *failed > MANY_COMPLETIONS_LIMIT) {
        failed_at().invalid(
            Rule::FieldMaximum,
            failed,
            &[&MANY_COMPLETIONS_LIMIT.to_string()],
            of_many(),
        );
    }
}

fn restart_policy(spec: Node<'_>, pod: Node<'_>) {
    let policy = pod.text("restartPolicy");
    let at = pod.get("restartPolicy");
    if pod.is_mistyped_text("restartPolicy") {
        return;
    }
    match policy {
        // A missing policy has been defaulted to Always.
        "" | "Always" => {
            let rule = if policy.is_empty() {
                Rule::JobRestartMissing
            } else {
                Rule::JobRestart
            };
            at.required(rule, &[policy], detail!("valid values: \"OnFailure\", \"Never\""));
        }
        "OnFailure" | "Never" => {
            if spec.has("podFailurePolicy") && policy != "Never" {
                let detail = detail!("only \"Never\" is supported when podFailurePolicy is specified");
                at.invalid(Rule::JobPolicyRestart, policy, &[], detail);
            }
        }
        other => at.unsupported_by(Rule::JobRestart, other, &["OnFailure", "Never"]),
    }
}

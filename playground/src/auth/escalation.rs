//! Prevents privilege escalation: users cannot grant permissions that they do not hold ([privilege escalation
//! prevention](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping)).

use serde_json::{Value, json};

use crate::api::error::ApiError;
use crate::auth::rbac::{allows, authorize, covers_path, granted, role_rules, texts};
use crate::auth::user::MASTERS;
use crate::auth::{Attributes, User};
use crate::cluster::Cluster;
use crate::resource::Resource;

/// Rejects a role or binding that grants permissions that the user does not hold.
pub(crate) fn check(
    cluster: &Cluster,
    user: &User,
    resource: &'static Resource,
    namespace: &str,
    object: &Value,
) -> Result<(), ApiError> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let (rules, verb, of, held_by_name) = match resource.kind {
        "Role" | "ClusterRole" => {
            let rules = object["rules"].as_array().cloned().unwrap_or_default();
            (rules, "escalate", resource.plural, name)
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let reference = &object["roleRef"];
            let kind = reference["kind"].as_str().unwrap_or_default();
            let role = reference["name"].as_str().unwrap_or_default();
            let plural = if kind == "Role" { "roles" } else { "clusterroles" };
            let rules = role_rules(cluster, kind, namespace, role)?;
            (rules.unwrap_or_default(), "bind", plural, role)
        }
        _ => return Ok(()),
    };
    if user.is_in(MASTERS) {
        return Ok(());
    }
    let special = Attributes {
        verb: verb.to_owned(),
        group: resource.group.to_owned(),
        namespace: namespace.to_owned(),
        resource: of.to_owned(),
        name: held_by_name.to_owned(),
        ..Attributes::default()
    };
    if authorize(cluster, user, &special)?.allowed {
        return Ok(());
    }
    let held: Vec<Value> = granted(cluster, user, namespace)?
        .into_iter()
        .flat_map(|granted| granted.rules)
        .collect();
    let missing: Vec<Value> = rules
        .iter()
        .flat_map(split)
        .filter(|part| !held.iter().any(|rule| covers(rule, part)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let groups: Vec<String> = user.groups.iter().map(|group| format!("{group:?}")).collect();
    let mut lines: Vec<String> = compact(missing).iter().map(written).collect();
    lines.sort();
    let why = format!(
        "user {:?} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
        user.name,
        groups.join(" "),
        lines.join("\n")
    );
    Err(ApiError::forbidden(resource, name, &why))
}

/// Splits a rule into rules of one verb on one resource (or path) each.
fn split(rule: &Value) -> Vec<Value> {
    let mut parts = Vec::new();
    for verb in texts(rule, "verbs") {
        for url in texts(rule, "nonResourceURLs") {
            parts.push(json!({"nonResourceURLs": [url], "verbs": [verb]}));
        }
        for group in texts(rule, "apiGroups") {
            for resource in texts(rule, "resources") {
                let part = json!({"apiGroups": [group], "resources": [resource], "verbs": [verb]});
                let mut names = texts(rule, "resourceNames").peekable();
                if names.peek().is_none() {
                    parts.push(part);
                    continue;
                }
                for name in names {
                    let mut part = part.clone();
                    part["resourceNames"] = json!([name]);
                    parts.push(part);
                }
            }
        }
    }
    parts
}

/// Whether a rule that is held covers one part of another.
fn covers(held: &Value, part: &Value) -> bool {
    let first = |list: &str| texts(part, list).next().unwrap_or_default();
    if let Some(url) = texts(part, "nonResourceURLs").next() {
        let verb = texts(held, "verbs").any(|one| one == "*" || one == first("verbs"));
        return verb && texts(held, "nonResourceURLs").any(|one| covers_path(one, url));
    }
    let (resource, subresource) = first("resources")
        .split_once('/')
        .unwrap_or((first("resources"), ""));
    let wanted = Attributes {
        verb: first("verbs").to_owned(),
        group: first("apiGroups").to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.to_owned(),
        name: first("resourceNames").to_owned(),
        ..Attributes::default()
    };
    allows(held, &wanted)
}

/// Merges the verbs of parts with the same resource.
fn compact(parts: Vec<Value>) -> Vec<Value> {
    let mut rules: Vec<Value> = Vec::new();
    for part in parts {
        let same = rules.iter_mut().find(|rule| {
            ["apiGroups", "resources", "resourceNames", "nonResourceURLs"]
                .iter()
                .all(|list| rule.get(*list) == part.get(*list))
        });
        match same.and_then(|rule| rule["verbs"].as_array_mut()) {
            Some(verbs) => verbs.extend(part["verbs"].as_array().cloned().unwrap_or_default()),
            None => rules.push(part),
        }
    }
    rules
}

fn written(rule: &Value) -> String {
    let parts: Vec<String> = [
        ("APIGroups", "apiGroups"),
        ("Resources", "resources"),
        ("NonResourceURLs", "nonResourceURLs"),
        ("ResourceNames", "resourceNames"),
        ("Verbs", "verbs"),
    ]
    .iter()
    .filter(|(_, list)| rule[*list].is_array())
    .map(|(name, list)| {
        let values: Vec<String> = texts(rule, list).map(|one| format!("{one:?}")).collect();
        format!("{name}:[{}]", values.join(" "))
    })
    .collect();
    format!("{{{}}}", parts.join(", "))
}

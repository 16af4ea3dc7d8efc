//! Role-based access control: rules of (Cluster)Roles that (Cluster)RoleBindings grant to a user
//! ([RBAC](https://kubernetes.io/docs/reference/access-authn-authz/rbac/)).

use serde_json::Value;

use crate::auth::user::MASTERS;
use crate::auth::{Attributes, User};
use crate::cluster::Cluster;
use crate::resource::{CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, ROLE_BINDINGS, ROLES};
use crate::store::{Key, StoreError};

/// The decision of the authorizer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    /// Whether the action is allowed.
    pub allowed: bool,
    /// Which binding allows it, or the errors while evaluating; often empty.
    pub reason: String,
}

/// Rules granted to a user by one binding.
pub(crate) struct Granted {
    /// The rules.
    pub rules: Vec<Value>,
    /// `RoleBinding "a/demo" of Role "r" to User "alice"`.
    pub by: String,
    /// The error message if the role does not exist.
    pub missing: Option<String>,
}

/// Returns whether the user may perform the action.
pub(crate) fn authorize(cluster: &Cluster, user: &User, wanted: &Attributes) -> Result<Decision, StoreError> {
    if user.is_in(MASTERS) {
        return Ok(Decision {
            allowed: true,
            reason: String::new(),
        });
    }
    let mut missing = Vec::new();
    for granted in granted(cluster, user, &wanted.namespace)? {
        if granted.rules.iter().any(|rule| allows(rule, wanted)) {
            return Ok(Decision {
                allowed: true,
                reason: format!("RBAC: allowed by {}", granted.by),
            });
        }
        missing.extend(granted.missing);
    }
    let reason = match missing.as_slice() {
        [] => String::new(),
        [one] => format!("RBAC: {one}"),
        many => format!("RBAC: [{}]", many.join(", ")),
    };
    Ok(Decision {
        allowed: false,
        reason,
    })
}

/// Returns everything that bindings grant to a user: cluster-wide ones in the order of their last change, then
/// those of the namespace.
pub(crate) fn granted(cluster: &Cluster, user: &User, namespace: &str) -> Result<Vec<Granted>, StoreError> {
    let mut all = Vec::new();
    let mut bindings = cluster.store.list(&CLUSTER_ROLE_BINDINGS, None)?.0;
    bindings.sort_by_key(|binding| {
        let version = binding["metadata"]["resourceVersion"].as_str();
        version.and_then(|version| version.parse::<u64>().ok())
    });
    for binding in bindings {
        if let Some(subject) = subject_of(&binding, user, "") {
            all.push(through(cluster, &binding, "", &subject)?);
        }
    }
    if !namespace.is_empty() {
        for binding in cluster.store.list(&ROLE_BINDINGS, Some(namespace))?.0 {
            if let Some(subject) = subject_of(&binding, user, namespace) {
                all.push(through(cluster, &binding, namespace, &subject)?);
            }
        }
    }
    Ok(all)
}

fn through(
    cluster: &Cluster,
    binding: &Value,
    namespace: &str,
    subject: &str,
) -> Result<Granted, StoreError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(&binding["metadata"]["name"]);
    let (kind, role) = (
        text(&binding["roleRef"]["kind"]),
        text(&binding["roleRef"]["name"]),
    );
    let rules = role_rules(cluster, &kind, namespace, &role)?;
    let by = if namespace.is_empty() {
        format!("ClusterRoleBinding \"{name}\" of {kind} \"{role}\" to {subject}")
    } else {
        format!("RoleBinding \"{name}/{namespace}\" of {kind} \"{role}\" to {subject}")
    };
    let missing = rules.is_none().then(|| {
        let plural = if kind == "Role" { "role" } else { "clusterrole" };
        format!("{plural}.rbac.authorization.k8s.io \"{role}\" not found")
    });
    Ok(Granted {
        rules: rules.unwrap_or_default(),
        by,
        missing,
    })
}

/// Returns the rules of a role; `None` if there is no such role.
pub(crate) fn role_rules(
    cluster: &Cluster,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Result<Option<Vec<Value>>, StoreError> {
    let key = if kind == "Role" {
        Key::new(&ROLES, namespace, name)
    } else {
        Key::new(&CLUSTER_ROLES, "", name)
    };
    let role = cluster.store.get(&key)?;
    Ok(role.map(|role| role["rules"].as_array().cloned().unwrap_or_default()))
}

/// Returns the first subject of a binding that matches the user.
fn subject_of(binding: &Value, user: &User, namespace: &str) -> Option<String> {
    let subjects = binding["subjects"].as_array()?;
    subjects.iter().find_map(|subject| {
        let name = subject["name"].as_str()?;
        match subject["kind"].as_str()? {
            "User" => (name == user.name).then(|| format!("User \"{name}\"")),
            "Group" => user.is_in(name).then(|| format!("Group \"{name}\"")),
            "ServiceAccount" => {
                let of = subject["namespace"]
                    .as_str()
                    .filter(|of| !of.is_empty())
                    .unwrap_or(namespace);
                let same = crate::auth::service_account::account_of(&user.name) == Some((of, name));
                (same && !of.is_empty()).then(|| format!("ServiceAccount \"{name}/{of}\""))
            }
            _ => None,
        }
    })
}

/// Returns the strings of a rule's list.
pub(crate) fn texts<'a>(rule: &'a Value, list: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    rule[list]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Whether one rule allows an action.
pub(crate) fn allows(rule: &Value, wanted: &Attributes) -> bool {
    let has = |list: &str, value: &str| texts(rule, list).any(|one| one == "*" || one == value);
    if !has("verbs", &wanted.verb) {
        return false;
    }
    if wanted.resource.is_empty() {
        return texts(rule, "nonResourceURLs").any(|url| covers_path(url, &wanted.path));
    }
    let full = wanted.full_resource();
    let any_parent = format!("*/{}", wanted.subresource);
    let resource = texts(rule, "resources")
        .any(|one| one == "*" || one == full || (!wanted.subresource.is_empty() && one == any_parent));
    let mut objects = texts(rule, "resourceNames").peekable();
    let is_named = objects.peek().is_none() || objects.any(|one| one == wanted.name);
    has("apiGroups", &wanted.group) && resource && is_named
}

/// Whether a rule's URL covers a path: `/healthz` matches itself, `/apis/*` everything below, `*` everything.
pub(crate) fn covers_path(url: &str, path: &str) -> bool {
    url == "*"
        || url == path
        || url
            .strip_suffix('*')
            .is_some_and(|prefix| path.starts_with(prefix))
}

//! Handles impersonation, where RBAC allows it ([user
//! impersonation](https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/)).

use http::HeaderMap;

use crate::api::error::ApiError;
use crate::auth::rbac::authorize;
use crate::auth::{Attributes, User};
use crate::cluster::Cluster;

/// Maximum number of groups and extra values that one request may name.
const MAX_VALUES: usize = 100;

/// Returns the user that the request acts as: its sender, unless it impersonates another and may do so.
pub(crate) fn acting(cluster: &Cluster, user: User, headers: &HeaderMap) -> Result<User, ApiError> {
    let texts = |name: &str| -> Vec<String> {
        headers
            .get_all(name)
            .iter()
            .take(MAX_VALUES)
            .filter_map(|value| value.to_str().ok().map(str::to_owned))
            .collect()
    };
    let name = texts("impersonate-user").into_iter().next().unwrap_or_default();
    let groups = texts("impersonate-group");
    let uid = texts("impersonate-uid").into_iter().next().unwrap_or_default();
    let extra: Vec<(String, String)> = headers
        .iter()
        .filter_map(|(header, value)| {
            let key = header.as_str().strip_prefix("impersonate-extra-")?;
            let key = percent_encoding::percent_decode_str(key).decode_utf8().ok()?;
            Some((key.into_owned(), value.to_str().ok()?.to_owned()))
        })
        .take(MAX_VALUES)
        .collect();
    if name.is_empty() {
        if groups.is_empty() && uid.is_empty() && extra.is_empty() {
            return Ok(user);
        }
        let why = "requested [{UID  } ] without impersonating a user name";
        return Err(ApiError::internal(why));
    }
    let may = |resource: &str, subresource: &str, name: &str, namespace: &str, group: &str| {
        let wanted = Attributes {
            verb: "impersonate".to_owned(),
            group: group.to_owned(),
            namespace: namespace.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            name: name.to_owned(),
            ..Attributes::default()
        };
        let decision = authorize(cluster, &user, &wanted)?;
        if decision.allowed {
            Ok(())
        } else {
            Err(wanted.forbidden(&user, &decision.reason))
        }
    };
    let mut acted = User {
        name: name.clone(),
        uid: uid.clone(),
        groups: groups.clone(),
        ..User::default()
    };
    if let Some((namespace, account)) = crate::auth::service_account::account_of(&name) {
        may("serviceaccounts", "", account, namespace, "")?;
        if groups.is_empty() {
            acted.groups = vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
            ];
        }
    } else {
        may("users", "", &name, "", "")?;
    }
    for group in &groups {
        may("groups", "", group, "", "")?;
    }
    if !uid.is_empty() {
        may("uids", "", &uid, "", "authentication.k8s.io")?;
    }
    for (key, value) in extra {
        may("userextras", &key, &value, "", "authentication.k8s.io")?;
        acted.extra.entry(key).or_default().push(value);
    }
    if name == "system:anonymous" {
        if groups.is_empty() {
            acted.groups = vec!["system:unauthenticated".to_owned()];
        }
    } else {
        acted.join_authenticated();
    }
    Ok(acted)
}

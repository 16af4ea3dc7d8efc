//! Returns the authorization attributes of a request: verb and resource, or verb and path ([request
//! attributes](https://kubernetes.io/docs/reference/access-authn-authz/authorization/#request-verb-authorization)).

use http::Method;

use crate::api::error::ApiError;
use crate::api::path::Target;
use crate::api::query::Query;
use crate::auth::User;

/// One action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// `get`, `list`, … or the method in lower case for a non-resource path.
    pub verb: String,
    /// API group.
    pub group: String,
    /// Namespace; empty for none.
    pub namespace: String,
    /// Plural of the resource; empty if this is a path.
    pub resource: String,
    /// Subresource; empty for none.
    pub subresource: String,
    /// Name of the object; empty for none.
    pub name: String,
    /// The path, if it is a non-resource path.
    pub path: String,
}

impl Attributes {
    /// Returns the attributes of a request.
    pub(crate) fn of(method: &Method, path: &str, query: &Query) -> Self {
        let Some(target) = Target::parse(path) else {
            return Self {
                verb: method.as_str().to_lowercase(),
                path: path.to_owned(),
                ..Self::default()
            };
        };
        let selected = query
            .text("fieldSelector")
            .split(',')
            .find_map(|one| one.strip_prefix("metadata.name="))
            .unwrap_or_default()
            .trim_start_matches('=')
            .to_owned();
        let one = !target.name.is_empty();
        let verb = match method.as_str() {
            "POST" => "create",
            "GET" | "HEAD" if one && !target.watches => "get",
            "GET" | "HEAD" if query.flag("watch") || target.watches => "watch",
            "GET" | "HEAD" => "list",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" if one => "delete",
            "DELETE" => "deletecollection",
            _ => "",
        };
        let own_namespace = target.group.is_empty() && target.plural == "namespaces" && one;
        let by_selector = matches!(verb, "list" | "watch" | "deletecollection") && !one;
        Self {
            verb: verb.to_owned(),
            namespace: if own_namespace {
                target.name.clone()
            } else {
                target.namespace
            },
            group: target.group,
            resource: target.plural,
            subresource: target.subresource,
            name: if by_selector { selected } else { target.name },
            path: String::new(),
        }
    }

    /// Returns `jobs` or `jobs/status`, as rules name it.
    pub(crate) fn full_resource(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }

    /// Returns the 403 response.
    pub(crate) fn forbidden(&self, user: &User, reason: &str) -> ApiError {
        if self.resource.is_empty() {
            return ApiError::forbidden_path(&user.name, &self.verb, &self.path);
        }
        let place = if self.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace \"{}\"", self.namespace)
        };
        let mut why = format!(
            "User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {place}",
            user.name,
            self.verb,
            self.full_resource(),
            self.group
        );
        if !reason.is_empty() {
            why = format!("{why}: {reason}");
        }
        ApiError::forbidden_named(&self.group, &self.resource, &self.name, &why)
    }
}

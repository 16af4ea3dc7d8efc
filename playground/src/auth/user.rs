//! An authenticated user.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Members of this group may do everything.
pub(crate) const MASTERS: &str = "system:masters";
const AUTHENTICATED: &str = "system:authenticated";

/// The user of a request
/// ([UserInfo](https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct User {
    /// Name, such as `alice` or `system:serviceaccount:demo:robot`.
    pub name: String,
    /// Unique id that a later user with the same name does not share; empty for none.
    pub uid: String,
    /// Groups, including `system:authenticated`.
    pub groups: Vec<String>,
    /// Additional information from the authenticator.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// Creates a user with valid credentials.
    pub(crate) fn authenticated(name: impl Into<String>, groups: Vec<String>) -> Self {
        let mut user = Self {
            name: name.into(),
            groups,
            ..Self::default()
        };
        user.join_authenticated();
        user
    }

    /// Creates the user of requests without credentials.
    pub(crate) fn anonymous() -> Self {
        Self {
            name: "system:anonymous".to_owned(),
            groups: vec!["system:unauthenticated".to_owned()],
            ..Self::default()
        }
    }

    /// Creates the administrator.
    pub(crate) fn admin() -> Self {
        Self::authenticated("admin", vec![MASTERS.to_owned()])
    }

    /// Adds the group of everyone with credentials.
    pub(crate) fn join_authenticated(&mut self) {
        if !self.is_in(AUTHENTICATED) && !self.is_in("system:unauthenticated") {
            self.groups.push(AUTHENTICATED.to_owned());
        }
    }

    /// Whether the user is a member of a group.
    pub(crate) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }

    /// Returns `userInfo` of a review.
    pub(crate) fn info(&self) -> Value {
        let mut info = json!({"username": self.name});
        if !self.uid.is_empty() {
            info["uid"] = self.uid.as_str().into();
        }
        if !self.groups.is_empty() {
            info["groups"] = json!(self.groups);
        }
        if !self.extra.is_empty() {
            info["extra"] = json!(self.extra);
        }
        info
    }
}

//! Reads user and group names from the claims of an ID token, by the rules of kube-apiserver's flags
//! (`--oidc-username-claim`, `--oidc-username-prefix`, `--oidc-groups-claim`, `--oidc-groups-prefix`), so that both
//! name the same people.

use serde_json::Value;

/// Prefix of names that Kubernetes reserves for itself.
const RESERVED: &str = "system:";

/// How names are read from claims.
#[derive(Debug, Clone)]
pub struct NameRules {
    /// Claim with the user's name.
    pub username_claim: String,
    /// Prefix of user names; `None` means the issuer and `#`, except for the claim `email`, which has none.
    pub username_prefix: Option<String>,
    /// Claim with the names of the user's groups; `None` for no groups.
    pub groups_claim: Option<String>,
    /// Prefix of group names.
    pub groups_prefix: String,
}

/// The claims of a verified ID token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The user's name at the cluster.
    pub user: String,
    /// The user's groups at the cluster.
    pub groups: Vec<String>,
}

impl NameRules {
    /// Reads the names of verified `claims` of `issuer`, or says why there are none.
    pub fn read(&self, issuer: &str, claims: &Value) -> Result<Claims, String> {
        let claim = &self.username_claim;
        let name = claims[claim.as_str()]
            .as_str()
            .filter(|name| !name.is_empty())
            .ok_or_else(|| format!("the ID token has no claim {claim:?} with a text"))?;
        // As kube-apiserver: a provider that says nothing is trusted, one that says no is not.
        if claim == "email"
            && claims
                .get("email_verified")
                .is_some_and(|verified| *verified != true)
        {
            return Err("the provider has not verified the user's email address".to_owned());
        }
        let prefix = match &self.username_prefix {
            Some(prefix) => prefix.clone(),
            None if claim == "email" => String::new(),
            None => format!("{issuer}#"),
        };
        // Servers trim header values: with spaces at its ends a name would be another one, or none.
        if !is_whole(name) {
            return Err(format!("the name {name:?} has spaces at its ends"));
        }
        let user = format!("{prefix}{name}");
        if user.trim_start().starts_with(RESERVED) {
            return Err(format!(
                "the name {user:?} is reserved for Kubernetes: set a prefix"
            ));
        }
        let groups = match self.groups_claim.as_deref().map(|claim| &claims[claim]) {
            Some(Value::String(group)) => vec![group.as_str()],
            Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let groups = groups
            .into_iter()
            .map(|group| format!("{}{group}", self.groups_prefix))
            // A provider must not be able to make someone an administrator of the cluster (`system:masters`).
            .filter(|group| is_whole(group) && !group.starts_with(RESERVED))
            .collect();
        Ok(Claims { user, groups })
    }
}

/// Whether a name is the same after it was trimmed, and is not empty.
fn is_whole(name: &str) -> bool {
    !name.is_empty() && name == name.trim()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(claim: &str, prefix: Option<&str>) -> NameRules {
        NameRules {
            username_claim: claim.to_owned(),
            username_prefix: prefix.map(str::to_owned),
            groups_claim: Some("groups".to_owned()),
            groups_prefix: "team:".to_owned(),
        }
    }

    #[test]
    fn names_are_those_of_kube_apiserver() {
        let claims = json!({"sub": "7", "email": "a@b.c", "groups": ["dev", "ops"]});
        for (claim, prefix, user) in [
            ("sub", None, Ok("https://id.example#7")),
            ("sub", Some(""), Ok("7")),
            ("sub", Some("oidc:"), Ok("oidc:7")),
            ("email", None, Ok("a@b.c")),
            ("email", Some("x-"), Ok("x-a@b.c")),
            ("name", None, Err(())),
            ("groups", None, Err(())),
        ] {
            let read = rules(claim, prefix).read("https://id.example", &claims);
            assert_eq!(
                read.as_ref().map(|claims| claims.user.as_str()).map_err(|_| ()),
                user,
                "{claim}"
            );
            if let Ok(claims) = read {
                assert_eq!(claims.groups, ["team:dev", "team:ops"]);
            }
        }
    }

    #[test]
    fn names_of_kubernetes_itself_are_refused() {
        let plain = NameRules {
            groups_prefix: String::new(),
            ..rules("sub", Some(""))
        };
        assert!(plain.read("i", &json!({"sub": "system:admin"})).is_err());
        assert!(
            rules("sub", Some("system:"))
                .read("i", &json!({"sub": "admin"}))
                .is_err()
        );
        let read = plain
            .read("i", &json!({"sub": "a", "groups": ["system:masters", "dev"]}))
            .unwrap();
        assert_eq!(read.groups, ["dev"]);
        let read = plain.read("i", &json!({"sub": "a", "groups": "dev"})).unwrap();
        assert_eq!(
            read.groups,
            ["dev"],
            "some providers send a single group as a text"
        );
        let read = plain.read("i", &json!({"sub": "a", "groups": {"x": 1}})).unwrap();
        assert_eq!(read.groups, [""; 0]);
    }

    /// An API server trims the values of headers: ` system:masters` is `system:masters` there, and a name of spaces
    /// is no name, so that the console would act as itself.
    #[test]
    fn names_with_spaces_at_their_ends_are_refused() {
        for prefix in ["", "oidc:"] {
            for name in [
                " ",
                "\t",
                " alice",
                "alice ",
                "alice\u{a0}",
                " system:admin",
                "\u{2003}x",
            ] {
                let read = rules("sub", Some(prefix)).read("i", &json!({"sub": name}));
                assert!(read.is_err(), "{prefix:?} {name:?}: {read:?}");
            }
        }
        let plain = NameRules {
            groups_prefix: String::new(),
            ..rules("sub", Some(""))
        };
        let groups = json!([
            " system:masters",
            "system:masters ",
            "\tsystem:masters",
            "",
            " ",
            "dev"
        ]);
        let read = plain.read("i", &json!({"sub": "a", "groups": groups})).unwrap();
        assert_eq!(read.groups, ["dev"]);
    }

    #[test]
    fn unverified_email_address_is_no_name() {
        let by_email = rules("email", None);
        for (verified, accepted) in [(json!(true), true), (json!(false), false), (json!("true"), false)] {
            let claims = json!({"email": "a@b.c", "email_verified": verified});
            assert_eq!(by_email.read("i", &claims).is_ok(), accepted, "{verified}");
        }
        assert!(by_email.read("i", &json!({"email": "a@b.c"})).is_ok());
    }
}

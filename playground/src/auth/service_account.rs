//! ServiceAccount tokens: JSON Web Tokens that this cluster signs and verifies ([service account
//! tokens](https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/)).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

use crate::auth::User;
use crate::auth::certificate::CREDENTIAL;
use crate::cluster::Cluster;
use crate::resource::SERVICE_ACCOUNTS;
use crate::store::Key;

/// The default audience of these tokens.
pub(crate) const AUDIENCE: &str = "https://kubernetes.default.svc";
/// Maximum length of a token that is verified.
const MAX_TOKEN_LENGTH: usize = 8192;

/// Signs and verifies tokens.
#[derive(Clone)]
pub(crate) struct Signer {
    key: hmac::Key,
}

impl Signer {
    /// Creates a signer with this secret.
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
        }
    }

    /// Issues a token of `account` (the stored object) that is valid until `expires`, in seconds since 1970.
    pub(crate) fn issue(&self, account: &Value, audiences: &[String], now: i64, expires: i64) -> String {
        let text = |field: &str| account["metadata"][field].as_str().unwrap_or_default();
        let (namespace, name) = (text("namespace"), text("name"));
        let claims = json!({
            "aud": audiences, "exp": expires, "iat": now, "nbf": now, "iss": AUDIENCE,
            "jti": uuid::Uuid::new_v4().to_string(),
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": text("uid")}},
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
        });
        let header = json!({"alg": "HS256", "typ": "JWT"});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Returns the user of a token; `None` if it was not signed here, has expired, is for another audience, or its
    /// ServiceAccount is gone.
    pub(crate) fn verify(&self, cluster: &Cluster, token: &str) -> Option<User> {
        if token.len() > MAX_TOKEN_LENGTH {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.key, signed.as_bytes(), &signature).ok()?;
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let now = cluster.clock.now().as_second();
        let meant = claims["aud"].as_array()?.iter().any(|one| one == AUDIENCE);
        if claims["exp"].as_i64()? <= now || !meant {
            return None;
        }
        let own = &claims["kubernetes.io"];
        let namespace = own["namespace"].as_str()?;
        let (name, uid) = (
            own["serviceaccount"]["name"].as_str()?,
            own["serviceaccount"]["uid"].as_str()?,
        );
        let stored = cluster
            .store
            .get(&Key::new(&SERVICE_ACCOUNTS, namespace, name))
            .ok()??;
        if stored["metadata"]["uid"] != uid {
            return None;
        }
        let mut user = User::authenticated(
            format!("system:serviceaccount:{namespace}:{name}"),
            vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
            ],
        );
        uid.clone_into(&mut user.uid);
        let credential = format!("JTI={}", claims["jti"].as_str().unwrap_or_default());
        user.extra.insert(CREDENTIAL.to_owned(), vec![credential]);
        Some(user)
    }
}

/// Returns the namespace and name of a ServiceAccount from its user name.
pub(crate) fn account_of(user: &str) -> Option<(&str, &str)> {
    user.strip_prefix("system:serviceaccount:")?.split_once(':')
}

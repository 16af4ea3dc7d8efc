//! A kubeconfig user's credentials, which may expire.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use kube::config::{AuthInfo, ExecConfig};
use serde_json::Value;

use crate::contexts::exec_plugin;

/// How often a token file is re-read; client-go uses the same interval.
const TOKEN_FILE_INTERVAL: SignedDuration = SignedDuration::from_mins(1);

/// Where the credentials come from.
enum Source {
    /// The kubeconfig contains them.
    Fixed,
    /// A file with a token that another process rotates.
    File(PathBuf),
    /// An exec credential plugin.
    Plugin(Box<ExecConfig>),
}

/// The credentials of a kubeconfig user.
pub struct Credentials {
    source: Source,
    /// The user without the fields that the source provides.
    user: AuthInfo,
}

impl Credentials {
    /// Reads the credentials of `user`.
    pub fn of(mut user: AuthInfo) -> Self {
        let file = user.token_file.take().filter(|_| user.token.is_none());
        let source = match (user.exec.take(), file) {
            (Some(exec), _) => Source::Plugin(Box::new(exec)),
            (None, Some(file)) => Source::File(PathBuf::from(file)),
            (None, None) => Source::Fixed,
        };
        Self { source, user }
    }

    /// Whether the credentials can be refreshed.
    pub fn can_refresh(&self) -> bool {
        !matches!(self.source, Source::Fixed)
    }

    /// Returns the user with valid credentials and their expiry, or why there are none. May run a plugin.
    pub async fn fetch(&self) -> Result<(AuthInfo, Option<Timestamp>), String> {
        match &self.source {
            Source::Fixed => Ok((self.user.clone(), None)),
            Source::File(path) => {
                let token = tokio::fs::read_to_string(path)
                    .await
                    .map_err(|error| format!("cannot read the token file {}: {error}", path.display()))?;
                let user = self.with(&[("token", token.trim().to_owned())])?;
                Ok((user, Timestamp::now().checked_add(TOKEN_FILE_INTERVAL).ok()))
            }
            Source::Plugin(exec) => {
                tracing::info!(plugin = exec.command, "running the credential plugin");
                let given = exec_plugin::run(exec).await?;
                let mut fields = Vec::new();
                fields.extend(given.token.map(|token| ("token", token)));
                if let Some((certificate, key)) = given.certificate {
                    fields.push(("client-certificate-data", BASE64_STANDARD.encode(certificate)));
                    fields.push(("client-key-data", BASE64_STANDARD.encode(key)));
                }
                Ok((self.with(&fields)?, given.expires))
            }
        }
    }

    /// Returns the user with these fields set, by their names in a kubeconfig.
    fn with(&self, fields: &[(&str, String)]) -> Result<AuthInfo, String> {
        let unusable = |_| "the kubeconfig's user cannot be used".to_owned();
        let mut user = serde_json::to_value(&self.user).map_err(unusable)?;
        for (name, value) in fields {
            user[name] = Value::from(value.as_str());
        }
        serde_json::from_value(user).map_err(unusable)
    }
}

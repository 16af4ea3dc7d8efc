//! A person's credentials at a cluster, which may be valid for a while only.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use kube::config::{AuthInfo, ExecConfig};
use serde_json::Value;

use crate::contexts::exec_plugin;

/// How often a file with a token is read again, as client-go does.
const FILE: SignedDuration = SignedDuration::from_mins(1);

/// Where they come from.
enum Source {
    /// They stand in the kubeconfig.
    Fixed,
    /// A file that holds a token, and is written anew by somebody else.
    File(PathBuf),
    /// A program.
    Plugin(Box<ExecConfig>),
}

/// A user of a kubeconfig.
pub struct Credentials {
    source: Source,
    /// The rest of the user.
    user: AuthInfo,
}

impl Credentials {
    /// Those of `user`, of whom only what does not change is kept.
    pub fn of(mut user: AuthInfo) -> Self {
        let file = user.token_file.take().filter(|_| user.token.is_none());
        let source = match (user.exec.take(), file) {
            (Some(exec), _) => Source::Plugin(Box::new(exec)),
            (None, Some(file)) => Source::File(PathBuf::from(file)),
            (None, None) => Source::Fixed,
        };
        Self { source, user }
    }

    /// They can be got anew.
    pub fn change(&self) -> bool {
        !matches!(self.source, Source::Fixed)
    }

    /// The user with what is valid now, and until when; or why there is none. Runs a plugin.
    pub async fn fetch(&self) -> Result<(AuthInfo, Option<Timestamp>), String> {
        match &self.source {
            Source::Fixed => Ok((self.user.clone(), None)),
            Source::File(path) => {
                let token = tokio::fs::read_to_string(path)
                    .await
                    .map_err(|error| format!("the token file {} cannot be read: {error}", path.display()))?;
                let user = self.with(&[("token", token.trim().to_owned())])?;
                Ok((user, Timestamp::now().checked_add(FILE).ok()))
            }
            Source::Plugin(exec) => {
                tracing::info!(plugin = exec.command, "running the plugin for credentials");
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

    /// The user with these fields, by their names in a kubeconfig.
    fn with(&self, fields: &[(&str, String)]) -> Result<AuthInfo, String> {
        let unusable = |_| "the kubeconfig's user cannot be used".to_owned();
        let mut user = serde_json::to_value(&self.user).map_err(unusable)?;
        for (name, value) in fields {
            user[name] = Value::from(value.as_str());
        }
        serde_json::from_value(user).map_err(unusable)
    }
}

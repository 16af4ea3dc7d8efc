//! Programs that a kubeconfig names to get credentials from (`exec`, the client-go credential plugins).

use std::error::Error;
use std::path::Path;

use app::api::session::Refusal;
use kube::client::AuthError;
use kube::config::{AuthInfo, ExecInteractiveMode};

/// The longest line of a plugin's complaint that is shown, in characters.
const LONGEST: usize = 300;

/// The name of the program that `user` gets its credentials from.
pub fn name(user: &AuthInfo) -> Option<String> {
    let command = user.exec.as_ref()?.command.as_deref()?;
    let name = Path::new(command).file_name()?;
    Some(name.to_string_lossy().into_owned())
}

/// Why the plugin of `user` must not be run here: it runs on this machine with the rights of this program, so only
/// for the person who started it (`private`); and nobody can answer its questions.
pub fn refused(user: &AuthInfo, private: bool) -> Option<Refusal> {
    let exec = user.exec.as_ref()?;
    if !private {
        Some(Refusal::Plugin)
    } else if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        Some(Refusal::Interactive)
    } else {
        None
    }
}

/// What went wrong with a plugin, if `error` comes from one. Its output is no part of it, since that may hold
/// credentials; what it complains of is.
pub fn refusal(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<AuthError>() {
            return Some(words(error));
        }
        next = error.source();
    }
    None
}

fn words(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecStart(source) => format!("the plugin cannot be started: {source}"),
        AuthError::AuthExecRun { out, .. } => {
            let complaint = String::from_utf8_lossy(&out.stderr);
            let complaint = complaint
                .lines()
                .rev()
                .map(str::trim)
                .find(|line| !line.is_empty());
            let complaint: String = complaint.unwrap_or_default().chars().take(LONGEST).collect();
            let status = out.status;
            if complaint.is_empty() {
                format!("the plugin failed ({status})")
            } else {
                format!("the plugin failed ({status}): {complaint}")
            }
        }
        AuthError::AuthExecParse(_) => "the plugin's output is no ExecCredential".to_owned(),
        AuthError::ExecPluginFailed => "the plugin's output has no status".to_owned(),
        AuthError::MissingCommand => "the kubeconfig names no command of the plugin".to_owned(),
        AuthError::ReadTokenFile(source, path) => {
            format!("the token file {} cannot be read: {source}", path.display())
        }
        // The others' words may quote what they could not read.
        _ => "the kubeconfig's credentials cannot be used".to_owned(),
    }
}

//! Programs that a kubeconfig names to get credentials from (`exec`, the client-go credential plugins).
//!
//! Rules: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>.
//! They are run here and not by `kube`, which would wait for them without end, on a thread that cannot be left.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use app::api::session::Refusal;
use jiff::Timestamp;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use manifest::Document;
use serde_json::{Value, json};
use tokio::process::Command;

/// How long a plugin may run: it may wait for a person who signs in somewhere.
const LONGEST: Duration = Duration::from_mins(1);

/// The longest line of a plugin's complaint that is shown, in characters.
const LONGEST_LINE: usize = 300;

/// What a plugin gives.
pub struct Credential {
    pub token: Option<String>,
    /// Certificate and key, PEM.
    pub certificate: Option<(String, String)>,
    /// Until when it is valid; none if the plugin does not say.
    pub expires: Option<Timestamp>,
}

/// The name of the program that `user` gets its credentials from.
pub fn name(user: &AuthInfo) -> Option<String> {
    let command = user.exec.as_ref()?.command.as_deref()?;
    let name = Path::new(command).file_name()?;
    Some(name.to_string_lossy().into_owned())
}

/// Why `user` cannot be used here. A plugin runs on this machine with the rights of this program, so only for the
/// person who started it (`private`), and nobody can answer its questions. `auth-provider`, which runs programs too,
/// is gone from Kubernetes 1.26 on.
pub fn refused(user: &AuthInfo, private: bool) -> Option<Refusal> {
    if user.auth_provider.is_some() {
        return Some(Refusal::Provider);
    }
    let exec = user.exec.as_ref()?;
    if !private {
        Some(Refusal::Plugin)
    } else if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        Some(Refusal::Interactive)
    } else {
        None
    }
}

/// Runs the plugin, or says what went wrong. Its output is no part of that, since it may hold credentials; what it
/// complains of is. Whoever stops waiting ends the program.
pub async fn run(exec: &ExecConfig) -> Result<Credential, String> {
    let command = exec
        .command
        .as_deref()
        .ok_or("the kubeconfig names no command of the plugin")?;
    let mut process = Command::new(command);
    process.args(exec.args.iter().flatten());
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            process.env(name, value);
        }
    }
    process.env("KUBERNETES_EXEC_INFO", information(exec));
    process.stdin(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(LONGEST, process.output()).await;
    let output = match ended {
        Err(_) => return Err(format!("the plugin did not end within {} s", LONGEST.as_secs())),
        Ok(Err(error)) => {
            let hint = exec.install_hint.as_deref().unwrap_or_default();
            return Err(format!("the plugin cannot be started: {error}. {hint}")
                .trim_end()
                .to_owned());
        }
        Ok(Ok(output)) => output,
    };
    if output.status.success() {
        read(&output.stdout)
    } else {
        Err(complaint(&output))
    }
}

/// What the plugin is told of its task.
fn information(exec: &ExecConfig) -> String {
    let mut spec = json!({"interactive": false});
    if exec.provide_cluster_info {
        spec["cluster"] = serde_json::to_value(&exec.cluster).unwrap_or_default();
    }
    json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec}).to_string()
}

/// Plugins write JSON, and some YAML.
fn read(output: &[u8]) -> Result<Credential, String> {
    let document = Document::parse(String::from_utf8_lossy(output));
    let status = document
        .get(0, &manifest::Path::root())
        .filter(|credential| credential["kind"] == "ExecCredential")
        .map(|credential| &credential["status"])
        .ok_or("the plugin's output is no ExecCredential")?;
    let text = |field: &str| {
        status[field]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let credential = Credential {
        token: text("token"),
        certificate: text("clientCertificateData").zip(text("clientKeyData")),
        expires: match &status["expirationTimestamp"] {
            Value::Null => None,
            time => {
                let time = time.as_str().and_then(|time| time.parse().ok());
                Some(time.ok_or("the plugin's expirationTimestamp is no time")?)
            }
        },
    };
    if credential.token.is_none() && credential.certificate.is_none() {
        return Err("the plugin's output has neither a token nor a certificate".to_owned());
    }
    Ok(credential)
}

/// The last line of what a failed plugin complains of.
fn complaint(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    let last = complaint
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty());
    let last: String = last.unwrap_or_default().chars().take(LONGEST_LINE).collect();
    let status = output.status;
    if last.is_empty() {
        format!("the plugin failed ({status})")
    } else {
        format!("the plugin failed ({status}): {last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_yaml_are_read_and_nothing_is_quoted() {
        let json = br#"{"kind": "ExecCredential", "status": {"token": "t", "expirationTimestamp": "2026-11-24T20:00:00Z"}}"#;
        let credential = read(json).ok().unwrap();
        assert_eq!(credential.token.as_deref(), Some("t"));
        assert_eq!(credential.expires, Some("2026-11-24T20:00:00Z".parse().unwrap()));
        let yaml = b"kind: ExecCredential\nstatus:\n  clientCertificateData: |\n    c\n  clientKeyData: k\n";
        let credential = read(yaml).ok().unwrap();
        assert_eq!(credential.certificate, Some(("c\n".to_owned(), "k".to_owned())));
        for wrong in [
            "secret",
            "kind: ExecCredential\nstatus: {}",
            "kind: Secret\nstatus: {token: secret}",
            "kind: ExecCredential\nstatus: {token: secret, expirationTimestamp: secret}",
        ] {
            let said = read(wrong.as_bytes()).err().unwrap();
            assert!(!said.contains("secret"), "{said}");
        }
    }
}

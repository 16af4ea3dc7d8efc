//! Exec credential plugins: programs that a kubeconfig names in `exec` to get credentials from (client-go).
//!
//! Rules: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>.
//! They run here and not in `kube`, which would wait for them without a timeout on a thread that cannot be
//! cancelled.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use app::api::session::Refusal;
use jiff::Timestamp;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use manifest::Document;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// How long a plugin may run: it may wait for the user to sign in somewhere.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Maximum size of each output stream of a plugin, in bytes.
const MAX_OUTPUT: u64 = 1024 * 1024;

/// Maximum length of the line of standard error that is shown, in characters.
const MAX_LINE: usize = 300;

/// The credentials that a plugin returns.
pub struct Credential {
    pub token: Option<String>,
    /// Certificate and key, PEM.
    pub certificate: Option<(String, String)>,
    /// When it expires; `None` if the plugin does not say.
    pub expires: Option<Timestamp>,
}

/// Returns the file name of the plugin that `user` gets its credentials from.
pub fn name(user: &AuthInfo) -> Option<String> {
    let command = user.exec.as_ref()?.command.as_deref()?;
    let name = Path::new(command).file_name()?;
    Some(name.to_string_lossy().into_owned())
}

/// Returns why `user` cannot be used here. A plugin runs on this machine with the rights of this process, so only
/// for the user who started it (`private`), and nobody can answer its prompts. `auth-provider`, which runs programs
/// too, was removed in Kubernetes 1.26.
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

/// Runs the plugin. The error contains its standard error but never its standard output, which may hold
/// credentials. Dropping the future kills the process.
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
    process.env("KUBERNETES_EXEC_INFO", exec_info(exec));
    process
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // A process group of its own, so that its children can be killed with it.
    #[cfg(unix)]
    process.process_group(0);
    process.kill_on_drop(true);
    let mut child = process.spawn().map_err(|error| {
        let hint = exec.install_hint.as_deref().unwrap_or_default();
        format!("the plugin cannot be started: {error}. {hint}")
            .trim_end()
            .to_owned()
    })?;
    let group = Group::of(&child);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended = async move {
        let status = child
            .wait()
            .await
            .map_err(|error| format!("cannot wait for the plugin: {error}"))?;
        // Children left behind would hold its outputs open.
        drop(group);
        Ok(status)
    };
    let all = async {
        tokio::try_join!(
            ended,
            read_bounded(out, MAX_OUTPUT),
            read_bounded(err, MAX_OUTPUT)
        )
    };
    let (status, stdout, stderr) = tokio::time::timeout(TIMEOUT, all)
        .await
        .map_err(|_| format!("the plugin did not finish within {} s", TIMEOUT.as_secs()))??;
    let output = Output {
        status,
        stdout,
        stderr,
    };
    if output.status.success() {
        read(&output.stdout)
    } else {
        Err(failure_message(&output))
    }
}

/// Reads to the end, or fails if there are more than `limit` bytes.
async fn read_bounded(output: Option<impl AsyncRead + Unpin>, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    if let Some(output) = output {
        let read = output.take(limit + 1).read_to_end(&mut bytes).await;
        read.map_err(|error| format!("cannot read the plugin's output: {error}"))?;
    }
    if bytes.len() as u64 > limit {
        return Err(format!("the plugin wrote more than {} KiB", limit / 1024));
    }
    Ok(bytes)
}

/// The process group of a plugin, killed on drop.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    #[cfg(not(unix))]
    fn of(_child: &Child) -> Self {
        Self {}
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // Fails if no process of the group is left.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

/// The `ExecCredential` that the plugin receives in `KUBERNETES_EXEC_INFO`.
fn exec_info(exec: &ExecConfig) -> String {
    let mut spec = json!({"interactive": false});
    if exec.provide_cluster_info {
        spec["cluster"] = serde_json::to_value(&exec.cluster).unwrap_or_default();
    }
    json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec}).to_string()
}

/// Parses the plugin's output: most plugins write JSON, some YAML.
fn read(output: &[u8]) -> Result<Credential, String> {
    let document = Document::parse(String::from_utf8_lossy(output));
    let status = document
        .get(0, &manifest::Path::root())
        .filter(|credential| credential["kind"] == "ExecCredential")
        .map(|credential| &credential["status"])
        .ok_or("the plugin's output is not an ExecCredential")?;
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
                Some(time.ok_or("the plugin's expirationTimestamp is not a timestamp")?)
            }
        },
    };
    if credential.token.is_none() && credential.certificate.is_none() {
        return Err("the plugin's output has neither a token nor a certificate".to_owned());
    }
    Ok(credential)
}

/// Formats the failure of a plugin with the last line of its standard error.
fn failure_message(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().rev().map(str::trim).find(|line| !line.is_empty());
    let last: String = last.unwrap_or_default().chars().take(MAX_LINE).collect();
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

    fn exec(script: &str) -> ExecConfig {
        serde_json::from_value(json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
        }))
        .unwrap()
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn plugin_children_are_killed_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let start = format!("sleep 600 >/dev/null 2>&1 & echo $! >'{}'", file.display());
        let credential = r#"{"kind": "ExecCredential", "status": {"token": "t"}}"#;
        let ends = exec(&format!("{start}; echo '{credential}'"));
        assert!(run(&ends).await.is_ok());
        let is_gone = async || {
            let pid = std::fs::read_to_string(&file).unwrap();
            let status = format!("/proc/{}/status", pid.trim());
            for _ in 0..100 {
                // A zombie counts as gone: another process may have to reap it.
                match std::fs::read_to_string(&status) {
                    Ok(status) if !status.contains("State:\tZ") => {}
                    _ => return true,
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            false
        };
        assert!(is_gone().await);
        std::fs::remove_file(&file).unwrap();
        let hangs = exec(&format!("{start}; wait"));
        let left = tokio::time::timeout(Duration::from_millis(500), run(&hangs)).await;
        assert!(left.is_err(), "it hangs");
        assert!(is_gone().await, "the future was dropped");
    }

    #[tokio::test]
    async fn plugin_output_is_bounded() {
        for output in ["yes", "yes >&2"] {
            let error = run(&exec(output)).await.err().unwrap();
            assert_eq!(error, "the plugin wrote more than 1024 KiB");
        }
    }

    #[test]
    fn json_and_yaml_are_parsed_and_errors_quote_nothing() {
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
            let error = read(wrong.as_bytes()).err().unwrap();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}

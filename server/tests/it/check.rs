//! `jobwright serve --check`: every wrong option is named in one run, with what to do.

use std::path::Path;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;

use crate::common::fake::{Fake, status};
use crate::common::provider::TestProvider;
use crate::common::users::Users;

/// What a run prints: the problems, and the rest.
struct Checked {
    success: bool,
    problems: Vec<String>,
    text: String,
}

/// For each problem, what its line begins with and what it advises.
type Problems<'a> = &'a [(&'a str, &'a str)];

/// Files of all kinds, good and bad ones.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let pair = || {
            let CertifiedKey { cert, signing_key } =
                generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
            (cert.pem(), signing_key.serialize_pem())
        };
        let ((certificate, key), (_, other_key)) = (pair(), pair());
        for (name, content) in [
            ("tls.crt", &*certificate),
            ("tls.key", &key),
            ("other.key", &other_key),
            ("nonsense", "nonsense"),
            ("empty", ""),
            ("session-key", "a key that has more than thirty-two bytes"),
            ("secret", "client secret\n"),
            ("unknown.yaml", "sesionHours: 8\nlisten: nowhere\n"),
        ] {
            std::fs::write(files.path(name), content).unwrap();
        }
        std::fs::create_dir(files.path("site")).unwrap();
        files
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program; `@name` in an option is the path of a file.
    async fn check(&self, kubeconfig: &str, options: &[&str]) -> Checked {
        std::fs::write(self.path("kubeconfig"), kubeconfig).unwrap();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_jobwright"));
        command.args(["serve", "--check"]);
        for (option, name) in [("--data-dir=", "data"), ("--site-dir=", "site")] {
            if !options.iter().any(|given| given.starts_with(option)) {
                command.arg(format!("{option}{}", self.path(name).display()));
            }
        }
        command
            .env_clear()
            .env("HOME", self.0.path())
            .env("KUBECONFIG", self.path("kubeconfig"));
        for option in options {
            match option.split_once('@') {
                Some((option, name)) if !option.is_empty() => {
                    command.arg(format!("{option}{}", self.path(name).display()))
                }
                _ => command.arg(option),
            };
        }
        let output = command.output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let home = self.0.path().display().to_string();
        Checked {
            success: output.status.success(),
            problems: text
                .lines()
                .filter_map(|line| line.strip_prefix("PROBLEM "))
                .map(|line| line.replace(&home, ""))
                .collect(),
            text: format!("{text}{}", String::from_utf8_lossy(&output.stderr)),
        }
    }
}

/// A cluster that lets its users do everything.
async fn cluster() -> (Users, Fake) {
    let users = Users::start().await;
    let api = Fake::default()
        .on("GET /version", 200, json!({"gitVersion": "v1.37.2"}))
        .on(
            "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            201,
            json!({"status": {"allowed": true}}),
        )
        .on("POST /api/v1/namespaces/console/secrets", 201, json!({}));
    users.add("console", "console", &api);
    (users, api)
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table")]
async fn every_wrong_option_is_named_with_what_to_do() {
    let files = Files::new();
    let (users, _) = cluster().await;
    let provider = TestProvider::start().await;
    let issuer = format!("--oidc-issuer={}", provider.issuer);
    let other_name = format!(
        "--oidc-issuer={}",
        provider.issuer.replace("127.0.0.1", "localhost")
    );
    let mode = "--sign-in=open-id-connect";
    let client = "--oidc-client-id=jobwright";
    let table: &[(&[&str], Problems)] = &[
        (&[], &[]),
        (
            &["--public-url=https://a.example/jobs/", "--listen=0.0.0.0:1"],
            &[],
        ),
        (
            &["--listen=0.0.0.0:1"],
            &[("listen: 0.0.0.0:1 can be reached", "--insecure-listen")],
        ),
        (
            &["--listen=nowhere"],
            &[("options: invalid value 'nowhere' for '--listen", "")],
        ),
        (
            &["--watch-seconds=5", "--watch-seconds=6"],
            &[("options: the argument '--watch-seconds", "multiple times")],
        ),
        (
            &["--nonsense"],
            &[("options: unexpected argument '--nonsense'", "")],
        ),
        (
            &["--config=@unknown.yaml"],
            &[
                (
                    "options: /unknown.yaml: there is no option \"sesionHours\"",
                    "did you mean sessionHours?",
                ),
                ("options: invalid value 'nowhere' for '--listen", ""),
            ],
        ),
        (
            &["--config=@missing"],
            &[("options: cannot read /missing", "No such file")],
        ),
        (
            &["--site-dir=/nonexistent"],
            &[(
                "browser's files: the browser's files are not at /nonexistent",
                "--site-dir",
            )],
        ),
        (
            &["--data-dir=@nonsense"],
            &[("session key: /nonsense is not a directory", "--data-dir")],
        ),
        // The certificate.
        (
            &["--tls-certificate-file=@tls.crt", "--tls-key-file=@tls.key"],
            &[],
        ),
        (
            &["--tls-certificate-file=@tls.crt", "--tls-key-file=@other.key"],
            &[("certificate: the certificate and the key cannot be used", "")],
        ),
        (
            &["--tls-certificate-file=@nonsense", "--tls-key-file=@missing"],
            &[
                ("certificate: /nonsense: no certificate in PEM", ""),
                ("certificate: /missing: No such file", ""),
            ],
        ),
        (
            &["--tls-certificate-file=@tls.crt"],
            &[("options: --tls-certificate-file needs --tls-key-file", "pass")],
        ),
        (
            &["--tls-key-file=@tls.key"],
            &[("options: --tls-key-file needs --tls-certificate-file", "pass")],
        ),
        (
            &[
                "--tls-certificate-file=@tls.crt",
                "--tls-key-file=@tls.key",
                "--public-url=http://a.example",
            ],
            &[("options: --public-url says http", "write https")],
        ),
        // The key of cookies.
        (&["--session-key-file=@session-key"], &[]),
        (
            &["--session-key-file=@empty"],
            &[(
                "session key: /empty has fewer than 32 bytes",
                "head -c 64 /dev/urandom",
            )],
        ),
        (
            &["--session-key-file=@missing"],
            &[("session key: cannot use /missing", "No such file")],
        ),
        // Sessions in the cluster.
        (
            &["--session-key-file=@session-key", "--session-namespace=console"],
            &[],
        ),
        (
            &["--session-namespace=console"],
            &[(
                "options: --session-namespace needs --session-key-file",
                "share the key",
            )],
        ),
        // The provider.
        (&[mode, client, &issuer], &[]),
        (
            &[
                mode,
                client,
                &issuer,
                "--oidc-client-secret-file=@secret",
                "--oidc-ca-file=@tls.crt",
            ],
            &[],
        ),
        (
            &[mode, client, &other_name],
            &[(
                "sign-in provider: --oidc-issuer: ",
                "exactly as the provider names itself",
            )],
        ),
        (
            &[mode, client, "--oidc-issuer=https://127.0.0.1:1"],
            &[(
                "sign-in provider: cannot use the OpenID Connect provider",
                "check --oidc-issuer",
            )],
        ),
        (
            &[mode, client, "--oidc-issuer=http://id.example"],
            &[("sign-in provider: --oidc-issuer: it must start with https://", "")],
        ),
        (
            &[mode],
            &[
                ("options: --sign-in open-id-connect needs --oidc-issuer", "pass"),
                (
                    "options: --sign-in open-id-connect needs --oidc-client-id",
                    "pass",
                ),
            ],
        ),
        (
            &[
                mode,
                client,
                &issuer,
                "--oidc-client-secret-file=@missing",
                "--oidc-ca-file=@nonsense",
            ],
            &[
                ("client secret: cannot read /missing", "may read"),
                (
                    "certificates of the provider: /nonsense has no certificates in PEM",
                    "BEGIN CERTIFICATE",
                ),
            ],
        ),
        (
            &[mode, client, &issuer, "--oidc-client-secret-file=@empty"],
            &[("client secret: /empty is empty", "public client")],
        ),
        (
            &["--oidc-issuer=https://id.example.com", client],
            &[
                (
                    "options: --oidc-issuer is for --sign-in open-id-connect",
                    "leave it out",
                ),
                (
                    "options: --oidc-client-id is for --sign-in open-id-connect",
                    "leave it out",
                ),
            ],
        ),
        // Clusters.
        (&["--context=users"], &[]),
        (
            &["--context=one", "--context=two"],
            &[("cluster: the kubeconfig has no context \"one\" and \"two\"", "")],
        ),
        (
            &["--cluster=embedded", "--sign-in=bearer-token", "--context=users"],
            &[
                (
                    "options: the playground (--cluster embedded) has no users",
                    "--sign-in local-token",
                ),
                ("options: --context is for a kubeconfig", "leave one of them out"),
                ("cluster: no cluster was found", "--cluster"),
            ],
        ),
        (
            &["--metrics-listen=127.0.0.1:3000"],
            &[(
                "options: --metrics-listen has the port of --listen",
                "pass another one",
            )],
        ),
        // Everything at once.
        (
            &[
                mode,
                "--oidc-ca-file=@missing",
                "--oidc-client-secret-file=@empty",
                "--tls-certificate-file=@empty",
                "--tls-key-file=@nonsense",
                "--session-key-file=@nonsense",
                "--context=none",
                "--listen=0.0.0.0:http",
                "--session-hours=0",
            ],
            &[
                ("options: invalid value '0.0.0.0:http'", ""),
                ("options: invalid value '0' for '--session-hours", ""),
                ("options: --sign-in open-id-connect needs --oidc-issuer", ""),
                ("options: --sign-in open-id-connect needs --oidc-client-id", ""),
                ("certificate: /empty", ""),
                ("certificate: /nonsense", ""),
                ("session key: /nonsense", ""),
                ("cluster: the kubeconfig has no context \"none\"", ""),
                ("client secret: /empty", ""),
                ("certificates of the provider: cannot read /missing", ""),
            ],
        ),
    ];
    let kubeconfig = users.kubeconfig("console");
    for (options, expected) in table {
        let checked = files.check(&kubeconfig, options).await;
        assert_eq!(
            checked.success,
            expected.is_empty(),
            "{options:?}: {}",
            checked.text
        );
        assert_eq!(
            checked.problems.len(),
            expected.len(),
            "{options:?}: {}",
            checked.text
        );
        for (start, advice) in *expected {
            let found = checked
                .problems
                .iter()
                .any(|line| line.starts_with(start) && line.contains(advice));
            assert!(found, "{options:?}: {start} … {advice}: {}", checked.text);
        }
    }
}

#[tokio::test]
async fn rights_and_addresses_at_the_cluster_are_checked() {
    let files = Files::new();
    let shared: &[&str] = &["--session-key-file=@session-key", "--session-namespace=console"];
    let (users, api) = cluster().await;
    let kubeconfig = users.kubeconfig("console");
    let reviews = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    api.set(reviews, 201, json!({"status": {"allowed": false}}));
    let checked = files.check(&kubeconfig, shared).await;
    assert_eq!(
        checked.problems,
        [
            "sessions: the console's credentials may not get, list, watch, create, patch, delete Secrets in the namespace \
             console: bind a Role that allows it to them"
        ],
        "{}",
        checked.text
    );
    api.set(reviews, 201, json!({"status": {"allowed": true}}));
    let missing = status(404, "NotFound", "namespaces \"console\" not found");
    api.set("POST /api/v1/namespaces/console/secrets", 404, missing);
    let checked = files.check(&kubeconfig, shared).await;
    assert_eq!(
        checked.problems,
        ["sessions: namespaces \"console\" not found: create the namespace, or name another one"]
    );
    let nowhere = kubeconfig.replace(&users.address(), "127.0.0.1:1");
    let checked = files.check(&nowhere, &[]).await;
    assert_eq!(checked.problems.len(), 1, "{}", checked.text);
    assert!(checked.problems[0].starts_with("cluster: "), "{}", checked.text);
    let checked = files.check("nonsense: [", &[]).await;
    assert!(
        checked.problems[0].starts_with("cluster: cannot read the kubeconfig"),
        "{}",
        checked.text
    );
    assert!(
        !Path::new(&files.path("data")).exists(),
        "a check leaves nothing behind"
    );
}

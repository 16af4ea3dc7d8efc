//! Command-line options and their environment variables.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use app::sign_in_mode::SignInMode;
use clap::{Args, Parser, Subcommand, ValueEnum};
use http::Uri;
use ipnet::IpNet;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use secrecy::SecretString;
use serde_json::Value;

use crate::contexts::find::ClusterSource;
use crate::identity::open_id::{NameRules, OpenIdSettings, TokenUse};
use crate::jobs::quantity::Quantity;
use crate::web::client_address::TrustedProxies;
use crate::web::hosts::PublicUrl;
use crate::web::tls::TlsFiles;

/// A console for Kubernetes Jobs.
#[derive(Debug, Parser)]
#[command(name = "jobwright", version, about)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "parsed once per process")]
pub enum Command {
    /// Start the console.
    Serve(Serve),
    /// Run the embedded playground cluster alone, for kubectl and other clients.
    Playground(Playground),
    /// Check, read, edit and convert manifests.
    Manifest {
        /// What to do.
        #[command(subcommand)]
        command: crate::cli::manifest::ManifestCommand,
    },
}

/// Options of `jobwright serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// YAML file with options: each key is an option's name in camelCase, such as `publicUrl`.
    #[arg(long, env = "JOBWRIGHT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Check the options, the cluster and the sign-in provider, and exit.
    #[arg(long)]
    pub check: bool,
    /// Address to listen on; port 0 picks a free port.
    #[arg(long, env = "JOBWRIGHT_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Directory for the session key and the playground's data [default: the user's data directory].
    #[arg(long, env = "JOBWRIGHT_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Directory of the browser's files [default: `site` next to this program].
    #[arg(long, env = "JOBWRIGHT_SITE_DIR")]
    pub site_dir: Option<PathBuf>,
    /// Which cluster to use.
    #[arg(long, env = "JOBWRIGHT_CLUSTER", value_enum, default_value_t = ClusterSource::Auto)]
    pub cluster: ClusterSource,
    /// Context of the kubeconfig to offer; repeatable, the first one is the default [default: all contexts, the
    /// current one first; only the current one if other machines can reach this server].
    #[arg(
        long = "context",
        env = "JOBWRIGHT_CONTEXT",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    pub contexts: Vec<String>,
    /// How users sign in.
    #[arg(long, env = "JOBWRIGHT_SIGN_IN", value_enum, default_value_t = SignIn::LocalToken)]
    pub sign_in: SignIn,
    /// File with the key that encrypts cookies, of 32 bytes or more; replicas share it [default: one that is created in
    /// the data directory].
    #[arg(long, env = "JOBWRIGHT_SESSION_KEY_FILE", value_name = "FILE")]
    pub session_key_file: Option<PathBuf>,
    /// Namespace in which sessions are stored as Secrets, with the console's own credentials: replicas share them
    /// [default: none, a file in the data directory].
    #[arg(long, env = "JOBWRIGHT_SESSION_NAMESPACE", value_name = "NAME")]
    pub session_namespace: Option<String>,
    /// Project to offer to users who may not list namespaces; repeatable. Each sees those whose Jobs they may list.
    #[arg(
        long = "project",
        env = "JOBWRIGHT_PROJECT",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    pub projects: Vec<String>,
    /// Offer users who may not list namespaces those that the console's own credentials may list, and whose Jobs the
    /// user may list.
    #[arg(long, env = "JOBWRIGHT_DISCOVER_PROJECTS")]
    pub discover_projects: bool,
    /// Write a line of JSON to standard output for each change: who, what, and how it ended [default: unless users
    /// share the console's credentials].
    #[arg(long, env = "JOBWRIGHT_AUDIT", value_name = "BOOLEAN")]
    pub audit: Option<bool>,
    /// The provider, if users sign in at one.
    #[command(flatten)]
    pub open_id: OpenIdConnect,
    /// Write a kubeconfig here for kubectl to reach the playground over TLS on loopback.
    #[arg(long, env = "JOBWRIGHT_PLAYGROUND_KUBECONFIG", value_name = "FILE")]
    pub playground_kubeconfig: Option<PathBuf>,
    /// Size of the playground's data directory above which the Pod that uses most of the disk is evicted, such as
    /// `2Gi` [default: 10Gi, or half of a small disk].
    #[arg(long, env = "JOBWRIGHT_DATA_LIMIT", value_parser = data_limit, value_name = "SIZE")]
    pub data_limit: Option<u64>,
    /// Public URL of the console when it runs behind a proxy, such as `https://jobs.example.com`. With a path, as in
    /// `https://example.com/jobs/`, all URLs are below it, and the proxy passes the whole path on.
    #[arg(long, env = "JOBWRIGHT_PUBLIC_URL", value_parser = public_url)]
    pub public_url: Option<PublicUrl>,
    /// Address or network of a proxy in front of the console, such as `10.0.0.0/8`; repeatable. Only its
    /// `X-Forwarded-For` or `Forwarded` headers say who the client is [default: none, the peer of the connection].
    #[arg(long, env = "JOBWRIGHT_TRUSTED_PROXIES", value_delimiter = ',', value_parser = TrustedProxies::parse, value_name = "CIDR")]
    pub trusted_proxies: Vec<IpNet>,
    /// Address at which to serve metrics for Prometheus, at the path /metrics and without a sign-in [default: none].
    #[arg(long, env = "JOBWRIGHT_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,
    /// File with the certificate of the console and its chain, in PEM, to serve HTTPS without a proxy.
    #[arg(long, env = "JOBWRIGHT_TLS_CERTIFICATE_FILE", value_name = "FILE")]
    pub tls_certificate_file: Option<PathBuf>,
    /// File with its private key, in PEM.
    #[arg(long, env = "JOBWRIGHT_TLS_KEY_FILE", value_name = "FILE")]
    pub tls_key_file: Option<PathBuf>,
    /// Allow listening on a non-loopback address without HTTPS.
    #[arg(long, env = "JOBWRIGHT_INSECURE_LISTEN")]
    pub insecure_listen: bool,
    /// Duration of one watch request. Longer watches put less load on the API server; shorter ones detect half-open
    /// connections sooner, which some proxies leave behind.
    #[arg(long, env = "JOBWRIGHT_WATCH_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u16).range(3..=600), value_name = "SECONDS")]
    pub watch_seconds: u16,
    /// Hours of inactivity after which a session expires.
    #[arg(long, env = "JOBWRIGHT_SESSION_HOURS", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub session_hours: u16,
    /// Hours after sign-in at which a session expires even if it is in use.
    #[arg(long, env = "JOBWRIGHT_SESSION_MAX_HOURS", default_value_t = 168, value_parser = clap::value_parser!(u16).range(1..=8760))]
    pub session_max_hours: u16,
    /// With `--check`: what is wrong with options that could not be read.
    #[arg(skip)]
    pub problems: Vec<String>,
}

/// How users sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignIn {
    /// With a one-time token that the console prints. All users share the console's credentials.
    LocalToken,
    /// Each with a bearer token of the cluster, which the console passes to the API server.
    BearerToken,
    /// Each at an `OpenID` Connect provider.
    OpenIdConnect,
}

/// How the identity of a user of the `OpenID` Connect provider reaches the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OidcUse {
    /// The ID token is passed to the API server, which has to trust the same provider and client.
    PassThrough,
    /// The console acts with its own credentials and names the user, which needs the right to impersonate.
    Impersonation,
}

/// Options of the `OpenID` Connect provider.
#[derive(Debug, Clone, Args)]
pub struct OpenIdConnect {
    /// URL of the provider, as it names itself (`issuer`).
    #[arg(long, env = "JOBWRIGHT_OIDC_ISSUER", value_name = "URL")]
    pub oidc_issuer: Option<String>,
    /// Name of the console at the provider. Its redirect URL there is the public URL with `/sign-in/callback`.
    #[arg(long, env = "JOBWRIGHT_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// File with the console's secret at the provider [default: none, for a public client].
    #[arg(long, env = "JOBWRIGHT_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// File with the certificates that signed the provider's, in PEM [default: those of the system].
    #[arg(long, env = "JOBWRIGHT_OIDC_CA_FILE", value_name = "FILE")]
    pub oidc_ca_file: Option<PathBuf>,
    /// Scopes to request. A session outlives its first token only with a refresh token, which many providers give for
    /// `offline_access`.
    #[arg(
        long,
        env = "JOBWRIGHT_OIDC_SCOPES",
        value_delimiter = ',',
        default_value = "openid,profile,email",
        value_name = "SCOPES"
    )]
    pub oidc_scopes: Vec<String>,
    /// Claim with the user's name.
    #[arg(
        long,
        env = "JOBWRIGHT_OIDC_USERNAME_CLAIM",
        default_value = "sub",
        value_name = "CLAIM"
    )]
    pub oidc_username_claim: String,
    /// Prefix of user names; `-` for none [default: the issuer and `#`, or none for the claim `email`].
    #[arg(long, env = "JOBWRIGHT_OIDC_USERNAME_PREFIX", value_name = "PREFIX")]
    pub oidc_username_prefix: Option<String>,
    /// Claim with the names of the user's groups [default: none].
    #[arg(long, env = "JOBWRIGHT_OIDC_GROUPS_CLAIM", value_name = "CLAIM")]
    pub oidc_groups_claim: Option<String>,
    /// Prefix of group names.
    #[arg(
        long,
        env = "JOBWRIGHT_OIDC_GROUPS_PREFIX",
        default_value = "",
        value_name = "PREFIX"
    )]
    pub oidc_groups_prefix: String,
    /// How the user's identity reaches the cluster.
    #[arg(long, env = "JOBWRIGHT_OIDC_USE", value_enum, default_value_t = OidcUse::PassThrough)]
    pub oidc_use: OidcUse,
}

/// Reads a file that an option names.
fn file(path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|source| ConfigError::File {
        path: path.to_owned(),
        source,
    })
}

impl OpenIdConnect {
    /// Reads the console's secret at the provider, if it has one.
    pub fn client_secret(&self) -> Result<Option<String>, ConfigError> {
        let Some(path) = &self.oidc_client_secret_file else {
            return Ok(None);
        };
        let secret = String::from_utf8_lossy(&file(path)?).trim().to_owned();
        if secret.is_empty() {
            return Err(ConfigError::EmptySecret(path.clone()));
        }
        Ok(Some(secret))
    }

    /// Reads the certificates that signed the provider's, if they are not the system's.
    pub fn authority(&self) -> Result<Option<Vec<Vec<u8>>>, ConfigError> {
        let Some(path) = &self.oidc_ca_file else {
            return Ok(None);
        };
        let certificates = CertificateDer::pem_slice_iter(&file(path)?)
            .map(|certificate| certificate.map(|certificate| certificate.to_vec()))
            .collect::<Result<Vec<_>, _>>();
        match certificates {
            Ok(certificates) if !certificates.is_empty() => Ok(Some(certificates)),
            Ok(_) | Err(_) => Err(ConfigError::Certificates(path.clone())),
        }
    }

    /// Reads the files; `base` is the URL of the console.
    pub fn settings(&self, base: &str) -> Result<OpenIdSettings, ConfigError> {
        Ok(self.settings_with(base, self.client_secret()?, self.authority()?))
    }

    /// Returns the settings with what the files contain.
    pub fn settings_with(
        &self,
        base: &str,
        secret: Option<String>,
        authority: Option<Vec<Vec<u8>>>,
    ) -> OpenIdSettings {
        OpenIdSettings {
            issuer: self.oidc_issuer.clone().unwrap_or_default(),
            client_id: self.oidc_client_id.clone().unwrap_or_default(),
            client_secret: secret.map(SecretString::from),
            authority,
            scopes: self.oidc_scopes.clone(),
            names: NameRules {
                username_claim: self.oidc_username_claim.clone(),
                username_prefix: match self.oidc_username_prefix.as_deref() {
                    Some("-") => Some(String::new()),
                    prefix => prefix.map(str::to_owned),
                },
                groups_claim: self.oidc_groups_claim.clone(),
                groups_prefix: self.oidc_groups_prefix.clone(),
            },
            token_use: match self.oidc_use {
                OidcUse::PassThrough => TokenUse::PassThrough,
                OidcUse::Impersonation => TokenUse::Impersonation,
            },
            redirect_url: format!("{base}/sign-in/callback"),
            signed_out_url: format!("{base}/sign-in"),
        }
    }
}

impl From<SignIn> for SignInMode {
    fn from(mode: SignIn) -> Self {
        match mode {
            SignIn::LocalToken => Self::LocalToken,
            SignIn::BearerToken => Self::BearerToken,
            SignIn::OpenIdConnect => Self::OpenIdConnect,
        }
    }
}

/// Options of `jobwright playground`.
#[derive(Debug, Clone, Args)]
pub struct Playground {
    /// Address to listen on; port 0 picks a free port.
    #[arg(long, env = "JOBWRIGHT_LISTEN", default_value = "127.0.0.1:6443")]
    pub listen: SocketAddr,
    /// Directory for the playground's data [default: the user's data directory].
    #[arg(long, env = "JOBWRIGHT_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Write a kubeconfig here.
    #[arg(long, env = "JOBWRIGHT_PLAYGROUND_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: PathBuf,
    /// Size of the playground's data directory above which the Pod that uses most of the disk is evicted, such as
    /// `2Gi` [default: 10Gi, or half of a small disk].
    #[arg(long, env = "JOBWRIGHT_DATA_LIMIT", value_parser = data_limit, value_name = "SIZE")]
    pub data_limit: Option<u64>,
}

fn data_limit(text: &str) -> Result<u64, String> {
    let bytes = Quantity::read(&Value::from(text)).and_then(|size| u64::try_from(size.whole()).ok());
    match bytes {
        // The database alone needs this much: a lower limit would evict every Pod.
        Some(bytes) if bytes >= 16 << 20 => Ok(bytes),
        Some(_) => Err("at least 16Mi".to_owned()),
        None => Err("a size such as 500Mi or 2Gi".to_owned()),
    }
}

fn public_url(text: &str) -> Result<PublicUrl, String> {
    let uri: Uri = text.parse().map_err(|error| format!("{error}"))?;
    let secure = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err("it must start with https:// or http://".to_owned()),
    };
    if uri.query().is_some() || text.contains('#') {
        return Err("it must end after the host or a path".to_owned());
    }
    let path = uri.path().trim_end_matches('/');
    // Proxies and browsers agree on these without encoding or normalization.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let is_segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain);
    if !path.split('/').skip(1).all(is_segment) {
        return Err("its path may have letters, digits, -, _, . and ~ between single slashes".to_owned());
    }
    let authority = uri.authority().ok_or("it has no host")?;
    // As browsers serialize an origin: lower case, without the scheme's default port.
    let mut serialized = authority.as_str().to_ascii_lowercase();
    if authority.port_u16() == Some(if secure { 443 } else { 80 }) {
        serialized = authority.host().to_ascii_lowercase();
    }
    let authority = serialized.parse().map_err(|error| format!("{error}"))?;
    Ok(PublicUrl {
        secure,
        authority,
        path: path.to_owned(),
    })
}

/// Why the options are rejected.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The address is reachable from other machines, but the connection would not be encrypted.
    #[error(
        "{0} can be reached from other machines, and session cookies would cross the network unencrypted. Put an HTTPS \
         proxy in front of it and pass its URL with --public-url https://…, or pass --insecure-listen if the network \
         is trusted"
    )]
    Unencrypted(SocketAddr),
    /// None of `--data-dir`, `XDG_DATA_HOME` and `HOME` is set.
    #[error("no data directory: pass --data-dir")]
    NoDataDir,
    /// `--playground-kubeconfig` was given, but another cluster is used.
    #[error("--playground-kubeconfig needs the playground, but a cluster was found: pass --cluster embedded")]
    NoPlayground,
    /// A file of the options cannot be read.
    #[error("cannot read {path}: name a file that the console may read")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file has no certificates.
    #[error("{0} has no certificates in PEM: it has to begin with -----BEGIN CERTIFICATE-----")]
    Certificates(PathBuf),
    /// The file of the secret at the provider is empty.
    #[error("{0} is empty: write the client's secret to it, or leave the option out for a public client")]
    EmptySecret(PathBuf),
    /// The options contradict each other, or one of them lacks another.
    #[error("{0}")]
    Options(String),
    /// The playground does not know users.
    #[error(
        "the playground has no users who could sign in with tokens: pass --cluster, or --sign-in local-token"
    )]
    NoUsers,
    /// The directory with the browser's files does not exist.
    #[error("the browser's files are not at {0}: run `make build`, or pass --site-dir")]
    NoSite(PathBuf),
}

impl Serve {
    /// Rejects options that contradict each other.
    pub fn check_options(&self) -> Result<(), ConfigError> {
        let contradictions = self.contradictions();
        if contradictions.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::Options(contradictions.join("; ")))
        }
    }

    /// Returns where options contradict each other, or lack another.
    pub fn contradictions(&self) -> Vec<String> {
        let open_id = &self.open_id;
        let is_provider = self.sign_in == SignIn::OpenIdConnect;
        let is_public_plain = self.public_url.as_ref().is_some_and(|url| !url.secure);
        let serves_tls = self.tls_certificate_file.is_some() || self.tls_key_file.is_some();
        let is_embedded = self.cluster == ClusterSource::Embedded;
        let mut found = Vec::new();
        let mut when = |is_wrong: bool, problem: &str| {
            if is_wrong {
                found.push(problem.to_owned());
            }
        };
        let missing = |option: &Option<String>| option.as_deref().is_none_or(str::is_empty);
        when(
            is_provider && missing(&open_id.oidc_issuer),
            "--sign-in open-id-connect needs --oidc-issuer: pass the URL of the provider",
        );
        when(
            is_provider && missing(&open_id.oidc_client_id),
            "--sign-in open-id-connect needs --oidc-client-id: pass the console's name at the provider",
        );
        for (is_given, option) in [
            (open_id.oidc_issuer.is_some(), "--oidc-issuer"),
            (open_id.oidc_client_id.is_some(), "--oidc-client-id"),
            (
                open_id.oidc_client_secret_file.is_some(),
                "--oidc-client-secret-file",
            ),
            (open_id.oidc_ca_file.is_some(), "--oidc-ca-file"),
            (open_id.oidc_username_prefix.is_some(), "--oidc-username-prefix"),
            (open_id.oidc_groups_claim.is_some(), "--oidc-groups-claim"),
        ] {
            when(
                is_given && !is_provider,
                &format!("{option} is for --sign-in open-id-connect: pass that, or leave it out"),
            );
        }
        when(
            self.session_namespace.is_some() && self.session_key_file.is_none(),
            "--session-namespace needs --session-key-file: replicas that share sessions share the key, too",
        );
        when(
            self.tls_certificate_file.is_some() && self.tls_key_file.is_none(),
            "--tls-certificate-file needs --tls-key-file: pass the certificate's private key",
        );
        when(
            self.tls_key_file.is_some() && self.tls_certificate_file.is_none(),
            "--tls-key-file needs --tls-certificate-file: pass the key's certificate",
        );
        when(
            serves_tls && is_public_plain,
            "--public-url says http, but the console has a certificate: write https, or leave the certificate out",
        );
        when(
            self.metrics_listen
                .is_some_and(|address| address.port() != 0 && address.port() == self.listen.port()),
            "--metrics-listen has the port of --listen: pass another one",
        );
        when(
            is_embedded && self.sign_in != SignIn::LocalToken,
            "the playground (--cluster embedded) has no users who could sign in as themselves: pass --sign-in local-token, or \
             another cluster",
        );
        when(
            is_embedded && !self.contexts.is_empty(),
            "--context is for a kubeconfig, not for --cluster embedded: leave one of them out",
        );
        when(
            self.cluster == ClusterSource::InCluster && !self.contexts.is_empty(),
            "--context is for a kubeconfig, not for --cluster in-cluster: leave one of them out",
        );
        when(
            is_embedded && self.session_namespace.is_some(),
            "--session-namespace needs a cluster other than the playground: leave one of them out",
        );
        when(
            self.playground_kubeconfig.is_some()
                && matches!(self.cluster, ClusterSource::Kubeconfig | ClusterSource::InCluster),
            "--playground-kubeconfig needs --cluster embedded: leave one of them out",
        );
        found
    }

    /// Rejects a non-loopback address that has neither an HTTPS public URL nor `--insecure-listen`.
    pub fn check_listen(&self) -> Result<(), ConfigError> {
        let encrypted = self.tls_files().is_some() || self.public_url.as_ref().is_some_and(|url| url.secure);
        if self.listen.ip().is_loopback() || encrypted || self.insecure_listen {
            Ok(())
        } else {
            Err(ConfigError::Unencrypted(self.listen))
        }
    }

    /// Returns the files of the console's certificate, if it serves HTTPS itself.
    pub fn tls_files(&self) -> Option<TlsFiles> {
        Some(TlsFiles {
            certificate: self.tls_certificate_file.clone()?,
            key: self.tls_key_file.clone()?,
        })
    }

    /// Whether only users of this machine can reach the server: it listens on loopback and has no public URL.
    pub fn is_private(&self) -> bool {
        self.listen.ip().is_loopback() && self.public_url.is_none()
    }

    /// Returns the directory of the browser's files.
    pub fn site_dir(&self) -> Result<PathBuf, ConfigError> {
        if let Some(dir) = &self.site_dir {
            return if dir.is_dir() {
                Ok(dir.clone())
            } else {
                Err(ConfigError::NoSite(dir.clone()))
            };
        }
        let default_dir = std::env::current_exe()
            .ok()
            .and_then(|program| Some(program.parent()?.join("site")))
            .unwrap_or_else(|| PathBuf::from("site"));
        if default_dir.is_dir() {
            Ok(default_dir)
        } else {
            Err(ConfigError::NoSite(default_dir))
        }
    }
}

/// Returns the data directory: `given`, else `jobwright` in the user's data directory (XDG base directory
/// specification).
pub fn data_dir(given: Option<&PathBuf>) -> Result<PathBuf, ConfigError> {
    let from_env = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    given
        .cloned()
        .or_else(|| from_env("XDG_DATA_HOME").map(|dir| dir.join("jobwright")))
        .or_else(|| from_env("HOME").map(|home| home.join(".local/share/jobwright")))
        .ok_or(ConfigError::NoDataDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(arguments: &[&str]) -> Serve {
        let line = ["jobwright", "serve"].iter().chain(arguments);
        match Arguments::try_parse_from(line).unwrap().command {
            Command::Serve(serve) => serve,
            Command::Playground(_) | Command::Manifest { .. } => panic!("not serve"),
        }
    }

    #[test]
    fn non_loopback_address_requires_https_or_insecure_listen() {
        assert!(serve(&[]).check_listen().is_ok());
        assert!(serve(&["--listen", "[::1]:0"]).check_listen().is_ok());
        assert!(serve(&["--listen", "0.0.0.0:3000"]).check_listen().is_err());
        assert!(
            serve(&["--listen", "0.0.0.0:3000", "--insecure-listen"])
                .check_listen()
                .is_ok()
        );
        assert!(
            serve(&["--listen", "0.0.0.0:80", "--public-url", "http://a.example"])
                .check_listen()
                .is_err()
        );
        assert!(
            serve(&["--listen", "0.0.0.0:80", "--public-url", "https://a.example"])
                .check_listen()
                .is_ok()
        );
    }

    #[test]
    fn public_url_is_an_origin_with_or_without_a_path() {
        for (text, url) in [
            ("https://a.example:8443/", "https://a.example:8443"),
            ("https://A.example:443", "https://a.example"),
            ("http://a.example/", "http://a.example"),
            ("https://a.example/console", "https://a.example/console"),
            ("https://a.example/console/", "https://a.example/console"),
            (
                "https://a.example/Teams/data-1/jobs_2.0~/",
                "https://a.example/Teams/data-1/jobs_2.0~",
            ),
        ] {
            assert_eq!(public_url(text).unwrap().url(), url, "{text}");
        }
        for text in [
            "a.example",
            "ftp://a.example",
            "https://a.example/console?x",
            "https://a.example/console#x",
            "https://a.example//console",
            "https://a.example/a/../b",
            "https://a.example/./b",
            "https://a.example/a%20b",
            "https://a.example/a;b",
            "https://a.example/a\"b",
            "https://a.example/\u{4efb}",
        ] {
            assert!(public_url(text).is_err(), "{text}");
        }
    }
}

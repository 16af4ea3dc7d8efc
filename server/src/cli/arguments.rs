//! What the command line and the environment say.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use http::Uri;
use serde_json::Value;

use crate::contexts::find::ClusterSource;
use crate::jobs::quantity::Quantity;
use crate::web::hosts::PublicUrl;

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
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "JOBWRIGHT_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Folder for the session key and the playground's data [default: the user's data folder].
    #[arg(long, env = "JOBWRIGHT_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Folder of the browser's files [default: `site` beside this program].
    #[arg(long, env = "JOBWRIGHT_SITE_DIR")]
    pub site_dir: Option<PathBuf>,
    /// The cluster to work with.
    #[arg(long, env = "JOBWRIGHT_CLUSTER", value_enum, default_value_t = ClusterSource::Auto)]
    pub cluster: ClusterSource,
    /// Context of the kubeconfig to offer; given several times, several, the first one first [default: all of them, the
    /// current one first; only the current one if others can reach this server].
    #[arg(
        long = "context",
        env = "JOBWRIGHT_CONTEXT",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    pub contexts: Vec<String>,
    /// Write a kubeconfig here with which kubectl reaches the playground over loopback TLS.
    #[arg(long, env = "JOBWRIGHT_PLAYGROUND_KUBECONFIG", value_name = "FILE")]
    pub playground_kubeconfig: Option<PathBuf>,
    /// What the playground's data folder may hold before the Pod that uses most of the disk is evicted, such as `2Gi`
    /// [default: 10Gi, or half of a small disk].
    #[arg(long, env = "JOBWRIGHT_DATA_LIMIT", value_parser = data_limit, value_name = "SIZE")]
    pub data_limit: Option<u64>,
    /// The address people use, when a proxy stands before this server, such as `https://jobs.example.com`.
    #[arg(long, env = "JOBWRIGHT_PUBLIC_URL", value_parser = public_url)]
    pub public_url: Option<PublicUrl>,
    /// Allow listening beyond this machine without HTTPS.
    #[arg(long, env = "JOBWRIGHT_INSECURE_LISTEN")]
    pub insecure_listen: bool,
    /// How long one watch of the cluster lasts: fewer are less work for its API server; a cluster whose connections go
    /// silent without ending, through some proxies, is noticed sooner with a low number.
    #[arg(long, env = "JOBWRIGHT_WATCH_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u16).range(3..=600), value_name = "SECONDS")]
    pub watch_seconds: u16,
    /// Hours after which an unused session ends.
    #[arg(long, env = "JOBWRIGHT_SESSION_HOURS", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub session_hours: u16,
    /// Hours after which a session ends however much it is used.
    #[arg(long, env = "JOBWRIGHT_SESSION_MAX_HOURS", default_value_t = 168, value_parser = clap::value_parser!(u16).range(1..=8760))]
    pub session_max_hours: u16,
}

/// Options of `jobwright playground`.
#[derive(Debug, Clone, Args)]
pub struct Playground {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "JOBWRIGHT_LISTEN", default_value = "127.0.0.1:6443")]
    pub listen: SocketAddr,
    /// Folder for the playground's data [default: the user's data folder].
    #[arg(long, env = "JOBWRIGHT_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Write a kubeconfig here.
    #[arg(long, env = "JOBWRIGHT_PLAYGROUND_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: PathBuf,
    /// What the playground's data folder may hold before the Pod that uses most of the disk is evicted, such as `2Gi`
    /// [default: 10Gi, or half of a small disk].
    #[arg(long, env = "JOBWRIGHT_DATA_LIMIT", value_parser = data_limit, value_name = "SIZE")]
    pub data_limit: Option<u64>,
}

fn data_limit(text: &str) -> Result<u64, String> {
    let bytes = Quantity::read(&Value::from(text)).and_then(|size| u64::try_from(size.whole()).ok());
    match bytes {
        // Less than the database needs would evict everything.
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
        _ => return Err("it must begin with https:// or http://".to_owned()),
    };
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err("it must end after the host: the console cannot live below a path".to_owned());
    }
    let authority = uri.authority().ok_or("it names no host")?;
    // As browsers write it in `Origin`: in small letters, and without the port that everybody expects.
    let mut written = authority.as_str().to_ascii_lowercase();
    if authority.port_u16() == Some(if secure { 443 } else { 80 }) {
        written = authority.host().to_ascii_lowercase();
    }
    let authority = written.parse().map_err(|error| format!("{error}"))?;
    Ok(PublicUrl { secure, authority })
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The address is reachable from other machines, but the connection would not be encrypted.
    #[error(
        "{0} can be reached from other machines, and sessions would cross the network unencrypted. Put an HTTPS \
         proxy before it and pass its address with --public-url https://…, or pass --insecure-listen if the network \
         is trusted"
    )]
    Unencrypted(SocketAddr),
    /// Neither `--data-dir` nor `XDG_DATA_HOME` nor `HOME` is set.
    #[error("no folder for data: pass --data-dir")]
    NoDataDir,
    /// `--playground-kubeconfig` was given, but the cluster is another.
    #[error("--playground-kubeconfig needs the playground, but a cluster was found: pass --cluster embedded")]
    NoPlayground,
    /// The folder with the browser's files is nowhere.
    #[error("the browser's files are not at {0}: run `make build`, or pass --site-dir")]
    NoSite(PathBuf),
}

impl Serve {
    /// Refuses to send sessions over an unencrypted network unless told to.
    pub fn check_listen(&self) -> Result<(), ConfigError> {
        let encrypted = self.public_url.as_ref().is_some_and(|url| url.secure);
        if self.listen.ip().is_loopback() || encrypted || self.insecure_listen {
            Ok(())
        } else {
            Err(ConfigError::Unencrypted(self.listen))
        }
    }

    /// Nobody but the person at this machine can reach the server.
    pub fn is_private(&self) -> bool {
        self.listen.ip().is_loopback() && self.public_url.is_none()
    }

    /// The folder of the browser's files.
    pub fn site_dir(&self) -> Result<PathBuf, ConfigError> {
        if let Some(folder) = &self.site_dir {
            return if folder.is_dir() {
                Ok(folder.clone())
            } else {
                Err(ConfigError::NoSite(folder.clone()))
            };
        }
        let beside = std::env::current_exe()
            .ok()
            .and_then(|program| Some(program.parent()?.join("site")))
            .unwrap_or_else(|| PathBuf::from("site"));
        if beside.is_dir() {
            Ok(beside)
        } else {
            Err(ConfigError::NoSite(beside))
        }
    }
}

/// The folder for data: as given, else `jobwright` in the user's data folder (XDG base directory specification).
pub fn data_dir(given: Option<&PathBuf>) -> Result<PathBuf, ConfigError> {
    let from_env = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    given
        .cloned()
        .or_else(|| from_env("XDG_DATA_HOME").map(|folder| folder.join("jobwright")))
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
    fn an_open_address_needs_https_or_a_word() {
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
    fn a_public_url_is_an_origin() {
        assert_eq!(
            public_url("https://a.example:8443/").unwrap().origin(),
            "https://a.example:8443"
        );
        assert!(public_url("a.example").is_err());
        assert!(public_url("https://a.example/console").is_err());
        assert!(public_url("ftp://a.example").is_err());
    }
}

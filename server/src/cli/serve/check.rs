//! `jobwright serve --check`: tries what the options name, and says what is wrong with each of them, in one run.

use app::api::error::ApiError;

use crate::cli::arguments::{self, ConfigError, Serve, SignIn};
use crate::cli::serve::{ServeError, find_clusters, find_with, print};
use crate::contexts::find::ClusterCredentials;
use crate::identity::open_id::{OpenIdError, Provider};
use crate::session::{SessionService, SharedSessions};
use crate::web::hosts::PublicUrl;

/// What is checked, and what is wrong with it.
type Line = (&'static str, Result<String, String>);

/// Prints one line per part, and one per problem; fails if there is one.
pub(super) async fn run(arguments: &Serve) -> Result<(), ServeError> {
    let lines = lines(arguments).await;
    for (part, result) in &lines {
        let (state, text) = match result {
            Ok(text) => ("ok", text),
            Err(text) => ("PROBLEM", text),
        };
        print(&format!("{state:8}{part}: {}", text.replace('\n', " ")));
    }
    match lines.iter().filter(|(_, result)| result.is_err()).count() {
        0 => Ok(()),
        problems => Err(ServeError::Check(problems)),
    }
}

async fn lines(arguments: &Serve) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let options = arguments.problems.iter().cloned();
    for problem in options.chain(arguments.contradictions()) {
        lines.push(("options", Err(problem)));
    }
    let listen = arguments.check_listen().map(|()| arguments.listen.to_string());
    lines.push(("listen", text(listen)));
    if let Some(address) = arguments.metrics_listen {
        lines.push(("metrics", Ok(address.to_string())));
    }
    let site = arguments.site_dir().map(|site| site.display().to_string());
    lines.push(("browser's files", text(site)));
    if let Some(files) = arguments.tls_files() {
        let problems = files.problems();
        if problems.is_empty() {
            lines.push(("certificate", Ok(files.certificate.display().to_string())));
        }
        for problem in problems {
            lines.push(("certificate", Err(crate::with_causes(&problem))));
        }
    }
    lines.push(("session key", session_key(arguments)));
    lines.push(("cluster", cluster(arguments).await));
    if let Some(namespace) = &arguments.session_namespace {
        match sessions(arguments, namespace).await {
            Ok(problems) if problems.is_empty() => {
                lines.push(("sessions", Ok(format!("Secrets of the namespace {namespace}"))));
            }
            Ok(problems) => lines.extend(problems.into_iter().map(|problem| ("sessions", Err(problem)))),
            Err(problem) => lines.push(("sessions", Err(problem))),
        }
    }
    if arguments.sign_in == SignIn::OpenIdConnect {
        lines.extend(provider(arguments).await);
    }
    lines
}

fn text<E: std::error::Error>(result: Result<String, E>) -> Result<String, String> {
    result.map_err(|error| crate::with_causes(&error))
}

fn session_key(arguments: &Serve) -> Result<String, String> {
    let dir = arguments::data_dir(arguments.data_dir.as_ref()).map_err(|error| error.to_string())?;
    if dir.exists() && !dir.is_dir() {
        return Err(format!(
            "{} is not a directory: pass another --data-dir",
            dir.display()
        ));
    }
    let file = arguments.session_key_file.as_deref();
    let checked = SessionService::check_key(&dir, file);
    text(checked.map(|()| file.map_or_else(|| dir.display().to_string(), |file| file.display().to_string())))
}

async fn cluster(arguments: &Serve) -> Result<String, String> {
    let reach = |error: ApiError| {
        format!("{error}: check the address and the credentials of the cluster, and that it runs")
    };
    match find_clusters(arguments).map_err(|error| crate::with_causes(&error))? {
        None if arguments.sign_in != SignIn::LocalToken => Err(
            "no cluster was found, and the playground has no users who could sign in: pass --cluster"
                .to_owned(),
        ),
        None => Ok("the playground".to_owned()),
        Some(_) if arguments.playground_kubeconfig.is_some() => Err(ConfigError::NoPlayground.to_string()),
        Some(clusters) => {
            let cluster = clusters.open(None).await.map_err(reach)?;
            match cluster.version().await {
                Ok(version) => Ok(format!("{} runs Kubernetes {version}", cluster.name())),
                // Without credentials of its own, the console may not read it.
                Err(ApiError::Credentials { .. } | ApiError::Forbidden { .. } | ApiError::SignedOut)
                    if arguments.sign_in != SignIn::LocalToken =>
                {
                    Ok(format!("{} responds", cluster.name()))
                }
                Err(error) => Err(reach(error)),
            }
        }
    }
}

/// Returns what is wrong with the namespace of the sessions.
async fn sessions(arguments: &Serve, namespace: &str) -> Result<Vec<String>, String> {
    let clusters = find_with(arguments, ClusterCredentials::Console);
    let clusters = clusters.map_err(|error| crate::with_causes(&error))?;
    let clusters = clusters.ok_or("--session-namespace needs a cluster: pass --cluster")?;
    let cluster = clusters.open(None).await.map_err(|error| error.to_string())?;
    Ok(SharedSessions::new(cluster, namespace.to_owned())
        .problems()
        .await)
}

async fn provider(arguments: &Serve) -> Vec<Line> {
    const PART: &str = "sign-in provider";
    let open_id = &arguments.open_id;
    let (secret, authority) = (open_id.client_secret(), open_id.authority());
    let mut lines: Vec<Line> = Vec::new();
    let files = [
        ("client secret", secret.as_ref().err()),
        ("certificates of the provider", authority.as_ref().err()),
    ];
    for (part, error) in files {
        lines.extend(error.map(|error| (part, Err(crate::with_causes(error)))));
    }
    // Named by the contradictions already.
    if open_id.oidc_issuer.is_none() {
        return lines;
    }
    let base = arguments.public_url.as_ref().map(PublicUrl::url);
    let base = base.unwrap_or_else(|| format!("http://{}", arguments.listen));
    let can_connect = authority.is_ok();
    let settings = open_id.settings_with(&base, secret.ok().flatten(), authority.ok().flatten());
    let redirect = settings.redirect_url.clone();
    let provider = match Provider::new(settings) {
        Ok(provider) => provider,
        Err(error) => {
            lines.push((PART, Err(error.to_string())));
            return lines;
        }
    };
    if !can_connect {
        return lines;
    }
    lines.push(match provider.check().await {
        Ok(()) => (
            PART,
            Ok(format!(
                "{} responds; its redirect URL for the console has to be {redirect}",
                provider.host()
            )),
        ),
        Err(error @ OpenIdError::Provider(_)) => {
            let advice = "check --oidc-issuer, and --oidc-ca-file if its certificate is not a public one";
            (PART, Err(format!("{error}: {advice}")))
        }
        Err(error) => (PART, Err(error.to_string())),
    });
    lines
}

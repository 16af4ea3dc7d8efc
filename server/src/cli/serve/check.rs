//! `jobwright serve --check`: tries what the options name, and says which one is wrong.

use crate::cli::arguments::{Serve, SignIn};
use crate::cli::serve::{ServeError, find_clusters, print};
use crate::identity::open_id::Provider;

/// Prints one line per part; fails if one of them cannot be used.
pub(super) async fn run(arguments: &Serve) -> Result<(), ServeError> {
    let mut is_usable = true;
    let mut report = |part: &str, result: Result<String, String>| {
        is_usable &= result.is_ok();
        let (state, text) = match &result {
            Ok(text) => ("ok", text),
            Err(text) => ("PROBLEM", text),
        };
        print(&format!("{state:8}{part}: {text}"));
    };
    let listen = arguments.check_listen().map(|()| arguments.listen.to_string());
    report("listen", listen.map_err(|error| error.to_string()));
    let site = arguments.site_dir().map(|site| site.display().to_string());
    report("browser's files", site.map_err(|error| error.to_string()));
    if let Some(files) = arguments.tls_files() {
        let certificate = files.check().map(|()| files.certificate.display().to_string());
        report(
            "certificate",
            certificate.map_err(|error| crate::with_causes(&error)),
        );
    }
    report("cluster", cluster(arguments).await);
    if arguments.sign_in == SignIn::OpenIdConnect {
        report("sign-in provider", provider(arguments).await);
    }
    if is_usable { Ok(()) } else { Err(ServeError::Check) }
}

async fn cluster(arguments: &Serve) -> Result<String, String> {
    match find_clusters(arguments).map_err(|error| crate::with_causes(&error))? {
        None if arguments.sign_in != SignIn::LocalToken => {
            Err("the playground has no users who could sign in: pass --cluster".to_owned())
        }
        None => Ok("the playground".to_owned()),
        Some(clusters) => {
            let cluster = clusters.open(None).await.map_err(|error| error.to_string())?;
            let version = cluster.version().await.map_err(|error| error.to_string())?;
            Ok(format!("{} runs Kubernetes {version}", cluster.name()))
        }
    }
}

async fn provider(arguments: &Serve) -> Result<String, String> {
    let base = arguments
        .public_url
        .as_ref()
        .map(crate::web::hosts::PublicUrl::url);
    let base = base.unwrap_or_else(|| format!("http://{}", arguments.listen));
    let settings = arguments
        .open_id
        .settings(&base)
        .map_err(|error| crate::with_causes(&error))?;
    let redirect = settings.redirect_url.clone();
    let provider = Provider::new(settings).map_err(|error| error.to_string())?;
    provider.check().await.map_err(|error| error.to_string())?;
    Ok(format!(
        "{} responds; its redirect URL for the console has to be {redirect}",
        provider.host()
    ))
}

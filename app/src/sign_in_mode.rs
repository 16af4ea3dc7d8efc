//! How users sign in; the server writes it into `<html data-sign-in>` for the sign-in page.

/// How users sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignInMode {
    /// With the one-time token that the console prints. All users share the console's credentials.
    #[default]
    LocalToken,
    /// With a bearer token of the cluster, which the console passes to the API server.
    BearerToken,
    /// At an `OpenID` Connect provider.
    OpenIdConnect,
}

impl SignInMode {
    /// Returns the value of `data-sign-in`.
    pub fn name(self) -> &'static str {
        match self {
            Self::LocalToken => "local-token",
            Self::BearerToken => "bearer-token",
            Self::OpenIdConnect => "open-id-connect",
        }
    }

    /// Parses such a value; anything else is `LocalToken`.
    pub fn from_name(name: &str) -> Self {
        match name {
            "bearer-token" => Self::BearerToken,
            "open-id-connect" => Self::OpenIdConnect,
            _ => Self::LocalToken,
        }
    }
}

/// Returns the mode of the current request's server, which provides it as a context.
#[cfg(feature = "ssr")]
pub fn current() -> SignInMode {
    leptos::prelude::use_context::<SignInMode>().unwrap_or_default()
}

/// Returns the mode that the server wrote into the page.
#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
pub fn current() -> SignInMode {
    let root = leptos::prelude::document().document_element();
    let name = root.and_then(|root| root.get_attribute("data-sign-in"));
    SignInMode::from_name(&name.unwrap_or_default())
}

/// Fallback for neither half, only so that the crate compiles without a feature.
#[cfg(not(any(feature = "ssr", feature = "hydrate")))]
pub fn current() -> SignInMode {
    SignInMode::default()
}

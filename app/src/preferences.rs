//! Language and theme, stored in cookies that the server reads and carried by the page.

use crate::language::Lang;

/// Light, dark, or the setting of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Follows `prefers-color-scheme`.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Returns the value of `data-theme` and of the `theme` cookie.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Parses such a value; anything else is `Auto`.
    pub fn from_name(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// Preferences of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    /// Language.
    pub lang: Lang,
    /// Theme.
    pub theme: Theme,
}

/// Returns the preferences of the current request: cookies `lang` and `theme`, then `Accept-Language`.
#[cfg(feature = "ssr")]
pub fn current() -> Preferences {
    let Some(parts) = leptos::prelude::use_context::<http::request::Parts>() else {
        return Preferences::default();
    };
    let header = |name| {
        parts
            .headers
            .get_all(name)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
    };
    let cookie = |name: &str| {
        header(http::header::COOKIE)
            .flat_map(|line| line.split(';'))
            .find_map(|pair| pair.trim().split_once('=').filter(|(key, _)| *key == name))
            .map(|(_, value)| value)
    };
    let lang = cookie("lang")
        .and_then(Lang::from_tag)
        .or_else(|| header(http::header::ACCEPT_LANGUAGE).find_map(Lang::from_accept_language))
        .unwrap_or_default();
    Preferences {
        lang,
        theme: cookie("theme").map(Theme::from_name).unwrap_or_default(),
    }
}

/// Returns the preferences that the server wrote into `<html lang data-theme>`.
#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
pub fn current() -> Preferences {
    use std::sync::OnceLock;

    static CURRENT: OnceLock<Preferences> = OnceLock::new();
    *CURRENT.get_or_init(|| {
        let root = leptos::prelude::document().document_element();
        let attribute = |name| {
            root.as_ref()
                .and_then(|root| root.get_attribute(name))
                .unwrap_or_default()
        };
        Preferences {
            lang: Lang::from_tag(&attribute("lang")).unwrap_or_default(),
            theme: Theme::from_name(&attribute("data-theme")),
        }
    })
}

/// Fallback for neither half, only so that the crate compiles without a feature.
#[cfg(not(any(feature = "ssr", feature = "hydrate")))]
pub fn current() -> Preferences {
    Preferences::default()
}

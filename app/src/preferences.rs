//! Language and theme, as cookies that the server reads and the page carries.

use crate::language::Lang;

/// Light, dark, or as the device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As `prefers-color-scheme` says.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Value of `data-theme` and of the `theme` cookie.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads such a value; anything else is `Auto`.
    pub fn from_name(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// A person's choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    /// Language.
    pub lang: Lang,
    /// Theme.
    pub theme: Theme,
}

/// The choices of the person whose request is being answered: cookies `lang` and `theme`, then `Accept-Language`.
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

/// The choices that the server wrote into `<html lang data-theme>`.
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

/// Neither half: only so that the crate checks without a feature.
#[cfg(not(any(feature = "ssr", feature = "hydrate")))]
pub fn current() -> Preferences {
    Preferences::default()
}

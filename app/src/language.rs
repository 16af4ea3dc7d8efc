//! Languages of the user interface.

/// Language of the user interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese, 简体中文.
    Zh,
}

impl Lang {
    /// Returns the BCP 47 tag for `<html lang>` and the `lang` cookie.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// Parses a tag such as `zh-CN` or `en`; none for any other language.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        }
    }

    /// Returns the preferred supported language of an `Accept-Language` header, by its q-values (RFC 9110, 12.5.4).
    pub fn from_accept_language(header: &str) -> Option<Self> {
        let mut wanted: Vec<(f32, Self)> = header
            .split(',')
            .filter_map(|part| {
                let (tag, quality) = match part.split_once(";q=") {
                    Some((tag, quality)) => (tag, quality.trim().parse().unwrap_or(0.0)),
                    None => (part, 1.0),
                };
                Some((quality, Self::from_tag(tag)?)).filter(|(quality, _)| *quality > 0.0)
            })
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted.first().map(|(_, lang)| *lang)
    }
}

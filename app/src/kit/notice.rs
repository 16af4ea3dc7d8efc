//! Persistent notice: information, a warning or an error, with what to do about it.

use leptos::prelude::*;

use crate::kit::icon::{Glyph, Icon};

/// Severity of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Information.
    Info,
    /// Needs attention.
    Warning,
    /// Failure; a screen reader announces it at once.
    Error,
    /// Success.
    Good,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Good => "good",
        }
    }

    pub(crate) fn glyph(self) -> Glyph {
        match self {
            Self::Info => Glyph::Info,
            Self::Warning => Glyph::Alert,
            Self::Error => Glyph::Cross,
            Self::Good => Glyph::CheckCircle,
        }
    }
}

/// Notice in the flow of the page.
#[component]
pub fn Notice(
    /// Severity.
    tone: Tone,
    /// Text, and a button or link if there is something to do.
    children: Children,
) -> impl IntoView {
    view! {
        <div class=format!("notice notice-{}", tone.class()) role=if tone == Tone::Error { "alert" } else { "status" }>
            <Icon glyph=tone.glyph()/>
            <div class="notice-text">{children()}</div>
        </div>
    }
}

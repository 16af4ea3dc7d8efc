//! A sentence that stays: information, a warning, an error, with what to do about it.

use leptos::prelude::*;

use crate::kit::icon::{Glyph, Icon};

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Good to know.
    Info,
    /// Needs attention.
    Warning,
    /// Something failed; announced at once by a screen reader.
    Error,
    /// Something worked.
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

/// A notice in the flow of the page.
#[component]
pub fn Notice(
    /// How much it matters.
    tone: Tone,
    /// The words, and a button or link if there is something to do.
    children: Children,
) -> impl IntoView {
    view! {
        <div class=format!("notice notice-{}", tone.class()) role=if tone == Tone::Error { "alert" } else { "status" }>
            <Icon glyph=tone.glyph()/>
            <div class="notice-text">{children()}</div>
        </div>
    }
}

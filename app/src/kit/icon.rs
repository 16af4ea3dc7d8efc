//! Icons: inline 16×16 line drawings in the colour of the surrounding text.

use leptos::prelude::*;

/// Icon to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "an icon's name is its documentation")]
pub enum Glyph {
    Add,
    Alert,
    ArrowLeft,
    Back,
    Bolt,
    Check,
    CheckCircle,
    ChevronDown,
    ChevronRight,
    Close,
    Code,
    Container,
    Copy,
    Cross,
    Download,
    Edit,
    External,
    File,
    Filter,
    Info,
    List,
    Minus,
    Moon,
    Node,
    Pause,
    Play,
    Refresh,
    Search,
    Spinner,
    Star,
    Sun,
    Tag,
    Trash,
    Undo,
    Redo,
    Upload,
    User,
    Volume,
    Clock,
    Logs,
}

impl Glyph {
    fn path(self) -> &'static str {
        match self {
            Self::Add => "M8 3v10M3 8h10",
            Self::Alert => "M8 2.2 14.4 13.4H1.6ZM8 6.4v3.4M8 11.6v.1",
            Self::ArrowLeft => "M13 8H3M7 4 3 8l4 4",
            Self::Back => "M10 3 5 8l5 5",
            Self::Bolt => "M9 1.8 3.4 9.2H8l-1 5L12.6 6.8H8Z",
            Self::Check => "m3 8.5 3.2 3.2L13 4.8",
            Self::CheckCircle => "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM5.2 8.2l2 2 3.6-4",
            Self::ChevronDown => "m4 6 4 4 4-4",
            Self::ChevronRight => "m6 4 4 4-4 4",
            Self::Close => "m4 4 8 8M12 4l-8 8",
            Self::Code => "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5",
            Self::Container => "M8 1.8 13.6 5v6L8 14.2 2.4 11V5ZM2.6 5.1 8 8.2l5.4-3.1M8 8.2v5.8",
            Self::Copy => "M5.5 5.5h8v8h-8ZM10.5 5.3V2.5h-8v8h2.8",
            Self::Cross => {
                "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4"
            }
            Self::Download => "M8 2.5v7.5M4.6 6.8 8 10.2l3.4-3.4M2.5 13.5h11",
            Self::Edit => "m3 13 .6-2.8 7.2-7.2 2.2 2.2-7.2 7.2ZM9.4 4.4l2.2 2.2",
            Self::External => "M6.5 3.5h-4v10h10v-4M9.5 2.5h4v4M13.2 2.8 7.5 8.5",
            Self::File => "M3.5 1.8h5.6l3.4 3.4v9h-9ZM8.8 2v3.5h3.6",
            Self::Filter => "M2 3.5h12L9.5 8.8v4L6.5 14V8.8Z",
            Self::Info => "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 7.3v4M8 4.8v.1",
            Self::List => "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.1M2.5 8h.1M2.5 12h.1",
            Self::Minus => "M3 8h10",
            Self::Moon => "M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7Z",
            Self::Node => "M2.5 3h11v4h-11ZM2.5 9h11v4h-11ZM5 5v.1M5 11v.1",
            Self::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Self::Play => "M4.5 2.8 12.8 8l-8.3 5.2Z",
            Self::Refresh => "M13.2 6.4A5.6 5.6 0 1 0 13.5 9M13.5 2.8v3.8H9.7",
            Self::Search => "M7 2.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6ZM10.6 10.6l3.2 3.2",
            Self::Star => "m8 2 1.8 3.8 4.2.6-3 2.9.7 4.2L8 11.5l-3.7 2 .7-4.2-3-2.9 4.2-.6Z",
            Self::Spinner => "M8 1.8A6.2 6.2 0 0 1 14.2 8",
            Self::Sun => {
                "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1.4v1.4M8 13.2v1.4M1.4 8h1.4M13.2 8h1.4M3.3 3.3l1 1M11.7 11.7l1 1M12.7 3.3l-1 1M4.3 11.7l-1 1"
            }
            Self::Tag => "M2.2 2.2h5.6l6 6-5.6 5.6-6-6ZM5.2 5.2v.1",
            Self::Trash => "M2.8 4.2h10.4M6.2 4V2.4h3.6V4M4.2 4.4l.6 9.2h6.4l.6-9.2M6.8 7v4M9.2 7v4",
            Self::Undo => "M3 6.5h6.6a3.6 3.6 0 0 1 0 7.2H6M6 3.4 2.9 6.5 6 9.6",
            Self::Redo => "M13 6.5H6.4a3.6 3.6 0 0 0 0 7.2H10M10 3.4l3.1 3.1L10 9.6",
            Self::Upload => "M8 10.5V3M4.6 6.2 8 2.8l3.4 3.4M2.5 13.5h11",
            Self::User => {
                "M8 2.2a2.9 2.9 0 1 1 0 5.8 2.9 2.9 0 0 1 0-5.8ZM2.6 14c.5-2.9 2.6-4.4 5.4-4.4s4.9 1.5 5.4 4.4"
            }
            Self::Volume => {
                "M2.5 4.2c0-1.2 2.5-2 5.5-2s5.5.8 5.5 2v7.6c0 1.2-2.5 2-5.5 2s-5.5-.8-5.5-2ZM2.5 4.2c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2M2.5 8c0 1.2 2.5 2 5.5 2s5.5-.8 5.5-2"
            }
            Self::Clock => "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8ZM8 4.6V8l2.4 1.6",
            Self::Logs => "M2.5 2.5h11v11h-11ZM5 6l2 2-2 2M8.5 10.5H11",
        }
    }
}

/// Icon. It is decorative: the text next to it (or the button's label) carries the meaning.
#[component]
pub fn Icon(
    /// Icon to show.
    glyph: Glyph,
) -> impl IntoView {
    view! {
        <svg
            class="icon"
            class:icon-spin=glyph == Glyph::Spinner
            viewBox="0 0 16 16"
            aria-hidden="true"
        >
            <path d=glyph.path()></path>
        </svg>
    }
}

//! State of a Job or Pod: an icon, a label and a reason. The colour only repeats it.

use leptos::prelude::*;

use crate::api::job::{JobStatus, StatusKind};
use crate::i18n::{Text, job_list as text, t};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::parts::reason::explain;

/// Returns the CSS colour family of a state.
fn tone(kind: StatusKind) -> &'static str {
    match kind {
        StatusKind::Updating | StatusKind::Running => "busy",
        StatusKind::Completed => "good",
        StatusKind::Failed | StatusKind::ImageError | StatusKind::ContainerError => "bad",
        StatusKind::Blocked | StatusKind::Unschedulable => "warn",
        StatusKind::Suspended | StatusKind::Terminating => "idle",
    }
}

fn glyph(kind: StatusKind) -> Glyph {
    match kind {
        StatusKind::Updating => Glyph::Spinner,
        StatusKind::Running => Glyph::Play,
        StatusKind::Completed => Glyph::CheckCircle,
        StatusKind::Failed => Glyph::Cross,
        StatusKind::ImageError
        | StatusKind::ContainerError
        | StatusKind::Blocked
        | StatusKind::Unschedulable => Glyph::Alert,
        StatusKind::Suspended => Glyph::Pause,
        StatusKind::Terminating => Glyph::Trash,
    }
}

/// Returns the label of a state.
pub fn label(kind: StatusKind) -> Text {
    match kind {
        StatusKind::Updating => text::STATUS_UPDATING,
        StatusKind::Running => text::STATUS_RUNNING,
        StatusKind::Completed => text::STATUS_COMPLETED,
        StatusKind::Failed => text::STATUS_FAILED,
        StatusKind::Suspended => text::STATUS_SUSPENDED,
        StatusKind::Blocked => text::STATUS_BLOCKED,
        StatusKind::Unschedulable => text::STATUS_UNSCHEDULABLE,
        StatusKind::ImageError => text::STATUS_IMAGE_ERROR,
        StatusKind::ContainerError => text::STATUS_CONTAINER_ERROR,
        StatusKind::Terminating => text::STATUS_TERMINATING,
    }
}

/// Badge with the state of a Job.
#[component]
pub fn StatusBadge(
    /// State and its reason.
    #[prop(into)]
    status: Signal<JobStatus>,
    /// Shows the reason next to the label.
    #[prop(default = true)]
    reason: bool,
) -> impl IntoView {
    view! {
        <span class=move || format!("status status-{}", tone(status.with(|status| status.kind)))>
            <span class="status-word">
                {dynamic(move || view! { <Icon glyph=glyph(status.with(|status| status.kind))/> })}
                {dynamic(move || t(label(status.with(|status| status.kind))))}
            </span>
            {dynamic(move || {
                status
                    .with(|status| status.leaving)
                    .then(|| {
                        view! {
                            <span class="status-word status-leaving">
                                <Icon glyph=glyph(StatusKind::Terminating)/>
                                {t(label(StatusKind::Terminating))}
                            </span>
                        }
                    })
            })}
            {dynamic(move || {
                status
                    .with(|status| status.reason.as_ref().map(explain))
                    .filter(|text| reason && !text.is_empty())
                    .map(|text| view! { <span class="status-reason" title=text.clone()>{text.clone()}</span> })
            })}
        </span>
    }
}

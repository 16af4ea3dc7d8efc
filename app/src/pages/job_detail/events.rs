//! Events (事件) of the Job and its Pods.

use leptos::prelude::*;

use crate::api::event::EventRow;
use crate::api::job::JobDetail;
use crate::i18n::{job_detail as text, t, tf};
use crate::kit::empty_state::Empty;
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::{Notice, Tone};
use crate::kit::time::Time;

/// Table of events, newest first.
#[component]
pub fn Events(
    /// Job.
    detail: Memo<JobDetail>,
) -> impl IntoView {
    let empty = move || detail.with(|detail| detail.events.as_ref().is_none_or(Vec::is_empty));
    let refused = Memo::new(move |_| detail.with(|detail| detail.events.is_none()));
    view! {
        <Show when=move || refused.get()>
            <Notice tone=Tone::Warning>{t(text::EVENTS_REFUSED)}</Notice>
        </Show>
        <Show
            when=move || !empty()
            fallback=move || {
                (!refused.get())
                    .then(|| view! { <Empty glyph=Glyph::Clock title=t(text::EVENTS_EMPTY) text=t(text::EVENTS_EMPTY_TEXT)/> })
            }
        >
            <div class="table-frame" role="region" aria-label=t(text::TAB_EVENTS) tabindex="0">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">{t(text::EVENT_REASON)}</th>
                            <th scope="col">{t(text::EVENT_OBJECT)}</th>
                            <th scope="col">{t(text::EVENT_MESSAGE)}</th>
                            <th scope="col">{t(text::EVENT_LAST)}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {dynamic(move || detail.with(|detail| detail.events.clone()).into_iter().flatten().map(row).collect_view())}
                    </tbody>
                </table>
            </div>
            {dynamic(move || {
                let left_out = detail.with(|detail| detail.events_left_out);
                (left_out > 0)
                    .then(|| view! { <p class="hint">{tf(text::EVENTS_LEFT_OUT, &[("n", &left_out.to_string())])}</p> })
            })}
        </Show>
    }
}

fn row(event: EventRow) -> impl IntoView {
    let (tone, glyph, kind) = if event.warning {
        ("warn", Glyph::Alert, text::WARNING)
    } else {
        ("idle", Glyph::Info, text::NORMAL)
    };
    view! {
        <tr>
            <th scope="row">
                <span class=format!("status status-{tone}") title=t(kind)>
                    <span class="status-word"><Icon glyph/>{event.reason}</span>
                </span>
            </th>
            <td><code class="cell-clip" title=event.object.clone()>{event.object.clone()}</code></td>
            <td class="break">
                {event.message}
                {(event.count > 1)
                    .then(|| view! { <span class="tag">{tf(text::EVENT_TIMES, &[("n", &event.count.to_string())])}</span> })}
            </td>
            <td><Time at=Signal::stored(Some(event.last))/></td>
        </tr>
    }
}

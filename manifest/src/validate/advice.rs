//! Good practice: accepted by the cluster, and worth a word.

use super::Check;
use crate::image;
use crate::path::Path;
use crate::problem::Severity;

impl Check<'_> {
    /// An image whose tag moves.
    pub(super) fn image_advice(&mut self, text: &str, at: &Path) {
        let Some(image) = image::parse(text) else { return };
        if image.digest.is_none() && matches!(image.tag, None | Some("latest")) {
            self.report(
                Severity::Advice,
                "container.image.latest",
                at,
                &[image.repository],
            );
        }
    }

    /// The waits between retries are 10 s, doubled each time up to 6 minutes (Job controller's back-off).
    pub(super) fn deadline(&mut self, deadline: i64, retries: i64, at: &Path) {
        let waits: i64 = (0..retries.clamp(0, 100))
            .map(|retry| (10 << retry.min(10)).min(360))
            .sum();
        if (1..waits).contains(&deadline) {
            let words = [deadline.to_string(), retries.to_string()];
            self.report(
                Severity::Advice,
                "job.deadline.short",
                &at.key("activeDeadlineSeconds"),
                &[&words[0], &words[1]],
            );
        }
    }
}

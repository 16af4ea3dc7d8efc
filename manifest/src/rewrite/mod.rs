//! Rewrites of whole documents: a list becomes its objects, a template becomes a Job, an object that was read from
//! a cluster loses what the cluster wrote.

mod source;
mod stored;
mod to_job;
mod unfold;

use crate::document::Document;
use crate::operation::{EditError, Rewrite};
use crate::problem::{Fix, Problem, Report};
use crate::splice::{Splice, splice};

pub(crate) use crate::rewrite::stored::{has_stale_labels, stored_fields};
pub(crate) use crate::rewrite::to_job::template_of;

impl Document {
    /// Applies the fix of a problem. Returns the text after it, and what there is to report about it.
    ///
    /// # Errors
    /// Returns an [`EditError`] if the fix is rejected.
    pub fn fixed(&self, problem: &Problem) -> Result<(Self, Option<Report>), EditError> {
        let entry = problem.entry.unwrap_or_default();
        match &problem.fix {
            None => Ok((self.clone(), None)),
            Some(Fix::Edit(edit)) => {
                let mut document = self.clone();
                document.apply(entry, edit)?;
                Ok((document, None))
            }
            Some(Fix::Rewrite(rewrite)) => {
                let (document, report) = match rewrite {
                    Rewrite::Unfold => unfold::unfold(self, entry),
                    Rewrite::ToJob => to_job::to_job(self, entry),
                    Rewrite::WithoutStored => stored::without_stored(self, entry),
                }?;
                Ok((document, Some(report)))
            }
        }
    }

    /// Replaces a document of the stream by a text, which ends without a line break.
    fn with_entry_text(&self, entry: usize, text: &str) -> Self {
        let range = self.entries()[entry].range.clone();
        // A block scalar ends after its line break.
        let is_line = self.text()[range.clone()].ends_with('\n');
        let text = format!("{text}{}", if is_line { "\n" } else { "" });
        Self::parse(splice(self.text(), &[Splice::new(range, text)]))
    }
}

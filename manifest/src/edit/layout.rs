//! The layout of a text: its lines, its indentation, the position of list items.

use crate::document::{Document, Format, is_json, line_end};
use crate::edit::Writing;
use crate::yaml::tree::{Kind, NodeId, Tree};

/// A document's text with its layout conventions.
pub(super) struct Layout<'a> {
    pub text: &'a str,
    pub tree: &'a Tree,
    pub json: bool,
    /// Line break of the file.
    pub eol: &'static str,
    /// What the lines of a collection in braces are indented with: a tab, or a blank.
    pub blank: char,
    /// Columns from a key to the keys of its mapping.
    pub step: usize,
    /// Columns from a key to the dashes of its list.
    pub dash: usize,
    /// How scalars are written.
    pub writing: Writing,
    /// Whether a number is written in octal, as the mode of files.
    pub octal: bool,
}

impl<'a> Layout<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        let (text, tree) = (document.text(), document.tree());
        let mut layout = Self {
            text,
            tree,
            // A mapping in braces may be YAML in flow style.
            json: document.format() == Format::Json && is_json(text),
            blank: if text.contains("\n\t") { '\t' } else { ' ' },
            eol: if text.contains("\r\n") { "\r\n" } else { "\n" },
            step: 2,
            dash: 2,
            writing: Writing::Minimal,
            octal: false,
        };
        if let Some(step) = layout
            .child_offset(|kind| matches!(kind, Kind::Mapping { flow: false, .. }))
            .filter(|step| *step > 0)
        {
            layout.step = step;
            layout.dash = step;
        }
        if let Some(dash) = layout.child_offset(|kind| matches!(kind, Kind::Sequence { flow: false, .. })) {
            layout.dash = dash;
        }
        layout
    }

    /// Returns the columns between the first key with such a value and that value.
    fn child_offset(&self, is: impl Fn(&Kind) -> bool) -> Option<usize> {
        self.tree.nodes.iter().find_map(|node| {
            let Kind::Mapping { flow: false, pairs } = &node.kind else {
                return None;
            };
            let (key, value) = pairs.iter().find(|(_, value)| is(&self.tree.node(*value).kind))?;
            let (key, value) = (self.tree.node(*key), self.tree.node(*value));
            self.column(value.range.start).checked_sub(self.column(key.start))
        })
    }

    /// Returns the indentation of a line in a collection in braces.
    pub(super) fn pad(&self, columns: usize) -> String {
        std::iter::repeat_n(self.blank, columns).collect()
    }

    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |at| at + 1)
    }

    /// Returns the end of the line, without its line break.
    pub(super) fn line_end(&self, at: usize) -> usize {
        line_end(self.text, at)
    }

    /// Returns the length of the line break before the start of a line, in bytes.
    pub(super) fn eol_before(&self, line: usize) -> usize {
        match &self.text[..line] {
            before if before.ends_with("\r\n") => 2,
            before => usize::from(before.ends_with('\n')),
        }
    }

    /// Returns the start of the next line, or the end of the text.
    pub(super) fn next_line(&self, at: usize) -> usize {
        self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |length| at + length + 1)
    }

    pub(super) fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }

    /// Returns whether only blanks precede the offset on its line.
    pub(super) fn is_first_on_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at].chars().all(|c| c == ' ')
    }

    /// Returns the end of a node, including its anchor and tag.
    pub(super) fn end(&self, id: NodeId) -> usize {
        let node = self.tree.node(id);
        node.range.end.max(node.start)
    }

    /// Returns whether it is in flow style, or a scalar that can follow a colon.
    pub(super) fn is_inline(&self, id: NodeId) -> bool {
        !matches!(
            self.tree.node(id).kind,
            Kind::Mapping { flow: false, .. } | Kind::Sequence { flow: false, .. }
        )
    }

    /// Returns the start of the comment lines directly above a line that are at `column` and start after `floor`.
    pub(super) fn comments_above(&self, line: usize, column: usize, floor: usize) -> usize {
        let mut start = line;
        while start > 0 {
            let above = self.line_start(start - 1);
            let text = &self.text[above..start];
            let is_comment =
                text.trim_start().starts_with('#') && text.len() - text.trim_start().len() == column;
            if above < floor || !is_comment {
                break;
            }
            start = above;
        }
        start
    }

    /// Returns the offset of the dash of a block list's item.
    pub(super) fn dash_of(&self, list: NodeId, items: &[NodeId], index: usize) -> Option<usize> {
        if index == 0 {
            return Some(self.tree.node(list).range.start);
        }
        let mut line = self.next_line(self.end(items[index - 1]));
        while line < self.tree.node(items[index]).start {
            let text = &self.text[line..];
            let indent = text.len() - text.trim_start_matches(' ').len();
            if text[indent..].starts_with('-') {
                return Some(line + indent);
            }
            line = self.next_line(line);
        }
        None
    }
}

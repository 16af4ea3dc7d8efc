//! Items and pairs of block collections: insertion and removal of whole lines.

use std::ops::Range;

use serde_json::Value;

use crate::edit::Writing;
use crate::edit::layout::Layout;
use crate::edit::plan::Place;
use crate::operation::EditError;
use crate::splice::Splice;
use crate::yaml::tree::{Kind, NodeId, Style};

impl Layout<'_> {
    /// Inserts a pair after the last one.
    pub(super) fn insert_pair(
        &self,
        place: Place,
        key: &str,
        value: &Value,
    ) -> Result<Vec<Splice>, EditError> {
        let Kind::Mapping { flow, pairs } = &self.tree.node(place.node).kind else {
            return Err(EditError::Unsupported);
        };
        let Some((first, last)) = pairs.first().zip(pairs.last()) else {
            return Err(EditError::Unsupported);
        };
        if *flow {
            let name = self.inline(&Value::from(key), None);
            let (start, end) = (
                self.tree.node(last.0).start,
                self.end(last.1).max(self.end(last.0)),
            );
            let colon = if self.is_compact(place.node) { ":" } else { ": " };
            return Ok(vec![self.append_flow(place.node, start, end, |indent, step| {
                format!("{name}{colon}{}", self.flow_value(value, indent, step))
            })]);
        }
        let indent = self.column(self.tree.node(first.0).start);
        let at = self.line_end(self.end(last.1).max(self.colon_end(last.0)));
        Ok(vec![Splice::insert(
            at,
            self.lines(&self.pair(key, value, indent)),
        )])
    }

    /// Inserts an item before an index.
    pub(super) fn insert_item(
        &self,
        place: Place,
        index: usize,
        value: &Value,
    ) -> Result<Vec<Splice>, EditError> {
        let Kind::Sequence { flow, items } = &self.tree.node(place.node).kind else {
            return Err(EditError::Unsupported);
        };
        if *flow {
            return Ok(vec![self.insert_flow_item(place.node, items, index, value)]);
        }
        let first = self.tree.node(place.node).range.start;
        let lines = self.item(value, self.column(first));
        if index >= items.len() {
            let last = items.last().map_or(first, |last| self.end(*last));
            return Ok(vec![Splice::insert(self.line_end(last), self.lines(&lines))]);
        }
        let dash = self
            .dash_of(place.node, items, index)
            .ok_or(EditError::Unsupported)?;
        if !self.is_first_on_line(dash) {
            let column = self.column(dash);
            let text = format!(
                "{}{}{}",
                lines.join(self.eol).trim_start(),
                self.eol,
                " ".repeat(column)
            );
            return Ok(vec![Splice::insert(dash, text)]);
        }
        let floor = self.comment_floor(items, index);
        let at = self.comments_above(self.line_start(dash), self.column(dash), floor);
        Ok(vec![Splice::insert(
            at,
            format!("{}{}", lines.join(self.eol), self.eol),
        )])
    }

    /// Returns the offset after the line of the previous item, before which no comment belongs to this item.
    fn comment_floor(&self, items: &[NodeId], index: usize) -> usize {
        index
            .checked_sub(1)
            .map_or(0, |before| self.next_line(self.end(items[before])))
    }

    /// Replaces the value of a list item.
    pub(super) fn replace_item(
        &self,
        list: NodeId,
        index: usize,
        id: NodeId,
        value: &Value,
    ) -> Result<Vec<Splice>, EditError> {
        let Kind::Sequence { items, .. } = &self.tree.node(list).kind else {
            return Err(EditError::Unsupported);
        };
        let dash = self.dash_of(list, items, index).ok_or(EditError::Unsupported)?;
        let (start, end) = (self.tree.node(id).start, self.end(id));
        if let Value::String(text) = value
            && let Some(splices) = self.replace_string(id, self.column(dash), text)
        {
            return Ok(splices);
        }
        if let Value::String(text) = value
            && self.is_inline(id)
            && !self.is_literal(text)
        {
            let plain = crate::edit::scalar_style::string(text, self.style(id));
            let space = if self.text[..start].ends_with([' ', '\n']) {
                ""
            } else {
                " "
            };
            return Ok(vec![Splice::new(start..end, format!("{space}{plain}"))]);
        }
        let lines = self.item(value, self.column(dash)).join(self.eol);
        Ok(vec![Splice::new(dash..end, lines.trim_start())])
    }

    /// Removes a node from its collection.
    pub(super) fn remove(&self, place: Place) -> Result<Vec<Splice>, EditError> {
        if let Some(shared) = self.shared_within(place.node) {
            return Err(self.shared(shared));
        }
        let Some((parent, index)) = place.parent else {
            return Err(EditError::Unsupported);
        };
        match &self.tree.node(parent).kind {
            Kind::Mapping { flow: true, pairs } => {
                let ends = pairs
                    .iter()
                    .map(|(key, value)| self.tree.node(*key).start..self.end(*value).max(self.end(*key)));
                Ok(vec![self.remove_flow(parent, &ends.collect::<Vec<_>>(), index)])
            }
            Kind::Sequence { flow: true, items } => {
                let ends = items
                    .iter()
                    .map(|item| self.tree.node(*item).start..self.end(*item));
                Ok(vec![self.remove_flow(parent, &ends.collect::<Vec<_>>(), index)])
            }
            Kind::Mapping { pairs, .. } if pairs.len() == 1 => {
                let (key, value) = pairs[0];
                let start = self.tree.node(key).start;
                let own = self.is_first_on_line(start).then(|| start..self.end(value));
                self.empty_collection(parent, "{}", own)
            }
            Kind::Sequence { items, .. } if items.len() == 1 => {
                self.empty_collection(parent, "[]", self.item_lines(parent, items, 0).ok())
            }
            Kind::Mapping { pairs, .. } => Ok(self.remove_pair(pairs, index)),
            Kind::Sequence { items, .. } => self.remove_item(parent, items, index),
            _ => Err(EditError::Unsupported),
        }
    }

    /// Empties a collection whose last member had these lines. Comments next to the member stay.
    fn empty_collection(
        &self,
        id: NodeId,
        text: &str,
        own: Option<Range<usize>>,
    ) -> Result<Vec<Splice>, EditError> {
        let node = self.tree.node(id);
        let key = self.tree.nodes.iter().find_map(|other| match &other.kind {
            Kind::Mapping { flow: false, pairs } => {
                pairs.iter().find(|(_, value)| *value == id).map(|pair| pair.0)
            }
            _ => None,
        });
        let Some(key) = key else {
            return Ok(vec![Splice::new(node.range.start..self.end(id), text)]);
        };
        if node.start < node.range.start {
            // An anchor or tag after the colon stays there.
            return Err(EditError::Unsupported);
        }
        let colon = self.colon_end(key);
        let behind = self.line_end(colon);
        let own = match own.map(|own| self.line_start(own.start)..self.line_end(own.end)) {
            // From the line break before it to its last character, so that the end of the text is unchanged.
            Some(own) if own.start > behind => own.start - self.eol_before(own.start)..own.end,
            _ => behind..self.line_end(self.end(id)),
        };
        Ok(vec![
            Splice::insert(colon, format!(" {text}")),
            Splice::new(own, ""),
        ])
    }

    fn remove_pair(&self, pairs: &[(NodeId, NodeId)], index: usize) -> Vec<Splice> {
        let (key, value) = pairs[index];
        let start = self.tree.node(key).start;
        let end = self.end(value).max(self.colon_end(key));
        if self.is_first_on_line(start) {
            return vec![Splice::new(self.whole_lines(start, end), "")];
        }
        // The first pair of a list item, after its dash: the next pair moves up.
        let next = self.tree.node(pairs[1].0).start;
        // Pairs on one line are rejected later: the text would have another meaning.
        let Some(between) = self.text.get(self.line_end(end)..next) else {
            return Vec::new();
        };
        if between.trim().is_empty() {
            return vec![Splice::new(start..next, "")];
        }
        let dash_end = self.text[..start].trim_end().len();
        vec![Splice::new(dash_end..self.line_end(end), "")]
    }

    fn remove_item(&self, list: NodeId, items: &[NodeId], index: usize) -> Result<Vec<Splice>, EditError> {
        let dash = self.dash_of(list, items, index).ok_or(EditError::Unsupported)?;
        if !self.is_first_on_line(dash) {
            let next = self
                .dash_of(list, items, index + 1)
                .ok_or(EditError::Unsupported)?;
            return Ok(vec![Splice::new(dash..next, "")]);
        }
        let lines = self.item_lines(list, items, index)?;
        Ok(vec![Splice::new(self.whole_lines(lines.start, lines.end), "")])
    }

    /// Returns the lines of an item with the comments directly above it, without the last line break.
    fn item_lines(&self, list: NodeId, items: &[NodeId], index: usize) -> Result<Range<usize>, EditError> {
        let dash = self.dash_of(list, items, index).ok_or(EditError::Unsupported)?;
        if !self.is_first_on_line(dash) {
            return Err(EditError::Unsupported);
        }
        let start = self.comments_above(
            self.line_start(dash),
            self.column(dash),
            self.comment_floor(items, index),
        );
        Ok(start..self.line_end(self.end(items[index]).max(dash + 1)))
    }

    /// Returns the range from the start of one line to the end of another, including its line break.
    fn whole_lines(&self, start: usize, end: usize) -> Range<usize> {
        let mut behind = self.next_line(end);
        // Blank lines that follow would become content of a preceding block scalar with `+`.
        while self.writing != Writing::Minimal
            && behind < self.text.len()
            && self.text[behind..self.line_end(behind)].trim().is_empty()
        {
            behind = self.next_line(behind);
        }
        self.line_start(start)..behind
    }

    /// Moves an item by rotating the texts of the items in between.
    pub(super) fn rotate(&self, place: Place, from: usize, to: usize) -> Result<Vec<Splice>, EditError> {
        let Kind::Sequence { flow, items } = &self.tree.node(place.node).kind else {
            return Err(EditError::Unsupported);
        };
        let mut slots = (0..items.len())
            .map(|index| {
                if *flow {
                    Ok(self.tree.node(items[index]).start..self.end(items[index]))
                } else {
                    self.item_lines(place.node, items, index)
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        if self.writing == Writing::Rewritten && !*flow {
            // Blank lines are content of a block scalar with `+`: they move with it.
            for index in 1..slots.len() {
                let next = slots[index].start;
                slots[index - 1].end = next - self.eol_before(next);
            }
        }
        let keeps: Vec<_> = items.iter().map(|item| self.kept_breaks(*item)).collect();
        if self.writing == Writing::Quoted && !*flow {
            for (slot, _) in slots.iter_mut().zip(&keeps).filter(|(_, keeps)| keeps.is_some()) {
                slot.end = self.without_blank_lines(slot.clone());
            }
        }
        let mut order = (0..items.len()).collect::<Vec<_>>();
        let moved = order.remove(from);
        order.insert(to, moved);
        let mut splices: Vec<_> = slots
            .iter()
            .zip(order)
            .enumerate()
            .filter(|(position, (_, source))| position != source)
            .map(|(_, (slot, source))| match keeps[source] {
                Some(kept) if self.writing == Writing::Quoted && !*flow => {
                    self.moved_block_scalar(slot, &slots[source], kept)
                }
                _ => Splice::new(slot.clone(), &self.text[slots[source].clone()]),
            })
            .collect();
        // A block scalar that moves to the end of the text needs the line break that followed it.
        if self.writing != Writing::Minimal
            && let Some(last) = splices.last_mut()
            && last.range.end == self.text.len()
        {
            last.text.push_str(self.eol);
        }
        Ok(splices)
    }

    /// Returns the splice that writes an item that ends with a block scalar with `+` to another slot. The blank
    /// lines behind that slot become its content, so there must be as many as it ends with.
    fn moved_block_scalar(&self, slot: &Range<usize>, source: &Range<usize>, kept: KeptBreaks) -> Splice {
        let text = &self.text[source.clone()];
        let sign = kept.sign - source.start;
        let with = |chomping| {
            Splice::new(
                slot.clone(),
                [&text[..sign], chomping, &text[sign + 1..]].concat(),
            )
        };
        let wanted = match kept.breaks {
            // At the end of a text without a line break.
            0 => return with("-"),
            1 => return with(""),
            breaks => breaks - 1,
        };
        let following = self.following(slot.end);
        if following.blanks <= wanted {
            let more = self.eol.repeat(wanted - following.blanks);
            return Splice::new(slot.clone(), format!("{text}{more}"));
        }
        let excess = (wanted..following.blanks).fold(slot.end, |at, _| self.line_end(self.next_line(at)));
        Splice::new(slot.start..excess, text)
    }

    /// Returns the end of a range of lines without the blank ones at its end.
    fn without_blank_lines(&self, lines: Range<usize>) -> usize {
        let mut end = lines.end;
        loop {
            let line = self.line_start(end);
            if line <= lines.start || !self.text[line..end].trim().is_empty() {
                return end;
            }
            end = line - self.eol_before(line);
        }
    }

    /// Returns what the `+` of the block scalar that ends a node keeps; `None` if the node ends otherwise.
    fn kept_breaks(&self, id: NodeId) -> Option<KeptBreaks> {
        let node = self.tree.node(id);
        match &node.kind {
            Kind::Mapping { flow: false, pairs } => self.kept_breaks(pairs.last()?.1),
            Kind::Sequence { flow: false, items } => self.kept_breaks(*items.last()?),
            Kind::Scalar {
                style: Style::Literal | Style::Folded,
                ..
            } => {
                let header = &self.text[node.range.start..self.line_end(node.range.start)];
                let sign = header.split([' ', '\t', '#']).next()?.find('+')?;
                let text = self.tree.text(node)?;
                Some(KeptBreaks {
                    sign: node.range.start + sign,
                    breaks: text.len() - text.trim_end_matches('\n').len(),
                })
            }
            _ => None,
        }
    }
}

/// The line breaks at the end of a block scalar that its `+` keeps.
#[derive(Clone, Copy)]
struct KeptBreaks {
    /// Offset of the `+`.
    sign: usize,
    /// Number of line breaks that the text ends with.
    breaks: usize,
}

//! Items and pairs of flow collections (and JSON): commas, and the layout of the collection.

use std::ops::Range;

use serde_json::Value;

use crate::edit::layout::Layout;
use crate::edit::plan::Place;
use crate::splice::Splice;
use crate::yaml::tree::{Kind, NodeId};

impl Layout<'_> {
    /// Replaces a node in a flow collection by a value.
    pub(super) fn replace_flow(&self, place: Place, value: &Value) -> Splice {
        let node = self.tree.node(place.node);
        if let Value::String(text) = value
            && let Some(splice) = self.replace_flow_string(place, text)
        {
            return splice;
        }
        let (start, end) = (node.start, self.end(place.node));
        let holder = place.parent.map_or(place.node, |(parent, _)| parent);
        let spread = self.spread(holder);
        let text = match (value, spread) {
            (Value::Object(_) | Value::Array(_), Some((indent, step))) => {
                self.flow_value(value, indent, step)
            }
            (Value::String(text), _) if !self.json => {
                crate::edit::scalar_style::string(text, self.style(place.node))
            }
            _ => self.inline(value, None),
        };
        // Omitted: insert after its colon, or after a key that has no colon.
        let gap = match place.key {
            Some(key) if start == end && self.text[self.end(key)..start].is_empty() => ": ",
            _ if start == end && !self.text[..start].ends_with(' ') => " ",
            _ => "",
        };
        Splice::new(start..end, format!("{gap}{text}"))
    }

    /// Returns the column of the members if they are on separate lines, and the indentation step to them.
    fn spread(&self, id: NodeId) -> Option<(usize, usize)> {
        let node = self.tree.node(id);
        let first = match &node.kind {
            Kind::Mapping { flow: true, pairs } => self.tree.node(pairs.first()?.0).start,
            Kind::Sequence { flow: true, items } => self.tree.node(*items.first()?).start,
            _ => return None,
        };
        if !self.text[node.range.start..first].contains('\n') {
            return None;
        }
        let indent = self.column(first);
        let line = self.line_start(node.range.start);
        let outer = self.text[line..].len() - self.text[line..].trim_start_matches([' ', '\t']).len();
        Some((
            indent,
            indent.checked_sub(outer).filter(|step| *step > 0).unwrap_or(2),
        ))
    }

    /// Formats a member's value at column `indent` of a collection that spans lines.
    pub(super) fn flow_value(&self, value: &Value, indent: usize, step: usize) -> String {
        if step == 0 {
            self.inline(value, None)
        } else {
            self.pretty(value, indent, step)
        }
    }

    /// Appends a member after the last one, which is at `start..end`.
    pub(super) fn append_flow(
        &self,
        id: NodeId,
        start: usize,
        end: usize,
        member: impl Fn(usize, usize) -> String,
    ) -> Splice {
        let rest = &self.text[end..];
        let comma = rest
            .trim_start()
            .starts_with(',')
            .then(|| end + rest.len() - rest.trim_start().len() + 1);
        let (at, before) = comma.map_or((end, ","), |at| (at, ""));
        if let Some((indent, step)) = self.spread(id) {
            let pad = &self.text[self.line_start(start)..start];
            let pad = if pad.trim().is_empty() {
                pad.to_owned()
            } else {
                self.pad(indent)
            };
            Splice::insert(at, format!("{before}{}{pad}{}", self.eol, member(indent, step)))
        } else {
            let gap = if self.is_compact(id) { "" } else { " " };
            Splice::insert(at, format!("{before}{gap}{}", member(0, 0)))
        }
    }

    /// Returns whether it is JSON without blanks after colons.
    pub(super) fn is_compact(&self, id: NodeId) -> bool {
        self.json && !self.text[self.tree.node(id).range.clone()].contains([' ', '\n'])
    }

    /// Inserts an item before an index of a non-empty list.
    pub(super) fn insert_flow_item(
        &self,
        list: NodeId,
        items: &[NodeId],
        index: usize,
        value: &Value,
    ) -> Splice {
        let Some(next) = items.get(index) else {
            let behind = items.last().copied().unwrap_or(list);
            return self.append_flow(
                list,
                self.tree.node(behind).start,
                self.end(behind),
                |indent, step| self.flow_value(value, indent, step),
            );
        };
        let at = self.tree.node(*next).start;
        match self.spread(list) {
            Some((indent, step)) => {
                let pad = self.pad(self.column(at));
                Splice::insert(
                    at,
                    format!("{},{}{pad}", self.flow_value(value, indent, step), self.eol),
                )
            }
            None => Splice::insert(at, format!("{}, ", self.inline(value, None))),
        }
    }

    /// Removes a member with one comma. Comments stay, except one after it on its line.
    pub(super) fn remove_flow(&self, id: NodeId, members: &[Range<usize>], index: usize) -> Splice {
        let member = members[index].clone();
        let before = index.checked_sub(1).map(|before| &members[before]);
        match (members.get(index + 1), before) {
            (Some(next), _) => Splice::new(member.start..self.flow_rest(member.end, next.start), ""),
            (None, Some(before)) if !self.text[before.end..member.start].contains('#') => {
                Splice::new(before.end..member.end, "")
            }
            (None, None) => {
                let range = self.tree.node(id).range.clone();
                let inside = range.start + 1..range.end - 1;
                let around = [inside.start..member.start, member.end..inside.end];
                if around.into_iter().any(|part| self.text[part].contains('#')) {
                    Splice::new(member.start..self.after_comma(member.end), "")
                } else {
                    Splice::new(inside, "")
                }
            }
            // The comma of the previous member stays, since a comment follows it.
            (None, Some(_)) => {
                let end = self.after_comma(member.end);
                let line = self.line_start(member.start);
                let rest = self.text[end..self.line_end(end)].trim_start();
                if self.is_first_on_line(member.start) && (rest.is_empty() || rest.starts_with('#')) {
                    Splice::new(line - self.eol_before(line)..self.line_end(end), "")
                } else {
                    Splice::new(member.start..end, "")
                }
            }
        }
    }

    /// Returns the offset after a directly following comma.
    fn after_comma(&self, end: usize) -> usize {
        let rest = &self.text[end..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if rest[blanks..].starts_with(',') {
            end + blanks + 1
        } else {
            end
        }
    }

    /// Returns where the kept text after a member starts: at the next member, or at the first comment line in
    /// between.
    fn flow_rest(&self, end: usize, next: usize) -> usize {
        let comma = self.after_comma(end);
        let line = self.next_line(comma);
        if comma == end || line > next {
            return next;
        }
        let rest = &self.text[line..next];
        line + rest.find('#').unwrap_or(rest.len())
    }
}

//! Undo and redo, shared by form and text editor.

use serde_json::{Value, json};

use crate::splice::{Splice, inverse, splice};

/// Maximum number of kept steps.
const STEPS: usize = 500;

#[derive(Debug, Clone)]
struct Step {
    /// Consecutive changes of one group are one step.
    group: Option<String>,
    /// Newest last; each batch applies to the text after the previous one.
    forward: Vec<Vec<Splice>>,
    backward: Vec<Vec<Splice>>,
}

/// The changes of a text, in order.
#[derive(Debug, Clone, Default)]
pub struct History {
    done: Vec<Step>,
    undone: Vec<Step>,
}

impl History {
    /// Records a change: the text before it and its splices. Changes with the same `group` (typing into one field)
    /// become one step. Clears the redo steps.
    pub fn record(&mut self, before: &str, splices: &[Splice], group: Option<&str>) {
        if splices.is_empty() {
            return;
        }
        self.undone.clear();
        let (forward, backward) = (splices.to_vec(), inverse(before, splices));
        if let Some(last) = self
            .done
            .last_mut()
            .filter(|last| group.is_some() && last.group.as_deref() == group)
        {
            last.forward.push(forward);
            last.backward.push(backward);
            return;
        }
        self.done.push(Step {
            group: group.map(str::to_owned),
            forward: vec![forward],
            backward: vec![backward],
        });
        if self.done.len() > STEPS {
            self.done.remove(0);
        }
    }

    /// Ends the current group: the next change is a separate step.
    pub fn seal(&mut self) {
        if let Some(last) = self.done.last_mut() {
            last.group = None;
        }
    }

    /// Returns the text before the last step; `None` if there is nothing to undo.
    pub fn undo(&mut self, text: &str) -> Option<String> {
        let step = self.done.pop()?;
        let before = step
            .backward
            .iter()
            .rev()
            .fold(text.to_owned(), |text, splices| splice(&text, splices));
        self.undone.push(step);
        self.seal();
        Some(before)
    }

    /// Returns the text after the last undone step; `None` if there is nothing to redo.
    pub fn redo(&mut self, text: &str) -> Option<String> {
        let mut step = self.undone.pop()?;
        let after = step
            .forward
            .iter()
            .fold(text.to_owned(), |text, splices| splice(&text, splices));
        step.group = None;
        self.done.push(step);
        Some(after)
    }

    /// Serialises the newest steps as JSON of at most `max` bytes, for [`History::from_json`]. They belong to one
    /// text.
    pub fn to_json(&self, max: usize) -> String {
        let splices = |batch: &Vec<Splice>| -> Value {
            let one = |splice: &Splice| json!([splice.range.start, splice.range.end, splice.text]);
            batch.iter().map(one).collect()
        };
        let side = |batches: &Vec<Vec<Splice>>| -> Value { batches.iter().map(splices).collect() };
        let mut room = max;
        let mut steps = |steps: &[Step]| -> Vec<Value> {
            let newest = steps.iter().rev().map_while(|step| {
                let step = json!([side(&step.forward), side(&step.backward)]);
                room = room.checked_sub(step.to_string().len())?;
                Some(step)
            });
            newest.collect()
        };
        json!([steps(&self.done), steps(&self.undone)]).to_string()
    }

    /// Parses what [`History::to_json`] wrote; `None` for other text.
    pub fn from_json(text: &str) -> Option<Self> {
        let number = |value: &Value| usize::try_from(value.as_u64()?).ok();
        let one = |value: &Value| {
            let range = number(value.get(0)?)?..number(value.get(1)?)?;
            Some(Splice::new(range, value.get(2)?.as_str()?))
        };
        let side = |value: &Value| -> Option<Vec<Vec<Splice>>> {
            let batch = |batch: &Value| batch.as_array()?.iter().map(one).collect();
            value.as_array()?.iter().map(batch).collect()
        };
        let steps = |value: &Value| -> Option<Vec<Step>> {
            let steps = value.as_array()?.iter().rev().map(|step| {
                Some(Step {
                    group: None,
                    forward: side(step.get(0)?)?,
                    backward: side(step.get(1)?)?,
                })
            });
            steps.collect()
        };
        let value: Value = serde_json::from_str(text).ok()?;
        Some(Self {
            done: steps(value.get(0)?)?,
            undone: steps(value.get(1)?)?,
        })
    }

    /// Returns whether there is something to undo.
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Returns whether there is something to redo.
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_into_a_field_is_one_step() {
        let mut history = History::default();
        let first = [Splice::insert(3, "1")];
        history.record("a: ", &first, Some("a"));
        history.record("a: 1", &[Splice::insert(4, "2")], Some("a"));
        history.record("a: 12", &[Splice::insert(5, "3")], Some("b"));
        assert_eq!(history.undo("a: 123").as_deref(), Some("a: 12"));
        assert_eq!(history.undo("a: 12").as_deref(), Some("a: "));
        assert_eq!(history.undo("a: "), None);
        assert_eq!(history.redo("a: ").as_deref(), Some("a: 12"));
        assert_eq!(history.redo("a: 12").as_deref(), Some("a: 123"));
        assert!(!history.can_redo());
    }

    #[test]
    fn history_survives_json_roundtrip() {
        let mut history = History::default();
        history.record("a", &[Splice::new(0..1, "ä\n")], None);
        history.record("ä\n", &[Splice::insert(3, "b")], None);
        history.undo("ä\nb");
        let mut read = History::from_json(&history.to_json(10_000)).unwrap();
        assert_eq!(read.redo("ä\n").as_deref(), Some("ä\nb"));
        assert_eq!(read.undo("ä\nb").as_deref(), Some("ä\n"));
        assert_eq!(read.undo("ä\n").as_deref(), Some("a"));
        assert!(!History::from_json(&history.to_json(10)).unwrap().can_undo());
        assert!(History::from_json("[]").is_none());
    }
}

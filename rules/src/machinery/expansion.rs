//! Variable references in a container's environment, command and arguments (k8s.io/kubernetes
//! `third_party/forked/golang/expansion`).

use std::borrow::Cow;

/// A part of a text with variable references.
enum Part<'a> {
    /// Text as it is.
    Text(&'a str),
    /// A reference `$(NAME)` to the variable of this name.
    Reference(&'a str),
}

/// Splits a text into its parts: `$$` stands for `$`, and prevents a reference.
fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    // Without one, nothing that follows is a reference; searched once.
    let last_closer = text.rfind(')').map_or(0, |at| text.len() - at);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(after) = rest.strip_prefix('$') else {
            let (part, after) = rest.split_at(rest.find('$').unwrap_or(rest.len()));
            rest = after;
            return Some(Part::Text(part));
        };
        let may_close = last_closer > 0 && rest.len() >= last_closer;
        let inner = after.strip_prefix('(').filter(|_| may_close);
        if let Some((name, after)) = inner.and_then(|inner| inner.split_once(')')) {
            rest = after;
            return Some(Part::Reference(name));
        }
        rest = after.strip_prefix('$').unwrap_or(after);
        Some(Part::Text("$"))
    })
}

/// Expands variable references: `$(NAME)` becomes what `value_of` returns for the name, `$$(NAME)` becomes `$(NAME)`;
/// a reference to a variable without a value is left unchanged.
pub fn expand<'a>(text: &str, value_of: impl Fn(&str) -> Option<Cow<'a, str>>) -> String {
    let mut expanded = String::with_capacity(text.len());
    for part in parts(text) {
        match part {
            Part::Text(text) => expanded.push_str(text),
            Part::Reference(name) => match value_of(name) {
                Some(value) => expanded.push_str(&value),
                None => expanded.extend(["$(", name, ")"]),
            },
        }
    }
    expanded
}

/// Returns the names of the variables that a text refers to.
pub fn references(text: &str) -> impl Iterator<Item = &str> {
    parts(text).filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Reference(name) => Some(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_expanded_as_by_the_kubelet() {
        let value_of = |name: &str| match name {
            "A" => Some(Cow::Borrowed("one")),
            "B" => Some(Cow::Borrowed("$(A)")),
            "" => Some(Cow::Borrowed("empty")),
            _ => None,
        };
        for (text, expanded) in [
            ("", ""),
            ("plain", "plain"),
            ("$(A)", "one"),
            ("x$(A)y$(A)", "xoneyone"),
            ("$(B)", "$(A)"),
            ("$(C)", "$(C)"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$one"),
            ("$$$$(A)", "$$(A)"),
            ("$A", "$A"),
            ("$", "$"),
            ("$$", "$"),
            ("$(A", "$(A"),
            ("$(A$(A)", "$(A$(A)"),
            ("$()", "empty"),
            ("é$(A)é", "éoneé"),
        ] {
            assert_eq!(expand(text, value_of), expanded, "{text}");
        }
        assert_eq!(references("$(A) $$(B) $(C)").collect::<Vec<_>>(), ["A", "C"]);
    }
}

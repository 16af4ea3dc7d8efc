//! Label selectors (`ValidateLabelSelector`).

use super::metadata;
use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

/// Validates a member that is a label selector, if it is set.
pub(super) fn selector<'a>(parent: Node<'a>, key: &'a str) {
    let Some(selector) = parent.object(key) else {
        return;
    };
    metadata::labels(selector.get("matchLabels"), selector, "matchLabels");
    for one in selector.structs("matchExpressions") {
        expression(one);
    }
}

fn expression(one: Node<'_>) {
    match one.text("operator") {
        "In" | "NotIn" => {
            if one.count("values") == 0 {
                let detail = detail!("must be specified when `operator` is 'In' or 'NotIn'");
                one.get("values")
                    .required(Rule::FieldRequired, &["values"], detail);
            }
        }
        "Exists" | "DoesNotExist" => {
            if one.count("values") > 0 {
                let detail = detail!("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                one.get("values").forbidden(detail);
            }
        }
        other => operator(one, other, "In, NotIn, Exists, DoesNotExist"),
    }
    key(one, "key");
    label_values(one);
}

/// Reports an unknown operator.
pub(super) fn operator(one: Node<'_>, value: &str, known: &str) {
    if !one.is_mistyped_text("operator") {
        let detail = detail!("not a valid selector operator");
        one.get("operator")
            .invalid_typed(Rule::FieldEnum, value, &[value, known], detail);
    }
}

/// Validates a member that is the key of a label.
pub(super) fn key<'a>(one: Node<'a>, name: &'a str) {
    let key = one.text(name);
    if !one.is_mistyped_text(name) {
        one.get(name)
            .faults(Rule::LabelKey, key, &names::qualified_name(key));
    }
}

/// Validates a list of label values.
pub(super) fn label_values(one: Node<'_>) {
    for value in one.items("values") {
        let text = value.as_text().unwrap_or_default();
        value.faults(Rule::LabelValue, text, &names::label_value(text));
    }
}

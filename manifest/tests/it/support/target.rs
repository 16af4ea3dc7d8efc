//! The fuzz targets: for any input nothing may panic, and the guarantees have to hold. Run by `fuzz/` under
//! libFuzzer and by `tests/fuzz.rs` over a corpus and its mutations.

use manifest::quantity::Quantity;
use manifest::schema::{check, complete, hover};
use manifest::{Document, Format, Schema, Splice, inverse, splice, validate};

use serde_json::Value;

use super::operation;

/// Maximum length of an input: longer ones only take time.
const LONGEST: usize = 20_000;

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data)
        .ok()
        .filter(|text| text.len() <= LONGEST)
}

/// Returns an offset in a text from two bytes.
fn place(text: &str, choice: &[u8]) -> usize {
    let wanted = choice.iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte)) % (text.len() + 1);
    (0..=wanted)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// Parsing keeps every byte, problems are within the text, a conversion has the same values, and incremental
/// parsing equals full parsing.
pub fn parse(data: &[u8]) {
    let Some((choice, text)) = data
        .split_at_checked(3)
        .and_then(|(choice, rest)| Some((choice, text(rest)?)))
    else {
        return;
    };
    let document = Document::parse(text);
    assert_eq!(document.text(), text);
    for problem in document.problems().iter().chain(&validate(&document)) {
        assert!(text.get(problem.range.clone()).is_some(), "{problem:?}");
    }
    document.path_at(place(text, &choice[..2]));
    for to in [Format::Json, Format::Yaml] {
        if let Ok(other) = document.convert(to) {
            let other = Document::parse(other);
            if document.entries().len() == 1 && !document.value(0).is_some_and(Value::is_array) {
                let values = [other.value(0), document.value(0)].map(|value| value.cloned().map(whole));
                assert_eq!(values[0], values[1], "{text}");
            }
        }
    }
    let start = place(text, &choice[..2]);
    let typed = ["x", "\n", " ", ": ", "- ", "", "#", "'"][usize::from(choice[2] % 8)];
    let end = place(text, &[0, choice[2] / 8]).max(start).min(start + 12);
    let end = (start..=end)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(start);
    let mut changed = document;
    changed.splice(&[Splice::new(start..end, typed)]);
    let parsed = Document::parse(changed.text());
    assert_eq!(changed.entries(), parsed.entries(), "{}", parsed.text());
    assert_eq!(changed.problems(), parsed.problems(), "{}", parsed.text());
}

/// Converts each number to a float: Kubernetes' YAML parser reads `2.0` as 2, and its JSON parser does not.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64()),
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, whole(value))).collect(),
        other => other,
    }
}

/// An edit of the text equals the edit of the value, or changes nothing; undo restores the bytes.
pub fn apply(data: &[u8]) {
    let Some((choice, text)) = data
        .split_at_checked(4)
        .and_then(|(choice, rest)| Some((choice, text(rest)?)))
    else {
        return;
    };
    let mut document = Document::parse(text);
    let entry = usize::from(choice[0]) % document.entries().len().max(1);
    let Some(value) = document.value(entry).cloned() else {
        return;
    };
    let edit = operation::edit(&value, &choice[1..]);
    match document.apply(entry, &edit) {
        Ok(splices) => {
            assert_eq!(
                document.value(entry),
                operation::apply(&value, &edit).as_ref(),
                "{edit:?}\n{text}"
            );
            assert_eq!(
                splice(document.text(), &inverse(text, &splices)),
                text,
                "{edit:?}"
            );
            let parsed = Document::parse(document.text());
            assert_eq!(document.entries(), parsed.entries(), "{edit:?}\n{text}");
        }
        Err(_) => assert_eq!(document.text(), text, "{edit:?}"),
    }
}

/// A quantity is kept as written, and sums and multiples can be parsed back.
pub fn quantity(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let (first, second) = text.split_once('\n').unwrap_or((text, "1"));
    let (Ok(first), Ok(second)) = (first.parse::<Quantity>(), second.parse::<Quantity>()) else {
        return;
    };
    assert_eq!(first.to_string().parse::<Quantity>().as_ref(), Ok(&first));
    assert_eq!(first.cmp(&second), second.cmp(&first).reverse());
    for sum in [first.plus(second), first.times(3)] {
        assert_eq!(sum.to_string().parse::<Quantity>(), Ok(sum));
    }
}

/// Problems and their fixes, completions and hovers are within the text, and a fix does not panic.
pub fn schema(known: &Schema, data: &[u8]) {
    let Some((choice, text)) = data
        .split_at_checked(2)
        .and_then(|(choice, rest)| Some((choice, text(rest)?)))
    else {
        return;
    };
    let document = Document::parse(text);
    for problem in check(&document, known) {
        assert!(text.get(problem.range.clone()).is_some(), "{problem:?}");
        if problem.entry.is_some() && problem.fix.is_some() {
            let _ = document.fixed(&problem);
        }
    }
    let at = place(text, choice);
    for completion in complete(&document, known, at) {
        assert!(text.get(completion.range.clone()).is_some(), "{completion:?}");
        assert!(
            completion.range.start <= at && at <= completion.range.end,
            "{completion:?} at {at}"
        );
    }
    if let Some(found) = hover(&document, known, at) {
        assert!(text.get(found.range).is_some());
    }
    if let Ok(openapi) = serde_json::from_str(text)
        && let Ok(read) = Schema::from_openapi_v3([&openapi].into_iter())
    {
        let sent = serde_json::to_string(&read).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Schema>(&sent).ok(), Some(read));
    }
}

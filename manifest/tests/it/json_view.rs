//! JSON as a view of YAML: a change in the JSON changes the same value in the YAML, and nothing else.

use crate::support::corpus::files;
use crate::support::operation::paths;
use manifest::{AssignError, Document, Edit, Format, Path};
use proptest::prelude::*;
use serde_json::{Value, json};

#[track_caller]
fn check(before: &str, value: &Value, after: &str) {
    let document = Document::parse(before);
    let json = Document::parse(format!("{value:#}\n"));
    let changed = document.with_json(&json, false);
    let changed = changed.unwrap_or_else(|error| panic!("{error:?} for {value} on\n{before}"));
    assert_eq!(changed.text(), after);
}

#[test]
fn json_change_is_the_smallest_yaml_edit() {
    let text = "# head\na: 'x' # a\n# of the list\nl:\n  # first\n  - {name: p, v: 0644} # p\n  # second\n  - name: q # q\n    v: on\nz: \"y\"\n";
    let value = Document::parse(text).value(0).unwrap().clone();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value = value.clone();
        change(&mut value);
        value
    };
    check(text, &value, text);
    check(
        text,
        &with(&|v| v["a"] = json!("it's")),
        &text.replace("'x'", "'it''s'"),
    );
    check(
        text,
        &with(&|v| v["l"][0]["v"] = json!(5)),
        &text.replace("0644", "5"),
    );
    check(
        text,
        &with(&|v| v["new"] = json!({"m": [1]})),
        &format!("{text}new:\n  m:\n    - 1\n"),
    );
    check(
        text,
        &with(&|v| {
            let l = v["l"].as_array_mut().unwrap();
            l.insert(0, json!({"name": "new"}));
        }),
        &text.replace("l:\n", "l:\n  - name: new\n"),
    );
    check(
        text,
        &with(&|v| v["l"].as_array_mut().unwrap().reverse()),
        "# head\na: 'x' # a\n# of the list\nl:\n  # second\n  - name: q # q\n    v: on\n  # first\n  - {name: p, v: 0644} # p\nz: \"y\"\n",
    );
    check(
        text,
        &with(&|v| drop(v["l"].as_array_mut().unwrap().remove(0))),
        &text.replace("  # first\n  - {name: p, v: 0644} # p\n", ""),
    );
    check(
        text,
        &with(&|v| {
            let z = v.as_object_mut().unwrap().shift_remove("z").unwrap();
            v["zz"] = z;
        }),
        &text.replace("z: ", "zz: "),
    );
    check(
        text,
        &with(&|v| v["l"] = json!([7])),
        "# head\na: 'x' # a\n# of the list\nl:\n  - 7\nz: \"y\"\n",
    );
}

#[test]
fn numbers_are_those_of_yaml() {
    let document = Document::parse("a: 0644 # octal\nb: 1.0\n");
    let json = Document::parse("{\"a\": 420, \"b\": 1.0, \"c\": 2.0, \"d\": 1e3}");
    let changed = document.with_json(&json, false).unwrap();
    assert_eq!(changed.text(), "a: 0644 # octal\nb: 1.0\nc: 2.0\nd: 1e3\n");
}

/// Each row: a number in YAML, its JSON, and the YAML after another number is typed there.
#[test]
fn numbers_keep_their_spelling_and_are_written_as_typed() {
    for (written, shown) in [
        ("1.10", "1.10"),
        ("1.0", "1"),
        ("1e3", "1000"),
        ("1.5e-3", "1.5e-3"),
        ("0x1F", "31"),
        ("1_000", "1000"),
        ("1_0.50", "10.5"),
        ("0o17", "15"),
        ("017", "15"),
        ("0b11", "3"),
        (".5", "0.5"),
        ("+7", "7"),
        ("-0", "0"),
        ("1234567890123456789", "1234567890123456789"),
        ("123456789012345678901234", "123456789012345678901234"),
        ("0.1000000000000000055", "0.1000000000000000055"),
        ("~", "null"),
        ("", "null"),
        ("yes", "true"),
        ("off", "false"),
    ] {
        let text = format!("# head\na: {written} # why\nl:\n  - {written} # item\n  - x\nz: 1\n");
        let document = Document::parse(text.as_str());
        let json = document.convert(Format::Json).unwrap();
        assert!(json.contains(&format!("\"a\": {shown},")), "{written}: {json}");
        // Something else is changed.
        let changed = |json: &str| {
            let json = Document::parse(json);
            document.with_json(&json, false).unwrap().text().to_owned()
        };
        assert_eq!(changed(&json), text);
        assert_eq!(
            changed(&json.replace("\"z\": 1", "\"z\": 2")),
            text.replace("z: 1", "z: 2")
        );
        let inserted = json.replacen('[', "[\n99,", 1);
        assert_eq!(
            changed(&inserted),
            text.replace("l:\n", "l:\n  - 99\n"),
            "{written}"
        );
        let renamed = json.replace("\"a\"", "\"b\"");
        assert_eq!(changed(&renamed), text.replace("a: ", "b: "), "{written}");
        // The number is changed.
        for typed in [
            "2.50",
            "7e2",
            "1.0",
            "98765432109876543210987654321",
            "-0.0",
            "5E+1",
        ] {
            let typed_json = json.replacen(shown, typed, 1);
            let wanted = text.replacen(&format!("a: {written}"), &format!("a: {typed}"), 1);
            let text = changed(&typed_json);
            // Two blanks follow an omitted value.
            let blank = |text: &str| text.replace("  # why", " # why");
            assert_eq!(blank(&text), blank(&wanted), "{written} {typed}");
            // The view of the result is the same.
            let view = Document::parse(typed_json);
            let same = Document::parse(text.as_str());
            assert_eq!(
                same.json_after(&view).as_deref(),
                Some(view.text()),
                "{written} {typed}"
            );
        }
    }
}

#[test]
fn rewritten_document_keeps_its_spelling() {
    let text = "x: &x\n  k: 0644 # why\n  s: 'q'\nw: *x\nm: 1.10\nb: yes\n";
    let document = Document::parse(text);
    let json =
        "{\"x\": {\"k\": 420, \"s\": \"q\"}, \"w\": {\"k\": 5.0, \"s\": \"q\"}, \"m\": 1.10, \"b\": true}";
    let rewritten = document.with_json(&Document::parse(json), true).unwrap();
    assert_eq!(
        rewritten.text(),
        "x:\n  k: 0644\n  s: 'q'\nw:\n  k: 5.0\n  s: 'q'\nm: 1.10\nb: yes\n"
    );
}

#[test]
fn json_text_becomes_yaml_with_its_numbers() {
    let json = Document::parse("{\"a\": 1.10, \"b\": 1e3, \"c\": [123456789012345678901234]}");
    assert_eq!(
        json.convert(Format::Yaml).unwrap(),
        "a: 1.10\nb: 1e3\nc:\n  - 123456789012345678901234\n"
    );
}

#[test]
fn number_that_kubernetes_cannot_read_is_reported() {
    let document = Document::parse("a: 1\n");
    let json = Document::parse("{\"a\": 1e999}");
    assert_eq!(document.with_json(&json, false).err(), Some(AssignError::NotJson));
}

#[test]
fn edited_item_keeps_its_comments_when_others_are_added_and_removed() {
    let text = "l:\n  # of p\n  - image: p # img\n    v: 1.10\n  # of q\n  - image: q\n    v: 0x1F # hex\n";
    check(
        text,
        &json!({"l": [{"image": "new"}, {"image": "p2", "v": 1.1}, {"image": "q", "v": 31}]}),
        &text
            .replace("l:\n", "l:\n  - image: new\n")
            .replace("image: p ", "image: p2 "),
    );
    check(
        text,
        &json!({"l": [{"image": "q2", "v": 31}]}),
        "l:\n  # of q\n  - image: q2\n    v: 0x1F # hex\n",
    );
    let text = "c:\n  - sh # shell\n  - -c # flag\n  - run # last\n";
    check(
        text,
        &json!({"c": ["bash", "-c", "-x", "run"]}),
        "c:\n  - bash # shell\n  - -c # flag\n  - -x\n  - run # last\n",
    );
}

#[test]
fn item_of_another_kind_in_its_place_keeps_the_comments() {
    check(
        "l:\n  # of one\n  - 1 # one\n  - x # x\n",
        &json!({"l": [null, "x"]}),
        "l:\n  # of one\n  - null # one\n  - x # x\n",
    );
}

#[test]
fn order_of_json_keys_changes_nothing() {
    let text = "a: 1.10 # a\nb: yes # b\nc: {x: 1, z: 2} # c\n";
    check(text, &json!({"c": {"z": 2, "x": 1}, "b": true, "a": 1.1}), text);
}

#[test]
fn invalid_json_is_rejected() {
    let document = Document::parse("a: 1 # c\n");
    for text in [
        "{\"a\": ",
        "{\"a\": 1, \"a\": 2}",
        "{a: 1}",
        "{\"a\": 1} # c",
        "{\"a\": 1,}",
        "a: 2",
        "{} {}",
        "{\"a\": \"\\ud800\"}",
    ] {
        let json = Document::parse(text);
        for rewrite in [false, true] {
            assert_eq!(
                document.with_json(&json, rewrite).err(),
                Some(AssignError::NotJson),
                "{text}"
            );
        }
    }
}

#[test]
fn anchored_value_is_reported_before_it_is_lost() {
    let text = "# head\nx: &x # shared\n  k: 1\nw: *x\nz:\n  <<: *x\n  o: 2 # own\n";
    let document = Document::parse(text);
    let mut value = document.value(0).unwrap().clone();
    value["z"]["o"] = json!(3);
    check(text, &value, &text.replace("o: 2", "o: 3"));
    value["w"]["k"] = json!(5);
    let json = Document::parse(value.to_string());
    assert_eq!(
        document.with_json(&json, false).err(),
        Some(AssignError::Shared("&x".to_owned()))
    );
    let rewritten = document.with_json(&json, true).unwrap();
    assert_eq!(rewritten.value(0), Some(&value));
    assert_eq!(
        rewritten.text(),
        "# head\nx:\n  k: 1\nw:\n  k: 5\nz:\n  o: 3\n  k: 1 # own\n"
    );
}

#[test]
fn documents_are_added_and_removed_in_the_array() {
    let text = "# one\nkind: A\nmetadata: {name: a} # a\n---\n# two\nkind: B\nmetadata: {name: b} # b\n";
    let values = Document::parse(text).convert(Format::Json).unwrap();
    let values: Vec<Value> = serde_json::from_str(&values).unwrap();
    let c = json!({"kind": "C", "metadata": {"name": "c"}});
    let fresh = "kind: C\nmetadata:\n  name: c\n";
    check(
        text,
        &json!([values[0], values[1], c]),
        &format!("{text}---\n{fresh}"),
    );
    check(
        text,
        &json!([values[0], c, values[1]]),
        &text.replace("---\n", &format!("---\n{fresh}---\n")),
    );
    check(
        text,
        &json!([c, values[0], values[1]]),
        &format!("{fresh}---\n{text}"),
    );
    check(text, &values[1], "---\n# two\nkind: B\nmetadata: {name: b} # b\n");
    check(text, &values[0], "# one\nkind: A\nmetadata: {name: a} # a\n");
    let mut other = values[1].clone();
    other["x"] = json!(1);
    check(text, &json!([values[0], other]), &format!("{text}x: 1\n"));
    // Documents with only comments have no JSON, and stay.
    check("# nothing yet\n", &c, &format!("# nothing yet\n{fresh}"));
    let swapped = Document::parse(json!([values[1], values[0]]).to_string());
    assert_eq!(
        Document::parse(text).with_json(&swapped, false).err(),
        Some(AssignError::Unsupported)
    );
    assert_eq!(
        Document::parse(text).with_json(&swapped, true).unwrap().value(0),
        Some(&values[1])
    );
    // One document that is a list is not a list of documents.
    check(
        "- a: 1 # c\n",
        &json!([{"a": 1}, {"b": 2}]),
        "- a: 1 # c\n- b: 2\n",
    );
}

#[test]
fn json_follows_the_yaml_in_its_own_layout() {
    let yaml = Document::parse("a: 2\nb: [x]\n");
    let before = Document::parse("{\"a\":1.0,\n   \"b\":[\"x\"]}");
    assert_eq!(yaml.json_after(&before).unwrap(), "{\"a\":2,\n   \"b\":[\"x\"]}");
    // A number keeps its meaning in the YAML, where the two spell it differently.
    let whole = Document::parse("a: 1\nb: [x]\n");
    assert_eq!(whole.json_after(&before).unwrap(), "{\"a\":1,\n   \"b\":[\"x\"]}");
    let same = Document::parse("a: 1.0\nb: [x]\n");
    assert_eq!(same.json_after(&before).unwrap(), before.text());
    let two = Document::parse("a: 1\n---\nb: 1\n");
    assert_eq!(two.json_after(&before), two.convert(Format::Json).ok());
}

/// Returns the scalars of a text as they are spelled, with their paths.
fn spellings(document: &Document, entry: usize) -> Vec<(Path, String)> {
    let value = document.value(entry).unwrap();
    let all = paths(value);
    let is_leaf = |path: &Path| {
        let value = document.get(entry, path).unwrap();
        !value.is_object() && !value.is_array()
    };
    let leaves = all.into_iter().filter(is_leaf);
    leaves
        .filter_map(|path| {
            let range = document.range(entry, &path)?;
            let key = document.key_range(entry, &path);
            (Some(&range) != key.as_ref()).then(|| (path, without_chomping(&document.text()[range])))
        })
        .collect()
}

/// Returns a scalar without the chomping indicator of a block scalar's header: trailing line breaks are determined
/// by the lines after it, so one that moves may need another indicator for the same value.
fn without_chomping(spelling: &str) -> String {
    match spelling.strip_prefix(['|', '>']) {
        Some(rest) => format!(
            "{}{}",
            &spelling[..1],
            rest.replacen(['+', '-'], "", usize::from(rest.starts_with(['+', '-'])))
        ),
        None => spelling.to_owned(),
    }
}

/// Returns the comments of a text, without their offsets.
fn comment_texts(text: &str) -> Vec<String> {
    let all = crate::support::generate::comments(text);
    all.into_iter().map(|(_, comment)| comment).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Changes generated documents at one path of their JSON: the values are those of the JSON, and every scalar
    /// and comment that the change does not concern is unchanged.
    #[test]
    fn json_change_leaves_everything_else_as_written(bytes in proptest::collection::vec(any::<u8>(), 8..160)) {
        let mut source = crate::support::generate::Source::new(&bytes);
        let choices = [source.next(), source.next(), source.next(), source.next()];
        let text = crate::support::generate::document(&mut source);
        let document = Document::parse(text.as_str());
        if document.format() == Format::Json || document.entries().is_empty() { return Ok(()) }
        let entry = usize::from(choices[0]) % document.entries().len();
        let edit = crate::support::operation::edit(document.value(entry).unwrap(), &choices[1..]);
        let Some(after) = crate::support::operation::apply(document.value(entry).unwrap(), &edit) else { return Ok(()) };
        if !after.is_object() { return Ok(()) }
        let mut values: Vec<Value> = (0..document.entries().len()).map(|at| document.value(at).unwrap().clone()).collect();
        values[entry] = after.clone();
        let json = if values.len() == 1 { values[0].to_string() } else { json!(values).to_string() };
        let result = match document.with_json(&Document::parse(json), false) {
            Ok(result) => result,
            Err(AssignError::Shared(_)) => return Ok(()),
            Err(error) => {
                // Rare: the test below counts.
                prop_assert_eq!(error, AssignError::Unsupported);
                return Ok(());
            }
        };
        for (at, value) in values.iter().enumerate() {
            prop_assert_eq!(result.value(at), Some(value), "{:?}\n{}\n=>\n{}", edit, text, result.text());
        }
        let path = edit.path();
        // With equal items it is ambiguous which one was meant, and a string at the end without a line break is
        // another one anywhere else.
        let items = |path: &Path| document.get(entry, path).and_then(Value::as_array).cloned().unwrap_or_default();
        let list = if matches!(edit, Edit::Move { .. }) { items(path) } else { items(&path.parent().unwrap_or_default()) };
        let equal = list.iter().enumerate().any(|(at, item)| list[..at].contains(item));
        if equal || matches!(edit, Edit::Move { .. }) && !text.ends_with('\n') { return Ok(()) }
        let (mut there, is_one) = (spellings(&result, entry), !matches!(edit, Edit::Insert { .. } | Edit::Move { .. }));
        for (place, spelling) in spellings(&document, entry) {
            if is_one && place.starts_with(path) || path.starts_with(&place) { continue }
            let found = there.iter().position(|(_, other)| *other == spelling);
            prop_assert!(found.is_some(), "{} {} is lost by {:?}\n{}\n=>\n{}", place, spelling, edit, text, result.text());
            there.swap_remove(found.unwrap());
        }
        // Removed values take their comments along, and so do removed members of a collection.
        let is_full = |value: &Value| !matches!(value, Value::Object(map) if map.is_empty())
            && !matches!(value, Value::Array(list) if list.is_empty()) && (value.is_object() || value.is_array());
        let over = matches!(&edit, Edit::Set { value, .. } if is_full(value) && document.get(entry, path).is_some_and(is_full));
        if !over && !matches!(edit, Edit::Remove { .. }) {
            let (before, after) = (comment_texts(&text), comment_texts(result.text()));
            for comment in before {
                prop_assert!(after.contains(&comment), "{} is lost by {:?}\n{}\n=>\n{}", comment, edit, text, result.text());
            }
        }
    }
}

/// A deterministic pseudo-random number generator.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

/// Returns comments on separate lines or at the end of a line, as far as that is certain: of each the text from
/// the mark to the end of the line, with its offset.
fn comments(text: &str) -> Vec<(usize, &str)> {
    let document = Document::parse(text);
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let mark = line
            .find(" #")
            .map(|mark| mark + 1)
            .or_else(|| line.starts_with('#').then_some(0));
        if let Some(mark) = mark
            && !line[..mark].contains(['"', '\''])
            // Without it the text has the same value.
            && {
                let without = format!("{}{}", &text[..at + mark], &text[at + line.trim_end().len()..]);
                let without = Document::parse(without);
                (0..document.entries().len()).all(|entry| without.value(entry) == document.value(entry))
            }
        {
            found.push((at + mark, line[mark..].trim_end()));
        }
        at += line.len();
    }
    found
}

/// Changes a value at one path at random: a value, a key or an item. `None` if there is nothing to remove.
fn changed(root: &Value, path: &manifest::Path, random: &mut Random) -> Option<Value> {
    let mut value = root.clone();
    let pointer = path.segments().iter().fold(String::new(), |pointer, segment| {
        let step = match segment {
            manifest::Segment::Key(key) => key.replace('~', "~0").replace('/', "~1"),
            manifest::Segment::Index(index) => index.to_string(),
        };
        format!("{pointer}/{step}")
    });
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/").replace("~0", "~");
    let place = value.pointer_mut(&pointer).unwrap();
    match (random.below(5), &mut *place) {
        (0, Value::String(text)) => text.push_str("\nmore of it\n"),
        (1, Value::Array(items)) => {
            let at = random.below(items.len() + 1);
            items.insert(at, json!({"name": "new", "x": [1]}));
        }
        (2, Value::Object(map)) => drop(map.insert("new".to_owned(), json!("a: b"))),
        (3, _) => match value.pointer_mut(parent).unwrap() {
            Value::Array(items) if items.len() > 1 => drop(items.remove(last.parse().unwrap())),
            Value::Object(map) if map.len() > 1 => drop(map.shift_remove(&last)),
            _ => return None,
        },
        (_, place) => *place = json!(random.below(1000)),
    }
    Some(value)
}

/// Changes the JSON of real manifests at random: values, keys, items. What the change does not concern is
/// unchanged.
#[test]
fn real_manifests_keep_unrelated_comments() {
    let (mut made, mut rejected) = (0, 0);
    for (number, (name, text)) in files().into_iter().enumerate() {
        let document = Document::parse(text.as_str());
        // Long ones take minutes without additional coverage.
        if document.format() == Format::Json
            || !document.is_valid()
            || document.entries().is_empty()
            || text.len() > 40_000
        {
            continue;
        }
        let comments = comments(&text);
        let json = document.convert(Format::Json).unwrap();
        let root: Value = serde_json::from_str(&json).unwrap();
        let several = document.entries().len() > 1;
        assert_eq!(
            document.with_json(&Document::parse(json), false).unwrap().text(),
            text,
            "{name}"
        );
        let mut random = Random(number as u64 + 1);
        let all = paths(&root);
        for _ in 0..40 {
            let path = &all[random.below(all.len())];
            let skip = usize::from(several);
            if path.segments().len() <= skip {
                continue;
            }
            let Some(value) = changed(&root, path, &mut random) else {
                continue;
            };
            let json = Document::parse(format!("{value:#}\n"));
            let after = match document.with_json(&json, false) {
                Ok(after) => after,
                Err(AssignError::Shared(_)) => {
                    rejected += 1;
                    continue;
                }
                Err(error) => panic!("{name}: {error:?} at {path}"),
            };
            made += 1;
            let back = after.convert(Format::Json).unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&back).unwrap(),
                value,
                "{name} {path}"
            );
            let entry = match path.segments().first() {
                Some(manifest::Segment::Index(index)) if several => *index,
                _ => 0,
            };
            let inner = manifest::Path::from(path.segments()[skip..].to_vec());
            let about = document.range(entry, &inner).map(|range| {
                let start = document
                    .key_range(entry, &inner)
                    .map_or(range.start, |key| key.start);
                start.min(range.start)..range.end
            });
            let about = about.unwrap_or(0..0);
            for (at, comment) in &comments {
                // A comment within the value, next to its end, or directly above it belongs to it.
                let beside = *at >= about.end && !text[about.end..*at].contains('\n');
                let above = *at < about.start
                    && text[*at..about.start].lines().skip(1).all(|line| {
                        let line = line.trim_start();
                        line.is_empty() || line.starts_with(['#', '-'])
                    });
                if about.contains(at) || beside || above {
                    continue;
                }
                // Repeated comments cannot be told apart.
                let is_one = text.matches(comment).count() == 1;
                assert!(
                    !is_one || after.text().contains(comment),
                    "{name} {path}: {comment}\n{}",
                    after.text()
                );
            }
        }
    }
    assert!(
        made > 1000 && rejected < made / 10,
        "{made} made, {rejected} rejected"
    );
}

#[test]
fn folded_scalar_is_moved_unchanged() {
    let text = "a:\n  - >\n    echo # no comment\n      b: c\n  - 1\n";
    let mut document = Document::parse(text);
    let edit = Edit::Move {
        path: "a".parse().unwrap(),
        from: 0,
        to: 1,
    };
    document.apply(0, &edit).unwrap();
    assert_eq!(
        document.text(),
        "a:\n  - 1\n  - >\n    echo # no comment\n      b: c\n"
    );
    check(
        text,
        &json!({"a": [1, "echo # no comment\n  b: c\n"]}),
        "a:\n  - 1\n  - >\n    echo # no comment\n      b: c\n",
    );
}

/// JSON allows characters in strings that YAML refuses, and the server reads such a text as JSON.
#[test]
fn json_strings_may_contain_what_yaml_refuses() {
    for one in ['\u{7f}', '\u{80}', '\u{9f}', '\u{fffe}', '\u{ffff}'] {
        let value = json!({"a\u{7f}": format!("x{one}y"), "b": [format!("{one}")]});
        for text in [value.to_string(), format!("{value:#}")] {
            let mut document = Document::parse(text.clone());
            assert!(
                document.problems().is_empty(),
                "{one:?}: {:?}",
                document.problems()
            );
            assert_eq!(document.value(0), Some(&value), "{one:?}");
            let edit = Edit::Set {
                path: "c".parse().unwrap(),
                value: 1.into(),
            };
            document.apply(0, &edit).unwrap();
            let mut wanted = value.clone();
            wanted["c"] = 1.into();
            assert_eq!(document.value(0), Some(&wanted), "{one:?}");
        }
        let yaml = Document::parse(format!("a: \"x{one}y\"\n"));
        assert!(!yaml.problems().is_empty(), "{one:?}");
    }
}

/// What YAML 1.1 reads as the end of a line is not silently part of a text.
#[test]
fn invisible_line_breaks_are_reported() {
    for one in ['\u{85}', '\u{2028}', '\u{2029}'] {
        for text in [
            format!("a: x{one}y\n"),
            format!("a: \"x{one}y\"\n"),
            format!("a: |\n  x{one}y\n"),
        ] {
            let document = Document::parse(text.clone());
            let codes: Vec<_> = document.problems().iter().map(|problem| problem.code).collect();
            assert_eq!(codes, ["yaml.break"], "{text:?}");
        }
        let json = Document::parse(format!("{{\"a\": \"x{one}y\"}}"));
        assert!(json.problems().is_empty(), "{one:?}");
    }
    let escaped = Document::parse("a: \"x\\Ny\\L\"\n");
    assert!(escaped.problems().is_empty());
}

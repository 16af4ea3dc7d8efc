//! JSON as a view of YAML: what is changed there is changed in the YAML, and nothing else is.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod support;

use manifest::{AssignError, Document, Format};
use serde_json::{Value, json};
use support::corpus::files;
use support::operation::paths;

#[track_caller]
fn check(before: &str, value: &Value, after: &str) {
    let document = Document::parse(before);
    let json = Document::parse(format!("{value:#}\n"));
    let changed = document.with_json(&json, false);
    let changed = changed.unwrap_or_else(|error| panic!("{error:?} for {value} on\n{before}"));
    assert_eq!(changed.text(), after);
}

#[test]
fn a_change_in_json_is_the_smallest_edit_of_the_yaml() {
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
fn numbers_mean_what_they_mean_in_yaml() {
    let document = Document::parse("a: 0644 # octal\nb: 1.0\n");
    let json = Document::parse("{\"a\": 420, \"b\": 1.0, \"c\": 2.0, \"d\": 1e3}");
    let changed = document.with_json(&json, false).unwrap();
    assert_eq!(changed.text(), "a: 0644 # octal\nb: 1.0\nc: 2\nd: 1000\n");
}

#[test]
fn what_is_no_json_is_not_taken() {
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
        for anew in [false, true] {
            assert_eq!(
                document.with_json(&json, anew).err(),
                Some(AssignError::NotJson),
                "{text}"
            );
        }
    }
}

#[test]
fn a_value_of_an_anchor_is_told_before_it_is_lost() {
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
    let anew = document.with_json(&json, true).unwrap();
    assert_eq!(anew.value(0), Some(&value));
    assert_eq!(
        anew.text(),
        "# head\nx:\n  k: 1\nw:\n  k: 5\nz:\n  o: 3\n  k: 1 # own\n"
    );
}

#[test]
fn documents_come_and_go_in_the_array() {
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
    // Documents of comments alone have no JSON, and stay.
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
    // One document that is a list is no list of documents.
    check(
        "- a: 1 # c\n",
        &json!([{"a": 1}, {"b": 2}]),
        "- a: 1 # c\n- b: 2\n",
    );
}

#[test]
fn the_json_follows_the_yaml_in_its_own_layout() {
    let yaml = Document::parse("a: 2\nb: [x]\n");
    let before = Document::parse("{\"a\":1.0,\n   \"b\":[\"x\"]}");
    assert_eq!(yaml.json_after(&before).unwrap(), "{\"a\":2,\n   \"b\":[\"x\"]}");
    let same = Document::parse("a: 1\nb: [x]\n");
    assert_eq!(same.json_after(&before).unwrap(), before.text());
    let two = Document::parse("a: 1\n---\nb: 1\n");
    assert_eq!(two.json_after(&before), two.convert(Format::Json).ok());
}

/// Choices, the same at each run.
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

/// Comments that stand on lines of their own or at the end of a line, as far as that is certain: of each the whole line
/// from the mark on, with its byte.
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
            // Without it the text means the same.
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

/// Real manifests, changed in their JSON at random: values, keys, items. What the change is not about stays.
#[test]
fn real_manifests_keep_the_comments_that_a_change_is_not_about() {
    let (mut made, mut told) = (0, 0);
    for (number, (name, text)) in files().into_iter().enumerate() {
        let document = Document::parse(text.as_str());
        // Long ones cost minutes and show nothing more.
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
            let mut value = root.clone();
            let path = &all[random.below(all.len())];
            let skip = usize::from(several);
            if path.segments().len() <= skip {
                continue;
            }
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
                    _ => continue,
                },
                (_, place) => *place = json!(random.below(1000)),
            }
            let json = Document::parse(format!("{value:#}\n"));
            let after = match document.with_json(&json, false) {
                Ok(after) => after,
                Err(AssignError::Shared(_)) => {
                    told += 1;
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
                // Within the place, beside its end, or right above it, a comment is about it.
                let beside = *at >= about.end && !text[about.end..*at].contains('\n');
                let above = *at < about.start
                    && text[*at..about.start].lines().skip(1).all(|line| {
                        let line = line.trim_start();
                        line.is_empty() || line.starts_with(['#', '-'])
                    });
                if about.contains(at) || beside || above {
                    continue;
                }
                // One that stands several times cannot be told from the others.
                let is_one = text.matches(comment).count() == 1;
                assert!(
                    !is_one || after.text().contains(comment),
                    "{name} {path}: {comment}\n{}",
                    after.text()
                );
            }
        }
    }
    assert!(made > 1000 && told < made / 10, "{made} made, {told} told");
}

//! Edits of texts: what changes, and above all what does not.

use manifest::{Document, Edit, EditError, Path, Splice};
use serde_json::{Value, json};

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

fn set(at: &str, value: Value) -> Edit {
    Edit::Set {
        path: path(at),
        value,
    }
}

fn remove(at: &str) -> Edit {
    Edit::Remove { path: path(at) }
}

fn insert(at: &str, index: usize, value: Value) -> Edit {
    Edit::Insert {
        path: path(at),
        index,
        value,
    }
}

#[track_caller]
fn check(before: &str, edit: &Edit, after: &str) {
    let mut document = Document::parse(before);
    let splices = document
        .apply(0, edit)
        .unwrap_or_else(|error| panic!("{error:?} for {edit:?} on\n{before}"));
    assert_eq!(document.text(), after);
    assert_eq!(manifest::splice(before, &splices), after);
    assert_eq!(
        manifest::splice(after, &manifest::inverse(before, &splices)),
        before,
        "undo"
    );
}

#[test]
fn scalar_is_replaced_in_its_own_quotes() {
    check("a: 1 # one\nb: 2\n", &set("a", json!(5)), "a: 5 # one\nb: 2\n");
    check("a: 'x' # c\n", &set("a", json!("it's")), "a: 'it''s' # c\n");
    check("a: \"x\"\n", &set("a", json!("y")), "a: \"y\"\n");
    check("a: \"\"\n", &set("a", json!("perl:5.28.0")), "a: perl:5.28.0\n");
    check("a: x\n", &set("a", json!("on")), "a: \"on\"\n");
    check("a: x\n", &set("a", json!("0644")), "a: \"0644\"\n");
    check("a: x\n", &set("a", json!("12:30")), "a: \"12:30\"\n");
    check("a: x\r\nb: y\r\n", &set("a", json!("z")), "a: z\r\nb: y\r\n");
    check("a:\nb: 1\n", &set("a", json!("z")), "a: z\nb: 1\n");
    check("a: # c\nb: 1\n", &set("a", json!(0)), "a: 0 # c\nb: 1\n");
    check("a: null", &set("a", json!("")), "a: \"\"");
    check("a: x", &set("a", json!(null)), "a: null");
    check(
        "a: |\n  x\n  y\nb: 1\n",
        &set("a", json!("z")),
        "a: |-\n  z\nb: 1\n",
    );
    check(
        "a: |\n  x\n  y\n\nb: 1\n",
        &set("a", json!("p\nq\n")),
        "a: |\n  p\n  q\n\nb: 1\n",
    );
    check(
        "a: x\nb: 1\n",
        &set("a", json!("p\nq")),
        "a: |-\n  p\n  q\nb: 1\n",
    );
}

#[test]
fn missing_parents_are_created_with_the_file_indentation() {
    check(
        "a:\n    b: 1\n",
        &set("a.c.d", json!(2)),
        "a:\n    b: 1\n    c:\n        d: 2\n",
    );
    check("a: {}\n# end\n", &set("a.b", json!(1)), "a:\n  b: 1\n# end\n");
    check(
        "a: 1",
        &set("b", json!([1, {"c": 2}])),
        "a: 1\nb:\n  - 1\n  - c: 2",
    );
    check(
        "l:\n- 1\na: 1\n",
        &set("m", json!([1])),
        "l:\n- 1\na: 1\nm:\n- 1\n",
    );
    check("a: 1\r\n", &set("b.c", json!(1)), "a: 1\r\nb:\r\n  c: 1\r\n");
    check(
        "spec:\n  # none yet\n  template: {}\n",
        &set("spec.template.spec.x", json!("z")),
        "spec:\n  # none yet\n  template:\n    spec:\n      x: z\n",
    );
    check("s:\n", &set("s.a[0].b", json!(1)), "s:\n  a:\n    - b: 1\n");
}

#[test]
fn flow_collections_and_json_keep_their_layout() {
    check(
        "a: {b: 1, c: 2} # c\n",
        &set("a.b", json!("x, y")),
        "a: {b: \"x, y\", c: 2} # c\n",
    );
    check("a: {b: 1}\n", &set("a.c", json!([1])), "a: {b: 1, c: [1]}\n");
    check("a: [1, 2, 3]\n", &remove("a[1]"), "a: [1, 3]\n");
    check("a: [1, 2, 3]\n", &remove("a[2]"), "a: [1, 2]\n");
    check("a: [1]\n", &remove("a[0]"), "a: []\n");
    let lines = "a: [ # a\n  1, # one\n  # of two\n  2, # two\n  3 # three\n  ] # end\n";
    check(
        lines,
        &remove("a[0]"),
        "a: [ # a\n  # of two\n  2, # two\n  3 # three\n  ] # end\n",
    );
    check(
        lines,
        &remove("a[1]"),
        "a: [ # a\n  1, # one\n  # of two\n  3 # three\n  ] # end\n",
    );
    check(
        lines,
        &remove("a[2]"),
        "a: [ # a\n  1, # one\n  # of two\n  2, # two\n  ] # end\n",
    );
    check(
        "a: { # a\n  k: 1 # one\n  }\n",
        &remove("a.k"),
        "a: { # a\n   # one\n  }\n",
    );
    check("a: [1, 2]\n", &insert("a", 0, json!("x")), "a: [x, 1, 2]\n");
    check("a: []\nb: 1\n", &insert("a", 0, json!("x")), "a:\n  - x\nb: 1\n");
    check(
        "{\n  \"a\": 1\n}\n",
        &set("b", json!({"c": [1]})),
        "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": [\n      1\n    ]\n  }\n}\n",
    );
    check("{\"a\":1}", &set("b", json!("x")), "{\"a\":1,\"b\":\"x\"}");
    check(
        "{\n\t\"a\": [1, 2]\n}",
        &set("a[0]", json!("on")),
        "{\n\t\"a\": [\"on\", 2]\n}",
    );
    check("{\n  \"a\": 1,\n  \"b\": 2\n}", &remove("b"), "{\n  \"a\": 1\n}");
    check("{\n  \"a\": 1,\n  \"b\": 2\n}", &remove("a"), "{\n  \"b\": 2\n}");
    check("{}", &set("a", json!(1)), "{\"a\":1}");
}

#[test]
fn removed_item_takes_only_its_own_comments() {
    let text = "c:\n  # first\n  - name: a # one\n    # in a\n    x: 1\n\n  # second\n  - name: b\n# end\n";
    check(text, &remove("c[0]"), "c:\n\n  # second\n  - name: b\n# end\n");
    check(
        text,
        &remove("c[1]"),
        "c:\n  # first\n  - name: a # one\n    # in a\n    x: 1\n\n# end\n",
    );
    check(
        text,
        &remove("c[0].name"),
        "c:\n  # first\n  -\n    # in a\n    x: 1\n\n  # second\n  - name: b\n# end\n",
    );
    check("a:\n  - b: 1\n    c: 2\n", &remove("a[0].b"), "a:\n  - c: 2\n");
    check("a:\n  b: 1\nc: 2", &remove("c"), "a:\n  b: 1\n");
    check("a:\n  b: 1 # x\nc: 2\n", &remove("a.b"), "a: {}\nc: 2\n");
    check("a:\n- 1\nc: 2\n", &remove("a[0]"), "a: []\nc: 2\n");
    check(
        "a: # of a\n  # about b\n  b: 1 # of b\n  # end of a\nc: 2\n",
        &remove("a.b"),
        "a: {} # of a\n  # about b\n  # end of a\nc: 2\n",
    );
    check(
        "a:\r\n  # about b\r\n  b: 1",
        &remove("a.b"),
        "a: {}\r\n  # about b",
    );
    // The blank line is content of a block scalar with `+`.
    check(
        "a:\n  - |+\n    x\n  - y\n\n  - z # z\n",
        &remove("a[1]"),
        "a:\n  - |+\n    x\n  - z # z\n",
    );
    check("a: |+\n  x\nb: 1\n\nc: 2\n", &remove("b"), "a: |+\n  x\nc: 2\n");
    check("a: 1\n", &remove("a"), "{}\n");
    check(
        "a: 1\n# about b\nb: 2\nc: 3\n",
        &remove("b"),
        "a: 1\n# about b\nc: 3\n",
    );
}

#[test]
fn overwritten_value_keeps_its_comments() {
    let block = "a: |  # why\n  x\n  y\nb: 1\n";
    check(block, &set("a", json!(" z ")), "a: |2-  # why\n   z \nb: 1\n");
    check(
        block,
        &set("a", json!("z\u{1}")),
        "a: \"z\\u0001\"  # why\nb: 1\n",
    );
    check(block, &set("a", json!("")), "a: \"\"  # why\nb: 1\n");
    check(block, &set("a", json!(7)), "a: 7  # why\nb: 1\n");
    check(block, &set("a", json!({"k": 1})), "a:  # why\n  k: 1\nb: 1\n");
    check(
        "l:\n  - >- # why\n    x\n",
        &set("l[0]", json!("\u{1}")),
        "l:\n  - \"\\u0001\" # why\n",
    );
    check(
        "a: # of a\n  # of b\n  b: 1 # one\nc: 2\n",
        &set("a", json!(5)),
        "# of b\n# one\na: 5 # of a\nc: 2\n",
    );
    check(
        "a: [1, # one\n  2] # two\n",
        &set("a", json!("x")),
        "# one\na: x # two\n",
    );
}

#[test]
fn cleared_field_keeps_its_comment_on_its_line() {
    let clear = |before: &str, at: &str, after: &str| {
        let mut document = Document::parse(before);
        document.apply_beside_comments(0, &remove(at)).unwrap();
        assert_eq!(document.text(), after);
    };
    clear("a:\n  b: 1 # why\n  c: 2\n", "a.b", "a:\n  # why\n  c: 2\n");
    clear("a:\n  c: 2\n  b: 1 # why\n", "a.b", "a:\n  c: 2\n  # why\n");
    clear("a:\n  b: 1 # why\nc: 2\n", "a.b", "a: {}\n  # why\nc: 2\n");
    clear(
        "a:\n  b: |  # why\n    x\n  c: 2\n",
        "a.b",
        "a:\n  # why\n  c: 2\n",
    );
    clear(
        "l:\n  - a: 1 # why\n    b: 2\n",
        "l[0].a",
        "l:\n  - b: 2\n    # why\n",
    );
}

#[test]
fn list_items_are_inserted_and_moved_with_their_comments() {
    let text = "c:\n  # first\n  - a\n  # second\n  - b # two\n  - c\n";
    check(
        text,
        &insert("c", 1, json!("x")),
        "c:\n  # first\n  - a\n  - x\n  # second\n  - b # two\n  - c\n",
    );
    check(
        text,
        &insert("c", 3, json!({"k": 1, "l": [2]})),
        "c:\n  # first\n  - a\n  # second\n  - b # two\n  - c\n  - k: 1\n    l:\n      - 2\n",
    );
    let moved = Edit::Move {
        path: path("c"),
        from: 1,
        to: 0,
    };
    check(
        text,
        &moved,
        "c:\n  # second\n  - b # two\n  # first\n  - a\n  - c\n",
    );
    let moved = Edit::Move {
        path: path("c"),
        from: 0,
        to: 2,
    };
    check(
        text,
        &moved,
        "c:\n  # second\n  - b # two\n  - c\n  # first\n  - a\n",
    );
    // Without its line break the folded scalar would be another string.
    let moved = Edit::Move {
        path: path("c"),
        from: 0,
        to: 1,
    };
    check("c:\n  - >\n    a\n  - b", &moved, "c:\n  - b\n  - >\n    a\n");
    check("c:\n  - a\n", &set("c", json!(["x", "z"])), "c:\n  - x\n  - z\n");
    check(
        "c:\n  - a # 1\n  - b # 2\n",
        &set("c", json!(["a"])),
        "c:\n  - a # 1\n",
    );
}

#[test]
fn key_is_renamed_in_place() {
    let edit = |from: &str, to: &str| Edit::Rename {
        path: path(from),
        key: to.to_owned(),
    };
    check("a: 1 # c\nb: 2\n", &edit("a", "on"), "\"on\": 1 # c\nb: 2\n");
    check("{\"a\": 1}", &edit("a", "x y"), "{\"x y\": 1}");
    let mut document = Document::parse("a: 1\nb: 2\n");
    assert_eq!(
        document.apply(0, &edit("a", "b")),
        Err(EditError::KeyExists("b".to_owned()))
    );
    assert_eq!(document.text(), "a: 1\nb: 2\n");
}

#[test]
fn shared_value_is_overridden_here_or_rejected() {
    let text = "x: &x\n  k: 1\nw: *x\nz:\n  <<: *x\n  o: 2\n";
    let mut document = Document::parse(text);
    assert_eq!(
        document.apply(0, &set("w.k", json!(5))),
        Err(EditError::Shared(3..5))
    );
    assert_eq!(
        document.apply(0, &set("x.k", json!(5))),
        Err(EditError::Shared(3..5))
    );
    assert_eq!(document.text(), text);
    check(
        text,
        &set("z.k", json!(7)),
        "x: &x\n  k: 1\nw: *x\nz:\n  <<: *x\n  o: 2\n  k: 7\n",
    );
    check(
        text,
        &set("w", json!(1)),
        "x: &x\n  k: 1\nw: 1\nz:\n  <<: *x\n  o: 2\n",
    );
}

#[test]
fn keys_are_resolved_as_in_kubernetes() {
    check("y: 1\n7: 2\n", &set("true", json!(5)), "y: 5\n7: 2\n");
    check("y: 1\n7: 2\n", &remove("[\"7\"]"), "y: 1\n");
}

#[test]
fn empty_values_are_values() {
    for value in [
        json!({}),
        json!([]),
        json!(0),
        json!(false),
        json!(""),
        json!(null),
    ] {
        let mut document = Document::parse("a: 1\n");
        document.apply(0, &set("b", value.clone())).unwrap();
        assert_eq!(document.get(0, &path("b")), Some(&value));
    }
}

#[test]
fn missing_places_are_rejected() {
    let mut document = Document::parse("a: x\nl: [1]\n");
    for edit in [
        set("a.b", json!(1)),
        set("l[5]", json!(1)),
        insert("l", 3, json!(1)),
        set("l.k", json!(1)),
    ] {
        assert!(
            matches!(document.apply(0, &edit), Err(EditError::NoSuchPlace(_))),
            "{edit:?}"
        );
    }
    assert_eq!(document.apply(0, &remove("nothing.here")), Ok(Vec::new()));
    assert_eq!(
        Document::parse("a: [").apply(0, &set("a", json!(1))),
        Err(EditError::Unreadable)
    );
}

#[test]
fn other_documents_of_the_stream_are_unchanged() {
    let mut document = Document::parse("# head\na: 1\n---\nb: 2\n...\n---\nc: 3\n");
    document.apply(1, &set("b", json!({"x": 1}))).unwrap();
    assert_eq!(document.text(), "# head\na: 1\n---\nb:\n  x: 1\n...\n---\nc: 3\n");
}

#[test]
fn list_starts_at_its_own_dash() {
    let cases = [
        ("- - 0\n- 1\n", 0, "[0]", "- 0"),
        // Not at the dash of the enclosing item, nor at a marker between documents.
        ("a:\n  - x\n  -  - - y # z\n", 0, "a[1]", "- - y"),
        ("a:\n  - x\n  -  - - y # z\n", 0, "a[1][0]", "- y"),
        ("a: 1\n---\n - - 0\n", 1, "", "- - 0"),
        ("a: 1\n...\n--- # b\n- - 0\n", 1, "[0]", "- 0"),
        ("---\r\n-\r\n  - &b\r\n    - 0\r\n", 0, "[0]", "- &b\r\n    - 0"),
    ];
    for (text, entry, at, wanted) in cases {
        let at = if at.is_empty() { Path::root() } else { path(at) };
        let found = Document::parse(text).range(entry, &at);
        assert_eq!(found.map(|range| &text[range]), Some(wanted), "{at} {text}");
    }
}

#[test]
fn key_that_loses_its_quotes_is_parsed_again() {
    let mut document = Document::parse("a: 1\n\"\": y\n");
    document.splice(&[Splice {
        range: 5..7,
        text: String::new(),
    }]);
    assert_eq!(document.text(), "a: 1\n: y\n");
    assert_eq!(document.problems()[0].code, "yaml.key");
    assert_eq!(document.problems(), Document::parse(document.text()).problems());
}

#[test]
fn moved_block_scalar_keeps_its_style_and_its_line_breaks() {
    for (text, from, to, expected) in [
        // One line break: the blank line behind its new place must not become content.
        (
            "a:\n  - |+\n    x\n  - b # c\n\nd: 1\n",
            0,
            1,
            "a:\n  - b # c\n  - |\n    x\n\nd: 1\n",
        ),
        // Two: the blank line that is there becomes content, and its own stays where it was.
        (
            "a:\n  - |+ # c\n    x\n\n  - b\n\nd: 1\n",
            0,
            1,
            "a:\n  - b\n\n  - |+ # c\n    x\n\nd: 1\n",
        ),
        // Three: one is missing.
        (
            "a:\n  - k: |+\n      x\n\n\n  - b\n\nd: 1\n",
            0,
            1,
            "a:\n  - b\n\n\n  - k: |+\n      x\n\n\nd: 1\n",
        ),
    ] {
        let moved = Edit::Move {
            path: path("a"),
            from,
            to,
        };
        check(text, &moved, expected);
    }
}

#[test]
fn mapping_in_braces_that_is_no_json_stays_yaml() {
    check(
        "{kind: Job, metadata: {name: a}} # flow\n",
        &set("metadata.labels.app", json!("x")),
        "{kind: Job, metadata: {name: a, labels: {app: x}}} # flow\n",
    );
    check("{a: 'b'}\n", &set("a", json!("c")), "{a: 'c'}\n");
    check(
        "{\"a\": \"b\"}\n",
        &set("c", json!("d")),
        "{\"a\": \"b\", \"c\": \"d\"}\n",
    );
}

#[test]
fn json_that_is_indented_with_tabs_stays_so() {
    check(
        "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n",
        &set("a.c", json!({"d": [1]})),
        "{\n\t\"a\": {\n\t\t\"b\": 1,\n\t\t\"c\": {\n\t\t\t\"d\": [\n\t\t\t\t1\n\t\t\t]\n\t\t}\n\t}\n}\n",
    );
    check(
        "{\n\t\"a\": [\n\t\t1\n\t]\n}\n",
        &insert("a", 0, json!({"b": 2})),
        "{\n\t\"a\": [\n\t\t{\n\t\t\t\"b\": 2\n\t\t},\n\t\t1\n\t]\n}\n",
    );
}

#[test]
fn file_mode_is_written_in_octal_unless_a_decimal_one_stands_there() {
    let at = "spec.template.spec.volumes[0].secret.defaultMode";
    let text = |mode: &str| {
        format!(
            "spec:\n  template:\n    spec:\n      volumes:\n        - name: v\n          secret:\n            secretName: s{mode}\n"
        )
    };
    for (before, after) in [
        ("", "\n            defaultMode: 0640"),
        (
            "\n            defaultMode: 0400 # c",
            "\n            defaultMode: 0640 # c",
        ),
        ("\n            defaultMode: 420", "\n            defaultMode: 416"),
        (
            "\n            defaultMode: 666",
            "\n            defaultMode: 0640",
        ),
        (
            "\n            defaultMode: \"0644\"",
            "\n            defaultMode: 0640",
        ),
    ] {
        check(&text(before), &set(at, json!(0o640)), &text(after));
    }
    check(
        "data: {}\n",
        &set("data.mode", json!(420)),
        "data:\n  mode: 420\n",
    );
}

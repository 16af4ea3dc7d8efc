//! Strings of several lines: set in any style and place, they have the value that was set, and every byte that the
//! change does not concern is unchanged.
#![allow(clippy::format_push_string, reason = "a test's text")]

use manifest::{Document, Edit, Path};
use proptest::prelude::*;
use serde_json::Value;

/// The string before the change: a key's value or a list item, with `~` for its content's column.
const STYLES: [&str; 26] = [
    "word one",
    "one two\n~three",
    "'it''s # x'",
    "'one\n~two\n\n~three'",
    "\"a\\tb \\u00e9 \\\" \\x41 end\"",
    "\"set -e\\necho one\\necho two # x\\n\"",
    "\"one\n~two \\\n~ three\"",
    "\"\"",
    "~",
    "17",
    "|\n~set -e\n~echo one\n\n~  deeper # no comment\n~echo two",
    "| # of the header\n~one\n~two",
    "|-\n~one\n~two",
    "|-\n~one\n\n~\ttwo  \n~  \n~three",
    "|+\n~one\n~two",
    "|+\n~one\n\n",
    "|2-\n~ one\n~two",
    "|2\n~\n~  one",
    "!!str |\n~one\n~two",
    "&unused |\n~one\n~two",
    ">\n~one two\n~three\n\n~four\n~  more\n~  more\n~five",
    ">-\n~one\n~two",
    "> # folded\n~one\n\n\n~two",
    ">+\n~one\n~two\n",
    ">2\n~ one\n~two",
    "|\n~x",
];

/// The text after it.
const TAILS: [&str; 8] = [
    "\nnext: 2 # tail\n",
    " # beside\nnext: 2\n",
    "\n\nnext: 2\n",
    "\n\n\n# far\nnext: 2\n",
    "\n# near\nnext: 2\n",
    "\n    # deeper than what follows\nnext: 2\n",
    "\n",
    "",
];

const PIECES: [&str; 24] = [
    "x", "\n", "\n\n", " ", "  ", "\t", "#", " # c", ": ", "'", "\"", "\\", "- a", "---", "é任务", "🚀",
    "\u{a0}", "\u{2028}", "\u{85}", "\r", "\u{7}", "\u{feff}", "{{ x }}", "%",
];

struct Scene {
    text: String,
    path: Path,
    /// Where the value's own lines start.
    head: usize,
    /// The text after them, without blank lines.
    tail: String,
    style: &'static str,
}

fn scene(choices: &[u8]) -> Scene {
    let style = STYLES[usize::from(choices[0]) % STYLES.len()];
    let tail = TAILS[usize::from(choices[1]) % TAILS.len()];
    let (before, path, column) = [
        ("# head\na: 1\nkey: ", "key", 2),
        ("# head\nkey:\n  - first\n  - ", "key[1]", 4),
        ("key:\n- ", "key[0]", 2),
        ("# head\nlist:\n    - name: x\n      key: ", "list[0].key", 8),
        ("outer:\n    inner:\n        key: ", "outer.inner.key", 10),
    ][usize::from(choices[2]) % 5];
    let is_block = style.contains(['|', '>']);
    // A comment next to a block scalar would be content.
    let tail = if is_block && tail.starts_with(" #") {
        TAILS[0]
    } else {
        tail
    };
    let fragment = if style == "~" {
        style.to_owned()
    } else {
        style.replace('~', &" ".repeat(column))
    };
    // Text further right than what follows would become content of an existing block scalar.
    let tail = if is_block && tail.contains("deeper") {
        TAILS[0]
    } else {
        tail
    };
    let mut text = format!("{before}{fragment}{tail}");
    // A comment next to it stays on its first line.
    let mut tail = tail
        .trim_start_matches(" # beside")
        .trim_start_matches('\n')
        .to_owned();
    let mut head = before.rfind('\n').map_or(0, |at| at + 1);
    if choices[3].is_multiple_of(4) {
        head += text[..head].matches('\n').count();
        text = text.replace('\n', "\r\n");
        tail = tail.replace('\n', "\r\n");
    }
    Scene {
        text,
        path: path.parse().unwrap(),
        head,
        tail,
        style,
    }
}

/// Returns another string: the old one after a few keystrokes, or a new one.
fn change(old: &str, choices: &[u8]) -> String {
    let boundary = |text: &str, at: usize| {
        (0..=at.min(text.len()))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap()
    };
    let mut text = if choices[0].is_multiple_of(8) {
        String::new()
    } else {
        old.to_owned()
    };
    for choice in choices[1..].chunks_exact(3).take(1 + usize::from(choices[0] % 3)) {
        let at = boundary(&text, usize::from(choice[0]) * (text.len() + 1) / 256);
        if choice[1] % 4 == 0 {
            let end = boundary(&text, at + usize::from(choice[2] % 8));
            text.replace_range(at..end.max(at), "");
        } else {
            text.insert_str(at, PIECES[usize::from(choice[2]) % PIECES.len()]);
        }
    }
    text
}

fn string(document: &Document, path: &Path) -> String {
    match document.get(0, path) {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn string_set_in_any_style_has_the_value(choices in proptest::collection::vec(any::<u8>(), 24)) {
        let Scene { text, path, head, tail, style } = scene(&choices);
        let mut document = Document::parse(text.as_str());
        prop_assert!(document.is_valid(), "{text}");
        let old = string(&document, &path);
        for keys in choices[4..].chunks_exact(10) {
            let before = document.text().to_owned();
            let new = change(&string(&document, &path), keys);
            let edit = Edit::Set { path: path.clone(), value: new.as_str().into() };
            let made = document.apply(0, &edit);
            prop_assert!(made.is_ok(), "{style:?} {made:?} {new:?}\n{before}");
            prop_assert_eq!(document.get(0, &path), Some(&Value::from(new.as_str())), "\n{}\n=>\n{}", before, document.text());
            prop_assert_eq!(&document.text()[..head], &text[..head]);
            prop_assert!(document.text().ends_with(&tail), "{}\n=>\n{}", before, document.text());
            let again = Document::parse(document.text());
            prop_assert_eq!(again.value(0), document.value(0));
        }
        prop_assert_eq!(string(&Document::parse(text), &path), old);
    }

    #[test]
    fn keystroke_in_a_script_changes_only_its_line(at in 0_usize..900, choice in 0_usize..6, style in 0_usize..6) {
        let (header, pad, last) = [("|", "  ", "\n"), ("|-", "  ", ""), ("|+", "  ", "\n"), ("|4", "    ", "\n"), ("| # why", "        ", "\n"), ("|2-", "  ", "")][style];
        let script = script();
        let value = script.trim_end_matches('\n').to_owned() + last;
        let lines = script.lines().map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") });
        let lines = lines.collect::<Vec<_>>().join("\n");
        let before = format!("a: 1\nkey: {header}\n{lines}\nb: 2 # c\n");
        let mut document = Document::parse(before.as_str());
        prop_assert_eq!(document.get(0, &Path::of(["key"])), Some(&Value::from(value.as_str())));
        let at = (0..=at.min(value.trim_end().len())).rev().find(|at| value.is_char_boundary(*at)).unwrap();
        let typed = ["!", "\n", "é", " ", "\t", "\n\n"][choice];
        let mut new = value.clone();
        new.insert_str(at, typed);
        document.apply(0, &Edit::Set { path: Path::of(["key"]), value: new.as_str().into() }).unwrap();
        prop_assert_eq!(document.get(0, &Path::of(["key"])), Some(&Value::from(new.as_str())));
        let indicator = if at == 0 && typed.starts_with([' ', '\t']) && !header.contains(['2', '4']) { return Ok(()) } else { header };
        let lines = new.trim_end_matches('\n').split('\n').map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") });
        let trailing = new.len() - new.trim_end_matches('\n').len();
        if trailing == value.len() - value.trim_end_matches('\n').len() {
            let wanted = format!("a: 1\nkey: {indicator}\n{}\nb: 2 # c\n", lines.collect::<Vec<_>>().join("\n"));
            prop_assert_eq!(document.text(), wanted);
        }
    }
}

/// Returns a script of forty lines with all difficult cases in one.
fn script() -> String {
    let mut script = String::from("set -e\n\n");
    for number in 0..12 {
        script += &format!("echo {number} # \"x\": 'y'\nif true; then\n  echo -- \\\n    --- {number}\nfi\n");
        if number % 5 == 0 {
            script.push_str("\techo tab\n\n");
        }
    }
    script
}

#[track_caller]
fn check(before: &str, at: &str, value: &str, after: &str) {
    let mut document = Document::parse(before);
    let path: Path = at.parse().unwrap();
    document
        .apply(
            0,
            &Edit::Set {
                path,
                value: value.into(),
            },
        )
        .unwrap_or_else(|error| panic!("{error:?} for {value:?} on\n{before}"));
    assert_eq!(document.text(), after);
}

#[test]
fn block_scalar_keeps_its_style() {
    check("a: |\n  x\n  y\nb: 1\n", "a", "x\nz\n", "a: |\n  x\n  z\nb: 1\n");
    check(
        "a: | # why\n    x\n    y\nb: 1\n",
        "a",
        "x\ny",
        "a: |- # why\n    x\n    y\nb: 1\n",
    );
    check("a: |-\n  x\n  y\nb: 1\n", "a", "x\ny\n", "a: |\n  x\n  y\nb: 1\n");
    check("a: |-\n  x\n  y\nb: 1\n", "a", "x", "a: |-\n  x\nb: 1\n");
    check(
        "a: |\n  x\n  y\n\nb: 1\n",
        "a",
        "  x\ny\n",
        "a: |2\n    x\n  y\n\nb: 1\n",
    );
    check(
        "a: |\n  x\n  y\nb: 1\n",
        "a",
        "x\ny\n\n\n",
        "a: |+\n  x\n  y\n\n\nb: 1\n",
    );
    check("a: |+\n  x\n\n\nb: 1\n", "a", "x\n\n", "a: |+\n  x\n\nb: 1\n");
    check("a: |\n  x\nb: 1\n", "a", "", "a: \"\"\nb: 1\n");
    check("a: |\n  x\nb: 1\n", "a", "x\u{7}\n", "a: \"x\\u0007\\n\"\nb: 1\n");
    check(
        "a: !!str |\n  x\nb: 1\n",
        "a",
        "x\ny\n",
        "a: !!str |\n  x\n  y\nb: 1\n",
    );
    check(
        "a: |\r\n  x\r\nb: 1\r\n",
        "a",
        "x\ny\n",
        "a: |\r\n  x\r\n  y\r\nb: 1\r\n",
    );
    check("- |\n x\n- b\n", "[0]", "y\nz\n", "- |\n y\n z\n- b\n");
}

#[test]
fn folded_scalar_keeps_its_lines() {
    let text = "a: >\n  one two\n  three\n\n  four\n    more\n  five\nb: 1\n";
    check(
        text,
        "a",
        "one two three!\nfour\n  more\nfive\n",
        &text.replace("three", "three!"),
    );
    check(
        text,
        "a",
        "one2 two three\nfour\n  more\nfive\n",
        &text.replace("one", "one2"),
    );
    check(
        text,
        "a",
        "one two three\nfour\n  more\nfive six\n",
        &text.replace("five", "five six"),
    );
    check(
        text,
        "a",
        "one two three\nnew\nfour\n  more\nfive\n",
        &text.replace("three\n\n", "three\n\n  new\n\n"),
    );
    check(
        text,
        "a",
        "one two three\nfour\n  more\nfive",
        &text.replace('>', ">-"),
    );
}

#[test]
fn string_that_gains_a_line_break_becomes_a_literal_block() {
    check("a: x # c\nb: 1\n", "a", "p\nq", "a: |- # c\n  p\n  q\nb: 1\n");
    check("a: 'x'\nb: 1\n", "a", "p\nq\n", "a: |\n  p\n  q\nb: 1\n");
    check("a: \"\"\nb: 1\n", "a", "p\n", "a: |\n  p\nb: 1\n");
    check(
        "c:\n  - sh # c\n  - b\n",
        "c[0]",
        "p\n q\n",
        "c:\n  - | # c\n    p\n     q\n  - b\n",
    );
    check(
        "a: x\n    # deep\nb: 1\n",
        "a",
        "p\nq\n",
        "a: |\n     p\n     q\n    # deep\nb: 1\n",
    );
    check("a: x", "a", "p\nq\n", "a: |\n  p\n  q\n");
    check("a: x\n\n\n\nb: 1\n", "a", "p\n\n", "a: \"p\\n\\n\"\n\n\n\nb: 1\n");
    check("a: x\nb: 1\n", "a", "\n", "a: \"\\n\"\nb: 1\n");
    check("a: x\nb: 1\n", "a", "p\r\nq", "a: \"p\\r\\nq\"\nb: 1\n");
    check("a: x\nb: 1\n", "a", "p\u{2028}q\n", "a: \"p\\u2028q\\n\"\nb: 1\n");
    check("a: [sh, -c, x]\n", "a[2]", "p\nq", "a: [sh, -c, \"p\\nq\"]\n");
    check("{\"a\": \"x\"}", "a", "p\nq", "{\"a\": \"p\\nq\"}");
}

#[test]
fn quotes_and_unchanged_parts_keep_their_spelling() {
    check(
        "a: \"\\x41\\tb\\n c\" # d\n",
        "a",
        "A\tb\n c!",
        "a: \"\\x41\\tb\\n c!\" # d\n",
    );
    check("a: 'it''s'\n", "a", "it's!", "a: 'it''s!'\n");
    check(
        "a: \"one\n  two\n  three\"\n",
        "a",
        "one two three!",
        "a: \"one\n  two\n  three!\"\n",
    );
    check("a: [\"\\u00e9\", b]\n", "a[0]", "éx", "a: [\"\\u00e9x\", b]\n");
    check(
        "{\"a\": \"\\u00e9\\ud83d\\ude80\"}",
        "a",
        "é🚀\n",
        "{\"a\": \"\\u00e9\\ud83d\\ude80\\n\"}",
    );
    check("a: 'x'\n", "a", "x\t", "a: \"x\\t\"\n");
}

//! Mutates manifests as texts: scalars, keys, duplicates, merge keys, documents and white space of YAML.

use fastrand::Rng;

/// Scalars that YAML 1.1, YAML 1.2 or JSON reads in its own way.
const SCALARS: &[&str] = &[
    "yes",
    "No",
    "ON",
    "off",
    "y",
    "N",
    "true",
    "True",
    "TRUE",
    "tRue",
    "false",
    "null",
    "Null",
    "NULL",
    "~",
    "",
    "''",
    "\"\"",
    "0",
    "-0",
    "+1",
    "1",
    "010",
    "0o10",
    "0O10",
    "0x1F",
    "0X1f",
    "-0x1F",
    "0b101",
    "0B1",
    "-0b1",
    "1_000",
    "_1",
    "1_",
    "0_1",
    "1e3",
    "1E3",
    "1.",
    ".5",
    "-.5",
    "+.5",
    "1.5e-3",
    "1e400",
    "1e-400",
    ".inf",
    "-.Inf",
    "+.INF",
    ".nan",
    ".NaN",
    "1:30",
    "190:20:30",
    "1:30.5",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "2026-1-1",
    "2026-01-01 10:00:00",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "0777",
    "0888",
    "08",
    "09.5",
    "1.0",
    "1.50",
    "100000000000000000000000",
    "!!str 5",
    "!!int \"5\"",
    "!!float 5",
    "!!bool \"yes\"",
    "!!null ''",
    "!!binary aGVsbG8=",
    "! 5",
    "!foo 5",
    "!!str",
    "&a 5",
    "'5'",
    "\"5\"",
    "\"\\x41\"",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\n\"",
    "'it''s'",
    "'a\"b'",
    "\"a'b\"",
    "a#b",
    "a #b",
    "a: b",
    "a:b",
    "- a",
    "-",
    "--",
    "---",
    "...",
    "?",
    "? a",
    ":",
    "@a",
    "`a`",
    "%a",
    "*a",
    "&",
    "!",
    "|",
    ">",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "[1, 2]",
    "{a: 1}",
    "{a}",
    "[a, ]",
    "{\"a\":1}",
    "=",
    "<<",
    "a\\tb",
    "a\tb",
    "\u{85}",
    "a\u{85}b",
    "\u{2028}",
    "\u{feff}a",
    "\u{a0}a",
    "  a",
    "a  ",
    "é",
    "名",
    "\u{7f}",
    "0.1.2",
    "1.2.3",
    "1,000",
    "12e03",
    "1e",
    "e1",
    "0x",
    "0xg",
    "0b",
    "0b2",
    "+",
    "+-1",
    "1+1",
    "infinity",
    "nan",
    "inf",
    "Nil",
    "none",
    "undefined",
    "0.0",
    "-0.0",
    "+0",
    "00",
    "000",
    "1__0",
    "0x_1",
    "1e1_0",
    "1_0.5",
    ".",
    "..",
    "._5",
    "0.",
    "-.",
    "1.e3",
    ".e3",
    "1e+3",
    "1e+",
    "1E-2",
];

/// Keys that YAML reads in its own way.
const KEYS: &[&str] = &[
    "yes",
    "1",
    "1.5",
    "true",
    "null",
    "~",
    "\"a\"",
    "'a'",
    "? a",
    "<<",
    "010",
    "0x1F",
    "a b",
    "a/b",
    "1e3",
    "!!str a",
    "&k a",
    "*k",
    "[a]",
    "{a: b}",
    "é",
    "\"\"",
    "''",
    "2026-01-01",
    ".inf",
    "\"<<\"",
    "=",
    "on",
    "a:b",
    "- a",
];

/// Block scalars; each line after the first is indented by the number of spaces of the key and two more.
const BLOCKS: &[&str] = &[
    "|\n  a\n  b",
    "|-\n  a",
    "|+\n  a\n",
    ">\n  a\n  b\n\n  c",
    ">-\n  a\n   b\n  c",
    "|2\n   a",
    "|2-\n    a",
    "|\n\n  a",
    "|1\n  a",
    ">+\n  a\n\n",
    "|\n  # a",
    "|\n\ta",
    "|0\n  a",
    "|-2\n  a",
    "| # note\n  a",
    "|a\n  b",
    "\"a\n  b\"",
    "'a\n\n  b'",
    "a\n  b",
    "a\n  b: c",
    "\"a\\\n  b\"",
];

/// Mutates a text, and describes how.
pub fn mutate(text: &str, random: &mut Rng) -> (String, Vec<String>) {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut how = Vec::new();
    for _ in 0..[1, 1, 2][random.usize(..3)] {
        how.extend(once(&mut lines, random));
    }
    let mut text = lines.join("\n") + "\n";
    match random.u8(..40) {
        0 => {
            text = text.replace('\n', "\r\n");
            how.push("CRLF".to_owned());
        }
        1 => {
            text.insert(0, '\u{feff}');
            how.push("byte order mark".to_owned());
        }
        // A second start would make the first document an empty one, and that is the one the server reads.
        2 if !text.contains("---") => {
            text.insert_str(
                0,
                [
                    "---\n",
                    "--- # a\n",
                    "%YAML 1.1\n---\n",
                    "# a\n---\n",
                    "\n\n---\n",
                    "%YAML 1.2\n---\n",
                    "%TAG ! !a\n---\n",
                ][random.usize(..7)],
            );
            how.push("start of a document".to_owned());
        }
        3 => {
            text.push_str(
                ["...\n", "---\n", "---\n# a\n", "...\n---\n", "\n\n...\n# a\n"][random.usize(..5)],
            );
            how.push("end of a document".to_owned());
        }
        4 => {
            text.truncate(text.trim_end().len());
            how.push("no newline at the end".to_owned());
        }
        5 => {
            let at = (0..=text.len())
                .filter(|at| text.is_char_boundary(*at))
                .nth(random.usize(..text.chars().count()))
                .unwrap_or_default();
            let one = [
                "\t", " ", "\n", "'", "\"", ":", "#", "\u{0}", "-", "*", "&", "\r", "\u{1}",
            ][random.usize(..13)];
            text.insert_str(at, one);
            how.push(format!("insert {one:?}"));
        }
        _ => {}
    }
    (text, how)
}

/// Splits a line into its indentation with dashes, its key, and its value.
fn parts(line: &str) -> Option<(&str, &str, &str)> {
    let start = line
        .find(|one: char| one != ' ' && one != '-')
        .unwrap_or(line.len());
    let (head, rest) = line.split_at(start);
    let (key, value) = rest.split_once(':')?;
    let is_plain = !key.is_empty()
        && key
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || "._/-".contains(one));
    (is_plain && (value.is_empty() || value.starts_with(' '))).then_some((head, key, value.trim()))
}

fn once(lines: &mut Vec<String>, random: &mut Rng) -> Option<String> {
    // Without these two a text does not say what it is; the server takes that from the URL.
    let is_known = |line: &str| {
        parts(line).is_some_and(|(head, key, _)| !head.is_empty() || !["kind", "apiVersion"].contains(&key))
    };
    let known: Vec<usize> = (0..lines.len()).filter(|at| is_known(&lines[*at])).collect();
    let at = *random.choice(&known)?;
    let line = lines[at].clone();
    let (head, key, value) = parts(&line)?;
    let indent = " ".repeat(head.len());
    match random.u8(..100) {
        0..40 => {
            let with_value: Vec<usize> = known
                .iter()
                .copied()
                .filter(|at| parts(&lines[*at]).is_some_and(|(.., value)| !value.is_empty()))
                .collect();
            let at = *random.choice(&with_value)?;
            let (head, key, _) = parts(&lines[at])?;
            let scalar = SCALARS[random.usize(..SCALARS.len())];
            let how = format!("{key}: {scalar:?}");
            lines[at] = format!("{head}{key}: {scalar}");
            Some(how)
        }
        40..50 => {
            // Where any text is valid, the value itself is compared.
            let at = lines.iter().position(|line| line == "metadata:")?;
            let scalar = SCALARS[random.usize(..SCALARS.len())];
            let quoted = format!("\"{scalar}\"");
            let scalar = if random.u8(..6) == 0 {
                quoted.as_str()
            } else {
                scalar
            };
            lines.insert(at + 1, "  annotations:".to_owned());
            lines.insert(at + 2, format!("    x: {scalar}"));
            Some(format!("annotation {scalar:?}"))
        }
        50..58 => {
            let block = BLOCKS[random.usize(..BLOCKS.len())].replace("\n ", &format!("\n{indent} "));
            lines[at] = format!("{head}{key}: {block}");
            Some(format!("{key}: {block:?}"))
        }
        58..66 => {
            let new = KEYS[random.usize(..KEYS.len())];
            lines[at] = format!("{head}{new}: {value}");
            Some(format!("{key} becomes {new}"))
        }
        66..74 => {
            let new = KEYS[random.usize(..KEYS.len())];
            lines.insert(at, format!("{head}{new}: a"));
            lines[at + 1] = format!("{indent}{}", line.trim_start_matches([' ', '-']));
            Some(format!("{new} before {key}"))
        }
        74..80 => {
            lines.insert(
                at + usize::from(!value.is_empty()),
                format!("{indent}{key}: {value}"),
            );
            Some(format!("{key} twice"))
        }
        80..85 => {
            lines.remove(at);
            Some(format!("without {key}"))
        }
        85..90 => {
            lines[at] = format!(" {line}");
            Some(format!("{key} indented"))
        }
        90..94 => {
            let merged = [
                "<<: {a: b}",
                "<<: *x",
                "<<: [{a: b}, {c: d}]",
                "<<: a",
                "<<: null",
                "<<: {}",
            ][random.usize(..6)];
            lines.insert(at, format!("{head}{merged}"));
            lines[at + 1] = format!("{indent}{}", line.trim_start_matches([' ', '-']));
            Some(format!("{merged} before {key}"))
        }
        94..97 => {
            lines[at] = format!("{line} # {value}");
            Some(format!("comment after {key}"))
        }
        _ => {
            lines[at] = line.replacen(": ", ":\t", 1);
            Some(format!("tab after {key}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_texts() {
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: a\nspec:\n  template: {}\n";
        let made = |seed| mutate(text, &mut Rng::with_seed(seed));
        assert_eq!(made(5), made(5));
        assert!((0..20).any(|seed| made(seed) != made(5)));
    }

    #[test]
    fn lines_are_split_at_their_key() {
        assert_eq!(parts("  - name: a b"), Some(("  - ", "name", "a b")));
        assert_eq!(parts("spec:"), Some(("", "spec", "")));
        assert_eq!(parts("  # a: b"), None);
    }
}

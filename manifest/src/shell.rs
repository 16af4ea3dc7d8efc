//! Reads a pasted command line: splits it by the shell's quoting rules (POSIX 2.2) without expansion, and reports
//! what only a shell does. Kubernetes starts a program without one.

use serde_json::Value;

use crate::document::Document;

/// Why a line cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A quote is not closed; the byte offset of its start.
    #[error("the quote at byte {0} is not closed")]
    Open(usize),
    /// A line break outside of quotes ends the first command; the byte offset of the second.
    #[error("a second command starts at byte {0}")]
    Lines(usize),
}

/// Splits a line into words. `$`, `*`, `|` and the like stay unchanged: nothing is expanded.
pub fn split(line: &str) -> Result<Vec<String>, SplitError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.char_indices().peekable();
    let mut ended = false;
    while let Some((at, c)) = chars.next() {
        let joins = c == '\\' && matches!(chars.peek(), Some((_, '\n')));
        if ended && !c.is_whitespace() && !joins {
            return Err(SplitError::Lines(at));
        }
        match c {
            '\\' => match chars.next() {
                // A backslash before a line break joins the lines.
                Some((_, '\n')) => {}
                Some((_, next)) => word.get_or_insert_default().push(next),
                None => word.get_or_insert_default().push('\\'),
            },
            '\'' => loop {
                match chars.next() {
                    Some((_, '\'')) => break,
                    Some((_, c)) => word.get_or_insert_default().push(c),
                    None => return Err(SplitError::Open(at)),
                }
                word.get_or_insert_default();
            },
            '"' => {
                word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some((_, '"')) => break,
                        Some((_, '\\')) => match chars.next() {
                            Some((_, c @ ('$' | '`' | '"' | '\\'))) => word.get_or_insert_default().push(c),
                            Some((_, '\n')) => {}
                            Some((_, c)) => word.get_or_insert_default().extend(['\\', c]),
                            None => return Err(SplitError::Open(at)),
                        },
                        Some((_, c)) => word.get_or_insert_default().push(c),
                        None => return Err(SplitError::Open(at)),
                    }
                }
            }
            c if c.is_whitespace() => {
                words.extend(word.take());
                ended |= c == '\n' && !words.is_empty();
            }
            c => word.get_or_insert_default().push(c),
        }
        if c == '\'' {
            word.get_or_insert_default();
        }
    }
    words.extend(word);
    Ok(words)
}

/// A pasted command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Its words: those of an array (`["sh", "-c", "x"]`, as in a Dockerfile or manifest), or those of the shell's
    /// quoting rules.
    pub words: Result<Vec<String>, SplitError>,
    /// What only a shell does with it, in the order of the text: `&&`, `|`, `>`, `$(…)`, `cd`. Empty if the words
    /// alone mean the same.
    pub shell_syntax: Vec<String>,
}

/// Words before an array in a Dockerfile or a manifest.
const ARRAY_HEADS: [&str; 7] = [
    "CMD",
    "ENTRYPOINT",
    "RUN",
    "command:",
    "args:",
    "Cmd:",
    "Entrypoint:",
];

/// Commands and keywords that are no programs: a shell executes them itself.
const BUILTINS: [&str; 22] = [
    ".", "alias", "break", "case", "cd", "continue", "eval", "exec", "exit", "export", "for", "if", "return",
    "set", "shift", "source", "trap", "ulimit", "umask", "unset", "until", "while",
];

/// Programs that execute a script given after `-c`.
const SHELLS: [&str; 6] = ["sh", "bash", "ash", "dash", "zsh", "ksh"];

/// Reads a command line.
pub fn read(text: &str) -> CommandLine {
    if let Some(words) = array(text) {
        return CommandLine {
            words: Ok(words),
            shell_syntax: Vec::new(),
        };
    }
    let words = split(text);
    let shell_syntax = shell_syntax(text, words.as_deref().unwrap_or_default());
    CommandLine { words, shell_syntax }
}

/// Returns the words that execute a text by a shell, unchanged but for white space around it.
pub fn script(text: &str) -> Vec<String> {
    ["sh", "-c", text.trim()].map(str::to_owned).to_vec()
}

/// Parses an array of words: JSON, or a flow sequence of YAML with commas. `[ -f x ]` is a command.
fn array(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    let text = ARRAY_HEADS
        .iter()
        .find_map(|head| text.strip_prefix(head))
        .map_or(text, str::trim_start);
    if !text.starts_with('[') {
        return None;
    }
    if let Ok(words) = serde_json::from_str(text) {
        return Some(words);
    }
    let document = Document::parse(text);
    let items = document.value(0)?.as_array()?;
    let is_array = text.contains([',', '"', '\'']) && document.is_valid() && document.entries().len() == 1;
    let word = |(index, item): (usize, &Value)| {
        let path = crate::path::Path::root().index(index);
        match item {
            Value::String(text) => Some(text.clone()),
            _ => document.spelling(0, &path).map(str::to_owned),
        }
    };
    is_array
        .then(|| items.iter().enumerate().map(word).collect())
        .flatten()
}

/// Returns what only a shell does, each once.
fn shell_syntax(text: &str, words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |syntax: String| {
        if !found.contains(&syntax) {
            found.push(syntax);
        }
    };
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_assignment = first.split_once('=').is_some_and(|(name, _)| is_variable(name));
    if is_assignment || BUILTINS.contains(&first) {
        add(first.to_owned());
    }
    // The script of `sh -c "…"` expands variables itself.
    let program = words
        .first()
        .map_or("", |word| word.rsplit('/').next().unwrap_or_default());
    let has_script = SHELLS.contains(&program)
        && words
            .iter()
            .any(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c'));
    let mut quote = None;
    let mut at_start = true;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        let rest = &text[at..];
        let was_at_start = std::mem::replace(&mut at_start, c.is_whitespace());
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                chars.next();
            }
            (None, '\'' | '"') => quote = Some(c),
            (_, '$' | '`') if quote.is_none() || !has_script => {
                if let Some(expansion) = expansion(rest) {
                    add(expansion);
                }
                if rest.starts_with("$(") {
                    chars.next();
                }
            }
            (Some(_), _) => {}
            (None, '#' | '~' | '(') if was_at_start => {
                let is_path = rest[1..].starts_with('/') || rest.len() == 1;
                if c != '~' || is_path {
                    add(c.to_string());
                }
            }
            (None, _) => {
                let operators = ["&&", "||", ">>", "<<", "|", ";", "&", ">", "<", "*"];
                if let Some(operator) = operators.iter().find(|operator| rest.starts_with(**operator)) {
                    add((*operator).to_owned());
                    if operator.len() == 2 {
                        chars.next();
                    }
                }
            }
        }
    }
    found
}

/// Returns how an expansion at the start of a text is displayed. `$(NAME)` is Kubernetes' own reference to a
/// variable.
fn expansion(text: &str) -> Option<String> {
    if text.starts_with('`') {
        return Some("`…`".to_owned());
    }
    let rest = text.strip_prefix('$')?;
    if let Some(inner) = rest.strip_prefix('(') {
        let name = inner.split(')').next().unwrap_or_default();
        let is_reference = is_variable(name) && !name.contains(|c: char| c.is_ascii_lowercase());
        return (!is_reference).then(|| "$(…)".to_owned());
    }
    if rest.starts_with('{') {
        return Some("${…}".to_owned());
    }
    let length = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    is_variable(&rest[..length]).then(|| format!("${}", &rest[..length]))
}

/// Returns whether a text is the name of a shell variable.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Joins words to a line that [`split`] splits into the same words.
pub fn join<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quote = |word: &str| {
        let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split_by_shell_rules() {
        let words = |line| split(line).unwrap();
        assert_eq!(
            words("perl -Mbignum=bpi -wle 'print bpi(2000)'"),
            ["perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"]
        );
        assert_eq!(
            words(r#"a "b \"c\" \d" 'e\' f"#),
            ["a", "b \"c\" \\d", "e\\", "f"]
        );
        assert_eq!(words("  '' \"\" x''y "), ["", "", "xy"]);
        assert_eq!(words("a\\ b \\\n c"), ["a b", "c"]);
        assert_eq!(split("a 'b"), Err(SplitError::Open(2)));
        assert_eq!(split("\"x\\"), Err(SplitError::Open(0)));
        assert_eq!(words("\n a \\\n  -b 'x\ny' \n\n"), ["a", "-b", "x\ny"]);
        assert_eq!(split("a b\nc"), Err(SplitError::Lines(4)));
    }

    #[test]
    fn arrays_of_a_dockerfile_or_manifest_are_read() {
        for (text, words) in [
            (r#"["sh","-c","x && y"]"#, vec!["sh", "-c", "x && y"]),
            (r#"CMD ["a", "b c"]"#, vec!["a", "b c"]),
            ("ENTRYPOINT [\"a\"]\n", vec!["a"]),
            (
                "command: [sh, -c, 'it''s', 1.10]",
                vec!["sh", "-c", "it's", "1.10"],
            ),
            ("[\n  \"a\",\n  \"b\"\n]", vec!["a", "b"]),
            ("[]", vec![]),
        ] {
            let line = read(text);
            assert_eq!(line.words.unwrap(), words, "{text}");
            assert!(line.shell_syntax.is_empty());
        }
        assert_eq!(read("[ -f x ]").words.unwrap(), ["[", "-f", "x", "]"]);
    }

    #[test]
    fn syntax_of_the_shell_is_found_outside_quotes_only() {
        for (text, syntax) in [
            ("a && b", vec!["&&"]),
            ("a | b > c; d", vec!["|", ">", ";"]),
            ("a || b >> c 2>&1", vec!["||", ">>", ">", "&"]),
            (
                "echo $(date) `id` ${A} $B \"$C\" '$D'",
                vec!["$(…)", "`…`", "${…}", "$B", "$C"],
            ),
            ("cat <<EOF\nx\nEOF", vec!["<<"]),
            ("cd /tmp", vec!["cd"]),
            ("A=1 b", vec!["A=1"]),
            ("ls *.txt ~/x # all", vec!["*", "~", "#"]),
            ("if true; then x; fi", vec!["if", ";"]),
            ("perl -Mbignum=bpi -wle 'print bpi(2000)'", vec![]),
            ("a 'b && c' \"d | e\" f\\;g x~y a#b --opt=1 http://h/?q=1", vec![]),
            ("bash -c \"echo $HOME $(date)\"", vec![]),
            ("/bin/sh -ec 'a && b'", vec![]),
            ("sh -c 'a' && b", vec!["&&"]),
            ("echo $(POD_NAME) costs 5$", vec![]),
        ] {
            assert_eq!(read(text).shell_syntax, syntax, "{text}");
        }
    }

    #[test]
    fn script_keeps_every_line() {
        let text = "\n cat <<EOF\n a\nEOF\n\n";
        assert_eq!(script(text), ["sh", "-c", "cat <<EOF\n a\nEOF"]);
    }

    #[test]
    fn joined_words_survive_roundtrip() {
        let words = ["a b", "", "it's", "x,y", "$(z)", "任务"];
        assert_eq!(split(&join(words)).unwrap(), words);
    }
}

//! Splits a pasted command line by the shell's quoting rules (POSIX 2.2), without expansion.

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
    fn joined_words_survive_roundtrip() {
        let words = ["a b", "", "it's", "x,y", "$(z)", "任务"];
        assert_eq!(split(&join(words)).unwrap(), words);
    }
}

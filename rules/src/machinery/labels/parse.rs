//! Parser of label selectors in query parameters (`app=a,tier in (x, y),!old`), with apimachinery's error messages
//! ([labels](https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api)).

use super::{Operator, Requirement};
use crate::machinery::names;

/// Parses a selector; the error is the server's message.
pub fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let parser = Parser {
        tokens: tokens(text),
        at: 0,
    };
    parser.selector()
}

/// Splits a selector into words and symbols. White space only separates tokens.
fn tokens(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let symbol = |byte: u8| matches!(byte, b'=' | b'!' | b'(' | b')' | b',' | b'<' | b'>');
    let space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if space(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        if symbol(bytes[at]) {
            let double = matches!(text.get(at..at + 2), Some("==" | "!="));
            at += if double { 2 } else { 1 };
        } else {
            while at < bytes.len() && !symbol(bytes[at]) && !space(bytes[at]) {
                at += 1;
            }
        }
        tokens.push(&text[start..at]);
    }
    tokens
}

/// A recursive descent parser; the end of the text is an empty token.
struct Parser<'a> {
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).copied().unwrap_or_default()
    }

    fn next(&mut self) -> &'a str {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn selector(mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        match self.peek() {
            "" => return Ok(requirements),
            first if !starts_requirement(first) => {
                return Err(format!(
                    "found '{first}', expected: !, identifier, or 'end of string'"
                ));
            }
            _ => {}
        }
        loop {
            let requirement = self.requirement();
            requirements.push(requirement.map_err(|why| format!("unable to parse requirement: {why}"))?);
            match self.next() {
                "" => return Ok(requirements),
                "," if starts_requirement(self.peek()) => {}
                "," => return Err(format!("found '{}', expected: identifier after ','", self.peek())),
                other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut token = self.next();
        let negated = token == "!";
        if negated {
            token = self.next();
        }
        if !is_word(token) {
            return Err(format!("found '{token}', expected: identifier"));
        }
        let key = token.to_owned();
        let problems = names::qualified_name(&key);
        if !problems.is_empty() {
            // The server validates the key before it knows its path.
            return Err(format!(
                "<nil>: Invalid value: \"{key}\": {}",
                joined_messages(&problems)
            ));
        }
        let operator = if negated {
            Operator::DoesNotExist
        } else if matches!(self.peek(), "" | ",") {
            Operator::Exists
        } else {
            self.comparison(&key)?
        };
        Ok(Requirement { key, operator })
    }

    fn comparison(&mut self, key: &str) -> Result<Operator, String> {
        Ok(match self.next() {
            "=" | "==" => Operator::In(checked(key, vec![self.value()?])?),
            "!=" => Operator::NotIn(checked(key, vec![self.value()?])?),
            "in" => Operator::In(checked(key, self.values()?)?),
            "notin" => Operator::NotIn(checked(key, self.values()?)?),
            ">" => Operator::GreaterThan(number(key, &self.value()?)?),
            "<" => Operator::LessThan(number(key, &self.value()?)?),
            other => {
                return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt"));
            }
        })
    }

    /// Parses one value, which may be empty.
    fn value(&mut self) -> Result<String, String> {
        match self.peek() {
            "" | "," => Ok(String::new()),
            word if is_word(word) => Ok(self.next().to_owned()),
            other => Err(format!("found '{other}', expected: identifier")),
        }
    }

    /// Parses values in parentheses and sorts them; two adjacent commas enclose an empty value.
    fn values(&mut self) -> Result<Vec<String>, String> {
        match self.next() {
            "(" => {}
            other => return Err(format!("found '{other}' expected: '('")),
        }
        let mut values: Vec<String> = Vec::new();
        match self.peek() {
            ")" => values.push(String::new()),
            first if first != "," && !is_word(first) => {
                return Err(format!("found '{first}', expected: ',', ')' or identifier"));
            }
            _ => self.list(&mut values)?,
        }
        // The closing parenthesis.
        self.at += 1;
        values.sort();
        values.dedup();
        Ok(values)
    }

    /// Parses values up to the closing parenthesis.
    fn list(&mut self, values: &mut Vec<String>) -> Result<(), String> {
        loop {
            match self.next() {
                "," => {
                    if values.is_empty() || matches!(self.peek(), "," | ")") {
                        values.push(String::new());
                    }
                    if self.peek() == ")" {
                        return Ok(());
                    }
                }
                word if is_word(word) => {
                    values.push(word.to_owned());
                    match self.peek() {
                        "," => {}
                        ")" => return Ok(()),
                        other => return Err(format!("found '{other}', expected: ',' or ')'")),
                    }
                }
                other => return Err(format!("found '{other}', expected: ',', or identifier")),
            }
        }
    }
}

/// Returns whether a requirement can start with the token.
fn starts_requirement(token: &str) -> bool {
    token == "!" || is_word(token)
}

fn is_word(token: &str) -> bool {
    !matches!(token, "" | "=" | "==" | "!=" | "!" | "(" | ")" | "," | "<" | ">")
}

fn number(key: &str, value: &str) -> Result<i64, String> {
    let number = value.parse();
    let mut problems = Vec::new();
    if number.is_err() {
        problems.push(format!(
            "values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
        ));
    }
    problems.extend(value_problem(key, 0, value));
    match number {
        Ok(number) if problems.is_empty() => Ok(number),
        _ => Err(aggregate(problems)),
    }
}

fn checked(key: &str, values: Vec<String>) -> Result<Vec<String>, String> {
    let problems: Vec<String> = values
        .iter()
        .enumerate()
        .filter_map(|(index, value)| value_problem(key, index, value))
        .collect();
    if problems.is_empty() {
        Ok(values)
    } else {
        Err(aggregate(problems))
    }
}

fn value_problem(key: &str, index: usize, value: &str) -> Option<String> {
    let problems = names::label_value(value);
    let why = joined_messages(&problems);
    (!problems.is_empty()).then(|| format!("values[{index}][{key}]: Invalid value: \"{value}\": {why}"))
}

/// Joins the messages about a name.
fn joined_messages(faults: &[names::Fault]) -> String {
    let sentences: Vec<_> = faults.iter().map(|fault| fault.sentence()).collect();
    sentences.join("; ")
}

/// Joins messages as Go's aggregated errors do.
fn aggregate(mut problems: Vec<String>) -> String {
    if problems.len() == 1 {
        problems.remove(0)
    } else {
        format!("[{}]", problems.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_selector_reports_unexpected_token() {
        let cases = [
            ("app=a,", "found '', expected: identifier after ','"),
            ("=a", "found '=', expected: !, identifier, or 'end of string'"),
            (",app", "found ',', expected: !, identifier, or 'end of string'"),
            ("!app=a", "found '=', expected: ',' or 'end of string'"),
            (
                "app in (a",
                "unable to parse requirement: found '', expected: ',' or ')'",
            ),
            (
                "app in (",
                "unable to parse requirement: found '', expected: ',', ')' or identifier",
            ),
            (
                "app in (a,",
                "unable to parse requirement: found '', expected: ',', or identifier",
            ),
            ("app in a", "unable to parse requirement: found 'a' expected: '('"),
            ("app==a=b", "found '=', expected: ',' or 'end of string'"),
            (
                "app=(a)",
                "unable to parse requirement: found '(', expected: identifier",
            ),
            ("!", "unable to parse requirement: found '', expected: identifier"),
            (
                "app gt 1",
                "unable to parse requirement: found 'gt', expected: in, notin, =, ==, !=, gt, lt",
            ),
            (
                "app>x",
                "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
            ),
        ];
        for (text, why) in cases {
            assert_eq!(parse(text).unwrap_err(), why, "{text}");
        }
        let why = parse("-a").unwrap_err();
        assert!(
            why.starts_with("unable to parse requirement: <nil>: Invalid value: \"-a\": name part must"),
            "{why}"
        );
    }

    #[test]
    fn values_may_be_empty() {
        let values = |text: &str| match &parse(text).unwrap()[0].operator {
            Operator::In(values) | Operator::NotIn(values) => values.join("|"),
            _ => "none".to_owned(),
        };
        let cases = [
            ("app=", ""),
            ("app in ()", ""),
            ("app in (,)", ""),
            ("app in (b,a)", "a|b"),
            ("app in (a,,b)", "|a|b"),
            ("app in (a,)", "|a"),
            ("in notin (in,notin)", "in|notin"),
        ];
        for (text, wanted) in cases {
            assert_eq!(values(text), wanted, "{text}");
        }
    }
}

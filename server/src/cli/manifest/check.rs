//! `jobwright manifest check`: reports problems as `file:line:column` lines that editors can jump to, or as JSON.

use std::fmt::Write as _;
use std::io::Read;
use std::path::PathBuf;

use manifest::{Document, Language, Problem, Schema, Severity, line_column, schema};
use serde_json::{Value, json};

use crate::cli::manifest::{CommandError, OK, PROBLEMS};

/// Returns the report and the exit code.
pub(crate) fn check(
    files: &[PathBuf],
    json: bool,
    input: &mut dyn Read,
) -> Result<(String, u8), CommandError> {
    // No cluster is queried here, so the schema is the bundled one, of the newest Kubernetes.
    let known = Schema::bundled()?;
    let (mut lines, mut values, mut code) = (String::new(), Vec::new(), OK);
    for file in files {
        let document = Document::parse(crate::cli::manifest::read(file, input)?);
        let name = file.display().to_string();
        for problem in document
            .problems()
            .iter()
            .chain(&schema::check(&document, &known))
        {
            if problem.severity == Severity::Error {
                code = PROBLEMS;
            }
            let (line, column) = line_column(document.text(), problem.range.start);
            let text = problem.text(Language::En);
            let severity = severity(problem);
            // Writing to a `String` cannot fail.
            let _ = writeln!(
                lines,
                "{name}:{line}:{column}: {severity}: {text} [{}]",
                problem.code
            );
            values.push(value(&name, problem, line, column));
        }
    }
    let report = if json {
        format!("{:#}\n", Value::Array(values))
    } else {
        lines
    };
    Ok((report, code))
}

fn severity(problem: &Problem) -> &'static str {
    match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    }
}

fn value(file: &str, problem: &Problem, line: usize, column: usize) -> Value {
    json!({
        "file": file,
        "line": line,
        "column": column,
        "start": problem.range.start,
        "end": problem.range.end,
        "document": problem.entry,
        "path": problem.field.clone().unwrap_or_else(|| problem.path.to_string()),
        "severity": severity(problem),
        "code": problem.code,
        "message": problem.text(Language::En),
    })
}

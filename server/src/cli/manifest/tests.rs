//! Commands as a user types them.

use clap::Parser;
use serde_json::{Value, json};

use crate::cli::arguments::{Arguments, Command};

const JOB: &str = "# head\napiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  backoffLimit: 4 # few\n  \
                   template:\n    spec:\n      restartPolicy: Never\n      containers:\n        - name: c\n          \
                   image: x:1\n";

/// Exit code, standard output and standard error.
fn run(arguments: &[&str], input: &str) -> (u8, String, String) {
    let words = ["jobwright", "manifest"].iter().chain(arguments);
    let Command::Manifest { command } = Arguments::try_parse_from(words).unwrap().command else {
        unreachable!("the arguments name it");
    };
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let code = crate::cli::manifest::run(&command, &mut input.as_bytes(), &mut output, &mut errors);
    (
        code,
        String::from_utf8(output).unwrap(),
        String::from_utf8(errors).unwrap(),
    )
}

#[test]
fn set_and_remove_keep_every_other_byte() {
    let (code, text, _) = run(&["set", "-", "spec.backoffLimit", "0"], JOB);
    assert_eq!(
        (code, text),
        (0, JOB.replace("backoffLimit: 4", "backoffLimit: 0"))
    );
    let (code, text, _) = run(&["remove", "-", "spec.backoffLimit"], JOB);
    assert_eq!((code, text), (0, JOB.replace("  backoffLimit: 4 # few\n", "")));
    assert_eq!(run(&["set", "-", "spec.backoffLimit", "four"], JOB).0, 2);
    assert_eq!(run(&["set", "-", "kind.x", "1"], JOB).0, 1);
}

#[test]
fn get_reads_the_first_job_or_the_given_document() {
    let stream = format!("kind: ConfigMap\napiVersion: v1\n---\n{JOB}");
    assert_eq!(run(&["get", "-", "kind"], &stream).1, "\"Job\"\n");
    assert_eq!(
        run(&["get", "-", "kind", "--document", "0"], &stream).1,
        "\"ConfigMap\"\n"
    );
    assert_eq!(run(&["get", "-", "kind", "--document", "7"], &stream).0, 1);
    assert_eq!(run(&["get", "-", "spec.nothing"], JOB).0, 1);
}

#[test]
fn check_lists_problems_with_line_and_column() {
    assert_eq!(run(&["check", "-"], JOB), (0, String::new(), String::new()));
    let wrong = JOB.replace("backoffLimit: 4", "backoffLimit: -4");
    let (code, text, _) = run(&["check", "-"], &wrong);
    assert_eq!(code, 1);
    assert!(
        text.starts_with("-:6:17: error: ") && text.ends_with("[field.minimum]\n"),
        "{text}"
    );
    let unknown = JOB.replace("backoffLimit: 4", "backofLimit: 4");
    let (code, text, _) = run(&["check", "-"], &unknown);
    assert_eq!(code, 1);
    assert!(
        text.starts_with("-:6:3: error: ") && text.ends_with("[field.unknown.near]\n"),
        "{text}"
    );
    let (_, text, _) = run(&["check", "--json", "-"], &wrong);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value[0]["path"], json!("spec.backoffLimit"));
    assert_eq!(run(&["check", "no/such/file"], "").0, 2);
}

#[test]
fn convert_writes_json() {
    let (code, text, _) = run(&["convert", "-", "--to", "json"], JOB);
    assert_eq!(code, 0);
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap()["spec"]["backoffLimit"],
        json!(4)
    );
    assert_eq!(run(&["convert", "-", "--to", "json"], "a: [").0, 1);
}

//! Compares the rules and the schema with recorded responses of a real API server, error by error and field by
//! field.
//!
//! `UPDATE_DOCS=1 cargo test -p manifest --test it validation` regenerates the tables of `docs/validation.md`.

use std::fmt::Write;

use crate::support::recording::{Field, Recording, all};
use crate::support::{corpus, openapi};
use manifest::schema::check;
use manifest::{Document, Schema, Severity};

/// Returns the errors of a text with their paths; a text that does not parse has one without a path.
fn errors(text: &str, schema: &Schema, lenient: bool) -> Vec<Found> {
    let document = Document::parse(text);
    let problems = check(&document, schema);
    let syntax = document.problems().iter();
    syntax
        .chain(&problems)
        .filter(|problem| problem.severity == Severity::Error)
        .filter(|problem| {
            !lenient || !problem.code.starts_with("field.unknown") && problem.code != "yaml.key.duplicate"
        })
        .map(|problem| Found {
            path: problem.path.to_string(),
            field: problem.field.clone(),
            code: problem.code,
        })
        .collect()
}

/// An error that was found.
#[derive(PartialEq, Eq)]
struct Found {
    path: String,
    /// The field as the server would name it.
    field: Option<String>,
    code: &'static str,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({:?}, {:?})", self.path, self.code)
    }
}

impl Found {
    /// Returns whether the server's field is this one.
    fn is_at(&self, field: &Field) -> bool {
        let named = matches!(field, Field::Path(path) if self.field.as_ref() == Some(path));
        named || is_same(field, &self.path)
    }
}

/// Returns whether the server's field is this path.
fn is_same(field: &Field, path: &str) -> bool {
    let keys = |text: &str| {
        let plain = plain(text);
        let parts = plain.split('.').filter(|part| part.parse::<u32>().is_err());
        // Embedded Go structs have no key of their own (`ProbeHandler`).
        let parts = parts.filter(|part| !part.starts_with(|c: char| c.is_ascii_uppercase()));
        parts.map(str::to_owned).collect::<Vec<_>>()
    };
    match field {
        Field::Path(field) => spellings(field)
            .iter()
            .any(|spelling| matches(spelling, &plain(path))),
        Field::Decoded(field) => {
            let (wanted, found) = (keys(field), keys(path));
            wanted == found || found.len() == wanted.len() + 1 && found[..wanted.len()] == wanted
        }
        Field::Key(key) => plain(path).rsplit('.').next() == Some(key),
    }
}

/// Normalizes a path to dots: `limits[cpu]`, `limits.cpu` and `limits["cpu"]` are the same path.
fn plain(path: &str) -> String {
    let dotted = path.replace(['[', '{'], ".").replace([']', '}', '"'], "");
    dotted.replace("..", ".")
}

/// Matches a pattern in which `*` stands for a list index and `+` for any key.
fn matches(wanted: &str, path: &str) -> bool {
    let (wanted, path): (Vec<_>, Vec<_>) = (wanted.split('.').collect(), path.split('.').collect());
    wanted.len() == path.len()
        && wanted.iter().zip(&path).all(|(wanted, part)| {
            wanted == part || *wanted == "*" && part.parse::<u32>().is_ok() || *wanted == "+"
        })
}

/// Maps the server's own spelling to the document's path where the two differ. Source: the `field.Path`s that
/// k8s.io/kubernetes `pkg/apis/core/validation` builds without `Index`, or with the names of Go.
const SPELLINGS: [(&str, &str, &str); 17] = [
    (
        "spec.template.labels",
        "spec.template.metadata.labels",
        "level left out",
    ),
    (
        "spec.template.annotations",
        "spec.template.metadata.annotations",
        "level left out",
    ),
    (".HostPID", ".hostPID", "Go's name"),
    (".HostIPC", ".hostIPC", "Go's name"),
    (".overhead.limits", ".overhead", "level too many"),
    (
        ".resources.storage",
        ".resources.requests.storage",
        "level left out",
    ),
    (".volumeMounts.", ".volumeMounts.*.", "position left out"),
    (".ownerReferences.", ".ownerReferences.*.", "position left out"),
    (".envFrom", ".envFrom.*", "position left out"),
    (".finalizers", ".finalizers.*", "position left out"),
    (".httpHeaders", ".httpHeaders.*.name", "position left out"),
    (
        ".resources.requests",
        ".resources.requests.+",
        "the request that is above or not equal to its limit",
    ),
    (
        ".securityContext.shareProcessNamespace",
        ".shareProcessNamespace",
        "level too many",
    ),
    (".downwardAPI", ".downwardAPI.items.*", "position left out"),
    (
        ".projected.path",
        ".projected.sources.*.serviceAccountToken.path",
        "source left out",
    ),
    (
        ".topologyKey, whenUnsatisfiable",
        "",
        "the item, whose two keys repeat another's",
    ),
    (
        ".projected.downwardAPI",
        ".projected.sources.*.downwardAPI",
        "source left out",
    ),
];

fn spellings(field: &str) -> Vec<String> {
    let field = plain(field);
    let mut all = vec![field.clone()];
    for (written, meant, _) in SPELLINGS {
        if let Some(at) = field.find(written) {
            let mut other = field.clone();
            other.replace_range(at..at + written.len(), meant);
            all.push(other);
        }
    }
    all
}

/// Reasons of known differences from a recording.
const REASONS: [(&str, &str); 2] = [
    (
        "158-valid-image-volume-reference-missing",
        "the rules are those of 1.37, which asks for a reference; 1.36 did not",
    ),
    (
        "014-json-lone-surrogate",
        "Go's JSON reader puts U+FFFD in place of half a surrogate pair; its YAML reader refuses it, and so does this one",
    ),
];

#[derive(Default)]
struct Count {
    recordings: usize,
    verdicts: usize,
    fields: usize,
    found: usize,
    out_of_scope: usize,
    /// Rejected Jobs with an error at a field that the server does not name.
    more: Vec<String>,
    differences: Vec<String>,
    outside: Vec<(String, &'static str)>,
}

fn compare(recordings: &[Recording], schema: &Schema) -> Count {
    let mut count = Count::default();
    for recording in recordings {
        if let Some(reason) = recording.out_of_scope {
            count.out_of_scope += 1;
            count.outside.push((recording.name.clone(), reason));
            continue;
        }
        count.recordings += 1;
        let found = errors(&recording.text, schema, recording.lenient);
        if recording.taken == found.is_empty() {
            count.verdicts += 1;
        } else {
            let verdict = if recording.taken { "taken" } else { "refused" };
            count.differences.push(format!(
                "{}: the server has {verdict} it; found {found:?}",
                recording.name
            ));
        }
        for field in &recording.fields {
            count.fields += 1;
            if found.iter().any(|found| found.is_at(field)) {
                count.found += 1;
            } else {
                count.differences.push(format!(
                    "{}: `{}` is not found, but {found:?}",
                    recording.name,
                    field.written()
                ));
            }
        }
        let named = |found: &&Found| recording.fields.iter().any(|field| found.is_at(field));
        let more: Vec<_> = found.iter().filter(|found| !named(found)).collect();
        if !recording.fields.is_empty() && !more.is_empty() {
            count.more.push(format!("{}: {more:?}", recording.name));
        }
    }
    count
}

#[test]
fn verdicts_and_fields_match_the_server() {
    let schema = openapi::schema();
    let mut table = String::from(
        "| Recordings | in scope | same verdict | fields named by the server | found at the same field |\n|---|---|---|---|---|\n",
    );
    let mut differences = String::new();
    let mut outside = String::new();
    let (mut verdicts, mut fields) = ((0, 0), (0, 0));
    for group in ["validation", "decoding"] {
        let count = compare(&all(group), &schema);
        let _ = writeln!(
            table,
            "| {group} | {} of {} | {} | {} | {} |",
            count.recordings,
            count.recordings + count.out_of_scope,
            count.verdicts,
            count.fields,
            count.found
        );
        for difference in &count.differences {
            let reason = REASONS.iter().find(|(name, _)| difference.starts_with(name));
            let reason = reason.map_or("not explained yet", |(_, reason)| reason);
            let _ = writeln!(differences, "- {difference}\n  Reason: {reason}.");
        }
        for (name, reason) in &count.outside {
            let _ = writeln!(outside, "| {name} | {reason} |");
        }
        for more in &count.more {
            println!("more errors than the server named: {more}");
        }
        verdicts = (verdicts.0 + count.verdicts, verdicts.1 + count.recordings);
        fields = (fields.0 + count.found, fields.1 + count.fields);
    }
    if differences.is_empty() {
        differences.push_str("None.\n");
    }
    let mut spelling = String::from("| The server writes | meant is | |\n|---|---|---|\n");
    for (written, meant, why) in SPELLINGS {
        let _ = writeln!(spelling, "| `{written}` | `{meant}` | {why} |");
    }
    let made = format!(
        "{table}\nDifferences:\n\n{differences}\nOut of scope:\n\n| Recording | says by |\n|---|---|\n{outside}\n\
         Spellings of the server that are no paths of the document (`*` is a position, `+` a key):\n\n{spelling}"
    );
    println!("{made}");
    println!("verdicts {verdicts:?}, fields {fields:?}");
    assert!(verdicts.1 > 330 && fields.1 > 240, "the recordings are read");
    assert!(
        verdicts.0 * 100 >= verdicts.1 * 98,
        "verdicts: {verdicts:?}\n{differences}"
    );
    assert!(
        fields.0 * 100 >= fields.1 * 95,
        "fields: {fields:?}\n{differences}"
    );
    documented(&made);
}

/// Checks that the documentation contains these tables.
fn documented(made: &str) {
    let file = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/validation.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let mark = "<!-- Below: written by manifest/tests/it/validation.rs -->\n";
    let (head, tables) = text.split_once(mark).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, format!("{head}{mark}\n{made}")).unwrap();
    } else {
        assert_eq!(tables.trim(), made.trim(), "run it with UPDATE_DOCS=1");
    }
}

/// YAML and JSON of the same Job have the same problems.
#[test]
fn both_formats_have_the_same_problems() {
    let schema = openapi::schema();
    for recording in all("validation") {
        let document = Document::parse(recording.text.clone());
        let yaml = document.convert(manifest::Format::Yaml).unwrap();
        assert_eq!(
            errors(&recording.text, &schema, false),
            errors(&yaml, &schema, false),
            "{}",
            recording.name
        );
    }
}

/// The errors of real manifests: the server rejects each of these too (placeholders, missing names, duplicates).
#[test]
fn real_manifests_raise_no_false_alarm() {
    let mut alarms = Vec::new();
    for (name, text) in corpus::files() {
        if corpus::is_sample(&name) {
            continue;
        }
        let document = Document::parse(text);
        for problem in manifest::validate(&document) {
            if problem.severity == Severity::Error {
                alarms.push(format!(
                    "{name}: {} at {} {:?}",
                    problem.code, problem.path, problem.subjects
                ));
            }
        }
    }
    alarms.sort();
    insta::assert_snapshot!(alarms.join("\n"));
}

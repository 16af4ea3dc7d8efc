//! State of the wizard: one document and how the user views it.
//!
//! The text is the single source of truth. Fields read it through paths and change it through edits; the editor
//! changes it directly; neither knows of the other.

mod editing;

use std::sync::Arc;

use leptos::prelude::*;
use manifest::{Document, History, Path, Problem, Report, Severity, Splice};
use send_wrapper::SendWrapper;
use serde_json::Value;

use crate::api::create::Offers;
use crate::i18n::Text;
use crate::pages::create_job::fields::id_in;
use crate::pages::create_job::json::Json;
use crate::pages::create_job::problems::{ServerResponse, all_problems, find_local_problems, known_names};
use crate::pages::create_job::schema::ClusterSchema;
use crate::pages::create_job::state::editing::TypingSession;
use crate::pages::create_job::step::Step;
use crate::pages::create_job::untouched::Untouched;

/// Notifications to the editor on the page; `Wizard::editor` holds it while it exists.
pub trait EditorPort {
    /// Applies splices of `before` that changed the text.
    fn splice(&self, before: &str, splices: &[Splice]);
    /// Scrolls to an offset and focuses it.
    fn reveal(&self, text: &str, offset: usize);
}

/// Document of the form and the problems of the text. The parts derive from this one value: to leave a signal takes
/// time in proportion to its subscribers.
#[derive(Clone, PartialEq)]
struct Snapshot {
    entry: usize,
    document: Document,
    problems: Arc<Vec<Problem>>,
}

/// Part of the document: its text, and its problems without their place, which every edit above moves.
#[derive(Clone, PartialEq)]
struct Part {
    entry: usize,
    source: String,
    problems: Vec<Problem>,
}

/// Fields that are updated only when their part of the document changes: in a Job with hundreds of containers a key
/// concerns one of them.
#[derive(Clone, Copy)]
struct Scope {
    path: StoredValue<Path>,
    part: Memo<Part>,
}

/// State of the wizard. Cheap to copy; it lives as long as the page.
#[derive(Clone, Copy)]
pub struct Wizard {
    /// Project.
    pub project: Memo<String>,
    /// Document, the source of truth.
    pub document: RwSignal<Document>,
    /// JSON view of the document, while it is shown.
    pub json: RwSignal<Option<Json>>,
    /// Displayed text: the document, or its JSON view.
    pub shown: Memo<Document>,
    /// JSON text that undo discarded; redo restores it.
    pub discarded_json: StoredValue<Option<Json>>,
    /// Latest state of the document that parsed: what the form shows.
    pub readable: Memo<Document>,
    /// Position of the document that the form edits: the first Job.
    pub entry: Memo<usize>,
    /// Undo and redo history.
    pub history: RwSignal<History>,
    /// Current step.
    pub step: Memo<Step>,
    /// Whether edit mode is on.
    pub editing: Memo<bool>,
    /// Whether the URL alone determines the initial text, so that the server renders it too.
    pub has_url_text: bool,
    /// Byte ranges of the text that the last edit wrote.
    pub highlighted: RwSignal<Vec<std::ops::Range<usize>>>,
    /// Reason why the last edit was rejected.
    pub edit_error: RwSignal<Option<Text>>,
    /// What the last fix did to a whole document.
    pub report: RwSignal<Option<Report>>,
    /// Whether the user has seen the containers, or asked to create the Job: until then nothing blames an empty form.
    pub is_begun: RwSignal<bool>,
    /// Last response to Create, with its text.
    pub create_response: RwSignal<ServerResponse>,
    /// Last response to a dry run, with its text. Dry runs start by themselves while the user edits.
    pub dry_run_response: RwSignal<ServerResponse>,
    /// Whether a dry run is running.
    pub dry_run_pending: RwSignal<bool>,
    /// Texts of the documents that earlier attempts created. A document that was changed since is sent again, and
    /// the cluster rejects it as existing.
    pub created_texts: RwSignal<Vec<String>>,
    /// Objects that the project offers.
    pub offers: RwSignal<Option<Offers>>,
    /// Whether they could not be read. They are requested again.
    pub offers_failed: RwSignal<bool>,
    /// Minor version of the cluster; none while it is unknown.
    pub minor_version: RwSignal<Option<u16>>,
    /// Schema of the cluster; none until it has arrived.
    pub schema: ClusterSchema,
    /// Text as it was imported.
    pub imported: RwSignal<Option<String>>,
    /// Items that were just added.
    pub untouched: Untouched,
    /// Field that a search or a problem leads to: lists turn to its page, and closed parts around it open.
    pub wanted: RwSignal<Option<Wanted>>,
    /// Field that had the focus last.
    pub focused: RwSignal<Path>,
    // Problems that can be found without the server.
    local_problems: Memo<Vec<Problem>>,
    /// All problems: of the text, of the rules, of the server's last response.
    pub problems: Memo<Vec<Problem>>,
    // Typing in one field, as long as it goes on.
    typing: StoredValue<Option<TypingSession>>,
    // Position of the document that this form is about, if it is not the Job.
    other: Option<usize>,
    // What the parts of the document derive from.
    snapshot: Memo<Snapshot>,
    // Part of the document that these fields are in.
    scope: Option<Scope>,
    // Wrapped only if there is one: the server drops its pages on any thread.
    editor: StoredValue<Option<SendWrapper<Box<dyn EditorPort>>>>,
}

/// Field that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Position of its document, if it is not the Job.
    pub other: Option<usize>,
    /// Its path.
    pub path: Path,
    /// Whether it is not among the fields that are built.
    pub is_missing: bool,
}

impl Wizard {
    /// Creates the state for a text.
    pub fn new(project: Memo<String>, step: Memo<Step>, editing: Memo<bool>, url_text: Option<&str>) -> Self {
        let has_url_text = url_text.is_some();
        let text = url_text.map_or_else(|| crate::pages::create_job::examples::empty("job"), str::to_owned);
        let document = RwSignal::new(Document::parse(text));
        let json = RwSignal::new(None::<Json>);
        let shown = Memo::new(move |_| {
            json.with(|json| {
                json.as_ref()
                    .map_or_else(|| document.get(), |json| json.document.clone())
            })
        });
        let readable = Memo::new(move |last: Option<&Document>| {
            let now = document.get();
            if now.is_valid() {
                now
            } else {
                last.cloned().unwrap_or(now)
            }
        });
        let entry = Memo::new(move |_| readable.with(|document| document.job().unwrap_or_default()));
        let create_response = RwSignal::new(None);
        let dry_run_response = RwSignal::new(None);
        let schema = ClusterSchema::new();
        let offers = RwSignal::new(None);
        let is_begun = RwSignal::new(false);
        let known = Memo::new(move |_| offers.with(|offers| known_names(offers.as_ref())));
        let local_problems = Memo::new(move |_| {
            let schema = schema.get();
            document.with(|document| {
                known.with(|known| find_local_problems(document, schema.as_deref(), &project.get(), known))
            })
        });
        let problems = Memo::new(move |_| {
            let mut all = document.with(|document| {
                all_problems(
                    document,
                    local_problems.get(),
                    [&create_response.read(), &dry_run_response.read()],
                )
            });
            if !is_begun.get() {
                for problem in all.iter_mut().filter(|problem| problem.code == NO_CONTAINERS) {
                    problem.severity = Severity::Advice;
                }
            }
            json.with(|json| match json {
                Some(json) if json.pending.is_some() => json.problems(),
                Some(json) => all
                    .iter()
                    .map(|problem| json.displayed_problem(problem))
                    .collect(),
                None => all,
            })
        });
        let snapshot = Memo::new(move |_| Snapshot {
            document: readable.get(),
            entry: entry.get(),
            problems: Arc::new(problems.get()),
        });
        Self {
            project,
            document,
            json,
            shown,
            discarded_json: StoredValue::new(None),
            readable,
            entry,
            history: RwSignal::new(History::default()),
            step,
            editing,
            has_url_text,
            highlighted: RwSignal::new(Vec::new()),
            edit_error: RwSignal::new(None),
            report: RwSignal::new(None),
            is_begun,
            create_response,
            dry_run_response,
            dry_run_pending: RwSignal::new(false),
            local_problems,
            created_texts: RwSignal::new(Vec::new()),
            offers,
            offers_failed: RwSignal::new(false),
            minor_version: RwSignal::new(None),
            schema,
            imported: RwSignal::new(None),
            untouched: Untouched::new(),
            wanted: RwSignal::new(None),
            focused: RwSignal::new(Path::of(["metadata", "name"])),
            problems,
            typing: StoredValue::new(None),
            other: None,
            snapshot,
            scope: None,
            editor: StoredValue::new(None),
        }
    }

    /// Returns the same wizard for the fields below a path, which are updated only when something there changes.
    pub fn scoped(self, path: &Path) -> Self {
        let path = StoredValue::new(path.clone());
        let snapshot = self.snapshot;
        let part = Memo::new(move |_| {
            snapshot.with(|snapshot| {
                let Snapshot {
                    entry,
                    document,
                    problems,
                } = snapshot;
                path.with_value(|path| {
                    // What an anchor stands for may change elsewhere.
                    let source = if document.has_references() {
                        document.text()
                    } else {
                        let range = document.range(*entry, path);
                        range
                            .and_then(|range| document.text().get(range))
                            .unwrap_or_default()
                    };
                    let problems = problems.iter();
                    let within = problems
                        .filter(|problem| problem.entry == Some(*entry) && problem.path.starts_with(path));
                    let without_place = |problem: &Problem| Problem {
                        range: 0..0,
                        ..problem.clone()
                    };
                    Part {
                        entry: *entry,
                        source: source.to_owned(),
                        problems: within.map(without_place).collect(),
                    }
                })
            })
        });
        Self {
            scope: Some(Scope { path, part }),
            ..self
        }
    }

    /// Reads the document for a path: tracks the part around the path if there is one, else the whole document.
    pub fn read<T>(self, path: &Path, read: impl FnOnce(usize, &Document) -> T) -> T {
        if let Some(scope) = self.scope_of(path) {
            scope.part.track();
            let entry = self.entry.get_untracked();
            return self.readable.with_untracked(|document| read(entry, document));
        }
        // Tracked before `entry`, which derives from it: an effect that is the first to update the document through
        // another source is not told of the change.
        self.readable.track();
        let entry = self.entry.get();
        self.readable.with_untracked(|document| read(entry, document))
    }

    /// Returns the part of the document that a path is in.
    fn scope_of(self, path: &Path) -> Option<Scope> {
        self.scope
            .filter(|scope| scope.path.with_value(|within| path.starts_with(within)))
    }

    /// Returns the value at a path of the form's document.
    pub fn get(self, path: &Path) -> Option<Value> {
        self.read(path, |entry, document| document.get(entry, path).cloned())
    }

    /// Returns the number of items of a list.
    pub fn length(self, path: &Path) -> usize {
        self.read(path, |entry, document| {
            document
                .get(entry, path)
                .and_then(Value::as_array)
                .map_or(0, Vec::len)
        })
    }

    /// Returns the keys and values of a mapping of strings, in order.
    pub fn pairs(self, path: &Path) -> Vec<(String, String)> {
        self.read(path, |entry, document| {
            let map = document.get(entry, path).and_then(Value::as_object);
            let pairs = map.into_iter().flatten();
            pairs
                .map(|(key, value)| (key.clone(), spelled(document, entry, &path.key(key), value)))
                .collect()
        })
    }

    /// Returns the value at a path as a field for a text displays it: a number or Boolean as it is written.
    pub fn text(self, path: &Path) -> String {
        self.read(path, |entry, document| {
            let value = document.get(entry, path);
            value.map_or_else(String::new, |value| spelled(document, entry, path, value))
        })
    }

    /// Returns the same wizard for another document of the stream, for the forms of additional objects.
    pub fn for_entry(self, entry: usize) -> Self {
        Self {
            entry: Memo::new(move |_| entry),
            other: Some(entry),
            scope: None,
            ..self
        }
    }

    /// Returns the initial content of a field, also in the server's HTML; empty unless the URL determines the text.
    pub fn initial(self, value: impl Fn() -> String) -> String {
        if self.has_url_text {
            untrack(value)
        } else {
            String::new()
        }
    }

    /// Returns the field that is looked for, if it is at a path or below it.
    pub fn wanted_in(self, path: &Path) -> Option<Wanted> {
        self.wanted.with(|wanted| {
            let wanted = wanted.as_ref()?;
            let is_in = wanted.other == self.other && wanted.path.starts_with(path);
            is_in.then(|| wanted.clone())
        })
    }

    /// Returns the element id of a path's input.
    pub fn id(self, path: &Path) -> String {
        id_in(self.other, path)
    }

    /// Returns the positions of the documents that were already created.
    pub fn created_entries(self) -> Vec<usize> {
        self.document.with_untracked(|document| {
            self.created_texts.with_untracked(|created| {
                let texts = document
                    .entries()
                    .iter()
                    .map(|entry| &document.text()[entry.range.clone()]);
                let positions = texts
                    .enumerate()
                    .filter(|(_, text)| created.iter().any(|other| other == text));
                positions.map(|(position, _)| position).collect()
            })
        })
    }

    /// Returns whether the form can be used: the text parses and contains a Job.
    pub fn is_usable(self) -> bool {
        !self.is_json_pending()
            && self
                .document
                .with(|document| document.is_valid() && document.job().is_some())
    }

    /// Returns whether the cluster has the field at a path; none while its schema has not arrived or lacks the
    /// kind.
    pub fn schema_has(self, path: &Path) -> Option<bool> {
        let schema = self.schema.get()?;
        self.read(path, |entry, document| {
            let entry = document.entries().get(entry)?;
            let root = schema.for_kind(entry.api_version.as_deref()?, entry.kind.as_deref()?)?;
            Some(root.at(path).is_some())
        })
    }

    /// Returns the problems at a path, the most severe first; none for an empty field that is untouched.
    pub fn problems_at(self, path: &Path) -> Vec<Problem> {
        let at_path = |entry: usize, problems: &[Problem]| {
            let here = problems.iter();
            here.filter(|problem| problem.entry == Some(entry) && problem.path == *path)
                .cloned()
                .collect::<Vec<_>>()
        };
        let found = if let Some(scope) = self.scope_of(path) {
            scope.part.with(|part| at_path(part.entry, &part.problems))
        } else {
            let entry = self.entry.get();
            self.problems.with(|problems| at_path(entry, problems))
        };
        let is_empty =
            || matches!(self.get(path), None | Some(Value::Null)) || self.get(path) == Some("".into());
        let is_untouched = || {
            self.untouched
                .contains(self.entry.get_untracked(), path, &self.id(path))
                && is_empty()
        };
        if found.is_empty() || is_untouched() {
            return Vec::new();
        }
        found
    }

    /// Returns the number of errors in the part of the document that these fields are in.
    pub fn error_count(self) -> usize {
        let is_error = |problem: &&Problem| problem.severity == Severity::Error;
        self.scope.map_or(0, |scope| {
            scope
                .part
                .with(|part| part.problems.iter().filter(is_error).count())
        })
    }

    /// Returns whether the text has no errors that can be found without the cluster, which may then be asked.
    pub fn is_locally_valid(self) -> bool {
        !self.is_json_pending()
            && self
                .local_problems
                .with(|problems| problems.iter().all(|p| p.severity != Severity::Error))
            && self.document.with(|document| !document.entries().is_empty())
    }
}

/// Code of the problem that a Job has no containers.
const NO_CONTAINERS: &str = "containers.missing";

/// Returns a value as a field for a text displays it.
fn spelled(document: &Document, entry: usize, path: &Path, value: &Value) -> String {
    match value {
        Value::Number(_) | Value::Bool(_) => document
            .spelling(entry, path)
            .map_or_else(|| display(value), str::to_owned),
        other => display(other),
    }
}

/// Returns a value as a field displays it.
pub fn display(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

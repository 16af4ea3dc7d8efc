//! `serve --config FILE`: options in a YAML file. Each key is an option's name in camelCase (`publicUrl` for
//! `--public-url`), and its value takes the place of the option's default: options and environment variables take
//! precedence.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Command, CommandFactory, FromArgMatches};
use manifest::{Document, Language, Severity, line_column};
use serde_json::{Map, Value};

use crate::cli::arguments::{self, Arguments};

/// The subcommand that reads the file.
const SUBCOMMAND: &str = "serve";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFileError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not YAML, or not a mapping of options.
    #[error("{path}: {problem}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Parses the command line, with the options of the file that it or `JOBWRIGHT_CONFIG` names. Exits with a message if
/// an option is not valid; with `--check`, all such options are collected, and count as not given.
pub fn parse(arguments: Vec<OsString>) -> Result<Arguments, ConfigFileError> {
    let mut command = Arguments::command();
    let is_check = arguments.iter().any(|argument| argument == "--check");
    let mut problems = Vec::new();
    if let Some(path) = config_path(&arguments) {
        match std::fs::read_to_string(&path) {
            Ok(text) => (command, problems) = with_defaults(command, &path, text),
            Err(source) => problems.push(ConfigFileError::Read { path, source }),
        }
    }
    if !is_check {
        if let Some(problem) = problems.into_iter().next() {
            return Err(problem);
        }
        let matches = command.get_matches_from(arguments);
        return Ok(Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()));
    }
    let mut problems: Vec<String> = problems
        .iter()
        .map(|problem| crate::with_causes(problem))
        .collect();
    let mut parsed = match parse_all(command, arguments, &mut problems) {
        Ok(parsed) => parsed,
        Err(error) => error.exit(),
    };
    if let arguments::Command::Serve(serve) = &mut parsed.command {
        serve.problems = problems;
    }
    Ok(parsed)
}

/// Maximum number of options that are not valid.
const MAX_PROBLEMS: usize = 100;

/// Parses the command line without the options that are not valid, whose problems are collected.
fn parse_all(
    mut command: Command,
    mut line: Vec<OsString>,
    problems: &mut Vec<String>,
) -> Result<Arguments, clap::Error> {
    loop {
        let error = match command.clone().try_get_matches_from(&line) {
            Ok(matches) => return Arguments::from_arg_matches(&matches),
            Err(error) => error,
        };
        if problems.len() == MAX_PROBLEMS {
            return Err(error);
        }
        match without_invalid(command.clone(), &mut line, &error) {
            Some(rest) => command = rest,
            // Not an option that could be left out.
            None => return Err(error),
        }
        let text = error.to_string();
        let text = text.lines().next().unwrap_or_default();
        problems.push(text.strip_prefix("error: ").unwrap_or(text).to_owned());
    }
}

/// Removes the option that `error` is about from the line, and its value from the environment and the file.
fn without_invalid(command: Command, line: &mut Vec<OsString>, error: &clap::Error) -> Option<Command> {
    let is_unknown = error.kind() == ErrorKind::UnknownArgument;
    let is_of_option = matches!(
        error.kind(),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::ArgumentConflict
    );
    if !is_unknown && !is_of_option {
        return None;
    }
    // Such as `--listen <LISTEN>`.
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let name = named.split([' ', '=']).next()?.to_owned();
    let before = line.len();
    let with_value = format!("{name}=");
    let mut removes_next = false;
    line.retain(|token| {
        if std::mem::take(&mut removes_next) {
            return false;
        }
        let text = token.to_string_lossy();
        // The value of an unknown option is unknown, too.
        removes_next = *text == *name && !is_unknown;
        *text != *name && !text.starts_with(&with_value)
    });
    if is_unknown {
        return (line.len() < before).then_some(command);
    }
    let original = Arguments::command();
    let original = original.find_subcommand(SUBCOMMAND)?;
    let option = original
        .get_arguments()
        .find(|option| option.get_long() == name.strip_prefix("--"))?;
    let (id, defaults) = (option.get_id().clone(), option.get_default_values().to_vec());
    Some(command.mut_subcommand(SUBCOMMAND, |serve| {
        serve.mut_arg(id, |option| {
            // A variable that is not set, instead of the one that is not valid.
            option.env("JOBWRIGHT_CHECK_NONE").default_values(defaults)
        })
    }))
}

/// Returns the file that the command line or the environment names.
fn config_path(arguments: &[OsString]) -> Option<PathBuf> {
    if !arguments.iter().any(|argument| argument == SUBCOMMAND) {
        return None;
    }
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let Some(text) = argument.to_str() else { continue };
        if text == "--config" {
            return rest.next().map(PathBuf::from);
        }
        if let Some(path) = text.strip_prefix("--config=") {
            return Some(path.into());
        }
    }
    std::env::var_os("JOBWRIGHT_CONFIG")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// Replaces the defaults of the options that `text` sets. Also returns what cannot be used.
fn with_defaults(command: Command, path: &Path, text: String) -> (Command, Vec<ConfigFileError>) {
    let content = |problem: String| ConfigFileError::Content {
        path: path.to_owned(),
        problem,
    };
    let serve = command.find_subcommand(SUBCOMMAND);
    let options: Vec<(String, String, bool)> = serve
        .into_iter()
        .flat_map(Command::get_arguments)
        .filter_map(|option| {
            let takes_list = option.get_value_delimiter().is_some();
            Some((
                camel_case(option.get_long()?),
                option.get_id().to_string(),
                takes_list,
            ))
        })
        // These are read before the file, or say what to do with it.
        .filter(|(key, ..)| !matches!(key.as_str(), "config" | "check" | "help"))
        .collect();
    let mut command = command;
    let mut problems = Vec::new();
    let settings = read(text).unwrap_or_else(|problem| {
        problems.push(content(problem));
        Map::new()
    });
    for (key, value) in settings {
        let Some((_, id, takes_list)) = options.iter().find(|(name, ..)| *name == key) else {
            let near = options
                .iter()
                .map(|(name, ..)| name)
                .min_by_key(|name| strsim::levenshtein(name, &key));
            let hint = near
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            problems.push(content(format!("there is no option {key:?}{hint}")));
            continue;
        };
        let values = match value {
            Value::Array(items) if *takes_list => items.iter().map(plain).collect::<Option<Vec<_>>>(),
            value => plain(&value).map(|value| vec![value]),
        };
        let Some(values) = values else {
            problems.push(content(format!("{key}: a single value is expected")));
            continue;
        };
        command = command.mut_subcommand(SUBCOMMAND, |serve| {
            serve.mut_arg(id, |option| {
                // Read once per process, and clap borrows defaults for its whole life.
                let mut values = values.into_iter().map(|value| &*value.leak());
                if matches!(option.get_action(), ArgAction::SetTrue) {
                    option.default_value(values.next_back())
                } else {
                    option.default_values(values)
                }
            })
        });
    }
    (command, problems)
}

/// Reads a mapping, or says where it is not YAML.
fn read(text: String) -> Result<Map<String, Value>, String> {
    let document = Document::parse(text);
    if let Some(problem) = document
        .problems()
        .iter()
        .find(|problem| problem.severity == Severity::Error)
    {
        let (line, column) = line_column(document.text(), problem.range.start);
        return Err(format!(
            "line {line}, column {column}: {}",
            problem.text(Language::En)
        ));
    }
    match document.value(0) {
        Some(Value::Object(settings)) => Ok(settings.clone()),
        None | Some(Value::Null) => Ok(Map::new()),
        Some(_) => Err("a mapping of options is expected".to_owned()),
    }
}

/// Returns a scalar as an option's value.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the key of an option: `publicUrl` for `public-url`.
fn camel_case(option: &str) -> String {
    let mut key = String::with_capacity(option.len());
    for (number, word) in option.split('-').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if number > 0 => key.extend(first.to_uppercase()),
            Some(first) => key.push(first),
            None => {}
        }
        key.extend(letters);
    }
    key
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::cli::arguments::{OidcUse, Serve, SignIn};

    fn serve(file: &str, options: &[&str]) -> Result<Serve, String> {
        let path = Path::new("jobwright.yaml");
        let (command, problems) = with_defaults(Arguments::command(), path, file.to_owned());
        if let Some(problem) = problems.first() {
            return Err(problem.to_string());
        }
        let line = ["jobwright", "serve"].iter().chain(options);
        let matches = command
            .try_get_matches_from(line)
            .map_err(|error| error.to_string())?;
        match Arguments::from_arg_matches(&matches).unwrap().command {
            arguments::Command::Serve(serve) => Ok(serve),
            _ => panic!("not serve"),
        }
    }

    #[test]
    fn options_come_from_the_file_unless_they_are_given() {
        let file = "listen: 0.0.0.0:8080\npublicUrl: https://jobs.example.com\nsignIn: open-id-connect # comment\n\
                    oidcIssuer: https://id.example.com\noidcClientId: jobwright\noidcScopes: [openid, groups]\n\
                    oidcUse: impersonation\nsessionHours: 8\ninsecureListen: true\ncontext: [a, b]\n";
        let read = serve(file, &[]).unwrap();
        assert_eq!(read.listen.to_string(), "0.0.0.0:8080");
        assert_eq!(
            (read.sign_in, read.open_id.oidc_use),
            (SignIn::OpenIdConnect, OidcUse::Impersonation)
        );
        assert_eq!(read.open_id.oidc_scopes, ["openid", "groups"]);
        assert_eq!((read.session_hours, read.insecure_listen), (8, true));
        assert_eq!(read.contexts, ["a", "b"]);
        let given = serve(
            file,
            &[
                "--session-hours",
                "2",
                "--oidc-use",
                "pass-through",
                "--context",
                "c",
            ],
        )
        .unwrap();
        assert_eq!(
            (given.session_hours, given.open_id.oidc_use),
            (2, OidcUse::PassThrough)
        );
        assert_eq!(given.contexts, ["c"]);
        assert!(serve("", &[]).unwrap().contexts.is_empty());
    }

    #[test]
    fn mistakes_are_named() {
        for (file, message) in [
            (
                "sesionHours: 8",
                "jobwright.yaml: there is no option \"sesionHours\"; did you mean sessionHours?",
            ),
            (
                "sessionHours: [8]",
                "jobwright.yaml: sessionHours: a single value is expected",
            ),
            ("config: x", "jobwright.yaml: there is no option \"config\""),
            ("- a", "jobwright.yaml: a mapping of options is expected"),
            ("a: [", "jobwright.yaml: line 1, column"),
            ("listen: nowhere", "error: invalid value 'nowhere' for '--listen"),
            ("signIn: magic", "error: invalid value 'magic' for '--sign-in"),
        ] {
            let error = serve(file, &[]).map(|_| ()).unwrap_err();
            assert!(error.starts_with(message), "{file}: {error}");
        }
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let file = "listen: nowhere\nsesionHours: 8\nsignIn: [a]\noidcUse: magic\nsessionHours: 8\n";
        let path = Path::new("jobwright.yaml");
        let (command, found) = with_defaults(Arguments::command(), path, file.to_owned());
        let mut problems: Vec<String> = found.iter().map(ToString::to_string).collect();
        let line = [
            "jobwright",
            "serve",
            "--watch-seconds",
            "1",
            "--nonsense",
            "x",
            "--session-max-hours=none",
            "--check",
        ];
        let line = line.iter().map(OsString::from).collect();
        let parsed = parse_all(command, line, &mut problems).unwrap();
        let arguments::Command::Serve(serve) = parsed.command else {
            panic!("not serve");
        };
        assert_eq!(
            (serve.listen.to_string(), serve.session_hours, serve.watch_seconds),
            ("127.0.0.1:3000".to_owned(), 8, 60)
        );
        for start in [
            "jobwright.yaml: there is no option \"sesionHours\"; did you mean sessionHours?",
            "jobwright.yaml: signIn: a single value is expected",
            "invalid value 'nowhere' for '--listen",
            "invalid value 'magic' for '--oidc-use",
            "1 is not in 3..=600",
            "unexpected argument '--nonsense' found",
            "unexpected argument 'x' found",
            "invalid value 'none' for '--session-max-hours",
        ] {
            assert!(
                problems.iter().any(|problem| problem.contains(start)),
                "{start}: {problems:#?}"
            );
        }
        assert_eq!(problems.len(), 8, "{problems:#?}");
    }

    #[test]
    fn file_is_found_on_the_command_line() {
        let path = |line: &[&str]| {
            let line: Vec<OsString> = line.iter().map(OsString::from).collect();
            config_path(&line)
        };
        assert_eq!(path(&["jobwright", "serve", "--config", "a"]), Some("a".into()));
        assert_eq!(path(&["jobwright", "serve", "--config=a"]), Some("a".into()));
        assert_eq!(path(&["jobwright", "playground", "--config", "a"]), None);
    }
}

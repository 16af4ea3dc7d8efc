//! `jobwright manifest`: the document engine on the command line, for scripts and CI.
//!
//! Exit codes: 0 on success, 1 if a manifest has problems or an edit is rejected, 2 on wrong usage.

mod check;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use manifest::{Document, Edit, Format, Path};
use serde_json::Value;

/// Exit code on success.
pub const OK: u8 = 0;
/// Exit code when the manifest has problems or the edit is rejected.
pub const PROBLEMS: u8 = 1;
/// Exit code on wrong usage, or when a file cannot be read.
pub const USAGE: u8 = 2;

/// What to do with a manifest. `-` as the file reads standard input.
#[derive(Debug, Clone, Subcommand)]
pub enum ManifestCommand {
    /// List problems with line and column; exit 1 if one is an error.
    Check {
        /// Manifests to check.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print a JSON array instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Print the value at a path as JSON.
    Get {
        /// The file, document and path.
        #[command(flatten)]
        location: Location,
    },
    /// Print the text with a value set; every other byte is kept.
    Set {
        /// The file, document and path.
        #[command(flatten)]
        location: Location,
        /// The value, as JSON.
        value: String,
    },
    /// Print the text without the value at a path.
    Remove {
        /// The file, document and path.
        #[command(flatten)]
        location: Location,
    },
    /// Print the whole text in the other format.
    Convert {
        /// The manifest.
        file: PathBuf,
        /// The format.
        #[arg(long)]
        to: Target,
    },
}

/// A location in a manifest: the file, the document and the field path.
#[derive(Debug, Clone, Args)]
pub struct Location {
    /// The manifest.
    file: PathBuf,
    /// Field path, such as `spec.template.spec.containers[0].image`.
    path: Path,
    /// Index of the document in the stream, from 0 [default: the first Job].
    #[arg(long)]
    document: Option<usize>,
}

/// A format to convert to.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Target {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Why a command printed nothing.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    /// A file cannot be read, or the output cannot be written.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// The value is not JSON; a string needs its quotes.
    #[error("the value is not JSON (quote a string: '\"text\"'): {0}")]
    Value(serde_json::Error),
    /// The stream has no document with this index.
    #[error("there is no document {0}")]
    NoDocument(usize),
    /// The text does not parse; `check` reports where.
    #[error("the manifest does not parse; `jobwright manifest check` shows where")]
    Unreadable,
    /// The path has no value.
    #[error("there is no value at {0}")]
    Nothing(Path),
    /// The schema bundled with the program is damaged.
    #[error(transparent)]
    Schema(#[from] manifest::schema::SchemaError),
    /// The engine rejects the edit.
    #[error(transparent)]
    Edit(#[from] manifest::EditError),
}

impl CommandError {
    fn code(&self) -> u8 {
        match self {
            Self::Io(..) | Self::Value(_) => USAGE,
            _ => PROBLEMS,
        }
    }
}

/// Runs a command and returns its exit code.
pub fn run(
    command: &ManifestCommand,
    input: &mut dyn Read,
    output: &mut dyn Write,
    errors: &mut dyn Write,
) -> u8 {
    match carry_out(command, input, output) {
        Ok(code) => code,
        Err(error) => {
            // With standard error closed, the exit code still reports the failure.
            let _ = writeln!(errors, "jobwright: {error}");
            error.code()
        }
    }
}

fn carry_out(
    command: &ManifestCommand,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> Result<u8, CommandError> {
    let (text, code) = match command {
        ManifestCommand::Check { files, json } => check::check(files, *json, input)?,
        ManifestCommand::Get { location } => {
            let (document, entry) = location.open(input)?;
            let value = document
                .get(entry, &location.path)
                .ok_or_else(|| CommandError::Nothing(location.path.clone()))?;
            (format!("{value:#}\n"), OK)
        }
        ManifestCommand::Set { location, value } => {
            let value: Value = serde_json::from_str(value).map_err(CommandError::Value)?;
            let path = location.path.clone();
            (location.edit(&Edit::Set { path, value }, input)?, OK)
        }
        ManifestCommand::Remove { location } => {
            let path = location.path.clone();
            (location.edit(&Edit::Remove { path }, input)?, OK)
        }
        ManifestCommand::Convert { file, to } => {
            let format = match to {
                Target::Json => Format::Json,
                Target::Yaml => Format::Yaml,
            };
            let document = Document::parse(read(file, input)?);
            (
                document.convert(format).map_err(|_| CommandError::Unreadable)?,
                OK,
            )
        }
    };
    output
        .write_all(text.as_bytes())
        .map_err(|error| CommandError::Io("standard output".to_owned(), error))?;
    Ok(code)
}

impl Location {
    fn open(&self, input: &mut dyn Read) -> Result<(Document, usize), CommandError> {
        let document = Document::parse(read(&self.file, input)?);
        let entry = self.document.or_else(|| document.job()).unwrap_or(0);
        if entry >= document.entries().len() {
            return Err(CommandError::NoDocument(entry));
        }
        if document.value(entry).is_none() {
            return Err(CommandError::Unreadable);
        }
        Ok((document, entry))
    }

    fn edit(&self, edit: &Edit, input: &mut dyn Read) -> Result<String, CommandError> {
        let (mut document, entry) = self.open(input)?;
        document.apply(entry, edit)?;
        Ok(document.text().to_owned())
    }
}

/// Reads the text of a file, or standard input for `-`.
fn read(file: &std::path::Path, input: &mut dyn Read) -> Result<String, CommandError> {
    let mut text = String::new();
    let outcome = if file.as_os_str() == "-" {
        input.read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    match outcome {
        Ok(()) => Ok(text),
        Err(error) => Err(CommandError::Io(file.display().to_string(), error)),
    }
}

//! The command line: its arguments, and what each subcommand does.

pub mod arguments;
pub mod manifest;
pub mod playground;
pub mod serve;

//! The command line: its options and the subcommands.

pub mod arguments;
pub mod config_file;
pub mod manifest;
pub mod playground;
pub mod serve;

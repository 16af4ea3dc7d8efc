//! The console server.

//! Components that pages are built from: one per file, with its keyboard and ARIA behaviour.

pub mod copy;
pub mod dialog;
pub mod download;
pub mod early;
pub mod empty_state;
pub mod erased;
pub mod icon;
pub mod menu;
pub mod notice;
pub mod query_param;
pub mod tabs;
pub mod time;
pub mod title;
pub mod toast;

//! The parts that pages are made of. One part a file, with its keyboard and ARIA done there, once.

pub mod badge;
pub mod copy;
pub mod dialog;
pub mod dynamic;
pub mod early;
pub mod empty;
pub mod failure;
pub mod foreign_text;
pub mod icon;
pub mod menu;
pub mod notice;
pub mod query;
pub mod tabs;
pub mod time;
pub mod title;
pub mod toast;

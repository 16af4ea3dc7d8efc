//! Texts of the Job list.

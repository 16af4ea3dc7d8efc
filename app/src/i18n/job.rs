//! Texts of the Job page.

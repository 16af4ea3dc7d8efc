//! Texts of the sign-in page.

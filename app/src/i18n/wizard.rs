//! Texts of the wizard.

//! Inputs of the rules in addition to the object.

/// Facts about the object and the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the object already has the server's defaults and generated fields. Otherwise it is as the user
    /// wrote it, and these are filled in before validation.
    pub defaulted: bool,
    /// Minor version of Kubernetes 1; the newest supported one if `None`.
    pub minor: Option<u16>,
}

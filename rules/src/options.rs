//! What the rules have to know beside the object.

/// What is known of the object and of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The object has the server's defaults, and what the server generates. Otherwise it is as a person wrote it, and
    /// they are filled in before the rules are applied.
    pub defaulted: bool,
    /// Minor version of Kubernetes 1; the newest that is known if `None`.
    pub minor: Option<u16>,
}

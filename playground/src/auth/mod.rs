//! Authentication, impersonation and RBAC ([controlling
//! access](https://kubernetes.io/docs/concepts/security/controlling-access/)).

pub(crate) mod authenticate;
pub mod certificate;
pub(crate) mod defaults;
pub(crate) mod escalation;
pub(crate) mod impersonation;
pub(crate) mod rbac;
pub(crate) mod request;
pub(crate) mod service_account;
mod user;

pub(crate) use crate::auth::request::Attributes;
pub(crate) use crate::auth::user::User;

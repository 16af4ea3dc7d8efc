//! Components for the domain's types, which several pages share.

pub mod api_error;
pub mod job_status;
pub mod reason;

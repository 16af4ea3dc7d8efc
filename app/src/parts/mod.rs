//! TODO parts

pub mod api_error;
pub mod job_status;

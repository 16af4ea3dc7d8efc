//! Steps of the wizard, one module per step.

pub mod basic;
pub mod job_settings;
pub mod pod_template;
pub mod scheduling;
pub mod volumes;

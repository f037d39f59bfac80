//! HEALTHCHECK: how to see that a container is well.

use crate::text::Span;

/// `HEALTHCHECK [flags] CMD …` or `HEALTHCHECK NONE`
#[derive(Clone, Debug)]
pub struct Healthcheck {
    /// `NONE`, or `CMD` or `CMD-SHELL` and the command.
    pub test: Vec<String>,
    /// `--interval`, in nanoseconds; 0 if not given.
    pub interval_ns: i64,
    /// `--timeout`, in nanoseconds; 0 if not given.
    pub timeout_ns: i64,
    /// `--start-period`, in nanoseconds; 0 if not given.
    pub start_period_ns: i64,
    /// `--start-interval`, in nanoseconds; 0 if not given.
    pub start_interval_ns: i64,
    /// `--retries`; 0 if not given.
    pub retries: i32,
    /// The arguments.
    pub span: Span,
}

/// Returns a duration as Go prints it: `1m30s`, `1.5ms`, `0s`.
pub fn format_duration(_ns: i64) -> String {
    todo!()
}

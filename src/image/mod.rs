//! What is known of images: their names, their platforms, their configs.
//!
//! In: the text of names and platforms, the JSON of configs. Out: typed values, and the same text and JSON that
//! the reference writes. Asking a registry is left to others.

mod config;
mod decode;
mod platform;
mod reference;
mod signal;
mod time;

pub use config::{Config, ConfigError, ContainerConfig, Healthcheck, History, RootFs};
pub use platform::{Platform, PlatformError};
pub use reference::{Digest, DigestError, Reference, ReferenceError};
#[doc(hidden)]
pub use signal::check_stop_signal;
pub use time::{Timestamp, TimestampError};

//! What is said about an op: nothing here but the platform enters its digest.

use crate::image::Platform;
use crate::text::Span;
use std::collections::BTreeMap;

/// The key of the description that holds the name of a step as users see it.
pub const CUSTOM_NAME: &str = "llb.customname";

/// What is said about an op.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Meta {
    /// What a process or an image is for. Unset, it is the platform of [`MarshalOptions`](super::MarshalOptions).
    /// Other ops are the same everywhere.
    pub platform: Option<Platform>,
    /// Which workers may run the op, as filters in containerd's language. They do enter the digest.
    pub filters: Vec<String>,
    /// Texts for people, by key.
    pub description: BTreeMap<String, String>,
    /// With which other steps it is shown as one.
    pub progress_group: Option<ProgressGroup>,
    /// Whether to run it even if its result is known.
    pub ignore_cache: bool,
    /// Whether its result goes to exported caches; unset, the build decides.
    pub export_cache: Option<bool>,
    /// What a process may use at most.
    pub linux_resources: Option<LinuxResources>,
    /// The instructions it comes from.
    pub spans: Vec<Span>,
}

impl Meta {
    /// Returns what is said about a step with a name.
    pub fn named(name: impl Into<String>) -> Meta {
        Meta::default().describe(CUSTOM_NAME, name)
    }

    /// Adds a text to the description.
    pub fn describe(mut self, key: impl Into<String>, text: impl Into<String>) -> Meta {
        self.description.insert(key.into(), text.into());
        self
    }

    /// Adds an instruction that the op comes from.
    pub fn at(mut self, span: Span) -> Meta {
        self.spans.push(span);
        self
    }

    /// Sets the platform.
    pub fn on(mut self, platform: Platform) -> Meta {
        self.platform = Some(platform);
        self
    }

    /// Returns the name of the step as users see it.
    pub fn name(&self) -> Option<&str> {
        self.description.get(CUSTOM_NAME).map(String::as_str)
    }
}

/// Steps that are shown as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ProgressGroup {
    /// Tells groups apart; any text that no other group has.
    pub id: String,
    /// The name of the whole.
    pub name: String,
    /// Whether the group gives way to the group of those that use the step.
    pub is_weak: bool,
}

/// What a process may use at most; 0 or an empty text sets no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinuxResources {
    /// Memory in bytes.
    pub memory_bytes: i64,
    /// Memory and swap together in bytes.
    pub memory_swap_bytes: i64,
    /// Weight among others.
    pub cpu_shares: u64,
    /// Length of a period of the scheduler in microseconds.
    pub cpu_period_us: u64,
    /// Time it may run in a period, in microseconds.
    pub cpu_quota_us: i64,
    /// Processors it may run on, such as `0-3`.
    pub cpuset_cpus: String,
    /// Memory nodes it may use, such as `0,1`.
    pub cpuset_mems: String,
}

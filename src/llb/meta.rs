//! What is said about an op: nothing here but the platform enters its digest.

use crate::image::Platform;
use crate::text::Span;
use std::borrow::Cow;
use std::sync::Arc;

/// The key of the description that holds the name of a step as users see it.
pub const CUSTOM_NAME: &str = "llb.customname";

/// What is said about an op.
///
/// A build may have very many ops, and of most little is said. So what is rare stands in a box, and what many share is
/// shared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Meta {
    /// What a process or an image is for. Unset, it is the platform of [`MarshalOptions`](super::MarshalOptions).
    /// Other ops are the same everywhere.
    pub platform: Option<Arc<Platform>>,
    /// Which workers may run the op, as filters in containerd's language. They do enter the digest.
    pub filters: Vec<String>,
    /// Texts for people, by key.
    pub description: Description,
    /// With which other steps it is shown as one.
    pub progress_group: Option<Box<ProgressGroup>>,
    /// Whether to run it even if its result is known.
    pub ignore_cache: bool,
    /// Whether its result goes to exported caches; unset, the build decides.
    pub export_cache: Option<bool>,
    /// What a process may use at most.
    pub linux_resources: Option<Box<LinuxResources>>,
    /// The instructions it comes from.
    pub spans: Vec<Span>,
}

impl Meta {
    /// Returns what is said about a step with a name.
    pub fn named(name: impl Into<String>) -> Meta {
        Meta::default().describe(CUSTOM_NAME, name)
    }

    /// Adds a text to the description.
    pub fn describe(mut self, key: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Meta {
        self.description.insert(key, text);
        self
    }

    /// Adds an instruction that the op comes from.
    pub fn at(mut self, span: Span) -> Meta {
        // Mostly the only one.
        self.spans.reserve_exact(1);
        self.spans.push(span);
        self
    }

    /// Sets the platform.
    pub fn on(mut self, platform: impl Into<Arc<Platform>>) -> Meta {
        self.platform = Some(platform.into());
        self
    }

    /// Returns the name of the step as users see it.
    pub fn name(&self) -> Option<&str> {
        self.description.get(CUSTOM_NAME)
    }
}

/// Texts for people, by key and in its order.
///
/// There are one or two, and the keys are known: a list takes a fifth of the memory of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Description(Vec<(Cow<'static, str>, String)>);

impl Description {
    /// Adds a text, or puts it in the place of the one with that key.
    pub fn insert(&mut self, key: impl Into<Cow<'static, str>>, text: impl Into<String>) {
        let key = key.into();
        match self.0.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => self.0[at].1 = text.into(),
            Err(at) => {
                self.0.reserve_exact(1);
                self.0.insert(at, (key, text.into()));
            }
        }
    }

    /// Returns the text with a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok()?;
        Some(&self.0[at].1)
    }

    /// Returns keys and texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, text)| (key.as_ref(), text.as_str()))
    }

    /// Tells whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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

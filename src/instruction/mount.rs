//! The value of `RUN --mount`.
//!
//! The reference reads it twice. When the file is parsed, only `from` counts, since the stages that a build needs must
//! be known before any variable is. When the step is converted, all fields count, with their variables expanded. So
//! here a [`MountFlag`] keeps the text and knows `from`, and [`MountFlag::expand`] gives the [`Mount`].

use crate::syntax::Word;
use crate::text::Spanned;

/// A `--mount` as written.
#[derive(Clone, Debug)]
pub struct MountFlag {
    /// The value: fields with commas between, in CSV.
    pub text: Word,
    /// `from`, which takes no variables.
    pub from: Option<Spanned<String>>,
}

/// A `--mount` with its variables expanded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// `type`
    pub mount_type: MountType,
    /// `from`; may be empty
    pub from: String,
    /// `source` or `src`; may be empty
    pub source: String,
    /// `target`, `dst` or `destination`; may be empty
    pub target: String,
    /// Whether the step cannot write: as given, or the default of the type.
    pub readonly: bool,
    /// `size` of a tmpfs, in bytes; 0 if not given
    pub size_bytes: i64,
    /// `id`; may be empty
    pub id: String,
    /// `sharing` of a cache
    pub sharing: Option<Sharing>,
    /// `required` of a secret or SSH agent
    pub required: bool,
    /// `env` of a secret
    pub env: Option<String>,
    /// `mode`
    pub mode: Option<u32>,
    /// `uid`
    pub uid: Option<u32>,
    /// `gid`
    pub gid: Option<u32>,
}

/// The kind of a mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MountType {
    /// Files of the context, a stage or an image.
    #[default]
    Bind,
    /// A directory kept from build to build.
    Cache,
    /// A directory in memory.
    Tmpfs,
    /// A file or variable that leaves no trace.
    Secret,
    /// A socket of an SSH agent.
    Ssh,
}

/// How steps that run side by side use a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Together.
    Shared,
    /// Each its own.
    Private,
    /// One after the other.
    Locked,
}

impl MountFlag {
    /// Reads all fields, passing each value through `expand`.
    ///
    /// # Errors
    /// What `expand` returns; or, made by `error` from a message, that a field is unknown, has a value that it cannot
    /// have, or does not go with the type.
    pub fn expand<E>(
        &self,
        _expand: impl FnMut(&str) -> Result<String, E>,
        _error: impl Fn(String) -> E,
    ) -> Result<Mount, E> {
        todo!()
    }
}

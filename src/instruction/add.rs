//! ADD: as COPY, but also addresses and archives.

use super::Transfer;
use crate::syntax::Word;
use crate::text::Spanned;

/// `ADD [flags] source … destination`
#[derive(Clone, Debug)]
pub struct Add {
    /// What to add, and where to.
    pub transfer: Transfer,
    /// `--chown`
    pub chown: Option<Word>,
    /// `--chmod`
    pub chmod: Option<Word>,
    /// `--checksum`
    pub checksum: Option<Word>,
    /// `--link`
    pub link: bool,
    /// `--keep-git-dir`, if given
    pub keep_git_dir: Option<bool>,
    /// `--unpack`, if given
    pub unpack: Option<bool>,
    /// `--exclude`, as often as given. Takes no variables.
    pub exclude: Vec<Spanned<String>>,
}

//! ADD: as COPY, but also addresses and archives.

use super::Transfer;
use super::copy::{transfer, two_words};
use super::flag::Takes;
use super::parse::Reader;
use crate::syntax::Word;
use crate::text::{Spanned, Text};

/// `ADD [flags] source … destination`
#[derive(Clone, Debug)]
#[non_exhaustive]
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
    pub exclude: Vec<Spanned<Text>>,
}

pub(super) fn parse(reader: &mut Reader<'_>) -> Option<Add> {
    let words = two_words(reader, "ADD");
    let mut flags = reader.flags(&[
        ("chown", Takes::Value),
        ("chmod", Takes::Value),
        ("link", Takes::Bool),
        ("keep-git-dir", Takes::Bool),
        ("checksum", Takes::Value),
        ("unpack", Takes::Bool),
        ("exclude", Takes::Values),
    ]);
    Some(Add {
        transfer: transfer(reader, words?, "ADD"),
        chown: flags.word("chown"),
        chmod: flags.word("chmod"),
        checksum: flags.word("checksum"),
        link: flags.bool("link").unwrap_or(false),
        keep_git_dir: flags.bool("keep-git-dir"),
        unpack: flags.bool("unpack"),
        exclude: flags.values("exclude"),
    })
}

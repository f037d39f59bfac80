//! ADD: as COPY, but also addresses and archives.

use super::copy::{self, Files, Origin};
use super::remote::Remote;
use super::state::Stage;
use super::{Cx, Step};
use crate::instruction::Add;
use crate::text::Diagnostic;

pub(super) fn add(cx: &mut Cx<'_>, stage: &mut Stage, step: &Step<'_>, add: &Add) -> Result<(), Diagnostic> {
    let chown = cx.expand_flag(stage, step, add.chown.as_ref())?;
    let chmod = copy::expand_spanned(cx, stage, step, add.chmod.as_ref())?;
    let checksum = copy::expand_spanned(cx, stage, step, add.checksum.as_ref())?;
    let (sources, destination) = copy::expand_paths(cx, stage, step, &add.transfer)?;
    let inline = copy::expand_inline(cx, stage, step, &add.transfer)?;
    let files = Files {
        keyword: "ADD",
        origin: Origin::context(cx),
        sources,
        inline,
        destination,
        chown,
        chmod,
        exclude: add.exclude.iter().map(|pattern| pattern.value.as_str().to_owned()).collect(),
        link: add.link,
        parents: false,
        remote: Some(Remote { keep_git_dir: add.keep_git_dir, unpack: add.unpack, checksum }),
    };
    copy::transfer(cx, stage, step, files)
}

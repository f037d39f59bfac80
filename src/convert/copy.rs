//! COPY and ADD become one file op, with an action for each source.
//!
//! In: a typed instruction and the state of its stage. Out: new files and a line of history.
//! With `--link` the files are copied into nothing, and a merge lays them over the stage: so the copy stays cached
//! when the stage below changes. Addresses, which only ADD takes, are in `remote`.

use super::chmod::{self, Chmod};
use super::name::{Prefix, uppercase_keyword};
use super::remote::{self, Remote};
use super::source::SourceId;
use super::state::Stage;
use super::{Cx, Step, from};
use crate::expand::Lexer;
use crate::instruction::{self, InlineFile, Transfer, Word};
use crate::llb::op::{self, File, FileAction, Merge, Mkfile, Mode, Owner, User};
use crate::llb::{Edge, Meta, ProgressGroup};
use crate::path;
use crate::text::{Diagnostic, Spanned, quote};
use std::sync::Arc;

/// What COPY and ADD have in common, with variables expanded.
pub(super) struct Files<'a> {
    /// `COPY` or `ADD`.
    pub keyword: &'static str,
    /// Where paths lead.
    pub origin: Origin,
    /// Paths and addresses.
    pub sources: Vec<Spanned<String>>,
    /// Files that stand in the Dockerfile.
    pub inline: Vec<(&'a InlineFile, Vec<u8>)>,
    /// Where to.
    pub destination: Spanned<String>,
    /// `--chown`; may be empty.
    pub chown: String,
    /// `--chmod`; may be empty.
    pub chmod: Spanned<String>,
    /// `--exclude`
    pub exclude: Vec<String>,
    /// `--link`
    pub link: bool,
    /// `--parents`
    pub parents: bool,
    /// What only ADD knows.
    pub remote: Option<Remote>,
}

/// Files that paths lead to.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    files: Option<Edge>,
    source: SourceId,
    is_context: bool,
}

impl Origin {
    /// Returns the build context.
    pub(super) fn context(cx: &Cx<'_>) -> Origin {
        Origin { files: Some(cx.context.into()), source: cx.context_source, is_context: true }
    }
}

pub(super) fn copy(
    cx: &mut Cx<'_>,
    stage: &mut Stage,
    step: &Step<'_>,
    copy: &instruction::Copy,
) -> Result<(), Diagnostic> {
    let chown = cx.expand_flag(stage, step, copy.chown.as_ref())?;
    let chmod = expand_spanned(cx, stage, step, copy.chmod.as_ref())?;
    let (sources, destination) = expand_paths(cx, stage, step, &copy.transfer)?;
    let inline = expand_inline(cx, stage, step, &copy.transfer)?;
    let origin = match step.sources {
        [] => Origin::context(cx),
        [source, ..] => {
            let (files, source) = from::files_for(cx, stage, *source)?.ok_or_else(|| {
                let (name, span) =
                    copy.from.as_ref().map_or(("", step.head.span), |from| (&from.value, from.span));
                let message = format!(
                    "cannot copy from stage {}, it needs to be defined before current stage {}",
                    quote(name),
                    quote(&stage.label)
                );
                step.error("stage-order", message, span)
            })?;
            Origin { files, source, is_context: false }
        }
    };
    let files = Files {
        keyword: "COPY",
        origin,
        sources,
        inline,
        destination,
        chown,
        chmod,
        exclude: copy.exclude.iter().map(|pattern| pattern.value.as_str().to_owned()).collect(),
        link: copy.link,
        parents: copy.parents,
        remote: None,
    };
    transfer(cx, stage, step, files)
}

/// Expands a flag and keeps its place.
pub(super) fn expand_spanned(
    cx: &mut Cx<'_>,
    stage: &Stage,
    step: &Step<'_>,
    word: Option<&Word>,
) -> Result<Spanned<String>, Diagnostic> {
    let span = word.map_or(step.head.span, |word| word.span);
    Ok(Spanned::new(cx.expand_flag(stage, step, word)?, span))
}

/// Expands sources and destination.
pub(super) fn expand_paths(
    cx: &mut Cx<'_>,
    stage: &Stage,
    step: &Step<'_>,
    transfer: &Transfer,
) -> Result<(Vec<Spanned<String>>, Spanned<String>), Diagnostic> {
    let mut sources = Vec::with_capacity(transfer.sources.len());
    for word in &transfer.sources {
        sources.push(Spanned::new(cx.expand(stage, step, word)?, word.span));
    }
    let destination = &transfer.destination;
    Ok((sources, Spanned::new(cx.expand(stage, step, destination)?, destination.span)))
}

/// Expands files that stand in the Dockerfile: quotes mean nothing in them, and the escape is always a backslash. What is
/// not expanded is taken byte by byte; it need be no text.
pub(super) fn expand_inline<'t>(
    cx: &mut Cx<'_>,
    stage: &Stage,
    step: &Step<'_>,
    transfer: &'t Transfer,
) -> Result<Vec<(&'t InlineFile, Vec<u8>)>, Diagnostic> {
    let lexer = Lexer { skip_process_quotes: true, ..Lexer::new('\\') };
    let mut files = Vec::with_capacity(transfer.files.len());
    for file in &transfer.files {
        let content = match file.expands {
            true => cx.expand_text(&lexer, stage, step, &file.content.text, file.content.span)?.into_bytes(),
            false => cx.bytes(step, &file.content.text, file.content.span),
        };
        files.push((file, content));
    }
    Ok(files)
}

/// Reads an owner, if there is one. `what` is where it is said.
///
/// # Errors
/// If it is below zero. In the reference such a number wraps: none of these is anybody's, and -1 changes no owner at all.
pub(super) fn owner(step: &Step<'_>, what: &str, text: &str) -> Result<Option<Owner>, Diagnostic> {
    let owner = (!text.is_empty()).then(|| Owner::parse(text));
    let is_negative = |user: &Option<User>| matches!(user, Some(User::Id(id)) if *id > i32::MAX as u32);
    if owner.as_ref().is_some_and(|owner| is_negative(&owner.user) || is_negative(&owner.group)) {
        let message = format!("invalid {what} {}: ids are not negative", quote(text));
        return Err(step.error("invalid-chown", message, step.head.span));
    }
    Ok(owner)
}

/// Adds the step.
pub(super) fn transfer(
    cx: &mut Cx<'_>,
    stage: &mut Stage,
    step: &Step<'_>,
    mut files: Files<'_>,
) -> Result<(), Diagnostic> {
    let platform = Arc::clone(&stage.state.platform);
    let os = platform.os.as_str();
    let dest = destination(&stage.state.dir, &files.destination.value, os)
        .map_err(|message| step.error("invalid-path", message, files.destination.span))?;
    let mode = match files.chmod.value.as_str() {
        "" => None,
        text => Some(match chmod::parse(text) {
            Ok(Chmod::Bits(bits)) => Mode::Bits(bits),
            Ok(Chmod::Symbolic(text)) => Mode::Symbolic(text),
            Err(message) => return Err(step.error("invalid-chmod", message, files.chmod.span)),
        }),
    };
    let owner = owner(step, "chown", &files.chown)?;
    if let Some(remote) = &files.remote {
        remote.check(step, &files.sources)?;
    }

    let line = history_line(&files);
    // Each source becomes an action, with all the patterns.
    let pieces = files.sources.len().saturating_mul(16 + files.exclude.len());
    let excluded = files.exclude.iter().map(String::len).sum::<usize>();
    cx.make(step, pieces, files.sources.len().saturating_mul(excluded), step.head.keyword.span)?;
    let command = uppercase_keyword(&cx.shown(&cx.lexer.clone(), &step.head.text, &stage.state.env));
    let name = cx.step_name(stage, step, Some(&platform), &command);

    let template = op::Copy {
        dest: clean_destination(&dest),
        owner,
        mode,
        creates_dest_path: true,
        exclude_patterns: std::mem::take(&mut files.exclude),
        ..op::Copy::default()
    };
    let mut actions: Vec<FileAction> = Vec::with_capacity(files.sources.len() + files.inline.len());
    for source in &files.sources {
        let copy = match remote::source(cx, step, files.remote.as_mut(), source, &name)? {
            Some(found) => op::Copy {
                source: Some(found.files),
                src: found.path,
                unpacks: found.unpacks,
                ..template.clone()
            },
            None => {
                if files.origin.is_context {
                    cx.note_source(stage, step, source);
                }
                local(&files, &source.value, os, &template).map_err(|why| {
                    step.error("invalid-path", format!("removing drive letter: {why}"), source.span)
                })?
            }
        };
        actions.push(copy.into());
    }
    for (file, content) in &files.inline {
        let copy = inline(cx, file, content, os, &template).map_err(|error| {
            step.error("invalid-path", format!("removing drive letter: {error}"), file.span)
        })?;
        actions.push(copy.into());
    }

    let links = files.link && files.chmod.value.is_empty();
    add_step(cx, stage, step, actions, Names { name, command, links });
    cx.commit(stage, line + " # buildkit", true);
    for source in &files.sources {
        let is_address = source.value.starts_with("http://") || source.value.starts_with("https://");
        if !(files.keyword == "ADD" && is_address) {
            cx.sources.mark(files.origin.source, &source.value);
        }
    }
    Ok(())
}

/// What a step is called, and whether it is linked.
struct Names {
    name: String,
    command: String,
    links: bool,
}

fn add_step(cx: &mut Cx<'_>, stage: &mut Stage, step: &Step<'_>, actions: Vec<FileAction>, names: Names) {
    let Names { name, command, links } = names;
    let meta = Meta { ignore_cache: stage.ignore_cache, ..Meta::default() }.at(step.head.span);
    if !links {
        let file = File { base: stage.state.fs, actions };
        let meta = meta.describe(crate::llb::CUSTOM_NAME, name);
        stage.state.fs = Some(cx.graph.add(file, meta).into());
        return;
    }
    // Two steps that look like one, unless another step gives the copy a meaning of its own.
    let id = cx.group_id();
    let group = |is_weak| Some(Box::new(ProgressGroup { id: id.clone(), name: name.clone(), is_weak }));
    let platform = cx.shown_platform(&stage.state.platform, &stage.state.env);
    let prefix = Prefix { platform: platform.as_deref(), is_trigger: step.is_trigger };
    let merge_name = stage.steps.again(prefix, &format!("LINK {command}"));
    let merge_meta = Meta { progress_group: group(false), ..meta.clone() };
    let merge_meta = merge_meta.describe(crate::llb::CUSTOM_NAME, merge_name);
    let copy_meta =
        Meta { progress_group: group(true), ..meta }.describe(crate::llb::CUSTOM_NAME, name.as_str());

    let copied = cx.graph.add(File { base: None, actions }, copy_meta);
    let merge = Merge { layers: vec![stage.state.fs, Some(copied.into())] };
    stage.state.fs = Some(cx.graph.add(merge, merge_meta).into());
}

fn history_line(files: &Files<'_>) -> String {
    let mut line = files.keyword.to_owned();
    if files.parents {
        line.push_str(" --parents");
    }
    for (flag, value) in [(" --chown=", &files.chown), (" --chmod=", &files.chmod.value)] {
        if !value.is_empty() {
            line.extend([flag, value]);
        }
    }
    for source in &files.sources {
        line.extend([" ", &source.value]);
    }
    for (file, _) in &files.inline {
        line.extend([" <<", &file.name]);
    }
    line.extend([" ", &files.destination.value]);
    line
}

/// Returns the destination as an absolute path; a slash or `/.` at its end stays.
fn destination(dir: &str, written: &str, os: &str) -> Result<String, String> {
    let plain = path::remove_drive_letter(written, os, true)
        .map_err(|error| format!("removing drive letter: {error}"))?;
    if path::is_abs(&plain, os) {
        return path::normalize("/", &plain, os, true);
    }
    // The working directory itself is a folder for sure.
    let plain = if matches!(plain.as_str(), "" | ".") { "./" } else { &plain };
    path::normalize(dir, plain, os, true)
}

/// Cleans an absolute path; a slash or `/.` at its end stays.
fn clean_destination(dest: &str) -> String {
    let mut out = path::clean(dest);
    if dest.ends_with('/') && !out.ends_with('/') {
        out.push('/');
    } else if dest.ends_with("/.") {
        if out != "/" {
            out.push('/');
        }
        out.push('.');
    }
    out
}

/// Returns the action for a path in the context or a stage.
fn local(files: &Files<'_>, written: &str, os: &str, template: &op::Copy) -> Result<op::Copy, String> {
    let mut src = written;
    let mut include_patterns = Vec::new();
    let mut required_paths = Vec::new();
    if files.parents {
        // What stands before the pivot is left out of the path at the destination.
        let (pivot, pattern) = written.split_once("/./").unwrap_or(("/", written));
        src = pivot;
        let pattern = path::normalize("/", pattern, os, false)?;
        include_patterns.push(pattern.strip_prefix('/').unwrap_or(&pattern).to_owned());
        // A pattern may match nothing; a plain path must be there.
        if !has_wildcards(pivot) && !has_wildcards(&pattern) {
            required_paths.push(path::normalize("/", &path::join(&[pivot, &pattern]), os, false)?);
        }
    }
    let unpacks = files.remote.as_ref().is_some_and(|remote| remote.unpack.unwrap_or(true));
    Ok(op::Copy {
        source: files.origin.files,
        src: path::join(&["/", &path::normalize("/", src, os, false)?]),
        follows_symlinks: true,
        copies_dir_contents: true,
        include_patterns,
        required_paths,
        unpacks,
        allows_wildcard: true,
        allows_empty_wildcard: true,
        ..template.clone()
    })
}

/// Writes a file of the Dockerfile into nothing, and returns the action that copies it from there.
fn inline(
    cx: &mut Cx<'_>,
    file: &InlineFile,
    content: &[u8],
    os: &str,
    template: &op::Copy,
) -> Result<op::Copy, path::PathError> {
    let name = path::join(&["/", &path::remove_drive_letter(&file.name, os, false)?]);
    let mkfile = Mkfile { path: name.clone(), mode: 0o644, data: content.to_vec(), ..Mkfile::default() };
    let source = cx.graph.add(File { base: None, actions: vec![mkfile.into()] }, super::inline_document());
    Ok(op::Copy { source: Some(source.into()), src: path::to_slash(&name, os), ..template.clone() })
}

fn has_wildcards(path: &str) -> bool {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' | b'[' => return true,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::testing::{build, build_with, check_error, check_history, check_steps, options};
    use super::*;

    #[track_caller]
    fn check_destination(dir: &str, written: &str, expected: &str) {
        let dest = destination(dir, written, "linux").map(|dest| clean_destination(&dest));
        assert_eq!(dest.as_deref(), Ok(expected));
    }

    #[test]
    fn destinations() {
        check_destination("/w", "a", "/w/a");
        check_destination("/w", "a/", "/w/a/");
        check_destination("/w", ".", "/w/");
        check_destination("/w", "", "/w/");
        check_destination("/w", "./", "/w/");
        check_destination("/w", "a/.", "/w/a/.");
        check_destination("/w", "/", "/");
        check_destination("/w", "/.", "/.");
        check_destination("/w", "/x/../y//z/", "/y/z/");
        check_destination("/w", "../..", "/");
    }

    #[test]
    fn wildcards() {
        for path in ["a*", "?", "x[", "\\\\*"] {
            assert!(has_wildcards(path), "{path}");
        }
        for path in ["a", "", "\\*", "a\\?b", "]"] {
            assert!(!has_wildcards(path), "{path}");
        }
    }

    #[test]
    fn actions() {
        check_steps(
            "COPY a b/ /d/",
            &[
                "copy #1/a to /d/ follow contents parents wildcard empty",
                "copy #1/b to /d/ follow contents parents wildcard empty",
            ],
        );
        check_steps(
            "COPY --chmod=u+x --chown=root:g a .",
            &["copy #1/a to / mode u+x follow contents parents wildcard empty owner 0:g"],
        );
        check_steps(
            "COPY --exclude=*.o --exclude=$x a b",
            &["copy #1/a to /b follow contents parents wildcard empty exclude [\"*.o\", \"$x\"]"],
        );
        check_steps(
            "COPY --parents a/./b/c d/* /e",
            &[
                "copy #1/a to /e follow contents parents wildcard empty include [\"b/c\"] require [\"/a/b/c\"]",
                "copy #1/ to /e follow contents parents wildcard empty include [\"d/*\"]",
            ],
        );
        check_steps("ADD a.tar b", &["copy #1/a.tar to /b follow contents unpack parents wildcard empty"]);
        check_steps(
            "ADD --unpack=false a.tar b",
            &["copy #1/a.tar to /b follow contents parents wildcard empty"],
        );
    }

    #[test]
    fn links() {
        check_steps(
            "COPY --link a b",
            &[
                "#2 file <- scratch",
                "weak group \"[2/2] COPY --link a b\"",
                "#3 merge <- #0 #2",
                "llb.customname \"[2/2] LINK COPY --link a b\"",
            ],
        );
        // A mode needs the files of the engine's own choosing, so there is no merge.
        check_steps("COPY --link --chmod=1 a b", &["#2 file <- #0"]);
    }

    #[test]
    fn context_paths() {
        check_steps(
            "COPY a b\nADD c/ https://x/y d\nRUN --mount=source=e,target=/f g",
            &["local.followpaths \"[\\\"a\\\",\\\"c\\\",\\\"e\\\"]\""],
        );
        let all = build("FROM alpine\nCOPY . /").dump();
        assert!(!all.contains("followpaths"), "{all}");
    }

    #[test]
    fn history() {
        check_history(
            "COPY --chmod=1 --chown=2 --parents --link a /b",
            &["COPY --parents --chown=2 --chmod=1 a /b # buildkit"],
        );
        check_history("ADD <<A b /c\nx\nA", &["ADD b <<A /c # buildkit"]);
    }

    #[test]
    fn errors() {
        check_error(
            "COPY --chmod=9 a b",
            "invalid chmod parameter: '9'. it should be octal string and between 0 and 07777",
        );
        check_error("COPY https://x/y z", "source can't be a URL for COPY");
        check_error("COPY https://x/y.git z", "source can't be a git ref for COPY");
        let later = "COPY --from=b x y\nFROM alpine AS b\nFROM alpine\nCOPY --from=0 a b";
        check_error(
            later,
            "cannot copy from stage \"b\", it needs to be defined before current stage \"stage-0\"",
        );
    }

    #[test]
    fn files_that_are_no_text() {
        let text = b"FROM alpine\nCOPY <<-'a' <<b /\n\t\xe9\n\t\tx\na\n\xe9\nb\n";
        let built = build_with(&text[..], &options()).unwrap();
        let mut data: Vec<&[u8]> = Vec::new();
        for (_, vertex) in built.converted.graph.iter() {
            if let crate::llb::Op::File(file) = &vertex.op
                && let [FileAction::Mkfile(mkfile)] = &file.actions[..]
            {
                data.push(&mkfile.data);
            }
        }
        assert_eq!(data, [&b"\xe9\nx\n"[..], "\u{fffd}\n".as_bytes()]);
    }

    #[test]
    fn ignored_sources_are_noted() {
        let built = build("FROM alpine\nCOPY a.log b.txt ./c.log /");
        let path = |path: &str| crate::facts::Fact::IgnoredSource { path: path.to_owned() };
        assert_eq!(built.facts, [path("a.log"), path("c.log")]);
    }
}

//! `SOURCE_DATE_EPOCH`: the time that files and images get, so that building twice gives the same bytes.
//!
//! In: a number, or the name of something that has a time: `context`, a named context, a stage that does nothing but
//! ADD one remote source. Out: seconds since 1970, or nothing if the source has no time.

use super::{
    Answer, Desk, Error, FileRequest, FilesQuestion, Project, Question, Recipe, Root, SourceMeta,
    SourceMetaQuestion, archive, misfit, named, recipe,
};
use crate::expand::{EnvList, Lexer};
use crate::image::Digest;
use crate::instruction::{Add, ArgDecl, File, Kind, StageDecl};
use crate::llb::op::{Http, Source};
use crate::options::Options;
use crate::pb::ops;
use crate::remote::{self, GitRef, is_http_source};
use crate::stage::{ContextName, GlobalArgs, SCRATCH};
use crate::text::parse_int;
use prost::Message;
use std::collections::BTreeMap;

/// The name of the build argument.
pub(super) const ARG: &str = "SOURCE_DATE_EPOCH";

/// What a name may stand for.
pub(super) struct Sources<'a> {
    pub project: &'a Project,
    pub file: &'a File,
    pub options: &'a Options,
    pub build_args: &'a BTreeMap<String, String>,
    pub args: &'a GlobalArgs,
}

/// Something that has a time, and how the question for it is shown to users.
struct Subject {
    recipe: Recipe,
    log_name: String,
}

/// Finds the time that a value stands for. The outer `None`: answers are missing. The inner one: there is no time.
pub(super) fn find(value: &str, sources: &Sources, desk: &mut Desk) -> Result<Option<Option<i64>>, Error> {
    if value.is_empty() {
        return Ok(Some(None));
    }
    if let Ok(seconds) = parse_int(value) {
        return Ok(Some(Some(seconds)));
    }
    let Some(subject) = subject(value, sources, desk)? else { return Ok(None) };
    time(&subject, sources.options, desk)
}

/// Returns what a name stands for; nothing if answers are missing.
fn subject(value: &str, sources: &Sources, desk: &mut Desk) -> Result<Option<Subject>, Error> {
    let Sources { project, options, .. } = sources;
    if value == "context" {
        let log_name = "[internal] resolve main build context metadata".to_owned();
        let excludes = project
            .context
            .excludes(project.ignore.as_ref(), options, desk)
            .map_err(|error| error.context("failed to read dockerignore patterns"))?;
        return Ok(
            excludes.map(|excludes| Subject { recipe: project.context.recipe(excludes, options), log_name })
        );
    }
    let given =
        options.named_context(value, None).map_err(|message| Error::new("invalid-context-name", message))?;
    if let Some(given) = given {
        let context = ContextName { given, platform: None };
        let log_name = format!("[internal] resolve {ARG} named context {value}");
        let loaded = named::load(&context, ARG, options, desk)?;
        return Ok(loaded.map(|loaded| Subject { recipe: loaded.recipe, log_name }));
    }
    let is_meant = |decl: &&StageDecl| {
        decl.name.as_ref().is_some_and(|name| name.text.to_lowercase() == value.to_lowercase())
    };
    let Some(decl) = sources.file.stages.iter().find(is_meant) else {
        return Err(Error::new("invalid-epoch", format!("invalid {ARG}: {value}")));
    };
    let name = decl.name.as_ref().map_or("", |name| &name.text);
    let recipe = source_of_stage(decl, sources)
        .map_err(|message| Error::new("invalid-epoch-stage", message).at(decl.head.span))?;
    Ok(Some(Subject { recipe, log_name: format!("[internal] resolve {ARG} source stage {name}") }))
}

/// Returns the time of something. The outer `None`: answers are missing. The inner one: it has no time.
fn time(subject: &Subject, options: &Options, desk: &mut Desk) -> Result<Option<Option<i64>>, Error> {
    let Some((identifier, attrs)) = source_op(&subject.recipe) else { return Ok(Some(None)) };
    let question = Question::SourceMeta(SourceMetaQuestion {
        wants_git_object: identifier.starts_with("git://"),
        identifier,
        attrs,
        log_name: subject.log_name.clone(),
    });
    let meta = match desk.ask(&question) {
        None => return Ok(None),
        Some(Answer::SourceMeta(meta)) => meta,
        Some(other) => return Err(misfit(other)),
    };
    if let Some(time) = time_of_meta(meta)? {
        return Ok(Some(time));
    }
    // A download without a time of its own may be an archive of files that have one.
    let Root::Source(Source::Http(http)) = &subject.recipe.root else { return Ok(Some(None)) };
    let download = Recipe { root: subject.recipe.root.clone(), ..Recipe::empty() };
    let mut definition = download.definition(&options.host)?;
    definition.metadata.clear(); // the reference says nothing about this op either
    let question = Question::Files(FilesQuestion {
        definition,
        evaluate: false,
        files: vec![FileRequest::new(&http.filename)],
        asker: String::new(),
    });
    match desk.ask(&question) {
        None => Ok(None),
        Some(Answer::Files(files)) => match files.first() {
            Some(Ok(data)) => Ok(Some(archive::newest_file(data))),
            Some(Err(error)) => Err(Error::ask(error.clone())),
            None => Ok(Some(None)),
        },
        Some(other) => Err(misfit(other)),
    }
}

/// Returns the time that the engine knows; the inner `None` is a commit without one.
fn time_of_meta(meta: &SourceMeta) -> Result<Option<Option<i64>>, Error> {
    match &meta.git_commit {
        Some(commit) if !commit.is_empty() => commit_time(commit).map(Some),
        _ => Ok(meta.http_last_modified.map(Some)),
    }
}

/// Returns when a commit was made, as its raw object has it: `committer Name <address> SECONDS ZONE`.
fn commit_time(commit: &[u8]) -> Result<Option<i64>, Error> {
    let text = String::from_utf8_lossy(commit);
    let head = || text.split('\n').take_while(|line| !line.is_empty());
    for name in ["tree", "author", "committer"] {
        if !head().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' '))) {
            let message = format!("invalid commit object: missing {name} header");
            return Err(Error::new("invalid-commit", message));
        }
    }
    let committer = head().find_map(|line| line.strip_prefix("committer ")).unwrap_or_default();
    let time = committer.rsplit_once('>').and_then(|(_, time)| time.split_whitespace().next());
    Ok(time.and_then(|seconds| seconds.parse().ok()))
}

/// Returns identifier and attributes of the one source of a recipe; nothing if there is none, or more than one.
fn source_op(recipe: &Recipe) -> Option<(String, BTreeMap<String, String>)> {
    match &recipe.root {
        Root::Empty => None,
        Root::Source(source) => Some((source.identifier(), source.attrs(""))),
        Root::Input(definition) => {
            let mut sources =
                definition.ops.iter().filter_map(|bytes| match ops::Op::decode(&**bytes).ok()?.op? {
                    ops::op::Op::Source(source) => {
                        let text = |text: Option<String>| text.unwrap_or_default();
                        let attrs =
                            source.attrs.into_iter().map(|entry| (text(entry.key), text(entry.value)));
                        Some((source.identifier, attrs.collect()))
                    }
                    _ => None,
                });
            let source = sources.next();
            source.filter(|_| sources.next().is_none())
        }
    }
}

/// Returns the source of a stage that has nothing else.
fn source_of_stage(decl: &StageDecl, sources: &Sources) -> Result<Recipe, String> {
    let lexer = Lexer::new(sources.file.escape);
    let mut env = sources.args.env.clone();
    env.remove(ARG);
    let base = lexer.word(&decl.base.text, &env).map_err(|error| {
        let base = crate::text::quote(&decl.base.text);
        format!("failed to process source stage base name {base}: {error}")
    })?;
    if base.text != SCRATCH {
        return Err(format!("{ARG} stage must use FROM scratch"));
    }
    let mut found = None;
    for instruction in &decl.instructions {
        match &instruction.kind {
            Kind::Arg(arg) => arg.args.iter().try_for_each(|arg| declare(arg, &lexer, sources, &mut env))?,
            Kind::Add(_) if found.is_some() => {
                return Err(format!("{ARG} stage must contain exactly one remote ADD"));
            }
            Kind::Add(add) => found = Some(source_of_add(add, &lexer, &env)?),
            _ => {
                let keyword = &instruction.head.keyword.value;
                return Err(format!(
                    "{ARG} stage does not meet source-only requirements: unsupported {keyword} instruction"
                ));
            }
        }
    }
    found.ok_or_else(|| format!("{ARG} stage must contain exactly one remote ADD"))
}

fn declare(arg: &ArgDecl, lexer: &Lexer, sources: &Sources, env: &mut EnvList) -> Result<(), String> {
    let name = arg.key.text.as_str();
    if let Some(given) = sources.build_args.get(name) {
        env.set(name, given);
    } else if let Some(default) = &arg.value {
        let value = lexer.word(&default.text, env).map_err(|error| error.to_string())?.text;
        env.set(name, value);
    }
    Ok(())
}

fn source_of_add(add: &Add, lexer: &Lexer, env: &EnvList) -> Result<Recipe, String> {
    let expand = |text: &str| lexer.word(text, env).map(|word| word.text).map_err(|error| error.to_string());
    let ([source], []) = (&add.transfer.sources[..], &add.transfer.files[..]) else {
        return Err(format!("{ARG} stage must contain exactly one remote ADD source"));
    };
    let address = expand(&source.text)?;
    let checksum = match &add.checksum {
        Some(word) => expand(&word.text)?,
        None => String::new(),
    };
    if is_http_source(&address) {
        if !checksum.is_empty() {
            Digest::parse(&checksum).map_err(|error| error.to_string())?;
        }
        let filename = remote::http_filename(&address);
        let http = Http { url: address, filename, checksum, ..Http::default() };
        return Ok(Recipe { root: Root::Source(Source::Http(Box::new(http))), ..Recipe::empty() });
    }
    match GitRef::parse(&address) {
        Ok(git) if !git.looks_local => {
            // How files are timed and fetched does not matter to the time of the commit.
            let git = GitRef { mtime: String::new(), fetch_by_commit: false, ..git };
            let mut source = recipe::git_source(&git);
            source.keeps_git_dir |= add.keep_git_dir == Some(true);
            if !checksum.is_empty() {
                source.checksum = checksum;
            }
            Ok(Recipe { root: Root::Source(Source::Git(Box::new(source))), ..Recipe::empty() })
        }
        Err(remote::GitRefError::Query(message)) => Err(message),
        _ => Err(format!("{ARG} stage source must be a single HTTP(S) or Git ADD")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Outside;
    use super::*;
    use crate::image::Platform;
    use crate::instruction;
    use crate::syntax;
    use crate::text::SourceMap;

    #[test]
    fn the_time_of_a_commit() {
        let commit =
            b"tree 1\nauthor A <a@b> 5 +0000\ncommitter B > <b@c> 17 -0100\n\ncommitter C <c> 3 +0000\n";
        assert_eq!(commit_time(commit).unwrap(), Some(17));
        let error = commit_time(b"tree 1\nauthor A\n\ncommitter B <b> 1 +0000").unwrap_err();
        assert_eq!(error.diagnostic.message, "invalid commit object: missing committer header");
    }

    /// Checks where the one source of a stage comes from, and what is said about it.
    #[track_caller]
    fn check_add(instruction: &str, expected: Result<&str, &str>) {
        let sources = SourceMap::of("Dockerfile", format!("FROM scratch\n{instruction}\n"));
        let file = instruction::parse_file(syntax::parse(&sources.files()[0]));
        let Kind::Add(add) = &file.stages[0].instructions[0].kind else { panic!("it is an ADD") };
        let found = source_of_add(add, &Lexer::new('\\'), &EnvList::from_pairs(["C=sha256", "N=a"]));
        let found = found.map(|recipe| {
            let (identifier, attrs) = source_op(&recipe).expect("it has one source");
            let is_usual =
                |name: &str| name.ends_with("secret") || ["git.fullurl", "http.filename"].contains(&name);
            let attrs = attrs.into_iter().filter(|(name, _)| !is_usual(name));
            attrs.fold(identifier, |text, (name, value)| format!("{text} {name}={value}"))
        });
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{instruction}");
    }

    #[test]
    fn what_a_stage_may_add() {
        let digest = format!("sha256:{}", "1".repeat(64));
        let plain = "https://example.com/a.tar";
        check_add("ADD https://example.com/$N.tar /", Ok(plain));
        check_add(&format!("ADD --checksum= {plain} /"), Ok(plain));
        let sum = format!("{plain} http.checksum={digest}");
        check_add(&format!("ADD --checksum={digest} {plain} /"), Ok(&sum));
        check_add(&format!("ADD --checksum=$C:{} {plain} /", "1".repeat(64)), Ok(&sum));
        check_add(&format!("ADD --checksum=sha256:1 {plain} /"), Err("invalid checksum digest length"));

        let git = "https://example.com/a.git";
        check_add(&format!("ADD {git}#v1:dir /"), Ok("git://example.com/a.git#v1:dir"));
        check_add(
            &format!("ADD --keep-git-dir --checksum=abc {git} /"),
            Ok("git://example.com/a.git git.checksum=abc git.keepgitdir=true"),
        );
        let timed = format!("ADD {git}?mtime=commit&fetch-by-commit=1&keep-git-dir=1&checksum=abc /");
        check_add(&timed, Ok("git://example.com/a.git git.checksum=abc git.keepgitdir=true"));
        check_add("ADD git://example.com/a.git?x=y /", Err("unexpected query \"x\""));

        let one = "SOURCE_DATE_EPOCH stage must contain exactly one remote ADD source";
        check_add(&format!("ADD {plain} {git} /"), Err(one));
        let remote = "SOURCE_DATE_EPOCH stage source must be a single HTTP(S) or Git ADD";
        check_add("ADD a.tar /", Err(remote));
        check_add("ADD github.com/a/b.git /", Err(remote));
    }

    #[test]
    fn a_download_without_a_time_may_be_an_archive_of_files_with_one() {
        let url = "https://example.com/a.tar";
        let file = format!("FROM scratch AS src\nADD {url} /\nFROM scratch\n");
        let outside = || Outside::new(&file).option("build-arg:SOURCE_DATE_EPOCH", "src");
        let archive = String::from_utf8(archive::tests::header(b'0', 0, "17")).expect("it is ASCII");
        let mut timed = outside().file(url, "a.tar", &archive);
        assert_eq!(timed.plan().expect("there is a time").epoch, Some(0o17));
        assert_eq!(timed.asked[1], format!("a.tar in {url}"));
        let plan = outside().file(url, "a.tar", "text").plan();
        assert_eq!(plan.expect("it has no time").epoch, None);
        let error = outside().plan().expect_err("it cannot be had");
        assert_eq!(error.diagnostic.message, "open a.tar: no such file");
    }

    #[test]
    fn an_input_has_the_time_of_its_one_source() {
        let host = Platform::new("linux", "amd64");
        let source = Recipe::http("https://example.com/a", "a", "a").definition(&host).expect("it is whole");
        let outside = |definition| {
            let outside = Outside::new("FROM scratch\n").option("build-arg:SOURCE_DATE_EPOCH", "src");
            let mut outside = outside.option("context:src", "input:src").input("src", definition);
            outside.meta = SourceMeta { http_last_modified: Some(5), ..SourceMeta::default() };
            outside
        };
        assert_eq!(outside(source).plan().expect("there is a time").epoch, Some(5));
        assert_eq!(outside(Default::default()).plan().expect("it has no time").epoch, None);
    }

    #[test]
    fn a_commit_without_bytes_has_no_time() {
        let meta = SourceMeta { git_commit: Some(Vec::new()), ..SourceMeta::default() };
        assert_eq!(time_of_meta(&meta).expect("nothing is wrong"), None);
    }
}

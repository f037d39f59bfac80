//! The whole way of checks: Dockerfiles through the pipeline, with made-up answers in place of an engine.

use multistage::image::Platform;
use multistage::internal::lint::{OWN, RULES, Status, Warning};
use multistage::internal::options::Options;
use multistage::internal::pipeline::{Build, Outcome, Scope, Source};
use multistage::internal::plan::{Answer, AskError, Entry, Question, Step};
use multistage::internal::text::SourceMap;
use std::collections::BTreeMap;
use std::sync::Arc;

const IGNORED: &str = "tmp\n";

/// Answers as an engine with one file, where every image exists. An image with `arm64` in its name is for that.
fn answer(question: &Question, dockerfile: &str) -> Answer {
    match question {
        Question::ImageConfig(image) => {
            let architecture = if image.reference.contains("arm64") { "arm64" } else { "amd64" };
            Answer::ImageConfig {
                reference: image.reference.clone(),
                digest: format!("sha256:{}", "0".repeat(64)),
                config: format!(
                    r#"{{"architecture":"{architecture}","os":"linux","rootfs":{{"type":"layers","diff_ids":["sha256:1"]}}}}"#
                )
                .into_bytes(),
            }
        }
        Question::Files(files) => Answer::Files(
            files
                .files
                .iter()
                .map(|file| match file.path.as_str() {
                    "Dockerfile" => Ok(dockerfile.as_bytes().to_vec()),
                    ".dockerignore" => Ok(IGNORED.as_bytes().to_vec()),
                    _ => Err(AskError { code: 5, message: "not found".to_owned(), ..AskError::default() }),
                })
                .collect(),
        ),
        Question::Inputs => Answer::Inputs(BTreeMap::new()),
        Question::SourceMeta(_) => Answer::Failed(AskError::default()),
    }
}

/// Returns what is found in a Dockerfile, and the error if it has one.
fn check(dockerfile: &str, options: &[(&str, &str)]) -> (Vec<Warning>, Option<String>) {
    let outcome = build(dockerfile, options, Scope::All);
    (outcome.warnings, outcome.built.err().map(|error| error.diagnostic.message))
}

fn build(dockerfile: &str, options: &[(&str, &str)], scope: Scope) -> Outcome {
    let host = Platform::new("linux", "amd64");
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let options = Arc::new(Options::from_map(&options, &[], &host).expect("the options of a test are right"));
    let mut entry = Entry::new(options.clone());
    let project = loop {
        match entry.step().expect("there is a Dockerfile") {
            Step::Done(project) => break project,
            Step::Ask(questions) => {
                for question in questions {
                    let answer = answer(&question, dockerfile);
                    entry.tell(question, answer);
                }
            }
        }
    };
    let source = Source::read(project, options).expect("the settings of a test are right");
    let mut build = Build::new(&source, None, scope, true);
    loop {
        match build.step() {
            Step::Done(outcome) => return outcome,
            Step::Ask(questions) => {
                for question in questions {
                    let answer = answer(&question, dockerfile);
                    build.tell(question, answer);
                }
            }
        }
    }
}

fn names(warnings: &[Warning]) -> Vec<&str> {
    warnings.iter().map(|warning| warning.rule.name).collect()
}

#[test]
fn the_page_of_each_rule_tells_the_truth() {
    for rule in RULES.iter().chain(OWN) {
        let settings = match rule.status {
            Status::Own => format!("experimental={}", rule.name),
            _ => String::new(),
        };
        let options = [("build-arg:BUILDKIT_DOCKERFILE_CHECK", settings.as_str())];
        let options = if settings.is_empty() { &[][..] } else { &options };
        let (bad, error) = check(rule.page.bad, options);
        assert!(names(&bad).contains(&rule.name), "{}: nothing found, {error:?}", rule.name);
        let (good, error) = check(rule.page.good, options);
        assert_eq!(names(&good), [""; 0], "{}: the good file is not good", rule.name);
        assert_eq!(error, None, "{}", rule.name);
    }
}

#[test]
fn rules_are_documented() {
    for rule in RULES.iter().chain(OWN) {
        assert!(rule.page.text.len() > 50 && rule.page.text.ends_with('.'), "{}", rule.name);
        assert!(multistage::internal::lint::rule(&rule.name.to_lowercase()).is_some(), "{}", rule.name);
        let slug = rule.url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        assert!(rule.url.is_empty() || slug.replace('-', "") == rule.name.to_lowercase(), "{}", rule.url);
    }
    assert_eq!(RULES.len(), 22);
}

#[test]
fn warnings_end_where_the_build_ends() {
    let file = "FROM a AS B\nWORKDIR x\nCOPY --from=${no}x / /\nCMD y\n";
    let (found, error) = check(file, &[]);
    assert_eq!(names(&found), ["StageNameCasing"]);
    assert!(error.is_some());
    let (found, error) = check("FROM a\nWORKDIR x\nEXPOSE x\nCMD y\n", &[]);
    assert_eq!(names(&found), ["WorkdirRelativePath"]);
    assert!(error.is_some());
    let (found, _) = check("FROM a AS B\nRUNN\nMAINTAINER c\n", &[]);
    assert_eq!(names(&found), ["StageNameCasing"]);
    let (found, _) = check("FROM a AS B\nENV C\n", &[]);
    assert_eq!(names(&found).len(), 0);
}

#[test]
fn an_instruction_may_be_left_out() {
    let file =
        "# check=skip=StageNameCasing\nFROM a AS B\n# check=skip=JSONArgsRecommended for a reason\nCMD y\n";
    let whole = "FROM a\n# check=skip=JSONArgsRecommended for a reason\nCMD y\n";
    assert_eq!(names(&check(file, &[]).0), [""; 0]);
    assert_eq!(names(&check(whole, &[]).0), [""; 0]);
    let file = "FROM a\n# check=skip=JSONArgsRecommended\nENTRYPOINT x\nCMD y\n";
    let (found, _) = check(file, &[]);
    assert_eq!(names(&found), ["JSONArgsRecommended"]);
}

#[test]
fn findings_may_fail_the_build() {
    let file = "# check=error=true\nFROM a AS B\nMAINTAINER c\nMAINTAINER d\n";
    let (_, error) = check(file, &[]);
    assert_eq!(
        error.as_deref(),
        Some("lint violation found for rules: StageNameCasing, MaintainerDeprecated")
    );
    let skip_all = [("build-arg:BUILDKIT_DOCKERFILE_CHECK", "skip=all")];
    let (found, error) = check(file, &skip_all);
    assert_eq!((found.len(), error), (0, None));
}

#[track_caller]
fn check_errors(dockerfile: &str, first: &str, more: &[&str]) {
    check_errors_with(dockerfile, &[], first, more);
}

#[track_caller]
fn check_errors_with(dockerfile: &str, options: &[(&str, &str)], first: &str, more: &[&str]) {
    let outcome = build(dockerfile, options, Scope::Target);
    let error = outcome.built.expect_err("the file of the test is wrong").diagnostic.message;
    assert!(error.contains(first), "{error}");
    let found: Vec<&str> = outcome.more_errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(found.len(), more.len(), "{found:?}");
    for (found, expected) in found.iter().zip(more) {
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn a_wrong_option_takes_nothing_out_of_the_file() {
    let file = "ARG BASE=a\nFROM $BASE\n";
    check_errors_with(file, &[("target", "x")], "target stage \"x\" could not be found", &[]);
}

#[test]
fn a_build_tells_all_errors() {
    check_errors(
        "FROM a\nRUM x\nCOPY y\nCOPY --from=7 a b\n",
        "unknown instruction: RUM",
        &["COPY requires", "invalid stage index 7"],
    );
    check_errors(
        "FROM a AS b\nCOPY --from=7 a b\nFROM c\nCOPY --from=b x y\nCOPY --from=8 a b\n",
        "invalid stage index 7",
        &["invalid stage index 8"],
    );
    check_errors(
        "FROM --platform=a/b/c/d a\nFROM --platform=/ b\nCOPY --from=9 x /\n",
        "failed to parse platform a/b/c/d",
        &["failed to parse platform /", "invalid stage index 9"],
    );
    check_errors("FROM a\nENV a=${b:?first}\nRUN x\nWORKDIR ${c:?second}\n", "first", &["second"]);
    check_errors("FROM a\nEXPOSE x\nCMD y\n", "x", &[]);
}

#[test]
fn errors_that_follow_from_a_lost_stage_are_not_told() {
    check_errors("FROM a AS one\nFORM b\nCOPY --from=1 x y\n", "unknown instruction: FORM", &[]);
    check_errors("FROM a b\nCOPY --from=1 x y\nCOPY z\n", "FROM requires", &["COPY requires"]);
}

#[test]
fn checks_of_our_own_are_off_unless_called_by_name() {
    let file = "FROM a AS one\nRUN apk add x\nFROM b\nCOPY .env /\n";
    let settings = |text| check(file, &[("build-arg:BUILDKIT_DOCKERFILE_CHECK", text)]).0;
    assert_eq!(names(&check(file, &[]).0), [""; 0]);
    assert_eq!(names(&settings("experimental=all")), [""; 0]);
    assert_eq!(names(&settings("experimental=SecretCopied,UnusedStage")), ["UnusedStage", "SecretCopied"]);
    assert_eq!(names(&settings("experimental=SecretCopied,UnusedStage;skip=UnusedStage")), ["SecretCopied"]);
}

/// Checks where a rule finds something: between `«` and `»`, of which the file has as many pairs as there are findings.
/// Nothing between them is a place before a character.
#[track_caller]
fn check_places(rule: &str, marked: &str) {
    let mut dockerfile = String::new();
    let (mut expected, mut open) = (Vec::new(), 0);
    for c in marked.chars() {
        match c {
            '«' => open = dockerfile.len(),
            '»' => expected.push((open, dockerfile.len())),
            c => dockerfile.push(c),
        }
    }
    let status = multistage::internal::lint::rule(rule).expect("the rule is there").status;
    let asked = format!("experimental={rule}");
    let options = [("build-arg:BUILDKIT_DOCKERFILE_CHECK", asked.as_str())];
    let (found, _) = check(&dockerfile, if status == Status::Stable { &[] } else { &options });
    let sources = SourceMap::of("Dockerfile", dockerfile.as_str());
    let place = |warning: &Warning| {
        let place = warning.place(&sources.files()[0]);
        (place.start as usize, place.end as usize)
    };
    let mut found: Vec<_> = found.iter().filter(|warning| warning.rule.name == rule).map(place).collect();
    found.sort_unstable();
    let text = |all: &[(usize, usize)]| {
        all.iter().map(|&(start, end)| format!("{start}: {}", &dockerfile[start..end])).collect::<Vec<_>>()
    };
    assert_eq!(text(&found), text(&expected), "{marked}");
}

#[test]
fn each_rule_points_at_the_word_that_is_meant() {
    let cases = [
        ("StageNameCasing", "FROM a AS «Base»\n"),
        ("FromAsCasing", "FROM a «as» b\n"),
        ("NoEmptyContinuation", "FROM a\nRUN b \\\n«»\n  c\n"),
        ("ConsistentInstructionCasing", "FROM a\nRUN b\n  «run» c\n"),
        ("DuplicateStageName", "FROM a AS b\nFROM c AS «b»\n"),
        ("ReservedStageName", "FROM a AS «scratch»\n"),
        ("JSONArgsRecommended", "FROM a\nCMD «b c»\nENTRYPOINT   «d»\n"),
        ("MaintainerDeprecated", "FROM a\n«MAINTAINER» b\n"),
        ("UndefinedArgInFrom", "FROM a«${c:-d}»\n"),
        ("UndefinedArgInFrom", "ARG b=1\nFROM a:$b-«${c}» AS c\n"),
        ("UndefinedArgInFrom", "FROM --platform=linux/«$c» a\n"),
        ("WorkdirRelativePath", "FROM a\nWORKDIR «b/c»\n"),
        ("UndefinedVar", "FROM a\nCOPY «$b» /$PATH/«${c:-x}»/\n"),
        ("UndefinedVar", "FROM a\nENV d='$b' e=\\$b f=\"'«$b»'\"\n"),
        ("UndefinedVar", "FROM a\nENV d=x\\\n«$b»\n"),
        ("UndefinedVar", "FROM a\nCOPY <<x y\nit's «$b»\nx\n"),
        ("UndefinedVar", "FROM a\nRUN --mount=type=cache,target=/«$b» x\n"),
        ("MultipleInstructionsDisallowed", "FROM a\n«CMD» [\"b\"]\n  «CMD» [\"c\"]\nCMD [\"d\"]\n"),
        ("MultipleInstructionsDisallowed", "FROM a\n«HEALTHCHECK» CMD a\nHEALTHCHECK NONE\n"),
        ("RedundantTargetPlatform", "FROM --platform=«$TARGETPLATFORM» a\n"),
        ("SecretsUsedInArgOrEnv", "FROM a\nARG b «TOKEN» «A_KEY»=c\nENV b=TOKEN «SECRET»=d\n"),
        ("InvalidDefaultArgInFrom", "ARG b\nFROM «a:$b» AS c\n"),
        ("FromPlatformFlagConstDisallowed", "FROM --platform=«linux/arm64» a\n"),
        ("CopyIgnoredFile", "FROM a\nCOPY x «tmp» /tmp\nADD «./tmp/y» /\n"),
        ("InvalidDefinitionDescription", "# a\n# «b»\nFROM a AS c\n"),
        ("ExposeProtoCasing", "FROM a\nEXPOSE 1 «2/TCP» 3/udp\n"),
        ("ExposeInvalidFormat", "FROM a\nEXPOSE 1 «2:3» «127.0.0.1:4:5/tcp»\n"),
        ("LegacyKeyValueFormat", "FROM a\nENV «b c d»\nLABEL «b c»\n"),
        ("InvalidBaseImagePlatform", "FROM a\nFROM «arm64/a» AS b\nCOPY --from=«arm64/c» x y\n"),
        ("UnusedStage", "FROM a AS «b»\nFROM c\n"),
        ("UnusedStage", "FROM «a:1»\nFROM c\n"),
        ("CopyFromMissingPath", "FROM scratch AS s\nCOPY a /b/c\nFROM a\nCOPY --from=s /b/c «/b/d» /\n"),
        ("SecretCopied", "FROM a\nCOPY a «.env» /\n"),
        ("SecretInLabel", "FROM a\nLABEL a=b «c.token»=d\n"),
        ("LatestBase", "FROM --platform=linux «a:latest» AS b\n"),
        ("UnpinnedBase", "FROM «a:1» AS b\n"),
        ("DeceptiveText", "FROM a\nRUN p«\u{430}»th\n"),
        ("CopyBeforeInstall", "FROM a\nCOPY --chown=1 «.» .\nRUN npm ci\n"),
        ("PackageCacheLeft", "FROM a\nRUN echo x && «apk -q add» y\n"),
        ("PackageCacheLeft", "FROM a\nRUN <<x\nset -e\nsudo «apk add» y\nx\n"),
        ("PackageCacheLeft", "FROM a\nRUN [\"«apk»\", \"add\", \"y\"]\n"),
    ];
    for (rule, marked) in cases {
        check_places(rule, marked);
    }
    for rule in multistage::internal::lint::all_rules() {
        assert!(cases.iter().any(|(name, _)| *name == rule.name), "no case for {}", rule.name);
    }
}

//! The whole way of checks: Dockerfiles through the pipeline, with made-up answers in place of an engine.

use multistage::image::Platform;
use multistage::lint::{OWN, RULES, Status, Warning};
use multistage::options::Options;
use multistage::pipeline::{Build, Outcome, Scope, Source};
use multistage::plan::{Answer, AskError, Entry, Question, Step};
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
                    _ => Err(AskError { code: 5, message: "not found".to_owned(), details: Vec::new() }),
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
        assert!(multistage::lint::rule(&rule.name.to_lowercase()).is_some(), "{}", rule.name);
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
    let outcome = build(dockerfile, &[], Scope::Target);
    let error = outcome.built.expect_err("the file of the test is wrong").diagnostic.message;
    assert!(error.contains(first), "{error}");
    let found: Vec<&str> = outcome.more_errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(found.len(), more.len(), "{found:?}");
    for (found, expected) in found.iter().zip(more) {
        assert!(found.contains(expected), "{found}");
    }
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

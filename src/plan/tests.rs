//! Plans of small files: what is asked, what is needed, what comes out.

use super::testing::{Outside, digest};
use super::{BaseFiles, Plan, Recipe, SourceMeta};
use crate::image::Platform;
use crate::llb::Definition;
use crate::stage::StageId;
use crate::text::Span;

const IGNORE: &str = ".dockerignore in local://context";

/// Checks the batches of questions after the Dockerfile was read.
#[track_caller]
fn asks(mut outside: Outside, expected: &[&str]) -> Plan {
    let plan = outside.plan().unwrap_or_else(|error| panic!("{}", error.diagnostic.message));
    assert_eq!(outside.asked, expected);
    plan
}

/// Checks the message of an error, and the lines that it names; 0 is a place without lines.
#[track_caller]
fn fails(mut outside: Outside, message: &str, lines: &[u32]) {
    let error = outside.plan().expect_err("there is no plan");
    assert_eq!(error.diagnostic.message, message);
    let project = outside.project().expect("the Dockerfile can be read");
    let found = error.diagnostic.ranges.iter().map(|&span| match span {
        Span::NOWHERE => 0,
        span => project.sources.lines(span).0,
    });
    assert_eq!(found.collect::<Vec<_>>(), lines);
}

/// Shows what each stage starts from.
fn bases(plan: &Plan) -> Vec<String> {
    let show = |id: StageId| match (plan.stages[id].base, plan.base(id)) {
        (Some(base), _) => format!("stage {}", base.index()),
        (None, None) => "unknown".to_owned(),
        (None, Some(base)) => match &base.files {
            BaseFiles::Empty => "empty".to_owned(),
            BaseFiles::Image { reference, .. } => {
                reference.replace("docker.io/library/", "").replace(&digest('a'), "…")
            }
            BaseFiles::Context(recipe) => show_recipe(recipe),
        },
    };
    plan.stages.ids().map(show).collect()
}

fn show_recipe(recipe: &Recipe) -> String {
    match &recipe.root {
        super::Root::Empty => "empty context".to_owned(),
        super::Root::Input(_) => "input".to_owned(),
        super::Root::Source(source) => format!("context {}", source.identifier()),
    }
}

fn order(plan: &Plan) -> Vec<usize> {
    plan.order.iter().map(|id| id.index()).collect()
}

#[test]
fn only_needed_images_are_asked_for_in_one_batch() {
    let plan = asks(
        Outside::new(
            "FROM golang AS build\nRUN x\nFROM debian AS unused\nRUN y\nFROM alpine\nCOPY --from=build /a /\nCOPY --from=busybox /b /\n",
        ),
        &[&format!("golang:latest, alpine:latest, busybox:latest, {IGNORE}")],
    );
    assert_eq!(bases(&plan), ["golang:latest@…", "unknown", "alpine:latest@…", "busybox:latest@…"]);
    assert_eq!(order(&plan), [0, 2]);
    assert_eq!(plan.is_needed, [true, false, true, true]);
    assert!(plan.stages.iter().nth(3).unwrap().1.is_implicit());
    let labels: Vec<&str> = plan.stages.labels().collect();
    assert_eq!(labels, ["build", "unused", "stage-2"]);
}

#[test]
fn one_stage_has_no_label_and_scratch_asks_nothing_of_a_registry() {
    let plan = asks(Outside::new("FROM scratch\nCOPY a /\n"), &[IGNORE]);
    assert_eq!(bases(&plan), ["empty"]);
    assert_eq!(plan.stages.labels().count(), 0);
    assert_eq!(plan.stages[plan.target].step_count, 1);
}

#[test]
fn a_target_by_name_leaves_out_what_follows() {
    let file = "FROM a AS one\nFROM b AS two\nFROM c AS three\n";
    let plan = asks(Outside::new(file).option("target", "TWO"), &[&format!("b:latest, {IGNORE}")]);
    assert_eq!(order(&plan), [1]);
    fails(
        Outside::new(file).option("target", "tow"),
        "target stage \"tow\" could not be found (did you mean two?)",
        &[],
    );
}

#[test]
fn all_stages_are_looked_at_for_checks() {
    let outside = Outside::new("FROM a AS one\nFROM b\n").all_stages();
    let plan = asks(outside, &["a:latest, b:latest", IGNORE]);
    assert_eq!((order(&plan), plan.is_needed), (vec![0, 1], vec![false, true]));
}

#[test]
fn a_name_means_an_earlier_stage_or_an_image() {
    let plan = asks(
        Outside::new("FROM later AS first\nFROM first AS later\nFROM later\n"),
        &[&format!("later:latest, {IGNORE}")],
    );
    assert_eq!(bases(&plan), ["later:latest@…", "stage 0", "stage 1"]);
}

#[test]
fn steps_are_counted_with_the_base() {
    let plan = asks(
        Outside::new("FROM alpine AS a\nRUN x\nENV A=1\nWORKDIR /w\nFROM a\nCOPY x /\n"),
        &[&format!("alpine:latest, {IGNORE}")],
    );
    let counts: Vec<usize> = plan.stages.iter().map(|(_, stage)| stage.step_count).collect();
    assert_eq!(counts, [3, 1]);
}

#[test]
fn copy_takes_indexes_also_of_images() {
    let plan = asks(
        Outside::new(
            "FROM alpine\nCOPY --from=busybox /a /\nFROM scratch\nCOPY --from=+00 / /\nCOPY --from=2 / /\n",
        ),
        &[&format!("alpine:latest, busybox:latest, {IGNORE}")],
    );
    let sources: Vec<usize> =
        plan.stages[plan.target].commands.iter().map(|command| command.sources[0].index()).collect();
    assert_eq!(sources, [0, 2]);
    fails(Outside::new("FROM alpine\nCOPY --from=1 / /\n"), "invalid stage index 1", &[]);
    fails(Outside::new("FROM alpine\nCOPY --from=-1 / /\n"), "invalid stage index -1", &[]);
}

#[test]
fn circles_are_found_whatever_their_length() {
    fails(
        Outside::new("FROM alpine AS a\nCOPY --from=a / /\n"),
        "circular dependency detected on stage: a",
        &[2],
    );
    fails(
        Outside::new(
            "FROM alpine AS a\nCOPY --from=c x x\nFROM alpine AS b\nCOPY --from=a x x\nFROM alpine AS c\nRUN --mount=from=b,target=/b x\n",
        ),
        "circular dependency detected on stage: a",
        &[2, 6, 4],
    );
}

#[test]
fn a_variable_behind_from_is_refused() {
    fails(
        Outside::new("FROM alpine AS a\nFROM alpine\nCOPY --from=$A x x\n"),
        "variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround",
        &[],
    );
}

#[test]
fn what_a_from_needs() {
    fails(Outside::new("ARG B\nFROM $B\n"), "base name ($B) should not be blank", &[2]);
    fails(
        Outside::new("FROM --platform=$TARGETPLATFROM alpine\n"),
        "empty platform value from expression $TARGETPLATFROM (did you mean TARGETPLATFORM?)",
        &[1],
    );
    fails(
        Outside::new("FROM alpine AS a\nFROM up/CASE\n").option("target", "a"),
        "failed to parse stage name \"up/CASE\": invalid reference format: repository name (up/CASE) must be lowercase",
        &[2],
    );
    fails(Outside::new("FROM alpine AS a.\n"), "invalid context name a.: invalid reference format", &[]);
}

#[test]
fn an_image_of_a_mount_has_no_lines() {
    fails(
        Outside::new("FROM alpine\nRUN --mount=from=up/CASE,target=/x y\n"),
        "failed to parse stage name \"up/CASE\": invalid reference format: repository name (up/CASE) must be lowercase",
        &[0],
    );
}

#[test]
fn a_missing_image_says_what_it_may_have_been() {
    let mut outside = Outside::new("FROM missing.invalid/xyz AS missing\n");
    let error = outside.plan().unwrap_err();
    assert_eq!(error.diagnostic.message, "missing.invalid/xyz: not found");
    assert_eq!(error.cause.unwrap().code, 5);
}

#[test]
fn an_image_that_everybody_knows_may_be_meant() {
    for (name, meant) in [("alpime", "alpine"), ("golang:lastest", "golang:latest")] {
        let full = format!("docker.io/library/{name}{}", if name.contains(':') { "" } else { ":latest" });
        let error = Outside::new(&format!("FROM {name}\n")).lacks(&full).plan().unwrap_err();
        assert_eq!(error.diagnostic.message, format!("{name}: not found (did you mean {meant}?)"));
        assert_eq!(error.to_string(), error.diagnostic.message);
    }
}

#[test]
fn an_instruction_is_taken_out_of_its_stage() {
    let mut plan = Outside::new("FROM a\nRUN x\nFROM b\nRUN y\nRUN z\n").plan().unwrap();
    let last = plan.stages.decl(plan.target).unwrap().instructions[0].head.span;
    let counts = |plan: &Plan| plan.stages.iter().map(|(_, stage)| stage.commands.len()).collect::<Vec<_>>();
    assert!(plan.stages.take_out(last));
    assert_eq!(counts(&plan), [1, 1]);
    assert!(!plan.stages.take_out(last));
    assert_eq!(counts(&plan), [1, 1]);
}

#[test]
fn platforms_of_stages() {
    let plan = asks(
        Outside::new("FROM --platform=$BUILDPLATFORM golang AS b\nFROM alpine\nCOPY --from=b / /\n")
            .option("platform", "linux/arm64"),
        &[&format!("golang:latest, alpine:latest for linux/arm64, {IGNORE}")],
    );
    let shown = |index: usize| plan.bases[index].as_ref().unwrap().platform.as_ref().unwrap().to_string();
    assert_eq!((shown(0), shown(1)), ("linux/amd64".to_owned(), "linux/arm64".to_owned()));
}

#[test]
fn images_without_layers_are_empty() {
    let none = r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}"#;
    let old = r#"{"architecture":"amd64","os":"linux","rootfs":{},"history":[{"created_by":"x"}]}"#;
    let outside = |config| Outside::new("FROM a\n").image("docker.io/library/a:latest", config);
    let batch = format!("a:latest, {IGNORE}");
    assert_eq!(bases(&asks(outside(none), &[&batch])), ["empty"]);
    assert_eq!(bases(&asks(outside(old), &[&batch])), ["a:latest@…"]);
}

#[test]
fn triggers_of_an_image_come_first_and_may_ask_for_more() {
    let plan = asks(
        Outside::new("FROM node\nRUN last\n")
            .image("docker.io/library/node:latest", r#""OnBuild":["RUN first","COPY --from=busybox /a /b"]"#),
        &[&format!("node:latest, {IGNORE}"), "busybox:latest"],
    );
    let stage = &plan.stages[plan.target];
    let onbuild: Vec<bool> = stage.commands.iter().map(|command| command.is_onbuild).collect();
    assert_eq!(onbuild, [true, true, false]);
    assert_eq!(stage.step_count, 4);
    assert!(plan.base(plan.target).unwrap().config.config.on_build.is_empty());
    assert_eq!(plan.base(plan.target).unwrap().image.as_ref().unwrap().config.on_build.len(), 2);
}

#[test]
fn triggers_of_a_stage_go_to_its_children_only() {
    let plan = asks(
        Outside::new("FROM alpine AS a\nONBUILD RUN x\nFROM a AS b\nFROM b\n"),
        &[&format!("alpine:latest, {IGNORE}")],
    );
    let counts: Vec<usize> = plan.stages.iter().map(|(_, stage)| stage.commands.len()).collect();
    assert_eq!(counts, [1, 1, 0]);
    fails(
        Outside::new("FROM node\n").image("docker.io/library/node:latest", r#""OnBuild":["RUN a\nRUN b"]"#),
        "onbuild trigger should be a single expression",
        &[1],
    );
}

#[test]
fn a_stage_that_only_a_trigger_needs_goes_by_its_full_name() {
    let mut outside =
        Outside::new("FROM busybox AS late\nFROM busybox AS soon\nFROM node\nCOPY --from=soon a b\n")
            .image("docker.io/library/node:latest", r#""OnBuild":["COPY --from=late a b"]"#);
    let plan = outside.plan().unwrap();
    let names = plan.bases.iter().flatten().map(|base| match &base.files {
        BaseFiles::Image { name, .. } => name.as_str(),
        other => panic!("{other:?} is no image"),
    });
    assert_eq!(names.collect::<Vec<_>>(), ["docker.io/library/busybox:latest", "busybox", "node"]);
}

#[test]
fn triggers_without_end_are_cut() {
    for copies in ["\"COPY --from=node / /\"", "\"COPY --from=node / /\",\"COPY --from=node / /\""] {
        let outside = Outside::new("FROM node\n");
        fails(
            outside.image("docker.io/library/node:latest", &format!("\"OnBuild\":[{copies}]")),
            "ONBUILD triggers of base images bring in more and more images without end",
            &[1],
        );
    }
}

#[test]
fn a_context_takes_the_place_of_an_image() {
    let plan = asks(
        Outside::new("FROM alpine\n").option("context:alpine", "docker-image://busybox"),
        &[&format!("busybox:latest, {IGNORE}")],
    );
    assert_eq!(bases(&plan), ["context docker-image://docker.io/library/busybox:latest"]);
    let base = plan.base(plan.target).unwrap();
    assert!(base.image.is_some());
    assert_eq!(order(&plan), [0]);
}

#[test]
fn a_context_takes_the_place_of_a_stage() {
    let plan = asks(
        Outside::new(
            "FROM golang AS build\nRUN x\nFROM build AS more\nRUN y\nFROM scratch\nCOPY --from=more / /\n",
        )
        .option("context:build", "local:files")
        .file("local://files", ".dockerignore", "a\n!b\n"),
        &[&format!(".dockerignore in local://files, {IGNORE}")],
    );
    assert_eq!(bases(&plan), ["context local://files", "stage 0", "empty"]);
    assert_eq!(order(&plan), [1, 2]);
    let BaseFiles::Context(recipe) = &plan.base(plan.stages.ids().next().unwrap()).unwrap().files else {
        panic!("a context is a recipe")
    };
    let local = recipe.as_local().unwrap();
    assert_eq!(local.exclude_patterns, ["a", "!b"]);
    assert_eq!(local.shared_key_hint, "context:build-");
}

#[test]
fn contexts_of_every_kind() {
    let from = |input: &str| {
        let mut outside =
            Outside::new("FROM x\n").option("context:x", input).input("in", Definition::default());
        outside.plan().map(|plan| bases(&plan).remove(0)).map_err(|error| error.diagnostic.message)
    };
    let ok = |text: &str| Ok(text.to_owned());
    let err = |text: &str| Err(text.to_owned());
    assert_eq!(from("docker-image://scratch"), ok("empty context"));
    assert_eq!(from("https://example.com/a.tar"), ok("context https://example.com/a.tar"));
    assert_eq!(from("https://example.com/a.git#v1"), ok("context git://example.com/a.git#v1"));
    assert_eq!(from("git@example.com:a/b"), ok("context git://example.com/a/b"));
    assert_eq!(from("input:in"), ok("input"));
    assert_eq!(
        from(&format!("oci-layout://store/a@{}", digest('b'))),
        Ok(format!("context oci-layout://docker.io/library/x@{}", digest('b')))
    );
    assert_eq!(from("input:out"), err("invalid input out for x"));
    assert_eq!(from("nothing"), err("invalid context specifier nothing for x"));
    assert_eq!(from("local:"), err("invalid context specifier local: for x"));
    assert_eq!(from("https:x"), err("invalid address \"https:x\": it names no host"));
    assert_eq!(from("ftp://x"), err("unsupported context source ftp for x"));
    assert_eq!(from("oci-layout://store:v1"), err("oci-layout reference \"store:v1\" has no digest"));
}

#[test]
fn what_is_said_about_an_input_may_be_nothing() {
    for metadata in ["null", "{}", r#"{"containerimage.config":"bnVsbA=="}"#] {
        let outside =
            Outside::new("FROM x\n").option("context:x", "input:in").option("input-metadata:in", metadata);
        let plan = outside.input("in", Definition::default()).plan().unwrap();
        assert_eq!(plan.base(plan.target).unwrap().config.os, "linux", "{metadata}");
    }
}

#[test]
fn which_contexts_have_a_time_of_their_own() {
    let created = |input: &str, image: &str| {
        let config = r#"{"created":"2024-05-22T18:18:12Z"}"#;
        let mut outside = Outside::new("FROM x\n").option("context:x", input).image(image, config);
        let plan = outside.plan().unwrap();
        let base = plan.base(plan.target).unwrap();
        assert_eq!(base.config.created, None);
        base.image.as_ref().unwrap().created.is_some()
    };
    let config = r#"{"created":"2024-05-22T18:18:12Z"}"#;
    let layout = digest('b');
    let name = format!("docker.io/library/x@{layout}");
    let outside = Outside::new("FROM alpine AS x\nFROM x\n").image(&name, config);
    let plan = outside.option("context:x", &format!("oci-layout://store@{layout}")).plan().unwrap();
    assert_eq!(plan.base(plan.stages.by_name("x").unwrap()).unwrap().config.created, None);
    let mut plain = Outside::new("FROM busybox\n").image("docker.io/library/busybox:latest", config);
    let plan = plain.plan().unwrap();
    let base = plan.base(plan.target).unwrap();
    assert!(base.config.created.is_none() && base.image.as_ref().unwrap().created.is_some());
    assert!(created(&format!("oci-layout://store@{layout}"), &format!("docker.io/library/x@{layout}")));
    assert!(!created("docker-image://busybox", "docker.io/library/busybox:latest"));
}

#[test]
fn contexts_may_be_for_one_platform() {
    let arm = Platform::new("linux", "arm64");
    for input in ["docker-image://busybox".to_owned(), format!("oci-layout://store/a@{}", digest('b'))] {
        let outside = Outside::new("FROM --platform=linux/arm64 x\n").option("context:x", &input);
        let plan = { outside }.plan().unwrap();
        let BaseFiles::Context(recipe) = &plan.base(plan.target).unwrap().files else { panic!("{input}") };
        assert_eq!(recipe.platform.as_ref(), Some(&arm), "{input}");
    }
    let outside = || {
        let outside = Outside::new("FROM alpine AS x\nFROM x\n");
        outside.option("context:x::linux/arm64", "https://example.com/a.tar")
    };
    let base = |mut outside: Outside| bases(&outside.plan().unwrap()).remove(0);
    assert_eq!(base(outside().option("platform", "linux/arm64")), "context https://example.com/a.tar");
    assert_eq!(base(outside()), "alpine:latest@…");
}

#[test]
fn policies_may_send_a_context_elsewhere() {
    let outside = || Outside::new("FROM x\n").option("context:x", "docker-image://moved");
    let plan = asks(
        outside().redirect("docker.io/library/moved:latest", "https://example.com/a.tar"),
        &[&format!("moved:latest, {IGNORE}")],
    );
    assert_eq!(bases(&plan), ["context https://example.com/a.tar"]);
    fails(
        outside().redirect("docker.io/library/moved:latest", "docker-image://moved"),
        "context recursion limit exceeded; this may indicate a cycle in the provided source policies: docker-image:moved",
        &[1],
    );
}

#[test]
fn the_ignore_file_of_a_dockerfile_goes_first() {
    let outside =
        Outside::new("FROM scratch\n").file("local://dockerfile", "Dockerfile.dockerignore", "own\n");
    let plan = asks(outside, &[]);
    assert_eq!(plan.ignore_patterns(), ["own"]);
    let outside = Outside::new("FROM scratch\n")
        .file("local://dockerfile", "Dockerfile.dockerignore", "")
        .file("local://context", ".dockerignore", "# none\nshared\n");
    assert_eq!(asks(outside, &[IGNORE]).ignore_patterns(), ["shared"]);
}

#[test]
fn the_dockerfile_may_be_in_lower_case() {
    let mut outside = Outside::default().file("local://dockerfile", "sub/dockerfile", "FROM scratch\n");
    outside = outside.option("filename", "sub/Dockerfile");
    let project = outside.project().unwrap();
    assert_eq!(project.sources.files()[0].name(), "sub/Dockerfile");
    assert_eq!(outside.asked, ["inputs", "sub/Dockerfile+sub/Dockerfile.dockerignore in local://dockerfile"]);
    let error = Outside::default().project().unwrap_err();
    assert_eq!(error.diagnostic.message, "failed to read dockerfile: open Dockerfile: no such file");
}

#[test]
fn contexts_from_afar_bring_their_dockerfile() {
    let url = "https://example.com/x";
    let mut outside = Outside::default().option("context", url).file(url, "context", "FROM scratch\n");
    let project = outside.project().unwrap();
    assert_eq!(project.sources.files()[0].name(), "context");
    assert_eq!(
        outside.asked,
        [format!("context in {url}"), format!("context+context.dockerignore in {url}")]
    );

    let git = "https://example.com/x.git#v1:dir";
    let mut outside = Outside::default().option("context", git).option("contextsubdir", "sub").file(
        "git://example.com/x.git#v1:dir",
        "Dockerfile",
        "FROM alpine\n",
    );
    let plan = outside.plan().unwrap();
    assert_eq!(outside.asked, ["alpine:latest"]);
    assert_eq!(plan.context.folder.as_deref(), Some("sub"));
    assert_eq!(
        plan.context.custom_name.as_deref(),
        Some(format!("[internal] load git source {git}").as_str())
    );
}

#[test]
fn the_epoch_is_a_number_or_the_time_of_a_source() {
    let outside = |file: &str, value: &str| Outside::new(file).option("build-arg:SOURCE_DATE_EPOCH", value);
    let scratch = "FROM scratch\n";
    assert_eq!(asks(outside(scratch, "17"), &[IGNORE]).epoch, Some(17));
    let plan = asks(outside(scratch, ""), &[IGNORE]);
    assert_eq!((plan.epoch, plan.build_args.len()), (None, 0));
    fails(outside(scratch, "yesterday"), "invalid SOURCE_DATE_EPOCH: yesterday", &[]);

    let stage = "FROM scratch AS src\nARG V=2\nADD https://example.com/v$V.tar /\nFROM alpine\n";
    let mut timed = outside(stage, "src");
    timed.meta = SourceMeta { http_last_modified: Some(5), ..SourceMeta::default() };
    let plan = asks(timed, &["time of https://example.com/v2.tar", &format!("alpine:latest, {IGNORE}")]);
    assert_eq!((plan.epoch, plan.build_args["SOURCE_DATE_EPOCH"].as_str()), (Some(5), "5"));

    let mut commit = outside(scratch, "src").option("context:src", "https://example.com/a.git");
    let object = b"tree 1\nauthor A <a> 1 +0000\ncommitter A <a> 7 +0000\n".to_vec();
    commit.meta = SourceMeta { git_commit: Some(object), ..SourceMeta::default() };
    assert_eq!(asks(commit, &["time of git://example.com/a.git", IGNORE]).epoch, Some(7));

    fails(
        outside("FROM scratch AS src\nRUN x\n", "src"),
        "SOURCE_DATE_EPOCH stage does not meet source-only requirements: unsupported RUN instruction",
        &[1],
    );
}

#[test]
fn long_chains_need_no_deep_stack() {
    let mut based = "FROM alpine AS s0\n".to_owned();
    let mut copied = "FROM alpine AS s0\n".to_owned();
    for at in 1..10_000 {
        based.push_str(&format!("FROM s{} AS s{at}\n", at - 1));
        copied.push_str(&format!("FROM scratch AS s{at}\nCOPY --from=s{} / /\n", at - 1));
    }
    for file in [based, copied] {
        let plan = asks(Outside::new(&file), &[&format!("alpine:latest, {IGNORE}")]);
        assert_eq!(plan.order.len(), 10_000);
    }
}

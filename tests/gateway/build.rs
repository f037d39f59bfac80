//! What a build asks of the engine, and what it returns.

use crate::{Engine, run};
use multistage::internal::pb::{gateway as gw, ops};
use prost::Message;

#[test]
fn a_build_returns_a_ref_and_an_image_config() {
    let run = run(Engine::with("FROM alpine\nRUN echo hi\n"), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(run.stderr, "");
    let last = format!("ref-{}", run.solves.len() - 1);
    assert_eq!(run.result().result, Some(gw::result::Result::Ref(gw::Ref { id: last, def: None })));
    let keys: Vec<&str> = run.result().metadata.keys().map(String::as_str).collect();
    assert_eq!(keys, ["containerimage.base.config", "containerimage.config", "refs.platforms"]);
    assert_eq!(run.calls.first().map(String::as_str), Some("Ping"));
    assert_eq!(run.calls.last().map(String::as_str), Some("Return"));
}

#[test]
fn images_are_asked_for_side_by_side_and_once() {
    let file =
        "FROM a AS x\nFROM b AS y\nFROM c\nCOPY --from=x / /x\nCOPY --from=y / /y\nCOPY --from=a / /z\n";
    let engine = Engine { images_at_once: 3, ..Engine::with(file) };
    let run = run(engine, &[]);
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(run.count("ResolveSourceMeta"), 3);
}

#[test]
fn more_questions_than_streams_are_asked_all_the_same() {
    let names = 0..400;
    let stages: String = names.clone().map(|name| format!("FROM image-{name} AS stage-{name}\n")).collect();
    let copies: String = names.map(|name| format!("COPY --from=stage-{name} / /\n")).collect();
    let run = run(Engine::with(format!("{stages}FROM scratch\n{copies}")), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(run.count("ResolveSourceMeta"), 400);
}

#[test]
fn messages_may_be_as_large_as_the_engine_lets_them() {
    let comment = format!("# {}\n", "x".repeat(1000));
    let run = run(Engine::with(format!("{}FROM alpine\nRUN x\n", comment.repeat(12 << 10))), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    let places = run.solves.last().and_then(|solve| solve.definition.as_ref()?.source.as_ref());
    assert!(places.unwrap().infos[0].data.len() > 12_000_000);

    let without_file =
        self::run(Engine::with(format!("{}FROM alpine\nRUNN x\n", comment.repeat(13 << 10))), &[]);
    assert!(without_file.error().message.contains("unknown instruction"), "{}", without_file.error().message);
    assert_eq!(without_file.error().details, []);

    let too_large = self::run(Engine::with(comment.repeat(17 << 10)), &[]);
    assert!(too_large.error().message.contains("too large"), "{}", too_large.error().message);
}

#[test]
fn of_a_build_too_large_for_a_message_less_is_said() {
    // Places, names and instructions in full hold each of these texts once more: 24 MiB in all.
    let step = |n: usize| format!("RUN echo {n} {}\n", "x".repeat(60_000));
    let dockerfile = |steps| format!("FROM alpine\n{}", (0..steps).map(step).collect::<String>());
    let run = run(Engine::with(dockerfile(100)), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    let definition = run.solves.last().and_then(|solve| solve.definition.as_ref()).unwrap();
    assert_eq!(definition.def.len(), 101);
    let said = |entry: &ops::OpMetadataEntry| ops::OpMetadata::decode(&entry.metadata[..]).unwrap();
    let metadata: Vec<_> = definition.metadata.iter().map(said).collect();
    assert!(metadata.iter().all(|metadata| metadata.caps.is_empty()));
    let texts = || metadata.iter().flat_map(|metadata| &metadata.description);
    assert!(texts().all(|entry| entry.key() == "llb.customname"));
    assert!(definition.source.is_some());
    let names = texts().map(|entry| entry.value().len());
    assert_eq!(names.filter(|length| *length > 60_000).count(), 0);

    // A file that is just small enough to be read.
    let too_large = self::run(Engine::with(dockerfile(279)), &[]);
    assert!(too_large.error().message.contains("279 steps do not fit"), "{}", too_large.error().message);
}

#[test]
fn platforms_are_returned_by_name() {
    let run = run(Engine::with("FROM alpine\nRUN echo hi\n"), &["platform=linux/amd64,linux/arm64"]);
    let Some(gw::result::Result::Refs(map)) = &run.result().result else { panic!("one ref was returned") };
    assert_eq!(map.refs.keys().collect::<Vec<_>>(), ["linux/amd64", "linux/arm64"]);
    let keys: Vec<&str> = run.result().metadata.keys().map(String::as_str).collect();
    assert!(keys.contains(&"containerimage.config/linux/arm64"), "{keys:?}");
}

#[test]
fn warnings_name_the_line_and_come_before_return() {
    let file = "FROM alpine AS Base\nMAINTAINER me\n";
    let run = run(Engine::with(file), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    let mut shorts: Vec<_> =
        run.warnings.iter().map(|w| String::from_utf8_lossy(&w.short).into_owned()).collect();
    shorts.sort();
    assert_eq!(shorts.len(), 2, "{shorts:?}");
    assert!(
        shorts[0].starts_with("MaintainerDeprecated: ") && shorts[0].ends_with(" (line 2)"),
        "{shorts:?}"
    );
    assert!(run.warnings.iter().all(|w| w.info.as_ref().is_some_and(|info| info.data == file.as_bytes())));
    assert_eq!(run.calls.last().map(String::as_str), Some("Return"));

    let quiet = self::run(Engine::with(file).without("gateway.warnings"), &[]);
    assert_eq!(quiet.count("Warn"), 0);
}

#[test]
fn another_frontend_is_run_in_our_place() {
    let run = run(Engine::with("# syntax=some/frontend:1 --flag\nFROM alpine\n"), &["target=x"]);
    assert!(run.status.success(), "{}", run.stderr);
    let solve = run.solves.last().unwrap();
    assert_eq!(solve.frontend, "gateway.v0");
    let options: Vec<_> = solve.frontend_opt.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(options, ["cmdline=some/frontend:1 --flag", "source=some/frontend:1", "target=x"]);
}

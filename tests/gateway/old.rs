//! What older engines are asked and given.

use crate::{Engine, run};
use multistage::internal::pb::gateway as gw;

#[test]
fn old_engines_get_the_old_format() {
    let one = run(Engine::with("FROM alpine\nRUN echo hi\n").without("proto.refarray"), &[]);
    assert!(
        matches!(&one.result().result, Some(gw::result::Result::RefDeprecated(id)) if id.starts_with("ref-"))
    );
    let two = run(
        Engine::with("FROM alpine\nRUN echo hi\n").without("proto.refarray"),
        &["platform=linux/amd64,linux/arm64"],
    );
    let Some(gw::result::Result::RefsDeprecated(map)) = &two.result().result else {
        panic!("not the old format")
    };
    assert_eq!(map.refs.len(), 2);
}

#[test]
fn engines_without_return_get_a_final_solve() {
    let run = run(Engine::with("FROM alpine\nRUN echo hi\n").without("return"), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!(run.count("Return"), 0);
    let last = run.solves.last().unwrap();
    assert!(last.r#final);
    assert!(String::from_utf8_lossy(&last.exporter_attr).contains(r#""containerimage.config":""#));
}

#[test]
fn engines_without_source_metadata_are_asked_for_image_configs() {
    let run = run(Engine::with("FROM alpine\nRUN echo hi\n").without("source.metaresolver"), &[]);
    assert!(run.status.success(), "{}", run.stderr);
    assert_eq!((run.count("ResolveImageConfig"), run.count("ResolveSourceMeta")), (1, 0));
}

#[test]
fn what_an_old_engine_lacks_is_named_with_its_place_and_the_engine_that_has_it() {
    let run = run(Engine::with("FROM alpine\nRUN --mount=type=tmpfs,target=/t,size=1m x\n"), &[]);
    let error = run.error();
    // The first line is the reference's.
    assert_eq!(
        error.message,
        "requested experimental feature exec.mount.tmpfs.size  is not supported by build server, please update buildkit\n\
         a tmpfs mount with a size (Dockerfile, line 2) needs BuildKit 0.10 or newer"
    );
    assert!(run.status.success());
}

#[test]
fn what_an_old_engine_would_skip_is_logged_and_an_error_where_warnings_are() {
    let file = "FROM alpine\nCOPY --exclude=*.o . /\nCOPY --chmod=u+x a /\nCOPY b /\n";
    let passed = run(Engine::with(file), &[]);
    assert!(passed.result().result.is_some() && passed.warnings.is_empty());
    assert_eq!(
        passed.stderr,
        "multistage-frontend: ignored by this engine: a copy with --exclude or --parents (Dockerfile, line 2) needs BuildKit 0.9 or newer\n\
         multistage-frontend: ignored by this engine: a copy with a symbolic --chmod (Dockerfile, line 3) needs BuildKit 0.17 or newer\n"
    );
    let strict = run(Engine::with(file), &["build-arg:BUILDKIT_DOCKERFILE_CHECK=error=true"]);
    assert_eq!(
        strict.error().message,
        "requested experimental feature file.copy.includeexcludepatterns  is not supported by build server, please update buildkit\n\
         a copy with --exclude or --parents (Dockerfile, line 2) needs BuildKit 0.9 or newer"
    );
    let mut newer = Engine::with(file);
    newer.llb.extend(["file.copy.includeexcludepatterns", "exec.validexitcode"]);
    let newer = run(newer, &["build-arg:BUILDKIT_DOCKERFILE_CHECK=error=true"]);
    assert!(newer.result().result.is_some() && newer.stderr.is_empty(), "{}", newer.stderr);
}

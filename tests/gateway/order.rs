//! Clusters: whichever node runs the frontend, and however its engine lists the options, the bytes are the same.

use crate::{Engine, run};

/// The permutations that are tried: as given, reversed, rotated, and shuffled in a fixed way.
fn orders<'a>(options: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut all = vec![options.to_vec(), options.iter().rev().copied().collect()];
    for by in [1, options.len() / 2] {
        let mut rotated = options.to_vec();
        rotated.rotate_left(by);
        all.push(rotated);
    }
    // Steps that share no factor with the length visit every option once.
    let step = [7, 5, 3].into_iter().find(|step| !options.len().is_multiple_of(*step)).expect("a step");
    all.push((0..options.len()).map(|at| options[at * step % options.len()]).collect());
    all
}

/// In whatever order the engine gives the options, and on each of several runs, it is asked to solve the same bytes and
/// handed the same result.
#[track_caller]
fn check(dockerfile: &str, options: &[&str]) {
    let said = |options: &[&str]| {
        let run = run(Engine::with(dockerfile), options);
        assert!(run.status.success(), "{}", run.stderr);
        // Independent questions may overtake one another; what is asked may not differ. The numbers of the refs
        // follow that order and are the engine's.
        let mut solves: Vec<Vec<u8>> = run.solves.iter().map(prost::Message::encode_to_vec).collect();
        solves.sort();
        let mut warnings: Vec<Vec<u8>> = run.warnings.iter().map(prost::Message::encode_to_vec).collect();
        warnings.sort();
        (solves, run.result().metadata.clone(), warnings)
    };
    let expected = said(options);
    for order in orders(options) {
        for _ in 0..3 {
            let found = said(&order);
            assert!(found.0 == expected.0, "other definitions with {order:?}");
            assert_eq!(found.1, expected.1, "other metadata with {order:?}");
            assert_eq!(found.2, expected.2, "other warnings with {order:?}");
        }
    }
}

const DOCKERFILE: &str = "ARG BASE=alpine\nFROM $BASE AS One\nARG A\nARG B=2\nENV C=$A$B\nLABEL own=1\n\
    RUN --mount=type=cache,target=/c --mount=type=secret,id=s echo $A $B\n\
    FROM busybox AS two\nCOPY --from=one --link / /one\nCOPY <<a <<b /\n1\na\n2\nb\n\
    FROM scratch\nCOPY --from=two / /\nCOPY . /context\nMAINTAINER me\n";

#[test]
fn the_order_of_options_changes_no_byte() {
    check(
        DOCKERFILE,
        &[
            "build-arg:A=1",
            "build-arg:B=3",
            "build-arg:BASE=debian",
            "build-arg:HTTP_PROXY=http://proxy.invalid",
            "build-arg:https_proxy=http://proxy.invalid",
            "build-arg:SOURCE_DATE_EPOCH=1600000000",
            "label:a=1",
            "label:b=2",
            "label:own=3",
            "add-hosts=b.invalid=10.0.0.2,a.invalid=10.0.0.1",
            "no-cache=one",
            "ulimit=nofile=1:2,core=3:4",
            "shm-size=1048576",
            "force-network-mode=host",
            "cgroup-parent=some",
            "hostname=here",
            "image-resolve-mode=pull",
            "attest:provenance=mode=max",
        ],
    );
}

#[test]
fn nor_does_it_with_several_platforms() {
    check(
        DOCKERFILE,
        &[
            "platform=linux/arm64,linux/amd64,linux/arm/v7",
            "multi-platform=true",
            "label:b=2",
            "label:a=1",
            "build-arg:A=1",
            "build-arg:B=1",
        ],
    );
}

#[test]
fn nor_with_named_contexts_and_caches() {
    check(
        DOCKERFILE,
        &[
            "context:alpine=docker-image://busybox",
            "context:one=docker-image://debian",
            "context:other=local:other",
            "cache-from=some/cache:1,some/cache:2",
            r#"cache-imports=[{"Type":"registry","Attrs":{"ref":"some/cache:3","a":"b"}}]"#,
            "target=two",
            "label:a=1",
        ],
    );
}

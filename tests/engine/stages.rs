//! Stages: only those that are needed run, at the same time, and each name finds its stage.

use serde_json::json;

use crate::harness::{Project, nonce};

#[test]
fn independent_stages_run_at_the_same_time() {
    // Each waits for the other, so one after the other they would not come to an end.
    let id = nonce();
    let stage = |name: &str, other: &str| {
        format!(
            "FROM busybox AS {name}\nRUN --mount=type=cache,target=/meet,id={id} touch /meet/{name}; \\\n\
             for i in $(seq 60); do [ ! -e /meet/{other} ] || exit 0; sleep 1; done; exit 1\n\
             RUN echo {id} >/{name}\n"
        )
    };
    let (one, two) = (stage("one", "two"), stage("two", "one"));
    Project::new(&format!("{one}{two}FROM busybox\nCOPY --from=one /one /\nCOPY --from=two /two /\n"))
        .build()
        .text("/one", &format!("{id}\n"))
        .text("/two", &format!("{id}\n"));
}

#[test]
fn a_stage_that_nobody_needs_never_runs() {
    let built = Project::new(&format!(
        "FROM busybox AS unused\nRUN echo {0}; exit 1\n\
         FROM unused AS also-unused\nRUN echo {0}; exit 1\n\
         FROM busybox AS used\nRUN echo used >/file\n\
         FROM scratch\nCOPY --from=used /file /\n",
        nonce()
    ))
    .build();
    built.text("/file", "used\n");
    assert_eq!(built.image().files.len(), 1);
    assert!(built.stages().iter().all(|stage| !stage.contains("unused")));
}

#[test]
fn a_stage_is_found_by_index_and_in_any_case() {
    Project::new(
        "FROM busybox AS First\nRUN echo 1 >/one\n\
         FROM busybox\nRUN echo 2 >/two\n\
         FROM scratch\nCOPY --from=0 /one /by-index\nCOPY --from=FIRST /one /by-name\nCOPY --from=1 /two /\n",
    )
    .build()
    .text("/by-index", "1\n")
    .text("/by-name", "1\n")
    .text("/two", "2\n");
}

#[test]
fn a_stage_builds_on_a_stage() {
    Project::new(
        "FROM busybox AS base\nENV A=1\nWORKDIR /base\nRUN echo base >file\n\
         FROM base AS middle\nENV B=$A$A\nRUN echo middle >>file\n\
         FROM middle\nRUN echo last >>file\n",
    )
    .build()
    .text("/base/file", "base\nmiddle\nlast\n")
    .variable("A", "1")
    .variable("B", "11")
    .config("/config/WorkingDir", json!("/base"));
}

#[test]
fn the_target_is_found_in_any_case() {
    let dockerfile = "FROM busybox AS one\nRUN echo 1 >/file\nFROM busybox AS two\nRUN echo 2 >/file\n\
                      FROM busybox AS three\nRUN exit 1\n";
    Project::new(dockerfile).arg("--target=one").build().text("/file", "1\n");
    Project::new(dockerfile).arg("--target=TWO").build().text("/file", "2\n");
}

#[test]
fn global_arguments_choose_the_base() {
    let dockerfile = "ARG BASE=one\nARG TEXT=global\n\
                      FROM busybox AS one\nRUN echo 1 >/file\nFROM busybox AS two\nRUN echo 2 >/file\n\
                      FROM ${BASE}\nRUN echo \"[$TEXT]\" >/before\nARG TEXT\nRUN echo \"[$TEXT]\" >/after\n";
    Project::new(dockerfile)
        .build()
        .text("/file", "1\n")
        .text("/before", "[]\n")
        .text("/after", "[global]\n");
    Project::new(dockerfile)
        .arg("--build-arg=BASE=two")
        .arg("--build-arg=TEXT=given")
        .build()
        .text("/file", "2\n")
        .text("/after", "[given]\n");
}

#[test]
fn a_diamond_runs_its_top_once() {
    let built = Project::new(&format!(
        "FROM busybox AS top\nRUN date +%N >/top; echo {}\n\
         FROM top AS left\nRUN cp /top /left\nFROM top AS right\nRUN cp /top /right\n\
         FROM scratch\nCOPY --from=left /left /\nCOPY --from=right /right /\n",
        nonce()
    ))
    .build();
    assert_eq!(built.entry("/left").kind, built.entry("/right").kind);
    assert_eq!(
        built
            .steps()
            .iter()
            .filter(|step| step.place.starts_with("top ") && step.name.starts_with("RUN"))
            .count(),
        1
    );
}

#[test]
fn fifty_stages_flow_into_one() {
    let mut dockerfile = String::new();
    for n in 0..50 {
        dockerfile += &format!("FROM scratch AS s{n}\nCOPY f /f{n}\n");
    }
    dockerfile += "FROM scratch\n";
    for n in 0..50 {
        dockerfile += &format!("COPY --from=s{n} /f{n} /\n");
    }
    let built = Project::new(&dockerfile).file("f", "x").build();
    assert_eq!(built.image().files.len(), 50);
}

#[test]
fn copy_from_an_image_needs_no_stage() {
    Project::new("FROM scratch\nCOPY --from=busybox /etc/passwd /passwd\n").build().mode("/passwd", 0o644);
}

#[test]
fn triggers_of_a_stage_run_in_the_stage_built_on_it() {
    Project::new(
        "FROM busybox AS parent\nONBUILD RUN echo triggered >/triggered\nONBUILD COPY f /copied\nRUN test ! -e /triggered\n\
         FROM parent\nRUN test -e /triggered\n",
    )
    .file("f", "x")
    .build()
    .text("/triggered", "triggered\n")
    .text("/copied", "x")
    .config("/config/OnBuild", json!(null));
}

//! The build cache: what is found again, what is not, and who else's results are found.

use crate::harness::{Project, engine, nonce};

fn three_stages() -> Project {
    Project::new(
        "FROM busybox AS left\nCOPY left seed /\nRUN cat /left >/out\n\
         FROM busybox AS right\nCOPY right seed /\nRUN cat /right >/out\n\
         FROM busybox AS last\nCOPY --from=left /out /left\nCOPY --from=right /out /right\nCMD [\"sh\"]\n",
    )
    .file("left", "1")
    .file("right", "1")
    .file("seed", &nonce())
}

#[test]
fn the_second_build_is_fully_cached() {
    let project = three_stages();
    let first = project.build();
    let second = project.build();
    second.ran_only(&[]);
    // Docker 20.10 writes the time of the build into the image, containerd's store a provenance.
    if engine().version >= 23 && !engine().has_containerd_store {
        assert_eq!(first.id, second.id);
    }
}

#[test]
fn a_changed_file_rebuilds_only_the_stages_that_need_it() {
    let project = three_stages();
    project.build();
    let changed = nonce();
    project.write("right", &changed);
    project
        .build()
        .ran_only(&["right 2/3", "right 3/3", "last 3/3"])
        .text("/right", &changed)
        .text("/left", "1");
}

#[test]
fn a_file_that_nobody_copies_changes_nothing() {
    let project = three_stages().file("other", "1");
    project.build();
    project.write("other", "2");
    project.build().ran_only(&[]);
}

#[test]
fn what_the_built_in_frontend_built_is_found_again() {
    let project = three_stages();
    let first = project.builtin(true).build_and_keep();
    let second = first.0.builtin(false).build();
    second.ran_only(&[]);
    assert_eq!(first.1.image().files.len(), second.image().files.len());
}

#[test]
fn what_this_frontend_built_is_found_by_the_built_in_one() {
    let (project, _) = three_stages().build_and_keep();
    project.builtin(true).build().ran_only(&[]);
}

#[test]
fn a_build_argument_voids_the_cache_where_it_is_used() {
    let dockerfile = "FROM busybox\nCOPY seed /\nRUN echo before\nARG A\nRUN echo $A >/a\n";
    let (project, _) =
        Project::new(dockerfile).file("seed", &nonce()).arg("--build-arg=A=1").build_and_keep();
    project.arg("--build-arg=A=2").build().ran_only(&["4/4"]).text("/a", "2\n");
}

#[test]
fn no_cache_runs_everything_again() {
    let (project, _) = three_stages().build_and_keep();
    let built = project.arg("--no-cache").build();
    assert!(
        built.steps().iter().filter(|step| step.name.starts_with("RUN")).all(|step| !step.is_cached),
        "{}",
        built.log
    );
}

#[test]
fn no_cache_filter_runs_one_stage_again() {
    if engine().version < 23 {
        return; // the flag came with buildx
    }
    let (project, _) = three_stages().build_and_keep();
    let built = project.arg("--no-cache-filter=right").build();
    let ran: Vec<_> =
        built.steps().into_iter().filter(|step| step.name.starts_with("RUN") && !step.is_cached).collect();
    assert_eq!(ran.len(), 1, "{}", built.log);
    assert!(ran[0].place.starts_with("right"));
}

#[test]
fn a_cache_mount_outlives_the_build_and_stays_out_of_the_image() {
    let id = nonce();
    let dockerfile =
        |text: &str| format!("FROM busybox\nRUN --mount=type=cache,target=/cache,id={id} {text}\n");
    Project::new(&dockerfile("echo kept >/cache/file")).build().lacks("/cache/file");
    Project::new(&dockerfile("cp /cache/file /copied"))
        .build()
        .text("/copied", "kept\n")
        .lacks("/cache/file");
}

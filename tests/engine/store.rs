//! What Docker can do only with containerd's image store (`ENGINE=28-containerd`): merge ops, images of several
//! platforms, attestations, and caches in a registry.

use std::path::Path;
use std::{fs, process::Command};

use serde_json::Value;

use crate::harness::{Project, engine, nonce};

/// Builds into an OCI layout beside the context and returns its folder.
#[track_caller]
fn layout(project: Project) -> (Project, std::path::PathBuf) {
    let folder = project.context().with_file_name("layout");
    let project = project.arg(&format!("--output=type=oci,tar=false,dest={}", folder.display()));
    project.ask();
    (project, folder)
}

/// Reads a blob of a layout.
fn blob(layout: &Path, descriptor: &Value) -> Value {
    let digest = descriptor["digest"].as_str().expect("a digest").replace(':', "/");
    serde_json::from_slice(&fs::read(layout.join("blobs").join(digest)).expect("the blob is there"))
        .expect("it is JSON")
}

/// Reads the manifest or index that a layout is about.
fn root(layout: &Path) -> Value {
    let index: Value =
        serde_json::from_slice(&fs::read(layout.join("index.json")).expect("there is an index"))
            .expect("it is JSON");
    blob(layout, &index["manifests"][0])
}

#[test]
fn a_linked_copy_survives_a_change_below_it() {
    if !engine().has_containerd_store {
        return;
    }
    let text = nonce();
    let layer = |base: &str| {
        let project = Project::new(&format!("FROM busybox\nRUN echo {base} >/base\nCOPY --link a /a\n"))
            .file("a", &text);
        // The time of a file is in the layer but not in the cache key: a new copy would show.
        let touched = Command::new("touch")
            .arg("-d")
            .arg(format!("2020-01-0{base}"))
            .arg(project.context().join("a"))
            .status();
        assert!(touched.expect("touch runs").success());
        let built = project.build();
        built.image().config["rootfs"]["diff_ids"]
            .as_array()
            .and_then(|ids| ids.last().cloned())
            .expect("an id")
    };
    assert_eq!(layer("1"), layer("2"));
}

#[test]
fn two_platforms_make_an_index() {
    if !engine().has_containerd_store {
        return;
    }
    let project =
        Project::new("FROM scratch\nARG TARGETPLATFORM\nENV P=$TARGETPLATFORM\nCOPY a /\n").file("a", "x");
    let (_project, layout) =
        layout(project.arg("--platform=linux/amd64,linux/arm64").arg("--provenance=false"));
    let index = root(&layout);
    let manifests = index["manifests"].as_array().expect("an index");
    assert_eq!(manifests.len(), 2, "{index:#}");
    for (manifest, architecture) in manifests.iter().zip(["amd64", "arm64"]) {
        assert_eq!(manifest["platform"]["architecture"], architecture);
        let config = blob(&layout, &blob(&layout, manifest)["config"]);
        assert_eq!(config["architecture"], architecture);
        let expected = format!("P=linux/{architecture}");
        assert!(
            config["config"]["Env"]
                .as_array()
                .expect("a list")
                .iter()
                .any(|variable| *variable == expected.as_str())
        );
    }
}

#[test]
fn provenance_says_what_went_in() {
    if !engine().has_containerd_store {
        return;
    }
    let project = Project::new("FROM busybox\nCOPY a /\n").file("a", "x").arg("--provenance=mode=max");
    let (_project, layout) = layout(project);
    let index = root(&layout);
    let attestation = &blob(&layout, &index["manifests"][1])["layers"][0];
    let provenance = blob(&layout, attestation);
    let text = provenance.to_string();
    assert!(text.contains("pkg:docker/busybox"), "{provenance:#}");
    assert!(text.contains(r#""src":"/a""#), "{provenance:#}");
    assert!(engine().frontend.is_empty() || text.contains("multistage"), "{provenance:#}");
}

#[test]
fn a_scanner_is_run_on_the_result() {
    if !engine().has_containerd_store || engine().frontend.is_empty() {
        return;
    }
    // As in the reference, scanners run in the default network, which a private engine does not have; so this ends
    // where the scanner would start. Any image will do for one.
    let scanner = &engine().frontend;
    Project::new("FROM scratch\nCOPY a /\n")
        .file("a", "x")
        .arg(&format!("--attest=type=sbom,generator={scanner}"))
        .fail()
        .says(&format!("generating sbom using {scanner}"))
        .says("network bridge not found");
}

#[test]
fn annotations_reach_the_manifest() {
    if !engine().has_containerd_store {
        return;
    }
    let project = Project::new("FROM scratch\nCOPY a /\n").file("a", "x");
    let (_project, layout) = layout(project.arg("--annotation=a.key=value").arg("--provenance=false"));
    assert_eq!(root(&layout)["annotations"]["a.key"], "value");
}

#[test]
fn with_a_date_of_its_own_the_layout_is_reproducible() {
    if !engine().has_containerd_store {
        return;
    }
    let build = || {
        let project = Project::new("FROM busybox\nCOPY a /\nRUN date >/date\n").file("a", "x");
        let project = project.arg("--build-arg=SOURCE_DATE_EPOCH=1600000000").arg("--provenance=false");
        let (_project, layout) = layout(project);
        root(&layout)["config"]["digest"].clone()
    };
    assert_eq!(build(), build());
}

#[test]
fn a_registry_keeps_the_cache() {
    if !engine().has_containerd_store || engine().frontend.is_empty() {
        return;
    }
    let registry = engine().frontend.split('/').next().expect("a registry");
    let cache = format!("{registry}/cache:{}", nonce());
    let project = Project::new(
        "FROM busybox AS one\nCOPY seed /\nRUN echo 1 >/one\nFROM scratch\nCOPY --from=one /one /\n",
    )
    .file("seed", &nonce());
    let (project, _) =
        project.arg(&format!("--cache-to=type=registry,mode=max,ref={cache}")).build_and_keep();
    project.no_args().arg(&format!("--cache-from=type=registry,ref={cache}")).build().ran_only(&[]);
}

#[test]
fn a_layout_is_a_named_context() {
    if !engine().has_containerd_store {
        return;
    }
    let (_first, layout) =
        layout(Project::new("FROM scratch\nENV A=1\nCOPY a /\n").file("a", "x").arg("--provenance=false"));
    Project::new("FROM base\nENV B=$A\n")
        .arg(&format!("--build-context=base=oci-layout://{}", layout.display()))
        .build()
        .text("/a", "x")
        .variable("B", "1");
}

#[test]
fn every_kind_of_output() {
    if !engine().has_containerd_store || engine().frontend.is_empty() {
        return;
    }
    let registry = engine().frontend.split('/').next().expect("a registry");
    let tag = nonce();
    let project = Project::new("FROM scratch\nENV A=1\nCOPY a /a\n").file("a", "x");
    let archive = project.context().with_file_name("image.tar");
    let members = || {
        let list = Command::new("tar").arg("-tf").arg(&archive).output().expect("tar runs");
        String::from_utf8_lossy(&list.stdout).into_owned()
    };
    let project = project.arg("--provenance=false");
    let project = project.arg(&format!("--output=type=docker,dest={}", archive.display()));
    project.ask();
    assert!(members().contains("manifest.json"), "{}", members());

    let project = project.no_args().arg(&format!("--output=type=oci,dest={}", archive.display()));
    project.ask();
    assert!(members().contains("oci-layout"), "{}", members());

    let project = project.no_args().arg("--output=type=cacheonly");
    project.ask();
    let environment =
        |image: &str| engine().run(["image", "inspect", "--format", "{{json .Config.Env}}", image]);
    let (kept, loaded) = (format!("kept:{tag}"), format!("loaded:{tag}"));
    let project = project.no_args().arg(&format!("--output=type=image,name={kept}"));
    project.ask();
    let project = project.no_args().arg(&format!("--output=type=docker,name={loaded}"));
    project.ask();
    assert_eq!(environment(&kept), environment(&loaded));
    assert!(environment(&kept).contains("\"A=1\""), "{}", environment(&kept));
    engine().run(["rmi", &kept, &loaded]);

    let pushed = format!("{registry}/pushed:{tag}");
    let project = project.no_args().arg(&format!("--output=type=registry,name={pushed}"));
    project.ask();
    Project::new(&format!("FROM {pushed}\nENV B=$A\n")).build().text("/a", "x").variable("B", "1");
}

#[test]
fn a_folder_or_the_image_itself_keeps_the_cache() {
    if !engine().has_containerd_store || engine().frontend.is_empty() {
        return;
    }
    let registry = engine().frontend.split('/').next().expect("a registry");
    let three_steps = || {
        Project::new("FROM busybox\nCOPY seed /\nRUN cat /seed >/one\nRUN cat /one >/two\n")
            .file("seed", &nonce())
    };
    let project = three_steps();
    let folder = project.context().with_file_name("cache");
    let project = project.arg(&format!("--cache-to=type=local,mode=max,dest={}", folder.display()));
    let (project, _) = project.build_and_keep();
    assert!(folder.join("index.json").exists());
    project.no_args().arg(&format!("--cache-from=type=local,src={}", folder.display())).build().ran_only(&[]);

    let project = three_steps();
    let image = format!("{registry}/inline:{}", nonce());
    let project =
        project.arg("--cache-to=type=inline").arg(&format!("--output=type=image,name={image},push=true"));
    project.ask();
    project.no_args().arg(&format!("--cache-from={image}")).build().ran_only(&[]);
}

#[test]
fn an_image_of_all_platforms_is_asked_for_by_an_argument() {
    if !engine().has_containerd_store {
        return;
    }
    // One platform, in an index all the same.
    let project = Project::new("FROM scratch\nCOPY a /\n").file("a", "x").arg("--provenance=false");
    let (_project, layout) = layout(project.arg("--build-arg=BUILDKIT_MULTI_PLATFORM=1"));
    assert_eq!(root(&layout)["manifests"].as_array().map(Vec::len), Some(1), "{:#}", root(&layout));
}

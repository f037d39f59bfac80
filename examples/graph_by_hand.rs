//! A graph built by hand, without any Dockerfile, written to standard output as a definition:
//!
//! ```text
//! cargo run --example graph_by_hand | buildctl build --output type=local,dest=out
//! cargo run --example graph_by_hand -- --text
//! ```

use multistage::image::Platform;
use multistage::llb::op::{Copy, Exec, File, Image, Mkfile, Mount, Network};
use multistage::llb::{Graph, MarshalOptions, Meta};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut graph = Graph::new();

    let image = Image { reference: "docker.io/library/busybox:latest".to_owned(), ..Image::default() };
    let busybox = graph.add(image, Meta::named("busybox"));

    // A file op works on `base`; without one, on an empty file system.
    let note =
        Mkfile { path: "/note".to_owned(), mode: 0o644, data: b"by hand\n".to_vec(), ..Mkfile::default() };
    let note = graph.add(File { base: None, actions: vec![note.into()] }, Meta::named("write a note"));

    // A process sees the root it is given. What it changes there is its first output.
    let shout = Exec {
        args: ["/bin/sh", "-c", "tr a-z A-Z < /in/note > /shout"].map(str::to_owned).to_vec(),
        cwd: "/".to_owned(),
        network: Network::None,
        mounts: vec![
            Mount::root(Some(busybox.into())),
            Mount {
                target: "/in".to_owned(),
                source: Some(note.into()),
                is_readonly: true,
                ..Mount::default()
            },
        ],
        ..Exec::default()
    };
    let shout = graph.add(shout, Meta::named("shout it"));

    // The result is that file alone.
    let take = Copy {
        source: Some(shout.into()),
        src: "/shout".to_owned(),
        dest: "/".to_owned(),
        ..Copy::default()
    };
    let result = graph.add(File { base: None, actions: vec![take.into()] }, Meta::named("take it"));

    let mut out = std::io::stdout().lock();
    if std::env::args().any(|argument| argument == "--text") {
        out.write_all(graph.dump(Some(result.into()))?.as_bytes())?;
    } else {
        let platform = Platform::host();
        let definition = graph.marshal(Some(result.into()), &MarshalOptions::new(&platform))?;
        out.write_all(&definition.encode())?;
    }
    Ok(())
}

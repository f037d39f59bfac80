//! A frontend for a language of its own: the file that it builds is a definition, as `multistage llb` prints it.
//!
//! So a conversion can happen on one machine and the build on another, later, by a plain `docker build`:
//!
//! ```text
//! multistage llb examples/go-hello > build.llb
//! docker build -f build.llb --build-arg BUILDKIT_SYNTAX=REGISTRY/llb-frontend examples/go-hello
//! ```
//!
//! A definition says nothing of how a container runs. An image config beside it does: `build.llb.json`, if it is there.
//!
//! For the image of this program see `docs/library.md`.

use multistage::gateway::{self, Engine, Error, Image};
use multistage::image::Config;
use multistage::llb::{Definition, Graph, MarshalOptions, Meta, op};
use std::process::ExitCode;

fn main() -> ExitCode {
    gateway::serve(build)
}

async fn build(engine: Engine) -> Result<Image, Error> {
    let platform = engine.platform();
    let name = engine.options().get("filename").map_or("build.llb", String::as_str);
    let config_name = format!("{name}.json");

    // The folder that the client named with `-f`. It sends no more of it than is named here.
    let folder = op::Local {
        name: "dockerfile".to_owned(),
        session_id: engine.session_id().to_owned(),
        follow_paths: vec![name.to_owned(), config_name.clone()],
        shared_key_hint: "llb".to_owned(),
        ..op::Local::default()
    };
    let mut graph = Graph::new();
    let folder = graph.add(folder, Meta::named(format!("[internal] load definition from {name}")));
    let folder = graph.marshal(Some(folder.into()), &MarshalOptions::new(&platform))?;
    let folder = engine.solve(folder).await?;

    let bytes = engine.read_file(&folder, name).await?;
    let definition = Definition::decode(&bytes)
        .map_err(|error| Error::new(format!("{name} is no definition: {error}")))?;
    let config = match engine.read_file(&folder, &config_name).await {
        Ok(json) => {
            Config::from_json(&json).map_err(|error| Error::new(format!("{config_name}: {error}")))?
        }
        Err(_) => Config::empty(&platform),
    };
    let tree = engine.solve(definition).await?;
    Ok(Image::new(tree, config, platform))
}

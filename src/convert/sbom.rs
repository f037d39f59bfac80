//! Listing what is in an image: a scanner runs beside the build and leaves its list as a tree of its own.
//!
//! In: the scanner's image and what to look at. Out: one process whose output is the list. Which stages are looked
//! at is decided in `finish`.

use crate::expand::EnvList;
use crate::image::{Config, Platform};
use crate::llb::op::{Exec, File, Image, Mkdir, Mount, MountKind};
use crate::llb::{Edge, Graph, Meta};
use std::collections::BTreeMap;

/// The name of the list of what is in the result.
pub const CORE: &str = "sbom";
/// Where the scanner finds what it looks at.
const SOURCE: &str = "/run/src";
/// Where the scanner leaves its lists.
const OUTPUT: &str = "/run/out/";

/// An image that lists what is in other images.
#[derive(Clone, Debug)]
pub struct Scanner {
    reference: String,
    platform: Platform,
    config: Config,
    parameters: BTreeMap<String, String>,
}

impl Scanner {
    /// Takes an image as a scanner. `reference` is its full name; `parameters` reach it as variables.
    ///
    /// # Errors
    /// If the image names no program to run.
    pub fn new(
        reference: String,
        platform: Platform,
        config: Config,
        parameters: BTreeMap<String, String>,
    ) -> Result<Scanner, String> {
        if config.config.entrypoint.is_empty() && config.config.cmd.is_empty() {
            return Err(format!("scanner {reference} does not have cmd"));
        }
        Ok(Scanner { reference, platform, config, parameters })
    }

    /// Adds a scan to a graph and returns the edge of its lists.
    ///
    /// `name` tells the scan from those of other platforms. `extras` are looked at besides the result.
    pub fn scan(
        &self,
        graph: &mut Graph,
        name: &str,
        core: Option<Edge>,
        extras: &[(String, Option<Edge>)],
        ignores_cache: bool,
    ) -> Edge {
        let config = &self.config.config;
        let image = Image { reference: self.reference.clone(), ..Default::default() };
        let image = Edge::from(graph.add(image, Meta::default().on(self.platform.clone())));

        let looked_at = |target: String, source: Option<Edge>| Mount {
            target,
            source,
            is_readonly: true,
            ..Mount::default()
        };
        let mut mounts = vec![Mount::root(Some(image)), self.temporary(graph, image)];
        mounts.push(looked_at(format!("{SOURCE}/core/{CORE}"), core));
        mounts.extend(
            extras.iter().map(|(name, source)| looked_at(format!("{SOURCE}/extras/{CORE}-{name}"), *source)),
        );
        let output = mounts.len();
        mounts.push(Mount { target: OUTPUT.to_owned(), ..Mount::default() });

        let exec = Exec {
            args: config.entrypoint.iter().chain(&config.cmd).cloned().collect(),
            env: self.env(!extras.is_empty()).into(),
            cwd: absolute(&config.working_dir),
            mounts,
            ..Default::default()
        };
        let list = exec.output_of(output).expect("a mount that can be written to is an output");
        let step = format!("[{name}] generating sbom using {}", self.reference);
        let meta = Meta { ignore_cache: ignores_cache, ..Meta::named(step).on(self.platform.clone()) };
        Edge { vertex: graph.add(exec, meta), output: list }
    }

    fn env(&self, has_extras: bool) -> Vec<(String, String)> {
        let mut env = EnvList::from_pairs(&self.config.config.env);
        env.set("BUILDKIT_SCAN_DESTINATION", OUTPUT);
        env.set("BUILDKIT_SCAN_SOURCE", format!("{SOURCE}/core/{CORE}"));
        if has_extras {
            env.set("BUILDKIT_SCAN_SOURCE_EXTRAS", format!("{SOURCE}/extras"));
        }
        for (name, value) in &self.parameters {
            env.set(format!("BUILDKIT_SCAN_{name}"), value.as_str());
        }
        env.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Windows has no file systems in memory: there a folder in the image serves, and what becomes of it is dropped.
    fn temporary(&self, graph: &mut Graph, image: Edge) -> Mount {
        let target = "/tmp".to_owned();
        if self.platform.os != "windows" {
            return Mount { target, kind: MountKind::Tmpfs { size_bytes: 0 }, ..Mount::default() };
        }
        let mkdir = Mkdir { path: target.clone(), mode: 0o777, makes_parents: true, ..Mkdir::default() };
        let made = File { base: Some(image), actions: vec![mkdir.into()] };
        let made = graph.add(made, Meta::default().on(self.platform.clone()));
        Mount {
            selector: target.clone(),
            target,
            source: Some(made.into()),
            has_no_output: true,
            ..Mount::default()
        }
    }
}

fn absolute(folder: &str) -> String {
    match folder {
        "" => "/".to_owned(),
        _ if folder.starts_with('/') => folder.to_owned(),
        _ => format!("/{folder}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llb::Op;

    fn scanner(json: &str) -> Result<Scanner, String> {
        let config = Config::from_json(json.as_bytes()).unwrap();
        let parameters = BTreeMap::from([("LEVEL".to_owned(), "9".to_owned())]);
        Scanner::new("r/scan:1".to_owned(), Platform::new("linux", "amd64"), config, parameters)
    }

    #[test]
    fn a_scan_looks_at_the_result_and_more() {
        let scanner =
            scanner(r#"{"config":{"Env":["PATH=/bin"],"Entrypoint":["/scan"],"Cmd":["-v"]}}"#).unwrap();
        let mut graph = Graph::new();
        let core = Edge::from(
            graph.add(Image { reference: "r/x:1".to_owned(), ..Image::default() }, Meta::default()),
        );
        let list =
            scanner.scan(&mut graph, "linux/amd64", Some(core), &[("base".to_owned(), Some(core))], true);
        assert_eq!(list.output, 1);
        let vertex = graph.get(list.vertex);
        assert!(vertex.meta.ignore_cache);
        assert_eq!(vertex.meta.name(), Some("[linux/amd64] generating sbom using r/scan:1"));
        let Op::Exec(exec) = &vertex.op else { panic!("a scan is a process") };
        let targets: Vec<_> = exec.mounts.iter().map(|mount| mount.target.as_str()).collect();
        assert_eq!(targets, ["/", "/tmp", "/run/src/core/sbom", "/run/src/extras/sbom-base", "/run/out/"]);
        assert_eq!(exec.args, ["/scan", "-v"]);
        let env: Vec<_> = exec.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            env,
            [
                "PATH=/bin",
                "BUILDKIT_SCAN_DESTINATION=/run/out/",
                "BUILDKIT_SCAN_SOURCE=/run/src/core/sbom",
                "BUILDKIT_SCAN_SOURCE_EXTRAS=/run/src/extras",
                "BUILDKIT_SCAN_LEVEL=9",
            ]
        );
    }

    #[test]
    fn a_scanner_must_have_a_program() {
        assert_eq!(scanner(r#"{"config":{}}"#).unwrap_err(), "scanner r/scan:1 does not have cmd");
    }
}

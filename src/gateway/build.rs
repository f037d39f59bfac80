//! Building: each platform is converted, solved, and scanned if that is asked for, side by side.
//!
//! In: a Dockerfile that was read. Out: the refs, image configs and attestations of all platforms. Warnings reach
//! the engine before the result does.

use super::client::{Solve, ids};
use super::error::Error;
use super::remedy::remedy;
use super::result::{self, Built};
use super::run::{LANGUAGE, Run};
use super::say;
use crate::convert::{CORE, Scanner};
use crate::image::{Config, Platform};
use crate::lint::Warning;
use crate::llb::{self, Edge, Graph, MarshalOptions, SourceText, line_ranges};
use crate::options::CacheImport;
use crate::pb::gateway as gw;
use crate::pipeline::{self, Build, Scope};
use crate::plan::{Answer, ImageQuestion, Question};
use futures_util::future::{Either, join, select, try_join_all};
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::oneshot;

/// What the list of a scanner is, for those who look for one.
const SPDX: &str = "https://spdx.dev/Document";

/// How many warnings are on their way at a time.
const WARNINGS_AT_ONCE: usize = 8;

/// How long the engine may take for the warnings when the result is there.
const WARNINGS_LIMIT: Duration = Duration::from_secs(15);

/// Takes the warnings of a build, once.
type Found = oneshot::Sender<Vec<Warning>>;

/// Builds all platforms that are asked for.
///
/// # Errors
/// The first error of any platform; the others are given up.
pub(super) async fn run(run: &Run) -> Result<gw::Result, Error> {
    let (found, warnings) = oneshot::channel();
    let show = async {
        // Where a build was given up before it had warnings there is nothing to show.
        run.warn(warnings.await.unwrap_or_default()).await;
    };
    // What has begun to be shown is shown to the end, also if the build has failed by then. But nothing depends on it:
    // an engine that does not take a warning is not waited for.
    match select(pin!(run.platforms(found)), pin!(show)).await {
        Either::Left((result, show)) => {
            run.client.within(WARNINGS_LIMIT, show).await;
            result
        }
        Either::Right(((), platforms)) => platforms.await,
    }
}

impl Run {
    async fn platforms(&self, found: Found) -> Result<gw::Result, Error> {
        let options = &self.source.options;
        // All platforms have the same warnings, so those of one will do.
        let mut found = Some(found);
        let mut targets: Vec<_> = options.target_platforms.iter().cloned().map(Some).collect();
        if targets.is_empty() {
            targets.push(None);
        }
        let building = targets.into_iter().map(|target| self.platform(target, found.take()));
        Ok(result::of_build(try_join_all(building).await?, options.is_multi_platform))
    }

    /// Builds for one platform, and tells its warnings as soon as they are known.
    async fn platform(&self, target: Option<Platform>, found: Option<Found>) -> Result<Built, Error> {
        let build = Build::new(&self.source, target.as_ref(), Scope::Target, found.is_some());
        let (outcome, scanner) = join(self.drive(build), self.scanner()).await;
        if let Some(found) = found {
            // Whoever waits for them waits as long as this runs.
            let _ = found.send(outcome.warnings);
        }
        match (outcome.built, scanner) {
            (_, Err(error)) => Err(error),
            (Err(error), _) => {
                let sources = &self.source.project.sources;
                Err(self.failure(error).followed_by(&outcome.more_errors, sources))
            }
            (Ok(built), Ok(scanner)) => self.solve_all(built, target, scanner).await,
        }
    }

    /// Solves what was built, and the scan of it.
    async fn solve_all(
        &self,
        built: pipeline::Built,
        target: Option<Platform>,
        scanner: Option<Scanner>,
    ) -> Result<Built, Error> {
        let pipeline::Built { plan, mut converted } = built;
        let built_for = &plan.platforms.target;
        let named = target.unwrap_or_else(|| self.source.options.host.clone());
        let caches = self.source.options.cache_imports.iter().map(cache_import).collect();
        let result = self.marshal(&mut converted.graph, converted.root, built_for)?;
        let result =
            Solve { definition: Some(result.into_pb()), cache_imports: caches, ..Default::default() };
        let (reference, attestations) = match scanner {
            None => (self.solve(result).await?, Vec::new()),
            Some(scanner) => {
                let name = named.normalized().to_string();
                let (graph, root) = (&mut converted.graph, converted.root);
                let list = scanner.scan(graph, &name, root, &converted.scans, converted.ignores_cache);
                let list = self.marshal(graph, Some(list), built_for)?;
                let list = Solve { definition: Some(list.into_pb()), ..Default::default() };
                let (reference, list) = join(self.solve(result), self.solve(list)).await;
                (reference?, vec![attestation(list?)])
            }
        };
        Ok(Built {
            platform: named,
            reference,
            image: converted.image,
            base: converted.base_image,
            epoch: plan.epoch,
            attestations,
        })
    }

    /// Makes a graph fit the engine and turns it into bytes.
    pub(super) fn marshal(
        &self,
        graph: &mut Graph,
        root: Option<Edge>,
        platform: &Platform,
    ) -> Result<llb::Definition, Error> {
        // The place is told in words: where the reference names none, clients are told of none.
        let fail = |error: llb::Error| match remedy(&error, &self.source.project.sources) {
            Some(remedy) => Error::new(format!("{error}\n{remedy}")),
            None => Error::new(format!("failed to marshal LLB definition: {error}")),
        };
        graph.legalize(root, self.client.llb(), platform).map_err(fail)?;
        for unheard in graph.unheard(root, self.client.llb()).map_err(fail)? {
            // The reference lets it pass, and such an engine can show no warning. But its log takes one, and a build
            // that wants warnings to be errors gets one.
            if self.source.lint.is_error {
                return Err(fail(unheard));
            }
            say(&format!(
                "ignored by this engine: {}",
                remedy(&unheard, &self.source.project.sources).unwrap_or_default()
            ));
        }
        let project = &self.source.project;
        let text =
            SourceText { map: &project.sources, language: LANGUAGE, definition: Some(&project.definition) };
        let options = MarshalOptions { source: Some(text), ..MarshalOptions::new(platform) };
        let definition = graph.marshal(root, &options).map_err(fail)?;
        graph.prove(&definition);
        Ok(definition)
    }

    /// Hands a graph to the engine and returns its handle for the result; empty for an empty tree.
    async fn solve(&self, solve: Solve) -> Result<String, Error> {
        let result = self.client.solve(solve).await?;
        Ok(ids(&result).first().copied().unwrap_or_default().to_owned())
    }

    /// Returns the scanner that the options ask for, if they do. All platforms share it.
    async fn scanner(&self) -> Result<Option<Scanner>, Error> {
        let options = &self.source.options;
        let Some(sbom) = &options.sbom else { return Ok(None) };
        let platform = options.build_platforms[0].clone();
        let question = Question::ImageConfig(ImageQuestion {
            reference: sbom.generator.clone(),
            platform: Some(platform.clone()),
            resolve_mode: options.all.get("image-resolve-mode").cloned().unwrap_or_default(),
            log_name: String::new(),
            oci_store: None,
        });
        let (reference, config) = match self.answers.one(&question).await {
            Answer::ImageConfig { reference, config, .. } => (reference, config),
            Answer::Failed(error) => return Err(error.into()),
            _ => return Err(Error::new(format!("scanner {} is no image", sbom.generator))),
        };
        let config = Config::from_json(&config).map_err(|error| Error::new(error.to_string()))?;
        Scanner::new(reference, platform, config, sbom.parameters.clone()).map(Some).map_err(Error::new)
    }

    /// Shows warnings, some at a time: each carries the whole Dockerfile.
    pub(super) async fn warn(&self, warnings: Vec<Warning>) {
        let digest = self.source.project.definition.root().map(|(digest, _)| digest.to_string());
        let digest = digest.unwrap_or_default();
        let show = async |found| self.client.warn(self.warn_request(&found, &digest)).await;
        stream::iter(warnings).for_each_concurrent(WARNINGS_AT_ONCE, show).await;
    }

    fn warn_request(&self, found: &Warning, digest: &str) -> gw::WarnRequest {
        let ranges: Vec<_> = line_ranges(&self.source.project.sources, found.span).collect();
        let line = ranges.first().and_then(|range| range.start).unwrap_or_default().line;
        gw::WarnRequest {
            digest: digest.to_owned(),
            level: 1,
            short: found.short(line as u32).into_bytes(),
            detail: vec![found.rule.description.as_bytes().to_vec()],
            url: found.rule.url.to_owned(),
            info: Some(self.info.clone()),
            ranges,
        }
    }
}

fn cache_import(import: &CacheImport) -> gw::CacheOptionsEntry {
    gw::CacheOptionsEntry { r#type: import.kind.clone(), attrs: import.attrs.clone() }
}

/// Describes the list of a scanner.
fn attestation(list: String) -> gw::Attestation {
    let text = |text: &str| text.as_bytes().to_vec();
    gw::Attestation {
        kind: gw::AttestationKind::Bundle as i32,
        metadata: BTreeMap::from([("reason".to_owned(), text("sbom")), ("sbom-core".to_owned(), text(CORE))]),
        r#ref: Some(gw::Ref { id: list, def: None }),
        in_toto_predicate_type: SPDX.to_owned(),
        ..Default::default()
    }
}

//! Questions about a Dockerfile: a client asks, and no build is made.
//!
//! In: which question, and what was read. Out: a result that is metadata alone. What the answers say is the room
//! `report`'s matter; here lies what has to be found out for each of them.
//!
//! An error here has no place in the file: clients show it as it is.

use super::error::Error;
use super::result;
use super::run::{Run, failure};
use crate::pb::gateway as gw;
use crate::pb::ops;
use crate::pipeline::{Build, Built, Outcome, Scope};
use crate::plan;
use crate::report::{self, BuildError, Metadata, Request};
use crate::text::SourceMap;

/// Finds out which question is asked.
///
/// # Errors
/// If it is none.
pub(super) fn parse(request: &str) -> Result<Request, Error> {
    Request::of(request).ok_or_else(|| Error::unsupported_subrequest(request))
}

/// Answers what can be answered without a look at the Dockerfile.
pub(super) fn without_file(request: Request) -> Option<gw::Result> {
    (request == Request::Describe).then(|| result::of_metadata(report::describe()))
}

/// Answers about a Dockerfile that cannot be read at all.
///
/// # Errors
/// Unless the question is what is wrong with it.
pub(super) fn of_unreadable(
    request: Request,
    error: plan::Error,
    sources: &SourceMap,
    info: &ops::SourceInfo,
) -> Result<gw::Result, Error> {
    match request {
        Request::Lint => Ok(result::of_metadata(report::lint(&[], Some(build_error(&error)), sources, info))),
        _ => Err(failure(error, None)),
    }
}

/// Answers about a Dockerfile that was read.
///
/// # Errors
/// If the Dockerfile has an error, unless the question is what is wrong with it.
pub(super) async fn run(run: &Run, request: Request) -> Result<gw::Result, Error> {
    let answer = match request {
        Request::Describe => Ok(report::describe()),
        Request::Targets => run.targets(),
        Request::Lint => Ok(run.lint().await),
        Request::Outline => run.outline().await,
        Request::ConvertLlb => run.convert_llb().await,
    };
    answer.map(result::of_metadata)
}

impl Run {
    fn targets(&self) -> Result<Metadata, Error> {
        let source = &self.source;
        match source.file.diagnostics.first() {
            Some(error) => Err(failure(error.clone().into(), None)),
            None => Ok(report::targets(&source.file, &source.project.sources, &self.info.data)),
        }
    }

    /// Without a target all stages are looked at.
    async fn lint(&self) -> Metadata {
        let scope = if self.source.options.target.is_empty() { Scope::All } else { Scope::Target };
        let outcome = self.drive(Build::new(&self.source, None, scope, true)).await;
        let error = outcome.built.as_ref().err().map(build_error);
        report::lint(&outcome.warnings, error, &self.source.project.sources, &self.info)
    }

    async fn outline(&self) -> Result<Metadata, Error> {
        let (built, facts) = self.converted().await?;
        let (stages, sources) = (&built.plan.stages, &self.source.project.sources);
        Ok(report::outline(stages, built.plan.target, &facts, sources, &self.info.data))
    }

    async fn convert_llb(&self) -> Result<Metadata, Error> {
        let (Built { plan, mut converted }, _) = self.converted().await?;
        let definition = self.marshal(&mut converted.graph, converted.root, &plan.platforms.target)?;
        report::convert_llb(&definition).map_err(|error| Error::new(error.to_string()))
    }

    /// Goes as far as a build goes before it is solved. Its warnings are shown as those of a build are.
    async fn converted(&self) -> Result<(Built, crate::facts::Facts), Error> {
        let build = Build::new(&self.source, None, Scope::Target, true);
        let Outcome { built, facts, warnings, .. } = self.drive(build).await;
        self.warn(warnings).await;
        built.map(|built| (built, facts)).map_err(|error| failure(error, None))
    }
}

fn build_error(error: &plan::Error) -> BuildError<'_> {
    BuildError { message: &error.diagnostic.message, spans: &error.diagnostic.ranges }
}

//! One run: from the engine's first word to ours last.
//!
//! In: the environment and the connection. Out: Return was called, with a result or with an error.

use super::caps;
use super::client::Client;
use super::error::Error;
use super::forward;
use super::options::Environment;
use super::result;
use super::stdio::Channel;
use crate::image::Platform;
use crate::options::Options;
use crate::pb::gateway as gw;

/// Runs a build, or whatever else is asked for, and tells the engine what came of it.
///
/// # Errors
/// If the engine cannot be told.
pub(super) async fn run(channel: Channel) -> Result<(), Error> {
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let environment = Environment::read(std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))));
    let client = Client::greet(channel, &environment.product).await?;
    let outcome = build(&client, &environment).await;
    let outcome = outcome.map(|result| result::in_format(result, client.protocol().has(caps::REF_ARRAY)));
    client.end(outcome).await
}

async fn build(client: &Client, environment: &Environment) -> Result<gw::Result, Error> {
    caps::require_file_ops(client.llb(), &environment.product).map_err(Error::new)?;
    let workers = [environment.platforms.clone()];
    let options = Options::from_map(&environment.options, &workers, &Platform::host());
    let options = options.map_err(|wrong| Error::new(wrong.to_string()))?;
    if let Some(missing) = options.missing_capability.as_ref().filter(|missing| !missing.may_forward) {
        return Err(Error::unsupported_frontend_cap(&missing.name));
    }
    if let Some(other) = forward::other(&options, b"") {
        return forward::run(client, &other, &options).await;
    }
    Err(Error::new("no room of the pipeline is connected yet"))
}

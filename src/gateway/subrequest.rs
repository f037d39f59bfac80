//! Questions about a Dockerfile: a client asks, and no build is made.
//!
//! In: the name of the request. Out: a result that is metadata alone. What the answers say is the room `report`'s
//! matter; here lies which answer belongs to which request.

use super::error::Error;
use super::run::Run;
use crate::pb::gateway as gw;

/// Checks that a request is known.
///
/// # Errors
/// If it is not.
pub(super) fn known(request: &str) -> Result<(), Error> {
    match request {
        "frontend.subrequests.describe"
        | "frontend.outline"
        | "frontend.targets"
        | "frontend.lint"
        | "frontend.convertllb" => Ok(()),
        other => Err(Error::unsupported_subrequest(other)),
    }
}

/// Answers a request.
pub(super) async fn run(_run: &Run, request: &str) -> Result<gw::Result, Error> {
    Err(Error::unsupported_subrequest(request))
}

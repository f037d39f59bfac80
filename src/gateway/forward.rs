//! Handing the build on to another frontend.
//!
//! In: the options and the bytes of the Dockerfile. Out: which frontend is meant, if another one is, and its
//! result. An engine that has already started the frontend named in the file says so with the option `cmdline`.

use super::client::{Client, Frontend, Solve};
use super::error::Error;
use crate::options::Options;
use crate::pb::gateway as gw;
use crate::syntax;

/// The kind of frontend that comes in an image.
const GATEWAY: &str = "gateway.v0";

/// The frontend that a build is meant for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Other {
    /// Its image.
    pub image: String,
    /// The image and what follows it.
    pub cmdline: String,
    /// The line of the Dockerfile that names it; `None` if an option does.
    pub line: Option<u32>,
}

/// Finds out whether the build is meant for another frontend.
pub(super) fn other(options: &Options, dockerfile: &[u8]) -> Option<Other> {
    if options.cmdline.is_some() {
        return None;
    }
    if let Some(cmdline) = &options.syntax {
        let image = cmdline.trim().split(' ').next().unwrap_or_default().to_owned();
        return Some(Other { image, cmdline: cmdline.clone(), line: None });
    }
    let found = syntax::detect_syntax(dockerfile)?;
    Some(Other { image: found.reference, cmdline: found.cmdline, line: Some(found.line) })
}

/// Runs the other frontend in our place.
///
/// # Errors
/// As the other frontend, or the engine, puts it.
pub(super) async fn run(client: &Client, other: &Other, options: &Options) -> Result<gw::Result, Error> {
    let inputs = client.inputs().await?;
    let options = options.forwarded(&other.image, &other.cmdline);
    let frontend = Some(Frontend { name: GATEWAY, options, inputs });
    client.solve(Solve { frontend, ..Default::default() }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_goes_before_the_file() {
        let options = Options { syntax: Some("a/b:1 --x".to_owned()), ..Options::default() };
        let found = other(&options, b"FROM scratch\n").unwrap();
        assert_eq!((found.image.as_str(), found.cmdline.as_str(), found.line), ("a/b:1", "a/b:1 --x", None));
        let options = Options { cmdline: Some("b".to_owned()), ..options };
        assert_eq!(other(&options, b"# syntax=c\n"), None);
    }
}

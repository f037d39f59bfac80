//! The platforms of one build.

use crate::image::Platform;
use crate::options::Options;

/// Where a build runs and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platforms {
    /// What the result is for.
    pub target: Platform,
    /// What steps can run on without emulation; the first one is the default. Never empty.
    pub build: Vec<Platform>,
    /// Whether nobody asked for a target platform, so that it is the first build platform.
    pub is_implicit: bool,
    /// What this program runs on; the parts that `--platform` leaves out come from it.
    pub host: Platform,
}

impl Platforms {
    /// Returns the platforms of a build for `target`, or for the first build platform.
    pub fn new(options: &Options, target: Option<&Platform>) -> Platforms {
        let build = options.build_platforms.clone();
        Platforms {
            target: target.unwrap_or(&build[0]).clone(),
            build,
            is_implicit: target.is_none(),
            host: options.host.clone(),
        }
    }

    /// Returns the first build platform.
    pub fn build_default(&self) -> &Platform {
        &self.build[0]
    }

    /// Returns the target platform if somebody asked for it.
    pub fn requested(&self) -> Option<&Platform> {
        (!self.is_implicit).then_some(&self.target)
    }
}

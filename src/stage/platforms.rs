//! The platforms of one build.

use crate::image::{Config, Platform};
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

    /// Returns the platform that an image turned out to be for, if the build can run it; else the target.
    pub fn nearest(&self, image: &Config) -> &Platform {
        let fits =
            |platform: &&Platform| platform.os == image.os && platform.architecture == image.architecture;
        std::iter::once(&self.target).chain(&self.build).find(fits).unwrap_or(&self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platforms(target: Option<&Platform>) -> Platforms {
        let build = ["amd64", "arm64"].map(|architecture| Platform::new("linux", architecture)).into();
        Platforms::new(&Options { build_platforms: build, ..Options::default() }, target)
    }

    #[test]
    fn the_target_is_what_was_asked_for_or_what_steps_run_on() {
        let riscv = Platform::new("linux", "riscv64");
        let (asked, implicit) = (platforms(Some(&riscv)), platforms(None));
        assert_eq!((asked.requested(), &asked.target), (Some(&riscv), &riscv));
        assert_eq!((implicit.requested(), &implicit.target), (None, implicit.build_default()));
        assert_eq!(asked.build_default().architecture, "amd64");
    }

    #[test]
    fn an_image_is_for_what_the_build_can_run() {
        let platforms =
            platforms(Some(&Platform { variant: "v3".to_owned(), ..Platform::new("linux", "amd64") }));
        let nearest = |os, architecture| {
            platforms.nearest(&Config::empty(&Platform::new(os, architecture))).to_string()
        };
        assert_eq!(nearest("linux", "amd64"), "linux/amd64/v3");
        assert_eq!(nearest("linux", "arm64"), "linux/arm64");
        assert_eq!(nearest("linux", "riscv64"), "linux/amd64/v3");
        assert_eq!(nearest("windows", "arm64"), "linux/amd64/v3");
    }
}

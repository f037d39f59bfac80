//! What a name means: a stage, a place in the list, a named context.

use super::declare::without_place;
use super::{Mention, Platforms, SCRATCH, StageId, Stages};
use crate::image::Platform;
use crate::options::{NamedContext, Options};
use crate::suggest::{self, Case};
use crate::text::{Diagnostic, Span, lower, quote};

/// A named context that takes the place of a stage or an image.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContextName {
    /// What the options say of it.
    pub given: NamedContext,
    /// The platform it is wanted for. `None`: nobody asked for one.
    pub platform: Option<Platform>,
}

impl ContextName {
    /// Finds the context that the options give for the name of a stage or an image.
    ///
    /// # Errors
    /// If the name could not be the name of an image.
    pub fn find(
        name: &str,
        platform: Option<&Platform>,
        platforms: &Platforms,
        options: &Options,
    ) -> Result<Option<ContextName>, String> {
        // These two words always mean what they say.
        if name.eq_ignore_ascii_case(SCRATCH) || name.eq_ignore_ascii_case("context") {
            return Ok(None);
        }
        let platform = platform.or(platforms.requested());
        let given = options.named_context(name, platform)?;
        Ok(given.map(|given| ContextName { given, platform: platform.cloned() }))
    }
}

impl Stages {
    /// Returns the stage with a name, in any case. Of several with one name, the last.
    pub fn by_name(&self, name: &str) -> Option<StageId> {
        self.names.get(&*lower(name)).copied()
    }

    /// Returns the stage that a build was asked for; an empty name means the last one of the file.
    ///
    /// # Errors
    /// If no stage has the name.
    pub fn target(&self, name: &str) -> Result<StageId, Diagnostic> {
        if name.is_empty() {
            return Ok(StageId::at(self.file.stages.len() - 1));
        }
        self.by_name(name).ok_or_else(|| {
            let message = format!("target stage {} could not be found", quote(name));
            let message = suggest::hint(message, name, self.labels(), Case::Matters);
            without_place(Diagnostic::error("unknown-target", message, Span::default()))
        })
    }

    /// Returns what `COPY --from` means: a stage by place or name, or an image that becomes a stage of its own.
    pub(super) fn source_of_copy(&mut self, from: &str, at: Mention) -> Result<StageId, String> {
        // A number as the reference tells indexes from names: a sign is allowed, and 64 bits are the limit.
        if let Ok(number) = from.parse::<i64>() {
            let index = usize::try_from(number).ok().filter(|&index| index < self.list.len());
            return index.map(StageId::at).ok_or_else(|| format!("invalid stage index {number}"));
        }
        Ok(self.by_name(from).unwrap_or_else(|| self.add_implicit(from, Some(at.lines), at)))
    }

    /// Returns what `from` of a mount means: a stage by name, or an image that becomes a stage of its own.
    pub(super) fn source_of_mount(&mut self, from: &str, at: Mention) -> StageId {
        // Also a mount without files of its own, such as a cache, starts from something; a stage that is called
        // `scratch` takes that place.
        let from = if from.is_empty() { SCRATCH } else { from };
        self.by_name(from).unwrap_or_else(|| self.add_implicit(from, None, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_words_name_no_context() {
        let given = ["context:scratch", "context:context", "context:alpine"].map(|name| (name, "local:a"));
        let options = Options::of(given).expect("the options are right");
        let platforms = Platforms::new(&options, None);
        let find = |name| ContextName::find(name, None, &platforms, &options);
        for name in ["scratch", "SCRATCH", "context", "Context", "debian"] {
            assert_eq!(find(name), Ok(None), "{name}");
        }
        let found = find("alpine").expect("it is a name").expect("it is given");
        assert_eq!((found.given.input.as_str(), found.platform), ("local:a", None));
        assert!(find("a b").is_err());
    }
}

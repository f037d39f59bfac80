//! Step names: what a user sees while the build runs, such as `[builder 2/4] RUN make`.

use crate::expand::EnvList;
use crate::image::Platform;
use crate::text::upper;

/// The steps of one stage, counted as they get their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    /// The name of the stage, empty for the only stage of a file.
    pub stage: String,
    /// How many steps the stage has; zero for a stage that is no real one, and then no step has a number.
    pub total: usize,
    done: usize,
}

/// What stands before the command in a step name, apart from stage and number.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Prefix<'a> {
    /// Where the step runs and, after an arrow, what it builds for; set when several platforms were asked for.
    pub platform: Option<&'a str>,
    /// Whether the step is a trigger of the base.
    pub is_trigger: bool,
}

impl Steps {
    /// Starts to count.
    pub(super) fn new(stage: impl Into<String>, total: usize) -> Steps {
        Steps { stage: stage.into(), total, done: 0 }
    }

    /// Counts steps that have no name.
    pub(super) fn skip(&mut self, count: usize) {
        self.done += count;
    }

    /// Counts one step and returns its name.
    pub(super) fn next(&mut self, prefix: Prefix<'_>, command: &str) -> String {
        self.done += 1;
        self.again(prefix, command)
    }

    /// Returns a second name for the step counted last.
    pub(super) fn again(&self, prefix: Prefix<'_>, command: &str) -> String {
        if self.total == 0 {
            return command.to_owned();
        }
        let mut out = String::from("[");
        for word in
            prefix.platform.into_iter().chain(Some(self.stage.as_str()).filter(|name| !name.is_empty()))
        {
            out.push_str(word);
            out.push(' ');
        }
        // Numbers stand in line below each other.
        let width = self.total.ilog10() as usize + 1;
        out.push_str(&format!("{:width$}/{}] ", self.done, self.total));
        if prefix.is_trigger {
            out.push_str("ONBUILD ");
        }
        out.push_str(command);
        out
    }
}

/// Returns where a step runs and, if its variables say that it builds for another platform, an arrow and that one.
pub(super) fn platform(base: &Platform, env: &EnvList, host: &Platform) -> String {
    let mut out = base.to_string();
    let Some(mut target) = target_platform(env, host) else { return out };
    if target.os.is_empty() {
        target.os.clone_from(&base.os);
    }
    if target.architecture.is_empty() {
        target.architecture.clone_from(&base.architecture);
    }
    let target = target.normalized();
    if target.os != base.os {
        out.push_str(&format!("->{target}"));
    } else if target.architecture != base.architecture {
        out.push_str("->");
        out.push_str(&target.architecture);
        if !target.variant.is_empty() {
            out.push('/');
            out.push_str(&target.variant);
        }
    }
    out
}

/// Returns the platform that the variables of a step name: `TARGETPLATFORM` whole, or the other ones part by part.
fn target_platform(env: &EnvList, host: &Platform) -> Option<Platform> {
    let whole = env.get("TARGETPLATFORM").and_then(|text| Platform::parse(text, host).ok());
    whole.or_else(|| {
        let parts = ["TARGETOS", "TARGETARCH", "TARGETVARIANT"].map(|name| env.get(name));
        if parts.iter().all(Option::is_none) {
            return None;
        }
        let [os, architecture, variant] = parts.map(|part| part.unwrap_or_default().to_owned());
        Some(Platform { os, architecture, variant, ..Platform::default() })
    })
}

/// Writes the first word in upper case, up to the first space.
pub(super) fn uppercase_keyword(text: &str) -> String {
    match text.split_once(' ') {
        Some((keyword, rest)) => format!("{} {rest}", upper(keyword)),
        None => upper(text).into_owned(),
    }
}

/// Returns the first line of a heredoc, with dots if there are more.
pub(super) fn summary(text: &str) -> String {
    let text = text.trim();
    match text.split_once('\n') {
        Some((first, _)) => format!("{}...", first.strip_suffix('\r').unwrap_or(first)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_line() {
        let mut steps = Steps::new("base", 12);
        assert_eq!(steps.next(Prefix::default(), "RUN a"), "[base  1/12] RUN a");
        assert_eq!(steps.again(Prefix::default(), "LINK b"), "[base  1/12] LINK b");
        let prefix = Prefix { platform: Some("linux/amd64->arm64"), is_trigger: true };
        assert_eq!(steps.next(prefix, "RUN c"), "[linux/amd64->arm64 base  2/12] ONBUILD RUN c");
    }

    #[test]
    fn no_stage_name_and_no_number() {
        assert_eq!(Steps::new("", 1).next(Prefix::default(), "RUN a"), "[1/1] RUN a");
        assert_eq!(Steps::new("x", 0).next(Prefix::default(), "FROM a"), "FROM a");
    }

    #[test]
    fn platforms() {
        let host = Platform::new("linux", "amd64");
        let check = |pairs: &[&str], expected: &str| {
            assert_eq!(platform(&host, &EnvList::from_pairs(pairs), &host), expected);
        };
        check(&[], "linux/amd64");
        check(&["TARGETPLATFORM=linux/amd64"], "linux/amd64");
        check(&["TARGETPLATFORM=linux/arm64"], "linux/amd64->arm64");
        check(&["TARGETPLATFORM=linux/arm/v6", "TARGETARCH=amd64"], "linux/amd64->arm/v6");
        check(&["TARGETPLATFORM=windows/amd64"], "linux/amd64->windows/amd64");
        check(&["TARGETPLATFORM=?", "TARGETARCH=riscv64"], "linux/amd64->riscv64");
        check(&["TARGETOS=linux"], "linux/amd64");
    }

    #[test]
    fn words() {
        assert_eq!(uppercase_keyword("run echo a"), "RUN echo a");
        assert_eq!(uppercase_keyword("run\techo a"), "RUN\tECHO a");
        assert_eq!(summary("\n echo a\r\necho b\n"), "echo a...");
        assert_eq!(summary("one\n"), "one");
    }
}

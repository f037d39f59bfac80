//! Global build arguments: the predefined ones, then those declared before the first FROM.

use super::Platforms;
use crate::expand::{EnvList, Lexer};
use crate::facts::{Argument, At, Fact, Facts};
use crate::image::Reference;
use crate::instruction::{File, Kind};
use crate::limits::Made;
use crate::text::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};

/// A build argument declared before the first FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobalArg {
    /// Its value, from the options or from its default, if it has either.
    pub value: Option<String>,
    /// The arguments that its default uses, and those that went into the value it had before.
    pub uses: BTreeSet<String>,
}

/// All global build arguments.
#[derive(Clone, Debug, Default)]
pub struct GlobalArgs {
    /// Every name and its value, the predefined ones first.
    pub env: EnvList,
    /// What the file declares, by name; of several declarations the last.
    pub declared: BTreeMap<String, GlobalArg>,
    /// What was made so far.
    pub made: Made,
}

impl GlobalArgs {
    /// Returns the arguments that every build has. `target` is the name of the stage that is built.
    pub fn predefined(
        platforms: &Platforms,
        build_args: &BTreeMap<String, String>,
        target: &str,
    ) -> GlobalArgs {
        let build = platforms.build_default();
        let wanted = &platforms.target;
        let mut env = EnvList::new();
        for (name, value) in [
            ("BUILDPLATFORM", build.short()),
            ("BUILDOS", build.os.clone()),
            ("BUILDOSVERSION", build.os_version.clone()),
            ("BUILDARCH", build.architecture.clone()),
            ("BUILDVARIANT", build.variant.clone()),
            ("TARGETPLATFORM", wanted.to_string()),
            ("TARGETOS", wanted.os.clone()),
            ("TARGETOSVERSION", wanted.os_version.clone()),
            ("TARGETARCH", wanted.architecture.clone()),
            ("TARGETVARIANT", wanted.variant.clone()),
            ("TARGETSTAGE", if target.is_empty() { "default".to_owned() } else { target.to_owned() }),
        ] {
            env.set(name, build_args.get(name).cloned().unwrap_or(value));
        }
        GlobalArgs { env, declared: BTreeMap::new(), made: Made::default() }
    }

    /// Notes what every FROM would start from if no build argument were given. For the predefined arguments alone.
    pub fn note_default_bases(&self, file: &File, facts: &mut Facts) {
        note_default_bases(file, self, facts);
    }

    /// Adds what the file declares.
    ///
    /// # Errors
    /// If a default cannot be expanded.
    pub fn declare(
        &mut self,
        file: &File,
        build_args: &BTreeMap<String, String>,
        facts: &mut Facts,
    ) -> Result<(), Diagnostic> {
        let lexer = Lexer::new(file.escape);
        for instruction in &file.global_args {
            let span = instruction.head.span;
            let Kind::Arg(arg) = &instruction.kind else { continue };
            for decl in &arg.args {
                let name = &decl.key.text;
                let mut uses = BTreeSet::new();
                let value = match (build_args.get(name.as_str()), &decl.value) {
                    (Some(given), _) => Some(given.clone()),
                    (None, None) => None,
                    (None, Some(default)) => {
                        let expanded = lexer.word(&default.text, &self.env).map_err(|error| {
                            Diagnostic::error("expansion", error.to_string(), default.span).within(span)
                        })?;
                        let made = self.made.take(expanded.steps);
                        // The value goes into the environment and into the list of what is declared.
                        made.and_then(|()| self.made.add(2, 2 * expanded.text.len())).map_err(|error| {
                            Diagnostic::error("too-large", error.to_string(), default.span).within(span)
                        })?;
                        uses = expanded.used;
                        if uses.remove(name.as_str()) {
                            // A default made from the value before also uses what that one used.
                            let before = self.declared.get(name.as_str()).map(|arg| &arg.uses);
                            uses.extend(before.into_iter().flatten().cloned());
                        }
                        Some(expanded.text)
                    }
                };
                if let Some(value) = &value {
                    self.env.set(name, value.clone());
                }
                let argument = Argument {
                    name: name.clone(),
                    value: value.clone(),
                    description: decl.description.clone(),
                    uses: uses.iter().cloned().collect(),
                    is_inherited: false,
                };
                let at = At::new(None, &instruction.head.keyword.value, span).on(decl.key.span);
                facts.note(at, Fact::Argument(argument));
                self.declared.insert(name.into(), GlobalArg { value, uses });
            }
        }
        Ok(())
    }
}

/// Notes what every FROM would start from if no build argument were given.
pub(super) fn note_default_bases(file: &File, predefined: &GlobalArgs, facts: &mut Facts) {
    let mut args = predefined.clone();
    if args.declare(file, &BTreeMap::new(), &mut Facts::new()).is_err() {
        return;
    }
    let lexer = Lexer::new(file.escape);
    for (stage, decl) in file.stages.iter().enumerate() {
        let Ok(base) = lexer.word(&decl.base.text, &args.env) else { return };
        let made = args.made.take(base.steps);
        if made.and_then(|()| args.made.add(1, base.text.len())).is_err() {
            return;
        }
        let image = Reference::parse_normalized(&base.text).is_ok().then_some(base.text);
        let at = At::new(Some(stage), &decl.head.keyword.value, decl.head.span).on(decl.base.span);
        facts.note(at, Fact::DefaultBase { written: decl.base.text.clone(), image });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Platform;
    use crate::instruction::parse_file;
    use crate::text::SourceMap;

    /// Checks the values of all declared arguments, and the error if one is expected.
    #[track_caller]
    fn check(file: &str, given: &[(&str, &str)], expected: Result<&[(&str, &str)], &str>) -> GlobalArgs {
        let sources = SourceMap::of("Dockerfile", file);
        let file = parse_file(crate::syntax::parse(&sources.files()[0]));
        let given = given.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let target = Platform { variant: "v7".to_owned(), ..Platform::new("linux", "arm") };
        let host = Platform::new("linux", "amd64");
        let platforms = Platforms { target, build: vec![host.clone()], is_implicit: false, host };
        let mut args = GlobalArgs::predefined(&platforms, &given, "app");
        let declared = args.declare(&file, &given, &mut Facts::new()).map_err(|error| error.message);
        let found = declared.map(|()| {
            args.declared.keys().map(|name| (name.as_str(), args.env.get(name).unwrap_or("unset"))).collect()
        });
        assert_eq!(found, expected.map(<[_]>::to_vec).map_err(str::to_owned));
        args
    }

    #[test]
    fn predefined() {
        let args = check("FROM a", &[("BUILDOS", "plan9")], Ok(&[]));
        let shown: Vec<String> = args.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            shown.join(" "),
            "BUILDPLATFORM=linux/amd64 BUILDOS=plan9 BUILDOSVERSION= BUILDARCH=amd64 BUILDVARIANT= \
             TARGETPLATFORM=linux/arm/v7 TARGETOS=linux TARGETOSVERSION= TARGETARCH=arm TARGETVARIANT=v7 TARGETSTAGE=app"
        );
    }

    #[test]
    fn defaults_and_options() {
        check(
            "ARG A=1 B=${A}2\nARG C\nFROM a",
            &[("B", "given")],
            Ok(&[("A", "1"), ("B", "given"), ("C", "unset")]),
        );
        check("ARG TARGETOS\nFROM a", &[], Ok(&[("TARGETOS", "linux")]));
        check("ARG A=${B}\nFROM a", &[], Ok(&[("A", "")]));
        check("ARG A=${A?no}\nFROM a", &[], Err("failed to process \"${A?no}\": A: no"));
    }

    #[test]
    fn what_a_default_uses() {
        let args = check("ARG X=1\nARG A=$X\nARG A=${A}2\nFROM a", &[], Ok(&[("A", "12"), ("X", "1")]));
        let uses: Vec<&str> = args.declared["A"].uses.iter().map(String::as_str).collect();
        assert_eq!(uses, ["X"]);
    }
}

//! ENV and ARG: variables of the image, and of the build alone.

use super::history::BuildArg;
use super::state::Stage;
use super::{Cx, Step};
use crate::facts::{Argument, Fact};
use crate::instruction::{Arg, Env};
use crate::text::Diagnostic;

/// Build arguments that speak to the frontend and are not seen by steps.
const NOT_IN_ENV: &[&str] = &[super::SCAN_CONTEXT, super::SCAN_STAGE];

pub(super) fn env(cx: &mut Cx<'_>, stage: &mut Stage, step: &Step<'_>, env: &Env) -> Result<(), Diagnostic> {
    let mut line = String::from("ENV");
    let expanded = cx.expand_pairs(stage, step, &env.pairs)?;
    for ((name, value), pair) in expanded.into_iter().zip(&env.pairs) {
        if pair.is_legacy {
            cx.note(stage, step, pair.span(), Fact::LegacyPair);
        }
        cx.note(stage, step, pair.key.span, Fact::Variable { name: pair.key.text.share(0, &name) });
        line.extend([" ", &name, "=", &value]);
        stage.state.image_mut().set_env(&name, &value);
        stage.state.env.set(name, value);
    }
    cx.commit(stage, line, false);
    Ok(())
}

/// An argument of one instruction may use those before it, unlike the variables of one ENV.
pub(super) fn arg(cx: &mut Cx<'_>, stage: &mut Stage, step: &Step<'_>, arg: &Arg) -> Result<(), Diagnostic> {
    let mut line = String::from("ARG");
    for decl in &arg.args {
        let name = &decl.key.text;
        cx.note(stage, step, decl.key.span, Fact::Variable { name: name.clone() });
        let value = match (cx.plan.build_args.get(name.as_str()), &decl.value) {
            (Some(given), _) => Some(given.clone()),
            (None, Some(default)) => Some(cx.expand(stage, step, default)?),
            // Without a value here, the one from before the first FROM counts.
            (None, None) => cx.plan.args.env.get(name).map(str::to_owned),
        };
        let is_inherited =
            decl.value.is_none() && !cx.plan.build_args.contains_key(name.as_str()) && value.is_some();
        let argument = Argument {
            name: name.clone(),
            value: value.clone(),
            description: decl.description.clone(),
            uses: Vec::new(),
            is_inherited,
        };
        cx.note(stage, step, decl.key.span, Fact::Argument(argument));
        line.extend([" ", name]);
        if let Some(value) = &value {
            line.extend(["=", value]);
            if !NOT_IN_ENV.contains(&name.as_str()) {
                stage.state.env.set(name, value);
            }
        }
        let entry = BuildArg { name: name.clone(), value };
        stage.state.declare_arg(entry, &mut cx.args);
    }
    cx.commit(stage, line, false);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{build, build_with, check_history, options};
    use super::*;

    #[test]
    fn order_of_variables() {
        // Steps see them in the order of setting, the image in the order of first setting.
        let text = "FROM alpine\nENV A=1 B=2\nARG C=3\nENV A=4\nRUN x";
        let built = build(text);
        super::super::testing::check_dump(
            &built.dump(),
            &["env PATH=\"/bin\"", "env B=\"2\"", "env C=\"3\"", "env A=\"4\""],
        );
        assert_eq!(built.converted.image.config.env, ["PATH=/bin", "A=4", "B=2"]);
    }

    #[test]
    fn words_of_one_instruction() {
        check_history("ENV A=1\nENV A=2 B=$A", &["ENV A=1", "ENV A=2 B=1"]);
        check_history("ARG A=1 B=$A C\nARG $A=2", &["ARG A=1 B=1 C", "ARG $A=2"]);
        check_history("LABEL a=\"b c\" 'd'=e", &["LABEL a=b c d=e"]);
    }

    #[test]
    fn where_arguments_get_their_values() {
        let mut options = options();
        options.build_args = [("A", "given"), ("B", "given"), ("D", "given")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let text = "ARG C=global\nARG E\nFROM alpine\nARG A\nARG B=$X\nARG C\nARG E\nARG F=f\nARG TARGETOS";
        let built = build_with(text, &options).unwrap();
        let expected =
            ["ARG A=given", "ARG B=given", "ARG C=global", "ARG E", "ARG F=f", "ARG TARGETOS=linux"];
        assert_eq!(built.history(), expected);
    }

    #[test]
    fn unset_variables_are_noted_but_not_declared_arguments() {
        let built = build("FROM alpine\nARG HOME\nENV X=$HOME$PAHT");
        let unset = Fact::UnsetVariable { name: "PAHT".to_owned(), nearest: Some("PATH".to_owned()) };
        assert!(built.facts.contains(&unset));
        assert_eq!(built.facts.iter().filter(|fact| matches!(fact, Fact::UnsetVariable { .. })).count(), 1);
    }
}

//! CMD and ENTRYPOINT: what a container of the image runs.

use super::state::{Given, Stage};
use super::{Cx, Step};
use crate::facts::Fact;
use crate::instruction::{Cmd, CommandLine, Entrypoint};
use crate::text::quote;

pub(super) fn cmd(cx: &mut Cx<'_>, stage: &mut Stage, step: &Step<'_>, cmd: &Cmd) {
    let earlier = stage.cmd.replace(Given::of(step));
    note(cx, stage, step, &cmd.command, earlier);
    let words = with_shell(stage, &cmd.command);
    let line = format!("CMD {}", quoted_list(&words));
    let config = &mut stage.state.image_mut().config.config;
    config.cmd = words;
    config.args_escaped = true;
    cx.commit(stage, line, false);
}

pub(super) fn entrypoint(cx: &mut Cx<'_>, stage: &mut Stage, step: &Step<'_>, entrypoint: &Entrypoint) {
    let earlier = stage.entrypoint.replace(Given::of(step));
    note(cx, stage, step, &entrypoint.command, earlier);
    let words = with_shell(stage, &entrypoint.command);
    let keeps_cmd = stage.cmd.is_some();
    let line = format!("ENTRYPOINT {}", quoted_list(&words));
    let config = &mut stage.state.image_mut().config.config;
    config.entrypoint = words;
    // The CMD of the base was meant for the entrypoint of the base.
    if !keeps_cmd {
        config.cmd.clear();
    }
    cx.commit(stage, line, false);
}

fn note(cx: &mut Cx<'_>, stage: &Stage, step: &Step<'_>, command: &CommandLine, earlier: Option<Given>) {
    cx.note_replaced(stage, step, earlier);
    if command.is_shell && stage.state.image.config.config.shell.is_empty() {
        cx.note(stage, step, command.span, Fact::ShellForm);
    }
}

/// Returns the words of a command line; the shell goes before a text.
pub(super) fn with_shell(stage: &Stage, command: &CommandLine) -> Vec<String> {
    let words = command.words.iter().map(|word| word.value.as_str());
    match command.is_shell {
        true => shell_words(stage, &words.collect::<Vec<_>>().join(" ")),
        false => words.map(str::to_owned).collect(),
    }
}

/// Returns the words that make the shell of a stage run a text.
pub(super) fn shell_words(stage: &Stage, text: &str) -> Vec<String> {
    let mut words = stage.state.image.shell();
    words.push(text.to_owned());
    words
}

/// Writes `["a" "b"]`, as the history has it.
fn quoted_list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
    format!("[{}]", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{build, check_history};
    use super::*;
    use crate::text::Span;

    #[test]
    fn lists() {
        assert_eq!(quoted_list(&[]), "[]");
        assert_eq!(quoted_list(&["/bin/sh", "echo \"a\""].map(str::to_owned)), r#"["/bin/sh" "echo \"a\""]"#);
    }

    #[test]
    fn entrypoint_drops_the_inherited_cmd_only() {
        let cmd = |body: &str| build(&format!("FROM alpine\n{body}")).converted.image.config.cmd;
        assert_eq!(cmd(""), ["sh"]);
        assert!(cmd("ENTRYPOINT [\"e\"]").is_empty());
        assert_eq!(cmd("CMD [\"c\"]\nENTRYPOINT e"), ["c"]);
        assert!(cmd("CMD [\"c\"]\nFROM 0\nENTRYPOINT e").is_empty());
        assert!(cmd("CMD []").is_empty());
    }

    #[test]
    fn history() {
        check_history(
            "CMD a \"b\"\nENTRYPOINT [\"x\"]",
            &["CMD [\"/bin/sh\" \"-c\" \"a \\\"b\\\"\"]", "ENTRYPOINT [\"x\"]"],
        );
    }

    #[test]
    fn shell_forms_and_repeats_are_noted() {
        let built = build("FROM alpine\nCMD a\nSHELL [\"s\"]\nCMD b\nENTRYPOINT c");
        assert_eq!(
            built.facts,
            [Fact::ShellForm, Fact::Replaces { earlier: Span::new(12, 17), keyword: Span::new(12, 15) }]
        );
    }
}

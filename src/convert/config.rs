//! Instructions that only change the image config: HEALTHCHECK, LABEL, MAINTAINER, ONBUILD, SHELL, STOPSIGNAL, USER
//! and VOLUME.

use super::state::{Given, Stage};
use super::{Cx, Step};
use crate::facts::Fact;
use crate::image::{self, check_stop_signal};
use crate::instruction::{
    Healthcheck, Label, Maintainer, Onbuild, Shell, Stopsignal, User, Volume, format_duration,
};
use crate::text::Diagnostic;

pub(super) fn healthcheck(cx: &mut Cx<'_>, stage: &mut Stage, step: &Step<'_>, check: &Healthcheck) {
    let earlier = stage.healthcheck.replace(Given::of(step));
    cx.note_replaced(stage, step, earlier);
    let line = format!(
        "HEALTHCHECK {{Test:[{}] Interval:{} Timeout:{} StartPeriod:{} StartInterval:{} Retries:{}}}",
        check.test.join(" "),
        format_duration(check.interval_ns),
        format_duration(check.timeout_ns),
        format_duration(check.start_period_ns),
        format_duration(check.start_interval_ns),
        check.retries,
    );
    stage.state.image_mut().config.config.healthcheck = Some(image::Healthcheck {
        test: check.test.clone(),
        interval: check.interval_ns,
        timeout: check.timeout_ns,
        start_period: check.start_period_ns,
        start_interval: check.start_interval_ns,
        retries: check.retries.into(),
    });
    cx.commit(stage, line, false);
}

pub(super) fn label(
    cx: &mut Cx<'_>,
    stage: &mut Stage,
    step: &Step<'_>,
    label: &Label,
) -> Result<(), Diagnostic> {
    let mut line = String::from("LABEL");
    let expanded = cx.expand_pairs(stage, step, &label.pairs)?;
    for ((key, value), pair) in expanded.into_iter().zip(&label.pairs) {
        if pair.is_legacy {
            cx.note(stage, step, pair.span(), Fact::LegacyPair);
        }
        line.extend([" ", &key, "=", &value]);
        stage.state.image_mut().config.config.labels.insert(key, value);
    }
    cx.commit(stage, line, false);
    Ok(())
}

pub(super) fn maintainer(cx: &mut Cx<'_>, stage: &mut Stage, maintainer: &Maintainer) {
    let name = &maintainer.name.value;
    stage.state.image_mut().config.author = name.into();
    cx.commit(stage, format!("MAINTAINER {name}"), false);
}

/// A trigger goes into the config and leaves no line in the history.
pub(super) fn onbuild(stage: &mut Stage, onbuild: &Onbuild) {
    stage.state.image_mut().config.config.on_build.push(onbuild.expression.clone());
}

pub(super) fn shell(cx: &mut Cx<'_>, stage: &mut Stage, shell: &Shell) {
    let words: Vec<String> = shell.words.iter().map(|word| word.value.as_str().to_owned()).collect();
    let line = format!("SHELL [{}]", words.join(" "));
    stage.state.image_mut().config.config.shell = words;
    cx.commit(stage, line, false);
}

pub(super) fn stopsignal(
    cx: &mut Cx<'_>,
    stage: &mut Stage,
    step: &Step<'_>,
    stop: &Stopsignal,
) -> Result<(), Diagnostic> {
    let signal = cx.expand(stage, step, &stop.signal)?;
    check_stop_signal(&signal).map_err(|message| step.error("invalid-signal", message, stop.signal.span))?;
    let line = format!("STOPSIGNAL {signal}");
    stage.state.image_mut().config.config.stop_signal = signal;
    cx.commit(stage, line, false);
    Ok(())
}

pub(super) fn user(
    cx: &mut Cx<'_>,
    stage: &mut Stage,
    step: &Step<'_>,
    user: &User,
) -> Result<(), Diagnostic> {
    let name = cx.expand(stage, step, &user.user)?;
    let line = format!("USER {name}");
    stage.state.user.clone_from(&name);
    stage.state.image_mut().config.config.user = name;
    cx.commit(stage, line, false);
    Ok(())
}

pub(super) fn volume(
    cx: &mut Cx<'_>,
    stage: &mut Stage,
    step: &Step<'_>,
    volume: &Volume,
) -> Result<(), Diagnostic> {
    let mut paths = Vec::with_capacity(volume.paths.len());
    for word in &volume.paths {
        paths.push((cx.expand(stage, step, word)?, word.span));
    }
    if let Some((_, span)) = paths.iter().find(|(path, _)| path.is_empty()) {
        return Err(step.error("empty-volume", "VOLUME specified can not be an empty string", *span));
    }
    let paths: Vec<String> = paths.into_iter().map(|(path, _)| path).collect();
    let line = format!("VOLUME [{}]", paths.join(" "));
    stage.state.image_mut().config.config.volumes.extend(paths);
    cx.commit(stage, line, false);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{build, check_error, check_history};

    #[test]
    fn history() {
        check_history(
            "HEALTHCHECK --interval=90s --retries=2 CMD a b\nHEALTHCHECK NONE",
            &[
                "HEALTHCHECK {Test:[CMD-SHELL a b] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:2}",
                "HEALTHCHECK {Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}",
            ],
        );
        check_history("MAINTAINER me\nONBUILD RUN x", &["MAINTAINER me"]);
        check_history(
            "SHELL [\"a\", \"b\"]\nSTOPSIGNAL 9\nUSER $HOME/u",
            &["SHELL [a b]", "STOPSIGNAL 9", "USER /u"],
        );
        check_history("VOLUME /a b\nVOLUME [\"/c d\"]", &["VOLUME [/a b]", "VOLUME [/c d]"]);
    }

    #[test]
    fn config() {
        let built = build("FROM alpine\nVOLUME /b /a\nLABEL x=1 y=2\nLABEL x=3\nONBUILD RUN a\nUSER u");
        let config = built.converted.image.config;
        assert_eq!(config.volumes.into_iter().collect::<Vec<_>>(), ["/a", "/b"]);
        assert_eq!(config.labels.into_iter().map(|(k, v)| k + &v).collect::<Vec<_>>(), ["x3", "y2"]);
        assert_eq!((config.on_build, config.user), (vec!["RUN a".to_owned()], "u".to_owned()));
    }

    #[test]
    fn errors() {
        check_error("STOPSIGNAL SIGX", "invalid signal: SIGX");
        check_error("VOLUME $HOME", "VOLUME specified can not be an empty string");
    }
}

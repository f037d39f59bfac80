//! No COPY of what a stage does not hold.

use super::{Context, Findings, Page, Rule, Status, chain, source_stage};
use crate::instruction::{Kind, StageDecl, Transfer};

pub(super) const RULE: Rule = Rule {
    name: "CopyFromMissingPath",
    description: "COPY --from should take what the stage has made",
    url: "",
    status: Status::Own,
    page: Page {
        text: "The stage starts from scratch, runs nothing, and no COPY, ADD or WORKDIR of it makes this path, so \
               the copy fails. Look for a difference in spelling, or for the stage that was meant. How sure: \
               very. Only stages are judged of which all files are known by name; a RUN, a base image, a \
               pattern, a variable, an archive or an address silences the rule, and so does a folder that \
               could hold the path.",
        bad: "FROM scratch AS files\n\
              COPY app.conf /etc/app/app.conf\n\
              FROM alpine\n\
              COPY --from=files /etc/app.conf /etc/\n",
        good: "FROM scratch AS files\n\
               COPY app.conf /etc/app/app.conf\n\
               FROM alpine\n\
               COPY --from=files /etc/app/app.conf /etc/\n",
    },
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let stages = cx.whole_stages();
    for stage in stages {
        for instruction in &stage.instructions {
            let Kind::Copy(copy) = &instruction.kind else { continue };
            let Some(from) = copy.from.as_ref() else { continue };
            let Some(source) = source_stage(stages, &from.value) else { continue };
            let Some(made) = made(stages, source) else { continue };
            for path in copy.transfer.sources.iter().filter(|path| is_plain(&path.text)) {
                let wanted = absolute("/", &path.text);
                let may_be = |made: &String| is_within(&wanted, made) || is_within(made, &wanted);
                if wanted != "/" && !made.iter().any(may_be) {
                    let message = format!("Stage '{}' makes no {wanted}", from.value);
                    out.warn(cx.place(instruction.head.span, path.span), message);
                }
            }
        }
    }
}

/// Returns all paths that a stage makes; nothing if they cannot be known.
fn made(stages: &[StageDecl], at: usize) -> Option<Vec<String>> {
    let chain: Vec<&StageDecl> = chain(stages, at).collect();
    if chain.last()?.base.text != crate::stage::SCRATCH {
        return None;
    }
    let mut made = Vec::new();
    let mut folder = "/".to_owned();
    for instruction in chain.iter().rev().flat_map(|stage| &stage.instructions) {
        match &instruction.kind {
            Kind::Run(_) | Kind::Onbuild(_) => return None,
            Kind::Workdir(it) if is_plain(&it.path.text) => {
                folder = absolute(&folder, &it.path.text);
                made.push(folder.clone());
            }
            Kind::Workdir(_) => return None,
            Kind::Copy(copy) if copy.parents => return None,
            Kind::Copy(copy) => made.push(destination(&folder, &copy.transfer)?),
            // An archive may hold anything.
            Kind::Add(add) => {
                let is_archive = |name: &str| {
                    [".tar", ".tgz", ".gz", ".xz", ".bz2", ".tbz", ".txz", ".zst"]
                        .iter()
                        .any(|end| name.contains(end))
                };
                if add.transfer.sources.iter().any(|it| is_archive(&it.text) || it.text.contains([':', '$']))
                {
                    return None;
                }
                made.push(destination(&folder, &add.transfer)?);
            }
            _ => {}
        }
    }
    Some(made)
}

fn destination(folder: &str, transfer: &Transfer) -> Option<String> {
    let text = &transfer.destination.text;
    if !is_plain(text) {
        return None;
    }
    // The name of what is copied tells nothing: of a folder the content is copied, and that lies anywhere below.
    Some(absolute(folder, text))
}

/// Tells whether a path means itself.
fn is_plain(text: &str) -> bool {
    !text.contains(['$', '*', '?', '[', '\\', '"', '\'', ':'])
}

fn absolute(folder: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Tells whether a path is another, or lies below it.
fn is_within(path: &str, folder: &str) -> bool {
    folder == "/" || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::read_with;

    #[track_caller]
    fn check(stage: &str, path: &str, is_found: bool) {
        let text = format!("FROM scratch AS s\n{stage}\nFROM b\nCOPY --from=s {path} /x\n");
        let found = read_with("experimental=CopyFromMissingPath", "CopyFromMissingPath", &text);
        assert_eq!(!found.is_empty(), is_found, "{found:?}");
    }

    #[test]
    fn paths_that_are_not_there() {
        check("COPY a /bin/app", "/bin/other", true);
        check("WORKDIR /w\nCOPY a b", "/b", true);
        check("ADD a /bin/app", "bin/other", true);
    }

    #[test]
    fn paths_that_may_be_there() {
        for path in ["/bin/app", "bin/app", "/bin", "/", "/bin/app/x", "/bin/*", "/$x"] {
            check("COPY a /bin/app", path, false);
        }
        check("COPY a /", "/x", false);
        check("COPY a .", "/x", false);
        check("COPY a /b\nRUN x", "/c", false);
        check("ADD a.tar.gz /b", "/c", false);
        check("COPY a $b", "/c", false);
        check("WORKDIR /w\nCOPY a b", "/w/b", false);
    }
}

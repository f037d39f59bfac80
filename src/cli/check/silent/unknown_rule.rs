//! A name in the settings of checks that no rule has.

use super::super::fix::Fix;
use super::{Found, part};
use crate::instruction::File;
use crate::lint;
use crate::suggest::{self, Case};
use crate::text::{Diagnostic, SourceFile};

pub(super) fn find(source: &SourceFile, file: &File) -> Vec<Found> {
    let comments = file.stages.iter().flat_map(|stage| {
        stage.head.comments.iter().chain(stage.instructions.iter().flat_map(|it| &it.head.comments))
    });
    let comments =
        comments.filter(|comment| comment.value.trim_start().starts_with("check=")).map(|it| it.span);
    let directive = file.check.iter().map(|directive| directive.value_span);
    let mut found = Vec::new();
    for span in directive.chain(comments) {
        let written = source.slice(span);
        let lists = ["skip=", "experimental="].iter().flat_map(|key| written.match_indices(key));
        for (at, key) in lists {
            let mut at = at + key.len();
            let list = written[at..].split([' ', ';', '\n']).next().unwrap_or_default();
            for name in list.split(',') {
                let is_known = name == "all" || lint::all_rules().any(|rule| rule.name == name);
                if !name.is_empty() && !is_known {
                    let names = lint::all_rules().map(|rule| rule.name);
                    let nearest = match lint::rule(name) {
                        Some(rule) => Some(rule.name.to_owned()),
                        None => suggest::nearest(name, names, Case::Matters),
                    };
                    let mut message = format!("no rule is called `{name}`");
                    if let Some(nearest) = &nearest {
                        message.push_str(&format!(" (did you mean {nearest}?)"));
                    }
                    let place = part(span.start, at, name.len());
                    let warning = Diagnostic::warning("unknown-rule", message, place)
                        .hint("`multistage check --explain` lists all rules");
                    let fix = nearest.map(|it| Fix::suggested(format!("write `{it}`"), place, it));
                    found.push((warning, fix));
                }
                at += name.len() + 1;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn names_that_no_rule_has() {
        check(
            "# check=skip=FromAsCasin,all,StageNameCasing;error=true why\nFROM a\n# check=skip=undefinedVar\nRUN x\n",
            &["unknown-rule: FromAsCasin", "unknown-rule: undefinedVar"],
        );
    }
}

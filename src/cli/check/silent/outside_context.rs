//! A path that leads out of the build context.

use super::{Found, warning};
use crate::instruction::{Instruction, Transfer};

/// Finds sources that lead out of the context.
pub(super) fn find(instruction: &Instruction, transfer: &Transfer) -> Vec<Found> {
    let mut found = Vec::new();
    for word in transfer.sources.iter() {
        if let Some(inside) = outside(&word.text) {
            let message =
                format!("nothing outside of the build context can be copied: this means {inside} in it");
            let found_here = warning("outside-context", message, word.span, instruction).hint(
                "build with a folder further up as the context (`docker build -f app/Dockerfile ..`), or hand \
                 the other one in with `--build-context NAME=FOLDER` and write `--from=NAME`",
            );
            found.push((found_here, None));
        }
    }
    found
}

fn outside(path: &str) -> Option<String> {
    if !path.starts_with("..") || path.contains(['$', ':', '\\']) {
        return None;
    }
    let mut rest = path;
    while let Some(next) =
        rest.strip_prefix("../").or_else(|| rest.strip_prefix("..").filter(|it| it.is_empty()))
    {
        rest = next.trim_start_matches('/');
    }
    match rest {
        "" => Some("all".to_owned()),
        rest if rest.starts_with("..") => None,
        rest => Some(format!("`{rest}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn paths_that_lead_out() {
        check("FROM a\nCOPY ../b /\nADD .. /\n", &["outside-context: ../b", "outside-context: .."]);
        check("FROM a\nCOPY --from=b ../c /\nCOPY a/../b /\nCOPY ..b /\nCOPY ../$c /\nADD ../...d /\n", &[]);
    }
}

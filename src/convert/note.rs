//! What the conversion notices, for the rooms `lint` and `report`: facts, and no judgement.

use super::state::{Given, Stage};
use super::{Cx, SCAN_CONTEXT, SCAN_STAGE, Step};
use crate::facts::{At, Fact};
use crate::path;
use crate::suggest::{self, Case};
use crate::text::{Span, Spanned};

impl Cx<'_> {
    /// Notes something about a word of an instruction.
    pub(super) fn note(&mut self, stage: &Stage, step: &Step<'_>, word: Span, fact: Fact) {
        let keyword = step.head.keyword.value.clone();
        let at = At { stage: stage.place, keyword, span: step.head.span, word, is_trigger: step.is_trigger };
        self.facts.note(at, fact);
    }

    /// Notes that an instruction takes the place of an earlier one, if there is one.
    pub(super) fn note_replaced(&mut self, stage: &Stage, step: &Step<'_>, earlier: Option<Given>) {
        if let Some(Given { lines, keyword }) = earlier {
            self.note(stage, step, step.head.keyword.span, Fact::Replaces { earlier: lines, keyword });
        }
    }

    /// Notes a variable that is not set, unless an ARG of the stage declares it or it speaks to the frontend.
    pub(super) fn note_unset(&mut self, stage: &Stage, step: &Step<'_>, word: Span, name: &str) {
        let names = [SCAN_CONTEXT, SCAN_STAGE];
        if !stage.state.arg_names.contains(name) && !names.contains(&name) {
            let known = stage.state.env.iter().map(|(name, _)| name);
            let nearest = suggest::nearest_within(name, known, Case::Matters, &mut self.patience);
            self.note(stage, step, word, Fact::UnsetVariable { name: name.to_owned(), nearest });
        }
    }

    /// Notes a path that is taken from the build context but that the ignore file keeps out of it.
    pub(super) fn note_source(&mut self, stage: &Stage, step: &Step<'_>, written: &Spanned<String>) {
        // With exceptions it takes the files to tell.
        if self.ignored.has_exclusions() {
            return;
        }
        let path = path::clean(&written.value);
        let is_root = path == "." || path == "/";
        if (!is_root || self.ignored.matches_all_of_root()) && self.ignored.matches_or_parent_matches(&path) {
            self.note(stage, step, written.span, Fact::IgnoredSource { path });
        }
    }
}

//! An instruction on a line that belongs to the one above, since that ends with a backslash.

use super::super::fix::Fix;
use super::{Found, part, warning};
use crate::instruction::Instruction;
use crate::syntax::Keyword;
use crate::text::{SourceFile, Span};

pub(super) fn find(source: &SourceFile, escape: char, instruction: &Instruction) -> Option<Found> {
    let head = &instruction.head;
    let text = source.slice(head.lines_span);
    // What makes the line above go on, and that with the blanks in front of it.
    let mut above: Option<(Span, Span)> = None;
    let mut is_quoted = [false; 2];
    let mut start = head.lines_span.start;
    for line in text.split_inclusive('\n') {
        let word = line.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
        let is_keyword = Keyword::of(word).is_some_and(|keyword| keyword.as_str() == word);
        // A text in quotes may hold anything.
        let is_found = is_keyword && line.trim_end().len() > word.len() && is_quoted == [false; 2];
        if let Some((above, behind)) = above.filter(|_| is_found) {
            let keyword = instruction.kind.keyword();
            let message = format!("`{word}` is a part of the {keyword} above, which goes on over this line");
            let found = warning("swallowed-instruction", message, part(start, 0, word.len()), instruction)
                .label(above, "goes on below")
                .hint(format!("take the `{}` away where the {keyword} should end", source.slice(above)));
            let fix = Fix::suggested(format!("end the {keyword} above"), behind, "");
            return Some((found, Some(fix)));
        }
        for (is_open, mark) in is_quoted.iter_mut().zip(['"', '\'']) {
            *is_open ^= line.matches(mark).count() % 2 == 1;
        }
        let trimmed = line.trim();
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            let end = line.trim_end();
            let kept = end.strip_suffix(escape).unwrap_or(end).trim_end();
            let kept = ["&&", "||", ";"].iter().find_map(|it| kept.strip_suffix(it)).unwrap_or(kept);
            let kept = kept.trim_end();
            let gap = end[kept.len()..].len() - end[kept.len()..].trim_start().len();
            let behind = part(start, kept.len(), end.len() - kept.len());
            above = Some((Span::new(behind.start + gap as u32, behind.end), behind));
        }
        start += line.len() as u32;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn instructions_within_instructions() {
        check("FROM a\nRUN x && \\\n  y && \\\nCMD [\"z\"]\n", &["swallowed-instruction: CMD"]);
        check("FROM a\nRUN x \\\n\n# why\nCOPY a b\n", &["swallowed-instruction: COPY"]);
        check("FROM a\nRUN x && \\\n  CMD y\nRUN echo \"\\\nFROM b\"\nRUN x \\\nENV=1 y\n", &[]);
        check("FROM a\nRUN <<E\nCOPY a b\nE\nRUN x \\\nrun y\n", &[]);
    }
}

//! Lines of a file with those marked that something is about.

use crate::pb::ops;

const RULER: &str = "--------------------\n";
/// Lines shown besides those marked: more if it is one.
const AROUND: [i64; 2] = [2, 4];

/// Draws the lines of `ranges` with some lines around them, or nothing if there is no such line. The file's bytes are
/// shown as they are.
pub fn frame(info: &ops::SourceInfo, ranges: &[ops::Range]) -> Vec<u8> {
    let lines: Vec<&[u8]> = info.data.split(|byte| *byte == b'\n').collect();
    let last_line = lines.len() as i64;
    let marked: Vec<(i64, i64)> = ranges.iter().map(bounds).collect();
    let Some(first) = marked.iter().map(|(start, _)| *start).min() else { return Vec::new() };
    let last = marked.iter().map(|(_, end)| *end).max().unwrap_or(first).max(0);
    if first < 1 || first > last_line {
        return Vec::new();
    }
    let (start, end) = widen(first, last.min(last_line), last_line);

    let mut out = format!("{}:{first}\n{RULER}", info.filename).into_bytes();
    for (number, line) in (start..=end).zip(&lines[start as usize - 1..]) {
        let is_marked = marked.iter().any(|(start, end)| (*start..=*end).contains(&number));
        let mark = if is_marked { ">>>" } else { "   " };
        out.extend_from_slice(format!(" {number:>3} | {mark} ").as_bytes());
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.extend_from_slice(RULER.as_bytes());
    out
}

/// Each turn counts one more than it shows, so there are fewer lines around than the number suggests.
fn widen(mut start: i64, mut end: i64, last_line: i64) -> (i64, i64) {
    let wanted = AROUND[usize::from(start == end)];
    let mut shown = 0;
    while shown < wanted {
        if start > 1 {
            start -= 1;
            shown += 1;
        }
        if end != last_line {
            end += 1;
            shown += 1;
        }
        shown += 1;
    }
    (start, end)
}

fn bounds(range: &ops::Range) -> (i64, i64) {
    let line = |at: Option<ops::Position>| i64::from(at.unwrap_or_default().line);
    let start = line(range.start);
    (start, line(range.end).max(start))
}

#[cfg(test)]
mod tests {
    use super::super::line;
    use super::*;

    #[track_caller]
    fn check(data: &str, lines: &[u32], expected: &str) {
        let info = ops::SourceInfo {
            filename: "F".to_owned(),
            data: data.as_bytes().to_vec(),
            ..Default::default()
        };
        let ranges: Vec<_> = lines.iter().map(|number| line(*number)).collect();
        assert_eq!(String::from_utf8(frame(&info, &ranges)).unwrap(), expected);
    }

    #[test]
    fn one_line_stands_among_others() {
        check(
            "a\nb\nc\nd\ne\nf\n",
            &[3],
            "F:3\n--------------------\n   1 |     a\n   2 |     b\n   3 | >>> c\n   4 |     d\n   5 |     e\n\
             --------------------\n",
        );
        check(
            "a\nb\nc\n",
            &[1],
            "F:1\n--------------------\n   1 | >>> a\n   2 |     b\n   3 |     c\n--------------------\n",
        );
    }

    #[test]
    fn several_lines_have_fewer_around() {
        check(
            "a\nb\nc\nd\ne\n",
            &[2, 3],
            "F:2\n--------------------\n   1 |     a\n   2 | >>> b\n   3 | >>> c\n   4 |     d\n--------------------\n",
        );
    }

    #[test]
    fn lines_that_are_not_there_draw_nothing() {
        check("a\n", &[], "");
        check("a\n", &[9], "");
        check("a\n", &[0], "");
    }
}

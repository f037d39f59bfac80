//! Text in columns, as Go's `text/tabwriter` lines them up.

/// Lines up text whose cells end in tabs. A column goes on as long as line after line has a cell in it; it is as wide
/// as its widest cell and `gap` blanks. What follows the last tab of a line belongs to no column.
pub(super) fn align(text: &str, gap: usize) -> String {
    // The widths of all columns, and for each line those that its cells belong to.
    let mut widths: Vec<usize> = Vec::new();
    let mut columns: Vec<usize> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for line in lines(text) {
        let cells: Vec<&str> = cells(line).collect();
        let closed = &cells[..cells.len() - 1];
        open.truncate(closed.len());
        for (at, cell) in closed.iter().enumerate() {
            if at == open.len() {
                open.push(widths.len());
                widths.push(0);
            }
            widths[open[at]] = widths[open[at]].max(cell.chars().count() + gap);
        }
        columns.extend(&open);
    }

    let mut out = String::with_capacity(text.len());
    let mut columns = columns.into_iter();
    let mut is_first = true;
    for line in lines(text) {
        if !is_first {
            out.push('\n');
        }
        is_first = false;
        let mut cells = cells(line).peekable();
        while let Some(cell) = cells.next() {
            out.push_str(cell);
            if cells.peek().is_some() {
                let width = columns.next().map_or(0, |column| widths[column]);
                out.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
            }
        }
    }
    out
}

/// A form feed ends a line too, and a vertical tab a cell.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\x0c'])
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(['\t', '\x0b'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, gap: usize, expected: &str) {
        assert_eq!(align(text, gap), expected);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        check("A\tB\nlong\tc\n", 1, "A    B\nlong c\n");
        check("A\tB\tC\n\t\td\n", 3, "A   B   C\n        d\n");
        check("A\t\n\n", 1, "A \n\n");
        check("", 1, "");
    }

    #[test]
    fn a_line_without_a_cell_ends_the_column() {
        check("wide cell\tx\nplain\na\tb\n", 1, "wide cell x\nplain\na b\n");
        check("a\tbbb\tc\nd\te\nf\tg\th\n", 1, "a bbb c\nd e\nf g h\n");
    }

    #[test]
    fn characters_are_counted() {
        check("ä\tb\nxy\tz\n", 1, "ä  b\nxy z\n");
    }

    #[test]
    fn users_may_write_tabs() {
        check("a\tb\tc\x0bd\n", 1, "a b c d\n");
        check("a\tb\x0cccc\td\n", 1, "a   b\nccc d\n");
    }
}

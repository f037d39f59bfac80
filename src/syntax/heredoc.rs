//! Heredocs: `<<EOF` and what follows.
//!
//! The reference finds the opening words with its shell lexer, whatever the escape directive says: the whole line is
//! split, quotes and `${…}` kept; then each word that starts like a heredoc is split once more without quotes, which
//! gives its name. This is that lexer as far as it matters here: no variable is set, so all of them stay as written.

use crate::text::{Span, Text, quote};

/// A heredoc: the word that opens it and its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heredoc {
    /// The word that ends it, without quotes. COPY and ADD name the file after it.
    pub name: String,
    /// The number before `<<`, or 0.
    pub file_descriptor: u64,
    /// Whether variables in it are expanded: no part of the name was quoted.
    pub expands: bool,
    /// Whether leading tabs go: it was opened by `<<-`.
    pub strips_tabs: bool,
    /// Its lines, with their line endings and tabs.
    pub content: Text,
    /// The opening word.
    pub span: Span,
    /// The place of the lines.
    pub content_span: Span,
}

/// The word that opens a heredoc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeredocWord {
    /// The word that ends it, without quotes.
    pub name: String,
    /// The number before `<<`, or 0.
    pub file_descriptor: u64,
    /// Whether no part of the name was quoted.
    pub expands: bool,
    /// Whether it was opened by `<<-`.
    pub strips_tabs: bool,
}

/// Returns the text without the tabs at the start of each line.
pub fn strip_tabs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        out.push_str(line.trim_start_matches('\t'));
    }
    out
}

/// Reads a word such as `<<EOF`, `<<-"EOF"` or `3<<EOF`. Returns none if it opens no heredoc.
pub fn heredoc_word(word: &str) -> Option<HeredocWord> {
    open(word).ok().flatten()
}

/// Something and its place in the line: start and end.
type Placed<T> = (T, usize, usize);

/// Finds the words of a line that open heredocs, each with its place in the line.
///
/// # Errors
/// If the name of a heredoc has quotes or braces without an end.
pub(super) fn openers(line: &str) -> Result<Vec<Placed<HeredocWord>>, Placed<String>> {
    let mut found = Vec::new();
    // A line that the lexer cannot split has no heredocs; the shell may well understand it.
    for (word, start, end) in split(line, true, true).unwrap_or_default() {
        match open(&word) {
            Ok(Some(heredoc)) => found.push((heredoc, start, end)),
            Ok(None) => {}
            Err(message) => return Err((message, start, end)),
        }
    }
    Ok(found)
}

fn open(word: &str) -> Result<Option<HeredocWord>, String> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let Some(rest) = word[digits..].strip_prefix("<<") else { return Ok(None) };
    let (strips_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']);
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let process = |raw_quotes| {
        split(rest, raw_quotes, false)
            .map_err(|reason| format!("failed to process {}: {reason}", quote(rest)))
    };
    let mut words = process(false)?;
    let (Some((name, ..)), true) = (words.pop(), words.is_empty()) else { return Ok(None) };
    let raw = process(true)?;
    let [(raw, ..)] = &raw[..] else {
        return Err(format!("internal lexing of heredoc produced inconsistent results: {rest}"));
    };
    let quotes = |text: &str| text.bytes().filter(|b| matches!(b, b'\'' | b'"')).count();
    Ok(Some(HeredocWord {
        expands: quotes(&name) == quotes(raw),
        name,
        // A number out of range is the largest one there is.
        file_descriptor: if digits == 0 { 0 } else { word[..digits].parse().unwrap_or(u64::MAX) },
        strips_tabs,
    }))
}

/// What the lexer is inside of.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    /// A word of `${name-word}`, up to `}`.
    Brace { raw_escapes: bool },
    /// The pattern of `${name/pattern/replacement}`, up to the second `/`.
    Pattern,
    /// Double quotes.
    Quotes,
}

type Words = Vec<Placed<String>>;

/// Splits a text into words at white space that is not quoted.
fn split(text: &str, raw_quotes: bool, raw_escapes: bool) -> Result<Words, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lexer = Lexer { text, at: 0, raw_quotes, raw_escapes, inside: Vec::new(), nested: String::new() };
    let mut words = Splitter { words: Vec::new(), word: String::new(), in_word: false, start: 0 };
    while let Some(c) = lexer.peek() {
        let start = lexer.at;
        match c {
            '\'' | '"' => {
                lexer.quoted(c, &mut words)?;
                let quoted = std::mem::take(&mut lexer.nested);
                words.add_raw(&quoted, start);
            }
            '$' => {
                lexer.dollar(&mut words)?;
                lexer.run(&mut words)?;
                let value = std::mem::take(&mut lexer.nested);
                for c in value.chars() {
                    words.add(c, start, lexer.at);
                }
            }
            '<' => {
                lexer.at += 1;
                if lexer.peek() == Some('<') {
                    lexer.at += 1;
                    while let Some('\t' | '\r' | ' ') = lexer.peek() {
                        lexer.at += 1;
                    }
                }
                words.add_raw(&text[start..lexer.at], start);
            }
            '\\' => {
                lexer.at += 1;
                if raw_escapes {
                    words.add_raw("\\", start);
                }
                if let Some(c) = lexer.next() {
                    words.add_raw(c.encode_utf8(&mut [0; 4]), start);
                }
            }
            c => {
                lexer.at += c.len_utf8();
                words.add(c, start, start);
            }
        }
    }
    Ok(words.finish(text.len()))
}

/// Collects words.
struct Splitter {
    words: Words,
    word: String,
    in_word: bool,
    start: usize,
}

impl Splitter {
    /// Adds a character; white space ends the word at `end`.
    fn add(&mut self, c: char, start: usize, end: usize) {
        if !c.is_whitespace() {
            self.add_raw(c.encode_utf8(&mut [0; 4]), start);
        } else if self.in_word && !self.word.is_empty() {
            self.words.push((std::mem::take(&mut self.word), self.start, end));
            self.in_word = false;
        }
    }

    /// Adds text that does not end the word, whatever it is.
    fn add_raw(&mut self, text: &str, start: usize) {
        if self.word.is_empty() {
            self.start = start;
        }
        self.word.push_str(text);
        self.in_word = true;
    }

    /// The reference shares one buffer among all levels, so a nested word wipes out what stands before it.
    fn wipe(&mut self) {
        self.word.clear();
    }

    fn finish(mut self, end: usize) -> Words {
        if !self.word.is_empty() {
            self.words.push((self.word, self.start, end));
        }
        self.words
    }
}

/// Reads quotes and substitutions. What is inside of what stands in a list, so no depth can exhaust the stack.
struct Lexer<'a> {
    text: &'a str,
    at: usize,
    raw_quotes: bool,
    raw_escapes: bool,
    inside: Vec<Inside>,
    /// The text of all levels in order: it stays as written, but for quotes and escapes.
    nested: String,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn push_quote(&mut self, quote: char) {
        if self.raw_quotes {
            self.nested.push(quote);
        }
    }

    /// Returns an error; at the end of the text, the outermost open brace has the say.
    fn error<T>(&self, message: String) -> Result<T, String> {
        let outer = self.inside.iter().find(|i| **i != Inside::Quotes);
        Err(match outer {
            Some(Inside::Brace { .. }) if self.peek().is_none() => "syntax error: missing '}'".into(),
            Some(Inside::Pattern) if self.peek().is_none() => "syntax error: missing '/' in ${}".into(),
            _ => message,
        })
    }

    fn quoted(&mut self, quote: char, words: &mut Splitter) -> Result<(), String> {
        self.at += 1;
        self.push_quote(quote);
        if quote == '\'' {
            return self.single_quoted();
        }
        self.inside.push(Inside::Quotes);
        self.run(words)
    }

    fn single_quoted(&mut self) -> Result<(), String> {
        let Some(len) = self.text[self.at..].find('\'') else {
            self.at = self.text.len();
            return self.error("unexpected end of statement while looking for matching single-quote".into());
        };
        self.nested.push_str(&self.text[self.at..self.at + len]);
        self.at += len + 1;
        self.push_quote('\'');
        Ok(())
    }

    /// Reads until nothing is open.
    fn run(&mut self, words: &mut Splitter) -> Result<(), String> {
        while let Some(&inside) = self.inside.last() {
            let Some(c) = self.peek() else {
                return self.error(match inside {
                    Inside::Quotes => {
                        "unexpected end of statement while looking for matching double-quote".into()
                    }
                    // Some brace is open, which has the say.
                    _ => String::new(),
                });
            };
            match (inside, c) {
                (Inside::Quotes, '"') => {
                    self.at += 1;
                    self.push_quote('"');
                    self.inside.pop();
                }
                (Inside::Brace { .. }, '}') => {
                    self.at += 1;
                    self.nested.push('}');
                    self.inside.pop();
                }
                (Inside::Pattern, '/') => {
                    self.at += 1;
                    self.nested.push('/');
                    self.inside.pop();
                    self.inside.push(Inside::Brace { raw_escapes: true });
                }
                (_, '$') => self.dollar(words)?,
                (Inside::Quotes, '\\') => self.quoted_escape(),
                (_, '\\') => {
                    self.at += 1;
                    if self.keeps_escapes() {
                        self.nested.push('\\');
                    }
                    if let Some(c) = self.next() {
                        self.nested.push(c);
                    }
                }
                (Inside::Brace { .. } | Inside::Pattern, '\'' | '"') => {
                    self.at += 1;
                    self.push_quote(c);
                    if c == '\'' {
                        self.single_quoted()?;
                    } else {
                        self.inside.push(Inside::Quotes);
                    }
                }
                _ => {
                    self.at += c.len_utf8();
                    self.nested.push(c);
                }
            }
        }
        Ok(())
    }

    fn keeps_escapes(&self) -> bool {
        let innermost = self.inside.iter().rev().find_map(|inside| match inside {
            Inside::Brace { raw_escapes } => Some(*raw_escapes),
            Inside::Pattern => Some(true),
            Inside::Quotes => None,
        });
        innermost.unwrap_or(self.raw_escapes)
    }

    fn quoted_escape(&mut self) {
        self.at += 1;
        if self.keeps_escapes() {
            self.nested.push('\\');
        }
        match self.peek() {
            Some(c @ ('"' | '$' | '\\')) => {
                self.at += 1;
                self.nested.push(c);
            }
            Some(_) => self.nested.push('\\'),
            None => {}
        }
    }

    /// Reads `$name` or `${name}`, or the start of `${name-word}`.
    fn dollar(&mut self, words: &mut Splitter) -> Result<(), String> {
        self.at += 1;
        self.nested.push('$');
        if self.peek() != Some('{') {
            self.name();
            return Ok(());
        }
        self.at += 1;
        match self.peek() {
            None => return self.error("syntax error: missing '}'".into()),
            Some('{' | '}' | ':') => return self.error("syntax error: bad substitution".into()),
            Some(_) => {}
        }
        self.nested.push('{');
        self.name();
        let mut modifier = String::new();
        let mut c = self.next();
        modifier.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
        match c {
            Some('}') => {
                self.nested.push('}');
                return Ok(());
            }
            Some('/') => {
                if self.peek() == Some('/') {
                    self.at += 1;
                }
                self.nested.push('/');
                self.inside.push(Inside::Pattern);
                words.wipe();
                return Ok(());
            }
            Some(':') => {
                c = self.next();
                modifier.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
                if let Some('#' | '%') = c {
                    return self.error(format!("unsupported modifier ({modifier}) in substitution"));
                }
            }
            Some('+' | '-' | '?' | '#' | '%') => {}
            _ => return self.error(format!("unsupported modifier ({modifier}) in substitution")),
        }
        // After a colon any character passes here: the reference looks at it only when the variable is set.
        self.nested.push_str(&modifier);
        self.inside.push(Inside::Brace { raw_escapes: matches!(c, Some('#' | '%')) });
        words.wipe();
        Ok(())
    }

    fn name(&mut self) {
        let start = self.at;
        match self.peek() {
            Some(c) if c.is_numeric() => {
                while self.peek().is_some_and(char::is_numeric) {
                    self.next();
                }
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => self.at += 1,
            _ => {
                while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
                    self.next();
                }
            }
        }
        self.nested.push_str(&self.text[start..self.at]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &[(&str, u64, bool, bool)]) {
        let found = openers(line).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(h, ..)| (h.name.as_str(), h.file_descriptor, h.expands, h.strips_tabs))
            .collect();
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn opening_words() {
        check("RUN <<EOF", &[("EOF", 0, true, false)]);
        check("RUN cat <<-EOF 3<<'X' | sh", &[("EOF", 0, true, true), ("X", 3, false, false)]);
        check("COPY <<a.txt <<\"b c\" /x/", &[("a.txt", 0, true, false), ("b c", 0, false, false)]);
        check("RUN <<  EOF", &[("EOF", 0, true, false)]);
        check("RUN <<E\"O\"F", &[("EOF", 0, false, false)]);
        check("RUN <<E\\\"OF", &[("E\"OF", 0, true, false)]);
        check("RUN <<E\\ OF", &[("E OF", 0, true, false)]);
        check("RUN <<$X <<${Y}", &[("$X", 0, true, false), ("${Y}", 0, true, false)]);
        check("RUN cat <<<EOF", &[]);
        check("RUN << <<EOF", &[]);
        check("RUN echo 'a <<EOF'", &[]);
        check("RUN echo \"a <<EOF\"", &[]);
        check("RUN x<<EOF", &[]);
        check("RUN <<\"\"", &[]);
        check("RUN echo ' <<EOF", &[]);
        check("RUN <<", &[]);
        check("RUN <<-", &[]);
        check("RUN 99999999999999999999<<EOF", &[("EOF", u64::MAX, true, false)]);
        // What stands before a nested word is lost, see `wipe`.
        check("RUN <<E${A-b}F", &[]);
        check("RUN a ${A:-<<EOF} <<X", &[("X", 0, true, false)]);
    }

    #[test]
    fn a_name_may_be_broken() {
        // White space splits a substitution even within quotes.
        let (message, start, end) = openers("RUN ${a-\" <<\"E} b").unwrap_err();
        assert_eq!(
            message,
            "failed to process \"\\\"E}\": unexpected end of statement while looking for matching double-quote"
        );
        assert_eq!((start, end), (4, 15));
    }

    #[test]
    fn depth_needs_no_stack() {
        assert_eq!(openers(&format!("RUN <<E{}", "${a:-".repeat(200_000))).unwrap(), []);
        assert_eq!(
            openers(&format!("RUN {}{}", "${a:-\"".repeat(200_000), "\"}".repeat(200_000))).unwrap(),
            []
        );
    }

    #[test]
    fn tabs() {
        assert_eq!(strip_tabs("\t\ta\tb\n\t\n c\n"), "a\tb\n\n c\n");
    }
}

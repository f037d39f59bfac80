//! The lexer: quotes, escapes, variables, words.

use super::Env;
use super::chars::{is_digit, is_name_char};
use super::error::{Error, ErrorKind};
use super::pattern;
use std::collections::BTreeSet;

/// How deep `${a:-${b:-…}}` may nest.
pub const MAX_DEPTH: usize = 128;

/// How many bytes variables may add to one word.
pub const MAX_GROWTH: usize = 1 << 20;

/// How words are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lexer {
    /// The character that takes away the meaning of the next.
    pub escape: char,
    /// Whether quotes stay in the text.
    pub raw_quotes: bool,
    /// Whether escape characters stay in the text.
    pub raw_escapes: bool,
    /// Whether quotes have no meaning.
    pub skip_process_quotes: bool,
    /// Whether an unset variable stays as written.
    pub skip_unset_env: bool,
}

/// What a word stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// The text.
    pub text: String,
    /// The variables that were asked for and set.
    pub used: BTreeSet<String>,
    /// The variables that were asked for and unset.
    pub unset: BTreeSet<String>,
}

impl Lexer {
    /// Returns a lexer that takes quotes and escapes away.
    pub fn new(escape: char) -> Lexer {
        Lexer {
            escape,
            raw_quotes: false,
            raw_escapes: false,
            skip_process_quotes: false,
            skip_unset_env: false,
        }
    }

    /// Returns the text of a word. Spaces stay as they are.
    ///
    /// # Errors
    /// If a quote or brace is not closed, a substitution is malformed, a required variable is missing, or one of
    /// the limits of this room is passed.
    pub fn word(&self, word: &str, env: &dyn Env) -> Result<Expanded, Error> {
        // Most words are plain.
        if !word.contains(['$', '\'', '"', self.escape, '\u{feff}']) {
            return Ok(Expanded { text: word.to_owned(), ..Expanded::default() });
        }
        let (text, _, run) = self.run(word, env, false)?;
        Ok(Expanded { text, used: run.used, unset: run.unset })
    }

    /// Returns the words of a text: it is expanded, then cut at spaces that no quote or escape protects.
    ///
    /// # Errors
    /// As [`Lexer::word`].
    pub fn words(&self, text: &str, env: &dyn Env) -> Result<Vec<String>, Error> {
        self.run(text, env, true).map(|(_, words, _)| words)
    }

    fn run<'a>(
        &'a self,
        word: &'a str,
        env: &'a dyn Env,
        wants_words: bool,
    ) -> Result<(String, Vec<String>, Run<'a>), Error> {
        let mut run = Run {
            lexer: self,
            env,
            // The reference's scanner drops a byte order mark at the start.
            rest: word.strip_prefix('\u{feff}').unwrap_or(word),
            raw_escapes: self.raw_escapes,
            wants_words,
            word: String::new(),
            depth: 0,
            growth: 0,
            used: BTreeSet::new(),
            unset: BTreeSet::new(),
        };
        match run.until(None, self.raw_escapes) {
            Ok((text, words)) => Ok((text, words, run)),
            Err(kind) => Err(Error { word: word.to_owned(), kind }),
        }
    }
}

/// One word on its way.
struct Run<'a> {
    lexer: &'a Lexer,
    env: &'a dyn Env,
    rest: &'a str,
    raw_escapes: bool,
    wants_words: bool,
    /// The word that is being collected, for `words`.
    ///
    /// It is one for all levels, as in the reference: text that stands before `${name:-…}` without a space is lost.
    word: String,
    depth: usize,
    growth: usize,
    used: BTreeSet<String>,
    unset: BTreeSet<String>,
}

/// The words of one level.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    is_inside: bool,
}

impl<'a> Run<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    fn take_while(&mut self, is_wanted: impl Fn(char) -> bool) -> &str {
        let len = self.rest.find(|c| !is_wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    /// Reads up to a character, which is taken, too; or to the end.
    fn until(&mut self, stop: Option<char>, raw_escapes: bool) -> Result<(String, Vec<String>), ErrorKind> {
        let outer_raw_escapes = std::mem::replace(&mut self.raw_escapes, raw_escapes);
        self.word.clear();
        let mut text = String::new();
        let mut words = Words::default();
        loop {
            let Some(c) = self.peek() else {
                if stop.is_some() {
                    return Err(ErrorKind::MissingBrace);
                }
                break;
            };
            match c {
                c if Some(c) == stop => {
                    self.next();
                    break;
                }
                '$' => {
                    let value = self.dollar()?;
                    text.push_str(&value);
                    self.add(&mut words, &value);
                }
                '<' => {
                    let start = self.heredoc();
                    text.push_str(&start);
                    self.add_raw(&mut words, &start);
                }
                '\'' | '"' if !self.lexer.skip_process_quotes => {
                    let quoted = if c == '"' { self.double_quote()? } else { self.single_quote()? };
                    text.push_str(&quoted);
                    self.add_raw(&mut words, &quoted);
                }
                c if c == self.lexer.escape => {
                    self.next();
                    let mut taken = String::new();
                    if self.raw_escapes {
                        taken.push(c);
                    }
                    taken.extend(self.next());
                    text.push_str(&taken);
                    if !taken.is_empty() {
                        self.add_raw(&mut words, &taken);
                    }
                }
                c => {
                    self.next();
                    text.push(c);
                    self.add(&mut words, c.encode_utf8(&mut [0; 4]));
                }
            }
        }
        self.raw_escapes = outer_raw_escapes;
        if !self.word.is_empty() {
            words.done.push(std::mem::take(&mut self.word));
        }
        Ok((text, words.done))
    }

    /// Adds text whose spaces end a word.
    fn add(&mut self, words: &mut Words, text: &str) {
        if !self.wants_words {
            return;
        }
        for c in text.chars() {
            if !c.is_whitespace() {
                self.word.push(c);
                words.is_inside = true;
            } else if words.is_inside && !self.word.is_empty() {
                words.done.push(std::mem::take(&mut self.word));
                words.is_inside = false;
            }
        }
    }

    /// Adds text whose spaces belong to the word.
    fn add_raw(&mut self, words: &mut Words, text: &str) {
        if self.wants_words {
            self.word.push_str(text);
            words.is_inside = true;
        }
    }

    fn single_quote(&mut self) -> Result<String, ErrorKind> {
        self.next();
        let Some(len) = self.rest.find('\'') else { return Err(self.unclosed("single-quote")) };
        let inner = &self.rest[..len];
        let text = if self.lexer.raw_quotes { format!("'{inner}'") } else { inner.to_owned() };
        self.rest = &self.rest[len + 1..];
        Ok(text)
    }

    fn double_quote(&mut self) -> Result<String, ErrorKind> {
        let mut text = String::new();
        let quote = if self.lexer.raw_quotes { "\"" } else { "" };
        self.next();
        text.push_str(quote);
        loop {
            match self.peek() {
                None => return Err(self.unclosed("double-quote")),
                Some('"') => {
                    self.next();
                    text.push_str(quote);
                    return Ok(text);
                }
                Some('$') => {
                    let value = self.dollar()?;
                    text.push_str(&value);
                }
                Some(c) => {
                    self.next();
                    if c != self.lexer.escape {
                        text.push(c);
                        continue;
                    }
                    if self.raw_escapes {
                        text.push(c);
                    }
                    match self.peek() {
                        None => {}
                        Some(next) if matches!(next, '"' | '$') || next == self.lexer.escape => {
                            self.next();
                            text.push(next);
                        }
                        Some(_) => text.push(c),
                    }
                }
            }
        }
    }

    fn unclosed(&mut self, name: &'static str) -> ErrorKind {
        self.rest = "";
        ErrorKind::UnclosedQuote(name)
    }

    /// Reads `<`, or `<<` and the space behind it, where the name of a heredoc may be quoted.
    fn heredoc(&mut self) -> String {
        self.next();
        if self.peek() != Some('<') {
            return "<".to_owned();
        }
        self.next();
        format!("<<{}", self.take_while(|c| matches!(c, '\t' | '\r' | ' ')))
    }

    /// Reads `$name` or `${…}`.
    fn dollar(&mut self) -> Result<String, ErrorKind> {
        self.next();
        if self.peek() == Some('{') {
            self.next();
            if self.depth == MAX_DEPTH {
                return Err(ErrorKind::TooDeep);
            }
            self.depth += 1;
            let value = self.braces()?;
            self.depth -= 1;
            return self.grow(value);
        }
        let name = self.name();
        if name.is_empty() {
            return Ok("$".to_owned());
        }
        match self.get(&name) {
            None if self.lexer.skip_unset_env => Ok(format!("${name}")),
            value => {
                let value = value.unwrap_or_default().to_owned();
                self.grow(value)
            }
        }
    }

    fn grow(&mut self, value: String) -> Result<String, ErrorKind> {
        self.growth += value.len();
        if self.growth > MAX_GROWTH { Err(ErrorKind::TooLong) } else { Ok(value) }
    }

    /// Reads what stands behind `${`.
    fn braces(&mut self) -> Result<String, ErrorKind> {
        match self.peek() {
            None => return Err(ErrorKind::MissingBrace),
            Some('{' | '}' | ':') => return Err(ErrorKind::BadSubstitution),
            Some(_) => {}
        }
        let name = self.name();
        let mut operator = match self.next() {
            Some('}') => {
                return Ok(match self.get(&name) {
                    None if self.lexer.skip_unset_env => format!("${{{name}}}"),
                    value => value.unwrap_or_default().to_owned(),
                });
            }
            Some('/') => return self.replace(&name),
            other => other.unwrap_or(char::REPLACEMENT_CHARACTER),
        };
        let mut modifier = operator.to_string();
        let null_is_unset = operator == ':';
        if null_is_unset {
            operator = self.next().unwrap_or(char::REPLACEMENT_CHARACTER);
            modifier.push(operator);
        }
        let is_trim = matches!(operator, '#' | '%');
        let is_known = is_trim || matches!(operator, '+' | '-' | '?');
        // Behind a colon the reference reads on before it looks at the operator.
        if is_trim && null_is_unset || !is_known && !null_is_unset {
            return Err(ErrorKind::UnsupportedModifier(modifier));
        }
        let word = self.part('}', is_trim, ErrorKind::MissingBrace)?;
        let value = self.get(&name).map(str::to_owned);
        if self.lexer.skip_unset_env && value.is_none() {
            return Ok(format!("${{{name}{modifier}{word}}}"));
        }
        let is_missing = match &value {
            None => true,
            Some(value) => null_is_unset && value.is_empty(),
        };
        let is_unset = value.is_none();
        let value = value.unwrap_or_default();
        match operator {
            '-' => Ok(if is_missing { word } else { value }),
            '+' => Ok(if is_missing { String::new() } else { word }),
            '?' if is_missing => {
                let message = match word.as_str() {
                    "" if is_unset => "is not allowed to be unset".to_owned(),
                    "" => "is not allowed to be empty".to_owned(),
                    _ => word,
                };
                Err(ErrorKind::Required { name, message })
            }
            '?' => Ok(value),
            '#' | '%' => {
                let (pattern, is_greedy) = match word.strip_prefix(operator) {
                    Some(pattern) => (pattern, true),
                    None => (word.as_str(), false),
                };
                if operator == '#' {
                    pattern::trim_prefix(pattern, &value, is_greedy)
                } else {
                    pattern::trim_suffix(pattern, &value, is_greedy)
                }
            }
            _ => Err(ErrorKind::UnsupportedModifier(modifier)),
        }
    }

    /// Reads what stands behind `${name/`.
    fn replace(&mut self, name: &str) -> Result<String, ErrorKind> {
        let is_all = self.peek() == Some('/');
        if is_all {
            self.next();
        }
        let pattern = self.part('/', true, ErrorKind::MissingSlash)?;
        let replacement = self.part('}', true, ErrorKind::MissingBrace)?;
        let value = match self.get(name) {
            None if self.lexer.skip_unset_env => return Ok(format!("${{{name}/{pattern}/{replacement}}}")),
            value => value.unwrap_or_default().to_owned(),
        };
        if is_all {
            pattern::replace_all(&pattern, &value, &replacement, MAX_GROWTH)
        } else {
            pattern::replace_first(&pattern, &value, &replacement)
        }
    }

    /// Reads a part of `${…}`. Whatever is wrong at the end of the text counts as its end missing.
    fn part(&mut self, stop: char, raw_escapes: bool, missing: ErrorKind) -> Result<String, ErrorKind> {
        match self.until(Some(stop), raw_escapes) {
            Ok((text, _)) => Ok(text),
            Err(kind @ (ErrorKind::TooLong | ErrorKind::TooDeep | ErrorKind::TooCostly)) => Err(kind),
            Err(_) if self.rest.is_empty() => Err(missing),
            Err(kind) => Err(kind),
        }
    }

    /// Reads a name: letters, digits and `_`; or digits alone; or one special character. It may be empty.
    fn name(&mut self) -> String {
        match self.peek() {
            Some(c) if is_digit(c) => self.take_while(is_digit).to_owned(),
            Some(c @ ('@' | '*' | '#' | '?' | '-' | '$' | '!')) => {
                self.next();
                c.to_string()
            }
            _ => self.take_while(is_name_char).to_owned(),
        }
    }

    fn get(&mut self, name: &str) -> Option<&'a str> {
        let value = self.env.get(name);
        let names = if value.is_some() { &mut self.used } else { &mut self.unset };
        if !names.contains(name) {
            names.insert(name.to_owned());
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EnvList, NoEnv};
    use super::*;

    fn env() -> EnvList {
        EnvList::from_pairs(["A=apple", "B=a b", "E=", "P=/usr/local/bin", "X=$A", "é=accent", "S= x  y "])
    }

    fn lexer(flags: &str) -> Lexer {
        Lexer {
            escape: if flags.contains('`') { '`' } else { '\\' },
            raw_quotes: flags.contains('q'),
            raw_escapes: flags.contains('e'),
            skip_process_quotes: flags.contains('s'),
            skip_unset_env: flags.contains('u'),
        }
    }

    /// Checks the text, or the kind of error behind `!`.
    #[track_caller]
    fn check(flags: &str, word: &str, want: &str) {
        let got = lexer(flags).word(word, &env());
        assert_eq!(got.map_or_else(|err| format!("!{}", err.kind), |word| word.text), want, "{word:?}");
    }

    #[track_caller]
    fn check_words(text: &str, want: &[&str]) {
        assert_eq!(lexer("").words(text, &env()).unwrap(), want, "{text:?}");
    }

    #[test]
    fn quotes_and_escapes() {
        check("", "plain text", "plain text");
        check("", r#"'a $A \' "$A \" \$A \n" $A"#, r#"a $A \ apple " $A \n apple"#);
        check("", r"\a\\\$A\", r"a\$A");
        check("`", r"a`$A\b`", r"a$A\b");
        check("q", r#"'x' "y $A" "a'b""#, r#"'x' "y apple" "a'b""#);
        check("e", r#"\$A "\"" \x"#, r#"\$A \" \x"#);
        check("e", r#""\a""#, r"\\a");
        check("qs", r#"'$A' "b"#, r#"'apple' "b"#);
        check("", "\u{feff}$A\u{feff}", "apple\u{feff}");
        check("", "'x", "!unexpected end of statement while looking for matching single-quote");
        check("", "\"x", "!unexpected end of statement while looking for matching double-quote");
    }

    #[test]
    fn names() {
        check("", "$A-$Ab.$A", "apple-.apple");
        check("", "$é ${é}!", "accent accent!");
        check("", "$1A $12 $", "A  $");
        check("", "$$ $@x $- ${#} ${?}", " x   ");
        check("u", "$$ $1 $U ${U}", "$$ $1 $U ${U}");
        check("", "$X", "$A");
        check("", "<<EOF << $A <", "<<EOF << apple <");
    }

    #[test]
    fn defaults_and_alternatives() {
        check("", "${A:-x} ${E:-x} ${U:-x} ${E-x} ${U-x}", "apple x x  x");
        check("", "${A:+x} ${E:+x} ${U:+x} ${E+x} ${U+x}", "x   x ");
        check("", "${A:?x} ${A?x} ${E?x}", "apple apple ");
        check("", "${U:?}", "!U: is not allowed to be unset");
        check("", "${U?}", "!U: is not allowed to be unset");
        check("", "${E:?}", "!E: is not allowed to be empty");
        check("", "${U:?set $A}", "!U: set apple");
        check("", "${U:-${V:-\"a } $A\"}} ${U:-'}'} ${U:-\\}}", "a } apple } }");
        check("u", "${U:-$A} ${U#\\*} ${U/a/$A}", "${U:-apple} ${U#\\*} ${U/a/apple}");
    }

    #[test]
    fn trims_and_replacements() {
        check("", "${P#*/} ${P##*/} ${P%/*} ${P%%/*}", "usr/local/bin bin /usr/local ");
        check(
            "",
            "${P/\\//-} ${P//\\//-} ${P//$U/-}",
            "-usr/local/bin -usr-local-bin -/-u-s-r-/-l-o-c-a-l-/-b-i-n-",
        );
        check("", "${A/p/\\}} ${A//p/\\/}", "a\\}ple a\\/\\/le");
        check("", "${A#\\a}", "!invalid pattern (\\a) in substitution: invalid escape '\\a'");
        check("", "${U#x}${U/x/y}", "");
    }

    #[test]
    fn syntax_errors() {
        check("", "${", "!syntax error: missing '}'");
        check("", "${A:-x", "!syntax error: missing '}'");
        check("", "${A:-\"x}", "!syntax error: missing '}'");
        check("", "${A/x}", "!syntax error: missing '/' in ${}");
        check("", "${A/x/y", "!syntax error: missing '}'");
        check("", "${A:", "!syntax error: missing '}'");
        check("", "${}", "!syntax error: bad substitution");
        check("", "${{A}}", "!syntax error: bad substitution");
        check("", "${:-x}", "!syntax error: bad substitution");
        check("", "${A", "!unsupported modifier (\u{fffd}) in substitution");
        check("", "${A!x}", "!unsupported modifier (!) in substitution");
        check("", "${A:#x}", "!unsupported modifier (:#) in substitution");
        check("", "${A:=x}", "!unsupported modifier (:=) in substitution");
        check("", "${A:=x", "!syntax error: missing '}'");
        check("", "${U:-${V?}}", "!V: is not allowed to be unset");
        let err = Lexer::new('\\').word("a\"b", &NoEnv).unwrap_err();
        assert_eq!(
            err.to_string(),
            "failed to process \"a\\\"b\": unexpected end of statement while looking for matching double-quote"
        );
    }

    #[test]
    fn names_asked_for() {
        let word = Lexer::new('\\').word("$A ${U:-$V} ${E:+$W} $A", &env()).unwrap();
        let names = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!((names(word.used), names(word.unset)), ("A E".to_owned(), "U V W".to_owned()));
    }

    #[test]
    fn words() {
        check_words("a  b\tc\n", &["a", "b", "c"]);
        check_words("$B \"$B\" '' x''y", &["a", "b", "a b", "xy"]);
        check_words("a\\ b $S.", &["a b", "x", "y", "."]);
        check_words("'' a", &["a"]);
        check_words("x <<EOF <<- \"A\" y", &["x", "<<EOF", "<<-", "A", "y"]);
        check_words("<< 'E'", &["<< E"]);
        // A quirk of the reference: what a level has collected is lost to the next.
        check_words("ab${U:-cd}", &["cd"]);
    }

    #[test]
    fn limits() {
        let word = "${U:-".repeat(MAX_DEPTH + 1) + &"}".repeat(MAX_DEPTH + 1);
        check("", &word, &format!("!{}", ErrorKind::TooDeep));
        check("", &("${U:-".repeat(MAX_DEPTH) + &"}".repeat(MAX_DEPTH)), "");
        let mut env = EnvList::from_pairs(["A=xx"]);
        let err = (0..60).find_map(|_| match Lexer::new('\\').word("$A$A", &env) {
            Ok(word) => {
                env.set("A", word.text);
                None
            }
            Err(err) => Some(err.kind),
        });
        assert_eq!(err, Some(ErrorKind::TooLong));
    }
}

//! The lexer as others see it.

use super::Env;
use super::error::Error;
use super::run::Run;
use std::collections::BTreeSet;

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
    /// How much there was to do: one for each byte that was read of a value, and for each step of a pattern.
    pub steps: usize,
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
        Ok(Expanded { text, used: run.used, unset: run.unset, steps: run.steps })
    }

    /// Returns the words of a text, and how much there was to do: it is expanded, then cut at spaces that no quote or
    /// escape protects.
    ///
    /// # Errors
    /// As [`Lexer::word`].
    pub fn words(&self, text: &str, env: &dyn Env) -> Result<(Vec<String>, usize), Error> {
        self.run(text, env, true).map(|(_, words, run)| (words, run.steps))
    }

    fn run<'a>(
        &'a self,
        word: &'a str,
        env: &'a dyn Env,
        wants_words: bool,
    ) -> Result<(String, Vec<String>, Run<'a>), Error> {
        let mut run = Run::new(self, word, env, wants_words);
        match run.all() {
            Ok((text, words)) => Ok((text, words, run)),
            Err(kind) => Err(Error { word: word.to_owned(), kind, unset: run.unset }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EnvList, ErrorKind, NoEnv};
    use super::*;
    use crate::limits::{EXPANSION_BYTES, EXPANSION_DEPTH, READ_STEPS};

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
        assert_eq!(lexer("").words(text, &env()).unwrap().0, want, "{text:?}");
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
        let error = Lexer::new('\\').word("$U ${V?} $W", &env()).unwrap_err();
        assert_eq!(names(error.unset), "U V");
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
        let word = "${U:-".repeat(EXPANSION_DEPTH + 1) + &"}".repeat(EXPANSION_DEPTH + 1);
        check("", &word, &format!("!{}", ErrorKind::TooDeep));
        check("", &("${U:-".repeat(EXPANSION_DEPTH) + &"}".repeat(EXPANSION_DEPTH)), "");
        // One behind the other is not deep.
        check("", &"${U:-}".repeat(EXPANSION_DEPTH + 1), "");
        let mut env = EnvList::from_pairs(["A=xx"]);
        let err = (0..60).find_map(|_| match Lexer::new('\\').word("$A$A", &env) {
            Ok(word) => {
                env.set("A", word.text);
                None
            }
            Err(err) => Some(err.kind),
        });
        assert_eq!(err, Some(ErrorKind::TooLong));

        env.set("A", "x".repeat(EXPANSION_BYTES));
        let fails = |word: &str| Lexer::new('\\').word(word, &env).err().map(|err| err.kind);
        assert_eq!(fails("$A"), None);
        assert_eq!(fails("$A${U:-x}"), Some(ErrorKind::TooLong));
        // Each reads A and adds nothing.
        let reads = READ_STEPS / EXPANSION_BYTES;
        assert_eq!(fails(&"${A:+}".repeat(reads)), None);
        assert_eq!(fails(&"${A:+}".repeat(reads + 1)), Some(ErrorKind::TooCostly));
    }
}

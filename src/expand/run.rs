//! One word on its way through the lexer: quotes, escapes, variables.

use super::Env;
use super::chars::{is_digit, is_name_char};
use super::error::ErrorKind;
use super::lexer::Lexer;
use super::pattern;
use crate::limits::{EXPANSION_BYTES, EXPANSION_DEPTH, READ_STEPS};
use std::collections::BTreeSet;

/// One word on its way.
pub(super) struct Run<'a> {
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
    pub(super) steps: usize,
    pub(super) used: BTreeSet<String>,
    pub(super) unset: BTreeSet<String>,
}

/// The words of one level.
#[derive(Default)]
struct Words {
    done: Vec<String>,
    is_inside: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(lexer: &'a Lexer, word: &'a str, env: &'a dyn Env, wants_words: bool) -> Run<'a> {
        Run {
            lexer,
            env,
            // The reference's scanner drops a byte order mark at the start.
            rest: word.strip_prefix('\u{feff}').unwrap_or(word),
            raw_escapes: lexer.raw_escapes,
            wants_words,
            word: String::new(),
            depth: 0,
            growth: 0,
            steps: 0,
            used: BTreeSet::new(),
            unset: BTreeSet::new(),
        }
    }

    /// Reads to the end. Returns the text and, if they are wanted, its words.
    pub(super) fn all(&mut self) -> Result<(String, Vec<String>), ErrorKind> {
        self.until(None, self.raw_escapes)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    /// Takes a character that was seen.
    fn take(&mut self, c: char) -> &'a str {
        let (taken, rest) = self.rest.split_at(c.len_utf8());
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, is_wanted: impl Fn(char) -> bool) -> &'a str {
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
                _ => {
                    let escape = self.lexer.escape;
                    let plain = self.take_while(|c| {
                        !matches!(c, '$' | '<' | '\'' | '"') && c != escape && Some(c) != stop
                    });
                    // A quote may be plain here, too.
                    let plain = if plain.is_empty() { self.take(c) } else { plain };
                    text.push_str(plain);
                    self.add(&mut words, plain);
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
            if self.depth == EXPANSION_DEPTH {
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
        match self.growth > EXPANSION_BYTES {
            true => Err(ErrorKind::TooLong),
            false if self.steps > READ_STEPS => Err(ErrorKind::TooCostly),
            false => Ok(value),
        }
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
                let steps = &mut self.steps;
                if operator == '#' {
                    pattern::trim_prefix(pattern, &value, is_greedy, steps)
                } else {
                    pattern::trim_suffix(pattern, &value, is_greedy, steps)
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
            pattern::replace_all(&pattern, &value, &replacement, EXPANSION_BYTES, &mut self.steps)
        } else {
            pattern::replace_first(&pattern, &value, &replacement, &mut self.steps)
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
        self.steps += value.map_or(0, str::len);
        let names = if value.is_some() { &mut self.used } else { &mut self.unset };
        if !names.contains(name) {
            names.insert(name.to_owned());
        }
        value
    }
}

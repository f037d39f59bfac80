//! The few regular expressions that patterns turn into: characters, classes, a star behind either, and `(.*/)?`.

/// A regular expression for whole texts.
#[derive(Clone, Debug)]
pub(super) struct Regex {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    kind: NodeKind,
    is_repeated: bool,
}

#[derive(Clone, Debug)]
enum NodeKind {
    Char(char),
    Class(Class),
    /// Any character but a newline.
    Any,
    /// `(.*/)?`: nothing, or anything up to a slash.
    Folders,
    /// `^` behind the start: matches nothing, and only there.
    Start,
}

/// Tells whether a character is of some kind.
type Kind = fn(char) -> bool;

#[derive(Clone, Debug, Default)]
struct Class {
    is_negated: bool,
    ranges: Vec<(char, char)>,
    /// Classes with a name, in which one is said not to be in it.
    named: Vec<(Kind, bool)>,
}

impl Class {
    fn contains(&self, c: char) -> bool {
        let is_in = self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
            || self.named.iter().any(|(is_in, wanted)| is_in(c) == *wanted);
        is_in != self.is_negated
    }
}

/// More steps than this are not taken; a path of 4096 bytes and a pattern of 1024 are within.
const MAX_STEPS: usize = 1 << 22;

impl Regex {
    /// Reads a regular expression, or returns nothing if Go's parser would not take it.
    ///
    /// Escapes that name Unicode categories or places in the text count as such.
    pub(super) fn parse(text: &str) -> Option<Regex> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(tail) = rest.strip_prefix("(.*/)?") {
                nodes.push(Node { kind: NodeKind::Folders, is_repeated: false });
                rest = tail;
                continue;
            }
            rest = &rest[c.len_utf8()..];
            let kind = match c {
                '[' => {
                    let (class, tail) = parse_class(rest)?;
                    rest = tail;
                    NodeKind::Class(class)
                }
                '\\' => {
                    let escaped = rest.chars().next()?;
                    rest = &rest[escaped.len_utf8()..];
                    match escape(escaped)? {
                        Escape::Char(c) => NodeKind::Char(c),
                        Escape::Named(is_in, wanted) => {
                            NodeKind::Class(Class { named: vec![(is_in, wanted)], ..Class::default() })
                        }
                    }
                }
                '*' => {
                    nodes.last_mut()?.is_repeated = true;
                    continue;
                }
                '.' => NodeKind::Any,
                '^' => NodeKind::Start,
                c => NodeKind::Char(c),
            };
            nodes.push(Node { kind, is_repeated: false });
        }
        Some(Regex { nodes })
    }

    /// Returns how many steps it takes to match a text.
    pub(super) fn steps(&self, text: &str) -> usize {
        (self.nodes.len() + 1).saturating_mul(text.len() + 1)
    }

    /// Tells whether a path, or what stands before one of its slashes, matches as a whole.
    ///
    /// All places in the expression are followed at once, so one pass answers for all folders.
    pub(super) fn matches_or_parent(&self, text: &str) -> bool {
        if self.steps(text) > MAX_STEPS {
            return false;
        }
        // Entry `i` tells whether node `i` may come next; the last one, whether the text may end here.
        let mut now = vec![false; self.nodes.len() + 1];
        // Whether a `(.*/)?` is under way. It lasts to the end of the line.
        let mut inside = vec![false; self.nodes.len()];
        now[0] = true;
        self.skip(&mut now, true);
        let mut next = now.clone();
        for c in text.chars() {
            if c == '/' && now[self.nodes.len()] {
                return true;
            }
            next.fill(false);
            for (at, node) in self.nodes.iter().enumerate() {
                let is_here = now[at];
                let is_taken = match &node.kind {
                    NodeKind::Char(wanted) => is_here && *wanted == c,
                    NodeKind::Class(class) => is_here && class.contains(c),
                    NodeKind::Any => is_here && c != '\n',
                    NodeKind::Start => false,
                    NodeKind::Folders => {
                        let is_inside = is_here || inside[at];
                        inside[at] = is_inside && c != '\n';
                        is_inside && c == '/'
                    }
                };
                if is_taken {
                    next[at + usize::from(!node.is_repeated)] = true;
                }
            }
            self.skip(&mut next, false);
            std::mem::swap(&mut now, &mut next);
        }
        now[self.nodes.len()]
    }

    /// Marks the nodes behind those that match nothing.
    fn skip(&self, places: &mut [bool], is_start: bool) {
        for (at, node) in self.nodes.iter().enumerate() {
            let is_skipped = match node.kind {
                NodeKind::Folders => true,
                NodeKind::Start => is_start || node.is_repeated,
                _ => node.is_repeated,
            };
            if places[at] && is_skipped {
                places[at + 1] = true;
            }
        }
    }
}

enum Escape {
    Char(char),
    Named(Kind, bool),
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

/// Returns what a backslash and a character mean.
fn escape(c: char) -> Option<Escape> {
    let digit: Kind = |c| c.is_ascii_digit();
    Some(match c {
        'd' => Escape::Named(digit, true),
        'D' => Escape::Named(digit, false),
        's' => Escape::Named(is_space, true),
        'S' => Escape::Named(is_space, false),
        'w' => Escape::Named(is_word, true),
        'W' => Escape::Named(is_word, false),
        'a' => Escape::Char('\x07'),
        'f' => Escape::Char('\x0c'),
        'n' => Escape::Char('\n'),
        'r' => Escape::Char('\r'),
        't' => Escape::Char('\t'),
        'v' => Escape::Char('\x0b'),
        c if c.is_ascii() && !is_word(c) || c == '_' => Escape::Char(c),
        _ => return None,
    })
}

/// Reads a class behind its bracket. Returns it and what follows.
fn parse_class(text: &str) -> Option<(Class, &str)> {
    let (is_negated, mut rest) = match text.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut class = Class { is_negated, ..Class::default() };
    let mut is_first = true;
    loop {
        if let Some(tail) = rest.strip_prefix(']')
            && !is_first
        {
            return Some((class, tail));
        }
        // Go takes a dash at the start, at the end, and behind a range only.
        if rest.starts_with('-') && !is_first && rest.len() > 1 && !rest.starts_with("-]") {
            return None;
        }
        is_first = false;
        if let Some((name, tail)) = rest.strip_prefix("[:").and_then(|inner| inner.split_once(":]")) {
            let (name, wanted) = match name.strip_prefix('^') {
                Some(name) => (name, false),
                None => (name, true),
            };
            class.named.push((named(name)?, wanted));
            rest = tail;
            continue;
        }
        let first = match member(&mut rest)? {
            Escape::Named(is_in, wanted) => {
                class.named.push((is_in, wanted));
                continue;
            }
            Escape::Char(c) => c,
        };
        let mut last = first;
        if rest.starts_with('-') && !rest.starts_with("-]") && rest.len() > 1 {
            rest = &rest[1..];
            match member(&mut rest)? {
                Escape::Char(c) if first <= c => last = c,
                _ => return None,
            }
        }
        class.ranges.push((first, last));
    }
}

fn member(rest: &mut &str) -> Option<Escape> {
    let mut chars = rest.chars();
    let member = match chars.next()? {
        '\\' => escape(chars.next()?)?,
        c => Escape::Char(c),
    };
    *rest = chars.as_str();
    Some(member)
}

fn named(name: &str) -> Option<Kind> {
    Some(match name {
        "alnum" => |c| c.is_ascii_alphanumeric(),
        "alpha" => |c| c.is_ascii_alphabetic(),
        "ascii" => |c| c.is_ascii(),
        "blank" => |c| matches!(c, '\t' | ' '),
        "cntrl" => |c| c.is_ascii_control(),
        "digit" => |c| c.is_ascii_digit(),
        "graph" => |c| c.is_ascii_graphic(),
        "lower" => |c| c.is_ascii_lowercase(),
        "print" => |c| c.is_ascii_graphic() || c == ' ',
        "punct" => |c| c.is_ascii_punctuation(),
        "space" => |c| is_space(c) || c == '\x0b',
        "upper" => |c| c.is_ascii_uppercase(),
        "word" => is_word,
        "xdigit" => |c| c.is_ascii_hexdigit(),
        _ => return None,
    })
}

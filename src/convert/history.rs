//! The history of an image, and the build arguments that its RUN lines show.
//!
//! Both are lists that a stage shares with all stages that start from it. So they live in one arena each, where an
//! entry knows the one before: a stage keeps the place of its last entry, and a thousand stages in a chain do not
//! copy a thousand histories.

use crate::expand::EnvList;
use crate::image::{History, Timestamp};
use crate::text::Text;
use std::collections::HashMap;

const COMMENT: &str = "buildkit.dockerfile.v0";

/// A list in an arena: the place of its last entry.
#[derive(Debug)]
pub(super) struct Log<T> {
    last: Option<u32>,
    kind: std::marker::PhantomData<fn() -> T>,
}

/// The history of an image.
pub(super) type HistoryLog = Log<Entry>;
/// The build arguments of a stage, in the order they were declared.
pub(super) type ArgLog = Log<BuildArg>;

/// A build argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BuildArg {
    /// Its name.
    pub name: Text,
    /// Its value, if it has one.
    pub value: Option<String>,
}

/// An entry of the history. A build may have very many, so those of its own steps are kept short until the end.
#[derive(Debug)]
pub(super) enum Entry {
    /// Of the base image.
    Found(Box<History>),
    /// Of an instruction.
    Made {
        /// Which one.
        created_by: String,
        /// Whether it added a layer.
        adds_layer: bool,
    },
}

/// Entries of many lists.
#[derive(Debug)]
pub(super) struct Arena<T> {
    entries: Vec<(Option<u32>, T)>,
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Log<T> {}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Log { last: None, kind: std::marker::PhantomData }
    }
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena { entries: Vec::new() }
    }
}

impl<T> Arena<T> {
    /// Appends to a list. Other lists that share its start do not change.
    pub(super) fn push(&mut self, log: &mut Log<T>, entry: T) {
        let at = u32::try_from(self.entries.len()).expect("fewer instructions than bytes of source");
        self.entries.push((log.last, entry));
        log.last = Some(at);
    }

    /// Returns the entries of a list in order.
    pub(super) fn list(&self, log: Log<T>) -> Vec<&T> {
        let mut list = Vec::new();
        let mut at = log.last;
        while let Some(place) = at {
            let (before, entry) = &self.entries[place as usize];
            list.push(entry);
            at = *before;
        }
        list.reverse();
        list
    }
}

impl Entry {
    /// Returns the entry as the image config has it; `epoch` is when the build says that it takes place.
    pub(super) fn history(&self, epoch: Option<&Timestamp>) -> History {
        match self {
            Entry::Found(found) => (**found).clone(),
            Entry::Made { created_by, adds_layer } => History {
                created: epoch.cloned(),
                created_by: created_by.clone(),
                author: String::new(),
                comment: COMMENT.to_owned(),
                empty_layer: !adds_layer,
            },
        }
    }
}

/// Returns the line of a RUN: the build arguments with their values, if there are any, then the words.
///
/// An argument that was declared twice stands where it was first, with the value that the step sees.
///
/// `distinct` is the number of different names: mostly that of all arguments, and then nothing has to be looked up.
pub(super) fn run_line(words: &[String], args: &[&BuildArg], distinct: usize, env: &EnvList) -> String {
    let mut order: Vec<(&str, &str)> = Vec::with_capacity(distinct);
    let mut places: HashMap<&str, usize> = HashMap::new();
    for arg in args {
        let value = env.get(&arg.name).or(arg.value.as_deref()).unwrap_or_default();
        if distinct < args.len() {
            let place = *places.entry(&arg.name).or_insert(order.len());
            if let Some(entry) = order.get_mut(place) {
                entry.1 = value;
                continue;
            }
        }
        order.push((&arg.name, value));
    }
    let mut line = String::from("RUN");
    if !order.is_empty() {
        line.push_str(&format!(" |{}", order.len()));
    }
    for (name, value) in order {
        line.extend([" ", name, "=", value]);
    }
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    // Without words a single space stands behind the keyword.
    if line.len() == "RUN".len() {
        line.push(' ');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_share_their_start() {
        let mut arena = Arena::default();
        let mut base = Log::default();
        arena.push(&mut base, 1);
        let mut child = base;
        arena.push(&mut child, 2);
        arena.push(&mut base, 3);
        assert_eq!(arena.list(base), [&1, &3]);
        assert_eq!(arena.list(child), [&1, &2]);
        assert!(arena.list(Log::default()).is_empty());
    }

    #[test]
    fn run_lines() {
        let arg = |name: &str, value: &str| BuildArg { name: name.into(), value: Some(value.to_owned()) };
        let args = [arg("A", "1"), arg("B", ""), arg("A", "2"), arg("HIDDEN", "h")];
        let env = EnvList::from_pairs(["B=b", "A=3"]);
        let words = ["/bin/sh", "-c", "echo a"].map(str::to_owned);
        assert_eq!(
            run_line(&words, &args.iter().collect::<Vec<_>>(), 3, &env),
            "RUN |3 A=3 B=b HIDDEN=h /bin/sh -c echo a"
        );
        assert_eq!(run_line(&words, &[], 0, &env), "RUN /bin/sh -c echo a");
    }
}

//! The variables in reach, in order.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Variables that a word may use.
pub trait Env {
    /// Returns the value of a variable, or nothing if it is unset.
    fn get(&self, name: &str) -> Option<&str>;
}

/// No variables at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEnv;

impl Env for NoEnv {
    fn get(&self, _: &str) -> Option<&str> {
        None
    }
}

/// Variables in the order in which they were last set.
///
/// A clone costs nothing until one of the two is changed, so every step of a stage can keep the variables it saw.
#[derive(Clone, Default)]
pub struct EnvList {
    inner: Arc<Inner>,
}

/// Setting a variable again leaves a gap at its old place and appends it, so that no list is shifted.
#[derive(Clone, Default)]
struct Inner {
    entries: Vec<Option<(String, String)>>,
    places: HashMap<String, usize>,
    byte_len: usize,
    /// See [`EnvList::shared`]; empty again after a change.
    shared: OnceLock<Arc<Vec<(String, String)>>>,
}

impl EnvList {
    /// Returns a list without variables.
    pub fn new() -> EnvList {
        EnvList::default()
    }

    /// Returns the variables of `NAME=value` texts; a text without `=` names an empty variable.
    pub fn from_pairs<S: AsRef<str>>(pairs: impl IntoIterator<Item = S>) -> EnvList {
        let mut list = EnvList::new();
        for pair in pairs {
            let (name, value) = pair.as_ref().split_once('=').unwrap_or((pair.as_ref(), ""));
            list.set(name, value);
        }
        list
    }

    /// Sets a variable. It becomes the last, also if it was set before.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        let inner = Arc::make_mut(&mut self.inner);
        inner.shared.take();
        inner.take(&name);
        inner.byte_len += name.len() + value.len();
        inner.places.insert(name.clone(), inner.entries.len());
        inner.entries.push(Some((name, value)));
        if inner.entries.len() > 2 * inner.places.len() + 16 {
            inner.close_gaps();
        }
    }

    /// Sets a variable unless it is set already.
    pub fn set_default(&mut self, name: &str, value: &str) {
        if self.get(name).is_none() {
            self.set(name, value);
        }
    }

    /// Unsets a variable.
    pub fn remove(&mut self, name: &str) {
        if self.inner.places.contains_key(name) {
            let inner = Arc::make_mut(&mut self.inner);
            inner.shared.take();
            inner.take(name);
        }
    }

    /// Returns the value of a variable, or nothing if it is unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        let entry = self.inner.entries[*self.inner.places.get(name)?].as_ref();
        entry.map(|(_, value)| value.as_str())
    }

    /// Returns names and values, the one set last at the end.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.inner.entries.iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns names and values as a list. Whoever asks for it before the next change gets the same one, so that many
    /// steps that see the same variables do not have a copy each.
    pub fn shared(&self) -> Arc<Vec<(String, String)>> {
        let list =
            || Arc::new(self.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
        Arc::clone(self.inner.shared.get_or_init(list))
    }

    /// Returns the variables as `NAME=value`.
    pub fn to_pairs(&self) -> Vec<String> {
        self.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    /// Returns how many variables are set.
    pub fn count(&self) -> usize {
        self.inner.places.len()
    }

    /// Returns the bytes of all names and values, for those who set a limit.
    pub fn byte_len(&self) -> usize {
        self.inner.byte_len
    }
}

impl Inner {
    fn take(&mut self, name: &str) {
        if let Some(place) = self.places.remove(name)
            && let Some((name, value)) = self.entries[place].take()
        {
            self.byte_len -= name.len() + value.len();
        }
    }

    fn close_gaps(&mut self) {
        self.entries.retain(Option::is_some);
        self.places = self
            .entries
            .iter()
            .flatten()
            .enumerate()
            .map(|(place, (name, _))| (name.clone(), place))
            .collect();
    }
}

impl Env for EnvList {
    fn get(&self, name: &str) -> Option<&str> {
        EnvList::get(self, name)
    }
}

impl fmt::Debug for EnvList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl PartialEq for EnvList {
    fn eq(&self, other: &EnvList) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for EnvList {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_last_setting() {
        let mut list = EnvList::from_pairs(["A=1", "B=2", "C", "D==x"]);
        list.set("A", "3");
        list.remove("B");
        list.set_default("C", "no");
        list.set_default("E", "yes");
        assert_eq!(list.to_pairs(), ["C=", "D==x", "A=3", "E=yes"]);
        assert_eq!((list.get("A"), list.get("B"), list.count(), list.byte_len()), (Some("3"), None, 4, 10));
        list.set("B", "4");
        assert_eq!(list.iter().last(), Some(("B", "4")));
    }

    #[test]
    fn no_variables_are_unset() {
        assert_eq!(NoEnv.get("A"), None);
        assert_eq!(EnvList::new().get("A"), None);
    }

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut list = EnvList::from_pairs(["A=1"]);
        let seen = list.clone();
        list.set("A", "2");
        assert_eq!((seen.get("A"), list.get("A")), (Some("1"), Some("2")));
        assert_ne!(seen, list);
        assert_eq!(list, EnvList::from_pairs(["A=2"]));
    }

    #[test]
    fn gaps_are_closed() {
        let mut list = EnvList::from_pairs(["A=1", "B=2"]);
        for n in 0..1000 {
            list.set("A", n.to_string());
        }
        assert!(list.inner.entries.len() < 64);
        assert_eq!(list.to_pairs(), ["B=2", "A=999"]);
    }
}

//! A tree for the terminal: the target at the top, below each box what it needs.

use super::clip::clip_name;
use super::model::{LinkKind, Picture};
use std::collections::VecDeque;

/// A deeper tree goes on as a tree of its own, so that a long chain of stages stays readable and short.
const DEEPEST: usize = 16;
/// The most characters of a name.
const LONGEST: usize = 90;

/// Draws a picture as a tree, with lines of at most so many characters.
pub fn text(picture: &Picture, width: Option<usize>) -> String {
    let mut tree = Tree::new(picture);
    let targets: Vec<usize> = (0..picture.nodes.len()).filter(|&at| picture.nodes[at].is_target).collect();
    targets.into_iter().for_each(|at| tree.draw(at));
    let is_source = |at: usize| picture.nodes[at].kind.is_source();
    // What nobody needs comes last: stages first, then what they would have used.
    let mut rest: Vec<usize> = (0..picture.nodes.len()).filter(|&at| !is_source(at)).collect();
    rest.reverse();
    for at in rest {
        if !tree.is_shown[at] {
            tree.draw(at);
        }
    }
    let Some(width) = width else { return tree.out };
    let mut out = String::with_capacity(tree.out.len());
    for line in tree.out.lines() {
        // A line that goes on in the next one would cut the branches of the tree.
        match line.char_indices().nth(width.max(2)) {
            Some(_) => out.extend(line.chars().take(width.max(2) - 1).chain(['…'])),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

struct Tree<'a> {
    picture: &'a Picture,
    /// By box: the arrows that end at it.
    needs: Vec<Vec<usize>>,
    is_shown: Vec<bool>,
    out: String,
}

impl<'a> Tree<'a> {
    fn new(picture: &'a Picture) -> Tree<'a> {
        let mut needs = vec![Vec::new(); picture.nodes.len()];
        for (at, link) in picture.links.iter().enumerate() {
            needs[link.to].push(at);
        }
        Tree { picture, needs, is_shown: vec![false; picture.nodes.len()], out: String::new() }
    }

    fn draw(&mut self, root: usize) {
        let mut roots = VecDeque::from([root]);
        while let Some(root) = roots.pop_front() {
            if self.is_shown[root] {
                continue;
            }
            if !self.out.is_empty() {
                self.out.push('\n');
            }
            self.head(root);
            self.out.push('\n');
            self.is_shown[root] = true;
            // Arrows yet to be drawn, each with the text before it, whether it is the last one, and its depth.
            let mut open: Vec<(usize, String, bool, usize)> = Vec::new();
            self.open(root, String::new(), 0, &mut open);
            while let Some((link, before, is_last, depth)) = open.pop() {
                let from = self.picture.links[link].from;
                self.out.push_str(&before);
                self.out.push_str(if is_last { "└─ " } else { "├─ " });
                self.arrow(link);
                self.head(from);
                if self.needs[from].is_empty() {
                    self.is_shown[from] = true;
                } else if self.is_shown[from] {
                    self.out.push_str(" (above)");
                } else if depth == DEEPEST {
                    self.out.push_str(" (below)");
                    roots.push_back(from);
                } else {
                    self.is_shown[from] = true;
                    let before = before + if is_last { "   " } else { "│  " };
                    self.open(from, before, depth + 1, &mut open);
                }
                self.out.push('\n');
            }
        }
    }

    fn open(&self, node: usize, before: String, depth: usize, open: &mut Vec<(usize, String, bool, usize)>) {
        let count = self.needs[node].len();
        for (at, &link) in self.needs[node].iter().enumerate().rev() {
            open.push((link, before.clone(), at + 1 == count, depth));
        }
    }

    fn head(&mut self, at: usize) {
        let node = &self.picture.nodes[at];
        self.out.push_str(&node.short_name(LONGEST));
        let mut notes = Vec::new();
        if let Some((line, _)) = node.lines {
            notes.push(format!("line {line}"));
        }
        if node.kind.is_source() && node.note.is_empty() {
            notes.push(node.kind.as_str().to_owned());
        } else if !node.note.is_empty() {
            notes.push(clip_name(&node.note, LONGEST));
        }
        if node.is_target {
            notes.push("target".to_owned());
        }
        if node.is_pruned {
            notes.push("not built".to_owned());
        }
        if !notes.is_empty() {
            self.out.push_str(&format!(" [{}]", notes.join(", ")));
        }
    }

    fn arrow(&mut self, link: usize) {
        let link = &self.picture.links[link];
        match link.kind {
            LinkKind::Base => {}
            LinkKind::Copy => self.out.push_str("copies "),
            LinkKind::Mount => self.out.push_str("mounts "),
        }
        if !link.labels.is_empty() {
            self.out.push_str(&format!("({}) ", link.labels.join(", ")));
        }
        if link.kind != LinkKind::Base {
            self.out.push_str("of ");
        }
    }
}

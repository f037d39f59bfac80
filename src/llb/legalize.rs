//! Rewrites a graph for an engine that does not know all of it.
//!
//! In: a graph for the newest engine, and what the engine at hand can do. Out: a graph that it can run, with the
//! same steps that the reference would make for it. What cannot be said in another way is an error.

use super::caps::{self, CapSet};
use super::error::{Error, Reason};
use super::op::{Copy, File, FileAction, Mode, MountKind, Op};
use super::{Edge, Graph, Vertex, VertexId};
use crate::image::Platform;
use crate::path;
use std::sync::Arc;

impl Graph {
    /// Rewrites what an edge leads to for an engine. Edges to vertices stay valid.
    ///
    /// `platform` is the one that the graph will be marshaled with.
    ///
    /// # Errors
    /// If the engine lacks what a step cannot do without. The error names the first such step.
    pub fn legalize(
        &mut self,
        root: Option<Edge>,
        engine: &CapSet,
        platform: &Platform,
    ) -> Result<(), Error> {
        for at in 0..self.vertices.len() {
            match self.vertices[at].op {
                Op::Merge(_) if !engine.has(caps::MERGE_OP) => self.unmerge(at),
                Op::Exec(_) => reduce(&mut self.vertices[at], engine, &platform.os),
                _ => {}
            }
        }
        let walk = self.walk(root)?;
        for id in &walk.order {
            check(self.get(*id), engine)?;
        }
        Ok(())
    }

    /// Finds what an engine is asked for, does not know and does not refuse: it skips what it does not know of a copy.
    ///
    /// # Errors
    /// If the graph has a cycle.
    #[doc(hidden)]
    pub fn unheard(&self, root: Option<Edge>, engine: &CapSet) -> Result<Vec<Error>, Error> {
        let knows_patterns = engine.has(caps::FILE_COPY_PATTERNS);
        // Came with the same version, which says so nowhere.
        let knows_symbols = engine.has(caps::EXEC_VALID_EXIT_CODE);
        let mut unheard = Vec::new();
        if knows_patterns && knows_symbols {
            return Ok(unheard);
        }
        for id in self.walk(root)?.order {
            let vertex = self.get(id);
            let Op::File(file) = &vertex.op else { continue };
            let mut lacks = |cap| {
                if let Err(lack) = engine.check(cap) {
                    unheard.push(Error::at(vertex, Reason::Unsupported(lack)));
                }
            };
            let has = |wish: fn(&Copy) -> bool| {
                file.actions.iter().any(|action| matches!(action, FileAction::Copy(copy) if wish(copy)))
            };
            if !knows_patterns
                && has(|copy| !copy.include_patterns.is_empty() || !copy.exclude_patterns.is_empty())
            {
                lacks(caps::FILE_COPY_PATTERNS);
            }
            if !knows_symbols && has(|copy| matches!(copy.mode, Some(Mode::Symbolic(_)))) {
                lacks(caps::FILE_COPY_SYMBOLIC_MODE);
            }
        }
        Ok(unheard)
    }

    /// Makes of a new layer that was copied on its own, and laid over a base, a copy into the base.
    fn unmerge(&mut self, at: usize) {
        let Op::Merge(merge) = &self.vertices[at].op else { return };
        let [base, Some(Edge { vertex: VertexId(layer), output: 0 })] = merge.layers[..] else { return };
        let layer = &self.vertices[layer as usize];
        let Op::File(File { base: None, actions }) = &layer.op else { return };
        // The group only held the two halves of the step together.
        let meta = super::Meta { progress_group: None, ..layer.meta.clone() };
        self.vertices[at] = Vertex { op: File { base, actions: actions.clone() }.into(), meta };
    }
}

/// Leaves out of a process what is a wish rather than a need, and an engine does not know.
fn reduce(vertex: &mut Vertex, engine: &CapSet, os: &str) {
    let Op::Exec(exec) = &mut vertex.op else { return };
    if !engine.has(caps::EXEC_META_ULIMIT) {
        exec.ulimits.clear();
    }
    if !engine.has(caps::EXEC_META_CDI) {
        exec.devices.retain(|device| !device.is_optional);
    }
    if !engine.has(caps::EXEC_META_CGROUP_PARENT) {
        exec.cgroup_parent.clear();
    }
    if !engine.has(caps::EXEC_META_LINUX_RESOURCES) {
        vertex.meta.linux_resources = None;
    }
    if !engine.has(caps::EXEC_MOUNT_TMPFS_SIZE) {
        let is_sized = |kind: &MountKind| matches!(kind, MountKind::Tmpfs { size_bytes } if *size_bytes > 0);
        exec.mounts.retain(|mount| !(mount.is_dispensable && is_sized(&mount.kind)));
    }
    if !engine.has(caps::EXEC_MOUNT_BIND_READ_WRITE_NO_OUTPUT) {
        for mount in &mut exec.mounts {
            mount.has_no_output = false;
        }
    }
    if exec.wants_default_path && !engine.has(caps::EXEC_META_SETS_DEFAULT_PATH) {
        exec.wants_default_path = false;
        // Windows finds its own.
        if os != "windows" && !exec.env.iter().any(|(name, _)| name == "PATH") {
            Arc::make_mut(&mut exec.env).push(("PATH".to_owned(), path::default_path_env(os).to_owned()));
        }
    }
}

fn check(vertex: &Vertex, engine: &CapSet) -> Result<(), Error> {
    let fail = |error| Error::at(vertex, Reason::Unsupported(error));
    let said = &vertex.meta;
    let about = [
        (true, caps::CONSTRAINTS),
        (true, caps::PLATFORM),
        (said.ignore_cache, caps::META_IGNORE_CACHE),
        (!said.description.is_empty(), caps::META_DESCRIPTION),
        (said.export_cache.is_some(), caps::META_EXPORT_CACHE),
    ];
    let own = caps::required(&vertex.op, said);
    let foreign = match &vertex.op {
        Op::Raw(raw) => raw.caps.as_slice(),
        _ => &[],
    };
    let about = about.into_iter().filter(|(needed, _)| *needed).map(|(_, cap)| cap);
    for cap in own.into_iter().chain(foreign.iter().map(String::as_str)).chain(about) {
        engine.check(cap).map_err(fail)?;
    }
    Ok(())
}

//! A graph as readable text, for tests and people.
//!
//! Vertices are numbered in the order of the definition, so a change to one step does not change all that follow.

use super::op::{
    CacheSharing, Copy, Exec, FileAction, Mode, Mount, MountKind, Network, Op, Owner, Security, User,
};
use super::walk::Walk;
use super::{Edge, Error, Graph, Meta, Vertex};
use std::collections::HashMap;
use std::fmt::{self, Write};

impl Graph {
    /// Returns what an edge leads to as text, one paragraph for each step. What has its usual value is left out.
    ///
    /// # Errors
    /// If the graph has a cycle.
    pub fn dump(&self, root: Option<Edge>) -> Result<String, Error> {
        let walk = self.walk(root)?;
        let numbers = walk.order.iter().enumerate().map(|(number, id)| (id.0, number)).collect();
        let mut dump = Dump { out: String::new(), walk: &walk, numbers };
        for (number, id) in walk.order.iter().enumerate() {
            dump.vertex(number, self.get(*id)).expect("a String takes all text");
        }
        let root = dump.edge(root);
        writeln!(dump.out, "result {root}").expect("a String takes all text");
        Ok(dump.out)
    }
}

struct Dump<'a> {
    out: String,
    walk: &'a Walk,
    numbers: HashMap<u32, usize>,
}

impl Dump<'_> {
    fn vertex(&mut self, number: usize, vertex: &Vertex) -> fmt::Result {
        let Vertex { op, meta } = vertex;
        write!(self.out, "#{number} ")?;
        match op {
            Op::Source(source) => {
                self.out.push_str(&source.identifier());
                self.head(meta)?;
                for (name, value) in source.attrs("") {
                    writeln!(self.out, "  {name} {value:?}")?;
                }
            }
            Op::Exec(exec) => {
                self.out.push_str("exec");
                self.head(meta)?;
                self.exec(exec)?;
            }
            Op::File(file) => {
                write!(self.out, "file <- {}", self.edge(file.base))?;
                self.head(meta)?;
                for action in &file.actions {
                    self.action(action)?;
                }
            }
            Op::Merge(merge) => {
                let layers = merge.layers.iter().filter(|layer| self.walk.resolve(**layer).is_some());
                let layers: Vec<String> = layers.map(|layer| self.edge(*layer)).collect();
                write!(self.out, "merge <- {}", layers.join(" "))?;
                self.head(meta)?;
            }
            Op::Diff(diff) => {
                write!(self.out, "diff <- {} {}", self.edge(diff.lower), self.edge(diff.upper))?;
                self.head(meta)?;
            }
            Op::Passthrough(passthrough) => {
                let inputs: Vec<String> = passthrough.inputs.iter().map(|input| self.edge(*input)).collect();
                write!(self.out, "passthrough {:?} <- {}", passthrough.id, inputs.join(" "))?;
                self.head(meta)?;
                writeln!(self.out, "  outputs {:?}", passthrough.outputs)?;
            }
            Op::Raw(raw) => {
                write!(self.out, "raw {}", raw.digest)?;
                for input in &raw.inputs {
                    write!(self.out, " <- {}", self.edge(Some(*input)))?;
                }
                self.head(meta)?;
            }
            Op::Forward(_) => unreachable!("a forward is no op"),
        }
        Ok(())
    }

    fn edge(&self, edge: Option<Edge>) -> String {
        let Some(edge) = self.walk.resolve(edge) else { return "scratch".to_owned() };
        let number = self.numbers[&edge.vertex.0];
        if edge.output == 0 { format!("#{number}") } else { format!("#{number}:{}", edge.output) }
    }

    /// Ends the first line and says what is said about the step.
    fn head(&mut self, meta: &Meta) -> fmt::Result {
        if let Some(platform) = &meta.platform {
            write!(self.out, " [{platform}]")?;
        }
        self.out.push('\n');
        for (key, text) in meta.description.iter() {
            writeln!(self.out, "  {key} {text:?}")?;
        }
        if let Some(group) = &meta.progress_group {
            let weak = if group.is_weak { "weak " } else { "" };
            writeln!(self.out, "  {weak}group {:?}", group.name)?;
        }
        if meta.ignore_cache {
            self.out.push_str("  ignores its cache\n");
        }
        if let Some(export) = meta.export_cache {
            writeln!(self.out, "  exports its cache: {export}")?;
        }
        if !meta.filters.is_empty() {
            writeln!(self.out, "  workers {:?}", meta.filters)?;
        }
        if let Some(limits) = &meta.linux_resources {
            writeln!(self.out, "  {limits:?}")?;
        }
        Ok(())
    }

    fn exec(&mut self, exec: &Exec) -> fmt::Result {
        writeln!(self.out, "  args {:?}", exec.args)?;
        for (name, value) in exec.env.iter() {
            writeln!(self.out, "  env {name}={value:?}")?;
        }
        writeln!(self.out, "  cwd {}", exec.cwd)?;
        for (what, value) in
            [("user", &exec.user), ("hostname", &exec.hostname), ("cgroup", &exec.cgroup_parent)]
        {
            if !value.is_empty() {
                writeln!(self.out, "  {what} {value}")?;
            }
        }
        match exec.network {
            Network::Sandbox => {}
            Network::Host => self.out.push_str("  network host\n"),
            Network::None => self.out.push_str("  network none\n"),
        }
        if exec.security == Security::Insecure {
            self.out.push_str("  insecure\n");
        }
        if exec.proxy.is_some() {
            // Proxies may hold passwords.
            self.out.push_str("  proxies\n");
        }
        if !exec.wants_default_path {
            self.out.push_str("  no default PATH\n");
        }
        if !exec.valid_exit_codes.is_empty() {
            writeln!(self.out, "  may exit with {:?}", exec.valid_exit_codes)?;
        }
        for entry in &exec.extra_hosts {
            writeln!(self.out, "  host {} {}", entry.host, entry.ip)?;
        }
        for limit in &exec.ulimits {
            writeln!(self.out, "  ulimit {} {}:{}", limit.name, limit.soft, limit.hard)?;
        }
        for device in &exec.devices {
            writeln!(self.out, "  device {}{}", device.name, optional(device.is_optional))?;
        }
        for at in exec.mount_order() {
            self.mount(&exec.mounts[at])?;
        }
        for secret in &exec.secrets {
            write!(self.out, "  secret {}", secret.id)?;
            if let Some(env) = &secret.env {
                write!(self.out, " as ${env}")?;
            }
            if let Some(target) = &secret.target {
                write!(self.out, " at {target} {}:{} {:04o}", secret.uid, secret.gid, secret.mode)?;
            }
            writeln!(self.out, "{}", optional(secret.is_optional))?;
        }
        for ssh in &exec.ssh {
            let target = ssh.target.as_deref().unwrap_or("its own place");
            write!(self.out, "  ssh {} at {target} {}:{} {:04o}", ssh.id, ssh.uid, ssh.gid, ssh.mode)?;
            writeln!(self.out, "{}", optional(ssh.is_optional))?;
        }
        Ok(())
    }

    fn mount(&mut self, mount: &Mount) -> fmt::Result {
        write!(self.out, "  mount {} <- {}{}", mount.target, self.edge(mount.source), mount.selector)?;
        match &mount.kind {
            MountKind::Bind => {}
            MountKind::Cache { id, sharing } => {
                let sharing = match sharing {
                    CacheSharing::Shared => "shared",
                    CacheSharing::Private => "private",
                    CacheSharing::Locked => "locked",
                };
                write!(self.out, " cache {id:?} {sharing}")?;
            }
            MountKind::Tmpfs { size_bytes: 0 } => self.out.push_str(" tmpfs"),
            MountKind::Tmpfs { size_bytes } => write!(self.out, " tmpfs of {size_bytes} bytes")?,
        }
        for (flag, word) in [(mount.is_readonly, " readonly"), (mount.has_no_output, " no-output")] {
            if flag {
                self.out.push_str(word);
            }
        }
        self.out.push('\n');
        Ok(())
    }

    fn action(&mut self, action: &FileAction) -> fmt::Result {
        let (owner, created_ns) = match action {
            FileAction::Copy(copy) => {
                self.copy(copy)?;
                (&copy.owner, copy.created_ns)
            }
            FileAction::Mkfile(file) => {
                let data = String::from_utf8_lossy(&file.data);
                write!(self.out, "  mkfile {} {:04o} {data:?}", file.path, file.mode)?;
                (&file.owner, file.created_ns)
            }
            FileAction::Mkdir(dir) => {
                let parents = if dir.makes_parents { " with parents" } else { "" };
                write!(self.out, "  mkdir {} {:04o}{parents}", dir.path, dir.mode)?;
                (&dir.owner, dir.created_ns)
            }
            FileAction::Rm(rm) => {
                let wildcard = if rm.allows_wildcard { " wildcard" } else { "" };
                let absent = if rm.allows_not_found { " if there" } else { "" };
                write!(self.out, "  rm {}{wildcard}{absent}", rm.path)?;
                (&None, None)
            }
            FileAction::Symlink(link) => {
                write!(self.out, "  symlink {} -> {}", link.new_path, link.old_path)?;
                (&link.owner, link.created_ns)
            }
        };
        if let Some(Owner { user, group }) = owner {
            write!(self.out, " owner {}", user_text(user))?;
            if group.is_some() {
                write!(self.out, ":{}", user_text(group))?;
            }
        }
        if let Some(created_ns) = created_ns {
            write!(self.out, " created {created_ns}")?;
        }
        self.out.push('\n');
        Ok(())
    }

    fn copy(&mut self, copy: &Copy) -> fmt::Result {
        write!(self.out, "  copy {}{} to {}", self.edge(copy.source), copy.src, copy.dest)?;
        match &copy.mode {
            None => {}
            Some(Mode::Bits(bits)) => write!(self.out, " mode {bits:04o}")?,
            Some(Mode::Symbolic(text)) => write!(self.out, " mode {text}")?,
        }
        let flags = [
            (copy.follows_symlinks, "follow"),
            (copy.copies_dir_contents, "contents"),
            (copy.unpacks, "unpack"),
            (copy.creates_dest_path, "parents"),
            (copy.allows_wildcard, "wildcard"),
            (copy.allows_empty_wildcard, "empty"),
            (copy.replaces_existing, "replace"),
        ];
        for (_, word) in flags.into_iter().filter(|(flag, _)| *flag) {
            write!(self.out, " {word}")?;
        }
        let lists = [
            ("include", &copy.include_patterns),
            ("exclude", &copy.exclude_patterns),
            ("require", &copy.required_paths),
        ];
        for (word, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            write!(self.out, " {word} {list:?}")?;
        }
        Ok(())
    }
}

fn user_text(user: &Option<User>) -> String {
    match user {
        None => String::new(),
        Some(User::Name(name)) => name.clone(),
        Some(User::Id(id)) => id.to_string(),
    }
}

fn optional(is_optional: bool) -> &'static str {
    if is_optional { " optional" } else { "" }
}

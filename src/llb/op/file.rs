//! Changing files without a process.

use crate::llb::Edge;

/// Applies actions to a file system, one after another; its output is the result of the last one.
///
/// Paths are absolute and clean: the caller knows the working directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct File {
    /// What the first action works on. Names of users are looked up here, too.
    pub base: Option<Edge>,
    /// What to do; at least one.
    pub actions: Vec<FileAction>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FileAction {
    /// Copies files from another file system.
    Copy(Copy),
    /// Writes a file.
    Mkfile(Mkfile),
    /// Makes a directory.
    Mkdir(Mkdir),
    /// Removes files.
    Rm(Rm),
    /// Makes a symbolic link.
    Symlink(Symlink),
}

impl FileAction {
    /// Returns the other file system that the action reads.
    pub fn source(&self) -> Option<Edge> {
        match self {
            FileAction::Copy(copy) => copy.source,
            _ => None,
        }
    }
}

macro_rules! into_action {
    ($($kind:ident)*) => {$(
        impl From<$kind> for FileAction {
            fn from(action: $kind) -> FileAction {
                FileAction::$kind(action)
            }
        }
    )*};
}

into_action!(Copy Mkfile Mkdir Rm Symlink);

/// Copies files from another file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Copy {
    /// The other file system.
    pub source: Option<Edge>,
    /// What to copy: a path, or a pattern if `allows_wildcard`.
    pub src: String,
    /// Where to. A slash or `/.` at its end means a directory.
    pub dest: String,
    /// Whose the files become; unset: root's, as ever in BuildKit.
    pub owner: Option<Owner>,
    /// Which mode the files get; unset: that of the source.
    pub mode: Option<Mode>,
    /// Whether a symbolic link at `src` is followed.
    pub follows_symlinks: bool,
    /// Whether of a directory only the content is copied.
    pub copies_dir_contents: bool,
    /// Whether an archive is unpacked.
    pub unpacks: bool,
    /// Whether the directories above `dest` are made.
    pub creates_dest_path: bool,
    /// Whether `src` is a pattern.
    pub allows_wildcard: bool,
    /// Whether a pattern may match nothing.
    pub allows_empty_wildcard: bool,
    /// Whether something of another type at the destination is replaced.
    pub replaces_existing: bool,
    /// Unix time in nanoseconds that the files get; unset: that of the source.
    pub created_ns: Option<i64>,
    /// If not empty, only what one of these patterns matches is copied.
    pub include_patterns: Vec<String>,
    /// What one of these patterns matches is not copied.
    pub exclude_patterns: Vec<String>,
    /// What the include patterns must lead to.
    pub required_paths: Vec<String>,
}

/// The mode of copied files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Bits.
    Bits(u32),
    /// Changes to the mode, such as `u+x`.
    Symbolic(String),
}

/// Writes a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mkfile {
    /// Where.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// What is in it.
    pub data: Vec<u8>,
    /// Whose it is.
    pub owner: Option<Owner>,
    /// Unix time in nanoseconds; unset: now.
    pub created_ns: Option<i64>,
}

/// Makes a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mkdir {
    /// Where.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Whether the directories above it are made. Then it may also be there already.
    pub makes_parents: bool,
    /// Whose it is.
    pub owner: Option<Owner>,
    /// Unix time in nanoseconds; unset: now.
    pub created_ns: Option<i64>,
}

/// Removes files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rm {
    /// What: a path, or a pattern if `allows_wildcard`.
    pub path: String,
    /// Whether it may be absent.
    pub allows_not_found: bool,
    /// Whether `path` is a pattern.
    pub allows_wildcard: bool,
}

/// Makes a symbolic link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Symlink {
    /// Where it points to, as it is.
    pub old_path: String,
    /// Where it lies.
    pub new_path: String,
    /// Whose it is.
    pub owner: Option<Owner>,
    /// Unix time in nanoseconds; unset: now.
    pub created_ns: Option<i64>,
}

/// Whose a file becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The user.
    pub user: Option<User>,
    /// The group; unset: that of the user.
    pub group: Option<User>,
}

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum User {
    /// By name, looked up in the base of the file op.
    Name(String),
    /// By number.
    Id(u32),
}

impl Owner {
    /// Reads `user` or `user:group`, each a name or a number. `root` is 0 without a look into the base.
    pub fn parse(text: &str) -> Owner {
        match text.split_once(':') {
            Some((user, group)) => Owner { user: Some(User::parse(user)), group: Some(User::parse(group)) },
            None => Owner { user: Some(User::parse(text)), group: None },
        }
    }

    /// Returns the owner of two numbers.
    pub fn ids(uid: u32, gid: u32) -> Owner {
        Owner { user: Some(User::Id(uid)), group: Some(User::Id(gid)) }
    }
}

impl User {
    fn parse(text: &str) -> User {
        match text {
            // An empty name is no name to BuildKit, but the number 0.
            "root" | "" => User::Id(0),
            // The number is one of 32 bits with a sign; a negative one wraps.
            _ => text.parse::<i32>().map_or_else(|_| User::Name(text.to_owned()), |id| User::Id(id as u32)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners() {
        let name = |name: &str| Some(User::Name(name.to_owned()));
        check("root", Some(User::Id(0)), None);
        check("1000:1001", Some(User::Id(1000)), Some(User::Id(1001)));
        check("www:", name("www"), Some(User::Id(0)));
        check(":www", Some(User::Id(0)), name("www"));
        check("a:b:c", name("a"), name("b:c"));
        check("+7:-1", Some(User::Id(7)), Some(User::Id(u32::MAX)));
        check("2147483648", name("2147483648"), None);
        check("0x10:1_0", name("0x10"), name("1_0"));
    }

    #[track_caller]
    fn check(text: &str, user: Option<User>, group: Option<User>) {
        assert_eq!(Owner::parse(text), Owner { user, group });
    }
}

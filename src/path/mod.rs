//! Paths as text, for Unix and for Windows; no file system is asked.
//!
//! In: paths as people write them and the operating system of an image (`""` stands for Linux). Out: paths as ops and
//! image configs hold them. Also the few defaults that go with an operating system: `PATH` and the shell.

mod clean;
mod system;

pub use clean::{base, clean, climbs, dir, extension, is_absolute, join, within_root};
pub use system::{
    PathError, default_path_env, default_shell, from_slash, is_abs, normalize, normalize_workdir,
    remove_drive_letter, to_slash,
};

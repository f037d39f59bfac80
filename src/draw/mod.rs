//! Pictures of a build: its stages, or its ops.
//!
//! In: a plan or a definition. Out: a [`Picture`], which is boxes and arrows without any place, and from it text in one
//! of six formats. SVG and HTML need places; a layout library finds those, so they come with the feature `cli` only.
//! What a picture is good for (why a stage is left out, what a change costs) is told by the room `explain`.

#[cfg(feature = "cli")]
mod clashes;
mod clip;
mod dot;
#[cfg(feature = "cli")]
mod html;
mod json;
#[cfg(feature = "cli")]
mod layout;
#[cfg(feature = "cli")]
mod legend;
mod mermaid;
mod model;
mod of_ops;
mod of_stages;
#[cfg(feature = "cli")]
mod route;
#[cfg(feature = "cli")]
mod scene;
#[cfg(feature = "cli")]
mod svg;
mod text;

pub use dot::dot;
#[cfg(feature = "cli")]
pub use html::html;
pub use json::json;
pub use mermaid::mermaid;
pub use model::{Link, LinkKind, Node, NodeKind, Picture, PictureKind, Step, StepOp};
pub use of_ops::of_ops;
pub use of_stages::of_stages;
#[cfg(feature = "cli")]
pub use svg::svg;
pub use text::text;

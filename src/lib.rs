//! A Dockerfile frontend for BuildKit.
//!
//! Data flows one way, and side effects stay at the edges:
//!
//! ```text
//! text → lines → words → instructions → stages → plan → LLB graph → definition → wire
//! └──────────────────────────── pure, no async, no clock, no randomness ──────┘   edge
//! ```

#![forbid(unsafe_code)]

#[cfg(feature = "cli")]
pub mod cli;
pub mod convert;
pub mod draw;
pub mod expand;
pub mod explain;
pub mod facts;
#[cfg(feature = "gateway")]
pub mod gateway;
pub mod ignore;
pub mod image;
pub mod instruction;
pub mod lint;
pub mod llb;
pub mod options;
pub mod path;
pub mod pb;
pub mod pipeline;
pub mod plan;
pub mod remote;
pub mod report;
pub mod stage;
pub mod suggest;
pub mod syntax;
pub mod text;

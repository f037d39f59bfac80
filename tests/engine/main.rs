//! Builds on a real engine: what comes out of a Dockerfile, judged by the files and the config of the image.
//!
//! Run by `make test-engine` (Docker 28) and `make test-engines` (28, 26 and 20.10). To add one, write a test of a
//! few lines in the file of its subject; [`harness`] says what it can ask.

mod harness;
mod image;

mod cache;
mod copy;
mod errors;
mod examples;
mod explain;
mod frontend;
mod large;
mod llb;
mod meta;
mod options;
mod run;
mod server;
mod stages;
mod store;

//! One run, and many: the communities of a table of neighbourhoods, run and resumed; and what a run costs.
//!
//! - [`neighbourhoods`]: each row of a table as a community of its own; neighbours under one sky.
//! - [`standard`]: the standard neighbourhood, and [`mod@bench`]: what a run of it costs.
//! - [`journal`]: the finished rows on the disk, so that an interrupted study goes on where it was.
//! - [`workers`]: rows side by side, each on one thread.

pub mod bench;
pub mod journal;
pub mod neighbourhoods;
pub mod standard;
pub mod workers;

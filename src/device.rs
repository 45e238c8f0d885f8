//! Physics of what stands in and around homes: pure functions on columns, without decisions.
//!
//! - [`battery`]: what a battery can take and give, and its content.
//! - [`pv`]: solar panels, from the sky over a roof to alternating current.

pub mod battery;
pub mod pv;

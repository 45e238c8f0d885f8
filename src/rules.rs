//! Facilitation rules: the rulebook, and settlement of meters into bills.
//!
//! Rules never see quarter-hours. Before a run the [`rulebook`] states the registers that its rules need ([`readings`]);
//! the engine fills them for every home in its one pass; [`settle`] makes [`bill`]s of them, in exact decimals.
//!
//! - [`terms`]: the words that every rule is described with.
//! - [`kinds`]: the kinds of instrument, each a file of its own.
//! - [`book`]: reads rulebooks and what a scenario changes in them.
//! - [`billing`]: the bills of a run.
//! - [`meters`]: real readings of a file.
//! - [`attempt`]: a rule applied to stated inputs.
//! - [`mod@reference`]: the language of rulebooks for editors and people.

pub mod attempt;
pub mod bill;
pub mod billing;
pub mod book;
pub mod exact;
pub mod kinds;
pub mod meters;
pub mod points;
pub mod readings;
pub mod reference;
pub mod rule;
pub mod rulebook;
pub mod settle;
pub mod terms;

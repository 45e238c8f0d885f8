//! Money: the double-entry ledger that every bill line is posted to.
//!
//! - [`ledger`]: accounts and postings, in integer cents; the sum of all accounts is zero.

pub mod ledger;

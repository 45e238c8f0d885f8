//! Money: the double-entry ledger that every bill line is posted to, and what cash flows come to.
//!
//! - [`ledger`]: accounts and postings, in integer cents; the sum of all accounts is zero.
//! - [`measures`]: net present value, internal rate of return, payback, levelised cost, annuity.

pub mod ledger;
pub mod measures;

//! Money: the double-entry ledger that every bill line is posted to, and what cash flows come to.
//!
//! - [`ledger`]: accounts and postings, in integer cents; the sum of all accounts is zero.
//! - [`measures`]: net present value, internal rate of return, payback, levelised cost, annuity.
//! - [`interest`]: growth and present value in exact decimals.
//! - [`loan`]: schedules of annuity, linear and interest-only loans, in integer cents.
//! - [`agreement`]: power purchase agreements, from sums to what is paid.
//! - [`plant`]: the yearly cash flow of a plant over its life, and what it comes to.
//! - [`share`]: what a member's share returns.
//! - [`tariff`]: the cost-covering price of a kWh.
//! - [`books`]: the books of a run's plants, from what the run makes of year 1.

pub mod agreement;
pub mod books;
pub mod interest;
pub mod ledger;
pub mod loan;
pub mod measures;
pub mod plant;
pub mod share;
pub mod tariff;

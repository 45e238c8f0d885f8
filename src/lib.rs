//! kwartier simulates local energy cooperatives in quarter-hours over whole years.
//!
//! Data flows one way; a room uses rooms above it in this list, never below:
//!
//! - [`calendar`]: the time axis: steps in UTC, local time, clock changes, leap years, holidays.
//! - [`random`]: counter-based random streams keyed by (seed, purpose, entity, index).
//! - [`reduce`]: sums over homes in fixed blocks: the only place that adds across homes.
//! - [`scenario`]: what the user wrote → a checked plan; diagnostics with line and column; JSON Schema.
//! - [`series`]: time series in files, and what a stamp, a gap or another year means for the run's axis.
//! - [`weather`]: the sky: sun position, clear sky, decomposition, synthetic weather, readers.
//! - [`market`]: wholesale prices: synthetic, and from files.
//! - [`profile`]: load shapes: synthetic households and businesses; a day of a shape read onto the axis.
//! - [`device`]: physics of panels and batteries: pure functions on columns.
//! - [`neighbourhood`]: who lives there: homes, businesses and plants, sampled from the plan.
//! - [`dispatch`]: what controllable devices decide.
//! - [`sharing`]: who gets the local kWh in each step.
//! - [`engine`]: the day loop that joins the rooms above; meters; the balance.
//! - [`rules`]: facilitation instruments: the dated rulebook, and settlement of meters into bills.
//! - [`finance`]: the double-entry ledger that every bill line is posted to.
//! - [`study`]: one run, and many: the rows of a table of neighbourhoods, run and resumed.
//! - [`report`]: metrics, summary, tables, the audit trail.
//! - [`cli`]: one file per command.
//!
//! Signs: load ≥ 0, generation ≥ 0, `net = load − generation`, positive is import; a battery's power is positive when
//! it charges. A step is named by its start; a value is the mean over it. Units are in the names.

pub mod calendar;
pub mod cli;
pub mod device;
pub mod dispatch;
pub mod engine;
pub mod finance;
pub mod market;
pub mod neighbourhood;
pub mod profile;
pub mod random;
pub mod reduce;
pub mod report;
pub mod rules;
pub mod scenario;
pub mod series;
pub mod sharing;
pub mod study;
pub mod weather;

//! The market: what a kWh costs wholesale, the day-ahead price of the power exchange.
//!
//! - [`synthetic`]: a price that belongs to the weather of the run, from a seed.
//! - [`readers`]: price files of SMARD and ENTSO-E, and a generic one, on the steps of a run.
//! - [`statistics`]: what a price holds, beside the Netherlands in 2023.
//!
//! A price is in EUR/kWh, one value per step of the run, without taxes, levies and a supplier's margin. It may be
//! negative. Exchanges and files say EUR/MWh: 1000 times as much.

pub mod readers;
pub mod statistics;
pub mod synthetic;

/// Kilowatt-hours in a megawatt-hour.
const KWH_PER_MWH: f64 = 1000.0;

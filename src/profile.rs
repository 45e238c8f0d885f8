//! Load shapes: what homes and businesses draw at each quarter-hour, before scaling.
//!
//! A load is `scale × shape[day][cell + shift]`, one mechanism for every kind of shape. A shape is a year of local
//! clock days, each of 24 hours cut into cells of 5 or 15 minutes; clock changes, other steps and the shifts are
//! handled when a day is read onto the run's axis.
//!
//! - [`synthetic`]: event-built household loads: the library of unit years, and how a home takes its unit.
//! - [`opening_hours`]: shapes of an office, a school, a shop and a farm.
//! - [`reading`]: from a day of cells to the steps of the axis.
//! - [`statistics`]: what a set of loads looks like, beside what is usual.

pub mod opening_hours;
pub mod reading;
pub mod statistics;
pub mod synthetic;

/// Cell lengths that shapes are made in: 5 minutes for runs at 5 or 10 minutes, otherwise 15.
///
/// The step of the run is a whole number of cells, and so is a quarter-hour of shift.
pub fn cell_minutes(step_minutes: u32) -> u32 {
    if step_minutes < 15 { 5 } else { 15 }
}

/// Cells in the 24 local hours of a day.
pub fn cells_per_day(cell_minutes: u32) -> usize {
    24 * 60 / cell_minutes as usize
}

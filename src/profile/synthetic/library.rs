//! The unit days of one year of a run, for the units that are in use.

use rayon::prelude::*;

use crate::calendar::Calendar;
use crate::profile::reading::source_day;
use crate::profile::{cell_minutes, cells_per_day};

use super::constants as c;
use super::{Unit, UnitDay};

/// The number of week shifts that a home may have.
const SHIFTS: usize = 2 * c::SHIFT_WEEKS_MAX as usize + 1;

/// All days of the units in use, one year of a run: `[day][slot][cell]`, kW, days outermost.
///
/// A day's cells of all units lie together, so that the day loop works within a small part of it. Before its first cell
/// a day has its last ones again, and after its last the first, so that a day turned by a home's quarters is still one
/// piece ([`Library::turned_row`]). At 15 minutes a unit takes 146 kB, the whole library of 512 units 75 MB; at 5 minutes
/// three times that. Which units are in use changes none of their values, nor does the number of threads.
#[derive(Clone, Debug)]
pub struct Library {
    cell_minutes: u32,
    cells: usize,
    /// Cells that stand twice, at each end of a row.
    margin: usize,
    days: usize,
    units: Vec<u16>,
    /// By unit number; `None` where the unit is not in use.
    slot_of: Vec<Option<u16>>,
    /// By slot: the year's kWh with the days moved by −2 ..= 2 weeks.
    moved_kwh: Vec<[f64; SHIFTS]>,
    /// `[day][slot]`.
    day_kwh: Vec<f64>,
    kw: Vec<f32>,
}

impl Library {
    /// Makes the year `run_year` of the units in use.
    ///
    /// # Arguments
    /// * `units_in_use` – unit numbers below `shapes`; slots follow their order, repeats share the first one's slot.
    /// * `shapes` – the number of units of the whole library, normally [`DEFAULT_SHAPES`](super::DEFAULT_SHAPES).
    /// * `calendar` – the run's axis: its days, their types, its step.
    pub fn new(seed: u64, units_in_use: &[u16], shapes: usize, calendar: &Calendar, run_year: usize) -> Library {
        let cell_minutes = cell_minutes(calendar.step_minutes());
        let cells = cells_per_day(cell_minutes);
        let mut slot_of = vec![None; shapes];
        let mut numbers = Vec::new();
        for number in units_in_use {
            let slot = &mut slot_of[usize::from(*number)];
            if slot.is_none() {
                *slot = Some(numbers.len() as u16);
                numbers.push(*number);
            }
        }
        let units: Vec<Unit> = numbers.iter().map(|number| Unit::new(seed, *number, shapes)).collect();
        let days = calendar.days_of_year(run_year);
        let margin = turned_cells(c::SHIFT_QUARTERS_MAX, cell_minutes).unsigned_abs();
        let row_cells = cells + 2 * margin;
        let mut kw = vec![0.0_f32; days.len() * units.len() * row_cells];
        let mut day_kwh = vec![0.0_f64; days.len() * units.len()];
        if let Some(first) = calendar.days().first().filter(|_| !units.is_empty()) {
            let first_year = first.date.year();
            let cell_h = f64::from(cell_minutes) / 60.0;
            kw.par_chunks_mut(units.len() * row_cells).zip(day_kwh.par_chunks_mut(units.len())).zip(days).for_each(
                |((kw, day_kwh), day)| {
                    let day = UnitDay::of_run(day, first_year, cell_minutes);
                    let mut exact_kw = vec![0.0_f64; cells];
                    for ((unit, row), kwh) in units.iter().zip(kw.chunks_mut(row_cells)).zip(day_kwh) {
                        unit.day(&day, &mut exact_kw);
                        *kwh = exact_kw.iter().sum::<f64>() * cell_h;
                        for (stored, exact) in row[margin..].iter_mut().zip(&exact_kw) {
                            *stored = *exact as f32;
                        }
                        row.copy_within(cells..cells + margin, 0);
                        row.copy_within(margin..2 * margin, cells + margin);
                    }
                },
            );
        }
        let mut moved_kwh = vec![[0.0; SHIFTS]; units.len()];
        for day in 0..days.len() {
            for (weeks, shift) in (-c::SHIFT_WEEKS_MAX..=c::SHIFT_WEEKS_MAX).zip(0..) {
                let source = source_day(day, weeks, days.len());
                let row = &day_kwh[source * units.len()..(source + 1) * units.len()];
                for (moved, kwh) in moved_kwh.iter_mut().zip(row) {
                    moved[shift] += kwh;
                }
            }
        }
        Library { cell_minutes, cells, margin, days: days.len(), units: numbers, slot_of, moved_kwh, day_kwh, kw }
    }

    /// The length of a cell in minutes.
    pub fn cell_minutes(&self) -> u32 {
        self.cell_minutes
    }

    /// Cells per day.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Days of the year.
    pub fn days(&self) -> usize {
        self.days
    }

    /// The numbers of the units in use, by slot.
    pub fn units(&self) -> &[u16] {
        &self.units
    }

    /// The slot of a unit, if it is in use.
    pub fn slot(&self, unit: u16) -> Option<usize> {
        self.slot_of.get(usize::from(unit)).copied().flatten().map(usize::from)
    }

    /// What the unit of a slot uses in this year, kWh: the sum over its local days of 24 hours.
    pub fn unit_kwh(&self, slot: usize) -> f64 {
        self.moved_kwh(slot, 0)
    }

    /// The same with its days moved by `weeks`: a few days then count twice, and a few not at all.
    pub fn moved_kwh(&self, slot: usize, weeks: i8) -> f64 {
        self.moved_kwh[slot][(weeks + c::SHIFT_WEEKS_MAX) as usize]
    }

    /// What the unit of a slot uses on one local day of 24 hours, kWh.
    pub fn day_kwh(&self, day: usize, slot: usize) -> f64 {
        self.day_kwh[day * self.units.len() + slot]
    }

    /// The cells of a unit's day, kW; `day` counts from the first day of the year of the run.
    pub fn row(&self, day: usize, slot: usize) -> &[f32] {
        self.turned_row(day, slot, 0)
    }

    /// The same day lived `quarters` quarter-hours later, −2 ..= 2: cell i holds what cell i − quarters of the day does,
    /// turned at midnight.
    pub fn turned_row(&self, day: usize, slot: usize, quarters: i8) -> &[f32] {
        let row = (day * self.units.len() + slot) * (self.cells + 2 * self.margin);
        let first = row.saturating_add_signed(self.margin as isize - turned_cells(quarters, self.cell_minutes));
        &self.kw[first..first + self.cells]
    }
}

/// The cells that a day is turned by.
fn turned_cells(quarters: i8, cell_minutes: u32) -> isize {
    isize::from(quarters) * 15 / cell_minutes as isize
}

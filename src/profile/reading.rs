//! From a shape's day of cells to the steps of the run's axis: week shifts, quarter shifts, clock changes, coarser steps.

use crate::calendar::{Calendar, Day};
use crate::profile::cells_per_day;
use crate::profile::synthetic::{Habit, Home, Library};

const MINUTES_PER_DAY: usize = 24 * 60;

/// The day whose shape is read on day `day_in_year`: `weeks` later, within the year.
///
/// What falls before the first or after the last day is taken from the year's other end by ± 364 days, so that the
/// weekday is kept: a Monday reads a Monday. A public holiday that is moved lands on another day of the same weekday.
///
/// # Arguments
/// * `day_in_year` – from 0, below `days`.
/// * `days` – days of the year of the run, at least 364.
pub fn source_day(day_in_year: usize, weeks: i8, days: usize) -> usize {
    let shift = 7 * isize::from(weeks);
    match day_in_year.checked_add_signed(shift) {
        Some(day) if day < days => day,
        Some(day) => day - 364,
        None => (day_in_year + 364).saturating_add_signed(shift),
    }
}

/// Writes a home's mean power in each step of one day of the axis, kW.
///
/// `out[i] = scale × mean of the cells that step i covers`, where step i begins at the local minute
/// `local_minutes[i] − 15 · shift_quarters`, turned within the day. On a day of 92 quarter-hours the clock skips
/// 02:00–03:00 and so does the reader; on one of 100 it reads that hour twice.
///
/// # Arguments
/// * `row` – the cells of the source day, kW or any other unit; 24 local hours, in whole cells of 5 or 15 minutes.
/// * `local_minutes` – local minute at the start of each step of the axis's day (`Calendar::local_minute`).
/// * `step_minutes` – the step of the axis, a whole number of cells.
/// * `shift_quarters` – quarter-hours by which the day is turned; positive is later.
/// * `out` – a place for each step.
///
/// # Panics
/// If a step is no whole number of cells.
pub fn read_day<'a>(
    row: &[f32],
    local_minutes: &[u16],
    step_minutes: u32,
    shift_quarters: i8,
    scale: f32,
    out: impl Iterator<Item = &'a mut f32>,
) {
    let cells = row.len();
    let step_minutes = step_minutes as usize;
    let cells_per_step = step_minutes * cells / MINUTES_PER_DAY;
    assert!(
        cells_per_step > 0 && cells_per_step * MINUTES_PER_DAY == step_minutes * cells,
        "a step of {step_minutes} minutes is no whole number of {cells} cells a day"
    );
    let turned = MINUTES_PER_DAY.saturating_add_signed(-15 * isize::from(shift_quarters));
    let first_cell = |minute: u16| (usize::from(minute) + turned) % MINUTES_PER_DAY * cells / MINUTES_PER_DAY;
    let share = scale / cells_per_step as f32;
    for (value, minute) in out.zip(local_minutes) {
        let first = first_cell(*minute);
        let end = first + cells_per_step;
        let sum: f32 = if end <= cells {
            row[first..end].iter().sum()
        } else {
            row[first..].iter().chain(&row[..end - cells]).sum()
        };
        *value = share * sum;
    }
}

/// Whether a day of the axis is a day of cells as it stands: each step is a cell, and the clock runs from 00:00 to 24:00
/// without a change. The clock of no place changes twice within a day.
///
/// * `local_minutes` – as of [`read_day`].
pub fn is_read_whole(cell_minutes: u32, step_minutes: u32, local_minutes: &[u16]) -> bool {
    cell_minutes == step_minutes
        && local_minutes.len() * step_minutes as usize == MINUTES_PER_DAY
        && local_minutes.first() == Some(&0)
}

/// What a habit's unit uses on the axis in a year of the run, kWh: a home's scale is its annual use over this.
///
/// Exactly what [`read_day`] gives over the year: days moved by weeks, and the hours that clock changes skip or repeat.
///
/// # Panics
/// If the habit's unit is not in use in the library.
pub fn habit_kwh(habit: &Habit, library: &Library, calendar: &Calendar, run_year: usize) -> f64 {
    let slot = library.slot(habit.unit).expect("the library was made for the units of these homes");
    let days = calendar.days_of_year(run_year);
    let mut kwh = library.moved_kwh(slot, habit.weeks);
    for (index, day) in days.iter().enumerate() {
        if day.steps * calendar.step_minutes() as usize != MINUTES_PER_DAY {
            let source = source_day(index, habit.weeks, days.len());
            kwh += changed_day_kwh(library.row(source, slot), calendar, day, habit.quarters);
            kwh -= library.day_kwh(source, slot);
        }
    }
    kwh
}

/// What a row gives on a day on which the clock changes, kWh.
pub(super) fn changed_day_kwh(row: &[f32], calendar: &Calendar, day: &Day, shift_quarters: i8) -> f64 {
    let minutes: Vec<u16> = day.range().map(|step| calendar.local_minute(step)).collect();
    let mut kw = vec![0.0; day.steps];
    read_day(row, &minutes, calendar.step_minutes(), shift_quarters, 1.0, kw.iter_mut());
    kw.iter().map(|kw| f64::from(*kw)).sum::<f64>() * calendar.step_h()
}

/// One home's year on the axis, kW per step, from the first step of `run_year` on.
///
/// For looking at single homes and for statistics; the engine reads day by day.
///
/// # Panics
/// If the home's unit is not in use in the library.
pub fn home_year(home: &Home, library: &Library, calendar: &Calendar, run_year: usize) -> Vec<f32> {
    let slot = library.slot(home.habit.unit).expect("the library was made for the units of these homes");
    let scale = (home.annual_kwh / habit_kwh(&home.habit, library, calendar, run_year)) as f32;
    debug_assert_eq!(library.cells(), cells_per_day(library.cell_minutes()));
    let days = calendar.days_of_year(run_year);
    let mut series = Vec::with_capacity(days.iter().map(|day| day.steps).sum());
    let mut local_minutes = Vec::new();
    for (index, day) in days.iter().enumerate() {
        local_minutes.clear();
        local_minutes.extend(day.range().map(|step| calendar.local_minute(step)));
        let row = library.row(source_day(index, home.habit.weeks, days.len()), slot);
        let first = series.len();
        series.resize(first + day.steps, 0.0);
        let step_minutes = calendar.step_minutes();
        read_day(row, &local_minutes, step_minutes, home.habit.quarters, scale, series[first..].iter_mut());
    }
    series
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// A day whose cells hold their own hour of the clock, in steps of a cell.
    fn clock_row(cells: usize) -> Vec<f32> {
        (0..cells).map(|cell| cell as f32 * 24.0 / cells as f32).collect()
    }

    /// The local minutes of a day of `step` minutes whose clock jumps by `jump` minutes at 02:00 (+60) or 03:00 (−60).
    fn minutes(step: u16, jump: i32) -> Vec<u16> {
        let change = if jump < 0 { 180 } else { 120 };
        let mut clock = Vec::new();
        let mut minute = 0;
        let mut changed = jump == 0;
        while minute < 1440 {
            if !changed && minute == change {
                minute += jump;
                changed = true;
            }
            clock.push(minute as u16);
            minute += i32::from(step);
        }
        clock
    }

    fn read(row: &[f32], step: u16, jump: i32, quarters: i8) -> Vec<f32> {
        let local = minutes(step, jump);
        let mut out = vec![0.0; local.len()];
        read_day(row, &local, u32::from(step), quarters, 1.0, out.iter_mut());
        out
    }

    #[test]
    fn a_regular_day_is_read_as_it_is() {
        let row = clock_row(96);
        assert_eq!(read(&row, 15, 0, 0), row);
    }

    #[test]
    fn a_later_home_does_the_same_half_an_hour_later() {
        let row = clock_row(96);
        let late = read(&row, 15, 0, 2);
        assert_eq!(late[2..], row[..94], "08:00 happens at 08:30");
        assert_eq!(late[..2], row[94..], "what passes midnight comes back at the start");
        let early = read(&row, 15, 0, -2);
        assert_eq!((&early[..94], &early[94..]), (&row[2..], &row[..2]));
    }

    #[rstest]
    #[case(10, 288)]
    #[case(30, 96)]
    #[case(60, 96)]
    fn a_coarser_step_is_the_mean_of_its_cells(#[case] step: u16, #[case] cells: usize) {
        let row = clock_row(cells);
        let per_step = usize::from(step) * cells / 1440;
        for quarters in -2..=2 {
            let turned = read(&row, (1440 / cells) as u16, 0, quarters);
            let means: Vec<f32> =
                turned.chunks(per_step).map(|c| c.iter().sum::<f32>() * (1.0 / per_step as f32)).collect();
            assert_eq!(read(&row, step, 0, quarters), means, "shift of {quarters} quarters");
        }
    }

    #[rstest]
    #[case(5, 288)]
    #[case(10, 288)]
    #[case(15, 96)]
    #[case(30, 96)]
    #[case(60, 96)]
    fn clock_changes_skip_an_hour_or_read_it_twice(#[case] step: u16, #[case] cells: usize) {
        let row = clock_row(cells);
        let regular = read(&row, step, 0, 1);
        let per_hour = usize::from(60 / step);
        let mut spring = regular.clone();
        spring.drain(2 * per_hour..3 * per_hour);
        assert_eq!(read(&row, step, 60, 1), spring);
        let mut autumn = regular.clone();
        let again = regular[2 * per_hour..3 * per_hour].to_vec();
        autumn.splice(3 * per_hour..3 * per_hour, again);
        assert_eq!(read(&row, step, -60, 1), autumn);
    }

    #[rstest]
    #[case(364)]
    #[case(365)]
    #[case(366)]
    fn a_moved_day_keeps_its_weekday_and_stays_in_the_year(#[case] days: usize) {
        for weeks in -2..=2 {
            for day in 0..days {
                let source = source_day(day, weeks, days);
                assert!(source < days);
                assert_eq!(source % 7, day % 7);
            }
        }
        assert_eq!(source_day(100, 2, days), 114);
        assert_eq!(source_day(3, -1, days), 360);
        assert_eq!(source_day(360, 1, days), 3);
    }
}

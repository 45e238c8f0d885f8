//! Built-in shapes of businesses: an office, a school, a shop and a farm, by their opening hours.
//!
//! A shape is a base load at night and what comes on top while the place is in use, with smooth ramps between, a mild
//! season, and closed days. It is deterministic: businesses of one kind do the same at the same time. The unit is the
//! mean power of the year: a shape has mean 1 in a Dutch year, to within 1 %. To be exact in any year, a business is
//! scaled by its annual use over [`BusinessYear::kind_kwh`].
//!
//! **Source: own assumption.** Hours, ramps, base loads and seasons were set by hand to what such places commonly do;
//! no measured business is behind them. A cooperative that has its own meter's series should use it. The figures of
//! each kind are tabled in `docs/models/business-loads.md`.

use std::f64::consts::PI;

use crate::calendar::{Calendar, Day};
use crate::profile::reading::changed_day_kwh;
use crate::profile::{cell_minutes, cells_per_day};
pub use crate::scenario::language::BusinessKind;

/// Mean of each raw shape over the Dutch year 2023 at 15 minutes; [`cell`] divides by it.
const RAW_MEAN: [f64; 4] = [0.441_86, 0.319_43, 0.576_25, 0.445_21];

/// School holidays as days of the year from 0, first and last included.
///
/// Dutch-like: the summer holiday is six weeks of July and August (12 July to 22 August, in the middle of what the
/// three regions have in turn), then a week each in late February and mid October, about ten days around the end of
/// April, and two weeks at Christmas. The dates are the same every year; a shift of a day in leap years and
/// the weekday they begin on are left out.
const SCHOOL_HOLIDAYS: [(u16, u16); 6] = [(0, 5), (52, 58), (115, 124), (192, 233), (289, 295), (356, 365)];

/// The load of a business, of its mean over the year, at one moment.
///
/// # Arguments
/// * `weekday` – 0 = Monday … 6 = Sunday.
/// * `holiday` – whether the day is a public holiday.
/// * `day_of_year` – from 0.
/// * `minute` – the middle of the cell, minutes past local midnight, 0 ..= 1440.
///
/// # Reference
/// Own assumption; see the file's head.
pub fn cell(kind: BusinessKind, weekday: u8, holiday: bool, day_of_year: u16, minute: f64) -> f64 {
    let hour = minute / 60.0;
    let season = libm::cos(2.0 * PI * (f64::from(day_of_year) - 14.0) / 365.0);
    let working = weekday < 5 && !holiday;
    let raw = match kind {
        BusinessKind::Office => {
            let in_use = if working { between(hour, 7.0, 9.0, 16.5, 18.5) } else { 0.0 };
            let light = 0.08 * season;
            let cooling = 0.18 * (-season).max(0.0) * between(hour, 10.0, 13.0, 16.0, 18.0);
            0.22 + 0.78 * in_use * (1.0 + light + cooling)
        }
        BusinessKind::School => {
            let on_holiday = SCHOOL_HOLIDAYS.iter().any(|(first, last)| (*first..=*last).contains(&day_of_year));
            let in_use = if working && !on_holiday { between(hour, 7.0, 8.5, 15.0, 17.0) } else { 0.0 };
            0.16 + 0.84 * in_use * (1.0 + 0.15 * season)
        }
        BusinessKind::Shop => {
            let open = if weekday < 6 && !holiday { between(hour, 7.5, 9.0, 18.0, 19.0) } else { 0.0 };
            let refrigeration = 0.34 * (1.0 - 0.12 * season);
            refrigeration + 0.66 * open * (1.0 + 0.05 * season)
        }
        BusinessKind::Farm => {
            let morning = between(hour, 5.0, 6.0, 7.5, 10.0);
            let evening = between(hour, 16.0, 17.0, 18.5, 21.0);
            let yard = between(hour, 6.0, 8.0, 18.0, 20.0);
            let ventilation = 0.05 * (1.0 - season);
            let light = 0.04 * (1.0 + season) * (morning + evening).min(1.0);
            0.18 + ventilation + 0.10 * yard + light + 0.60 * (morning + 0.9 * evening)
        }
    };
    raw / RAW_MEAN[kind as usize]
}

/// A ramp from 0 at `open` to 1 at `full`, and from 1 at `wane` to 0 at `closed`, local hours; both ends are smooth.
fn between(hour: f64, open: f64, full: f64, wane: f64, closed: f64) -> f64 {
    smooth((hour - open) / (full - open)) - smooth((hour - wane) / (closed - wane))
}

/// From 0 to 1 with level ends: `3 x² − 2 x³` between 0 and 1.
fn smooth(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

/// Writes one local day of a shape, in the cell layout of the household library: 24 hours, cells of equal length.
pub fn fill_row(kind: BusinessKind, day: &Day, row: &mut [f32]) {
    let cell_min = 24.0 * 60.0 / row.len() as f64;
    for (i, value) in row.iter_mut().enumerate() {
        *value = cell(kind, day.weekday, day.holiday, day.day_of_year(), (i as f64 + 0.5) * cell_min) as f32;
    }
}

/// The days of every kind in one year of a run: `[day][kind][cell]`, of mean power.
///
/// Read like the library of homes ([`read_day`](crate::profile::reading::read_day)). Businesses are not moved by weeks:
/// their closed days are those of the calendar. The default holds no day, for a run without such a business.
#[derive(Clone, Debug, Default)]
pub struct BusinessYear {
    cells: usize,
    kind_kwh: [f64; 4],
    rows: Vec<f32>,
}

impl BusinessYear {
    /// Makes the year `run_year` of an axis.
    pub fn new(calendar: &Calendar, run_year: usize) -> BusinessYear {
        let cells = cells_per_day(cell_minutes(calendar.step_minutes()));
        let days = calendar.days_of_year(run_year);
        let mut rows = vec![0.0; days.len() * 4 * cells];
        let mut kind_kwh = [0.0; 4];
        for (day, rows) in days.iter().zip(rows.chunks_mut(4 * cells)) {
            for (kind, row) in BusinessKind::ALL.into_iter().zip(rows.chunks_mut(cells)) {
                fill_row(kind, day, row);
                kind_kwh[kind as usize] += if day.steps * calendar.step_minutes() as usize == 24 * 60 {
                    row.iter().map(|value| f64::from(*value)).sum::<f64>() * 24.0 / cells as f64
                } else {
                    changed_day_kwh(row, calendar, day, 0)
                };
            }
        }
        BusinessYear { cells, kind_kwh, rows }
    }

    /// Cells per day.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// What a kind uses on the axis in this year at a scale of 1 kW, kWh.
    ///
    /// A business's scale is its annual use over this, kW.
    pub fn kind_kwh(&self, kind: BusinessKind) -> f64 {
        self.kind_kwh[kind as usize]
    }

    /// The cells of a kind's day; `day` counts from the first day of the year of the run.
    pub fn row(&self, day: usize, kind: BusinessKind) -> &[f32] {
        let first = (day * 4 + kind as usize) * self.cells;
        &self.rows[first..first + self.cells]
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use rstest::rstest;

    use super::*;
    use crate::calendar::Country;

    fn dutch(year: i16, step_minutes: u32) -> Calendar {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        Calendar::new(date(year, 1, 1), 1, step_minutes, &zone, Country::Nl).unwrap()
    }

    fn mean_of(kind: BusinessKind, year: i16, step_minutes: u32) -> f64 {
        let calendar = dutch(year, step_minutes);
        BusinessYear::new(&calendar, 0).kind_kwh(kind) / (24.0 * calendar.days().len() as f64)
    }

    fn day_mean(year: &BusinessYear, day: usize, kind: BusinessKind) -> f64 {
        year.row(day, kind).iter().map(|value| f64::from(*value)).sum::<f64>() / year.cells() as f64
    }

    #[rstest]
    #[case(BusinessKind::Office)]
    #[case(BusinessKind::School)]
    #[case(BusinessKind::Shop)]
    #[case(BusinessKind::Farm)]
    fn the_mean_of_a_year_is_one(#[case] kind: BusinessKind) {
        for year in 2022..=2030 {
            let mean = mean_of(kind, year, 15);
            assert!((mean - 1.0).abs() < 0.01, "{kind:?} {year}: {mean}");
        }
    }

    /// Relative: ramps are sampled at the middle of cells; with level ends the error nearly cancels.
    const CELL_LENGTH_TOLERANCE: f64 = 1e-4;

    #[test]
    fn cells_of_five_minutes_hold_the_same_energy() {
        for kind in BusinessKind::ALL {
            let ratio = mean_of(kind, 2023, 5) / mean_of(kind, 2023, 15);
            assert!((ratio - 1.0).abs() < CELL_LENGTH_TOLERANCE, "{kind:?}: {ratio}");
        }
    }

    #[test]
    fn places_rest_when_they_are_closed() {
        let calendar = dutch(2023, 15);
        let year = BusinessYear::new(&calendar, 0);
        let of = |month, day| calendar.days().iter().position(|d| d.date == date(2023, month, day)).unwrap();
        let (tuesday, saturday, sunday, kings_day) = (of(3, 14), of(3, 18), of(3, 19), of(4, 27));
        let rests = |day, kind: BusinessKind| {
            let row = year.row(day, kind);
            row.iter().all(|value| (value - row[0]).abs() < 1e-6)
        };
        for kind in [BusinessKind::Office, BusinessKind::School, BusinessKind::Shop] {
            assert!(!rests(tuesday, kind) && rests(sunday, kind) && rests(kings_day, kind), "{kind:?}");
        }
        assert!(rests(saturday, BusinessKind::Office) && rests(saturday, BusinessKind::School));
        assert!(!rests(saturday, BusinessKind::Shop), "shops open on Saturdays");
        for day in 0..365 {
            assert!(!rests(day, BusinessKind::Farm), "cows are milked every day");
        }
    }

    #[test]
    fn a_school_is_closed_for_six_weeks_of_summer_and_an_office_is_not() {
        let calendar = dutch(2023, 15);
        let year = BusinessYear::new(&calendar, 0);
        let closed = |kind| {
            let summer = calendar.days().iter().enumerate().filter(|(_, day)| (7..=8).contains(&day.month()));
            summer.filter(|(index, day)| !day.is_free() && day_mean(&year, *index, kind) < 0.6).count()
        };
        assert_eq!(closed(BusinessKind::School), 30, "six weeks of five working days");
        assert_eq!(closed(BusinessKind::Office), 0);
    }

    #[test]
    fn peaks_fall_where_the_trade_has_them() {
        let noon = |kind| cell(kind, 1, false, 70, 720.0);
        let night = |kind| cell(kind, 1, false, 70, 180.0);
        for kind in [BusinessKind::Office, BusinessKind::School, BusinessKind::Shop] {
            assert!(noon(kind) > 1.5 * night(kind), "{kind:?}");
        }
        let farm = |hour: f64| cell(BusinessKind::Farm, 6, true, 70, hour * 60.0);
        assert!(farm(6.5) > 2.0 * farm(12.5) && farm(17.5) > 2.0 * farm(12.5), "milking");
        assert!(cell(BusinessKind::School, 1, false, 10, 720.0) > cell(BusinessKind::School, 1, false, 170, 720.0));
    }

    /// Beside the table of `docs/models/business-loads.md`.
    #[rstest]
    #[case(BusinessKind::Office, 2_500.0..4_000.0)]
    #[case(BusinessKind::School, 2_000.0..3_200.0)]
    #[case(BusinessKind::Shop, 4_000.0..5_500.0)]
    #[case(BusinessKind::Farm, 3_000.0..4_500.0)]
    fn full_load_hours_are_plausible(#[case] kind: BusinessKind, #[case] hours: std::ops::Range<f64>) {
        let calendar = dutch(2023, 15);
        let year = BusinessYear::new(&calendar, 0);
        let values = || (0..365).flat_map(|day| year.row(day, kind)).copied();
        let peak = f64::from(values().fold(0.0, f32::max));
        let mean = year.kind_kwh(kind) / 8_760.0;
        let full_load_h = 8_760.0 * mean / peak;
        assert!(hours.contains(&full_load_h), "{kind:?}: {full_load_h} h");
    }
}

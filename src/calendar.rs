//! The time axis: steps in UTC between local midnights, with the local clock beside them.
//!
//! A step is named by its START instant and a value is the mean over it. The sun is evaluated at the middle of a step.
//! Days are local: with quarter-hours they have 92, 96 or 100 steps.

mod holidays;
mod periods;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

pub use holidays::Country;
pub use periods::{Period, Periods};

/// The step lengths that a run may have, in minutes.
pub const STEP_MINUTES: [u32; 5] = [5, 10, 15, 30, 60];

/// Why a time axis cannot be made.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum CalendarError {
    /// The step is none of [`STEP_MINUTES`].
    #[error("a step of {minutes} minutes is not one of 5, 10, 15, 30, 60")]
    Step {
        /// What was asked for.
        minutes: u32,
    },
    /// A local day is not a whole number of steps (a clock change of half an hour at hourly steps).
    #[error("the local day {date} is {minutes} minutes long, not a whole number of steps of {step_minutes} minutes")]
    UnevenDay {
        /// The day.
        date: Date,
        /// Its length.
        minutes: i64,
        /// The step.
        step_minutes: u32,
    },
    /// Dates beyond what the time-zone data holds.
    #[error("the dates from {start} on are outside what can be computed")]
    OutOfRange {
        /// The first date asked for.
        start: Date,
    },
}

/// The season of a month, meteorological: December is winter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Season {
    /// December, January, February.
    Winter,
    /// March, April, May.
    Spring,
    /// June, July, August.
    Summer,
    /// September, October, November.
    Autumn,
}

impl Season {
    /// The season of a month 1 ..= 12.
    pub fn of_month(month: u8) -> Season {
        match month {
            12 | 1 | 2 => Season::Winter,
            3..=5 => Season::Spring,
            6..=8 => Season::Summer,
            _ => Season::Autumn,
        }
    }
}

/// One local day of the axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// The local date.
    pub date: Date,
    /// Its first step.
    pub first_step: usize,
    /// Its number of steps: 92, 96 or 100 with quarter-hours.
    pub steps: usize,
    /// 0 = Monday … 6 = Sunday.
    pub weekday: u8,
    /// Whether it is a national holiday.
    pub holiday: bool,
    /// Whether summer time holds at noon.
    pub summer_time: bool,
    /// The year of the run it belongs to, from 0; a year of the run begins at the start date's anniversary.
    pub run_year: usize,
    /// The month of the run, from 0: it counts calendar months touched since the start. A month that the start date's
    /// anniversary cuts counts twice, so that every month of the run lies in one of its years.
    pub run_month: usize,
}

impl Day {
    /// Saturday, Sunday or holiday.
    pub fn is_free(&self) -> bool {
        self.weekday >= 5 || self.holiday
    }

    /// The month, 1 ..= 12.
    pub fn month(&self) -> u8 {
        self.date.month().unsigned_abs()
    }

    /// The day of its calendar year, from 0.
    pub fn day_of_year(&self) -> u16 {
        self.date.day_of_year().unsigned_abs() - 1
    }

    /// The season.
    pub fn season(&self) -> Season {
        Season::of_month(self.month())
    }

    /// Its steps.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.first_step..self.first_step + self.steps
    }
}

/// The time axis of a run.
#[derive(Clone, Debug)]
pub struct Calendar {
    step_minutes: u32,
    timezone: TimeZone,
    country: Country,
    start_s: i64,
    days: Vec<Day>,
    local_minute: Vec<u16>,
    run_years: usize,
    run_months: Vec<(i16, u8)>,
}

impl Calendar {
    /// An axis of whole years from the local midnight of `start`, in steps of `step_minutes`.
    ///
    /// # Errors
    /// A step that is not allowed, a day that is no whole number of steps, or dates out of range.
    pub fn new(
        start: Date,
        years: usize,
        step_minutes: u32,
        timezone: &TimeZone,
        country: Country,
    ) -> Result<Calendar, CalendarError> {
        if !STEP_MINUTES.contains(&step_minutes) {
            return Err(CalendarError::Step { minutes: step_minutes });
        }
        let out_of_range = || CalendarError::OutOfRange { start };
        let step_s = i64::from(step_minutes) * 60;
        let mut calendar = Calendar {
            step_minutes,
            timezone: timezone.clone(),
            country,
            start_s: midnight_s(start, timezone).ok_or_else(out_of_range)?,
            days: Vec::with_capacity(years * 366),
            local_minute: Vec::with_capacity(years * 366 * 1440 / step_minutes as usize),
            run_years: years,
            run_months: Vec::new(),
        };
        for run_year in 0..years {
            let anniversary = |n: usize| {
                i64::try_from(n).ok().and_then(|n| start.checked_add(n.years()).ok()).ok_or_else(out_of_range)
            };
            let (first, end) = (anniversary(run_year)?, anniversary(run_year + 1)?);
            let mut date = first;
            while date < end {
                calendar.push_day(date, run_year, step_s).map_err(|e| e.unwrap_or_else(out_of_range))?;
                date = date.tomorrow().map_err(|_| out_of_range())?;
            }
        }
        Ok(calendar)
    }

    fn push_day(&mut self, date: Date, run_year: usize, step_s: i64) -> Result<(), Option<CalendarError>> {
        let begin = midnight_s(date, &self.timezone).ok_or(None)?;
        let end = midnight_s(date.tomorrow().map_err(|_| None)?, &self.timezone).ok_or(None)?;
        if end == begin {
            // The country moved across the date line and left this day out (Samoa, 30 December 2011).
            return Ok(());
        }
        if (end - begin) % step_s != 0 {
            return Err(Some(CalendarError::UnevenDay {
                date,
                minutes: (end - begin) / 60,
                step_minutes: self.step_minutes,
            }));
        }
        let month = (date.year(), date.month().unsigned_abs());
        let new_year = self.days.last().is_some_and(|before| before.run_year != run_year);
        if new_year || self.run_months.last() != Some(&month) {
            self.run_months.push(month);
        }
        let steps = usize::try_from((end - begin) / step_s).map_err(|_| None)?;
        let noon = Timestamp::from_second(i64::midpoint(begin, end)).map_err(|_| None)?;
        self.days.push(Day {
            date,
            first_step: self.local_minute.len(),
            steps,
            weekday: date.weekday().to_monday_zero_offset().unsigned_abs(),
            holiday: self.country.is_holiday(date),
            summer_time: self.timezone.to_offset_info(noon).dst().is_dst(),
            run_year,
            run_month: self.run_months.len() - 1,
        });
        for step in 0..steps as i64 {
            let instant = Timestamp::from_second(begin + step * step_s).map_err(|_| None)?;
            let clock = self.timezone.to_datetime(instant).time();
            self.local_minute
                .push(u16::from(clock.hour().unsigned_abs()) * 60 + u16::from(clock.minute().unsigned_abs()));
        }
        Ok(())
    }

    /// The length of a step in minutes.
    pub fn step_minutes(&self) -> u32 {
        self.step_minutes
    }

    /// The length of a step in hours.
    pub fn step_h(&self) -> f64 {
        f64::from(self.step_minutes) / 60.0
    }

    /// The length of a step in seconds.
    pub fn step_s(&self) -> i64 {
        i64::from(self.step_minutes) * 60
    }

    /// The number of steps of the whole axis.
    pub fn steps(&self) -> usize {
        self.local_minute.len()
    }

    /// The local days, in order.
    pub fn days(&self) -> &[Day] {
        &self.days
    }

    /// The number of years of the run.
    pub fn run_years(&self) -> usize {
        self.run_years
    }

    /// The months of the run, in order, as (year, month).
    pub fn run_months(&self) -> &[(i16, u8)] {
        &self.run_months
    }

    /// The days of one year of the run.
    pub fn days_of_year(&self, run_year: usize) -> &[Day] {
        let from = self.days.partition_point(|day| day.run_year < run_year);
        let to = self.days.partition_point(|day| day.run_year <= run_year);
        &self.days[from..to]
    }

    /// The steps of one year of the run.
    pub fn steps_of_year(&self, run_year: usize) -> std::ops::Range<usize> {
        let days = self.days_of_year(run_year);
        days.first().map_or(0, |day| day.first_step)..days.last().map_or(0, |day| day.range().end)
    }

    /// The time zone.
    pub fn timezone(&self) -> &TimeZone {
        &self.timezone
    }

    /// The country whose holidays are kept.
    pub fn country(&self) -> Country {
        self.country
    }

    /// Seconds since 1970-01-01T00:00Z of the start of a step; `steps()` gives the end of the axis.
    pub fn start_s(&self, step: usize) -> i64 {
        self.start_s + step as i64 * self.step_s()
    }

    /// Seconds since 1970-01-01T00:00Z of the middle of a step.
    pub fn middle_s(&self, step: usize) -> i64 {
        self.start_s(step) + self.step_s() / 2
    }

    /// The start of a step as an instant; `steps()` gives the end of the axis.
    ///
    /// # Panics
    /// For a step far beyond the axis.
    pub fn instant(&self, step: usize) -> Timestamp {
        Timestamp::from_second(self.start_s(step)).expect("steps lie within the range the axis was made in")
    }

    /// Minutes past local midnight by the clock on the wall, at the start of a step.
    pub fn local_minute(&self, step: usize) -> u16 {
        self.local_minute[step]
    }

    /// The steps of the hour that a step lies in. Hours count from the local midnight of the day.
    pub fn hour_of(&self, step: usize) -> std::ops::Range<usize> {
        let day = &self.days[self.day_of(step)];
        let steps = (60 / self.step_minutes) as usize;
        let first = step - (step - day.first_step) % steps;
        first..(first + steps).min(day.range().end)
    }

    /// The step that holds an instant, if the axis does.
    pub fn step_at(&self, instant: Timestamp) -> Option<usize> {
        let offset = instant.as_second() - self.start_s;
        let step = usize::try_from(offset.div_euclid(self.step_s())).ok()?;
        (step < self.steps()).then_some(step)
    }

    /// The index of the day that holds a step.
    pub fn day_of(&self, step: usize) -> usize {
        self.days.partition_point(|day| day.first_step <= step) - 1
    }
}

/// Seconds since 1970 of the first instant of a local day.
fn midnight_s(date: Date, timezone: &TimeZone) -> Option<i64> {
    date.to_zoned_datetime(timezone.clone()).ok()?.start_of_day().ok().map(|midnight| midnight.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn dutch(start: Date, years: usize, step_minutes: u32) -> Calendar {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        Calendar::new(start, years, step_minutes, &zone, Country::Nl).unwrap()
    }

    #[test]
    fn a_year_has_35040_quarters_and_a_leap_year_35136() {
        assert_eq!(dutch(date(2027, 1, 1), 1, 15).steps(), 35_040);
        assert_eq!(dutch(date(2028, 1, 1), 1, 15).steps(), 35_136);
        assert_eq!(dutch(date(2027, 1, 1), 2, 60).steps(), 8_760 + 8_784);
    }

    #[test]
    fn the_axis_starts_at_local_midnight() {
        let calendar = dutch(date(2027, 1, 1), 1, 15);
        assert_eq!(calendar.instant(0).to_string(), "2026-12-31T23:00:00Z");
        assert_eq!(calendar.local_minute(0), 0);
        assert_eq!(calendar.step_at(calendar.instant(35_039)), Some(35_039));
        assert_eq!(calendar.step_at("2027-12-31T23:00:00Z".parse().unwrap()), None);
        assert_eq!(calendar.step_at("2026-12-31T22:59:59Z".parse().unwrap()), None);
    }

    #[test]
    fn clock_changes_give_days_of_92_and_100_quarters() {
        let calendar = dutch(date(2027, 1, 1), 1, 15);
        let of = |month, day| calendar.days().iter().find(|d| d.date == date(2027, month, day)).unwrap();
        let (spring, autumn) = (of(3, 28), of(10, 31));
        assert_eq!((spring.steps, autumn.steps), (92, 100));
        assert_eq!(calendar.local_minute(spring.first_step + 7), 105);
        assert_eq!(calendar.local_minute(spring.first_step + 8), 180, "02:00 to 03:00 is skipped");
        assert_eq!(calendar.local_minute(autumn.first_step + 11), 165);
        assert_eq!(calendar.local_minute(autumn.first_step + 12), 120, "02:00 comes twice");
        assert!(spring.summer_time && !autumn.summer_time);
        assert_eq!(calendar.days().iter().filter(|d| d.steps == 96).count(), 363);
    }

    #[test]
    fn every_day_knows_its_kind() {
        let calendar = dutch(date(2027, 1, 1), 1, 60);
        let christmas = calendar.days().iter().find(|d| d.date == date(2027, 12, 25)).unwrap();
        assert!(christmas.holiday && christmas.is_free());
        assert_eq!((christmas.weekday, christmas.month(), christmas.day_of_year()), (5, 12, 358));
        assert_eq!(christmas.season(), Season::Winter);
        assert_eq!(calendar.day_of(christmas.first_step + 5), 358);
    }

    #[test]
    fn a_run_from_july_counts_thirteen_months() {
        let calendar = dutch(date(2026, 7, 15), 1, 60);
        assert_eq!(calendar.run_months().len(), 13);
        assert_eq!(calendar.days_of_year(0).len(), 365);
        assert_eq!(calendar.days().last().unwrap().date, date(2027, 7, 14));
        assert_eq!(dutch(date(2026, 7, 15), 2, 60).run_months().len(), 26);
    }

    #[test]
    fn a_day_that_a_country_left_out_is_no_day() {
        let zone = TimeZone::get("Pacific/Apia").unwrap();
        let calendar = Calendar::new(date(2011, 1, 1), 1, 60, &zone, Country::Nl).unwrap();
        assert_eq!(calendar.days().len(), 364);
        assert!(calendar.days().iter().all(|day| day.date != date(2011, 12, 30)));
    }

    #[test]
    fn a_half_hour_clock_change_is_refused_at_hourly_steps() {
        let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
        let hourly = Calendar::new(date(2027, 1, 1), 1, 60, &zone, Country::Nl);
        assert!(matches!(hourly, Err(CalendarError::UnevenDay { .. })));
        assert!(Calendar::new(date(2027, 1, 1), 1, 30, &zone, Country::Nl).is_ok());
    }
}

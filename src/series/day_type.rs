//! Another year's days onto the simulated ones, by the kind of day.

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::cover::midnight_s;
use super::regular::Regular;
use crate::calendar::{Calendar, Country, Day, Season};

/// The part of a year's days that may lack.
const LARGEST_LACK: f64 = 0.05;

/// A day of the year that lends its values.
#[derive(Clone, Debug, PartialEq)]
struct SourceDay {
    date: Date,
    weekday: u8,
    holiday: bool,
    season: Season,
    /// Day of the year from 1, counted as in a leap year.
    ordinal: i32,
}

/// Why days cannot be mapped.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NoMapping {
    /// Too many days of the year lack values: (whole days, days).
    FewDays(usize, usize),
    /// A simulated day has no whole day of its kind.
    NoSuchDay(Date),
    /// Dates out of range.
    OutOfRange,
}

/// Lays the local days of `year` onto the days of the run.
///
/// A simulated day takes the values of the source day that
/// 1. is of the same kind: an ordinary Monday for an ordinary Monday, and so on; for a holiday a holiday, and if that
///    season has none, an ordinary Sunday;
/// 2. lies in the same season (December is winter);
/// 3. has all its values;
/// 4. is nearest in the year: by the day of the year, counted as in a leap year and around its end (2 January is three
///    days from 30 December); the earlier date if two are as near.
///
/// Within the day the clock on the wall leads: 18:00 takes from 18:00. Where the source day skips an hour, its next
/// hour stands in; where the source day has it twice, the first is taken, unless the simulated day has it twice too;
/// where only the simulated day has it twice, both take the same.
///
/// # Arguments
/// * `source` – means over equal intervals that hold the whole of `year`; NaN where days are to be passed over.
///
/// Returns means over the steps of the calendar, in the same unit.
pub(crate) fn map_by_day_type(source: &Regular, year: i16, calendar: &Calendar) -> Result<Vec<f64>, NoMapping> {
    let days = source_days(source, year, calendar.timezone(), calendar.country())?;
    let mut mapped = Vec::with_capacity(calendar.steps());
    for day in calendar.days() {
        let from = nearest_alike(day, &days).ok_or(NoMapping::NoSuchDay(day.date))?;
        lay_day(source, from.date, day, calendar, &mut mapped).ok_or(NoMapping::OutOfRange)?;
    }
    if mapped.iter().any(|value| value.is_nan()) { Err(NoMapping::OutOfRange) } else { Ok(mapped) }
}

/// The days of `year` that have all their values.
fn source_days(
    source: &Regular,
    year: i16,
    timezone: &TimeZone,
    country: Country,
) -> Result<Vec<SourceDay>, NoMapping> {
    let out_of_range = |_| NoMapping::OutOfRange;
    let mut date = Date::new(year, 1, 1).map_err(out_of_range)?;
    let (mut days, mut all) = (Vec::new(), 0);
    while date.year() == year {
        let next = date.tomorrow().map_err(out_of_range)?;
        let midnights = (midnight_s(date, timezone), midnight_s(next, timezone));
        let (Some(from_s), Some(to_s)) = midnights else { return Err(NoMapping::OutOfRange) };
        if !source.mean(from_s, to_s).is_nan() {
            days.push(SourceDay {
                date,
                weekday: date.weekday().to_monday_zero_offset().unsigned_abs(),
                holiday: country.is_holiday(date),
                season: Season::of_month(date.month().unsigned_abs()),
                ordinal: ordinal(date),
            });
        }
        all += 1;
        date = next;
    }
    if ((all - days.len()) as f64) > LARGEST_LACK * all as f64 {
        return Err(NoMapping::FewDays(days.len(), all));
    }
    Ok(days)
}

/// The day of the year from 1, counted as in a leap year: 1 March is always the 61st.
fn ordinal(date: Date) -> i32 {
    i32::from(date.day_of_year()) + i32::from(!date.in_leap_year() && date.month() > 2)
}

/// The source day that a simulated day takes its values from.
fn nearest_alike<'a>(day: &Day, days: &'a [SourceDay]) -> Option<&'a SourceDay> {
    let ordinal = ordinal(day.date);
    let distance = |source: &SourceDay| {
        let apart = (source.ordinal - ordinal).abs();
        apart.min(366 - apart)
    };
    let nearest = |is_alike: &dyn Fn(&SourceDay) -> bool| {
        days.iter()
            .filter(|source| source.season == day.season() && is_alike(source))
            .min_by_key(|source| (distance(source), source.date))
    };
    if day.holiday {
        nearest(&|source| source.holiday).or_else(|| nearest(&|source| !source.holiday && source.weekday == 6))
    } else {
        nearest(&|source| !source.holiday && source.weekday == day.weekday)
    }
}

/// Appends the values of one simulated day, taken from the source date by the clock on the wall.
fn lay_day(source: &Regular, from: Date, day: &Day, calendar: &Calendar, mapped: &mut Vec<f64>) -> Option<()> {
    let midnight = from.at(0, 0, 0, 0);
    let mut latest = None;
    for step in day.range() {
        let minute = calendar.local_minute(step);
        let second_pass = Some(minute) <= latest;
        latest = latest.max(Some(minute));
        let clock = midnight.checked_add(i64::from(minute).minutes()).ok()?;
        let ambiguous = calendar.timezone().to_ambiguous_timestamp(clock);
        let instant: Timestamp = match ambiguous.offset() {
            AmbiguousOffset::Fold { after, .. } if second_pass => after.to_timestamp(clock).ok()?,
            _ => ambiguous.compatible().ok()?,
        };
        let from_s = instant.as_second();
        mapped.push(source.mean(from_s, from_s + calendar.step_s()));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use jiff::civil::date;

    use super::*;

    /// A year of hours whose value is month.day + hour/10000, by the local clock.
    fn year_of_hours(year: i16) -> Regular {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        let start_s = midnight_s(date(year, 1, 1), &zone).unwrap();
        let end_s = midnight_s(date(year + 1, 1, 1), &zone).unwrap();
        let values = (start_s..end_s)
            .step_by(3600)
            .map(|at| {
                let clock = zone.to_datetime(Timestamp::from_second(at).unwrap());
                f64::from(clock.month()) * 100.0 + f64::from(clock.day()) + f64::from(clock.hour()) / 100.0
            })
            .collect();
        Regular { start_s, step_s: 3600, values }
    }

    fn calendar(year: i16, step_minutes: u32) -> Calendar {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        Calendar::new(date(year, 1, 1), 1, step_minutes, &zone, Country::Nl).unwrap()
    }

    fn at(mapped: &[f64], calendar: &Calendar, month: i8, day: i8, minute: u16) -> f64 {
        let day = calendar.days().iter().find(|d| (d.date.month(), d.date.day()) == (month, day)).unwrap();
        mapped[day.range().find(|&step| calendar.local_minute(step) == minute).unwrap()]
    }

    #[test]
    fn a_year_onto_itself_is_the_year() {
        for year in [2023, 2024] {
            let (source, calendar) = (year_of_hours(year), calendar(year, 60));
            let mapped = map_by_day_type(&source, year, &calendar).unwrap();
            // Two holidays a day apart keep apart, and both clock changes are their own.
            assert_eq!(mapped, source.values);
        }
    }

    #[test]
    fn days_take_from_their_own_kind_and_season() {
        let (source, calendar) = (year_of_hours(2024), calendar(2019, 15));
        let mapped = map_by_day_type(&source, 2024, &calendar).unwrap();
        // 2019-01-01 is a Tuesday and a holiday; 2019-01-02 a Wednesday: 3 January 2024.
        assert_relative_eq!(at(&mapped, &calendar, 1, 1, 18 * 60), 101.18);
        assert_relative_eq!(at(&mapped, &calendar, 1, 2, 18 * 60 + 45), 103.18);
        // Easter Monday is 22 April 2019; the nearest spring holiday of 2024 is King's day.
        assert_relative_eq!(at(&mapped, &calendar, 4, 22, 0), 427.0);
        // Friday 1 March 2019 stays in spring; Thursday 28 February takes the leap day.
        assert_relative_eq!(at(&mapped, &calendar, 3, 1, 0), 301.0);
        assert_relative_eq!(at(&mapped, &calendar, 2, 28, 0), 229.0);
        // Friday 31 May 2019.
        assert_relative_eq!(at(&mapped, &calendar, 5, 31, 0), 531.0);
    }

    #[test]
    fn the_repeated_hour_takes_from_both_passes_where_both_days_have_it() {
        for step_minutes in [15, 60] {
            let (mut source, calendar) = (year_of_hours(2024), calendar(2019, step_minutes));
            let second = "2024-10-27T01:00:00Z".parse::<Timestamp>().unwrap().as_second();
            source.values[((second - source.start_s) / 3600) as usize] = 9999.0;
            let mapped = map_by_day_type(&source, 2024, &calendar).unwrap();
            let autumn = calendar.days().iter().find(|d| d.date == date(2019, 10, 27)).unwrap();
            let per_hour = 60 / step_minutes as usize;
            for (step, value) in mapped[autumn.range()].iter().enumerate() {
                assert_eq!(*value > 9000.0, step / per_hour == 3, "step {step} of {step_minutes} minutes");
            }
        }
    }

    #[test]
    fn clock_changes_go_by_the_clock_on_the_wall() {
        let (source, calendar) = (year_of_hours(2024), calendar(2019, 60));
        let mapped = map_by_day_type(&source, 2024, &calendar).unwrap();
        // Sunday 31 March 2019 skips 02:00; so does Sunday 31 March 2024, but that is Easter: 24 March lends.
        assert_relative_eq!(at(&mapped, &calendar, 3, 31, 180), 324.03);
        let autumn = calendar.days().iter().find(|d| d.date == date(2019, 10, 27)).unwrap();
        let hours: Vec<f64> = autumn.range().map(|step| mapped[step]).collect();
        assert_eq!(hours.len(), 25);
        assert_relative_eq!(hours[2], 1027.02);
        assert_relative_eq!(hours[3], 1027.02);
        assert_relative_eq!(hours[4], 1027.03);
    }

    #[test]
    fn a_day_with_a_gap_is_passed_over() {
        let (mut source, calendar) = (year_of_hours(2024), calendar(2019, 60));
        // Wednesday 3 January 2024 lends 10 January in its place.
        source.values[2 * 24 + 7] = f64::NAN;
        let mapped = map_by_day_type(&source, 2024, &calendar).unwrap();
        assert_relative_eq!(at(&mapped, &calendar, 1, 2, 0), 110.0);
        // By summer time the fifty days of hours touch 51 dates.
        source.values[100 * 24..150 * 24].fill(f64::NAN);
        assert_eq!(map_by_day_type(&source, 2024, &calendar), Err(NoMapping::FewDays(314, 366)));
    }

    #[test]
    fn an_hour_that_the_source_day_skips_is_its_next_hour() {
        // 2025: the clock changes on Sunday 30 March, no holiday; in 2031 that is a Sunday without a change.
        let (source, calendar) = (year_of_hours(2025), calendar(2031, 60));
        let mapped = map_by_day_type(&source, 2025, &calendar).unwrap();
        let sunday = calendar.days().iter().find(|d| d.date == date(2031, 3, 23)).unwrap();
        assert_eq!((sunday.weekday, sunday.steps), (6, 24));
        assert_relative_eq!(at(&mapped, &calendar, 3, 23, 120), 323.02);
        let change = calendar.days().iter().find(|d| d.date == date(2031, 3, 30)).unwrap();
        assert_eq!(change.steps, 23);
        assert_relative_eq!(at(&mapped, &calendar, 3, 30, 180), 330.03);
    }
}

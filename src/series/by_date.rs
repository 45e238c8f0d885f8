//! Another year's weather or prices onto the simulated dates.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use super::cover::year_start_s;
use super::findings::Findings;
use super::regular::Regular;
use crate::calendar::Calendar;
use crate::scenario::diagnostics::Fault;

/// The clock that dates are taken by: the place's at the begin of the run, all year, for the sun keeps no summer time.
fn clock(calendar: &Calendar) -> Offset {
    calendar.timezone().to_offset(calendar.instant(0))
}

/// Begin and end of a year by that clock, seconds since 1970-01-01T00:00Z.
pub(crate) fn year_span_s(year: i16, calendar: &Calendar) -> Option<(i64, i64)> {
    let zone = TimeZone::fixed(clock(calendar));
    Some((year_start_s(year, &zone)?, year_start_s(year.checked_add(1)?, &zone)?))
}

/// Says that 29 February repeats 28 February, if the run has one and the year of the file has not.
///
/// # Arguments
/// * `code`, `what` – of the fault; what the file holds.
pub(crate) fn warn_of_leap_day(
    code: &'static str,
    what: &str,
    year: i16,
    calendar: &Calendar,
    findings: &mut Findings,
) {
    let leap_day = calendar.days().iter().find(|day| (day.date.month(), day.date.day()) == (2, 29));
    if let Some(day) = leap_day
        && source_date(day.date, year).is_some_and(|source| source.day() == 28)
    {
        let message = format!("{year} has no 29 February: {} repeats the {what} of 28 February", day.date);
        let help = "say a `year` with a leap day if the file holds one";
        findings.in_scenario(Fault::warning(code, message).help(help), "this year");
    }
}

/// The date of `year` that stands for a simulated date; 28 February for a 29th that `year` lacks.
fn source_date(simulated: Date, year: i16) -> Option<Date> {
    Date::new(year, simulated.month(), simulated.day()).or_else(|_| Date::new(year, simulated.month(), 28)).ok()
}

/// Lays the intervals of `year` onto the run: the same date and time of day, by a clock without summer time.
///
/// # Arguments
/// * `source` – the whole of [`year_span_s`].
///
/// Returns the intervals that touch the run, of the same length.
pub(crate) fn map(source: &Regular, year: i16, calendar: &Calendar) -> Option<Regular> {
    let clock = clock(calendar);
    let (from_s, to_s) = (calendar.start_s(0), calendar.start_s(calendar.steps()));
    let first = source.slot(from_s);
    let start_s = source.start_s + first * source.step_s;
    let slots = source.slot(to_s - 1) + 1 - first;
    let mut values = Vec::with_capacity(usize::try_from(slots).ok()?);
    for slot in 0..slots {
        let at_s = start_s + slot * source.step_s;
        let date = clock.to_datetime(Timestamp::from_second(at_s).ok()?).date();
        let days = i64::from(source_date(date, year)?.until(date).ok()?.get_days());
        let from = usize::try_from(source.slot(at_s - days * 86_400)).ok()?;
        values.push(*source.values.get(from)?);
    }
    Some(Regular { start_s, step_s: source.step_s, values })
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use jiff::civil::date;

    use super::*;
    use crate::calendar::Country;

    /// A year of hours whose value is the day of the year, from local midnight of winter time.
    fn days_of(year: i16, calendar: &Calendar) -> Regular {
        let (from_s, to_s) = year_span_s(year, calendar).unwrap();
        let values = (from_s..to_s).step_by(3600).map(|at| ((at - from_s) / 86_400 + 1) as f64).collect();
        Regular { start_s: from_s, step_s: 3600, values }
    }

    fn calendar(year: i16) -> Calendar {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        Calendar::new(date(year, 1, 1), 1, 60, &zone, Country::Nl).unwrap()
    }

    #[test]
    fn a_leap_day_repeats_the_day_before_or_is_left_out() {
        let leap = calendar(2028);
        let mapped = map(&days_of(2019, &leap), 2019, &leap).unwrap();
        assert_eq!(mapped.values.len(), leap.steps());
        let day = |number: usize| mapped.values[(number - 1) * 24];
        for (number, source) in [(1, 1.0), (59, 59.0), (60, 59.0), (61, 60.0), (366, 365.0)] {
            assert_relative_eq!(day(number), source);
        }
        let common = calendar(2027);
        let mapped = map(&days_of(2020, &common), 2020, &common).unwrap();
        assert_relative_eq!(mapped.values[58 * 24 + 23], 59.0);
        assert_relative_eq!(mapped.values[59 * 24], 61.0);
    }

    #[test]
    fn the_sun_keeps_no_summer_time() {
        let calendar = calendar(2027);
        let mapped = map(&days_of(2019, &calendar), 2019, &calendar).unwrap();
        let june = calendar.days().iter().find(|day| day.date == date(2027, 6, 1)).unwrap();
        // The first hour of 1 June by summer time is the last of 31 May by winter time.
        assert_relative_eq!(mapped.values[june.first_step], 151.0);
        assert_relative_eq!(mapped.values[june.first_step + 1], 152.0);
    }
}

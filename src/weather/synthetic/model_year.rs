//! The model's own calendar: years of standard time, UTC + 1 h without summer time, in days of 96 quarters.

use super::constants::UTC_OFFSET_H;

/// Seconds in a day.
pub(crate) const DAY_S: i64 = 86_400;

/// The number of days in a year.
pub(crate) fn days_in(year: i16) -> usize {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if leap { 366 } else { 365 }
}

/// The lengths of the months of a year of `days` days.
pub(crate) fn month_lengths(days: usize) -> [usize; 12] {
    [31, days - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// Days from 1970-01-01 to January 1 of a year.
fn days_before(year: i16) -> i64 {
    let y = i64::from(year) - 1;
    365 * (y - 1969) + (y.div_euclid(4) - 492) - (y.div_euclid(100) - 19) + (y.div_euclid(400) - 4)
}

/// Seconds since 1970-01-01T00:00Z at which a model year begins.
pub(crate) fn start_s(year: i16) -> i64 {
    days_before(year) * DAY_S - UTC_OFFSET_H * 3600
}

/// The model year that holds an instant, seconds since 1970-01-01T00:00Z.
pub(crate) fn year_at(instant_s: i64) -> i16 {
    // A guess by the mean length of a year, at most one off.
    let guess = (1970 + instant_s.div_euclid(31_556_952)) as i16;
    if start_s(guess) > instant_s {
        guess - 1
    } else if start_s(guess + 1) <= instant_s {
        guess + 1
    } else {
        guess
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_model_year_begins_with_the_local_year_in_amsterdam() {
        for (year, start) in [
            (1970, "1969-12-31T23:00:00Z"),
            (2000, "1999-12-31T23:00:00Z"),
            (2001, "2000-12-31T23:00:00Z"),
            (2027, "2026-12-31T23:00:00Z"),
            (1900, "1899-12-31T23:00:00Z"),
            (2101, "2100-12-31T23:00:00Z"),
        ] {
            let start: Timestamp = start.parse().unwrap();
            assert_eq!(start_s(year), start.as_second(), "{year}");
        }
    }

    #[test]
    fn every_model_year_ends_where_the_next_begins() {
        for year in 1900..2200 {
            assert_eq!(start_s(year + 1) - start_s(year), i64::try_from(days_in(year)).unwrap() * DAY_S);
            assert_eq!(year_at(start_s(year)), year);
            assert_eq!(year_at(start_s(year + 1) - 1), year);
            assert_eq!(month_lengths(days_in(year)).iter().sum::<usize>(), days_in(year));
        }
    }
}

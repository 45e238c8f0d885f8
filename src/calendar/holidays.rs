//! National holidays: days without work in the whole country, by law.
//!
//! Regional days, bank holidays and days of one sector are left out. Sources: the countries' acts on public holidays as
//! in force in 2026; movable feasts from the Gregorian date of Easter (crate `computus`).

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A country whose national holidays are known, by its ISO 3166 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum Country {
    /// Austria
    At,
    /// Belgium
    Be,
    /// Switzerland (the four days of all cantons)
    Ch,
    /// Czechia
    Cz,
    /// Germany (the nine days of all states)
    De,
    /// Denmark
    Dk,
    /// Spain (the days of all communities)
    Es,
    /// France
    Fr,
    /// Italy
    It,
    /// Luxembourg
    Lu,
    /// The Netherlands
    Nl,
    /// Portugal
    Pt,
    /// Slovakia
    Sk,
}

impl Country {
    /// Fixed dates as (month, day), and days after Easter Sunday.
    fn table(self) -> (&'static [(i8, i8)], &'static [i32]) {
        match self {
            Country::At => {
                (&[(1, 1), (1, 6), (5, 1), (8, 15), (10, 26), (11, 1), (12, 8), (12, 25), (12, 26)], &[1, 39, 50, 60])
            }
            Country::Be => (&[(1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)], &[0, 1, 39, 49, 50]),
            Country::Ch => (&[(1, 1), (8, 1), (12, 25)], &[39]),
            Country::Cz => (
                &[(1, 1), (5, 1), (5, 8), (7, 5), (7, 6), (9, 28), (10, 28), (11, 17), (12, 24), (12, 25), (12, 26)],
                &[-2, 1],
            ),
            Country::De => (&[(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)], &[-2, 1, 39, 50]),
            Country::Dk => (&[(1, 1), (12, 25), (12, 26)], &[-3, -2, 0, 1, 39, 49, 50]),
            Country::Es => (&[(1, 1), (1, 6), (5, 1), (8, 15), (10, 12), (11, 1), (12, 6), (12, 8), (12, 25)], &[-2]),
            Country::Fr => (&[(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)], &[1, 39, 50]),
            Country::It => (
                &[(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (10, 4), (11, 1), (12, 8), (12, 25), (12, 26)],
                &[0, 1],
            ),
            Country::Lu => (&[(1, 1), (5, 1), (5, 9), (6, 23), (8, 15), (11, 1), (12, 25), (12, 26)], &[1, 39, 50]),
            Country::Nl => (&[(1, 1), (12, 25), (12, 26)], &[0, 1, 39, 49, 50]),
            Country::Pt => (
                &[(1, 1), (4, 25), (5, 1), (6, 10), (8, 15), (10, 5), (11, 1), (12, 1), (12, 8), (12, 25)],
                &[-2, 0, 60],
            ),
            Country::Sk => {
                (&[(1, 1), (1, 6), (5, 1), (7, 5), (8, 29), (11, 1), (12, 24), (12, 25), (12, 26)], &[-2, 1])
            }
        }
    }

    /// Whether `date` is a national holiday of this country.
    ///
    /// The Dutch King's Day is 27 April, or 26 April where that is a Sunday.
    pub fn is_holiday(self, date: Date) -> bool {
        let (fixed, after_easter) = self.table();
        if fixed.contains(&(date.month(), date.day())) || (self == Country::Nl && is_kings_day(date)) {
            return true;
        }
        easter(date.year()).is_some_and(|sunday| {
            after_easter.iter().any(|days| sunday.checked_add(days.days()).is_ok_and(|feast| feast == date))
        })
    }
}

fn is_kings_day(date: Date) -> bool {
    let sunday = date.weekday() == Weekday::Sunday;
    date.month() == 4 && ((date.day() == 27 && !sunday) || (date.day() == 26 && date.weekday() == Weekday::Saturday))
}

fn easter(year: i16) -> Option<Date> {
    let sunday = computus::gregorian(i32::from(year)).ok()?;
    Date::new(year, i8::try_from(sunday.month).ok()?, i8::try_from(sunday.day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn dutch_holidays_of_2027_are_those_of_the_almanac() {
        let days: Vec<Date> =
            date(2027, 1, 1).series(1.day()).take(365).filter(|d| Country::Nl.is_holiday(*d)).collect();
        let expected = [(1, 1), (3, 28), (3, 29), (4, 27), (5, 6), (5, 16), (5, 17), (12, 25), (12, 26)];
        assert_eq!(days, expected.map(|(month, day)| date(2027, month, day)));
    }

    #[test]
    fn kings_day_moves_to_saturday() {
        assert!(Country::Nl.is_holiday(date(2025, 4, 26)));
        assert!(!Country::Nl.is_holiday(date(2026, 4, 26)));
        assert!(Country::Nl.is_holiday(date(2026, 4, 27)));
    }

    #[test]
    fn german_ascension_day_is_free_and_carnival_is_not() {
        assert!(Country::De.is_holiday(date(2026, 5, 14)));
        assert!(!Country::De.is_holiday(date(2026, 2, 16)));
    }
}

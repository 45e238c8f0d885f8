//! Periods: the days of a run cut into months, and these again at given dates.

use std::ops::Range;

use jiff::civil::Date;

use super::Calendar;

/// The consecutive periods of a run, each of whole local days within one month of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Periods {
    all: Vec<Period>,
}

/// One period.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// Its first local date.
    pub first: Date,
    /// Its last local date.
    pub last: Date,
    /// The month of the run that it lies in.
    pub run_month: usize,
    /// Its days, as indexes of [`Calendar::days`].
    pub days: Range<usize>,
    /// Its steps.
    pub steps: Range<usize>,
}

impl Periods {
    /// The months of the run.
    pub fn months(calendar: &Calendar) -> Periods {
        Periods::cut(calendar, &[])
    }

    /// The months of the run, cut again at borders.
    ///
    /// * `borders` – each the first local day of a new period, in any order. One that is outside the run, or begins a month,
    ///   changes nothing.
    pub fn cut(calendar: &Calendar, borders: &[Date]) -> Periods {
        let mut all: Vec<Period> = Vec::new();
        for (index, day) in calendar.days().iter().enumerate() {
            let begins_here =
                |period: &Period| borders.iter().any(|border| period.last < *border && *border <= day.date);
            match all.last_mut() {
                Some(period) if period.run_month == day.run_month && !begins_here(period) => {
                    period.last = day.date;
                    period.days.end = index + 1;
                    period.steps.end = day.range().end;
                }
                _ => all.push(Period {
                    first: day.date,
                    last: day.date,
                    run_month: day.run_month,
                    days: index..index + 1,
                    steps: day.range(),
                }),
            }
        }
        Periods { all }
    }

    /// The periods in order.
    pub fn all(&self) -> &[Period] {
        &self.all
    }

    /// The period that holds a day (its index in [`Calendar::days`]).
    pub fn of_day(&self, day: usize) -> usize {
        self.all.partition_point(|period| period.days.end <= day)
    }

    /// The periods of a month of the run.
    pub fn of_month(&self, run_month: usize) -> Range<usize> {
        let from = self.all.partition_point(|period| period.run_month < run_month);
        from..self.all.partition_point(|period| period.run_month <= run_month)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::calendar::Country;

    fn dutch(start: Date, years: usize) -> Calendar {
        Calendar::new(start, years, 15, &TimeZone::get("Europe/Amsterdam").unwrap(), Country::Nl).unwrap()
    }

    #[test]
    fn without_borders_periods_are_months() {
        let calendar = dutch(date(2026, 7, 15), 2);
        let periods = Periods::months(&calendar);
        assert_eq!(periods.all().len(), calendar.run_months().len());
        assert!(periods.all().iter().enumerate().all(|(month, period)| period.run_month == month));
        assert_eq!((periods.all()[0].first, periods.all()[0].last), (date(2026, 7, 15), date(2026, 7, 31)));
    }

    #[test]
    fn a_border_begins_a_period_and_harmless_ones_do_not() {
        let calendar = dutch(date(2027, 1, 1), 1);
        let borders = [date(2027, 5, 1), date(2027, 3, 28), date(2026, 12, 9), date(2028, 1, 1), date(2027, 3, 28)];
        let periods = Periods::cut(&calendar, &borders);
        assert_eq!(periods.all().len(), 13);
        assert_eq!(periods.of_month(2), 2..4);
        let [before, from] = [&periods.all()[2], &periods.all()[3]];
        assert_eq!((before.first, before.last), (date(2027, 3, 1), date(2027, 3, 27)));
        assert_eq!((from.first, from.last, from.days.len()), (date(2027, 3, 28), date(2027, 3, 31), 4));
        assert_eq!(from.steps.len(), 4 * 96 - 4, "the first of its days has 23 hours");
    }

    #[test]
    fn periods_cover_the_run_without_gap() {
        let calendar = dutch(date(2027, 2, 10), 2);
        let periods = Periods::cut(&calendar, &[date(2028, 2, 29), date(2028, 2, 10), date(2027, 2, 11)]);
        let (mut days, mut steps) = (0, 0);
        for (number, period) in periods.all().iter().enumerate() {
            assert_eq!((period.days.start, period.steps.start), (days, steps));
            assert!(period.days.clone().all(|day| periods.of_day(day) == number));
            (days, steps) = (period.days.end, period.steps.end);
        }
        assert_eq!((days, steps), (calendar.days().len(), calendar.steps()));
    }

    #[test]
    fn a_border_on_a_day_that_was_left_out_begins_a_period_on_the_next() {
        let zone = TimeZone::get("Pacific/Apia").unwrap();
        let calendar = Calendar::new(date(2011, 1, 1), 1, 60, &zone, Country::Nl).unwrap();
        let periods = Periods::cut(&calendar, &[date(2011, 12, 30)]);
        assert_eq!(periods.all().last().map(|period| (period.first, period.days.len())), Some((date(2011, 12, 31), 1)));
    }
}

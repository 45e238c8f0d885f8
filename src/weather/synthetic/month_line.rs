//! Straight lines through twelve monthly knots: what the climate expects on a day.

use super::model_year::month_lengths;

/// Twelve values, each for the middle of a month.
pub(super) type Knots = [f64; 12];

/// A straight line through monthly knots at one day: between the knots `before` and `after`, `part` of the way.
#[derive(Clone, Copy, Debug)]
pub(super) struct MonthLine {
    before: usize,
    after: usize,
    part: f64,
}

impl MonthLine {
    /// The line at the middle of day `day` (from 0) of a year of `days` days; December and January join.
    pub(super) fn at(day: usize, days: usize) -> MonthLine {
        let lengths = month_lengths(days);
        let time = day as f64 + 0.5;
        let (mut before, mut from) = (11, -(lengths[11] as f64) / 2.0);
        let mut end = 0.0;
        for (month, length) in lengths.into_iter().enumerate() {
            let to = end + length as f64 / 2.0;
            if time < to {
                return MonthLine { before, after: month, part: (time - from) / (to - from) };
            }
            end += length as f64;
            (before, from) = (month, to);
        }
        let to = end + lengths[0] as f64 / 2.0;
        MonthLine { before, after: 0, part: (time - from) / (to - from) }
    }

    /// The value of a line through `knots`.
    pub(super) fn of(self, knots: &Knots) -> f64 {
        (1.0 - self.part) * knots[self.before] + self.part * knots[self.after]
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    /// A handful of additions of numbers near 1.
    const ROUNDING: f64 = 1e-12;

    #[test]
    fn the_line_passes_through_its_knots_at_mid_month() {
        let knots: Knots = std::array::from_fn(|month| month as f64);
        // January has 31 days: its middle is the middle of the 16th.
        assert_abs_diff_eq!(MonthLine::at(15, 365).of(&knots), 0.0, epsilon = ROUNDING);
        // April has 30: its middle is midnight between the 15th and 16th.
        let april = 31 + 28 + 31 + 14;
        let around = MonthLine::at(april, 365).of(&knots) + MonthLine::at(april + 1, 365).of(&knots);
        assert!((around / 2.0 - 3.0).abs() < 1e-3, "the mean of two days beside a knot is nearly the knot");
        assert_abs_diff_eq!(MonthLine::at(365 - 16, 365).of(&knots), 11.0, epsilon = ROUNDING);
    }

    #[test]
    fn december_and_january_join() {
        let knots: Knots = std::array::from_fn(|month| if month == 0 { 31.0 } else { 0.0 });
        for days in [365, 366] {
            // New Year's midnight is half way between the two mid-months, and the line rises by 1 a day.
            assert_abs_diff_eq!(MonthLine::at(days - 1, days).of(&knots), 15.0, epsilon = ROUNDING);
            assert_abs_diff_eq!(MonthLine::at(0, days).of(&knots), 16.0, epsilon = ROUNDING);
        }
    }
}

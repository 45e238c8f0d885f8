//! Daily values brought to quarters: straight lines between 12 UTC of one day and 12 UTC of the next.

use super::constants::UTC_OFFSET_H;
use super::sky::DaySky;

/// Quarters from the start of a model day to 12 UTC.
const NOON: usize = (12 + UTC_OFFSET_H as usize) * 4;

/// The line over one day: from yesterday's noon to today's, and on to tomorrow's.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoonLine {
    today: f64,
    rise_before: f64,
    rise_after: f64,
}

impl NoonLine {
    /// The line of a daily quantity over day `day`; `days[0]` is the day before the year.
    pub(super) fn of(days: &[DaySky], day: usize, quantity: impl Fn(&DaySky) -> f64) -> NoonLine {
        let (before, today, after) = (quantity(&days[day]), quantity(&days[day + 1]), quantity(&days[day + 2]));
        NoonLine { today, rise_before: today - before, rise_after: after - today }
    }

    /// The value at the middle of a quarter of the day.
    pub(super) fn at(self, quarter: usize) -> f64 {
        let since_noon = (quarter as f64 + 0.5 - NOON as f64) / 96.0;
        let rise = if quarter < NOON { self.rise_before } else { self.rise_after };
        self.today + rise * since_noon
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_passes_through_the_noons() {
        let days = [1.0, 3.0, -1.0].map(|clearness| DaySky { clearness, logit: 0.0, index: 0.0 });
        let line = NoonLine::of(&days, 0, |sky| sky.clearness);
        // Half a quarter before and after 13:00 standard time; the steps are 2/96 up and 4/96 down.
        assert!((line.at(51) - (3.0 - 1.0 / 96.0)).abs() < 1e-12);
        assert!((line.at(52) - (3.0 - 2.0 / 96.0)).abs() < 1e-12);
    }
}

//! The wave of the day: two harmonics in UTC hours whose weights turn with the season.

use std::f64::consts::PI;

use super::constants::{UTC_OFFSET_H, Wave};

/// The season of a day: 1 near the summer solstice, −1 near the winter solstice.
pub(super) fn season(day: usize) -> f64 {
    libm::cos(2.0 * PI * (day as f64 + 0.5 - 172.0) / 365.25)
}

/// A wave at the middles of the 96 quarters: its yearly mean, and what is added at full summer.
pub(super) struct Diurnal {
    mean: [f64; 96],
    summer: [f64; 96],
}

/// The wave of one day.
pub(super) struct DayWave<'a> {
    diurnal: &'a Diurnal,
    season: f64,
}

impl Diurnal {
    /// The wave with these weights of the harmonics.
    pub(super) fn new(mean: &Wave, summer: &Wave) -> Diurnal {
        let at = |weights: &Wave, quarter: usize| {
            let hour = (quarter as f64 + 0.5) / 4.0 - UTC_OFFSET_H as f64;
            let angle = 2.0 * PI * hour / 24.0;
            let (sin_1, cos_1) = (libm::sin(angle), libm::cos(angle));
            let (sin_2, cos_2) = (libm::sin(2.0 * angle), libm::cos(2.0 * angle));
            weights[0] * cos_1 + weights[1] * sin_1 + weights[2] * cos_2 + weights[3] * sin_2
        };
        Diurnal {
            mean: std::array::from_fn(|quarter| at(mean, quarter)),
            summer: std::array::from_fn(|quarter| at(summer, quarter)),
        }
    }

    /// The wave on day `day` (from 0) of the year.
    pub(super) fn on(&self, day: usize) -> DayWave<'_> {
        DayWave { diurnal: self, season: season(day) }
    }
}

impl DayWave<'_> {
    /// The wave at the middle of a quarter.
    pub(super) fn at(&self, quarter: usize) -> f64 {
        self.diurnal.mean[quarter] + self.diurnal.summer[quarter] * self.season
    }
}

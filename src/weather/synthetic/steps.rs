//! The same year at other steps: means of quarters, or quarters refined without changing their mean.

use crate::weather::sun::{Ephemeris, Observer, Site};

use super::constants::SKY;
use super::draws::{Draws, Purpose};
use super::{Quarters, Series, model_year, sky};

/// The sun over one place during a span of time.
pub(super) struct SunOver {
    ephemeris: Ephemeris,
    observer: Observer,
}

impl SunOver {
    /// Prepares the span `from_s ..= to_s`, seconds since 1970-01-01T00:00Z.
    pub(super) fn new(from_s: i64, to_s: i64, site: Site) -> SunOver {
        SunOver { ephemeris: Ephemeris::new(from_s, to_s), observer: Observer::new(site) }
    }

    /// Cosine of the zenith angle at an instant.
    pub(super) fn cos_zenith(&self, instant_s: i64) -> f64 {
        self.ephemeris.sun_over(instant_s, &self.observer).cos_zenith
    }

    /// Cosine of the zenith angle at the middles of `count` steps of `step_s` seconds from `start_s` on.
    pub(super) fn cos_zeniths(&self, start_s: i64, step_s: i64, count: usize) -> Vec<f64> {
        (0_i64..).take(count).map(|step| self.cos_zenith(start_s + step * step_s + step_s / 2)).collect()
    }
}

/// The entry of [`sky::extraterrestrial_by_day`] for a step of the year, with `per_day` steps a day.
pub(super) fn utc_day(index: usize, per_day: usize) -> usize {
    // The UTC day begins one hour into the model day; entry 0 is the day before.
    (index + per_day - per_day / 24) / per_day
}

/// Largest change of the wind from neighbour to neighbour that a quarter passes on, as a part of its own speed: keeps
/// the refined wind from falling below zero.
const STEEPEST_WIND: f64 = 3.0;

impl Quarters {
    /// The year at steps of 5, 10, 15, 30 or 60 minutes. Hourly means are the same at each.
    ///
    /// Longer steps are means of quarters, the diffuse part included. Five minutes refine the quarters with their slope
    /// and, for radiation, a residual of their own; ten minutes are means of two of them.
    ///
    /// # Panics
    /// At any other step.
    pub fn at_step(&self, minutes: u32) -> Series {
        match minutes {
            5 => self.five_minutes(&self.sun()).0,
            10 => self.five_minutes(&self.sun()).0.mean_of(2),
            15 => self.series.clone(),
            30 => self.series.mean_of(2),
            60 => self.series.mean_of(4),
            _ => panic!("the calendar allows no step of {minutes} minutes"),
        }
    }

    /// The sun over this year and place.
    fn sun(&self) -> SunOver {
        SunOver::new(model_year::start_s(self.year), model_year::start_s(self.year + 1), self.site)
    }

    /// The year in steps of five minutes, and the cosine of the sun's zenith angle at their middles (in dark quarters:
    /// at the middle of the quarter).
    ///
    /// Within a quarter, for i = −1, 0, 1: uᵢ = u + i/3 · slope(u) + σ (zᵢ − mean z), where a slope is half the
    /// difference of the two neighbours. Global irradiance is spread over the quarter as F(uᵢ) · clear sky is, diffuse
    /// irradiance in the same ratio. Temperature and wind get their slope only.
    pub(super) fn five_minutes(&self, sun: &SunOver) -> (Series, Vec<f64>) {
        let count = self.u.len();
        let start_s = model_year::start_s(self.year);
        let extraterrestrial = sky::extraterrestrial_by_day(self.year);
        let mut noise = vec![0.0; count * 3];
        Draws { seed: self.seed, purpose: Purpose::SkyFive, year: self.year }.fill(0, &mut noise);

        let quarters = &self.series;
        let mut fine = Series::with_capacity(count * 3);
        let mut cos_zeniths = Vec::with_capacity(count * 3);
        let middles_s = (start_s + 450..).step_by(900);
        for ((quarter, noise), middle_s) in noise.as_chunks::<3>().0.iter().enumerate().zip(middles_s) {
            let mut cos_zenith = [self.cos_zenith[quarter]; 3];
            let mut share = [1.0; 3];
            if quarters.ghi_w_m2[quarter] > 0.0 {
                cos_zenith[0] = sun.cos_zenith(middle_s - 300);
                cos_zenith[2] = sun.cos_zenith(middle_s + 300);
                let (u, u_slope) = (self.u[quarter], slope(&self.u, quarter));
                let mean_noise = noise.iter().sum::<f64>() / 3.0;
                let outside = extraterrestrial[utc_day(quarter, 96)];
                let global: [f64; 3] = std::array::from_fn(|i| {
                    let u = u + THIRDS[i] * u_slope + SKY.five_sd * (noise[i] - mean_noise);
                    sky::clear_sky_index(u) * sky::clear_sky_w_m2(cos_zenith[i], outside)
                });
                let mean = global.iter().sum::<f64>() / 3.0;
                if mean > 0.0 {
                    share = global.map(|global| global / mean);
                }
            }
            let wind = quarters.wind_m_s[quarter];
            let wind_slope = slope(&quarters.wind_m_s, quarter).clamp(-STEEPEST_WIND * wind, STEEPEST_WIND * wind);
            let temperature_slope = slope(&quarters.temperature_c, quarter);
            for (share, third) in share.into_iter().zip(THIRDS) {
                fine.ghi_w_m2.push(quarters.ghi_w_m2[quarter] * share);
                fine.dhi_w_m2.push(quarters.dhi_w_m2[quarter] * share);
                fine.temperature_c.push(quarters.temperature_c[quarter] + temperature_slope * third);
                fine.wind_m_s.push(wind + wind_slope * third);
            }
            cos_zeniths.extend(cos_zenith);
        }
        (fine, cos_zeniths)
    }
}

/// Where the three parts of a quarter lie, in quarters from its middle.
const THIRDS: [f64; 3] = [-1.0 / 3.0, 0.0, 1.0 / 3.0];

/// Half the difference of the two neighbours; at the ends of the year the value stands in for the missing one.
fn slope(values: &[f64], at: usize) -> f64 {
    let before = values[at.saturating_sub(1)];
    let after = values[(at + 1).min(values.len() - 1)];
    (after - before) / 2.0
}

impl Series {
    fn with_capacity(steps: usize) -> Series {
        let column = || Vec::with_capacity(steps);
        Series { ghi_w_m2: column(), dhi_w_m2: column(), temperature_c: column(), wind_m_s: column() }
    }

    /// Means of `count` steps each.
    fn mean_of(&self, count: usize) -> Series {
        let mean = |column: &[f64]| column.chunks_exact(count).map(|c| c.iter().sum::<f64>() / count as f64).collect();
        Series {
            ghi_w_m2: mean(&self.ghi_w_m2),
            dhi_w_m2: mean(&self.dhi_w_m2),
            temperature_c: mean(&self.temperature_c),
            wind_m_s: mean(&self.wind_m_s),
        }
    }
}

//! The sky of a model year: a clearness per day, a logit per quarter, and the radiation that follows.

use crate::weather::irradiance::{
    SOLAR_CONSTANT_CLIMATE, clearness, erbs_diffuse_fraction, extraterrestrial_w_m2, haurwitz_w_m2,
};

use super::Diffuse;
use super::constants::SKY;
use super::draws::{Draws, Leaky, Purpose};
use super::model_year::days_in;
use super::month_line::MonthLine;

/// The sky of one day.
#[derive(Clone, Copy, Debug)]
pub(super) struct DaySky {
    /// The day's Gaussian: high = clear.
    pub(super) clearness: f64,
    /// Median of the quarters' logit.
    pub(super) logit: f64,
    /// Clear-sky index of the median.
    pub(super) index: f64,
}

/// The days −1 ..= n of a year of n days: the ones before and after are needed for the lines between noons.
pub(super) fn days(seed: u64, year: i16) -> Vec<DaySky> {
    let n = days_in(year);
    let draws = Draws { seed, purpose: Purpose::SkyDay, year };
    let sunniness = Draws { seed, purpose: Purpose::Year, year }.at(0);
    let own = (1.0 - SKY.year_share * SKY.year_share).sqrt();

    let mut shocks = vec![0.0; n];
    draws.fill(0, &mut shocks);
    shocks.push(Draws { year: year + 1, ..draws }.at(0));

    let mut memory = Leaky::new(SKY.day_rho);
    memory.spin_up(draws, 1);
    let gaussians = std::iter::once(memory.value()).chain(shocks.into_iter().map(|shock| memory.step(shock)));
    gaussians
        .enumerate()
        .map(|(place, gaussian)| {
            let clearness = own * gaussian + SKY.year_share * sunniness;
            let day = place.saturating_sub(1).min(n - 1);
            let logit = MonthLine::at(day, n).of(&SKY.knots) + SKY.day_sd * clearness;
            DaySky { clearness, logit, index: clear_sky_index(logit) }
        })
        .collect()
}

/// The logit of every quarter: the day's, plus an ARMA(1,1) residual with heavy-tailed shocks that starts anew at
/// midnight.
pub(super) fn quarters(seed: u64, year: i16, days: &[DaySky]) -> Vec<f64> {
    let draws = Draws { seed, purpose: Purpose::SkyQuarter, year };
    let k = SKY.quarter_cubic;
    // The variance of e (1 + k e²) for these draws.
    let tail_norm = (1.0 + 5.4 * k + 10.929 * k * k).sqrt();
    let root = (1.0 - SKY.quarter_rho * SKY.quarter_rho).sqrt();
    let (slow_part, fast_part) = (SKY.quarter_slow, 1.0 - SKY.quarter_slow);
    let mix_norm = (slow_part * slow_part + fast_part * fast_part + 2.0 * slow_part * fast_part * root).sqrt();

    let n = days_in(year);
    let mut logits = vec![0.0; n * 96];
    for (day, logits) in logits.chunks_exact_mut(96).enumerate() {
        draws.fill(day * 96, logits);
        let median = days[day + 1].logit;
        let mut slow = 0.0;
        for (quarter, value) in logits.iter_mut().enumerate() {
            let shock = *value * (1.0 + k * *value * *value) / tail_norm;
            slow = if quarter == 0 { shock } else { SKY.quarter_rho * slow + root * shock };
            *value = median + SKY.quarter_sd * ((slow_part * slow + fast_part * shock) / mix_norm);
        }
    }
    logits
}

/// The clear-sky index of a logit, F(u) = low + (high − low) / (1 + exp(−u)).
pub(super) fn clear_sky_index(logit: f64) -> f64 {
    SKY.low + (SKY.high - SKY.low) / (1.0 + libm::exp(-logit))
}

/// Global irradiance of a clear sky, W/m²: Haurwitz's formula times the squared distance factor of the sun.
pub(super) fn clear_sky_w_m2(cos_zenith: f64, extraterrestrial_w_m2: f64) -> f64 {
    haurwitz_w_m2(cos_zenith) * (extraterrestrial_w_m2 / SOLAR_CONSTANT_CLIMATE)
}

/// Global and diffuse irradiance of one quarter, W/m².
///
/// Erbs' fraction is taken at every height of the sun, not set to one near the horizon.
pub(super) fn radiation_w_m2(logit: f64, cos_zenith: f64, extraterrestrial_w_m2: f64, diffuse: Diffuse) -> (f64, f64) {
    if cos_zenith <= 0.0 {
        return (0.0, 0.0);
    }
    let global = clear_sky_index(logit) * clear_sky_w_m2(cos_zenith, extraterrestrial_w_m2);
    let clearness = clearness(global, cos_zenith, extraterrestrial_w_m2);
    let edge = match diffuse {
        Diffuse::Erbs => 0.0,
        Diffuse::Edge => SKY.edge_diffuse * (clearness - 0.6).max(0.0),
    };
    (global, global * (erbs_diffuse_fraction(clearness) + edge))
}

/// Normal extraterrestrial irradiance of the days of a model year, W/m²: index 0 is the day before.
///
/// A model day begins an hour before its day in UTC, so its first hour belongs to the entry before.
pub(super) fn extraterrestrial_by_day(year: i16) -> Vec<f64> {
    let of_day = |day: usize| extraterrestrial_w_m2(day as u16, SOLAR_CONSTANT_CLIMATE);
    std::iter::once(days_in(year - 1)).chain(1..=days_in(year)).map(of_day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_day_is_its_own_clear_sky_index() {
        // A logit of 0 lies half way between the lowest and the highest index.
        assert!((clear_sky_index(0.0) - f64::midpoint(SKY.low, SKY.high)).abs() < 1e-15);
        assert!(clear_sky_index(-50.0) >= SKY.low && clear_sky_index(50.0) <= SKY.high);
    }

    #[test]
    fn the_edge_term_adds_diffuse_under_bright_skies_only() {
        let outside = SOLAR_CONSTANT_CLIMATE;
        let dark = |diffuse| radiation_w_m2(-1.0, 0.5, outside, diffuse);
        let bright = |diffuse| radiation_w_m2(3.0, 0.5, outside, diffuse);
        assert_eq!(dark(Diffuse::Erbs), dark(Diffuse::Edge));
        let (global, plain) = bright(Diffuse::Erbs);
        let (_, edge) = bright(Diffuse::Edge);
        let kt = global / (outside * 0.5);
        assert!((edge - plain - global * SKY.edge_diffuse * (kt - 0.6)).abs() < 1e-9);
    }

    #[test]
    fn a_sun_on_or_below_the_horizon_gives_nothing() {
        assert_eq!(radiation_w_m2(0.0, 0.0, 1361.0, Diffuse::Erbs), (0.0, 0.0));
        assert_eq!(radiation_w_m2(0.0, -0.3, 1361.0, Diffuse::Erbs), (0.0, 0.0));
        let (global, diffuse) = radiation_w_m2(0.0, 1e-300, 1361.0, Diffuse::Erbs);
        assert!(global.is_finite() && diffuse.is_finite());
    }
}

//! How a home takes its load from the library: annual use first, then the shape of that rank, then its own habits.

use crate::random::{normal, uniforms};

use super::constants as c;
use super::{DEFAULT_SHAPES, purpose};

/// What a home takes from the library besides its scale: whose shape, and how it is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habit {
    /// The unit whose days it lives.
    pub unit: u16,
    /// Whole weeks by which the days are moved, −2 ..= 2; see [`source_day`](crate::profile::reading::source_day).
    pub weeks: i8,
    /// Quarter-hours by which each day is turned, −2 ..= 2; positive lives later.
    pub quarters: i8,
}

/// Draws the habit of a home with a given annual use.
///
/// The rank of the annual use in the **default** distribution, `r = n Φ((ln E − μ)/σ)` of n units, whatever
/// distribution the home's group has; then a unit within 10 ranks of 512 around it; then −2 ..= 2 weeks and quarters.
/// A group of small homes so gets the shapes of small homes, and the ratio of a home's annual use to its unit's stays
/// near 1 (mean 1.00, sd 0.09), so that powers stay physical. Where a home is larger or smaller than every unit, the
/// last unit is scaled: above about 10,000 kWh peaks come out high.
///
/// # Arguments
/// * `annual_kwh` – the home's annual use, kWh, positive.
/// * `shapes` – units in the library; with fewer than 512 the window is narrowed in proportion.
/// * `draws` – uniforms in (0, 1): for the rank within the window, the weeks, the quarters; the last is spare.
pub fn pick(annual_kwh: f64, shapes: usize, draws: [f64; 4]) -> Habit {
    let n = shapes as f64;
    let window = c::WINDOW_RANKS * n / DEFAULT_SHAPES as f64;
    let rank = n * normal_cdf((libm::log(annual_kwh) - c::MU_LN_KWH) / c::SIGMA_LN);
    let unit = (rank + window * (2.0 * draws[0] - 1.0)).floor().clamp(0.0, n - 1.0);
    Habit {
        unit: unit as u16,
        weeks: shift(draws[1], c::SHIFT_WEEKS_MAX),
        quarters: shift(draws[2], c::SHIFT_QUARTERS_MAX),
    }
}

/// A whole number in `-most ..= most`, each as likely.
fn shift(u: f64, most: i8) -> i8 {
    (u * f64::from(2 * most + 1)).floor() as i8 - most
}

/// A home that draws from the library.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Home {
    /// Annual use, kWh.
    pub annual_kwh: f64,
    /// What it takes from the library.
    pub habit: Habit,
}

/// The first `count` homes of the default population: annual use lognormal with mean 2,952 kWh, median 2,566 kWh.
///
/// These are the homes that the model's figures are measured on. Homes of a scenario have draws of their own.
pub fn default_homes(seed: u64, count: u32) -> Vec<Home> {
    (0..count)
        .map(|home| {
            let u = uniforms(seed, [purpose::PICK, home, 0, 0]);
            let v = uniforms(seed, [purpose::PICK, home, 0, 1]);
            let annual_kwh = libm::exp(c::MU_LN_KWH + c::SIGMA_LN * normal(u[0], u[1]));
            Home { annual_kwh, habit: pick(annual_kwh, DEFAULT_SHAPES, [u[2], u[3], v[0], v[1]]) }
        })
        .collect()
}

/// The distribution function of the normal distribution.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_home_takes_a_unit_near_the_middle() {
        let median = libm::exp(7.85);
        assert_eq!(pick(median, 512, [0.5; 4]), Habit { unit: 256, weeks: 0, quarters: 0 });
        assert_eq!(pick(median, 512, [1e-9, 1e-9, 1e-9, 0.5]), Habit { unit: 246, weeks: -2, quarters: -2 });
        let most = 1.0 - 1e-9;
        assert_eq!(pick(median, 512, [most, most, most, 0.5]), Habit { unit: 265, weeks: 2, quarters: 2 });
    }

    #[test]
    fn homes_beyond_every_unit_take_the_last() {
        assert_eq!(pick(1.0, 512, [0.0; 4]).unit, 0);
        assert_eq!(pick(1e6, 512, [0.9; 4]).unit, 511);
        assert_eq!(pick(1e6, 1, [0.9; 4]).unit, 0);
    }

    #[test]
    fn a_small_library_is_drawn_from_by_the_same_share() {
        // An eighth of the units, an eighth of the ranks: 1.25 either way of 32.
        let median = libm::exp(7.85);
        assert_eq!(pick(median, 64, [1e-9, 0.5, 0.5, 0.5]).unit, 30);
        assert_eq!(pick(median, 64, [1.0 - 1e-9, 0.5, 0.5, 0.5]).unit, 33);
    }

    #[test]
    fn every_shift_is_as_likely() {
        let mut counts = [0; 5];
        for home in 0..5_000 {
            let u = uniforms(11, [purpose::PICK, home, 0, 0]);
            counts[(shift(u[3], 2) + 2) as usize] += 1;
        }
        // 1,000 each; four standard deviations of a count are 113.
        assert!(counts.iter().all(|count| (*count - 1_000_i32).abs() < 113), "{counts:?}");
    }
}

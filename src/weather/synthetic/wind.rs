//! The wind of a model year: the square of a Gaussian that is made of two leaky integrators of one noise.

use super::constants::WIND;
use super::diurnal::Diurnal;
use super::draws::{Draws, Leaky, Purpose};
use super::model_year::days_in;
use super::month_line::MonthLine;
use super::noon_line::NoonLine;
use super::sky::DaySky;

/// The variance of the clearness between noons is this part of a day's, on average.
const NOON_LINE_VARIANCE: f64 = 0.77;

/// Wind at 10 m of every quarter, m/s, and the slow integrator that temperature follows too.
pub(super) fn quarters(seed: u64, year: i16, days: &[DaySky]) -> (Vec<f64>, Vec<f64>) {
    let draws = Draws { seed, purpose: Purpose::Wind, year };
    let rho_slow = libm::exp(-0.25 / WIND.tau_slow_h);
    let rho_fast = libm::exp(-0.25 / WIND.tau_fast_h);
    let (mut slow, mut fast) = (Leaky::new(rho_slow), Leaky::new(rho_fast));
    slow.spin_up(draws, 96);
    fast.spin_up(draws, 96);

    let (p, r) = (WIND.slow, 1.0 - WIND.slow);
    let correlation = ((1.0 - rho_slow * rho_slow) * (1.0 - rho_fast * rho_fast)).sqrt() / (1.0 - rho_slow * rho_fast);
    let mix_norm = (p * p + r * r + 2.0 * p * r * correlation).sqrt();
    let calm_norm = (1.0 + NOON_LINE_VARIANCE * WIND.sun * WIND.sun).sqrt();
    let middle = (1.0 - WIND.spread * WIND.spread).sqrt();
    let diurnal = Diurnal::new(&WIND.wave, &WIND.wave_season);

    let n = days_in(year);
    let mut speeds = vec![0.0; n * 96];
    let mut slows = Vec::with_capacity(n * 96);
    for (day, speeds) in speeds.chunks_exact_mut(96).enumerate() {
        draws.fill(day * 96, speeds);
        let clearness = NoonLine::of(days, day, |sky| sky.clearness);
        let level = MonthLine::at(day, n).of(&WIND.knots);
        let wave = diurnal.on(day);
        for (quarter, value) in speeds.iter_mut().enumerate() {
            let noise = *value;
            let (x_slow, x_fast) = (slow.step(noise), fast.step(noise));
            let mixed = (p * x_slow + r * x_fast) / mix_norm;
            let gaussian = (mixed - WIND.sun * clearness.at(quarter)) / calm_norm;
            let root = (middle + WIND.spread * gaussian).max(0.0);
            *value = level * (1.0 + wave.at(quarter)) * (root * root);
            slows.push(x_slow);
        }
    }
    (speeds, slows)
}

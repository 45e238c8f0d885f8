//! A day-ahead price that belongs to the weather of the run, from a seed and no file: the level and shape of the
//! Netherlands in 2023, low when sun and wind are strong.
//!
//! Per hour (of UTC), in EUR/MWh, with e the draws of the synthetic climate and L(ρ) its leaky integrator:
//!
//! - V: mean wind of the 25 hours centred on the hour (fewer at the ends of the model year and of the run).
//! - Q(t): L(0.85) over days, on straight lines between mid-days; R: L(0.8) over hours.
//! - x = hour(clock) + day(Monday–Friday, Saturday, Sunday) − 155 GHI/1000 − 14.4 min(V, 8) + 32 Q + 17 R
//! - price = x, but −1.9 (e^(−x/19.5) − 1) below 0 and x + (x − 180)²/48 above 180; within −500 and 4000.
//!
//! Only hourly means of sun and wind enter, so any weather can be priced, and a price is the same at every step. Draws
//! are a pure function of (seed, purpose, model year, index) as those of [`crate::weather::synthetic`]. Clock and
//! weekday are those of the run's place. Holidays, fuels and quarter-hours are not modelled.
//!
//! `docs/models/prices.md` has the constants, what the model reaches and where it is weak.

mod constants;

use std::ops::Range;

use super::KWH_PER_MWH;
use crate::calendar::{Calendar, Day};
use crate::weather::Weather;
use crate::weather::synthetic::draws::{Draws, Leaky, Purpose};
use crate::weather::synthetic::model_year;
use constants::PRICE;

/// Hours before and after an hour whose wind counts for its price.
const WIND_REACH: usize = 12;

const HOUR_S: i64 = 3600;

/// Prices the weather of a run.
///
/// # Arguments
/// * `seed` – same seed and weather, same price.
/// * `calendar` – the axis.
/// * `weather` – synthetic or measured, on the steps of `calendar`.
///
/// Returns the price of each step, `[steps]`, EUR/kWh; the steps of an hour have the same.
pub fn prices_eur_per_kwh(seed: u64, calendar: &Calendar, weather: &Weather) -> Vec<f64> {
    let hours = Hours::of(calendar);
    let mut prices = vec![0.0; calendar.steps()];
    for (hour, eur_per_mwh) in hourly_eur_per_mwh(seed, calendar, weather, &hours).into_iter().enumerate() {
        prices[hours.steps(hour)].fill(eur_per_mwh / KWH_PER_MWH);
    }
    prices
}

/// The hours of UTC that a run touches; a step belongs to the hour in which it begins.
#[derive(Debug)]
pub(super) struct Hours {
    /// The start of the first, seconds since 1970-01-01T00:00Z.
    start_s: i64,
    /// The first step of each hour, and the end of the run.
    first_steps: Vec<usize>,
}

impl Hours {
    pub(super) fn of(calendar: &Calendar) -> Hours {
        let (from_s, step_s) = (calendar.start_s(0), calendar.step_s());
        let last_s = calendar.steps().checked_sub(1).map_or(i64::MIN, |last| calendar.start_s(last));
        let start_s = from_s.div_euclid(HOUR_S) * HOUR_S;
        // The first step that begins in the hour or later.
        let first_step = |hour_s: i64| ((hour_s - from_s).max(0) as usize).div_ceil(step_s as usize);
        let mut first_steps: Vec<usize> = (start_s..=last_s).step_by(HOUR_S as usize).map(first_step).collect();
        first_steps.push(calendar.steps());
        Hours { start_s, first_steps }
    }

    fn count(&self) -> usize {
        self.first_steps.len() - 1
    }

    /// The steps that begin in an hour.
    pub(super) fn steps(&self, hour: usize) -> Range<usize> {
        self.first_steps[hour]..self.first_steps[hour + 1]
    }

    /// The mean over each hour of a quantity of the steps.
    pub(super) fn means(&self, of_steps: &[f64]) -> Vec<f64> {
        let mean = |steps: &[f64]| steps.iter().sum::<f64>() / steps.len() as f64;
        (0..self.count()).map(|hour| mean(&of_steps[self.steps(hour)])).collect()
    }

    /// The hours whose first step lies within a range of steps.
    pub(super) fn within(&self, steps: &Range<usize>) -> Range<usize> {
        let hour = |step: usize| self.first_steps[..self.count()].partition_point(|&first| first < step);
        hour(steps.start)..hour(steps.end)
    }

    /// Where the hours of a model year lie among these, and the index in the year of the first of them.
    fn of_model_year(&self, year: i16) -> (Range<usize>, usize) {
        let since_start = |instant_s: i64| (instant_s - self.start_s).div_euclid(HOUR_S);
        let hour = |hours: i64| usize::try_from(hours).unwrap_or(0).min(self.count());
        let begin = since_start(model_year::start_s(year));
        let hours = hour(begin)..hour(since_start(model_year::start_s(year + 1)));
        let index = usize::try_from(-begin).unwrap_or(0);
        (hours, index)
    }
}

/// The price of each hour, EUR/MWh.
fn hourly_eur_per_mwh(seed: u64, calendar: &Calendar, weather: &Weather, hours: &Hours) -> Vec<f64> {
    let mut prices = Vec::with_capacity(hours.count());
    if calendar.steps() == 0 {
        return prices;
    }
    let ghi_w_m2 = hours.means(&weather.ghi_w_m2);
    let wind_m_s = hours.means(&weather.wind_m_s);
    let clock = clock_eur(calendar, hours);
    let last_s = calendar.start_s(calendar.steps() - 1);
    for year in model_year::year_at(hours.start_s)..=model_year::year_at(last_s) {
        let (of_year, index) = hours.of_model_year(year);
        let winds = winds_of_days(&wind_m_s[of_year.clone()]);
        let level = level(seed, year);
        let noise = noise(seed, year, index + of_year.len());
        for ((hour, wind), index) in of_year.zip(winds).zip(index..) {
            let sun = PRICE.sun_eur_per_kw_m2 * ghi_w_m2[hour] / 1000.0;
            let wind = PRICE.wind_eur_per_m_s * wind.min(PRICE.wind_full_m_s);
            let level = PRICE.level_sd_eur * between_mid_days(&level, index);
            prices.push(bend(clock[hour] - sun - wind + level + PRICE.noise_sd_eur * noise[index]));
        }
    }
    prices
}

/// What clock and weekday give each hour, EUR/MWh.
fn clock_eur(calendar: &Calendar, hours: &Hours) -> Vec<f64> {
    let mut days = calendar.days();
    let by_hour = (0..hours.count()).map(|hour| {
        let first = hours.first_steps[hour];
        while days.first().is_some_and(|day| day.range().end <= first) {
            days = &days[1..];
        }
        let kind = days.first().map_or(0, kind_of_day);
        PRICE.hour_eur[usize::from(calendar.local_minute(first)) / 60] + PRICE.day_eur[kind]
    });
    by_hour.collect()
}

/// 0 for Monday to Friday, 1 for Saturday, 2 for Sunday.
fn kind_of_day(day: &Day) -> usize {
    usize::from(day.weekday.saturating_sub(4))
}

/// The mean wind of the hours around each hour, m/s: 25, fewer at the ends.
fn winds_of_days(wind_m_s: &[f64]) -> Vec<f64> {
    let mut sums = Vec::with_capacity(wind_m_s.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for wind in wind_m_s {
        sum += wind;
        sums.push(sum);
    }
    let mean = |hour: usize| {
        let (from, to) = (hour.saturating_sub(WIND_REACH), (hour + WIND_REACH + 1).min(wind_m_s.len()));
        (sums[to] - sums[from]) / (to - from) as f64
    };
    (0..wind_m_s.len()).map(mean).collect()
}

/// The level of each day of a model year, from the day before the year to the day after it.
fn level(seed: u64, year: i16) -> Vec<f64> {
    let draws = Draws { seed, purpose: Purpose::PriceDay, year };
    let mut level = Leaky::new(PRICE.level_rho);
    level.spin_up(draws, 1);
    let mut levels = vec![0.0; model_year::days_in(year) + 2];
    levels[0] = level.value();
    let after = levels.len() - 1;
    draws.fill(0, &mut levels[1..after]);
    levels[after] = Draws { year: year + 1, ..draws }.at(0);
    for value in &mut levels[1..] {
        *value = level.step(*value);
    }
    levels
}

/// The straight lines between the middles of days, at the middle of hour `index` of the year; `days[0]` is the day before.
fn between_mid_days(days: &[f64], index: usize) -> f64 {
    // From the middle of the day before the year, in half hours.
    let since = index * 2 + 1 + 24;
    let (day, part) = (since / 48, (since % 48) as f64 / 48.0);
    days[day] + (days[day + 1] - days[day]) * part
}

/// The noise of the first `count` hours of a model year.
fn noise(seed: u64, year: i16, count: usize) -> Vec<f64> {
    let draws = Draws { seed, purpose: Purpose::PriceHour, year };
    let mut noise = Leaky::new(PRICE.noise_rho);
    noise.spin_up(draws, 24);
    let mut values = vec![0.0; count];
    draws.fill(0, &mut values);
    for value in &mut values {
        *value = noise.step(*value);
    }
    values
}

/// Merit order: straight in the middle, flat and then deep below zero, steep above; EUR/MWh.
fn bend(x: f64) -> f64 {
    let over = x - PRICE.spike_start_eur;
    let bent = if x < 0.0 {
        -PRICE.negative_eur * (libm::exp(-x / PRICE.negative_scale_eur) - 1.0)
    } else if over > 0.0 {
        x + over * over / PRICE.spike_scale_eur
    } else {
        x
    };
    bent.clamp(PRICE.limits_eur[0], PRICE.limits_eur[1])
}

#[cfg(test)]
mod tests;

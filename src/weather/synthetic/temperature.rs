//! The air temperature of a model year: a monthly line, a wave that clear days make higher, and slow residuals that
//! follow sun and wind.

use super::constants::TEMPERATURE;
use super::diurnal::{Diurnal, season};
use super::draws::{Draws, Leaky, Purpose};
use super::model_year::days_in;
use super::month_line::MonthLine;
use super::noon_line::NoonLine;
use super::sky::DaySky;

/// Air temperature of every quarter, °C; `slow_wind` is what [`super::wind::quarters`] returns.
pub(super) fn quarters(seed: u64, year: i16, days: &[DaySky], slow_wind: &[f64]) -> Vec<f64> {
    let c = &TEMPERATURE;
    let draws = Draws { seed, purpose: Purpose::Air, year };
    let mut air = Leaky::new(libm::exp(-0.25 / c.tau_h));
    air.spin_up(draws, 96);
    let warmth = Warmth::of(seed, year);
    let diurnal = Diurnal::new(&c.wave, &c.wave_season);

    let n = days_in(year);
    let mut temperatures = vec![0.0; n * 96];
    for (day, (temperatures, slow_wind)) in
        temperatures.chunks_exact_mut(96).zip(slow_wind.chunks_exact(96)).enumerate()
    {
        draws.fill(day * 96, temperatures);
        let clearness = NoonLine::of(days, day, |sky| sky.clearness);
        let index = NoonLine::of(days, day, |sky| sky.index);
        let level = MonthLine::at(day, n).of(&c.knots);
        let wave = diurnal.on(day);
        let (sun, wind) = (c.sun + c.sun_season * season(day), c.wind + c.wind_season * season(day));
        for (quarter, (value, slow_wind)) in temperatures.iter_mut().zip(slow_wind).enumerate() {
            let index = index.at(quarter);
            *value = level
                + (c.swing_base + index * index) * wave.at(quarter)
                + c.sd * air.step(*value)
                + c.year_sd * warmth.at(day as f64 + (quarter as f64 + 0.5) / 96.0)
                + sun * clearness.at(quarter)
                + wind * slow_wind;
        }
    }
    temperatures
}

/// The warmth of the years: a straight line between one draw per year, placed at mid-year.
struct Warmth {
    draws: [f64; 3],
    half: f64,
    days_before: f64,
    days: f64,
}

impl Warmth {
    fn of(seed: u64, year: i16) -> Warmth {
        let draws = [year - 1, year, year + 1].map(|year| Draws { seed, purpose: Purpose::Year, year }.at(1));
        let days = days_in(year) as f64;
        Warmth { draws, half: days * 0.5, days_before: days_in(year - 1) as f64, days }
    }

    /// The warmth at `time` days after the start of the year, standard deviations.
    fn at(&self, time: f64) -> f64 {
        let [before, now, after] = self.draws;
        if time < self.half {
            now + (now - before) * ((time - self.half) / self.days_before)
        } else {
            now + (after - now) * ((time - self.half) / self.days)
        }
    }
}

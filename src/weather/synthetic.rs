//! Synthetic weather with the climate of De Bilt: sun, temperature and wind of any year, from a seed and no file.
//!
//! The model lives in years of standard time (UTC + 1 h), in quarter-hours. Symbols: d day, q quarter of the day,
//! `line(x)` the straight line through twelve mid-month knots, c = cos(2π (d + ½ − 172) / 365.25) the season,
//! w·wave the wave of the day in UTC hours, L(ρ) the leaky integrator x ← ρ x + √(1 − ρ²) e of the draws e.
//!
//! - *Day*: clearness g = √(1 − s²) L(ρ) + s Y, with Y the year's sunniness.
//! - *Sky*: u = line(sky) + σ g + σ′ x with x an ARMA(1,1) residual that restarts at midnight;
//!   GHI = F(u) · clear sky, F(u) = low + (high − low) / (1 + e⁻ᵘ). So broken days swing, clear and dark ones do not.
//! - *Diffuse*: Erbs on the quarter's kt = GHI / (extraterrestrial · max(sin height, 0.065)).
//! - *Wind*: line(wind) · (1 + wave) · max(0, √(1 − b²) + b z)², z of two leaky integrators of one noise, less g(t).
//! - *Temperature*: line(T) + (base + K(t)²) wave + σ L + year's warmth + (α + β c) g(t) + (γ + δ c) x₁, with K = F of
//!   the day and x₁ the slow integrator of the wind; g(t) and K(t) are straight lines between noons.
//!
//! Every other step is derived from the quarters, so hourly means are the same at every step. Every draw is a pure
//! function of (seed, purpose, year, index); the integrators start 40 days before the year with its draws, so a year
//! needs no other year and yet consecutive years join. `docs/models/synthetic-weather.md` has the full model, how it
//! was fitted, what it reaches and where it is weak.
//!
//! The price of electricity that belongs to this weather is made in [`crate::market::synthetic`].

mod constants;
mod diurnal;
pub(crate) mod draws;
pub(crate) mod model_year;
mod month_line;
mod noon_line;
mod sky;
mod steps;
mod temperature;
mod wind;

use crate::calendar::Calendar;
use crate::weather::sun::Site;
use crate::weather::{Weather, beam_w_m2};
use steps::SunOver;

/// How global irradiance is split into beam and diffuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Diffuse {
    /// Erbs et al. (1982).
    #[default]
    Erbs,
    /// Erbs plus a term that grows under bright broken skies, 0.45 · max(0, kt − 0.6): nearer to 15-minute measurements.
    Edge,
}

/// Weather of one model year at one step, each value the mean over its step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Global irradiance on the horizontal, W/m².
    pub ghi_w_m2: Vec<f64>,
    /// Diffuse irradiance on the horizontal, W/m².
    pub dhi_w_m2: Vec<f64>,
    /// Air temperature, °C.
    pub temperature_c: Vec<f64>,
    /// Wind speed at 10 m, m/s.
    pub wind_m_s: Vec<f64>,
}

/// One model year in quarter-hours: what the model makes; all else is derived from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Quarters {
    /// The weather, `[days × 96]`.
    pub series: Series,
    /// The logit of the clear-sky index, `[days × 96]`.
    pub u: Vec<f64>,
    /// Cosine of the sun's zenith angle at the middle of each quarter, `[days × 96]`.
    pub cos_zenith: Vec<f64>,
    seed: u64,
    year: i16,
    site: Site,
}

/// Makes the weather of one model year (standard time, UTC + 1 h) in quarter-hours.
///
/// # Arguments
/// * `seed`, `year` – the draws depend on both; the same pair always gives the same year.
/// * `site` – where the sun is seen from. The climate stays that of De Bilt.
/// * `diffuse` – how the diffuse part is split off.
pub fn year(seed: u64, year: i16, site: Site, diffuse: Diffuse) -> Quarters {
    let sun = SunOver::new(model_year::start_s(year), model_year::start_s(year + 1), site);
    quarters(seed, year, site, diffuse, &sun)
}

fn quarters(seed: u64, year: i16, site: Site, diffuse: Diffuse, sun: &SunOver) -> Quarters {
    let cos_zenith = sun.cos_zeniths(model_year::start_s(year), 900, model_year::days_in(year) * 96);
    let extraterrestrial = sky::extraterrestrial_by_day(year);
    let days = sky::days(seed, year);
    let u = sky::quarters(seed, year, &days);
    let (ghi_w_m2, dhi_w_m2) = u
        .iter()
        .zip(&cos_zenith)
        .enumerate()
        .map(|(quarter, (&logit, &cos_zenith))| {
            let extraterrestrial = extraterrestrial[steps::utc_day(quarter, 96)];
            sky::radiation_w_m2(logit, cos_zenith, extraterrestrial, diffuse)
        })
        .unzip();
    let (wind_m_s, slow_wind) = wind::quarters(seed, year, &days);
    let temperature_c = temperature::quarters(seed, year, &days, &slow_wind);
    Quarters { series: Series { ghi_w_m2, dhi_w_m2, temperature_c, wind_m_s }, u, cos_zenith, seed, year, site }
}

/// Fills a run's axis with synthetic weather.
///
/// Each step takes its values from the model year of standard time that holds it; an axis may touch several. A local
/// year of Amsterdam is exactly one model year. Beam irradiance uses the sun at the middle of the step
/// ([`beam_w_m2`]).
///
/// In a time zone whose offset is no multiple of a quarter of an hour, values are those of the quarters (five minutes,
/// for steps under 15) that begin within the step.
///
/// # Arguments
/// * `seed` – same seed, same weather, whatever else the scenario holds.
/// * `calendar` – the axis.
/// * `site` – where the sun is seen from. The climate stays that of De Bilt ([`crate::weather::DE_BILT`]).
pub fn weather(seed: u64, calendar: &Calendar, site: Site) -> Weather {
    let steps = calendar.steps();
    let mut weather = Weather::zeros(steps);
    if steps == 0 {
        return weather;
    }
    let (start_s, end_s, step_s) = (calendar.start_s(0), calendar.start_s(steps), calendar.step_s());
    let (first, last) = (model_year::year_at(start_s), model_year::year_at(end_s - 1));
    let sun = SunOver::new(model_year::start_s(first), model_year::start_s(last + 1), site);

    let base_s: i64 = if step_s < 900 { 300 } else { 900 };
    // Where a step is one step of the model, so is its sun.
    let mut cos_zenith = if step_s == base_s { vec![0.0; steps] } else { sun.cos_zeniths(start_s, step_s, steps) };
    let part = base_s as f64 / step_s as f64;
    for model_year in first..=last {
        let quarters = quarters(seed, model_year, site, Diffuse::Erbs, &sun);
        let (series, base_cos_zenith) =
            if base_s == 300 { quarters.five_minutes(&sun) } else { (quarters.series, quarters.cos_zenith) };
        let begin_s = model_year::start_s(model_year) - start_s;
        let offsets_s = (begin_s..).step_by(base_s as usize);
        for ((index, &base_cos_zenith), offset_s) in base_cos_zenith.iter().enumerate().zip(offsets_s) {
            let step = offset_s.div_euclid(step_s);
            let Some(step) = usize::try_from(step).ok().filter(|&step| step < steps) else { continue };
            weather.ghi_w_m2[step] += series.ghi_w_m2[index] * part;
            weather.dhi_w_m2[step] += series.dhi_w_m2[index] * part;
            weather.temperature_c[step] += series.temperature_c[index] * part;
            weather.wind_m_s[step] += series.wind_m_s[index] * part;
            if step_s == base_s {
                cos_zenith[step] = base_cos_zenith;
            }
        }
    }
    for (step, &cos_zenith) in cos_zenith.iter().enumerate() {
        weather.dni_w_m2[step] = beam_w_m2(weather.ghi_w_m2[step], weather.dhi_w_m2[step], cos_zenith);
    }
    weather
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;
    use jiff::civil::{Date, date};
    use jiff::tz::TimeZone;
    use rstest::rstest;

    use super::*;
    use crate::calendar::{Country, STEP_MINUTES};
    use crate::weather::DE_BILT;

    /// Nine decimals are published where the sun plays no part.
    const PUBLISHED: f64 = 5e-10;

    /// Six decimals of W/m² are published; the sun's position differs by up to 1e-5° from the one they were made with,
    /// which moves radiation by a few 1e-9 of its value: within two units of the last digit.
    const PUBLISHED_SUN_W_M2: f64 = 2e-6;

    /// Sums and means of a few W/m², °C or m/s in another order.
    const ROUNDING: f64 = 1e-9;

    fn calendar(zone: &str, start: Date, years: usize, step_minutes: u32) -> Calendar {
        Calendar::new(start, years, step_minutes, &TimeZone::get(zone).unwrap(), Country::Nl).unwrap()
    }

    fn dutch(start: Date, years: usize, step_minutes: u32) -> Calendar {
        calendar("Europe/Amsterdam", start, years, step_minutes)
    }

    fn columns(weather: &Weather) -> [&Vec<f64>; 5] {
        [&weather.ghi_w_m2, &weather.dni_w_m2, &weather.dhi_w_m2, &weather.temperature_c, &weather.wind_m_s]
    }

    #[rstest]
    #[case(0, 46, [-3.078_509_724, 17.307_705, 17.226_025, 3.778_722_064, 5.570_272_342])]
    #[case(171, 46, [0.659_995_208, 615.703_183, 344.233_918, 23.984_532_793, 3.577_742_722])]
    #[case(171, 60, [0.528_756_507, 523.146_014, 324.327_733, 23.134_836_896, 4.151_209_288])]
    #[case(264, 36, [-0.975_382_482, 118.225_278, 115.784_965, 13.730_464_271, 2.242_930_285])]
    fn a_quarter_equals_the_published_one(#[case] day: usize, #[case] quarter: usize, #[case] published: [f64; 5]) {
        let year = year(1, 2023, DE_BILT, Diffuse::Erbs);
        let (index, series) = (day * 96 + quarter, &year.series);
        let [u, ghi, dhi, temperature, wind] = published;
        assert_abs_diff_eq!(year.u[index], u, epsilon = PUBLISHED);
        assert_abs_diff_eq!(series.ghi_w_m2[index], ghi, epsilon = PUBLISHED_SUN_W_M2);
        assert_abs_diff_eq!(series.dhi_w_m2[index], dhi, epsilon = PUBLISHED_SUN_W_M2);
        assert_abs_diff_eq!(series.temperature_c[index], temperature, epsilon = PUBLISHED);
        assert_abs_diff_eq!(series.wind_m_s[index], wind, epsilon = PUBLISHED);
    }

    #[test]
    fn a_year_equals_the_published_one() {
        let Series { ghi_w_m2, dhi_w_m2, temperature_c, wind_m_s } = year(1, 2023, DE_BILT, Diffuse::Erbs).series;
        let sum = |column: Vec<f64>| column.into_iter().sum::<f64>();
        // As many decimals as are published.
        assert_abs_diff_eq!(sum(ghi_w_m2) / 4000.0, 1172.0978, epsilon = 5e-5);
        assert_abs_diff_eq!(sum(dhi_w_m2) / 4000.0, 537.9347, epsilon = 5e-5);
        assert_abs_diff_eq!(sum(temperature_c) / 35_040.0, 10.981_484, epsilon = 5e-7);
        assert_abs_diff_eq!(sum(wind_m_s) / 35_040.0, 3.467_803, epsilon = 5e-7);
    }

    #[test]
    fn hourly_means_are_the_same_at_every_step() {
        let year = year(1, 2024, DE_BILT, Diffuse::Erbs);
        let hours = year.at_step(60);
        assert_eq!(hours.ghi_w_m2.len(), 8784, "a leap year");
        for minutes in STEP_MINUTES {
            let series = year.at_step(minutes);
            for (fine, hour) in [
                (&series.ghi_w_m2, &hours.ghi_w_m2),
                (&series.dhi_w_m2, &hours.dhi_w_m2),
                (&series.temperature_c, &hours.temperature_c),
                (&series.wind_m_s, &hours.wind_m_s),
            ] {
                let per_hour = 60 / minutes as usize;
                assert_eq!(fine.len(), hour.len() * per_hour);
                for (fine, hour) in fine.chunks_exact(per_hour).zip(hour) {
                    assert_abs_diff_eq!(fine.iter().sum::<f64>() / per_hour as f64, hour, epsilon = ROUNDING);
                }
            }
            assert!(series.wind_m_s.iter().all(|&wind| wind >= 0.0), "at {minutes} min");
            assert!(series.ghi_w_m2.iter().zip(&series.dhi_w_m2).all(|(ghi, dhi)| 0.0 <= *dhi && dhi <= ghi));
        }
    }

    #[test]
    fn a_run_has_the_same_energy_at_every_step() {
        let kwh = |minutes: u32| {
            let calendar = dutch(date(2027, 1, 1), 1, minutes);
            let weather = weather(5, &calendar, DE_BILT);
            columns(&weather).map(|column| column.iter().sum::<f64>() * calendar.step_h() / 1000.0)
        };
        let quarters = kwh(15);
        for minutes in STEP_MINUTES {
            let [ghi, dni, dhi, temperature, wind] = kwh(minutes);
            for (value, quarter) in
                [(ghi, quarters[0]), (dhi, quarters[2]), (temperature, quarters[3]), (wind, quarters[4])]
            {
                assert_abs_diff_eq!(value, quarter, epsilon = ROUNDING);
            }
            // Beam divides by the sun at the middle of the step, which is not its mean: 1.3 % at an hour.
            assert_abs_diff_eq!(dni, quarters[1], epsilon = 0.02 * quarters[1]);
        }
    }

    #[test]
    fn a_step_is_closed_by_its_beam_and_diffuse_but_for_a_sun_on_the_horizon() {
        for minutes in STEP_MINUTES {
            let calendar = dutch(date(2027, 1, 1), 1, minutes);
            let weather = weather(2, &calendar, DE_BILT);
            let sun = SunOver::new(calendar.start_s(0), calendar.start_s(calendar.steps()), DE_BILT);
            let (mut lost, mut all) = (0.0, 0.0);
            for step in 0..calendar.steps() {
                let cos_zenith = sun.cos_zenith(calendar.middle_s(step));
                let beam = weather.ghi_w_m2[step] - weather.dhi_w_m2[step];
                lost += beam - weather.dni_w_m2[step] * cos_zenith.max(0.0);
                all += weather.ghi_w_m2[step];
                assert!(weather.dni_w_m2[step] < 1050.0, "{} W/m² of beam", weather.dni_w_m2[step]);
            }
            // As the documentation of the beam promises.
            assert!((0.0..1e-3).contains(&(lost / all)), "{minutes} min: {} of the energy", lost / all);
        }
    }

    #[test]
    fn a_local_year_of_amsterdam_is_one_model_year() {
        let run = weather(3, &dutch(date(2028, 1, 1), 1, 15), DE_BILT);
        let model = year(3, 2028, DE_BILT, Diffuse::Erbs).series;
        assert_eq!(run.ghi_w_m2, model.ghi_w_m2);
        assert_eq!(run.dhi_w_m2, model.dhi_w_m2);
        assert_eq!(run.temperature_c, model.temperature_c);
        assert_eq!(run.wind_m_s, model.wind_m_s);
    }

    #[test]
    fn a_year_is_the_same_whether_its_neighbours_are_simulated_or_not() {
        let three = weather(8, &dutch(date(2026, 1, 1), 3, 30), DE_BILT);
        let one = weather(8, &dutch(date(2027, 1, 1), 1, 30), DE_BILT);
        for (three, one) in columns(&three).into_iter().zip(columns(&one)) {
            assert_eq!(three[17_520..35_040], one[..]);
        }
    }

    #[test]
    fn a_run_from_july_takes_the_halves_of_two_model_years() {
        let calendar = dutch(date(2026, 7, 15), 1, 60);
        let run = weather(4, &calendar, DE_BILT);
        let [before, after] = [2026, 2027].map(|y| year(4, y, DE_BILT, Diffuse::Erbs).at_step(60));
        // 15 July is day 195, and summer time begins it an hour earlier.
        let offset = 195 * 24 - 1;
        assert_eq!(run.temperature_c[..8760 - offset], before.temperature_c[offset..]);
        assert_eq!(run.temperature_c[8760 - offset..], after.temperature_c[..offset]);
        assert_eq!(run.ghi_w_m2.len(), 8760);
    }

    #[test]
    fn years_join_with_no_more_than_the_step_of_their_sunniness() {
        let mut borders = [[0.0; 2]; 30];
        let mut within = [0.0; 2];
        let mut before = year(1, 2000, DE_BILT, Diffuse::Erbs).series;
        for (border, start) in borders.iter_mut().zip(2001..) {
            let after = year(1, start, DE_BILT, Diffuse::Erbs).series;
            for (i, (before, after)) in
                [(&before.temperature_c, &after.temperature_c), (&before.wind_m_s, &after.wind_m_s)]
                    .into_iter()
                    .enumerate()
            {
                border[i] = after[0] - before[before.len() - 1];
                within[i] += after[..96].windows(2).map(|p| (p[1] - p[0]) * (p[1] - p[0])).sum::<f64>() / 95.0;
            }
            before = after;
        }
        let sd = |i: usize| (borders.iter().map(|border| border[i] * border[i]).sum::<f64>() / 30.0).sqrt();
        let usual = within.map(|squares| (squares / 30.0).sqrt());
        // From quarter to quarter on New Year's Day: 0.37 K and 0.67 m/s. At the border the sunniness of the year steps,
        // which winter temperature follows: measured 0.50 K, 0.80 m/s.
        assert!(sd(0) < 1.6 * usual[0] && sd(1) < 1.4 * usual[1], "{} K, {} m/s, usual {usual:?}", sd(0), sd(1));
    }

    #[test]
    fn other_seeds_and_years_give_other_weather() {
        let base = year(1, 2027, DE_BILT, Diffuse::Erbs).series;
        for other in [year(2, 2027, DE_BILT, Diffuse::Erbs), year(1, 2026, DE_BILT, Diffuse::Erbs)] {
            assert_ne!(base.temperature_c, other.series.temperature_c);
            assert_ne!(base.wind_m_s, other.series.wind_m_s);
            assert_ne!(base.ghi_w_m2, other.series.ghi_w_m2);
        }
    }

    #[rstest]
    #[case("Australia/Adelaide", -34.9, 138.6, 30)]
    #[case("America/St_Johns", 47.6, -52.7, 60)]
    #[case("Asia/Kathmandu", 27.7, 85.3, 10)]
    #[case("Pacific/Kiritimati", 1.9, -157.4, 15)]
    #[case("Arctic/Longyearbyen", 78.2, 15.6, 5)]
    #[case("Antarctica/McMurdo", -90.0, 0.0, 60)]
    fn every_place_on_earth_has_weather(
        #[case] zone: &str,
        #[case] latitude_deg: f64,
        #[case] longitude_deg: f64,
        #[case] step_minutes: u32,
    ) {
        let calendar = calendar(zone, date(2028, 1, 1), 1, step_minutes);
        let weather = weather(1, &calendar, Site { latitude_deg, longitude_deg });
        for column in columns(&weather) {
            assert!(column.len() == calendar.steps() && column.iter().all(|value| value.is_finite()));
        }
        for radiation in [&weather.ghi_w_m2, &weather.dni_w_m2, &weather.dhi_w_m2] {
            assert!(radiation.iter().all(|&value| (0.0..1250.0).contains(&value)));
        }
        // A hole or a step counted twice would show as 0 or double.
        let level = weather.temperature_c.iter().sum::<f64>() / calendar.steps() as f64;
        assert!((8.0..14.0).contains(&level), "{level} °C");
        let changes = weather.temperature_c.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        assert!(changes.fold(0.0, f64::max) < 5.0, "no jump where years of standard time meet");
    }

    #[test]
    fn an_empty_axis_has_no_weather() {
        let calendar = dutch(date(2027, 1, 1), 0, 15);
        assert_eq!(weather(1, &calendar, DE_BILT).steps(), 0);
    }
}

//! Statistics of any weather on a run's axis, beside what was measured at De Bilt in 2011–2024.
//!
//! The clearness KT (daily) or kt (of a step) is global irradiance as part of what arrives outside the atmosphere.
//! Statistics of kt use only steps with the sun above 10°. Fifteen-minute targets are from Düsseldorf 2024. Residuals of
//! temperature are what its mean by month and hour leaves.

mod sample;
mod table;

use crate::calendar::{Calendar, Season};

use super::Weather;
use super::sun::Site;
use sample::{Sample, autocorrelation, autocorrelation_in, correlation, mean, quantile, sd, sd_of_sample};
pub use table::{Row, Tolerance};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Global irradiation of the months, kWh/m²; De Bilt 2011–2024, as all targets below where nothing else is said.
const GHI_KWH_M2: [f64; 12] = [19.9, 38.2, 81.3, 124.1, 157.2, 161.6, 159.1, 136.5, 94.5, 53.1, 25.2, 14.7];
/// Mean daily clearness of the months.
const CLEARNESS: [f64; 12] = [0.290, 0.361, 0.433, 0.483, 0.481, 0.470, 0.466, 0.471, 0.449, 0.374, 0.317, 0.264];
/// Mean temperature of the months, °C.
const TEMPERATURE_C: [f64; 12] = [4.3, 4.7, 6.8, 9.8, 13.6, 16.9, 18.3, 18.2, 15.2, 11.8, 7.5, 5.8];
/// Mean wind of the months, m/s at 10 m.
const WIND_M_S: [f64; 12] = [3.92, 4.15, 3.76, 3.46, 3.19, 3.12, 2.95, 2.82, 2.75, 3.21, 3.38, 4.00];

/// Middles of the classes of kt, each 0.1 wide, for the diffuse fraction, with what Düsseldorf measured there.
const DIFFUSE_CLASSES: [(f64, f64); 6] =
    [(0.25, 0.98), (0.35, 0.91), (0.45, 0.77), (0.55, 0.55), (0.65, 0.36), (0.75, 0.26)];

/// Winds below this count as calm, m/s, and take no part in the Weibull fit: KNMI gives tenths.
const CALM_M_S: f64 = 0.05;

/// All statistics of a weather, each beside its target if there is one.
///
/// A statistic that the data cannot give is left out: those of 15 minutes at steps that are no part of a quarter-hour
/// (10, 30, 60 min), spreads between years from a single year, clearness where the sun does not rise.
///
/// # Arguments
/// * `weather` – on the steps of `calendar`, whole years of it.
/// * `site` – for the sun. The targets stay those of De Bilt.
pub fn statistics(weather: &Weather, calendar: &Calendar, site: Site) -> Vec<Row> {
    if calendar.steps() == 0 {
        return Vec::new();
    }
    let sample = Sample::new(weather, calendar, site);
    let mut rows = sun_by_day(&sample);
    rows.extend(sun_by_hour(&sample));
    rows.extend(sun_by_quarter(&sample));
    rows.extend(temperature(&sample));
    rows.extend(wind(&sample));
    rows.retain(|row| row.value.is_finite());
    rows
}

/// Irradiation by month and year, and daily clearness.
fn sun_by_day(sample: &Sample) -> Vec<Row> {
    let mut rows = Vec::new();
    let years = sample.years as f64;
    for (month, total) in sample.by_month(&sample.day_ghi_kwh_m2).into_iter().enumerate() {
        let per_year = total.iter().sum::<f64>() / years;
        rows.push(Row::new(format!("GHI {}", MONTHS[month]), "kWh/m²", per_year).near(GHI_KWH_M2[month], 0.05));
    }
    let annual = sample.yearly_sums(&sample.day_ghi_kwh_m2);
    rows.push(Row::new("GHI year", "kWh/m²", mean(&annual)).near(1065.0, 0.03));
    rows.push(Row::new("GHI year-to-year sd", "kWh/m²", sd_of_sample(&annual)).about(58.0));

    let clearness = &sample.day_clearness;
    for (month, days) in sample.by_month(clearness).into_iter().enumerate() {
        rows.push(Row::new(format!("KT {}", MONTHS[month]), "-", mean(&days)).near(CLEARNESS[month], 0.05));
    }
    rows.push(Row::new("KT daily mean", "-", mean(clearness)).near(0.405, 0.05));
    rows.push(Row::new("KT sd", "-", sd(clearness)).near(0.187, 0.10));
    for (name, part, target) in [("KT p10", 0.1, 0.15), ("KT p50", 0.5, 0.41), ("KT p90", 0.9, 0.66)] {
        rows.push(Row::new(name, "-", quantile(clearness, part)).about(target));
    }
    rows.push(Row::new("KT lag 1 day", "-", autocorrelation(clearness, 1)).within(0.42, 0.05));
    rows
}

/// Hourly clearness.
fn sun_by_hour(sample: &Sample) -> Vec<Row> {
    let clearness = &sample.hour_clearness;
    let mut rows = vec![
        Row::new("hourly kt mean", "-", mean(clearness)).about(0.424),
        Row::new("hourly kt sd", "-", sd(clearness)).about(0.216),
    ];
    for (hours, target) in [(1, 0.85), (2, 0.74), (3, 0.65)] {
        let lag = autocorrelation_in(clearness, &sample.day_hours, hours);
        rows.push(Row::new(format!("hourly kt lag {hours} h"), "-", lag).about(target));
    }
    let share = |counts: &dyn Fn(f64) -> bool| {
        let known = clearness.iter().filter(|kt| !kt.is_nan());
        mean(&known.map(|&kt| f64::from(u8::from(counts(kt)))).collect::<Vec<f64>>())
    };
    rows.push(Row::new("hourly kt below 0.2", "-", share(&|kt| kt < 0.2)).about(0.21));
    rows.push(Row::new("hourly kt above 0.6", "-", share(&|kt| kt > 0.6)).about(0.28));
    // Measured: below 0.5 %.
    rows.push(Row::new("hourly kt above 0.8", "-", share(&|kt| kt > 0.8)).within(0.0025, 0.0025));
    rows
}

/// Clearness and the diffuse part in quarter-hours.
fn sun_by_quarter(sample: &Sample) -> Vec<Row> {
    let Some(quarters) = &sample.quarters else { return Vec::new() };
    let clearness = &quarters.clearness;
    let mut changes: Vec<f64> = Vec::new();
    for hours in &sample.day_hours {
        let day = &clearness[hours.start * 4..hours.end * 4];
        changes.extend(day.windows(2).map(|pair| (pair[1] - pair[0]).abs()).filter(|change| !change.is_nan()));
    }
    let day_quarters: Vec<_> = sample.day_hours.iter().map(|hours| hours.start * 4..hours.end * 4).collect();
    let mean_square = mean(&changes.iter().map(|change| change * change).collect::<Vec<f64>>());
    let mut rows = vec![
        Row::new("15 min kt lag 1", "-", autocorrelation_in(clearness, &day_quarters, 1)).within(0.88, 0.04),
        Row::new("15 min kt, sd of step", "-", mean_square.sqrt()).near(0.11, 0.15),
        Row::new("15 min kt, |step| p95", "-", quantile(&changes, 0.95)).about(0.25),
        Row::new("15 min kt, |step| p99", "-", quantile(&changes, 0.99)).about(0.39),
    ];

    let lit: Vec<(f64, f64, f64)> = clearness
        .iter()
        .zip(&quarters.ghi_w_m2)
        .zip(&quarters.dhi_w_m2)
        .filter(|((kt, _), _)| !kt.is_nan())
        .map(|((&kt, &ghi), &dhi)| (kt, ghi, dhi))
        .collect();
    for (middle, target) in DIFFUSE_CLASSES {
        let in_class = lit.iter().filter(|(kt, _, _)| *kt > middle - 0.05 && *kt <= middle + 0.05);
        let fractions: Vec<f64> = in_class.map(|(_, ghi, dhi)| dhi / ghi.max(1e-9)).collect();
        rows.push(Row::new(format!("diffuse fraction at kt {middle}"), "-", mean(&fractions)).within(target, 0.05));
    }
    let (ghi, dhi) = lit.iter().fold((0.0, 0.0), |sum, (_, ghi, dhi)| (sum.0 + ghi, sum.1 + dhi));
    rows.push(Row::new("diffuse share of energy", "-", dhi / ghi).about(0.57));
    rows
}

/// Temperature: means, spread, degree days, and how it goes with the sun.
fn temperature(sample: &Sample) -> Vec<Row> {
    let mut rows = Vec::new();
    let day = &sample.day_temperature_c;
    for (month, days) in sample.by_month(day).into_iter().enumerate() {
        rows.push(Row::new(format!("T {}", MONTHS[month]), "°C", mean(&days)).within(TEMPERATURE_C[month], 0.5));
    }
    let annual: Vec<f64> = sample.by_year(day).iter().map(|days| mean(days)).collect();
    rows.push(Row::new("T year", "°C", mean(day)).within(11.1, 0.5));
    rows.push(Row::new("T year-to-year sd", "K", sd_of_sample(&annual)).about(0.6));

    let residual = sample.temperature_residual_k();
    rows.push(Row::new("T hourly residual sd", "K", sd(&residual)).about(3.7));
    rows.push(Row::new("T hourly residual lag 1 h", "-", autocorrelation(&residual, 1)).about(0.979));

    let degree_days = |base: f64| sample.yearly_sums(&day.iter().map(|t| (base - t).max(0.0)).collect::<Vec<f64>>());
    let (at_18, at_15_5) = (degree_days(18.0), degree_days(15.5));
    rows.push(Row::new("degree days base 18 °C", "K d", mean(&at_18)).near(2633.0, 0.05));
    rows.push(Row::new("degree days base 18 °C, year-to-year sd", "K d", sd_of_sample(&at_18)).about(203.0));
    rows.push(Row::new("degree days base 15.5 °C", "K d", mean(&at_15_5)).near(1904.0, 0.05));
    rows.push(Row::new("degree days base 15.5 °C, year-to-year sd", "K d", sd_of_sample(&at_15_5)));

    for (name, season, target) in
        [("T against KT, Jun–Aug", Season::Summer, 0.41), ("T against KT, Dec–Feb", Season::Winter, -0.36)]
    {
        let value = correlation(&sample.in_season(day, season), &sample.in_season(&sample.day_clearness, season));
        rows.push(Row::new(name, "-", value).about(target));
    }
    let extremes = sample.yearly_extremes(&sample.hour_temperature_c);
    let (lowest, highest): (Vec<f64>, Vec<f64>) = extremes.into_iter().unzip();
    rows.push(Row::new("T yearly minimum", "°C", mean(&lowest)).about(-8.0));
    rows.push(Row::new("T yearly maximum", "°C", mean(&highest)).about(33.0));
    rows
}

/// Wind: means, distribution, memory, time of day, and how it goes with sun and temperature.
fn wind(sample: &Sample) -> Vec<Row> {
    let mut rows = Vec::new();
    let day = &sample.day_wind_m_s;
    for (month, days) in sample.by_month(day).into_iter().enumerate() {
        rows.push(Row::new(format!("wind {}", MONTHS[month]), "m/s", mean(&days)).near(WIND_M_S[month], 0.05));
    }
    let hour = &sample.hour_wind_m_s;
    // The mean of the months.
    rows.push(Row::new("wind year", "m/s", mean(hour)).near(3.39, 0.05));
    let (shape, scale) = weibull(hour);
    rows.push(Row::new("wind Weibull k", "-", shape).within(2.0, 0.15));
    rows.push(Row::new("wind Weibull c", "m/s", scale).about(3.9));
    rows.push(Row::new("wind lag 1 h", "-", autocorrelation(hour, 1)).within(0.92, 0.03));
    rows.push(Row::new("wind lag 6 h", "-", autocorrelation(hour, 6)).about(0.63));
    rows.push(Row::new("wind lag 24 h", "-", autocorrelation(hour, 24)).about(0.42));
    let clock = sample.mean_by_utc_hour(hour);
    rows.push(Row::new("wind 0–4 UTC", "m/s", mean(&clock[..5])).about(2.8));
    rows.push(Row::new("wind 12 UTC", "m/s", mean(&clock[11..13])).about(4.2));
    rows.push(Row::new("wind against KT, daily", "-", correlation(day, &sample.day_clearness)).about(-0.26));
    let winter = |values: &[f64]| sample.in_season(values, Season::Winter);
    let against_temperature = correlation(&winter(&sample.day_temperature_c), &winter(day));
    rows.push(Row::new("T against wind, Dec–Feb, daily", "-", against_temperature));
    rows
}

/// Weibull shape k and scale c of the winds that are not calm, by maximum likelihood.
///
/// k solves 1/k = Σ vᵏ ln v / Σ vᵏ − mean ln v, found by damped repetition; c = (mean vᵏ)^(1/k).
fn weibull(speeds_m_s: &[f64]) -> (f64, f64) {
    let logs: Vec<f64> = speeds_m_s.iter().filter(|&&v| v >= CALM_M_S).map(|&v| libm::log(v)).collect();
    let mean_log = mean(&logs);
    let mut shape = 2.0;
    for _ in 0..50 {
        let (power, weighted) = logs.iter().fold((0.0, 0.0), |(power, weighted), log| {
            let p = libm::exp(shape * log);
            (power + p, weighted + p * log)
        });
        shape = 0.5 * shape + 0.5 / (weighted / power - mean_log);
    }
    let power = mean(&logs.iter().map(|log| libm::exp(shape * log)).collect::<Vec<f64>>());
    (shape, libm::pow(power, 1.0 / shape))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::{TimeZone, offset};

    use super::*;
    use crate::calendar::Country;
    use crate::weather::{DE_BILT, synthetic};

    fn standard_time(years: usize, step_minutes: u32) -> Calendar {
        Calendar::new(date(2001, 1, 1), years, step_minutes, &TimeZone::fixed(offset(1)), Country::Nl).unwrap()
    }

    fn value(rows: &[Row], name: &str) -> f64 {
        rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}")).value
    }

    fn has(rows: &[Row], name: &str) -> bool {
        rows.iter().any(|row| row.name == name)
    }

    #[test]
    fn thirty_synthetic_years_meet_every_target_but_erbs_in_bright_quarters() {
        let calendar = standard_time(30, 15);
        let rows = statistics(&synthetic::weather(4, &calendar, DE_BILT), &calendar, DE_BILT);
        let missed: Vec<&str> =
            rows.iter().filter(|row| row.is_within() == Some(false)).map(|row| row.name.as_str()).collect();
        assert_eq!(missed, ["diffuse fraction at kt 0.75"]);
        assert_eq!(rows.len(), 97);
        assert_eq!(rows.iter().filter(|row| row.tolerance.is_some()).count(), 67);
    }

    #[test]
    fn the_edge_term_meets_the_diffuse_fraction_of_bright_quarters_too() {
        let calendar = standard_time(2, 15);
        let mut weather = Weather::zeros(0);
        for year in 2001..2003 {
            let series = synthetic::year(1, year, DE_BILT, synthetic::Diffuse::Edge).series;
            weather.ghi_w_m2.extend(series.ghi_w_m2);
            weather.dhi_w_m2.extend(series.dhi_w_m2);
            weather.temperature_c.extend(series.temperature_c);
            weather.wind_m_s.extend(series.wind_m_s);
        }
        let rows = statistics(&weather, &calendar, DE_BILT);
        // The reference implementation has 0.358 and 0.259 over thirty years.
        assert!((value(&rows, "diffuse fraction at kt 0.65") - 0.358).abs() < 1e-3);
        assert!((value(&rows, "diffuse fraction at kt 0.75") - 0.259).abs() < 1e-3);
        let bright = rows.iter().filter(|row| row.name.starts_with("diffuse fraction"));
        assert!(bright.into_iter().all(|row| row.is_within() == Some(true)));
    }

    #[test]
    fn steady_weather_has_the_statistics_one_can_do_by_hand() {
        let calendar = standard_time(2, 30);
        let mut weather = Weather::zeros(calendar.steps());
        weather.temperature_c.fill(10.0);
        weather.wind_m_s.fill(5.0);
        weather.ghi_w_m2.fill(100.0);
        let rows = statistics(&weather, &calendar, DE_BILT);
        let close = |name: &str, expected: f64| {
            assert!((value(&rows, name) - expected).abs() < 1e-9, "{name}: {}", value(&rows, name));
        };
        close("degree days base 18 °C", 8.0 * 365.0);
        close("degree days base 15.5 °C", 5.5 * 365.0);
        close("T yearly minimum", 10.0);
        close("T hourly residual sd", 0.0);
        close("wind year", 5.0);
        close("wind 0–4 UTC", 5.0);
        close("GHI Jan", 74.4);
        close("GHI year", 876.0);
        close("GHI year-to-year sd", 0.0);
        assert!(!has(&rows, "wind lag 1 h"), "a constant has no autocorrelation");
    }

    #[test]
    fn half_of_what_arrives_outside_is_a_clearness_of_a_half() {
        let calendar = standard_time(1, 15);
        let mut weather = Weather::zeros(calendar.steps());
        let (_, outside) = sample::sun_by_quarter(calendar.start_s(0), calendar.start_s(35_040), 35_040, DE_BILT);
        weather.ghi_w_m2 = outside.iter().map(|outside| 0.5 * outside).collect();
        weather.dhi_w_m2 = weather.ghi_w_m2.iter().map(|ghi| 0.4 * ghi).collect();
        let rows = statistics(&weather, &calendar, DE_BILT);
        for (name, expected) in [
            ("KT daily mean", 0.5),
            ("KT sd", 0.0),
            ("KT p10", 0.5),
            ("hourly kt mean", 0.5),
            ("hourly kt below 0.2", 0.0),
            ("15 min kt, sd of step", 0.0),
            ("diffuse fraction at kt 0.45", 0.4),
            ("diffuse share of energy", 0.4),
        ] {
            assert!((value(&rows, name) - expected).abs() < 1e-12, "{name}: {}", value(&rows, name));
        }
    }

    #[test]
    fn what_a_step_cannot_tell_is_left_out() {
        let at = |step_minutes| {
            let calendar = standard_time(1, step_minutes);
            statistics(&synthetic::weather(1, &calendar, DE_BILT), &calendar, DE_BILT)
        };
        let [five, ten, quarter, hour] = [5, 10, 15, 60].map(at);
        for fine in [&five, &quarter] {
            assert!(has(fine, "15 min kt lag 1") && has(fine, "diffuse fraction at kt 0.25"));
        }
        for coarse in [&ten, &hour] {
            assert!(!has(coarse, "15 min kt lag 1") && !has(coarse, "diffuse share of energy"));
        }
        assert!(!has(&quarter, "GHI year-to-year sd"), "one year has no spread between years");
        // Steps share their hourly means, so all else is the same but the temperature that stands for the full hour.
        for row in hour.iter().filter(|row| !row.name.starts_with("T ")) {
            assert!((row.value - value(&quarter, &row.name)).abs() < 1e-9, "{}", row.name);
            assert!((row.value - value(&five, &row.name)).abs() < 1e-9, "{}", row.name);
        }
        assert!((value(&hour, "T year") - value(&five, "T year")).abs() < 1e-9);
    }

    #[test]
    fn summer_time_moves_little() {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        let local = Calendar::new(date(2001, 1, 1), 3, 15, &zone, Country::Nl).unwrap();
        let standard = standard_time(3, 15);
        let [local, standard] = [local, standard]
            .map(|calendar| statistics(&synthetic::weather(2, &calendar, DE_BILT), &calendar, DE_BILT));
        assert_eq!(local.len(), standard.len());
        for (local, standard) in local.iter().zip(&standard) {
            // Days begin an hour earlier for seven months: up to 1 % of a month's mean, 0.01 of a correlation.
            let room = 0.01 * standard.value.abs().max(1.0);
            assert!((local.value - standard.value).abs() < room, "{}: {} {}", local.name, local.value, standard.value);
        }
    }

    #[test]
    fn places_without_sunrise_lose_rows_and_nothing_else() {
        let calendar = standard_time(1, 60);
        let pole = Site { latitude_deg: 90.0, longitude_deg: 0.0 };
        let rows = statistics(&synthetic::weather(1, &calendar, pole), &calendar, pole);
        assert!(has(&rows, "KT Jun") && !has(&rows, "KT Dec") && has(&rows, "T Dec"));
    }

    #[test]
    fn weibull_finds_the_shape_and_scale_of_its_own_quantiles() {
        let speeds: Vec<f64> = (0..20_000)
            .map(|i| 4.0 * libm::pow(-libm::log(1.0 - (f64::from(i) + 0.5) / 20_000.0), 1.0 / 2.2))
            .collect();
        let (shape, scale) = weibull(&speeds);
        // Leaving out what is calm (the lowest 0.007 %) and cutting into quantiles moves both by some 1e-3.
        assert!((shape - 2.2).abs() < 5e-3 && (scale - 4.0).abs() < 5e-3, "k {shape}, c {scale}");
    }
}

//! Statistics of any price on a run's axis, beside the day-ahead price of the Netherlands in 2023.
//!
//! All are of hours: a price of quarters enters with the mean of each hour. One year's figures differ much from
//! another's: the targets say what such a year looked like, not what is right.

use super::KWH_PER_MWH;
use super::synthetic::Hours;
use crate::calendar::Calendar;
use crate::weather::Weather;

/// Mean by the hour of the clock in the Netherlands in 2023, EUR/MWh.
const BY_HOUR_EUR: [f64; 24] = [
    93.0, 85.0, 81.0, 77.0, 77.0, 82.0, 98.0, 114.0, 120.0, 109.0, 94.0, 82.0, 71.0, 64.0, 65.0, 73.0, 87.0, 109.0,
    126.0, 136.0, 131.0, 118.0, 110.0, 98.0,
];

/// One statistic, with that of the Netherlands in 2023.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// Its unit; empty without one.
    pub unit: &'static str,
    /// What the price gives.
    pub value: f64,
    /// The Netherlands in 2023.
    pub target: Option<f64>,
}

/// All statistics of a price.
///
/// # Arguments
/// * `prices_eur_per_kwh` – one per step of `calendar`, whole years of it.
/// * `weather` – of the run; without it, what sun and wind earn is left out.
pub fn statistics(prices_eur_per_kwh: &[f64], calendar: &Calendar, weather: Option<&Weather>) -> Vec<Row> {
    if calendar.steps() == 0 {
        return Vec::new();
    }
    let hours = Hours::of(calendar);
    let eur: Vec<f64> = hours.means(prices_eur_per_kwh).iter().map(|price| price * KWH_PER_MWH).collect();
    let years = calendar.run_years() as f64;
    let of_years: Vec<&[f64]> =
        (0..calendar.run_years()).map(|year| &eur[hours.within(&calendar.steps_of_year(year))]).collect();
    let of_days = calendar.days().iter().map(|day| &eur[hours.within(&day.range())]);
    let spreads: Vec<f64> = of_days.filter(|day| !day.is_empty()).map(|day| highest(day) - lowest(day)).collect();
    let over_years = |value: &dyn Fn(&[f64]) -> f64| mean(&of_years.iter().map(|year| value(year)).collect::<Vec<_>>());
    let negative = eur.iter().filter(|price| **price < 0.0).count() as f64 / years;

    let mut rows = Rows(Vec::new());
    rows.add("mean", "EUR/MWh", mean(&eur), Some(95.8));
    rows.add("sd within the year", "EUR/MWh", over_years(&sd), Some(49.0));
    rows.add("daily spread", "EUR/MWh", mean(&spreads), Some(107.6));
    rows.add("negative hours a year", "", negative, Some(316.0));
    if calendar.run_years() == 1 {
        rows.add("minimum", "EUR/MWh", lowest(&eur), Some(-500.0));
        rows.add("maximum", "EUR/MWh", highest(&eur), Some(463.8));
    } else {
        let means: Vec<f64> = of_years.iter().map(|year| mean(year)).collect();
        let spread = sd(&means) * (years / (years - 1.0)).sqrt();
        rows.add("year-to-year sd of the mean", "EUR/MWh", spread, None);
        rows.add("yearly minimum, mean", "EUR/MWh", over_years(&lowest), Some(-500.0));
        rows.add("yearly maximum, mean", "EUR/MWh", over_years(&highest), Some(463.8));
    }
    let mut by_clock = vec![Vec::new(); 24];
    for (hour, price) in eur.iter().enumerate() {
        let first = hours.steps(hour).start;
        by_clock[usize::from(calendar.local_minute(first)) / 60].push(*price);
    }
    for (clock, target) in BY_HOUR_EUR.into_iter().enumerate() {
        rows.add(format!("mean {clock:02} h"), "EUR/MWh", mean(&by_clock[clock]), Some(target));
    }
    if let Some(weather) = weather {
        let ghi = hours.means(&weather.ghi_w_m2);
        rows.add("weighted by the sun, of the mean", "", weighted(&eur, &ghi) / mean(&eur), None);
        let cubes: Vec<f64> = hours.means(&weather.wind_m_s).iter().map(|wind| power_of_wind(*wind)).collect();
        rows.add("weighted by the power of the wind, of the mean", "", weighted(&eur, &cubes) / mean(&eur), None);
    }
    rows.0.retain(|row| row.value.is_finite());
    rows.0
}

struct Rows(Vec<Row>);

impl Rows {
    fn add(&mut self, name: impl Into<String>, unit: &'static str, value: f64, target: Option<f64>) {
        self.0.push(Row { name: name.into(), unit, value, target });
    }
}

/// The power of a turbine, part of its greatest: the cube of the wind at its hub, 1.9 times that at 10 m, full at 12 m/s.
fn power_of_wind(wind_m_s: f64) -> f64 {
    let part = (wind_m_s * 1.9 / 12.0).clamp(0.0, 1.0);
    part * part * part
}

fn weighted(values: &[f64], weights: &[f64]) -> f64 {
    values.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f64>() / weights.iter().sum::<f64>()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn sd(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / values.len() as f64).sqrt()
}

fn lowest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn highest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::calendar::Country;

    #[test]
    fn a_price_that_is_the_clock_has_the_statistics_of_the_clock() {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        let calendar = Calendar::new(date(2027, 1, 1), 1, 15, &zone, Country::Nl).unwrap();
        // From −5 at midnight to 18 EUR/MWh in the last hour.
        let clock = |step: usize| f64::from(calendar.local_minute(step) / 60) - 5.0;
        let prices: Vec<f64> = (0..calendar.steps()).map(|step| clock(step) / 1000.0).collect();
        let rows = statistics(&prices, &calendar, None);
        let value = |name: &str| rows.iter().find(|row| row.name == name).map(|row| row.value).unwrap();
        for (name, expected) in [
            ("minimum", -5.0),
            ("maximum", 18.0),
            ("daily spread", 23.0),
            // Five hours of each day; 02 h is left out in spring and comes twice in autumn.
            ("negative hours a year", 1825.0),
            ("mean 07 h", 2.0),
            ("mean 23 h", 18.0),
            ("mean", 6.5),
            ("sd within the year", 6.922),
        ] {
            assert!((value(name) - expected).abs() < 1e-3, "{name}: {}", value(name));
        }
    }

    #[test]
    fn what_sun_earns_is_above_the_mean_where_noon_is_dear() {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        let calendar = Calendar::new(date(2027, 1, 1), 1, 60, &zone, Country::Nl).unwrap();
        let noon = |step: usize| f64::from(u8::from(calendar.local_minute(step) == 720));
        let mut weather = Weather::zeros(calendar.steps());
        weather.ghi_w_m2 = (0..calendar.steps()).map(noon).collect();
        let prices: Vec<f64> = (0..calendar.steps()).map(|step| 0.1 + 0.1 * noon(step)).collect();
        let rows = statistics(&prices, &calendar, Some(&weather));
        let sun = rows.iter().find(|row| row.name.starts_with("weighted by the sun")).unwrap();
        assert!((sun.value - 0.2 / (0.1 + 0.1 / 24.0)).abs() < 1e-9);
        assert!(!rows.iter().any(|row| row.name.contains("wind")), "no wind, no weight");
    }
}

//! A weather brought to quarters, hours and days beside the sun, and the plain statistics of such columns.
//!
//! A value that does not exist (clearness at night) is NaN; every statistic passes over it.

use std::ops::Range;

use crate::calendar::{Calendar, Day, Season};
use crate::weather::Weather;
use crate::weather::irradiance::{SOLAR_CONSTANT_CLIMATE, extraterrestrial_w_m2, utc_day_of_year};
use crate::weather::sun::{Ephemeris, Observer, Site};

/// Clearness of a step counts when the sun stands higher than this, sine of 10°.
const SINE_10_DEG: f64 = 0.173_648_177_666_930_33;

/// What the statistics are made of.
pub(super) struct Sample<'a> {
    days: &'a [Day],
    pub(super) years: usize,
    /// The hours of each day, counted from the start of the axis.
    pub(super) day_hours: Vec<Range<usize>>,
    start_s: i64,
    pub(super) day_ghi_kwh_m2: Vec<f64>,
    pub(super) day_clearness: Vec<f64>,
    pub(super) day_temperature_c: Vec<f64>,
    pub(super) day_wind_m_s: Vec<f64>,
    pub(super) hour_clearness: Vec<f64>,
    pub(super) hour_wind_m_s: Vec<f64>,
    /// Temperature of the last step (the last quarter, for five minutes) of each hour: about the full hour, as it is
    /// read at weather stations.
    pub(super) hour_temperature_c: Vec<f64>,
    /// Only where the step is a part of a quarter-hour.
    pub(super) quarters: Option<Quarters>,
}

/// Columns in quarter-hours.
pub(super) struct Quarters {
    pub(super) clearness: Vec<f64>,
    pub(super) ghi_w_m2: Vec<f64>,
    pub(super) dhi_w_m2: Vec<f64>,
}

impl<'a> Sample<'a> {
    pub(super) fn new(weather: &Weather, calendar: &'a Calendar, site: Site) -> Sample<'a> {
        let per_hour = 60 / calendar.step_minutes() as usize;
        let hours = calendar.steps() / per_hour;
        let start_s = calendar.start_s(0);
        let (sine, outside) = sun_by_quarter(start_s, calendar.start_s(calendar.steps()), hours * 4, site);
        let hour_outside = means(&outside, 4);
        let hour_sine: Vec<f64> = sine.chunks_exact(4).map(|quarter| f64::midpoint(quarter[1], quarter[2])).collect();

        let days = calendar.days();
        let day_hours: Vec<Range<usize>> = days
            .iter()
            .map(|day| day.first_step / per_hour..((day.first_step + day.steps) / per_hour).min(hours))
            .collect();
        let day_mean = |column: &[f64]| days.iter().map(|day| mean(&column[day.range()])).collect::<Vec<f64>>();
        let day_sum = |column: &[f64]| days.iter().map(|day| column[day.range()].iter().sum()).collect::<Vec<f64>>();

        let step_kwh = calendar.step_h() / 1000.0;
        let day_ghi_kwh_m2: Vec<f64> = day_sum(&weather.ghi_w_m2).into_iter().map(|sum| sum * step_kwh).collect();
        let day_clearness = day_ghi_kwh_m2
            .iter()
            .zip(&day_hours)
            .map(|(ghi, hours)| {
                let outside: f64 = outside[hours.start * 4..hours.end * 4].iter().sum();
                if outside > 0.0 { ghi / (outside * 0.25 / 1000.0) } else { f64::NAN }
            })
            .collect();

        let quarters = (15 % calendar.step_minutes() == 0).then(|| {
            let ghi_w_m2 = means(&weather.ghi_w_m2[..hours * per_hour], per_hour / 4);
            let dhi_w_m2 = means(&weather.dhi_w_m2[..hours * per_hour], per_hour / 4);
            Quarters { clearness: clearness(&ghi_w_m2, &sine, &outside), ghi_w_m2, dhi_w_m2 }
        });
        let last = (per_hour / 4).max(1);
        let hour_temperature_c = weather
            .temperature_c
            .chunks_exact(per_hour)
            .map(|hour| mean(&hour[if per_hour.is_multiple_of(4) { per_hour - last } else { per_hour - 1 }..]))
            .collect();
        Sample {
            days,
            years: calendar.run_years(),
            day_hours,
            start_s,
            day_ghi_kwh_m2,
            day_clearness,
            day_temperature_c: day_mean(&weather.temperature_c),
            day_wind_m_s: day_mean(&weather.wind_m_s),
            hour_clearness: clearness(&means(&weather.ghi_w_m2, per_hour), &hour_sine, &hour_outside),
            hour_wind_m_s: means(&weather.wind_m_s, per_hour),
            hour_temperature_c,
            quarters,
        }
    }

    /// A daily column, parted by month.
    pub(super) fn by_month(&self, daily: &[f64]) -> [Vec<f64>; 12] {
        let mut parts: [Vec<f64>; 12] = std::array::from_fn(|_| Vec::new());
        for (day, &value) in self.days.iter().zip(daily) {
            parts[usize::from(day.month()) - 1].push(value);
        }
        parts
    }

    /// A daily column, parted by year of the run.
    pub(super) fn by_year(&self, daily: &[f64]) -> Vec<Vec<f64>> {
        let mut parts = vec![Vec::new(); self.years];
        for (day, &value) in self.days.iter().zip(daily) {
            parts[day.run_year].push(value);
        }
        parts
    }

    /// The sum of a daily column in each year of the run.
    pub(super) fn yearly_sums(&self, daily: &[f64]) -> Vec<f64> {
        self.by_year(daily).iter().map(|days| days.iter().sum()).collect()
    }

    /// Lowest and highest value of an hourly column in each year of the run.
    pub(super) fn yearly_extremes(&self, hourly: &[f64]) -> Vec<(f64, f64)> {
        let mut extremes = vec![(f64::INFINITY, f64::NEG_INFINITY); self.years];
        for (day, hours) in self.days.iter().zip(&self.day_hours) {
            let (lowest, highest) = &mut extremes[day.run_year];
            for &value in &hourly[hours.clone()] {
                *lowest = lowest.min(value);
                *highest = highest.max(value);
            }
        }
        extremes
    }

    /// The days of one season, of all years.
    pub(super) fn in_season(&self, daily: &[f64], season: Season) -> Vec<f64> {
        let days = self.days.iter().zip(daily);
        days.filter(|(day, _)| day.season() == season).map(|(_, &value)| value).collect()
    }

    /// The hour of the day in UTC at which an hour of the axis begins.
    fn utc_hour(&self, hour: usize) -> usize {
        (self.start_s.div_euclid(3600).rem_euclid(24) as usize + hour) % 24
    }

    /// Mean of an hourly column at each hour of the day in UTC.
    pub(super) fn mean_by_utc_hour(&self, hourly: &[f64]) -> [f64; 24] {
        let mut hours: [Vec<f64>; 24] = std::array::from_fn(|_| Vec::new());
        for (hour, &value) in hourly.iter().enumerate() {
            hours[self.utc_hour(hour)].push(value);
        }
        hours.map(|values| mean(&values))
    }

    /// What the mean by month and hour leaves of the temperature, hour by hour, K.
    pub(super) fn temperature_residual_k(&self) -> Vec<f64> {
        let hourly = &self.hour_temperature_c;
        let mut class = vec![0; hourly.len()];
        for (day, hours) in self.days.iter().zip(&self.day_hours) {
            for hour in hours.clone() {
                class[hour] = (usize::from(day.month()) - 1) * 24 + self.utc_hour(hour);
            }
        }
        let mut sums = [(0.0, 0.0); 12 * 24];
        for (&class, value) in class.iter().zip(hourly) {
            sums[class].0 += value;
            sums[class].1 += 1.0;
        }
        class.iter().zip(hourly).map(|(&class, value)| value - sums[class].0 / sums[class].1).collect()
    }
}

/// Sine of the sun's height, and what arrives outside the atmosphere on the horizontal (W/m²), at the middles of
/// `count` quarter-hours from `start_s`, all before `end_s`.
pub(super) fn sun_by_quarter(start_s: i64, end_s: i64, count: usize, site: Site) -> (Vec<f64>, Vec<f64>) {
    let ephemeris = Ephemeris::new(start_s, end_s);
    let observer = Observer::new(site);
    // The day of the last instant and its extraterrestrial irradiance, which changes by the day only.
    let (mut day, mut facing) = (i64::MIN, 0.0);
    (0_i64..)
        .take(count)
        .map(|quarter| {
            let middle_s = start_s + quarter * 900 + 450;
            if middle_s.div_euclid(86_400) != day {
                day = middle_s.div_euclid(86_400);
                facing = extraterrestrial_w_m2(utc_day_of_year(middle_s), SOLAR_CONSTANT_CLIMATE);
            }
            let sine = ephemeris.sun_over(middle_s, &observer).cos_zenith;
            (sine, facing * sine.max(0.0))
        })
        .unzip()
}

/// Irradiance as part of what arrives outside; NaN unless the sun is above 10°.
fn clearness(ghi_w_m2: &[f64], sine: &[f64], outside_w_m2: &[f64]) -> Vec<f64> {
    let columns = ghi_w_m2.iter().zip(sine).zip(outside_w_m2);
    columns.map(|((ghi, &sine), outside)| if sine > SINE_10_DEG { ghi / outside.max(1.0) } else { f64::NAN }).collect()
}

/// Means of `count` values each.
fn means(column: &[f64], count: usize) -> Vec<f64> {
    column.chunks_exact(count).map(|values| values.iter().sum::<f64>() / count as f64).collect()
}

/// The mean of what exists; NaN if nothing does.
pub(super) fn mean(values: &[f64]) -> f64 {
    let (sum, count) = values
        .iter()
        .filter(|value| !value.is_nan())
        .fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    sum / count as f64
}

/// Sum of squared distances from the mean, and the number of values that exist.
fn squares(values: &[f64]) -> (f64, f64) {
    let middle = mean(values);
    let known = values.iter().filter(|value| !value.is_nan());
    known.fold((0.0, 0.0), |(sum, count), value| (sum + (value - middle) * (value - middle), count + 1.0))
}

/// Standard deviation of a whole population (divided by n).
pub(super) fn sd(values: &[f64]) -> f64 {
    let (squares, count) = squares(values);
    (squares / count).sqrt()
}

/// Standard deviation estimated from a sample (divided by n − 1); NaN for fewer than two values.
pub(super) fn sd_of_sample(values: &[f64]) -> f64 {
    let (squares, count) = squares(values);
    if count < 2.0 { f64::NAN } else { (squares / (count - 1.0)).sqrt() }
}

/// The value below which `part` of the values lie, linear between neighbours in order.
pub(super) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    if sorted.is_empty() {
        return f64::NAN;
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let place = part * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - place.floor())
}

/// Correlation of the pairs of which both exist.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    correlation_of(|| a.iter().copied().zip(b.iter().copied()))
}

/// Correlation of a column with itself `lag` places later.
pub(super) fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    correlation(&values[..values.len().saturating_sub(lag)], &values[lag.min(values.len())..])
}

/// Correlation of a column with itself `lag` places later, of pairs within the same part.
pub(super) fn autocorrelation_in(values: &[f64], parts: &[Range<usize>], lag: usize) -> f64 {
    correlation_of(|| {
        parts.iter().flat_map(move |part| {
            let part = &values[part.clone()];
            part.iter().copied().zip(part.iter().copied().skip(lag))
        })
    })
}

/// Correlation of pairs, in two passes.
fn correlation_of<I: Iterator<Item = (f64, f64)>>(pairs: impl Fn() -> I) -> f64 {
    let known = || pairs().filter(|(a, b)| !(a + b).is_nan());
    let (mut sum_a, mut sum_b, mut count) = (0.0, 0.0, 0.0);
    for (a, b) in known() {
        sum_a += a;
        sum_b += b;
        count += 1.0;
    }
    let (mean_a, mean_b) = (sum_a / count, sum_b / count);
    let (mut square_a, mut square_b, mut product) = (0.0, 0.0, 0.0);
    for (a, b) in known() {
        square_a += (a - mean_a) * (a - mean_a);
        square_b += (b - mean_b) * (b - mean_b);
        product += (a - mean_a) * (b - mean_b);
    }
    product / (square_a * square_b).sqrt()
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    /// A few additions of numbers near 1.
    const ROUNDING: f64 = 1e-12;

    #[test]
    fn statistics_pass_over_what_does_not_exist() {
        let values = [1.0, f64::NAN, 3.0, 5.0];
        assert_abs_diff_eq!(mean(&values), 3.0, epsilon = ROUNDING);
        assert_abs_diff_eq!(sd(&values), (8.0_f64 / 3.0).sqrt(), epsilon = ROUNDING);
        assert_abs_diff_eq!(sd_of_sample(&values), 2.0, epsilon = ROUNDING);
        assert_abs_diff_eq!(quantile(&values, 0.75), 4.0, epsilon = ROUNDING);
        assert!(mean(&[]).is_nan() && quantile(&[], 0.5).is_nan() && sd_of_sample(&[1.0]).is_nan());
    }

    #[test]
    fn correlation_is_one_for_a_line_and_counts_whole_pairs_only() {
        assert_abs_diff_eq!(correlation(&[1.0, 2.0, 4.0], &[3.0, 5.0, 9.0]), 1.0, epsilon = ROUNDING);
        assert_abs_diff_eq!(
            correlation(&[1.0, 2.0, 9.0, 4.0], &[-1.0, -2.0, f64::NAN, -4.0]),
            -1.0,
            epsilon = ROUNDING
        );
        assert!(autocorrelation(&[1.0], 3).is_nan());
    }

    #[test]
    fn autocorrelation_in_parts_pairs_no_values_across_a_border() {
        // Within each part the values alternate; across the border they would not.
        let values = [1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0];
        assert_abs_diff_eq!(autocorrelation_in(&values, &[0..3, 3..7], 1), -1.0, epsilon = ROUNDING);
    }
}

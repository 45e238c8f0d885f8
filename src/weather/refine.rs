//! Coarse series made finer: hourly (or any) means of radiation, temperature and wind on the run's own steps.
//!
//! Radiation is not interpolated itself: within an hour most of its change is the sun's, and a straight line would put
//! light before sunrise. What clouds change is the clear-sky index, radiation over clear-sky radiation; that is
//! interpolated, and each coarse interval is then scaled so that its energy stays what was measured.
//!
//! In all functions a coarse interval covers `ratio` fine steps, whatever the ratio: `fine[i · ratio ..][.. ratio]`
//! belongs to `coarse[i]`.

/// Largest clear-sky index that follows the sun.
///
/// Clouds' edges lift an hour to 1.2 at most; near the horizon the Haurwitz sky is too dark, and 1.5 is common. What is
/// measured beyond twice the clear sky is twilight or a fault of clocks, and says nothing of the sun's course.
const MAX_INDEX: f64 = 2.0;

/// Refines means of radiation by interpolating the clear-sky index, with the energy of each coarse interval conserved.
///
/// 1. The index of a coarse interval is its mean over the mean of its clear sky, at most 2.
/// 2. It is held at the middle of the interval and runs straight to the next middle; an interval whose clear sky is
///    dark has no index, and its neighbours keep their own towards it.
/// 3. Each fine step gets index × clear sky, scaled per interval to the interval's energy.
/// 4. Energy beyond twice the clear sky (all of it, if the clear sky is dark) is spread evenly over its interval.
///
/// # Arguments
/// * `coarse_w_m2` – mean of each coarse interval, `[intervals]`, W/m²; a negative value counts as 0.
/// * `clear_w_m2` – radiation under a clear sky at the fine steps, `[intervals × ratio]`, W/m², ≥ 0. For beam radiation
///   on a plane that faces the sun, give global clear sky over the cosine of the zenith.
///
/// Returns the means of the fine steps, `[intervals × ratio]`, W/m².
///
/// # Invariants
/// The mean of the fine steps of an interval is its coarse mean; nothing is negative; a dark step is 0 unless its
/// interval has energy that no clear sky explains.
///
/// # Panics
/// If the fine steps are no multiple of the coarse intervals.
pub fn radiation(coarse_w_m2: &[f64], clear_w_m2: &[f64]) -> Vec<f64> {
    let ratio = ratio_of(coarse_w_m2.len(), clear_w_m2.len());
    let clear_means: Vec<f64> = clear_w_m2.chunks(ratio).map(mean).collect();
    let indices: Vec<Option<f64>> =
        coarse_w_m2.iter().zip(&clear_means).map(|(measured, clear)| index(*measured, *clear)).collect();

    let mut fine = Vec::with_capacity(clear_w_m2.len());
    for (i, clear) in clear_w_m2.chunks(ratio).enumerate() {
        let measured = coarse_w_m2[i].max(0.0);
        let Some(own) = indices[i] else {
            fine.resize(fine.len() + ratio, measured);
            continue;
        };
        let before = i.checked_sub(1).and_then(|j| indices[j]).unwrap_or(own);
        let after = indices.get(i + 1).copied().flatten().unwrap_or(own);
        let begin = fine.len();
        fine.extend(clear.iter().enumerate().map(|(step, clear)| clear * between(before, own, after, step, ratio)));
        let shaped = &mut fine[begin..];
        let by_sun = own * clear_means[i];
        let scale = match mean(shaped) {
            // The neighbours' index may leave nothing to scale only if this interval's own is 0 too.
            drawn if drawn > 0.0 => by_sun / drawn,
            _ => 0.0,
        };
        let unexplained = if own < MAX_INDEX { 0.0 } else { (measured - by_sun).max(0.0) };
        for value in shaped {
            *value = *value * scale + unexplained;
        }
    }
    fine
}

/// Refines means of a quantity that changes smoothly (temperature, wind): straight lines between the middles of the
/// intervals, held before the first middle and after the last.
///
/// The mean of an interval changes by up to an eighth of its second difference (0.1 K for an hour between a rise of 1 K
/// and a fall of 1 K, with four steps); over a day these cancel. Values stay within those of the neighbours, so wind
/// stays positive.
///
/// # Arguments
/// * `coarse` – mean of each coarse interval, `[intervals]`.
/// * `ratio` – fine steps in an interval, ≥ 1.
///
/// Returns the means of the fine steps, `[intervals × ratio]`.
pub fn smooth(coarse: &[f64], ratio: usize) -> Vec<f64> {
    let mut fine = Vec::with_capacity(coarse.len() * ratio);
    for (i, own) in coarse.iter().enumerate() {
        let before = i.checked_sub(1).map_or(*own, |j| coarse[j]);
        let after = coarse.get(i + 1).copied().unwrap_or(*own);
        fine.extend((0..ratio).map(|step| between(before, *own, after, step, ratio)));
    }
    fine
}

/// Values at evenly spaced instants, as a file with `stamp = "instant"` holds them.
#[derive(Clone, Copy, Debug)]
pub struct Instants<'a> {
    /// The first instant, seconds since 1970-01-01T00:00Z.
    pub first_s: i64,
    /// From one instant to the next, s, > 0.
    pub spacing_s: i64,
    /// One value per instant, at least one.
    pub values: &'a [f64],
}

impl Instants<'_> {
    /// The value at `instant_s` by a straight line between its neighbours; beyond the ends the nearest is held.
    ///
    /// # Panics
    /// If there are no values.
    pub fn at(&self, instant_s: i64) -> f64 {
        let (before, after, part) = self.around(instant_s);
        line(self.values[before], self.values[after], part)
    }

    /// Radiation at `instant_s`: the clear-sky index on a straight line between its neighbours, times the clear sky.
    ///
    /// A neighbour with a dark clear sky has no index, and the other's is kept; between two dark ones, and at a dark
    /// instant, radiation is 0. The index is at most 2, as in [`radiation`]; at an instant of the series itself the
    /// result is the value written there.
    ///
    /// # Arguments
    /// * `clear_at_values_w_m2` – clear sky at each instant of the series, as long as the values.
    /// * `clear_w_m2` – clear sky at `instant_s`.
    ///
    /// # Panics
    /// If there are no values.
    pub fn radiation_at(&self, clear_at_values_w_m2: &[f64], instant_s: i64, clear_w_m2: f64) -> f64 {
        let (before, after, part) = self.around(instant_s);
        if part <= 0.0 {
            return self.values[before].max(0.0);
        }
        let index_at = |i: usize| index(self.values[i], clear_at_values_w_m2[i]);
        match (index_at(before), index_at(after)) {
            (Some(a), Some(b)) => line(a, b, part) * clear_w_m2,
            (Some(only), None) | (None, Some(only)) => only * clear_w_m2,
            (None, None) => 0.0,
        }
    }

    /// The neighbours of an instant and how far it is from the first to the second, `0 ..< 1`.
    fn around(&self, instant_s: i64) -> (usize, usize, f64) {
        let offset_s = instant_s - self.first_s;
        let last = self.values.len() - 1;
        match usize::try_from(offset_s.div_euclid(self.spacing_s)) {
            Err(_) => (0, 0, 0.0),
            Ok(before) if before >= last => (last, last, 0.0),
            Ok(before) => (before, before + 1, offset_s.rem_euclid(self.spacing_s) as f64 / self.spacing_s as f64),
        }
    }
}

/// The clear-sky index, `0 ..= 2`; `None` if the clear sky is dark.
fn index(measured_w_m2: f64, clear_w_m2: f64) -> Option<f64> {
    (clear_w_m2 > 0.0).then(|| (measured_w_m2 / clear_w_m2).clamp(0.0, MAX_INDEX))
}

/// The straight lines from the middle of the interval before, through this one's, to the next one's, at the middle of
/// fine step `step` of `ratio`.
fn between(before: f64, own: f64, after: f64, step: usize, ratio: usize) -> f64 {
    let from_middle = (step as f64 + 0.5) / ratio as f64 - 0.5;
    if from_middle < 0.0 { line(own, before, -from_middle) } else { line(own, after, from_middle) }
}

fn line(from: f64, to: f64, part: f64) -> f64 {
    from + (to - from) * part
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn ratio_of(coarse: usize, fine: usize) -> usize {
    assert!(coarse > 0 && fine > 0 && fine.is_multiple_of(coarse), "{fine} steps do not divide {coarse} intervals");
    fine / coarse
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::weather::irradiance::haurwitz_w_m2;
    use crate::weather::sun::{Ephemeris, Site};

    /// The rounding of a mean of a few f64 values, relative.
    const ROUNDING: f64 = 1e-12;

    /// The clear sky of De Bilt in steps of `step_s`, from a midnight on, at their middles.
    fn clear_days(date: &str, days: i64, step_s: i64) -> Vec<f64> {
        let from = format!("{date}T00:00:00Z").parse::<jiff::Timestamp>().unwrap().as_second();
        let ephemeris = Ephemeris::new(from, from + days * 86_400);
        let site = Site { latitude_deg: 52.1, longitude_deg: 5.18 };
        (0..days * 86_400 / step_s)
            .map(|step| haurwitz_w_m2(ephemeris.sun(from + step * step_s + step_s / 2, site).cos_apparent_zenith))
            .collect()
    }

    fn coarsen(fine: &[f64], ratio: usize) -> Vec<f64> {
        fine.chunks(ratio).map(mean).collect()
    }

    #[test]
    fn an_even_sky_gets_the_shape_of_the_clear_one() {
        for (ratio, step_s) in [(4, 900), (12, 300), (2, 1800), (1, 3600), (3, 600)] {
            let clear = clear_days("2027-04-10", 3, step_s);
            let hourly: Vec<f64> = coarsen(&clear, ratio).iter().map(|mean| 0.6 * mean).collect();
            for (fine, clear) in radiation(&hourly, &clear).iter().zip(&clear) {
                assert!((fine - 0.6 * clear).abs() <= ROUNDING * 1000.0);
            }
        }
    }

    #[test]
    fn the_sunrise_hour_has_its_light_after_sunrise() {
        let clear = clear_days("2027-01-10", 1, 900);
        let first = clear.iter().position(|c| *c > 0.0).unwrap();
        assert!(first % 4 != 0, "the sun rises within an hour");
        let hourly: Vec<f64> = coarsen(&clear, 4).iter().map(|mean| 0.8 * mean).collect();
        let fine = radiation(&hourly, &clear);
        assert!(fine[..first].iter().all(|value| value.abs() < f64::EPSILON));
        assert!(fine[first] > 0.0);
    }

    #[test]
    fn a_sky_that_clears_is_refined_without_a_step_back() {
        let clear = clear_days("2027-06-10", 1, 900);
        // From 20 % to 80 % of a clear sky between 5 and 15 h UTC.
        let index = |i: usize| 0.2 + 0.06 * (i as f64 - 5.0).clamp(0.0, 10.0);
        let hourly: Vec<f64> = coarsen(&clear, 4).iter().enumerate().map(|(i, mean)| index(i) * mean).collect();
        let fine = radiation(&hourly, &clear);
        let indices: Vec<f64> = (6 * 4..14 * 4).map(|j| fine[j] / clear[j]).collect();
        assert!(indices.windows(2).all(|pair| pair[1] > pair[0] - 0.002), "{indices:?}");
    }

    #[test]
    fn radiation_that_no_clear_sky_explains_is_spread_over_its_hour() {
        // Twilight: 2.8 W/m² in an hour whose sun is below the horizon.
        assert_eq!(radiation(&[2.8, 0.0], &[0.0; 8]), [2.8, 2.8, 2.8, 2.8, 0.0, 0.0, 0.0, 0.0]);
        // A sliver of sun, 1 W/m² in the last quarter, where 5 were measured: 0.5 follow the sun, 4.5 are spread.
        let fine = radiation(&[5.0], &[0.0, 0.0, 0.0, 1.0]);
        assert!((fine[0] - 4.5).abs() < ROUNDING && (fine[3] - 6.5).abs() < ROUNDING);
    }

    #[test]
    fn temperature_runs_straight_between_the_middles_of_hours() {
        assert_eq!(smooth(&[10.0, 14.0], 4), [10.0, 10.0, 10.5, 11.5, 12.5, 13.5, 14.0, 14.0]);
        assert_eq!(smooth(&[10.0, 14.0], 1), [10.0, 14.0]);
    }

    #[test]
    fn instants_are_joined_by_straight_lines_and_held_at_the_ends() {
        let series = Instants { first_s: 3600, spacing_s: 3600, values: &[1.0, 3.0, 2.0] };
        for (instant_s, value) in [(0, 1.0), (3600, 1.0), (4500, 1.5), (9000, 2.5), (10_800, 2.0), (99_999, 2.0)] {
            assert!((series.at(instant_s) - value).abs() < ROUNDING, "at {instant_s}");
        }
        let half = Instants { first_s: 0, spacing_s: 3600, values: &[0.0, 50.0, 200.0] };
        let clear = [0.0, 100.0, 400.0];
        assert!((half.radiation_at(&clear, 5400, 250.0) - 125.0).abs() < ROUNDING);
        assert!((half.radiation_at(&clear, 1800, 20.0) - 10.0).abs() < ROUNDING, "the lit neighbour's index is kept");
        assert!(half.radiation_at(&clear, 1800, 0.0).abs() < ROUNDING, "a dark instant is dark");
        assert!((half.radiation_at(&clear, 7200, 333.0) - 200.0).abs() < ROUNDING, "its own instants are kept");
    }

    proptest! {
        #[test]
        fn every_coarse_interval_keeps_its_energy(
            ratio in 1_usize..=12,
            hours in vec((0.0..1000.0_f64, 0.0..900.0_f64, any::<bool>()), 1..60),
            dark in vec(any::<bool>(), 12),
        ) {
            let brightness = |hour: &(f64, f64, bool), step: usize| {
                if hour.2 || dark[step] { 0.0 } else { hour.1 * (1.0 + step as f64) / 12.0 }
            };
            let clear: Vec<f64> =
                hours.iter().flat_map(|hour| (0..ratio).map(move |step| brightness(hour, step))).collect();
            let coarse: Vec<f64> = hours.iter().map(|hour| hour.0).collect();
            let fine = radiation(&coarse, &clear);
            for (chunk, measured) in fine.chunks(ratio).zip(&coarse) {
                prop_assert!((mean(chunk) - measured).abs() <= ROUNDING * measured);
                prop_assert!(chunk.iter().all(|value| *value >= 0.0));
            }
        }
    }
}

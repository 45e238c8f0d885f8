//! Radiation on level ground: what reaches the air, what a clear sky lets through, and what of it is diffuse.
//!
//! The formulas and their limits are those of pvlib 0.16, which the reference values were made with.

use std::f64::consts::PI;

use jiff::Timestamp;
use jiff::tz::Offset;
use libm::{cos, exp, pow, sincos};

/// Solar constant that pvlib takes, W/m².
pub const SOLAR_CONSTANT_PVLIB: f64 = 1366.1;

/// Solar constant of the synthetic climate (the value found by satellites since 2003), W/m².
pub const SOLAR_CONSTANT_CLIMATE: f64 = 1361.0;

/// Smallest cosine of the zenith in a clearness index, as pvlib has it.
const CLEARNESS_MIN_COS: f64 = 0.065;

/// Zenith beyond which no beam is derived from global radiation, degrees, as pvlib has it.
const BEAM_MAX_ZENITH_DEG: f64 = 87.0;

/// The day of the UTC year of an instant, 1 ..= 366.
///
/// # Panics
/// If the instant, seconds since 1970-01-01T00:00Z, is outside the years -9999 to 9999.
pub fn utc_day_of_year(instant_s: i64) -> u16 {
    let instant = Timestamp::from_second(instant_s).expect("an instant of a run is a date");
    Offset::UTC.to_datetime(instant).date().day_of_year().unsigned_abs()
}

/// Radiation outside the air on a plane that faces the sun, W/m².
///
/// `solar_constant · (1.00011 + 0.034221 cos B + 0.00128 sin B + 0.000719 cos 2B + 0.000077 sin 2B)` with
/// `B = 2π (day_of_year − 1) / 365`.
///
/// # Arguments
/// * `day_of_year` – whole day of the UTC year, from 1.
/// * `solar_constant_w_m2` – [`SOLAR_CONSTANT_PVLIB`] or [`SOLAR_CONSTANT_CLIMATE`].
///
/// # Reference
/// J. W. Spencer, "Fourier series representation of the position of the sun", Search 2 (1971) 172.
pub fn extraterrestrial_w_m2(day_of_year: u16, solar_constant_w_m2: f64) -> f64 {
    let angle = 2.0 * PI / 365.0 * (f64::from(day_of_year) - 1.0);
    let (sin1, cos1) = sincos(angle);
    let (sin2, cos2) = sincos(2.0 * angle);
    let factor = 1.00011 + 0.034_221 * cos1 + 0.001_28 * sin1 + 0.000_719 * cos2 + 7.7e-5 * sin2;
    solar_constant_w_m2 * factor
}

/// Global radiation on level ground under a clear sky, W/m²: `1098 cos z exp(−0.059 / cos z)`, 0 with the sun down.
///
/// # Arguments
/// * `cos_apparent_zenith` – of the sun as seen, with refraction.
///
/// # Reference
/// B. Haurwitz, "Insolation in relation to cloudiness and cloud density", Journal of Meteorology 2 (1945) 154–166.
pub fn haurwitz_w_m2(cos_apparent_zenith: f64) -> f64 {
    if cos_apparent_zenith > 0.0 { 1098.0 * cos_apparent_zenith * exp(-0.059 / cos_apparent_zenith) } else { 0.0 }
}

/// The clearness index: global radiation over what would arrive without air, `0 ..= 1`.
///
/// The cosine of the zenith is taken as at least 0.065 (86.3°), so that the index does not run away at the horizon.
pub fn clearness(ghi_w_m2: f64, cos_zenith: f64, extraterrestrial_w_m2: f64) -> f64 {
    (ghi_w_m2 / (extraterrestrial_w_m2 * cos_zenith.max(CLEARNESS_MIN_COS))).clamp(0.0, 1.0)
}

/// The diffuse part of global radiation at a clearness index.
///
/// `1 − 0.09 k` up to 0.22; `0.9511 − 0.1604 k + 4.388 k² − 16.638 k³ + 12.336 k⁴` up to 0.8; 0.165 beyond.
///
/// # Reference
/// D. G. Erbs, S. A. Klein, J. A. Duffie, "Estimation of the diffuse radiation fraction for hourly, daily and
/// monthly-average global radiation", Solar Energy 28 (1982) 293–302.
pub fn erbs_diffuse_fraction(clearness: f64) -> f64 {
    let k = clearness;
    if k <= 0.22 {
        1.0 - 0.09 * k
    } else if k <= 0.8 {
        let (k2, k3) = (k * k, k * k * k);
        0.9511 - 0.1604 * k + 4.388 * k2 - 16.638 * k3 + 12.336 * k2 * k2
    } else {
        0.165
    }
}

/// Global radiation split in two, W/m².
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Split {
    /// Beam on a plane that faces the sun.
    pub dni_w_m2: f64,
    /// Diffuse on level ground.
    pub dhi_w_m2: f64,
}

/// Splits global radiation into beam and diffuse by Erbs' correlation.
///
/// With the sun lower than 3° no beam is derived: all of it counts as diffuse.
///
/// # Arguments
/// * `ghi_w_m2` – global radiation on level ground.
/// * `zenith_deg`, `cos_zenith` – of the sun's true place, without refraction.
/// * `extraterrestrial_w_m2` – see [`extraterrestrial_w_m2`].
///
/// # Invariants
/// `dni · cos_zenith + dhi = ghi`, both ≥ 0 for `ghi ≥ 0`.
pub fn erbs(ghi_w_m2: f64, zenith_deg: f64, cos_zenith: f64, extraterrestrial_w_m2: f64) -> Split {
    let dhi_w_m2 = ghi_w_m2 * erbs_diffuse_fraction(clearness(ghi_w_m2, cos_zenith, extraterrestrial_w_m2));
    let dni_w_m2 = (ghi_w_m2 - dhi_w_m2) / cos_zenith;
    if zenith_deg > BEAM_MAX_ZENITH_DEG || ghi_w_m2 < 0.0 || dni_w_m2 < 0.0 {
        Split { dni_w_m2: 0.0, dhi_w_m2: ghi_w_m2 }
    } else {
        Split { dni_w_m2, dhi_w_m2 }
    }
}

/// The air that the sun's rays cross, relative to a sun in the zenith; `None` with the sun down.
///
/// `1 / (cos z + 0.50572 (6.07995 + 90 − z)^−1.6364)`, z the apparent zenith in degrees.
///
/// # Reference
/// F. Kasten, A. T. Young, "Revised optical air mass tables and approximation formula", Applied Optics 28 (1989)
/// 4735–4738.
pub fn relative_airmass(apparent_zenith_deg: f64) -> Option<f64> {
    (apparent_zenith_deg <= 90.0).then(|| {
        let elevation_deg = 90.0 - apparent_zenith_deg;
        1.0 / (cos(apparent_zenith_deg.to_radians()) + 0.505_72 * pow(6.079_95 + elevation_deg, -1.6364))
    })
}

/// Lower ends of the bins of sky clearness in Perez' model; the first begins at 1.
const PEREZ_BINS: [f64; 7] = [1.065, 1.23, 1.5, 1.95, 2.8, 4.5, 6.2];

/// Coefficients F11, F12, F13, F21, F22, F23 of Perez' model per bin: "all sites composite 1990".
const PEREZ: [[f64; 6]; 8] = [
    [-0.008, 0.588, -0.062, -0.060, 0.072, -0.022],
    [0.130, 0.683, -0.151, -0.019, 0.066, -0.029],
    [0.330, 0.487, -0.221, 0.055, -0.064, -0.026],
    [0.568, 0.187, -0.295, 0.109, -0.152, -0.014],
    [0.873, -0.392, -0.362, 0.226, -0.462, 0.001],
    [1.132, -1.237, -0.412, 0.288, -0.823, 0.056],
    [1.060, -1.600, -0.359, 0.264, -1.127, 0.131],
    [0.678, -0.327, -0.250, 0.156, -1.377, 0.251],
];

/// How unevenly the sky is bright, in Perez' model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PerezBrightness {
    /// F1: the part of diffuse radiation that comes from around the sun, ≥ 0.
    pub circumsolar: f64,
    /// F2: brightening (or, below 0, darkening) of the horizon, as a part of diffuse radiation.
    pub horizon: f64,
}

/// The brightness of the sky around the sun and at the horizon; `None` with the sun down or without diffuse radiation.
///
/// With z the apparent zenith in radians: clearness `ε = ((dhi + dni)/dhi + 1.041 z³) / (1 + 1.041 z³)`, which picks a
/// row of coefficients; brightness `Δ = dhi · airmass / extraterrestrial`; `F1 = max(0, F11 + F12 Δ + F13 z)`,
/// `F2 = F21 + F22 Δ + F23 z`.
///
/// # Reference
/// R. Perez, P. Ineichen, R. Seals, J. Michalsky, R. Stewart, "Modeling daylight availability and irradiance
/// components from direct and global irradiance", Solar Energy 44 (1990) 271–289.
pub fn perez_brightness(
    dni_w_m2: f64,
    dhi_w_m2: f64,
    apparent_zenith_deg: f64,
    extraterrestrial_w_m2: f64,
) -> Option<PerezBrightness> {
    let airmass = relative_airmass(apparent_zenith_deg)?;
    if dhi_w_m2 <= 0.0 {
        return None;
    }
    let z = apparent_zenith_deg.to_radians();
    let kappa = 1.041 * z * z * z;
    let epsilon = ((dhi_w_m2 + dni_w_m2) / dhi_w_m2 + kappa) / (1.0 + kappa);
    let delta = dhi_w_m2 * airmass / extraterrestrial_w_m2;
    let [f11, f12, f13, f21, f22, f23] = PEREZ[PEREZ_BINS.partition_point(|low| *low <= epsilon)];
    Some(PerezBrightness { circumsolar: (f11 + f12 * delta + f13 * z).max(0.0), horizon: f21 + f22 * delta + f23 * z })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounding of a few f64 operations on values around 1,000.
    const ROUNDING: f64 = 1e-9;

    #[test]
    fn radiation_outside_the_air_is_strongest_in_early_january() {
        // The file of reference values has 1413.982 on 1 January.
        assert!((extraterrestrial_w_m2(1, SOLAR_CONSTANT_PVLIB) - 1413.982).abs() < 5e-4);
        assert!(extraterrestrial_w_m2(185, SOLAR_CONSTANT_CLIMATE) < 1361.0 * 0.967);
    }

    #[test]
    fn the_day_of_the_year_is_that_of_utc() {
        let day = |text: &str| utc_day_of_year(text.parse::<Timestamp>().unwrap().as_second());
        assert_eq!(day("2026-12-31T23:00:00Z"), 365);
        assert_eq!(day("2027-01-01T00:00:00Z"), 1);
        assert_eq!(day("2028-12-31T23:59:59Z"), 366);
    }

    #[test]
    fn a_clear_sky_gives_1035_w_m2_from_the_zenith_and_nothing_from_below() {
        assert!((haurwitz_w_m2(1.0) - 1035.1).abs() < 0.1);
        assert!(haurwitz_w_m2(0.0).abs() < f64::EPSILON && haurwitz_w_m2(-0.2).abs() < f64::EPSILON);
    }

    #[test]
    fn erbs_conserves_global_radiation_and_joins_at_its_bounds() {
        for (ghi, zenith) in [(0.0, 40.0), (5.0, 86.9), (150.0, 70.0), (420.0, 55.0), (980.0, 30.0), (1400.0, 20.0)] {
            let cos_zenith = cos(f64::to_radians(zenith));
            let split = erbs(ghi, zenith, cos_zenith, 1366.1);
            assert!((split.dni_w_m2 * cos_zenith + split.dhi_w_m2 - ghi).abs() < ROUNDING);
            assert!(split.dni_w_m2 >= 0.0 && split.dhi_w_m2 >= 0.0);
        }
        // The correlation's own pieces meet within 0.002.
        assert!((erbs_diffuse_fraction(0.22) - erbs_diffuse_fraction(0.2201)).abs() < 2e-3);
        assert!((erbs_diffuse_fraction(0.8) - erbs_diffuse_fraction(0.8001)).abs() < 2e-3);
    }

    #[test]
    fn a_low_sun_gives_no_beam() {
        let split = erbs(20.0, 87.1, cos(87.1_f64.to_radians()), 1366.1);
        assert_eq!(split, Split { dni_w_m2: 0.0, dhi_w_m2: 20.0 });
        let night = erbs(0.0, 120.0, -0.5, 1366.1);
        assert_eq!(night, Split::default());
    }

    #[test]
    fn airmass_is_1_overhead_and_38_at_the_horizon() {
        assert!((relative_airmass(0.0).unwrap() - 1.0).abs() < 1e-3);
        assert!((relative_airmass(60.0).unwrap() - 1.994).abs() < 1e-3);
        assert!((relative_airmass(90.0).unwrap() - 37.92).abs() < 0.01);
        assert_eq!(relative_airmass(90.001), None);
    }

    #[test]
    fn an_overcast_sky_takes_the_first_row_and_a_clear_one_the_last() {
        let overcast = perez_brightness(0.0, 100.0, 60.0, 1366.1).unwrap();
        let z = 60_f64.to_radians();
        let delta = 100.0 * relative_airmass(60.0).unwrap() / 1366.1;
        assert!((overcast.horizon - (-0.060 + 0.072 * delta - 0.022 * z)).abs() < ROUNDING);
        let clear = perez_brightness(900.0, 60.0, 30.0, 1366.1).unwrap();
        assert!(clear.circumsolar > 0.4);
        assert_eq!(perez_brightness(0.0, 0.0, 60.0, 1366.1), None);
        assert_eq!(perez_brightness(0.0, 1.0, 91.0, 1366.1), None);
    }
}

//! The sun and the weather of `tests/reference/pv`, for every quarter-hour of 2025, as its README gives them.

use std::f64::consts::PI;

use kwartier::weather::Conditions;
use kwartier::weather::irradiance::{
    SOLAR_CONSTANT_PVLIB, erbs, extraterrestrial_w_m2, haurwitz_w_m2, utc_day_of_year,
};
use kwartier::weather::sun::{Ephemeris, Observer, Site, Sun};

/// 2025-01-01T00:00:00Z.
const FIRST_S: i64 = 1_735_689_600;

/// The quarter-hours of the year.
pub(crate) const STEPS: i64 = 35_040;

/// A place of the reference.
pub(crate) struct Place {
    /// As its files begin.
    pub(crate) name: &'static str,
    /// Where it is.
    pub(crate) site: Site,
    k: u64,
    mean_c: f64,
    amplitude_k: f64,
}

/// The places of the reference.
pub(crate) const PLACES: [Place; 2] = [
    Place {
        name: "amsterdam",
        site: Site { latitude_deg: 52.37, longitude_deg: 4.90 },
        k: 1,
        mean_c: 10.5,
        amplitude_k: 7.0,
    },
    Place {
        name: "lisbon",
        site: Site { latitude_deg: 38.72, longitude_deg: -9.14 },
        k: 3,
        mean_c: 17.0,
        amplitude_k: 6.0,
    },
];

/// A uniform of the README's hash.
fn draw(i: u64, j: u64) -> f64 {
    let mut x = (i * 2_654_435_761 + j * 40_503 + 12_345) % (1 << 32);
    x ^= x >> 15;
    x = (x * 2_246_822_519) % (1 << 32);
    x ^= x >> 13;
    x as f64 / 4_294_967_296.0
}

/// The instant of a step, seconds since 1970.
pub(crate) fn instant_s(step: i64) -> i64 {
    FIRST_S + step * 900
}

/// The sun over a place at the instants of steps.
pub(crate) fn suns(place: &Place, steps: impl Iterator<Item = i64>) -> Vec<Sun> {
    let ephemeris = Ephemeris::new(instant_s(0), instant_s(STEPS));
    let observer = Observer::new(place.site);
    steps.map(|step| ephemeris.sun_over(instant_s(step), &observer)).collect()
}

/// Radiation outside the air at a step, W/m².
pub(crate) fn extraterrestrial_at(step: i64) -> f64 {
    extraterrestrial_w_m2(utc_day_of_year(instant_s(step)), SOLAR_CONSTANT_PVLIB)
}

/// The weather of the reference for every step of 2025, as the README gives it.
pub(crate) fn synthetic_year(place: &Place, suns: &[Sun]) -> Vec<Conditions> {
    let rounded = |x: f64| (x * 1000.0).round_ties_even() / 1000.0;
    (0..STEPS)
        .zip(suns)
        .map(|(step, sun)| {
            let (day, quarter) = ((step / 96) as f64, (step % 96) as f64);
            let clearness = draw(1000 * place.k, step as u64 / 96);
            let flicker = draw(1000 * place.k + 1, step as u64);
            let clear = haurwitz_w_m2(sun.cos_apparent_zenith);
            let ghi = rounded(clear * (0.20 + 0.80 * clearness.sqrt()) * (1.0 - 0.35 * flicker * (1.0 - clearness)));
            let extraterrestrial_w_m2 = extraterrestrial_at(step);
            let split = erbs(ghi, sun.zenith_deg, sun.cos_zenith, extraterrestrial_w_m2);
            let local = quarter + place.site.longitude_deg / 15.0 * 4.0;
            let wave = |x: f64| libm::cos(2.0 * PI * x);
            let temperature =
                place.mean_c - place.amplitude_k * wave((day - 20.0) / 365.0) - 4.0 * wave((local - 14.0) / 96.0);
            let wind = 3.0 + 1.5 * libm::sin(2.0 * PI * (local - 40.0) / 96.0) + wave(day / 7.0);
            Conditions {
                ghi_w_m2: ghi,
                dni_w_m2: rounded(split.dni_w_m2),
                dhi_w_m2: rounded(split.dhi_w_m2),
                extraterrestrial_w_m2,
                temperature_c: rounded(temperature),
                wind_m_s: rounded(wind),
            }
        })
        .collect()
}

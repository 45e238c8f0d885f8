//! The weather of `tests/reference/pv`, for every quarter-hour of 2025, as its README gives it.

use std::f64::consts::PI;
use std::fmt::Write as _;

use kwartier::weather::irradiance::{
    SOLAR_CONSTANT_PVLIB, erbs, extraterrestrial_w_m2, haurwitz_w_m2, utc_day_of_year,
};
use kwartier::weather::sun::{Ephemeris, Observer, Site};

/// 2025-01-01T00:00:00Z.
const FIRST_S: i64 = 1_735_689_600;

const STEPS: i64 = 35_040;

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

/// The weather of a place as a file of instants in UTC.
pub(crate) fn weather_csv(place: &Place) -> String {
    let ephemeris = Ephemeris::new(FIRST_S, FIRST_S + STEPS * 900);
    let observer = Observer::new(place.site);
    let wave = |x: f64| libm::cos(2.0 * PI * x);
    let mut csv = String::from("time,ghi_w_m2,dni_w_m2,dhi_w_m2,temperature_c,wind_m_s\n");
    for step in 0..STEPS {
        let at_s = FIRST_S + step * 900;
        let sun = ephemeris.sun_over(at_s, &observer);
        let (day, quarter) = ((step / 96) as f64, (step % 96) as f64);
        let clearness = draw(1000 * place.k, step as u64 / 96);
        let flicker = draw(1000 * place.k + 1, step as u64);
        let clear = haurwitz_w_m2(sun.cos_apparent_zenith);
        let ghi = clear * (0.20 + 0.80 * clearness.sqrt()) * (1.0 - 0.35 * flicker * (1.0 - clearness));
        let ghi = (ghi * 1000.0).round_ties_even() / 1000.0;
        let outside = extraterrestrial_w_m2(utc_day_of_year(at_s), SOLAR_CONSTANT_PVLIB);
        let split = erbs(ghi, sun.zenith_deg, sun.cos_zenith, outside);
        let local = quarter + place.site.longitude_deg / 15.0 * 4.0;
        let air = place.mean_c - place.amplitude_k * wave((day - 20.0) / 365.0) - 4.0 * wave((local - 14.0) / 96.0);
        let wind = 3.0 + 1.5 * libm::sin(2.0 * PI * (local - 40.0) / 96.0) + wave(day / 7.0);
        let time = jiff::Timestamp::from_second(at_s).expect("an instant of 2025");
        let (dni, dhi) = (split.dni_w_m2, split.dhi_w_m2);
        writeln!(csv, "{time},{ghi:.3},{dni:.3},{dhi:.3},{air:.3},{wind:.3}").expect("text can be written");
    }
    csv
}

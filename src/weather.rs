//! The sky: where the sun stands, what falls on the ground, and where both come from.
//!
//! - [`sun`]: position of the sun over a place at an instant.
//! - [`irradiance`]: extraterrestrial radiation, clear sky, decomposition, air mass, the brightness of the sky.
//! - [`refine`]: coarse means of radiation, temperature and wind made finer.
//! - [`synthetic`]: weather with the climate of De Bilt, from a seed.
//! - [`readers`]: weather files, KNMI's and a generic one, on the steps of a run.
//! - [`statistics`]: what a weather holds, beside what is usual at De Bilt.
//! - [`sky`]: weather and sun of a run, side by side.

pub mod irradiance;
pub mod readers;
pub mod refine;
pub mod sky;
pub mod statistics;
pub mod sun;
pub mod synthetic;

use irradiance::SOLAR_CONSTANT_CLIMATE;
pub use sky::Sky;
use sun::Site;

use crate::calendar::Calendar;
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::Plan;

/// The weather station of KNMI at De Bilt, whose climate the synthetic weather has.
pub const DE_BILT: Site = Site { latitude_deg: 52.10, longitude_deg: 5.18 };

/// Mean radius of the earth, km.
const EARTH_RADIUS_KM: f64 = 6371.0;

/// Beyond this distance from De Bilt its climate is no stand-in.
const CLIMATE_RADIUS_KM: f64 = 250.0;

/// Below this cosine of the zenith angle (the sun less than 1° high) there is no beam.
const LOWEST_BEAM_COS_ZENITH: f64 = 0.0175;

/// Weather on the steps of a run: one value per step, the mean over it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weather {
    /// Global irradiance on the horizontal, W/m².
    pub ghi_w_m2: Vec<f64>,
    /// Beam irradiance on a plane facing the sun, W/m².
    pub dni_w_m2: Vec<f64>,
    /// Diffuse irradiance on the horizontal, W/m².
    pub dhi_w_m2: Vec<f64>,
    /// Air temperature, °C.
    pub temperature_c: Vec<f64>,
    /// Wind speed at 10 m, m/s.
    pub wind_m_s: Vec<f64>,
    /// Where in the step the sun is evaluated.
    pub sun_at: SunAt,
}

/// At which instant of a step the sun stands for the step's radiation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SunAt {
    /// In its middle: radiation is the mean over the step.
    #[default]
    Middle,
    /// At its start: radiation is the value at that instant.
    Start,
}

/// The weather over a place in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Global radiation on level ground, W/m², ≥ 0.
    pub ghi_w_m2: f64,
    /// Beam on a plane that faces the sun, W/m², ≥ 0.
    pub dni_w_m2: f64,
    /// Diffuse on level ground, W/m², ≥ 0.
    pub dhi_w_m2: f64,
    /// Radiation outside the air on a plane that faces the sun, W/m², > 0 wherever there is light.
    pub extraterrestrial_w_m2: f64,
    /// Air temperature, °C.
    pub temperature_c: f64,
    /// Wind speed, m/s.
    pub wind_m_s: f64,
}

impl Weather {
    /// A weather of zeros, to be filled.
    pub fn zeros(steps: usize) -> Weather {
        let column = || vec![0.0; steps];
        Weather {
            ghi_w_m2: column(),
            dni_w_m2: column(),
            dhi_w_m2: column(),
            temperature_c: column(),
            wind_m_s: column(),
            sun_at: SunAt::Middle,
        }
    }

    /// The weather that a plan asks for over its [sky's place](sky::sky_site), on the steps of its axis; `None` where its file cannot be used, with the faults.
    ///
    /// Synthetic weather of a place over 250 km from De Bilt gets a warning.
    pub fn of_plan(plan: &Plan, calendar: &Calendar, faults: &mut Vec<Fault>) -> Option<Weather> {
        let site = sky::sky_site(plan);
        if let Some(file) = &plan.weather {
            return readers::read_weather(file, calendar, site, faults);
        }
        faults.extend(far_from_de_bilt(plan));
        Some(synthetic::weather(plan.seed, calendar, site))
    }

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.ghi_w_m2.len()
    }
}

/// The warning that a plan has synthetic weather although its place is far from De Bilt, if it has.
pub(crate) fn far_from_de_bilt(plan: &Plan) -> Option<Fault> {
    let site = Site { latitude_deg: plan.latitude_deg, longitude_deg: plan.longitude_deg };
    let distance = distance_km(site, DE_BILT);
    if plan.weather.is_some() || distance <= CLIMATE_RADIUS_KM {
        return None;
    }
    let message = format!("the synthetic weather has the climate of De Bilt, {distance:.0} km from this place");
    let help = "use a weather file of the place: [weather] source = \"csv\" (or \"knmi\") with file = \"…\"";
    let fault = Fault::warning("kwartier::weather::far_from_de_bilt", message).help(help);
    Some(match &plan.place_origin {
        Some(origin) => fault.at(origin, "far from De Bilt: the sun is right, the climate is not"),
        None => fault,
    })
}

/// Beam irradiance from global and diffuse: `(GHI − DHI) / cos zenith`, W/m², never above the solar constant.
///
/// With the sun less than 1° high at the middle of the step it is 0: the quotient means nothing there, and in a long
/// step around sunrise the sun may even be below the horizon at the middle. The beam that is lost is below 0.1 % of the
/// year's at any step.
///
/// # Arguments
/// * `ghi_w_m2`, `dhi_w_m2` – means over the step.
/// * `cos_zenith` – at the middle of the step.
pub fn beam_w_m2(ghi_w_m2: f64, dhi_w_m2: f64, cos_zenith: f64) -> f64 {
    if cos_zenith < LOWEST_BEAM_COS_ZENITH {
        return 0.0;
    }
    ((ghi_w_m2 - dhi_w_m2) / cos_zenith).clamp(0.0, SOLAR_CONSTANT_CLIMATE)
}

/// Distance between two places along the surface of the earth, km (great circle, haversine, on a sphere).
pub fn distance_km(a: Site, b: Site) -> f64 {
    let (lat_a, lat_b) = (a.latitude_deg.to_radians(), b.latitude_deg.to_radians());
    let half_lat = libm::sin((lat_b - lat_a) / 2.0);
    let half_lon = libm::sin((b.longitude_deg - a.longitude_deg).to_radians() / 2.0);
    let haversine = half_lat * half_lat + libm::cos(lat_a) * libm::cos(lat_b) * half_lon * half_lon;
    2.0 * EARTH_RADIUS_KM * libm::asin(haversine.clamp(0.0, 1.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_follow_the_great_circle() {
        // A degree of latitude is 111.2 km; Maastricht is 139 km from De Bilt, Berlin 567 km (both within 1 km).
        let north = Site { latitude_deg: DE_BILT.latitude_deg + 1.0, ..DE_BILT };
        assert!((distance_km(DE_BILT, north) - 111.195).abs() < 0.001);
        assert!(distance_km(DE_BILT, DE_BILT).abs() < 1e-9);
        let antipode = Site { latitude_deg: -52.10, longitude_deg: -174.82 };
        assert!((distance_km(DE_BILT, antipode) - 6371.0 * std::f64::consts::PI).abs() < 0.01);
        let across_the_date_line = Site { latitude_deg: 0.0, longitude_deg: -179.5 };
        assert!(
            (distance_km(across_the_date_line, Site { longitude_deg: 179.5, ..across_the_date_line }) - 111.195).abs()
                < 0.001
        );
    }

    #[test]
    fn a_low_sun_gives_no_beam_and_a_high_one_the_quotient() {
        assert!((beam_w_m2(500.0, 200.0, 0.5) - 600.0).abs() < 1e-9);
        assert!(beam_w_m2(3.0, 1.0, 0.017).abs() < f64::EPSILON);
        assert!(beam_w_m2(3.0, 1.0, -0.1).abs() < f64::EPSILON);
        assert!(beam_w_m2(100.0, 0.0, 0.02) <= SOLAR_CONSTANT_CLIMATE);
        assert!(beam_w_m2(100.0, 101.0, 0.5).abs() < f64::EPSILON, "more diffuse than global is no negative beam");
    }
}

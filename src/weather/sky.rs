//! The sky of a run: weather and sun in every step, side by side; and which places share one.

use std::f64::consts::PI;

use rayon::prelude::*;

use super::irradiance::{SOLAR_CONSTANT_PVLIB, extraterrestrial_w_m2, utc_day_of_year};
use super::sun::{Ephemeris, Observer, Site, Sun};
use super::{Conditions, EARTH_RADIUS_KM, SunAt, Weather};
use crate::calendar::Calendar;
use crate::scenario::plan::Plan;

/// Places of one grid cell share the sky; no two of them lie farther apart, km.
pub const CELL_DIAGONAL_KM: f64 = 25.0;

/// The place whose sun and weather a plan has: its own, or, for a row of a table, the centre of its grid cell.
pub fn sky_site(plan: &Plan) -> Site {
    let site = Site { latitude_deg: plan.latitude_deg, longitude_deg: plan.longitude_deg };
    if plan.row.is_some() { sky_cell(site) } else { site }
}

/// The centre of the grid cell of a place: a pure function of the place, so that whoever shares a sky shares it whatever
/// other places there are.
///
/// The earth (a sphere) is cut into bands of latitude of the height h, the side of a square with the diagonal
/// [`CELL_DIAGONAL_KM`]; a band is cut into the fewest equal cells whose width, on the side nearest the equator, is at most
/// √(diagonal² − h²). So a cell never measures more than the diagonal; towards the poles there are fewer in a band. A
/// place on a border belongs to the cell north or east of it. A pole belongs to one cell whatever its longitude.
///
/// # Arguments
/// * `site` – latitude −90 ..= 90; longitude in degrees, 180 and −180 being the same.
pub fn sky_cell(site: Site) -> Site {
    let half_turn_km = PI * EARTH_RADIUS_KM;
    let bands = (half_turn_km / (CELL_DIAGONAL_KM / std::f64::consts::SQRT_2)).ceil();
    let height_deg = 180.0 / bands;
    let band = ((site.latitude_deg + 90.0) / height_deg).floor().clamp(0.0, bands - 1.0);
    let (south_deg, north_deg) = (band * height_deg - 90.0, (band + 1.0) * height_deg - 90.0);
    let widest_deg = if south_deg < 0.0 && north_deg > 0.0 { 0.0 } else { south_deg.abs().min(north_deg.abs()) };
    let height_km = half_turn_km / bands;
    let width_km = (CELL_DIAGONAL_KM * CELL_DIAGONAL_KM - height_km * height_km).sqrt();
    let around_km = 2.0 * half_turn_km * libm::cos(widest_deg.to_radians());
    let cells = (around_km / width_km).ceil().max(1.0);
    let is_pole = site.latitude_deg.abs() >= 90.0;
    let east_deg = if is_pole { 0.0 } else { (site.longitude_deg + 180.0).rem_euclid(360.0) };
    let cell = (east_deg / 360.0 * cells).floor().min(cells - 1.0);
    Site { latitude_deg: f64::midpoint(south_deg, north_deg), longitude_deg: (cell + 0.5) * (360.0 / cells) - 180.0 }
}

/// Weather and sun in every step of a run, at one place.
#[derive(Clone, Debug)]
pub struct Sky {
    /// The place.
    pub site: Site,
    /// The weather.
    pub weather: Weather,
    /// The sun, at the middle of each step (or at its start, for weather of instants).
    pub suns: Vec<Sun>,
    /// The weather again, by step, with the radiation outside the air.
    pub conditions: Vec<Conditions>,
}

impl Sky {
    /// Puts the sun into the weather of a run.
    pub fn new(weather: Weather, calendar: &Calendar, site: Site) -> Sky {
        let instant = |step: usize| match weather.sun_at {
            SunAt::Middle => calendar.middle_s(step),
            SunAt::Start => calendar.start_s(step),
        };
        let steps = calendar.steps();
        let ephemeris = Ephemeris::new(calendar.start_s(0), calendar.start_s(steps));
        let observer = Observer::new(site);
        let suns =
            (0..steps).into_par_iter().with_min_len(1024).map(|step| ephemeris.sun_over(instant(step), &observer));
        let suns = suns.collect();
        let conditions = (0..steps).map(|step| Conditions {
            ghi_w_m2: weather.ghi_w_m2[step],
            dni_w_m2: weather.dni_w_m2[step],
            dhi_w_m2: weather.dhi_w_m2[step],
            extraterrestrial_w_m2: extraterrestrial_w_m2(utc_day_of_year(instant(step)), SOLAR_CONSTANT_PVLIB),
            temperature_c: weather.temperature_c[step],
            wind_m_s: weather.wind_m_s[step],
        });
        let conditions = conditions.collect();
        Sky { site, weather, suns, conditions }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::{DE_BILT, distance_km};
    use super::*;

    fn site(latitude_deg: f64, longitude_deg: f64) -> Site {
        Site { latitude_deg, longitude_deg }
    }

    #[rstest]
    fn no_two_places_of_a_cell_are_more_than_its_diagonal_apart(
        #[values(-90.0, -89.95, -60.0, -0.07, 0.0, 0.07, 1.0, 23.4, 51.9, 52.1, 68.0, 85.0, 89.9, 90.0)] latitude: f64,
        #[values(-180.0, -0.01, 0.0, 5.18, 179.99)] longitude: f64,
    ) {
        let centre = sky_cell(site(latitude, longitude));
        // Rays from the centre to the last place of the cell in 16 directions.
        let mut border = vec![site(latitude, longitude)];
        for direction in 0..16 {
            let (north, east) =
                (libm::sin(f64::from(direction) * PI / 8.0), libm::cos(f64::from(direction) * PI / 8.0));
            let shrink = libm::cos(centre.latitude_deg.to_radians()).max(1e-3);
            let ray = |km: i32| {
                let deg = f64::from(km) / 10.0 / 111.195;
                site(centre.latitude_deg + north * deg, centre.longitude_deg + east * deg / shrink)
            };
            let inside =
                (0..300).map(ray).take_while(|place| place.latitude_deg.abs() <= 90.0 && sky_cell(*place) == centre);
            border.extend(inside.last());
        }
        for (i, a) in border.iter().enumerate() {
            for b in &border[i..] {
                let apart_km = distance_km(*a, *b);
                assert!(apart_km <= CELL_DIAGONAL_KM + 1e-6, "{a:?} and {b:?} share a sky, {apart_km} km apart");
            }
        }
    }

    #[test]
    fn a_cell_is_the_cell_of_its_centre_and_near_its_places() {
        for place in [DE_BILT, site(0.0, 0.0), site(-89.99, 77.0), site(89.99, -180.0), site(-33.9, 151.2)] {
            let centre = sky_cell(place);
            assert_eq!(sky_cell(centre), centre);
            assert!(distance_km(place, centre) <= CELL_DIAGONAL_KM / 2.0 + 0.5, "{place:?} and {centre:?}");
        }
    }

    #[test]
    fn the_date_line_is_one_meridian_and_a_pole_one_place() {
        for latitude in [-71.0, 0.0, 52.1] {
            assert_eq!(sky_cell(site(latitude, 180.0)), sky_cell(site(latitude, -180.0)));
            assert_ne!(sky_cell(site(latitude, 179.99)), sky_cell(site(latitude, -179.99)));
        }
        for pole in [-90.0, 90.0] {
            assert_eq!(sky_cell(site(pole, -120.0)), sky_cell(site(pole, 33.0)));
        }
    }

    #[test]
    fn the_netherlands_have_some_two_hundred_skies() {
        let mut centres = std::collections::BTreeSet::new();
        for north in 0..=280 {
            for east in 0..=380 {
                let centre = sky_cell(site(50.75 + f64::from(north) / 100.0, 3.4 + f64::from(east) / 100.0));
                centres.insert((centre.latitude_deg.to_bits(), centre.longitude_deg.to_bits()));
            }
        }
        // The box is 312 by 260 km, and a cell about 17.7 by 17.7.
        assert!((250..=340).contains(&centres.len()), "{}", centres.len());
    }
}

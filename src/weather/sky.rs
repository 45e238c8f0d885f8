//! The sky of a run: weather and sun in every step, side by side.

use rayon::prelude::*;

use super::irradiance::{SOLAR_CONSTANT_PVLIB, extraterrestrial_w_m2, utc_day_of_year};
use super::sun::{Ephemeris, Observer, Site, Sun};
use super::{Conditions, SunAt, Weather};
use crate::calendar::Calendar;

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

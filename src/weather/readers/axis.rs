//! A weather file's own intervals onto the steps of the run.

use super::{Column, Kind, RawWeather};
use crate::calendar::Calendar;
use crate::series::regular::{Regular, signed};
use crate::weather::irradiance::{SOLAR_CONSTANT_PVLIB, erbs, extraterrestrial_w_m2, haurwitz_w_m2, utc_day_of_year};
use crate::weather::refine::{self, Instants};
use crate::weather::sun::{Ephemeris, Observer, Site};
use crate::weather::{SunAt, Weather};

/// The least cosine of the zenith that clear-sky beam is derived with.
const LEAST_COS_ZENITH: f64 = 0.065;

/// The sun over one place, and the clear sky it gives.
struct Sky {
    ephemeris: Ephemeris,
    observer: Observer,
}

/// What a column of radiation falls on.
#[derive(Clone, Copy)]
enum Plane {
    Level,
    FacingSun,
}

impl Sky {
    /// The sky over the run and the file's intervals around it.
    fn new(raw: &RawWeather, calendar: &Calendar, site: Site) -> Sky {
        let from_s = raw.ghi.series.start_s.min(calendar.start_s(0)) - 3600;
        let to_s = raw.ghi.series.end_s().max(calendar.start_s(calendar.steps())) + 3600;
        Sky { ephemeris: Ephemeris::new(from_s, to_s), observer: Observer::new(site) }
    }

    /// Radiation under a clear sky, W/m².
    fn clear_w_m2(&self, at_s: i64, plane: Plane) -> f64 {
        let cos_zenith = self.ephemeris.sun_over(at_s, &self.observer).cos_apparent_zenith;
        let level = haurwitz_w_m2(cos_zenith);
        match plane {
            Plane::Level => level,
            Plane::FacingSun => level / cos_zenith.max(LEAST_COS_ZENITH),
        }
    }
}

/// Lays weather that covers the run onto its steps.
pub(super) fn lay_out(raw: &RawWeather, calendar: &Calendar, site: Site) -> Weather {
    if calendar.steps() == 0 {
        return Weather::default();
    }
    let sky = Sky::new(raw, calendar, site);
    let sun_at = match raw.ghi.kind {
        Kind::AtStart if stands_on_steps(&raw.ghi.series, calendar) => SunAt::Start,
        _ => SunAt::Middle,
    };
    let radiation = |column: &Column, plane: Plane| lay_radiation(column, calendar, sun_at, &sky, plane);
    let ghi_w_m2 = radiation(&raw.ghi, Plane::Level);
    let (dni_w_m2, dhi_w_m2) = match &raw.beam {
        Some([dni, dhi]) => (radiation(dni, Plane::FacingSun), radiation(dhi, Plane::Level)),
        None => split(&ghi_w_m2, calendar, sun_at, &sky),
    };
    Weather {
        temperature_c: lay_smooth(&raw.temperature, calendar, sun_at),
        wind_m_s: lay_smooth(&raw.wind, calendar, sun_at),
        ghi_w_m2,
        dni_w_m2,
        dhi_w_m2,
        sun_at,
    }
}

/// Whether the intervals are the run's own steps.
fn stands_on_steps(series: &Regular, calendar: &Calendar) -> bool {
    series.step_s == calendar.step_s() && (calendar.start_s(0) - series.start_s) % series.step_s == 0
}

/// The run's steps of a series of means: exact where intervals are the steps, weighted by overlap elsewhere.
fn on_steps(series: &Regular, calendar: &Calendar) -> Vec<f64> {
    (0..calendar.steps()).map(|step| series.mean(calendar.start_s(step), calendar.start_s(step + 1))).collect()
}

/// How many parts a coarser interval is refined into: the run's steps if they fit, otherwise five minutes.
fn parts(series: &Regular, calendar: &Calendar) -> usize {
    let step_s = calendar.step_s();
    let fits = series.step_s % step_s == 0 && (calendar.start_s(0) - series.start_s) % step_s == 0;
    (series.step_s / if fits { step_s } else { super::FINEST_S }) as usize
}

fn lay_radiation(column: &Column, calendar: &Calendar, sun_at: SunAt, sky: &Sky, plane: Plane) -> Vec<f64> {
    let series = &column.series;
    if column.kind == Kind::Mean || sun_at == SunAt::Start {
        if series.step_s <= calendar.step_s() {
            return on_steps(series, calendar);
        }
        let parts = parts(series, calendar);
        let part_s = series.step_s / signed(parts);
        let clear: Vec<f64> = (0..series.values.len() * parts)
            .map(|part| sky.clear_w_m2(series.start_s + signed(part) * part_s + part_s / 2, plane))
            .collect();
        let values = refine::radiation(&series.values, &clear);
        return on_steps(&Regular { start_s: series.start_s, step_s: part_s, values }, calendar);
    }
    let instants = Instants { first_s: series.start_s, spacing_s: series.step_s, values: &series.values };
    let clear: Vec<f64> = (0..series.values.len()).map(|slot| sky.clear_w_m2(series.start_of(slot), plane)).collect();
    (0..calendar.steps())
        .map(|step| {
            let middle_s = calendar.middle_s(step);
            instants.radiation_at(&clear, middle_s, sky.clear_w_m2(middle_s, plane))
        })
        .collect()
}

/// Temperature or wind on the run's steps.
fn lay_smooth(column: &Column, calendar: &Calendar, sun_at: SunAt) -> Vec<f64> {
    let series = &column.series;
    let at_middles = |first_s: i64, values: &[f64]| {
        let instants = Instants { first_s, spacing_s: series.step_s, values };
        (0..calendar.steps()).map(|step| instants.at(calendar.middle_s(step))).collect()
    };
    match column.kind {
        Kind::Mean if series.step_s <= calendar.step_s() => on_steps(series, calendar),
        Kind::Mean => {
            let parts = parts(series, calendar);
            let values = refine::smooth(&series.values, parts);
            on_steps(&Regular { start_s: series.start_s, step_s: series.step_s / signed(parts), values }, calendar)
        }
        Kind::AtStart if sun_at == SunAt::Start => on_steps(series, calendar),
        Kind::AtStart => at_middles(series.start_s, &series.values),
        Kind::AtEnd => {
            let mut values = Vec::with_capacity(series.values.len() + 1);
            values.extend(column.at_begin.or(series.values.first().copied()));
            values.extend(&series.values);
            at_middles(series.start_s, &values)
        }
    }
}

/// Beam and diffuse from global radiation, by Erbs' correlation at the run's steps.
fn split(ghi_w_m2: &[f64], calendar: &Calendar, sun_at: SunAt, sky: &Sky) -> (Vec<f64>, Vec<f64>) {
    ghi_w_m2
        .iter()
        .enumerate()
        .map(|(step, &ghi)| {
            let at_s = match sun_at {
                SunAt::Middle => calendar.middle_s(step),
                SunAt::Start => calendar.start_s(step),
            };
            let sun = sky.ephemeris.sun_over(at_s, &sky.observer);
            let outside = extraterrestrial_w_m2(utc_day_of_year(at_s), SOLAR_CONSTANT_PVLIB);
            let parts = erbs(ghi, sun.zenith_deg, sun.cos_zenith, outside);
            (parts.dni_w_m2, parts.dhi_w_m2)
        })
        .unzip()
}

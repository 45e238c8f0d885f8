//! Weather files onto the steps of the run: KNMI hourly station data, and a generic delimited file.
//!
//! - `knmi`: both layouts of KNMI's hourly files.
//! - `generic`: `time, ghi_w_m2[, dni_w_m2, dhi_w_m2], temperature_c, wind_m_s`.
//! - `axis`: coarser and finer files on the run's steps; beam and diffuse where the file has none.
//!
//! The rules are on the page `docs/models/series.md`.

mod axis;
mod generic;
mod knmi;

use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::Weather;
use super::sun::Site;
use crate::calendar::Calendar;
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::{WeatherFile, WeatherFormat};
use crate::series::by_date;
use crate::series::cover::Need;
use crate::series::findings::Findings;
use crate::series::regular::{Grid, Regular, duration};
use crate::series::table::Table;

/// Radiation that a pyranometer may show, W/m²; a little below 0 is its own cooling at night and counts as 0.
const RADIATION_W_M2: RangeInclusive<f64> = -20.0..=2000.0;

/// Air temperatures on earth, °C.
const TEMPERATURE_C: RangeInclusive<f64> = -95.0..=65.0;

/// Wind speeds on earth, m/s.
const WIND_M_S: RangeInclusive<f64> = 0.0..=120.0;

/// All stamps are a multiple of this, seconds.
const FINEST_S: i64 = 300;

/// What a weather file holds, before it is laid onto a run.
#[derive(Clone, Debug, PartialEq)]
pub struct WeatherSummary {
    /// The rows.
    pub rows: usize,
    /// The steps between the first and the last that lack radiation, temperature or wind.
    pub missing: usize,
    /// Global radiation of the whole file, kWh/m².
    pub ghi_kwh_m2: f64,
    /// Mean temperature, °C.
    pub temperature_mean_c: f64,
    /// Mean wind speed, m/s.
    pub wind_mean_m_s: f64,
    /// Whether the file has beam and diffuse radiation.
    pub has_beam: bool,
    /// The start of the first interval.
    pub first: Timestamp,
    /// The end of the last interval.
    pub last: Timestamp,
    /// The length of an interval, minutes.
    pub step_minutes: u32,
}

/// Reads a weather file onto the steps of the run.
///
/// # Arguments
/// * `spec` – the file and how it is to be read.
/// * `site` – the place of the run: its sun shapes what is refined and splits what has no beam.
/// * `faults` – what is wrong or odd with the file is added here.
///
/// Returns `None` if anything refuses the file.
///
/// # Invariants
/// All columns are `calendar.steps()` long and finite; radiation and wind are at least 0.
pub fn read_weather(spec: &WeatherFile, calendar: &Calendar, site: Site, faults: &mut Vec<Fault>) -> Option<Weather> {
    let mut findings = Findings::new(&spec.file, &spec.origin);
    let weather = load(spec, &mut findings)
        .and_then(|raw| cover(spec, raw, calendar, &mut findings))
        .map(|raw| axis::lay_out(&raw, calendar, site));
    findings.hand_over(faults);
    weather
}

/// Reads what a weather file holds, without a run.
pub fn inspect_weather_file(spec: &WeatherFile, faults: &mut Vec<Fault>) -> Option<WeatherSummary> {
    let mut findings = Findings::new(&spec.file, &spec.origin);
    let raw = load(spec, &mut findings);
    findings.hand_over(faults);
    raw?.summary()
}

/// What the value of an interval is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The mean over the interval.
    Mean,
    /// The value at the interval's start.
    AtStart,
    /// The value at the interval's end.
    AtEnd,
}

/// One quantity of a weather file, over the file's own intervals.
#[derive(Clone, Debug)]
struct Column {
    /// The column's name in the file.
    name: &'static str,
    kind: Kind,
    series: Regular,
    /// For [`Kind::AtEnd`]: the value at the very start, if it is known.
    at_begin: Option<f64>,
}

/// A weather file as it was read: all columns over the same intervals.
#[derive(Debug)]
struct RawWeather {
    table: Table,
    /// From the start of an interval to its stamp, seconds.
    stamp_shift_s: i64,
    ghi: Column,
    /// Beam and diffuse.
    beam: Option<[Column; 2]>,
    temperature: Column,
    wind: Column,
}

impl RawWeather {
    fn columns_mut(&mut self) -> impl Iterator<Item = &mut Column> {
        [&mut self.ghi, &mut self.temperature, &mut self.wind].into_iter().chain(self.beam.iter_mut().flatten())
    }

    fn summary(&self) -> Option<WeatherSummary> {
        let columns = [&self.ghi, &self.temperature, &self.wind].map(|column| &column.series);
        let [ghi, temperature, wind] = columns;
        let lacks = |slot: usize| columns.iter().any(|series| series.values[slot].is_nan());
        let known = |series: &Regular| {
            let values = series.values.iter().filter(|value| !value.is_nan());
            (values.clone().sum::<f64>(), values.count() as f64)
        };
        let mean = |(sum, count): (f64, f64)| sum / count.max(1.0);
        Some(WeatherSummary {
            rows: self.table.instants_s.len(),
            missing: (0..ghi.values.len()).filter(|&slot| lacks(slot)).count(),
            ghi_kwh_m2: known(ghi).0 * ghi.step_s as f64 / 3600.0 / 1000.0,
            temperature_mean_c: mean(known(temperature)),
            wind_mean_m_s: mean(known(wind)),
            has_beam: self.beam.is_some(),
            first: Timestamp::from_second(ghi.start_s).ok()?,
            last: Timestamp::from_second(ghi.end_s()).ok()?,
            step_minutes: u32::try_from(ghi.step_s / 60).ok()?,
        })
    }
}

fn load(spec: &WeatherFile, findings: &mut Findings) -> Option<RawWeather> {
    let raw = match spec.format {
        WeatherFormat::Knmi => knmi::load(&spec.file, findings),
        WeatherFormat::Csv => generic::load(spec, findings),
    };
    raw.filter(|_| !findings.refuse())
}

/// What a column of a weather file measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    /// W/m².
    Radiation,
    /// °C.
    Temperature,
    /// m/s.
    Wind,
}

impl Quantity {
    /// Values that a sensor on earth may show.
    fn possible(self) -> RangeInclusive<f64> {
        match self {
            Quantity::Radiation => RADIATION_W_M2,
            Quantity::Temperature => TEMPERATURE_C,
            Quantity::Wind => WIND_M_S,
        }
    }
}

/// How one column of a table is to be read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    name: &'static str,
    quantity: Quantity,
    kind: Kind,
    /// What a 1 in the file means in the quantity's unit.
    unit: f64,
}

/// Puts the columns of a table on an even axis, with impossible values refused.
///
/// # Arguments
/// * `readings` – one per column of the table: global radiation, temperature, wind, and perhaps beam and diffuse.
/// * `stamps_end` – whether stamps mark the end of their interval.
fn even(table: Table, readings: &[Reading], stamps_end: bool, findings: &mut Findings) -> Option<RawWeather> {
    refuse_impossible(&table, readings, findings);
    let grid = Grid::of(&table, findings)?;
    if grid.first_s % FINEST_S != 0 {
        let message = format!("the rows of `{}` are not stamped at whole five minutes", findings.file());
        let help = format!("give values at multiples of {} past the hour", duration(grid.step_s));
        let fault = Fault::error("kwartier::series::spacing", message).help(help);
        findings.in_file(&table.source, table.span(0), fault, "the first row");
    }
    if findings.refuse() {
        return None;
    }
    let stamp_shift_s = if stamps_end { grid.step_s } else { 0 };
    let mut columns = readings.iter().zip(&table.columns).map(|(reading, cells)| {
        let values = grid.column(|row| {
            let value = cells[row].or_nan() * reading.unit;
            if reading.quantity == Quantity::Radiation && value < 0.0 { 0.0 } else { value }
        });
        let series = Regular { start_s: grid.first_s - stamp_shift_s, step_s: grid.step_s, values };
        Column { name: reading.name, kind: reading.kind, series, at_begin: None }
    });
    let (ghi, temperature, wind) = (columns.next()?, columns.next()?, columns.next()?);
    let beam = columns.next().zip(columns.next()).map(|(dni, dhi)| [dni, dhi]);
    drop(columns);
    Some(RawWeather { table, stamp_shift_s, ghi, beam, temperature, wind })
}

fn refuse_impossible(table: &Table, readings: &[Reading], findings: &mut Findings) {
    for (reading, cells) in readings.iter().zip(&table.columns) {
        let possible = reading.quantity.possible();
        for (row, cell) in cells.iter().enumerate() {
            let value = cell.or_nan() * reading.unit;
            if !value.is_nan() && !possible.contains(&value) {
                let name = reading.name;
                let message =
                    format!("{value} in column `{name}` is outside {} to {}", possible.start(), possible.end());
                let help = "check the unit of the column; leave the cell empty if the value is missing";
                let fault = Fault::error("kwartier::series::range", message).help(help);
                findings.in_file(&table.source, table.span(row), fault, format!("column `{name}`"));
            }
        }
    }
}

/// Cuts a file to the run, mapped by date if a year is said, with its gaps treated.
fn cover(spec: &WeatherFile, raw: RawWeather, calendar: &Calendar, findings: &mut Findings) -> Option<RawWeather> {
    let (from_s, to_s) = match spec.year {
        None => (calendar.start_s(0), calendar.start_s(calendar.steps())),
        Some(year) => by_date::year_span_s(year, calendar).or_else(|| out_of_range(year, findings))?,
    };
    let clock = match spec.format {
        WeatherFormat::Knmi => jiff::tz::TimeZone::UTC,
        WeatherFormat::Csv => spec.timezone.clone(),
    };
    let need = Need {
        from_s,
        to_s,
        timezone: calendar.timezone(),
        year: spec.year,
        gaps: spec.gaps,
        file_clock: Some(&clock),
        pass_over: false,
    };
    let span = raw.ghi.series.start_s..raw.ghi.series.end_s();
    if !need.is_met_by(&span, findings) {
        return None;
    }
    let (source, shift_s) = (&raw.table, raw.stamp_shift_s);
    let cut = |column: &Column, findings: &mut Findings| {
        let what = format!("column `{}` of `{}`", column.name, findings.file());
        let series = need.cut(&column.series, None, &what, source, shift_s, findings);
        let before = column.series.slot(series.start_s - 1);
        let at_begin = usize::try_from(before).ok().and_then(|slot| column.series.values.get(slot).copied());
        let at_begin = at_begin.filter(|value| !value.is_nan() && spec.year.is_none());
        Column { series, at_begin, ..column.clone() }
    };
    let (ghi, temperature, wind) = (cut(&raw.ghi, findings), cut(&raw.temperature, findings), cut(&raw.wind, findings));
    let beam = raw.beam.as_ref().map(|[dni, dhi]| [cut(dni, findings), cut(dhi, findings)]);
    let mut raw = RawWeather { ghi, beam, temperature, wind, ..raw };
    if findings.refuse() {
        return None;
    }
    if let Some(year) = spec.year {
        by_date::warn_of_leap_day("kwartier::weather::leap_day", "weather", year, calendar, findings);
        for column in raw.columns_mut() {
            column.series = by_date::map(&column.series, year, calendar).or_else(|| out_of_range(year, findings))?;
        }
    }
    Some(raw)
}

/// Says that the dates of `year` cannot be computed.
fn out_of_range<T>(year: i16, findings: &mut Findings) -> Option<T> {
    let message = format!("the dates of {year} in `{}` cannot be mapped", findings.file());
    let help = "say a `year` that the file holds";
    findings.in_scenario(Fault::error("kwartier::series::year", message).help(help), "this file");
    None
}

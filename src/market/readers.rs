//! Price files onto the steps of the run: day-ahead prices of SMARD and of ENTSO-E's transparency platform, and a generic
//! delimited file.
//!
//! - SMARD (Bundesnetzagentur), English and German: `;`, a byte-order mark, one column for each bidding zone with `€/MWh`,
//!   German legal time, stamps at the start, date and time in one column or two.
//! - ENTSO-E: `MTU (CET/CEST)` with intervals `01.01.2023 00:00 - 01.01.2023 01:00` and a column `Day-ahead Price …`, of
//!   the old and the new interface; and what the library entsoe-py writes: stamps with offsets and one column.
//! - Generic: `time, price_eur_mwh` or `price_eur_kwh`; stamps at the start.
//!
//! Hours, quarters and both in one file are read (day-ahead is in quarters from 1 October 2025). The rules are on the
//! page `docs/models/prices.md`.

mod columns;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use self::columns::{Choice, choose};
use super::KWH_PER_MWH;
use crate::calendar::{Calendar, Country};
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::{PriceFile, PriceFormat};
use crate::series::by_date;
use crate::series::cover::Need;
use crate::series::findings::Findings;
use crate::series::mixed::Mixed;
use crate::series::regular::Regular;
use crate::series::table::{Table, Wanted, read_table_of, read_text};

/// No auction in Europe has given a price beyond this, EUR/MWh: such a number is in another unit.
const MOST_EUR_PER_MWH: f64 = 10_000.0;

/// Where no price of a file in EUR/MWh is farther from zero than this, they look like EUR/kWh.
const LEAST_EUR_PER_MWH: f64 = 2.0;

/// What a price file holds, before it is laid onto a run.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceSummary {
    /// The column that was read.
    pub column: String,
    /// The rows.
    pub rows: usize,
    /// The rows without a price.
    pub missing: usize,
    /// The sum of the prices of all rows, EUR/MWh.
    pub sum_eur_per_mwh: f64,
    /// The lowest price, EUR/MWh.
    pub min_eur_per_mwh: f64,
    /// The highest price, EUR/MWh.
    pub max_eur_per_mwh: f64,
    /// The start of the first interval.
    pub first: Timestamp,
    /// The end of the last interval.
    pub last: Timestamp,
    /// The shortest and the longest interval, minutes.
    pub minutes: (i64, i64),
}

/// Reads a price file onto the steps of the run.
///
/// # Arguments
/// * `spec` – the file and how it is to be read.
/// * `faults` – what is wrong or odd with the file is added here.
///
/// Returns the price of each step, `[steps]`, EUR/kWh; `None` if anything refuses the file. A step longer than the
/// file's interval has the mean, a shorter one the interval's price.
pub fn read_prices(spec: &PriceFile, calendar: &Calendar, faults: &mut Vec<Fault>) -> Option<Vec<f64>> {
    let mut findings = Findings::new(&spec.file, &spec.origin);
    let prices = load(spec, calendar.country(), &mut findings)
        .and_then(|raw| cover(spec, &raw, calendar, &mut findings))
        .map(|eur_per_mwh| on_steps(&eur_per_mwh, calendar));
    findings.hand_over(faults);
    prices
}

/// Reads what a price file holds, without a run.
///
/// # Arguments
/// * `country` – whose bidding zone is taken where the file has several and no column is named.
pub fn inspect_price_file(spec: &PriceFile, country: Country, faults: &mut Vec<Fault>) -> Option<PriceSummary> {
    let mut findings = Findings::new(&spec.file, &spec.origin);
    let raw = load(spec, country, &mut findings);
    findings.hand_over(faults);
    raw?.summary()
}

/// A price file as it was read.
#[derive(Debug)]
struct RawPrices {
    table: Table,
    intervals: Mixed,
    /// What a 1 in the file means, EUR/MWh.
    unit: f64,
    /// EUR/MWh on intervals of the finest length.
    eur_per_mwh: Regular,
}

impl RawPrices {
    fn of_rows(&self) -> impl Iterator<Item = f64> {
        self.table.columns[0].iter().map(|cell| cell.or_nan() * self.unit)
    }

    fn summary(&self) -> Option<PriceSummary> {
        let known = || self.of_rows().filter(|price| !price.is_nan());
        Some(PriceSummary {
            column: self.table.names.first()?.clone(),
            rows: self.table.instants_s.len(),
            missing: self.of_rows().filter(|price| price.is_nan()).count(),
            sum_eur_per_mwh: known().sum(),
            min_eur_per_mwh: known().fold(f64::INFINITY, f64::min),
            max_eur_per_mwh: known().fold(f64::NEG_INFINITY, f64::max),
            first: Timestamp::from_second(self.eur_per_mwh.start_s).ok()?,
            last: Timestamp::from_second(self.eur_per_mwh.end_s()).ok()?,
            minutes: self.intervals.minutes(),
        })
    }
}

fn load(spec: &PriceFile, country: Country, findings: &mut Findings) -> Option<RawPrices> {
    let source = read_text(&spec.file, findings)?;
    let Choice { column, unit, timezone, english } = choose(spec, country, &source, findings)?;
    let wanted = Wanted {
        columns: &[&column],
        columns_origin: spec.column_origin.as_ref(),
        optional: &[],
        timezone: &timezone,
        english,
    };
    let table = read_table_of(source, &wanted, findings)?;
    refuse_impossible(&table, unit, findings);
    let intervals = Mixed::of(&table, findings)?;
    if findings.refuse() {
        return None;
    }
    let eur_per_mwh = intervals.column(&table, |row| table.columns[0][row].or_nan() * unit);
    let raw = RawPrices { table, intervals, unit, eur_per_mwh };
    if spec.format == PriceFormat::Csv {
        warn_of_small(&raw, findings);
    }
    Some(raw)
}

fn refuse_impossible(table: &Table, unit: f64, findings: &mut Findings) {
    for (row, cell) in table.columns[0].iter().enumerate() {
        let price = cell.or_nan() * unit;
        if price.abs() > MOST_EUR_PER_MWH {
            let name = &table.names[0];
            let message = format!("{price} EUR/MWh in column `{name}`: no price of electricity was ever beyond 10,000");
            let help = "check the unit of the column; leave the cell empty if the price is missing";
            let fault = Fault::error("kwartier::market::range", message).help(help);
            findings.in_file(&table.source, table.span(row), fault, format!("column `{name}`"));
        }
    }
}

/// Says so where the prices look like EUR/kWh.
fn warn_of_small(raw: &RawPrices, findings: &mut Findings) {
    let highest = raw.of_rows().filter(|price| !price.is_nan()).map(f64::abs).fold(0.0, f64::max);
    if highest > 0.0 && highest <= LEAST_EUR_PER_MWH && raw.unit <= 1.0 {
        let message = format!(
            "no price of column `{}` in `{}` is above {LEAST_EUR_PER_MWH} EUR/MWh",
            raw.table.names[0],
            findings.file()
        );
        let fault = Fault::warning("kwartier::market::unit", message)
            .help("if they are in EUR/kWh, name the column `price_eur_kwh`");
        findings.in_scenario(fault, "very low prices");
    }
}

/// Cuts a file to the run, mapped by date if a year is said, with its gaps treated.
fn cover(spec: &PriceFile, raw: &RawPrices, calendar: &Calendar, findings: &mut Findings) -> Option<Regular> {
    let (from_s, to_s) = match spec.year {
        None => (calendar.start_s(0), calendar.start_s(calendar.steps())),
        Some(year) => by_date::year_span_s(year, calendar).or_else(|| out_of_range(year, findings))?,
    };
    let need = Need {
        from_s,
        to_s,
        timezone: calendar.timezone(),
        year: spec.year,
        gaps: spec.gaps,
        file_clock: None,
        pass_over: false,
    };
    if !need.is_met_by(&(raw.eur_per_mwh.start_s..raw.eur_per_mwh.end_s()), findings) {
        return None;
    }
    let what = format!("column `{}` of `{}`", raw.table.names[0], findings.file());
    let series = need.cut(&raw.eur_per_mwh, None, &what, &raw.table, 0, findings);
    if findings.refuse() {
        return None;
    }
    let Some(year) = spec.year else { return Some(series) };
    by_date::warn_of_leap_day("kwartier::market::leap_day", "price", year, calendar, findings);
    warn_of_weekdays(year, calendar, findings);
    by_date::map(&series, year, calendar).or_else(|| out_of_range(year, findings))
}

/// Says so where dates of the file's year fall on other days of the week.
fn warn_of_weekdays(year: i16, calendar: &Calendar, findings: &mut Findings) {
    let weekday = |date: Date| format!("{:?}", date.weekday());
    let other = calendar.days().iter().find_map(|day| {
        let source = Date::new(year, day.date.month(), day.date.day()).ok()?;
        (source.weekday() != day.date.weekday()).then_some((day.date, source))
    });
    if let Some((date, source)) = other {
        let message = format!(
            "prices are mapped by date, so weekdays shift: {date}, a {}, has the price of {source}, a {}",
            weekday(date),
            weekday(source)
        );
        let help = "right beside weather of the same year; if weekends matter more, say a `year` that begins on the \
                    same day of the week";
        findings.in_scenario(Fault::warning("kwartier::market::weekdays", message).help(help), "this year");
    }
}

/// Says that the dates of `year` cannot be computed.
fn out_of_range<T>(year: i16, findings: &mut Findings) -> Option<T> {
    let message = format!("the dates of {year} in `{}` cannot be mapped", findings.file());
    let help = "say a `year` that the file holds";
    findings.in_scenario(Fault::error("kwartier::series::year", message).help(help), "this file");
    None
}

/// The mean over each step, EUR/kWh.
fn on_steps(eur_per_mwh: &Regular, calendar: &Calendar) -> Vec<f64> {
    let mean = |step: usize| eur_per_mwh.mean(calendar.start_s(step), calendar.start_s(step + 1));
    (0..calendar.steps()).map(|step| mean(step) / KWH_PER_MWH).collect()
}

/// A time zone of the bundled database.
fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("the time zones are bundled")
}

//! Metered series: a delimited file of stamps and values, laid onto the steps of the run.
//!
//! Reading goes file → `table` of instants and cells → an even axis (`regular`) → what the run needs of it
//! (`cover`), if asked for by mapping another year's days (`day_type`). The rules are on the page
//! `docs/models/series.md`.

pub(crate) mod by_date;
pub(crate) mod cell;
pub(crate) mod cover;
mod day_type;
pub(crate) mod findings;
pub(crate) mod mixed;
pub(crate) mod regular;
pub(crate) mod rows;
pub(crate) mod stamp;
pub(crate) mod table;

use jiff::Timestamp;

use self::cell::Cell;
use self::cover::{Need, year_start_s};
use self::day_type::{NoMapping, map_by_day_type};
use self::findings::Findings;
use self::regular::{Grid, Regular, count};
use self::table::{Table, Wanted, read_table};
use crate::calendar::Calendar;
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::{MeterFile, MeterUnit, Stamp};

/// A metered series on the steps of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The mean power of each step of the calendar, kW.
    pub kw: Vec<f64>,
    /// What the file holds.
    pub summary: Summary,
}

/// What a metered file holds, before it is laid onto a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The rows.
    pub rows: usize,
    /// The values that are missing between the first and the last: rows that are absent or say so.
    pub missing: usize,
    /// The energy of all columns, kWh.
    pub kwh: f64,
    /// The energy of each column, kWh.
    pub columns_kwh: Vec<(String, f64)>,
    /// The start of the first interval.
    pub first: Timestamp,
    /// The end of the last interval.
    pub last: Timestamp,
    /// The length of an interval, minutes.
    pub step_minutes: u32,
    /// Steps of registers that went down and count as 0.
    pub clipped: usize,
}

/// Reads a metered series onto the steps of the run.
///
/// # Arguments
/// * `spec` – the file and how it is to be read.
/// * `faults` – what is wrong or odd with the file is added here.
///
/// Returns `None` if anything refuses the file.
///
/// # Invariants
/// `kw.len() = calendar.steps()`, every value finite and at least 0. Without `year` and gaps the energy over the run is
/// the file's.
pub fn read_meter(spec: &MeterFile, calendar: &Calendar, faults: &mut Vec<Fault>) -> Option<Series> {
    let mut findings = Findings::new(&spec.file, &spec.origin);
    let series = load(spec, &mut findings).and_then(|meter| lay_out(spec, &meter, calendar, &mut findings));
    findings.hand_over(faults);
    series
}

/// Reads what a metered file holds, without a run.
pub fn inspect_meter(spec: &MeterFile, faults: &mut Vec<Fault>) -> Option<Summary> {
    let mut findings = Findings::new(&spec.file, &spec.origin);
    let meter = load(spec, &mut findings);
    findings.hand_over(faults);
    meter.map(|meter| meter.summary)
}

/// A file that was read: mean power over its own intervals.
#[derive(Debug)]
struct Meter {
    table: Table,
    /// kW; NaN where missing.
    power: Regular,
    /// For registers: the same with the known energy over each gap spread evenly.
    spread: Option<Regular>,
    /// From the start of an interval to its stamp, seconds.
    stamp_shift_s: i64,
    summary: Summary,
}

fn load(spec: &MeterFile, findings: &mut Findings) -> Option<Meter> {
    let columns: Vec<&str> = spec.columns.iter().map(String::as_str).collect();
    let columns_origin = spec.columns_origin.as_ref();
    let wanted = Wanted { columns: &columns, columns_origin, optional: &[], timezone: &spec.timezone, english: false };
    if spec.cumulative && matches!(spec.unit, MeterUnit::Kw | MeterUnit::W) {
        let message = format!("`{}` is said to be a register, and its unit a power", findings.file());
        let fault = Fault::error("kwartier::series::unit", message)
            .help("say `unit = \"kwh\"` or `\"wh\"`, or `kind = \"interval\"`");
        findings.in_scenario(fault, "this series");
        return None;
    }
    let table = read_table(&spec.file, &wanted, findings)?;
    if !spec.cumulative {
        refuse_impossible(&table, findings);
    }
    let grid = Grid::of(&table, findings)?;
    if findings.refuse() {
        return None;
    }
    let meter =
        if spec.cumulative { from_registers(spec, table, &grid, findings) } else { from_intervals(spec, table, &grid) };
    if meter.is_none() {
        let message = format!("`{}` holds no values", findings.file());
        let help = "give a file with a value in each interval of the run";
        findings.in_scenario(Fault::error("kwartier::series::empty", message).help(help), "this file");
    }
    meter
}

/// kW of a value over an interval of `step_h`.
fn kw_of(unit: MeterUnit, value: f64, step_h: f64) -> f64 {
    match unit {
        MeterUnit::Kwh => value / step_h,
        MeterUnit::Wh => value / 1000.0 / step_h,
        MeterUnit::Kw => value,
        MeterUnit::W => value / 1000.0,
    }
}

/// No meter of a home or plant counts more in an interval, in any unit: beyond it a value is a defect of the file.
const MOST: f64 = 1e9;

fn refuse_impossible(table: &Table, findings: &mut Findings) {
    for (column, name) in table.columns.iter().zip(&table.names) {
        for (row, cell) in column.iter().enumerate() {
            let Cell::Value(value) = cell else { continue };
            if *value > MOST {
                let message = format!("{value:e} in column `{name}`: no meter counts that much in an interval");
                let help = "put the right value in the file, or leave the cell empty and say `gaps = \"fill\"`";
                let fault = Fault::error("kwartier::series::too_large", message).help(help);
                findings.in_file(&table.source, table.span(row), fault, "too large");
            }
            if *value < 0.0 {
                let message = format!("{value} in column `{name}`: a metered flow cannot be negative");
                let help = "name the column that counts this direction alone; if negative numbers mean the other \
                            direction, turn their sign in the file";
                let fault = Fault::error("kwartier::series::negative", message).help(help);
                findings.in_file(&table.source, table.span(row), fault, "negative");
            }
        }
    }
}

/// Values that belong to their interval.
fn from_intervals(spec: &MeterFile, table: Table, grid: &Grid) -> Option<Meter> {
    let step_h = grid.step_s as f64 / 3600.0;
    let row_value = |row: usize| {
        let cells = || table.columns.iter().map(|column| column[row]);
        // An empty cell beside a filled one is the other tariff: nothing was counted there.
        if cells().any(|cell| cell == Cell::Missing) || cells().all(|cell| cell == Cell::Empty) {
            return f64::NAN;
        }
        // Adding 0 turns -0 into 0.
        cells().map(|cell| if cell == Cell::Empty { 0.0 } else { cell.or_nan() }).sum::<f64>() + 0.0
    };
    let values: Vec<f64> = grid.column(|row| kw_of(spec.unit, row_value(row), step_h));
    let columns_kwh = table.names.iter().zip(&table.columns).map(|(name, column)| {
        let sum: f64 = column.iter().map(|cell| cell.or_nan()).filter(|value| !value.is_nan()).sum();
        (name.clone(), kw_of(spec.unit, sum, step_h) * step_h)
    });
    let columns_kwh: Vec<(String, f64)> = columns_kwh.collect();
    let stamp_shift_s = if spec.stamp == Stamp::End { grid.step_s } else { 0 };
    let power = Regular { start_s: grid.first_s - stamp_shift_s, step_s: grid.step_s, values };
    let missing = power.values.iter().filter(|value| value.is_nan()).count();
    (missing < power.values.len()).then_some(())?;
    let summary = summary(&table, &power, missing, columns_kwh, 0)?;
    Some(Meter { table, power, spread: None, stamp_shift_s, summary })
}

/// Readings of registers that count up: their differences; a step down counts as 0.
fn from_registers(spec: &MeterFile, table: Table, grid: &Grid, findings: &mut Findings) -> Option<Meter> {
    let step_h = grid.step_s as f64 / 3600.0;
    let whole = |row: usize| table.columns.iter().all(|column| matches!(column[row], Cell::Value(_)));
    let known: Vec<(usize, usize)> = grid
        .rows
        .iter()
        .enumerate()
        .filter_map(|(slot, row)| Some((slot, (*row).filter(|&row| whole(row))?)))
        .collect();
    let intervals = grid.rows.len() - 1;
    let (mut values, mut spread) = (vec![f64::NAN; intervals], vec![f64::NAN; intervals]);
    let mut columns_kwh: Vec<(String, f64)> = table.names.iter().map(|name| (name.clone(), 0.0)).collect();
    let (mut clipped, mut clipped_kwh, mut largest_kwh) = (0, 0.0, 0.0_f64);
    let mut first_clipped = None;
    for pair in known.windows(2) {
        let ((from, before), (to, after)) = (pair[0], pair[1]);
        let mut sum_kwh = 0.0;
        for (column, (_, column_kwh)) in table.columns.iter().zip(&mut columns_kwh) {
            let step = kw_of(spec.unit, column[after].or_nan() - column[before].or_nan(), 1.0);
            if step < 0.0 {
                clipped += 1;
                clipped_kwh -= step;
                first_clipped.get_or_insert(after);
            }
            largest_kwh = largest_kwh.max(step);
            *column_kwh += step.max(0.0);
            sum_kwh += step.max(0.0);
        }
        let kw = sum_kwh / step_h / (to - from) as f64;
        spread[from..to].fill(kw);
        if to == from + 1 {
            values[from] = kw;
        }
    }
    if let Some(row) = first_clipped {
        let message = format!(
            "the register goes down {}, by {clipped_kwh:.3} kWh in all: counted as 0 (the largest step up is \
             {largest_kwh:.3} kWh)",
            if clipped == 1 { "once".to_owned() } else { count(clipped, "time") }
        );
        let help = "a meter that was reset or exchanged does so: check that the steps after it are energy";
        let fault = Fault::warning("kwartier::series::register", message).help(help);
        findings.in_file(&table.source, table.span(row), fault, "lower than before (the first time)");
    }
    let power = Regular { start_s: grid.first_s, step_s: grid.step_s, values };
    let missing = grid.rows.len() - known.len();
    (known.len() > 1).then_some(())?;
    let summary = summary(&table, &power, missing, columns_kwh, clipped as usize)?;
    let spread = Regular { values: spread, ..power };
    Some(Meter { table, power, spread: Some(spread), stamp_shift_s: 0, summary })
}

fn summary(
    table: &Table,
    power: &Regular,
    missing: usize,
    columns_kwh: Vec<(String, f64)>,
    clipped: usize,
) -> Option<Summary> {
    Some(Summary {
        rows: table.instants_s.len(),
        missing,
        kwh: columns_kwh.iter().map(|(_, kwh)| kwh).sum(),
        columns_kwh,
        first: Timestamp::from_second(power.start_s).ok()?,
        last: Timestamp::from_second(power.end_s()).ok()?,
        step_minutes: u32::try_from(power.step_s / 60).ok()?,
        clipped,
    })
}

/// Lays a file onto the steps of the run.
fn lay_out(spec: &MeterFile, meter: &Meter, calendar: &Calendar, findings: &mut Findings) -> Option<Series> {
    let (from_s, to_s) = match spec.year {
        None => (calendar.start_s(0), calendar.start_s(calendar.steps())),
        Some(year) => {
            let midnight_s = |year| year_start_s(year, calendar.timezone());
            let Some(span_s) = midnight_s(year).zip(midnight_s(year.saturating_add(1))) else {
                findings.in_scenario(no_mapping(&NoMapping::OutOfRange, year, findings.file()), "this file");
                return None;
            };
            span_s
        }
    };
    let need = Need {
        from_s,
        to_s,
        timezone: calendar.timezone(),
        year: spec.year,
        gaps: spec.gaps,
        file_clock: None,
        pass_over: spec.year.is_some(),
    };
    if !need.is_met_by(&(meter.power.start_s..meter.power.end_s()), findings) {
        return None;
    }
    let cut = need.cut(
        &meter.power,
        meter.spread.as_ref(),
        &format!("`{}`", findings.file()),
        &meter.table,
        meter.stamp_shift_s,
        findings,
    );
    if findings.refuse() {
        return None;
    }
    let kw = match spec.year {
        None => {
            (0..calendar.steps()).map(|step| cut.mean(calendar.start_s(step), calendar.start_s(step + 1))).collect()
        }
        Some(year) => map_by_day_type(&cut, year, calendar)
            .map_err(|why| findings.in_scenario(no_mapping(&why, year, findings.file()), "this file"))
            .ok()?,
    };
    Some(Series { kw, summary: meter.summary.clone() })
}

fn no_mapping(why: &NoMapping, year: i16, file: &str) -> Fault {
    let (message, help) = match why {
        NoMapping::FewDays(whole, days) => (
            format!("`{file}` has only {whole} whole days of the {days} of {year}"),
            "give a file with at least 95% of the days of the year, or another `year`",
        ),
        NoMapping::NoSuchDay(date) => (
            format!("`{file}` has no whole day of {year} of the kind and season of {date}"),
            "give a file with more whole days, or another `year`",
        ),
        NoMapping::OutOfRange => (format!("the days of {year} in `{file}` cannot be mapped"), "give another `year`"),
    };
    Fault::error("kwartier::series::year", message).help(help)
}

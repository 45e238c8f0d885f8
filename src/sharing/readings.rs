//! Readings to share: `time, id, import_kwh, export_kwh`, one row for each step and participant.
//!
//! `time` is the start of the step, with an offset or Z. Every participant has every step.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::scenario::diagnostics::{Fault, Origin, Source};
use crate::series::findings::Findings;
use crate::series::regular::{self, utc};
use crate::series::rows::{File, Row, text_of};

const COLUMNS: [&str; 4] = ["time", "id", "import_kwh", "export_kwh"];

/// What participants drew and fed in, step by step.
#[derive(Debug)]
pub struct Readings {
    /// The participants, in the order of the file.
    pub ids: Vec<String>,
    /// Start of each step, seconds since 1970, rising.
    pub starts_s: Vec<i64>,
    /// Length of a step, seconds; `None` if there is only one.
    pub step_s: Option<i64>,
    /// Drawn, `[step][participant]`, kWh.
    pub import_kwh: Vec<Vec<f64>>,
    /// Fed in, `[step][participant]`, kWh.
    pub export_kwh: Vec<Vec<f64>>,
}

/// What each participant has in some steps together, kWh.
///
/// * `table` – `[step][participant]`.
pub(crate) fn sums(table: &[Vec<f64>], steps: &Range<usize>) -> Vec<f64> {
    let steps = &table[steps.clone()];
    let participants = steps.first().map_or(0, Vec::len);
    (0..participants).map(|i| steps.iter().map(|step| step[i]).sum()).collect()
}

/// Reads a file of readings; `None` if anything is wrong with it: `faults` says what, each at its cell.
pub fn read(path: &Path, faults: &mut Vec<Fault>) -> Option<Readings> {
    let words = Source::new("--readings", path.display().to_string());
    let origin = Origin::new(&words, 0..words.text().len());
    let mut findings = Findings::new(path, &origin);
    let read = text_of(path, &mut findings).and_then(|source| {
        let mut file = File::new(&source, &mut findings, "time,id,import_kwh,export_kwh")?;
        read_rows(&mut file)
    });
    let read = read.filter(|_| !findings.refuse());
    findings.hand_over(faults);
    read
}

fn read_rows(file: &mut File<'_, '_, '_>) -> Option<Readings> {
    file.check_columns(&COLUMNS, &COLUMNS);
    if file.findings.refuse() {
        return None;
    }
    let mut ids: Vec<String> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut steps: BTreeMap<i64, BTreeMap<usize, (f64, f64)>> = BTreeMap::new();
    for row in file.rows.clone() {
        let start = file.instant_s(&row);
        let (import, export) = (kwh(file, &row, "import_kwh"), kwh(file, &row, "export_kwh"));
        let (id_at, id) = file.cell(&row, "id")?;
        if id.is_empty() {
            let fault = Fault::error("kwartier::meters::unknown_id", "this row says not whose reading it is")
                .help("write an id in each row");
            file.at_cell(&row, id_at, fault, "nobody");
            continue;
        }
        let place = *places.entry(id.to_owned()).or_insert_with(|| {
            ids.push(id.to_owned());
            ids.len() - 1
        });
        let (Some(start), Some(import), Some(export)) = (start, import, export) else { continue };
        if steps.entry(start).or_default().insert(place, (import, export)).is_some() {
            let fault = Fault::error("kwartier::meters::twice", format!("\"{id}\" is read twice for this step"))
                .help("give one row for each participant and step");
            file.at_row(&row, fault, "read before");
        }
    }
    if file.findings.refuse() {
        return None;
    }
    check_whole(file, &ids, &steps);
    let starts_s: Vec<i64> = steps.keys().copied().collect();
    let step_s = step_of(file, &starts_s);
    let of = |which: fn(&(f64, f64)) -> f64| steps.values().map(|step| step.values().map(which).collect()).collect();
    let (import_kwh, export_kwh) = (of(|kwh| kwh.0), of(|kwh| kwh.1));
    Some(Readings { ids, starts_s, step_s, import_kwh, export_kwh })
}

fn kwh(file: &mut File<'_, '_, '_>, row: &Row<'_>, column: &str) -> Option<f64> {
    let (index, text) = file.cell(row, column)?;
    if text.is_empty() {
        let fault = Fault::error("kwartier::meters::number", format!("`{column}` is empty, expected kWh"))
            .help("write 0 where nothing flowed; what is not known cannot be shared");
        file.at_cell(row, index, fault, "no number");
        return None;
    }
    file.number(row, column).as_ref().and_then(Decimal::to_f64)
}

/// Every participant has every step.
fn check_whole(file: &mut File<'_, '_, '_>, ids: &[String], steps: &BTreeMap<i64, BTreeMap<usize, (f64, f64)>>) {
    for (place, id) in ids.iter().enumerate() {
        let missing: Vec<i64> =
            steps.iter().filter(|(_, read)| !read.contains_key(&place)).map(|(start, _)| *start).collect();
        if let Some(first) = missing.first() {
            let count = missing.len();
            let fault = Fault::error(
                "kwartier::meters::gap",
                format!(
                    "\"{id}\" has no reading for {}, the first at {}",
                    regular::count(count as i64, "step"),
                    utc(*first)
                ),
            )
            .help("give a row for each participant and step, with 0 where nothing flowed");
            file.at_header(fault, "each step needs all participants");
        }
    }
}

/// The length of a step, if the steps follow one another.
fn step_of(file: &mut File<'_, '_, '_>, starts_s: &[i64]) -> Option<i64> {
    let step_s = starts_s.windows(2).map(|pair| pair[1] - pair[0]).min()?;
    if let Some(pair) = starts_s.windows(2).find(|pair| pair[1] - pair[0] != step_s) {
        let fault = Fault::error(
            "kwartier::meters::gap",
            format!("steps of {} min are missing between {} and {}", step_s / 60, utc(pair[0]), utc(pair[1])),
        )
        .help("give every step from the first to the last");
        file.at_header(fault, "the steps have a gap");
    }
    Some(step_s)
}

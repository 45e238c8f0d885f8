//! Real readings: a file of yearly registers or of intervals, as the points of a plan read them.
//!
//! A comma-separated text in UTF-8 with a header. With a column `year` it holds yearly registers (`yearly`), with a
//! column `time` intervals (`intervals`). A reading is the decimal that was written.

mod intervals;
mod yearly;

use std::path::Path;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::points;
use super::readings::{Point, Readings};
use super::rulebook::Rulebook;
use crate::calendar::Calendar;
use crate::scenario::diagnostics::{Fault, Origin, Source, nearest};
use crate::scenario::plan::Plan;
use crate::series::findings::Findings;
use crate::series::rows::{File, Row, text_of};

/// What a reading is settled with.
pub struct Asked<'a> {
    /// The plan: its points, its sharing, its clock.
    pub plan: &'a Plan,
    /// The points of the plan.
    pub points: &'a [Point],
    /// The rules.
    pub book: &'a Rulebook,
    /// The time axis.
    pub calendar: &'a Calendar,
    /// The day-ahead price of each step, EUR/kWh, where a rule needs it.
    pub prices_eur_per_kwh: Option<&'a [f64]>,
}

/// The readings of a point over some time.
#[derive(Debug)]
pub struct Read {
    /// Its place among the points.
    pub point: usize,
    /// The point as the readings show it: one with gas has a gas connection.
    pub as_read: Point,
    /// First day.
    pub from: Date,
    /// First day after it.
    pub until: Date,
    /// The registers.
    pub readings: Readings,
    /// What it shared, step by step: only of intervals, and only where the scenario shares.
    pub shared: Vec<SharedStep>,
}

/// What a point shared in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SharedStep {
    /// The step of the run.
    pub step: usize,
    /// Received, kWh.
    pub in_kwh: Decimal,
    /// Given, kWh.
    pub out_kwh: Decimal,
}

/// Reads a file of readings; `None` if anything is wrong with it.
///
/// All that is wrong or odd is added to `faults`, each at its cell.
pub fn read(path: &Path, asked: &Asked<'_>, faults: &mut Vec<Fault>) -> Option<Vec<Read>> {
    let words = Source::new("--meters", path.display().to_string());
    let origin = Origin::new(&words, 0..words.text().len());
    let mut findings = Findings::new(path, &origin);
    let read = text_of(path, &mut findings).and_then(|source| {
        let mut file = File::new(&source, &mut findings, "id,year,import_kwh,export_kwh,gas_m3")?;
        match (file.column("time"), file.column("year")) {
            (Some(_), None) => intervals::read(&mut file, asked),
            (None, Some(_)) => yearly::read(&mut file, asked),
            (time, _) => {
                let (message, help) = if time.is_some() {
                    ("the file has both `time` and `year`", "yearly registers have `year`, intervals have `time`")
                } else {
                    (
                        "the file has neither `year` nor `time`",
                        "yearly registers: id,year,import_kwh,export_kwh,gas_m3; intervals: time,id,import_kwh,export_kwh",
                    )
                };
                file.at_header(Fault::error("kwartier::meters::form", message).help(help), "the header");
                None
            }
        }
    });
    let read = read.filter(|_| !findings.refuse());
    findings.hand_over(faults);
    read
}

/// The point of a row.
fn point_of(file: &mut File<'_, '_, '_>, row: &Row<'_>, asked: &Asked<'_>) -> Option<usize> {
    let (index, id) = file.cell(row, "id")?;
    let found = points::find(asked.plan, asked.points, id);
    if found.is_none() {
        let ids: Vec<&str> = asked.points.iter().map(|point| point.id.as_str()).collect();
        let groups = asked.plan.groups.iter().filter(|group| group.count == 1).map(|group| group.id.as_str());
        let help = match nearest(id, ids.iter().copied().chain(groups)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None if ids.is_empty() => "the scenario has no homes, businesses or plants".to_owned(),
            None => format!("ids are those of the scenario's homes, businesses and plants: {}, …", ids[0]),
        };
        let fault = Fault::error("kwartier::meters::unknown_id", format!("the scenario has no \"{id}\"")).help(help);
        file.at_cell(row, index, fault, "no such home or plant");
    }
    found
}

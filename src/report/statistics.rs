//! Statistics beside what is usual, as a table or JSON: for `inspect`.

use comfy_table::{Table, presets};
use serde_json::{Value as Json, json};

use super::align_right;
use crate::weather::statistics::Tolerance;
use crate::{market, profile, weather};

/// One statistic: its value, what is usual, and whether it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// Its unit; empty or `1` for a ratio.
    pub unit: String,
    /// The value.
    pub value: f64,
    /// What is usual.
    pub target: Option<f64>,
    /// Bounds of what is accepted.
    pub bounds: Option<(f64, f64)>,
}

impl From<weather::statistics::Row> for Line {
    fn from(row: weather::statistics::Row) -> Line {
        let room = |target: f64| match row.tolerance? {
            Tolerance::Relative(part) => Some(part * target.abs()),
            Tolerance::Absolute(amount) => Some(amount),
        };
        let bounds = row.target.and_then(|target| room(target).map(|room| (target - room, target + room)));
        let unit = if row.unit == "-" { "" } else { row.unit };
        Line { name: row.name, unit: unit.to_owned(), value: row.value, target: row.target, bounds }
    }
}

impl From<market::statistics::Row> for Line {
    fn from(row: market::statistics::Row) -> Line {
        Line { name: row.name, unit: row.unit.to_owned(), value: row.value, target: row.target, bounds: None }
    }
}

impl From<profile::statistics::Statistic> for Line {
    fn from(row: profile::statistics::Statistic) -> Line {
        let bounds = row.low.zip(row.high);
        Line { name: row.name.to_owned(), unit: row.unit.to_owned(), value: row.value, target: row.target, bounds }
    }
}

impl Line {
    /// Whether the value is within its bounds; `None` without bounds.
    pub fn is_usual(&self) -> Option<bool> {
        self.bounds.map(|(low, high)| (low..=high).contains(&self.value))
    }
}

/// The table for a terminal.
pub fn table(lines: &[Line]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["statistic", "value", "target", "accepted", ""]);
    for line in lines {
        let unit = if line.unit == "1" { "" } else { line.unit.as_str() };
        let name = if unit.is_empty() { line.name.clone() } else { format!("{}, {unit}", line.name) };
        let accepted = line.bounds.map(|(low, high)| format!("{} to {}", short(low), short(high))).unwrap_or_default();
        let verdict = match line.is_usual() {
            Some(true) => "ok",
            Some(false) => "outside",
            None => "",
        };
        let target = line.target.map(short).unwrap_or_default();
        table.add_row([name, short(line.value), target, accepted, verdict.to_owned()]);
    }
    align_right(&mut table, [1, 2]);
    format!("{table}\n")
}

/// The same as JSON.
pub fn to_json(lines: &[Line]) -> Json {
    let each = lines.iter().map(|line| {
        json!({
            "name": line.name, "unit": line.unit, "value": super::rounded(line.value), "target": line.target,
            "low": line.bounds.map(|b| b.0), "high": line.bounds.map(|b| b.1), "usual": line.is_usual(),
        })
    });
    json!({ "schema": 1, "statistics": each.collect::<Vec<_>>() })
}

/// Four digits, as many decimals as they leave.
fn short(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        s if s >= 1000.0 => 0,
        s if s >= 100.0 => 1,
        s if s >= 10.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

//! The results of a table of neighbourhoods: a row for each community, and the totals of all of them.
//!
//! Totals are made of the rows as they are printed, in the order of the table. So they are the same whether a row was run
//! just now or taken from a journal.

use std::io::{self, Write};

use comfy_table::{Table, presets};
use serde_json::{Value as Json, json};

use super::files::number;
use super::metrics::{Definition, METRICS, MetricValue, Metrics, whole_or_decimal};
use super::summary::{heading, local_time, shared_when, thousands};
use super::{align_right, rounded};
use crate::calendar::Calendar;
use crate::engine::world::World;
use crate::engine::{BALANCE_TOLERANCE, Outcome};
use crate::neighbourhood::home_id;
use crate::neighbourhood::table::Row;
use crate::scenario::plan::Plan;

/// Tables of at most so many rows are shown whole.
const SHOWN_ROWS: usize = 20;

/// The columns of the balance, after those of the metrics.
const BALANCE_COLUMNS: [&str; 4] = ["worst_home", "worst_home_balance", "community_balance", "sharing_balance"];

/// What the names of the metrics of a community begin with; a column goes without.
const PREFIX: &str = "community.";

/// Every total, in the order it is shown.
pub const TOTALS: [Definition; 15] = [
    Definition {
        name: "total.neighbourhoods",
        unit: "1",
        definition: "rows of the table, each a community of its own",
    },
    Definition { name: "total.homes", unit: "1", definition: "homes and businesses of all neighbourhoods" },
    Definition { name: "total.members", unit: "1", definition: "of these, members of their cooperative" },
    Definition { name: "total.load_kwh", unit: "kWh", definition: "sum of community.load_kwh over the neighbourhoods" },
    Definition { name: "total.generation_kwh", unit: "kWh", definition: "sum of community.generation_kwh" },
    Definition { name: "total.self_used_kwh", unit: "kWh", definition: "sum of community.self_used_kwh" },
    Definition { name: "total.shared_kwh", unit: "kWh", definition: "sum of community.shared_kwh" },
    Definition { name: "total.import_kwh", unit: "kWh", definition: "sum of community.import_kwh" },
    Definition { name: "total.export_kwh", unit: "kWh", definition: "sum of community.export_kwh" },
    Definition {
        name: "total.self_sufficiency",
        unit: "1",
        definition: "1 - (import - shared) / load, of the sums; null without load",
    },
    Definition {
        name: "total.self_consumption",
        unit: "1",
        definition: "1 - (export - shared) / generation, of the sums; null without generation",
    },
    Definition {
        name: "total.largest_peak_import_kw",
        unit: "kW",
        definition: "greatest community.peak_import_kw of a neighbourhood; peaks of several do not add up",
    },
    Definition {
        name: "total.largest_peak_import_in",
        unit: "id",
        definition: "the neighbourhood that has it, the first if there are several; null if it is 0",
    },
    Definition {
        name: "total.largest_peak_export_kw",
        unit: "kW",
        definition: "greatest community.peak_export_kw of a neighbourhood",
    },
    Definition {
        name: "total.largest_peak_export_in",
        unit: "id",
        definition: "the neighbourhood that has it, the first if there are several; null if it is 0",
    },
];

/// The names of the columns of results, without those that name the row.
fn columns() -> impl Iterator<Item = &'static str> {
    METRICS.iter().map(|metric| metric.name.trim_start_matches(PREFIX)).chain(BALANCE_COLUMNS)
}

/// What a row of the table gave, as it is printed: every metric of its community, and its balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowResult {
    cells: Vec<String>,
}

impl RowResult {
    /// The results of a community.
    pub fn of(world: &World, outcome: &Outcome) -> RowResult {
        let balance = &outcome.balance;
        let residual = |residual: f64| format!("{residual:.1e}");
        let mut cells: Vec<String> = Metrics::of(world, outcome, None, None).values.iter().map(cell).collect();
        cells.extend([
            balance.worst_home.map(|(home, _)| home_id(&world.plan, &world.homes[home])).unwrap_or_default(),
            balance.worst_home.map(|(_, of_home)| residual(of_home)).unwrap_or_default(),
            residual(balance.community),
            residual(balance.sharing),
        ]);
        RowResult { cells }
    }

    /// The results that were printed as these cells; `None` if they are not those of a community.
    pub fn of_cells(cells: Vec<String>) -> Option<RowResult> {
        let is_metric = |(metric, cell): (&Definition, &String)| match metric.unit {
            "time" => cell.is_empty() || cell.parse::<jiff::Timestamp>().is_ok(),
            _ => cell.is_empty() || cell.parse::<f64>().is_ok(),
        };
        let is_whole = cells.len() == columns().count() && METRICS.iter().zip(&cells).all(is_metric);
        is_whole.then_some(RowResult { cells })
    }

    /// The results as they are printed.
    pub fn cells(&self) -> &[String] {
        &self.cells
    }

    /// The values of the metrics, in the order of [`METRICS`].
    fn values(&self) -> impl Iterator<Item = (&'static Definition, MetricValue)> {
        METRICS.iter().zip(&self.cells).map(|(metric, cell)| {
            let value = match metric.unit {
                "time" => MetricValue::Instant(Some(cell.clone()).filter(|cell| !cell.is_empty())),
                _ => MetricValue::Number(cell.parse().ok()),
            };
            (metric, value)
        })
    }

    /// The cell of a column; empty if there is no such column: names are ours.
    fn cell(&self, name: &str) -> &str {
        let index = columns().position(|column| column == name);
        index.and_then(|index| self.cells.get(index)).map_or("", String::as_str)
    }

    /// The number in a column, 0 where there is none.
    fn number(&self, name: &str) -> f64 {
        self.cell(name).parse().unwrap_or(0.0)
    }
}

/// A value as a cell of a table; empty where there is none.
fn cell(value: &MetricValue) -> String {
    match value {
        MetricValue::Number(value) => value.map(number).unwrap_or_default(),
        MetricValue::Instant(instant) => instant.clone().unwrap_or_default(),
    }
}

/// A neighbourhood with its results.
pub type Named<'a> = (&'a Row, &'a RowResult);

/// The totals of all neighbourhoods, in the order of [`TOTALS`].
#[derive(Clone, Debug, PartialEq)]
pub struct Totals {
    values: Vec<Json>,
}

impl Totals {
    /// Adds up the rows, in their order.
    pub fn of(rows: &[Named]) -> Totals {
        let sum = |column: &str| rounded(rows.iter().map(|(_, result)| result.number(column)).sum());
        let [load, generation, shared] = ["load_kwh", "generation_kwh", "shared_kwh"].map(sum);
        let [import, export] = ["import_kwh", "export_kwh"].map(sum);
        let part = |outside: f64, whole: f64| {
            if whole > 0.0 { whole_or_decimal(1.0 - (outside - shared) / whole) } else { Json::Null }
        };
        let (largest_import, largest_export) = (largest(rows, "peak_import_kw"), largest(rows, "peak_export_kw"));
        let peak = |largest: Option<Named>, column: &str| {
            whole_or_decimal(largest.map_or(0.0, |(_, result)| result.number(column)))
        };
        let place = |largest: Option<Named>| json!(largest.map(|(row, _)| &row.id));
        let number = whole_or_decimal;
        let values = vec![
            number(rows.len() as f64),
            number(sum("homes")),
            number(sum("members")),
            number(load),
            number(generation),
            number(sum("self_used_kwh")),
            number(shared),
            number(import),
            number(export),
            part(import, load),
            part(export, generation),
            peak(largest_import, "peak_import_kw"),
            place(largest_import),
            peak(largest_export, "peak_export_kw"),
            place(largest_export),
        ];
        Totals { values }
    }

    /// The number of a total, `None` where it is null or no number.
    pub fn number(&self, name: &str) -> Option<f64> {
        let index = TOTALS.iter().position(|total| total.name == name)?;
        self.values.get(index)?.as_f64()
    }

    /// All totals as `{"schema": 1, "metrics": {name: {value, unit, definition}}}`.
    pub fn to_json(&self) -> Json {
        let each = TOTALS.iter().zip(&self.values).map(|(total, value)| {
            (total.name.to_owned(), json!({ "value": value, "unit": total.unit, "definition": total.definition }))
        });
        json!({ "schema": 1, "metrics": Json::Object(each.collect()) })
    }
}

/// The first neighbourhood with the greatest value in a column, if that is above 0.
fn largest<'a>(rows: &[Named<'a>], column: &str) -> Option<Named<'a>> {
    let mut best: Option<Named> = None;
    for (row, result) in rows {
        let most = best.map_or(0.0, |(_, best)| best.number(column));
        if result.number(column) > most {
            best = Some((row, result));
        }
    }
    best
}

/// The totals, and every neighbourhood with its metrics: `{"id", "name", "metrics": {name: value}}`.
pub fn to_json(rows: &[Named], totals: &Totals) -> Json {
    let each = rows.iter().map(|(row, result)| {
        let metrics = result.values().map(|(metric, value)| (metric.name.to_owned(), value.to_json()));
        json!({ "id": row.id, "name": row.name, "metrics": Json::Object(metrics.collect()) })
    });
    let each: Vec<Json> = each.collect();
    let mut json = totals.to_json();
    if let Some(object) = json.as_object_mut() {
        object.insert("neighbourhoods".to_owned(), Json::Array(each));
    }
    json
}

/// `neighbourhoods.csv`: a row per neighbourhood, in the order of the table.
///
/// # Errors
/// If writing fails.
pub fn write_csv(out: &mut dyn Write, rows: &[Named]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["id", "name", "latitude_deg", "longitude_deg"].into_iter().chain(columns()))?;
    for (row, result) in rows {
        let place = [row.latitude_deg, row.longitude_deg].map(number);
        let own = [row.id.as_str(), row.name.as_str(), &place[0], &place[1]];
        csv.write_record(own.into_iter().chain(result.cells.iter().map(String::as_str)))?;
    }
    csv.flush()
}

/// The worst balance of all neighbourhoods, as `run.json` has it.
pub fn worst_balance(rows: &[Named]) -> Json {
    let home = largest(rows, "worst_home_balance").map(|(row, result)| {
        let residual = result.number("worst_home_balance");
        json!({ "neighbourhood": row.id, "home": result.cell("worst_home"), "residual": residual })
    });
    json!({
        "tolerance": BALANCE_TOLERANCE,
        "worst_home": home,
        "community": worst(rows, "community_balance"),
        "sharing": worst(rows, "sharing_balance"),
    })
}

fn worst(rows: &[Named], column: &str) -> f64 {
    rows.iter().map(|(_, result)| result.number(column)).fold(0.0, f64::max)
}

/// The summary of a study: what it is of, the totals in words, every neighbourhood if they are few, and the balances.
pub fn summary(plan: &Plan, calendar: &Calendar, rows: &[Named], totals: &Totals) -> String {
    let each = if rows.len() <= SHOWN_ROWS { format!("{}\n\n", table_of_rows(rows)) } else { String::new() };
    format!(
        "{}\n\n{}\n\n{each}{}",
        heading(plan, calendar),
        table_of_totals(plan, calendar, rows, totals),
        balance_line(rows)
    )
}

fn table_of_totals(plan: &Plan, calendar: &Calendar, rows: &[Named], totals: &Totals) -> Table {
    let number = |name: &str| totals.number(name).unwrap_or(0.0);
    let kwh = |name: &str| (thousands(number(name)), "kWh");
    let part = |name: &str| match totals.number(name) {
        Some(part) => (format!("{:.1}", part * 100.0), "%"),
        None => ("—".to_owned(), ""),
    };
    let home_years = number("total.homes") * calendar.run_years() as f64;
    let per_home = if home_years > 0.0 { number("total.load_kwh") / home_years } else { 0.0 };
    let each = if calendar.run_years() == 1 { "each" } else { "each a year" };
    let shared = number("total.shared_kwh");
    let outside = |name: &str| (thousands(number(name) - shared), "kWh");
    let peak = |column: &str, at: Option<&str>| match largest(rows, column) {
        Some((row, result)) => {
            let when = at.map(|at| local_time(result.cell(at), calendar)).filter(|when| !when.is_empty());
            let remark = format!("in {}{}", row.name, when.map(|when| format!(", {when}")).unwrap_or_default());
            ((format!("{:.1}", result.number(column)), "kW"), remark)
        }
        None => ((format!("{:.1}", 0.0), "kW"), String::new()),
    };
    let (peak_import, import_in) = peak("peak_import_kw", Some("peak_import_at"));
    let (peak_export, export_in) = peak("peak_export_kw", None);
    let lines: Vec<(&str, (String, &str), String)> = vec![
        ("Neighbourhoods", (thousands(rows.len() as f64), ""), "each a community of its own".to_owned()),
        ("Homes and businesses", (thousands(number("total.homes")), ""), String::new()),
        ("of which members", (thousands(number("total.members")), ""), String::new()),
        ("Used", kwh("total.load_kwh"), format!("{} kWh {each}", thousands(per_home))),
        ("Made", kwh("total.generation_kwh"), "by all roofs and plants".to_owned()),
        (
            "Used behind the own meter",
            kwh("total.self_used_kwh"),
            "of own panels, directly or by way of a battery".to_owned(),
        ),
        ("Shared among members", (thousands(shared), "kWh"), shared_when(plan)),
        ("Drawn from meters", kwh("total.import_kwh"), "before sharing".to_owned()),
        ("Fed in at meters", kwh("total.export_kwh"), "before sharing".to_owned()),
        ("Bought from outside", outside("total.import_kwh"), "drawn, less what was shared".to_owned()),
        ("Left for outside", outside("total.export_kwh"), "fed in, less what was shared".to_owned()),
        ("Self-sufficiency", part("total.self_sufficiency"), "of the use is own or shared".to_owned()),
        ("Self-consumption", part("total.self_consumption"), "of what is made is used where it is made".to_owned()),
        ("Highest draw of a neighbourhood", peak_import, import_in),
        ("Highest feed-in of a neighbourhood", peak_export, export_in),
    ];
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    for (label, (value, unit), remark) in lines {
        table.add_row(vec![label.to_owned(), value, unit.to_owned(), remark]);
    }
    align_right(&mut table, 1..2);
    table
}

fn table_of_rows(rows: &[Named]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header([
        "neighbourhood",
        "homes",
        "members",
        "used kWh",
        "made kWh",
        "shared kWh",
        "self-\nsufficiency",
        "self-\nconsumption",
        "highest\ndraw kW",
    ]);
    for (row, result) in rows {
        let whole = |column: &str| thousands(result.number(column));
        let percent = |column: &str| match result.cell(column).parse::<f64>() {
            Ok(part) => format!("{:.1} %", part * 100.0),
            Err(_) => "—".to_owned(),
        };
        let name = if row.name == row.id { row.id.clone() } else { format!("{} ({})", row.name, row.id) };
        table.add_row([
            name,
            whole("homes"),
            whole("members"),
            whole("load_kwh"),
            whole("generation_kwh"),
            whole("shared_kwh"),
            percent("self_sufficiency"),
            percent("self_consumption"),
            format!("{:.1}", result.number("peak_import_kw")),
        ]);
    }
    align_right(&mut table, 1..9);
    table
}

/// Only balances that hold come this far: a run ends at the first that does not.
fn balance_line(rows: &[Named]) -> String {
    let home = match largest(rows, "worst_home_balance") {
        Some((row, result)) => {
            format!(
                "homes {:.1e} at worst ({} in {})",
                result.number("worst_home_balance"),
                result.cell("worst_home"),
                row.id
            )
        }
        None => "homes 0.0e0 at worst".to_owned(),
    };
    format!(
        "Energy balance closes in every neighbourhood: {home}, community {:.1e}, sharing {:.1e} of the throughput \
         (at most {BALANCE_TOLERANCE:.0e})\n",
        worst(rows, "community_balance"),
        worst(rows, "sharing_balance")
    )
}

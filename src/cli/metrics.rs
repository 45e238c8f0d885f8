//! `kwartier metrics`: every metric, and every total of a table of neighbourhoods, with its unit and definition.

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::output::{Stop, print, print_json};
use super::{Common, Format};
use crate::report::books::BOOKS_METRICS;
use crate::report::metrics::{METRICS, MONEY_METRICS};
use crate::report::neighbourhoods::TOTALS;

pub(super) fn metrics(common: &Common) -> Result<(), Stop> {
    if common.format == Format::Json {
        let each = METRICS
            .iter()
            .chain(&MONEY_METRICS)
            .chain(&BOOKS_METRICS)
            .chain(&TOTALS)
            .map(|m| (m.name.to_owned(), json!({ "unit": m.unit, "definition": m.definition })));
        return print_json(&json!({ "schema": 1, "metrics": serde_json::Value::Object(each.collect()) }));
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(120);
    table.set_header(["metric", "unit", "definition"]);
    for metric in METRICS.iter().chain(&MONEY_METRICS).chain(&BOOKS_METRICS).chain(&TOTALS) {
        table.add_row([metric.name, metric.unit, metric.definition]);
    }
    print(&format!("{table}\n"))
}

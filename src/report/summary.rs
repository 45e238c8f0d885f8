//! The summary that a board member understands, as a table for the terminal.

use comfy_table::{Table, presets};

use super::align_right;
use super::metrics::{MetricValue, Metrics};
use crate::calendar::Calendar;
use crate::engine::world::World;
use crate::engine::{BALANCE_TOLERANCE, Outcome};
use crate::neighbourhood::home_id;
use crate::scenario::plan::Plan;

/// The summary of a run: what it is of, the metrics in words, and the balances.
pub fn summary(world: &World, outcome: &Outcome, metrics: &Metrics) -> String {
    let heading = heading(&world.plan, &world.calendar);
    format!("{heading}\n\n{}\n\n{}", table(world, metrics), balance_line(world, outcome))
}

/// What a run is of: name, about, span, step and seed.
pub(super) fn heading(plan: &Plan, calendar: &Calendar) -> String {
    let days = calendar.days();
    let span = match (days.first(), days.last()) {
        (Some(first), Some(last)) => format!("{} to {}", first.date, last.date),
        _ => String::new(),
    };
    let about = if plan.about.is_empty() { String::new() } else { format!("{}\n", plan.about) };
    format!("{}\n{about}{span}, steps of {} minutes, seed {}", plan.name, plan.step_minutes, plan.seed)
}

/// When what was shared was made and used: in one settlement interval.
pub(super) fn shared_when(plan: &Plan) -> String {
    match plan.sharing.interval_minutes.filter(|minutes| *minutes > plan.step_minutes) {
        Some(minutes) => format!("made and used in the same {minutes} minutes"),
        None => "made and used in the same step".to_owned(),
    }
}

fn table(world: &World, metrics: &Metrics) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    let kwh = |name: &str| (thousands(metrics.number(name)), "kWh");
    let part = |name: &str| match metrics.get(name).number() {
        Some(part) => (format!("{:.1}", part * 100.0), "%"),
        None => ("—".to_owned(), ""),
    };
    let kw = |name: &str| (format!("{:.1}", metrics.number(name)), "kW");
    let (load, import) = (metrics.number("community.load_kwh"), metrics.number("community.import_kwh"));
    let shared = metrics.number("community.shared_kwh");
    let from_grid = (thousands(import - shared), "kWh");
    let to_grid = (thousands(metrics.number("community.export_kwh") - shared), "kWh");
    let home_years = world.homes.len() * world.calendar.run_years();
    let per_home = if home_years == 0 { 0.0 } else { load / home_years as f64 };
    let each = if world.calendar.run_years() == 1 { "each" } else { "each a year" };
    let when = local_peak(world, metrics);
    let rows: Vec<(&str, (String, &str), String)> = vec![
        ("Homes and businesses", (thousands(metrics.number("community.homes")), ""), String::new()),
        ("of which members", (thousands(metrics.number("community.members")), ""), String::new()),
        ("Used", kwh("community.load_kwh"), format!("{} kWh {each}", thousands(per_home))),
        ("Made", kwh("community.generation_kwh"), "by all roofs and plants".to_owned()),
        (
            "Used behind the own meter",
            kwh("community.self_used_kwh"),
            "of own panels, directly or by way of a battery".to_owned(),
        ),
        ("Shared among members", (thousands(shared), "kWh"), shared_when(&world.plan)),
        ("Drawn from meters", kwh("community.import_kwh"), "before sharing".to_owned()),
        ("Fed in at meters", kwh("community.export_kwh"), "before sharing".to_owned()),
        ("Bought from outside", from_grid, "drawn, less what was shared".to_owned()),
        ("Left for outside", to_grid, "fed in, less what was shared".to_owned()),
        ("Self-sufficiency", part("community.self_sufficiency"), "of the use is own or shared".to_owned()),
        ("Self-consumption", part("community.self_consumption"), "of what is made is used here".to_owned()),
        ("Highest draw of all together", kw("community.peak_import_kw"), when),
        ("Highest feed-in of all together", kw("community.peak_export_kw"), String::new()),
        ("Coincidence", coincidence(metrics), "highest draw together, of the sum of each one's highest".to_owned()),
    ];
    for (label, (value, unit), remark) in rows {
        table.add_row(vec![label.to_owned(), value, unit.to_owned(), remark]);
    }
    align_right(&mut table, [1]);
    table
}

fn coincidence(metrics: &Metrics) -> (String, &'static str) {
    match metrics.get("community.coincidence").number() {
        Some(part) => (format!("{part:.2}"), ""),
        None => ("—".to_owned(), ""),
    }
}

fn local_peak(world: &World, metrics: &Metrics) -> String {
    let MetricValue::Instant(Some(instant)) = metrics.get("community.peak_import_at") else { return String::new() };
    local_time(instant, &world.calendar)
}

/// An instant as people say it, in local time; empty if it is none.
pub(super) fn local_time(instant: &str, calendar: &Calendar) -> String {
    match instant.parse::<jiff::Timestamp>() {
        Ok(instant) => {
            let local = instant.to_zoned_datetime(calendar.timezone().clone());
            format!("on {} at {}", local.strftime("%A %-d %B %Y"), local.strftime("%H:%M"))
        }
        Err(_) => String::new(),
    }
}

fn balance_line(world: &World, outcome: &Outcome) -> String {
    let balance = &outcome.balance;
    let home = match balance.worst_home {
        Some((home, residual)) => {
            format!("homes {residual:.1e} at worst ({})", home_id(&world.plan, &world.homes[home]))
        }
        None => "no homes".to_owned(),
    };
    let verdict = if balance.holds() { "closes" } else { "DOES NOT CLOSE" };
    format!(
        "Energy balance {verdict}: {home}, community {:.1e}, sharing {:.1e} of the throughput (at most {BALANCE_TOLERANCE:.0e})\n",
        balance.community, balance.sharing
    )
}

/// A whole number with thin groups of thousands: `1,234,567`.
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if value < 0.0 && digits.chars().any(|digit| digit != '0') { format!("-{grouped}") } else { grouped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(thousands(0.4), "0");
        assert_eq!(thousands(-0.4), "0");
        assert_eq!(thousands(999.0), "999");
        assert_eq!(thousands(1_234_567.0), "1,234,567");
        assert_eq!(thousands(-12_345.0), "-12,345");
    }
}

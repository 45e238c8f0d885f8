//! Bills for people and programs: a table as a supplier prints it, `bills.csv`, JSON.

use std::fmt::Write as _;
use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::align_right;
use crate::rules::bill::{Bill, Line, last_day, quantity};
use crate::rules::exact::{euros, shown};
use crate::rules::rule::{Change, Numbers, Rule};
use crate::rules::rulebook::{Knowledge, Rulebook, Span};

/// The width that tables are laid out for where the terminal does not say one.
const WIDTH: u16 = 120;

/// The bills of one point.
#[derive(Debug)]
pub struct PointBills<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its bills, in the order of their years.
    pub bills: &'a [Bill],
}

/// Cents as people read them: 1,234.56.
pub fn money(cents: i64) -> String {
    let text = shown(euros(cents.abs()), 2, 2);
    let (whole, part) = text.split_once('.').unwrap_or((&text, "00"));
    let mut apart = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    format!("{}{apart}.{part}", if cents < 0 { "-" } else { "" })
}

/// A rate as a bill prints it: at least two and at most six decimals.
pub fn rate(line: &Line) -> String {
    let vat = if line.rate_includes_vat { " incl." } else { "" };
    format!("{}{vat}", shown(line.rate_eur, 2, 6))
}

/// A bill as a table: what, base, rate, EUR excluding VAT, VAT, total; with the dates where the bill has more than one part.
pub fn table(bill: &Bill) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(["line", "what", "rule", "base", "EUR per unit", "EUR excl. VAT", "VAT", "EUR"]);
    let has_parts = bill.lines.iter().any(|line| (line.from, line.until) != (bill.from, bill.until));
    for (number, line) in bill.lines.iter().enumerate() {
        let dates = format!(" ({} to {})", line.from, last_day(line.until));
        let mark = if line.is_assumed { " *" } else { "" };
        table.add_row([
            (number + 1).to_string(),
            format!("{}{}{mark}", line.what, if has_parts { &dates } else { "" }),
            line.rule.clone(),
            quantity(line.base, line.unit),
            rate(line),
            money(line.amount_cents()),
            money(line.vat_cents()),
            money(line.total_cents()),
        ]);
    }
    let sums = [Line::amount_cents, Line::vat_cents, Line::total_cents];
    let [amount, vat, total] = sums.map(|of| bill.lines.iter().map(of).sum::<i64>());
    let blank = String::new;
    table.add_row([blank(), "total".to_owned(), blank(), blank(), blank(), money(amount), money(vat), money(total)]);
    align_right(&mut table, 3..8);
    let assumed = bill.lines.iter().any(|line| line.is_assumed);
    let note = if assumed { "* with numbers that are assumed, derived or the last known ones\n" } else { "" };
    format!("{table}\n{note}")
}

/// The bills of some points, one table each, with what was assumed.
pub fn text(points: &[PointBills<'_>], book: &Rulebook, spans: &[Span<'_>]) -> String {
    let mut text = String::new();
    for point in points {
        for bill in point.bills {
            let _ =
                writeln!(text, "{}, contract year {} ({} to {})", point.id, bill.year, bill.from, last_day(bill.until));
            text.push_str(&table(bill));
            text.push('\n');
        }
    }
    text.push_str(&rules_text(book, spans));
    text
}

/// The bills of some points as JSON, with the rules that they were made by.
pub fn to_json(points: &[PointBills<'_>], book: &Rulebook, spans: &[Span<'_>]) -> Json {
    let bills: Vec<Json> =
        points.iter().flat_map(|point| point.bills.iter().map(|bill| bill.to_json(point.id))).collect();
    json!({ "schema": 1, "bills": bills, "rules": rules_json(book, spans) })
}

/// A rule that made bills, and how: which numbers, and what the scenario changed.
#[derive(Debug)]
pub struct Applied<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The status of its numbers in some of the bills, in words; empty where they are known.
    pub caution: String,
}

/// The rules that are in force in some spans, each once, in the order of the book.
pub fn applied<'a>(book: &'a Rulebook, spans: &[Span<'a>]) -> Vec<Applied<'a>> {
    let mut applied = Vec::new();
    for rule in &book.rules {
        let uses: Vec<_> = spans
            .iter()
            .flat_map(|span| span.rules.iter().map(move |used| (span, used)))
            .filter(|(_, used)| std::ptr::eq(used.rule, rule))
            .collect();
        if uses.is_empty() {
            continue;
        }
        let mut cautions: Vec<String> = Vec::new();
        for (span, used) in uses {
            let caution = match used.knowledge {
                Knowledge::LastKnown => {
                    format!("last known numbers, of {}, from {} on", version_words(used.version), span.from)
                }
                _ if used.is_assumed() => format!("assumed from {} on: {}", span.from, used.version.source),
                _ => continue,
            };
            if !cautions.iter().any(|known| known.split(" from ").next() == caution.split(" from ").next()) {
                cautions.push(caution);
            }
        }
        applied.push(Applied { rule, caution: cautions.join("; ") });
    }
    applied
}

fn version_words(version: &crate::rules::rule::Version) -> String {
    match (version.from, version.to) {
        (Some(from), Some(to)) => format!("{from} to {to}"),
        (Some(from), None) => format!("{from} on"),
        (None, Some(to)) => format!("until {to}"),
        (None, None) => "all dates".to_owned(),
    }
}

/// What a scenario did to the book, in words.
fn change_words(change: Change) -> &'static str {
    match change {
        Change::None => "",
        Change::Added => "added by the scenario",
        Change::Replaced => "changed by the scenario",
    }
}

/// The rules in force, what differs from the book, and what is assumed, for people.
pub fn rules_text(book: &Rulebook, spans: &[Span<'_>]) -> String {
    let applied = applied(book, spans);
    let mut text = String::from("rules in force: ");
    let ids: Vec<&str> = applied.iter().map(|applied| applied.rule.id.as_str()).collect();
    text.push_str(&ids.join(", "));
    text.push('\n');
    let changed: Vec<String> = applied
        .iter()
        .filter(|applied| applied.rule.change != Change::None)
        .map(|applied| format!("{} ({})", applied.rule.id, change_words(applied.rule.change)))
        .chain(book.choices.off.iter().map(|id| format!("{id} (switched off)")))
        .collect();
    if !changed.is_empty() {
        let _ = writeln!(text, "other than in the book: {}", changed.join(", "));
    }
    for applied in applied.iter().filter(|applied| !applied.caution.is_empty()) {
        let _ = writeln!(text, "assumed: {}: {}", applied.rule.id, applied.caution);
    }
    text
}

/// The same as JSON.
pub fn rules_json(book: &Rulebook, spans: &[Span<'_>]) -> Json {
    let rule = |applied: &Applied| {
        json!({
            "id": applied.rule.id,
            "kind": applied.rule.kind,
            "source": applied.rule.source,
            "change": change_words(applied.rule.change),
            "assumed": applied.caution,
        })
    };
    json!({
        "book": book.name,
        "in_force": applied(book, spans).iter().map(rule).collect::<Vec<_>>(),
        "off": book.choices.off.iter().collect::<Vec<_>>(),
        "assume": if book.choices.last_known { json!("last-known") } else { Json::Null },
    })
}

/// `bills.csv`: a row for each line of each bill.
///
/// # Errors
/// If writing fails.
pub fn write_csv<'a>(out: &mut dyn Write, points: impl Iterator<Item = PointBills<'a>>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "home",
        "year",
        "rule",
        "what",
        "from",
        "to",
        "base",
        "unit",
        "rate_eur_per_unit",
        "rate_includes_vat",
        "amount_eur",
        "vat_eur",
        "total_eur",
        "assumed",
    ])?;
    for point in points {
        for bill in point.bills {
            for line in &bill.lines {
                csv.write_record([
                    point.id,
                    &bill.year.to_string(),
                    &line.rule,
                    &line.what,
                    &line.from.to_string(),
                    &last_day(line.until).to_string(),
                    &decimal(line.base, 9),
                    line.unit,
                    &decimal(line.rate_eur, 9),
                    if line.rate_includes_vat { "true" } else { "false" },
                    &shown(euros(line.amount_cents()), 2, 2),
                    &shown(euros(line.vat_cents()), 2, 2),
                    &shown(euros(line.total_cents()), 2, 2),
                    if line.is_assumed { "true" } else { "false" },
                ])?;
            }
        }
    }
    csv.flush()
}

fn decimal(value: Decimal, most: u32) -> String {
    shown(value, 0, most)
}

/// A rule's numbers on a day, in words.
pub fn knowledge_words(numbers: Option<Numbers<'_>>) -> &'static str {
    match numbers {
        Some(Numbers::Known(version)) if version.status == crate::rules::terms::Status::Assumed => "assumed",
        Some(Numbers::Known(_)) => "known",
        Some(Numbers::LastKnown(_)) => "not entered",
        None => "none yet",
    }
}

//! Yearly registers: `id, year, import_kwh, export_kwh, gas_m3`, slot columns, `days`.
//!
//! `year` is the calendar year in which the contract year begins, `days` how many of its days the registers are of (default
//! all). Where rules change within them, registers are divided by days, and that is said.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Asked, Read, point_of};
use crate::engine::meters::Flow;
use crate::rules::readings::{Need, PeriodReading, Readings, Weight};
use crate::rules::settle::days_between;
use crate::scenario::diagnostics::Fault;
use crate::series::rows::{File, Row};

const COLUMNS: [&str; 11] = [
    "id",
    "year",
    "days",
    "import_kwh",
    "export_kwh",
    "import_low_kwh",
    "export_low_kwh",
    "generation_kwh",
    "shared_in_kwh",
    "shared_out_kwh",
    "gas_m3",
];

pub(super) fn read(file: &mut File<'_, '_, '_>, asked: &Asked<'_>) -> Option<Vec<Read>> {
    file.check_columns(&COLUMNS, &["id", "year"]);
    if file.findings.refuse() {
        return None;
    }
    let mut read: Vec<Read> = Vec::new();
    for row in file.rows.clone() {
        let Some(one) = row_of(file, &row, asked) else { continue };
        if read.iter().any(|known| known.point == one.point && known.from < one.until && one.from < known.until) {
            let fault =
                Fault::error("kwartier::meters::twice", format!("\"{}\" is read twice for this time", one.as_read.id))
                    .help("give one row for each point and contract year");
            file.at_row(&row, fault, "read before");
            continue;
        }
        read.push(one);
    }
    Some(read)
}

fn row_of(file: &mut File<'_, '_, '_>, row: &Row<'_>, asked: &Asked<'_>) -> Option<Read> {
    let point = point_of(file, row, asked);
    let (from, until) = dates(file, row, asked)?;
    let one = |flow| Need::Sum(flow, Weight::One);
    let import = file.number(row, "import_kwh");
    let export = file.number(row, "export_kwh");
    let columns = [
        (one(Flow::SharedIn), "shared_in_kwh"),
        (one(Flow::SharedOut), "shared_out_kwh"),
        (one(Flow::Generation), "generation_kwh"),
    ];
    let mut registers: Vec<(Need, Decimal)> =
        vec![(one(Flow::Import), import.unwrap_or_default()), (one(Flow::Export), export.unwrap_or_default())];
    for (need, column) in columns {
        let value = file.number(row, column);
        if value.is_some() || need != one(Flow::Generation) {
            registers.push((need, value.unwrap_or_default()));
        }
    }
    let contract = asked.book.contract_on(from);
    let low = contract.and_then(|(_, contract)| contract.low_slot());
    for (column, flow, shared, all) in [
        ("import_low_kwh", Flow::Import, Flow::SharedIn, import),
        ("export_low_kwh", Flow::Export, Flow::SharedOut, export),
    ] {
        let value = file.number(row, column);
        if let (Some(low), Some(all)) = (value, all)
            && low > all
        {
            let (index, _) = file.cell(row, column)?;
            let fault = Fault::error(
                "kwartier::meters::low",
                format!("`{column}` is {low}, more than all that was read, {all}"),
            )
            .help("`import_kwh` and `export_kwh` are of both tariffs together");
            file.at_cell(row, index, fault, "more than the whole");
        }
        if let (Some(slot), Some(value)) =
            (low, value.or_else(|| all.is_none_or(|all| all.is_zero()).then_some(Decimal::ZERO)))
        {
            registers.push((Need::Sum(flow, Weight::Slot(slot)), value));
            registers.push((Need::Sum(shared, Weight::Slot(slot)), Decimal::ZERO));
        }
    }
    let gas_m3 = file.number(row, "gas_m3").unwrap_or_default();
    let point = point?;
    let mut as_read = asked.points[point].clone();
    as_read.has_gas |= !gas_m3.is_zero();
    // A plant's output is what it feeds in.
    if as_read.owner() == crate::rules::terms::Party::Cooperative {
        let generation = registers.iter().find(|(need, _)| *need == one(Flow::Generation)).map(|(_, value)| *value);
        match generation {
            Some(value) if export.is_none() => registers[1].1 = value,
            None => registers.push((one(Flow::Generation), export.unwrap_or_default())),
            Some(_) => {}
        }
    }
    if let Some((rule, contract)) = contract
        && contract.is_dynamic()
        && asked.book.concerns(rule, &as_read)
    {
        let fault = Fault::error(
            "kwartier::meters::dynamic",
            "yearly registers cannot be settled under a dynamic contract",
        )
        .help("each kWh has its own step's price: give intervals (time,id,import_kwh,export_kwh), or another contract");
        file.at_row(row, fault, "of the whole year");
        return None;
    }
    let cuts = asked.book.spans(&as_read, from, until);
    let borders: Vec<(Date, Date)> = cuts.iter().map(|span| (span.from, span.until)).collect();
    if borders.len() > 1 {
        let days: Vec<String> = borders[1..].iter().map(|(from, _)| from.to_string()).collect();
        let message = format!("rules change within the readings of \"{}\": they are divided by days", as_read.id);
        let fault = Fault::warning("kwartier::meters::divided", message).help(format!(
            "give intervals to divide them as they were, or rows that end before {}",
            days.join(" and ")
        ));
        file.at_row(row, fault, "goes over a border of rules");
    }
    let (needs, values): (Vec<Need>, Vec<Decimal>) = registers.into_iter().unzip();
    Some(Read { point, as_read, from, until, readings: divided(needs, &values, gas_m3, &borders), shared: Vec::new() })
}

/// Registers divided over parts by their days; the last part has what is left.
fn divided(needs: Vec<Need>, values: &[Decimal], gas_m3: Decimal, parts: &[(Date, Date)]) -> Readings {
    let all: i64 = parts.iter().map(|(from, until)| days_between(*from, *until)).sum();
    let mut left: Vec<Decimal> = values.to_vec();
    let mut left_gas = gas_m3;
    let mut days_left = all;
    let mut periods = Vec::new();
    for (from, until) in parts {
        let days = days_between(*from, *until);
        let take = |left: &mut Decimal| {
            let part = if days == days_left { *left } else { *left * Decimal::from(days) / Decimal::from(days_left) };
            *left -= part;
            part
        };
        let values = left.iter_mut().map(take).collect();
        periods.push(PeriodReading { from: *from, until: *until, values, gas_m3: take(&mut left_gas) });
        days_left -= days;
    }
    Readings { needs: Arc::new(needs), periods, are_yearly: true }
}

fn dates(file: &mut File<'_, '_, '_>, row: &Row<'_>, asked: &Asked<'_>) -> Option<(Date, Date)> {
    let (index, text) = file.cell(row, "year")?;
    let start = asked.book.choices.contract_start.unwrap_or(asked.plan.start);
    let year: Option<i16> = text.parse().ok().filter(|year| (1900..=2200).contains(year));
    let from = year.and_then(|year| Date::new(year, start.month(), start.day()).ok());
    let next = year.and_then(|year| Date::new(year + 1, start.month(), start.day()).ok());
    let (Some(from), Some(next)) = (from, next) else {
        let fault =
            Fault::error("kwartier::meters::year", format!("`year` is \"{text}\", expected a year such as 2026"))
                .help("write the calendar year in which the contract year begins");
        file.at_cell(row, index, fault, "not a year");
        return None;
    };
    let all = days_between(from, next);
    let days = match file.cell(row, "days") {
        Some((_, "")) | None => all,
        Some((index, text)) => {
            let days = text
                .parse::<Decimal>()
                .ok()
                .and_then(|days| days.normalize().to_i64().filter(|_| days.fract().is_zero()));
            if let Some(days) = days.filter(|days| (1..=all).contains(days)) {
                days
            } else {
                let fault =
                    Fault::error("kwartier::meters::days", format!("`days` is \"{text}\", expected 1 to {all}")).help(
                        "write how many days of the contract year the registers are of, or leave it empty for all",
                    );
                file.at_cell(row, index, fault, "not within the year");
                return None;
            }
        }
    };
    let until = from.checked_add(jiff::Span::new().days(days)).ok()?;
    Some((from, until))
}

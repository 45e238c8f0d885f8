//! A bill: its lines as a supplier and a grid operator would print them, exact to the cent.

use std::borrow::Cow;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::exact::{cents, euros, float, shown};
use super::readings::Need;
use super::terms::Party;

/// The bill of a point for a contract year, or the part of it that the run holds.
#[derive(Clone, Debug)]
pub struct Bill {
    /// The calendar year in which the contract year begins.
    pub year: i16,
    /// First day.
    pub from: Date,
    /// First day after it.
    pub until: Date,
    /// Its lines, in the order of evaluation, by the dates they are of.
    pub lines: Vec<Line>,
}

/// A line of a bill. Positive amounts are paid by its payer, negative ones received.
#[derive(Clone, Debug)]
pub struct Line {
    /// The id of the rule.
    pub rule: String,
    /// What it is, in a few words.
    pub what: Cow<'static, str>,
    /// First day.
    pub from: Date,
    /// First day after it.
    pub until: Date,
    /// The quantity.
    pub base: Decimal,
    /// Its unit.
    pub unit: &'static str,
    /// EUR per unit of the base; where prices differ by step, their mean.
    pub rate_eur: Decimal,
    /// Whether the rate includes VAT.
    pub rate_includes_vat: bool,
    /// The exact amount excluding VAT, EUR.
    pub excluding_eur: Decimal,
    /// The exact amount including VAT, EUR.
    pub including_eur: Decimal,
    /// VAT, as a part.
    pub vat_fraction: Decimal,
    /// Who pays a positive amount.
    pub payer: Party,
    /// Who receives it.
    pub payee: Party,
    /// Whether its numbers are assumed, or the last known ones.
    pub is_assumed: bool,
    /// The formula with the numbers in it; empty where nobody asked for it.
    pub formula: String,
    /// The registers behind it, with the sign that they count with; empty where nobody asked for them.
    pub registers: Vec<(Need, i8)>,
}

impl Line {
    /// Excluding VAT, cents.
    pub fn amount_cents(&self) -> i64 {
        cents(self.excluding_eur)
    }

    /// Including VAT, cents.
    pub fn total_cents(&self) -> i64 {
        cents(self.including_eur)
    }

    /// VAT, cents: the difference of the two.
    pub fn vat_cents(&self) -> i64 {
        self.total_cents() - self.amount_cents()
    }

    /// As `settle --format json` gives it.
    pub fn to_json(&self) -> Json {
        json!({
            "rule": self.rule,
            "what": self.what,
            "from": self.from.to_string(),
            "to": last_day(self.until).to_string(),
            "base": number(self.base.round_dp(9)),
            "unit": self.unit,
            "rate": number(self.rate_eur.round_dp(9)),
            "rate_includes_vat": self.rate_includes_vat,
            "amount_eur": eur(self.amount_cents()),
            "vat_eur": eur(self.vat_cents()),
            "total_eur": eur(self.total_cents()),
            "assumed": self.is_assumed,
        })
    }
}

impl Bill {
    /// The sum of its lines including VAT, cents.
    pub fn total_cents(&self) -> i64 {
        self.lines.iter().map(Line::total_cents).sum()
    }

    /// As `settle --format json` gives it, for the point with this id.
    pub fn to_json(&self, id: &str) -> Json {
        json!({
            "id": id,
            "year": self.year,
            "from": self.from.to_string(),
            "to": last_day(self.until).to_string(),
            "lines": self.lines.iter().map(Line::to_json).collect::<Vec<_>>(),
            "total_eur": eur(self.total_cents()),
        })
    }
}

/// The day before an end.
pub fn last_day(until: Date) -> Date {
    until.yesterday().unwrap_or(until)
}

/// Cents as a JSON number of euros.
pub fn eur(cents: i64) -> Json {
    number(euros(cents))
}

/// A decimal as a JSON number: the shortest that reads back the same.
pub fn number(value: Decimal) -> Json {
    let value = value.normalize();
    match i64::try_from(value) {
        Ok(whole) if value.scale() == 0 => json!(whole),
        _ => json!(float(value)),
    }
}

/// A quantity with its unit, for people.
pub fn quantity(base: Decimal, unit: &str) -> String {
    let decimals = match unit {
        "kWh" | "kW" | "m³" => 3,
        "EUR" => 4,
        _ => 2,
    };
    format!("{} {unit}", shown(base, 0, decimals))
}

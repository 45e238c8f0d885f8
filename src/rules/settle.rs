//! Settlement: the registers of a point, through the rules in force, into the lines of a bill.
//!
//! A contract year is cut at the borders of the rules that apply to the point. In each part the rules are evaluated in
//! the order of their [`Stage`]s on one [`Sheet`]; yearly brackets, credits and tariffs count pro rata by day.

use std::borrow::Cow;
use std::ops::Range;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::bill::{Bill, Line};
use super::kinds::Stage;
use super::readings::{Life, Need, Point, Readings, Slot, Weight};
use super::rule::{Rate, Rule, Version};
use super::rulebook::{InForce, Rulebook, Span};
use super::terms::{Base, Party, word};
use crate::engine::meters::Flow;

/// A number that a sum needs and nobody has entered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{what}")]
pub struct Unknown {
    /// What is not known, and which key says it.
    pub what: String,
}

impl Unknown {
    /// A number that is not known.
    pub fn new(what: impl Into<String>) -> Unknown {
        Unknown { what: what.into() }
    }
}

/// A bill that cannot be made, because a number is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The rule whose number it is.
    pub rule: String,
    /// From when on.
    pub from: Date,
    /// What is not known.
    pub unknown: Unknown,
    /// Whether the rule has earlier numbers that could be taken.
    pub has_earlier: bool,
}

/// A time in which feed-in is set off against use, by the slots of the contract.
#[derive(Clone, Debug)]
pub struct Window {
    /// Its periods.
    pub periods: Range<usize>,
    /// Its slots: of a contract with one price, one.
    pub slots: Vec<SlotSums>,
}

/// What was drawn and fed in within a tariff's hours, shared energy left out, kWh.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SlotSums {
    /// Drawn.
    pub import_kwh: Decimal,
    /// Fed in.
    pub export_kwh: Decimal,
    /// Drawn and not set off.
    pub net_import_kwh: Decimal,
    /// Fed in and not set off.
    pub net_export_kwh: Decimal,
}

impl Window {
    /// The part of what is fed in that is set off.
    pub fn netted_part(&self) -> Decimal {
        let (export, left) = self.slots.iter().fold((Decimal::ZERO, Decimal::ZERO), |(export, left), slot| {
            (export + slot.export_kwh, left + slot.net_export_kwh)
        });
        if export.is_zero() { Decimal::ZERO } else { (export - left) / export }
    }
}

/// The least that a kWh fed in earns, as a rule in force says it.
#[derive(Clone, Copy, Debug)]
pub struct Floor<'a> {
    /// The part of the supply price.
    pub share: Option<Decimal>,
    /// Whether fees may not be above what was earned, month by month.
    pub limits_fees: bool,
    /// The rule.
    pub rule: InForce<'a>,
}

/// The most that feed-in earns: in each window what the energy drawn in it costs.
#[derive(Clone, Debug)]
pub struct FeedInLimit<'a> {
    /// The periods of each window.
    pub windows: Vec<Range<usize>>,
    /// The rule.
    pub rule: InForce<'a>,
}

/// What a rule adds to a bill.
#[derive(Debug)]
pub struct Entry {
    /// What it is.
    pub what: Cow<'static, str>,
    /// The quantity.
    pub base: Decimal,
    /// Its unit.
    pub unit: &'static str,
    /// EUR per unit.
    pub rate: Rate,
    /// The amount, EUR, with or without VAT as the rate is: what the payer pays.
    pub amount_eur: Decimal,
    /// VAT, if not that of the rule.
    pub vat_fraction: Option<Decimal>,
    /// Whether the payee of the rule pays it: a credit.
    pub is_credit: bool,
    /// The formula with its numbers, where the sheet explains.
    pub formula: String,
    /// The registers behind it.
    pub registers: Vec<(Need, i8)>,
}

/// A part of a contract year of one point, being settled.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// The point.
    pub point: &'a Point,
    /// The book, with what the scenario chose.
    pub book: &'a Rulebook,
    /// First day.
    pub from: Date,
    /// First day after it.
    pub until: Date,
    /// Its periods among those of the readings.
    pub periods: Range<usize>,
    /// Feed-in and use, by window and slot.
    pub windows: Vec<Window>,
    /// The least that feed-in earns.
    pub floor: Option<Floor<'a>>,
    /// The most that feed-in earns.
    pub feed_in_limit: Option<FeedInLimit<'a>>,
    /// What feed-in earned in each period, EUR.
    pub feed_in_eur: Vec<Decimal>,
    /// The lines so far.
    pub lines: Vec<Line>,
    readings: &'a Readings,
    life: Life,
    explains: bool,
    low_slot: Option<Slot>,
    /// Whether shared kWh are taken off no bill.
    shares_virtually: bool,
    current: InForce<'a>,
}

impl<'a> Sheet<'a> {
    /// The rule that is being evaluated.
    pub fn rule(&self) -> &'a Rule {
        self.current.rule
    }

    /// The rule that is being evaluated, with its numbers.
    pub fn in_force(&self) -> InForce<'a> {
        self.current
    }

    /// The numbers that are being evaluated.
    pub fn version(&self) -> &'a Version {
        self.current.version
    }

    /// The hours of the contract's low tariff, if it has one.
    pub fn low_slot(&self) -> Option<Slot> {
        self.low_slot
    }

    /// Whether only yearly registers are known.
    pub fn is_of_yearly_readings(&self) -> bool {
        self.readings.are_yearly
    }

    /// A formula, made only where the bill is to be explained.
    pub fn say(&self, formula: impl FnOnce() -> String) -> String {
        if self.explains { formula() } else { String::new() }
    }

    /// The contract year's part that this sheet is of, times a yearly number: by day, each day of its calendar year.
    pub fn pro_rata(&self, yearly: Decimal) -> Decimal {
        pro_rata(yearly, self.from, self.until)
    }

    /// "× 100/366 days" where the sheet is not of a whole calendar year.
    pub fn days_words(&self) -> String {
        let words: Vec<String> = year_parts(self.from, self.until)
            .into_iter()
            .filter(|(days, of)| days != of)
            .map(|(days, of)| format!("{days}/{of}"))
            .collect();
        if words.is_empty() {
            return String::new();
        }
        let brackets = if words.len() > 1 { ("(", ")") } else { ("", "") };
        format!(" × {}{}{} days", brackets.0, words.join(" + "), brackets.1)
    }

    /// Number of days.
    pub fn days(&self) -> Decimal {
        Decimal::from(days_between(self.from, self.until))
    }

    /// Number of months; days of a month that is not whole count by the days it has.
    pub fn months(&self) -> Decimal {
        months_between(self.from, self.until)
    }

    /// A register over the whole sheet.
    ///
    /// # Errors
    /// If the readings do not have it.
    pub fn sum(&self, flow: Flow, weight: &Weight) -> Result<Decimal, Unknown> {
        self.sum_over(self.periods.clone(), flow, weight)
    }

    /// A register over some periods of the readings.
    ///
    /// # Errors
    /// If the readings do not have it.
    pub fn sum_over(&self, periods: Range<usize>, flow: Flow, weight: &Weight) -> Result<Decimal, Unknown> {
        let need = Need::Sum(flow, weight.clone());
        self.readings.sum(self.life, periods, &need).ok_or_else(|| no_register(&need))
    }

    /// A flow at the meter less the shared part of it, over some periods; all of it where sharing is virtual.
    ///
    /// # Errors
    /// If the readings do not have it.
    pub fn residual_over(&self, periods: Range<usize>, flow: Flow, weight: &Weight) -> Result<Decimal, Unknown> {
        if self.shares_virtually {
            return self.sum_over(periods, flow, weight);
        }
        let shared = if flow == Flow::Import { Flow::SharedIn } else { Flow::SharedOut };
        Ok(self.sum_over(periods.clone(), flow, weight)? - self.sum_over(periods, shared, weight)?)
    }

    /// The greatest power of each period, kW.
    ///
    /// # Errors
    /// If the readings do not have it.
    pub fn peaks_kw(&self, flow: Flow) -> Result<Vec<Decimal>, Unknown> {
        let need = Need::Peak(flow);
        let peak = |at: usize| self.readings.sum(self.life, at..at + 1, &need).ok_or_else(|| no_register(&need));
        self.periods.clone().map(peak).collect()
    }

    /// The quantity that a rule is levied on, and the registers it is of.
    ///
    /// # Errors
    /// If the readings do not have it.
    pub fn quantity(&self, base: Base) -> Result<(Decimal, Vec<(Need, i8)>), Unknown> {
        let one = |flow| Need::Sum(flow, Weight::One);
        let all = self.periods.clone();
        Ok(match base {
            Base::Import => (self.sum(Flow::Import, &Weight::One)?, vec![(one(Flow::Import), 1)]),
            Base::Export => (self.sum(Flow::Export, &Weight::One)?, vec![(one(Flow::Export), 1)]),
            Base::ResidualImport => (
                self.residual_over(all, Flow::Import, &Weight::One)?,
                vec![(one(Flow::Import), 1), (one(Flow::SharedIn), -1)],
            ),
            Base::ResidualExport => (
                self.residual_over(all, Flow::Export, &Weight::One)?,
                vec![(one(Flow::Export), 1), (one(Flow::SharedOut), -1)],
            ),
            Base::NetImport => (self.net_import_kwh(), self.net_registers()),
            Base::Delivered if self.shares_virtually => (self.net_import_kwh(), self.net_registers()),
            Base::Delivered => {
                let shared = self.sum(Flow::SharedIn, &Weight::One)?;
                let mut registers = self.net_registers();
                registers.retain(|(need, _)| *need != one(Flow::SharedIn));
                (self.net_import_kwh() + shared, registers)
            }
            Base::NetExport => (
                self.windows.iter().flat_map(|window| &window.slots).map(|slot| slot.net_export_kwh).sum(),
                vec![(one(Flow::Export), 1), (one(Flow::SharedOut), -1)],
            ),
            Base::SharedIn => (self.sum(Flow::SharedIn, &Weight::One)?, vec![(one(Flow::SharedIn), 1)]),
            Base::SharedOut => (self.sum(Flow::SharedOut, &Weight::One)?, vec![(one(Flow::SharedOut), 1)]),
            Base::Generation => (self.sum(Flow::Generation, &Weight::One)?, vec![(one(Flow::Generation), 1)]),
            Base::Gas => (self.gas_m3(), Vec::new()),
        })
    }

    /// How a base comes about, in words, for a formula.
    pub fn base_words(&self, base: Base) -> String {
        word(&base).replace('-', " ")
    }

    /// What the supplier delivers after netting, kWh.
    pub fn net_import_kwh(&self) -> Decimal {
        self.windows.iter().flat_map(|window| &window.slots).map(|slot| slot.net_import_kwh).sum()
    }

    /// Whether feed-in is set off against use here.
    pub fn is_netted(&self) -> bool {
        self.windows.iter().flat_map(|window| &window.slots).any(|slot| slot.net_import_kwh != slot.import_kwh)
    }

    fn net_registers(&self) -> Vec<(Need, i8)> {
        let one = |flow| Need::Sum(flow, Weight::One);
        let mut registers = vec![(one(Flow::Import), 1), (one(Flow::SharedIn), -1)];
        if self.is_netted() {
            registers.extend([(one(Flow::Export), -1), (one(Flow::SharedOut), 1)]);
        }
        registers
    }

    /// Gas, m³.
    pub fn gas_m3(&self) -> Decimal {
        self.readings.periods[self.periods.clone()].iter().map(|period| period.gas_m3).sum()
    }

    /// The year's gas that the sheet's use stands for, m³: for classes by standard yearly use.
    pub fn annual_gas_m3(&self) -> Decimal {
        let part = self.pro_rata(Decimal::ONE);
        if part.is_zero() { Decimal::ZERO } else { self.gas_m3() / part }
    }

    /// First day and first day after a period of the readings.
    pub fn period(&self, at: usize) -> (Date, Date) {
        (self.readings.periods[at].from, self.readings.periods[at].until)
    }

    /// The registers behind a line: of a flow at the meter without its shared part, where sharing is virtual.
    fn behind(&self, mut registers: Vec<(Need, i8)>) -> Vec<(Need, i8)> {
        if self.shares_virtually && !registers.iter().all(is_of_sharing) {
            registers.retain(|register| !is_of_sharing(register));
        }
        registers
    }

    /// Adds a line for the rule that is being evaluated. What comes to nothing is left out.
    pub fn post(&mut self, entry: Entry) {
        self.post_for(self.current, entry);
    }

    /// Adds a line in the name of another rule in force.
    pub fn post_for(&mut self, by: InForce<'a>, entry: Entry) {
        if entry.amount_eur.is_zero() && entry.base.is_zero() {
            return;
        }
        let vat_fraction = entry.vat_fraction.or(by.version.vat_fraction).unwrap_or_default();
        let gross = Decimal::ONE + vat_fraction;
        let (mut excluding_eur, mut including_eur) = if entry.rate.includes_vat {
            (entry.amount_eur / gross, entry.amount_eur)
        } else {
            (entry.amount_eur, entry.amount_eur * gross)
        };
        if entry.is_credit {
            (excluding_eur, including_eur) = (-excluding_eur, -including_eur);
        }
        // A line is paid by the point's owner, whichever side of the rule that is.
        let payer = self.point.owner();
        let is_owners = |party| party == Party::Member || party == payer;
        let payee = if is_owners(by.rule.payer) { by.rule.payee } else { by.rule.payer };
        self.lines.push(Line {
            rule: by.rule.id.clone(),
            what: entry.what,
            from: self.from,
            until: self.until,
            base: entry.base,
            unit: entry.unit,
            rate_eur: entry.rate.eur,
            rate_includes_vat: entry.rate.includes_vat,
            excluding_eur,
            including_eur,
            vat_fraction,
            payer,
            payee,
            is_assumed: by.is_assumed(),
            formula: entry.formula,
            registers: if self.explains { self.behind(entry.registers) } else { Vec::new() },
        });
    }
}

fn is_of_sharing((need, _): &(Need, i8)) -> bool {
    matches!(need, Need::Sum(flow, _) | Need::Peak(flow) if flow.is_shared())
}

fn no_register(need: &Need) -> Unknown {
    let what = match need {
        Need::Sum(flow, Weight::Slot(slot)) => {
            format!("the readings do not say how much {} was in the hours {slot}", super::readings::flow_name(*flow))
        }
        Need::Sum(_, weight) if weight.is_of_prices() => {
            "yearly readings cannot be settled at prices by the step: give intervals".to_owned()
        }
        Need::Sum(flow, _) => format!("the readings have no {}", super::readings::flow_name(*flow)),
        Need::Peak(flow) => {
            format!(
                "the readings do not say the greatest power of {}: give intervals",
                super::readings::flow_name(*flow)
            )
        }
    };
    Unknown::new(what)
}

/// How a point is settled.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Which of its lives.
    pub life: Life,
    /// Whether lines carry their formulas and registers.
    pub explains: bool,
}

/// Settles the readings of a point, one bill for each contract year, or part of one, that they are of.
///
/// * `spans` – the rules in force for this point, from [`Rulebook::spans`]; no period of the readings goes over a border.
///
/// # Errors
/// Every number that a sum needs and nobody has entered.
pub fn settle(
    book: &Rulebook,
    spans: &[Span<'_>],
    point: &Point,
    readings: &Readings,
    options: Options,
) -> Result<Vec<Bill>, Vec<Refusal>> {
    let mut bills: Vec<Bill> = Vec::new();
    let mut refusals = Vec::new();
    for span in spans {
        let inside = |period: &&super::readings::PeriodReading| period.from >= span.from && period.until <= span.until;
        let Some(first) = readings.periods.iter().position(|period| inside(&period)) else { continue };
        let count = readings.periods[first..].iter().take_while(inside).count();
        let periods = first..first + count;
        let (from, until) = (readings.periods[first].from, readings.periods[first + count - 1].until);
        let lines = settle_span(book, span, point, readings, periods, options, &mut refusals);
        match bills.last_mut() {
            Some(bill) if bill.year == span.contract_year => {
                bill.lines.extend(lines);
                bill.until = until;
            }
            _ => bills.push(Bill { year: span.contract_year, from, until, lines }),
        }
    }
    if refusals.is_empty() { Ok(bills) } else { Err(refusals) }
}

fn settle_span<'a>(
    book: &'a Rulebook,
    span: &'a Span<'a>,
    point: &'a Point,
    readings: &'a Readings,
    periods: Range<usize>,
    options: Options,
    refusals: &mut Vec<Refusal>,
) -> Vec<Line> {
    let Some(first) = span.rules.first() else { return Vec::new() };
    let contract = span.rules.iter().find(|rule| rule.version.instrument.as_energy_price().is_some());
    let low_slot = contract.and_then(|rule| rule.version.instrument.as_energy_price()?.low_slot());
    let mut sheet = Sheet {
        point,
        book,
        from: readings.periods[periods.start].from,
        until: readings.periods[periods.end - 1].until,
        windows: Vec::new(),
        floor: None,
        feed_in_limit: None,
        feed_in_eur: vec![Decimal::ZERO; periods.len()],
        lines: Vec::new(),
        periods,
        readings,
        life: options.life,
        explains: options.explains,
        low_slot,
        shares_virtually: book.shares_virtually(span.from),
        current: *first,
    };
    match windows_of(&sheet, low_slot, vec![sheet.periods.clone()]) {
        Ok(windows) => sheet.windows = windows,
        // A plant whose readings are of its output alone is settled on that.
        Err(_) if span.rules.iter().all(|rule| stage_of(rule.version) >= Some(Stage::Premium)) => {}
        Err(unknown) => {
            let rule = contract.unwrap_or(first).rule.id.clone();
            refusals.push(Refusal { rule, from: span.from, unknown, has_earlier: false });
            return Vec::new();
        }
    }
    for in_force in &span.rules {
        sheet.current = *in_force;
        let before = sheet.lines.len();
        let outcome = in_force.version.instrument.settle(&mut sheet);
        let refuse =
            |unknown, has_earlier| Refusal { rule: in_force.rule.id.clone(), from: span.from, unknown, has_earlier };
        match outcome {
            Err(unknown) => refusals.push(refuse(unknown, false)),
            // The numbers are of earlier dates, and nobody allowed that: where they come to something, they are needed.
            Ok(()) if in_force.is_missing() && sheet.lines.len() > before => {
                sheet.lines.truncate(before);
                let what = format!("its numbers from {} on are not known", span.from);
                refusals.push(refuse(Unknown::new(what), true));
            }
            Ok(()) => {}
        }
    }
    sheet.lines
}

/// The sums of windows, nothing set off yet.
///
/// # Errors
/// If the readings do not have the slots of the contract.
pub(super) fn windows_of(
    sheet: &Sheet<'_>,
    low: Option<Slot>,
    windows: Vec<Range<usize>>,
) -> Result<Vec<Window>, Unknown> {
    let make = |periods: Range<usize>| {
        let residual = |flow, weight: &Weight| sheet.residual_over(periods.clone(), flow, weight);
        let sums = |import_kwh: Decimal, export_kwh: Decimal| SlotSums {
            import_kwh,
            export_kwh,
            net_import_kwh: import_kwh,
            net_export_kwh: export_kwh,
        };
        let (import, export) = (residual(Flow::Import, &Weight::One)?, residual(Flow::Export, &Weight::One)?);
        let slots = match low {
            None => vec![sums(import, export)],
            Some(slot) => {
                let weight = Weight::Slot(slot);
                let (low_import, low_export) = (residual(Flow::Import, &weight)?, residual(Flow::Export, &weight)?);
                vec![sums(import - low_import, export - low_export), sums(low_import, low_export)]
            }
        };
        Ok(Window { periods: periods.clone(), slots })
    };
    windows.into_iter().map(make).collect()
}

impl Point {
    /// Who pays the bills of this point.
    pub fn owner(&self) -> Party {
        match self.kind {
            super::readings::PointKind::Plant { .. } => Party::Cooperative,
            _ => Party::Member,
        }
    }
}

/// Days, and the days of the calendar year that they are of.
fn year_parts(from: Date, until: Date) -> Vec<(i64, i64)> {
    let mut parts = Vec::new();
    let mut at = from;
    while at < until {
        let next_year = Date::new(at.year() + 1, 1, 1).unwrap_or(until);
        let end = next_year.min(until);
        parts.push((days_between(at, end), i64::from(at.days_in_year())));
        at = end;
    }
    parts
}

/// The part of a year between two days, times a yearly number: each day counts as one of its calendar year.
pub fn pro_rata(yearly: Decimal, from: Date, until: Date) -> Decimal {
    let part = |(days, of): (i64, i64)| {
        if days == of { yearly } else { yearly * Decimal::from(days) / Decimal::from(of) }
    };
    year_parts(from, until).into_iter().map(part).sum()
}

/// Days from one to another.
pub fn days_between(from: Date, until: Date) -> i64 {
    from.until(until).map_or(0, |span| i64::from(span.get_days()))
}

/// Months from one day to another; days of a month that is not whole count by the days it has.
fn months_between(from: Date, until: Date) -> Decimal {
    let mut months = Decimal::ZERO;
    let mut at = from;
    while at < until {
        let next = at.last_of_month().tomorrow().unwrap_or(until);
        let end = next.min(until);
        let of = Decimal::from(at.days_in_month());
        let days = Decimal::from(days_between(at, end));
        months += if days == of { Decimal::ONE } else { days / of };
        at = end;
    }
    months
}

/// The order in which a rule is evaluated; those that are no part of a bill are left out.
pub(super) fn stage_of(version: &Version) -> Option<Stage> {
    version.instrument.stage()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_year_is_whole_and_a_part_counts_by_its_days() {
        let yearly = "400.90".parse().unwrap();
        assert_eq!(pro_rata(yearly, day("2024-01-01"), day("2025-01-01")), yearly);
        let part = pro_rata(yearly, day("2024-01-01"), day("2024-04-10"));
        assert_eq!(crate::rules::exact::cents(part), 10954);
        assert_eq!(year_parts(day("2026-07-01"), day("2027-07-01")), [(184, 365), (181, 365)]);
    }

    #[test]
    fn months_count_whole_or_by_their_days() {
        assert_eq!(months_between(day("2026-01-01"), day("2027-01-01")), Decimal::from(12));
        assert_eq!(
            months_between(day("2026-01-16"), day("2026-03-01")),
            Decimal::from(16) / Decimal::from(31) + Decimal::ONE
        );
    }
}

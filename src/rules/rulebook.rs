//! The rulebook of a run: a dated book, with what the scenario adds, replaces, switches off and chooses.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::kinds::{EnergyPrice, Stage};
use super::readings::{Needs, Point, PointKind};
use super::rule::{Numbers, Rule, Version};
use super::settle::{Refusal, stage_of};
use super::terms::{Status, Who};
use crate::engine::meters::Flow;
use crate::scenario::diagnostics::{Fault, Origin};
use crate::scenario::plan;

/// The rules of a run.
#[derive(Debug)]
pub struct Rulebook {
    /// The book's name: "nl".
    pub name: String,
    /// What the book is, and how old its numbers are.
    pub about: String,
    /// Every rule of the book and of the scenario, in the order written.
    pub rules: Vec<Rule>,
    /// Standard VAT by date.
    pub vat: Vec<Vat>,
    /// What the scenario chose.
    pub choices: Choices,
}

/// Standard VAT on some dates.
#[derive(Clone, Debug)]
pub struct Vat {
    /// First day.
    pub from: Date,
    /// VAT, as a part.
    pub fraction: Decimal,
    /// Where it is from.
    pub source: String,
}

/// What a scenario chose among the rules.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// The id of the supply contract.
    pub contract: Option<String>,
    /// The grid operator.
    pub operator: Option<String>,
    /// The ids of rules that are switched off.
    pub off: BTreeSet<String>,
    /// Whether the last known numbers are taken where there are none.
    pub last_known: bool,
    /// The first day of a contract year; its month and day count.
    pub contract_start: Option<Date>,
    /// Whether fees on feed-in may be above what feed-in earns.
    pub fee_may_exceed: bool,
    /// Where the scenario asks for rules.
    pub origin: Option<Origin>,
}

/// A rule that is in force for a point, with its numbers.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Its numbers.
    pub version: &'a Version,
    /// How well they are known.
    pub knowledge: Knowledge,
}

/// How well the numbers of a rule are known for its dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// They are of these dates.
    Known,
    /// They are the last known ones, as the scenario allowed.
    LastKnown,
    /// They are the last known ones, and nobody allowed to take them.
    Missing,
}

impl InForce<'_> {
    /// Whether its numbers are assumed, derived or the last known ones.
    pub fn is_assumed(&self) -> bool {
        self.knowledge == Knowledge::LastKnown || self.version.status == Status::Assumed
    }

    /// Whether its numbers may not be used.
    pub fn is_missing(&self) -> bool {
        self.knowledge == Knowledge::Missing
    }
}

/// A part of a contract year in which the same rules hold for a point.
#[derive(Clone, Debug)]
pub struct Span<'a> {
    /// First day.
    pub from: Date,
    /// First day after it.
    pub until: Date,
    /// The calendar year in which the contract year begins.
    pub contract_year: i16,
    /// The rules, in the order of evaluation.
    pub rules: Vec<InForce<'a>>,
}

impl Rulebook {
    /// The rule with this id, with or without the book's name in front.
    pub fn find(&self, id: &str) -> Option<&Rule> {
        let full = format!("{}.{id}", self.name);
        self.rules.iter().find(|rule| rule.id == id).or_else(|| self.rules.iter().find(|rule| rule.id == full))
    }

    /// Standard VAT on a day, as a part.
    pub fn vat_on(&self, day: Date) -> Decimal {
        self.vat.iter().rev().find(|vat| vat.from <= day).map_or(Decimal::ZERO, |vat| vat.fraction)
    }

    /// Whether the scenario switched a rule off.
    pub fn is_off(&self, rule: &Rule) -> bool {
        self.choices.off.contains(&rule.id)
    }

    /// The supply contract on a day.
    pub fn contract_on(&self, day: Date) -> Option<(&Rule, &EnergyPrice)> {
        let rule = self.find(self.choices.contract.as_deref()?)?;
        let version = match rule.numbers_on(day)? {
            Numbers::Known(version) | Numbers::LastKnown(version) => version,
        };
        Some((rule, version.instrument.as_energy_price()?))
    }

    /// Whether shared kWh are only counted on a day, and taken off no bill.
    pub fn shares_virtually(&self, day: Date) -> bool {
        self.rules.iter().filter(|rule| !self.is_off(rule) && rule.holds_on(day)).any(|rule| {
            rule.numbers_on(day).is_some_and(|numbers| {
                let (Numbers::Known(version) | Numbers::LastKnown(version)) = numbers;
                version.instrument.is_virtual_sharing()
            })
        })
    }

    /// Whether a rule has to do with a point at all, whatever the day.
    pub fn concerns(&self, rule: &Rule, point: &Point) -> bool {
        let who = match point.kind {
            PointKind::Home(_) => Who::Home,
            PointKind::Business => Who::Business,
            PointKind::Plant { .. } => Who::Plant,
        };
        if self.is_off(rule) || !rule.who.contains(&who) || (rule.members_only && !point.is_member) {
            return false;
        }
        if rule.on_request && !self.is_asked_for(rule, point) {
            return false;
        }
        if rule.operator.as_ref().is_some_and(|operator| self.choices.operator.as_ref() != Some(operator)) {
            return false;
        }
        match (rule.max_connection, point.connection) {
            (Some(max), Some(own)) => own.power_kw() <= max.power_kw(),
            _ => true,
        }
    }

    fn is_asked_for(&self, rule: &Rule, point: &Point) -> bool {
        let contract = self.choices.contract.as_deref().and_then(|id| self.find(id));
        if contract.is_some_and(|contract| contract.id == rule.id) {
            return true;
        }
        let fees = contract.into_iter().flat_map(|contract| &contract.versions);
        let mut fees = fees.filter_map(|version| version.instrument.as_energy_price()?.feed_in_fee.as_deref());
        if fees.any(|id| self.find(id).is_some_and(|fee| fee.id == rule.id)) {
            return true;
        }
        match &point.kind {
            PointKind::Plant { premium: Some((id, _)), .. } => self.find(id).is_some_and(|own| own.id == rule.id),
            _ => false,
        }
    }

    /// The rules that hold for a point on a day, in the order of evaluation.
    fn in_force_on(&self, point: &Point, day: Date) -> Vec<InForce<'_>> {
        let mut rules: Vec<(Stage, InForce)> = Vec::new();
        for rule in self.rules.iter().filter(|rule| self.concerns(rule, point)) {
            // What was granted keeps the numbers of the day of the application, and runs on when the rule has lapsed.
            let of_day = match (&point.kind, rule.versions.first().and_then(|v| v.instrument.granted_years())) {
                (PointKind::Plant { premium: Some((_, granted)), .. }, Some(years)) => {
                    let end = Date::new(granted.year() + i16::from(years), granted.month(), granted.day().min(28));
                    if day < *granted || end.is_ok_and(|end| day >= end) {
                        continue;
                    }
                    *granted
                }
                _ => day,
            };
            if !rule.holds_on(of_day) {
                continue;
            }
            let (version, knowledge) = match rule.numbers_on(of_day) {
                // It holds, but its numbers begin later: those stand in, to see whether a sum needs any.
                None => match rule.versions.first() {
                    Some(first) => (first, Knowledge::Missing),
                    None => continue,
                },
                Some(Numbers::Known(version)) => (version, Knowledge::Known),
                Some(Numbers::LastKnown(version)) if self.choices.last_known => (version, Knowledge::LastKnown),
                Some(Numbers::LastKnown(version)) => (version, Knowledge::Missing),
            };
            if let Some(stage) = stage_of(version) {
                rules.push((stage, InForce { rule, version, knowledge }));
            }
        }
        rules.sort_by_key(|(stage, _)| *stage);
        rules.into_iter().map(|(_, rule)| rule).collect()
    }

    /// The days between two at which something begins or ends for a point: contract years, rules, their numbers.
    ///
    /// Rules that do not concern the point cut nothing.
    pub fn borders(&self, point: &Point, from: Date, until: Date) -> BTreeSet<Date> {
        let mut borders: BTreeSet<Date> = BTreeSet::new();
        for rule in self.rules.iter().filter(|rule| self.concerns(rule, point)) {
            let Some(first) = rule.versions.first() else { continue };
            if first.instrument.stage().is_none() {
                continue;
            }
            match (&point.kind, first.instrument.granted_years()) {
                (PointKind::Plant { premium: Some((_, granted)), .. }, Some(years)) => {
                    borders.insert(*granted);
                    borders.extend(Date::new(
                        granted.year() + i16::from(years),
                        granted.month(),
                        granted.day().min(28),
                    ));
                    // Its corrections are set by calendar year.
                    borders.extend((from.year()..=until.year()).filter_map(|year| Date::new(year, 1, 1).ok()));
                }
                _ => borders.extend(rule.borders()),
            }
        }
        let years = from.year() - 1..=until.year();
        borders.extend(years.filter_map(|year| self.contract_year_begins(year, from)));
        borders.retain(|day| *day > from && *day < until);
        borders
    }

    /// The first day of the contract year that begins in a calendar year.
    fn contract_year_begins(&self, year: i16, run_start: Date) -> Option<Date> {
        let start = self.choices.contract_start.unwrap_or(run_start);
        Date::new(year, start.month(), start.day()).ok()
    }

    /// The calendar year in which the contract year of a day begins.
    pub fn contract_year_of(&self, day: Date, run_start: Date) -> i16 {
        match self.contract_year_begins(day.year(), run_start) {
            Some(begin) if day < begin => day.year() - 1,
            _ => day.year(),
        }
    }

    /// The time between two days, cut where something changes for a point.
    pub fn spans(&self, point: &Point, from: Date, until: Date) -> Vec<Span<'_>> {
        let mut cuts: Vec<Date> = vec![from];
        cuts.extend(self.borders(point, from, until));
        cuts.push(until);
        let span = |cut: &[Date]| Span {
            from: cut[0],
            until: cut[1],
            contract_year: self.contract_year_of(cut[0], from),
            rules: self.in_force_on(point, cut[0]),
        };
        cuts.windows(2).map(span).collect()
    }

    /// The registers that the rules of some spans need.
    pub fn ask(spans: &[Span<'_>], needs: &mut Needs) {
        for span in spans {
            let floor = span.rules.iter().find_map(|rule| rule.version.instrument.feed_in_floor());
            let has_energy = span.rules.iter().any(|rule| stage_of(rule.version) != Some(Stage::Premium));
            if has_energy {
                needs.add_residual(Flow::Import, &super::readings::Weight::One);
                needs.add_residual(Flow::Export, &super::readings::Weight::One);
            }
            for rule in &span.rules {
                let Version { instrument, vat_fraction, .. } = rule.version;
                if let Some(contract) = instrument.as_energy_price() {
                    contract.ask_with(floor, vat_fraction.unwrap_or_default(), needs);
                }
                instrument.ask(needs);
            }
        }
    }

    /// Refusals as faults of the scenario: what is not known, and how to enter it.
    pub fn faults_of(&self, refusals: &[Refusal]) -> Vec<Fault> {
        let mut once: Vec<&Refusal> = Vec::new();
        let mut sorted: Vec<&Refusal> = refusals.iter().collect();
        sorted.sort();
        for refusal in sorted {
            if !once.iter().any(|known| known.rule == refusal.rule && known.unknown == refusal.unknown) {
                once.push(refusal);
            }
        }
        let fault = |refusal: &Refusal| {
            let Refusal { rule: id, from, unknown, has_earlier } = refusal;
            let rule = self.find(id);
            let title = rule.map_or("", |rule| rule.title.as_str());
            let message = format!("{id} ({title}): {unknown}");
            let keys = if *has_earlier {
                let example = rule.and_then(|rule| rule.versions.last()).map_or("…", |_| "…");
                format!(
                    "enter its numbers in the scenario: [[rules.replace]] id = \"{id}\", \
                     versions = [{{ valid_from = {from}, {} = {example} }}]; \
                     or write assume = \"last-known\" in [rules] to take the last known ones, which every result then says",
                    rule.map_or("…", |rule| super::book::main_key(rule.kind)),
                )
            } else {
                format!(
                    "enter it in the scenario: [[rules.replace]] id = \"{id}\" with that key, or switch the rule off: \
                         off = [\"{id}\"]"
                )
            };
            let fault = Fault::error("kwartier::rules::unknown_number", message).help(keys);
            match &self.choices.origin {
                Some(origin) => fault.at(origin, "a rule of this book needs a number that nobody has entered"),
                None => fault,
            }
        };
        once.into_iter().map(fault).collect()
    }
}

/// What a plan chose, before ids are looked up.
pub(super) fn choices(rules: &plan::Rules) -> Choices {
    Choices {
        contract: rules.contract.as_ref().map(|(id, _)| id.clone()),
        operator: rules.operator.as_ref().map(|(name, _)| name.clone()),
        off: BTreeSet::new(),
        last_known: rules.assume_last_known,
        contract_start: rules.contract_start,
        fee_may_exceed: rules.fee_may_exceed,
        origin: Some(rules.origin.clone()),
    }
}

//! A rule of a book: what every rule says about itself, and its versions, each with the numbers of its dates.

use jiff::civil::Date;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::exact::Exact;
use super::kinds::Kind;
use super::terms::{Base, Day, Geography, Mode, Party, Settled, Status, Who};
use crate::scenario::diagnostics::Origin;
use crate::scenario::plan::Connection;

/// The keys that every rule has, whatever its kind.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Written {
    /// Name of the rule, with the book's name in front: "nl.netting".
    #[schemars(required)]
    pub id: Option<String>,
    /// Kind of instrument.
    #[schemars(required)]
    pub kind: Option<String>,
    /// The rule in a few words, as a bill prints it.
    pub title: Option<String>,
    /// What it does, and how sure its numbers are.
    pub about: Option<String>,
    /// The mode of government that it belongs to.
    pub mode: Option<Mode>,
    /// Whether it is law. Default in a scenario: in-force.
    pub status: Option<Status>,
    /// First day on which it holds. Default: always did.
    pub valid_from: Option<Day>,
    /// Last day on which it holds. Default: without end.
    pub valid_to: Option<Day>,
    /// Where its numbers are from. Required in a book.
    pub source: Option<String>,
    /// Who pays. Default: by kind.
    pub payer: Option<Party>,
    /// Who receives. Default: by kind.
    pub payee: Option<Party>,
    /// What it applies to. Default: by kind.
    pub who: Option<Vec<Who>>,
    /// The largest connection that it applies to, e.g. "3x80A". Default: any.
    pub max_connection: Option<String>,
    /// Only for members of the cooperative.
    #[serde(default)]
    pub members_only: bool,
    /// Only in the area of this grid operator.
    pub operator: Option<String>,
    /// Applies only where a scenario names it: a contract, a plant's premium.
    #[serde(default)]
    pub on_request: bool,
    /// Where members or sharers must be.
    pub geography: Option<Geography>,
    /// The greatest distance, km, where the geography is one.
    pub distance_km: Option<Exact>,
    /// At least one member for this much power of a plant, kW.
    pub kw_per_member: Option<Exact>,
    /// At most one member at an address.
    #[serde(default)]
    pub one_member_per_address: bool,
    /// When it is settled. Default: by kind.
    pub settled: Option<Settled>,
    /// Rules that may not hold together with it, by id.
    #[serde(default)]
    pub excludes: Vec<String>,
}

/// The keys of a version besides those of the rule's kind.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct WrittenVersion {
    /// First day of these numbers.
    #[schemars(required)]
    pub valid_from: Option<Day>,
    /// Last day of these numbers. Default: the day before the next version, or the rule's last day if there is none.
    pub valid_to: Option<Day>,
    /// Status of these numbers. Default: the rule's.
    pub status: Option<Status>,
    /// Where these numbers are from. Default: the rule's source.
    pub source: Option<String>,
    /// Takes all keys that are not written here from the version that begins on this day.
    #[serde(rename = "as")]
    pub like: Option<Day>,
}

/// The keys about money that rules of many kinds have in common, in the rule or in a version.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct WrittenMoney {
    /// VAT on the amount, as a part: 0.21; 0 where there is none.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub vat_fraction: Option<Exact>,
    /// The quantity it is levied on. Default: by kind.
    pub base: Option<Base>,
}

/// A rule that was read.
#[derive(Debug)]
pub struct Rule {
    /// Its id.
    pub id: String,
    /// The name of its kind.
    pub kind: &'static str,
    /// The rule in a few words.
    pub title: String,
    /// What it does, and how sure its numbers are.
    pub about: String,
    /// The mode of government.
    pub mode: Option<Mode>,
    /// Whether it is law.
    pub status: Status,
    /// First day, if it has one.
    pub valid_from: Option<Date>,
    /// Last day, if it has one.
    pub valid_to: Option<Date>,
    /// Where its numbers are from.
    pub source: String,
    /// Who pays.
    pub payer: Party,
    /// Who receives.
    pub payee: Party,
    /// What it applies to.
    pub who: Vec<Who>,
    /// The largest connection that it applies to.
    pub max_connection: Option<Connection>,
    /// Only for members.
    pub members_only: bool,
    /// Only in the area of this operator.
    pub operator: Option<String>,
    /// Only where it is named.
    pub on_request: bool,
    /// Where members or sharers must be, and how far at most, km.
    pub geography: Option<(Geography, Option<Decimal>)>,
    /// At least one member for this much power, kW.
    pub kw_per_member: Option<Decimal>,
    /// At most one member at an address.
    pub one_member_per_address: bool,
    /// When it is settled.
    pub settled: Settled,
    /// Rules that may not hold together with it.
    pub excludes: Vec<String>,
    /// Its versions, in the order of their dates; they do not overlap.
    pub versions: Vec<Version>,
    /// Whether the scenario added it, or changed something in it.
    pub change: Change,
    /// Where it is written.
    pub origin: Origin,
}

/// What a scenario did to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// As in the book.
    None,
    /// Added by the scenario.
    Added,
    /// In the book, with other numbers.
    Replaced,
}

/// The numbers of a rule on some dates.
#[derive(Debug)]
pub struct Version {
    /// First day; `None`: always.
    pub from: Option<Date>,
    /// Last day; `None`: without end.
    pub to: Option<Date>,
    /// Status of the numbers.
    pub status: Status,
    /// Where the numbers are from.
    pub source: String,
    /// VAT on amounts of this rule, as a part; `None`: the rule moves no money of its own.
    pub vat_fraction: Option<Decimal>,
    /// What it is levied on, if not what its kind says.
    pub base: Option<Base>,
    /// The instrument with its numbers.
    pub instrument: Box<dyn Kind>,
    /// The keys and numbers as they were written, those of the rule included.
    pub written: serde_json::Value,
}

impl Version {
    /// The keys and numbers as they were written, one a line; each entry of a list on its own.
    pub fn written_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (key, value) in self.written.as_object().into_iter().flatten() {
            match value {
                serde_json::Value::Array(items) if items.iter().any(serde_json::Value::is_object) => {
                    lines.push(format!("{key}:"));
                    lines.extend(items.iter().map(|item| format!("  {}", in_words(item))));
                }
                other => lines.push(format!("{key} = {}", in_words(other))),
            }
        }
        lines
    }

    /// Whether these numbers are of this day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// The numbers of a rule on a day.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    /// There are some.
    Known(&'a Version),
    /// The rule holds, but nobody has entered its numbers for the day: these are the last before it.
    LastKnown(&'a Version),
}

impl Rule {
    /// Whether the rule holds on this day, whatever is known of its numbers.
    pub fn holds_on(&self, day: Date) -> bool {
        let is_law = !matches!(self.status, Status::Proposed) || self.change != Change::None;
        is_law && self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to)
    }

    /// Its numbers on a day on which it holds; `None` before its first version.
    pub fn numbers_on(&self, day: Date) -> Option<Numbers<'_>> {
        if let Some(version) = self.versions.iter().find(|version| version.holds_on(day)) {
            return Some(Numbers::Known(version));
        }
        let before = |version: &&Version| version.from.is_none_or(|from| from <= day);
        self.versions.iter().rev().find(before).map(Numbers::LastKnown)
    }

    /// The days on which something about it begins or ends: each is the first day of what is new.
    pub fn borders(&self) -> impl Iterator<Item = Date> + '_ {
        let after = |day: Date| day.tomorrow().ok();
        let own = self.valid_from.into_iter().chain(self.valid_to.and_then(after));
        let versions = self.versions.iter().flat_map(move |v| v.from.into_iter().chain(v.to.and_then(after)));
        own.chain(versions)
    }
}

/// An amount of money per unit, as it was written: with or without VAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The number that was written, EUR.
    pub eur: Decimal,
    /// Whether it includes VAT.
    pub includes_vat: bool,
}

impl Rate {
    /// The rate of two keys of which at most one is written.
    pub fn of(excluding: Option<Exact>, including: Option<Exact>) -> Option<Rate> {
        match (excluding, including) {
            (Some(Exact(eur)), _) => Some(Rate { eur, includes_vat: false }),
            (None, Some(Exact(eur))) => Some(Rate { eur, includes_vat: true }),
            (None, None) => None,
        }
    }

    /// A rate without VAT in it.
    pub fn excluding(eur: Decimal) -> Rate {
        Rate { eur, includes_vat: false }
    }

    /// The rate excluding VAT.
    pub fn excluding_vat(self, vat_fraction: Decimal) -> Decimal {
        if self.includes_vat { self.eur / (Decimal::ONE + vat_fraction) } else { self.eur }
    }

    /// The rate including VAT.
    pub fn including_vat(self, vat_fraction: Decimal) -> Decimal {
        if self.includes_vat { self.eur } else { self.eur * (Decimal::ONE + vat_fraction) }
    }

    /// The rate times a number.
    #[must_use]
    pub fn times(self, factor: Decimal) -> Rate {
        Rate { eur: self.eur * factor, ..self }
    }
}

/// A value in one line, as TOML writes it.
fn in_words(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{key} = {}", in_words(value))).collect();
            if entries.is_empty() { "the rest: not known".to_owned() } else { entries.join(", ") }
        }
        serde_json::Value::Array(items) => {
            format!("[{}]", items.iter().map(in_words).collect::<Vec<_>>().join(", "))
        }
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

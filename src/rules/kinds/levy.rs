//! Levy: a tax by brackets of yearly use.
//!
//! tax = Σ over brackets of rate × the part of the quantity within the bracket. Limits are inclusive ("up to and
//! including 10,000 kWh") and yearly: of a part of a year they count pro rata by day. The base says on what: after
//! netting, what is delivered; own use behind the meter is never in it.
//!
//! # Worked cases
//! T-NL-05: 3,000 kWh in 2026 at 0.09161 EUR: 274.83 EUR excluding VAT. T-NL-06: 12,000 kWh in 2024: 10,000 × 0.10880 +
//! 2,000 × 0.09037 = 1,268.74 EUR, 1,535.18 with 21 % VAT.
//! T-NL-10, a refund (postcode rose): a share of 2,000 kWh in 2026 gives 183.22 EUR back, 221.70 with VAT.
//!
//! # Source
//! Wet belastingen op milieugrondslag, chapter VI.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kind, Stage};
use crate::engine::meters::Flow;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::readings::{Needs, PointKind, Weight};
use crate::rules::rule::Rate;
use crate::rules::settle::{Entry, Sheet, Unknown};
use crate::rules::terms::{Base, Carrier};
use crate::scenario::diagnostics::Fault;
use crate::scenario::tree::Node;

/// A tax by brackets of yearly use.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Levy {
    /// What is taxed.
    #[serde(default)]
    pub carrier: Carrier,
    /// Brackets of yearly use, the lowest first; the last has no upper limit.
    #[schemars(required, length(min = 1))]
    pub brackets: Option<Vec<Bracket>>,
    /// Gives the tax back on a share of a plant instead of asking it: the greatest share a year, kWh.
    pub refund_up_to_kwh: Option<Exact>,
}

/// A bracket of yearly use.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Bracket {
    /// Upper limit of electricity, kWh a year, inclusive. Default: none.
    pub up_to_kwh: Option<Exact>,
    /// Upper limit of gas, m³ a year, inclusive. Default: none.
    pub up_to_m3: Option<Exact>,
    /// Rate on electricity, EUR/kWh without VAT. Left out: not known, and refused where a sum needs it.
    pub eur_per_kwh: Option<Exact>,
    /// Rate on gas, EUR/m³ without VAT. Left out: not known, and refused where a sum needs it.
    pub eur_per_m3: Option<Exact>,
    /// Rate for homes, where it differs from that of businesses, EUR/kWh without VAT.
    pub household_eur_per_kwh: Option<Exact>,
}

/// A part of the quantity and its rate.
struct Part {
    quantity: Decimal,
    rate: Decimal,
}

impl Levy {
    fn unit(&self) -> &'static str {
        match self.carrier {
            Carrier::Electricity => "kWh",
            Carrier::Gas => "m³",
        }
    }

    fn limit(&self, bracket: &Bracket) -> Option<Decimal> {
        let limit = match self.carrier {
            Carrier::Electricity => bracket.up_to_kwh,
            Carrier::Gas => bracket.up_to_m3,
        };
        limit.map(|Exact(limit)| limit)
    }

    fn rate(&self, bracket: &Bracket, is_home: bool) -> Option<Decimal> {
        let rate = match self.carrier {
            Carrier::Electricity => bracket.household_eur_per_kwh.filter(|_| is_home).or(bracket.eur_per_kwh),
            Carrier::Gas => bracket.eur_per_m3,
        };
        rate.map(|Exact(rate)| rate)
    }

    /// The parts of a quantity by bracket, those next to each other with the same rate in one.
    ///
    /// * `pro_rata` – a yearly limit for the time that the quantity is of.
    fn parts(
        &self,
        quantity: Decimal,
        pro_rata: impl Fn(Decimal) -> Decimal,
        is_home: bool,
    ) -> Result<Vec<Part>, Unknown> {
        let mut parts: Vec<Part> = Vec::new();
        let mut below = Decimal::ZERO;
        for bracket in self.brackets.iter().flatten() {
            let yearly = self.limit(bracket);
            let limit = yearly.map(&pro_rata);
            let within = limit.map_or(quantity, |limit| quantity.min(limit)) - below;
            if within <= Decimal::ZERO {
                break;
            }
            let Some(rate) = self.rate(bracket, is_home) else {
                let (unit, key) = match self.carrier {
                    Carrier::Electricity => ("kWh", "eur_per_kwh"),
                    Carrier::Gas => ("m³", "eur_per_m3"),
                };
                let up_to = yearly.map_or("without limit".to_owned(), |limit| format!("up to {limit} {unit}"));
                return Err(Unknown::new(format!(
                    "the rate of the bracket {up_to} is not known: set `{key}` of that bracket"
                )));
            };
            match parts.last_mut() {
                Some(last) if last.rate == rate => last.quantity += within,
                _ => parts.push(Part { quantity: within, rate }),
            }
            below += within;
        }
        Ok(parts)
    }

    fn default_base(&self) -> Base {
        match self.carrier {
            Carrier::Electricity => Base::Delivered,
            Carrier::Gas => Base::Gas,
        }
    }
}

impl Kind for Levy {
    fn stage(&self) -> Option<Stage> {
        // What is given back depends on shares of plants that the meters do not know.
        self.refund_up_to_kwh.is_none().then_some(Stage::Levy)
    }

    fn ask(&self, needs: &mut Needs) {
        if self.carrier == Carrier::Electricity {
            needs.add_residual(Flow::Import, &Weight::One);
        }
    }

    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        let brackets = self.brackets.as_deref().unwrap_or_default();
        let nodes = at.get("brackets").map_or(&[][..], Node::items);
        let mut before: Option<Decimal> = None;
        for (number, (bracket, node)) in brackets.iter().zip(nodes).enumerate() {
            let mut fault = |message: String, help: &str| {
                faults.push(
                    Fault::error("kwartier::rules::brackets", message)
                        .at(&node.origin.first_line(), "this bracket")
                        .help(help),
                );
            };
            let is_last = number + 1 == brackets.len();
            match self.limit(bracket) {
                None if !is_last => fault(
                    "a bracket without an upper limit is followed by another".to_owned(),
                    "give it `up_to_kwh` (of gas `up_to_m3`), or put it last",
                ),
                Some(limit) if is_last => fault(
                    format!("above {limit} {} there is no bracket", self.unit()),
                    "leave the upper limit of the last bracket out; without a rate it is refused only where a sum needs it",
                ),
                Some(limit) if before.is_some_and(|before| limit <= before) || limit <= Decimal::ZERO => fault(
                    format!("a bracket ends at {limit} {}, not above where it begins", self.unit()),
                    "order brackets by their upper limits, the lowest first",
                ),
                limit => before = limit.or(before),
            }
            let rates = [bracket.eur_per_kwh, bracket.eur_per_m3, bracket.household_eur_per_kwh];
            if rates.into_iter().flatten().any(|Exact(rate)| rate < Decimal::ZERO) {
                fault("a bracket has a negative rate".to_owned(), "a levy takes; what gives is a credit");
            }
            let (other, own) = match self.carrier {
                Carrier::Electricity => (bracket.up_to_m3.or(bracket.eur_per_m3), "kWh: `up_to_kwh`, `eur_per_kwh`"),
                Carrier::Gas => (bracket.up_to_kwh.or(bracket.eur_per_kwh), "m³: `up_to_m3`, `eur_per_m3`"),
            };
            if other.is_some() {
                fault(
                    "a bracket has keys of another carrier".to_owned(),
                    &format!("brackets of this levy are in {own}"),
                );
            }
        }
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let base = sheet.version().base.unwrap_or_else(|| self.default_base());
        let (quantity, registers) = sheet.quantity(base)?;
        let is_home = matches!(sheet.point.kind, PointKind::Home(_));
        let parts = self.parts(quantity, |limit| sheet.pro_rata(limit), is_home)?;
        for part in parts {
            let formula = sheet.say(|| {
                format!("{} {} {} × {}", shown(part.quantity, 0, 9), self.unit(), sheet.base_words(base), part.rate)
            });
            sheet.post(Entry {
                what: sheet.rule().title.clone().into(),
                base: part.quantity,
                unit: self.unit(),
                rate: Rate::excluding(part.rate),
                amount_eur: part.quantity * part.rate,
                vat_fraction: None,
                is_credit: false,
                formula,
                registers: registers.clone(),
            });
        }
        Ok(())
    }

    fn inputs(&self) -> Vec<Input> {
        let own = match (self.refund_up_to_kwh, self.carrier) {
            (Some(_), _) => vec![
                required("share_kwh", "the member's share of what the plant made in the year"),
                optional("own_use_kwh", "what the member drew in the year; a share above it gives nothing"),
            ],
            (None, Carrier::Electricity) => vec![required("kwh", "what is taxed, kWh")],
            (None, Carrier::Gas) => vec![required("m3", "what is taxed, m³")],
        };
        let more = [
            optional("year_part", "the part of a year that it is of; default 1"),
            optional("household", "yes for a home, where its rate differs; default no"),
        ];
        own.into_iter().chain(more).collect()
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let year_part = given.number_or("year_part", Decimal::ONE)?;
        let mut lines = Vec::new();
        let quantity = match (self.refund_up_to_kwh, self.carrier) {
            (Some(Exact(most)), _) => {
                let share = given.number("share_kwh")?;
                let most = most * year_part;
                let own = given.optional("own_use_kwh")?.unwrap_or(most);
                let counts = share.min(most).min(own);
                lines.push(Working::new(
                    "the share that counts",
                    format!("min({share}, {most}, {own})"),
                    counts,
                    "kWh",
                ));
                counts
            }
            (None, Carrier::Electricity) => given.number("kwh")?,
            (None, Carrier::Gas) => given.number("m3")?,
        };
        let is_home = given.truth("household")?;
        let mut sum = Decimal::ZERO;
        for part in self.parts(quantity, |limit| limit * year_part, is_home)? {
            let amount = part.quantity * part.rate;
            lines.push(Working::new(
                "in a bracket",
                format!("{} {} × {}", part.quantity, self.unit(), part.rate),
                amount,
                "EUR",
            ));
            sum += amount;
        }
        let sign = if self.refund_up_to_kwh.is_some() { -Decimal::ONE } else { Decimal::ONE };
        lines.push(Working::new("excluding VAT", "the sum", sum * sign, "EUR"));
        let gross = Decimal::ONE + given.vat_fraction;
        lines.push(Working::new("including VAT", format!("{sum} × {gross}"), sum * gross * sign, "EUR"));
        Ok(lines)
    }
}

//! Feed-in fee: what a supplier charges for feed-in, by the kWh, by steps of a year's feed-in, or by the month.
//!
//! It is on gross feed-in, although netting is on the net. Where a price floor limits fees, each month's fee (with VAT) is
//! at most what feed-in earned in that month: then the line is the sum of the months.
//!
//! # Worked cases
//! T-NL-01: 500 kWh × 0.115 EUR with VAT = 57.50 EUR. Steps: 3,300 kWh a year fall in step 13: 330 EUR.
//!
//! # Source
//! Price lists of suppliers; Tweakers 221942.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kind, Stage};
use crate::engine::meters::Flow;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::readings::{Need, Needs, Weight};
use crate::rules::rule::Rate;
use crate::rules::settle::{Entry, Sheet, Unknown, pro_rata};
use crate::rules::terms::Base;
use crate::scenario::diagnostics::Fault;
use crate::scenario::tree::Node;

/// What a supplier charges for feed-in.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct FeedInFee {
    /// EUR for each kWh fed in, without VAT.
    pub eur_per_kwh: Option<Exact>,
    /// The same with VAT.
    pub eur_per_kwh_incl_vat: Option<Exact>,
    /// EUR a month, without VAT.
    pub eur_per_month: Option<Exact>,
    /// The same with VAT.
    pub eur_per_month_incl_vat: Option<Exact>,
    /// Steps of a year's feed-in, the lowest first; the last has no upper limit.
    #[serde(default)]
    pub tiers: Vec<Tier>,
}

/// A step of a year's feed-in.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Tier {
    /// Upper limit, kWh a year, inclusive. Default: none.
    pub up_to_kwh: Option<Exact>,
    /// The fee of a year, EUR without VAT.
    pub eur_per_year: Option<Exact>,
    /// The same with VAT. Both left out: not known, and refused where a sum needs it.
    pub eur_per_year_incl_vat: Option<Exact>,
}

impl FeedInFee {
    /// The fee of a year, by the step that a year's feed-in falls in.
    fn tier(&self, yearly_kwh: Decimal) -> Result<Rate, Unknown> {
        let holds = |tier: &&Tier| tier.up_to_kwh.is_none_or(|Exact(limit)| yearly_kwh <= limit);
        let tier = self.tiers.iter().find(holds);
        tier.and_then(|tier| Rate::of(tier.eur_per_year, tier.eur_per_year_incl_vat)).ok_or_else(|| {
            Unknown::new(format!(
                "the fee for {} kWh fed in a year is not known: set `tiers` with that step",
                shown(yearly_kwh, 0, 0)
            ))
        })
    }

    fn per_kwh(&self) -> Option<Rate> {
        Rate::of(self.eur_per_kwh, self.eur_per_kwh_incl_vat)
    }

    fn per_month(&self) -> Option<Rate> {
        Rate::of(self.eur_per_month, self.eur_per_month_incl_vat)
    }
}

/// What a fee is on, and what it is in each period.
struct Charge {
    base: Decimal,
    unit: &'static str,
    rate: Rate,
    by_period: Vec<Decimal>,
    formula: String,
}

impl Kind for FeedInFee {
    fn stage(&self) -> Option<Stage> {
        Some(Stage::Fee)
    }

    fn ask(&self, needs: &mut Needs) {
        needs.add_residual(Flow::Export, &Weight::One);
    }

    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        let forms = [self.per_kwh().is_some(), self.per_month().is_some(), !self.tiers.is_empty()];
        if forms.into_iter().filter(|form| *form).count() != 1 {
            faults.push(
                Fault::error(
                    "kwartier::rules::fee",
                    "a fee for feed-in has one shape, by the kWh, by the month or by steps",
                )
                .at(&at.origin.first_line(), "not one shape")
                .help("write one of eur_per_kwh, eur_per_month (or the same with _incl_vat) and tiers"),
            );
        }
        let limits: Vec<Option<Decimal>> = self.tiers.iter().map(|tier| tier.up_to_kwh.map(|limit| limit.0)).collect();
        let rises = limits
            .windows(2)
            .all(|pair| matches!(pair, [Some(a), Some(b)] if a < b) || matches!(pair, [Some(_), None]));
        if !self.tiers.is_empty() && (!rises || limits.last().is_some_and(Option::is_some)) {
            let place = at.get("tiers").map_or(&at.origin, |node| &node.origin);
            faults.push(
                Fault::error("kwartier::rules::brackets", "the steps of a fee do not rise to one without limit")
                    .at(&place.first_line(), "these steps")
                    .help("order steps by `up_to_kwh`, the lowest first; the last has none"),
            );
        }
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let base = sheet.version().base.unwrap_or(Base::ResidualExport);
        let flow_of = |sheet: &Sheet<'_>, at: usize| match base {
            Base::Export => sheet.sum_over(at..at + 1, Flow::Export, &Weight::One),
            _ => sheet.residual_over(at..at + 1, Flow::Export, &Weight::One),
        };
        let kwh: Vec<Decimal> = sheet.periods.clone().map(|at| flow_of(sheet, at)).collect::<Result<_, _>>()?;
        let total: Decimal = kwh.iter().sum();
        if total.is_zero() {
            return Ok(());
        }
        let charge = if let Some(rate) = self.per_kwh() {
            let formula = sheet.say(|| format!("{} kWh × {}", shown(total, 0, 9), rate.eur));
            Charge {
                base: total,
                unit: "kWh",
                rate,
                by_period: kwh.iter().map(|kwh| kwh * rate.eur).collect(),
                formula,
            }
        } else if let Some(rate) = self.per_month() {
            let months = |at: usize| {
                let (from, until) = sheet.period(at);
                pro_rata(Decimal::from(12), from, until)
            };
            let by_period: Vec<Decimal> = if sheet.is_of_yearly_readings() {
                vec![sheet.months() * rate.eur]
            } else {
                sheet.periods.clone().map(|at| months(at) * rate.eur).collect()
            };
            // Whole months count as such, whatever their days.
            let exact = sheet.months() * rate.eur;
            let sum: Decimal = by_period.iter().sum();
            let by_period =
                by_period.into_iter().map(|part| if sum.is_zero() { part } else { part * exact / sum }).collect();
            let formula = sheet.say(|| format!("{} months × {}", shown(sheet.months(), 0, 9), rate.eur));
            Charge { base: sheet.months(), unit: "months", rate, by_period, formula }
        } else {
            let part = sheet.pro_rata(Decimal::ONE);
            let rate = self.tier(total / part)?;
            let year = sheet.pro_rata(rate.eur);
            let formula = sheet
                .say(|| format!("{} kWh fall in the step of {}{}", shown(total, 0, 9), rate.eur, sheet.days_words()));
            Charge {
                base: total,
                unit: "kWh",
                rate: Rate { eur: year / total, ..rate },
                by_period: kwh.iter().map(|own| year * own / total).collect(),
                formula,
            }
        };
        self.post(sheet, charge, base);
        Ok(())
    }

    fn inputs(&self) -> Vec<Input> {
        vec![required("export_kwh", "fed in within the year"), optional("months", "months; default 12")]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let (export, months) = (given.number("export_kwh")?, given.number_or("months", Decimal::from(12))?);
        let vat = given.vat_fraction;
        let (formula, rate, quantity) = if let Some(rate) = self.per_kwh() {
            (format!("{export} kWh × {}", rate.eur), rate, export)
        } else if let Some(rate) = self.per_month() {
            (format!("{months} months × {}", rate.eur), rate, months)
        } else {
            let rate = self.tier(export * Decimal::from(12) / months.max(Decimal::ONE))?;
            (format!("{export} kWh fall in the step of {}", rate.eur), rate, months / Decimal::from(12))
        };
        Ok(vec![
            Working::new("excluding VAT", formula.clone(), rate.excluding_vat(vat) * quantity, "EUR"),
            Working::new("including VAT", formula, rate.including_vat(vat) * quantity, "EUR"),
        ])
    }
}

impl FeedInFee {
    /// Adds the line, each month's part at most what feed-in earned in it where a rule says so.
    fn post(&self, sheet: &mut Sheet<'_>, charge: Charge, base: Base) {
        let vat = sheet.version().vat_fraction.unwrap_or_default();
        let gross = if charge.rate.includes_vat { Decimal::ONE } else { Decimal::ONE + vat };
        let whole: Decimal = charge.by_period.iter().sum();
        // Not the sum of parts where nothing was taken off: quotients would show in the last digit.
        let mut amount =
            if charge.unit == "kWh" && self.per_kwh().is_some() { charge.base * charge.rate.eur } else { whole };
        let mut formula = charge.formula;
        if sheet.floor.is_some_and(|floor| floor.limits_fees) {
            let limited: Decimal = charge
                .by_period
                .iter()
                .zip(&sheet.feed_in_eur)
                .map(|(fee, earned)| (fee * gross).min((*earned).max(Decimal::ZERO)) / gross)
                .sum();
            if limited < whole {
                amount = limited;
                formula = sheet.say(|| format!("{formula}, lowered month by month to what feed-in earned"));
            }
        }
        let mut registers = vec![(Need::Sum(Flow::Export, Weight::One), 1)];
        if base != Base::Export {
            registers.push((Need::Sum(Flow::SharedOut, Weight::One), -1));
        }
        let rate = if amount == whole || charge.base.is_zero() {
            charge.rate
        } else {
            Rate { eur: amount / charge.base, ..charge.rate }
        };
        sheet.post(Entry {
            what: sheet.rule().title.clone().into(),
            base: charge.base,
            unit: charge.unit,
            rate,
            amount_eur: amount,
            vat_fraction: None,
            is_credit: false,
            formula,
            registers,
        });
    }
}

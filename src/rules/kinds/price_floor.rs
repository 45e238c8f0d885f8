//! Price floor: the least that a kWh fed in earns, and the most that fees may take of it; or the most that a kWh costs.
//!
//! - *floor*: p′ = max(p, share × bare supply price), for each slot or, under a dynamic contract, each step.
//! - *`limits_fees`*: in each month the fee for feed-in, as it is paid (with VAT), is at most what feed-in earned in that
//!   month, and never below nothing; with yearly readings the year is one month. A scenario's `fee_may_exceed` lifts it.
//! - *cap*: given back is max(0, price − cap) × min(kWh, limit), price and cap with VAT and taxes (the price cap of 2023).
//!
//! # Worked case
//! T-NL-04: 2,000 kWh fed in under a bare price of 0.12: 2,000 × 0.5 × 0.12 = 120.00 EUR; a fee of 100.00 passes.
//!
//! # Source
//! Kamerstukken II 36611; ACM on fees for feed-in, 2025.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kind, Stage};
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::rule::Rate;
use crate::rules::settle::{Entry, Floor, Sheet, Unknown};
use crate::rules::terms::{Base, Carrier, Party};
use crate::scenario::diagnostics::Fault;
use crate::scenario::tree::Node;

/// The least a kWh earns, or the most it costs.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PriceFloor {
    /// What a kWh fed in earns at least, as a part of the bare supply price.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share_of_import_price: Option<Exact>,
    /// Whether fees for feed-in may not be above what it earns, month by month.
    #[serde(default)]
    pub limits_fees: bool,
    /// The most that a unit costs, with taxes and VAT, EUR per kWh (of gas: per m³).
    pub cap_eur_incl_vat: Option<Exact>,
    /// Up to which quantity a year the cap holds, kWh (of gas: m³).
    pub cap_up_to: Option<Exact>,
    /// What the cap is on.
    #[serde(default)]
    pub carrier: Carrier,
}

/// A floor of feed-in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeedInFloor {
    /// The part of the bare supply price, if there is one.
    pub share: Option<Decimal>,
}

impl PriceFloor {
    fn is_cap(&self) -> bool {
        self.cap_eur_incl_vat.is_some()
    }

    /// The floor of feed-in, unless it is a cap.
    pub(super) fn feed_in(&self) -> Option<FeedInFloor> {
        (!self.is_cap()).then(|| FeedInFloor { share: self.share_of_import_price.map(|Exact(share)| share) })
    }
}

impl Kind for PriceFloor {
    fn stage(&self) -> Option<Stage> {
        Some(if self.is_cap() { Stage::Cap } else { Stage::Floor })
    }

    fn feed_in_floor(&self) -> Option<FeedInFloor> {
        self.feed_in()
    }

    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        if self.share_of_import_price.is_none() && !self.limits_fees && !self.is_cap() {
            faults.push(
                Fault::error("kwartier::rules::floor", "a price floor without a floor")
                    .at(&at.origin.first_line(), "says nothing")
                    .help("add share_of_import_price = 0.5, limits_fees = true, or cap_eur_incl_vat = 0.40 with cap_up_to = 2900"),
            );
        }
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let Some(cap) = self.cap_eur_incl_vat else {
            sheet.floor = Some(Floor {
                share: self.share_of_import_price.map(|Exact(share)| share),
                limits_fees: self.limits_fees && !sheet.book.choices.fee_may_exceed,
                rule: sheet.in_force(),
            });
            return Ok(());
        };
        let base = if self.carrier == Carrier::Gas { Base::Gas } else { Base::Delivered };
        let (quantity, registers) = sheet.quantity(base)?;
        if quantity.is_zero() {
            return Ok(());
        }
        // What a unit costs with taxes and VAT: the lines by unit so far that the point pays.
        let unit = if self.carrier == Carrier::Gas { "m³" } else { "kWh" };
        let is_of_it = |line: &&crate::rules::bill::Line| line.unit == unit && line.including_eur > Decimal::ZERO;
        let cost: Decimal = sheet.lines.iter().filter(is_of_it).map(|line| line.including_eur).sum();
        let price = cost / quantity;
        let counts = self.cap_up_to.map_or(quantity, |Exact(limit)| quantity.min(sheet.pro_rata(limit)));
        let back = (price - cap.0).max(Decimal::ZERO);
        let formula = sheet.say(|| format!("{} {unit} × ({} − {})", shown(counts, 0, 9), shown(price, 0, 6), cap.0));
        sheet.post(Entry {
            what: sheet.rule().title.clone().into(),
            base: counts,
            unit,
            rate: Rate { eur: back, includes_vat: true },
            amount_eur: back * counts,
            vat_fraction: sheet.lines.first().map(|line| line.vat_fraction),
            is_credit: sheet.rule().payer != Party::Member,
            formula,
            registers,
        });
        Ok(())
    }

    fn inputs(&self) -> Vec<Input> {
        if self.is_cap() {
            return vec![
                required("quantity", "the year's use, kWh or m³"),
                required("price_eur_incl_vat", "what a unit costs with taxes and VAT"),
            ];
        }
        vec![
            required("export_kwh", "fed in within the month"),
            required("import_price_eur_per_kwh", "bare supply price, without VAT"),
            optional("export_price_eur_per_kwh", "what the contract pays; default 0"),
            optional("fee_eur_incl_vat", "the fee for feed-in in the month, with VAT; default 0"),
        ]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        if let Some(Exact(cap)) = self.cap_eur_incl_vat {
            let (quantity, price) = (given.number("quantity")?, given.number("price_eur_incl_vat")?);
            let counts = self.cap_up_to.map_or(quantity, |Exact(limit)| quantity.min(limit));
            let back = (price - cap).max(Decimal::ZERO) * counts;
            return Ok(vec![Working::new("given back", format!("max(0, {price} − {cap}) × {counts}"), -back, "EUR")]);
        }
        let export = given.number("export_kwh")?;
        let (import_price, own) =
            (given.number("import_price_eur_per_kwh")?, given.number_or("export_price_eur_per_kwh", Decimal::ZERO)?);
        let share = self.share_of_import_price.map_or(Decimal::ZERO, |Exact(share)| share);
        let price = own.max(share * import_price);
        let earned = export * price;
        let fee = given.number_or("fee_eur_incl_vat", Decimal::ZERO)?;
        let charged = if self.limits_fees { fee.min(earned.max(Decimal::ZERO)) } else { fee };
        Ok(vec![
            Working::new("earned", format!("{export} kWh × max({own}, {share} × {import_price})"), -earned, "EUR"),
            Working::new("fee that may be charged", format!("min({fee}, {earned})"), charged, "EUR"),
            Working::new("together", "the sum", charged - earned, "EUR"),
        ])
    }
}

//! Allocation: who gets the local kWh, and what a shared kWh costs among members.
//!
//! In each settlement interval a giver shares a part of what it feeds in, and a receiver takes at most what it draws:
//! shared = min(Σ part × injection, need), nothing is carried to another interval. The engine allocates by the scenario's
//! key; this rule prices it: a receiver pays the agreed price, a giver earns it, the cooperative stands between.
//!
//! Shared kWh are taken off what suppliers deliver and take. Where sharing is virtual (Italy) they are not: every bill is of
//! all that the meter counts, and what is shared earns a premium (`shared-premium`).
//!
//! # Worked case
//! T-NL-17: a giver injects 1.20 kWh and shares half; a receiver that draws 0.45 takes 0.45 and the giver's residual export
//! is 0.75; one that draws 0.80 takes 0.60 and still draws 0.20 from its supplier.
//!
//! # Source
//! Energiewet (NL) articles on sharing; TNO on energiedelen, 2025.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kind, Stage};
use crate::engine::meters::Flow;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::readings::{Need, Needs, Weight, flow_name};
use crate::rules::rule::{Change, Rate, Rule, Version};
use crate::rules::rulebook::Rulebook;
use crate::rules::settle::{Entry, Sheet, Unknown};
use crate::rules::terms::{Party, Settled, Status, Who};
use crate::scenario::plan::{self, PriceTerms};

/// Who gets the local kWh.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Allocation {
    /// Length of the settlement interval, minutes.
    #[schemars(range(min = 5, max = 60))]
    pub interval_minutes: Option<u32>,
    /// Whether givers and receivers must have the same supplier.
    #[serde(default)]
    pub same_supplier: bool,
    /// Whether sharing is virtual: everyone keeps the supplier and the whole bill, shared kWh are only counted.
    #[serde(default)]
    pub is_virtual: bool,
    /// What a shared kWh costs among members, EUR without VAT.
    pub eur_per_kwh: Option<Exact>,
    /// The same with VAT.
    pub eur_per_kwh_incl_vat: Option<Exact>,
    /// A price that differs from interval to interval, without VAT: only a scenario's own.
    #[serde(skip)]
    #[schemars(skip)]
    pub by_interval: Option<Weight>,
}

/// The id of the price that a scenario agreed on.
pub const SHARED_PRICE: &str = "sharing.price";

impl Allocation {
    /// The rule that the scenario's own price of a shared kWh is.
    pub(in crate::rules) fn of_scenario(price: &plan::SharedPrice, book: &Rulebook) -> Rule {
        let mut allocation = Allocation::default();
        let written = match price.terms {
            PriceTerms::Fixed { eur_per_kwh, includes_vat } => {
                let rate = Some(Exact(eur_per_kwh));
                *if includes_vat { &mut allocation.eur_per_kwh_incl_vat } else { &mut allocation.eur_per_kwh } = rate;
                eur_per_kwh.to_string()
            }
            PriceTerms::SupplyDemandRatio { import_eur_per_kwh, export_eur_per_kwh } => {
                allocation.by_interval = Some(Weight::SupplyDemandRatio { import_eur_per_kwh, export_eur_per_kwh });
                format!("by supply over demand, {import_eur_per_kwh} to {export_eur_per_kwh}")
            }
        };
        let version = Version {
            from: None,
            to: None,
            status: Status::InForce,
            source: "the scenario".to_owned(),
            vat_fraction: price.vat_fraction.or_else(|| book.vat.last().map(|vat| vat.fraction)),
            base: None,
            instrument: Box::new(allocation),
            written: serde_json::json!({ "price": written }),
        };
        Rule {
            id: SHARED_PRICE.to_owned(),
            kind: "allocation",
            title: "shared energy".to_owned(),
            about: "the price that members agreed on for a shared kWh".to_owned(),
            mode: None,
            status: Status::InForce,
            valid_from: None,
            valid_to: None,
            source: "the scenario".to_owned(),
            payer: Party::Member,
            payee: Party::Cooperative,
            who: vec![Who::Home, Who::Business],
            max_connection: None,
            members_only: true,
            operator: None,
            on_request: false,
            geography: None,
            kw_per_member: None,
            one_member_per_address: false,
            settled: Settled::Step,
            excludes: Vec::new(),
            versions: vec![version],
            change: Change::Added,
            origin: price.origin.clone(),
        }
    }
}

impl Kind for Allocation {
    fn stage(&self) -> Option<Stage> {
        let has_price = self.eur_per_kwh.is_some() || self.eur_per_kwh_incl_vat.is_some() || self.by_interval.is_some();
        has_price.then_some(Stage::Energy)
    }

    fn ask(&self, needs: &mut Needs) {
        if self.stage().is_some() {
            needs.add(Need::Sum(Flow::SharedIn, Weight::One));
            needs.add(Need::Sum(Flow::SharedOut, Weight::One));
        }
        if let Some(weight) = &self.by_interval {
            needs.add(Need::Sum(Flow::SharedIn, weight.clone()));
            needs.add(Need::Sum(Flow::SharedOut, weight.clone()));
        }
    }

    fn is_virtual_sharing(&self) -> bool {
        self.is_virtual
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let vat = sheet.version().vat_fraction.unwrap_or_default();
        for (flow, what, is_credit) in
            [(Flow::SharedIn, "shared energy received", false), (Flow::SharedOut, "shared energy given", true)]
        {
            let kwh = sheet.sum(flow, &Weight::One)?;
            let (rate, amount_eur, formula, registers) = if let Some(weight) = &self.by_interval {
                let eur = sheet.sum(flow, weight)?;
                let mean = if kwh.is_zero() { Decimal::ZERO } else { eur / kwh };
                let formula = sheet.say(|| format!("Σ {}{}", flow_name(flow), weight.about()));
                (Rate::excluding(mean), eur, formula, vec![(Need::Sum(flow, weight.clone()), 1)])
            } else {
                let Some(rate) = Rate::of(self.eur_per_kwh, self.eur_per_kwh_incl_vat) else { return Ok(()) };
                // A household that gives is no entrepreneur: it earns the price without VAT.
                let rate = if is_credit { Rate::excluding(rate.excluding_vat(vat)) } else { rate };
                let formula = sheet.say(|| format!("{} kWh × {}", shown(kwh, 0, 9), shown(rate.eur, 0, 9)));
                (rate, kwh * rate.eur, formula, vec![(Need::Sum(flow, Weight::One), 1)])
            };
            sheet.post(Entry {
                what: what.into(),
                base: kwh,
                unit: "kWh",
                rate,
                amount_eur,
                vat_fraction: is_credit.then_some(Decimal::ZERO),
                is_credit,
                formula,
                registers,
            });
        }
        Ok(())
    }

    fn inputs(&self) -> Vec<Input> {
        vec![
            required("injection_kwh", "what the giver feeds in within the interval"),
            required("part", "the part of it that it shares, 0 to 1"),
            required("need_kwh", "what the receiver draws within the interval"),
            optional("price_eur_per_kwh", "what a shared kWh costs, without VAT"),
        ]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let (injection, part, need) =
            (given.number("injection_kwh")?, given.number("part")?, given.number("need_kwh")?);
        if part > Decimal::ONE {
            return Err(given.wrong("part", "a part from 0 to 1"));
        }
        let offered = injection * part;
        let shared = offered.min(need);
        let mut lines = vec![
            Working::new("shared", format!("min({injection} × {part}, {need})"), shared, "kWh"),
            Working::new("giver's residual export", format!("{injection} − {shared}"), injection - shared, "kWh"),
            Working::new("receiver's residual import", format!("{need} − {shared}"), need - shared, "kWh"),
        ];
        let agreed = given.optional("price_eur_per_kwh")?.or(self.eur_per_kwh.map(|Exact(eur)| eur));
        if let Some(price) = agreed {
            lines.push(Working::new(
                "receiver pays, excluding VAT",
                format!("{shared} kWh × {price}"),
                shared * price,
                "EUR",
            ));
        }
        Ok(lines)
    }
}

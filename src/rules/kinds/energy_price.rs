//! Energy price: a supply contract, for what is drawn and what is fed in; prices may be negative.
//!
//! - *fixed*: one price. *two-rate*: a normal and a low price, by the hours of `low_hours`. Netting is by register.
//! - *dynamic*: each kWh at the day-ahead price of its own step: (spot + markup) drawn, (spot − export markup) fed in. Where
//!   feed-in is set off, the part min(1, import/export) of Σ export × (spot + markup) is, VAT included; the rest is paid.
//!
//! A kWh fed in earns the contract's price, or the floor of a rule where that is higher (see `price-floor`). The credit
//! has no VAT: a household falls under the small-business scheme; netted kWh lower the base of VAT.
//!
//! # Worked cases
//! T-NL-02: 800 kWh net at 0.12 EUR: 96.00 EUR, 116.16 with VAT. T-NL-04: 2,000 kWh fed in at half of 0.12: −120.00 EUR.
//!
//! # Source
//! Suppliers' price lists; the shape of dynamic contracts as grid and suppliers publish it.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::netting::above_limit;
use super::price_floor::FeedInFloor;
use super::{Kind, Stage};
use crate::engine::meters::Flow;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::readings::{Need, Needs, Slot, SlotDays, Weight};
use crate::rules::rule::Rate;
use crate::rules::rulebook::InForce;
use crate::rules::settle::{Entry, FeedInLimit, Sheet, SlotSums, Unknown};
use crate::scenario::diagnostics::Fault;
use crate::scenario::tree::Node;

/// A supply contract.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct EnergyPrice {
    /// How a kWh is priced (in a contract: its `kind`).
    #[schemars(required)]
    pub tariff: Option<Tariff>,
    /// Bare supply price of a kWh drawn (of two rates: the normal one), EUR without VAT and taxes.
    pub import_eur_per_kwh: Option<Exact>,
    /// The same with VAT.
    pub import_eur_per_kwh_incl_vat: Option<Exact>,
    /// Bare supply price in the low hours, EUR/kWh without VAT.
    pub import_low_eur_per_kwh: Option<Exact>,
    /// The same with VAT.
    pub import_low_eur_per_kwh_incl_vat: Option<Exact>,
    /// What a kWh fed in earns (of two rates: in the normal hours), EUR, as it is paid.
    pub export_eur_per_kwh: Option<Exact>,
    /// What a kWh fed in earns in the low hours, EUR. Default: as in the normal hours.
    pub export_low_eur_per_kwh: Option<Exact>,
    /// What is added to the day-ahead price of a kWh drawn, EUR without VAT.
    pub markup_eur_per_kwh: Option<Exact>,
    /// The same with VAT.
    pub markup_eur_per_kwh_incl_vat: Option<Exact>,
    /// What is taken off the day-ahead price of a kWh fed in, EUR. Default: 0.
    pub export_markup_eur_per_kwh: Option<Exact>,
    /// Standing charge, EUR a month without VAT. Default: 0.
    pub standing_eur_per_month: Option<Exact>,
    /// The same with VAT.
    pub standing_eur_per_month_incl_vat: Option<Exact>,
    /// Bare price of gas, EUR/m³ without VAT and taxes.
    pub gas_eur_per_m3: Option<Exact>,
    /// The same with VAT.
    pub gas_eur_per_m3_incl_vat: Option<Exact>,
    /// Standing charge for gas, EUR a month without VAT. Default: 0.
    pub gas_standing_eur_per_month: Option<Exact>,
    /// Hours of the low tariff, by the clock.
    #[serde(default = "low_hours")]
    pub low_hours: String,
    /// Whether weekends and holidays are low from midnight to midnight.
    #[serde(default = "low_on_free_days")]
    pub low_on_free_days: bool,
    /// The rule by which the supplier charges for feed-in, by id. Default: it does not.
    pub feed_in_fee: Option<String>,
}

fn low_hours() -> String {
    "23:00-07:00".to_owned()
}

fn low_on_free_days() -> bool {
    true
}

/// How a kWh is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Tariff {
    /// One price
    Fixed,
    /// A normal and a low price
    TwoRate,
    /// The day-ahead price of each step
    Dynamic,
}

/// A credit has no VAT.
const NO_VAT: Option<Decimal> = Some(Decimal::ZERO);

/// A sum of a slot over all windows.
fn total(sheet: &Sheet<'_>, slot: usize, of: fn(&SlotSums) -> Decimal) -> Decimal {
    sheet.windows.iter().map(|window| of(&window.slots[slot])).sum()
}

impl EnergyPrice {
    /// The hours of the low tariff, if it has one.
    pub fn low_slot(&self) -> Option<Slot> {
        if self.tariff != Some(Tariff::TwoRate) {
            return None;
        }
        let (from_minute, to_minute) = Slot::minutes(&self.low_hours)?;
        Some(Slot {
            from_minute,
            to_minute,
            days: SlotDays::All,
            all_free_days: self.low_on_free_days,
            months: (1, 12),
        })
    }

    /// Whether it is priced by the step.
    pub fn is_dynamic(&self) -> bool {
        self.tariff == Some(Tariff::Dynamic)
    }

    /// The price of a kWh drawn, in the slot with this number (1 is the low one).
    fn import(&self, slot: usize) -> Result<Rate, Unknown> {
        let (rate, key) = if slot == 1 {
            (Rate::of(self.import_low_eur_per_kwh, self.import_low_eur_per_kwh_incl_vat), "import_low_eur_per_kwh")
        } else {
            (Rate::of(self.import_eur_per_kwh, self.import_eur_per_kwh_incl_vat), "import_eur_per_kwh")
        };
        rate.ok_or_else(|| Unknown::new(format!("the price of a kWh is not known: set `{key}`")))
    }

    /// What a kWh fed in earns, in the slot with this number.
    fn export(&self, slot: usize) -> Option<Decimal> {
        let low = self.export_low_eur_per_kwh.filter(|_| slot == 1);
        low.or(self.export_eur_per_kwh).map(|Exact(eur)| eur)
    }

    fn markup(&self) -> Result<Rate, Unknown> {
        Rate::of(self.markup_eur_per_kwh, self.markup_eur_per_kwh_incl_vat)
            .ok_or_else(|| Unknown::new("what is added to the day-ahead price is not known: set `markup_eur_per_kwh`"))
    }

    fn markdown(&self) -> Decimal {
        self.export_markup_eur_per_kwh.map_or(Decimal::ZERO, |Exact(eur)| eur)
    }

    /// The weight of feed-in under a floor, for a dynamic contract.
    fn floored(&self, share: Decimal, vat_fraction: Decimal) -> Result<Weight, Unknown> {
        let markup = self.markup()?.excluding_vat(vat_fraction);
        Ok(Weight::Floored { share, markup, markdown: self.markdown() })
    }

    /// Asks for the registers it needs, with the floor that holds at the same time.
    pub fn ask_with(&self, floor: Option<FeedInFloor>, vat_fraction: Decimal, needs: &mut Needs) {
        needs.add_residual(Flow::Import, &Weight::One);
        needs.add_residual(Flow::Export, &Weight::One);
        if let Some(slot) = self.low_slot() {
            needs.add_residual(Flow::Import, &Weight::Slot(slot));
            needs.add_residual(Flow::Export, &Weight::Slot(slot));
        }
        if self.is_dynamic() {
            needs.add_residual(Flow::Import, &Weight::Spot);
            needs.add_residual(Flow::Export, &Weight::Spot);
            if let Some(share) = floor.and_then(|floor| floor.share)
                && let Ok(weight) = self.floored(share, vat_fraction)
            {
                needs.add_residual(Flow::Export, &weight);
            }
        }
    }

    fn settle_by_slot(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let count = sheet.windows.first().map_or(0, |window| window.slots.len());
        for slot in 0..count {
            let name = match (count, slot) {
                (1, _) => "electricity delivered",
                (_, 0) => "electricity delivered, normal hours",
                _ => "electricity delivered, low hours",
            };
            let net = total(sheet, slot, |sums| sums.net_import_kwh);
            if net.is_zero() {
                continue;
            }
            let rate = self.import(slot)?;
            let (import, export) =
                (total(sheet, slot, |sums| sums.import_kwh), total(sheet, slot, |sums| sums.export_kwh));
            let formula = sheet.say(|| {
                let net = if net == import {
                    format!("{} kWh", shown(net, 0, 9))
                } else {
                    format!("({} − {} netted) kWh", shown(import, 0, 9), shown(import - net, 0, 9))
                };
                format!("{net} × {}", rate.eur)
            });
            let mut registers = self.slot_registers(count, slot, Flow::Import, 1);
            if net != import && !export.is_zero() {
                registers.extend(self.slot_registers(count, slot, Flow::Export, -1));
            }
            sheet.post(Entry {
                what: name.into(),
                base: net,
                unit: "kWh",
                rate,
                amount_eur: net * rate.eur,
                vat_fraction: None,
                is_credit: false,
                formula,
                registers,
            });
        }
        self.settle_feed_in_by_slot(sheet, count)
    }

    fn settle_feed_in_by_slot(&self, sheet: &mut Sheet<'_>, count: usize) -> Result<(), Unknown> {
        for slot in 0..count {
            let left = total(sheet, slot, |sums| sums.net_export_kwh);
            if left.is_zero() {
                continue;
            }
            let name = match (count, slot) {
                (1, _) => "feed-in",
                (_, 0) => "feed-in, normal hours",
                _ => "feed-in, low hours",
            };
            let vat = sheet.version().vat_fraction.unwrap_or_default();
            let own = self.export(slot);
            let floor = match sheet.floor.and_then(|floor| Some((floor.rule, floor.share?))) {
                Some((rule, share)) => Some((rule, share * self.import(slot)?.excluding_vat(vat))),
                None => None,
            };
            let by_floor = floor.filter(|(_, least)| own.is_none_or(|own| *least > own));
            let (rule, price): (InForce, Decimal) = match (by_floor, own) {
                (Some((rule, least)), _) => (rule, least),
                (None, Some(own)) => (sheet.in_force(), own),
                (None, None) => {
                    return Err(Unknown::new("what a kWh fed in earns is not known: set `export_eur_per_kwh`"));
                }
            };
            let formula = sheet.say(|| match by_floor {
                Some(_) => {
                    let own = own.map_or("–".to_owned(), |own| own.to_string());
                    format!("{} kWh × max({own}, {price} by the floor)", shown(left, 0, 9))
                }
                None => format!("{} kWh × {price}", shown(left, 0, 9)),
            });
            // Each month's part, for what may be charged at most in it.
            for (window, periods) in sheet.windows.iter().map(|window| (window, window.periods.clone())) {
                let exported = window.slots[slot].export_kwh;
                if exported.is_zero() {
                    continue;
                }
                let part = window.slots[slot].net_export_kwh / exported;
                for at in periods {
                    let kwh = self.slot_kwh(sheet, slot, at, Flow::Export)?;
                    let first = sheet.periods.start;
                    sheet.feed_in_eur[at - first] += part * kwh * price;
                }
            }
            let registers = self.slot_registers(count, slot, Flow::Export, 1);
            sheet.post_for(
                rule,
                Entry {
                    what: name.into(),
                    base: left,
                    unit: "kWh",
                    rate: Rate::excluding(price),
                    amount_eur: left * price,
                    vat_fraction: NO_VAT,
                    is_credit: true,
                    formula,
                    registers,
                },
            );
        }
        Ok(())
    }

    /// A residual flow in a slot within a period, kWh.
    fn slot_kwh(&self, sheet: &Sheet<'_>, slot: usize, at: usize, flow: Flow) -> Result<Decimal, Unknown> {
        let of = |weight: &Weight| sheet.residual_over(at..at + 1, flow, weight);
        match self.low_slot().map(Weight::Slot) {
            None => of(&Weight::One),
            Some(low) if slot == 1 => of(&low),
            Some(low) => Ok(of(&Weight::One)? - of(&low)?),
        }
    }

    /// What the energy drawn in a period costs after netting, EUR without VAT.
    fn energy_eur(&self, sheet: &Sheet<'_>, at: usize) -> Result<Decimal, Unknown> {
        let vat = sheet.version().vat_fraction.unwrap_or_default();
        if self.is_dynamic() {
            let of = |weight: &Weight| sheet.residual_over(at..at + 1, Flow::Import, weight);
            return Ok(of(&Weight::Spot)? + self.markup()?.excluding_vat(vat) * of(&Weight::One)?);
        }
        let mut cost = Decimal::ZERO;
        for window in sheet.windows.iter().filter(|window| window.periods.contains(&at)) {
            for (slot, sums) in window.slots.iter().enumerate().filter(|(_, sums)| !sums.net_import_kwh.is_zero()) {
                let kwh = self.slot_kwh(sheet, slot, at, Flow::Import)?;
                cost += sums.net_import_kwh / sums.import_kwh * kwh * self.import(slot)?.excluding_vat(vat);
            }
        }
        Ok(cost)
    }

    /// Takes back what feed-in earned above what the energy of the same window costs, where a rule limits it so.
    fn limit_feed_in(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let Some(FeedInLimit { windows, rule }) = sheet.feed_in_limit.clone() else { return Ok(()) };
        let first = sheet.periods.start;
        let mut above = Decimal::ZERO;
        for window in windows {
            let energy = window.clone().map(|at| self.energy_eur(sheet, at)).sum::<Result<Decimal, _>>()?;
            let earned: Decimal = sheet.feed_in_eur[window.start - first..window.end - first].iter().sum();
            above += above_limit(energy, earned);
        }
        if above.is_zero() {
            return Ok(());
        }
        let formula = sheet.say(|| "Σ of windows max(0, feed-in − energy drawn, both without VAT)".to_owned());
        let registers = [self.slot_registers(1, 0, Flow::Export, 1), self.slot_registers(1, 0, Flow::Import, -1)];
        sheet.post_for(
            rule,
            Entry {
                what: "feed-in above the energy drawn, not paid".into(),
                base: above,
                unit: "EUR",
                rate: Rate::excluding(Decimal::ONE),
                amount_eur: above,
                vat_fraction: NO_VAT,
                is_credit: false,
                formula,
                registers: registers.concat(),
            },
        );
        Ok(())
    }

    /// The registers behind a slot's residual flow.
    fn slot_registers(&self, count: usize, slot: usize, flow: Flow, sign: i8) -> Vec<(Need, i8)> {
        let shared = if flow == Flow::Import { Flow::SharedIn } else { Flow::SharedOut };
        let of = |weight: &Weight, sign: i8| {
            [(Need::Sum(flow, weight.clone()), sign), (Need::Sum(shared, weight.clone()), -sign)]
        };
        match (count, slot, self.low_slot()) {
            (2, 1, Some(low)) => of(&Weight::Slot(low), sign).into(),
            (2, 0, Some(low)) => of(&Weight::One, sign).into_iter().chain(of(&Weight::Slot(low), -sign)).collect(),
            _ => of(&Weight::One, sign).into(),
        }
    }

    fn settle_by_step(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let vat = sheet.version().vat_fraction.unwrap_or_default();
        let markup = self.markup()?.excluding_vat(vat);
        let markdown = self.markdown();
        let residual = |flow: Flow| {
            let shared = if flow == Flow::Import { Flow::SharedIn } else { Flow::SharedOut };
            vec![(Need::Sum(flow, Weight::Spot), 1), (Need::Sum(shared, Weight::Spot), -1)]
        };
        let (kwh, spot) = (
            sheet.residual_over(sheet.periods.clone(), Flow::Import, &Weight::One)?,
            sheet.residual_over(sheet.periods.clone(), Flow::Import, &Weight::Spot)?,
        );
        if !kwh.is_zero() {
            let amount = spot + markup * kwh;
            let formula = sheet.say(|| {
                format!(
                    "Σ kWh × day-ahead = {} EUR, + {} kWh × {} markup",
                    shown(spot, 2, 9),
                    shown(kwh, 0, 9),
                    shown(markup, 0, 9)
                )
            });
            sheet.post(Entry {
                what: "electricity delivered, at each step's price".into(),
                base: kwh,
                unit: "kWh",
                rate: Rate::excluding(amount / kwh),
                amount_eur: amount,
                vat_fraction: None,
                is_credit: false,
                formula,
                registers: residual(Flow::Import),
            });
        }
        let mut netted = (Decimal::ZERO, Decimal::ZERO);
        let mut paid = (Decimal::ZERO, Decimal::ZERO);
        let share = sheet.floor.and_then(|floor| floor.share);
        let first = sheet.periods.start;
        for at in 0..sheet.windows.len() {
            let part = sheet.windows[at].netted_part();
            for period in sheet.windows[at].periods.clone() {
                let own = period..period + 1;
                let kwh = sheet.residual_over(own.clone(), Flow::Export, &Weight::One)?;
                let spot = sheet.residual_over(own.clone(), Flow::Export, &Weight::Spot)?;
                netted.0 += part * kwh;
                netted.1 += part * (spot + markup * kwh);
                let earned = match share {
                    Some(share) => sheet.residual_over(own, Flow::Export, &self.floored(share, vat)?)?,
                    None => spot - markdown * kwh,
                };
                let left = Decimal::ONE - part;
                paid.0 += left * kwh;
                paid.1 += left * earned;
                sheet.feed_in_eur[period - first] += left * earned;
            }
        }
        if !netted.0.is_zero() {
            let formula = sheet.say(|| format!("the netted part of Σ export × (day-ahead + {})", shown(markup, 0, 9)));
            sheet.post(Entry {
                what: "feed-in set off, at each step's price".into(),
                base: netted.0,
                unit: "kWh",
                rate: Rate::excluding(netted.1 / netted.0),
                amount_eur: netted.1,
                vat_fraction: None,
                is_credit: true,
                formula,
                registers: residual(Flow::Export),
            });
        }
        if !paid.0.is_zero() {
            let rule = sheet.floor.filter(|floor| floor.share.is_some()).map_or(sheet.in_force(), |floor| floor.rule);
            let formula = sheet.say(|| match share {
                Some(share) => format!(
                    "Σ export × max(day-ahead − {markdown}, {share} × (day-ahead + {})) of what is left after netting",
                    shown(markup, 0, 9)
                ),
                None => format!("Σ export × (day-ahead − {markdown}) of what is left after netting"),
            });
            sheet.post_for(
                rule,
                Entry {
                    what: "feed-in, at each step's price".into(),
                    base: paid.0,
                    unit: "kWh",
                    rate: Rate::excluding(paid.1 / paid.0),
                    amount_eur: paid.1,
                    vat_fraction: NO_VAT,
                    is_credit: true,
                    formula,
                    registers: residual(Flow::Export),
                },
            );
        }
        Ok(())
    }

    fn settle_standing_and_gas(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let months = sheet.months();
        let standing = |sheet: &mut Sheet<'_>, what: &'static str, rate: Option<Rate>| {
            let Some(rate) = rate.filter(|rate| !rate.eur.is_zero()) else { return };
            let formula = sheet.say(|| format!("{} months × {}", shown(months, 0, 9), rate.eur));
            sheet.post(Entry {
                what: what.into(),
                base: months,
                unit: "months",
                rate,
                amount_eur: months * rate.eur,
                vat_fraction: None,
                is_credit: false,
                formula,
                registers: Vec::new(),
            });
        };
        if sheet.point.owner() == crate::rules::terms::Party::Member {
            let rate = Rate::of(self.standing_eur_per_month, self.standing_eur_per_month_incl_vat);
            standing(sheet, "standing charge, electricity", rate);
        }
        if sheet.point.has_gas {
            standing(sheet, "standing charge, gas", Rate::of(self.gas_standing_eur_per_month, None));
        }
        let gas = sheet.gas_m3();
        if gas.is_zero() {
            return Ok(());
        }
        let rate = Rate::of(self.gas_eur_per_m3, self.gas_eur_per_m3_incl_vat).ok_or_else(|| {
            Unknown::new("the price of gas is not known: set `gas_eur_per_m3` of the contract (0 if others supply it)")
        })?;
        let formula = sheet.say(|| format!("{} m³ × {}", shown(gas, 0, 9), rate.eur));
        sheet.post(Entry {
            what: "gas delivered".into(),
            base: gas,
            unit: "m³",
            rate,
            amount_eur: gas * rate.eur,
            vat_fraction: None,
            is_credit: false,
            formula,
            registers: Vec::new(),
        });
        Ok(())
    }
}

impl Kind for EnergyPrice {
    fn stage(&self) -> Option<Stage> {
        Some(Stage::Energy)
    }

    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        if Slot::minutes(&self.low_hours).is_none() {
            let place = at.get("low_hours").map_or(&at.origin, |node| &node.origin);
            faults.push(
                Fault::error("kwartier::rules::hours", format!("\"{}\" are no hours", self.low_hours))
                    .at(place, "not hours")
                    .help("write from and to by the clock: \"23:00-07:00\""),
            );
        }
        let of_other_tariff: &[&str] = match self.tariff {
            Some(Tariff::Fixed) => {
                &["import_low_eur_per_kwh", "export_low_eur_per_kwh", "markup_eur_per_kwh", "export_markup_eur_per_kwh"]
            }
            Some(Tariff::TwoRate) => &["markup_eur_per_kwh", "export_markup_eur_per_kwh"],
            Some(Tariff::Dynamic) => {
                &["import_eur_per_kwh", "import_low_eur_per_kwh", "export_eur_per_kwh", "export_low_eur_per_kwh"]
            }
            None => &[],
        };
        for key in of_other_tariff {
            if let Some(node) = at.get(key) {
                faults.push(
                    Fault::error("kwartier::rules::tariff", format!("`{key}` has no meaning for this kind of contract"))
                        .at(&node.key, "belongs to another kind")
                        .help("fixed: import_eur_per_kwh, export_eur_per_kwh; two-rate: also import_low_eur_per_kwh, export_low_eur_per_kwh; dynamic: markup_eur_per_kwh, export_markup_eur_per_kwh"),
                );
            }
        }
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        if self.is_dynamic() {
            self.settle_by_step(sheet)?;
        } else {
            self.settle_by_slot(sheet)?;
        }
        self.limit_feed_in(sheet)?;
        self.settle_standing_and_gas(sheet)
    }

    fn as_energy_price(&self) -> Option<&EnergyPrice> {
        Some(self)
    }

    fn inputs(&self) -> Vec<Input> {
        let mut inputs = vec![
            required("import_kwh", "drawn and billed; of two rates: in the normal hours"),
            optional("export_kwh", "fed in and paid; of two rates: in the normal hours; default 0"),
            optional("months", "months of standing charge; default 12"),
        ];
        if self.is_dynamic() {
            inputs.push(required("price_eur_per_kwh", "day-ahead price, the same for all"));
        }
        if self.tariff == Some(Tariff::TwoRate) {
            inputs.push(optional("import_low_kwh", "drawn in the low hours; default 0"));
            inputs.push(optional("export_low_kwh", "fed in in the low hours; default 0"));
        }
        inputs
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let vat = given.vat_fraction;
        let mut lines = Vec::new();
        let mut sum = Decimal::ZERO;
        let mut add = |what: &str, quantity: Decimal, unit: &str, rate: Decimal| {
            if !quantity.is_zero() {
                sum += quantity * rate;
                lines.push(Working::new(what, format!("{quantity} {unit} × {rate}"), quantity * rate, "EUR"));
            }
        };
        let (import, export) = (given.number("import_kwh")?, given.number_or("export_kwh", Decimal::ZERO)?);
        if self.is_dynamic() {
            let spot = given.number("price_eur_per_kwh")?;
            add(
                "delivered, with VAT",
                import,
                "kWh",
                (spot + self.markup()?.excluding_vat(vat)) * (Decimal::ONE + vat),
            );
            add("feed-in", export, "kWh", -(spot - self.markdown()));
        } else {
            let low =
                [given.number_or("import_low_kwh", Decimal::ZERO), given.number_or("export_low_kwh", Decimal::ZERO)];
            let [low_import, low_export] =
                if self.tariff == Some(Tariff::TwoRate) { low } else { [Ok(Decimal::ZERO), Ok(Decimal::ZERO)] };
            for (slot, import, export) in [(0, import, export), (1, low_import?, low_export?)] {
                if !import.is_zero() {
                    add("delivered, with VAT", import, "kWh", self.import(slot)?.including_vat(vat));
                }
                if !export.is_zero() {
                    let price = self.export(slot).ok_or_else(|| {
                        Unknown::new("what a kWh fed in earns is not known: set `export_eur_per_kwh`")
                    })?;
                    add("feed-in", export, "kWh", -price);
                }
            }
        }
        if let Some(rate) = Rate::of(self.standing_eur_per_month, self.standing_eur_per_month_incl_vat) {
            add(
                "standing charge, with VAT",
                given.number_or("months", Decimal::from(12))?,
                "months",
                rate.including_vat(vat),
            );
        }
        lines.push(Working::new("including VAT", "the sum", sum, "EUR"));
        Ok(lines)
    }
}

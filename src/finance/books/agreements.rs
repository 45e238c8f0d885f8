//! The agreements of a run's plants: the registers that they need, and what they pay by bill.

use std::ops::Range;

use rust_decimal::Decimal;

use crate::engine::meters::{Flow, PricedRegister, Wanted, WeightedRegister};
use crate::engine::world::World;
use crate::engine::{Options, Outcome};
use crate::finance::agreement::{self, Agreement, Imbalance, Index, Settlement, Sums};
use crate::rules::bill::{Bill, Line};
use crate::rules::exact::{float, of_register, shown};
use crate::rules::readings::{Need, Weight};
use crate::rules::terms::Party;
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::{self, Price, PriceTerms};
use crate::sharing::price::IntervalPrice;

/// The name that an agreement has on a plant's bill.
pub const AGREEMENT: &str = "cooperative.agreement";

/// The registers of a sum over what a plant feeds in and no member takes: its output, less the shared part where there is any.
#[derive(Clone, Copy, Debug)]
struct Residual {
    made: usize,
    shared: Option<usize>,
}

/// A plant with an agreement, and where its sums are.
#[derive(Debug)]
struct Metered {
    agreement: plan::Agreement,
    kwh: Residual,
    /// Σ kWh × the price of the step, of an agreement that depends on it.
    value: Option<Residual>,
}

/// The agreements of the plants of a run.
#[derive(Debug, Default)]
pub struct Agreements {
    wanted: Vec<Wanted>,
    /// The place of the first register among those of the run.
    first: usize,
    plants: Vec<Option<Metered>>,
    /// Σ shared kWh × their price, where it is another in each interval.
    shared_value: Option<usize>,
}

impl Agreements {
    /// The agreements of a world, with the registers that they need beside those of `options`.
    ///
    /// # Errors
    /// If one needs the wholesale price and it cannot be read.
    pub fn new(world: &World, options: &mut Options) -> Result<Agreements, Vec<Fault>> {
        let cooperative = world.plan.cooperative.iter();
        let planned: Vec<Option<&plan::Agreement>> = cooperative
            .flat_map(|cooperative| &cooperative.plants)
            .map(|plant| plant.books.as_ref()?.agreement.as_ref())
            .collect();
        let mut agreements = Agreements { first: options.registers.len(), ..Agreements::default() };
        let steps = world.calendar.steps();
        let shares = !world.plan.sharing.is_none();
        let is_of_spot = planned.iter().flatten().any(|agreement| agreement.price.is_of_spot());
        let spot = if is_of_spot { Some(world.prices()?) } else { None };
        let mut kwh = None;
        for planned in planned {
            let metered = planned.map(|planned| {
                let kwh = *kwh.get_or_insert_with(|| agreements.residual(&vec![1.0; steps], shares));
                let weights = spot.as_ref().and_then(|spot| weights(&planned.price, spot));
                let value = weights.map(|weights| agreements.residual(&weights, shares));
                Metered { agreement: planned.clone(), kwh, value }
            });
            agreements.plants.push(metered);
        }
        let price = world.plan.shared_price.as_ref().and_then(|price| interval_price(&price.terms));
        if let Some(price) = price.filter(|_| shares) {
            agreements.shared_value = Some(agreements.wanted.len());
            agreements.wanted.push(PricedRegister { flow: Flow::SharedOut, price }.into());
        }
        options.registers.extend(agreements.wanted.iter().cloned());
        Ok(agreements)
    }

    fn residual(&mut self, weights: &[f64], shares: bool) -> Residual {
        let mut add = |flow| {
            self.wanted.push(Wanted::Sum(WeightedRegister { flow, weights: weights.to_vec() }));
            self.wanted.len() - 1
        };
        Residual { made: add(Flow::Generation), shared: shares.then(|| add(Flow::SharedOut)) }
    }

    /// What a plant earns for shared kWh in the run, EUR, where their price is another in each interval.
    pub(super) fn shared_eur(&self, outcome: &Outcome, plant: usize) -> Option<Decimal> {
        let register = self.first + self.shared_value?;
        let of_period = |period| outcome.plant_weighted(plant, register, period);
        Some(of_register((0..outcome.periods().all().len()).map(of_period).sum()))
    }

    /// The sums of a plant over some periods of the run; all 0 without an agreement.
    pub fn sums(&self, outcome: &Outcome, plant: usize, periods: Range<usize>) -> Sums {
        let Some(metered) = self.plants.get(plant).and_then(Option::as_ref) else { return Sums::default() };
        let register = |place: usize| {
            let of_period = |period| outcome.plant_weighted(plant, self.first + place, period);
            of_register(periods.clone().map(of_period).sum())
        };
        let residual = |of: Residual| register(of.made) - of.shared.map_or(Decimal::ZERO, register);
        let value = metered.value.map_or(Decimal::ZERO, residual);
        let (spot_eur, clamped_eur) = match metered.agreement.price {
            Price::AsProduced(_) => (value, Decimal::ZERO),
            _ => (Decimal::ZERO, value),
        };
        Sums { kwh: residual(metered.kwh), spot_eur, clamped_eur, imbalance_eur: Decimal::ZERO }
    }

    /// Adds what its agreement pays to the bills of a plant.
    ///
    /// # Panics
    /// Never: what an agreement cannot be was refused with the scenario.
    pub fn add_lines(&self, world: &World, outcome: &Outcome, plant: usize, bills: &mut [Bill]) {
        let Some(metered) = self.plants.get(plant).and_then(Option::as_ref) else { return };
        let agreement = of_plan(&metered.agreement);
        let start = world.plan.start;
        for bill in bills {
            let all = outcome.periods().all();
            let from = all.partition_point(|period| period.first < bill.from);
            let until = all.partition_point(|period| period.first < bill.until);
            let sums = self.sums(outcome, plant, from..until);
            let months = (i32::from(bill.from.year()) - i32::from(start.year())) * 12
                + i32::from(bill.from.month() - start.month());
            let year = u32::try_from(months / 12).unwrap_or(0) + 1;
            let settled = agreement.settle(year, &sums).expect("the agreement was checked with the scenario");
            let paid_eur = settled.paid_eur();
            bill.lines.push(Line {
                rule: AGREEMENT.to_owned(),
                what: "power purchase agreement".into(),
                from: bill.from,
                until: bill.until,
                base: sums.kwh,
                unit: "kWh",
                rate_eur: if sums.kwh.is_zero() { Decimal::ZERO } else { paid_eur / sums.kwh },
                rate_includes_vat: false,
                excluding_eur: -paid_eur,
                including_eur: -paid_eur,
                vat_fraction: Decimal::ZERO,
                payer: Party::Cooperative,
                payee: Party::Supplier,
                is_assumed: false,
                formula: formula(&metered.agreement, &settled),
                registers: vec![
                    (Need::Sum(Flow::Export, Weight::One), 1),
                    (Need::Sum(Flow::SharedOut, Weight::One), -1),
                ],
            });
        }
    }
}

/// The price of a shared kWh that is another in each interval, if it is one.
fn interval_price(terms: &PriceTerms) -> Option<IntervalPrice> {
    match *terms {
        PriceTerms::Fixed { .. } => None,
        PriceTerms::SupplyDemandRatio { import_eur_per_kwh, export_eur_per_kwh } => {
            Weight::SupplyDemandRatio { import_eur_per_kwh, export_eur_per_kwh }.interval_price()
        }
    }
}

/// What is paid, as a formula with its numbers.
fn formula(agreement: &plan::Agreement, settled: &Settlement) -> String {
    let eur = |amount: Decimal| shown(amount, 2, 2);
    let energy = match &agreement.price {
        Price::Fixed(price) => format!("at {price}"),
        Price::Indexed(price, rise) => format!("at {price} of year 1, {rise} more each year"),
        Price::AsProduced(fee) => format!("each at the day-ahead price of its step less {fee}"),
        Price::FloorCap(floor, cap) => {
            format!("each at the day-ahead price of its step, at least {floor} and at most {cap}")
        }
    };
    format!(
        "kWh {energy}: {} − {} × that for imbalance: {} − kWh × {}: {}",
        eur(settled.energy_eur),
        agreement.imbalance_fraction,
        eur(settled.imbalance_eur),
        agreement.margin_eur_per_kwh,
        eur(settled.margin_eur)
    )
}

/// What a kWh of each step counts for, EUR/kWh; `None` for a price that does not depend on the step.
fn weights(price: &Price, spot_eur_per_kwh: &[f64]) -> Option<Vec<f64>> {
    match price {
        Price::Fixed(_) | Price::Indexed(..) => None,
        Price::AsProduced(_) => Some(spot_eur_per_kwh.to_vec()),
        Price::FloorCap(floor, cap) => {
            let (floor, cap) = (float(*floor), float(*cap));
            Some(spot_eur_per_kwh.iter().map(|spot| spot.max(floor).min(cap)).collect())
        }
    }
}

/// The agreement that the scenario says.
pub(super) fn of_plan(planned: &plan::Agreement) -> Agreement {
    Agreement {
        price: match planned.price {
            Price::Fixed(eur_per_kwh) => agreement::Price::Fixed { eur_per_kwh },
            Price::Indexed(eur_per_kwh, rise) => agreement::Price::Indexed { eur_per_kwh, index: Index::PerYear(rise) },
            Price::AsProduced(fee_eur_per_kwh) => agreement::Price::AsProduced { fee_eur_per_kwh },
            Price::FloorCap(floor_eur_per_kwh, cap_eur_per_kwh) => {
                agreement::Price::FloorCap { floor_eur_per_kwh, cap_eur_per_kwh }
            }
        },
        imbalance: Imbalance::MarkUp(planned.imbalance_fraction),
        margin_eur_per_kwh: planned.margin_eur_per_kwh,
    }
}

//! The cost-covering tariff: the price of a kWh at which the cooperative and its supplier together break even.
//!
//! With C the costs, S those of the supplier, I other income, E the energy delivered, m the supplier's margin on each kWh and PV
//! the present value at the wanted return, `PV(p E + I − C − S − m E) = 0` gives
//!
//! `p = (PV(C) + PV(S) − PV(I)) / PV(E) + m`.
//!
//! The price is the same in every year and is not rounded. Tax depends on the price itself: of a plant that pays tax the price
//! is looked for, by halving, between that before tax and one that is high enough ([`cost_covering_eur_per_kwh`]).

use rust_decimal::{Decimal, RoundingStrategy};

use super::agreement::Index;
use super::interest::present_value;
use super::plant::{CashFlow, Plant, PlantError, Revenue};
use crate::rules::exact::euros;

/// What is spent, earned otherwise and delivered: each from the start (0) on, all of one length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costing {
    /// Costs of the cooperative; paid is positive.
    pub cost_eur: Vec<Decimal>,
    /// Costs of its supplier; paid is positive.
    pub supplier_cost_eur: Vec<Decimal>,
    /// Income that does not depend on the tariff.
    pub other_income_eur: Vec<Decimal>,
    /// Energy for which the tariff is paid.
    pub delivered_kwh: Vec<Decimal>,
    /// What the supplier keeps of each kWh.
    pub supplier_margin_eur_per_kwh: Decimal,
}

/// Why there is no tariff.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TariffError {
    /// There is no energy to spread the cost over.
    #[error("no energy is delivered to spread the cost over: the present value of it is {kwh} kWh, expected above 0")]
    NoEnergy {
        /// What there is.
        kwh: Decimal,
    },
    /// A rate of return cannot be.
    #[error("the wanted return is {rate} per year, expected 0 to 1: 5 % is written as 0.05")]
    Rate {
        /// The rate.
        rate: Decimal,
    },
    /// The rows have several lengths.
    #[error(
        "the rows have {lengths:?} years (cost, supplier's cost, other income, energy), expected the same for all: \
         add zeros to the short ones"
    )]
    Lengths {
        /// Of cost, supplier's cost, other income, energy.
        lengths: [usize; 4],
    },
    /// No line of revenue is called so.
    #[error("no line of revenue is called `{name}`, expected one of {}: change the name", .lines.join(", "))]
    NoLine {
        /// The name.
        name: String,
        /// Those there are.
        lines: Vec<String>,
    },
    /// Tax takes all of it.
    #[error("no tariff covers the costs: tax takes {fraction} of the profit, expected less than all of it")]
    Taxed {
        /// The fraction of tax.
        fraction: Decimal,
    },
    /// The plant has no cash flow.
    #[error(transparent)]
    Plant(#[from] PlantError),
}

impl Costing {
    /// The costing of a plant whose line of revenue is to be priced: its investment and running costs, its grants and other
    /// lines, before tax.
    ///
    /// * `line` – the name of the line; what it earns in the table is left out.
    ///
    /// # Errors
    /// If there is no such line.
    pub fn of_plant(table: &CashFlow, line: &str) -> Result<Costing, TariffError> {
        let Some(at) = table.revenues.iter().position(|name| name == line) else {
            return Err(TariffError::NoLine { name: line.to_owned(), lines: table.revenues.clone() });
        };
        let years = || table.years.iter();
        Ok(Costing {
            cost_eur: years().map(|year| -euros(year.capex_cents + year.running_cents())).collect(),
            supplier_cost_eur: vec![Decimal::ZERO; table.years.len()],
            other_income_eur: years()
                .map(|year| euros(year.grants_cents + year.total_revenue_cents() - year.revenue_cents[at]))
                .collect(),
            delivered_kwh: years().map(|year| year.revenue_kwh[at]).collect(),
            supplier_margin_eur_per_kwh: Decimal::ZERO,
        })
    }

    /// The price of a kWh at which the present value of all is 0, EUR/kWh, not rounded; negative if other income is more
    /// than enough.
    ///
    /// * `wanted_return` – a part per year: 0.03.
    ///
    /// # Errors
    /// If no energy is delivered, the rows differ in length or the return cannot be.
    pub fn cost_covering_eur_per_kwh(&self, wanted_return: Decimal) -> Result<Decimal, TariffError> {
        let rows = [&self.cost_eur, &self.supplier_cost_eur, &self.other_income_eur, &self.delivered_kwh];
        let lengths = rows.map(Vec::len);
        if lengths.iter().any(|length| *length != lengths[0]) {
            return Err(TariffError::Lengths { lengths });
        }
        if wanted_return < Decimal::ZERO || wanted_return > Decimal::ONE {
            return Err(TariffError::Rate { rate: wanted_return });
        }
        let [cost, supplier, income, kwh] = rows.map(|row| present_value(wanted_return, row));
        if kwh <= Decimal::ZERO {
            return Err(TariffError::NoEnergy { kwh });
        }
        Ok((cost + supplier - income) / kwh + self.supplier_margin_eur_per_kwh)
    }

    /// What cooperative and supplier together are left with in each year at a tariff, EUR, not rounded.
    pub fn flows_eur(&self, tariff_eur_per_kwh: Decimal) -> Vec<Decimal> {
        let net = tariff_eur_per_kwh - self.supplier_margin_eur_per_kwh;
        let costs = self.cost_eur.iter().zip(&self.supplier_cost_eur).map(|(own, supplier)| own + supplier);
        let gains = self.delivered_kwh.iter().zip(&self.other_income_eur).map(|(kwh, income)| kwh * net + income);
        gains.zip(costs).map(|(gain, cost)| gain - cost).collect()
    }
}

/// The price of a kWh of a line of revenue at which the plant, after tax and whoever finances it, is worth nothing at the wanted
/// return, EUR/kWh; without tax not rounded, with it to the sixth decimal.
///
/// * `line` – the name of the line, whose own price is left out; * `wanted_return` – a part per year: 0.03.
///
/// # Errors
/// If there is no such line, it has no energy, the return cannot be, or the plant has no cash flow.
pub fn cost_covering_eur_per_kwh(plant: &Plant, line: &str, wanted_return: Decimal) -> Result<Decimal, TariffError> {
    let mut untaxed = plant.clone();
    untaxed.tax.fraction = Decimal::ZERO;
    let before_tax = Costing::of_plant(&untaxed.cash_flow()?, line)?.cost_covering_eur_per_kwh(wanted_return)?;
    let fraction = plant.tax.fraction;
    if fraction.is_zero() {
        return Ok(before_tax);
    }
    let covers = |price: Decimal| -> Result<bool, TariffError> {
        let flows: Vec<Decimal> =
            at_price(plant, line, price).cash_flow()?.years.iter().map(|year| euros(year.project_cents())).collect();
        Ok(present_value(wanted_return, &flows) >= Decimal::ZERO)
    };
    if covers(before_tax)? {
        return Ok(before_tax);
    }
    // More revenue leaves more after tax in every year together: the present value rises with the price.
    let (mut low, mut step) = (before_tax, Decimal::new(1, 2));
    while !covers(low + step)? {
        low += step;
        step += step;
        if step > Decimal::from(100) {
            return Err(TariffError::Taxed { fraction });
        }
    }
    let mut high = low + step;
    while high - low > Decimal::new(1, 7) {
        let middle = (low + high) / Decimal::TWO;
        if covers(middle)? { high = middle } else { low = middle }
    }
    Ok(high.round_dp_with_strategy(6, RoundingStrategy::AwayFromZero))
}

/// The plant with one price in every year for the kWh of a line.
fn at_price(plant: &Plant, line: &str, eur_per_kwh: Decimal) -> Plant {
    let mut plant = plant.clone();
    for revenue in plant.revenues.iter_mut().filter(|revenue| revenue.name() == line) {
        *revenue = Revenue::Sold { name: line.to_owned(), eur_per_kwh, kwh: revenue.kwh(), index: Index::default() };
    }
    plant
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::finance::plant::Tax;
    use crate::finance::share::Shares;
    use crate::rules::exact::cents;

    fn numbers(all: &[i64]) -> Vec<Decimal> {
        all.iter().copied().map(Decimal::from).collect()
    }

    /// 1000 at the start and 100 in each of two years, 20 for the supplier and 50 of other income in each; 5000 kWh a year; without
    /// discount (1000 + 200 + 40 − 100) / 10000 = 0.114, and 0.01 of margin.
    fn costing() -> Costing {
        Costing {
            cost_eur: numbers(&[1000, 100, 100]),
            supplier_cost_eur: numbers(&[0, 20, 20]),
            other_income_eur: numbers(&[0, 50, 50]),
            delivered_kwh: numbers(&[0, 5000, 5000]),
            supplier_margin_eur_per_kwh: Decimal::new(1, 2),
        }
    }

    #[test]
    fn the_tariff_by_hand() {
        assert_eq!(costing().cost_covering_eur_per_kwh(Decimal::ZERO).unwrap(), Decimal::new(124, 3));
        // At 25 %: years weigh 0.8 + 0.64 = 1.44; (1000 + 70 × 1.44) / (5000 × 1.44) + 0.01 = 1100.8 / 7200 + 0.01.
        let expected = Decimal::new(11_008, 1) / Decimal::from(7200) + Decimal::new(1, 2);
        let tariff = costing().cost_covering_eur_per_kwh(Decimal::new(25, 2)).unwrap();
        assert_eq!(tariff.round_dp(20), expected.round_dp(20));
    }

    #[test]
    fn a_tariff_that_cannot_be_is_refused_with_words() {
        let words = |costing: Costing, rate| costing.cost_covering_eur_per_kwh(rate).unwrap_err().to_string();
        let idle = Costing { delivered_kwh: numbers(&[0, 0, 0]), ..costing() };
        assert_eq!(
            words(idle, Decimal::ZERO),
            "no energy is delivered to spread the cost over: the present value of it is 0 kWh, expected above 0"
        );
        for rate in ["5", "-0.01"] {
            assert_eq!(
                words(costing(), rate.parse().unwrap()),
                format!("the wanted return is {rate} per year, expected 0 to 1: 5 % is written as 0.05")
            );
        }
        assert_eq!(
            words(Costing { cost_eur: Vec::new(), ..costing() }, Decimal::ZERO),
            "the rows have [0, 3, 3, 3] years (cost, supplier's cost, other income, energy), expected the same for all: \
             add zeros to the short ones"
        );
    }

    fn plant(eur_per_kwh: Decimal) -> Plant {
        Plant {
            life_years: 25,
            capex_eur: Decimal::from(90_000),
            grants_eur: Decimal::from(10_000),
            shares: Shares { number: 320, price_eur: Decimal::from(250) },
            production_kwh: Decimal::from(95_000),
            degradation_per_year: Decimal::new(5, 3),
            upkeep_eur_per_year: Decimal::from(1500),
            revenues: vec![
                Revenue::Sold {
                    name: "shared".into(),
                    eur_per_kwh,
                    kwh: Decimal::from(60_000),
                    index: Index::default(),
                },
                Revenue::Premium {
                    name: "premium".into(),
                    eur_per_kwh: Decimal::new(2, 2),
                    kwh: Decimal::from(95_000),
                    most_kwh: None,
                    years: 15,
                },
            ],
            ..Plant::default()
        }
    }

    #[test]
    fn a_plant_that_shares_at_its_tariff_is_worth_nothing() {
        let rate = Decimal::new(3, 2);
        let costing = Costing::of_plant(&plant(Decimal::ZERO).cash_flow().unwrap(), "shared").unwrap();
        let tariff = costing.cost_covering_eur_per_kwh(rate).unwrap();
        assert_eq!(cents(present_value(rate, &costing.flows_eur(tariff))), 0);
        // In the table each of 25 years' revenue is rounded to the cent: half a cent each at most.
        let table = plant(tariff).cash_flow().unwrap();
        let flows: Vec<Decimal> = table.years.iter().map(|year| euros(year.project_cents())).collect();
        assert!(present_value(rate, &flows).abs() <= Decimal::new(125, 3));
        assert!((table.worth(0.03).project.internal_rate_of_return.unwrap() - 0.03).abs() < 1e-6);
    }

    #[test]
    fn a_line_that_is_not_there_and_a_tax_of_everything_are_refused_with_words() {
        let table = plant(Decimal::ONE).cash_flow().unwrap();
        assert_eq!(
            Costing::of_plant(&table, "sold").unwrap_err().to_string(),
            "no line of revenue is called `sold`, expected one of shared, premium: change the name"
        );
        let mut taxed = plant(Decimal::ONE);
        taxed.tax.fraction = Decimal::ONE;
        assert_eq!(
            cost_covering_eur_per_kwh(&taxed, "shared", Decimal::new(3, 2)).unwrap_err().to_string(),
            "no tariff covers the costs: tax takes 1 of the profit, expected less than all of it"
        );
    }

    /// 1000 EUR, 1000 kWh in one year, 25 % of the profit, a return of 10 %: 1000 p − 0.25 (1000 p − 1000) = 1100, so 750 p = 850.
    #[test]
    fn a_tariff_with_tax_by_hand() {
        let plant = Plant {
            life_years: 1,
            capex_eur: Decimal::from(1000),
            own_cash_eur: Decimal::from(1000),
            production_kwh: Decimal::from(1000),
            tax: Tax { fraction: Decimal::new(25, 2), depreciation_years: 0 },
            revenues: vec![Revenue::Sold {
                name: "shared".into(),
                eur_per_kwh: Decimal::ZERO,
                kwh: Decimal::from(1000),
                index: Index::default(),
            }],
            ..Plant::default()
        };
        let tariff = cost_covering_eur_per_kwh(&plant, "shared", Decimal::new(1, 1)).unwrap();
        // A cent of the table is 1e-5 of the price.
        assert!((tariff - Decimal::from(850) / Decimal::from(750)).abs() <= Decimal::new(1, 5), "{tariff}");
        let untaxed = Plant { tax: Tax::default(), ..plant };
        assert_eq!(cost_covering_eur_per_kwh(&untaxed, "shared", Decimal::new(1, 1)).unwrap(), Decimal::new(11, 1));
    }

    #[test]
    fn a_plant_that_pays_tax_and_shares_at_its_tariff_is_worth_nothing() {
        let rate = Decimal::new(3, 2);
        let mut taxed = plant(Decimal::ZERO);
        taxed.tax.fraction = Decimal::new(19, 2);
        let tariff = cost_covering_eur_per_kwh(&taxed, "shared", rate).unwrap();
        assert!(tariff > cost_covering_eur_per_kwh(&plant(Decimal::ZERO), "shared", rate).unwrap());
        let worth = at_price(&taxed, "shared", tariff).cash_flow().unwrap().worth(0.03);
        // A millionth of a price on 60,000 kWh in each of 25 years, discounted, and cents.
        assert!((0.0..1.2).contains(&worth.project.net_present_value_eur), "{worth:?}");
    }

    proptest! {
        #[test]
        fn at_the_tariff_the_present_value_is_zero_and_it_rises_with_cost(
            years in vec((0..1_000_000_i64, 0..100_000_i64, 0..100_000_i64, 1..1_000_000_i64), 1..40),
            start in 0..100_000_000_i64, rate in 0..200_i64, margin in 0..100_i64, more in 1..1_000_000_i64
        ) {
            let row = |first: i64, of: fn(&(i64, i64, i64, i64)) -> i64| -> Vec<Decimal> {
                std::iter::once(first).chain(years.iter().map(of)).map(|cents| Decimal::new(cents, 2)).collect()
            };
            let mut costing = Costing {
                cost_eur: row(start, |year| year.0),
                supplier_cost_eur: row(0, |year| year.1),
                other_income_eur: row(0, |year| year.2),
                delivered_kwh: row(0, |year| year.3),
                supplier_margin_eur_per_kwh: Decimal::new(margin, 3),
            };
            let rate = Decimal::new(rate, 3);
            let tariff = costing.cost_covering_eur_per_kwh(rate).unwrap();
            prop_assert_eq!(cents(present_value(rate, &costing.flows_eur(tariff))), 0);
            costing.cost_eur[years.len() / 2] += Decimal::new(more, 2);
            prop_assert!(costing.cost_covering_eur_per_kwh(rate).unwrap() > tariff);
        }
    }
}

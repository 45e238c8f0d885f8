//! The books of a plant, checked: what it costs, who pays for it, what its feed-in earns. Amounts are EUR without VAT.

use rust_decimal::Decimal;

use crate::scenario::diagnostics::Origin;
use crate::scenario::language::{LoanKind, LoanPaid};

/// What a plant costs and who pays for it; grants, participations, own cash and loans come to the investment, to the cent.
#[derive(Clone, Debug)]
pub struct PlantBooks {
    /// What it costs at the start, EUR.
    pub capex_eur: Decimal,
    /// Grants at the start, EUR.
    pub grants_eur: Decimal,
    /// How many participations members buy.
    pub participations: u32,
    /// What the cooperative pays of its own, EUR.
    pub own_cash_eur: Decimal,
    /// Loans; none is longer than the life.
    pub loans: Vec<Loan>,
    /// Years that it runs.
    pub life_years: u32,
    /// The part by which it makes less each year.
    pub degradation_per_year: Decimal,
    /// Operation and maintenance, EUR a year at prices of year 1.
    pub upkeep_eur_per_year: Decimal,
    /// The same by power, EUR/kWp a year.
    pub upkeep_eur_per_kw: Decimal,
    /// Insurance, EUR a year at prices of year 1.
    pub insurance_eur_per_year: Decimal,
    /// The part by which upkeep and insurance rise each year.
    pub cost_rise_per_year: Decimal,
    /// Years over which it is depreciated.
    pub depreciation_years: u32,
    /// Parts replaced: the year of the life, and the cost, EUR.
    pub replacements: Vec<(u32, Decimal)>,
    /// What a supplier pays for the kWh that no member takes; `None`: what the contract of the rules pays.
    pub agreement: Option<Agreement>,
    /// Where its cost is written, for messages.
    pub origin: Option<Origin>,
}

/// A loan, paid out at the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Loan {
    /// How it is repaid.
    pub kind: LoanKind,
    /// How often.
    pub paid: LoanPaid,
    /// What is lent, EUR.
    pub principal_eur: Decimal,
    /// Nominal interest, a part per year.
    pub interest_fraction: Decimal,
    /// Years until it is repaid.
    pub years: u32,
}

/// A power purchase agreement.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// What is paid for a kWh.
    pub price: Price,
    /// What the supplier keeps of each kWh, EUR.
    pub margin_eur_per_kwh: Decimal,
    /// What it takes off for imbalance, as a part of what the energy comes to.
    pub imbalance_fraction: Decimal,
}

/// What is paid for a kWh, EUR.
#[derive(Clone, Debug, PartialEq)]
pub enum Price {
    /// The same in every year.
    Fixed(Decimal),
    /// A price of year 1, and the part by which it rises each year.
    Indexed(Decimal, Decimal),
    /// The wholesale price of the step, less a fee.
    AsProduced(Decimal),
    /// The wholesale price of the step between a floor and a cap.
    FloorCap(Decimal, Decimal),
}

impl Price {
    /// Whether it depends on the wholesale price of each step.
    pub fn is_of_spot(&self) -> bool {
        matches!(self, Price::AsProduced(_) | Price::FloorCap(..))
    }
}

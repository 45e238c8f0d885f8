//! The books of a plant in the scenario language: what it costs, who pays for it, what it earns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::defaults;

/// What a plant costs, who pays for it and what it earns. A plant with any of these keys has books.
///
/// Amounts are without VAT. A key without a default of the schema is filled in only where a plant has books.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PlantBooks {
    /// What it costs at the start, EUR without VAT. Needed for books: grants, participations, loans and own cash must come to it.
    #[schemars(range(min = 0.0, max = 1e9))]
    #[serde(default)]
    pub capex_eur: Option<f64>,
    /// Grants at the start, EUR. Default: 0.
    #[schemars(range(min = 0.0, max = 1e9))]
    #[serde(default)]
    pub grants_eur: Option<f64>,
    /// How many participations members buy, each at `cooperative.participation_eur`. Default: 0.
    #[schemars(range(min = 0, max = 10_000_000))]
    #[serde(default)]
    pub participations: Option<u32>,
    /// What the cooperative pays of its own, EUR. Default: 0.
    #[schemars(range(min = 0.0, max = 1e9))]
    #[serde(default)]
    pub own_cash_eur: Option<f64>,
    /// Years that it runs. Default: 25.
    #[schemars(range(min = 1, max = 60))]
    #[serde(default)]
    pub life_years: Option<u32>,
    /// The part by which it makes less each year. Default: 0.005.
    #[schemars(range(min = 0.0, max = 0.2))]
    #[serde(default)]
    pub degradation_per_year: Option<f64>,
    /// Operation and maintenance, EUR a year at prices of year 1. Default: 0.
    #[schemars(range(min = 0.0, max = 1e9))]
    #[serde(default)]
    pub upkeep_eur_per_year: Option<f64>,
    /// The same by power, EUR a year for each kWp at prices of year 1. Default: 0.
    #[schemars(range(min = 0.0, max = 1e6))]
    #[serde(default)]
    pub upkeep_eur_per_kw: Option<f64>,
    /// Insurance, EUR a year at prices of year 1. Default: 0.
    #[schemars(range(min = 0.0, max = 1e9))]
    #[serde(default)]
    pub insurance_eur_per_year: Option<f64>,
    /// The part by which upkeep and insurance rise each year: 0.02. Default: 0.
    #[schemars(range(min = -0.25, max = 0.25))]
    #[serde(default)]
    pub cost_rise_per_year: Option<f64>,
    /// Years over which the investment less grants is depreciated. Default: `life_years`.
    #[schemars(range(min = 1, max = 60))]
    #[serde(default)]
    pub depreciation_years: Option<u32>,
    /// Loans, paid out at the start.
    #[serde(default)]
    pub loans: Vec<Loan>,
    /// Parts that are replaced, such as an inverter.
    #[serde(default)]
    pub replacements: Vec<Replacement>,
    /// What a supplier pays for the kWh that no member takes. Default: what the supply contract of the rules pays.
    #[serde(default)]
    pub agreement: Option<Agreement>,
}

/// A loan of a plant.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Loan {
    /// Name of the loan.
    #[schemars(required)]
    pub id: Option<String>,
    /// How it is repaid.
    #[schemars(required)]
    pub kind: Option<LoanKind>,
    /// What is lent, EUR.
    #[schemars(required, range(min = 0.0, max = 1e9))]
    pub principal_eur: Option<f64>,
    /// Nominal interest a year, as a part: 0.045; 0 is a loan without interest.
    #[schemars(required, range(min = 0.0, max = 1.0))]
    pub interest_fraction: Option<f64>,
    /// Years until it is repaid, at most those of the plant's life.
    #[schemars(required, range(min = 1, max = 60))]
    pub years: Option<u32>,
    /// How often it is paid.
    #[serde(default)]
    pub paid: LoanPaid,
}

/// How a loan is repaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum LoanKind {
    /// The same payment each time
    Annuity,
    /// The same part of the principal each time, and the interest
    Linear,
    /// The interest each time, the principal with the last payment
    InterestOnly,
}

/// How often a loan is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum LoanPaid {
    /// At the end of each year
    #[default]
    Yearly,
    /// At the end of each month, at a twelfth of the yearly interest
    Monthly,
}

/// A part of a plant that is replaced.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Replacement {
    /// The year of the plant's life, from 1.
    #[schemars(required, range(min = 1, max = 60))]
    pub year: Option<u32>,
    /// What it costs in that year, EUR without VAT; it does not rise with `cost_rise_per_year`.
    #[schemars(required, range(min = 0.0, max = 1e9))]
    pub cost_eur: Option<f64>,
}

/// A power purchase agreement: what a supplier pays for what the plant feeds in and no member takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Agreement {
    /// How a kWh is priced.
    #[schemars(required)]
    pub kind: Option<AgreementKind>,
    /// Price of a kWh (`fixed`; `indexed`: of year 1), EUR without VAT.
    #[schemars(range(min = -10.0, max = 10.0))]
    #[serde(default)]
    pub eur_per_kwh: Option<f64>,
    /// The part by which an `indexed` price rises each year: 0.02.
    #[schemars(range(min = -0.25, max = 0.25))]
    #[serde(default)]
    pub rise_per_year: Option<f64>,
    /// What is taken off the wholesale price of the step (`as-produced`), EUR. Default: 0.
    #[schemars(range(min = -10.0, max = 10.0))]
    #[serde(default)]
    pub fee_eur_per_kwh: Option<f64>,
    /// The least that the wholesale price of a step counts for (`floor-cap`), EUR.
    #[schemars(range(min = -10.0, max = 10.0))]
    #[serde(default)]
    pub floor_eur_per_kwh: Option<f64>,
    /// The most that it counts for (`floor-cap`), EUR.
    #[schemars(range(min = -10.0, max = 10.0))]
    #[serde(default)]
    pub cap_eur_per_kwh: Option<f64>,
    /// What the supplier keeps of each kWh, EUR.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub margin_eur_per_kwh: f64,
    /// What the supplier takes off for imbalance, as a part of what the kWh come to at the price; never below 0 EUR.
    #[serde(default = "defaults::imbalance_fraction")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub imbalance_fraction: f64,
}

/// How a kWh of an agreement is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum AgreementKind {
    /// The same price in every year
    Fixed,
    /// A price that rises each year
    Indexed,
    /// The wholesale price of the step in which it is made, less a fee
    AsProduced,
    /// The wholesale price of the step, not below a floor and not above a cap
    FloorCap,
}

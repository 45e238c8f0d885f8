//! The yearly cash flow of a plant over its life: from what it costs and earns to what its members are paid.
//!
//! Year 0 is the start; year t is paid at its end. Received is positive. Each entry of the table is rounded to the cent from an
//! exact amount; sums are sums of entries, so that those of a year are the change of its cash.
//!
//! In year t, with d the degradation per year: production is `kWh₁ (1 − d)^(t−1)`; so are the kWh of each revenue line, but for
//! a premium that is paid on at most so many kWh a year.
//!
//! Tax is the fraction of what is left of the profit after losses carried forward, without limit of years or amount; profit
//! is revenue less running costs, replacements (costs of their year), interest and depreciation. Depreciated is the
//! investment less grants, straight-line; what the life leaves of it is written off in its last year.
//!
//! Paid to the owners is as much as leaves the cash at or above 0 in every later year: money for a replacement is kept from
//! the years before it. Shares and own cash are paid in proportion to what they put in; without either, the cooperative is paid.

use rust_decimal::Decimal;

use super::agreement::{Agreement, AgreementError, Index, Sums, plausible};
use super::interest::compound;
use super::loan::{Instalment, Loan, LoanError};
use super::measures::{
    MeasureError, internal_rate_of_return, levelised_cost_eur_per_kwh, net_present_value_eur, payback_years,
};
use super::share::{ShareReturn, Shares, share_return};
use crate::rules::exact::{cents, euros, float};

/// A plant, what pays for it and what it earns. Amounts are positive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plant {
    /// Years that it runs.
    pub life_years: u32,
    /// What it costs at the start.
    pub capex_eur: Decimal,
    /// Grants at the start.
    pub grants_eur: Decimal,
    /// Shares that members buy.
    pub shares: Shares,
    /// What the cooperative has of its own.
    pub own_cash_eur: Decimal,
    /// Loans, paid out at the start and repaid within the life.
    pub loans: Vec<Loan>,
    /// Its power.
    pub power_kw: Decimal,
    /// What it makes in year 1.
    pub production_kwh: Decimal,
    /// The part by which it makes less each year.
    pub degradation_per_year: Decimal,
    /// Operation and maintenance, whatever the power, at prices of year 1.
    pub upkeep_eur_per_year: Decimal,
    /// Operation and maintenance by power, at prices of year 1.
    pub upkeep_eur_per_kw: Decimal,
    /// Insurance, at prices of year 1.
    pub insurance_eur_per_year: Decimal,
    /// How upkeep and insurance go on.
    pub cost_index: Index,
    /// Parts that are replaced.
    pub replacements: Vec<Replacement>,
    /// Corporate tax.
    pub tax: Tax,
    /// What it earns.
    pub revenues: Vec<Revenue>,
}

/// A part that is replaced, such as an inverter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The year, 1 to the life.
    pub year: u32,
    /// What it costs in that year.
    pub cost_eur: Decimal,
}

/// Corporate tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tax {
    /// The part of the profit; 0 is no tax.
    pub fraction: Decimal,
    /// Years over which the investment is depreciated; 0 is its whole life.
    pub depreciation_years: u32,
}

/// A line of revenue, with sums of year 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revenue {
    /// A premium on each kWh for a number of years, beside what the energy itself earns.
    Premium {
        /// The name of its column.
        name: String,
        /// The premium.
        eur_per_kwh: Decimal,
        /// kWh of year 1 that would get it if all counted.
        kwh: Decimal,
        /// kWh that get it in a year at most; `None`: all.
        most_kwh: Option<Decimal>,
        /// Years for which it is paid.
        years: u32,
    },
    /// Energy sold by a power purchase agreement, net of imbalance and margin.
    Agreement {
        /// The name of its column.
        name: String,
        /// The agreement.
        agreement: Agreement,
        /// The sums of year 1; those of later years are in proportion to the production.
        sums: Sums,
        /// How the spot value and the cost of imbalance go on; a sum between floor and cap stays as it is.
        spot_index: Index,
    },
    /// Energy at a price: shared with members, or fed in.
    Sold {
        /// The name of its column.
        name: String,
        /// The price of year 1.
        eur_per_kwh: Decimal,
        /// kWh of year 1.
        kwh: Decimal,
        /// How the price goes on.
        index: Index,
    },
}

impl Revenue {
    /// The name of its column.
    pub fn name(&self) -> &str {
        match self {
            Revenue::Premium { name, .. } | Revenue::Agreement { name, .. } | Revenue::Sold { name, .. } => name,
        }
    }

    /// kWh of year 1 that it is of.
    pub fn kwh(&self) -> Decimal {
        match self {
            Revenue::Premium { kwh, .. } | Revenue::Sold { kwh, .. } => *kwh,
            Revenue::Agreement { sums, .. } => sums.kwh,
        }
    }

    /// kWh that it pays for in a year.
    fn kwh_in(&self, year: u32, output: Decimal) -> Decimal {
        match self {
            Revenue::Premium { years, .. } if year > *years => Decimal::ZERO,
            Revenue::Premium { most_kwh: Some(most), kwh, .. } => (kwh * output).min(*most),
            _ => self.kwh() * output,
        }
    }

    /// Whether the kWh leave the plant by it: a premium comes on top.
    fn is_sale(&self) -> bool {
        !matches!(self, Revenue::Premium { .. })
    }

    /// What it comes to in a year, EUR.
    ///
    /// * `output` – the production of the year over that of year 1.
    fn amount_eur(&self, year: u32, output: Decimal) -> Result<Decimal, AgreementError> {
        Ok(match self {
            Revenue::Premium { eur_per_kwh, .. } => eur_per_kwh * self.kwh_in(year, output),
            Revenue::Sold { eur_per_kwh, index, .. } => eur_per_kwh * self.kwh_in(year, output) * index.factor(year)?,
            Revenue::Agreement { agreement, sums, spot_index, .. } => {
                let spot = output * spot_index.factor(year)?;
                let of_year = Sums {
                    kwh: self.kwh_in(year, output),
                    spot_eur: sums.spot_eur * spot,
                    clamped_eur: sums.clamped_eur * output,
                    imbalance_eur: sums.imbalance_eur * spot,
                };
                agreement.settle(year, &of_year)?.paid_eur()
            }
        })
    }
}

/// One year of the table. Amounts are cents, received is positive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Year {
    /// Which one; 0 is the start.
    pub year: u32,
    /// What the plant makes.
    pub production_kwh: Decimal,
    /// What it costs at the start.
    pub capex_cents: i64,
    /// Grants.
    pub grants_cents: i64,
    /// What members pay for shares.
    pub shares_cents: i64,
    /// What the cooperative puts in.
    pub own_cash_cents: i64,
    /// Loans paid out.
    pub loans_cents: i64,
    /// kWh that each line of revenue pays for.
    pub revenue_kwh: Vec<Decimal>,
    /// Each line of revenue.
    pub revenue_cents: Vec<i64>,
    /// Operation and maintenance.
    pub upkeep_cents: i64,
    /// Insurance.
    pub insurance_cents: i64,
    /// Parts replaced.
    pub replacement_cents: i64,
    /// Corporate tax.
    pub tax_cents: i64,
    /// Interest of loans.
    pub interest_cents: i64,
    /// Principal of loans.
    pub principal_cents: i64,
    /// Paid to the members' shares.
    pub to_shares_cents: i64,
    /// Paid to the cooperative for its own cash.
    pub to_own_cash_cents: i64,
    /// Depreciation, positive; no cash.
    pub depreciation_cents: i64,
    /// Losses that can still be set off after this year, positive; no cash.
    pub loss_carried_cents: i64,
    /// Cash at the end.
    pub cash_cents: i64,
}

impl Year {
    /// Revenue of all lines, cents.
    pub fn total_revenue_cents(&self) -> i64 {
        self.revenue_cents.iter().sum()
    }

    /// Upkeep, insurance and replacements, cents: negative.
    pub fn running_cents(&self) -> i64 {
        self.upkeep_cents + self.insurance_cents + self.replacement_cents
    }

    /// What the plant itself brings, before who finances it, cents.
    pub fn project_cents(&self) -> i64 {
        self.capex_cents + self.grants_cents + self.total_revenue_cents() + self.running_cents() + self.tax_cents
    }

    /// Investment less grants and running costs, before tax, cents: paid is positive.
    pub fn cost_cents(&self) -> i64 {
        -(self.capex_cents + self.grants_cents + self.running_cents())
    }

    /// What members are paid less what they pay for shares, cents.
    pub fn members_cents(&self) -> i64 {
        -(self.shares_cents + self.to_shares_cents)
    }

    /// What is left for the owners after loans, cents; in year 0 what they put in, negative.
    pub fn owners_cents(&self) -> i64 {
        self.project_cents() + self.loans_cents + self.interest_cents + self.principal_cents
    }
}

/// The columns of a [`CashFlow`] before its lines of revenue.
const SOURCES: [&str; 5] = ["capex", "grants", "participations", "own cash", "loans"];

/// The columns after them.
const USES: [&str; 8] = [
    "upkeep",
    "insurance",
    "replacement",
    "tax",
    "interest",
    "principal",
    "paid to participations",
    "paid to own cash",
];

/// The table of all years, from year 0.
#[derive(Clone, Debug, PartialEq)]
pub struct CashFlow {
    /// The names of the lines of revenue.
    pub revenues: Vec<String>,
    /// The rows.
    pub years: Vec<Year>,
    /// The shares that are paid.
    pub shares: Shares,
}

/// What a row of flows is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Worth {
    /// At the rate that was asked for.
    pub net_present_value_eur: f64,
    /// The rate at which it is 0, or why there is none.
    pub internal_rate_of_return: Result<f64, MeasureError>,
    /// Years until it has paid back; `None` if it never does.
    pub payback_years: Option<f64>,
    /// The same, discounted at the rate.
    pub discounted_payback_years: Option<f64>,
}

impl Worth {
    /// Measures flows at a rate; the first is at the start.
    pub fn of(rate: f64, flows_eur: &[f64]) -> Worth {
        Worth {
            net_present_value_eur: net_present_value_eur(rate, flows_eur),
            internal_rate_of_return: internal_rate_of_return(flows_eur),
            payback_years: payback_years(0.0, flows_eur),
            discounted_payback_years: payback_years(rate, flows_eur),
        }
    }
}

/// What a plant comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct PlantWorth {
    /// The plant itself, whoever finances it, after tax.
    pub project: Worth,
    /// What the owners put in and are left with after loans, as if it were paid in the year it comes.
    pub owners: Worth,
    /// What members pay for shares and are paid. Without shares nothing.
    pub members: Option<Worth>,
    /// Investment less grants and running costs over energy, both discounted, before tax.
    pub levelised_cost_eur_per_kwh: Result<f64, MeasureError>,
    /// What one share returns. Without shares nothing.
    pub share: Option<ShareReturn>,
}

/// No life is longer.
pub const MOST_YEARS: u32 = 60;

/// No amount of a plant in a year is larger, EUR: what is, is a slip of the pen.
pub const LARGEST_EUR: i64 = 10_000_000_000_000;

/// Why a plant has no cash flow.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlantError {
    /// The money does not come to what the plant costs.
    #[error(
        "the plant costs {} EUR but shares ({}), grants ({}), loans ({}) and own cash ({}) come to {} EUR, {} EUR too {}: \
         change one of them until they are equal",
        euros(*.capex_cents), euros(*.shares_cents), euros(*.grants_cents), euros(*.loans_cents), euros(*.own_cash_cents),
        euros(.capex_cents - .gap_cents), euros(.gap_cents.abs()), if *.gap_cents > 0 { "little" } else { "much" }
    )]
    Gap {
        /// What the plant costs.
        capex_cents: i64,
        /// What shares bring.
        shares_cents: i64,
        /// What grants bring.
        grants_cents: i64,
        /// What loans bring.
        loans_cents: i64,
        /// What the cooperative puts in.
        own_cash_cents: i64,
        /// What is missing; negative is too much.
        gap_cents: i64,
    },
    /// The life cannot be.
    #[error("the plant runs for {years} years, expected 1 to {MOST_YEARS}: change its life")]
    Life {
        /// The years.
        years: u32,
    },
    /// An amount is negative or out of all proportion.
    #[error("{what} is {amount}, expected 0 to {most}: correct it, costs are positive too")]
    Amount {
        /// Which one.
        what: &'static str,
        /// What it is.
        amount: Decimal,
        /// What it may be at most.
        most: Decimal,
    },
    /// More energy is sold and shared, or gets a premium, than is made.
    #[error(
        "{sold_kwh} kWh are paid for in year 1 but {made_kwh} kWh are made: lower the kWh of a line or raise the production"
    )]
    Oversold {
        /// Sold and shared, or with a premium.
        sold_kwh: Decimal,
        /// Made.
        made_kwh: Decimal,
    },
    /// A replacement falls outside the life.
    #[error("a replacement is in year {year}, expected 1 to {life}: move it into the life or leave it out")]
    Replacement {
        /// Its year.
        year: u32,
        /// The years of the life.
        life: u32,
    },
    /// A loan outlives the plant.
    #[error("a loan is repaid after {years} years but the plant runs for {life}: shorten the loan")]
    LoanOutlives {
        /// The years of the loan.
        years: usize,
        /// The years of the life.
        life: u32,
    },
    /// Two lines of revenue have one name.
    #[error("two lines of revenue are called `{name}`, expected a name for each: rename one")]
    SameName {
        /// The name.
        name: String,
    },
    /// A loan has no schedule.
    #[error("a loan of the plant: {0}")]
    Loan(#[from] LoanError),
    /// A line of revenue has no value.
    #[error("a price of the plant: {0}")]
    Agreement(#[from] AgreementError),
}

impl Plant {
    /// The table of all years.
    ///
    /// # Errors
    /// If the money does not come to what the plant costs, or an input cannot be.
    ///
    /// # Invariants
    /// In each year the sum of the columns is the change of cash. Year 0 ends with no cash. Where the plant can pay all it owes,
    /// the cash is never below 0 and the last year ends with none.
    pub fn cash_flow(&self) -> Result<CashFlow, PlantError> {
        self.check()?;
        let schedules = self.loans.iter().map(Loan::years).collect::<Result<Vec<_>, _>>()?;
        if let Some(longest) = schedules.iter().map(Vec::len).max().filter(|years| *years > self.life_years as usize) {
            return Err(PlantError::LoanOutlives { years: longest, life: self.life_years });
        }
        let mut years = vec![self.start()];
        for year in 1..=self.life_years {
            years.push(self.year(year, &schedules)?);
        }
        self.levy(&mut years);
        self.pay_out(&mut years);
        Ok(CashFlow {
            revenues: self.revenues.iter().map(|line| line.name().to_owned()).collect(),
            years,
            shares: self.shares,
        })
    }

    /// The production of a year over that of year 1.
    fn output(&self, year: u32) -> Decimal {
        compound(-self.degradation_per_year, year - 1)
    }

    fn start(&self) -> Year {
        Year {
            capex_cents: -cents(self.capex_eur),
            grants_cents: cents(self.grants_eur),
            shares_cents: cents(self.shares.total_eur()),
            own_cash_cents: cents(self.own_cash_eur),
            loans_cents: self.loans.iter().map(|loan| loan.principal_cents).sum(),
            revenue_kwh: vec![Decimal::ZERO; self.revenues.len()],
            revenue_cents: vec![0; self.revenues.len()],
            ..Year::default()
        }
    }

    /// A year before tax and what is paid to the owners.
    fn year(&self, year: u32, schedules: &[Vec<Instalment>]) -> Result<Year, PlantError> {
        let (output, prices) = (self.output(year), self.cost_index.factor(year)?);
        let upkeep_eur =
            within("the upkeep of a year", self.upkeep_eur_per_year + self.upkeep_eur_per_kw * self.power_kw)?;
        let replaced_eur: Decimal =
            self.replacements.iter().filter(|part| part.year == year).map(|part| part.cost_eur).sum();
        let paid = || schedules.iter().filter_map(|schedule| schedule.get(year as usize - 1));
        let mut revenue_cents = Vec::new();
        for line in &self.revenues {
            let amount = line.amount_eur(year, output)?;
            within("the size of a line of revenue in a year", amount.abs())?;
            revenue_cents.push(cents(amount));
        }
        Ok(Year {
            year,
            production_kwh: self.production_kwh * output,
            revenue_kwh: self.revenues.iter().map(|line| line.kwh_in(year, output)).collect(),
            revenue_cents,
            upkeep_cents: -cents(within("the upkeep of a year", upkeep_eur * prices)?),
            insurance_cents: -cents(within("the insurance of a year", self.insurance_eur_per_year * prices)?),
            replacement_cents: -cents(within("the replacements of a year", replaced_eur)?),
            interest_cents: -paid().map(|one| one.interest_cents).sum::<i64>(),
            principal_cents: -paid().map(|one| one.principal_cents).sum::<i64>(),
            ..Year::default()
        })
    }

    /// Depreciation, losses carried forward and tax.
    fn levy(&self, years: &mut [Year]) {
        let base_eur = self.capex_eur - self.grants_eur;
        let over = if self.tax.depreciation_years == 0 { self.life_years } else { self.tax.depreciation_years };
        // By the difference of rounded sums, so that all years together come to the base.
        let until = |year: u32| match year {
            year if year >= over.min(self.life_years) => cents(base_eur),
            year => cents(base_eur * Decimal::from(year) / Decimal::from(over)),
        };
        let mut losses = 0;
        for year in years.iter_mut().skip(1) {
            year.depreciation_cents = until(year.year) - until(year.year - 1);
            let profit =
                year.total_revenue_cents() + year.running_cents() + year.interest_cents - year.depreciation_cents;
            let set_off = losses.min(profit.max(0));
            losses += (-profit).max(0) - set_off;
            year.loss_carried_cents = losses;
            year.tax_cents = -cents(euros(profit.max(0) - set_off) * self.tax.fraction);
        }
    }

    /// What the owners are paid, and the cash that is left.
    fn pay_out(&self, years: &mut [Year]) {
        let equity = |year: &Year| year.shares_cents + year.own_cash_cents;
        // The cash at the end of each year if nothing were ever paid, then the least of this and later years.
        let mut payable: Vec<i64> = years
            .iter()
            .scan(0, |cash, year| {
                *cash += year.owners_cents() + equity(year);
                Some(*cash)
            })
            .collect();
        let unpaid = payable.clone();
        for at in (1..payable.len()).rev() {
            payable[at - 1] = payable[at - 1].min(payable[at]);
        }
        let total_eur = self.shares.total_eur() + self.own_cash_eur;
        let part = if total_eur.is_zero() { Decimal::ZERO } else { self.shares.total_eur() / total_eur };
        let mut paid = 0;
        for (year, (payable, unpaid)) in years.iter_mut().zip(payable.iter().zip(unpaid)) {
            let now = (payable - paid).max(0);
            paid += now;
            let to_shares = cents(euros(now) * part);
            year.to_shares_cents = -to_shares;
            year.to_own_cash_cents = to_shares - now;
            year.cash_cents = unpaid - paid;
        }
    }

    fn check(&self) -> Result<(), PlantError> {
        if !(1..=MOST_YEARS).contains(&self.life_years) {
            return Err(PlantError::Life { years: self.life_years });
        }
        self.check_amounts()?;
        if let Some(part) = self.replacements.iter().find(|part| part.year == 0 || part.year > self.life_years) {
            return Err(PlantError::Replacement { year: part.year, life: self.life_years });
        }
        let (sales, premiums): (Vec<&Revenue>, Vec<&Revenue>) = self.revenues.iter().partition(|line| line.is_sale());
        let sold_kwh = sales.iter().map(|line| line.kwh()).sum();
        for paid_kwh in premiums.iter().map(|line| line.kwh()).chain([sold_kwh]) {
            if paid_kwh > self.production_kwh {
                return Err(PlantError::Oversold { sold_kwh: paid_kwh, made_kwh: self.production_kwh });
            }
        }
        for (at, line) in self.revenues.iter().enumerate() {
            if self.revenues[..at].iter().any(|earlier| earlier.name() == line.name()) {
                return Err(PlantError::SameName { name: line.name().to_owned() });
            }
        }
        let start = self.start();
        let gap_cents =
            -start.capex_cents - (start.shares_cents + start.grants_cents + start.loans_cents + start.own_cash_cents);
        if gap_cents != 0 {
            return Err(PlantError::Gap {
                capex_cents: -start.capex_cents,
                shares_cents: start.shares_cents,
                grants_cents: start.grants_cents,
                loans_cents: start.loans_cents,
                own_cash_cents: start.own_cash_cents,
                gap_cents,
            });
        }
        Ok(())
    }

    fn check_amounts(&self) -> Result<(), PlantError> {
        for loan in &self.loans {
            within("a loan", euros(loan.principal_cents))?;
        }
        for (what, amount) in [
            ("the investment", self.capex_eur),
            ("the grant", self.grants_eur),
            ("the price of a share", self.shares.price_eur),
            ("own cash", self.own_cash_eur),
            ("the power", self.power_kw),
            ("the production", self.production_kwh),
            ("the upkeep", self.upkeep_eur_per_year),
            ("the upkeep by power", self.upkeep_eur_per_kw),
            ("the insurance", self.insurance_eur_per_year),
        ] {
            // Products of two of them stay within an exact decimal.
            within(what, amount)?;
        }
        within("what the shares bring", self.shares.total_eur())?;
        for part in &self.replacements {
            within("a replacement", part.cost_eur)?;
        }
        for line in &self.revenues {
            within("the energy of a line of revenue", line.kwh())?;
            if let Revenue::Premium { most_kwh: Some(most), .. } = line {
                within("the energy that gets a premium at most", *most)?;
            }
            match line {
                Revenue::Premium { eur_per_kwh, .. } | Revenue::Sold { eur_per_kwh, .. } => plausible(*eur_per_kwh)?,
                Revenue::Agreement { sums, .. } => {
                    for sum in [sums.spot_eur, sums.clamped_eur, sums.imbalance_eur] {
                        within("the size of a sum of an agreement", sum.abs())?;
                    }
                }
            }
        }
        for (what, part) in [("the degradation per year", self.degradation_per_year), ("the tax", self.tax.fraction)] {
            up_to(what, part, Decimal::ONE)?;
        }
        Ok(())
    }
}

fn within(what: &'static str, amount: Decimal) -> Result<Decimal, PlantError> {
    up_to(what, amount, Decimal::from(LARGEST_EUR))
}

fn up_to(what: &'static str, amount: Decimal, most: Decimal) -> Result<Decimal, PlantError> {
    if amount < Decimal::ZERO || amount > most {
        return Err(PlantError::Amount { what, amount, most });
    }
    Ok(amount)
}

impl CashFlow {
    /// The names of the columns of [`CashFlow::row`].
    pub fn columns(&self) -> Vec<&str> {
        SOURCES.into_iter().chain(self.revenues.iter().map(String::as_str)).chain(USES).collect()
    }

    /// The columns of a year, cents: their sum is the change of its cash.
    pub fn row(&self, year: &Year) -> Vec<i64> {
        let sources = [year.capex_cents, year.grants_cents, year.shares_cents, year.own_cash_cents, year.loans_cents];
        let uses = [
            year.upkeep_cents,
            year.insurance_cents,
            year.replacement_cents,
            year.tax_cents,
            year.interest_cents,
            year.principal_cents,
            year.to_shares_cents,
            year.to_own_cash_cents,
        ];
        sources.into_iter().chain(year.revenue_cents.iter().copied()).chain(uses).collect()
    }

    /// The year in which the cash is lowest, and that cash: below 0 the plant cannot pay what it owes.
    pub fn lowest_cash(&self) -> (u32, i64) {
        let lowest = self.years.iter().min_by_key(|year| year.cash_cents);
        lowest.map_or((0, 0), |year| (year.year, year.cash_cents))
    }

    /// What the plant comes to.
    ///
    /// Owners who put nothing in have paid back at once.
    ///
    /// * `rate` – the discount rate, a part per year.
    pub fn worth(&self, rate: f64) -> PlantWorth {
        let flows = |of: fn(&Year) -> i64| self.years.iter().map(|year| eur(of(year))).collect::<Vec<f64>>();
        let energy: Vec<f64> = self.years.iter().map(|year| float(year.production_kwh)).collect();
        let costs = flows(Year::cost_cents);
        let paid: Vec<i64> = self.years.iter().skip(1).map(|year| -year.to_shares_cents).collect();
        let share = share_return(&self.shares, &paid);
        PlantWorth {
            project: Worth::of(rate, &flows(Year::project_cents)),
            owners: Worth::of(rate, &flows(Year::owners_cents)),
            members: share.is_some().then(|| Worth::of(rate, &flows(Year::members_cents))),
            levelised_cost_eur_per_kwh: levelised_cost_eur_per_kwh(rate, &costs, &energy),
            share,
        }
    }
}

fn eur(cents: i64) -> f64 {
    cents as f64 / 100.0
}

#[cfg(test)]
mod tests;

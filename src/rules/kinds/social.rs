//! Social: help with the bill for those who cannot pay it, and who counts as energy-poor.
//!
//! - *bill-share*: transfer a month = max(0, bill − share × income); the share goes by income as a part of a reference for
//!   the household (the social minimum); above the last step there is none. It is paid some months, first come first served.
//! - *indicators*: LIHE, low income and high energy cost; LILEK, low income and a poor dwelling; HEQ, energy cost / income
//!   above a part; LEKWI, a poor dwelling and no means to better it.
//!
//! It is tried, and no part of a bill: whether a real home is eligible only its income and its household say.
//!
//! # Worked case
//! T-NL-16, 2025: single, income 1,900 EUR a month, bill 210: 210 − 0.08 × 1,900 = 58.00 EUR a month, 348.00 in six. Couple,
//! 2,800 (at most 130 % of 2,370): 330 − 224 = 106.00 EUR.
//!
//! # Source
//! Tijdelijk Noodfonds Energie, terms of 2025; TNO and CBS, Monitor energiearmoede.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Kind;
use super::grant::{BudgetOrder, from_budget};
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::settle::Unknown;
use crate::scenario::diagnostics::Fault;
use crate::scenario::tree::Node;

/// Help with the bill for those who cannot pay it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Social {
    /// What it does.
    #[serde(default)]
    pub form: SocialForm,
    /// Reference incomes by household.
    #[serde(default)]
    pub households: Vec<Household>,
    /// Which part of the income one pays oneself, by income as a part of the reference, the lowest first.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// How many months it is paid.
    pub months: Option<Exact>,
    /// What there is for all, EUR. Default: as much as is asked for.
    pub budget_eur: Option<Exact>,
    /// Who gets of the budget, where it is not enough.
    #[serde(default)]
    pub order: BudgetOrder,
    /// An income is low up to this part of the low-income line.
    pub low_income_fraction: Option<Exact>,
    /// Energy costs are high from this part of the income on.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub high_cost_fraction: Option<Exact>,
}

/// What a social provision does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum SocialForm {
    /// Pays the part of a bill above a share of the income
    #[default]
    BillShare,
    /// Says who is energy-poor
    Indicators,
}

/// A kind of household and its reference income.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Household {
    /// Its name: "single".
    #[schemars(required)]
    pub name: Option<String>,
    /// Its reference, gross with holiday pay, EUR a month.
    #[schemars(required)]
    pub reference_eur_per_month: Option<Exact>,
}

/// What one pays oneself up to an income.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Step {
    /// Up to this part of the reference, inclusive.
    #[schemars(required)]
    pub up_to_fraction: Option<Exact>,
    /// The part of the income that one pays oneself.
    #[schemars(required, range(min = 0.0, max = 1.0))]
    pub income_fraction: Option<Exact>,
}

/// Yes or no, as a number.
fn truth(is_so: bool) -> Decimal {
    if is_so { Decimal::ONE } else { Decimal::ZERO }
}

const YES: &str = "(1 = yes)";

impl Social {
    fn share_of_bill(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        if self.steps.is_empty() || self.households.is_empty() {
            return Err(Unknown::new("who gets how much is not known: set `households` and `steps`").into());
        }
        let (income, bill) = (given.number("income_eur_per_month")?, given.number("bill_eur_per_month")?);
        let names: Vec<&str> = self.households.iter().filter_map(|household| household.name.as_deref()).collect();
        let name = given.text("household")?;
        let household = self.households.iter().find(|household| household.name.as_deref() == Some(name));
        let Some(Exact(reference)) = household.and_then(|household| household.reference_eur_per_month) else {
            return Err(given.wrong("household", &format!("one of {}", names.join(", "))));
        };
        let holds = |step: &&Step| step.up_to_fraction.is_some_and(|Exact(part)| income <= part * reference);
        let Some(step) = self.steps.iter().find(holds) else {
            let most = self.steps.last().and_then(|step| step.up_to_fraction).map_or(Decimal::ZERO, |part| part.0);
            let why = format!("income {income} is above {most} × {reference}");
            return Ok(vec![Working::new("a month", why, Decimal::ZERO, "EUR")]);
        };
        let part = step.up_to_fraction.map_or(Decimal::ZERO, |part| part.0);
        let share = step.income_fraction.map_or(Decimal::ZERO, |share| share.0);
        let transfer = (bill - share * income).max(Decimal::ZERO);
        let mut lines = vec![
            Working::new("income up to", format!("{part} × {reference}, {name}"), part * reference, "EUR"),
            Working::new("a month", format!("max(0, {bill} − {share} × {income})"), transfer, "EUR"),
        ];
        if let Some(Exact(months)) = self.months {
            lines.push(Working::new(
                "in all",
                format!("{months} months × {}", shown(transfer, 2, 4)),
                months * transfer,
                "EUR",
            ));
        }
        if let (Some(Exact(budget)), Some(before)) = (self.budget_eur, given.optional("before_eur")?) {
            let asked = lines.last().map_or(transfer, |line| line.value);
            let (amount, formula) = from_budget(budget, self.order, asked, before);
            lines.push(Working::new("from the budget", formula, amount, "EUR"));
        }
        Ok(lines)
    }

    fn indicators(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let (income, line) = (given.number("income_eur_per_month")?, given.number("low_income_line_eur_per_month")?);
        let cost = given.number("cost_eur_per_month")?;
        let unknown = |key: &str| Unknown::new(format!("where an indicator begins is not known: set `{key}`"));
        let Exact(low) = self.low_income_fraction.ok_or_else(|| unknown("low_income_fraction"))?;
        let is_low = income <= low * line && !given.truth("has_wealth")?;
        let (is_poor, can_better) = (given.truth("poor_dwelling")?, given.truth("can_invest")?);
        let mut lines =
            vec![Working::new("low income", format!("{income} ≤ {low} × {line}, little wealth"), truth(is_low), YES)];
        if let Some(typical) = given.optional("typical_cost_eur_per_month")? {
            let formula = format!("low income and cost {cost} > {typical}");
            lines.push(Working::new("LIHE", formula, truth(is_low && cost > typical), YES));
        }
        let poor = if is_poor { "poor dwelling" } else { "no poor dwelling" };
        lines.push(Working::new("LILEK", format!("low income and {poor}"), truth(is_low && is_poor), YES));
        if let Some(Exact(high)) = self.high_cost_fraction {
            lines.push(Working::new("HEQ", format!("{cost} > {high} × {income}"), truth(cost > high * income), YES));
        }
        let means = if can_better { "means to better it" } else { "no means to better it" };
        lines.push(Working::new("LEKWI", format!("{poor} and {means}"), truth(is_poor && !can_better), YES));
        Ok(lines)
    }
}

impl Kind for Social {
    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        let limits: Vec<Option<Exact>> = self.steps.iter().map(|step| step.up_to_fraction).collect();
        let is_whole = self.steps.iter().all(|step| step.up_to_fraction.is_some() && step.income_fraction.is_some());
        if !is_whole || limits.windows(2).any(|pair| pair[0] >= pair[1]) {
            let place = at.get("steps").map_or(&at.origin, |node| &node.origin);
            faults.push(
                Fault::error("kwartier::rules::brackets", "the steps of income do not rise, or lack their numbers")
                    .at(&place.first_line(), "these steps")
                    .help("order them by `up_to_fraction`, the lowest first, each with `income_fraction`"),
            );
        }
    }

    fn inputs(&self) -> Vec<Input> {
        let income = required("income_eur_per_month", "gross income of the household with holiday pay");
        match self.form {
            SocialForm::BillShare => vec![
                income,
                required("bill_eur_per_month", "the energy bill"),
                required("household", "the kind of household, e.g. single or couple"),
                optional("before_eur", "asked for by those who come before, of the same budget"),
            ],
            SocialForm::Indicators => vec![
                income,
                required("cost_eur_per_month", "what energy costs"),
                required("low_income_line_eur_per_month", "the low-income line for this household"),
                optional(
                    "typical_cost_eur_per_month",
                    "what energy costs half of all households at most; without it no LIHE",
                ),
                optional("has_wealth", "yes with more than a little wealth; default no"),
                optional("poor_dwelling", "yes for a dwelling of poor energy quality; default no"),
                optional("can_invest", "yes for who can better the dwelling themselves; default no"),
            ],
        }
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        match self.form {
            SocialForm::BillShare => self.share_of_bill(given),
            SocialForm::Indicators => self.indicators(given),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::exact::cents;

    fn of(rule: &str, what: &str, inputs: &[(&str, &str)]) -> i64 {
        let kind: Social = toml::from_str(rule).unwrap();
        let values = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let given = Given::new(values, &kind.inputs(), "2025-07-01".parse().unwrap(), Decimal::ZERO).unwrap();
        let lines = kind.attempt(&given).unwrap();
        cents(lines.iter().find(|line| line.what == what).unwrap().value)
    }

    const FUND: &str = "months = 6
        households = [{ name = \"single\", reference_eur_per_month = 1700 }, { name = \"couple\", reference_eur_per_month = 2370 }]
        steps = [{ up_to_fraction = 1.3, income_fraction = 0.08 }, { up_to_fraction = 2.0, income_fraction = 0.10 }]";

    fn fund(what: &str, household: &str, income: &str, bill: &str) -> i64 {
        of(FUND, what, &[("household", household), ("income_eur_per_month", income), ("bill_eur_per_month", bill)])
    }

    #[test]
    fn the_part_of_the_bill_above_a_share_of_the_income() {
        assert_eq!(fund("a month", "single", "1900", "210"), 5_800);
        assert_eq!(fund("in all", "single", "1900", "210"), 34_800);
        assert_eq!(fund("a month", "couple", "2800", "330"), 10_600);
    }

    #[test]
    fn limits_of_income_are_inclusive() {
        assert_eq!(fund("a month", "single", "2210", "300"), 12_320);
        assert_eq!(fund("a month", "single", "2210.01", "300"), 7_900);
        assert_eq!(fund("a month", "single", "3400", "400"), 6_000);
        assert_eq!(fund("a month", "single", "3400.01", "400"), 0);
    }

    #[test]
    fn indicators_of_energy_poverty() {
        let rule = "form = \"indicators\"\nlow_income_fraction = 1.3\nhigh_cost_fraction = 0.1";
        let inputs = [
            ("income_eur_per_month", "1900"),
            ("low_income_line_eur_per_month", "1500"),
            ("cost_eur_per_month", "200"),
            ("typical_cost_eur_per_month", "180"),
            ("poor_dwelling", "yes"),
        ];
        for (what, expected) in [("low income", 100), ("LIHE", 100), ("LILEK", 100), ("HEQ", 100), ("LEKWI", 100)] {
            assert_eq!(of(rule, what, &inputs), expected, "{what}");
        }
        let rich = [
            ("income_eur_per_month", "4000"),
            ("low_income_line_eur_per_month", "1500"),
            ("cost_eur_per_month", "200"),
        ];
        for what in ["low income", "LILEK", "HEQ", "LEKWI"] {
            assert_eq!(of(rule, what, &rich), 0, "{what}");
        }
    }
}

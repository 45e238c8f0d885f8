//! Loan: money on terms, with interest by income.
//!
//! - *annuity*: the same every month: P × r × (1 + r)ⁿ / ((1 + r)ⁿ − 1), with r a twelfth of the nominal yearly rate; without
//!   interest P / n.
//! - *interest-only*: P × r every month, and P at the end.
//!
//! Powers are exact products of decimals of 28 digits, never floating point.
//!
//! # Worked case
//! T-NL-15: 15,000 EUR in 10 years at 4.27 % nominal (4.35 % effective): 153.80 EUR a month. Without interest 27,000 EUR in
//! 180 months: 150.00 EUR.
//!
//! # Source
//! Nationaal Warmtefonds, terms of 2024.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::settle::Unknown;
use crate::scenario::diagnostics::Fault;
use crate::scenario::tree::Node;

/// A loan on terms.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Loan {
    /// How it is paid back.
    #[serde(default)]
    pub form: LoanForm,
    /// Interest by income of the household, the lowest income first.
    #[schemars(required, length(min = 1))]
    pub rates: Option<Vec<RateClass>>,
    /// The least that is lent, EUR. Default: any.
    pub min_eur: Option<Exact>,
    /// The most that is lent, EUR. Default: any.
    pub max_eur: Option<Exact>,
    /// The terms that there are, months. Default: any.
    #[serde(default)]
    pub terms_months: Vec<u16>,
    /// What paying back early costs, as a part of what is paid back early. Default: nothing.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub early_repayment_fraction: Option<Exact>,
}

/// How a loan is paid back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum LoanForm {
    /// The same amount every month
    #[default]
    Annuity,
    /// Interest every month, the rest at the end
    InterestOnly,
}

/// Interest for households with an income below a limit.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RateClass {
    /// For a yearly income below this, EUR. Default: any.
    pub below_income_eur: Option<Exact>,
    /// Nominal interest a year, as a part: 0.0427. Left out: not known, and refused where a sum needs it.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub yearly_fraction: Option<Exact>,
}

/// The longest term, months: beyond it powers of a rate of 100 % leave the range of decimals.
const LONGEST_MONTHS: u32 = 600;

/// (1 + r)ⁿ.
fn growth(monthly: Decimal, months: u32) -> Decimal {
    (0..months).fold(Decimal::ONE, |power, _| power * (Decimal::ONE + monthly))
}

/// What is paid every month for a loan of 1 EUR that is paid back in equal parts, times the principal.
fn annuity(principal: Decimal, monthly: Decimal, months: u32) -> Decimal {
    if monthly.is_zero() {
        return principal / Decimal::from(months);
    }
    let grown = growth(monthly, months);
    principal * monthly * grown / (grown - Decimal::ONE)
}

impl Loan {
    fn yearly_fraction(&self, given: &Given) -> Result<Decimal, GivenError> {
        if let Some(stated) = given.optional("yearly_fraction")? {
            let is_part = stated <= Decimal::ONE;
            return is_part
                .then_some(stated)
                .ok_or_else(|| given.wrong("yearly_fraction", "a part from 0 to 1: 0.0427"));
        }
        let rates = self.rates.as_deref().unwrap_or_default();
        let class = if let [only] = rates {
            Some(only)
        } else {
            let income = given.number("income_eur")?;
            rates.iter().find(|class| class.below_income_eur.is_none_or(|Exact(limit)| income < limit))
        };
        let fraction = class.and_then(|class| class.yearly_fraction).map(|Exact(fraction)| fraction);
        let unknown = || Unknown::new("the interest for this income is not known: set `yearly_fraction` of that class");
        Ok(fraction.ok_or_else(unknown)?)
    }
}

impl Kind for Loan {
    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        let limits: Vec<Option<Exact>> = self.rates.iter().flatten().map(|class| class.below_income_eur).collect();
        let rises = limits.windows(2).all(|pair| match (pair[0], pair[1]) {
            (Some(first), Some(next)) => first < next,
            (first, _) => first.is_some(),
        });
        if !rises {
            let place = at.get("rates").map_or(&at.origin, |node| &node.origin);
            faults.push(
                Fault::error("kwartier::rules::brackets", "the incomes of a loan's rates do not rise")
                    .at(&place.first_line(), "these rates")
                    .help("order them by `below_income_eur`, the lowest first; the last may have none"),
            );
        }
    }

    fn inputs(&self) -> Vec<Input> {
        vec![
            required("principal_eur", "what is lent"),
            required("months", "the term"),
            optional("income_eur", "yearly income of the household, where interest goes by it"),
            optional("yearly_fraction", "nominal interest a year, where the rule's own is not meant"),
            optional("repaid_after_months", "paid back early after this many months"),
        ]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let principal = given.number("principal_eur")?;
        let least = self.min_eur.map_or(Decimal::ZERO, |Exact(eur)| eur);
        if principal < least || self.max_eur.is_some_and(|Exact(most)| principal > most) {
            let most = self.max_eur.map_or("any".to_owned(), |Exact(eur)| eur.to_string());
            return Err(given.wrong("principal_eur", &format!("{least} to {most} EUR")));
        }
        let whole = |name: &str, most: u32| -> Result<u32, GivenError> {
            let number = given.number(name)?;
            let months =
                u32::try_from(number).ok().filter(|months| number.fract().is_zero() && (1..=most).contains(months));
            months.ok_or_else(|| given.wrong(name, &format!("whole months, 1 to {most}")))
        };
        let months = whole("months", LONGEST_MONTHS)?;
        if !self.terms_months.is_empty() && !self.terms_months.iter().any(|term| u32::from(*term) == months) {
            let terms: Vec<String> = self.terms_months.iter().map(ToString::to_string).collect();
            return Err(given.wrong("months", &format!("one of {}", terms.join(", "))));
        }
        let yearly = self.yearly_fraction(given)?;
        let monthly = yearly / Decimal::from(12);
        let count = Decimal::from(months);
        let (payment, formula, total) = match self.form {
            LoanForm::Annuity if yearly.is_zero() => (principal / count, format!("{principal} / {months}"), principal),
            LoanForm::Annuity => {
                let payment = annuity(principal, monthly, months);
                let power = format!("(1 + r)^{months}");
                let formula = format!("{principal} × r × {power} / ({power} − 1), r = {yearly} / 12");
                (payment, formula, payment * count)
            }
            LoanForm::InterestOnly => {
                let payment = principal * monthly;
                (payment, format!("{principal} × {yearly} / 12"), payment * count + principal)
            }
        };
        let mut lines = vec![
            Working::new("every month", formula, payment, "EUR"),
            Working::new("interest in all", format!("{} − {principal}", shown(total, 2, 2)), total - principal, "EUR"),
        ];
        if given.optional("repaid_after_months")?.is_some() {
            let paid = whole("repaid_after_months", months)?;
            let owed = match self.form {
                LoanForm::InterestOnly => principal,
                LoanForm::Annuity => {
                    let grown = growth(monthly, paid);
                    let payments =
                        if monthly.is_zero() { Decimal::from(paid) } else { (grown - Decimal::ONE) / monthly };
                    principal * grown - payment * payments
                }
            };
            lines.push(Working::new(
                "still owed then",
                format!("{principal} × (1 + r)^{paid} less {paid} payments with interest"),
                owed,
                "EUR",
            ));
            let part = self.early_repayment_fraction.map_or(Decimal::ZERO, |Exact(part)| part);
            lines.push(Working::new(
                "for paying back early",
                format!("{} × {part}", shown(owed, 2, 2)),
                owed * part,
                "EUR",
            ));
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::exact::cents;

    fn fund() -> Loan {
        toml::from_str(
            "min_eur = 1000
             max_eur = 27000
             terms_months = [84, 120, 180, 240]
             rates = [{ below_income_eur = 60000, yearly_fraction = 0 }, { yearly_fraction = 0.0427 }]",
        )
        .unwrap()
    }

    fn attempt(inputs: &[(&str, &str)]) -> Result<Vec<i64>, GivenError> {
        let kind = fund();
        let values = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let given = Given::new(values, &kind.inputs(), "2024-07-01".parse().unwrap(), Decimal::ZERO)?;
        Ok(kind.attempt(&given)?.iter().map(|line| cents(line.value)).collect())
    }

    #[test]
    fn the_fund_s_own_examples() {
        let loan = attempt(&[("principal_eur", "15000"), ("months", "120"), ("income_eur", "60000")]).unwrap();
        assert_eq!(loan[0], 15_380);
        let free = attempt(&[("principal_eur", "27000"), ("months", "180"), ("income_eur", "59999.99")]).unwrap();
        assert_eq!(free, [15_000, 0]);
    }

    #[test]
    fn at_the_end_nothing_is_owed() {
        let inputs = |after| {
            [("principal_eur", "15000"), ("months", "120"), ("income_eur", "60000"), ("repaid_after_months", after)]
        };
        assert_eq!(attempt(&inputs("120")).unwrap()[2], 0);
        // 15,000 × (1 + 0.0427/12) − 153.80 = 14,899.575 after the first month.
        assert_eq!(attempt(&inputs("1")).unwrap()[2], 1_489_958);
    }

    #[test]
    fn terms_and_amounts_are_those_of_the_fund() {
        for wrong in [("15000", "121"), ("27001", "120"), ("999", "120"), ("15000", "0")] {
            let result = attempt(&[("principal_eur", wrong.0), ("months", wrong.1), ("income_eur", "1")]);
            assert!(matches!(result, Err(GivenError::Wrong { .. })), "{wrong:?}");
        }
    }
}

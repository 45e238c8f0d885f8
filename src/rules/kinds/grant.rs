//! Grant: money once towards an investment, by its size, from a budget that may run out.
//!
//! grant = (start + EUR/kW × kW + EUR/m² × m² + bonus + part of the cost), × 2 (or another factor) if combined with another
//! measure, at most a part of the cost, within least and most. Who is not eligible gets nothing. VAT that is not charged is
//! a grant in kind: a part of the cost.
//!
//! A budget is given first come first served, by lot, or by rank; what comes after it is empty gets nothing.
//!
//! # Worked case
//! T-NL-14: an air-water heat pump of 6 kW with label A+++ in 2026: 1,025 + 6 × 225 + 200 = 2,575.00 EUR.
//!
//! # Source
//! RVO, Investeringssubsidie duurzame energie en energiebesparing (ISDE); the form is that of SDE++ and PNRR calls too.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional};
use crate::rules::exact::Exact;
use crate::rules::settle::Unknown;
use crate::rules::terms::word;
use crate::scenario::diagnostics::Fault;
use crate::scenario::language::Tenure;
use crate::scenario::tree::Node;

/// An investment grant with a budget.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own that a rule may write")]
pub struct Grant {
    /// Fixed amount, EUR.
    pub start_eur: Option<Exact>,
    /// Amount by power, EUR/kW.
    pub eur_per_kw: Option<Exact>,
    /// Amount by area, EUR/m².
    pub eur_per_m2: Option<Exact>,
    /// Amount for a device of the best kind (a label), EUR.
    pub bonus_eur: Option<Exact>,
    /// Part of the cost without VAT.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub cost_fraction: Option<Exact>,
    /// What it is multiplied by if combined with another measure. Default: 1.
    pub combined_factor: Option<Exact>,
    /// At most this part of the cost. Default: no such limit.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_cost_fraction: Option<Exact>,
    /// The least amount that is granted, EUR. Default: any.
    pub least_eur: Option<Exact>,
    /// The greatest amount, EUR. Default: any.
    pub most_eur: Option<Exact>,
    /// The least power, kW. Default: any.
    pub min_kw: Option<Exact>,
    /// The greatest power, kW. Default: any.
    pub max_kw: Option<Exact>,
    /// Whether a second device has no fixed amount and no bonus.
    #[serde(default)]
    pub second_without_start: bool,
    /// Whether it is only for who combines it with another measure.
    #[serde(default)]
    pub only_combined: bool,
    /// Homes that it is for, by who owns them. Default: all.
    #[serde(default)]
    pub tenures: Vec<Tenure>,
    /// It must be asked for within this many months of the installation.
    pub within_months: Option<Exact>,
    /// A new one is granted after this many years.
    pub every_years: Option<Exact>,
    /// Whether it is no money but something that is not charged.
    #[serde(default)]
    pub is_in_kind: bool,
    /// What there is for all, EUR. Default: as much as is asked for.
    pub budget_eur: Option<Exact>,
    /// Who gets of the budget, where it is not enough.
    #[serde(default)]
    pub order: BudgetOrder,
    /// Whether what is left of the budget lapses at the end of the year.
    #[serde(default)]
    pub lapses_at_year_end: bool,
}

/// Who gets of a budget that is not enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum BudgetOrder {
    /// Who comes first
    #[default]
    FirstCome,
    /// Whom the lot falls on
    Lottery,
    /// Who asks for least for what it brings
    Ranking,
}

/// What a budget has for a request.
///
/// * `before_eur` – asked for by those who come before: earlier, or of better rank; of a lottery: by all.
///
/// Returns what is granted and how that came about; of a lottery, what is granted on average.
pub(super) fn from_budget(
    budget: Decimal,
    order: BudgetOrder,
    asked: Decimal,
    before_eur: Decimal,
) -> (Decimal, String) {
    match order {
        BudgetOrder::Lottery if before_eur > budget => {
            (asked * budget / before_eur, format!("{asked} × {budget} / {before_eur}, on average of the lot"))
        }
        BudgetOrder::Lottery => (asked, format!("{before_eur} in all is within {budget}")),
        _ if before_eur + asked <= budget => (asked, format!("{before_eur} before it + {asked} is within {budget}")),
        _ => (Decimal::ZERO, format!("{before_eur} before it + {asked} is above {budget}")),
    }
}

const ZERO: Exact = Exact(Decimal::ZERO);

/// A part of the formula that needs a measure: what it costs by the unit, and the input.
struct Part {
    per_unit: Option<Exact>,
    input: &'static str,
    unit: &'static str,
}

impl Grant {
    fn parts(&self) -> [Part; 3] {
        [
            Part { per_unit: self.eur_per_kw, input: "kw", unit: "kW" },
            Part { per_unit: self.eur_per_m2, input: "m2", unit: "m²" },
            Part { per_unit: self.cost_fraction, input: "cost_eur", unit: "EUR" },
        ]
    }

    fn has_amount(&self) -> bool {
        self.start_eur.is_some() || self.parts().iter().any(|part| part.per_unit.is_some())
    }

    /// Why it is not for this one.
    fn refusal(&self, given: &Given) -> Result<Option<String>, GivenError> {
        let tenures = [Tenure::Owner, Tenure::PrivateRenter, Tenure::SocialRenter].map(|tenure| word(&tenure));
        let words: Vec<&str> = tenures.iter().map(String::as_str).collect();
        let open: Vec<String> = self.tenures.iter().map(word).collect();
        if let Some(tenure) = given.word("tenure", &words)?
            && !open.is_empty()
            && !open.iter().any(|word| word == tenure)
        {
            return Ok(Some(format!("not for {tenure}: only for {}", open.join(", "))));
        }
        if let (Some(months), Some(Exact(limit))) = (given.optional("months_after")?, self.within_months)
            && months > limit
        {
            return Ok(Some(format!("asked for {months} months after the installation, more than {limit}")));
        }
        if let (Some(years), Some(Exact(every))) = (given.optional("years_since_last")?, self.every_years)
            && years < every
        {
            return Ok(Some(format!("granted {years} years ago, less than {every}")));
        }
        if let Some(kw) = given.optional("kw")? {
            let least = self.min_kw.unwrap_or(ZERO).0;
            if kw < least || self.max_kw.is_some_and(|Exact(most)| kw > most) {
                let most = self.max_kw.map_or("any".to_owned(), |Exact(most)| most.to_string());
                return Ok(Some(format!("{kw} kW is not within {least} to {most} kW")));
            }
        }
        if self.only_combined && !given.truth("combined")? {
            return Ok(Some("only together with another measure".to_owned()));
        }
        Ok(None)
    }

    /// The amount before limits.
    fn amount(&self, given: &Given) -> Result<Working, GivenError> {
        if !self.has_amount() {
            return Err(Unknown::new("its amount is not known: set `start_eur`, `eur_per_kw` or `eur_per_m2`").into());
        }
        let without_start = self.second_without_start && given.truth("second")?;
        let mut words = Vec::new();
        let mut sum = Decimal::ZERO;
        if let Some(Exact(start)) = self.start_eur.filter(|_| !without_start) {
            sum += start;
            words.push(start.to_string());
        }
        for part in self.parts() {
            if let Some(Exact(per_unit)) = part.per_unit {
                let quantity = given.number(part.input)?;
                sum += per_unit * quantity;
                words.push(format!("{quantity} {} × {per_unit}", part.unit));
            }
        }
        if given.truth("has_label")? && !without_start {
            let bonus = self.bonus_eur.unwrap_or(ZERO).0;
            sum += bonus;
            words.push(format!("{bonus} bonus"));
        }
        let mut formula = words.join(" + ");
        if given.truth("combined")? {
            let Exact(factor) = self.combined_factor.unwrap_or(Exact(Decimal::ONE));
            sum *= factor;
            formula = format!("({formula}) × {factor} combined");
        }
        Ok(Working::new("by the measure", formula, sum, "EUR"))
    }
}

impl Kind for Grant {
    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        if let (Some(least), Some(most)) = (self.least_eur, self.most_eur)
            && most < least
        {
            let place = at.get("most_eur").map_or(&at.origin, |node| &node.origin);
            faults.push(
                Fault::error(
                    "kwartier::rules::amounts",
                    format!("the most that is granted, {}, is below the least, {}", most.0, least.0),
                )
                .at(place, "below `least_eur`")
                .help("write least_eur up to most_eur"),
            );
        }
    }

    fn inputs(&self) -> Vec<Input> {
        vec![
            optional("kw", "power of the device"),
            optional("m2", "area that is insulated"),
            optional("cost_eur", "what it costs, without VAT"),
            optional("has_label", "yes for a device of the best label; default no"),
            optional("combined", "yes with another measure; default no"),
            optional("second", "yes for a second device; default no"),
            optional("tenure", "who owns the home: owner, private-renter, social-renter"),
            optional("months_after", "months between installation and request"),
            optional("years_since_last", "years since the last grant of this kind"),
            optional(
                "before_eur",
                "asked for by those who come before, of the same budget; of a lottery by all; default 0",
            ),
        ]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let name = if self.is_in_kind { "in kind" } else { "grant" };
        if let Some(why) = self.refusal(given)? {
            return Ok(vec![Working::new(name, why, Decimal::ZERO, "EUR")]);
        }
        let mut lines = vec![self.amount(given)?];
        let mut amount = lines[0].value;
        if let Some(Exact(part)) = self.max_cost_fraction {
            let cost = given.number("cost_eur")?;
            let limited = amount.min(cost * part);
            lines.push(Working::new(
                "at most a part of the cost",
                format!("min({amount}, {cost} × {part})"),
                limited,
                "EUR",
            ));
            amount = limited;
        }
        if let Some(Exact(most)) = self.most_eur.filter(|Exact(most)| *most < amount) {
            lines.push(Working::new("at most", format!("min({amount}, {most})"), most, "EUR"));
            amount = most;
        }
        if let Some(Exact(least)) = self.least_eur.filter(|Exact(least)| *least > amount) {
            lines.push(Working::new(name, format!("{amount} is below the least, {least}"), Decimal::ZERO, "EUR"));
            return Ok(lines);
        }
        let mut formula = "as above".to_owned();
        if let Some(Exact(budget)) = self.budget_eur {
            (amount, formula) = from_budget(budget, self.order, amount, given.number_or("before_eur", Decimal::ZERO)?);
            if self.lapses_at_year_end {
                formula.push_str("; what is left lapses at the end of the year");
            }
        }
        lines.push(Working::new(name, formula, amount, "EUR"));
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::exact::cents;

    fn heat_pump() -> Grant {
        toml::from_str(
            "start_eur = 1025
             eur_per_kw = 225
             bonus_eur = 200
             min_kw = 1
             max_kw = 70
             second_without_start = true
             tenures = [\"owner\"]
             within_months = 24
             every_years = 3
             budget_eur = 511_000_000",
        )
        .unwrap()
    }

    fn granted(kind: &Grant, inputs: &[(&str, &str)]) -> i64 {
        let values = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let given = Given::new(values, &kind.inputs(), "2026-07-01".parse().unwrap(), Decimal::ZERO).unwrap();
        cents(kind.attempt(&given).unwrap().last().unwrap().value)
    }

    #[test]
    fn a_heat_pump_of_six_kilowatts() {
        let kind = heat_pump();
        assert_eq!(granted(&kind, &[("kw", "6"), ("has_label", "yes")]), 257_500);
        assert_eq!(granted(&kind, &[("kw", "6"), ("has_label", "yes"), ("second", "yes")]), 135_000);
    }

    #[test]
    fn who_is_not_eligible_gets_nothing() {
        for refused in [
            ("tenure", "private-renter"),
            ("months_after", "25"),
            ("years_since_last", "2"),
            ("before_eur", "510999000"),
        ] {
            assert_eq!(granted(&heat_pump(), &[("kw", "6"), refused]), 0, "{refused:?}");
        }
        assert_eq!(granted(&heat_pump(), &[("kw", "71")]), 0);
        assert_eq!(granted(&heat_pump(), &[("kw", "6"), ("tenure", "owner"), ("months_after", "24")]), 237_500);
    }

    #[test]
    fn two_measures_count_double_and_the_cost_is_a_limit() {
        let kind: Grant = toml::from_str("eur_per_m2 = 4\ncombined_factor = 2\nmax_cost_fraction = 0.4").unwrap();
        assert_eq!(granted(&kind, &[("m2", "100"), ("cost_eur", "5000")]), 40_000);
        assert_eq!(granted(&kind, &[("m2", "100"), ("cost_eur", "5000"), ("combined", "yes")]), 80_000);
        assert_eq!(granted(&kind, &[("m2", "100"), ("cost_eur", "1000"), ("combined", "yes")]), 40_000);
    }

    #[test]
    fn a_lottery_gives_on_average_what_the_budget_has() {
        let kind: Grant = toml::from_str("start_eur = 1000\nbudget_eur = 500_000\norder = \"lottery\"").unwrap();
        assert_eq!(granted(&kind, &[("before_eur", "2000000")]), 25_000);
        assert_eq!(granted(&kind, &[("before_eur", "400000")]), 100_000);
    }
}

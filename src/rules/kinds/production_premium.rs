//! Production premium: the state adds to what a kWh from a plant earns on the market, up to a base amount.
//!
//! - *sliding* (SCE, SDE++): premium = max(0, base − max(correction, floor)) × kWh that count.
//! - *two-sided* (contract for difference): (base − correction) × kWh; where it is negative the plant pays.
//! - *fixed* (feed-in tariff): base × kWh, nothing is subtracted.
//!
//! The kWh that count are min(production, peak power × full-load hours), the cap pro rata by day. The base amount is that
//! of the day of the application for all the years of the grant; the correction is set for each calendar year, apart for
//! what goes to the grid and what is used behind the meter. Where more is made than counts, both count in proportion.
//! Hours that were not used are not carried to another year.
//!
//! A class whose floor is not known is settled on the correction alone, and the line says so.
//!
//! # Worked cases
//! T-NL-11: 50 kWp in 2024: 50 × 900 = 45,000 kWh × (0.124 − 0.122) = 90.00 EUR.
//! T-NL-13: with a member for each 5 kW, 50 kWp need 10 members and 98 kWp 20.
//!
//! # Source
//! RVO, Subsidieregeling coöperatieve energieopwekking: worked examples 2024; EU 2024/1747 for two-sided contracts.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Kind, Stage};
use crate::engine::meters::Flow;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::readings::{Need, Needs, PointKind, Weight};
use crate::rules::rule::Rate;
use crate::rules::rulebook::{InForce, Knowledge};
use crate::rules::settle::{Entry, Sheet, Unknown};
use crate::scenario::diagnostics::Fault;
use crate::scenario::tree::Node;

/// A premium per kWh produced.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ProductionPremium {
    /// What is subtracted from the base amount, and whether the plant may have to pay.
    #[serde(default)]
    pub form: PremiumForm,
    /// Base amount, EUR/kWh, that of the day of the application. Left out: not known, and refused where a sum needs it.
    pub base_eur_per_kwh: Option<Exact>,
    /// The least that is subtracted for a kWh to the grid, EUR. Left out: not known, settled on the correction alone.
    pub floor_eur_per_kwh: Option<Exact>,
    /// The least that is subtracted for a kWh used behind the meter, EUR. Default: as for the grid.
    pub own_use_floor_eur_per_kwh: Option<Exact>,
    /// What is subtracted in each calendar year. A year left out is not known, and refused where a sum needs it.
    #[serde(default)]
    pub corrections: Vec<Correction>,
    /// Hours at peak power that count at most in a year. Left out: not known, and refused where a sum needs it.
    pub full_load_hours: Option<Exact>,
    /// Whether every kWh counts, however many.
    #[serde(default)]
    pub is_uncapped: bool,
    /// How many years it is paid, by the numbers of the day of the application. Left out: by the numbers of each day.
    #[schemars(range(min = 1, max = 40))]
    pub years: Option<u8>,
    /// The least power of a plant, kWp. Default: any.
    pub min_kwp: Option<Exact>,
    /// The greatest power of a plant, kWp. Default: any.
    pub max_kwp: Option<Exact>,
    /// No premium where the day-ahead price is negative for at least this many hours on end. Default: paid in them too.
    #[schemars(range(min = 1, max = 24))]
    pub unpaid_negative_hours: Option<u8>,
}

/// What is subtracted from the base amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum PremiumForm {
    /// The correction or the floor, at most the base
    #[default]
    Sliding,
    /// The correction, also where it is above the base: then the plant pays
    TwoSided,
    /// Nothing
    Fixed,
}

/// What is subtracted in a calendar year.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Correction {
    /// The calendar year.
    #[schemars(required, range(min = 2000, max = 2100))]
    pub year: Option<i16>,
    /// For a kWh to the grid, EUR.
    #[schemars(required)]
    pub eur_per_kwh: Option<Exact>,
    /// For a kWh used behind the meter, EUR. Left out: not known, and refused where a sum needs it.
    pub own_use_eur_per_kwh: Option<Exact>,
}

/// The members that a plant needs at least: one for each `kw_per_member` of its power, or part of that.
pub fn members_required(peak_kw: Decimal, kw_per_member: Decimal) -> Decimal {
    if kw_per_member.is_zero() { Decimal::ZERO } else { (peak_kw / kw_per_member).ceil() }
}

/// Where a kWh goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Grid,
    OwnUse,
}

/// What a kWh earns, and how that came about.
#[derive(Debug)]
struct Premium {
    eur_per_kwh: Decimal,
    formula: String,
    /// Whether the correction is that of an earlier year.
    is_of_earlier_year: bool,
}

impl ProductionPremium {
    fn base(&self) -> Result<Decimal, Unknown> {
        let base = self.base_eur_per_kwh.map(|Exact(eur)| eur);
        base.ok_or_else(|| Unknown::new("the base amount is not known: set `base_eur_per_kwh`"))
    }

    fn floor(&self, to: To) -> Option<Decimal> {
        let own = self.own_use_floor_eur_per_kwh.filter(|_| to == To::OwnUse);
        own.or(self.floor_eur_per_kwh).map(|Exact(eur)| eur)
    }

    /// Whether the sum is made without a floor that there is, but nobody knows.
    fn lacks_floor(&self) -> bool {
        self.form == PremiumForm::Sliding && self.floor_eur_per_kwh.is_none()
    }

    /// The correction of a year; with `last_known` that of the year before it that is known, if its own is not.
    fn correction(&self, year: i16, to: To, last_known: bool) -> Result<(Decimal, bool), Unknown> {
        let known = |correction: &Correction| {
            let eur = if to == To::Grid { correction.eur_per_kwh } else { correction.own_use_eur_per_kwh };
            Some((correction.year?, eur?.0))
        };
        let latest = self.corrections.iter().filter_map(known).filter(|(of, _)| *of <= year).max_by_key(|(of, _)| *of);
        let key = if to == To::Grid { "eur_per_kwh" } else { "own_use_eur_per_kwh" };
        match latest {
            Some((of, eur)) if of == year || last_known => Ok((eur, of != year)),
            _ => Err(Unknown::new(format!(
                "the correction of {year} is not known: set `corrections` with {{ year = {year}, {key} = … }}"
            ))),
        }
    }

    /// What a kWh earns, with the correction where it is stated.
    fn premium(&self, year: i16, to: To, stated: Option<Decimal>, last_known: bool) -> Result<Premium, Unknown> {
        let base = self.base()?;
        if self.form == PremiumForm::Fixed {
            return Ok(Premium { eur_per_kwh: base, formula: base.to_string(), is_of_earlier_year: false });
        }
        let (correction, is_of_earlier_year) = match stated {
            Some(eur) => (eur, false),
            None => self.correction(year, to, last_known)?,
        };
        let (eur_per_kwh, formula) = match (self.form, self.floor(to)) {
            (PremiumForm::TwoSided, _) => (base - correction, format!("({base} − {correction})")),
            (_, Some(floor)) => (
                (base - correction.max(floor)).max(Decimal::ZERO),
                format!("max(0, {base} − max({correction}, {floor}))"),
            ),
            (_, None) => ((base - correction).max(Decimal::ZERO), format!("max(0, {base} − {correction})")),
        };
        Ok(Premium { eur_per_kwh, formula, is_of_earlier_year })
    }

    /// The kWh of a year that count at most; `None`: all.
    fn cap(&self, peak_kw: Decimal) -> Result<Option<Decimal>, Unknown> {
        if self.is_uncapped {
            return Ok(None);
        }
        match self.full_load_hours {
            Some(Exact(hours)) => Ok(Some(peak_kw * hours)),
            None => Err(Unknown::new(
                "the hours that count are not known: set `full_load_hours`, or is_uncapped = true if all do",
            )),
        }
    }
}

/// The parts to the grid and to own use that count: where there is a cap both in proportion.
fn counted(grid: Decimal, own_use: Decimal, cap: Option<Decimal>) -> (Decimal, Decimal) {
    match cap {
        Some(cap) if grid + own_use > cap && own_use.is_zero() => (cap, own_use),
        Some(cap) if grid + own_use > cap => {
            let of_grid = cap * grid / (grid + own_use);
            (of_grid, cap - of_grid)
        }
        _ => (grid, own_use),
    }
}

const NO_FLOOR: &str = "its floor is not known: on the correction alone";

impl Kind for ProductionPremium {
    fn stage(&self) -> Option<Stage> {
        Some(Stage::Premium)
    }

    fn granted_years(&self) -> Option<u8> {
        self.years
    }

    fn ask(&self, needs: &mut Needs) {
        needs.add(Need::Sum(Flow::Generation, Weight::One));
        // A sheet has windows of what was drawn and fed in, whatever rules are on it.
        needs.add_residual(Flow::Import, &Weight::One);
        needs.add_residual(Flow::Export, &Weight::One);
    }

    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        let nodes = at.get("corrections").map_or(&[][..], Node::items);
        for (number, (correction, node)) in self.corrections.iter().zip(nodes).enumerate() {
            let is_again = self.corrections[..number].iter().any(|other| other.year == correction.year);
            let (message, help) = match (correction.year, correction.eur_per_kwh) {
                (None, _) | (_, None) => (
                    "a correction has no `year` or no `eur_per_kwh`".to_owned(),
                    "write { year = 2024, eur_per_kwh = 0.122 }",
                ),
                (Some(year), _) if is_again => (format!("two corrections are of {year}"), "write one for each year"),
                _ => continue,
            };
            let place = node.origin.first_line();
            faults.push(Fault::error("kwartier::rules::corrections", message).at(&place, "this correction").help(help));
        }
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let PointKind::Plant { peak_kwp, .. } = &sheet.point.kind else { return Ok(()) };
        let made = sheet.sum(Flow::Generation, &Weight::One)?;
        if made.is_zero() {
            return Ok(());
        }
        if self.unpaid_negative_hours.is_some() {
            return Err(Unknown::new(
                "what was made at negative prices is in no register: leave `unpaid_negative_hours` out to settle as if \
                 there were none",
            ));
        }
        let cap = match peak_kwp {
            Some(kwp) => self.cap(*kwp)?,
            None if self.is_uncapped => None,
            None => return Err(Unknown::new("the power of the plant is not known: describe its panels by `peak_kwp`")),
        };
        let cap = cap.map(|yearly| sheet.pro_rata(yearly));
        let grid = sheet.sum(Flow::Export, &Weight::One)?.min(made);
        let (of_grid, of_own_use) = counted(grid, made - grid, cap);
        let last_known = sheet.book.choices.last_known;
        let year = sheet.from.year();
        for (to, kwh) in [(To::Grid, of_grid), (To::OwnUse, of_own_use)] {
            if kwh.is_zero() {
                continue;
            }
            let premium = self.premium(year, to, None, last_known)?;
            let title = &sheet.rule().title;
            let mut what = if to == To::Grid { title.clone() } else { format!("{title}, own use") };
            if self.lacks_floor() {
                what = format!("{what} ({NO_FLOOR})");
            }
            let formula = sheet.say(|| {
                let all = if to == To::Grid { grid } else { made - grid };
                let all = shown(all, 0, 9);
                let counts = match (cap, peak_kwp, self.full_load_hours) {
                    (Some(cap), Some(kwp), Some(Exact(hours))) => {
                        let cap_words = format!("{kwp} kWp × {hours} h{}", sheet.days_words());
                        if made > cap {
                            format!("{} kWh, within {cap_words}", shown(kwh, 0, 9))
                        } else {
                            format!("min({all} kWh, {cap_words})")
                        }
                    }
                    _ => format!("{all} kWh"),
                };
                let of_year = if premium.is_of_earlier_year { ", correction of an earlier year" } else { "" };
                format!("{counts} × {}{of_year}", premium.formula)
            });
            let by = sheet.in_force();
            let by = if premium.is_of_earlier_year { InForce { knowledge: Knowledge::LastKnown, ..by } } else { by };
            sheet.post_for(
                by,
                Entry {
                    what: what.into(),
                    base: kwh,
                    unit: "kWh",
                    rate: Rate::excluding(premium.eur_per_kwh),
                    amount_eur: kwh * premium.eur_per_kwh,
                    vat_fraction: None,
                    is_credit: true,
                    formula,
                    registers: match to {
                        To::Grid => vec![(Need::Sum(Flow::Export, Weight::One), 1)],
                        To::OwnUse => vec![
                            (Need::Sum(Flow::Generation, Weight::One), 1),
                            (Need::Sum(Flow::Export, Weight::One), -1),
                        ],
                    },
                },
            );
        }
        Ok(())
    }

    fn inputs(&self) -> Vec<Input> {
        vec![
            required("peak_kw", "power of the plant, kWp"),
            required("production_kwh", "what it makes in the year"),
            optional("own_use_kwh", "the part of it that is used behind the meter; default 0"),
            optional("negative_hours_kwh", "the part of it that was made in hours without premium; default 0"),
            optional("year", "the calendar year of the correction; default that of the day"),
            optional("correction_eur_per_kwh", "the correction, where the rule's own is not meant"),
            optional("year_part", "the part of a year that it is of; default 1"),
            optional("kw_per_member", "at least one member for this much power, to count the members it needs"),
        ]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let (peak, made) = (given.number("peak_kw")?, given.number("production_kwh")?);
        let own_use = given.number_or("own_use_kwh", Decimal::ZERO)?;
        let unpaid = given.number_or("negative_hours_kwh", Decimal::ZERO)?;
        if own_use + unpaid > made {
            return Err(given.wrong("production_kwh", "at least own_use_kwh and negative_hours_kwh together"));
        }
        let year = match given.optional("year")? {
            None => given.on.year(),
            Some(year) => i16::try_from(year).map_err(|_| given.wrong("year", "a year: 2024"))?,
        };
        let stated = given.optional("correction_eur_per_kwh")?;
        let year_part = given.number_or("year_part", Decimal::ONE)?;
        let mut lines = Vec::new();
        if let Some(per_member) = given.optional("kw_per_member")? {
            let members = members_required(peak, per_member);
            lines.push(Working::new(
                "members that it needs",
                format!("⌈{peak} kW / {per_member} kW⌉"),
                members,
                "members",
            ));
        }
        let least = self.min_kwp.map_or(Decimal::ZERO, |Exact(kwp)| kwp);
        let is_within = peak >= least && self.max_kwp.is_none_or(|Exact(kwp)| peak <= kwp);
        if !is_within {
            let most = self.max_kwp.map_or("any".to_owned(), |Exact(kwp)| kwp.to_string());
            let why = format!("{peak} kWp is not within {least} to {most} kWp");
            lines.push(Working::new("premium", why, Decimal::ZERO, "EUR"));
            return Ok(lines);
        }
        let mut paid = made;
        if let (Some(hours), false) = (self.unpaid_negative_hours, unpaid.is_zero()) {
            paid -= unpaid;
            let formula = format!("{made} − {unpaid} in {hours} or more hours of negative prices on end");
            lines.push(Working::new("may count", formula, paid, "kWh"));
        }
        let cap = self.cap(peak)?.map(|cap| cap * year_part);
        let (of_grid, of_own_use) = counted(paid - own_use, own_use, cap);
        let counts = of_grid + of_own_use;
        let formula = match self.full_load_hours.filter(|_| cap.is_some()) {
            Some(Exact(hours)) if year_part == Decimal::ONE => format!("min({paid} kWh, {peak} kWp × {hours} h)"),
            Some(Exact(hours)) => format!("min({paid} kWh, {peak} kWp × {hours} h × {year_part})"),
            None => format!("{paid} kWh"),
        };
        lines.push(Working::new("counts", formula, counts, "kWh"));
        let mut sum = Decimal::ZERO;
        for (to, name, kwh) in [(To::Grid, "to the grid", of_grid), (To::OwnUse, "own use", of_own_use)] {
            if kwh.is_zero() && (to == To::OwnUse || !own_use.is_zero()) {
                continue;
            }
            let premium = self.premium(year, to, stated, false)?;
            let name = if self.lacks_floor() { format!("{name} ({NO_FLOOR})") } else { name.to_owned() };
            let amount = kwh * premium.eur_per_kwh;
            lines.push(Working::new(name, format!("{} kWh × {}", shown(kwh, 0, 9), premium.formula), amount, "EUR"));
            sum += amount;
        }
        lines.push(Working::new("premium", "the sum", sum, "EUR"));
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::exact::cents;

    fn exact(text: &str) -> Exact {
        Exact(text.parse().unwrap())
    }

    fn sce() -> ProductionPremium {
        ProductionPremium {
            base_eur_per_kwh: Some(exact("0.124")),
            corrections: vec![Correction {
                year: Some(2024),
                eur_per_kwh: Some(exact("0.122")),
                own_use_eur_per_kwh: None,
            }],
            full_load_hours: Some(exact("900")),
            years: Some(15),
            ..ProductionPremium::default()
        }
    }

    fn attempt(kind: &ProductionPremium, inputs: &[(&str, &str)]) -> Result<Vec<Working>, GivenError> {
        let values = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        kind.attempt(&Given::new(values, &kind.inputs(), "2024-07-01".parse().unwrap(), Decimal::ZERO)?)
    }

    fn last_cents(lines: &[Working]) -> i64 {
        cents(lines.last().unwrap().value)
    }

    #[test]
    fn fifty_kwp_in_2024_earn_ninety_euros() {
        let lines = attempt(&sce(), &[("peak_kw", "50"), ("production_kwh", "48000")]).unwrap();
        assert_eq!(last_cents(&lines), 9_000);
        assert!(lines.iter().any(|line| line.what.contains("floor is not known")), "{lines:?}");
    }

    #[test]
    fn the_floor_is_what_is_subtracted_at_least() {
        let kind = ProductionPremium { floor_eur_per_kwh: Some(exact("0.048")), ..sce() };
        let inputs = [("peak_kw", "50"), ("production_kwh", "1000"), ("correction_eur_per_kwh", "0.01")];
        assert_eq!(last_cents(&attempt(&kind, &inputs).unwrap()), 7_600);
        assert_eq!(last_cents(&attempt(&sce(), &inputs).unwrap()), 11_400);
    }

    #[test]
    fn a_two_sided_plant_pays_where_the_market_is_above_its_base() {
        let kind = ProductionPremium { form: PremiumForm::TwoSided, is_uncapped: true, ..sce() };
        let inputs = [("peak_kw", "50"), ("production_kwh", "1000"), ("correction_eur_per_kwh", "0.15")];
        assert_eq!(last_cents(&attempt(&kind, &inputs).unwrap()), -2_600);
        let one_sided = ProductionPremium { form: PremiumForm::Sliding, ..kind };
        assert_eq!(last_cents(&attempt(&one_sided, &inputs).unwrap()), 0);
    }

    #[test]
    fn a_correction_that_nobody_knows_is_named() {
        let inputs = [("peak_kw", "50"), ("production_kwh", "1000"), ("year", "2026")];
        let error = attempt(&sce(), &inputs).unwrap_err().to_string();
        assert!(error.contains("correction of 2026") && error.contains("`corrections`"), "{error}");
        assert_eq!(sce().correction(2026, To::Grid, true).unwrap(), ("0.122".parse().unwrap(), true));
    }

    #[test]
    fn above_the_cap_grid_and_own_use_count_in_proportion() {
        let number = Decimal::from;
        assert_eq!(counted(number(30), number(30), Some(number(40))), (number(20), number(20)));
        assert_eq!(counted(number(30), number(0), Some(number(40))), (number(30), number(0)));
        assert_eq!(counted(number(30), number(30), None), (number(30), number(30)));
    }

    #[test]
    fn a_member_for_each_five_kilowatts_or_part_of_them() {
        for (kw, members) in [(50, 10), (98, 20), (15, 3), (1, 1)] {
            assert_eq!(members_required(Decimal::from(kw), Decimal::from(5)), Decimal::from(members), "{kw} kW");
        }
    }
}

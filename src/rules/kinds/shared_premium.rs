//! Shared premium: the state pays a community for each kWh that its members take while its plants feed in.
//!
//! premium of an hour = (min(cap, fix + max(0, reference − price of the hour)) + adder of the region) × kWh shared; fix and
//! cap by the power of the plant, the adder after the cap; of a plant with an investment grant times a factor. Besides,
//! each shared kWh is valued at what the grid is spared. The part of the premium on what is shared above a part of the
//! injection goes only to consumers that are not firms, or to local social aims.
//!
//! The price of an hour is the mean of the day-ahead prices of its steps. A plant is settled on what it shared, weighed hour
//! by hour, and on its own terms: its class by `peak_kwp`, and the rule's `region` and `has_grant`. The social part is by
//! the year: of what was shared above the part of the injection, at the mean premium of the year.
//!
//! # Worked case
//! T-IT-01, 1,000 kWh shared. 150 kW in the North: at 110 EUR/MWh 80 + 70 is capped at 120, + 10 = 130.00 EUR; at 160:
//! 110.00 EUR; at 190: 90.00 EUR. 800 kW: at 140 EUR/MWh 110.00 EUR, at 180 70.00 EUR.
//!
//! # Source
//! GSE and Regione Emilia-Romagna on comunità energetiche rinnovabili; decree CACER of 2023-12-07.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kind, Stage};
use crate::engine::meters::Flow;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::readings::{Need, Needs, PointKind, Weight};
use crate::rules::rule::Rate;
use crate::rules::settle::{Entry, Sheet, Unknown};
use crate::scenario::diagnostics::{Fault, nearest};
use crate::scenario::tree::Node;

/// A premium per kWh shared.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SharedPremium {
    /// Classes by power of the plant, the smallest first.
    #[schemars(required, length(min = 1))]
    pub classes: Option<Vec<PlantClass>>,
    /// What the price of the hour is subtracted from, EUR/kWh. Left out: not known, and refused where a sum needs it.
    pub reference_eur_per_kwh: Option<Exact>,
    /// What is added by region, after the cap.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// Where the plants are, by name of a region. Left out: not known, and refused where a sum needs it.
    pub region: Option<String>,
    /// What a shared kWh is valued at besides, for the grid that it spares, EUR.
    pub valuation_eur_per_kwh: Option<Exact>,
    /// The part of the price that is added for losses that are avoided.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub avoided_losses_fraction: Option<Exact>,
    /// The part of the injection above which the premium goes only to consumers that are not firms, or to social aims.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub social_above_fraction: Option<Exact>,
    /// The same for plants with an investment grant.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub social_above_fraction_with_grant: Option<Exact>,
    /// What the premium is multiplied by for a plant with an investment grant. Left out: not known, and refused where a
    /// sum needs it.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub grant_factor: Option<Exact>,
    /// Whether the plants have an investment grant.
    #[serde(default)]
    pub has_grant: bool,
    /// How many years it is paid, by the numbers of the day of the application. Left out: by the numbers of each day.
    #[schemars(range(min = 1, max = 40))]
    pub years: Option<u8>,
}

/// A class of plants by power.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PlantClass {
    /// The greatest power, kW, inclusive. Default: any.
    pub up_to_kw: Option<Exact>,
    /// The fixed part, EUR/kWh.
    #[schemars(required)]
    pub fix_eur_per_kwh: Option<Exact>,
    /// The most that the fixed part and the one by price come to, EUR/kWh.
    #[schemars(required)]
    pub cap_eur_per_kwh: Option<Exact>,
}

/// What is added in a region.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Region {
    /// Its name.
    #[schemars(required)]
    pub name: Option<String>,
    /// What is added, EUR/kWh.
    #[schemars(required)]
    pub eur_per_kwh: Option<Exact>,
}

/// What a kWh shared earns: a fixed part, and the most that it and the part by price come to, EUR.
#[derive(Clone, Copy, Debug)]
struct Terms {
    fix: Decimal,
    cap: Decimal,
}

impl PlantClass {
    fn terms(&self) -> Option<Terms> {
        Some(Terms { fix: self.fix_eur_per_kwh?.0, cap: self.cap_eur_per_kwh?.0 })
    }
}

impl Terms {
    /// The most that the part by price comes to; below 0 the cap is below the fixed part.
    fn most_by_price(self) -> Decimal {
        self.cap - self.fix
    }
}

impl SharedPremium {
    /// The terms of a plant of this power, kW.
    fn terms(&self, kw: Option<Decimal>) -> Result<Terms, Unknown> {
        for class in self.classes.iter().flatten() {
            let holds = match (class.up_to_kw, kw) {
                (None, _) => true,
                (Some(Exact(limit)), Some(kw)) => kw <= limit,
                (Some(_), None) => {
                    return Err(Unknown::new(
                        "the power of the plant is not known: describe its panels by one `peak_kwp`",
                    ));
                }
            };
            if let Some(terms) = class.terms().filter(|_| holds) {
                return Ok(terms);
            }
        }
        let kw = kw.unwrap_or_default();
        Err(Unknown::new(format!("it has no class for a plant of {kw} kW: add one to `classes`")))
    }

    fn reference(&self) -> Result<Decimal, Unknown> {
        let reference = self.reference_eur_per_kwh.map(|Exact(eur)| eur);
        reference.ok_or_else(|| Unknown::new("the reference price is not known: set `reference_eur_per_kwh`"))
    }

    fn region_names(&self) -> Vec<&str> {
        self.regions.iter().filter_map(|region| region.name.as_deref()).collect()
    }

    /// What is added in a region.
    fn adder(&self, name: Option<&str>) -> Decimal {
        let is_it = |region: &&Region| name.is_some() && region.name.as_deref() == name;
        self.regions.iter().find(is_it).and_then(|region| region.eur_per_kwh).map_or(Decimal::ZERO, |Exact(eur)| eur)
    }

    /// What is added where the plants are.
    fn own_adder(&self) -> Result<Decimal, Unknown> {
        if self.region.is_none() && !self.regions.is_empty() {
            let names = self.region_names().join(", ");
            return Err(Unknown::new(format!("where the plant is is not known: set `region`, one of {names}")));
        }
        Ok(self.adder(self.region.as_deref()))
    }

    /// What the premium is multiplied by.
    fn factor(&self, has_grant: bool) -> Result<Decimal, Unknown> {
        if !has_grant {
            return Ok(Decimal::ONE);
        }
        self.grant_factor.map(|Exact(factor)| factor).ok_or_else(|| {
            Unknown::new("the premium of a plant with an investment grant is not known: set `grant_factor`")
        })
    }

    /// The part of the injection above which the premium is for social aims.
    fn social_above(&self, has_grant: bool) -> Option<Decimal> {
        let with_grant = if has_grant { self.social_above_fraction_with_grant } else { None };
        with_grant.or(self.social_above_fraction).map(|Exact(part)| part)
    }

    /// What a kWh is valued at for the grid, and the part of the price of its hour that comes on top.
    fn valuation(&self) -> (Decimal, Decimal) {
        let number = |number: Option<Exact>| number.map_or(Decimal::ZERO, |Exact(number)| number);
        (number(self.valuation_eur_per_kwh), number(self.avoided_losses_fraction))
    }

    /// Adds the premium on what a plant shared: what anyone may get, and what is for social aims alone.
    fn settle_premium(&self, sheet: &mut Sheet<'_>, kw: Option<Decimal>, shared: Decimal) -> Result<(), Unknown> {
        let terms = self.terms(kw)?;
        let (fix, most) = (terms.fix, terms.most_by_price());
        let adder = self.own_adder()?;
        let mut registers = vec![(Need::Sum(Flow::SharedOut, Weight::One), 1)];
        let (by_price, words) = if most > Decimal::ZERO {
            let weight = Weight::Below { reference: self.reference()?, most };
            let sum = sheet.sum(Flow::SharedOut, &weight)?;
            registers.push((Need::Sum(Flow::SharedOut, weight), 1));
            (sum, format!("{} EUR by price", shown(sum, 2, 9)))
        } else {
            (shared * most, format!("{} kWh × {most}", shown(shared, 0, 9)))
        };
        let whole = shared * (fix + adder) + by_price;
        if whole.is_zero() {
            return Ok(());
        }
        let factor = self.factor(self.has_grant)?;
        let premium = whole * factor;
        let mean = premium / shared;
        let above = match self.social_above(self.has_grant) {
            Some(part) => {
                let injected = sheet.sum(Flow::Export, &Weight::One)?;
                (shared - part * injected).max(Decimal::ZERO)
            }
            None => Decimal::ZERO,
        };
        for (what, kwh) in [("premium", shared - above), ("premium, only for social aims", above)] {
            if kwh.is_zero() {
                continue;
            }
            let formula = sheet.say(|| {
                let grant = if self.has_grant { format!(" × {factor}") } else { String::new() };
                let all = format!("({} kWh × ({fix} + {adder}) + {words}){grant}", shown(shared, 0, 9));
                if above.is_zero() {
                    all
                } else {
                    format!("{all}, of which {} of {} kWh", shown(kwh, 0, 9), shown(shared, 0, 9))
                }
            });
            sheet.post(Entry {
                what: what.into(),
                base: kwh,
                unit: "kWh",
                rate: Rate::excluding(mean),
                amount_eur: if above.is_zero() { premium } else { premium * kwh / shared },
                vat_fraction: None,
                is_credit: true,
                formula,
                registers: registers.clone(),
            });
        }
        Ok(())
    }

    /// Adds what the grid is spared by what a plant shared.
    fn settle_value(&self, sheet: &mut Sheet<'_>, shared: Decimal) -> Result<(), Unknown> {
        let (fixed, losses) = self.valuation();
        let mut registers = vec![(Need::Sum(Flow::SharedOut, Weight::One), 1)];
        let mut value = shared * fixed;
        let mut words = format!("{} kWh × {fixed}", shown(shared, 0, 9));
        if !losses.is_zero() {
            let priced = sheet.sum(Flow::SharedOut, &Weight::HourlySpot)?;
            registers.push((Need::Sum(Flow::SharedOut, Weight::HourlySpot), 1));
            value += losses * priced;
            words = format!("{words} + {losses} × Σ kWh × price of the hour = {} EUR", shown(priced, 2, 9));
        }
        if value.is_zero() {
            return Ok(());
        }
        let formula = sheet.say(|| words);
        sheet.post(Entry {
            what: "value for the grid".into(),
            base: shared,
            unit: "kWh",
            rate: Rate::excluding(value / shared),
            amount_eur: value,
            vat_fraction: None,
            is_credit: true,
            formula,
            registers,
        });
        Ok(())
    }
}

impl Kind for SharedPremium {
    fn stage(&self) -> Option<Stage> {
        Some(Stage::Premium)
    }

    fn granted_years(&self) -> Option<u8> {
        self.years
    }

    fn ask(&self, needs: &mut Needs) {
        // A sheet has windows of what was drawn and fed in, whatever rules are on it.
        needs.add_residual(Flow::Import, &Weight::One);
        needs.add_residual(Flow::Export, &Weight::One);
        if let Some(Exact(reference)) = self.reference_eur_per_kwh {
            for terms in self.classes.iter().flatten().filter_map(PlantClass::terms) {
                let most = terms.most_by_price();
                if most > Decimal::ZERO {
                    needs.add(Need::Sum(Flow::SharedOut, Weight::Below { reference, most }));
                }
            }
        }
        if !self.valuation().1.is_zero() {
            needs.add(Need::Sum(Flow::SharedOut, Weight::HourlySpot));
        }
    }

    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        let classes = self.classes.as_deref().unwrap_or_default();
        let rises = classes.windows(2).all(|pair| match (pair[0].up_to_kw, pair[1].up_to_kw) {
            (Some(first), Some(next)) => first < next,
            (first, _) => first.is_some(),
        });
        let is_whole = classes.iter().all(|class| class.fix_eur_per_kwh.is_some() && class.cap_eur_per_kwh.is_some());
        if !rises || !is_whole {
            let place = at.get("classes").map_or(&at.origin, |node| &node.origin);
            faults.push(
                Fault::error("kwartier::rules::brackets", "the classes of plants do not rise, or lack their amounts")
                    .at(&place.first_line(), "these classes")
                    .help(
                        "order them by `up_to_kw`, the smallest first, each with fix_eur_per_kwh and cap_eur_per_kwh",
                    ),
            );
        }
        let names = self.region_names();
        if let Some(region) = self.region.as_deref().filter(|region| !names.contains(region)) {
            let near = nearest(region, names.iter().copied());
            let near = near.map_or(String::new(), |near| format!("did you mean \"{near}\"? "));
            let place = at.get("region").map_or(&at.origin, |node| &node.origin);
            faults.push(
                Fault::error("kwartier::rules::region", format!("there is no region \"{region}\""))
                    .at(place, "no such region")
                    .help(format!("{near}regions: {}", names.join(", "))),
            );
        }
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let PointKind::Plant { peak_kwp, .. } = &sheet.point.kind else { return Ok(()) };
        let kw = *peak_kwp;
        let shared = sheet.sum(Flow::SharedOut, &Weight::One)?;
        if shared.is_zero() {
            return Ok(());
        }
        self.settle_premium(sheet, kw, shared)?;
        self.settle_value(sheet, shared)
    }

    fn inputs(&self) -> Vec<Input> {
        vec![
            required("plant_kw", "power of the plant"),
            required("shared_kwh", "what is shared in the hour"),
            required("price_eur_per_kwh", "the zonal price of the hour"),
            optional("region", "where the plant is; default: that of the rule, or nowhere that something is added"),
            optional("injected_kwh", "what the plant feeds in, for the part that must go to social aims"),
            optional("has_grant", "yes for a plant with an investment grant; default: as the rule says"),
        ]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let (kw, shared, price) =
            (given.number("plant_kw")?, given.number("shared_kwh")?, given.number("price_eur_per_kwh")?);
        let Terms { fix, cap } = self.terms(Some(kw))?;
        let reference = self.reference()?;
        let region = given.word("region", &self.region_names())?;
        let adder = self.adder(region.or(self.region.as_deref()));
        let has_grant = self.has_grant || given.truth("has_grant")?;
        let whole = cap.min(fix + (reference - price).max(Decimal::ZERO)) + adder;
        let mut formula = format!("min({cap}, {fix} + max(0, {reference} − {price})) + {adder}");
        let factor = self.factor(has_grant)?;
        if has_grant {
            formula = format!("({formula}) × {factor}");
        }
        let rate = whole * factor;
        let premium = rate * shared;
        let mut lines = vec![
            Working::new("a kWh earns", formula, rate, "EUR/kWh"),
            Working::new("premium", format!("{shared} kWh × {rate}"), premium, "EUR"),
        ];
        let (fixed, losses) = self.valuation();
        if !fixed.is_zero() || !losses.is_zero() {
            let formula = format!("{shared} kWh × ({fixed} + {losses} × {price})");
            lines.push(Working::new("value for the grid", formula, shared * (fixed + losses * price), "EUR"));
        }
        if let (Some(injected), Some(threshold)) = (given.optional("injected_kwh")?, self.social_above(has_grant)) {
            let above = (shared - threshold * injected).max(Decimal::ZERO);
            let formula = format!("max(0, {shared} − {threshold} × {injected}) kWh × {}", shown(rate, 0, 9));
            lines.push(Working::new("of that only for social aims", formula, above * rate, "EUR"));
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::exact::cents;

    fn italy() -> SharedPremium {
        toml::from_str(
            "reference_eur_per_kwh = 0.180
             classes = [
               { up_to_kw = 200, fix_eur_per_kwh = 0.080, cap_eur_per_kwh = 0.120 },
               { up_to_kw = 600, fix_eur_per_kwh = 0.070, cap_eur_per_kwh = 0.110 },
               { fix_eur_per_kwh = 0.060, cap_eur_per_kwh = 0.100 },
             ]
             regions = [{ name = \"centre\", eur_per_kwh = 0.004 }, { name = \"north\", eur_per_kwh = 0.010 }]
             valuation_eur_per_kwh = 0.01057
             social_above_fraction = 0.55
             social_above_fraction_with_grant = 0.45
             grant_factor = 0.5",
        )
        .unwrap()
    }

    fn of(what: &str, inputs: &[(&str, &str)]) -> i64 {
        let kind = italy();
        let values = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let given = Given::new(values, &kind.inputs(), "2025-07-01".parse().unwrap(), Decimal::ZERO).unwrap();
        let lines = kind.attempt(&given).unwrap();
        cents(lines.iter().find(|line| line.what == what).unwrap().value)
    }

    #[test]
    fn an_hour_in_the_north_of_italy() {
        for (kw, price, expected) in [
            ("150", "0.110", 13_000),
            ("150", "0.160", 11_000),
            ("150", "0.190", 9_000),
            ("800", "0.140", 11_000),
            ("800", "0.180", 7_000),
        ] {
            let inputs = [("plant_kw", kw), ("shared_kwh", "1000"), ("price_eur_per_kwh", price), ("region", "north")];
            assert_eq!(of("premium", &inputs), expected, "{kw} kW at {price}");
        }
    }

    #[test]
    fn what_is_shared_above_the_threshold_is_for_social_aims() {
        let inputs =
            [("plant_kw", "150"), ("shared_kwh", "650"), ("injected_kwh", "1000"), ("price_eur_per_kwh", "0.2")];
        assert_eq!(of("of that only for social aims", &inputs), 800);
        assert_eq!(of("value for the grid", &inputs), 687);
    }

    #[test]
    fn a_plant_with_a_grant_earns_a_part_and_gives_to_social_aims_earlier() {
        let inputs = [
            ("plant_kw", "150"),
            ("shared_kwh", "650"),
            ("injected_kwh", "1000"),
            ("price_eur_per_kwh", "0.2"),
            ("has_grant", "yes"),
        ];
        // (0.080 × 0.5) EUR for 650 kWh, and for the 200 of them above 450.
        assert_eq!((of("premium", &inputs), of("of that only for social aims", &inputs)), (2_600, 800));
    }
}

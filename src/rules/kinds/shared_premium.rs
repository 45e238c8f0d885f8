//! Shared premium: the state pays a community for each kWh that its members take while its plants feed in.
//!
//! premium of an hour = (min(cap, fix + max(0, reference − price of the hour)) + adder of the region) × kWh shared; fix and
//! cap by the power of the plant, the adder after the cap; of a plant with an investment grant times a factor. Besides,
//! each shared kWh is valued at what the grid is spared. The part of the premium on what is shared above a part of the
//! injection goes only to consumers that are not firms, or to local social aims.
//!
//! It is tried by the hour and no part of a bill yet: settling needs the kWh shared weighted by a function of the price.
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

use super::Kind;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::settle::Unknown;
use crate::scenario::diagnostics::Fault;
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
    /// How many years it is paid.
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

impl SharedPremium {
    fn class(&self, kw: Decimal) -> Result<(Decimal, Decimal), Unknown> {
        let holds = |class: &&PlantClass| class.up_to_kw.is_none_or(|Exact(limit)| kw <= limit);
        let class = self.classes.iter().flatten().find(holds);
        class
            .and_then(|class| Some((class.fix_eur_per_kwh?.0, class.cap_eur_per_kwh?.0)))
            .ok_or_else(|| Unknown::new(format!("it has no class for a plant of {kw} kW: add one to `classes`")))
    }
}

impl Kind for SharedPremium {
    fn granted_years(&self) -> Option<u8> {
        self.years
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
    }

    fn inputs(&self) -> Vec<Input> {
        vec![
            required("plant_kw", "power of the plant"),
            required("shared_kwh", "what is shared in the hour"),
            required("price_eur_per_kwh", "the zonal price of the hour"),
            optional("region", "where the plant is; default: nowhere that something is added"),
            optional("injected_kwh", "what the plant feeds in, for the part that must go to social aims"),
            optional("has_grant", "yes for a plant with an investment grant; default no"),
        ]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let (kw, shared, price) =
            (given.number("plant_kw")?, given.number("shared_kwh")?, given.number("price_eur_per_kwh")?);
        let (fix, cap) = self.class(kw)?;
        let Exact(reference) = self
            .reference_eur_per_kwh
            .ok_or_else(|| Unknown::new("the reference price is not known: set `reference_eur_per_kwh`"))?;
        let names: Vec<&str> = self.regions.iter().filter_map(|region| region.name.as_deref()).collect();
        let region = given.word("region", &names)?;
        let is_it = |of: &&Region| region.is_some() && of.name.as_deref() == region;
        let adder =
            self.regions.iter().find(is_it).and_then(|of| of.eur_per_kwh).map_or(Decimal::ZERO, |Exact(eur)| eur);
        let has_grant = given.truth("has_grant")?;
        let whole = cap.min(fix + (reference - price).max(Decimal::ZERO)) + adder;
        let formula = format!("min({cap}, {fix} + max(0, {reference} − {price})) + {adder}");
        let (rate, formula) = if has_grant {
            let factor = self.grant_factor.ok_or_else(|| {
                Unknown::new("the premium of a plant with an investment grant is not known: set `grant_factor`")
            })?;
            (whole * factor.0, format!("({formula}) × {}", factor.0))
        } else {
            (whole, formula)
        };
        let premium = rate * shared;
        let mut lines = vec![
            Working::new("a kWh earns", formula, rate, "EUR/kWh"),
            Working::new("premium", format!("{shared} kWh × {rate}"), premium, "EUR"),
        ];
        let losses = self.avoided_losses_fraction.map_or(Decimal::ZERO, |Exact(part)| part);
        if self.valuation_eur_per_kwh.is_some() || !losses.is_zero() {
            let fixed = self.valuation_eur_per_kwh.map_or(Decimal::ZERO, |Exact(eur)| eur);
            let formula = format!("{shared} kWh × ({fixed} + {losses} × {price})");
            lines.push(Working::new("value for the grid", formula, shared * (fixed + losses * price), "EUR"));
        }
        let with_grant = if has_grant { self.social_above_fraction_with_grant } else { None };
        let threshold = with_grant.or(self.social_above_fraction);
        if let (Some(injected), Some(Exact(threshold))) = (given.optional("injected_kwh")?, threshold) {
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

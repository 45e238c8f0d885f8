//! Credit: a fixed amount per point and day, given or asked, for those who are eligible.
//!
//! amount = EUR a year × days / days of the calendar year.
//!
//! # Worked case
//! T-NL-05: one dwelling in 2026: 519.80 EUR of the energy tax are given back, 628.96 with VAT.
//!
//! # Source
//! Wet belastingen op milieugrondslag, article 63 (belastingvermindering).

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kind, Stage};
use crate::rules::attempt::{Given, GivenError, Input, Working, optional};
use crate::rules::exact::Exact;
use crate::rules::rule::Rate;
use crate::rules::settle::{Entry, Sheet, Unknown};
use crate::rules::terms::Carrier;

/// A fixed credit or charge.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Credit {
    /// Amount of a year, EUR without VAT. Left out: not known, and refused where a sum needs it.
    pub eur_per_year: Option<Exact>,
    /// Amount of a year, EUR with VAT.
    pub eur_per_year_incl_vat: Option<Exact>,
    /// Whether the point pays it instead of receiving it.
    #[serde(default)]
    pub is_charge: bool,
    /// The connection that it is for: a gas credit is only for those with gas.
    #[serde(default)]
    pub carrier: Carrier,
}

impl Kind for Credit {
    fn stage(&self) -> Option<Stage> {
        Some(Stage::Credit)
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        if self.carrier == Carrier::Gas && !sheet.point.has_gas {
            return Ok(());
        }
        let rate = Rate::of(self.eur_per_year, self.eur_per_year_incl_vat)
            .ok_or_else(|| Unknown::new("its amount is not known: set `eur_per_year`"))?;
        let formula = sheet.say(|| format!("{}{}", rate.eur, sheet.days_words()));
        sheet.post(Entry {
            what: sheet.rule().title.clone().into(),
            base: sheet.days(),
            unit: "days",
            rate: rate.times(sheet.pro_rata(Decimal::ONE) / sheet.days()),
            amount_eur: sheet.pro_rata(rate.eur),
            vat_fraction: None,
            is_credit: !self.is_charge,
            formula,
            registers: Vec::new(),
        });
        Ok(())
    }

    fn inputs(&self) -> Vec<Input> {
        vec![
            optional("days", "days of the year; default all"),
            optional("year_days", "days of the calendar year; default 365"),
        ]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let rate = Rate::of(self.eur_per_year, self.eur_per_year_incl_vat)
            .ok_or_else(|| Unknown::new("its amount is not known: set `eur_per_year`"))?;
        let of = given.number_or("year_days", Decimal::from(given.on.days_in_year()))?;
        let days = given.number_or("days", of)?;
        if of.is_zero() || days > of {
            return Err(given.wrong("days", "at most the days of the year"));
        }
        let sign = if self.is_charge { Decimal::ONE } else { -Decimal::ONE };
        let amount = |eur: Decimal| sign * eur * days / of;
        let vat = given.vat_fraction;
        Ok(vec![
            Working::new(
                "excluding VAT",
                format!("{} × {days}/{of}", rate.excluding_vat(vat)),
                amount(rate.excluding_vat(vat)),
                "EUR",
            ),
            Working::new(
                "including VAT",
                format!("{} × {days}/{of}", rate.including_vat(vat)),
                amount(rate.including_vat(vat)),
                "EUR",
            ),
        ])
    }
}

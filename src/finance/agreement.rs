//! Power purchase agreements: from sums over a year or period to what is paid for the energy.
//!
//! A price is a weight of each step, `w(spot)`, EUR/kWh; what the energy comes to is Σ kWh × w, which follows from sums:
//!
//! | price | w | Σ kWh × w |
//! |---|---|---|
//! | fixed | p | p × kWh |
//! | indexed | p × I(year) | p × I(year) × kWh |
//! | as produced | spot − fee | spot value − fee × kWh |
//! | floor and cap | min(max(spot, floor), cap) | a sum of its own: no other sum tells it |
//!
//! Off it go the cost of imbalance and the supplier's margin. Everything is exact: nothing is rounded here.

use rust_decimal::Decimal;

use super::interest::compound;

/// How a price goes on from year to year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Index {
    /// The same part more each year: 0.02. Zero is a price that stays.
    PerYear(Decimal),
    /// Levels of an index in year 1, year 2, …: the factor is level / first level.
    Levels(Vec<Decimal>),
}

impl Default for Index {
    fn default() -> Index {
        Index::PerYear(Decimal::ZERO)
    }
}

/// The steepest rise per year; -1 × this is the steepest fall.
pub const STEEPEST_PER_YEAR: Decimal = Decimal::from_parts(25, 0, 0, false, 2);

/// The last year for which an index has a factor.
pub const LAST_YEAR: u32 = 200;

/// No level is more times the first, and no price larger, EUR/kWh: what is, is a slip of the pen.
pub const LARGEST: Decimal = Decimal::ONE_THOUSAND;

impl Index {
    /// What a price of year 1 is times in a year; years count from 1.
    ///
    /// # Errors
    /// If the rise is out of all proportion, a year has no level, or a level cannot be.
    pub fn factor(&self, year: u32) -> Result<Decimal, AgreementError> {
        if !(1..=LAST_YEAR).contains(&year) {
            return Err(AgreementError::Year { year });
        }
        match self {
            Index::PerYear(rise) if rise.abs() > STEEPEST_PER_YEAR => Err(AgreementError::Rise { rise: *rise }),
            Index::PerYear(rise) => Ok(compound(*rise, year - 1)),
            Index::Levels(levels) => {
                let missing = || AgreementError::NoLevel { year, levels: levels.len() };
                let first = *levels.first().ok_or_else(missing)?;
                let level = *levels.get(year as usize - 1).ok_or_else(missing)?;
                let factor = if first > Decimal::ZERO { level.checked_div(first) } else { None };
                let possible = factor.filter(|factor| (Decimal::ZERO..=LARGEST).contains(factor));
                possible.ok_or(AgreementError::Level { first, level, year })
            }
        }
    }
}

/// What is paid for a kWh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Price {
    /// The same in every year.
    Fixed {
        /// The price.
        eur_per_kwh: Decimal,
    },
    /// A price of year 1 that follows an index.
    Indexed {
        /// The price of year 1.
        eur_per_kwh: Decimal,
        /// How it goes on.
        index: Index,
    },
    /// The spot price of the step in which it is made, less a fee.
    AsProduced {
        /// The fee.
        fee_eur_per_kwh: Decimal,
    },
    /// The spot price of the step, not below a floor and not above a cap: plants with a premium.
    FloorCap {
        /// The floor.
        floor_eur_per_kwh: Decimal,
        /// The cap.
        cap_eur_per_kwh: Decimal,
    },
}

/// Who bears what forecasts miss, and how it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imbalance {
    /// It is not charged.
    None,
    /// A part of the energy's value: what the energy comes to at the agreement's price; never below 0.
    MarkUp(Decimal),
    /// What the deviations came to at the prices of imbalance: [`Sums::imbalance_eur`].
    Priced,
}

impl Default for Imbalance {
    /// A fifth of the energy's value.
    fn default() -> Imbalance {
        Imbalance::MarkUp(Decimal::new(20, 2))
    }
}

/// Sums over the steps of a year or period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Energy delivered, kWh.
    pub kwh: Decimal,
    /// Σ kWh × spot price, EUR.
    pub spot_eur: Decimal,
    /// Σ kWh × spot price between floor and cap, EUR; only [`Price::FloorCap`] reads it.
    pub clamped_eur: Decimal,
    /// Σ deviation × [`imbalance_weight_eur_per_kwh`], EUR, positive is a cost; only [`Imbalance::Priced`] reads it.
    pub imbalance_eur: Decimal,
}

/// Why an agreement has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgreementError {
    /// The floor is above the cap.
    #[error("the floor is {floor} EUR/kWh and the cap {cap} EUR/kWh, expected a floor not above the cap: swap them")]
    FloorAboveCap {
        /// The floor, EUR/kWh.
        floor: Decimal,
        /// The cap, EUR/kWh.
        cap: Decimal,
    },
    /// An index rises or falls too steeply.
    #[error(
        "the index changes by {rise} per year, expected -{STEEPEST_PER_YEAR} to {STEEPEST_PER_YEAR}: 2 % is written as 0.02"
    )]
    Rise {
        /// The rise, a part per year.
        rise: Decimal,
    },
    /// A year has no level.
    #[error("the index has {levels} levels but year {year} is asked for: give a level for every year of the life")]
    NoLevel {
        /// The year, from 1.
        year: u32,
        /// Levels there are.
        levels: usize,
    },
    /// A level cannot be.
    #[error(
        "the index is {first} in year 1 and {level} in year {year}, expected above 0 first and then 0 to {LARGEST} times it: \
         correct the levels"
    )]
    Level {
        /// The level of year 1.
        first: Decimal,
        /// The level of the year.
        level: Decimal,
        /// The year.
        year: u32,
    },
    /// The year cannot be.
    #[error("year {year} is asked for, expected 1 to {LAST_YEAR}: years count from 1")]
    Year {
        /// The year.
        year: u32,
    },
    /// A price is out of all proportion.
    #[error("a price is {price} EUR/kWh, expected -{LARGEST} to {LARGEST} EUR/kWh: correct it")]
    Price {
        /// The price.
        price: Decimal,
    },
    /// The mark-up is no part.
    #[error("the mark-up for imbalance is {part}, expected 0 to 1: 20 % is written as 0.20")]
    MarkUp {
        /// The mark-up.
        part: Decimal,
    },
}

impl Price {
    /// What a kWh of a step is paid, EUR/kWh: the weight with which the step enters the sum.
    ///
    /// * `year` – from 1; * `spot_eur_per_kwh` – of the step.
    ///
    /// # Errors
    /// If the floor is above the cap, a price is out of all proportion, or the index has no factor for the year.
    pub fn weight_eur_per_kwh(&self, year: u32, spot_eur_per_kwh: Decimal) -> Result<Decimal, AgreementError> {
        self.check()?;
        match self {
            Price::FloorCap { floor_eur_per_kwh: floor, cap_eur_per_kwh: cap } => {
                Ok(spot_eur_per_kwh.max(*floor).min(*cap))
            }
            Price::AsProduced { fee_eur_per_kwh } => Ok(spot_eur_per_kwh - fee_eur_per_kwh),
            Price::Fixed { eur_per_kwh } => Ok(*eur_per_kwh),
            Price::Indexed { eur_per_kwh, index } => Ok(eur_per_kwh * index.factor(year)?),
        }
    }

    /// What the energy comes to, EUR: Σ kWh × weight, from the sums.
    ///
    /// # Errors
    /// As [`Price::weight_eur_per_kwh`].
    pub fn value_eur(&self, year: u32, sums: &Sums) -> Result<Decimal, AgreementError> {
        self.check()?;
        Ok(match self {
            Price::Fixed { eur_per_kwh } => eur_per_kwh * sums.kwh,
            Price::Indexed { eur_per_kwh, index } => eur_per_kwh * index.factor(year)? * sums.kwh,
            Price::AsProduced { fee_eur_per_kwh } => sums.spot_eur - fee_eur_per_kwh * sums.kwh,
            Price::FloorCap { .. } => sums.clamped_eur,
        })
    }

    fn check(&self) -> Result<(), AgreementError> {
        match *self {
            Price::FloorCap { floor_eur_per_kwh: floor, cap_eur_per_kwh: cap } => {
                if floor > cap {
                    return Err(AgreementError::FloorAboveCap { floor, cap });
                }
                plausible(floor)?;
                plausible(cap)
            }
            Price::Fixed { eur_per_kwh: price }
            | Price::Indexed { eur_per_kwh: price, .. }
            | Price::AsProduced { fee_eur_per_kwh: price } => plausible(price),
        }
    }
}

/// Refuses a price that is out of all proportion.
pub(super) fn plausible(price: Decimal) -> Result<(), AgreementError> {
    if price.abs() > LARGEST { Err(AgreementError::Price { price }) } else { Ok(()) }
}

/// What a kWh made above the forecast costs, EUR/kWh: it earns the price of imbalance instead of the spot price. A kWh below the
/// forecast costs the opposite.
pub fn imbalance_weight_eur_per_kwh(spot_eur_per_kwh: Decimal, imbalance_eur_per_kwh: Decimal) -> Decimal {
    spot_eur_per_kwh - imbalance_eur_per_kwh
}

/// A power purchase agreement, seen from who makes the energy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// What a kWh is paid.
    pub price: Price,
    /// What is taken off for imbalance.
    pub imbalance: Imbalance,
    /// What the supplier keeps of each kWh.
    pub margin_eur_per_kwh: Decimal,
}

/// What an agreement comes to in a year or period, EUR, not rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The energy at its price.
    pub energy_eur: Decimal,
    /// Taken off for imbalance.
    pub imbalance_eur: Decimal,
    /// Kept by the supplier.
    pub margin_eur: Decimal,
}

impl Settlement {
    /// What is paid to who makes the energy, EUR.
    pub fn paid_eur(&self) -> Decimal {
        self.energy_eur - self.imbalance_eur - self.margin_eur
    }
}

impl Agreement {
    /// What it comes to in a year, from the sums over its steps.
    ///
    /// * `year` – from 1.
    ///
    /// # Errors
    /// If a price, the margin or the mark-up cannot be.
    pub fn settle(&self, year: u32, sums: &Sums) -> Result<Settlement, AgreementError> {
        plausible(self.margin_eur_per_kwh)?;
        let energy_eur = self.price.value_eur(year, sums)?;
        let imbalance_eur = match self.imbalance {
            Imbalance::None => Decimal::ZERO,
            Imbalance::MarkUp(part) if part < Decimal::ZERO || part > Decimal::ONE => {
                return Err(AgreementError::MarkUp { part });
            }
            Imbalance::MarkUp(part) => part * energy_eur.max(Decimal::ZERO),
            Imbalance::Priced => sums.imbalance_eur,
        };
        Ok(Settlement { energy_eur, imbalance_eur, margin_eur: self.margin_eur_per_kwh * sums.kwh })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn floor_cap(floor: &str, cap: &str) -> Price {
        Price::FloorCap { floor_eur_per_kwh: number(floor), cap_eur_per_kwh: number(cap) }
    }

    /// A year of 1000 kWh worth 60 EUR on the spot market, 70 EUR between floor and cap; imbalance came to 3 EUR.
    fn year() -> Sums {
        Sums { kwh: number("1000"), spot_eur: number("60"), clamped_eur: number("70"), imbalance_eur: number("3") }
    }

    #[test]
    fn each_price_by_hand() {
        let value = |price: Price, at| price.value_eur(at, &year()).unwrap();
        assert_eq!(value(Price::Fixed { eur_per_kwh: number("0.08") }, 7), number("80"));
        let indexed = |index| Price::Indexed { eur_per_kwh: number("0.08"), index };
        // 80 × 1.02².
        assert_eq!(value(indexed(Index::PerYear(number("0.02"))), 3), number("83.232"));
        // 80 × 110 / 100.
        assert_eq!(value(indexed(Index::Levels(["100", "110"].map(number).into())), 2), number("88"));
        assert_eq!(value(Price::AsProduced { fee_eur_per_kwh: number("0.005") }, 1), number("55"));
        assert_eq!(value(floor_cap("0.05", "0.09"), 1), number("70"));
    }

    #[test]
    fn the_price_of_a_step_lies_between_floor_and_cap() {
        let price = floor_cap("0.04", "0.10");
        for (spot, paid) in [("-0.05", "0.04"), ("0.04", "0.04"), ("0.07", "0.07"), ("0.1", "0.1"), ("0.9", "0.1")] {
            assert_eq!(price.weight_eur_per_kwh(1, number(spot)).unwrap(), number(paid), "{spot}");
        }
    }

    #[test]
    fn imbalance_and_margin_go_off_the_energy() {
        let mut agreement = Agreement {
            price: Price::Fixed { eur_per_kwh: number("0.08") },
            imbalance: Imbalance::default(),
            margin_eur_per_kwh: number("0.01"),
        };
        let settled = agreement.settle(1, &year()).unwrap();
        let expected = Settlement { energy_eur: number("80"), imbalance_eur: number("16"), margin_eur: number("10") };
        assert_eq!(settled, expected);
        assert_eq!(settled.paid_eur(), number("54"));
        agreement.imbalance = Imbalance::Priced;
        assert_eq!(agreement.settle(1, &year()).unwrap().paid_eur(), number("67"));
        agreement.imbalance = Imbalance::None;
        assert_eq!(agreement.settle(1, &year()).unwrap().paid_eur(), number("70"));
    }

    #[test]
    fn a_mark_up_on_energy_of_no_value_is_nothing() {
        let agreement = Agreement {
            price: Price::AsProduced { fee_eur_per_kwh: Decimal::ZERO },
            imbalance: Imbalance::default(),
            margin_eur_per_kwh: Decimal::ZERO,
        };
        let sums = Sums { spot_eur: number("-5"), ..year() };
        assert_eq!(agreement.settle(1, &sums).unwrap().paid_eur(), number("-5"));
    }

    #[test]
    fn more_than_forecast_costs_what_the_spot_price_is_above_that_of_imbalance() {
        assert_eq!(imbalance_weight_eur_per_kwh(number("0.06"), number("0.02")), number("0.04"));
        assert_eq!(imbalance_weight_eur_per_kwh(number("0.06"), number("0.10")), number("-0.04"));
    }

    #[test]
    fn what_cannot_be_is_refused_with_words() {
        let words = |price: Price| price.value_eur(3, &year()).unwrap_err().to_string();
        let indexed = |index| Price::Indexed { eur_per_kwh: number("0.08"), index };
        assert_eq!(
            words(floor_cap("0.10", "0.04")),
            "the floor is 0.10 EUR/kWh and the cap 0.04 EUR/kWh, expected a floor not above the cap: swap them"
        );
        assert_eq!(
            words(indexed(Index::PerYear(number("2")))),
            "the index changes by 2 per year, expected -0.25 to 0.25: 2 % is written as 0.02"
        );
        assert_eq!(
            words(indexed(Index::Levels([number("100")].into()))),
            "the index has 1 levels but year 3 is asked for: give a level for every year of the life"
        );
        assert_eq!(
            words(indexed(Index::Levels(["0", "1", "2"].map(number).into()))),
            "the index is 0 in year 1 and 2 in year 3, expected above 0 first and then 0 to 1000 times it: correct the levels"
        );
        assert_eq!(
            Index::default().factor(0).unwrap_err().to_string(),
            "year 0 is asked for, expected 1 to 200: years count from 1"
        );
        assert_eq!(
            words(Price::Fixed { eur_per_kwh: number("8000") }),
            "a price is 8000 EUR/kWh, expected -1000 to 1000 EUR/kWh: correct it"
        );
        let agreement = Agreement {
            price: Price::Fixed { eur_per_kwh: Decimal::ONE },
            imbalance: Imbalance::MarkUp(number("20")),
            margin_eur_per_kwh: Decimal::ZERO,
        };
        assert_eq!(
            agreement.settle(1, &year()).unwrap_err().to_string(),
            "the mark-up for imbalance is 20, expected 0 to 1: 20 % is written as 0.20"
        );
    }

    proptest! {
        #[test]
        fn the_value_is_the_sum_of_the_weights_of_the_steps(
            steps in vec((0..10_000_i64, -500..1000_i64), 0..100), price in 0..200_i64, year in 1..30_u32, kind in 0..4_usize
        ) {
            let eur = Decimal::new(price, 3);
            let price = [
                Price::Fixed { eur_per_kwh: eur },
                Price::Indexed { eur_per_kwh: eur, index: Index::PerYear(Decimal::ZERO) },
                Price::AsProduced { fee_eur_per_kwh: eur },
                Price::FloorCap { floor_eur_per_kwh: eur, cap_eur_per_kwh: eur + eur },
            ][kind].clone();
            let mut sums = Sums::default();
            for (kwh, spot) in steps {
                let (kwh, spot) = (Decimal::new(kwh, 3), Decimal::new(spot, 3));
                sums.kwh += kwh;
                sums.spot_eur += kwh * spot;
                sums.clamped_eur += kwh * price.weight_eur_per_kwh(year, spot).unwrap();
            }
            prop_assert_eq!(price.value_eur(year, &sums).unwrap(), sums.clamped_eur);
        }
    }
}

//! What a kWh costs inside a cooperative.
//!
//! With the members' need D and surplus S in a period (kWh), the grid's prices b (to take) and e (to feed in), b ≥ e,
//! the local kWh are min(S, D). Each mechanism says who pays what; what the members pay together is always the bill of
//! the grid, b max(D − S, 0) − e max(S − D, 0).
//!
//! | mechanism | price of a kWh |
//! |---|---|
//! | [`fixed()`] | shared at one price p; the rest at b or e |
//! | [`mid_market()`] | shared at (b + e) / 2; the rest at b or e |
//! | [`supply_demand_ratio()`] | falls with r = S / D from b to e |
//! | [`bill_sharing()`] | the grid's bill, spread over use and generation |
//! | [`auction()`] | from the members' own bids and asks |
//! | [`simultaneity()`] | one price for use in the quarter-hour of generation, another for the rest |
//!
//! Signs: need, surplus and kWh are ≥ 0; of money, positive is paid by the member. Prices are EUR per kWh; whether VAT is
//! in them is the caller's choice, the same for all.

pub mod auction;
pub mod bill_sharing;
pub mod fixed;
pub mod mid_market;
pub mod simultaneity;
pub mod supply_demand_ratio;

pub use auction::{Auction, Order, Pricing, Ties, Trade, auction};
pub use bill_sharing::{BillSharing, CollectiveBill, bill_sharing, collective_bill};
pub use fixed::fixed;
pub use mid_market::mid_market;
pub use simultaneity::{SimultaneityTariff, Simultaneous, simultaneity};
pub use supply_demand_ratio::supply_demand_ratio;

/// Why no price can be given.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PriceError {
    /// A quantity is negative, infinite or not a number.
    #[error("{what} is {value}: give a finite number of at least 0")]
    NotAQuantity {
        /// Which quantity.
        what: &'static str,
        /// What was met.
        value: f64,
    },
    /// A price is infinite or not a number.
    #[error("{what} is {value}: give a finite price")]
    NotAPrice {
        /// Which price.
        what: &'static str,
        /// What was met.
        value: f64,
    },
    /// Taking from the grid is cheaper than feeding in: members would rather trade with the grid.
    #[error(
        "import costs {import_eur_per_kwh} EUR/kWh and export earns more, {export_eur_per_kwh}: \
         sharing cannot gain"
    )]
    ImportBelowExport {
        /// Price of import b.
        import_eur_per_kwh: f64,
        /// Price of export e.
        export_eur_per_kwh: f64,
    },
    /// The ratio of supply and demand gives no price, since e ≤ 0.
    #[error(
        "the supply-demand ratio needs an export price above 0, not {export_eur_per_kwh} EUR/kWh: \
         use the mid-market price"
    )]
    ExportPriceNotPositive {
        /// Price of export e.
        export_eur_per_kwh: f64,
    },
    /// Two columns of one period differ in length.
    #[error("{what} has {met} values, expected {expected}")]
    Length {
        /// Which column.
        what: &'static str,
        /// Its length.
        met: usize,
        /// The length of the other.
        expected: usize,
    },
}

/// The grid's prices: b for a kWh taken and e for a kWh fed in, b ≥ e.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridPrices {
    import_eur_per_kwh: f64,
    export_eur_per_kwh: f64,
}

/// A price of a shared kWh that differs from interval to interval with what the members need and have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IntervalPrice {
    /// By the ratio of supply and demand: [`supply_demand_ratio()`].
    SupplyDemandRatio(GridPrices),
}

impl IntervalPrice {
    /// The price, EUR/kWh; 0 where it has none (a need or surplus that is no quantity).
    ///
    /// * `need`, `surplus` – of all members in the interval, kWh or kW.
    pub fn eur_per_kwh(self, need: f64, surplus: f64) -> f64 {
        match self {
            IntervalPrice::SupplyDemandRatio(grid) => {
                supply_demand_ratio(grid, need, surplus).map_or(0.0, |prices| prices.shared_eur_per_kwh)
            }
        }
    }
}

impl GridPrices {
    /// The pair (b, e).
    ///
    /// # Errors
    /// A price that is not finite, or b < e.
    pub fn new(import_eur_per_kwh: f64, export_eur_per_kwh: f64) -> Result<GridPrices, PriceError> {
        check_price("the import price", import_eur_per_kwh)?;
        check_price("the export price", export_eur_per_kwh)?;
        if import_eur_per_kwh < export_eur_per_kwh {
            return Err(PriceError::ImportBelowExport { import_eur_per_kwh, export_eur_per_kwh });
        }
        Ok(GridPrices { import_eur_per_kwh, export_eur_per_kwh })
    }

    /// Price of import b, EUR/kWh.
    pub fn import_eur_per_kwh(self) -> f64 {
        self.import_eur_per_kwh
    }

    /// Price of export e, EUR/kWh.
    pub fn export_eur_per_kwh(self) -> f64 {
        self.export_eur_per_kwh
    }

    /// What the grid asks for a whole community: b max(D − S, 0) − e max(S − D, 0), EUR; negative is income.
    pub fn bill_eur(self, need_kwh: f64, surplus_kwh: f64) -> f64 {
        self.import_eur_per_kwh * (need_kwh - surplus_kwh).max(0.0)
            - self.export_eur_per_kwh * (surplus_kwh - need_kwh).max(0.0)
    }

    /// Prices when a shared kWh costs p, and the rest is bought or sold outside.
    ///
    /// D ≥ S: the buyer's mean is (S p + (D − S) b) / D. S ≥ D: the seller's mean is (D p + (S − D) e) / S. Without need
    /// the buyer's price is that of one small kWh more, p when there is surplus and b without; and so for the seller.
    fn blend(self, shared_eur_per_kwh: f64, need_kwh: f64, surplus_kwh: f64) -> InternalPrices {
        let mean = |kwh: f64, other_kwh: f64, outside: f64| {
            if kwh > other_kwh {
                (other_kwh * shared_eur_per_kwh + (kwh - other_kwh) * outside) / kwh
            } else {
                shared_eur_per_kwh
            }
        };
        InternalPrices {
            shared_eur_per_kwh,
            buy_eur_per_kwh: mean(need_kwh, surplus_kwh, self.import_eur_per_kwh),
            sell_eur_per_kwh: mean(surplus_kwh, need_kwh, self.export_eur_per_kwh),
        }
    }
}

/// The prices of one period inside the community.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InternalPrices {
    /// What a seller gets for a kWh that another member uses.
    pub shared_eur_per_kwh: f64,
    /// What a member pays for each kWh of its need, the grid's part blended in.
    pub buy_eur_per_kwh: f64,
    /// What a member gets for each kWh of its surplus, the grid's part blended in.
    pub sell_eur_per_kwh: f64,
}

impl InternalPrices {
    /// What a member pays in the period, EUR; negative is income.
    pub fn payment_eur(self, need_kwh: f64, surplus_kwh: f64) -> f64 {
        self.buy_eur_per_kwh * need_kwh - self.sell_eur_per_kwh * surplus_kwh
    }
}

fn check_price(what: &'static str, value: f64) -> Result<(), PriceError> {
    if value.is_finite() { Ok(()) } else { Err(PriceError::NotAPrice { what, value }) }
}

fn check_quantity(what: &'static str, value: f64) -> Result<(), PriceError> {
    if value.is_finite() && value >= 0.0 { Ok(()) } else { Err(PriceError::NotAQuantity { what, value }) }
}

fn check_period(need_kwh: f64, surplus_kwh: f64) -> Result<(), PriceError> {
    check_quantity("the need", need_kwh)?;
    check_quantity("the surplus", surplus_kwh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 1e-9 EUR: a few products of numbers below 1000 in f64.
    const EUR: f64 = 1e-9;

    #[test]
    fn prices_that_are_no_prices_are_refused() {
        assert!(matches!(GridPrices::new(f64::NAN, 0.1), Err(PriceError::NotAPrice { .. })));
        assert!(matches!(GridPrices::new(0.05, 0.1), Err(PriceError::ImportBelowExport { .. })));
        let grid = GridPrices::new(0.3, 0.06).expect("b above e");
        assert!(matches!(mid_market(grid, -1.0, 0.0), Err(PriceError::NotAQuantity { what: "the need", .. })));
        assert!(matches!(fixed(grid, f64::INFINITY, 1.0, 1.0), Err(PriceError::NotAPrice { .. })));
    }

    fn period() -> impl Strategy<Value = (f64, f64, Vec<(f64, f64)>)> {
        let kwh = || prop_oneof![1 => Just(0.0), 4 => 0.0..20.0_f64];
        (0.001..0.3_f64, 0.0..0.4_f64, prop::collection::vec((kwh(), kwh()), 0..12))
    }

    proptest! {
        #[test]
        fn members_together_pay_the_bill_of_the_grid((export, above, members) in period(), place in 0.0..1.0_f64) {
            let grid = GridPrices::new(export + above, export).expect("b at least e");
            let need: f64 = members.iter().map(|m| m.0).sum();
            let surplus: f64 = members.iter().map(|m| m.1).sum();
            let price = export + place * above;
            for prices in [
                fixed(grid, price, need, surplus).expect("finite"),
                mid_market(grid, need, surplus).expect("finite"),
                supply_demand_ratio(grid, need, surplus).expect("finite"),
            ] {
                let paid: f64 = members.iter().map(|m| prices.payment_eur(m.0, m.1)).sum();
                prop_assert!((paid - grid.bill_eur(need, surplus)).abs() < EUR, "{prices:?}");
                for price in [prices.buy_eur_per_kwh, prices.sell_eur_per_kwh, prices.shared_eur_per_kwh] {
                    prop_assert!((export - 1e-12..=export + above + 1e-12).contains(&price), "{prices:?}");
                }
            }
        }

        #[test]
        fn nobody_does_worse_than_alone((export, above, members) in period()) {
            let grid = GridPrices::new(export + above, export).expect("b at least e");
            let need: f64 = members.iter().map(|m| m.0).sum();
            let surplus: f64 = members.iter().map(|m| m.1).sum();
            let prices = mid_market(grid, need, surplus).expect("finite");
            for (need, surplus) in members {
                let alone = (export + above) * need - export * surplus;
                prop_assert!(prices.payment_eur(need, surplus) <= alone + EUR);
            }
        }
    }
}

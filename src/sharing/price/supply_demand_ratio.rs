//! A price that falls as the community's own supply rises.

use super::{GridPrices, InternalPrices, PriceError, check_period};

/// The prices of a period by the ratio r = S / D of supply and demand.
///
/// r ≤ 1: sell = b e / ((b − e) r + e) and buy = sell r + b (1 − r). r > 1: both are e. A shared kWh costs the selling
/// price. So sell runs from b (no supply) down to e (all need met), without a jump; the ratio is supply over demand,
/// since the other way round the price would rise with supply.
///
/// Without need r counts as infinite when there is surplus, and as 0 when there is none.
///
/// # Arguments
/// * `need_kwh`, `surplus_kwh` – D and S of all members, ≥ 0.
///
/// # Errors
/// A quantity that is negative or not finite; e ≤ 0, where the curve breaks off (with e = 0 any supply is worth
/// nothing). b = e is allowed: all prices are the same.
///
/// # Reference
/// N. Liu, X. Yu, C. Wang, C. Li, L. Ma, J. Lei, "Energy-sharing model with price-based demand response for microgrids of
/// peer-to-peer prosumers", IEEE Transactions on Power Systems 32 (2017).
pub fn supply_demand_ratio(grid: GridPrices, need_kwh: f64, surplus_kwh: f64) -> Result<InternalPrices, PriceError> {
    check_period(need_kwh, surplus_kwh)?;
    let (b, e) = (grid.import_eur_per_kwh, grid.export_eur_per_kwh);
    if e <= 0.0 {
        return Err(PriceError::ExportPriceNotPositive { export_eur_per_kwh: e });
    }
    if surplus_kwh > need_kwh {
        return Ok(InternalPrices { shared_eur_per_kwh: e, buy_eur_per_kwh: e, sell_eur_per_kwh: e });
    }
    let ratio = if need_kwh > 0.0 { surplus_kwh / need_kwh } else { 0.0 };
    let sell = b * e / ((b - e) * ratio + e);
    Ok(InternalPrices {
        shared_eur_per_kwh: sell,
        buy_eur_per_kwh: sell * ratio + b * (1.0 - ratio),
        sell_eur_per_kwh: sell,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid() -> GridPrices {
        GridPrices::new(0.30, 0.06).expect("b above e")
    }

    #[test]
    fn the_price_runs_from_import_to_export() {
        let at = |surplus| supply_demand_ratio(grid(), 10.0, surplus).expect("finite");
        assert!((at(0.0).sell_eur_per_kwh - 0.30).abs() < 1e-12);
        assert!((at(0.0).buy_eur_per_kwh - 0.30).abs() < 1e-12);
        // 0.30 · 0.06 / (0.24 · 0.5 + 0.06) = 0.1; 0.1 · 0.5 + 0.30 · 0.5 = 0.2.
        assert!((at(5.0).sell_eur_per_kwh - 0.10).abs() < 1e-12);
        assert!((at(5.0).buy_eur_per_kwh - 0.20).abs() < 1e-12);
        for surplus in [10.0, 10.0 + 1e-9, 25.0] {
            assert!((at(surplus).sell_eur_per_kwh - 0.06).abs() < 1e-12);
            assert!((at(surplus).buy_eur_per_kwh - 0.06).abs() < 1e-9);
        }
    }

    #[test]
    fn without_need_surplus_earns_the_export_price() {
        assert!((supply_demand_ratio(grid(), 0.0, 3.0).expect("finite").sell_eur_per_kwh - 0.06).abs() < 1e-12);
        assert!((supply_demand_ratio(grid(), 0.0, 0.0).expect("finite").buy_eur_per_kwh - 0.30).abs() < 1e-12);
    }

    #[test]
    fn an_export_price_of_nothing_is_refused() {
        for export in [0.0, -0.02] {
            let grid = GridPrices::new(0.30, export).expect("b above e");
            let refused = supply_demand_ratio(grid, 1.0, 1.0);
            assert_eq!(refused, Err(PriceError::ExportPriceNotPositive { export_eur_per_kwh: export }));
        }
        let flat = supply_demand_ratio(GridPrices::new(0.1, 0.1).expect("b is e"), 4.0, 3.0).expect("finite");
        assert!((flat.buy_eur_per_kwh - 0.1).abs() + (flat.sell_eur_per_kwh - 0.1).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn more_supply_never_raises_a_price(need in 0.1..50.0_f64, less in 0.0..60.0_f64, more in 0.0..20.0_f64) {
            let before = supply_demand_ratio(grid(), need, less).expect("finite");
            let after = supply_demand_ratio(grid(), need, less + more).expect("finite");
            prop_assert!(after.sell_eur_per_kwh <= before.sell_eur_per_kwh + 1e-12);
            prop_assert!(after.buy_eur_per_kwh <= before.buy_eur_per_kwh + 1e-12);
        }
    }
}

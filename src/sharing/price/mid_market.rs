//! A shared kWh halfway between the grid's prices.

use super::{GridPrices, InternalPrices, PriceError, check_period};

/// The mid-market prices of a period: a shared kWh costs (b + e) / 2.
///
/// # Arguments
/// * `need_kwh`, `surplus_kwh` – of all members, ≥ 0.
///
/// # Errors
/// A quantity that is negative or not finite.
///
/// # Reference
/// C. Long, J. Wu, C. Zhang, L. Thomas, M. Cheng, N. Jenkins, "Peer-to-peer energy trading in a community microgrid",
/// IEEE PES General Meeting 2017.
pub fn mid_market(grid: GridPrices, need_kwh: f64, surplus_kwh: f64) -> Result<InternalPrices, PriceError> {
    check_period(need_kwh, surplus_kwh)?;
    let middle = f64::midpoint(grid.import_eur_per_kwh, grid.export_eur_per_kwh);
    Ok(grid.blend(middle, need_kwh, surplus_kwh))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_side_in_excess_pays_for_the_grid() {
        let grid = GridPrices::new(0.30, 0.06).expect("b above e");
        for (surplus, need, buy, sell) in
            [(6.0, 10.0, 0.228, 0.18), (10.0, 6.0, 0.18, 0.132), (6.0, 6.0, 0.18, 0.18), (0.0, 6.0, 0.30, 0.18)]
        {
            let prices = mid_market(grid, need, surplus).expect("finite");
            assert!((prices.shared_eur_per_kwh - 0.18).abs() < 1e-12);
            assert!((prices.buy_eur_per_kwh - buy).abs() < 1e-12, "{prices:?}");
            assert!((prices.sell_eur_per_kwh - sell).abs() < 1e-12, "{prices:?}");
        }
    }

    #[test]
    fn without_need_and_surplus_the_prices_are_the_middle() {
        let grid = GridPrices::new(0.30, 0.06).expect("b above e");
        let prices = mid_market(grid, 0.0, 0.0).expect("finite");
        assert!((prices.buy_eur_per_kwh - 0.18).abs() + (prices.sell_eur_per_kwh - 0.18).abs() < 1e-12);
        let sunny = mid_market(grid, 0.0, 5.0).expect("finite");
        assert!((sunny.sell_eur_per_kwh - 0.06).abs() < 1e-12);
    }
}

//! A shared kWh at a price that the members have agreed on.

use super::{GridPrices, InternalPrices, PriceError, check_period, check_price};

/// The prices of a period in which a shared kWh costs `shared_eur_per_kwh`.
///
/// The price may lie outside the grid's: then one side would do better with the grid, which the cooperative may want to
/// see. Within `[e, b]` nobody pays more than alone.
///
/// # Arguments
/// * `need_kwh`, `surplus_kwh` – of all members, ≥ 0.
///
/// # Errors
/// A price that is not finite, or a quantity that is negative or not finite.
pub fn fixed(
    grid: GridPrices,
    shared_eur_per_kwh: f64,
    need_kwh: f64,
    surplus_kwh: f64,
) -> Result<InternalPrices, PriceError> {
    check_price("the price of a shared kWh", shared_eur_per_kwh)?;
    check_period(need_kwh, surplus_kwh)?;
    Ok(grid.blend(shared_eur_per_kwh, need_kwh, surplus_kwh))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_bought_or_sold_outside() {
        let grid = GridPrices::new(0.30, 0.06).expect("b above e");
        let short = fixed(grid, 0.20, 10.0, 6.0).expect("finite");
        assert!((short.buy_eur_per_kwh - 0.24).abs() < 1e-12);
        assert!((short.sell_eur_per_kwh - 0.20).abs() < 1e-12);
        let ample = fixed(grid, 0.20, 6.0, 10.0).expect("finite");
        assert!((ample.buy_eur_per_kwh - 0.20).abs() < 1e-12);
        assert!((ample.sell_eur_per_kwh - 0.144).abs() < 1e-12);
    }
}

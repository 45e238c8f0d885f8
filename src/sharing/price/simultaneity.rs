//! One price for kWh that are used in the quarter-hour in which they are made, another for the rest.

use super::{PriceError, check_price, check_quantity};

/// The two prices of a simultaneity tariff.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimultaneityTariff {
    /// Of a kWh used in the step in which it is made locally.
    pub simultaneous_eur_per_kwh: f64,
    /// Of every other kWh.
    pub rest_eur_per_kwh: f64,
}

/// What a member uses at each price, and pays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Simultaneous {
    /// Used in the step in which it was made, kWh.
    pub simultaneous_kwh: f64,
    /// Used at another time, kWh.
    pub rest_kwh: f64,
    /// For both, EUR.
    pub payment_eur: f64,
}

/// Bills a member under a simultaneity tariff: in each step min(use, its local kWh) is simultaneous.
///
/// # Arguments
/// * `use_kwh` – the member's use, `[steps]`, ≥ 0.
/// * `local_kwh` – its part of what is made locally in the same step, `[steps]`, ≥ 0.
///
/// # Invariants
/// `simultaneous_kwh + rest_kwh = Σ use`.
///
/// # Errors
/// Columns of different length; a quantity that is negative or not finite; a price that is not finite.
pub fn simultaneity(
    tariff: SimultaneityTariff,
    use_kwh: &[f64],
    local_kwh: &[f64],
) -> Result<Simultaneous, PriceError> {
    check_price("the price of simultaneous use", tariff.simultaneous_eur_per_kwh)?;
    check_price("the price of the rest", tariff.rest_eur_per_kwh)?;
    if use_kwh.len() != local_kwh.len() {
        let (met, expected) = (local_kwh.len(), use_kwh.len());
        return Err(PriceError::Length { what: "local generation", met, expected });
    }
    let mut result = Simultaneous::default();
    for (&used, &local) in use_kwh.iter().zip(local_kwh) {
        check_quantity("a use", used)?;
        check_quantity("a local generation", local)?;
        result.simultaneous_kwh += used.min(local);
        result.rest_kwh += (used - local).max(0.0);
    }
    result.payment_eur =
        tariff.simultaneous_eur_per_kwh * result.simultaneous_kwh + tariff.rest_eur_per_kwh * result.rest_kwh;
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARIFF: SimultaneityTariff = SimultaneityTariff { simultaneous_eur_per_kwh: 0.18, rest_eur_per_kwh: 0.30 };

    #[test]
    fn only_use_in_the_same_step_is_at_the_local_price() {
        let bill = simultaneity(TARIFF, &[2.0, 1.0, 3.0], &[1.0, 4.0, 0.0]).expect("finite");
        assert!((bill.simultaneous_kwh - 2.0).abs() < 1e-12);
        assert!((bill.rest_kwh - 4.0).abs() < 1e-12);
        assert!((bill.payment_eur - (2.0 * 0.18 + 4.0 * 0.30)).abs() < 1e-12);
    }

    #[test]
    fn no_steps_cost_nothing_and_a_hole_is_refused() {
        assert_eq!(simultaneity(TARIFF, &[], &[]), Ok(Simultaneous::default()));
        assert!(matches!(simultaneity(TARIFF, &[f64::NAN], &[1.0]), Err(PriceError::NotAQuantity { .. })));
        assert!(matches!(simultaneity(TARIFF, &[1.0], &[]), Err(PriceError::Length { .. })));
    }
}

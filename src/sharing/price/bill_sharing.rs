//! The community's bill from the grid, spread over all use and all generation of a period.

use super::{GridPrices, PriceError, check_price, check_quantity};

/// What the grid asks of and gives to the whole community in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CollectiveBill {
    /// Cost of all import, EUR.
    pub import_cost_eur: f64,
    /// Income of all export, EUR.
    pub export_income_eur: f64,
}

/// The bill of a community behind one meter: each step is either import or export.
///
/// # Arguments
/// * `net_kwh` – use minus generation of all members, `[steps]`, kWh, positive = from the grid.
///
/// # Errors
/// A net that is not finite.
pub fn collective_bill(grid: GridPrices, net_kwh: &[f64]) -> Result<CollectiveBill, PriceError> {
    let mut bill = CollectiveBill::default();
    for &net in net_kwh {
        check_quantity("the size of a net", net.abs())?;
        bill.import_cost_eur += grid.import_eur_per_kwh * net.max(0.0);
        bill.export_income_eur += grid.export_eur_per_kwh * (-net).max(0.0);
    }
    Ok(bill)
}

/// A community's bill, divided.
#[derive(Clone, Debug, PartialEq)]
pub struct BillSharing {
    /// What each kWh of use pays.
    pub cost_eur_per_kwh: f64,
    /// What each kWh of generation earns.
    pub income_eur_per_kwh: f64,
    /// What each member pays, EUR; negative is income.
    pub payments_eur: Vec<f64>,
    /// What is on nobody: cost without any use, less income without any generation, EUR.
    pub undivided_eur: f64,
}

/// Divides a community's bill: cost by use, income by generation.
///
/// Each kWh of use pays `import cost / Σ use`, each kWh of generation earns `export income / Σ generation`. Without any
/// use (or generation) that price is 0, and the cost (or income) is left in `undivided_eur`.
///
/// # Arguments
/// * `use_kwh`, `generation_kwh` – per member over the period, ≥ 0, own use included.
///
/// # Invariants
/// Σ `payments_eur` + `undivided_eur` = import cost − export income.
///
/// # Errors
/// Columns of different length; a quantity that is negative or not finite; money that is not finite.
///
/// # Reference
/// C. Long et al., "Peer-to-peer energy trading in a community microgrid", IEEE PES General Meeting 2017.
pub fn bill_sharing(bill: CollectiveBill, use_kwh: &[f64], generation_kwh: &[f64]) -> Result<BillSharing, PriceError> {
    check_price("the cost of import", bill.import_cost_eur)?;
    check_price("the income of export", bill.export_income_eur)?;
    if use_kwh.len() != generation_kwh.len() {
        let (met, expected) = (generation_kwh.len(), use_kwh.len());
        return Err(PriceError::Length { what: "generation", met, expected });
    }
    use_kwh.iter().try_for_each(|&kwh| check_quantity("a use", kwh))?;
    generation_kwh.iter().try_for_each(|&kwh| check_quantity("a generation", kwh))?;

    let (cost_eur_per_kwh, cost_left) = spread(bill.import_cost_eur, use_kwh);
    let (income_eur_per_kwh, income_left) = spread(bill.export_income_eur, generation_kwh);
    let payments_eur = use_kwh
        .iter()
        .zip(generation_kwh)
        .map(|(used, made)| cost_eur_per_kwh * used - income_eur_per_kwh * made)
        .collect();
    Ok(BillSharing { cost_eur_per_kwh, income_eur_per_kwh, payments_eur, undivided_eur: cost_left - income_left })
}

/// The amount per kWh, and what no kWh carries.
fn spread(amount_eur: f64, kwh: &[f64]) -> (f64, f64) {
    let total: f64 = kwh.iter().sum();
    if total > 0.0 { (amount_eur / total, 0.0) } else { (0.0, amount_eur) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid() -> GridPrices {
        GridPrices::new(0.30, 0.06).expect("b above e")
    }

    #[test]
    fn use_pays_the_import_and_generation_earns_the_export() {
        let bill = collective_bill(grid(), &[4.0, -2.0]).expect("finite");
        let shared = bill_sharing(bill, &[6.0, 4.0], &[0.0, 8.0]).expect("finite");
        assert!((shared.cost_eur_per_kwh - 0.12).abs() < 1e-12);
        assert!((shared.income_eur_per_kwh - 0.015).abs() < 1e-12);
        assert!((shared.payments_eur[0] - 0.72).abs() < 1e-12);
        assert!((shared.payments_eur[1] - 0.36).abs() < 1e-12);
        assert!((shared.payments_eur.iter().sum::<f64>() - 1.08).abs() < 1e-12);
        assert!(shared.undivided_eur.abs() < 1e-15);
    }

    #[test]
    fn what_nobody_used_is_left_and_said() {
        let bill = CollectiveBill { import_cost_eur: 2.0, export_income_eur: 0.5 };
        let shared = bill_sharing(bill, &[0.0, 0.0], &[0.0, 0.0]).expect("finite");
        assert!((shared.undivided_eur - 1.5).abs() < 1e-15);
        assert!(shared.payments_eur.iter().all(|paid| paid.abs() < 1e-15));
        assert!(bill_sharing(bill, &[], &[]).expect("finite").payments_eur.is_empty());
    }

    #[test]
    fn columns_must_be_of_one_length() {
        let refused = bill_sharing(CollectiveBill::default(), &[1.0], &[]);
        assert_eq!(refused, Err(PriceError::Length { what: "generation", met: 0, expected: 1 }));
    }

    proptest! {
        #[test]
        fn payments_and_rest_are_the_bill(
            net in prop::collection::vec(-9.0..9.0_f64, 0..40),
            members in prop::collection::vec((0.0..9.0_f64, 0.0..9.0_f64), 0..9),
        ) {
            let bill = collective_bill(grid(), &net).expect("finite");
            let (used, made): (Vec<f64>, Vec<f64>) = members.into_iter().unzip();
            let shared = bill_sharing(bill, &used, &made).expect("finite");
            let paid = shared.payments_eur.iter().sum::<f64>() + shared.undivided_eur;
            prop_assert!((paid - (bill.import_cost_eur - bill.export_income_eur)).abs() < 1e-9);
        }
    }
}

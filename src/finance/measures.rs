//! What a row of yearly cash flows comes to: net present value, internal rate of return, payback, levelised cost, annuity.
//!
//! `flows_eur[0]` is at the start, `flows_eur[t]` at the end of year t; received is positive. A rate is a part per year: 0.05.
//!
//! # Source
//! R. A. Brealey, S. C. Myers, F. Allen, "Principles of Corporate Finance": the usual definitions, as in a spreadsheet's
//! functions NPV (whose first flow is a year later), IRR and PMT.

/// Why a measure cannot be given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// No rate makes the flows worth nothing.
    #[error(
        "there is no internal rate of return: at no rate from -99 % to 100,000 % are the flows worth nothing \
         (what is paid must come back in part)"
    )]
    NoRoot,
    /// Several rates do.
    #[error("there are {} internal rates of return ({}): the flows change their sign more than once, compare net present values instead", .rates.len(), percents(.rates))]
    SeveralRoots {
        /// They, rising.
        rates: Vec<f64>,
    },
    /// There is no energy to spread the cost over.
    #[error("there is no energy to spread the cost over: the discounted production is {kwh} kWh, expected above 0")]
    NoEnergy {
        /// What there is.
        kwh: f64,
    },
}

fn percents(rates: &[f64]) -> String {
    rates.iter().map(|rate| format!("{:.2} %", rate * 100.0)).collect::<Vec<String>>().join(", ")
}

/// Σ flow / (1 + rate)^t, EUR.
pub fn net_present_value_eur(rate: f64, flows_eur: &[f64]) -> f64 {
    // Horner's rule: the last flow is discounted most.
    flows_eur.iter().rev().fold(0.0, |later, flow| flow + later / (1.0 + rate))
}

/// The lowest and highest rate at which roots are looked for.
const RATES: (f64, f64) = (-0.99, 1000.0);

/// Intervals, even in ln(1 + rate), in each of which a root is looked for.
const INTERVALS: u32 = 4000;

/// The rate at which the net present value is 0.
///
/// # Errors
/// If there is no such rate, or more than one: then the measure says nothing.
pub fn internal_rate_of_return(flows_eur: &[f64]) -> Result<f64, MeasureError> {
    let rate = |number: u32| {
        let (low, high) = (libm::log1p(RATES.0), libm::log1p(RATES.1));
        libm::expm1(low + (high - low) * f64::from(number) / f64::from(INTERVALS))
    };
    let value = |rate: f64| net_present_value_eur(rate, flows_eur);
    let mut rates = Vec::new();
    let (mut high, mut at_high) = (rate(0), value(rate(0)));
    for number in 1..=INTERVALS {
        let (low, at_low) = (high, at_high);
        high = rate(number);
        at_high = value(high);
        if (at_low > 0.0) != (at_high > 0.0) && (at_low.abs() > 0.0 || at_high.abs() > 0.0) {
            rates.push(bisect(low, high, value));
        }
    }
    match rates.as_slice() {
        [] => Err(MeasureError::NoRoot),
        [only] => Ok(*only),
        _ => Err(MeasureError::SeveralRoots { rates }),
    }
}

fn bisect(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    let is_positive = value(low) > 0.0;
    // Halving 200 times ends at neighbouring numbers, whatever the first interval.
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if (value(middle) > 0.0) == is_positive {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Years until the flows, discounted at `rate` (0: the simple payback), have paid back; within the year by proportion.
/// `None` if they never do.
pub fn payback_years(rate: f64, flows_eur: &[f64]) -> Option<f64> {
    let mut sum = 0.0;
    let mut discount = 1.0;
    for (year, flow) in flows_eur.iter().enumerate() {
        let before = sum;
        sum += flow * discount;
        discount /= 1.0 + rate;
        if sum >= 0.0 {
            return Some(if year == 0 { 0.0 } else { year as f64 - 1.0 + before / (before - sum) });
        }
    }
    None
}

/// Discounted cost over discounted energy, EUR/kWh: the price of a kWh at which the net present value is 0.
///
/// * `costs_eur` – paid is positive; * `energy_kwh` – of each year, both from the start (0) on.
///
/// # Errors
/// If there is no energy.
pub fn levelised_cost_eur_per_kwh(rate: f64, costs_eur: &[f64], energy_kwh: &[f64]) -> Result<f64, MeasureError> {
    let kwh = net_present_value_eur(rate, energy_kwh);
    if kwh > 0.0 { Ok(net_present_value_eur(rate, costs_eur) / kwh) } else { Err(MeasureError::NoEnergy { kwh }) }
}

/// The equal payment at the end of each of `periods` that repays a loan: P r / (1 − (1 + r)^−n); P / n without interest.
pub fn annuity_eur(principal_eur: f64, rate_per_period: f64, periods: u32) -> f64 {
    let count = f64::from(periods);
    if rate_per_period.abs() < f64::EPSILON {
        return principal_eur / count;
    }
    principal_eur * rate_per_period / -libm::expm1(-count * libm::log1p(rate_per_period))
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn value_and_rate_of_an_investment_by_hand() {
        let flows = [-1000.0, 500.0, 500.0, 500.0];
        // 500 (1/1.1 + 1/1.21 + 1/1.331) − 1000.
        assert_abs_diff_eq!(net_present_value_eur(0.1, &flows), 243.425_995, epsilon = 1e-6);
        assert_abs_diff_eq!(internal_rate_of_return(&flows).unwrap(), 0.233_751_928, epsilon = 1e-9);
        assert_abs_diff_eq!(internal_rate_of_return(&[-100.0, 110.0]).unwrap(), 0.1, epsilon = 1e-12);
        assert_abs_diff_eq!(internal_rate_of_return(&[-100.0, 50.0]).unwrap(), -0.5, epsilon = 1e-12);
    }

    #[test]
    fn a_rate_that_is_none_or_several_is_refused_with_words() {
        // (1.1 and 1.2 are the roots of −100 x² + 230 x − 132.)
        let several = internal_rate_of_return(&[-100.0, 230.0, -132.0]).unwrap_err();
        assert!(several.to_string().contains("2 internal rates") && several.to_string().contains("10.00 %, 20.00 %"));
        for flows in [&[100.0, 50.0][..], &[-100.0, -1.0], &[-100.0], &[0.0, 0.0], &[]] {
            assert_eq!(internal_rate_of_return(flows), Err(MeasureError::NoRoot), "{flows:?}");
        }
    }

    #[test]
    fn payback_is_within_the_year_in_which_the_sum_turns() {
        let flows = [-1000.0, 400.0, 400.0, 400.0];
        assert_abs_diff_eq!(payback_years(0.0, &flows).unwrap(), 2.5, epsilon = 1e-12);
        // 400/1.1 + 400/1.21 = 694.2149; the third year brings 300.5259 of the 305.7851 that are missing.
        assert_eq!(payback_years(0.1, &flows), None);
        assert_abs_diff_eq!(payback_years(0.0, &[5.0, 1.0]).unwrap(), 0.0, epsilon = 1e-12);
        assert_eq!(payback_years(0.0, &[-5.0, 1.0]), None);
    }

    #[test]
    fn a_loan_of_ten_thousand_at_five_percent_over_ten_years() {
        // PMT(5 %; 10; 10000).
        assert_abs_diff_eq!(annuity_eur(10_000.0, 0.05, 10), 1_295.045_75, epsilon = 1e-5);
        assert_abs_diff_eq!(annuity_eur(10_000.0, 0.0, 10), 1000.0, epsilon = 1e-9);
    }

    #[test]
    fn levelised_cost_by_hand() {
        // 1000 at the start and 10 in each of two years, for 5000 kWh in each, without discount.
        let cost = levelised_cost_eur_per_kwh(0.0, &[1000.0, 10.0, 10.0], &[0.0, 5000.0, 5000.0]).unwrap();
        assert_abs_diff_eq!(cost, 0.102, epsilon = 1e-12);
        assert!(levelised_cost_eur_per_kwh(0.05, &[1.0], &[0.0]).is_err());
    }

    proptest! {
        #[test]
        fn the_value_at_the_internal_rate_is_zero(price in 10.0..1e6_f64, years in vec(0.0..1e6_f64, 1..30)) {
            let flows: Vec<f64> = std::iter::once(-price).chain(years).collect();
            if let Ok(rate) = internal_rate_of_return(&flows) {
                let scale: f64 = flows.iter().enumerate().map(|(t, eur)| eur.abs() / (1.0 + rate).powi(t as i32)).sum();
                prop_assert!(net_present_value_eur(rate, &flows).abs() <= 1e-9 * scale);
            }
        }

        #[test]
        fn an_annuity_is_worth_its_principal(principal in 1.0..1e6_f64, rate in 0.0..0.2_f64, periods in 1..360_u32) {
            let payment = annuity_eur(principal, rate, periods);
            let flows: Vec<f64> = std::iter::once(0.0).chain((0..periods).map(|_| payment)).collect();
            prop_assert!((net_present_value_eur(rate, &flows) - principal).abs() <= 1e-9 * principal);
        }

        #[test]
        fn sold_at_its_levelised_cost_a_plant_is_worth_nothing(
            rate in 0.0..0.15_f64, price in 1.0..1e6_f64, years in vec((0.0..1e4_f64, 1.0..1e6_f64), 1..30)
        ) {
            let costs: Vec<f64> = std::iter::once(price).chain(years.iter().map(|(eur, _)| *eur)).collect();
            let energy: Vec<f64> = std::iter::once(0.0).chain(years.iter().map(|(_, kwh)| *kwh)).collect();
            let tariff = levelised_cost_eur_per_kwh(rate, &costs, &energy).unwrap();
            let flows: Vec<f64> = costs.iter().zip(&energy).map(|(eur, kwh)| kwh * tariff - eur).collect();
            let scale = net_present_value_eur(rate, &costs);
            prop_assert!(net_present_value_eur(rate, &flows).abs() <= 1e-9 * scale);
        }
    }
}

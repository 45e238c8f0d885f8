//! Divisions by a plain rule: equal, by kWh, by what would be missed.

use super::{Coalition, GainError, check_members, worth};

/// The same for everyone.
///
/// # Errors
/// Without members; a gain that is not finite.
pub fn equal(gain_eur: f64, members: usize) -> Result<Vec<f64>, GainError> {
    proportional("the gain", gain_eur, &vec![1.0; members])
}

/// In proportion to use over the period, `[members]`, ≥ 0; equal when nobody uses anything.
///
/// # Errors
/// Without members; a number that is not finite; negative use.
pub fn by_use(gain_eur: f64, use_kwh: &[f64]) -> Result<Vec<f64>, GainError> {
    proportional("a use", gain_eur, use_kwh)
}

/// In proportion to generation over the period, `[members]`, ≥ 0; equal when nobody makes anything.
///
/// # Errors
/// Without members; a number that is not finite; negative generation.
pub fn by_generation(gain_eur: f64, generation_kwh: &[f64]) -> Result<Vec<f64>, GainError> {
    proportional("a generation", gain_eur, generation_kwh)
}

/// In proportion to v(N) − v(N \ i), what the others would miss; equal when nobody would be missed.
///
/// The contributions themselves seldom add up to v(N), so they are scaled to it.
///
/// # Errors
/// Without members, with more than 32, or where one contributes less than nothing.
pub fn marginal(members: usize, game: impl Fn(Coalition) -> f64) -> Result<Vec<f64>, GainError> {
    check_members("division by marginal contribution", Coalition::MOST, members)?;
    let all = Coalition::whole(members);
    let gain = worth(&game, all)?;
    let missed = (0..members).map(|member| Ok(gain - worth(&game, all.without(member))?));
    proportional("a marginal contribution", gain, &missed.collect::<Result<Vec<_>, GainError>>()?)
}

fn proportional(what: &'static str, gain_eur: f64, weights: &[f64]) -> Result<Vec<f64>, GainError> {
    check_members(what, usize::MAX, weights.len())?;
    if !gain_eur.is_finite() {
        return Err(GainError::NotANumber { what: "the gain", value: gain_eur });
    }
    // The rounding of a difference of worths is no negative contribution.
    let least = -1e-12 * gain_eur.abs();
    if let Some(&value) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= least)) {
        return Err(GainError::NotANumber { what, value });
    }
    let total: f64 = weights.iter().map(|weight| weight.max(0.0)).sum();
    let even = 1.0 / weights.len() as f64;
    let part = |weight: &f64| if total > 0.0 { weight.max(0.0) / total } else { even };
    Ok(weights.iter().map(|weight| gain_eur * part(weight)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(shares: &[f64], expected: &[f64]) {
        assert_eq!(shares.len(), expected.len());
        for (share, expected) in shares.iter().zip(expected) {
            assert!((share - expected).abs() < 1e-12, "{shares:?}");
        }
    }

    #[test]
    fn a_gain_is_divided_equally_or_by_kwh() {
        close(&equal(0.78, 3).expect("members"), &[0.26, 0.26, 0.26]);
        close(&by_use(0.78, &[16.0, 11.0, 12.0]).expect("members"), &[0.32, 0.22, 0.24]);
        close(&by_generation(0.78, &[0.0, 10.0, 20.0]).expect("members"), &[0.0, 0.26, 0.52]);
        close(&by_generation(0.78, &[0.0, 0.0]).expect("members"), &[0.39, 0.39]);
    }

    #[test]
    fn marginal_contributions_are_scaled_to_the_gain() {
        // Two left gloves, one right: without the right one nothing is left, without a left one nothing is lost.
        let gloves = |c: Coalition| f64::from(u8::from(c.contains(2) && c.len() > 1));
        close(&marginal(3, gloves).expect("members"), &[0.0, 0.0, 1.0]);
        close(&marginal(2, |c| f64::from(u8::from(c.len() == 2))).expect("members"), &[0.5, 0.5]);
    }

    #[test]
    fn nobody_and_negative_use_are_refused() {
        assert_eq!(equal(1.0, 0), Err(GainError::NoMembers));
        assert_eq!(by_use(1.0, &[1.0, -1.0]), Err(GainError::NotANumber { what: "a use", value: -1.0 }));
        assert!(matches!(equal(f64::NAN, 2), Err(GainError::NotANumber { what: "the gain", .. })));
    }
}

//! The Shapley value: a member's mean contribution to those who came before, over all orders of arrival.
//!
//! # Reference
//! L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games II (1953). Sampling: J. Castro,
//! D. Gómez, J. Tejada, "Polynomial calculation of the Shapley value based on sampling", Computers & Operations Research
//! 36 (2009).

use super::{Coalition, GainError, check_members, tabulate, worth};
use crate::random::{Purpose, philox4x32};

/// The most members of an exact value: 2¹⁵ worths.
pub const MOST_EXACT: usize = 15;

/// First word of the counter of these draws: (purpose, permutation, step, 0). Part of the results.
const DRAWS: u32 = Purpose::ShapleyOrder as u32;

/// Orders that are drawn before a wanted error may stop the sampling.
const FEWEST: u32 = 30;

/// The Shapley value, `x_i = Σ_S |S|! (n − |S| − 1)! / n! · (v(S ∪ i) − v(S))` over the S without i.
///
/// # Arguments
/// * `members` – n, 1 to 15.
/// * `game` – v, EUR, asked once for each of the 2ⁿ coalitions.
///
/// # Invariants
/// Σ x = v(N); members that are alike get the same; one that adds nothing gets 0.
///
/// # Errors
/// Too many or no members; a worth that is not finite; v(∅) ≠ 0.
pub fn shapley_exact(members: usize, game: impl Fn(Coalition) -> f64) -> Result<Vec<f64>, GainError> {
    check_members("the exact Shapley value", MOST_EXACT, members)?;
    let worths = tabulate(members, &game)?;
    let weights = arrival_weights(members);
    let share = |member: usize| {
        let without = (0..=Coalition::whole(members).0).map(Coalition).filter(|c| !c.contains(member));
        without.map(|c| weights[c.len()] * (worths[c.with(member).0 as usize] - worths[c.0 as usize])).sum()
    };
    Ok((0..members).map(share).collect())
}

/// By the size of S: the part of the orders in which exactly S comes before i, 1 / (n · C(n − 1, |S|)).
fn arrival_weights(members: usize) -> Vec<f64> {
    let mut weights = vec![1.0 / members as f64];
    for size in 1..members {
        weights.push(weights[size - 1] * size as f64 / (members - size) as f64);
    }
    weights
}

/// How many orders of arrival are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Seed of the draws.
    pub seed: u64,
    /// The most orders, at least 1.
    pub permutations: u32,
    /// Stop earlier when the greatest standard error is at most this, EUR; not before 30 orders.
    pub wanted_error_eur: Option<f64>,
}

/// An estimate of the Shapley value.
#[derive(Clone, Debug, PartialEq)]
pub struct SampledShapley {
    /// Estimate per member, EUR.
    pub shares_eur: Vec<f64>,
    /// Standard error of each, EUR; infinite after a single order.
    pub standard_errors_eur: Vec<f64>,
    /// How many orders were drawn.
    pub permutations: u32,
}

/// An estimate of the Shapley value, from orders of arrival drawn at random.
///
/// The contributions along one order add up to v(N), so the estimate does too (to rounding). Order k depends on seed and
/// k alone: a longer sample extends a shorter one.
///
/// # Arguments
/// * `members` – n, 1 to 32.
/// * `game` – v, EUR, asked n times for each order.
///
/// # Errors
/// Too many or no members; no order to draw; a worth that is not finite; v(∅) ≠ 0.
pub fn shapley_sampled(
    members: usize,
    game: impl Fn(Coalition) -> f64,
    sampling: Sampling,
) -> Result<SampledShapley, GainError> {
    check_members("the sampled Shapley value", Coalition::MOST, members)?;
    if sampling.permutations == 0 {
        return Err(GainError::NotANumber { what: "the number of permutations", value: 0.0 });
    }
    let nobody = worth(&game, Coalition::default())?;
    let (mut means, mut squares) = (vec![0.0; members], vec![0.0; members]);
    let mut drawn = 0;
    while drawn < sampling.permutations && !is_enough(&squares, drawn, sampling.wanted_error_eur) {
        let (mut before, mut coalition) = (nobody, Coalition::default());
        let count = f64::from(drawn + 1);
        for member in order(sampling.seed, drawn, members) {
            coalition = coalition.with(member);
            let after = worth(&game, coalition)?;
            // Mean and squared deviations by Welford.
            let off = after - before - means[member];
            means[member] += off / count;
            squares[member] += off * (after - before - means[member]);
            before = after;
        }
        drawn += 1;
    }
    let standard_errors_eur = squares.iter().map(|&square| standard_error(square, drawn)).collect();
    Ok(SampledShapley { shares_eur: means, standard_errors_eur, permutations: drawn })
}

fn is_enough(squares: &[f64], drawn: u32, wanted: Option<f64>) -> bool {
    drawn >= FEWEST && wanted.is_some_and(|wanted| squares.iter().all(|&s| standard_error(s, drawn) <= wanted))
}

fn standard_error(square: f64, drawn: u32) -> f64 {
    if drawn < 2 {
        return f64::INFINITY;
    }
    let count = f64::from(drawn);
    (square / (count - 1.0) / count).max(0.0).sqrt()
}

/// The order of arrival number `index`, by Fisher and Yates.
///
/// A draw of 32 bits is scaled to at most 32 places: no place is likelier than another by more than 1 in 10⁸.
fn order(seed: u64, index: u32, members: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..members).collect();
    for last in (1..members).rev() {
        let word = philox4x32(seed, [DRAWS, index, (last / 4) as u32, 0])[last % 4];
        order.swap(last, ((u64::from(word) * (last as u64 + 1)) >> 32) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gloves(c: Coalition) -> f64 {
        f64::from(u8::from(c.contains(2) && c.len() > 1))
    }

    /// Runways of 1, 2, 4 and 7 for four airlines: a group needs the longest of its own.
    fn airport(c: Coalition) -> f64 {
        c.members().map(|member| [1.0, 2.0, 4.0, 7.0][member]).fold(0.0, f64::max)
    }

    fn close(shares: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(shares.len(), expected.len());
        for (share, expected) in shares.iter().zip(expected) {
            assert!((share - expected).abs() < tolerance, "{shares:?} {expected:?}");
        }
    }

    #[test]
    fn the_single_right_glove_gets_two_thirds() {
        close(&shapley_exact(3, gloves).expect("small"), &[1.0 / 6.0, 1.0 / 6.0, 2.0 / 3.0], 1e-12);
    }

    #[test]
    fn each_piece_of_runway_is_paid_by_those_who_need_it() {
        // 1/4; + 1/3; + 2/2; + 3.
        let expected = [0.25, 0.25 + 1.0 / 3.0, 1.25 + 1.0 / 3.0, 4.25 + 1.0 / 3.0];
        close(&shapley_exact(4, airport).expect("small"), &expected, 1e-12);
    }

    #[test]
    fn a_member_alone_gets_all_and_fifteen_are_done() {
        close(&shapley_exact(1, |c| c.len() as f64 * 5.0).expect("small"), &[5.0], 1e-12);
        let shares = shapley_exact(15, |c| (c.len() * c.len()) as f64).expect("small");
        close(&shares, &[15.0; 15], 1e-9);
    }

    #[test]
    fn a_sample_is_near_the_exact_value_and_sums_to_the_gain() {
        let sampling = Sampling { seed: 7, permutations: 4000, wanted_error_eur: None };
        let sample = shapley_sampled(4, airport, sampling).expect("small");
        let exact = shapley_exact(4, airport).expect("small");
        for ((share, error), exact) in sample.shares_eur.iter().zip(&sample.standard_errors_eur).zip(exact) {
            assert!((share - exact).abs() < 4.0 * error, "{share} {error} {exact}");
        }
        assert!((sample.shares_eur.iter().sum::<f64>() - 7.0).abs() < 1e-12);
        assert_eq!(shapley_sampled(4, airport, sampling), Ok(sample));
    }

    #[test]
    fn sampling_stops_at_the_wanted_error() {
        let draw = |wanted_error_eur| {
            let sampling = Sampling { seed: 1, permutations: 100_000, wanted_error_eur };
            shapley_sampled(3, gloves, sampling).expect("small")
        };
        let sample = draw(Some(0.02));
        assert!(sample.permutations > FEWEST && sample.permutations < 2000, "{}", sample.permutations);
        assert!(sample.standard_errors_eur.iter().all(|error| *error <= 0.02));
        let none = Sampling { seed: 1, permutations: 0, wanted_error_eur: None };
        assert!(matches!(shapley_sampled(3, gloves, none), Err(GainError::NotANumber { .. })));
    }

    #[test]
    fn every_order_is_drawn_about_as_often() {
        let mut counts = std::collections::BTreeMap::new();
        for index in 0..6000 {
            *counts.entry(order(3, index, 3)).or_insert(0_i32) += 1;
        }
        assert_eq!(counts.len(), 6);
        // Five standard deviations of a count of 1000 in 6000.
        assert!(counts.values().all(|count| (count - 1000).abs() < 145), "{counts:?}");
    }

    proptest! {
        #[test]
        fn shares_sum_to_the_gain_twins_are_equal_and_a_dummy_gets_nothing(
            raw in prop::collection::vec(-5.0..5.0_f64, 16),
        ) {
            // Of five members the first two are twins, and the last adds nothing.
            let game = |c: Coalition| {
                let twins = (c.0 & 3).count_ones() as usize;
                let rest = ((c.0 >> 2) & 3) as usize;
                if twins + rest == 0 { 0.0 } else { raw[twins * 4 + rest] }
            };
            let shares = shapley_exact(5, game).expect("small");
            prop_assert!((shares.iter().sum::<f64>() - game(Coalition::whole(5))).abs() < 1e-12);
            prop_assert!((shares[0] - shares[1]).abs() < 1e-12);
            prop_assert!(shares[4].abs() < 1e-12);
        }
    }
}

//! The nucleolus: the division whose sorted list of complaints is the smallest.
//!
//! The complaint of a coalition is its excess v(S) − x(S). First the greatest excess is made as small as it can be, then
//! the next, and so on, until one division is left. Each round is the dual of a linear programme: with F the coalitions
//! whose x(S) is settled (at first N alone), over the others
//!
//! ```text
//! min  −Σ_F x(F) z_F − Σ_S v(S) y_S    so that  Σ_S y_S [i ∈ S] + Σ_F z_F [i ∈ F] = 0 for each member i,
//!                                               Σ_S y_S = 1,   y ≥ 0,   z free.
//! ```
//!
//! Its value is ε, the most by which every coalition can be content; those with y > 0 get exactly v(S) + ε in every
//! division that reaches it, so they are settled. Coalitions whose members' parts follow from the settled ones are
//! dropped. Each round settles at least one more independent coalition: after at most n − 1 rounds x follows from n linear
//! equations.
//!
//! # Reference
//! D. Schmeidler, "The nucleolus of a characteristic function game", SIAM J. Appl. Math. 17 (1969);
//! E. Kohlberg, "On the nucleolus of a characteristic function game", SIAM J. Appl. Math. 20
//! (1971).

use microlp::{ComparisonOp, OptimizationDirection, Problem};

use super::{Coalition, GainError, check_members, tabulate};

/// The most members: 2¹⁰ columns in each round.
pub const MOST: usize = 10;

/// A coalition's weight in a solution is no rounding above this; weights sum to 1 over at most n + 1 coalitions.
const WEIGHT: f64 = 1e-9;

/// A row of zeros and ones is spanned by others when no more than this is left of it after elimination.
const SPANNED: f64 = 1e-9;

/// The nucleolus of a game.
///
/// Members may get less than alone, if the game makes that the least complaint (strictly, this is the pre-nucleolus); in
/// a game where joining never costs a group, v(S ∪ i) ≥ v(S) + v(i), nobody does, and the two are one. It lies in the core
/// whenever the core is not empty.
///
/// # Arguments
/// * `members` – n, 1 to 10.
/// * `game` – v, EUR, asked once for each coalition.
///
/// # Invariants
/// Σ x = v(N), to 1e-9 of the greatest |v|: the tolerance of the linear programme.
///
/// # Errors
/// Too many or no members; a worth that is not finite; v(∅) ≠ 0; a linear programme that is not solved.
pub fn nucleolus(members: usize, game: impl Fn(Coalition) -> f64) -> Result<Vec<f64>, GainError> {
    check_members("the nucleolus", MOST, members)?;
    let worths = tabulate(members, &game)?;
    let scale = worths.iter().fold(0.0_f64, |most, worth| most.max(worth.abs()));
    if scale <= 0.0 {
        return Ok(vec![0.0; members]);
    }
    let worths: Vec<f64> = worths.iter().map(|worth| worth / scale).collect();
    let all = Coalition::whole(members);
    let mut settled = Settled::new(members);
    settled.add(all, worths[all.0 as usize]);
    while !settled.is_complete() {
        let open: Vec<Coalition> = (1..all.0).map(Coalition).filter(|c| settled.is_open(*c)).collect();
        let round = contentment(members, &worths, &open, &settled.known)?;
        let before = settled.known.len();
        for coalition in round.tight {
            settled.add(coalition, worths[coalition.0 as usize] + round.content);
        }
        if settled.known.len() == before {
            return Err(GainError::Unsolved { members });
        }
    }
    Ok(settled.solve().into_iter().map(|share| share * scale).collect())
}

/// What a round finds.
pub(super) struct Round {
    /// ε: the most by which the open coalitions can all be content.
    pub(super) content: f64,
    /// Coalitions that get exactly their worth plus ε whenever ε is reached.
    pub(super) tight: Vec<Coalition>,
}

/// Solves one round over the `open` coalitions, with what the coalitions of `known` get.
pub(super) fn contentment(
    members: usize,
    worths: &[f64],
    open: &[Coalition],
    known: &[(Coalition, f64)],
) -> Result<Round, GainError> {
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let weights: Vec<_> = open.iter().map(|c| problem.add_var(-worths[c.0 as usize], (0.0, f64::INFINITY))).collect();
    let prices: Vec<_> =
        known.iter().map(|(_, gets)| problem.add_var(-*gets, (f64::NEG_INFINITY, f64::INFINITY))).collect();
    for member in 0..members {
        let of_open = open.iter().zip(&weights).filter(|(c, _)| c.contains(member));
        let of_known = known.iter().zip(&prices).filter(|((c, _), _)| c.contains(member));
        let row: Vec<_> = of_open.map(|(_, v)| (*v, 1.0)).chain(of_known.map(|(_, v)| (*v, 1.0))).collect();
        problem.add_constraint(&row, ComparisonOp::Eq, 0.0);
    }
    let sum: Vec<_> = weights.iter().map(|v| (*v, 1.0)).collect();
    problem.add_constraint(&sum, ComparisonOp::Eq, 1.0);
    let unsolved = GainError::Unsolved { members };
    let solution = problem.solve().map_err(|_| unsolved)?.into_solution().map_err(|_| unsolved)?;
    let is_tight = |v: &microlp::Variable| solution.var_value(*v) > WEIGHT;
    let tight = open.iter().zip(&weights).filter(|(_, v)| is_tight(v)).map(|(c, _)| *c).collect();
    Ok(Round { content: solution.objective(), tight })
}

/// Independent coalitions with what they get.
struct Settled {
    members: usize,
    known: Vec<(Coalition, f64)>,
    /// The same as rows in reduced echelon form, each with its leading member.
    rows: Vec<(usize, Vec<f64>, f64)>,
}

impl Settled {
    fn new(members: usize) -> Settled {
        Settled { members, known: Vec::new(), rows: Vec::new() }
    }

    fn is_complete(&self) -> bool {
        self.rows.len() == self.members
    }

    /// What is left of a coalition's row after elimination, and its part.
    fn reduce(&self, coalition: Coalition, gets: f64) -> (Vec<f64>, f64) {
        let mut row: Vec<f64> =
            (0..self.members).map(|member| f64::from(u8::from(coalition.contains(member)))).collect();
        let mut gets = gets;
        for (lead, other, part) in &self.rows {
            let factor = row[*lead];
            row.iter_mut().zip(other).for_each(|(value, other)| *value -= factor * other);
            gets -= factor * part;
        }
        (row, gets)
    }

    fn is_open(&self, coalition: Coalition) -> bool {
        self.reduce(coalition, 0.0).0.iter().any(|value| value.abs() > SPANNED)
    }

    /// Adds a coalition, unless what it gets follows from the others.
    fn add(&mut self, coalition: Coalition, gets: f64) {
        let (mut row, mut part) = self.reduce(coalition, gets);
        let Some(lead) = (0..self.members).max_by(|a, b| row[*a].abs().total_cmp(&row[*b].abs())) else { return };
        if row[lead].abs() <= SPANNED {
            return;
        }
        let divisor = row[lead];
        for value in &mut row {
            *value /= divisor;
        }
        part /= divisor;
        for (_, other, other_part) in &mut self.rows {
            let factor = other[lead];
            other.iter_mut().zip(&row).for_each(|(value, new)| *value -= factor * new);
            *other_part -= factor * part;
        }
        self.rows.push((lead, row, part));
        self.known.push((coalition, gets));
    }

    /// Each member's part, once all are known.
    fn solve(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.members];
        for (lead, _, part) in &self.rows {
            shares[*lead] = *part;
        }
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharing::gain::{CommunityGame, stability};
    use proptest::prelude::*;

    fn close(shares: &[f64], expected: &[f64]) {
        assert_eq!(shares.len(), expected.len());
        for (share, expected) in shares.iter().zip(expected) {
            assert!((share - expected).abs() < 1e-9, "{shares:?} {expected:?}");
        }
    }

    /// What is left of the estate for a group when all others have had their claims.
    fn bankruptcy(estate: f64) -> impl Fn(Coalition) -> f64 {
        move |c| {
            let others: f64 = (0..3).filter(|m| !c.contains(*m)).map(|m| [100.0, 200.0, 300.0][m]).sum();
            if c.is_empty() { 0.0 } else { (estate - others).max(0.0) }
        }
    }

    #[test]
    fn the_estates_of_the_talmud_are_divided_as_it_says() {
        close(&nucleolus(3, bankruptcy(100.0)).expect("small"), &[100.0 / 3.0; 3]);
        close(&nucleolus(3, bankruptcy(200.0)).expect("small"), &[50.0, 75.0, 75.0]);
        close(&nucleolus(3, bankruptcy(300.0)).expect("small"), &[50.0, 100.0, 150.0]);
    }

    #[test]
    fn the_single_right_glove_gets_all() {
        let gloves = |c: Coalition| f64::from(u8::from(c.contains(2) && c.len() > 1));
        close(&nucleolus(3, gloves).expect("small"), &[0.0, 0.0, 1.0]);
    }

    #[test]
    fn members_that_are_alike_get_the_same_even_without_a_core() {
        // Two of three can take all: every division has a pair that would do better.
        let majority = |c: Coalition| f64::from(u8::from(c.len() >= 2));
        close(&nucleolus(3, majority).expect("small"), &[1.0 / 3.0; 3]);
        close(&nucleolus(1, |c| c.len() as f64 * 4.0).expect("small"), &[4.0]);
        close(&nucleolus(2, |c| [0.0, 1.0, 3.0, 10.0][c.0 as usize]).expect("small"), &[4.0, 6.0]);
        close(&nucleolus(3, |_| 0.0).expect("small"), &[0.0; 3]);
    }

    #[test]
    fn ten_members_are_done() {
        let shares = nucleolus(10, |c| (c.len() * c.len()) as f64 * 1e-3).expect("small");
        close(&shares, &[0.01; 10]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn it_lies_in_the_core_of_a_community(
            net in (1_usize..6).prop_flat_map(|n| prop::collection::vec(prop::collection::vec(-9.0..9.0_f64, 6), n)),
        ) {
            let part = |sign: f64| -> Vec<Vec<f64>> {
                net.iter().map(|m| m.iter().map(|kwh| (sign * kwh).max(0.0)).collect()).collect()
            };
            let (need, surplus) = (part(1.0), part(-1.0));
            let (need, surplus): (Vec<&[f64]>, Vec<&[f64]>) =
                (need.iter().map(Vec::as_slice).collect(), surplus.iter().map(Vec::as_slice).collect());
            let game = CommunityGame::new(&need, &surplus, 0.30, 0.06).expect("sound");
            let shares = nucleolus(net.len(), |c| game.worth_eur(c)).expect("small");
            let gain = game.worth_eur(Coalition::whole(net.len()));
            prop_assert!((shares.iter().sum::<f64>() - gain).abs() < 1e-9);
            let found = stability(&shares, |c| game.worth_eur(c)).expect("small");
            prop_assert!(found.excess_eur < 1e-8, "{found:?}");
            prop_assert!(!found.core_is_empty);
        }
    }
}

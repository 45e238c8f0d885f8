//! How the gain of a group is divided over its members.
//!
//! A game gives each coalition S of the members {0 … n − 1} a worth v(S), EUR, with v(∅) = 0: what S would gain by itself.
//! The whole gain is v(N). A division x gives each member `x_i`, Σ `x_i` = v(N).
//!
//! | method | member i gets |
//! |---|---|
//! | [`equal`] | v(N) / n |
//! | [`by_use`], [`by_generation`] | in proportion to its kWh |
//! | [`marginal`] | in proportion to v(N) − v(N \ i) |
//! | [`shapley_exact`], [`shapley_sampled`] | its mean contribution over all orders of arrival |
//! | [`nucleolus()`] | so that the least content coalition is as content as can be, then the next, … |
//!
//! [`stability()`] says which coalition would gain most by leaving. [`CommunityGame`] is the game of sharing kWh; [`divide`] puts them together.
//!
//! # Reference
//! B. Peleg, P. Sudhölter, "Introduction to the Theory of Cooperative Games", Springer, 2nd ed. 2007.

pub mod community;
pub mod divisions;
pub mod nucleolus;
pub mod proportional;
pub mod shapley;
pub mod stability;

pub use community::CommunityGame;
pub use divisions::{Community, Division, Divisions, divide};
pub use nucleolus::nucleolus;
pub use proportional::{by_generation, by_use, equal, marginal};
pub use shapley::{SampledShapley, Sampling, shapley_exact, shapley_sampled};
pub use stability::{Stability, stability};

/// Why a gain cannot be divided.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GainError {
    /// There is nobody to give to.
    #[error("a gain needs at least one member to be divided")]
    NoMembers,
    /// The method would take too long, or coalitions cannot be numbered.
    #[error("{method} is for at most {most} members, not {met}")]
    TooManyMembers {
        /// Which method.
        method: &'static str,
        /// How many it can do.
        most: usize,
        /// How many there are.
        met: usize,
    },
    /// The worth of a coalition is not finite, or that of the empty one is not 0.
    #[error("the worth of coalition {coalition:?} is {value}: expected a finite number, and 0 for the empty one")]
    NotAWorth {
        /// Which coalition.
        coalition: Coalition,
        /// What was met.
        value: f64,
    },
    /// A quantity or an amount is not finite, or is negative where it must not be.
    #[error("{what} is {value}: give a finite number, at least 0 if it is a quantity")]
    NotANumber {
        /// Which one.
        what: &'static str,
        /// What was met.
        value: f64,
    },
    /// A column has another length than the others.
    #[error("{what} has {met} values, expected {expected}")]
    Length {
        /// Which column.
        what: &'static str,
        /// Its length.
        met: usize,
        /// The length of the others.
        expected: usize,
    },
    /// Import costs less than export earns: a shared kWh gains nothing.
    #[error("a shared kWh gains {eur_per_kwh} EUR: the import price must be at least the export price")]
    NegativeSpread {
        /// b − e.
        eur_per_kwh: f64,
    },
    /// The linear programme was not solved; its numbers are too far apart.
    #[error("the linear programme of {members} members was not solved: are worths of very different size mixed?")]
    Unsolved {
        /// How many members.
        members: usize,
    },
}

/// A set of members, one bit each: bit i is member i.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coalition(pub u32);

impl Coalition {
    /// The most members that can be told apart.
    pub const MOST: usize = 32;

    /// All of the first `members` members.
    ///
    /// # Panics
    /// With more than 32.
    pub fn whole(members: usize) -> Coalition {
        assert!(members <= Self::MOST, "a coalition has at most 32 members");
        Coalition(u32::MAX.checked_shr(32 - members as u32).unwrap_or(0))
    }

    /// Whether `member` is in it.
    pub fn contains(self, member: usize) -> bool {
        (self.0 >> member) & 1 == 1
    }

    /// The same with `member` too.
    #[must_use]
    pub fn with(self, member: usize) -> Coalition {
        Coalition(self.0 | (1 << member))
    }

    /// The same without `member`.
    #[must_use]
    pub fn without(self, member: usize) -> Coalition {
        Coalition(self.0 & !(1 << member))
    }

    /// How many members it has.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether nobody is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its members, from the first.
    pub fn members(self) -> impl Iterator<Item = usize> {
        (0..Self::MOST).filter(move |&member| self.contains(member))
    }

    /// Σ of what its members get.
    pub fn share_eur(self, shares_eur: &[f64]) -> f64 {
        self.members().filter_map(|member| shares_eur.get(member)).sum()
    }
}

fn check_members(method: &'static str, most: usize, met: usize) -> Result<(), GainError> {
    match met {
        0 => Err(GainError::NoMembers),
        _ if met > most => Err(GainError::TooManyMembers { method, most, met }),
        _ => Ok(()),
    }
}

fn worth(game: &impl Fn(Coalition) -> f64, coalition: Coalition) -> Result<f64, GainError> {
    let value = game(coalition);
    let sound = value.is_finite() && (!coalition.is_empty() || value.abs() < f64::MIN_POSITIVE);
    if sound { Ok(value) } else { Err(GainError::NotAWorth { coalition, value }) }
}

/// The worth of every coalition, by its bits.
fn tabulate(members: usize, game: &impl Fn(Coalition) -> f64) -> Result<Vec<f64>, GainError> {
    (0..=Coalition::whole(members).0).map(|bits| worth(game, Coalition(bits))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coalition_is_a_set_of_bits() {
        assert_eq!(Coalition::whole(0), Coalition(0));
        assert_eq!(Coalition::whole(3), Coalition(7));
        assert_eq!(Coalition::whole(32), Coalition(u32::MAX));
        let two = Coalition::default().with(1).with(4).with(0).without(4);
        assert_eq!(two.members().collect::<Vec<_>>(), [0, 1]);
        assert_eq!((two.len(), two.is_empty(), two.contains(4)), (2, false, false));
    }

    #[test]
    fn games_without_members_or_with_a_hole_are_refused() {
        assert_eq!(shapley_exact(0, |_| 0.0), Err(GainError::NoMembers));
        assert!(matches!(shapley_exact(16, |_| 0.0), Err(GainError::TooManyMembers { most: 15, met: 16, .. })));
        assert!(matches!(shapley_exact(2, |_| 1.0), Err(GainError::NotAWorth { coalition: Coalition(0), .. })));
        let hole = |c: Coalition| if c.len() == 2 { f64::NAN } else { 0.0 };
        assert!(matches!(nucleolus(2, hole), Err(GainError::NotAWorth { coalition: Coalition(3), .. })));
        assert!(matches!(nucleolus(11, |_| 0.0), Err(GainError::TooManyMembers { most: 10, .. })));
    }
}

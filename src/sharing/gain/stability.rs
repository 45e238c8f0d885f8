//! Whether a group would do better by leaving.

use super::nucleolus::contentment;
use super::{Coalition, GainError, check_members, tabulate};

/// The most members: all 2¹⁵ coalitions are asked.
pub const MOST: usize = 15;

/// Part of the greatest |v| below which an excess is rounding.
const ROUNDING: f64 = 1e-7;

/// How tempting it is to leave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stability {
    /// The coalition that would gain most (or lose least) by leaving; the empty one if there is but one member.
    pub leaving: Coalition,
    /// What it would gain, v(S) − x(S), EUR; not above zero when nobody has a reason to leave.
    pub excess_eur: f64,
    /// The least that the greatest excess can be, whatever the division, EUR.
    pub least_excess_eur: f64,
    /// Whether every division leaves some coalition a reason to go.
    pub core_is_empty: bool,
    /// Whether this division leaves none a reason to go, to 1e-7 of the greatest |v|.
    pub is_stable: bool,
}

/// Asks every coalition whether it would do better by itself.
///
/// # Arguments
/// * `shares_eur` – what each member gets, `[members]`, 1 to 15; should sum to v(N).
/// * `game` – v, EUR, asked once for each coalition.
///
/// Of coalitions with the same excess, the first by its bits is named.
///
/// # Errors
/// Too many or no members; a share or worth that is not finite; v(∅) ≠ 0; a linear programme that is not solved.
pub fn stability(shares_eur: &[f64], game: impl Fn(Coalition) -> f64) -> Result<Stability, GainError> {
    let members = shares_eur.len();
    check_members("the search for those who would leave", MOST, members)?;
    if let Some(&value) = shares_eur.iter().find(|share| !share.is_finite()) {
        return Err(GainError::NotANumber { what: "a share", value });
    }
    let worths = tabulate(members, &game)?;
    let scale = worths.iter().fold(0.0_f64, |most, worth| most.max(worth.abs()));
    let all = Coalition::whole(members);
    let parts: Vec<Coalition> = (1..all.0).map(Coalition).collect();

    let (mut leaving, mut excess_eur) = (Coalition::default(), if parts.is_empty() { 0.0 } else { f64::NEG_INFINITY });
    for &coalition in &parts {
        let excess = worths[coalition.0 as usize] - coalition.share_eur(shares_eur);
        if excess > excess_eur {
            (leaving, excess_eur) = (coalition, excess);
        }
    }
    let least_excess_eur = if parts.is_empty() || scale <= 0.0 {
        0.0
    } else {
        let worths: Vec<f64> = worths.iter().map(|worth| worth / scale).collect();
        -contentment(members, &worths, &parts, &[(all, worths[all.0 as usize])])?.content * scale
    };
    let rounding = ROUNDING * scale;
    Ok(Stability {
        leaving,
        excess_eur,
        least_excess_eur,
        core_is_empty: least_excess_eur > rounding,
        is_stable: excess_eur <= rounding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_would_leave_are_named() {
        // Gloves: the right one and a left one can make 1 by themselves.
        let gloves = |c: Coalition| f64::from(u8::from(c.contains(2) && c.len() > 1));
        let equal = stability(&[1.0 / 3.0; 3], gloves).expect("small");
        assert_eq!(equal.leaving.members().collect::<Vec<_>>(), [0, 2]);
        assert!((equal.excess_eur - 1.0 / 3.0).abs() < 1e-12);
        assert!(!equal.is_stable && !equal.core_is_empty);
        let core = stability(&[0.0, 0.0, 1.0], gloves).expect("small");
        assert!(core.is_stable && core.excess_eur.abs() < 1e-12 && core.least_excess_eur.abs() < 1e-9);
    }

    #[test]
    fn a_majority_of_three_has_no_core() {
        let found = stability(&[1.0 / 3.0; 3], |c| f64::from(u8::from(c.len() >= 2))).expect("small");
        assert!(found.core_is_empty && !found.is_stable);
        assert!((found.least_excess_eur - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn one_member_cannot_leave_itself() {
        let found = stability(&[3.0], |c| c.len() as f64 * 3.0).expect("small");
        assert!(found.leaving.is_empty() && found.is_stable && !found.core_is_empty);
        assert_eq!(stability(&[], |_| 0.0), Err(GainError::NoMembers));
    }

    #[test]
    fn fifteen_members_are_done() {
        let found = stability(&[15.0; 15], |c| (c.len() * c.len()) as f64).expect("small");
        assert!(found.is_stable && !found.core_is_empty);
        assert!((found.excess_eur + 14.0).abs() < 1e-9);
    }
}

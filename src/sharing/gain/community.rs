//! The game of sharing kWh: what a group saves by using its members' surplus itself.

use super::{Coalition, GainError, check_members};

/// The saving of a coalition that shares among itself, against each standing alone.
///
/// v(S) = (b − e) `Σ_t` min(`need_S`(t), `surplus_S`(t)): each shared kWh saves the import price and loses the export price.
/// A member whose need and surplus are both above zero in one interval saves by itself; give net values where it should
/// not.
///
/// The game is superadditive and balanced: its core is never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct CommunityGame<'a> {
    need_kwh: Vec<&'a [f64]>,
    surplus_kwh: Vec<&'a [f64]>,
    spread_eur_per_kwh: f64,
    intervals: usize,
}

impl<'a> CommunityGame<'a> {
    /// The game of members with these needs and surpluses.
    ///
    /// # Arguments
    /// * `need_kwh`, `surplus_kwh` – per member `[intervals]`, ≥ 0; at most 32 members.
    /// * `import_eur_per_kwh`, `export_eur_per_kwh` – b and e of the grid, b ≥ e.
    ///
    /// # Errors
    /// Columns of different length; no members, or too many; a number that is negative or not finite; b < e.
    pub fn new(
        need_kwh: &[&'a [f64]],
        surplus_kwh: &[&'a [f64]],
        import_eur_per_kwh: f64,
        export_eur_per_kwh: f64,
    ) -> Result<CommunityGame<'a>, GainError> {
        check_members("a game of coalitions", Coalition::MOST, need_kwh.len())?;
        let length = |what, met, expected| {
            if met == expected { Ok(()) } else { Err(GainError::Length { what, met, expected }) }
        };
        length("surplus by member", surplus_kwh.len(), need_kwh.len())?;
        let intervals = need_kwh[0].len();
        for (what, columns) in [("a need", need_kwh), ("a surplus", surplus_kwh)] {
            for column in columns {
                length(what, column.len(), intervals)?;
                if let Some(&value) = column.iter().find(|kwh| !(kwh.is_finite() && **kwh >= 0.0)) {
                    return Err(GainError::NotANumber { what, value });
                }
            }
        }
        let spread_eur_per_kwh = import_eur_per_kwh - export_eur_per_kwh;
        if !spread_eur_per_kwh.is_finite() {
            return Err(GainError::NotANumber { what: "a price", value: spread_eur_per_kwh });
        }
        if spread_eur_per_kwh < 0.0 {
            return Err(GainError::NegativeSpread { eur_per_kwh: spread_eur_per_kwh });
        }
        let (need_kwh, surplus_kwh) = (need_kwh.to_vec(), surplus_kwh.to_vec());
        Ok(CommunityGame { need_kwh, surplus_kwh, spread_eur_per_kwh, intervals })
    }

    /// n.
    pub fn members(&self) -> usize {
        self.need_kwh.len()
    }

    /// v(S), EUR: one pass over the intervals of the members of S.
    pub fn worth_eur(&self, coalition: Coalition) -> f64 {
        let (mut need, mut surplus) = (vec![0.0; self.intervals], vec![0.0; self.intervals]);
        for member in coalition.members().take_while(|&member| member < self.members()) {
            need.iter_mut().zip(self.need_kwh[member]).for_each(|(sum, kwh)| *sum += kwh);
            surplus.iter_mut().zip(self.surplus_kwh[member]).for_each(|(sum, kwh)| *sum += kwh);
        }
        // Begins at +0: the sum of nothing is −0.
        let shared_kwh = need.iter().zip(&surplus).fold(0.0, |sum, (need, surplus)| sum + need.min(*surplus));
        self.spread_eur_per_kwh * shared_kwh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_kwh_saves_the_difference_of_the_prices() {
        let game =
            CommunityGame::new(&[&[0.0, 4.0], &[3.0, 1.0]], &[&[5.0, 0.0], &[0.0, 0.0]], 0.30, 0.06).expect("sound");
        assert!(game.worth_eur(Coalition(1)).abs() < 1e-15);
        assert!(game.worth_eur(Coalition(2)).abs() < 1e-15);
        assert!((game.worth_eur(Coalition(3)) - 0.72).abs() < 1e-12);
    }

    #[test]
    fn columns_and_prices_are_checked() {
        let one: &[&[f64]] = &[&[1.0]];
        assert_eq!(CommunityGame::new(&[], &[], 0.3, 0.1), Err(GainError::NoMembers));
        assert!(matches!(CommunityGame::new(one, &[], 0.3, 0.1), Err(GainError::Length { .. })));
        assert!(matches!(CommunityGame::new(one, &[&[]], 0.3, 0.1), Err(GainError::Length { .. })));
        assert!(matches!(CommunityGame::new(one, &[&[-1.0]], 0.3, 0.1), Err(GainError::NotANumber { .. })));
        assert!(matches!(CommunityGame::new(one, one, 0.1, 0.3), Err(GainError::NegativeSpread { .. })));
    }
}

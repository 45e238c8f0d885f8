//! The gain of those who shared, divided by every method, and whether a group would do better by itself.

use super::{
    Coalition, CommunityGame, GainError, Sampling, Stability, by_generation, by_use, equal, marginal, nucleolus,
    shapley_exact, shapley_sampled, stability,
};

/// The most members of whom all coalitions are asked: for the exact Shapley value, and for who would leave.
const MOST_EXACT: usize = 15;

/// The most members of a nucleolus.
const MOST_NUCLEOLUS: usize = 10;

/// About how many additions a sampled Shapley value may take: some seconds.
const SAMPLED_ADDITIONS: f64 = 4e9;

/// Orders of arrival that a sampled value has at least, and at most.
const PERMUTATIONS: std::ops::RangeInclusive<u32> = 30..=2_000;

/// What members did in each settlement interval, and the grid's prices.
#[derive(Clone, Copy, Debug)]
pub struct Community<'a> {
    /// Drawn, `[member][interval]`, kWh.
    pub need_kwh: &'a [Vec<f64>],
    /// Fed in, the same.
    pub surplus_kwh: &'a [Vec<f64>],
    /// Price of the grid for import, EUR/kWh.
    pub import_eur_per_kwh: f64,
    /// Price of the grid for export, EUR/kWh.
    pub export_eur_per_kwh: f64,
}

/// A division of the gain.
#[derive(Clone, Debug, PartialEq)]
pub struct Division {
    /// The method.
    pub name: &'static str,
    /// What each member gets, EUR.
    pub shares_eur: Vec<f64>,
    /// The standard error of each, EUR, of a sampled one.
    pub standard_errors_eur: Option<Vec<f64>>,
}

/// The gain and its divisions.
#[derive(Clone, Debug, PartialEq)]
pub struct Divisions {
    /// What all gain by sharing whatever can be shared, EUR: v(N).
    pub gain_eur: f64,
    /// By every method that can do so many members.
    pub divisions: Vec<Division>,
    /// Whether a group would do better than by the shares that were given; `None` of more than fifteen members.
    pub stability: Option<Stability>,
}

/// Divides the gain of a community.
///
/// * `as_shared_eur` – what each member gained as it was shared: it is asked of this who would leave.
/// * `seed` – of a sampled Shapley value.
///
/// # Errors
/// Those of [`CommunityGame::new`], more than 32 members, and a linear programme that is not solved.
pub fn divide<'a>(community: Community<'a>, as_shared_eur: &[f64], seed: u64) -> Result<Divisions, GainError> {
    let columns = |all: &'a [Vec<f64>]| -> Vec<&'a [f64]> { all.iter().map(Vec::as_slice).collect() };
    let (need, surplus) = (columns(community.need_kwh), columns(community.surplus_kwh));
    let (import, export) = (community.import_eur_per_kwh, community.export_eur_per_kwh);
    let game = CommunityGame::new(&need, &surplus, import, export)?;
    let members = game.members();
    // Each coalition is a pass over the year: it is asked once.
    let known: Option<Vec<f64>> = (members <= MOST_EXACT)
        .then(|| (0..=Coalition::whole(members).0).map(|bits| game.worth_eur(Coalition(bits))).collect());
    let worth = |coalition: Coalition| match &known {
        Some(known) => known[coalition.0 as usize],
        None => game.worth_eur(coalition),
    };
    let gain_eur = worth(Coalition::whole(members));
    let sums = |all: &[Vec<f64>]| -> Vec<f64> { all.iter().map(|kwh| kwh.iter().sum()).collect() };
    let of = |name, shares_eur| Division { name, shares_eur, standard_errors_eur: None };
    let mut divisions = vec![
        of("equal", equal(gain_eur, members)?),
        of("by use", by_use(gain_eur, &sums(community.need_kwh))?),
        of("by generation", by_generation(gain_eur, &sums(community.surplus_kwh))?),
        of("marginal", marginal(members, worth)?),
    ];
    if members <= MOST_EXACT {
        divisions.push(of("Shapley", shapley_exact(members, worth)?));
    } else {
        let intervals = community.need_kwh.first().map_or(0, Vec::len).max(1) as f64;
        let affordable = SAMPLED_ADDITIONS / (intervals * (members * members) as f64);
        let permutations = (affordable as u32).clamp(*PERMUTATIONS.start(), *PERMUTATIONS.end());
        let sampled = shapley_sampled(members, worth, Sampling { seed, permutations, wanted_error_eur: None })?;
        divisions.push(Division {
            name: "Shapley",
            shares_eur: sampled.shares_eur,
            standard_errors_eur: Some(sampled.standard_errors_eur),
        });
    }
    if members <= MOST_NUCLEOLUS {
        divisions.push(of("nucleolus", nucleolus(members, worth)?));
    }
    let stability = if members <= MOST_EXACT { Some(stability(as_shared_eur, worth)?) } else { None };
    Ok(Divisions { gain_eur, divisions, stability })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roof_and_two_who_need_it_divide_the_gain() {
        // 10 kWh for one who needs 10 and one who needs 5: 10 are shared, each saves 0.20.
        let (need, surplus) = ([vec![10.0], vec![5.0], vec![0.0]], [vec![0.0], vec![0.0], vec![10.0]]);
        let community =
            Community { need_kwh: &need, surplus_kwh: &surplus, import_eur_per_kwh: 0.30, export_eur_per_kwh: 0.10 };
        // Those who take get all the gain: the roof with the first of them would do better alone.
        let divided = divide(community, &[4.0 / 3.0, 2.0 / 3.0, 0.0], 1).unwrap();
        assert!((divided.gain_eur - 2.0).abs() < 1e-12);
        for division in &divided.divisions {
            assert!((division.shares_eur.iter().sum::<f64>() - 2.0).abs() < 1e-9, "{division:?}");
        }
        let shapley = &divided.divisions.iter().find(|division| division.name == "Shapley").unwrap().shares_eur;
        // Of the six orders the first adds 2, 1 and 1, the second 1, and the roof 2, 2, 1 and 2.
        for (found, expected) in shapley.iter().zip([4.0 / 6.0, 1.0 / 6.0, 7.0 / 6.0]) {
            assert!((found - expected).abs() < 1e-9, "{shapley:?}");
        }
        let stability = divided.stability.unwrap();
        assert!(!stability.is_stable && stability.leaving == Coalition(0b101), "{stability:?}");
        assert!((stability.excess_eur - 2.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn more_than_fifteen_are_sampled_and_more_than_32_refused() {
        let need: Vec<Vec<f64>> = (0..33).map(|member| vec![f64::from(member), 1.0]).collect();
        let surplus: Vec<Vec<f64>> = (0..33).map(|member| vec![0.0, f64::from(member % 3)]).collect();
        let community = |members: usize| Community {
            need_kwh: &need[..members],
            surplus_kwh: &surplus[..members],
            import_eur_per_kwh: 0.30,
            export_eur_per_kwh: 0.10,
        };
        let divided = divide(community(16), &[0.0; 16], 1).unwrap();
        assert!(divided.stability.is_none() && divided.divisions.len() == 5);
        assert!(divided.divisions[4].standard_errors_eur.is_some());
        assert!(matches!(divide(community(33), &[0.0; 33], 1), Err(GainError::TooManyMembers { .. })));
    }
}

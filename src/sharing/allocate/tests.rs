//! Worked cases by hand, and laws that hold for every key.

use approx::assert_abs_diff_eq;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Allocation, allocate};
use crate::scenario::key::{Key, Method, Round, Unused};

/// kWh: a few additions and products of numbers of about ten.
const EXACT_KWH: f64 = 1e-12;

fn one(method: Method, need: &[f64], surplus: &[f64]) -> Allocation {
    allocate(&Key::one_round(method, need.len()), need, surplus)
}

fn fixed(parts: &[f64]) -> Method {
    Method::Static { parts: parts.to_vec(), iterations: 1, renormalise: false }
}

fn iterated(parts: &[f64], iterations: u32, renormalise: bool) -> Method {
    Method::Static { parts: parts.to_vec(), iterations, renormalise }
}

/// A matrix with a row for each participant.
fn pairwise(rows: Vec<Vec<f64>>) -> Method {
    let row_of = (0..rows.len()).map(Some).collect();
    Method::Pairwise { rows, row_of }
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_abs_diff_eq!(*found, *expected, epsilon = EXACT_KWH);
    }
}

/// Three that need, and a plant (last) that has ten.
const NEED: [f64; 4] = [2.0, 5.0, 3.0, 0.0];
const PLANT: [f64; 4] = [0.0, 0.0, 0.0, 10.0];

#[test]
fn spain_t_es_01_unused_coefficients_are_their_owners_surplus() {
    let mut key = Key::one_round(fixed(&[0.3, 0.3, 0.4, 0.0]), 4);
    key.rounds[0].unused = Unused::Owner;
    let shared = allocate(&key, &NEED, &PLANT);
    close(&shared.shared_in, &[2.0, 3.0, 3.0, 0.0]);
    close(&shared.own_surplus_in, &[1.0, 0.0, 1.0, 0.0]);
    close(&shared.own_surplus_out, &[0.0, 0.0, 0.0, 2.0]);
    close(&shared.shared_out, &[0.0, 0.0, 0.0, 8.0]);
}

#[test]
fn one_round_leaves_what_further_rounds_give_to_others() {
    close(&one(fixed(&[0.3, 0.3, 0.4, 0.0]), &NEED, &PLANT).shared_in, &[2.0, 3.0, 3.0, 0.0]);
    // Of the two left, the second alone still needs: all of it with renormalising, 0.3 of it each time without.
    close(&one(iterated(&[0.3, 0.3, 0.4, 0.0], 2, true), &NEED, &PLANT).shared_in, &[2.0, 5.0, 3.0, 0.0]);
    close(&one(iterated(&[0.3, 0.3, 0.4, 0.0], 2, false), &NEED, &PLANT).shared_in, &[2.0, 3.6, 3.0, 0.0]);
    close(&one(iterated(&[0.3, 0.3, 0.4, 0.0], 3, false), &NEED, &PLANT).shared_in, &[2.0, 4.02, 3.0, 0.0]);
}

#[test]
fn the_rest_is_divided_by_the_parts_of_those_who_are_left() {
    // 12 offered: 6, 3, 3; the first needs 1. The 5 left go 2.5 : 2.5, of which the third needs 1: then 1.5 to the second.
    let need = [1.0, 20.0, 4.0, 0.0];
    let surplus = [0.0, 0.0, 0.0, 12.0];
    close(&one(iterated(&[0.5, 0.25, 0.25, 0.0], 2, true), &need, &surplus).shared_in, &[1.0, 5.5, 4.0, 0.0]);
    close(&one(iterated(&[0.5, 0.25, 0.25, 0.0], 100, true), &need, &surplus).shared_in, &[1.0, 7.0, 4.0, 0.0]);
}

#[test]
fn pro_rata_divides_scarcity_by_need_and_ample_supply_meets_all() {
    close(&one(Method::ProRata, &NEED, &[0.0, 0.0, 0.0, 5.0]).shared_in, &[1.0, 2.5, 1.5, 0.0]);
    let ample = one(Method::ProRata, &NEED, &[0.0, 0.0, 4.0, 16.0]);
    close(&ample.shared_in, &NEED);
    close(&ample.shared_out, &[0.0, 0.0, 2.0, 8.0]);
}

#[test]
fn priority_serves_one_level_before_the_next() {
    let method = Method::Priority(vec![Some(1), Some(0), Some(1), None]);
    close(&one(method, &NEED, &[0.0, 0.0, 0.0, 7.5]).shared_in, &[1.0, 5.0, 1.5, 0.0]);
}

#[test]
fn water_fills_to_one_level() {
    close(&one(Method::WaterFilling, &NEED, &[0.0, 0.0, 0.0, 9.0]).shared_in, &[2.0, 4.0, 3.0, 0.0]);
    close(&one(Method::WaterFilling, &NEED, &[0.0, 0.0, 0.0, 6.0]).shared_in, &[2.0, 2.0, 2.0, 0.0]);
    close(&one(Method::WaterFilling, &NEED, &[0.0, 0.0, 0.0, 11.0]).shared_in, &NEED);
}

#[test]
fn pairs_have_their_own_parts_and_a_taker_takes_from_each_giver_alike() {
    // The last two give 4 and 6; the first is offered 4 × 0.5 + 6 × 0.5 = 5 and needs 2, the second 4 × 0.5 = 2 and needs 5.
    let mut parts = vec![vec![0.0; 4]; 4];
    parts[2] = vec![0.5, 0.5, 0.0, 0.0];
    parts[3] = vec![0.5, 0.0, 0.0, 0.0];
    let shared = one(pairwise(parts), &[2.0, 5.0, 0.0, 0.0], &[0.0, 0.0, 4.0, 6.0]);
    close(&shared.shared_in, &[2.0, 2.0, 0.0, 0.0]);
    close(&shared.shared_out, &[0.0, 0.0, 0.8 + 2.0, 1.2]);
}

#[test]
fn czechia_supplies_one_after_another_in_five_passes() {
    // Supply a (10): 60 % to x, 40 % to y; supply b (10): 50 % each. x needs 8, y needs 9.
    let parts = vec![vec![0.0; 4], vec![0.0; 4], vec![0.6, 0.4, 0.0, 0.0], vec![0.5, 0.5, 0.0, 0.0]];
    let of = |giver: usize| Round {
        gives: (0..4).map(|j| j == giver).collect(),
        ..Round::of_all(pairwise(parts.clone()), 4)
    };
    let key = Key { rounds: vec![of(2), of(3)], ..Key::one_round(Method::ProRata, 4) };
    let (need, surplus) = ([8.0, 9.0, 0.0, 0.0], [0.0, 0.0, 10.0, 10.0]);
    let first = allocate(&key, &need, &surplus);
    // a: 6 and 4; b: of 5 and 5 the x takes the 2 it still needs, y its 5.
    close(&first.shared_in, &[8.0, 9.0, 0.0, 0.0]);
    close(&first.shared_out, &[0.0, 0.0, 10.0, 7.0]);
    // With less of a, a second pass finds what b has left.
    let (need, surplus) = ([2.0, 9.0, 0.0, 0.0], [0.0, 0.0, 5.0, 8.0]);
    let five = allocate(&Key { repeat: 5, ..key.clone() }, &need, &surplus);
    // Pass 1: a gives x 2 (of 3), y 2; b gives y 4 (of 8): 1 is left of a and 4 of b. Pass 2: a gives y 0.4, b gives y 2.
    close(&allocate(&key, &need, &surplus).shared_in, &[2.0, 6.0, 0.0, 0.0]);
    close(&allocate(&Key { repeat: 2, ..key }, &need, &surplus).shared_in, &[2.0, 6.0 + 0.4 + 2.0, 0.0, 0.0]);
    close(&five.shared_in, &[2.0, 9.0, 0.0, 0.0]);
}

#[test]
fn slovakia_a_list_of_rounds_with_subsets_and_greatest_parts() {
    // First at most 40 % of 10 to the first two, half each; then the rest pro rata to all.
    let first = Round {
        takes: vec![true, true, false, false],
        max_part: 0.4,
        ..Round::of_all(fixed(&[0.5, 0.5, 0.0, 0.0]), 4)
    };
    let key = Key { rounds: vec![first, Round::of_all(Method::ProRata, 4)], ..Key::one_round(Method::ProRata, 4) };
    let shared = allocate(&key, &[1.0, 8.0, 8.0, 0.0], &PLANT);
    // 1 and 2 are taken of the 4; 7 are left for needs of 6 and 8.
    close(&shared.shared_in, &[1.0, 2.0 + 3.0, 4.0, 0.0]);
    close(&shared.rounds[1].need, &[0.0, 6.0, 8.0, 0.0]);
    assert_abs_diff_eq!(shared.rounds[1].offered, 7.0, epsilon = EXACT_KWH);
}

#[test]
fn a_social_reserve_is_served_first_and_its_unused_part_returns() {
    let reserve = Round { takes: vec![true, false, false, false], max_part: 0.1, ..Round::of_all(Method::ProRata, 4) };
    let all = Round::of_all(Method::ProRata, 4);
    let key = Key { rounds: vec![reserve, all], ..Key::one_round(Method::ProRata, 4) };
    let shared = allocate(&key, &[0.4, 5.0, 10.0, 0.0], &PLANT);
    // Of the 1 kept it takes 0.4; 9.6 are left for 15.
    close(&shared.shared_in, &[0.4, 3.2, 6.4, 0.0]);
}

#[test]
fn what_goes_to_the_grid_is_in_no_later_round() {
    let mut first = Round::of_all(fixed(&[0.5, 0.5, 0.0, 0.0]), 4);
    first.unused = Unused::Grid;
    let key = Key { rounds: vec![first, Round::of_all(Method::ProRata, 4)], ..Key::one_round(Method::ProRata, 4) };
    let shared = allocate(&key, &[1.0, 9.0, 3.0, 0.0], &PLANT);
    close(&shared.shared_in, &[1.0, 5.0, 0.0, 0.0]);
    close(&shared.shared_out, &[0.0, 0.0, 0.0, 6.0]);
}

#[test]
fn who_is_in_several_communities_takes_part_with_a_part_of_its_need_and_surplus() {
    let mut key = Key::one_round(Method::ProRata, 4);
    key.participation = vec![0.5, 1.0, 1.0, 0.2];
    let shared = allocate(&key, &NEED, &PLANT);
    // Needs 1, 5, 3 of which 2 can be met.
    close(&shared.shared_in, &[2.0 / 9.0, 10.0 / 9.0, 6.0 / 9.0, 0.0]);
    close(&shared.shared_out, &[0.0, 0.0, 0.0, 2.0]);
}

#[test]
fn without_need_or_supply_and_with_everybody_exporting_nothing_is_shared() {
    let none = [0.0; 4];
    for method in methods(4) {
        for (need, surplus) in [(&NEED, &none), (&none, &PLANT), (&none, &[1.0, 2.0, 3.0, 4.0]), (&none, &none)] {
            let shared = one(method.clone(), need, surplus);
            close(&shared.shared_in, &none);
            close(&shared.shared_out, &none);
        }
    }
}

/// One of each method, for `n` participants.
fn methods(n: usize) -> Vec<Method> {
    let even = vec![1.0 / n as f64; n];
    let weighted: Vec<f64> = (0..n).map(|i| (i + 1) as f64 / (n * (n + 1) / 2) as f64).collect();
    vec![
        fixed(&even),
        fixed(&weighted),
        iterated(&weighted, 3, false),
        iterated(&weighted, 3, true),
        iterated(&even, 1000, true),
        Method::ProRata,
        Method::WaterFilling,
        Method::Priority((0..n).map(|i| (i % 3 < 2).then_some(i % 3)).collect()),
        pairwise(
            (0..n)
                .map(|j| (0..n).map(|i| if (i + j) % 2 == 0 { 1.0 / n as f64 } else { 0.5 / n as f64 }).collect())
                .collect(),
        ),
    ]
}

/// How much a participant needs and has: never both, as at a meter in a step; or both, as in an hour of four.
fn flows() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1..9_usize).prop_flat_map(|n| {
        let kwh = || prop_oneof![Just(0.0), 0.0..10.0_f64];
        (vec(kwh(), n), vec(kwh(), n))
    })
}

fn key_of(n: usize) -> impl Strategy<Value = Key> {
    let method = 0..methods(n).len();
    let unused = prop_oneof![Just(Unused::NextRound), Just(Unused::Grid), Just(Unused::Owner)];
    let round = (method, vec(any::<bool>(), n), vec(any::<bool>(), n), 0.05..=1.0_f64, unused).prop_map(
        move |(method, takes, gives, max_part, unused)| {
            let mut round = Round { method: methods(n).swap_remove(method), takes, gives, max_part, unused };
            // A part is someone's own only where it is divided once.
            let once = match &round.method {
                Method::Static { iterations, .. } => *iterations == 1,
                method => matches!(method, Method::Pairwise { .. }),
            };
            if unused == Unused::Owner && !once {
                round.unused = Unused::NextRound;
            }
            round
        },
    );
    (vec(round, 1..6), 1..4_u32, vec(0.1..=1.0_f64, n)).prop_map(|(rounds, repeat, participation)| Key {
        interval_minutes: None,
        rounds,
        repeat,
        participation,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_key_gives_what_is_taken_and_no_more_than_there_is(
        ((need, surplus), key) in flows().prop_flat_map(|flows| { let n = flows.0.len(); (Just(flows), key_of(n)) })
    ) {
        let shared = allocate(&key, &need, &surplus);
        let sum = |kwh: &[f64]| kwh.iter().sum::<f64>();
        prop_assert!((sum(&shared.shared_in) - sum(&shared.shared_out)).abs() < 1e-10);
        prop_assert!((sum(&shared.own_surplus_in) - sum(&shared.own_surplus_out)).abs() < 1e-10);
        for i in 0..need.len() {
            let part = key.participation[i];
            prop_assert!(shared.shared_in[i] >= 0.0 && shared.shared_in[i] <= need[i] * part + 1e-12);
            prop_assert!(shared.shared_out[i] >= 0.0);
            prop_assert!(shared.shared_out[i] + shared.own_surplus_out[i] <= surplus[i] * part + 1e-12);
            prop_assert!(shared.own_surplus_in[i] >= 0.0);
        }
        let of_rounds: f64 = shared.rounds.iter().map(|held| sum(&held.taken)).sum();
        prop_assert!((of_rounds - sum(&shared.shared_in)).abs() < 1e-10);
    }

    #[test]
    fn the_order_of_participants_does_not_matter((need, surplus) in flows(), turn in 0..8_usize) {
        let turned = |values: &[f64]| { let mut all = values.to_vec(); all.rotate_left(turn % values.len()); all };
        let even = vec![1.0 / need.len() as f64; need.len()];
        for method in [Method::ProRata, Method::WaterFilling, fixed(&even), iterated(&even, 1000, true)] {
            let one_way = turned(&one(method.clone(), &need, &surplus).shared_in);
            let other = one(method, &turned(&need), &turned(&surplus)).shared_in;
            for (a, b) in one_way.iter().zip(&other) {
                prop_assert!((a - b).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn keys_that_leave_nothing_share_all_that_can_be_shared((need, surplus) in flows()) {
        let even = vec![1.0 / need.len() as f64; need.len()];
        let all = need.iter().sum::<f64>().min(surplus.iter().sum());
        for method in [Method::ProRata, Method::WaterFilling, iterated(&even, 1000, true)] {
            let shared: f64 = one(method, &need, &surplus).shared_in.iter().sum();
            prop_assert!((shared - all).abs() < 1e-9, "{shared} of {all}");
        }
    }

    #[test]
    fn equal_parts_iterated_to_the_end_are_water_filling((need, surplus) in flows()) {
        let even = vec![1.0 / need.len() as f64; need.len()];
        let filled = one(Method::WaterFilling, &need, &surplus).shared_in;
        let iterated = one(iterated(&even, 1000, true), &need, &surplus).shared_in;
        for (a, b) in filled.iter().zip(&iterated) {
            prop_assert!((a - b).abs() < 1e-9, "{filled:?} {iterated:?}");
        }
    }

    #[test]
    fn water_filling_gives_nobody_more_than_another_whose_need_is_open((need, surplus) in flows()) {
        let taken = one(Method::WaterFilling, &need, &surplus).shared_in;
        for i in 0..need.len() {
            if taken[i] < need[i] - 1e-9 {
                prop_assert!(taken.iter().all(|other| *other <= taken[i] + 1e-9));
            }
        }
    }
}

//! Who gets the local kWh in each step.
//!
//! Sharing is bookkeeping on top of the meters: `0 ≤ shared_in ≤ import`, `0 ≤ shared_out ≤ export`, and in every
//! settlement interval Σ `shared_in` = Σ `shared_out`. Only members take and give; the cooperative's plants give.
//!
//! A [`Key`](crate::scenario::key::Key) says how: an ordered list of rounds. [`allocate`] holds them for one interval, in
//! f64, and is what readings are shared by and what explains a run; a run holds them over blocks of homes
//! (`engine/rounds.rs`), or in one pass where the key is a usual one ([`scheme`]).

pub mod allocate;
pub mod gain;
pub mod price;
pub mod readings;
pub mod run;
pub mod scheme;

use crate::reduce::at_most;

/// What one step's sharing means for every member: each computes its own part from these.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepShare {
    /// The part of the members' demand that they receive; with pro-rata that of each.
    pub received_part: f64,
    /// The members' demand D, kW.
    pub demand_kw: f64,
    /// The members' and plants' surplus S, kW: the pool that fixed parts are of.
    pub pool_kw: f64,
    /// The part of its surplus that a giver gives.
    pub given_part: f64,
    /// Σ of what members receive, kW.
    pub shared_kw: f64,
}

impl StepShare {
    /// A step in which members with demand D share so much of the surplus S, kW.
    pub fn new(demand_kw: f64, shared_kw: f64, surplus_kw: f64) -> StepShare {
        let part = |all: f64| if all > 0.0 { (shared_kw / all).min(1.0) } else { 0.0 };
        StepShare {
            received_part: part(demand_kw),
            demand_kw,
            pool_kw: surplus_kw,
            given_part: part(surplus_kw),
            shared_kw,
        }
    }
}

/// The pro-rata share of a step from the members' demand D and the surplus S, kW.
pub fn pro_rata(demand_kw: f64, surplus_kw: f64) -> StepShare {
    StepShare::new(demand_kw, demand_kw.min(surplus_kw), surplus_kw)
}

/// What a member with demand `import_kw` takes of the pool with its fixed part.
#[inline(always)]
pub fn fixed_part_kw(part: f32, pool_kw: f32, import_kw: f32) -> f32 {
    at_most(part * pool_kw, import_kw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scarce_surplus_is_divided_by_need_and_given_whole() {
        let share = pro_rata(8.0, 2.0);
        assert!((share.received_part - 0.25).abs() < 1e-15);
        assert!((share.given_part - 1.0).abs() < 1e-15);
        assert!((share.shared_kw - 2.0).abs() < 1e-15);
    }

    #[test]
    fn ample_surplus_meets_all_need_and_the_rest_is_exported() {
        let share = pro_rata(2.0, 8.0);
        assert!((share.received_part - 1.0).abs() < 1e-15);
        assert!((share.given_part - 0.25).abs() < 1e-15);
    }

    #[test]
    fn without_need_or_surplus_nothing_is_shared() {
        for (demand, surplus) in [(0.0, 0.0), (3.0, 0.0), (0.0, 3.0)] {
            let share = pro_rata(demand, surplus);
            assert!(share.shared_kw.abs() + share.received_part * demand + share.given_part * surplus < 1e-15);
        }
        assert_eq!(StepShare::new(0.0, 0.0, 0.0), StepShare::default());
    }

    #[test]
    fn a_fixed_part_beyond_the_need_is_left() {
        assert!((fixed_part_kw(0.5, 6.0, 2.0) - 2.0).abs() < f32::EPSILON);
        assert!((fixed_part_kw(0.25, 6.0, 2.0) - 1.5).abs() < f32::EPSILON);
    }
}

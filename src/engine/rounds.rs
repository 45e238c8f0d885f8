//! The rounds of a key, held over blocks of homes for all intervals of a day at once.
//!
//! What each member still needs is kept for the day (`Chunk::open`); what givers have left is a part of their surplus that is
//! the same for all of a class. So a round is one or two passes over the homes, and what it offers, divides and leaves
//! are numbers of an interval. [`allocate`](crate::sharing::allocate) does the same for one interval, home by home.

use super::block::{Block, DayInput};
use super::chunk::{Chunk, Scratches};
use super::lanes::{self, Lanes, Totals};
use super::{CommunityStep, DayShares, for_each_chunk};
use crate::reduce::fold_lanes;
use crate::scenario::key::{Key, Method, Round, Unused};
use crate::sharing::StepShare;
use crate::sharing::scheme::{Classes, Role};

/// What is left of an offer below this part of it is rounding: needs are f32.
const ROUNDING: f64 = 1e-7;

/// Passes after which the level of water-filling is taken as it is. Each pass brings it past a need or to its place; in
/// streets it takes about ten.
const MOST_PROBES: usize = 200;

/// A day of a community that shares round by round.
pub(super) struct DayRounds<'a> {
    pub input: &'a DayInput<'a>,
    pub key: &'a Key,
    pub classes: &'a Classes,
    pub scratches: &'a Scratches,
}

/// What there is of the day, by interval.
struct State {
    /// The surplus of each class, Σ kW over the interval's steps, `[class][interval]`.
    surplus: Vec<Vec<f64>>,
    /// The part of it that is not given yet, and still offered.
    left: Vec<Vec<f64>>,
    /// The part that is given.
    given: Vec<Vec<f64>>,
    /// What members took in this pass of the list.
    taken: Vec<f64>,
}

impl DayRounds<'_> {
    /// Steps of an interval.
    fn interval_steps(&self) -> usize {
        interval_steps(self.key, self.input.world.calendar.step_minutes())
    }

    fn intervals(&self) -> usize {
        self.input.day.steps.div_ceil(self.interval_steps())
    }

    /// Shares the day: leaves in the chunks the part of its import that each member receives in each interval, and returns
    /// what the classes give.
    pub(super) fn share(&self, chunks: &mut [Chunk], community: &[CommunityStep]) -> DayShares {
        let mut state = self.begin(chunks);
        for _ in 0..self.key.repeat {
            state.taken.fill(0.0);
            for (place, round) in self.key.rounds.iter().enumerate() {
                self.hold(round, place, chunks, &mut state);
            }
            let has_moved = |interval: usize| {
                let all: f64 = state.surplus.iter().map(|class| class[interval]).sum();
                state.taken[interval] > ROUNDING * all
            };
            // What one pass left as it was, no further one moves.
            if !(0..state.taken.len()).any(has_moved) {
                break;
            }
        }
        let participation: Vec<f32> = self.classes.classes.iter().map(|class| class.participation as f32).collect();
        let interval_steps = self.interval_steps();
        let received = self.pass(
            chunks,
            1,
            self.input.day.steps,
            #[inline(always)]
            |block, net, open, totals| {
                lanes::received_part(net, open, participation[usize::from(block.kit.class)], interval_steps);
                lanes::sum_received(net, open, interval_steps, totals);
            },
        );
        let by_class: Vec<Vec<f64>> = (state.given.iter())
            .zip(&self.classes.classes)
            .map(|(given, class)| {
                let part = |step: usize| given[step / interval_steps] * class.participation;
                (0..self.input.day.steps).map(part).collect()
            })
            .collect();
        let steps = community
            .iter()
            .zip(received)
            .map(|(step, shared_kw)| {
                let (demand_kw, pool_kw) = (step.member_demand_kw, step.member_surplus_kw);
                let part = |all: f64| if all > 0.0 { (shared_kw / all).min(1.0) } else { 0.0 };
                StepShare { received_part: part(demand_kw), demand_kw, pool_kw, given_part: part(pool_kw), shared_kw }
            })
            .collect();
        DayShares { steps, by_class }
    }

    /// What each member needs and each class has.
    fn begin(&self, chunks: &mut [Chunk]) -> State {
        let (intervals, interval_steps) = (self.intervals(), self.interval_steps());
        let classes = &self.classes.classes;
        let sums = self.pass(
            chunks,
            classes.len(),
            intervals,
            #[inline(always)]
            |block, net, open, totals| {
                let class = usize::from(block.kit.class);
                lanes::needs(net, classes[class].participation as f32, interval_steps, open);
                if !block.kit.only_uses() {
                    lanes::sum_surplus(net, interval_steps, &mut totals[class * intervals..][..intervals]);
                }
            },
        );
        let mut surplus: Vec<Vec<f64>> = sums.chunks_exact(intervals).map(<[f64]>::to_vec).collect();
        let world = self.input.world;
        for (plant, kw) in world.plant_kw.iter().enumerate() {
            let class = usize::from(world.scheme.class_of(world.homes.len() + plant));
            for (step, kw) in kw[self.input.day.range()].iter().enumerate() {
                surplus[class][step / interval_steps] += kw;
            }
        }
        for (class, surplus) in classes.iter().zip(&mut surplus) {
            for kw in surplus {
                *kw *= class.participation;
            }
        }
        let parts = |part: f64| vec![vec![part; intervals]; classes.len()];
        State { surplus, left: parts(1.0), given: parts(0.0), taken: vec![0.0; intervals] }
    }

    fn hold(&self, round: &Round, place: usize, chunks: &mut [Chunk], state: &mut State) {
        let intervals = self.intervals();
        let classes = &self.classes.classes;
        let offers: Vec<Vec<f64>> = (classes.iter().zip(&state.surplus).zip(&state.left))
            .map(|((class, surplus), left)| {
                let part = if class.roles[place].gives { round.max_part } else { 0.0 };
                surplus.iter().zip(left).map(|(kw, left)| kw * left * part).collect()
            })
            .collect();
        let offered: Vec<f64> =
            (0..intervals).map(|interval| offers.iter().map(|class| class[interval]).sum()).collect();
        if offered.iter().all(|kw| *kw <= 0.0) {
            return;
        }
        // The part of its offer that a class gives.
        let used: Vec<Vec<f64>> = if let Method::Pairwise { rows, .. } = &round.method {
            let of_row = self.hold_pairs(place, rows.len(), &offers, chunks, &mut state.taken);
            let nothing = vec![0.0; intervals];
            classes
                .iter()
                .map(|class| class.roles[place].row.map_or_else(|| nothing.clone(), |row| of_row[row].clone()))
                .collect()
        } else {
            let taken = match &round.method {
                Method::Static { iterations, renormalise, .. } => {
                    self.hold_fixed(place, *iterations, *renormalise, &offered, chunks)
                }
                Method::WaterFilling => self.hold_level(place, &offered, chunks),
                Method::ProRata => self.hold_levels(place, 1, |_| Some(0), &offered, chunks),
                Method::Priority(levels) => {
                    let last = levels.iter().flatten().max().map_or(0, |last| last + 1);
                    self.hold_levels(place, last, |role| role.level, &offered, chunks)
                }
                Method::Pairwise { .. } => unreachable!("it is held above"),
            };
            let part = |(taken, offered): (&f64, &f64)| if *offered > 0.0 { (taken / offered).min(1.0) } else { 0.0 };
            let part: Vec<f64> = taken.iter().zip(&offered).map(part).collect();
            state.taken.iter_mut().zip(&taken).for_each(|(all, taken)| *all += taken);
            vec![part; classes.len()]
        };
        let stays = f64::from(u8::from(round.unused == Unused::NextRound));
        for (class, used) in used.iter().enumerate().filter(|(class, _)| classes[*class].roles[place].gives) {
            for (interval, used) in used.iter().enumerate() {
                let left = &mut state.left[class][interval];
                let offer = *left * round.max_part;
                state.given[class][interval] += offer * used;
                *left = (*left - offer) + offer * (1.0 - used) * stays;
            }
        }
    }

    /// Pro rata of what is still needed, on one level after another.
    ///
    /// * `level_of` – who stands on which; `None`: it takes nothing.
    fn hold_levels(
        &self,
        place: usize,
        levels: usize,
        level_of: impl Fn(Role) -> Option<usize> + Send + Sync,
        offered: &[f64],
        chunks: &mut [Chunk],
    ) -> Vec<f64> {
        let intervals = offered.len();
        let level = |block: &Block| {
            let role = self.role(block, place);
            if role.takes { level_of(role) } else { None }
        };
        let sums = self.pass(
            chunks,
            levels,
            intervals,
            #[inline(always)]
            |block, _, open, totals| {
                if let Some(level) = level(block) {
                    lanes::sum_lanes(open, &mut totals[level * intervals..][..intervals]);
                }
            },
        );
        let mut rest = offered.to_vec();
        let mut parts: Vec<Vec<f32>> = Vec::with_capacity(levels);
        for need in sums.chunks_exact(intervals) {
            let part = |(rest, need): (&mut f64, &f64)| {
                let taken = need.min(*rest);
                *rest -= taken;
                if *need > 0.0 { (taken / need) as f32 } else { 0.0 }
            };
            parts.push(rest.iter_mut().zip(need).map(part).collect());
        }
        self.pass(
            chunks,
            0,
            intervals,
            #[inline(always)]
            |block, _, open, _| {
                if let Some(level) = level(block) {
                    lanes::take_part(open, &parts[level]);
                }
            },
        );
        offered.iter().zip(&rest).map(|(offered, rest)| offered - rest).collect()
    }

    /// Fixed parts, and what is left by them again and again.
    fn hold_fixed(
        &self,
        place: usize,
        iterations: u32,
        renormalise: bool,
        offered: &[f64],
        chunks: &mut [Chunk],
    ) -> Vec<f64> {
        let intervals = offered.len();
        let column = column_of(self.key, place);
        let mut rest = offered.to_vec();
        let mut pool: Vec<f32> = offered.iter().map(|kw| *kw as f32).collect();
        for _ in 0..iterations {
            let sums = self.pass(
                chunks,
                2,
                intervals,
                #[inline(always)]
                |block, _, open, totals| {
                    if self.role(block, place).takes {
                        let (taken, still_open) = totals.split_at_mut(intervals);
                        lanes::take_fixed_of_open(open, &block.parts[column], &pool, taken, still_open);
                    }
                },
            );
            let (taken, still_open) = sums.split_at(intervals);
            for interval in 0..intervals {
                rest[interval] -= taken[interval];
                let goes_on = rest[interval] > ROUNDING * offered[interval] && still_open[interval] > 0.0;
                let all = if renormalise { still_open[interval] } else { 1.0 };
                // A pool of nothing leaves all as it is.
                pool[interval] = if goes_on { (rest[interval] / all) as f32 } else { 0.0 };
            }
            if pool.iter().all(|kw| *kw <= 0.0) {
                break;
            }
        }
        offered.iter().zip(&rest).map(|(offered, rest)| offered - rest).collect()
    }

    /// All up to one level L, at which Σ min(need, L) is what is offered: by Newton's steps from below, each exact between
    /// two needs.
    fn hold_level(&self, place: usize, offered: &[f64], chunks: &mut [Chunk]) -> Vec<f64> {
        let intervals = offered.len();
        let mut level = vec![0.0_f32; intervals];
        let mut taken = vec![0.0; intervals];
        for _ in 0..MOST_PROBES {
            let sums = self.pass(
                chunks,
                2,
                intervals,
                #[inline(always)]
                |block, _, open, totals| {
                    if self.role(block, place).takes {
                        let (below, above) = totals.split_at_mut(intervals);
                        lanes::probe_level(open, &level, below, above);
                    }
                },
            );
            let (below, above) = sums.split_at(intervals);
            taken.copy_from_slice(below);
            let mut is_done = true;
            for interval in 0..intervals {
                let miss = offered[interval] - below[interval];
                if miss > ROUNDING * offered[interval] && above[interval] > 0.0 {
                    level[interval] += (miss / above[interval]) as f32;
                    is_done = false;
                }
            }
            if is_done {
                break;
            }
        }
        self.pass(
            chunks,
            0,
            intervals,
            #[inline(always)]
            |block, _, open, _| {
                if self.role(block, place).takes {
                    lanes::take_level(open, &level);
                }
            },
        );
        taken
    }

    /// Each giver a part of its own offer to each taker. Returns the part of its offers that each row gives.
    fn hold_pairs(
        &self,
        place: usize,
        rows: usize,
        offers: &[Vec<f64>],
        chunks: &mut [Chunk],
        taken: &mut [f64],
    ) -> Vec<Vec<f64>> {
        let intervals = taken.len();
        let column = column_of(self.key, place);
        let mut pools = vec![vec![0.0_f32; intervals]; rows];
        for (class, offer) in self.classes.classes.iter().zip(offers) {
            if let Some(row) = class.roles[place].row {
                pools[row].iter_mut().zip(offer).for_each(|(pool, kw)| *pool += *kw as f32);
            }
        }
        let sums = self.pass(
            chunks,
            rows + 1,
            intervals,
            #[inline(always)]
            |block, _, open, totals| {
                if self.role(block, place).takes {
                    lanes::take_pairs(open, &block.parts[column..][..rows], &pools, totals);
                }
            },
        );
        let (all, used) = sums.split_at(intervals);
        taken.iter_mut().zip(all).for_each(|(taken, all)| *taken += all);
        used.chunks_exact(intervals).map(|row| row.iter().map(|part| part.min(1.0)).collect()).collect()
    }

    fn role(&self, block: &Block, place: usize) -> Role {
        self.classes.classes[usize::from(block.kit.class)].roles[place]
    }

    /// Goes over the blocks of members once: their net, what they still need, and sums `[row][interval]`, which are returned.
    fn pass(
        &self,
        chunks: &mut [Chunk],
        rows: usize,
        intervals: usize,
        kernel: impl Fn(&Block, &[Lanes], &mut [Lanes], &mut [Totals]) + Send + Sync,
    ) -> Vec<f64> {
        let (steps, open_steps) = (self.input.day.steps, self.intervals());
        let length = rows * intervals;
        for_each_chunk(chunks, |chunk| {
            self.scratches.with(|scratch| {
                let totals = scratch.totals(length);
                chunk.pass(steps, open_steps, |block, net, open| {
                    self.input.vector.run(
                        #[inline(always)]
                        || kernel(block, net, open, totals),
                    );
                });
                chunk.folded.clear();
                chunk.folded.extend(totals.iter().map(fold_lanes));
            });
        });
        let mut sums = vec![0.0; length];
        for chunk in chunks {
            sums.iter_mut().zip(&chunk.folded).for_each(|(sum, kw)| *sum += kw);
        }
        sums
    }
}

/// Steps of a settlement interval.
pub(super) fn interval_steps(key: &Key, step_minutes: u32) -> usize {
    key.interval_minutes.map_or(1, |minutes| (minutes / step_minutes).max(1) as usize)
}

/// The first of the columns of fixed parts that a round has among those of all rounds.
fn column_of(key: &Key, place: usize) -> usize {
    key.rounds[..place].iter().map(columns).sum()
}

/// Columns of fixed parts that a round has.
fn columns(round: &Round) -> usize {
    match &round.method {
        Method::Static { .. } => 1,
        Method::Pairwise { rows, .. } => rows.len(),
        _ => 0,
    }
}

/// The fixed parts of a home in all rounds, in the order of [`column_of`].
pub(super) fn parts_of(key: &Key, home: usize) -> Vec<f64> {
    let of_round = |round: &Round| match &round.method {
        Method::Static { parts, .. } => vec![if round.takes[home] { parts[home] } else { 0.0 }],
        Method::Pairwise { rows, .. } => {
            rows.iter().map(|row| if round.takes[home] { row[home] } else { 0.0 }).collect()
        }
        _ => Vec::new(),
    };
    key.rounds.iter().flat_map(of_round).collect()
}

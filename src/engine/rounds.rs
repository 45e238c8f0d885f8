//! The rounds of a key, held over blocks of homes for all intervals of a day at once.
//!
//! What each member still needs is kept for the day (`Chunk::open`); what givers have left is a part of their surplus that is
//! the same for all of a class. So a round is one or two passes over the homes, and what it offers, divides and leaves
//! are numbers of an interval. Intervals without surplus are left out: all rows are of the others, in order.
//! [`allocate`](crate::sharing::allocate) does the same for one interval, home by home.

use super::block::{Block, DayInput};
use super::chunk::{Chunk, Scratches};
use super::lanes::{self, Lanes, Totals};
use super::{CommunityStep, DayShares, for_each_chunk};
use crate::reduce::fold_lanes;
use crate::scenario::key::{Key, Method, Round, Unused};
use crate::sharing::StepShare;
use crate::sharing::scheme::{Class, Classes, Role};

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

/// What there is of the day.
struct State {
    /// The intervals in which there is surplus, of the day's.
    intervals: Vec<usize>,
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
        self.key.interval_steps(self.input.world.calendar.step_minutes())
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
        self.end(chunks, community, &state)
    }

    /// What each class has and each member needs.
    fn begin(&self, chunks: &mut [Chunk]) -> State {
        let (steps, interval_steps) = (self.input.day.steps, self.interval_steps());
        let classes = &self.classes.classes;
        let of_day = steps.div_ceil(interval_steps);
        let sums = self.pass(
            chunks,
            classes.len() * of_day,
            #[inline(always)]
            |block, net, _, totals| {
                if !block.kit.only_uses() {
                    let class = usize::from(block.kit.class);
                    lanes::sum_surplus(net, interval_steps, &mut totals[class * of_day..][..of_day]);
                }
            },
        );
        let mut surplus: Vec<Vec<f64>> = sums.chunks_exact(of_day).map(<[f64]>::to_vec).collect();
        let world = self.input.world;
        for (plant, kw) in world.plant_kw.iter().enumerate() {
            let class = usize::from(world.scheme.class_of(world.homes.len() + plant));
            for (step, kw) in kw[self.input.day.range()].iter().enumerate() {
                surplus[class][step / interval_steps] += kw;
            }
        }
        let is_there = |interval: &usize| surplus.iter().any(|class| class[*interval] > 0.0);
        let intervals: Vec<usize> = (0..of_day).filter(is_there).collect();
        let of_class = |(kw, class): (&Vec<f64>, &Class)| {
            intervals.iter().map(|interval| kw[*interval] * class.participation).collect()
        };
        let surplus = surplus.iter().zip(classes).map(of_class).collect();
        let participation = self.participation();
        self.pass(
            chunks,
            0,
            #[inline(always)]
            |block, net, open, _| {
                lanes::needs(net, &intervals, interval_steps, participation[usize::from(block.kit.class)], open);
            },
        );
        let parts = |part: f64| vec![vec![part; intervals.len()]; classes.len()];
        State { surplus, left: parts(1.0), given: parts(0.0), taken: vec![0.0; intervals.len()], intervals }
    }

    /// The parts of their imports that members receive, and of their surplus that the classes give.
    fn end(&self, chunks: &mut [Chunk], community: &[CommunityStep], state: &State) -> DayShares {
        let (steps, interval_steps) = (self.input.day.steps, self.interval_steps());
        let (participation, intervals) = (self.participation(), &state.intervals);
        let received = self.pass(
            chunks,
            steps,
            #[inline(always)]
            |block, net, open, totals| {
                let participation = participation[usize::from(block.kit.class)];
                lanes::received_part(net, intervals, interval_steps, participation, open, totals);
            },
        );
        let of_class = |(given, class): (&Vec<f64>, &Class)| {
            let mut by_step = vec![0.0; steps];
            for (interval, part) in intervals.iter().zip(given) {
                let of_interval = interval * interval_steps..((interval + 1) * interval_steps).min(steps);
                by_step[of_interval].fill(part * class.participation);
            }
            by_step
        };
        let by_class = state.given.iter().zip(&self.classes.classes).map(of_class).collect();
        let of_step = |(step, shared_kw): (&CommunityStep, f64)| {
            StepShare::new(step.member_demand_kw, shared_kw, step.member_surplus_kw)
        };
        DayShares { steps: community.iter().zip(received).map(of_step).collect(), by_class }
    }

    /// The participation of each class, as it is in the lanes.
    fn participation(&self) -> Vec<f32> {
        self.classes.classes.iter().map(|class| class.participation as f32).collect()
    }

    fn hold(&self, round: &Round, place: usize, chunks: &mut [Chunk], state: &mut State) {
        let intervals = state.intervals.len();
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
        let places: Vec<usize> = (0..intervals).collect();
        let level = |block: &Block| {
            let role = self.role(block, place);
            if role.takes { level_of(role) } else { None }
        };
        let sums = self.pass(
            chunks,
            levels * intervals,
            #[inline(always)]
            |block, _, open, totals| {
                if let Some(level) = level(block) {
                    lanes::sum_lanes(open, &places, &mut totals[level * intervals..][..intervals]);
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
            #[inline(always)]
            |block, _, open, _| {
                if let Some(level) = level(block) {
                    lanes::take_part(open, &places, &parts[level]);
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
        let places: Vec<usize> = (0..intervals).collect();
        let column = column_of(self.key, place);
        let mut rest = offered.to_vec();
        let mut pool: Vec<f32> = offered.iter().map(|kw| *kw as f32).collect();
        for _ in 0..iterations {
            let sums = self.pass(
                chunks,
                2 * intervals,
                #[inline(always)]
                |block, _, open, totals| {
                    if self.role(block, place).takes {
                        let (taken, still_open) = totals.split_at_mut(intervals);
                        lanes::take_fixed_of_open(open, &places, &block.parts[column], &pool, taken, still_open);
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
        let places: Vec<usize> = (0..intervals).collect();
        let (mut level, mut taken) = (vec![0.0_f32; intervals], vec![0.0; intervals]);
        let mut probed: Vec<usize> = (0..intervals).filter(|interval| offered[*interval] > 0.0).collect();
        for _ in 0..MOST_PROBES {
            let sums = self.pass(
                chunks,
                2 * probed.len(),
                #[inline(always)]
                |block, _, open, totals| {
                    if self.role(block, place).takes {
                        let (below, above) = totals.split_at_mut(probed.len());
                        lanes::probe_level(open, &probed, &level, below, above);
                    }
                },
            );
            let (below, above) = sums.split_at(probed.len());
            let mut sums = below.iter().zip(above);
            probed.retain(|interval| {
                let (below, above) = sums.next().expect("there are sums of every interval that is probed");
                taken[*interval] = *below;
                let (before, miss) = (level[*interval], offered[*interval] - below);
                if miss <= ROUNDING * offered[*interval] || *above <= 0.0 {
                    return false;
                }
                level[*interval] += (miss / above) as f32;
                level[*interval] > before
            });
            if probed.is_empty() {
                break;
            }
        }
        self.pass(
            chunks,
            0,
            #[inline(always)]
            |block, _, open, _| {
                if self.role(block, place).takes {
                    lanes::take_level(open, &places, &level);
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
        let places: Vec<usize> = (0..intervals).collect();
        let column = column_of(self.key, place);
        let mut pools = vec![vec![0.0_f32; intervals]; rows];
        for (class, offer) in self.classes.classes.iter().zip(offers) {
            if let Some(row) = class.roles[place].row {
                pools[row].iter_mut().zip(offer).for_each(|(pool, kw)| *pool += *kw as f32);
            }
        }
        let sums = self.pass(
            chunks,
            (rows + 1) * intervals,
            #[inline(always)]
            |block, _, open, totals| {
                if self.role(block, place).takes {
                    lanes::take_pairs(open, &places, &block.parts[column..][..rows], &pools, totals);
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

    /// Goes over the blocks of members once: their net, what they still need, and as many sums as `length`, which are returned.
    fn pass(
        &self,
        chunks: &mut [Chunk],
        length: usize,
        kernel: impl Fn(&Block, &[Lanes], &mut [Lanes], &mut [Totals]) + Send + Sync,
    ) -> Vec<f64> {
        for_each_chunk(chunks, |chunk| {
            self.scratches.with(|scratch| {
                let totals = scratch.totals(length);
                chunk.pass(self.input.day.steps, |block, net, open| {
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

//! The allocation of one settlement interval, round by round, in f64.
//!
//! A round offers P = `max_part` × Σ of what its givers have left, and divides it by its method among those that may take.
//! Givers give in proportion to what they have left (pairwise: each what was taken of its own offer). So always
//! `0 ≤ shared_in ≤ need`, `0 ≤ shared_out ≤ surplus`, and Σ `shared_in` = Σ `shared_out` up to rounding.

use crate::scenario::key::{Key, Method, Round, Unused};

/// What is left of an offer below this part of it is rounding, and ends an iteration.
const ROUNDING: f64 = 1e-13;

/// What the participants get and give in an interval, kWh (or kW: the unit of what they need and have).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Allocation {
    /// Received, at most the need.
    pub shared_in: Vec<f64>,
    /// Given, at most the surplus.
    pub shared_out: Vec<f64>,
    /// Feed-in of a participant because its part was not used ([`Unused::Owner`]).
    pub own_surplus_in: Vec<f64>,
    /// Surplus of a giver that became feed-in of others so.
    pub own_surplus_out: Vec<f64>,
    /// Each round that was held, for who wants to know why.
    pub rounds: Vec<Held>,
}

/// A round as it was held.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Its place in [`Key::rounds`].
    pub round: usize,
    /// How often the list was gone through before.
    pub pass: u32,
    /// What was offered.
    pub offered: f64,
    /// What each participant that may take still needed.
    pub need: Vec<f64>,
    /// What each took.
    pub taken: Vec<f64>,
}

/// Allocates one interval.
///
/// * `need` – what each participant draws, `[participants]`, 0 or more.
/// * `surplus` – what each feeds in, the same.
///
/// # Panics
/// If the key is of another number of participants.
pub fn allocate(key: &Key, need: &[f64], surplus: &[f64]) -> Allocation {
    assert!(need.len() == surplus.len() && need.len() == key.participation.len(), "a key is of its participants");
    let part = |all: &[f64]| -> Vec<f64> { all.iter().zip(&key.participation).map(|(kwh, part)| kwh * part).collect() };
    let (open, left) = (part(need), part(surplus));
    let none = vec![0.0; need.len()];
    let mut state = State {
        done: Allocation {
            shared_in: none.clone(),
            shared_out: none.clone(),
            own_surplus_in: none.clone(),
            own_surplus_out: none,
            rounds: Vec::new(),
        },
        open,
        left,
    };
    for pass in 0..key.repeat {
        let before = state.done.shared_in.iter().sum::<f64>();
        for (place, round) in key.rounds.iter().enumerate() {
            state.hold(round, place, pass);
        }
        // What one pass left as it was, no further one moves.
        if state.done.shared_in.iter().sum::<f64>() <= before {
            break;
        }
    }
    state.done
}

struct State {
    done: Allocation,
    /// What each still needs.
    open: Vec<f64>,
    /// What each has left to give.
    left: Vec<f64>,
}

impl State {
    fn hold(&mut self, round: &Round, place: usize, pass: u32) {
        let offers: Vec<f64> = self
            .left
            .iter()
            .zip(&round.gives)
            .map(|(kwh, gives)| if *gives { kwh * round.max_part } else { 0.0 })
            .collect();
        let offered: f64 = offers.iter().sum();
        let need: Vec<f64> =
            self.open.iter().zip(&round.takes).map(|(kwh, takes)| if *takes { *kwh } else { 0.0 }).collect();
        // The part of each offer that was taken, and of whom the rest is if each part is someone's own.
        let (mut taken, given, own) = match &round.method {
            Method::Pairwise { rows, row_of } => {
                // Of a giver without a row, nobody has a part.
                let part = |j: usize, i: usize| row_of[j].map_or(0.0, |row: usize| rows[row][i]);
                pairwise(part, &offers, &need, &round.takes)
            }
            method => {
                let taken = divide(method, offered, &need, &round.takes);
                let all: f64 = taken.iter().sum();
                let part = if offered > 0.0 { (all / offered).min(1.0) } else { 0.0 };
                let own = own_parts(method, &taken, offered, &round.takes);
                (taken, offers.iter().map(|kwh| kwh * part).collect::<Vec<f64>>(), own)
            }
        };
        for (taken, need) in taken.iter_mut().zip(&need) {
            *taken = taken.min(*need);
        }
        for i in 0..taken.len() {
            self.done.shared_in[i] += taken[i];
            self.open[i] = (self.open[i] - taken[i]).max(0.0);
            self.done.shared_out[i] += given[i];
            self.left[i] = (self.left[i] - given[i]).max(0.0);
        }
        let rest = offers.iter().zip(&given).map(|(offer, given)| (offer - given).max(0.0));
        match round.unused {
            Unused::NextRound => {}
            Unused::Grid => self.left.iter_mut().zip(rest).for_each(|(left, rest)| *left = (*left - rest).max(0.0)),
            Unused::Owner => {
                let rest: Vec<f64> = rest.collect();
                let (all, own_all) = (rest.iter().sum::<f64>(), own.iter().sum::<f64>());
                let moved = if all > 0.0 { (own_all / all).min(1.0) } else { 0.0 };
                for i in 0..rest.len() {
                    self.done.own_surplus_in[i] += own[i];
                    self.done.own_surplus_out[i] += rest[i] * moved;
                    self.left[i] = (self.left[i] - rest[i]).max(0.0);
                }
            }
        }
        self.done.rounds.push(Held { round: place, pass, offered, need, taken });
    }
}

/// What each takes of an offer.
fn divide(method: &Method, offered: f64, need: &[f64], takes: &[bool]) -> Vec<f64> {
    match method {
        Method::Static { parts, iterations, renormalise } => {
            iterate(parts, *iterations, *renormalise, offered, need, takes)
        }
        Method::ProRata => pro_rata(offered, need, |_| true),
        Method::Priority(levels) => {
            let mut taken = vec![0.0; need.len()];
            let mut rest = offered;
            let last = levels.iter().flatten().max().map_or(0, |last| last + 1);
            for level in 0..last {
                let own = pro_rata(rest, need, |i| levels[i] == Some(level));
                rest = (rest - own.iter().sum::<f64>()).max(0.0);
                taken.iter_mut().zip(own).for_each(|(taken, own)| *taken += own);
            }
            taken
        }
        Method::WaterFilling => {
            let level = water_level(offered, need);
            need.iter().map(|need| need.min(level)).collect()
        }
        Method::Pairwise { .. } => unreachable!("pairwise rounds have an offer for each giver"),
    }
}

fn pro_rata(offered: f64, need: &[f64], is_in: impl Fn(usize) -> bool) -> Vec<f64> {
    let own = |i: usize| if is_in(i) { need[i] } else { 0.0 };
    let all: f64 = (0..need.len()).map(own).sum();
    let part = if all > 0.0 { (offered / all).min(1.0) } else { 0.0 };
    (0..need.len()).map(|i| own(i) * part).collect()
}

/// Fixed parts, and what is left by them again and again.
fn iterate(parts: &[f64], iterations: u32, renormalise: bool, offered: f64, need: &[f64], takes: &[bool]) -> Vec<f64> {
    let mut taken = vec![0.0; need.len()];
    let mut rest = offered;
    for iteration in 0..iterations {
        // Who has all it needs is out; in the first iteration nobody's part is anyone else's.
        let is_open = |i: usize| takes[i] && taken[i] < need[i];
        let open: f64 = (0..need.len()).filter(|i| is_open(*i)).map(|i| parts[i]).sum();
        if open <= 0.0 || rest <= offered * ROUNDING {
            break;
        }
        let all = if renormalise && iteration > 0 { open } else { 1.0 };
        let mut more = 0.0;
        for i in (0..need.len()).filter(|i| takes[*i]) {
            let (part, missing) = (parts[i] / all * rest, need[i] - taken[i]);
            more += part.min(missing);
            // Who has all it needs has it to the last bit: it is open no more.
            taken[i] = if part < missing { taken[i] + part } else { need[i] };
        }
        rest -= more;
    }
    taken
}

/// The level L with Σ min(C, L) = min(offered, Σ C): the needs that lie below it are met.
fn water_level(offered: f64, need: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = need.iter().copied().filter(|need| *need > 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut rest = offered;
    for (below, need) in sorted.iter().enumerate() {
        let level = rest / (sorted.len() - below) as f64;
        if *need > level {
            return level;
        }
        rest -= need;
    }
    f64::INFINITY
}

/// What of a part that is someone's own was not used.
fn own_parts(method: &Method, taken: &[f64], offered: f64, takes: &[bool]) -> Vec<f64> {
    match method {
        Method::Static { parts, .. } => {
            (0..taken.len()).map(|i| if takes[i] { (parts[i] * offered - taken[i]).max(0.0) } else { 0.0 }).collect()
        }
        _ => vec![0.0; taken.len()],
    }
}

/// What each takes, what each gives, and what of its parts each leaves.
fn pairwise(
    part: impl Fn(usize, usize) -> f64,
    offers: &[f64],
    need: &[f64],
    takes: &[bool],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let count = need.len();
    let (mut taken, mut given, mut own) = (vec![0.0; count], vec![0.0; count], vec![0.0; count]);
    for i in (0..count).filter(|i| takes[*i]) {
        let offered: f64 = (0..count).map(|j| part(j, i) * offers[j]).sum();
        if offered <= 0.0 {
            continue;
        }
        taken[i] = offered.min(need[i]);
        own[i] = offered - taken[i];
        let used = taken[i] / offered;
        for (j, given) in given.iter_mut().enumerate() {
            *given += part(j, i) * offers[j] * used;
        }
    }
    (taken, given, own)
}

#[cfg(test)]
mod tests;

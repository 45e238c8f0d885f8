//! A key: an ordered list of rounds, and how long the interval is that it settles.
//!
//! Every key that is in use is a case of this: named keys and those of countries are lists of rounds that are written once.

/// Who gets the local kWh of an interval, and in which order.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Length of the settlement interval, minutes; `None`: the step of the readings.
    pub interval_minutes: Option<u32>,
    /// The rounds, in their order. None: nothing is shared.
    pub rounds: Vec<Round>,
    /// How often the whole list is gone through.
    pub repeat: u32,
    /// The part of its need and surplus with which each participant takes part here: the rest is another community's.
    pub participation: Vec<f64>,
}

/// One round: what is offered, to whom, and how it is divided.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// How it is divided.
    pub method: Method,
    /// Whether each participant may take.
    pub takes: Vec<bool>,
    /// Whether what each participant has left is offered.
    pub gives: Vec<bool>,
    /// The part of what is left that is offered, above 0 up to 1.
    pub max_part: f64,
    /// What becomes of what was offered and not taken.
    pub unused: Unused,
}

/// How a round divides what is offered. `P` is what is offered, `C_i` what a participant still needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// min(`k_i` P, `C_i`): a fixed part each.
    Static {
        /// `k_i` of each participant; those that may take sum to 1.
        parts: Vec<f64>,
        /// How often what is left is divided again.
        iterations: u32,
        /// Whether it is then divided among those alone that still need something, by `k_i` over their sum.
        renormalise: bool,
    },
    /// `C_i` min(1, P / Σ C).
    ProRata,
    /// Levels in their order: one is served, pro rata, before the next.
    Priority(
        /// The level of each participant; `None`: it takes nothing.
        Vec<Option<usize>>,
    ),
    /// min(`C_i`, L), with one level L so that all that is offered is taken, or all need met: the least served get most.
    WaterFilling,
    /// Each giver offers a part of its own surplus to each taker: the sum of `k_ji` `P_j`, at most `C_i`.
    Pairwise {
        /// Rows `k_ji`: the part of each taker; those of a row sum to at most 1. Givers of a group have one row.
        rows: Vec<Vec<f64>>,
        /// The row of each giver; `None`: it gives nothing.
        row_of: Vec<Option<usize>>,
    },
}

impl Method {
    /// A matrix with the rows of some givers alone; any other method as it is.
    #[must_use]
    pub fn of_givers(&self, givers: &[bool]) -> Method {
        let Method::Pairwise { rows, row_of } = self else { return self.clone() };
        let own = |(row, gives): (&Option<usize>, &bool)| row.filter(|_| *gives);
        let mut used: Vec<usize> = row_of.iter().zip(givers).filter_map(own).collect();
        used.sort_unstable();
        used.dedup();
        Method::Pairwise {
            rows: used.iter().map(|row| rows[*row].clone()).collect(),
            row_of: row_of.iter().zip(givers).map(|pair| used.binary_search(&own(pair)?).ok()).collect(),
        }
    }
}

/// What becomes of what a round offered and nobody took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unused {
    /// It is offered again in later rounds; after the last it is feed-in of who gave it.
    #[default]
    NextRound,
    /// It goes to the grid: feed-in of who gave it, and no later round has it.
    Grid,
    /// It is feed-in of the participant whose part it was.
    Owner,
}

impl Key {
    /// A key in one round over all participants, by the step.
    pub fn one_round(method: Method, participants: usize) -> Key {
        Key {
            interval_minutes: None,
            rounds: vec![Round::of_all(method, participants)],
            repeat: 1,
            participation: vec![1.0; participants],
        }
    }

    /// The steps of a settlement interval.
    ///
    /// * `step_minutes` – of the run, of which the interval is a whole number.
    pub fn interval_steps(&self, step_minutes: u32) -> usize {
        self.interval_minutes.map_or(1, |minutes| (minutes / step_minutes).max(1) as usize)
    }

    /// The key of some of its participants, by their places, as if the others needed and had nothing.
    #[must_use]
    pub fn of_some(&self, participants: &[usize]) -> Key {
        fn some<T: Clone>(all: &[T], participants: &[usize]) -> Vec<T> {
            participants.iter().map(|participant| all[*participant].clone()).collect()
        }
        let method = |method: &Method| match method {
            Method::Static { parts, iterations, renormalise } => {
                Method::Static { parts: some(parts, participants), iterations: *iterations, renormalise: *renormalise }
            }
            Method::Priority(levels) => Method::Priority(some(levels, participants)),
            Method::Pairwise { rows, row_of } => Method::Pairwise {
                rows: rows.iter().map(|row| some(row, participants)).collect(),
                row_of: some(row_of, participants),
            },
            Method::ProRata | Method::WaterFilling => method.clone(),
        };
        let round = |round: &Round| Round {
            method: method(&round.method),
            takes: some(&round.takes, participants),
            gives: some(&round.gives, participants),
            ..*round
        };
        Key {
            rounds: self.rounds.iter().map(round).collect(),
            participation: some(&self.participation, participants),
            ..*self
        }
    }
}

impl Round {
    /// A round in which all may take and all give.
    pub fn of_all(method: Method, participants: usize) -> Round {
        Round {
            method,
            takes: vec![true; participants],
            gives: vec![true; participants],
            max_part: 1.0,
            unused: Unused::NextRound,
        }
    }
}

//! How a run holds a key: the usual keys in one pass over the homes, all others round by round over classes.
//!
//! A class is of participants that every round treats alike but for the size of their fixed parts: they may take and give
//! in the same rounds, stand on the same level, and offer to the same takers. Homes of one class stand in blocks of
//! their own, so that a pass asks nothing of a single home; and members of one class give the same part of their surplus.

use std::collections::BTreeMap;

use crate::scenario::key::{Key, Method, Round, Unused};

/// How a run holds its key.
#[derive(Clone, Debug, PartialEq)]
pub enum Scheme {
    /// Nothing is shared.
    Nothing,
    /// At most a fixed part of the surplus each, in one round.
    Fixed(
        /// The part of each home.
        Vec<f64>,
    ),
    /// In proportion to need, in one round.
    ProRata,
    /// Round by round.
    Rounds(Classes),
}

/// Participants by what the rounds are for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Classes {
    /// The class of each home, then of each plant.
    class_of: Vec<u16>,
    /// What each class is.
    pub classes: Vec<Class>,
}

/// What the rounds are for the participants of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// The part of its need and surplus with which it takes part.
    pub participation: f64,
    /// What it is in each round.
    pub roles: Vec<Role>,
}

/// What a participant is in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role {
    /// Whether it may take.
    pub takes: bool,
    /// Whether its surplus is offered.
    pub gives: bool,
    /// Its level, with levels: 0 is served first.
    pub level: Option<usize>,
    /// Its row, with a matrix.
    pub row: Option<usize>,
}

impl Scheme {
    /// The scheme of a key.
    ///
    /// * `may_take`, `may_give` – of each participant, whether the community is its own: members take and give, plants give.
    /// * `homes` – how many of the participants are homes: they stand first.
    /// * `step_minutes` – of the run.
    ///
    /// # Panics
    /// If there are more than 65,535 classes: a key names no more ids than that.
    pub fn of(key: &Key, may_take: &[bool], may_give: &[bool], homes: usize, step_minutes: u32) -> Scheme {
        let is_by_step = key.interval_minutes.is_none_or(|minutes| minutes == step_minutes);
        let is_whole = key.participation.iter().all(|part| (part - 1.0).abs() < f64::EPSILON);
        match &key.rounds[..] {
            [] => Scheme::Nothing,
            [round]
                if is_by_step
                    && is_whole
                    && key.repeat == 1
                    && round.max_part >= 1.0
                    && round.unused != Unused::Owner
                    && round.takes == may_take
                    && round.gives == may_give =>
            {
                match &round.method {
                    Method::ProRata => Scheme::ProRata,
                    Method::Static { parts, iterations: 1, .. } => Scheme::Fixed(parts[..homes].to_vec()),
                    _ => Scheme::Rounds(Classes::of(key)),
                }
            }
            _ => Scheme::Rounds(Classes::of(key)),
        }
    }

    /// The class of a home, or of a plant (after the homes); 0 where there are no classes.
    pub fn class_of(&self, participant: usize) -> u16 {
        match self {
            Scheme::Rounds(classes) => classes.class_of[participant],
            _ => 0,
        }
    }
}

impl Classes {
    fn of(key: &Key) -> Classes {
        // Ordered as their roles are: which class comes first depends on no order of participants.
        let mut known: BTreeMap<(u64, Vec<Role>), Vec<usize>> = BTreeMap::new();
        for participant in 0..key.participation.len() {
            let role = |round: &Round| Role {
                takes: round.takes[participant],
                gives: round.gives[participant],
                level: match &round.method {
                    Method::Priority(levels) => levels[participant],
                    _ => None,
                },
                row: match &round.method {
                    Method::Pairwise { row_of, .. } => row_of[participant],
                    _ => None,
                },
            };
            let roles = key.rounds.iter().map(role).collect();
            known.entry((key.participation[participant].to_bits(), roles)).or_default().push(participant);
        }
        let mut class_of = vec![0; key.participation.len()];
        for (class, participants) in known.values().enumerate() {
            let class = u16::try_from(class).expect("a key names fewer ids than 65,536");
            for participant in participants {
                class_of[*participant] = class;
            }
        }
        let class = |(participation, roles)| Class { participation: f64::from_bits(participation), roles };
        Classes { class_of, classes: known.into_keys().map(class).collect() }
    }
}

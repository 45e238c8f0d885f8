//! A key applied to readings: interval by interval, each step's part in proportion to what flowed in it.

use std::ops::Range;

use super::allocate::{Allocation, allocate};
use super::readings::{Readings, sums};
use crate::scenario::key::{Key, Unused};

/// The step of readings of which there is only one, where the key has no interval: a quarter of an hour.
const QUARTER_S: i64 = 15 * 60;

/// What participants got and gave.
#[derive(Debug)]
pub struct Shared {
    /// Received, `[step][participant]`, kWh.
    pub shared_in_kwh: Vec<Vec<f64>>,
    /// Given, the same.
    pub shared_out_kwh: Vec<Vec<f64>>,
    /// Parts that their owners did not use; only with a key that leaves these to them.
    pub own_surplus: Option<OwnSurplus>,
    /// The steps of each settlement interval.
    pub intervals: Vec<Range<usize>>,
    /// Intervals at the ends of the readings that are not whole.
    pub cut_intervals: usize,
}

/// Parts that were not used and are feed-in of the participants that own them.
#[derive(Debug)]
pub struct OwnSurplus {
    /// Feed-in of the owner, `[step][participant]`, kWh.
    pub in_kwh: Vec<Vec<f64>>,
    /// Surplus of a giver that became feed-in of owners, the same.
    pub out_kwh: Vec<Vec<f64>>,
}

/// Why a key cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// The interval is not a whole number of steps.
    #[error("an interval of {interval_minutes} minutes is not a whole number of steps of {step_s} seconds")]
    Interval {
        /// The interval of the key.
        interval_minutes: u32,
        /// The step of the readings.
        step_s: i64,
    },
}

/// Shares readings by a key, in intervals that are counted from midnight UTC: one of an hour begins on the hour.
///
/// # Errors
/// If the key's interval is not a whole number of steps.
pub fn share(key: &Key, readings: &Readings) -> Result<Shared, ShareError> {
    let interval_s = key.interval_minutes.map(|minutes| i64::from(minutes) * 60);
    let step_s = readings.step_s.or(interval_s).unwrap_or(QUARTER_S);
    let interval_s = interval_s.unwrap_or(step_s);
    if interval_s % step_s != 0 {
        let interval_minutes = key.interval_minutes.unwrap_or_default();
        return Err(ShareError::Interval { interval_minutes, step_s });
    }
    let mut first = 0;
    let intervals: Vec<Range<usize>> = (readings.starts_s)
        .chunk_by(|a, b| a.div_euclid(interval_s) == b.div_euclid(interval_s))
        .map(|steps| {
            first += steps.len();
            first - steps.len()..first
        })
        .collect();
    let whole = usize::try_from(interval_s / step_s).unwrap_or(usize::MAX);
    let cut_intervals = intervals.iter().filter(|steps| steps.len() != whole).count();
    Ok(Shared { cut_intervals, ..share_in(key, readings, intervals) })
}

/// Shares readings by a key, in given intervals.
///
/// What an interval shares is divided over its steps in proportion to the step's import (received) or export (given).
///
/// * `intervals` – the steps of each, in order.
pub fn share_in(key: &Key, readings: &Readings, intervals: Vec<Range<usize>>) -> Shared {
    let has_owners = key.rounds.iter().any(|round| round.unused == Unused::Owner);
    let table = || vec![vec![0.0; readings.ids.len()]; readings.starts_s.len()];
    let mut shared = Shared {
        shared_in_kwh: table(),
        shared_out_kwh: table(),
        own_surplus: has_owners.then(|| OwnSurplus { in_kwh: table(), out_kwh: table() }),
        intervals: Vec::new(),
        cut_intervals: 0,
    };
    for steps in &intervals {
        let (need, surplus) = (sums(&readings.import_kwh, steps), sums(&readings.export_kwh, steps));
        shared.book(steps.clone(), &allocate(key, &need, &surplus), [&need, &surplus], readings);
    }
    Shared { intervals, ..shared }
}

impl Shared {
    fn book(
        &mut self,
        steps: Range<usize>,
        allocation: &Allocation,
        [need, surplus]: [&[f64]; 2],
        readings: &Readings,
    ) {
        // Of one step there is nothing to divide, and nothing to round.
        let is_one = steps.len() == 1;
        let count = steps.len() as f64;
        let part = |all: f64, own: f64, sum: f64| {
            if is_one {
                all
            } else if sum > 0.0 {
                all * (own / sum)
            } else {
                0.0
            }
        };
        for step in steps {
            let (import, export) = (&readings.import_kwh[step], &readings.export_kwh[step]);
            for i in 0..import.len() {
                self.shared_in_kwh[step][i] = part(allocation.shared_in[i], import[i], need[i]);
                self.shared_out_kwh[step][i] = part(allocation.shared_out[i], export[i], surplus[i]);
                if let Some(own) = &mut self.own_surplus {
                    own.out_kwh[step][i] = part(allocation.own_surplus_out[i], export[i], surplus[i]);
                    // What was never drawn has no course of its own: it is even over the interval.
                    own.in_kwh[step][i] = allocation.own_surplus_in[i] / count;
                }
            }
        }
    }
}

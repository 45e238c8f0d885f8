//! Lanes that homes stand in, and sums over homes: the only place that adds across homes.
//!
//! Homes stand in blocks of [`LANES`]; blocks are gathered in chunks of [`CHUNK`]. A chunk adds its blocks lane by
//! lane in order, then folds its lanes in one fixed tree; chunks are added in order. Neither the number of threads nor
//! the width of the machine's vectors changes a bit of the result.

/// Homes in a block. Part of the result's definition: changing it changes the last bits.
pub const LANES: usize = 16;

/// Blocks in a chunk, the unit of parallel work. Part of the result's definition, as [`LANES`] is.
pub const CHUNK: usize = 16;

/// The value, or `least` if it is less (or no number): one vector instruction, where `f32::max` takes three to let no NaN
/// pass and leaves the sign of a zero open.
#[inline(always)]
pub fn at_least(value: f32, least: f32) -> f32 {
    if value > least { value } else { least }
}

/// The value, or `most` if it is more (or no number): see [`at_least`].
#[inline(always)]
pub fn at_most(value: f32, most: f32) -> f32 {
    if value < most { value } else { most }
}

/// Adds the lanes of one block in a fixed tree: 8 + 8, 4 + 4, 2 + 2, 1 + 1.
pub fn fold_lanes(lanes: &[f64; LANES]) -> f64 {
    let mut sum = *lanes;
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            sum[i] += sum[i + half];
        }
        half /= 2;
    }
    sum[0]
}

/// Adds one value per home, in blocks of [`LANES`], as the engine does.
pub fn total(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut total = Total::default();
    values.into_iter().for_each(|value| total.add(value));
    total.sum()
}

/// A total in the making, for those who go over the homes once and add several things.
#[derive(Clone, Debug, Default)]
pub struct Total {
    sum: f64,
    lanes: [f64; LANES],
    filled: usize,
}

impl Total {
    /// Adds the next home's value.
    pub fn add(&mut self, value: f64) {
        self.lanes[self.filled] = value;
        self.filled += 1;
        if self.filled == LANES {
            self.sum += fold_lanes(&self.lanes);
            self.lanes = [0.0; LANES];
            self.filled = 0;
        }
    }

    /// The sum of what was added.
    pub fn sum(&self) -> f64 {
        self.sum + fold_lanes(&self.lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_whole_numbers_is_exact() {
        assert!((total((1..=1000).map(f64::from)) - 500_500.0).abs() < f64::EPSILON);
        assert!(total([]).abs() < f64::EPSILON);
    }

    #[test]
    fn lanes_fold_in_the_written_order() {
        // 1e16 swallows a 1 that is added to it alone, so the order shows in the result.
        let mut lanes = [0.0; LANES];
        lanes[0] = 1e16;
        lanes[1] = 1.0;
        lanes[8] = -1e16;
        lanes[9] = 1.0;
        assert!((fold_lanes(&lanes) - 2.0).abs() < f64::EPSILON);
    }
}

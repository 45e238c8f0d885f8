//! The draws of the synthetic climate and its price: nearly normal numbers, each a pure function of (seed, purpose, year, index), and
//! the leaky integrators that give them memory.

use crate::random::philox4x32;

use super::constants::SPIN_UP_DAYS;
use super::model_year::days_in;

/// What a draw is for: the third word of its counter. The numbers are part of every result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Purpose {
    /// Clearness of a day; index d.
    SkyDay = 1,
    /// Shock of a quarter of sky; index 96 d + q.
    SkyQuarter = 2,
    /// Index 0: sunniness of the year; 1: its warmth.
    Year = 3,
    /// Air temperature; index 96 d + q.
    Air = 4,
    /// Wind; index 96 d + q.
    Wind = 5,
    /// Five minutes of sky; index 288 d + i.
    SkyFive = 6,
    /// Level of the price of a day; index d.
    PriceDay = 7,
    /// Noise of the price of an hour; index 24 d + h.
    PriceHour = 8,
}

/// The draws of one purpose in one model year.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws {
    pub(crate) seed: u64,
    pub(crate) purpose: Purpose,
    pub(crate) year: i16,
}

impl Draws {
    /// The draws 2·`pair` and 2·`pair` + 1.
    ///
    /// Each is a sum of four 16-bit uniforms, e = (a + b + c + d − 131070) √3 / 65536: mean 0, variance 1, |e| < 3.47.
    fn pair(self, pair: u32) -> [f64; 2] {
        let words = philox4x32(self.seed, [pair, i32::from(self.year).cast_unsigned(), self.purpose as u32, 0]);
        let four = |x: u32, y: u32| f64::from((x & 0xFFFF) + (x >> 16) + (y & 0xFFFF) + (y >> 16));
        let scale = 3.0_f64.sqrt() / 65_536.0;
        [(four(words[0], words[1]) - 131_070.0) * scale, (four(words[2], words[3]) - 131_070.0) * scale]
    }

    /// The draw with index `index`.
    pub(crate) fn at(self, index: usize) -> f64 {
        self.pair((index / 2) as u32)[index % 2]
    }

    /// Fills `out` with the draws from index `first` on.
    pub(crate) fn fill(self, first: usize, out: &mut [f64]) {
        let odd = first % 2;
        let (head, tail) = out.split_at_mut(odd.min(out.len()));
        for value in head {
            *value = self.at(first);
        }
        let first_pair = first.div_ceil(2);
        let (pairs, rest) = tail.as_chunks_mut::<2>();
        let last_pair = (first_pair + pairs.len()) as u32;
        for (number, pair) in (first_pair as u32..).zip(pairs) {
            *pair = self.pair(number);
        }
        for value in rest {
            *value = self.pair(last_pair)[0];
        }
    }
}

/// Remembers a fading sum of its draws: x ← ρ x + √(1 − ρ²) e, of unit variance once it has run for a while.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaky {
    rho: f64,
    root: f64,
    x: f64,
}

impl Leaky {
    /// Starts from 0 with memory `rho` per draw.
    pub(crate) fn new(rho: f64) -> Leaky {
        Leaky { rho, root: (1.0 - rho * rho).sqrt(), x: 0.0 }
    }

    /// The value after the last draw.
    pub(crate) fn value(&self) -> f64 {
        self.x
    }

    /// Takes one draw and returns the new value.
    pub(crate) fn step(&mut self, draw: f64) -> f64 {
        self.x = self.rho * self.x + self.root * draw;
        self.x
    }

    /// Takes the draws of the last [`SPIN_UP_DAYS`] of the year before `draws.year`, at `per_day` draws a day.
    pub(crate) fn spin_up(&mut self, draws: Draws, per_day: usize) {
        let before = Draws { year: draws.year - 1, ..draws };
        let end = days_in(before.year) * per_day;
        let first = end - SPIN_UP_DAYS * per_day;
        let mut block = [0.0; 96];
        for start in (first..end).step_by(block.len()) {
            let block = &mut block[..96.min(end - start)];
            before.fill(start, block);
            for &draw in block.iter() {
                self.step(draw);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    /// Ten decimals are published; the fourth draw, 57590 √3 / 65536 = 1.52204599011, is printed with its last one off.
    const PUBLISHED: f64 = 1e-10;

    #[test]
    fn draws_equal_the_published_ones() {
        let sky = Draws { seed: 1, purpose: Purpose::SkyQuarter, year: 2023 };
        let published = [-1.350_416_077_6, -0.845_305_069_4, -1.737_125_175_2, 1.522_045_990_2];
        for (index, expected) in published.into_iter().enumerate() {
            assert_abs_diff_eq!(sky.at(index), expected, epsilon = PUBLISHED);
        }
        let air = Draws { seed: 1, purpose: Purpose::Air, year: 2022 };
        assert_abs_diff_eq!(air.at(34_999), -1.446_644_059_1, epsilon = PUBLISHED);
        assert_abs_diff_eq!(air.at(35_000), -1.608_468_813_3, epsilon = PUBLISHED);
    }

    #[test]
    fn filling_gives_the_same_draws_as_asking_one_by_one() {
        let draws = Draws { seed: 9, purpose: Purpose::Wind, year: 2020 };
        for (first, count) in [(0, 4), (3, 6), (3, 5), (4, 5), (7, 1), (7, 0), (8, 1)] {
            let mut filled = vec![0.0; count];
            draws.fill(first, &mut filled);
            let one_by_one: Vec<f64> = (first..first + count).map(|index| draws.at(index)).collect();
            assert_eq!(filled, one_by_one);
        }
    }

    #[test]
    fn draws_have_mean_zero_and_variance_one() {
        let mut draws = vec![0.0; 100_000];
        Draws { seed: 3, purpose: Purpose::Air, year: 2024 }.fill(0, &mut draws);
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|e| e * e).sum::<f64>() / 1e5;
        // Four standard errors over 100,000 draws; the kurtosis of four uniforms is 2.7.
        assert!(mean.abs() < 4.0 / 316.2, "mean {mean}");
        assert!((variance - 1.0).abs() < 4.0 * 1.304 / 316.2, "variance {variance}");
        assert!(draws.iter().all(|e| e.abs() < 3.47));
    }

    #[test]
    fn an_integrator_started_forty_days_before_a_year_continues_the_year_before() {
        for (purpose, tau_h) in [(Purpose::Air, 49.0), (Purpose::Wind, 20.66)] {
            let draws = |year| Draws { seed: 1, purpose, year };
            let rho = libm::exp(-0.25 / tau_h);
            let (mut continued, mut fresh) = (Leaky::new(rho), Leaky::new(rho));
            continued.spin_up(draws(2024), 96);
            let mut year = vec![0.0; days_in(2024) * 96];
            draws(2024).fill(0, &mut year);
            for draw in year {
                continued.step(draw);
            }
            fresh.spin_up(draws(2025), 96);
            // What is forgotten of the start: exp(−40 · 24 / 49) = 3e-9 of a few standard deviations.
            assert_abs_diff_eq!(continued.value(), fresh.value(), epsilon = 1e-8);
        }
    }
}

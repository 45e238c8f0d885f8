//! The vector instructions of the machine: which there are, and running a kernel with them.
//!
//! A kernel is a plain function over lanes, marked `#[inline(always)]`. `Vector::run` compiles it once for each width
//! and picks one at run time. No lane reads another and nothing is fused or approximated, so every width gives the same
//! bits; `tests/engine.rs` compares them.

#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

use super::lanes::Lanes;
use crate::reduce::LANES;

/// A set of vector instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vector {
    /// x86-64 with AVX-512 (F, BW, CD, DQ, VL): 16 lanes at once.
    Avx512,
    /// x86-64 with AVX2: 8 lanes at once.
    Avx2,
    /// Every 64-bit ARM: 4 lanes at once.
    Neon,
    /// What every machine of the kind has; SSE2 on x86-64: 4 lanes at once.
    Baseline,
}

impl Vector {
    /// Every set, the widest first.
    const ALL: [Vector; 4] = [Vector::Avx512, Vector::Avx2, Vector::Neon, Vector::Baseline];

    /// The sets that this machine has, the widest first.
    pub fn available() -> Vec<Vector> {
        Vector::ALL.into_iter().filter(|vector| vector.is_available()).collect()
    }

    /// The widest set that this machine has.
    pub fn widest() -> Vector {
        Vector::ALL.into_iter().find(|vector| vector.is_available()).unwrap_or(Vector::Baseline)
    }

    /// Its name, as results and options have it.
    pub fn name(self) -> &'static str {
        match self {
            Vector::Avx512 => "avx512",
            Vector::Avx2 => "avx2",
            Vector::Neon => "neon",
            Vector::Baseline => "baseline",
        }
    }

    fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Vector::Avx512 => V4::is_available(),
            #[cfg(target_arch = "x86_64")]
            Vector::Avx2 => V3::is_available(),
            Vector::Neon => cfg!(target_arch = "aarch64"),
            // On ARM it would be NEON again.
            Vector::Baseline => !cfg!(target_arch = "aarch64"),
            #[cfg(not(target_arch = "x86_64"))]
            Vector::Avx512 | Vector::Avx2 => false,
        }
    }

    /// Runs a kernel with these instructions; with the baseline, where the machine does not have them.
    ///
    /// What the kernel calls must end up inlined, or it is compiled for the baseline: functions are `#[inline(always)]`.
    #[inline]
    pub(super) fn run<Output>(self, kernel: impl FnOnce() -> Output) -> Output {
        #[cfg(target_arch = "x86_64")]
        match self {
            Vector::Avx512 => {
                if let Some(width) = V4::try_new() {
                    return width.vectorize(Kernel(kernel));
                }
            }
            Vector::Avx2 => {
                if let Some(width) = V3::try_new() {
                    return width.vectorize(Kernel(kernel));
                }
            }
            Vector::Neon | Vector::Baseline => {}
        }
        kernel()
    }

    /// Sets sixteen rows side by side: `tile[step][lane] = scale[lane] × rows[lane][step]`.
    ///
    /// A scalar store per value costs three times what turning squares of eight in the registers does.
    ///
    /// # Panics
    /// If a row is shorter than the tile.
    pub(super) fn lay_side_by_side(self, rows: &[&[f32]; LANES], scale: &Lanes, tile: &mut [Lanes]) {
        let rows = rows.map(|row| &row[..tile.len()]);
        #[cfg(target_arch = "x86_64")]
        if matches!(self, Vector::Avx512 | Vector::Avx2)
            && let Some(width) = V3::try_new()
        {
            // Squares of eight are the best size for AVX-512 too.
            width.vectorize(Kernel(
                #[inline(always)]
                || turn(rows, scale, tile, |square| transposed(width, square)),
            ));
            return;
        }
        turn(rows, scale, tile, |square| std::array::from_fn(|i| std::array::from_fn(|j| square[j][i])));
    }
}

/// A line of the cache.
#[cfg(target_arch = "x86_64")]
const LINE_BYTES: usize = 64;

/// Asks the memory for a row that is read soon, so that it is near when it is.
///
/// The rows of a block lie far apart and each is read once a day: without this the day loop waits for the memory a
/// quarter of its time.
#[inline(always)]
pub(super) fn ask_for<T>(row: &[T]) {
    // Rows do not begin with a line: the last value may lie in one more.
    #[cfg(target_arch = "x86_64")]
    for value in row.iter().step_by(LINE_BYTES / size_of::<T>()).chain(row.last()) {
        #[expect(unsafe_code, reason = "an address is all that the instruction takes")]
        // SAFETY: a prefetch reads and changes nothing, whatever the address; this one is of a value of the row.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(std::ptr::from_ref(value).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}

/// A kernel in the form that `pulp` runs.
#[cfg(target_arch = "x86_64")]
struct Kernel<F>(F);

#[cfg(target_arch = "x86_64")]
impl<Output, F: FnOnce() -> Output> pulp::NullaryFnOnce for Kernel<F> {
    type Output = Output;

    #[inline(always)]
    fn call(self) -> Output {
        (self.0)()
    }
}

/// Eight rows of eight values.
type Square = [[f32; 8]; 8];

#[inline(always)]
fn turn(rows: [&[f32]; LANES], scale: &Lanes, tile: &mut [Lanes], transpose: impl Fn(Square) -> Square) {
    let eights = rows.map(|row| row.as_chunks::<8>().0);
    let (squares, rest) = tile.as_chunks_mut::<8>();
    for (number, out) in squares.iter_mut().enumerate() {
        for (half, rows) in eights.as_chunks::<8>().0.iter().enumerate() {
            let square = transpose(rows.map(|row| row[number]));
            for (out, turned) in out.iter_mut().zip(square) {
                for (lane, value) in turned.into_iter().enumerate() {
                    out[half * 8 + lane] = value * scale[half * 8 + lane];
                }
            }
        }
    }
    let first = squares.len() * 8;
    for (step, out) in rest.iter_mut().enumerate() {
        for lane in 0..LANES {
            out[lane] = rows[lane][first + step] * scale[lane];
        }
    }
}

/// The square with rows and columns exchanged: pairs of rows are interleaved by one value, by two, and by four.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn transposed(width: V3, square: Square) -> Square {
    let avx = width.avx;
    let row = square.map(pulp::cast::<[f32; 8], std::arch::x86_64::__m256>);
    let pair = |i: usize| [avx._mm256_unpacklo_ps(row[i], row[i + 1]), avx._mm256_unpackhi_ps(row[i], row[i + 1])];
    let [a, b, c, d] = [pair(0), pair(2), pair(4), pair(6)];
    let four = |even: [_; 2], odd: [_; 2]| {
        [
            avx._mm256_shuffle_ps::<0b01_00_01_00>(even[0], odd[0]),
            avx._mm256_shuffle_ps::<0b11_10_11_10>(even[0], odd[0]),
            avx._mm256_shuffle_ps::<0b01_00_01_00>(even[1], odd[1]),
            avx._mm256_shuffle_ps::<0b11_10_11_10>(even[1], odd[1]),
        ]
    };
    let (upper, lower) = (four(a, b), four(c, d));
    let low = |i: usize| avx._mm256_permute2f128_ps::<0x20>(upper[i], lower[i]);
    let high = |i: usize| avx._mm256_permute2f128_ps::<0x31>(upper[i], lower[i]);
    [low(0), low(1), low(2), low(3), high(0), high(1), high(2), high(3)].map(pulp::cast)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_is_the_first_that_is_available_and_there_is_always_one() {
        let available = Vector::available();
        assert_eq!(available.first(), Some(&Vector::widest()));
        assert!(available.contains(&Vector::Neon) != available.contains(&Vector::Baseline));
    }

    #[test]
    fn rows_come_to_stand_side_by_side_with_every_width() {
        for steps in [0, 1, 8, 23, 96, 100] {
            let rows: Vec<Vec<f32>> =
                (0..LANES).map(|lane| (0..steps + 3).map(|step| (lane * 1000 + step) as f32).collect()).collect();
            let rows: [&[f32]; LANES] = std::array::from_fn(|lane| &rows[lane][..]);
            let scale = Lanes(std::array::from_fn(|lane| 1.0 + lane as f32));
            for vector in Vector::available() {
                let mut tile = vec![Lanes::ZERO; steps];
                vector.lay_side_by_side(&rows, &scale, &mut tile);
                for (step, lanes) in tile.iter().enumerate() {
                    let expected: [f32; LANES] =
                        std::array::from_fn(|lane| (lane * 1000 + step) as f32 * (1.0 + lane as f32));
                    assert_eq!(*lanes, Lanes(expected), "{vector:?}, step {step} of {steps}");
                }
            }
        }
    }
}

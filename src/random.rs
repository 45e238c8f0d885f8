//! Counter-based random streams: every draw is a pure function of (seed, purpose, entity, index).
//!
//! The generator is Philox4x32-10. Nothing is carried from draw to draw, so adding a home group, a draw or a thread
//! moves no other draw. Two callers with their own published layouts of the counter (synthetic weather and synthetic
//! loads) use [`philox4x32`] and [`uniforms`] directly; all sampling of homes goes through [`Stream`].
//!
//! # Reference
//! J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC '11,
//! doi:10.1145/2063384.2063405.

use std::convert::Infallible;

use rand::TryRng;

/// What a draw is for: the first word of the counter of a [`Stream`].
///
/// The numbers are part of every result: never reuse or renumber one. They start at 1000 because the synthetic loads
/// and weather use the smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Which homes of a group are members.
    Member = 1000,
    /// Yearly income of a household.
    Income = 1001,
    /// Annual use of a home.
    AnnualUse = 1002,
    /// Which unit of the load library a home takes, and its shifts.
    Shape = 1003,
    /// Yearly use of gas of a home.
    AnnualGas = 1004,
    /// Which homes of a group have panels.
    PvOwner = 1010,
    /// Peak power of a roof.
    PvPeak = 1011,
    /// Tilt of a roof.
    PvTilt = 1012,
    /// Azimuth of a roof.
    PvAzimuth = 1013,
    /// System loss of a roof.
    PvLoss = 1014,
    /// Inverter of a roof.
    PvInverter = 1015,
    /// Which homes of a group have a battery.
    BatteryOwner = 1020,
    /// Capacity of a home battery.
    BatteryCapacity = 1021,
    /// Power of a home battery.
    BatteryPower = 1022,
    /// The seed of the homes of one neighbourhood of a table.
    Neighbourhood = 1030,
    /// An order in which the members of a group come together, for Shapley values.
    ShapleyOrder = 2000,
}

/// Who a draw is for: the group's id, and the number in the group (from 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entity {
    group: u32,
    number: u32,
}

impl Entity {
    /// The entity `number` (from 1) of the group with id `group`.
    pub fn new(group: &str, number: u32) -> Entity {
        Entity { group: group_key(group), number }
    }
}

/// The 32-bit key of a group id (FNV-1a). Two ids of one scenario with the same key are refused when it is read.
pub fn group_key(id: &str) -> u32 {
    id.bytes().fold(0x811c_9dc5, |key, byte| (key ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The seed of the homes of the neighbourhood with this id: a pure function of both, so that no row of a table moves a
/// draw of another.
///
/// The id enters by its 64-bit FNV-1a hash: among 14,000 neighbourhoods the odds that two share their draws are below one
/// in 10¹¹.
pub fn neighbourhood_seed(seed: u64, id: &str) -> u64 {
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |key, byte| (key ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let words = philox4x32(seed, [Purpose::Neighbourhood as u32, hash as u32, (hash >> 32) as u32, 0]);
    u64::from(words[0]) | (u64::from(words[1]) << 32)
}

/// Philox4x32 with ten rounds: four 32-bit words from a 128-bit counter and a 64-bit key.
pub fn philox4x32(seed: u64, counter: [u32; 4]) -> [u32; 4] {
    let mut key = [seed as u32, (seed >> 32) as u32];
    let mut c = counter;
    for _ in 0..10 {
        let p0 = u64::from(c[0]) * 0xD251_1F53;
        let p1 = u64::from(c[2]) * 0xCD9E_8D57;
        c = [(p1 >> 32) as u32 ^ c[1] ^ key[0], p1 as u32, (p0 >> 32) as u32 ^ c[3] ^ key[1], p0 as u32];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    c
}

/// Four uniforms in (0, 1), `(x + 1/2) / 2³²` of the four words of one counter.
pub fn uniforms(seed: u64, counter: [u32; 4]) -> [f64; 4] {
    philox4x32(seed, counter).map(|word| (f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0))
}

/// A standard normal from two uniforms (Box–Muller, cosine branch).
pub fn normal(u: f64, v: f64) -> f64 {
    libm::sqrt(-2.0 * libm::log(u)) * libm::cos(2.0 * std::f64::consts::PI * v)
}

/// The draws of one entity for one purpose, in order of their index.
///
/// Implements the generator traits of `rand`, so that any of its distributions can be drawn.
#[derive(Clone, Debug)]
pub struct Stream {
    seed: u64,
    purpose: u32,
    entity: Entity,
    index: u32,
    words: [u32; 4],
    used: usize,
}

impl Stream {
    /// Opens the stream (seed, purpose, entity) at its first draw.
    pub fn new(seed: u64, purpose: Purpose, entity: Entity) -> Stream {
        Stream { seed, purpose: purpose as u32, entity, index: 0, words: [0; 4], used: 4 }
    }

    /// The next uniform in (0, 1).
    pub fn uniform(&mut self) -> f64 {
        (f64::from(self.next_word()) + 0.5) * (1.0 / 4_294_967_296.0)
    }

    fn next_word(&mut self) -> u32 {
        if self.used == 4 {
            let counter = [self.purpose, self.entity.group, self.entity.number, self.index];
            self.words = philox4x32(self.seed, counter);
            self.index += 1;
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let low = u64::from(self.next_word());
        Ok(low | (u64::from(self.next_word()) << 32))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for chunk in dst.chunks_mut(4) {
            let bytes = self.next_word().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The three vectors that the authors publish with Random123 (`kat_vectors`, philox4x32 10).
    #[test]
    fn philox_gives_its_authors_vectors() {
        assert_eq!(philox4x32(0, [0; 4]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox4x32(u64::MAX, [u32::MAX; 4]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        let key = 0x299f_31d0_a409_3822;
        assert_eq!(philox4x32(key, counter), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn a_stream_depends_on_each_part_of_its_key() {
        let first =
            |seed, purpose, group: &str, number| Stream::new(seed, purpose, Entity::new(group, number)).next_word();
        let base = first(1, Purpose::PvTilt, "terraced", 1);
        assert_eq!(base, first(1, Purpose::PvTilt, "terraced", 1));
        assert_ne!(base, first(2, Purpose::PvTilt, "terraced", 1));
        assert_ne!(base, first(1, Purpose::PvPeak, "terraced", 1));
        assert_ne!(base, first(1, Purpose::PvTilt, "flat", 1));
        assert_ne!(base, first(1, Purpose::PvTilt, "terraced", 2));
    }

    #[test]
    fn the_seed_of_a_neighbourhood_depends_on_seed_and_id_only() {
        let base = neighbourhood_seed(1, "BU03630000");
        assert_eq!(base, neighbourhood_seed(1, "BU03630000"));
        for other in [neighbourhood_seed(2, "BU03630000"), neighbourhood_seed(1, "BU03630001"), 1] {
            assert_ne!(base, other);
        }
        let mut seeds: Vec<u64> = (0..20_000).map(|i| neighbourhood_seed(1, &format!("n{i}"))).collect();
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 20_000);
    }

    #[test]
    fn uniforms_of_a_stream_fill_the_unit_interval_evenly() {
        let mut stream = Stream::new(7, Purpose::Income, Entity::new("flat", 3));
        let draws: Vec<f64> = (0..100_000).map(|_| stream.uniform()).collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let variance = draws.iter().map(|u| (u - mean).powi(2)).sum::<f64>() / 1e5;
        // Four standard errors of a uniform's mean and variance over 100,000 draws.
        assert!((mean - 0.5).abs() < 4.0 * 0.2887 / 316.2, "mean {mean}");
        assert!((variance - 1.0 / 12.0).abs() < 4.0 * 0.0745 / 316.2, "variance {variance}");
        assert!(draws.iter().all(|u| *u > 0.0 && *u < 1.0));
    }
}

//! Meters: what the day loop keeps of a home. Nothing here grows with the number of steps.
//!
//! Every home has the registers of [`Register`] and its peaks, by month. A run may be asked for more, by period: each
//! [`Wanted`] is Σ flow × weight(step), with a weight for every step of the run (a tariff slot, 1 within it and 0 outside;
//! a price; a part), a greatest power, or time above a threshold. A register that nobody asks for costs nothing.

use crate::reduce::LANES;
use crate::sharing::price::IntervalPrice;

/// The registers of a home, each a sum over a month, kWh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Register {
    /// Use of electricity.
    Load,
    /// Output of its own panels.
    Generation,
    /// Into its battery, AC side.
    Charged,
    /// Out of its battery, AC side.
    Discharged,
    /// Lost by its battery while standing.
    Standby,
    /// Drawn at the meter, before sharing.
    Import,
    /// Fed in at the meter, before sharing.
    Export,
    /// The part of its import that is shared energy.
    SharedIn,
    /// The part of its export that is shared.
    SharedOut,
}

/// The number of registers.
pub const REGISTERS: usize = 9;

/// A flow of a home that a register may be asked for, kW ≥ 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Flow {
    /// Use of electricity.
    Load,
    /// Output of its own panels.
    Generation,
    /// Into its battery, AC side.
    Charge,
    /// Out of its battery, AC side.
    Discharge,
    /// Drawn at the meter, before sharing.
    Import,
    /// Fed in at the meter, before sharing.
    Export,
    /// The part of its import that is shared energy.
    SharedIn,
    /// The part of its export that is shared.
    SharedOut,
}

/// A register that a run is asked for beyond those that every home has; each is kept for every home by period.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Σ flow × weight × hours: [`Outcome::weighted`](super::Outcome::weighted).
    Sum(WeightedRegister),
    /// Σ shared energy × price of the interval, EUR: [`Outcome::weighted`](super::Outcome::weighted).
    Priced(PricedRegister),
    /// The greatest power of a step: [`Outcome::maximum`](super::Outcome::maximum).
    Maximum(Maximum),
    /// The time above a threshold: [`Outcome::hours_above`](super::Outcome::hours_above).
    HoursAbove(HoursAbove),
}

/// For every home and period, Σ flow × weight(step) × hours of a step.
///
/// With weights of 1 and 0 it counts kWh in a tariff slot; with prices in EUR/kWh it counts EUR. How a day is counted
/// depends on the register's own weights of that day alone, so that no other register changes it:
///
/// - one weight all day: the plain register's sum of the day times the weight;
/// - the same weight in every four steps from midnight on, as a tariff by the hour has in quarter-hours (not for shared
///   energy): the weight in f64 on the sums that make the plain register, so that slots add up to that register;
/// - otherwise step by step in f32, right to 5e-7 of the flow's register times the greatest weight.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedRegister {
    /// What it counts.
    pub flow: Flow,
    /// A weight for each step of the run.
    pub weights: Vec<f64>,
}

/// For every home and period, Σ shared energy × a price that follows from what all members need and have in the
/// settlement interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PricedRegister {
    /// What it counts: [`Flow::SharedIn`] or [`Flow::SharedOut`].
    pub flow: Flow,
    /// The price.
    pub price: IntervalPrice,
}

/// For every home and period, the greatest power of a flow in a step, and the first step that has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Maximum {
    /// Of what; not of shared energy.
    pub flow: Flow,
    /// For each step of the run, whether it counts, e.g. evening hours; `None`: every step does.
    pub window: Option<Vec<bool>>,
}

/// For every home and period, the hours of the steps in which a flow is greater than a threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct HoursAbove {
    /// Of what; not of shared energy.
    pub flow: Flow,
    /// The threshold, ≥ 0.
    pub threshold: Threshold,
}

/// A power that a flow may be above, kW.
#[derive(Clone, Debug, PartialEq)]
pub enum Threshold {
    /// The same for all homes.
    AllKw(f64),
    /// One for each home, by its index in [`World::homes`](super::world::World::homes); e.g. a part of its panels' peak.
    EachKw(Vec<f64>),
}

/// The greatest power of a flow in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Greatest {
    /// Power of the step, kW; 0 where nothing flows.
    pub kw: f64,
    /// The first step that has it; `None` where nothing flows.
    pub step: Option<usize>,
}

impl From<WeightedRegister> for Wanted {
    fn from(register: WeightedRegister) -> Wanted {
        Wanted::Sum(register)
    }
}

impl From<PricedRegister> for Wanted {
    fn from(register: PricedRegister) -> Wanted {
        Wanted::Priced(register)
    }
}

impl From<Maximum> for Wanted {
    fn from(maximum: Maximum) -> Wanted {
        Wanted::Maximum(maximum)
    }
}

impl From<HoursAbove> for Wanted {
    fn from(hours: HoursAbove) -> Wanted {
        Wanted::HoursAbove(hours)
    }
}

impl Flow {
    /// Whether it is of shared energy, which is known only when the whole community is.
    pub fn is_shared(self) -> bool {
        matches!(self, Flow::SharedIn | Flow::SharedOut)
    }
}

impl Threshold {
    /// Of a home, kW.
    pub(super) fn of_home(&self, home: usize) -> f64 {
        match self {
            Threshold::AllKw(kw) => *kw,
            Threshold::EachKw(each) => each[home],
        }
    }
}

impl Register {
    /// Every register, in the order of [`Meter::registers`].
    pub const ALL: [Register; REGISTERS] = [
        Register::Load,
        Register::Generation,
        Register::Charged,
        Register::Discharged,
        Register::Standby,
        Register::Import,
        Register::Export,
        Register::SharedIn,
        Register::SharedOut,
    ];
}

/// The months of the sixteen homes of a block. Registers that their kit cannot have are not kept.
#[derive(Clone, Debug)]
pub(super) struct BlockMonths {
    /// Where a register stands among those that are kept.
    place: [Option<u8>; REGISTERS],
    kept: usize,
    /// `[month][register kept]`, kWh.
    sums: Vec<[f64; LANES]>,
    peaks: Vec<BlockPeaks>,
}

/// The greatest import and export of a month.
#[derive(Clone, Debug)]
pub(super) struct BlockPeaks {
    pub import_kw: [f32; LANES],
    pub import_step: [u32; LANES],
    pub export_kw: [f32; LANES],
    pub export_step: [u32; LANES],
}

impl BlockMonths {
    /// Months of homes that have these registers.
    pub(super) fn new(registers: &[Register], months: usize) -> BlockMonths {
        let mut place = [None; REGISTERS];
        for (number, register) in (0..).zip(registers) {
            place[*register as usize] = Some(number);
        }
        let peaks = BlockPeaks {
            import_kw: [0.0; LANES],
            import_step: [NO_STEP; LANES],
            export_kw: [0.0; LANES],
            export_step: [NO_STEP; LANES],
        };
        let kept = registers.len();
        BlockMonths { place, kept, sums: vec![[0.0; LANES]; kept * months], peaks: vec![peaks; months] }
    }

    /// A register in a month.
    ///
    /// # Panics
    /// If the homes do not have it.
    #[inline(always)]
    pub(super) fn register(&mut self, register: Register, month: usize) -> &mut [f64; LANES] {
        let place = self.place[register as usize].expect("a kit books only what it has");
        &mut self.sums[month * self.kept + usize::from(place)]
    }

    pub(super) fn peaks(&mut self, month: usize) -> &mut BlockPeaks {
        &mut self.peaks[month]
    }

    pub(super) fn of_lane(&self, month: usize, lane: usize) -> Meter {
        let at = |step: u32| (step != NO_STEP).then_some(step as usize);
        let peaks = &self.peaks[month];
        Meter {
            kwh: self.place.map(|place| place.map_or(0.0, |p| self.sums[month * self.kept + usize::from(p)][lane])),
            peak_import_kw: f64::from(peaks.import_kw[lane]),
            peak_import_step: at(peaks.import_step[lane]),
            peak_export_kw: f64::from(peaks.export_kw[lane]),
            peak_export_step: at(peaks.export_step[lane]),
        }
    }
}

/// No step: nothing was imported or exported.
pub(super) const NO_STEP: u32 = u32::MAX;

/// What one home's meter says of a month or a longer time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meter {
    kwh: [f64; REGISTERS],
    /// The greatest import of a step, kW.
    pub peak_import_kw: f64,
    /// Its step; `None` without import.
    pub peak_import_step: Option<usize>,
    /// The greatest export of a step, kW.
    pub peak_export_kw: f64,
    /// Its step; `None` without export.
    pub peak_export_step: Option<usize>,
}

impl Meter {
    /// One register, kWh.
    pub fn kwh(&self, register: Register) -> f64 {
        self.kwh[register as usize]
    }

    /// All registers, in the order of [`Register`], kWh.
    pub fn registers(&self) -> &[f64; REGISTERS] {
        &self.kwh
    }

    /// Own generation that was not fed in: used, stored or lost at home, kWh.
    pub fn self_used_kwh(&self) -> f64 {
        self.kwh(Register::Generation) - self.kwh(Register::Export)
    }

    /// Adds a later time of the same home.
    pub fn add(&mut self, later: &Meter) {
        for (sum, part) in self.kwh.iter_mut().zip(later.kwh) {
            *sum += part;
        }
        if later.peak_import_kw > self.peak_import_kw {
            (self.peak_import_kw, self.peak_import_step) = (later.peak_import_kw, later.peak_import_step);
        }
        if later.peak_export_kw > self.peak_export_kw {
            (self.peak_export_kw, self.peak_export_step) = (later.peak_export_kw, later.peak_export_step);
        }
    }
}

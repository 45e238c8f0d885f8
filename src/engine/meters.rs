//! Meters: what the day loop keeps of a home, by month. Nothing here grows with the number of steps.
//!
//! Every home has the registers of [`Register`] and its peaks. A run may be asked for more: a [`WeightedRegister`] is
//! Σ flow × weight(step), with a weight for every step of the run: a tariff slot (1 within it, 0 outside), a price, a
//! part. A register that nobody asks for costs nothing.

use super::lanes::GROUP;
use crate::calendar::Day;
use crate::reduce::LANES;

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

/// A flow of a home that a weighted register may count, kW ≥ 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A register that a run is asked for: for every home and month, Σ flow × weight(step) × hours of a step.
///
/// With weights of 1 and 0 it counts kWh in a tariff slot; with prices in EUR/kWh it counts EUR. On a day on which every
/// four steps from midnight on have the same weight, as a tariff by the hour has in quarter-hours, it is applied in f64
/// to the sums that make the plain register: slots then add up to that register. Otherwise it is applied in f32, step by
/// step, right to 5e-7 of the flow's register times the greatest weight.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedRegister {
    /// What it counts.
    pub flow: Flow,
    /// A weight for each step of the run.
    pub weights: Vec<f64>,
}

/// A weighted register on one day.
#[derive(Clone, Debug)]
pub(super) struct DayRegister {
    /// Its place among those of the run.
    pub number: usize,
    pub flow: Flow,
    /// A weight for each step.
    pub by_step: Vec<f64>,
    /// The same, rounded for the lanes.
    pub by_step_f32: Vec<f32>,
    /// A weight for each group of steps, where all steps of every group have the same.
    pub by_group: Option<Vec<f64>>,
}

impl WeightedRegister {
    /// Its weights on a day.
    pub(super) fn of_day(&self, number: usize, day: &Day) -> DayRegister {
        let weights = &self.weights[day.range()];
        let (groups, rest) = weights.as_chunks::<GROUP>();
        let even = groups.iter().all(|group| group.iter().all(|weight| weight.to_bits() == group[0].to_bits()));
        DayRegister {
            number,
            flow: self.flow,
            by_step: weights.to_vec(),
            by_step_f32: weights.iter().map(|weight| *weight as f32).collect(),
            by_group: even.then(|| groups.iter().map(|group| group[0]).chain(rest.iter().copied()).collect()),
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

/// The months of the sixteen homes of a block. Registers that stay zero for their kit are not kept.
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

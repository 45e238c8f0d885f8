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
/// With weights of 1 and 0 it counts kWh in a tariff slot, exactly as the plain register would; with prices in EUR/kWh
/// it counts EUR. Where a weight stays the same for an hour of quarter-hours (four steps from the start of a local day)
/// it is applied in f64, otherwise in f32, right to 1.2e-7 of the register.
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

/// One month of the sixteen homes of a block.
#[derive(Clone, Debug)]
pub(super) struct BlockMonth {
    pub sums: [[f64; LANES]; REGISTERS],
    pub peak_import_kw: [f32; LANES],
    pub peak_import_step: [u32; LANES],
    pub peak_export_kw: [f32; LANES],
    pub peak_export_step: [u32; LANES],
}

impl BlockMonth {
    pub(super) fn new() -> BlockMonth {
        BlockMonth {
            sums: [[0.0; LANES]; REGISTERS],
            peak_import_kw: [0.0; LANES],
            peak_import_step: [NO_STEP; LANES],
            peak_export_kw: [0.0; LANES],
            peak_export_step: [NO_STEP; LANES],
        }
    }

    pub(super) fn of_lane(&self, lane: usize) -> Meter {
        let at = |step: u32| (step != NO_STEP).then_some(step as usize);
        Meter {
            kwh: std::array::from_fn(|register| self.sums[register][lane]),
            peak_import_kw: f64::from(self.peak_import_kw[lane]),
            peak_import_step: at(self.peak_import_step[lane]),
            peak_export_kw: f64::from(self.peak_export_kw[lane]),
            peak_export_step: at(self.peak_export_step[lane]),
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
    pub(super) fn registers(&self) -> &[f64; REGISTERS] {
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

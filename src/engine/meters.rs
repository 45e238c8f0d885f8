//! Meters: what the day loop keeps of a home, by month. Nothing here grows with the number of steps.

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

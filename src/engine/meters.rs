//! Meters: what the day loop keeps of a home, by month. Nothing here grows with the number of steps.
//!
//! Every home has the registers of [`Register`] and its peaks. A run may be asked for more: a [`WeightedRegister`] is
//! Σ flow × weight(step), with a weight for every step of the run: a tariff slot (1 within it, 0 outside), a price, a
//! part. A register that nobody asks for costs nothing.

use std::ops::Range;

use super::lanes::{GROUP, groups_of};
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

/// The weighted registers of a run on one day.
#[derive(Clone, Debug)]
pub(super) struct DayRegisters {
    /// How many registers the run was asked for.
    pub count: usize,
    /// Those with a weight for each step.
    pub by_step: Vec<DayRegister>,
    /// Those of shared energy, which is known later.
    pub shared: Vec<DayRegister>,
    /// For each flow of the home itself, in the order of [`Flow`]: the day cut where a weight by group changes. Without
    /// such a register, the day in one piece.
    spans: [Vec<Span>; 6],
}

/// A weighted register on one day.
#[derive(Clone, Debug)]
pub(super) struct DayRegister {
    /// Its place among those of the run.
    pub number: usize,
    pub flow: Flow,
    /// A weight for each step.
    pub weights: Vec<f64>,
    /// The same, rounded for the lanes.
    pub rounded: Vec<f32>,
}

/// A part of a day in which weights by group stay the same.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// Its groups of steps.
    pub groups: Range<usize>,
    /// Number and weight of the registers that count in it.
    pub weights: Vec<(usize, f64)>,
}

impl DayRegisters {
    /// The registers of a run on a day.
    pub(super) fn of(registers: &[WeightedRegister], day: &Day) -> DayRegisters {
        let whole = Span { groups: 0..groups_of(day.steps), weights: Vec::new() };
        let mut of_day = DayRegisters {
            count: registers.len(),
            by_step: Vec::new(),
            shared: Vec::new(),
            spans: std::array::from_fn(|_| vec![whole.clone()]),
        };
        for (number, register) in registers.iter().enumerate() {
            let weights = &register.weights[day.range()];
            let is_shared = matches!(register.flow, Flow::SharedIn | Flow::SharedOut);
            if let Some(weights) = by_group(weights).filter(|_| !is_shared) {
                let spans = &mut of_day.spans[register.flow as usize];
                *spans = spans.iter().flat_map(|span| span.cut(number, &weights)).collect();
                continue;
            }
            let rounded = weights.iter().map(|weight| *weight as f32).collect();
            let register = DayRegister { number, flow: register.flow, weights: weights.to_vec(), rounded };
            if is_shared { &mut of_day.shared } else { &mut of_day.by_step }.push(register);
        }
        of_day
    }

    /// The spans of a flow of the home itself.
    pub(super) fn spans(&self, flow: Flow) -> &[Span] {
        &self.spans[flow as usize]
    }
}

impl Span {
    /// The span cut where a register's weights by group change, with that register added.
    fn cut(&self, number: usize, weights: &[f64]) -> Vec<Span> {
        let mut spans = Vec::new();
        let mut first = self.groups.start;
        for same in weights[self.groups.clone()].chunk_by(|a, b| a.to_bits() == b.to_bits()) {
            let counts = (same[0].abs() > 0.0).then_some((number, same[0]));
            spans.push(Span {
                groups: first..first + same.len(),
                weights: self.weights.iter().copied().chain(counts).collect(),
            });
            first += same.len();
        }
        spans
    }
}

/// A weight for each group of steps, where all steps of every group have the same.
fn by_group(weights: &[f64]) -> Option<Vec<f64>> {
    let (groups, rest) = weights.as_chunks::<GROUP>();
    let even = groups.iter().all(|group| group.iter().all(|weight| weight.to_bits() == group[0].to_bits()));
    even.then(|| groups.iter().map(|group| group[0]).chain(rest.iter().copied()).collect())
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

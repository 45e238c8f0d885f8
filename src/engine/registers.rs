//! What the registers that a run was asked for mean on one day: sorted by what they count and how, for the kernels.

use std::ops::Range;

use super::lanes::{GROUP, groups_of};
use super::meters::{Flow, PricedRegister, Wanted};
use crate::calendar::Day;

/// A day cut into more spans than this is weighed group by group. Part of the result's definition.
const MOST_SPANS: usize = 8;

/// The registers of a run.
#[derive(Clone, Debug)]
pub(super) struct RunRegisters<'a> {
    pub wanted: &'a [Wanted],
    /// Where each is kept.
    pub kept: Vec<Kept>,
    /// Of how many sums of a period are kept: weighted registers and hours.
    pub sums: usize,
    /// How many maxima.
    pub maxima: usize,
}

/// Where a register is kept among its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// A weighted register, among the sums.
    Sum(usize),
    /// Hours above a threshold, among the sums.
    Hours(usize),
    /// Among the maxima.
    Maximum(usize),
}

/// The registers of a run on one day.
#[derive(Clone, Debug)]
pub(super) struct DayRegisters {
    /// The period of the day.
    pub period: usize,
    /// Sums that a period keeps.
    pub sums: usize,
    /// Maxima that a period keeps.
    pub maxima: usize,
    /// For each flow, in the order of [`Flow`]: the registers that need no step of it.
    flows: [FlowRegisters; 8],
    /// Those with a weight for each step, by flow, of homes that do more than use.
    pub by_step: Vec<Row>,
    /// The same of homes that only use: their load is their import.
    pub by_step_of_use: Vec<Row>,
    /// Those of shared energy with a weight for each step. Their rows are complete when the day's sharing is known.
    pub shared: Vec<SharedRegister>,
    /// Those of shared energy at a price that follows from the day's sharing: their sums, and they themselves.
    pub priced: Vec<(usize, PricedRegister)>,
    pub greatest: Vec<DayMaximum>,
    pub hours: Vec<DayHours>,
}

/// Registers of one flow that are booked from its sum of the day or of its groups.
#[derive(Clone, Debug, Default)]
pub(super) struct FlowRegisters {
    /// The sum and weight of those that weigh all steps alike.
    pub even: Vec<(usize, f64)>,
    /// The day cut where weights change: a cut serves all registers that change at the same groups.
    pub cuts: Vec<Vec<Span>>,
    /// The sum of those that change often, and a weight for each group.
    pub by_group: Vec<(usize, Vec<f64>)>,
}

/// A part of a day in which weights by group stay the same.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// Its groups of steps.
    pub groups: Range<usize>,
    /// Sum and weight of the registers that count in it.
    pub weights: Vec<(usize, f64)>,
}

/// A weight for each step, and the sums that are weighed with it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub flow: Flow,
    pub weights: Vec<f32>,
    pub sums: Vec<usize>,
}

/// A weighted register of shared energy.
#[derive(Clone, Debug)]
pub(super) struct SharedRegister {
    pub sum: usize,
    pub flow: Flow,
    /// A weight for each step.
    pub weights: Vec<f64>,
}

/// A maximum on one day.
#[derive(Clone, Debug)]
pub(super) struct DayMaximum {
    /// Its place among the maxima.
    pub place: usize,
    pub flow: Flow,
    /// The steps that count, from the day's start; at least one.
    pub windows: Vec<Range<usize>>,
}

/// Hours above a threshold on one day.
#[derive(Clone, Debug)]
pub(super) struct DayHours {
    pub sum: usize,
    pub flow: Flow,
    /// Its threshold's place among those of a block.
    pub threshold: usize,
}

impl<'a> RunRegisters<'a> {
    /// The registers of a run.
    ///
    /// # Panics
    /// If one is not whole.
    pub(super) fn new(wanted: &'a [Wanted], steps: usize, homes: usize) -> RunRegisters<'a> {
        let mut run = RunRegisters { wanted, kept: Vec::with_capacity(wanted.len()), sums: 0, maxima: 0 };
        for register in wanted {
            check(register, steps, homes);
            let place = match register {
                Wanted::Sum(_) | Wanted::Priced(_) => Kept::Sum(run.sums),
                Wanted::HoursAbove(_) => Kept::Hours(run.sums),
                Wanted::Maximum(_) => Kept::Maximum(run.maxima),
            };
            *if matches!(place, Kept::Maximum(_)) { &mut run.maxima } else { &mut run.sums } += 1;
            run.kept.push(place);
        }
        run
    }

    /// A threshold for a home of each register that has one, rounded down: a flow, which is an f32, is above it exactly
    /// where it is above the threshold.
    pub(super) fn thresholds(&self) -> impl Iterator<Item = impl Fn(usize) -> f32> {
        self.wanted.iter().filter_map(|register| {
            let Wanted::HoursAbove(hours) = register else { return None };
            Some(|home| {
                let kw = hours.threshold.of_home(home);
                let nearest = kw as f32;
                if f64::from(nearest) > kw { nearest.next_down() } else { nearest }
            })
        })
    }

    /// What they mean on a day of a period.
    pub(super) fn on(&self, day: &Day, period: usize) -> DayRegisters {
        let mut of_day = DayRegisters {
            period,
            sums: self.sums,
            maxima: self.maxima,
            flows: std::array::from_fn(|_| FlowRegisters::default()),
            by_step: Vec::new(),
            by_step_of_use: Vec::new(),
            shared: Vec::new(),
            priced: Vec::new(),
            greatest: Vec::new(),
            hours: Vec::new(),
        };
        let mut thresholds = 0;
        for (register, kept) in self.wanted.iter().zip(&self.kept) {
            match (register, *kept) {
                (Wanted::Sum(register), Kept::Sum(sum)) => {
                    of_day.add(sum, register.flow, &register.weights[day.range()]);
                }
                (Wanted::Priced(register), Kept::Sum(sum)) => of_day.priced.push((sum, *register)),
                (Wanted::HoursAbove(hours), Kept::Hours(sum)) => {
                    of_day.hours.push(DayHours { sum, flow: hours.flow, threshold: thresholds });
                    thresholds += 1;
                }
                (Wanted::Maximum(maximum), Kept::Maximum(place)) => {
                    let windows = match &maximum.window {
                        None => std::iter::once(0..day.steps).collect(),
                        Some(window) => windows(&window[day.range()]),
                    };
                    if !windows.is_empty() {
                        of_day.greatest.push(DayMaximum { place, flow: maximum.flow, windows });
                    }
                }
                _ => unreachable!("a register is kept among its kind"),
            }
        }
        of_day.by_step.sort_by_key(|row| row.flow as usize);
        of_day
    }
}

fn check(register: &Wanted, steps: usize, homes: usize) {
    let of_home = |flow: Flow| {
        assert!(
            !flow.is_shared(),
            "a maximum, or time above a threshold, is of a home's own flow and not of shared energy"
        );
    };
    match register {
        Wanted::Sum(sum) => assert!(
            sum.weights.len() == steps && sum.weights.iter().all(|weight| weight.is_finite()),
            "a register has a finite weight for each step"
        ),
        Wanted::Priced(priced) => assert!(priced.flow.is_shared(), "only shared energy has such a price"),
        Wanted::Maximum(maximum) => {
            of_home(maximum.flow);
            let is_whole = maximum.window.as_ref().is_none_or(|window| window.len() == steps);
            assert!(is_whole, "the window of a maximum says of each step whether it counts");
        }
        Wanted::HoursAbove(hours) => {
            of_home(hours.flow);
            let is_whole = match &hours.threshold {
                super::meters::Threshold::AllKw(kw) => *kw >= 0.0,
                super::meters::Threshold::EachKw(each) => each.len() == homes && each.iter().all(|kw| *kw >= 0.0),
            };
            assert!(is_whole, "a threshold is 0 kW or more, for all homes or for each");
        }
    }
}

impl DayRegisters {
    /// What is booked of a flow from its sums.
    #[inline(always)]
    pub(super) fn of_flow(&self, flow: Flow) -> &FlowRegisters {
        &self.flows[flow as usize]
    }

    fn add(&mut self, sum: usize, flow: Flow, weights: &[f64]) {
        let of_flow = &mut self.flows[flow as usize];
        if are_the_same(weights) {
            of_flow.even.extend(weights.first().filter(|weight| weight.abs() > 0.0).map(|weight| (sum, *weight)));
        } else if flow.is_shared() {
            self.shared.push(SharedRegister { sum, flow, weights: weights.to_vec() });
        } else if let Some(by_group) = by_group(weights) {
            of_flow.add(sum, by_group);
        } else {
            let weights: Vec<f32> = weights.iter().map(|weight| *weight as f32).collect();
            let of_use = match flow {
                Flow::Load | Flow::Import => Some(Flow::Import),
                _ => None,
            };
            if let Some(flow) = of_use {
                add_row(&mut self.by_step_of_use, sum, flow, weights.clone());
            }
            add_row(&mut self.by_step, sum, flow, weights);
        }
    }
}

/// Adds a sum to the row with its weights, which is made where there is none.
fn add_row(rows: &mut Vec<Row>, sum: usize, flow: Flow, weights: Vec<f32>) {
    match rows.iter_mut().find(|row| row.flow == flow && have_the_same_bits(&row.weights, &weights)) {
        Some(row) => row.sums.push(sum),
        None => rows.push(Row { flow, weights, sums: vec![sum] }),
    }
}

impl FlowRegisters {
    /// Adds a register with a weight for each group.
    fn add(&mut self, sum: usize, weights: Vec<f64>) {
        let mut spans: Vec<Span> = Vec::new();
        let mut first = 0;
        for same in weights.chunk_by(|a, b| a.to_bits() == b.to_bits()) {
            let counts = (same[0].abs() > 0.0).then_some((sum, same[0]));
            spans.push(Span { groups: first..first + same.len(), weights: counts.into_iter().collect() });
            first += same.len();
        }
        if spans.len() > MOST_SPANS {
            self.by_group.push((sum, weights));
            return;
        }
        let is_cut_so = |cut: &&mut Vec<Span>| cut.iter().map(|s| &s.groups).eq(spans.iter().map(|s| &s.groups));
        match self.cuts.iter_mut().find(is_cut_so) {
            Some(cut) => cut.iter_mut().zip(spans).for_each(|(span, own)| span.weights.extend(own.weights)),
            None => self.cuts.push(spans),
        }
    }
}

fn are_the_same(weights: &[f64]) -> bool {
    weights.windows(2).all(|pair| pair[0].to_bits() == pair[1].to_bits())
}

fn have_the_same_bits(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|weight| weight.to_bits()).eq(b.iter().map(|weight| weight.to_bits()))
}

/// A weight for each group of steps, where all steps of every group have the same.
fn by_group(weights: &[f64]) -> Option<Vec<f64>> {
    let (groups, rest) = weights.as_chunks::<GROUP>();
    groups.iter().all(|group| are_the_same(group)).then(|| {
        let by_group: Vec<f64> = groups.iter().map(|group| group[0]).chain(rest.iter().copied()).collect();
        debug_assert_eq!(by_group.len(), groups_of(weights.len()));
        by_group
    })
}

/// The runs of steps that count.
fn windows(counts: &[bool]) -> Vec<Range<usize>> {
    let mut windows = Vec::new();
    let mut first = 0;
    for same in counts.chunk_by(|a, b| a == b) {
        if same[0] {
            windows.push(first..first + same.len());
        }
        first += same.len();
    }
    windows
}

//! A chunk: up to [`CHUNK`] blocks of homes, the unit of parallel work, with all that a day of them needs.

use std::sync::{Mutex, PoisonError};

use super::block::{self, Block, DayInput, Kit, Tiles};
use super::lanes::{self, Contents, Flows, Lanes, Totals, groups_of};
use super::meters::{Flow, Register};
use super::registers::{DayRegisters, Row, RunRegisters};
use super::vector::Vector;
use super::world::{Shapes, World};
use super::{DayShares, HomeStep, Options, Place, blocks_of, chunk_of};
use crate::reduce::{CHUNK, LANES, fold_lanes};
use crate::sharing::fixed_part_kw;
use crate::sharing::scheme::Scheme;

/// Blocks whose flows are added in f32, lane by lane, before they join an f64 sum. Part of the result's definition.
///
/// Eight values that round alike are off by at most 4.2e-7 of their sum; in a street of different homes it is 1e-8.
const STREET: usize = 8;

/// Up to sixteen blocks and the day's sums over them.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) blocks: Vec<Block>,
    stride: usize,
    /// The same of `open`; 0 without rounds.
    stride_open: usize,
    /// Grid exchange of the day, `[block][step]`.
    net: Vec<Lanes>,
    /// With rounds: what is still needed in the day's intervals, and at last the part of the import that is received,
    /// `[block][interval]`.
    open: Vec<Lanes>,
    /// Load, generation and battery of the day, `[block][step]`, if homes are recorded.
    record: Option<[Vec<Lanes>; 3]>,
    /// Battery contents at the start of the day, `[block]`, if homes are recorded.
    record_content: Vec<Contents>,
    /// The day's sums over the chunk's homes.
    pub(super) sums: Sums,
    /// Sums of a pass over what is still needed, `[row][interval]`.
    pub(super) folded: Vec<f64>,
}

/// Where a thread works on a day of one block after another: small enough to stay near it.
#[derive(Debug)]
pub(super) struct Scratch {
    /// A row of steps for each lane.
    rows: Vec<f32>,
    load: Vec<Lanes>,
    generation: Vec<Lanes>,
    battery: Vec<Lanes>,
    /// The block's flows by group of steps.
    groups: Vec<Flows>,
    /// The street's flows by step; empty between two streets.
    street: Vec<Flows>,
    /// Sums of a pass that are not folded yet.
    totals: Vec<Totals>,
}

impl Scratch {
    /// Sums of zero.
    pub(super) fn totals(&mut self, length: usize) -> &mut [Totals] {
        self.totals.clear();
        self.totals.resize(length, [0.0; LANES]);
        &mut self.totals
    }

    fn new(longest: usize) -> Scratch {
        let tile = || vec![Lanes::ZERO; longest];
        Scratch {
            rows: vec![0.0; longest * LANES],
            load: tile(),
            generation: tile(),
            battery: tile(),
            groups: vec![Flows::default(); longest.div_ceil(lanes::GROUP) + lanes::GROUP],
            street: vec![Flows::default(); longest],
            totals: Vec::with_capacity(longest),
        }
    }
}

/// The scratches of a run: one for each thread that is at work, made when it is first needed.
#[derive(Debug)]
pub(super) struct Scratches {
    longest: usize,
    free: Mutex<Vec<Scratch>>,
}

impl Scratches {
    /// For days of at most `longest` steps.
    pub(super) fn new(longest: usize) -> Scratches {
        Scratches { longest, free: Mutex::new(Vec::new()) }
    }

    /// Works with a scratch that nobody else has meanwhile.
    pub(super) fn with(&self, work: impl FnOnce(&mut Scratch)) {
        // What is free is whole, also after a panic: a scratch that was at work then is not given back.
        let free = || self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let found = free().pop();
        let mut scratch = found.unwrap_or_else(|| Scratch::new(self.longest));
        work(&mut scratch);
        free().push(scratch);
    }
}

/// What the homes of a chunk do together in each step of a day, kW.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "the postfix is the unit")]
pub(super) struct Sums {
    pub(super) load_kw: Vec<f64>,
    pub(super) generation_kw: Vec<f64>,
    pub(super) charge_kw: Vec<f64>,
    pub(super) discharge_kw: Vec<f64>,
    pub(super) member_import_kw: Vec<f64>,
    pub(super) member_export_kw: Vec<f64>,
    pub(super) other_import_kw: Vec<f64>,
    pub(super) other_export_kw: Vec<f64>,
    /// What members with fixed parts take of the pool.
    pub(super) taken_kw: Vec<f64>,
}

impl Sums {
    fn new(steps: usize) -> Sums {
        let sum = || vec![0.0; steps];
        Sums {
            load_kw: sum(),
            generation_kw: sum(),
            charge_kw: sum(),
            discharge_kw: sum(),
            member_import_kw: sum(),
            member_export_kw: sum(),
            other_import_kw: sum(),
            other_export_kw: sum(),
            taken_kw: sum(),
        }
    }

    fn clear(&mut self) {
        let Sums {
            load_kw,
            generation_kw,
            charge_kw,
            discharge_kw,
            member_import_kw,
            member_export_kw,
            other_import_kw,
            other_export_kw,
            taken_kw,
        } = self;
        for sums in [load_kw, generation_kw, charge_kw, discharge_kw, member_import_kw, member_export_kw] {
            sums.fill(0.0);
        }
        for sums in [other_import_kw, other_export_kw, taken_kw] {
            sums.fill(0.0);
        }
    }

    /// Adds a street of homes of one kit and empties it. Of homes that only use, their use is also their import.
    #[inline(always)]
    fn add_street(&mut self, street: &mut [Flows], kit: Kit) {
        let (import, export) = if kit.outsider {
            (&mut self.other_import_kw, &mut self.other_export_kw)
        } else {
            (&mut self.member_import_kw, &mut self.member_export_kw)
        };
        if kit.only_uses() {
            for ((flows, load), import) in street.iter_mut().zip(&mut self.load_kw).zip(import) {
                let kw = fold(&flows.load);
                *load += kw;
                *import += kw;
                flows.load = Lanes::ZERO;
            }
            return;
        }
        fold_into(street, &mut self.load_kw, |flows| &mut flows.load);
        fold_into(street, import, |flows| &mut flows.import);
        fold_into(street, export, |flows| &mut flows.export);
        fold_into(street, &mut self.generation_kw, |flows| &mut flows.generation);
        if kit.battery {
            fold_into(street, &mut self.charge_kw, |flows| &mut flows.charge);
            fold_into(street, &mut self.discharge_kw, |flows| &mut flows.discharge);
        }
    }
}

#[inline(always)]
fn fold(lanes: &Lanes) -> f64 {
    fold_lanes(&lanes.map(f64::from))
}

#[inline(always)]
fn fold_into(street: &mut [Flows], sums: &mut [f64], of: impl Fn(&mut Flows) -> &mut Lanes) {
    for (flows, sum) in street.iter_mut().zip(sums) {
        let lanes = of(flows);
        *sum += fold(lanes);
        *lanes = Lanes::ZERO;
    }
}

/// What a day's sharing means for every member, by step.
#[derive(Debug)]
pub(super) struct DaySharing<'a> {
    scheme: &'a Scheme,
    /// The surplus that fixed parts are of, kW.
    pool_kw: Vec<f32>,
    /// Steps of a settlement interval, with rounds.
    interval_steps: usize,
    /// What a member's received energy is weighted with: the part of its import (pro-rata), or 1. The first row is that
    /// itself, each other one that times the weights of registers.
    received: Vec<Row>,
    /// The same of the part of its export that a member gives, `[class]`.
    given: Vec<Vec<Row>>,
}

impl<'a> DaySharing<'a> {
    pub(super) fn new(world: &'a World, shares: &DayShares, registers: &DayRegisters) -> DaySharing<'a> {
        let scheme = &world.scheme;
        let interval_steps = world.key.interval_steps(world.calendar.step_minutes());
        let rows = |flow: Flow, part: &dyn Fn(usize) -> f64| -> Vec<Row> {
            let steps = shares.steps.len();
            let plain = Row { flow, weights: (0..steps).map(|step| part(step) as f32).collect(), sums: Vec::new() };
            let weighted = registers.shared.iter().filter(|register| register.flow == flow).map(|register| Row {
                flow,
                weights: (register.weights.iter().enumerate().take(steps))
                    .map(|(step, weight)| (part(step) * weight) as f32)
                    .collect(),
                sums: vec![register.sum],
            });
            let priced =
                registers.priced.iter().filter(|(_, register)| register.flow == flow).map(|(sum, register)| {
                    let price = |step: usize| shares.price_eur_per_kwh(world, register.price, step);
                    Row {
                        flow,
                        weights: (0..steps).map(|step| (part(step) * price(step)) as f32).collect(),
                        sums: vec![*sum],
                    }
                });
            std::iter::once(plain).chain(weighted).chain(priced).collect()
        };
        let received = |step: usize| if *scheme == Scheme::ProRata { shares.steps[step].received_part } else { 1.0 };
        let classes = u16::try_from(shares.by_class.len().max(1)).expect("classes have numbers of 16 bits");
        DaySharing {
            scheme,
            pool_kw: shares.steps.iter().map(|share| share.pool_kw as f32).collect(),
            interval_steps,
            received: rows(Flow::SharedIn, &received),
            given: (0..classes).map(|class| rows(Flow::SharedOut, &|step| shares.given_part(class, step))).collect(),
        }
    }
}

/// Sorts the homes of a world by kit, and within it by their shapes, into chunks; says where each went.
pub(super) fn build(
    world: &World,
    options: &Options,
    registers: &RunRegisters,
    periods: usize,
) -> (Vec<Chunk>, Vec<Place>) {
    let mut order: Vec<(Kit, (i8, u16), usize)> = (world.homes.iter().enumerate())
        .map(|(index, home)| (block::kit(world, index), block::shape_order(home), index))
        .collect();
    order.sort_unstable();
    let mut place = vec![Place { chunk: 0, block: 0, lane: 0 }; world.homes.len()];
    let mut blocks = Vec::new();
    for same in order.chunk_by(|a, b| a.0 == b.0) {
        blocks.reserve(blocks_of(same.len()));
        for homes in same.chunks(LANES) {
            let (chunk, block) = chunk_of(blocks.len());
            for (lane, (_, _, home)) in homes.iter().enumerate() {
                place[*home] = Place { chunk: chunk as u32, block: block as u8, lane: lane as u8 };
            }
            blocks.push(Block::new(world, same[0].0, homes.iter().map(|(_, _, home)| *home), registers, periods));
        }
    }
    let longest = longest_day(world);
    let longest_open = match world.scheme {
        Scheme::Rounds(_) => longest.div_ceil(world.key.interval_steps(world.calendar.step_minutes())),
        _ => 0,
    };
    let mut blocks = blocks.into_iter();
    let chunks = std::iter::from_fn(|| {
        // As many blocks as it needs and no more: a vector that was cut off would keep the memory of all.
        let own: Vec<Block> = blocks.by_ref().take(CHUNK).collect();
        (!own.is_empty()).then(|| Chunk::new(own, longest, longest_open, options.record))
    });
    let chunks = chunks.collect();
    (chunks, place)
}

/// The steps of the longest day of a run.
pub(super) fn longest_day(world: &World) -> usize {
    world.calendar.days().iter().map(|day| day.steps).max().unwrap_or(0)
}

impl Chunk {
    fn new(blocks: Vec<Block>, longest: usize, longest_open: usize, record: bool) -> Chunk {
        let all = || vec![Lanes::ZERO; longest * blocks.len()];
        Chunk {
            stride: longest,
            stride_open: longest_open,
            net: all(),
            open: vec![Lanes::ZERO; longest_open * blocks.len()],
            folded: Vec::new(),
            record: record.then(|| [all(), all(), all()]),
            record_content: vec![Contents::default(); if record { blocks.len() } else { 0 }],
            sums: Sums::new(longest),
            blocks,
        }
    }

    pub(super) fn begin_year(&mut self, world: &World, shapes: &Shapes, run_year: usize) {
        for block in &mut self.blocks {
            block.begin_year(world, shapes, run_year);
        }
    }

    /// Computes every home's day: load, generation, battery, grid exchange; its meters; and the chunk's sums.
    pub(super) fn flows(&mut self, input: &DayInput, scratch: &mut Scratch) {
        let steps = input.day.steps;
        self.sums.clear();
        let (groups, street) = (&mut scratch.groups[..groups_of(steps)], &mut scratch.street[..steps]);
        let (load, generation) = (&mut scratch.load[..steps], &mut scratch.generation[..steps]);
        let (battery, rows) = (&mut scratch.battery[..steps], &mut scratch.rows);
        let mut in_street = 0;
        for index in 0..self.blocks.len() {
            let (block, later) = self.blocks[index..].split_first_mut().expect("the index is below the length");
            let (kit, next) = (block.kit, later.first());
            let tiles = index * self.stride..index * self.stride + steps;
            let net = &mut self.net[tiles.clone()];
            if let Some(content) = self.record_content.get_mut(index) {
                *content = block.contents;
            }
            block.read_load(input, rows, if kit.only_uses() { &mut *net } else { &mut *load });
            if let Some(next) = next {
                next.ask_for_rows(input);
            }
            if kit.only_uses() {
                let peaks = input.vector.run(
                    #[inline(always)]
                    || lanes::sum_use(net, street, groups),
                );
                block.keep(input, groups, None, &peaks, net);
                block.keep_by_step(input, Tiles { load: net, generation: &[], battery: &[], net });
            } else {
                block.generate(input, rows, generation);
                let (peaks, standby_kwh) = if kit.battery {
                    let (peaks, standby_kwh) = block.store([load, generation], [battery, net], street, groups, input);
                    (peaks, Some(standby_kwh))
                } else {
                    let peaks = input.vector.run(
                        #[inline(always)]
                        || lanes::exchange(load, generation, net, street, groups),
                    );
                    (peaks, None)
                };
                block.keep(input, groups, standby_kwh.as_ref(), &peaks, net);
                block.keep_by_step(input, Tiles { load, generation, battery, net });
            }
            in_street += 1;
            if in_street == STREET || next.is_none_or(|next| next.kit != kit) {
                in_street = 0;
                input.vector.run(
                    #[inline(always)]
                    || self.sums.add_street(street, kit),
                );
            }
            if let Some([loads, generations, batteries]) = &mut self.record {
                loads[tiles.clone()].copy_from_slice(if kit.only_uses() { net } else { load });
                if !kit.only_uses() {
                    generations[tiles.clone()].copy_from_slice(generation);
                }
                if kit.battery {
                    batteries[tiles].copy_from_slice(battery);
                }
            }
        }
    }

    /// Adds up what members with fixed parts take of the pool.
    pub(super) fn take_fixed(&mut self, vector: Vector, pool_kw: &[f32], scratch: &mut Scratch) {
        let steps = pool_kw.len();
        let taken = scratch.totals(steps);
        let all: Vec<usize> = (0..steps).collect();
        for (index, block) in self.blocks.iter().enumerate().filter(|(_, block)| !block.kit.outsider) {
            let net = &self.net[index * self.stride..index * self.stride + steps];
            vector.run(
                #[inline(always)]
                || lanes::take_fixed(net, &all, &block.parts[0], pool_kw, taken),
            );
        }
        for (taken, sum) in taken.iter().zip(&mut self.sums.taken_kw) {
            *sum = fold_lanes(taken);
        }
    }

    /// Shows every block of members, with its net of the day and what it still needs.
    #[inline(always)]
    pub(super) fn pass(&mut self, steps: usize, mut look: impl FnMut(&Block, &[Lanes], &mut [Lanes])) {
        for (index, block) in self.blocks.iter().enumerate().filter(|(_, block)| !block.kit.outsider) {
            let net = &self.net[index * self.stride..][..steps];
            look(block, net, &mut self.open[index * self.stride_open..][..self.stride_open]);
        }
    }

    /// Books the day's shared energy on the members' meters.
    pub(super) fn share(&mut self, input: &DayInput, day: &DaySharing) {
        let steps = input.day.steps;
        let intervals = if self.stride_open > 0 { steps.div_ceil(day.interval_steps) } else { 0 };
        for (index, block) in self.blocks.iter_mut().enumerate().filter(|(_, block)| !block.kit.outsider) {
            let net = &self.net[index * self.stride..][..steps];
            share_block(block, net, &self.open[index * self.stride_open..][..intervals], input, day);
        }
    }

    /// One home's load in a step, as recorded, kW.
    pub(super) fn load_kw_of(&self, block: usize, lane: usize, step: usize) -> f64 {
        let [loads, _, _] = self.record.as_ref().expect("the run was asked to record homes");
        f64::from(loads[block * self.stride + step][lane])
    }

    /// One home's step, as recorded.
    pub(super) fn home_step(
        &self,
        block: usize,
        lane: usize,
        step: usize,
        world: &World,
        shares: &DayShares,
    ) -> HomeStep {
        let own = &self.blocks[block];
        let at = block * self.stride + step;
        let [loads, generations, batteries] = self.record.as_ref().expect("the run was asked to record homes");
        let net_kw = self.net[at][lane];
        let import_kw = net_kw.max(0.0);
        let export_kw = (-net_kw).max(0.0);
        let share = &shares.steps[step];
        let shared_in_kw = match &world.scheme {
            _ if own.kit.outsider => 0.0,
            Scheme::Nothing => 0.0,
            Scheme::ProRata => import_kw * share.received_part as f32,
            Scheme::Fixed(_) => fixed_part_kw(own.parts[0][lane], share.pool_kw as f32, import_kw),
            Scheme::Rounds(_) => {
                let interval = step / world.key.interval_steps(world.calendar.step_minutes());
                import_kw * self.open[block * self.stride_open + interval][lane]
            }
        };
        let given_part = if own.kit.outsider { 0.0 } else { shares.given_part(own.kit.class, step) };
        let shared_out_kw = export_kw * given_part as f32;
        HomeStep {
            load_kw: f64::from(loads[at][lane]),
            generation_kw: f64::from(generations[at][lane]),
            battery_kw: f64::from(batteries[at][lane]),
            import_kw: f64::from(import_kw),
            export_kw: f64::from(export_kw),
            shared_in_kw: f64::from(shared_in_kw),
            shared_out_kw: f64::from(shared_out_kw),
        }
    }

    /// A battery's content at the start of a step of the recorded day, kWh.
    pub(super) fn content_kwh_of(&self, block: usize, lane: usize, step: usize) -> f64 {
        let own = &self.blocks[block];
        let [_, _, batteries] = self.record.as_ref().expect("the run was asked to record homes");
        let contents = (0..step).fold(self.record_content[block].of_lane(lane), |content, earlier| {
            let kw = batteries[block * self.stride + earlier][lane];
            let content = own.cells.after_standby(lane, content);
            own.cells.after_flows(lane, content, kw.max(0.0), (-kw).max(0.0))
        });
        contents.kwh()
    }
}

/// Books the day's shared energy on the meters of a block of members.
///
/// * `received_part` – with rounds, the part of its import that each home receives, by interval.
pub(super) fn share_block(
    block: &mut Block,
    net: &[Lanes],
    received_part: &[Lanes],
    input: &DayInput,
    day: &DaySharing,
) {
    match day.scheme {
        Scheme::Fixed(_) => {
            let (parts, pool_kw) = (block.parts[0], &day.pool_kw);
            let taken =
                |step: usize, l: usize, net_kw| fixed_part_kw(parts[l], pool_kw[step], lanes::flow_kw::<false>(net_kw));
            share_flow(block, net, input, &day.received, taken);
        }
        Scheme::ProRata | Scheme::Nothing => {
            share_flow(block, net, input, &day.received, |_, _, net_kw| lanes::flow_kw::<false>(net_kw));
        }
        Scheme::Rounds(_) if day.interval_steps == 1 => {
            let taken = |step: usize, l: usize, net_kw| lanes::flow_kw::<false>(net_kw) * received_part[step][l];
            share_flow(block, net, input, &day.received, taken);
        }
        Scheme::Rounds(_) => {
            let interval_steps = day.interval_steps;
            let taken = |step: usize, l: usize, net_kw| {
                lanes::flow_kw::<false>(net_kw) * received_part[step / interval_steps][l]
            };
            share_flow(block, net, input, &day.received, taken);
        }
    }
    if !block.kit.only_uses() {
        let given = &day.given[usize::from(block.kit.class)];
        share_flow(block, net, input, given, |_, _, net_kw| lanes::flow_kw::<true>(net_kw));
    }
}

/// Books one direction of it: the first row on the plain register and those that weigh all steps alike.
#[inline(always)]
fn share_flow(
    block: &mut Block,
    net: &[Lanes],
    input: &DayInput,
    rows: &[Row],
    of: impl Fn(usize, usize, f32) -> f32 + Copy,
) {
    block::weigh_rows(input.vector, net, rows, of, |row, kw| {
        // Only the plain row has no sum of its own.
        if row.sums.is_empty() {
            let register = if row.flow == Flow::SharedIn { Register::SharedIn } else { Register::SharedOut };
            block.book(input, register, kw);
            for (sum, weight) in &input.registers.of_flow(row.flow).even {
                block.add_weighted(input, *sum, &kw.map(|kw| kw * weight));
            }
        }
        for sum in &row.sums {
            block.add_weighted(input, *sum, kw);
        }
    });
}

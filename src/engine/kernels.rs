//! The kernels of the day loop one by one, for benches: sixteen homes of the standard neighbourhood on one day.
//!
//! Not for other use: a run is [`run`](super::run).

use std::sync::Arc;

use super::block::{Block, DayInput, Tiles};
use super::chunk::{self, DaySharing};
use super::lanes::{self, Flows, Lanes, Peaks, groups_of};
use super::registers::{DayRegisters, RunRegisters};
use super::world::{Shapes, World};
use super::{DayShares, Options};
use crate::calendar::Day;
use crate::sharing::StepShare;

/// Sixteen homes with panels and a battery, and all that their day needs.
#[derive(Debug)]
pub struct OneBlock<'a> {
    today: Today<'a>,
    block: Block,
    sharing: DaySharing<'a>,
    rows: Vec<f32>,
    load: Vec<Lanes>,
    generation: Vec<Lanes>,
    battery: Vec<Lanes>,
    net: Vec<Lanes>,
    /// Never emptied: it grows with every run of a kernel, which costs no time.
    street: Vec<Flows>,
    groups: Vec<Flows>,
    peaks: Peaks,
}

/// The day, and all that is given on it.
#[derive(Debug)]
struct Today<'a> {
    world: &'a World,
    options: &'a Options,
    shapes: Arc<Shapes>,
    day: usize,
    minutes: Vec<u16>,
    registers: DayRegisters,
}

impl Today<'_> {
    fn steps(&self) -> usize {
        self.minutes.len()
    }

    fn input(&self) -> DayInput<'_> {
        let days = self.world.calendar.days_of_year(0);
        DayInput {
            world: self.world,
            shapes: &self.shapes,
            day: &days[self.day],
            index: self.day,
            days: days.len(),
            minutes: &self.minutes,
            registers: &self.registers,
            vector: self.options.vector,
        }
    }
}

impl<'a> OneBlock<'a> {
    /// The first block with panels and batteries, on a day of the first year; every kernel is run once, so that each finds
    /// what the one before leaves.
    ///
    /// Returns `None` where the world has no such block.
    pub fn new(world: &'a World, options: &'a Options, day: usize) -> Option<OneBlock<'a>> {
        let run = RunRegisters::new(&options.registers, world.calendar.steps(), world.homes.len());
        let (chunks, _) = chunk::build(world, options, &run, world.calendar.run_months().len());
        let has_all = |block: &Block| block.kit.battery && block.is_simulated();
        let mut block = chunks.into_iter().flat_map(|chunk| chunk.blocks).find(has_all)?;
        let shapes = world.shapes(0);
        block.begin_year(world, &shapes, 0);
        let steps = chunk::longest_day(world);
        let tile = || vec![Lanes::ZERO; steps];
        let of_day = registers_on(&world.calendar.days_of_year(0)[day], &run);
        let sharing = DaySharing::new(world, &DayShares::default(), &of_day);
        let mut one = OneBlock {
            today: Today { world, options, shapes, day, minutes: Vec::new(), registers: of_day },
            block,
            sharing,
            rows: vec![0.0; steps * crate::reduce::LANES],
            load: tile(),
            generation: tile(),
            battery: tile(),
            net: tile(),
            street: vec![Flows::default(); steps],
            groups: vec![Flows::default(); steps],
            peaks: Peaks::default(),
        };
        one.set_day(day);
        one.look_up_shapes();
        one.sky_to_planes();
        one.store();
        one.meter();
        one.share();
        Some(one)
    }

    /// Goes to another day of the first year.
    pub fn set_day(&mut self, day: usize) {
        let Today { world, options, .. } = self.today;
        let of_day = &world.calendar.days_of_year(0)[day];
        self.today.day = day;
        self.today.minutes = of_day.range().map(|step| world.calendar.local_minute(step)).collect();
        let run = RunRegisters::new(&options.registers, world.calendar.steps(), world.homes.len());
        self.today.registers = registers_on(of_day, &run);
        let half = StepShare { received_part: 0.5, given_part: 0.5, pool_kw: 1.0, ..StepShare::default() };
        let shares = DayShares { steps: vec![half; of_day.steps], by_class: Vec::new() };
        self.sharing = DaySharing::new(world, &shares, &self.today.registers);
    }

    /// Home-steps of the day.
    pub fn home_steps(&self) -> usize {
        self.today.steps() * crate::reduce::LANES
    }

    /// Loads, from the shapes of the library.
    pub fn look_up_shapes(&mut self) {
        let steps = self.today.steps();
        let input = &self.today.input();
        self.block.read_load(input, &mut self.rows, &mut self.load[..steps]);
    }

    /// Output of the roofs, from the sky.
    pub fn sky_to_planes(&mut self) {
        let steps = self.today.steps();
        let input = &self.today.input();
        self.block.generate(input, &mut self.rows, &mut self.generation[..steps]);
    }

    /// Net, sums and peaks of the homes, as if they had no battery.
    pub fn exchange(&mut self) {
        let steps = self.today.steps();
        let (load, generation) = (&self.load[..steps], &self.generation[..steps]);
        let (net, street) = (&mut self.net[..steps], &mut self.street[..steps]);
        let groups = &mut self.groups[..groups_of(steps)];
        self.peaks = self.today.options.vector.run(
            #[inline(always)]
            || lanes::exchange(load, generation, net, street, groups),
        );
    }

    /// Batteries, and net, sums and peaks.
    pub fn store(&mut self) {
        let steps = self.today.steps();
        let given = [&self.load[..steps], &self.generation[..steps]];
        let tiles = [&mut self.battery[..steps], &mut self.net[..steps]];
        let (street, groups) = (&mut self.street[..steps], &mut self.groups[..groups_of(steps)]);
        (self.peaks, _) = self.block.store(given, tiles, street, groups, &self.today.input());
    }

    /// Registers and peaks, the weighted registers included.
    pub fn meter(&mut self) {
        let steps = self.today.steps();
        let (groups, net) = (&self.groups[..groups_of(steps)], &self.net[..steps]);
        let [load, generation, battery] = [&self.load, &self.generation, &self.battery].map(|tile| &tile[..steps]);
        let input = &self.today.input();
        self.block.keep(input, groups, None, &self.peaks, net);
        self.block.keep_by_step(input, Tiles { load, generation, battery, net });
    }

    /// Shared energy, booked on the meters.
    pub fn share(&mut self) {
        let net = &self.net[..self.today.steps()];
        chunk::share_block(&mut self.block, net, &[], &self.today.input(), &self.sharing);
    }

    /// A number that depends on all that was computed.
    pub fn fingerprint(&self) -> f64 {
        self.block.months.of_lane(0, 0).registers().iter().sum::<f64>() + f64::from(self.net[0][0])
    }
}

/// What registers mean on a day; their periods are months.
fn registers_on(day: &Day, run: &RunRegisters) -> DayRegisters {
    run.on(day, day.run_month)
}

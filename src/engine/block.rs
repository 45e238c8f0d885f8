//! A block: sixteen homes of one kit, side by side in lanes.

use super::lanes::{self, Contents, Flows, Lanes, Peaks, Roofs, Totals};
use super::meters::{BlockMonth, DayRegister, Flow, NO_STEP, Register};
use super::vector::{self, Vector};
use super::world::{Shapes, World};
use crate::calendar::Day;
use crate::device::battery::{Cells, Content};
use crate::device::pv::RoofTerms;
use crate::neighbourhood::{Home, Pv, Shape};
use crate::profile::reading::{habit_kwh, is_read_whole, read_day, source_day};
use crate::profile::synthetic::Habit;
use crate::reduce::LANES;
use crate::scenario::language::BusinessKind;

/// What all homes of a block have in common. The order of kits is the order of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kit {
    /// Members stand together: only they share.
    pub(super) outsider: bool,
    pub(super) pv: PvKit,
    pub(super) battery: bool,
}

impl Kit {
    /// Whether its homes can only use: all they use is import, and nothing is ever exported.
    pub(super) fn only_uses(self) -> bool {
        self.pv == PvKit::None && !self.battery
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PvKit {
    None,
    /// Simulated under this roof sky.
    Simulated(usize),
    Metered,
}

/// Where a lane reads its load from.
#[derive(Clone, Copy, Debug)]
enum LoadSource {
    /// An empty lane.
    Nothing,
    /// A slot of the synthetic library, with shifts.
    Synthetic { habit: Habit, slot: usize },
    /// Opening hours of a kind.
    OpeningHours(BusinessKind),
    /// The metered load of a group.
    Metered(usize),
}

/// The day of an empty lane, long enough for cells of five minutes.
static NO_LOAD: [f32; 24 * 12] = [0.0; 24 * 12];

/// Sixteen homes of one kit.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kit: Kit,
    homes: [u32; LANES],
    loads: [LoadSource; LANES],
    /// Load per unit of the shape in this year, kW.
    pub(super) scale: Lanes,
    roofs: Roofs,
    /// Group whose metered generation a lane has.
    generation_group: [usize; LANES],
    pub(super) cells: Cells,
    /// Part of the pool for the keys with fixed parts.
    pub(super) part: Lanes,
    pub(super) starts: Contents,
    pub(super) contents: Contents,
    pub(super) months: Vec<BlockMonth>,
    /// `[month][register]` of the weighted registers of the run, in the order they were asked for.
    pub(super) weighted: Vec<Totals>,
}

/// One day for a chunk.
pub(super) struct DayInput<'a> {
    pub world: &'a World,
    pub shapes: &'a Shapes,
    pub day: &'a Day,
    /// The day in its year of the run.
    pub index: usize,
    /// The days of that year.
    pub days: usize,
    /// Local minutes of the day's steps.
    pub minutes: &'a [u16],
    /// The weighted registers of the run, on this day.
    pub registers: &'a [DayRegister],
    /// The instructions to use.
    pub vector: Vector,
}

/// The kit of a home.
pub(super) fn kit(world: &World, home: &Home) -> Kit {
    let pv = match &home.pv {
        None => PvKit::None,
        Some(Pv::Metered) => PvKit::Metered,
        Some(Pv::Simulated(roof)) => PvKit::Simulated(
            world.roof_sky(roof.transposition, roof.cell_temperature).expect("the world has a sky for every roof"),
        ),
    };
    Kit { outsider: !home.member, pv, battery: home.battery.is_some() }
}

/// The order of homes of one kit: those whose days lie beside each other in the library stand beside each other, so that
/// the memory is read in one direction and a row that many homes have is read once.
pub(super) fn shape_order(home: &Home) -> (i8, u16) {
    match &home.shape {
        Shape::Synthetic(habit) => (habit.weeks, habit.unit),
        Shape::OpeningHours(_) | Shape::Metered => (i8::MAX, 0),
    }
}

impl Block {
    pub(super) fn new(
        world: &World,
        kit: Kit,
        homes: impl Iterator<Item = usize>,
        parts: &[f64],
        weighted: usize,
    ) -> Block {
        let months = world.calendar.run_months().len();
        let mut block = Block {
            kit,
            homes: [u32::MAX; LANES],
            loads: [LoadSource::Nothing; LANES],
            scale: Lanes::ZERO,
            roofs: Roofs::default(),
            generation_group: [0; LANES],
            cells: Cells::none(),
            part: Lanes::ZERO,
            starts: Contents::default(),
            contents: Contents::default(),
            months: vec![BlockMonth::new(); months],
            weighted: vec![[0.0; LANES]; months * weighted],
        };
        for (lane, index) in homes.enumerate() {
            let home = &world.homes[index];
            block.homes[lane] = index as u32;
            block.loads[lane] = match &home.shape {
                Shape::Synthetic(habit) => LoadSource::Synthetic { habit: *habit, slot: 0 },
                Shape::OpeningHours(kind) => LoadSource::OpeningHours(*kind),
                Shape::Metered => LoadSource::Metered(home.group),
            };
            block.generation_group[lane] = home.group;
            block.part[lane] = if home.member { parts[home.group] as f32 } else { 0.0 };
            if let Some(Pv::Simulated(roof)) = &home.pv {
                block.roofs.set(lane, &RoofTerms::new(roof));
            }
            if let Some(battery) = &home.battery {
                block.cells.set(lane, battery, world.calendar.step_h());
                block.contents.set(lane, Content::of_kwh(battery.start_kwh()));
            }
        }
        block.starts = block.contents;
        block
    }

    /// Slots and scales of a new year: annual use over what the shape uses in this year.
    pub(super) fn begin_year(&mut self, world: &World, shapes: &Shapes, run_year: usize) {
        for lane in 0..LANES {
            let Some(home) = world.homes.get(self.homes[lane] as usize) else { continue };
            let shape_kwh = match &mut self.loads[lane] {
                LoadSource::Nothing => continue,
                LoadSource::Synthetic { habit, slot } => {
                    *slot = shapes.library.slot(habit.unit).expect("the library holds every unit in use");
                    habit_kwh(habit, &shapes.library, &world.calendar, run_year)
                }
                LoadSource::OpeningHours(kind) => shapes.businesses.kind_kwh(*kind),
                LoadSource::Metered(group) => {
                    let series = world.metered[*group].load.as_ref().expect("a metered group has its series");
                    let steps = world.calendar.steps_of_year(run_year);
                    series.kw[steps].iter().sum::<f64>() * world.calendar.step_h()
                }
            };
            self.scale[lane] = match home.annual_kwh {
                None => 1.0,
                Some(annual_kwh) if shape_kwh > 0.0 => (annual_kwh / shape_kwh) as f32,
                Some(_) => 0.0,
            };
        }
    }

    /// Fills the load tile of a day.
    pub(super) fn read_load(&self, input: &DayInput, tile: &mut [Lanes]) {
        let step_minutes = input.world.calendar.step_minutes();
        let whole = is_read_whole(input.shapes.library.cell_minutes(), step_minutes, input.minutes);
        if whole {
            self.read_whole_rows(input, tile);
        }
        for lane in 0..LANES {
            let scale = self.scale[lane];
            match self.loads[lane] {
                LoadSource::Nothing if !whole => tile.iter_mut().for_each(|kw| kw[lane] = 0.0),
                LoadSource::Synthetic { habit, slot } if !whole => {
                    let row = input.shapes.library.row(source_day(input.index, habit.weeks, input.days), slot);
                    let out = tile.iter_mut().map(|lanes| &mut lanes[lane]);
                    read_day(row, input.minutes, step_minutes, habit.quarters, scale, out);
                }
                LoadSource::OpeningHours(kind) if !whole => {
                    let row = input.shapes.businesses.row(input.index, kind);
                    let out = tile.iter_mut().map(|lanes| &mut lanes[lane]);
                    read_day(row, input.minutes, step_minutes, 0, scale, out);
                }
                LoadSource::Metered(group) => {
                    let series = input.world.metered[group].load.as_ref().expect("a metered group has its series");
                    copy_series(&series.kw[input.day.range()], scale, tile, lane);
                }
                LoadSource::Nothing | LoadSource::Synthetic { .. } | LoadSource::OpeningHours(_) => {}
            }
        }
    }

    /// Asks the memory for the rows that [`Block::read_load`] will read.
    pub(super) fn ask_for_rows(&self, input: &DayInput) {
        for load in self.loads {
            if let LoadSource::Synthetic { habit, slot } = load {
                let day = source_day(input.index, habit.weeks, input.days);
                vector::ask_for(input.shapes.library.turned_row(day, slot, habit.quarters));
            }
        }
    }

    /// Lays the lanes' days side by side, where each step is a cell of its shape; metered lanes get zeros.
    fn read_whole_rows(&self, input: &DayInput, tile: &mut [Lanes]) {
        let mut nothing = true;
        let rows: [&[f32]; LANES] = std::array::from_fn(|lane| match self.loads[lane] {
            LoadSource::Nothing | LoadSource::Metered(_) => &NO_LOAD,
            LoadSource::Synthetic { habit, slot } => {
                nothing = false;
                let day = source_day(input.index, habit.weeks, input.days);
                input.shapes.library.turned_row(day, slot, habit.quarters)
            }
            LoadSource::OpeningHours(kind) => {
                nothing = false;
                input.shapes.businesses.row(input.index, kind)
            }
        });
        if nothing {
            tile.fill(Lanes::ZERO);
        } else {
            input.vector.lay_side_by_side(&rows, &self.scale, tile);
        }
    }

    /// Fills the generation tile of a day.
    pub(super) fn generate(&self, input: &DayInput, tile: &mut [Lanes]) {
        match self.kit.pv {
            PvKit::None => tile.fill(Lanes::ZERO),
            PvKit::Simulated(sky) => {
                let terms = &input.world.roof_skies[sky].terms[input.day.range()];
                input.vector.run(
                    #[inline(always)]
                    || lanes::generate(terms, &self.roofs, tile),
                );
            }
            PvKit::Metered => {
                tile.fill(Lanes::ZERO);
                for lane in (0..LANES).filter(|lane| self.homes[*lane] != u32::MAX) {
                    let series = input.world.metered[self.generation_group[lane]].generation.as_ref();
                    let series = series.expect("a metered roof has its series");
                    copy_series(&series.kw[input.day.range()], 1.0, tile, lane);
                }
            }
        }
    }

    /// Books the day on the meters: registers from the sums of the day's groups, peaks from the day's.
    ///
    /// * `net` – the day's net, to find the step of a new peak.
    pub(super) fn keep(
        &mut self,
        input: &DayInput,
        groups: &[Flows],
        standby_kwh: Option<&Totals>,
        peaks: &Peaks,
        net: &[Lanes],
    ) {
        let kit = self.kit;
        let step_h = input.world.calendar.step_h();
        let month = &mut self.months[input.day.run_month];
        input.vector.run(
            #[inline(always)]
            || {
                let mut book = |register: Register, kw: &Totals| {
                    let sums = &mut month.sums[register as usize];
                    for l in 0..LANES {
                        sums[l] += kw[l] * step_h;
                    }
                };
                let load = lanes::total(groups, |flows| &flows.load);
                book(Register::Load, &load);
                if kit.only_uses() {
                    book(Register::Import, &load);
                    return;
                }
                book(Register::Import, &lanes::total(groups, |flows| &flows.import));
                book(Register::Export, &lanes::total(groups, |flows| &flows.export));
                book(Register::Generation, &lanes::total(groups, |flows| &flows.generation));
                if kit.battery {
                    book(Register::Charged, &lanes::total(groups, |flows| &flows.charge));
                    book(Register::Discharged, &lanes::total(groups, |flows| &flows.discharge));
                }
            },
        );
        if let Some(standby_kwh) = standby_kwh {
            for (sum, kwh) in month.sums[Register::Standby as usize].iter_mut().zip(standby_kwh) {
                *sum += kwh;
            }
        }
        let first = input.day.first_step as u32;
        for lane in 0..LANES {
            let import_kw = peaks.import_kw[lane];
            if import_kw > month.peak_import_kw[lane] {
                month.peak_import_kw[lane] = import_kw;
                month.peak_import_step[lane] = first_step_of(net, lane, import_kw).map_or(NO_STEP, |step| first + step);
            }
            let export_kw = peaks.export_kw[lane];
            if export_kw > month.peak_export_kw[lane] {
                month.peak_export_kw[lane] = export_kw;
                month.peak_export_step[lane] =
                    first_step_of(net, lane, -export_kw).map_or(NO_STEP, |step| first + step);
            }
        }
    }

    /// Books the weighted registers that count flows of the home itself; those of shared energy follow when it is known.
    ///
    /// * `tiles` – the day's load, generation and battery.
    pub(super) fn keep_weighted(&mut self, input: &DayInput, groups: &[Flows], tiles: [&[Lanes]; 3], net: &[Lanes]) {
        let [load, generation, battery] = tiles;
        let (only_uses, has_battery) = (self.kit.only_uses(), self.kit.battery);
        for register in input.registers {
            let (flow, by_step) = (register.flow, &register.by_step_f32);
            let stays_zero = match flow {
                Flow::Generation | Flow::Export => only_uses,
                Flow::Charge | Flow::Discharge => !has_battery,
                Flow::Load | Flow::Import => false,
                Flow::SharedIn | Flow::SharedOut => true,
            };
            if stays_zero {
                continue;
            }
            let kw = input.vector.run(
                #[inline(always)]
                || match (&register.by_group, flow) {
                    (Some(weights), Flow::Generation) => lanes::weighted_total(groups, weights, |g| &g.generation),
                    (Some(weights), Flow::Charge) => lanes::weighted_total(groups, weights, |g| &g.charge),
                    (Some(weights), Flow::Discharge) => lanes::weighted_total(groups, weights, |g| &g.discharge),
                    (Some(weights), Flow::Export) => lanes::weighted_total(groups, weights, |g| &g.export),
                    (Some(weights), Flow::Import) if !only_uses => {
                        lanes::weighted_total(groups, weights, |g| &g.import)
                    }
                    (Some(weights), _) => lanes::weighted_total(groups, weights, |g| &g.load),
                    (None, Flow::Load) => lanes::weigh_import(load, by_step),
                    (None, Flow::Generation) => lanes::weigh_import(generation, by_step),
                    (None, Flow::Charge) => lanes::weigh_import(battery, by_step),
                    (None, Flow::Discharge) => lanes::weigh_export(battery, by_step),
                    (None, Flow::Export) => lanes::weigh_export(net, by_step),
                    (None, _) => lanes::weigh_import(net, by_step),
                },
            );
            self.add_weighted(input, register.number, &kw);
        }
    }

    /// Books what members received or gave on a day, kW summed over steps.
    pub(super) fn book_shared(&mut self, input: &DayInput, register: Register, kw: &Totals) {
        let step_h = input.world.calendar.step_h();
        let sums = &mut self.months[input.day.run_month].sums[register as usize];
        for (sum, kw) in sums.iter_mut().zip(kw) {
            *sum += kw * step_h;
        }
    }

    /// Adds a day's kW, summed over steps, to a weighted register.
    pub(super) fn add_weighted(&mut self, input: &DayInput, number: usize, kw: &Totals) {
        let step_h = input.world.calendar.step_h();
        let sums = &mut self.weighted[input.day.run_month * input.registers.len() + number];
        for (sum, kw) in sums.iter_mut().zip(kw) {
            *sum += kw * step_h;
        }
    }
}

/// The first step of a day in which a lane has exactly this net, kW.
fn first_step_of(net: &[Lanes], lane: usize, net_kw: f32) -> Option<u32> {
    (0..).zip(net).find(|(_, net)| net[lane].to_bits() == net_kw.to_bits()).map(|(step, _)| step)
}

fn copy_series(series: &[f64], scale: f32, tile: &mut [Lanes], lane: usize) {
    for (out, kw) in tile.iter_mut().zip(series) {
        out[lane] = scale * *kw as f32;
    }
}

//! A block: sixteen homes of one kit, side by side in lanes.

use super::lanes::{self, DaySums, Lanes, Roofs};
use super::meters::{BlockMonth, NO_STEP, Register};
use super::world::{Shapes, World};
use crate::calendar::Day;
use crate::device::battery::Cells;
use crate::device::pv::RoofTerms;
use crate::neighbourhood::{Home, Pv, Shape};
use crate::profile::reading::{habit_kwh, read_day, source_day};
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
    pub(super) start_kwh: [f64; LANES],
    pub(super) content_kwh: [f64; LANES],
    pub(super) months: Vec<BlockMonth>,
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

impl Block {
    pub(super) fn new(world: &World, kit: Kit, homes: impl Iterator<Item = usize>, parts: &[f64]) -> Block {
        let mut block = Block {
            kit,
            homes: [u32::MAX; LANES],
            loads: [LoadSource::Nothing; LANES],
            scale: [0.0; LANES],
            roofs: Roofs::default(),
            generation_group: [0; LANES],
            cells: Cells::none(),
            part: [0.0; LANES],
            start_kwh: [0.0; LANES],
            content_kwh: [0.0; LANES],
            months: vec![BlockMonth::new(); world.calendar.run_months().len()],
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
                block.content_kwh[lane] = battery.start_kwh();
            }
        }
        block.start_kwh = block.content_kwh;
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
        let flat = tile.as_flattened_mut();
        let step_minutes = input.world.calendar.step_minutes();
        for lane in 0..LANES {
            let (out, scale) = (&mut flat[lane..], self.scale[lane]);
            match self.loads[lane] {
                LoadSource::Nothing => out.iter_mut().step_by(LANES).for_each(|kw| *kw = 0.0),
                LoadSource::Synthetic { habit, slot } => {
                    let row = input.shapes.library.row(source_day(input.index, habit.weeks, input.days), slot);
                    read_day(row, input.minutes, step_minutes, habit.quarters, scale, out, LANES);
                }
                LoadSource::OpeningHours(kind) => {
                    let row = input.shapes.businesses.row(input.index, kind);
                    read_day(row, input.minutes, step_minutes, 0, scale, out, LANES);
                }
                LoadSource::Metered(group) => {
                    let series = input.world.metered[group].load.as_ref().expect("a metered group has its series");
                    copy_series(&series.kw[input.day.range()], scale, out);
                }
            }
        }
    }

    /// Fills the generation tile of a day.
    pub(super) fn generate(&self, input: &DayInput, tile: &mut [Lanes]) {
        match self.kit.pv {
            PvKit::None => tile.fill([0.0; LANES]),
            PvKit::Simulated(sky) => {
                let terms = &input.world.roof_skies[sky].terms[input.day.range()];
                lanes::generate(terms, &self.roofs, tile);
            }
            PvKit::Metered => {
                tile.fill([0.0; LANES]);
                let flat = tile.as_flattened_mut();
                for lane in (0..LANES).filter(|lane| self.homes[*lane] != u32::MAX) {
                    let series = input.world.metered[self.generation_group[lane]].generation.as_ref();
                    let series = series.expect("a metered roof has its series");
                    copy_series(&series.kw[input.day.range()], 1.0, &mut flat[lane..]);
                }
            }
        }
    }

    pub(super) fn keep(&mut self, day: &Day, sums: &DaySums, step_h: f64) {
        let month = &mut self.months[day.run_month];
        let first = day.first_step as u32;
        for lane in 0..LANES {
            let mut add = |register: Register, kw: f64| month.sums[register as usize][lane] += kw * step_h;
            add(Register::Load, sums.load[lane]);
            add(Register::Generation, sums.generation[lane]);
            add(Register::Charged, sums.charge[lane]);
            add(Register::Discharged, sums.discharge[lane]);
            add(Register::Import, sums.import[lane]);
            add(Register::Export, sums.export[lane]);
            month.sums[Register::Standby as usize][lane] += sums.standby_kwh[lane];
            if sums.peak_import_at[lane] != NO_STEP && sums.peak_import_kw[lane] > month.peak_import_kw[lane] {
                month.peak_import_kw[lane] = sums.peak_import_kw[lane];
                month.peak_import_step[lane] = first + sums.peak_import_at[lane];
            }
            if sums.peak_export_at[lane] != NO_STEP && sums.peak_export_kw[lane] > month.peak_export_kw[lane] {
                month.peak_export_kw[lane] = sums.peak_export_kw[lane];
                month.peak_export_step[lane] = first + sums.peak_export_at[lane];
            }
        }
    }
}

fn copy_series(series: &[f64], scale: f32, out: &mut [f32]) {
    for (out, kw) in out.iter_mut().step_by(LANES).zip(series) {
        *out = scale * *kw as f32;
    }
}

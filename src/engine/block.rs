//! A block: sixteen homes of one kit, side by side in lanes.

use super::lanes::{self, Contents, Flows, Lanes, Peaks, Roofs, Totals};
use super::meters::{BlockMonths, Flow, NO_STEP, Register};
use super::registers::{DayMaximum, DayRegisters, Row, RunRegisters, Span};
use super::rounds;
use super::vector::{self, Vector};
use super::world::{Metered, Shapes, World};
use crate::calendar::Day;
use crate::device::battery::{Cells, Content};
use crate::device::pv::RoofTerms;
use crate::neighbourhood::{Home, Pv, Shape};
use crate::profile::reading::{habit_kwh, is_read_whole, read_day, source_day};
use crate::profile::synthetic::Habit;
use crate::reduce::LANES;
use crate::scenario::language::BusinessKind;
use crate::sharing::scheme::Scheme;

/// What all homes of a block have in common. The order of kits is the order of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kit {
    /// Members stand together: only they share.
    pub(super) outsider: bool,
    /// What the key's rounds are for its homes; 0 of outsiders.
    pub(super) class: u16,
    pub(super) pv: PvKit,
    pub(super) battery: bool,
}

impl Kit {
    /// Whether its homes can only use: all they use is import, and nothing is ever exported.
    pub(super) fn only_uses(self) -> bool {
        self.pv == PvKit::None && !self.battery
    }

    /// The registers that its homes have.
    fn registers(self) -> &'static [Register] {
        use Register::{Export, Generation, Import, Load, SharedIn, SharedOut};
        if self.battery {
            &Register::ALL
        } else if self.only_uses() {
            &[Load, Import, SharedIn]
        } else {
            &[Load, Generation, Import, Export, SharedIn, SharedOut]
        }
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

/// The day of an empty lane, long enough for the longest that any clock ever made, 48 hours, in steps of five minutes.
static NOTHING: [f32; 48 * 12] = [0.0; 48 * 12];

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
    /// Fixed parts of the pool in the rounds that have such.
    pub(super) parts: Vec<Lanes>,
    pub(super) starts: Contents,
    pub(super) contents: Contents,
    pub(super) months: BlockMonths,
    /// `[period][sum]`: the weighted registers of the run and its hours above thresholds.
    pub(super) sums: Vec<Totals>,
    /// `[period][maximum]` of the run.
    pub(super) maxima: Vec<BlockMaximum>,
    /// For each register of hours, the thresholds of the homes, kW.
    thresholds_kw: Vec<Lanes>,
}

/// The greatest flow of a period.
#[derive(Clone, Debug)]
pub(super) struct BlockMaximum {
    pub(super) kw: Lanes,
    pub(super) step: [u32; LANES],
}

/// The day of a block, step by step: what the kit has not may be empty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiles<'a> {
    pub(super) load: &'a [Lanes],
    pub(super) generation: &'a [Lanes],
    pub(super) battery: &'a [Lanes],
    pub(super) net: &'a [Lanes],
}

/// A tile that a flow is read from.
enum Signal<'a> {
    /// The flow is what is above zero.
    In(&'a [Lanes]),
    /// What is below.
    Out(&'a [Lanes]),
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
    /// What the registers that the run was asked for mean on this day.
    pub registers: &'a DayRegisters,
    /// The instructions to use.
    pub vector: Vector,
}

/// The kit of a home.
pub(super) fn kit(world: &World, index: usize) -> Kit {
    let home = &world.homes[index];
    let pv = match &home.pv {
        None => PvKit::None,
        Some(Pv::Metered) => PvKit::Metered,
        Some(Pv::Simulated(roof)) => PvKit::Simulated(
            world.roof_sky(roof.transposition, roof.cell_temperature).expect("the world has a sky for every roof"),
        ),
    };
    let class = if home.member { world.scheme.class_of(index) } else { 0 };
    Kit { outsider: !home.member, class, pv, battery: home.battery.is_some() }
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
        registers: &RunRegisters,
        periods: usize,
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
            parts: Vec::new(),
            starts: Contents::default(),
            contents: Contents::default(),
            months: BlockMonths::new(kit.registers(), months),
            sums: vec![[0.0; LANES]; periods * registers.sums],
            maxima: vec![BlockMaximum { kw: Lanes::ZERO, step: [NO_STEP; LANES] }; periods * registers.maxima],
            thresholds_kw: Vec::new(),
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
            let parts = match &world.scheme {
                Scheme::Fixed(parts) => vec![parts[index]],
                Scheme::Rounds(_) => rounds::parts_of(&world.key, index),
                Scheme::Nothing | Scheme::ProRata => Vec::new(),
            };
            block.parts.resize(parts.len(), Lanes::ZERO);
            for (of_block, part) in block.parts.iter_mut().zip(parts) {
                of_block[lane] = part as f32;
            }
            if let Some(Pv::Simulated(roof)) = &home.pv {
                block.roofs.set(lane, &RoofTerms::new(roof));
            }
            if let Some(battery) = &home.battery {
                block.cells.set(lane, battery, world.calendar.step_h());
                block.contents.set(lane, Content::of_kwh(battery.start_kwh()));
            }
        }
        block.starts = block.contents;
        let homes = block.homes;
        // An empty lane is never above.
        let of_lane = |home: u32, of_home: &dyn Fn(usize) -> f32| {
            if home == u32::MAX { f32::INFINITY } else { of_home(home as usize) }
        };
        block.thresholds_kw =
            registers.thresholds().map(|of_home| Lanes(homes.map(|home| of_lane(home, &of_home)))).collect();
        block
    }

    /// Whether its panels are simulated.
    pub(super) fn is_simulated(&self) -> bool {
        matches!(self.kit.pv, PvKit::Simulated(_))
    }

    /// Slots and scales of a new year: annual use over what the shape uses in this year.
    pub(super) fn begin_year(&mut self, world: &World, shapes: &Shapes, run_year: usize) {
        for lane in 0..LANES {
            let Some(home) = world.homes.get(self.homes[lane] as usize) else { continue };
            let shape_kwh = match &mut self.loads[lane] {
                LoadSource::Nothing => continue,
                // As metered: what the series sums to need not be known.
                LoadSource::Metered(_) if home.annual_kwh.is_none() => 1.0,
                LoadSource::Synthetic { habit, slot } => {
                    *slot = shapes.library.slot(habit.unit).expect("the library holds every unit in use");
                    habit_kwh(habit, &shapes.library, &world.calendar, run_year)
                }
                LoadSource::OpeningHours(kind) => shapes.businesses.kind_kwh(*kind),
                LoadSource::Metered(group) => {
                    let series = world.metered[*group].load.as_ref().expect("a metered group has its series");
                    let steps = world.calendar.steps_of_year(run_year);
                    series[steps].iter().sum::<f64>() * world.calendar.step_h()
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
    ///
    /// * `rows` – a row of the tile's length for each lane, to work in.
    pub(super) fn read_load(&self, input: &DayInput, rows: &mut [f32], tile: &mut [Lanes]) {
        let (steps, step_minutes) = (tile.len(), input.world.calendar.step_minutes());
        let Shapes { library, businesses } = input.shapes;
        let whole = is_read_whole(library.cell_minutes(), step_minutes, input.minutes);
        let source = |weeks| source_day(input.index, weeks, input.days);
        for (load, row) in self.loads.iter().zip(rows.chunks_exact_mut(steps)) {
            match *load {
                LoadSource::Synthetic { habit, slot } if !whole => {
                    let day = library.row(source(habit.weeks), slot);
                    read_day(day, input.minutes, step_minutes, habit.quarters, 1.0, row.iter_mut());
                }
                LoadSource::OpeningHours(kind) if !whole => {
                    let day = businesses.row(input.index, kind);
                    read_day(day, input.minutes, step_minutes, 0, 1.0, row.iter_mut());
                }
                LoadSource::Metered(group) => {
                    let series = input.world.metered[group].load.as_ref().expect("a metered group has its series");
                    round(input.vector, &series[input.day.range()], row);
                }
                LoadSource::Nothing | LoadSource::Synthetic { .. } | LoadSource::OpeningHours(_) => {}
            }
        }
        // Where each step is a cell of its shape, the shape's own row is read.
        let rows: [&[f32]; LANES] = std::array::from_fn(|lane| match self.loads[lane] {
            LoadSource::Nothing => &NOTHING,
            LoadSource::Synthetic { habit, slot } if whole => {
                library.turned_row(source(habit.weeks), slot, habit.quarters)
            }
            LoadSource::OpeningHours(kind) if whole => businesses.row(input.index, kind),
            _ => &rows[lane * steps..][..steps],
        });
        input.vector.lay_side_by_side(&rows, &self.scale, tile);
    }

    /// Asks the memory for the rows that the block's day will read.
    pub(super) fn ask_for_rows(&self, input: &DayInput) {
        let day = input.day.range();
        for load in self.loads {
            match load {
                LoadSource::Synthetic { habit, slot } => {
                    let day = source_day(input.index, habit.weeks, input.days);
                    vector::ask_for(input.shapes.library.turned_row(day, slot, habit.quarters));
                }
                LoadSource::Metered(group) => {
                    let Metered { load, generation } = &input.world.metered[group];
                    for series in [load, generation].into_iter().flatten() {
                        vector::ask_for(&series[day.clone()]);
                    }
                }
                LoadSource::Nothing | LoadSource::OpeningHours(_) => {}
            }
        }
    }

    /// Fills the generation tile of a day.
    ///
    /// * `rows` – a row of the tile's length for each lane, to work in.
    pub(super) fn generate(&self, input: &DayInput, rows: &mut [f32], tile: &mut [Lanes]) {
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
                let steps = tile.len();
                let is_home = |lane: usize| self.homes[lane] != u32::MAX;
                for (lane, row) in
                    rows.chunks_exact_mut(steps).enumerate().take(LANES).filter(|(lane, _)| is_home(*lane))
                {
                    let series = input.world.metered[self.generation_group[lane]].generation.as_ref();
                    let series = series.expect("a metered roof has its series");
                    round(input.vector, &series[input.day.range()], row);
                }
                let row = |lane| if is_home(lane) { &rows[lane * steps..][..steps] } else { &NOTHING };
                input.vector.lay_side_by_side(&std::array::from_fn(row), &Lanes([1.0; LANES]), tile);
            }
        }
    }

    /// Lets the batteries of a day follow the surplus of their homes; sets the tiles of battery and net, and sums the day.
    ///
    /// Returns the day's peaks, and what standing lost, kWh.
    pub(super) fn store(
        &mut self,
        given: [&[Lanes]; 2],
        tiles: [&mut [Lanes]; 2],
        street: &mut [Flows],
        groups: &mut [Flows],
        input: &DayInput,
    ) -> (Peaks, Totals) {
        let lose = self.cells.lose();
        let batteries = (&self.cells, &mut self.contents);
        if lose {
            input.vector.run(
                #[inline(always)]
                || lanes::exchange_with_battery::<true>(given, batteries, tiles, street, groups),
            )
        } else {
            input.vector.run(
                #[inline(always)]
                || lanes::exchange_with_battery::<false>(given, batteries, tiles, street, groups),
            )
        }
    }

    /// Books the day on the meters: registers, those with weights by group included, from the sums of the day's groups;
    /// peaks from the day's.
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
        let (kit, month) = (self.kit, input.day.run_month);
        input.vector.run(
            #[inline(always)]
            || {
                if kit.only_uses() {
                    let import = self.count(input, groups, Flow::Import, |flows| &flows.load);
                    self.book(input, Register::Import, &import);
                    // The same sum: no register changes it.
                    self.book(input, Register::Load, &import);
                    self.count_registers(input, groups, Flow::Load, |flows| &flows.load, import);
                    return;
                }
                let load = self.count(input, groups, Flow::Load, |flows| &flows.load);
                self.book(input, Register::Load, &load);
                let import = self.count(input, groups, Flow::Import, |flows| &flows.import);
                self.book(input, Register::Import, &import);
                let export = self.count(input, groups, Flow::Export, |flows| &flows.export);
                self.book(input, Register::Export, &export);
                let generation = self.count(input, groups, Flow::Generation, |flows| &flows.generation);
                self.book(input, Register::Generation, &generation);
                if kit.battery {
                    let charge = self.count(input, groups, Flow::Charge, |flows| &flows.charge);
                    self.book(input, Register::Charged, &charge);
                    let discharge = self.count(input, groups, Flow::Discharge, |flows| &flows.discharge);
                    self.book(input, Register::Discharged, &discharge);
                }
            },
        );
        if let Some(standby_kwh) = standby_kwh {
            for (sum, kwh) in self.months.register(Register::Standby, month).iter_mut().zip(standby_kwh) {
                *sum += kwh;
            }
        }
        let first = input.day.first_step as u32;
        let of_month = self.months.peaks(month);
        for lane in 0..LANES {
            let import_kw = peaks.import_kw[lane];
            if import_kw > of_month.import_kw[lane] {
                of_month.import_kw[lane] = import_kw;
                of_month.import_step[lane] = first_step_of(net, lane, import_kw).map_or(NO_STEP, |step| first + step);
            }
            let export_kw = peaks.export_kw[lane];
            if export_kw > of_month.export_kw[lane] {
                of_month.export_kw[lane] = export_kw;
                of_month.export_step[lane] = first_step_of(net, lane, -export_kw).map_or(NO_STEP, |step| first + step);
            }
        }
    }

    /// A flow of the day summed over its groups, kW; books the registers that need no step of it.
    #[inline(always)]
    fn count(&mut self, input: &DayInput, groups: &[Flows], flow: Flow, of: impl Fn(&Flows) -> &Lanes) -> Totals {
        let mut total = [0.0; LANES];
        let Some((cut, others)) = input.registers.of_flow(flow).cuts.split_first() else {
            lanes::add_groups(groups, &of, &mut total);
            self.count_uncut(input, groups, flow, of, &total);
            return total;
        };
        for span in cut {
            // The total goes on over the spans: what is asked for must not change it, not even in its last bit.
            let kw = lanes::add_span(&groups[span.groups.clone()], &of, &mut total);
            for (sum, weight) in &span.weights {
                self.add_weighted(input, *sum, &kw.map(|kw| kw * weight));
            }
        }
        self.count_cut(input, groups, others, &of);
        self.count_uncut(input, groups, flow, of, &total);
        total
    }

    /// Books the registers of a flow of which the day's sum is known.
    #[inline(always)]
    fn count_registers(
        &mut self,
        input: &DayInput,
        groups: &[Flows],
        flow: Flow,
        of: impl Fn(&Flows) -> &Lanes,
        total: Totals,
    ) {
        self.count_cut(input, groups, &input.registers.of_flow(flow).cuts, &of);
        self.count_uncut(input, groups, flow, of, &total);
    }

    #[inline(always)]
    fn count_cut(&mut self, input: &DayInput, groups: &[Flows], cuts: &[Vec<Span>], of: &impl Fn(&Flows) -> &Lanes) {
        for span in cuts.iter().flatten().filter(|span| !span.weights.is_empty()) {
            let mut kw = [0.0; LANES];
            lanes::add_groups(&groups[span.groups.clone()], of, &mut kw);
            for (sum, weight) in &span.weights {
                self.add_weighted(input, *sum, &kw.map(|kw| kw * weight));
            }
        }
    }

    #[inline(always)]
    fn count_uncut(
        &mut self,
        input: &DayInput,
        groups: &[Flows],
        flow: Flow,
        of: impl Fn(&Flows) -> &Lanes,
        total: &Totals,
    ) {
        let registers = input.registers.of_flow(flow);
        for (sum, weight) in &registers.even {
            self.add_weighted(input, *sum, &total.map(|kw| kw * weight));
        }
        for (sum, weights) in &registers.by_group {
            self.add_weighted(input, *sum, &lanes::weigh_groups(groups, &of, weights));
        }
    }

    /// Books the registers that read each step of a flow of the home itself.
    pub(super) fn keep_by_step(&mut self, input: &DayInput, tiles: Tiles) {
        let registers = input.registers;
        let rows = if self.kit.only_uses() { &registers.by_step_of_use } else { &registers.by_step };
        for rows in rows.chunk_by(|a, b| a.flow == b.flow) {
            match self.signal(rows[0].flow, tiles) {
                None => {}
                Some(Signal::In(tile)) => self.weigh_rows(input, tile, rows, |_, _, kw| lanes::flow_kw::<false>(kw)),
                Some(Signal::Out(tile)) => self.weigh_rows(input, tile, rows, |_, _, kw| lanes::flow_kw::<true>(kw)),
            }
        }
        for maximum in &registers.greatest {
            if let Some(signal) = self.signal(maximum.flow, tiles) {
                self.keep_greatest(input, maximum, &signal);
            }
        }
        for hours in &registers.hours {
            let Some(signal) = self.signal(hours.flow, tiles) else { continue };
            let threshold_kw = &self.thresholds_kw[hours.threshold];
            let steps = input.vector.run(
                #[inline(always)]
                || match signal {
                    Signal::In(tile) => lanes::steps_above::<false>(tile, threshold_kw),
                    Signal::Out(tile) => lanes::steps_above::<true>(tile, threshold_kw),
                },
            );
            self.add_weighted(input, hours.sum, &steps.map(f64::from));
        }
    }

    /// Where a flow of the home itself is read from; `None` where the kit never has it.
    fn signal<'a>(&self, flow: Flow, tiles: Tiles<'a>) -> Option<Signal<'a>> {
        let Kit { battery, .. } = self.kit;
        match flow {
            Flow::Load => Some(Signal::In(tiles.load)),
            Flow::Import => Some(Signal::In(tiles.net)),
            Flow::Generation if !self.kit.only_uses() => Some(Signal::In(tiles.generation)),
            Flow::Export if !self.kit.only_uses() => Some(Signal::Out(tiles.net)),
            Flow::Charge if battery => Some(Signal::In(tiles.battery)),
            Flow::Discharge if battery => Some(Signal::Out(tiles.battery)),
            _ => None,
        }
    }

    /// Books what the rows weigh of a tile.
    #[inline(always)]
    pub(super) fn weigh_rows(
        &mut self,
        input: &DayInput,
        tile: &[Lanes],
        rows: &[Row],
        of: impl Fn(usize, usize, f32) -> f32 + Copy,
    ) {
        weigh_rows(input.vector, tile, rows, of, |row, kw| {
            for sum in &row.sums {
                self.add_weighted(input, *sum, kw);
            }
        });
    }

    /// Keeps the greatest flow of the day's windows where it is greater than before in the period.
    fn keep_greatest(&mut self, input: &DayInput, maximum: &DayMaximum, signal: &Signal) {
        let first = input.day.first_step;
        let kept = &mut self.maxima[input.registers.period * input.registers.maxima + maximum.place];
        for window in &maximum.windows {
            let (greatest, tile, sign) = input.vector.run(
                #[inline(always)]
                || match signal {
                    Signal::In(tile) => (lanes::greatest_flow::<false>(&tile[window.clone()]), tile, 1.0),
                    Signal::Out(tile) => (lanes::greatest_flow::<true>(&tile[window.clone()]), tile, -1.0),
                },
            );
            for lane in 0..LANES {
                if greatest[lane] > kept.kw[lane] {
                    kept.kw[lane] = greatest[lane];
                    let step = first_step_of(&tile[window.clone()], lane, sign * greatest[lane]);
                    kept.step[lane] = step.map_or(NO_STEP, |step| (first + window.start) as u32 + step);
                }
            }
        }
    }

    /// Books a day's kW, summed over steps, on a register.
    #[inline(always)]
    pub(super) fn book(&mut self, input: &DayInput, register: Register, kw: &Totals) {
        let step_h = input.world.calendar.step_h();
        let sums = self.months.register(register, input.day.run_month);
        for l in 0..LANES {
            sums[l] += kw[l] * step_h;
        }
    }

    /// Books a day's kW, weighted and summed over steps, on a sum of the period.
    #[inline(always)]
    pub(super) fn add_weighted(&mut self, input: &DayInput, sum: usize, kw: &Totals) {
        let step_h = input.world.calendar.step_h();
        let sums = &mut self.sums[input.registers.period * input.registers.sums + sum];
        for l in 0..LANES {
            sums[l] += kw[l] * step_h;
        }
    }
}

/// Weighs a tile with rows of weights, some in each pass.
///
/// * `book` – called for each row with Σ weight × flow, kW.
#[inline(always)]
pub(super) fn weigh_rows(
    vector: Vector,
    tile: &[Lanes],
    rows: &[Row],
    of: impl Fn(usize, usize, f32) -> f32 + Copy,
    mut book: impl FnMut(&Row, &Totals),
) {
    for rows in rows.chunks(lanes::ROWS) {
        match rows {
            [a] => weigh_some(vector, tile, [a], of, &mut book),
            [a, b] => weigh_some(vector, tile, [a, b], of, &mut book),
            [a, b, c] => weigh_some(vector, tile, [a, b, c], of, &mut book),
            [a, b, c, d] => weigh_some(vector, tile, [a, b, c, d], of, &mut book),
            _ => unreachable!("rows come in chunks of {}", lanes::ROWS),
        }
    }
}

#[inline(always)]
fn weigh_some<const N: usize>(
    vector: Vector,
    tile: &[Lanes],
    rows: [&Row; N],
    of: impl Fn(usize, usize, f32) -> f32,
    book: &mut impl FnMut(&Row, &Totals),
) {
    let totals = vector.run(
        #[inline(always)]
        || lanes::weigh(tile, rows.map(|row| &row.weights[..]), of),
    );
    for (row, kw) in rows.into_iter().zip(&totals) {
        book(row, kw);
    }
}

/// The first step of a day in which a lane has exactly this net, kW.
fn first_step_of(net: &[Lanes], lane: usize, net_kw: f32) -> Option<u32> {
    (0..).zip(net).find(|(_, net)| net[lane].to_bits() == net_kw.to_bits()).map(|(step, _)| step)
}

/// A series as it is in the lanes.
fn round(vector: Vector, series: &[f64], row: &mut [f32]) {
    vector.run(
        #[inline(always)]
        || {
            for (out, kw) in row.iter_mut().zip(series) {
                *out = *kw as f32;
            }
        },
    );
}

//! The day loop that joins the rooms above, and the meters it fills.
//!
//! Homes are columns, sorted by membership and kit and cut into blocks of [`LANES`]; [`CHUNK`] blocks are one unit of
//! parallel work. For each local day: every chunk computes its homes' load, generation, battery and grid exchange;
//! the chunks' sums give each step's demand and surplus; from these every home's shared energy follows. What is kept of
//! a home is its [`meters::Meter`] by month, and the registers that the run was asked for by period; memory does not grow
//! with homes × steps.

mod balance;
mod block;
mod chunk;
#[doc(hidden)]
pub mod kernels;
mod lanes;
pub mod meters;
mod prices;
mod registers;
mod rounds;
pub mod vector;
pub mod world;

use rayon::prelude::*;

pub use balance::{BALANCE_TOLERANCE, Balance};
use block::{Block, DayInput};
use chunk::{Chunk, DaySharing, Scratches, Sums};
use jiff::civil::Date;
use meters::{Flow, Greatest, Meter, NO_STEP, PricedRegister, Wanted, WeightedRegister};
use registers::{Kept, RunRegisters};
use rounds::DayRounds;
use vector::Vector;
use world::World;

use crate::calendar::{Day, Periods};
use crate::reduce::{CHUNK, LANES};
use crate::sharing::price::IntervalPrice;
use crate::sharing::scheme::Scheme;
use crate::sharing::{self, StepShare};

/// One step of the community: all homes, businesses and plants, kW.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CommunityStep {
    /// Use of electricity.
    pub load_kw: f64,
    /// Output of the homes' panels.
    pub home_generation_kw: f64,
    /// Output of the cooperative's plants.
    pub plant_generation_kw: f64,
    /// Into batteries, AC side.
    pub charge_kw: f64,
    /// Out of batteries, AC side.
    pub discharge_kw: f64,
    /// Drawn at all meters, before sharing.
    pub import_kw: f64,
    /// Fed in at all meters, plants included, before sharing.
    pub export_kw: f64,
    /// The members' part of the import: what they would take of the local kWh.
    pub member_demand_kw: f64,
    /// The members' and plants' part of the export: what there is to share.
    pub member_surplus_kw: f64,
    /// Shared among members.
    pub shared_kw: f64,
}

impl CommunityStep {
    /// Import minus export: what the street draws from the grid beyond it, kW.
    pub fn net_kw(&self) -> f64 {
        self.import_kw - self.export_kw
    }
}

/// What a plant made and shared in a month, kWh.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlantMonth {
    /// Output, all of it fed in.
    pub generation_kwh: f64,
    /// The part of it that members took.
    pub shared_out_kwh: f64,
}

/// How a run is made. None of it changes a result.
#[derive(Clone, Debug)]
pub struct Options {
    /// Keep every home's flows of the day for those who look on (slower).
    pub record: bool,
    /// The vector instructions of the day loop.
    pub vector: Vector,
    /// Registers beyond those that every home has, kept by period.
    pub registers: Vec<Wanted>,
    /// Local days on which a period begins beside the first of a month: see [`Periods::cut`].
    pub period_borders: Vec<Date>,
}

impl Default for Options {
    /// Nothing is recorded, with the widest instructions of the machine, and no further registers; periods are months.
    fn default() -> Options {
        Options { record: false, vector: Vector::widest(), registers: Vec::new(), period_borders: Vec::new() }
    }
}

impl Options {
    /// The default with every home's flows kept for those who look on.
    pub fn recording() -> Options {
        Options { record: true, ..Options::default() }
    }
}

/// What a run leaves: meters by home and month, the community by step, and the balance.
#[derive(Debug)]
pub struct Outcome {
    chunks: Vec<Chunk>,
    place: Vec<Place>,
    periods: Periods,
    /// Where the registers that the run was asked for are kept.
    kept: Vec<Kept>,
    /// Sums that a period keeps.
    sums: usize,
    /// Maxima that a period keeps.
    maxima: usize,
    /// The weighted registers of each plant, `[plant][period][sum]`.
    plant_sums: Vec<Vec<f64>>,
    /// The community in each step of the run.
    pub community: Vec<CommunityStep>,
    /// Each plant by month, `[plant][month]`.
    pub plants: Vec<Vec<PlantMonth>>,
    /// The energy balance.
    pub balance: Balance,
}

/// Where a home stands among the chunks.
#[derive(Clone, Copy, Debug)]
struct Place {
    chunk: u32,
    block: u8,
    lane: u8,
}

impl Outcome {
    /// The meter of a home (its index in [`World::homes`]) in a month of the run.
    pub fn month(&self, home: usize, run_month: usize) -> Meter {
        let (block, lane) = self.block(home);
        block.months.of_lane(run_month, lane)
    }

    /// The meter of a home in a range of months of the run.
    pub fn months(&self, home: usize, run_months: std::ops::Range<usize>) -> Meter {
        let mut sum = Meter::default();
        for month in run_months {
            sum.add(&self.month(home, month));
        }
        sum
    }

    /// The periods of the registers that the run was asked for.
    pub fn periods(&self) -> &Periods {
        &self.periods
    }

    /// A weighted register of a home, by its place in [`Options::registers`], in a period: Σ flow × weight × hours.
    ///
    /// # Panics
    /// If the run was not asked for such a register at this place.
    pub fn weighted(&self, home: usize, register: usize, period: usize) -> f64 {
        match self.kept(register) {
            Kept::Sum(sum) => self.sum(home, sum, period),
            other => panic!("register {register} is no weighted one: {other:?}"),
        }
    }

    /// The hours of a period in which a flow of a home is above a threshold, by the register's place in
    /// [`Options::registers`].
    ///
    /// # Panics
    /// If the run was not asked for such a register at this place.
    pub fn hours_above(&self, home: usize, register: usize, period: usize) -> f64 {
        match self.kept(register) {
            Kept::Hours(sum) => self.sum(home, sum, period),
            other => panic!("register {register} does not count hours: {other:?}"),
        }
    }

    /// The greatest power of a flow of a home in a period, by the register's place in [`Options::registers`].
    ///
    /// # Panics
    /// If the run was not asked for such a register at this place.
    pub fn maximum(&self, home: usize, register: usize, period: usize) -> Greatest {
        let Kept::Maximum(maximum) = self.kept(register) else { panic!("register {register} is no maximum") };
        let (block, lane) = self.block(home);
        let kept = &block.maxima[period * self.maxima + maximum];
        let step = (kept.step[lane] != NO_STEP).then_some(kept.step[lane] as usize);
        Greatest { kw: f64::from(kept.kw[lane]), step }
    }

    /// A weighted register of a plant, by its place in [`Options::registers`], in a period: Σ flow × weight × hours. A plant
    /// feeds in all it makes: [`Flow::Generation`] and [`Flow::Export`] are its output, [`Flow::SharedOut`] is what members
    /// take of it, and it has no other flow.
    ///
    /// # Panics
    /// If the run was not asked for such a register at this place.
    pub fn plant_weighted(&self, plant: usize, register: usize, period: usize) -> f64 {
        match self.kept(register) {
            Kept::Sum(sum) => self.plant_sums[plant][period * self.sums + sum],
            other => panic!("register {register} is no weighted one: {other:?}"),
        }
    }

    fn kept(&self, register: usize) -> Kept {
        let asked = self.kept.len();
        *self.kept.get(register).unwrap_or_else(|| panic!("the run was asked for {asked} registers"))
    }

    fn sum(&self, home: usize, sum: usize, period: usize) -> f64 {
        let (block, lane) = self.block(home);
        block.sums[period * self.sums + sum][lane]
    }

    fn block(&self, home: usize) -> (&Block, usize) {
        let place = self.place[home];
        (&self.chunks[place.chunk as usize].blocks[usize::from(place.block)], usize::from(place.lane))
    }

    /// The content of a home's battery at the start and the end of the run, kWh.
    pub fn content_kwh(&self, home: usize) -> (f64, f64) {
        let (block, lane) = self.block(home);
        (block.starts.of_lane(lane).kwh(), block.contents.of_lane(lane).kwh())
    }
}

/// One day as it was computed, for those who look on: the community, and (where asked for) every home.
pub struct DayFlows<'a> {
    /// The day.
    pub day: &'a Day,
    /// The community in the day's steps.
    pub community: &'a [CommunityStep],
    /// The sharing of the day's steps.
    pub shares: &'a DayShares,
    chunks: &'a [Chunk],
    place: &'a [Place],
    world: &'a World,
}

/// The sharing of a day.
#[derive(Clone, Debug, Default)]
pub struct DayShares {
    /// Each step.
    pub steps: Vec<StepShare>,
    /// With rounds, the part of its surplus that each class of givers gives, `[class][step]`; empty otherwise.
    by_class: Vec<Vec<f64>>,
}

impl DayShares {
    /// The part of its surplus that a giver gives in a step: of its class, or of all.
    fn given_part(&self, class: u16, step: usize) -> f64 {
        match self.by_class.get(usize::from(class)) {
            Some(given) => given[step],
            None => self.steps[step].given_part,
        }
    }

    /// The price of a shared kWh in a step (from the day's start): that of its settlement interval, EUR.
    fn price_eur_per_kwh(&self, world: &World, price: IntervalPrice, step: usize) -> f64 {
        let length = world.key.interval_steps(world.calendar.step_minutes());
        let begin = step / length * length;
        let steps = &self.steps[begin..(begin + length).min(self.steps.len())];
        let sum = |of: fn(&StepShare) -> f64| steps.iter().map(of).sum::<f64>();
        price.eur_per_kwh(sum(|share| share.demand_kw), sum(|share| share.pool_kw))
    }

    /// The part of its output that a plant (its index in the plan) gives in a step (from the day's start).
    pub fn given_by_plant(&self, world: &World, plant: usize, step: usize) -> f64 {
        self.given_part(world.scheme.class_of(world.homes.len() + plant), step)
    }
}

/// One step of one home, kW.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HomeStep {
    /// Use of electricity.
    pub load_kw: f64,
    /// Output of its panels.
    pub generation_kw: f64,
    /// Its battery, positive = charging.
    pub battery_kw: f64,
    /// Drawn at the meter.
    pub import_kw: f64,
    /// Fed in at the meter.
    pub export_kw: f64,
    /// The shared part of its import.
    pub shared_in_kw: f64,
    /// The shared part of its export.
    pub shared_out_kw: f64,
}

impl DayFlows<'_> {
    /// One step (from the day's start) of one home. The run must record homes.
    pub fn home(&self, home: usize, step: usize) -> HomeStep {
        let (chunk, block, lane) = self.place(home);
        chunk.home_step(block, lane, step, self.world, self.shares)
    }

    /// The part of its export that a home gives in a step (from the day's start); 0 of who is no member.
    pub fn given_part(&self, home: usize, step: usize) -> f64 {
        let (chunk, block, _) = self.place(home);
        let kit = chunk.blocks[block].kit;
        if kit.outsider { 0.0 } else { self.shares.given_part(kit.class, step) }
    }

    /// The price of a shared kWh in a step (from the day's start), EUR.
    pub fn price_eur_per_kwh(&self, price: IntervalPrice, step: usize) -> f64 {
        self.shares.price_eur_per_kwh(self.world, price, step)
    }

    /// The load of one home in one step (from the day's start), kW. The run must record homes.
    pub fn load_kw(&self, home: usize, step: usize) -> f64 {
        let (chunk, block, lane) = self.place(home);
        chunk.load_kw_of(block, lane, step)
    }

    /// The content of a home's battery at the start of a step (from the day's start), before its standby loss, kWh;
    /// the number of the day's steps gives its end. The run must record homes.
    pub fn content_kwh(&self, home: usize, step: usize) -> f64 {
        let (chunk, block, lane) = self.place(home);
        chunk.content_kwh_of(block, lane, step)
    }

    /// The load of a home per unit of its shape in this year: its annual use over what the shape uses.
    pub fn scale(&self, home: usize) -> f64 {
        let (chunk, block, lane) = self.place(home);
        f64::from(chunk.blocks[block].scale[lane])
    }

    /// The part of the pool that a member has with a fixed key; 0 of others.
    pub fn fixed_part(&self, home: usize) -> f64 {
        let (chunk, block, lane) = self.place(home);
        f64::from(chunk.blocks[block].parts.first().map_or(0.0, |parts| parts[lane]))
    }

    fn place(&self, home: usize) -> (&Chunk, usize, usize) {
        let place = self.place[home];
        (&self.chunks[place.chunk as usize], usize::from(place.block), usize::from(place.lane))
    }
}

/// Whether a run goes on after a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// To the next day.
    GoOn,
    /// The run ends here; its outcome is of the days so far.
    Stop,
}

/// Runs the whole axis of a world.
///
/// * `on_day` – called after each day, in order.
///
/// # Errors
/// Only those of `on_day`.
///
/// # Panics
/// If a register is not whole: a weighted one has a finite weight for each step of the run, a window says of each step
/// whether it counts, a threshold is 0 kW or more and one for each home has as many; maxima and hours are of flows of the
/// home itself, not of shared energy.
pub fn run<E>(
    world: &World,
    options: &Options,
    mut on_day: impl FnMut(&DayFlows<'_>) -> Result<Next, E>,
) -> Result<Outcome, E> {
    let calendar = &world.calendar;
    let steps = calendar.steps();
    let registers = RunRegisters::new(&options.registers, steps, world.homes.len());
    let periods = Periods::cut(calendar, &options.period_borders);
    let (mut chunks, place) = chunk::build(world, options, &registers, periods.all().len());
    let scratches = Scratches::new(chunk::longest_day(world));
    let months = calendar.run_months().len();
    let mut community = Vec::with_capacity(steps);
    let mut plants = vec![vec![PlantMonth::default(); months]; world.plants.len()];
    let mut plant_sums = vec![vec![0.0; periods.all().len() * registers.sums]; world.plants.len()];
    let mut days_before = 0;
    let mut stopped = false;
    for run_year in 0..calendar.run_years() {
        let shapes = world.shapes(run_year);
        for_each_chunk(&mut chunks, |chunk| chunk.begin_year(world, &shapes, run_year));
        let days = calendar.days_of_year(run_year);
        for (index, day) in days.iter().enumerate() {
            let minutes: Vec<u16> = day.range().map(|step| calendar.local_minute(step)).collect();
            let of_day = registers.on(day, periods.of_day(days_before + index));
            let input = DayInput {
                world,
                shapes: &shapes,
                day,
                index,
                days: days.len(),
                minutes: &minutes,
                registers: &of_day,
                vector: options.vector,
            };
            for_each_chunk(&mut chunks, |chunk| scratches.with(|scratch| chunk.flows(&input, scratch)));
            let begin = community.len();
            community.extend(community_day(&input, &chunks));
            let shares = share(&input, &scratches, &mut chunks, &mut community[begin..]);
            for (plant, kw) in world.plant_kw.iter().enumerate() {
                let day_of_plant = PlantDay { kw: &kw[day.range()], plant, world, shares: &shares };
                day_of_plant.book_month(&mut plants[plant][day.run_month]);
                let sums = &mut plant_sums[plant][of_day.period * registers.sums..][..registers.sums];
                day_of_plant.weigh(&registers, day, sums);
            }
            let flows = DayFlows {
                day,
                community: &community[begin..],
                shares: &shares,
                chunks: &chunks,
                place: &place,
                world,
            };
            if on_day(&flows)? == Next::Stop {
                stopped = true;
                break;
            }
        }
        if stopped {
            break;
        }
        days_before += days.len();
    }
    let RunRegisters { kept, sums, maxima, .. } = registers;
    let balance = Balance::default();
    let mut outcome = Outcome { chunks, place, periods, kept, sums, maxima, plant_sums, community, plants, balance };
    outcome.balance = Balance::of(world, &outcome);
    Ok(outcome)
}

/// A plant on a day.
struct PlantDay<'a> {
    /// Its output in each step.
    kw: &'a [f64],
    plant: usize,
    world: &'a World,
    shares: &'a DayShares,
}

impl PlantDay<'_> {
    /// What members take of it in each step, kW.
    fn given_kw(&self) -> impl Iterator<Item = f64> {
        self.kw.iter().enumerate().map(|(step, kw)| kw * self.shares.given_by_plant(self.world, self.plant, step))
    }

    fn book_month(&self, month: &mut PlantMonth) {
        let step_h = self.world.calendar.step_h();
        for (kw, given_kw) in self.kw.iter().zip(self.given_kw()) {
            month.generation_kwh += kw * step_h;
            month.shared_out_kwh += given_kw * step_h;
        }
    }

    /// Books the day on the weighted registers.
    fn weigh(&self, registers: &RunRegisters, day: &Day, sums: &mut [f64]) {
        let calendar = &self.world.calendar;
        for (register, kept) in registers.wanted.iter().zip(&registers.kept) {
            let Kept::Sum(sum) = kept else { continue };
            let kw: f64 = match register {
                Wanted::Sum(WeightedRegister { flow, weights }) => {
                    let weights = &weights[day.range()];
                    match flow {
                        Flow::Generation | Flow::Export => {
                            self.kw.iter().zip(weights).map(|(kw, weight)| kw * weight).sum()
                        }
                        Flow::SharedOut => self.given_kw().zip(weights).map(|(kw, weight)| kw * weight).sum(),
                        _ => continue,
                    }
                }
                Wanted::Priced(PricedRegister { flow: Flow::SharedOut, price }) => {
                    let price = |step: usize| self.shares.price_eur_per_kwh(self.world, *price, step);
                    self.given_kw().enumerate().map(|(step, kw)| kw * price(step)).sum()
                }
                _ => continue,
            };
            sums[*sum] += kw * calendar.step_h();
        }
    }
}

/// Works on every chunk, in parallel where there is more than one; a chunk sees only itself.
fn for_each_chunk(chunks: &mut [Chunk], work: impl Fn(&mut Chunk) + Send + Sync) {
    match chunks {
        [only] => work(only),
        many => many.par_iter_mut().for_each(work),
    }
}

/// The day's steps of the community, nothing shared yet: the sums of the chunks, added in order, and the plants.
fn community_day(input: &DayInput, chunks: &[Chunk]) -> Vec<CommunityStep> {
    let total = |of: fn(&Sums) -> &Vec<f64>| {
        let mut total = vec![0.0; input.day.steps];
        for chunk in chunks {
            for (total, kw) in total.iter_mut().zip(of(&chunk.sums)) {
                *total += kw;
            }
        }
        total
    };
    let (load, generation) = (total(|sums| &sums.load_kw), total(|sums| &sums.generation_kw));
    let (charge, discharge) = (total(|sums| &sums.charge_kw), total(|sums| &sums.discharge_kw));
    let (member_import, member_export) = (total(|sums| &sums.member_import_kw), total(|sums| &sums.member_export_kw));
    let (other_import, other_export) = (total(|sums| &sums.other_import_kw), total(|sums| &sums.other_export_kw));
    let plants = |step: usize| input.world.plant_kw.iter().map(|kw| kw[step]).sum::<f64>();
    let step = |(in_day, step): (usize, usize)| {
        let plant_generation_kw = plants(step);
        let (member_demand_kw, member_surplus_kw) =
            (member_import[in_day], member_export[in_day] + plant_generation_kw);
        CommunityStep {
            load_kw: load[in_day],
            home_generation_kw: generation[in_day],
            plant_generation_kw,
            charge_kw: charge[in_day],
            discharge_kw: discharge[in_day],
            import_kw: member_demand_kw + other_import[in_day],
            export_kw: member_surplus_kw + other_export[in_day],
            member_demand_kw,
            member_surplus_kw,
            shared_kw: 0.0,
        }
    };
    input.day.range().enumerate().map(step).collect()
}

/// The sharing of each step of a day, and its part in the homes' meters and the community.
fn share(input: &DayInput, scratches: &Scratches, chunks: &mut [Chunk], community: &mut [CommunityStep]) -> DayShares {
    let world = input.world;
    let alike = |steps| DayShares { steps, by_class: Vec::new() };
    let shares = match &world.scheme {
        Scheme::Nothing => return alike(vec![StepShare::default(); input.day.steps]),
        Scheme::ProRata => alike(
            community.iter().map(|step| sharing::pro_rata(step.member_demand_kw, step.member_surplus_kw)).collect(),
        ),
        Scheme::Fixed(_) => {
            let pool_kw: Vec<f32> = community.iter().map(|step| step.member_surplus_kw as f32).collect();
            for_each_chunk(chunks, |chunk| {
                scratches.with(|scratch| chunk.take_fixed(input.vector, &pool_kw, scratch));
            });
            let taken = |in_day: usize| chunks.iter().map(|chunk| chunk.sums.taken_kw[in_day]).sum::<f64>();
            let share = |(in_day, step): (usize, &CommunityStep)| {
                StepShare::new(step.member_demand_kw, taken(in_day), step.member_surplus_kw)
            };
            alike(community.iter().enumerate().map(share).collect())
        }
        Scheme::Rounds(classes) => DayRounds { input, key: &world.key, classes, scratches }.share(chunks, community),
    };
    for (step, share) in community.iter_mut().zip(&shares.steps) {
        step.shared_kw = share.shared_kw;
    }
    let of_day = DaySharing::new(world, &shares, input.registers);
    for_each_chunk(chunks, |chunk| chunk.share(input, &of_day));
    shares
}

/// Blocks that `homes` homes of one kit need.
fn blocks_of(homes: usize) -> usize {
    homes.div_ceil(LANES)
}

/// The place of block `index` among the chunks: (chunk, block in it).
fn chunk_of(index: usize) -> (usize, usize) {
    (index / CHUNK, index % CHUNK)
}

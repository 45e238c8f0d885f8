//! A chunk: up to [`CHUNK`] blocks of homes, the unit of parallel work, with all that a day of them needs.

use super::block::{self, Block, DayInput, Kit, PvKit};
use super::lanes::{self, DaySums, Lanes, Totals};
use super::meters::Register;
use super::world::{Shapes, World};
use super::{HomeStep, Place, blocks_of, chunk_of};
use crate::reduce::{CHUNK, LANES, fold_lanes};
use crate::scenario::plan::Sharing;
use crate::sharing::{Method, StepShare, fixed_part_kw};

/// Up to sixteen blocks and the day's sums over them.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) blocks: Vec<Block>,
    step_h: f64,
    stride: usize,
    load: Vec<Lanes>,
    generation: Vec<Lanes>,
    battery: Vec<Lanes>,
    /// Grid exchange of the day, `[block][step]`.
    net: Vec<Lanes>,
    /// The day over the blocks, by step and lane.
    sums: Sums,
    taken: Vec<Totals>,
    /// Load, generation and battery of the day, `[block][step]`, if homes are recorded.
    record: Option<[Vec<Lanes>; 3]>,
    /// Battery contents at the start of the day, `[block]`, if homes are recorded.
    record_content: Vec<[f64; LANES]>,
    pub(super) load_kw: Vec<f64>,
    pub(super) generation_kw: Vec<f64>,
    pub(super) charge_kw: Vec<f64>,
    pub(super) discharge_kw: Vec<f64>,
    pub(super) member_import_kw: Vec<f64>,
    pub(super) member_export_kw: Vec<f64>,
    pub(super) other_import_kw: Vec<f64>,
    pub(super) other_export_kw: Vec<f64>,
    pub(super) taken_kw: Vec<f64>,
}

/// Sorts the homes of a world by kit into chunks; says where each went.
pub(super) fn build(world: &World, record: bool) -> (Vec<Chunk>, Vec<Place>) {
    let mut order: Vec<(Kit, usize)> =
        world.homes.iter().enumerate().map(|(i, home)| (block::kit(world, home), i)).collect();
    order.sort_by_key(|(kit, index)| (*kit, *index));
    let parts = fixed_parts(world);
    let mut place = vec![Place { chunk: 0, block: 0, lane: 0 }; world.homes.len()];
    let mut blocks = Vec::new();
    for same in order.chunk_by(|a, b| a.0 == b.0) {
        blocks.reserve(blocks_of(same.len()));
        for homes in same.chunks(LANES) {
            let (chunk, block) = chunk_of(blocks.len());
            for (lane, (_, home)) in homes.iter().enumerate() {
                place[*home] = Place { chunk: chunk as u32, block: block as u8, lane: lane as u8 };
            }
            blocks.push(Block::new(world, same[0].0, homes.iter().map(|(_, home)| *home), &parts));
        }
    }
    let longest = world.calendar.days().iter().map(|day| day.steps).max().unwrap_or(0);
    let mut chunks = Vec::new();
    while !blocks.is_empty() {
        let rest = blocks.split_off(blocks.len().min(CHUNK));
        chunks.push(Chunk::new(std::mem::replace(&mut blocks, rest), longest, world.calendar.step_h(), record));
    }
    (chunks, place)
}

/// The fixed part of the pool of a member of each group: equal over all members, or the group's share over its own.
fn fixed_parts(world: &World) -> Vec<f64> {
    let mut members = vec![0_u32; world.plan.groups.len()];
    for home in world.homes.iter().filter(|home| home.member) {
        members[home.group] += 1;
    }
    let all: u32 = members.iter().sum();
    let each = |share: f64, members: u32| if members > 0 { share / f64::from(members) } else { 0.0 };
    match &world.plan.sharing {
        Sharing::Static(shares) => shares.iter().zip(&members).map(|(share, members)| each(*share, *members)).collect(),
        _ => vec![each(1.0, all); members.len()],
    }
}

impl Chunk {
    fn new(blocks: Vec<Block>, longest: usize, step_h: f64, record: bool) -> Chunk {
        let tile = || vec![[0.0; LANES]; longest];
        let all = || vec![[0.0; LANES]; longest * blocks.len()];
        let sum = || vec![0.0; longest];
        Chunk {
            step_h,
            stride: longest,
            load: tile(),
            generation: tile(),
            battery: tile(),
            net: all(),
            sums: Sums::new(longest),
            taken: vec![[0.0; LANES]; longest],
            record: record.then(|| [all(), all(), all()]),
            record_content: vec![[0.0; LANES]; if record { blocks.len() } else { 0 }],
            load_kw: sum(),
            generation_kw: sum(),
            charge_kw: sum(),
            discharge_kw: sum(),
            member_import_kw: sum(),
            member_export_kw: sum(),
            other_import_kw: sum(),
            other_export_kw: sum(),
            taken_kw: sum(),
            blocks,
        }
    }

    pub(super) fn begin_year(&mut self, world: &World, shapes: &Shapes, run_year: usize) {
        for block in &mut self.blocks {
            block.begin_year(world, shapes, run_year);
        }
    }

    /// Computes every home's day: load, generation, battery, grid exchange; its meters; and the chunk's sums.
    pub(super) fn flows(&mut self, input: &DayInput) {
        let steps = input.day.steps;
        let sums = &mut self.sums;
        sums.clear();
        for (index, block) in self.blocks.iter_mut().enumerate() {
            let tiles = index * self.stride..index * self.stride + steps;
            let (load, generation) = (&mut self.load[..steps], &mut self.generation[..steps]);
            let (battery, net) = (&mut self.battery[..steps], &mut self.net[tiles.clone()]);
            block.read_load(input, load);
            block.generate(input, generation);
            if let Some(content) = self.record_content.get_mut(index) {
                *content = block.content_kwh;
            }
            let mut day = DaySums::new();
            if block.kit.battery {
                let (cells, content) = (&block.cells, &mut block.content_kwh);
                lanes::exchange_with_battery(load, generation, cells, content, battery, net, &mut day);
                lanes::gather_parts(battery, &mut sums.charge, &mut sums.discharge);
            } else {
                lanes::exchange(load, generation, net, &mut day);
            }
            block.keep(input.day, &day, self.step_h);
            lanes::gather(load, &mut sums.load);
            if block.kit.pv != PvKit::None {
                lanes::gather(generation, &mut sums.generation);
            }
            let (import, export) = if block.kit.outsider {
                (&mut sums.other_import, &mut sums.other_export)
            } else {
                (&mut sums.member_import, &mut sums.member_export)
            };
            lanes::gather_parts(net, import, export);
            if let Some([loads, generations, batteries]) = &mut self.record {
                loads[tiles.clone()].copy_from_slice(load);
                generations[tiles.clone()].copy_from_slice(generation);
                if block.kit.battery {
                    batteries[tiles].copy_from_slice(battery);
                }
            }
        }
        fold(&sums.load[..steps], &mut self.load_kw);
        fold(&sums.generation[..steps], &mut self.generation_kw);
        fold(&sums.charge[..steps], &mut self.charge_kw);
        fold(&sums.discharge[..steps], &mut self.discharge_kw);
        fold(&sums.member_import[..steps], &mut self.member_import_kw);
        fold(&sums.member_export[..steps], &mut self.member_export_kw);
        fold(&sums.other_import[..steps], &mut self.other_import_kw);
        fold(&sums.other_export[..steps], &mut self.other_export_kw);
    }

    /// Adds up what members with fixed parts take of the pool.
    pub(super) fn take_fixed(&mut self, pool_kw: &[f32]) {
        let steps = pool_kw.len();
        let taken = &mut self.taken[..steps];
        taken.fill([0.0; LANES]);
        for (index, block) in self.blocks.iter().enumerate().filter(|(_, block)| !block.kit.outsider) {
            let net = &self.net[index * self.stride..index * self.stride + steps];
            lanes::take_fixed(net, &block.part, pool_kw, taken);
        }
        fold(taken, &mut self.taken_kw);
    }

    /// Books the day's shared energy on the members' meters.
    pub(super) fn share(
        &mut self,
        run_month: usize,
        step_h: f64,
        method: Method,
        received_part: &[f32],
        pool_kw: &[f32],
        given_part: &[f32],
    ) {
        let steps = given_part.len();
        for (index, block) in self.blocks.iter_mut().enumerate().filter(|(_, block)| !block.kit.outsider) {
            let net = &self.net[index * self.stride..index * self.stride + steps];
            let (shared_in, shared_out) = match method {
                Method::None => return,
                Method::ProRata => lanes::share_pro_rata(net, received_part, given_part),
                Method::Fixed => lanes::share_fixed(net, &block.part, pool_kw, given_part),
            };
            let month = &mut block.months[run_month];
            for lane in 0..LANES {
                month.sums[Register::SharedIn as usize][lane] += shared_in[lane] * step_h;
                month.sums[Register::SharedOut as usize][lane] += shared_out[lane] * step_h;
            }
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
        method: Method,
        share: &StepShare,
    ) -> HomeStep {
        let own = &self.blocks[block];
        let at = block * self.stride + step;
        let [loads, generations, batteries] = self.record.as_ref().expect("the run was asked to record homes");
        let net_kw = self.net[at][lane];
        let import_kw = net_kw.max(0.0);
        let export_kw = (-net_kw).max(0.0);
        let member = !own.kit.outsider;
        let shared_in_kw = match method {
            Method::ProRata if member => import_kw * share.received_part as f32,
            Method::Fixed if member => fixed_part_kw(own.part[lane], share.pool_kw as f32, import_kw),
            _ => 0.0,
        };
        let shared_out_kw = if member && method != Method::None { export_kw * share.given_part as f32 } else { 0.0 };
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
        (0..step).fold(self.record_content[block][lane], |content, earlier| {
            let kw = batteries[block * self.stride + earlier][lane];
            let content = own.cells.after_standby(lane, content);
            own.cells.after_flows(lane, content, kw.max(0.0), (-kw).max(0.0))
        })
    }
}

/// Sums over the blocks of a chunk for each step and lane.
#[derive(Debug)]
struct Sums {
    load: Vec<Totals>,
    generation: Vec<Totals>,
    charge: Vec<Totals>,
    discharge: Vec<Totals>,
    member_import: Vec<Totals>,
    member_export: Vec<Totals>,
    other_import: Vec<Totals>,
    other_export: Vec<Totals>,
}

impl Sums {
    fn new(steps: usize) -> Sums {
        let tile = || vec![[0.0; LANES]; steps];
        Sums {
            load: tile(),
            generation: tile(),
            charge: tile(),
            discharge: tile(),
            member_import: tile(),
            member_export: tile(),
            other_import: tile(),
            other_export: tile(),
        }
    }
}

impl Sums {
    fn clear(&mut self) {
        let Sums { load, generation, charge, discharge, member_import, member_export, other_import, other_export } =
            self;
        for sums in [load, generation, charge, discharge, member_import, member_export, other_import, other_export] {
            sums.fill([0.0; LANES]);
        }
    }
}

fn fold(lanes: &[Totals], sums: &mut [f64]) {
    for (lanes, sum) in lanes.iter().zip(sums) {
        *sum = fold_lanes(lanes);
    }
}

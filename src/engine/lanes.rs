//! The hot loops: one day of one block, sixteen homes side by side.
//!
//! Each function is a kernel for [`Vector::run`](super::vector::Vector::run), which compiles it for several vector widths.
//! No lane ever reads another, and nothing is fused or approximated, so every width gives the same bits.
//!
//! Sums over steps are made in two stages: [`GROUP`] steps in f32 as a tree, groups in f64. A group of equal values is
//! exact and any other is right to 1.2e-7 of itself at worst, so that a year's balance closes far below its tolerance;
//! and the costly step from f32 to f64 is made once per group.

use std::ops::{Deref, DerefMut};

use crate::device::battery::{Cells, Content};
use crate::device::pv::{self, RoofTerms, SkyTerms};
use crate::dispatch;
use crate::reduce::{LANES, at_least, at_most};
use crate::sharing;

/// Steps that are summed in f32 before they join an f64 sum. Part of the result's definition, as [`LANES`] is.
pub(super) const GROUP: usize = 4;

/// A value for each home of a block. On a cache line of its own: a load of sixteen lanes touches one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(super) struct Lanes(pub [f32; LANES]);

impl Lanes {
    pub(super) const ZERO: Lanes = Lanes([0.0; LANES]);
}

impl Default for Lanes {
    fn default() -> Lanes {
        Lanes::ZERO
    }
}

impl Deref for Lanes {
    type Target = [f32; LANES];

    #[inline(always)]
    fn deref(&self) -> &[f32; LANES] {
        &self.0
    }
}

impl DerefMut for Lanes {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f32; LANES] {
        &mut self.0
    }
}

/// A sum for each home of a block.
pub(super) type Totals = [f64; LANES];

/// Groups of a day: as many steps as fill whole groups, then the rest one by one.
pub(super) const fn groups_of(steps: usize) -> usize {
    steps / GROUP + steps % GROUP
}

/// The flows of sixteen homes in a step or summed over a group of steps, or of the blocks of a street in a step: kW.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flows {
    pub load: Lanes,
    pub generation: Lanes,
    pub charge: Lanes,
    pub discharge: Lanes,
    pub import: Lanes,
    pub export: Lanes,
}

/// The greatest import and export of a day in each lane, kW; 0 where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Peaks {
    pub import_kw: Lanes,
    pub export_kw: Lanes,
}

/// The roofs of a block as columns, in the words of [`RoofTerms`]. A lane without panels is all zero and makes nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Roofs {
    normal_e: Lanes,
    normal_n: Lanes,
    normal_u: Lanes,
    sky_view: Lanes,
    sin_tilt: Lanes,
    ground_view: Lanes,
    gamma_per_k: Lanes,
    dc_kw_per_w_m2: Lanes,
    square: Lanes,
    linear: Lanes,
    idle_kw: Lanes,
    limit_kw: Lanes,
}

impl Roofs {
    pub(super) fn set(&mut self, lane: usize, roof: &RoofTerms) {
        self.normal_e[lane] = roof.normal_e;
        self.normal_n[lane] = roof.normal_n;
        self.normal_u[lane] = roof.normal_u;
        self.sky_view[lane] = roof.sky_view;
        self.sin_tilt[lane] = roof.sin_tilt;
        self.ground_view[lane] = roof.ground_view;
        self.gamma_per_k[lane] = roof.gamma_per_k;
        self.dc_kw_per_w_m2[lane] = roof.dc_kw_per_w_m2;
        self.square[lane] = roof.square;
        self.linear[lane] = roof.linear;
        self.idle_kw[lane] = roof.idle_kw;
        self.limit_kw[lane] = roof.limit_kw;
    }

    #[inline(always)]
    fn of_lane(&self, lane: usize) -> RoofTerms {
        RoofTerms {
            normal_e: self.normal_e[lane],
            normal_n: self.normal_n[lane],
            normal_u: self.normal_u[lane],
            sky_view: self.sky_view[lane],
            sin_tilt: self.sin_tilt[lane],
            ground_view: self.ground_view[lane],
            gamma_per_k: self.gamma_per_k[lane],
            dc_kw_per_w_m2: self.dc_kw_per_w_m2[lane],
            square: self.square[lane],
            linear: self.linear[lane],
            idle_kw: self.idle_kw[lane],
            limit_kw: self.limit_kw[lane],
        }
    }
}

/// What the batteries of a block hold, as columns in the words of [`Content`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Contents {
    nearest_kwh: Lanes,
    rest_kwh: Lanes,
}

impl Contents {
    #[inline(always)]
    pub(super) fn of_lane(&self, lane: usize) -> Content {
        Content { nearest_kwh: self.nearest_kwh[lane], rest_kwh: self.rest_kwh[lane] }
    }

    #[inline(always)]
    pub(super) fn set(&mut self, lane: usize, content: Content) {
        (self.nearest_kwh[lane], self.rest_kwh[lane]) = (content.nearest_kwh, content.rest_kwh);
    }
}

/// Output of the block's roofs in each step, kW.
#[inline(always)]
pub(super) fn generate(sky: &[SkyTerms], roofs: &Roofs, generation: &mut [Lanes]) {
    for (terms, out) in sky.iter().zip(generation) {
        if terms.is_dark() {
            *out = Lanes::ZERO;
            continue;
        }
        for l in 0..LANES {
            out[l] = pv::ac_kw(terms, &roofs.of_lane(l));
        }
    }
}

/// Sums and peaks of homes that only use: without panels and battery all they use is import.
///
/// Adds each step to the street's, sets `groups`.
#[inline(always)]
pub(super) fn sum_use(load: &[Lanes], street: &mut [Flows], groups: &mut [Flows]) -> Peaks {
    let mut peaks = Peaks::default();
    let ((fours, rest), (street_fours, street_rest)) = (load.as_chunks(), street.as_chunks_mut());
    let (whole, single) = groups.split_at_mut(fours.len());
    for ((load, street), group) in fours.iter().zip(street_fours).zip(whole) {
        sum_use_of_group::<GROUP>(load, street, group, &mut peaks);
    }
    for ((load, street), group) in rest.iter().zip(street_rest).zip(single) {
        sum_use_of_group::<1>(std::array::from_ref(load), std::array::from_mut(street), group, &mut peaks);
    }
    peaks
}

#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "all lanes do the same to several columns")]
fn sum_use_of_group<const N: usize>(load: &[Lanes; N], street: &mut [Flows; N], group: &mut Flows, peaks: &mut Peaks) {
    for l in 0..LANES {
        let load_kw: [f32; N] = std::array::from_fn(|i| load[i][l]);
        group.load[l] = tree(load_kw);
        peaks.import_kw[l] = greatest(load_kw, peaks.import_kw[l]);
        for i in 0..N {
            street[i].load[l] += load_kw[i];
        }
    }
}

/// Net, sums and peaks of homes with panels and no battery: load, generation, import, export.
///
/// Sets `net` to load − generation; adds each step to the street's, sets `groups`.
#[inline(always)]
pub(super) fn exchange(
    load: &[Lanes],
    generation: &[Lanes],
    net: &mut [Lanes],
    street: &mut [Flows],
    groups: &mut [Flows],
) -> Peaks {
    let mut peaks = Peaks::default();
    let ((loads, load_rest), (generations, generation_rest)) = (load.as_chunks(), generation.as_chunks());
    let ((nets, net_rest), (streets, street_rest)) = (net.as_chunks_mut(), street.as_chunks_mut());
    let (whole, single) = groups.split_at_mut(loads.len());
    for ((((load, generation), net), street), group) in loads.iter().zip(generations).zip(nets).zip(streets).zip(whole)
    {
        subtract::<GROUP>(load, generation, net);
        sum_group::<GROUP>(load, generation, net, street, group, &mut peaks);
    }
    let rest = load_rest.iter().zip(generation_rest).zip(net_rest).zip(street_rest).zip(single);
    for ((((load, generation), net), street), group) in rest {
        let ([load, generation], net) = ([load, generation].map(std::array::from_ref), std::array::from_mut(net));
        subtract::<1>(load, generation, net);
        sum_group::<1>(load, generation, net, std::array::from_mut(street), group, &mut peaks);
    }
    peaks
}

/// The same of homes with batteries that follow their surplus: charge and discharge too.
///
/// `battery` receives the batteries' power, positive = charging, and `net` load − generation + that; `contents` go from
/// the day's start to its end. Returns the peaks and what standing lost, kWh; where nothing is lost (`LOSE` is false),
/// zero.
///
/// A battery's step waits for the one before. The sums of a group wait for nothing, and so fill that time.
#[inline(always)]
pub(super) fn exchange_with_battery<const LOSE: bool>(
    [load, generation]: [&[Lanes]; 2],
    (cells, contents): (&Cells, &mut Contents),
    [battery, net]: [&mut [Lanes]; 2],
    street: &mut [Flows],
    groups: &mut [Flows],
) -> (Peaks, Totals) {
    let mut peaks = Peaks::default();
    let mut standby_kwh = [0.0; LANES];
    let mut stored = *contents;
    let ((loads, load_rest), (generations, generation_rest)) = (load.as_chunks(), generation.as_chunks());
    let ((batteries, battery_rest), (nets, net_rest)) = (battery.as_chunks_mut(), net.as_chunks_mut());
    let (streets, street_rest) = street.as_chunks_mut();
    let (whole, single) = groups.split_at_mut(loads.len());
    let fours = loads.iter().zip(generations).zip(batteries.iter_mut().zip(nets)).zip(streets.iter_mut().zip(whole));
    for (((load, generation), (battery, net)), (street, group)) in fours {
        store::<LOSE, GROUP>(load, generation, cells, &mut stored, battery, net, &mut standby_kwh);
        sum_battery::<GROUP>(battery, street, group);
        sum_group::<GROUP>(load, generation, net, street, group, &mut peaks);
    }
    let ones = load_rest.iter().zip(generation_rest).zip(battery_rest.iter_mut().zip(net_rest));
    for (((load, generation), (battery, net)), (street, group)) in ones.zip(street_rest.iter_mut().zip(single)) {
        let [load, generation] = [load, generation].map(std::array::from_ref);
        let [battery, net] = [battery, net].map(std::array::from_mut);
        let street = std::array::from_mut(street);
        store::<LOSE, 1>(load, generation, cells, &mut stored, battery, net, &mut standby_kwh);
        sum_battery::<1>(battery, street, group);
        sum_group::<1>(load, generation, net, street, group, &mut peaks);
    }
    for l in 0..LANES {
        contents.set(l, Content::of_kwh(stored.of_lane(l).kwh()));
    }
    (peaks, standby_kwh)
}

#[inline(always)]
fn subtract<const N: usize>(load: &[Lanes; N], generation: &[Lanes; N], net: &mut [Lanes; N]) {
    for i in 0..N {
        for l in 0..LANES {
            net[i][l] = load[i][l] - generation[i][l];
        }
    }
}

#[inline(always)]
fn store<const LOSE: bool, const N: usize>(
    load: &[Lanes; N],
    generation: &[Lanes; N],
    cells: &Cells,
    stored: &mut Contents,
    battery: &mut [Lanes; N],
    net: &mut [Lanes; N],
    standby_kwh: &mut Totals,
) {
    for i in 0..N {
        for l in 0..LANES {
            let mut content = stored.of_lane(l);
            if LOSE {
                standby_kwh[l] += cells.standby_kwh(l, content);
                content = cells.after_standby(l, content);
            }
            let own = load[i][l] - generation[i][l];
            let (charge, discharge) = dispatch::surplus(cells, l, own, content);
            stored.set(l, cells.after_flows(l, content, charge, discharge));
            net[i][l] = own + charge - discharge;
            battery[i][l] = charge - discharge;
        }
    }
}

/// Adds a group's steps to the street's, and sets the group: load, generation, import, export.
#[inline(always)]
fn sum_group<const N: usize>(
    load: &[Lanes; N],
    generation: &[Lanes; N],
    net: &[Lanes; N],
    street: &mut [Flows; N],
    group: &mut Flows,
    peaks: &mut Peaks,
) {
    for l in 0..LANES {
        let load_kw: [f32; N] = std::array::from_fn(|i| load[i][l]);
        let generation_kw: [f32; N] = std::array::from_fn(|i| generation[i][l]);
        let import_kw: [f32; N] = std::array::from_fn(|i| at_least(net[i][l], 0.0));
        let export_kw: [f32; N] = std::array::from_fn(|i| at_least(-net[i][l], 0.0));
        group.load[l] = tree(load_kw);
        group.generation[l] = tree(generation_kw);
        group.import[l] = tree(import_kw);
        group.export[l] = tree(export_kw);
        peaks.import_kw[l] = greatest(import_kw, peaks.import_kw[l]);
        peaks.export_kw[l] = greatest(export_kw, peaks.export_kw[l]);
        for i in 0..N {
            street[i].load[l] += load_kw[i];
            street[i].generation[l] += generation_kw[i];
            street[i].import[l] += import_kw[i];
            street[i].export[l] += export_kw[i];
        }
    }
}

/// The same of batteries: charge and discharge.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "all lanes do the same to several columns")]
fn sum_battery<const N: usize>(battery: &[Lanes; N], street: &mut [Flows; N], group: &mut Flows) {
    for l in 0..LANES {
        let charge_kw: [f32; N] = std::array::from_fn(|i| at_least(battery[i][l], 0.0));
        let discharge_kw: [f32; N] = std::array::from_fn(|i| at_least(-battery[i][l], 0.0));
        group.charge[l] = tree(charge_kw);
        group.discharge[l] = tree(discharge_kw);
        for i in 0..N {
            street[i].charge[l] += charge_kw[i];
            street[i].discharge[l] += discharge_kw[i];
        }
    }
}

/// The sum of a group as a tree; the values themselves where they are fewer.
#[inline(always)]
fn tree<const N: usize>(values: [f32; N]) -> f32 {
    if N == 4 { (values[0] + values[1]) + (values[2] + values[3]) } else { values[0] }
}

#[inline(always)]
fn greatest<const N: usize>(values: [f32; N], before: f32) -> f32 {
    if N == 4 {
        at_least(at_least(at_least(values[0], values[1]), at_least(values[2], values[3])), before)
    } else {
        at_least(values[0], before)
    }
}

/// Adds a flow of some groups of a day to a total, kW.
#[inline(always)]
pub(super) fn add_groups(groups: &[Flows], of: impl Fn(&Flows) -> &Lanes, total: &mut Totals) {
    for group in groups {
        let kw = of(group);
        for l in 0..LANES {
            total[l] += f64::from(kw[l]);
        }
    }
}

/// The same, and returns what the groups alone come to.
#[inline(always)]
pub(super) fn add_span(groups: &[Flows], of: impl Fn(&Flows) -> &Lanes, total: &mut Totals) -> Totals {
    let mut span = [0.0; LANES];
    for group in groups {
        let kw = of(group);
        for l in 0..LANES {
            total[l] += f64::from(kw[l]);
            span[l] += f64::from(kw[l]);
        }
    }
    span
}

/// Σ weight × flow over a day's groups, kW, in f64.
#[inline(always)]
pub(super) fn weigh_groups(groups: &[Flows], of: impl Fn(&Flows) -> &Lanes, weights: &[f64]) -> Totals {
    let mut total = [0.0; LANES];
    for (group, weight) in groups.iter().zip(weights) {
        let kw = of(group);
        for l in 0..LANES {
            total[l] += f64::from(kw[l]) * weight;
        }
    }
    total
}

/// Rows of weights that one pass over a tile serves.
pub(super) const ROWS: usize = 4;

/// Σ weight × flow over a day's steps, kW, with each row of weights: the flow of each step is `of(step, lane, tile's
/// value)`.
#[inline(always)]
pub(super) fn weigh<const N: usize>(
    tile: &[Lanes],
    weights: [&[f32]; N],
    of: impl Fn(usize, usize, f32) -> f32,
) -> [Totals; N] {
    let mut totals = [[0.0; LANES]; N];
    let (fours, rest) = tile.as_chunks::<GROUP>();
    let weights = weights.map(|row| row.as_chunks::<GROUP>());
    let whole = weights.map(|(fours_of_row, _)| &fours_of_row[..fours.len()]);
    for (number, tile) in fours.iter().enumerate() {
        let first = number * GROUP;
        let weight = whole.map(|row| row[number]);
        for l in 0..LANES {
            let flow: [f32; GROUP] = std::array::from_fn(|i| of(first + i, l, tile[i][l]));
            for n in 0..N {
                totals[n][l] += f64::from(tree::<GROUP>(std::array::from_fn(|i| flow[i] * weight[n][i])));
            }
        }
    }
    let first = fours.len() * GROUP;
    for (number, tile) in rest.iter().enumerate() {
        for (total, (_, rest_of_row)) in totals.iter_mut().zip(weights) {
            for l in 0..LANES {
                total[l] += f64::from(of(first + number, l, tile[l]) * rest_of_row[number]);
            }
        }
    }
    totals
}

/// What flows out of a net (export, discharge), or in (import, charge).
#[inline(always)]
pub(super) fn flow_kw<const OUT: bool>(net_kw: f32) -> f32 {
    at_least(if OUT { -net_kw } else { net_kw }, 0.0)
}

/// The greatest flow of some steps in each lane, kW.
#[inline(always)]
pub(super) fn greatest_flow<const OUT: bool>(net: &[Lanes]) -> Lanes {
    let mut greatest = Lanes::ZERO;
    for net in net {
        for l in 0..LANES {
            greatest[l] = at_least(flow_kw::<OUT>(net[l]), greatest[l]);
        }
    }
    greatest
}

/// The steps in which a flow is above a threshold.
#[inline(always)]
pub(super) fn steps_above<const OUT: bool>(net: &[Lanes], threshold_kw: &Lanes) -> Lanes {
    // Whole numbers far below 2^24: exact.
    let mut steps = Lanes::ZERO;
    for net in net {
        for l in 0..LANES {
            steps[l] += if flow_kw::<OUT>(net[l]) > threshold_kw[l] { 1.0 } else { 0.0 };
        }
    }
    steps
}

/// What fixed parts take of the pool, added to the chunk's sum.
#[inline(always)]
pub(super) fn take_fixed(net: &[Lanes], parts: &Lanes, pool_kw: &[f32], taken: &mut [Totals]) {
    for ((net, pool), taken) in net.iter().zip(pool_kw).zip(taken) {
        for l in 0..LANES {
            taken[l] += f64::from(sharing::fixed_part_kw(parts[l], *pool, at_least(net[l], 0.0)));
        }
    }
}

/// What members need in each interval with their part in the community, Σ kW over its steps.
#[inline(always)]
pub(super) fn needs(net: &[Lanes], participation: f32, interval_steps: usize, open: &mut [Lanes]) {
    for (steps, open) in net.chunks(interval_steps).zip(open) {
        let mut sum = Lanes::ZERO;
        for net in steps {
            for l in 0..LANES {
                sum[l] += flow_kw::<false>(net[l]);
            }
        }
        for l in 0..LANES {
            open[l] = sum[l] * participation;
        }
    }
}

/// What they have in each interval, Σ kW over its steps, added to totals.
#[inline(always)]
pub(super) fn sum_surplus(net: &[Lanes], interval_steps: usize, totals: &mut [Totals]) {
    for (steps, total) in net.chunks(interval_steps).zip(totals) {
        for net in steps {
            for l in 0..LANES {
                total[l] += f64::from(flow_kw::<true>(net[l]));
            }
        }
    }
}

/// What is still needed, added to totals.
#[inline(always)]
pub(super) fn sum_lanes(open: &[Lanes], totals: &mut [Totals]) {
    for (open, total) in open.iter().zip(totals) {
        for l in 0..LANES {
            total[l] += f64::from(open[l]);
        }
    }
}

/// A part of what is still needed is met.
#[inline(always)]
pub(super) fn take_part(open: &mut [Lanes], part: &[f32]) {
    for (open, part) in open.iter_mut().zip(part) {
        for l in 0..LANES {
            open[l] -= open[l] * part;
        }
    }
}

/// Fixed parts of a pool, at most what is still needed. Adds what is taken, and the parts of those who still need more.
#[inline(always)]
pub(super) fn take_fixed_of_open(
    open: &mut [Lanes],
    parts: &Lanes,
    pool_kw: &[f32],
    taken: &mut [Totals],
    still_open: &mut [Totals],
) {
    for (((open, pool), taken), still_open) in open.iter_mut().zip(pool_kw).zip(taken).zip(still_open) {
        for l in 0..LANES {
            let kw = sharing::fixed_part_kw(parts[l], *pool, open[l]);
            open[l] -= kw;
            taken[l] += f64::from(kw);
            still_open[l] += f64::from(if open[l] > 0.0 { parts[l] } else { 0.0 });
        }
    }
}

/// What all would take up to a level, and how many need more.
#[inline(always)]
pub(super) fn probe_level(open: &[Lanes], level: &[f32], below: &mut [Totals], above: &mut [Totals]) {
    for (((open, level), below), above) in open.iter().zip(level).zip(below).zip(above) {
        for l in 0..LANES {
            below[l] += f64::from(at_most(open[l], *level));
            above[l] += f64::from(if open[l] > *level { 1.0_f32 } else { 0.0 });
        }
    }
}

/// All take up to a level.
#[inline(always)]
pub(super) fn take_level(open: &mut [Lanes], level: &[f32]) {
    for (open, level) in open.iter_mut().zip(level) {
        for l in 0..LANES {
            open[l] -= at_most(open[l], *level);
        }
    }
}

/// Parts of several pools, at most what is still needed. Adds what is taken (the first row of the totals), and of each
/// pool the part that was.
#[inline(always)]
pub(super) fn take_pairs(open: &mut [Lanes], parts: &[Lanes], pools_kw: &[Vec<f32>], totals: &mut [Totals]) {
    let intervals = open.len();
    let (taken, used) = totals.split_at_mut(intervals);
    for (interval, open) in open.iter_mut().enumerate() {
        let mut offered = Lanes::ZERO;
        for (parts, pool) in parts.iter().zip(pools_kw) {
            for l in 0..LANES {
                offered[l] += parts[l] * pool[interval];
            }
        }
        let mut ratio = Lanes::ZERO;
        for l in 0..LANES {
            let kw = at_most(offered[l], open[l]);
            open[l] -= kw;
            taken[interval][l] += f64::from(kw);
            ratio[l] = if offered[l] > 0.0 { kw / offered[l] } else { 0.0 };
        }
        for (row, parts) in parts.iter().enumerate() {
            let used = &mut used[row * intervals + interval];
            for l in 0..LANES {
                used[l] += f64::from(parts[l] * ratio[l]);
            }
        }
    }
}

/// Turns what is still needed at the day's end into the part of its import that each home received.
#[inline(always)]
pub(super) fn received_part(net: &[Lanes], open: &mut [Lanes], participation: f32, interval_steps: usize) {
    for (steps, open) in net.chunks(interval_steps).zip(open) {
        let mut import = Lanes::ZERO;
        for net in steps {
            for l in 0..LANES {
                import[l] += flow_kw::<false>(net[l]);
            }
        }
        for l in 0..LANES {
            let received = at_least(import[l] * participation - open[l], 0.0);
            open[l] = if import[l] > 0.0 { received / import[l] } else { 0.0 };
        }
    }
}

/// What is received in each step, added to totals: a part of the import that is one for all steps of an interval.
#[inline(always)]
pub(super) fn sum_received(net: &[Lanes], part: &[Lanes], interval_steps: usize, totals: &mut [Totals]) {
    for ((steps, part), totals) in net.chunks(interval_steps).zip(part).zip(totals.chunks_mut(interval_steps)) {
        for (net, total) in steps.iter().zip(totals) {
            for l in 0..LANES {
                total[l] += f64::from(flow_kw::<false>(net[l]) * part[l]);
            }
        }
    }
}

//! The hot loops: one day of one block, sixteen homes side by side.
//!
//! Each function is compiled for several vector widths and the widest that the machine has is chosen at run time. No
//! lane ever reads another, and nothing is fused or approximated, so every width gives the same bits.

use multiversion::multiversion;

use super::meters::NO_STEP;
use crate::device::battery::Cells;
use crate::device::pv::{self, RoofTerms, SkyTerms};
use crate::dispatch;
use crate::reduce::LANES;
use crate::sharing;

/// A value for each home of a block.
pub(super) type Lanes = [f32; LANES];

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

/// A sum for each home of a block. In f64: a day of equal f32 values would round the same way at every step.
pub(super) type Totals = [f64; LANES];

/// What a day adds up to in each lane: kW summed over steps, and peaks.
#[derive(Clone, Debug)]
pub(super) struct DaySums {
    pub load: Totals,
    pub generation: Totals,
    pub charge: Totals,
    pub discharge: Totals,
    pub import: Totals,
    pub export: Totals,
    pub standby_kwh: Totals,
    pub peak_import_kw: Lanes,
    pub peak_import_at: [u32; LANES],
    pub peak_export_kw: Lanes,
    pub peak_export_at: [u32; LANES],
}

impl DaySums {
    pub(super) fn new() -> DaySums {
        let zero = [0.0; LANES];
        DaySums {
            load: zero,
            generation: zero,
            charge: zero,
            discharge: zero,
            import: zero,
            export: zero,
            standby_kwh: zero,
            peak_import_kw: [0.0; LANES],
            peak_import_at: [NO_STEP; LANES],
            peak_export_kw: [0.0; LANES],
            peak_export_at: [NO_STEP; LANES],
        }
    }
}

/// Output of the block's roofs in each step, kW.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(super) fn generate(sky: &[SkyTerms], roofs: &Roofs, generation: &mut [Lanes]) {
    for (terms, out) in sky.iter().zip(generation) {
        if terms.is_dark() {
            *out = [0.0; LANES];
            continue;
        }
        for (l, kw) in out.iter_mut().enumerate() {
            *kw = pv::ac_kw(terms, &roofs.of_lane(l));
        }
    }
}

/// Grid exchange of homes without a battery: `net = load − generation`, and what it adds to sums and meters.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(super) fn exchange(load: &[Lanes], generation: &[Lanes], net: &mut [Lanes], day: &mut DaySums) {
    for (((load, generation), net), at) in load.iter().zip(generation).zip(net).zip(0_u32..) {
        for l in 0..LANES {
            net[l] = load[l] - generation[l];
            day.load[l] += f64::from(load[l]);
            day.generation[l] += f64::from(generation[l]);
        }
        meter(net, at, day);
    }
}

/// Grid exchange of homes with a battery that follows their surplus.
///
/// `battery` receives the battery's power, positive = charging; `content_kwh` goes from the day's start to its end.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(super) fn exchange_with_battery(
    load: &[Lanes],
    generation: &[Lanes],
    cells: &Cells,
    content_kwh: &mut [f64; LANES],
    battery: &mut [Lanes],
    net: &mut [Lanes],
    day: &mut DaySums,
) {
    let inputs = load.iter().zip(generation);
    for (((load, generation), (net, battery)), at) in inputs.zip(net.iter_mut().zip(battery)).zip(0_u32..) {
        for l in 0..LANES {
            let before = content_kwh[l];
            let content = cells.after_standby(l, before);
            day.standby_kwh[l] += before - content;
            let own = load[l] - generation[l];
            let (charge, discharge) = dispatch::surplus(cells, l, own, content);
            content_kwh[l] = cells.after_flows(l, content, charge, discharge);
            net[l] = own + charge - discharge;
            battery[l] = charge - discharge;
            day.load[l] += f64::from(load[l]);
            day.generation[l] += f64::from(generation[l]);
            day.charge[l] += f64::from(charge);
            day.discharge[l] += f64::from(discharge);
        }
        meter(net, at, day);
    }
}

#[inline(always)]
fn meter(net: &Lanes, at: u32, day: &mut DaySums) {
    for (l, net) in net.iter().enumerate() {
        let import = net.max(0.0);
        let export = (-net).max(0.0);
        day.import[l] += f64::from(import);
        day.export[l] += f64::from(export);
        let higher = import > day.peak_import_kw[l];
        day.peak_import_kw[l] = if higher { import } else { day.peak_import_kw[l] };
        day.peak_import_at[l] = if higher { at } else { day.peak_import_at[l] };
        let higher = export > day.peak_export_kw[l];
        day.peak_export_kw[l] = if higher { export } else { day.peak_export_kw[l] };
        day.peak_export_at[l] = if higher { at } else { day.peak_export_at[l] };
    }
}

/// Adds a block's tile to the chunk's sums, step by step and lane by lane.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(super) fn gather(tile: &[Lanes], sum: &mut [Totals]) {
    // Flat, so that the compiler works along the lanes and not across the steps.
    for (value, sum) in tile.as_flattened().iter().zip(sum.as_flattened_mut()) {
        *sum += f64::from(*value);
    }
}

/// Adds the positive part of a tile to one sum and the negative part to another: imports and exports, charge and
/// discharge.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(super) fn gather_parts(tile: &[Lanes], positive: &mut [Totals], negative: &mut [Totals]) {
    let sums = positive.as_flattened_mut().iter_mut().zip(negative.as_flattened_mut());
    for (value, (positive, negative)) in tile.as_flattened().iter().zip(sums) {
        *positive += f64::from(value.max(0.0));
        *negative += f64::from((-value).max(0.0));
    }
}

/// What fixed parts take of the pool, added to the chunk's sum.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(super) fn take_fixed(net: &[Lanes], parts: &Lanes, pool_kw: &[f32], taken: &mut [Totals]) {
    for ((net, pool), taken) in net.iter().zip(pool_kw).zip(taken) {
        for l in 0..LANES {
            taken[l] += f64::from(sharing::fixed_part_kw(parts[l], *pool, net[l].max(0.0)));
        }
    }
}

/// Shared energy of a day in each lane, kW summed over steps: (in, out), for the pro-rata key.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(super) fn share_pro_rata(net: &[Lanes], received_part: &[f32], given_part: &[f32]) -> (Totals, Totals) {
    let (mut shared_in, mut shared_out) = ([0.0; LANES], [0.0; LANES]);
    for ((net, received), given) in net.iter().zip(received_part).zip(given_part) {
        for l in 0..LANES {
            shared_in[l] += f64::from(net[l].max(0.0) * received);
            shared_out[l] += f64::from((-net[l]).max(0.0) * given);
        }
    }
    (shared_in, shared_out)
}

/// Shared energy of a day in each lane, kW summed over steps: (in, out), for fixed parts of the pool.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512bw+avx512dq", "x86_64+avx2", "aarch64+neon"))]
pub(super) fn share_fixed(net: &[Lanes], parts: &Lanes, pool_kw: &[f32], given_part: &[f32]) -> (Totals, Totals) {
    let (mut shared_in, mut shared_out) = ([0.0; LANES], [0.0; LANES]);
    for ((net, pool), given) in net.iter().zip(pool_kw).zip(given_part) {
        for l in 0..LANES {
            shared_in[l] += f64::from(sharing::fixed_part_kw(parts[l], *pool, net[l].max(0.0)));
            shared_out[l] += f64::from((-net[l]).max(0.0) * given);
        }
    }
    (shared_in, shared_out)
}

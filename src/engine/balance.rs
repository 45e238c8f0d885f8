//! The energy balance of every home and of the community, checked in every run.

use super::meters::{Meter, REGISTERS, Register};
use super::world::World;
use super::{CommunityStep, Outcome};
use crate::reduce::Total;

/// A balance may miss by this part of the throughput, or of 1 kWh where that is more.
///
/// A flow is an f32 (a rounding of 6e-8 at most), a sum over steps is right to 1.2e-7 of itself and one over homes to 4.2e-7,
/// where all round alike; in a neighbourhood of different homes the residual is 1e-8 or less.
pub const BALANCE_TOLERANCE: f64 = 1e-6;

/// How well energy is conserved; each figure is a residual over max(throughput, 1 kWh).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Balance {
    /// The home that closes worst, by its index, and its residual. `None` without homes.
    pub worst_home: Option<(usize, f64)>,
    /// The community's own balance, and its steps against the sum of its homes.
    pub community: f64,
    /// Σ shared in against Σ shared out, and both against the steps.
    pub sharing: f64,
}

impl Balance {
    /// Whether every residual is within [`BALANCE_TOLERANCE`].
    pub fn holds(&self) -> bool {
        let home = self.worst_home.map_or(0.0, |(_, residual)| residual);
        // Written so that a NaN does not hold.
        [home, self.community, self.sharing].iter().all(|residual| *residual <= BALANCE_TOLERANCE)
    }

    pub(super) fn of(world: &World, outcome: &Outcome) -> Balance {
        let months = world.calendar.run_months().len();
        let mut worst_home: Option<(usize, f64)> = None;
        let mut totals: [Total; REGISTERS] = Default::default();
        for (index, home) in world.homes.iter().enumerate() {
            let meter = outcome.months(index, 0..months);
            let (start, end) = outcome.content_kwh(index);
            let residual = home_residual(home, &meter, end - start);
            if worst_home.is_none_or(|(_, worst)| residual > worst) {
                worst_home = Some((index, residual));
            }
            for (total, kwh) in totals.iter_mut().zip(meter.registers()) {
                total.add(*kwh);
            }
        }
        let total = |register: Register| totals[register as usize].sum();
        let step_h = world.calendar.step_h();
        let steps = |of: fn(&CommunityStep) -> f64| outcome.community.iter().map(of).sum::<f64>() * step_h;
        let (load, generation) = (steps(|s| s.load_kw), steps(|s| s.home_generation_kw));
        let plants = steps(|s| s.plant_generation_kw);
        let throughput = load + generation + plants;
        let closes =
            load + steps(|s| s.charge_kw) - generation - plants - steps(|s| s.discharge_kw) - steps(|s| s.import_kw)
                + steps(|s| s.export_kw);
        let agree = [
            total(Register::Load) - load,
            total(Register::Generation) - generation,
            total(Register::Charged) - steps(|s| s.charge_kw),
            total(Register::Discharged) - steps(|s| s.discharge_kw),
            total(Register::Import) - steps(|s| s.import_kw),
            total(Register::Export) + plants - steps(|s| s.export_kw),
        ];
        let shared = steps(|s| s.shared_kw);
        let plant_shared: f64 = outcome.plants.iter().flatten().map(|month| month.shared_out_kwh).sum();
        let received = total(Register::SharedIn);
        let given = total(Register::SharedOut) + plant_shared;
        Balance {
            worst_home,
            community: agree
                .iter()
                .fold(relative(closes, throughput), |worst, miss| worst.max(relative(*miss, throughput))),
            sharing: relative(received - given, throughput).max(relative(received - shared, throughput)),
        }
    }
}

/// The residual of one home: of its flows, and of its battery's content.
fn home_residual(home: &crate::neighbourhood::Home, meter: &Meter, stored_kwh: f64) -> f64 {
    let kwh = |register| meter.kwh(register);
    let throughput = kwh(Register::Load) + kwh(Register::Generation);
    let flows = kwh(Register::Load) + kwh(Register::Charged)
        - kwh(Register::Generation)
        - kwh(Register::Discharged)
        - kwh(Register::Import)
        + kwh(Register::Export);
    let content = home.battery.map_or(0.0, |battery| {
        kwh(Register::Charged) * battery.charge_efficiency
            - kwh(Register::Discharged) / battery.discharge_efficiency
            - kwh(Register::Standby)
            - stored_kwh
    });
    relative(flows, throughput).max(relative(content, throughput))
}

fn relative(residual_kwh: f64, throughput_kwh: f64) -> f64 {
    let relative = residual_kwh.abs() / throughput_kwh.max(1.0);
    // `max` would swallow a NaN; an infinite residual is never within the tolerance.
    if relative.is_nan() { f64::INFINITY } else { relative }
}

//! A battery: what it can take and give in a step, and what happens to its content.
//!
//! Power is measured on the AC side. In a step of h hours, with content E (kWh), capacity C, efficiencies `η_c` and `η_d`,
//! least content `E_min` and standby loss x per hour:
//!
//! - standby: E ← E · (1 − x)^h, first;
//! - charging c (kW) takes at most (C − E) / (`η_c` h) and stores c `η_c` h;
//! - discharging d (kW) gives at most (E − `E_min`) `η_d` / h and takes d h / `η_d`.
//!
//! # Reference
//! The usual linear storage model, e.g. R. Luthander et al., "Photovoltaic self-consumption in buildings: a review",
//! Applied Energy 142 (2015) 80–94, doi:10.1016/j.apenergy.2014.12.028.

use crate::reduce::LANES;

/// A battery and its inverter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Battery {
    /// Usable capacity, kWh.
    pub capacity_kwh: f64,
    /// Greatest AC power both ways, kW.
    pub power_kw: f64,
    /// Stored energy per charged AC energy.
    pub charge_efficiency: f64,
    /// AC energy per energy taken from the content.
    pub discharge_efficiency: f64,
    /// Least content, as a part of the capacity.
    pub min_state_of_charge: f64,
    /// Part of the content lost each hour.
    pub standby_loss_per_h: f64,
    /// Content at the start, as a part of the capacity.
    pub start_state_of_charge: f64,
}

impl Battery {
    /// Content at the start, kWh.
    pub fn start_kwh(&self) -> f64 {
        self.capacity_kwh * self.start_state_of_charge
    }
}

/// The batteries of one block as columns, prepared for one length of step. A lane without a battery is all zero.
#[derive(Clone, Debug)]
pub struct Cells {
    /// Capacity, kWh.
    pub capacity_kwh: [f64; LANES],
    /// Least content, kWh.
    pub least_kwh: [f64; LANES],
    /// Power, kW.
    pub power_kw: [f32; LANES],
    /// Charging power per room: 1 / (`η_c` h), kW/kWh.
    pub charge_kw_per_kwh: [f64; LANES],
    /// Discharging power per content: `η_d` / h, kW/kWh.
    pub discharge_kw_per_kwh: [f64; LANES],
    /// Stored energy per charging power: `η_c` h, kWh/kW.
    pub stored_kwh_per_kw: [f64; LANES],
    /// Energy taken per discharging power: h / `η_d`, kWh/kW.
    pub taken_kwh_per_kw: [f64; LANES],
    /// Part of the content that stays in a step: (1 − x)^h.
    pub kept: [f64; LANES],
}

impl Cells {
    /// No battery in any lane.
    pub fn none() -> Cells {
        Cells {
            capacity_kwh: [0.0; LANES],
            least_kwh: [0.0; LANES],
            power_kw: [0.0; LANES],
            charge_kw_per_kwh: [0.0; LANES],
            discharge_kw_per_kwh: [0.0; LANES],
            stored_kwh_per_kw: [0.0; LANES],
            taken_kwh_per_kw: [0.0; LANES],
            kept: [1.0; LANES],
        }
    }

    /// Puts a battery into a lane, for steps of `step_h` hours.
    pub fn set(&mut self, lane: usize, battery: &Battery, step_h: f64) {
        self.capacity_kwh[lane] = battery.capacity_kwh;
        self.least_kwh[lane] = battery.capacity_kwh * battery.min_state_of_charge;
        self.power_kw[lane] = battery.power_kw as f32;
        self.charge_kw_per_kwh[lane] = 1.0 / (battery.charge_efficiency * step_h);
        self.discharge_kw_per_kwh[lane] = battery.discharge_efficiency / step_h;
        self.stored_kwh_per_kw[lane] = battery.charge_efficiency * step_h;
        self.taken_kwh_per_kw[lane] = step_h / battery.discharge_efficiency;
        self.kept[lane] = libm::pow(1.0 - battery.standby_loss_per_h, step_h);
    }

    /// The content after the standby loss of a step, kWh.
    #[inline(always)]
    pub fn after_standby(&self, lane: usize, content_kwh: f64) -> f64 {
        content_kwh * self.kept[lane]
    }

    /// The greatest charging power of a step, kW.
    #[inline(always)]
    pub fn charge_limit_kw(&self, lane: usize, content_kwh: f64) -> f32 {
        let room_kw = (self.capacity_kwh[lane] - content_kwh) * self.charge_kw_per_kwh[lane];
        (room_kw as f32).max(0.0).min(self.power_kw[lane])
    }

    /// The greatest discharging power of a step, kW.
    #[inline(always)]
    pub fn discharge_limit_kw(&self, lane: usize, content_kwh: f64) -> f32 {
        let available_kw = (content_kwh - self.least_kwh[lane]) * self.discharge_kw_per_kwh[lane];
        (available_kw as f32).max(0.0).min(self.power_kw[lane])
    }

    /// The content after charging and discharging through a step, kWh.
    #[inline(always)]
    pub fn after_flows(&self, lane: usize, content_kwh: f64, charge_kw: f32, discharge_kw: f32) -> f64 {
        content_kwh + f64::from(charge_kw) * self.stored_kwh_per_kw[lane]
            - f64::from(discharge_kw) * self.taken_kwh_per_kw[lane]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Battery = Battery {
        capacity_kwh: 8.0,
        power_kw: 4.0,
        charge_efficiency: 0.95,
        discharge_efficiency: 0.9,
        min_state_of_charge: 0.1,
        standby_loss_per_h: 0.01,
        start_state_of_charge: 0.5,
    };

    fn cells(step_h: f64) -> Cells {
        let mut cells = Cells::none();
        cells.set(3, &HOME, step_h);
        cells
    }

    #[test]
    fn a_full_battery_takes_nothing_and_one_at_its_least_gives_nothing() {
        let cells = cells(0.25);
        assert!(cells.charge_limit_kw(3, 8.0).abs() < f32::EPSILON);
        assert!(cells.discharge_limit_kw(3, 0.8).abs() < f32::EPSILON);
        assert!(cells.discharge_limit_kw(3, 0.5).abs() < f32::EPSILON, "below its least, after standby");
    }

    #[test]
    fn room_and_power_limit_charging() {
        let cells = cells(0.25);
        assert!((cells.charge_limit_kw(3, 4.0) - 4.0).abs() < 1e-6);
        // 0.19 kWh of room take 0.2 kWh of AC, 0.8 kW through a quarter.
        assert!((cells.charge_limit_kw(3, 7.81) - 0.8).abs() < 1e-5);
    }

    #[test]
    fn each_direction_pays_its_own_efficiency() {
        let cells = cells(0.25);
        assert!((cells.after_flows(3, 4.0, 2.0, 0.0) - 4.475).abs() < 1e-12);
        assert!((cells.after_flows(3, 4.0, 0.0, 1.8) - 3.5).abs() < 1e-7);
    }

    #[test]
    fn standby_is_the_same_over_an_hour_at_any_step() {
        let quarter = (0..4).fold(5.0, |content, _| cells(0.25).after_standby(3, content));
        assert!((quarter - 4.95).abs() < 1e-12);
        assert!((cells(1.0).after_standby(3, 5.0) - 4.95).abs() < 1e-12);
    }

    #[test]
    fn a_lane_without_a_battery_does_nothing() {
        let cells = cells(0.25);
        assert!(cells.charge_limit_kw(0, 0.0).abs() < f32::EPSILON);
        assert!(cells.discharge_limit_kw(0, 0.0).abs() < f32::EPSILON);
    }
}

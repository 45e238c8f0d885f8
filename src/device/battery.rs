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

/// What a battery holds: the nearest f32, and what is left to the true content.
///
/// A content is the sum of all flows before it and needs more digits than a flow. A pair of f32 has 14 of them, and the
/// next step waits for the first of the pair only: half the time that an f64 and its conversions take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Content {
    /// The f32 nearest to the content, kWh.
    pub nearest_kwh: f32,
    /// What is left to the content, kWh.
    pub rest_kwh: f32,
}

impl Content {
    /// A content of `kwh`, to 1e-14 of itself.
    #[inline(always)]
    pub fn of_kwh(kwh: f64) -> Content {
        let nearest_kwh = kwh as f32;
        Content { nearest_kwh, rest_kwh: (kwh - f64::from(nearest_kwh)) as f32 }
    }

    /// The content, kWh.
    #[inline(always)]
    pub fn kwh(self) -> f64 {
        f64::from(self.nearest_kwh) + f64::from(self.rest_kwh)
    }

    /// The content and a change, kWh: what was left joins the change, and what that sum cannot hold is left again.
    ///
    /// # Reference
    /// W. Kahan, "Further remarks on reducing truncation errors", Communications of the ACM 8 (1965) 40, with the exact
    /// error of a sum by D. E. Knuth, "The Art of Computer Programming", vol. 2, 4.2.2, theorem B.
    #[inline(always)]
    fn plus(self, change_kwh: f32) -> Content {
        let change_kwh = change_kwh + self.rest_kwh;
        let nearest_kwh = self.nearest_kwh + change_kwh;
        let taken_kwh = nearest_kwh - self.nearest_kwh;
        let rest_kwh = (self.nearest_kwh - (nearest_kwh - taken_kwh)) + (change_kwh - taken_kwh);
        Content { nearest_kwh, rest_kwh }
    }
}

/// The batteries of one block as columns, prepared for one length of step. A lane without a battery is all zero.
///
/// Columns begin on cache lines: a load of sixteen lanes touches one.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Cells {
    /// Capacity, kWh.
    capacity_kwh: [f32; LANES],
    /// Least content, kWh.
    least_kwh: [f32; LANES],
    /// Power, kW.
    power_kw: [f32; LANES],
    /// Charging power per room: 1 / (`η_c` h), kW/kWh.
    charge_kw_per_kwh: [f32; LANES],
    /// Discharging power per content: `η_d` / h, kW/kWh.
    discharge_kw_per_kwh: [f32; LANES],
    /// Stored energy per charging power: `η_c` h, kWh/kW.
    stored_kwh_per_kw: [f32; LANES],
    /// Energy taken per discharging power: h / `η_d`, kWh/kW.
    taken_kwh_per_kw: [f32; LANES],
    /// Part of the content that is lost in a step: 1 − (1 − x)^h.
    lost: [f64; LANES],
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
            lost: [0.0; LANES],
        }
    }

    /// Puts a battery into a lane, for steps of `step_h` hours.
    pub fn set(&mut self, lane: usize, battery: &Battery, step_h: f64) {
        self.capacity_kwh[lane] = battery.capacity_kwh as f32;
        self.least_kwh[lane] = (battery.capacity_kwh * battery.min_state_of_charge) as f32;
        self.power_kw[lane] = battery.power_kw as f32;
        self.charge_kw_per_kwh[lane] = (1.0 / (battery.charge_efficiency * step_h)) as f32;
        self.discharge_kw_per_kwh[lane] = (battery.discharge_efficiency / step_h) as f32;
        self.stored_kwh_per_kw[lane] = (battery.charge_efficiency * step_h) as f32;
        self.taken_kwh_per_kw[lane] = (step_h / battery.discharge_efficiency) as f32;
        self.lost[lane] = 1.0 - libm::pow(1.0 - battery.standby_loss_per_h, step_h);
    }

    /// Whether a battery of any lane loses something while it stands.
    pub fn lose(&self) -> bool {
        self.lost.iter().any(|lost| *lost > 0.0)
    }

    /// What a content loses by standing through a step, kWh. In f64: the loss of a step may be far smaller than a flow.
    #[inline(always)]
    pub fn standby_kwh(&self, lane: usize, content: Content) -> f64 {
        content.kwh() * self.lost[lane]
    }

    /// The content after the standby loss of a step.
    #[inline(always)]
    pub fn after_standby(&self, lane: usize, content: Content) -> Content {
        Content::of_kwh(content.kwh() - self.standby_kwh(lane, content))
    }

    /// The power that the content's room takes in a step, kW; may be a hair below 0.
    #[inline(always)]
    pub fn room_kw(&self, lane: usize, content: Content) -> f32 {
        (self.capacity_kwh[lane] - content.nearest_kwh) * self.charge_kw_per_kwh[lane]
    }

    /// The power that the content gives in a step, kW; below 0 where standing has taken it below its least.
    #[inline(always)]
    pub fn available_kw(&self, lane: usize, content: Content) -> f32 {
        (content.nearest_kwh - self.least_kwh[lane]) * self.discharge_kw_per_kwh[lane]
    }

    /// The greatest power both ways, kW.
    #[inline(always)]
    pub fn power_kw(&self, lane: usize) -> f32 {
        self.power_kw[lane]
    }

    /// The content after charging and discharging through a step.
    #[inline(always)]
    pub fn after_flows(&self, lane: usize, content: Content, charge_kw: f32, discharge_kw: f32) -> Content {
        content.plus(charge_kw * self.stored_kwh_per_kw[lane] - discharge_kw * self.taken_kwh_per_kw[lane])
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

    /// A few f32 operations on contents up to 8 kWh.
    const F32_KWH: f64 = 2e-6;

    fn cells(step_h: f64) -> Cells {
        let mut cells = Cells::none();
        cells.set(3, &HOME, step_h);
        cells
    }

    fn holding(kwh: f64) -> Content {
        Content::of_kwh(kwh)
    }

    #[test]
    fn a_full_battery_has_no_room_and_one_at_its_least_gives_nothing() {
        let cells = cells(0.25);
        assert!(cells.room_kw(3, holding(8.0)).abs() < f32::EPSILON);
        assert!(cells.available_kw(3, holding(0.8)).abs() < 1e-6);
        assert!(cells.available_kw(3, holding(0.5)) < 0.0, "below its least, after standby");
    }

    #[test]
    fn room_takes_more_power_than_it_stores() {
        // 0.19 kWh of room take 0.2 kWh of AC, 0.8 kW through a quarter.
        assert!((cells(0.25).room_kw(3, holding(7.81)) - 0.8).abs() < 1e-5);
    }

    #[test]
    fn each_direction_pays_its_own_efficiency() {
        let cells = cells(0.25);
        assert!((cells.after_flows(3, holding(4.0), 2.0, 0.0).kwh() - 4.475).abs() < F32_KWH);
        assert!((cells.after_flows(3, holding(4.0), 0.0, 1.8).kwh() - 3.5).abs() < F32_KWH);
    }

    #[test]
    fn standby_is_the_same_over_an_hour_at_any_step() {
        let quarter = (0..4).fold(holding(5.0), |content, _| cells(0.25).after_standby(3, content));
        assert!((quarter.kwh() - 4.95).abs() < F32_KWH);
        assert!((cells(1.0).after_standby(3, holding(5.0)).kwh() - 4.95).abs() < F32_KWH);
        assert!(cells(1.0).lose() && !Cells::none().lose());
    }

    #[test]
    fn a_lane_without_a_battery_does_nothing() {
        let cells = cells(0.25);
        let empty = Content::default();
        assert!(cells.room_kw(0, empty).abs() < f32::EPSILON && cells.available_kw(0, empty).abs() < f32::EPSILON);
        assert_eq!(cells.after_standby(0, empty), empty);
    }

    #[test]
    fn small_flows_are_not_lost_in_a_large_content() {
        // 1e-6 kWh is less than half the last bit of 1000 kWh in f32.
        let content = (0..1_000_000).fold(holding(1000.0), |content, _| content.plus(1e-6));
        assert!((content.kwh() - 1001.0).abs() < 1e-6, "{}", content.kwh());
        // Fifteen digits, where one f32 has seven.
        assert!((holding(1_234.567_890_123).kwh() - 1_234.567_890_123).abs() < 1e-10);
    }
}

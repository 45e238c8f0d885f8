//! What controllable devices decide.
//!
//! - `surplus`: a battery stores its home's own surplus and returns it into the home's own need ([`surplus`]).

use crate::device::battery::{Cells, Content};
use crate::reduce::{at_least, at_most};

/// Charging and discharging power (kW, both ≥ 0, at most one above 0) of a battery that follows its home's surplus,
/// without foresight.
///
/// * `net_kw` – the home's load minus its generation, kW; positive = need.
/// * `content` – what the battery holds after the step's standby loss.
///
/// It takes as much of the surplus as its power and room allow, and gives as much of the need as its power and content
/// allow.
#[inline(always)]
pub fn surplus(cells: &Cells, lane: usize, net_kw: f32, content: Content) -> (f32, f32) {
    // What depends on the content comes last: the next step waits for it.
    let (surplus_kw, need_kw) = (at_least(-net_kw, 0.0), at_least(net_kw, 0.0));
    let charge_kw = at_most(at_most(surplus_kw, cells.power_kw(lane)), at_least(cells.room_kw(lane, content), 0.0));
    let discharge_kw =
        at_most(at_most(need_kw, cells.power_kw(lane)), at_least(cells.available_kw(lane, content), 0.0));
    (charge_kw, discharge_kw)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::device::battery::Battery;

    const HOME: Battery = Battery {
        capacity_kwh: 5.0,
        power_kw: 2.5,
        charge_efficiency: 0.95,
        discharge_efficiency: 0.95,
        min_state_of_charge: 0.0,
        standby_loss_per_h: 0.0,
        start_state_of_charge: 0.0,
    };

    /// f32 limits may overshoot the f64 content by their last bit: 5 kWh × 2⁻²⁴, twice.
    const LAST_BIT_KWH: f64 = 1e-6;

    #[test]
    fn surplus_beyond_the_power_limit_is_left_over() {
        let mut cells = Cells::none();
        cells.set(0, &HOME, 0.25);
        let (charge_kw, discharge_kw) = surplus(&cells, 0, -4.0, Content::default());
        assert!((charge_kw - 2.5).abs() < 1e-6 && discharge_kw.abs() < f32::EPSILON);
    }

    #[test]
    fn need_is_met_from_the_content_as_far_as_it_goes() {
        let mut cells = Cells::none();
        cells.set(0, &HOME, 0.25);
        let (charge_kw, discharge_kw) = surplus(&cells, 0, 2.0, Content::of_kwh(0.25));
        assert!(charge_kw.abs() < f32::EPSILON);
        assert!((discharge_kw - 0.95).abs() < 1e-6, "0.25 kWh give 0.2375 kWh of AC");
    }

    proptest! {
        #[test]
        fn a_battery_never_creates_energy(
            net in proptest::collection::vec(-20.0_f32..20.0, 1..200),
            start in 0.0..5.0_f64,
            step_h in proptest::sample::select(vec![1.0 / 12.0, 0.25, 1.0]),
        ) {
            let mut cells = Cells::none();
            cells.set(0, &HOME, step_h);
            let mut content = Content::of_kwh(start);
            let mut into_kwh = 0.0;
            for net_kw in net {
                let (charge_kw, discharge_kw) = surplus(&cells, 0, net_kw, content);
                prop_assert!(charge_kw * discharge_kw <= 0.0);
                content = cells.after_flows(0, content, charge_kw, discharge_kw);
                into_kwh += f64::from(charge_kw - discharge_kw) * step_h;
                prop_assert!((-LAST_BIT_KWH..=5.0 + LAST_BIT_KWH).contains(&content.kwh()), "{content:?}");
            }
            let stored = content.kwh() - start;
            prop_assert!(into_kwh >= stored - 1e-4, "in {into_kwh}, stored {stored}");
        }
    }
}

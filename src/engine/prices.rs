//! The wholesale price of a run: from a file it is read with the other files; the built-in one is made when it is first
//! asked for, so that a run without need of it pays nothing.

use std::sync::{Arc, OnceLock};

use super::world::World;
use crate::calendar::Calendar;
use crate::market::{readers, synthetic};
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::Plan;
use crate::weather::Weather;

/// The price of every step, EUR/kWh, once it is known. All rows of a table have it in common.
#[derive(Debug, Default)]
pub(super) struct Prices(OnceLock<Arc<Vec<f64>>>);

impl Prices {
    /// Reads the price file of a plan, if it has one; what is wrong or odd with it is added to `faults`.
    pub(super) fn read(plan: &Plan, calendar: &Calendar, faults: &mut Vec<Fault>) -> Prices {
        let prices = Prices::default();
        if let Some(read) = plan.market.as_ref().and_then(|file| readers::read_prices(file, calendar, faults)) {
            prices.0.get_or_init(|| Arc::new(read));
        }
        prices
    }

    /// The price; the built-in one is made from the weather of `world`, or that of the scenario whose row it is.
    pub(super) fn get(&self, world: &World) -> Result<Arc<Vec<f64>>, Vec<Fault>> {
        if let Some(known) = self.0.get() {
            return Ok(Arc::clone(known));
        }
        let (plan, calendar) = (&world.plan, &world.calendar);
        let made = match of_the_table(plan) {
            None => synthetic::prices_eur_per_kwh(plan.seed, calendar, &world.sky.weather),
            Some(whole) => {
                let mut faults = Vec::new();
                let weather = Weather::of_plan(&whole, calendar, &mut faults);
                let weather = weather.filter(|_| !faults.iter().any(Fault::is_error)).ok_or(faults)?;
                synthetic::prices_eur_per_kwh(plan.seed, calendar, &weather)
            }
        };
        Ok(Arc::clone(self.0.get_or_init(|| Arc::new(made))))
    }
}

/// The plan of the scenario whose row `plan` is, as far as its sky goes.
fn of_the_table(plan: &Plan) -> Option<Plan> {
    let sky = plan.market_sky.clone()?;
    Some(Plan {
        latitude_deg: sky.latitude_deg,
        longitude_deg: sky.longitude_deg,
        weather: sky.weather,
        row: None,
        ..plan.clone()
    })
}

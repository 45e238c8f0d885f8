//! The world of a run: the time axis, the sky, the meters that were read, and the homes, ready for the day loop.
//!
//! The communities of a table of neighbourhoods have much of it in common: the axis, the meters, the price and the shapes of each year
//! ([`Common`]), and neighbours the sky ([`SharedSky`]). Each is made once and lent to the world of every row.

use std::sync::Arc;

use rayon::prelude::*;

use super::prices::Prices;
use crate::calendar::Calendar;
use crate::device::pv::{SkyTerms, explain};
use crate::neighbourhood::{self, Home, Pv, Shape};
use crate::profile::opening_hours::BusinessYear;
use crate::profile::synthetic::Library;
use crate::scenario;
use crate::scenario::diagnostics::Fault;
use crate::scenario::key::Key;
use crate::scenario::language::{CellTemperature, Transposition};
use crate::scenario::plan::{MeterFile, Plan, Profile, PvOutput};
use crate::series;
use crate::sharing::scheme::Scheme;
use crate::weather::sky::sky_site;
use crate::weather::{Conditions, Sky, Weather};

/// A sky as one kind of roof sees it: the models it was made with, and its terms per step.
#[derive(Clone, Debug)]
pub struct RoofSky {
    /// Model of the diffuse light.
    pub transposition: Transposition,
    /// Model of the cell temperature.
    pub cell_temperature: CellTemperature,
    /// The terms of each step.
    pub terms: Vec<SkyTerms>,
}

/// The metered series of a group or a plant.
#[derive(Clone, Debug, Default)]
pub struct Metered {
    /// Load of each home of the group, kW per step.
    pub load: Option<Vec<f64>>,
    /// Output of the panels, kW per step.
    pub generation: Option<Vec<f64>>,
}

/// All that a run needs.
#[derive(Clone, Debug)]
pub struct World {
    /// The plan it was made from.
    pub plan: Plan,
    /// The time axis.
    pub calendar: Arc<Calendar>,
    /// Weather and sun per step.
    pub sky: Arc<Sky>,
    /// The sky for each pair of models in use.
    pub roof_skies: Arc<Vec<RoofSky>>,
    /// Metered series per group of the plan.
    pub metered: Arc<Vec<Metered>>,
    /// Who gets the local kWh: the plan's key among the homes, then the plants.
    pub key: Key,
    /// How a run holds it.
    pub scheme: Scheme,
    /// Homes and businesses, in the plan's order.
    pub homes: Vec<Home>,
    /// The cooperative's plants, in the plan's order.
    pub plants: Vec<Pv>,
    /// Output of each plant, kW per step.
    pub plant_kw: Arc<Vec<Vec<f64>>>,
    /// The wholesale price, read or not yet made.
    prices: Arc<Prices>,
    /// The shapes of each year of the run, where they were made for many worlds.
    shared_shapes: Option<Arc<Vec<Arc<Shapes>>>>,
}

impl World {
    /// Reads the files of a plan, draws its homes and prepares its sky.
    ///
    /// # Errors
    /// Every fault of every file; warnings alone are no error and are added to `warnings`.
    pub fn new(plan: Plan, warnings: &mut Vec<Fault>) -> Result<World, Vec<Fault>> {
        let mut faults = Vec::new();
        let world = World::read(plan, &mut faults);
        match world {
            Some(world) if !faults.iter().any(Fault::is_error) => {
                warnings.extend(faults);
                Ok(world)
            }
            _ => Err(faults),
        }
    }

    /// The world of one row of a table, under a sky that was made for its grid cell. Nothing is read.
    ///
    /// It is the world that [`World::new`] makes of the same plan, to the last bit of what its homes do.
    pub fn of_row(plan: Plan, common: &Common, sky: &SharedSky) -> World {
        let homes = neighbourhood::homes(&plan);
        let (key, scheme) = key_of(&plan, &homes);
        World {
            plan,
            key,
            scheme,
            calendar: Arc::clone(&common.calendar),
            sky: Arc::clone(&sky.sky),
            roof_skies: Arc::clone(&sky.roof_skies),
            metered: Arc::clone(&common.metered),
            homes,
            plants: sky.plants.clone(),
            plant_kw: Arc::clone(&sky.plant_kw),
            prices: Arc::clone(&common.prices),
            shared_shapes: Some(Arc::clone(&common.shapes)),
        }
    }

    /// The wholesale price of each step of the run, EUR/kWh, `[steps]`: that of the price file, or the built-in one, which
    /// is made when it is first asked for.
    ///
    /// All rows of a table have one price, made from the weather of the scenario's own place.
    ///
    /// # Errors
    /// For a row of a table only: the faults of the scenario's own weather file, which is not read before if every row
    /// has its own.
    pub fn prices(&self) -> Result<Arc<Vec<f64>>, Vec<Fault>> {
        self.prices.get(self)
    }

    /// Makes the shapes of every year now, to be kept: for a world that is run more than once.
    pub fn make_shapes(&mut self) {
        let years = (0..self.calendar.run_years()).map(|year| self.shapes(year)).collect();
        self.shared_shapes = Some(Arc::new(years));
    }

    /// The shapes of year `run_year`: those that all rows share, or made anew for the homes of this world.
    pub fn shapes(&self, run_year: usize) -> Arc<Shapes> {
        match &self.shared_shapes {
            Some(years) => Arc::clone(&years[run_year]),
            None => Arc::new(Shapes::new(self, run_year)),
        }
    }

    /// Reads the files of a plan only, for what is wrong with them. With a table, the weather is that of its rows, which
    /// are for others to look at.
    pub fn check_files(plan: &Plan) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Ok(calendar) = plan.calendar() {
            if plan.neighbourhoods.is_none() {
                Weather::of_plan(plan, &calendar, &mut faults);
            }
            Prices::read(plan, &calendar, &mut faults);
            Meters::read(plan, &calendar, &mut faults);
        }
        faults
    }

    fn read(plan: Plan, faults: &mut Vec<Fault>) -> Option<World> {
        let calendar = plan.calendar().expect("the check has made the axis of every plan");
        let weather = Weather::of_plan(&plan, &calendar, faults);
        let prices = Prices::read(&plan, &calendar, faults);
        let meters = Meters::read(&plan, &calendar, faults);
        if faults.iter().any(Fault::is_error) {
            return None;
        }
        let sky = SharedSky::new(&plan, weather?, &calendar, &meters.plants);
        let homes = neighbourhood::homes(&plan);
        let (key, scheme) = key_of(&plan, &homes);
        Some(World {
            plan,
            key,
            scheme,
            calendar: Arc::new(calendar),
            sky: sky.sky,
            roof_skies: sky.roof_skies,
            metered: Arc::new(meters.groups),
            homes,
            plants: sky.plants,
            plant_kw: sky.plant_kw,
            prices: Arc::new(prices),
            shared_shapes: None,
        })
    }

    /// The sky that a roof sees, by its models.
    pub(super) fn roof_sky(&self, transposition: Transposition, cell_temperature: CellTemperature) -> Option<usize> {
        let same = |sky: &RoofSky| (sky.transposition, sky.cell_temperature) == (transposition, cell_temperature);
        self.roof_skies.iter().position(same)
    }
}

/// The key of a plan among its homes and plants, and how a run holds it.
///
/// What does not fit was refused with the scenario; in a row of a table a group may have no home, and then has no part.
fn key_of(plan: &Plan, homes: &[Home]) -> (Key, Scheme) {
    let parties = neighbourhood::parties(plan, homes);
    let key = scenario::sharing::key_of(&plan.sharing, &parties, None, &mut Vec::new());
    let (may_take, may_give): (Vec<bool>, Vec<bool>) = parties.iter().map(|party| (party.takes, party.gives)).unzip();
    let scheme = Scheme::of(&key, &may_take, &may_give, homes.len(), plan.step_minutes);
    (key, scheme)
}

/// What the rows of a table have in common, whatever the place: the time axis, the meters, and the shapes of every year.
///
/// The library of loads holds all its units, since any row may use any: 75 MB for each year of the run with 512 units at
/// 15 minutes, whatever the number of rows.
#[derive(Debug)]
pub struct Common {
    calendar: Arc<Calendar>,
    metered: Arc<Vec<Metered>>,
    plants: Vec<Option<Vec<f64>>>,
    prices: Arc<Prices>,
    shapes: Arc<Vec<Arc<Shapes>>>,
}

impl Common {
    /// Reads the meters and the price file of a plan and makes its shapes.
    ///
    /// # Errors
    /// Every fault of these files; warnings alone are no error and are added to `warnings`.
    ///
    /// # Panics
    /// If the plan was not checked and has no time axis.
    pub fn new(plan: &Plan, warnings: &mut Vec<Fault>) -> Result<Common, Vec<Fault>> {
        let calendar = plan.calendar().expect("the check has made the axis of every plan");
        let mut faults = Vec::new();
        let prices = Prices::read(plan, &calendar, &mut faults);
        let meters = Meters::read(plan, &calendar, &mut faults);
        if faults.iter().any(Fault::is_error) {
            return Err(faults);
        }
        warnings.extend(faults);
        let is_synthetic = plan.groups.iter().any(|group| matches!(group.profile, Profile::Synthetic));
        let units: Vec<u16> = if is_synthetic { (0..plan.shapes).collect() } else { Vec::new() };
        let years = (0..calendar.run_years()).map(|year| Arc::new(Shapes::of_units(plan, &units, &calendar, year)));
        let shapes = Arc::new(years.collect());
        Ok(Common {
            calendar: Arc::new(calendar),
            metered: Arc::new(meters.groups),
            plants: meters.plants,
            prices: Arc::new(prices),
            shapes,
        })
    }

    /// The time axis.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }
}

/// What places of one grid cell have in common: weather and sun, the sky as each kind of roof sees it, and what the plants
/// of the scenario make under it.
#[derive(Clone, Debug)]
pub struct SharedSky {
    sky: Arc<Sky>,
    roof_skies: Arc<Vec<RoofSky>>,
    plants: Vec<Pv>,
    plant_kw: Arc<Vec<Vec<f64>>>,
}

impl SharedSky {
    /// The sky of a row, for all rows of its grid cell with the same weather.
    ///
    /// # Errors
    /// Every fault of its weather file; warnings are passed over: they are told when the table is read.
    pub fn of_row(plan: &Plan, common: &Common) -> Result<SharedSky, Vec<Fault>> {
        let mut faults = Vec::new();
        let weather = Weather::of_plan(plan, &common.calendar, &mut faults);
        match weather {
            Some(weather) if !faults.iter().any(Fault::is_error) => {
                Ok(SharedSky::new(plan, weather, &common.calendar, &common.plants))
            }
            _ => Err(faults),
        }
    }

    fn new(plan: &Plan, weather: Weather, calendar: &Calendar, meters: &[Option<Vec<f64>>]) -> SharedSky {
        let sky = Sky::new(weather, calendar, sky_site(plan));
        let roof_skies = roof_skies(plan, &sky);
        let plants = neighbourhood::plants(plan);
        let plant_kw =
            plants.iter().zip(meters).map(|(plant, series)| plant_kw(plant, series.as_ref(), &sky)).collect();
        SharedSky { sky: Arc::new(sky), roof_skies: Arc::new(roof_skies), plants, plant_kw: Arc::new(plant_kw) }
    }
}

/// What the meters of a plan's groups and plants hold, on its axis.
struct Meters {
    groups: Vec<Metered>,
    plants: Vec<Option<Vec<f64>>>,
}

impl Meters {
    fn read(plan: &Plan, calendar: &Calendar, faults: &mut Vec<Fault>) -> Meters {
        let mut read = |file: Option<&MeterFile>| series::read_meter(file?, calendar, faults).map(|series| series.kw);
        let groups = plan.groups.iter().map(|group| Metered {
            load: read(group.profile.meter_file()),
            generation: read(group.pv.as_ref().and_then(|pv| pv.output.meter_file())),
        });
        let groups: Vec<Metered> = groups.collect();
        let plants = plan.cooperative.iter().flat_map(|cooperative| &cooperative.plants);
        let plants = plants.map(|plant| read(plant.output.meter_file())).collect();
        for (group, metered) in plan.groups.iter().zip(&groups) {
            if let (Some(series), Some(_), Some(file)) = (&metered.load, &group.annual_kwh, group.profile.meter_file())
            {
                refuse_empty_shape(series, calendar, file, faults);
            }
        }
        Meters { groups, plants }
    }
}

/// A series that is scaled to an annual use must use something in every year of the run.
fn refuse_empty_shape(series: &[f64], calendar: &Calendar, file: &MeterFile, faults: &mut Vec<Fault>) {
    let empty = (0..calendar.run_years()).any(|year| series[calendar.steps_of_year(year)].iter().all(|kw| *kw <= 0.0));
    if empty {
        let message = format!("`{}` uses nothing in a year of the run, so it cannot be scaled", file.file.display());
        let fault = Fault::error("kwartier::profile::empty_shape", message)
            .at(&file.origin, "all zero")
            .help("leave out `annual_kwh` to take the series as it is, or name a column that counts the use");
        faults.push(fault);
    }
}

/// The shapes of one year of a run: made when the year begins, dropped when it ends.
#[derive(Debug)]
pub struct Shapes {
    /// The synthetic units in use.
    pub library: Library,
    /// Opening hours.
    pub businesses: BusinessYear,
}

impl Shapes {
    /// Makes the shapes of year `run_year` that the homes of a world use.
    pub fn new(world: &World, run_year: usize) -> Shapes {
        let mut in_use: Vec<u16> = world
            .homes
            .iter()
            .filter_map(|home| match home.shape {
                Shape::Synthetic(habit) => Some(habit.unit),
                _ => None,
            })
            .collect();
        in_use.sort_unstable();
        in_use.dedup();
        Shapes::of_units(&world.plan, &in_use, &world.calendar, run_year)
    }

    /// Makes the shapes of year `run_year` with these units of the library.
    fn of_units(plan: &Plan, units: &[u16], calendar: &Calendar, run_year: usize) -> Shapes {
        let opens = plan.groups.iter().any(|group| matches!(group.profile, Profile::OpeningHours(_)));
        Shapes {
            library: Library::new(plan.seed, units, usize::from(plan.shapes), calendar, run_year),
            businesses: if opens { BusinessYear::new(calendar, run_year) } else { BusinessYear::default() },
        }
    }
}

/// The sky for each pair of models that a group with panels has, in the order of the groups.
fn roof_skies(plan: &Plan, sky: &Sky) -> Vec<RoofSky> {
    let mut skies: Vec<RoofSky> = Vec::new();
    for pv in plan.groups.iter().filter_map(|group| group.pv.as_ref()) {
        let PvOutput::Simulated(panels) = &pv.output else { continue };
        let (transposition, cell_temperature) = (panels.transposition, panels.cell_temperature);
        let known = skies.iter().any(|s| (s.transposition, s.cell_temperature) == (transposition, cell_temperature));
        if !known {
            let steps = sky.suns.par_iter().zip(&sky.conditions).with_min_len(1024);
            let terms = steps.map(|(sun, now)| SkyTerms::new(sun, now, transposition, cell_temperature)).collect();
            skies.push(RoofSky { transposition, cell_temperature, terms });
        }
    }
    skies
}

fn plant_kw(plant: &Pv, series: Option<&Vec<f64>>, sky: &Sky) -> Vec<f64> {
    match (plant, series) {
        (_, Some(series)) => series.clone(),
        (Pv::Simulated(roof), None) => {
            let steps = sky.suns.par_iter().zip(&sky.conditions).with_min_len(1024);
            steps.map(|(sun, now): (_, &Conditions)| explain(sun, now, roof).ac_kw).collect()
        }
        (Pv::Metered, None) => vec![0.0; sky.suns.len()],
    }
}

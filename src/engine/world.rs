//! The world of a run: the time axis, the sky, the meters that were read, and the homes, ready for the day loop.

use rayon::prelude::*;

use crate::calendar::Calendar;
use crate::device::pv::{SkyTerms, explain};
use crate::neighbourhood::{self, Home, Pv, Shape};
use crate::profile::opening_hours::BusinessYear;
use crate::profile::synthetic::Library;
use crate::scenario::diagnostics::Fault;
use crate::scenario::language::{CellTemperature, Transposition};
use crate::scenario::plan::{MeterFile, Plan};
use crate::series::{self, Series};
use crate::weather::sun::Site;
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
    pub load: Option<Series>,
    /// Output of the panels, kW per step.
    pub generation: Option<Series>,
}

/// All that a run needs.
#[derive(Clone, Debug)]
pub struct World {
    /// The plan it was made from.
    pub plan: Plan,
    /// The time axis.
    pub calendar: Calendar,
    /// Weather and sun per step.
    pub sky: Sky,
    /// The sky for each pair of models in use.
    pub roof_skies: Vec<RoofSky>,
    /// Metered series per group of the plan.
    pub metered: Vec<Metered>,
    /// Homes and businesses, in the plan's order.
    pub homes: Vec<Home>,
    /// The cooperative's plants, in the plan's order.
    pub plants: Vec<Pv>,
    /// Output of each plant, kW per step.
    pub plant_kw: Vec<Vec<f64>>,
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

    /// Reads the files of a plan only, for what is wrong with them.
    pub fn check_files(plan: &Plan) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Ok(calendar) = plan.calendar() {
            Files::read(plan, &calendar, &mut faults);
        }
        faults
    }

    fn read(plan: Plan, faults: &mut Vec<Fault>) -> Option<World> {
        let calendar = plan.calendar().expect("the check has made the axis of every plan");
        let files = Files::read(&plan, &calendar, faults);
        if faults.iter().any(Fault::is_error) {
            return None;
        }
        let site = Site { latitude_deg: plan.latitude_deg, longitude_deg: plan.longitude_deg };
        let sky = Sky::new(files.weather?, &calendar, site);
        let homes = neighbourhood::homes(&plan);
        let plants = neighbourhood::plants(&plan);
        let roof_skies = roof_skies(&homes, &sky);
        let plant_kw = plants.iter().zip(files.plants).map(|(plant, series)| plant_kw(plant, series, &sky)).collect();
        Some(World { plan, calendar, sky, roof_skies, metered: files.metered, homes, plants, plant_kw })
    }

    /// The sky that a roof sees, by its models.
    pub(super) fn roof_sky(&self, transposition: Transposition, cell_temperature: CellTemperature) -> Option<usize> {
        let same = |sky: &RoofSky| (sky.transposition, sky.cell_temperature) == (transposition, cell_temperature);
        self.roof_skies.iter().position(same)
    }
}

/// What the files of a plan hold, on its axis.
struct Files {
    weather: Option<Weather>,
    metered: Vec<Metered>,
    plants: Vec<Option<Series>>,
}

impl Files {
    fn read(plan: &Plan, calendar: &Calendar, faults: &mut Vec<Fault>) -> Files {
        let weather = Weather::of_plan(plan, calendar, faults);
        let mut read = |file: Option<&MeterFile>| series::read_meter(file?, calendar, faults);
        let metered = plan.groups.iter().map(|group| Metered {
            load: read(group.profile.meter_file()),
            generation: read(group.pv.as_ref().and_then(|pv| pv.output.meter_file())),
        });
        let metered: Vec<Metered> = metered.collect();
        let plants = plan.cooperative.iter().flat_map(|cooperative| &cooperative.plants);
        let plants = plants.map(|plant| read(plant.output.meter_file())).collect();
        for (group, metered) in plan.groups.iter().zip(&metered) {
            if let (Some(series), Some(_), Some(file)) = (&metered.load, &group.annual_kwh, group.profile.meter_file())
            {
                refuse_empty_shape(series, calendar, file, faults);
            }
        }
        Files { weather, metered, plants }
    }
}

/// A series that is scaled to an annual use must use something in every year of the run.
fn refuse_empty_shape(series: &Series, calendar: &Calendar, file: &MeterFile, faults: &mut Vec<Fault>) {
    let empty =
        (0..calendar.run_years()).any(|year| series.kw[calendar.steps_of_year(year)].iter().all(|kw| *kw <= 0.0));
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
    /// Makes the shapes of year `run_year` that the homes use.
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
        let plan = &world.plan;
        Shapes {
            library: Library::new(plan.seed, &in_use, usize::from(plan.shapes), &world.calendar, run_year),
            businesses: BusinessYear::new(&world.calendar, run_year),
        }
    }
}

fn roof_skies(homes: &[Home], sky: &Sky) -> Vec<RoofSky> {
    let mut skies: Vec<RoofSky> = Vec::new();
    for home in homes {
        let Some(Pv::Simulated(roof)) = &home.pv else { continue };
        let (transposition, cell_temperature) = (roof.transposition, roof.cell_temperature);
        let known = skies.iter().any(|s| (s.transposition, s.cell_temperature) == (transposition, cell_temperature));
        if !known {
            let steps = sky.suns.par_iter().zip(&sky.conditions).with_min_len(1024);
            let terms = steps.map(|(sun, now)| SkyTerms::new(sun, now, transposition, cell_temperature)).collect();
            skies.push(RoofSky { transposition, cell_temperature, terms });
        }
    }
    skies
}

fn plant_kw(plant: &Pv, series: Option<Series>, sky: &Sky) -> Vec<f64> {
    match (plant, series) {
        (_, Some(series)) => series.kw,
        (Pv::Simulated(roof), None) => {
            let steps = sky.suns.par_iter().zip(&sky.conditions).with_min_len(1024);
            steps.map(|(sun, now): (_, &Conditions)| explain(sun, now, roof).ac_kw).collect()
        }
        (Pv::Metered, None) => vec![0.0; sky.suns.len()],
    }
}

//! `kwartier inspect`: what a scenario's weather, prices or loads hold, beside what is usual.

use clap::Subcommand;

use super::output::{Stop, load_world, print, print_json};
use super::progress::Progress;
use super::{Common, Format, ScenarioArgs};
use crate::engine::{self, Next};
use crate::market;
use crate::profile;
use crate::report::statistics::{Line, table, to_json};
use crate::scenario::plan::GroupKind;
use crate::weather;
use crate::weather::sun::Site;

/// Homes whose series are held at once, 140 kB each; the statistics change little beyond.
const MOST_HOMES: usize = 5_000;

/// Years over which the accepted ranges of the weather hold.
const YEARS_OF_A_CLIMATE: usize = 30;

/// Homes from which on the statistics of loads have accepted ranges.
const HOMES_OF_A_SAMPLE: usize = 300;

#[derive(Debug, Subcommand)]
pub(super) enum InspectCommand {
    /// Statistics of the weather that a scenario uses, beside those of De Bilt
    Weather(ScenarioArgs),
    /// Statistics of the wholesale price that a scenario uses, beside the Netherlands in 2023
    Prices(ScenarioArgs),
    /// Statistics of the loads of a scenario's homes, beside those of measured homes
    Loads(ScenarioArgs),
}

pub(super) fn inspect(command: &InspectCommand, common: &Common) -> Result<(), Stop> {
    let (lines, note) = match command {
        InspectCommand::Weather(args) => weather(args, common)?,
        InspectCommand::Prices(args) => prices(args, common)?,
        InspectCommand::Loads(args) => loads(args, common)?,
    };
    match common.format {
        Format::Table => print(&format!("{note}\n{}", table(&lines))),
        Format::Json => print_json(&to_json(&lines)),
    }
}

/// The statistics, and what they are of.
fn weather(args: &ScenarioArgs, common: &Common) -> Result<(Vec<Line>, String), Stop> {
    let (world, _) = load_world(args, common)?;
    let rows = weather::statistics::statistics(&world.sky.weather, &world.calendar, world.sky.site);
    let plan = &world.plan;
    let source = match &plan.weather {
        Some(file) => file.file.display().to_string(),
        None => format!("synthetic weather, seed {}", plan.seed),
    };
    let years = if plan.years == 1 { "one year".to_owned() } else { format!("{} years", plan.years) };
    let place = if plan.row.is_some() {
        let Site { latitude_deg, longitude_deg } = world.sky.site;
        format!("{latitude_deg:.2} °N {longitude_deg:.2} °E, the middle of its grid cell")
    } else {
        format!("{} °N {} °E", plan.latitude_deg, plan.longitude_deg)
    };
    let mut note = format!(
        "{source}, {years} from {} at {place}, steps of {} minutes\n\
         target: De Bilt 2011–2024 (15 minutes: Düsseldorf 2024); accepted: for a mean over 30 years\n",
        plan.start, plan.step_minutes
    );
    if plan.years < YEARS_OF_A_CLIMATE {
        note +=
            "fewer years lie outside of several, as real ones do; --set scenario.years=30 shows a synthetic climate\n";
    }
    Ok((rows.into_iter().map(Line::from).collect(), note))
}

fn prices(args: &ScenarioArgs, common: &Common) -> Result<(Vec<Line>, String), Stop> {
    let (world, _) = load_world(args, common)?;
    let prices = world.prices().map_err(Stop::Input)?;
    let rows = market::statistics::statistics(&prices, &world.calendar, Some(&world.sky.weather));
    let plan = &world.plan;
    let source = match (&plan.market, &plan.weather) {
        (Some(file), _) => file.file.display().to_string(),
        (None, Some(weather)) => format!("synthetic price, seed {}, of {}", plan.seed, weather.file.display()),
        (None, None) => format!("synthetic price, seed {}, of synthetic weather", plan.seed),
    };
    let years = if plan.years == 1 { "one year".to_owned() } else { format!("{} years", plan.years) };
    let note = format!(
        "{source}, {years} from {}, steps of {} minutes; hourly means, without taxes\n\
         target: day-ahead price of the Netherlands in 2023; other years differ much\n",
        plan.start, plan.step_minutes
    );
    Ok((rows.into_iter().map(Line::from).collect(), note))
}

fn loads(args: &ScenarioArgs, common: &Common) -> Result<(Vec<Line>, String), Stop> {
    let (world, _) = load_world(args, common)?;
    let is_home = |index: &usize| matches!(world.plan.groups[world.homes[*index].group].kind, GroupKind::Homes { .. });
    let all: Vec<usize> = (0..world.homes.len()).filter(is_home).collect();
    let homes = &all[..all.len().min(MOST_HOMES)];
    let mut note = format!(
        "{} of {} homes, from {}, steps of {} minutes\n\
         target: 300 meters without panels in Flanders 2022, and the shape of many homes (H25, NEDU)\n",
        homes.len(),
        all.len(),
        world.plan.start,
        world.plan.step_minutes
    );
    if homes.len() < HOMES_OF_A_SAMPLE {
        note += "accepted ranges are given from 300 homes on: fewer lie outside by chance\n";
    }
    let mut series = vec![Vec::with_capacity(world.calendar.steps()); homes.len()];
    let mut progress = Progress::new(world.calendar.days().len(), world.homes.len(), common.quiet);
    let done = engine::run(&world, &engine::Options::recording(), |flows| {
        progress.day();
        for (series, home) in series.iter_mut().zip(homes) {
            series.extend((0..flows.day.steps).map(|step| flows.load_kw(*home, step) as f32));
        }
        Ok::<_, std::convert::Infallible>(Next::GoOn)
    });
    progress.finish();
    match done {
        Ok(_) => {}
        Err(never) => match never {},
    }
    let rows = profile::statistics::statistics(&series, &world.calendar);
    Ok((rows.into_iter().map(Line::from).collect(), note))
}

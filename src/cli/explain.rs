//! `kwartier explain`: the audit trail.

use clap::{Args, Subcommand};

use super::output::{Stop, load_world, print, print_json};
use super::progress::Progress;
use super::{Common, Format, ScenarioArgs};
use crate::neighbourhood::{find_home, home_id};
use crate::report::explain;
use crate::scenario::diagnostics::nearest;
use crate::scenario::plan::Group;

#[derive(Debug, Subcommand)]
pub(super) enum ExplainCommand {
    /// Every number of one step of one home, from the sun to the meter
    Quarter(QuarterArgs),
}

#[derive(Args, Debug)]
pub(super) struct QuarterArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// The home: <group>-<n>, or the group's id if it has one home
    #[arg(long, value_name = "ID")]
    home: String,
    /// The time: local (2027-06-21T12:00), or with Z or an offset; the step that holds it is explained
    #[arg(long, value_name = "TIME")]
    at: String,
}

pub(super) fn explain(command: &ExplainCommand, common: &Common) -> Result<(), Stop> {
    let ExplainCommand::Quarter(args) = command;
    let (world, _) = load_world(&args.scenario, common)?;
    let step = explain::step_at(&world.calendar, &args.at).map_err(|error| Stop::Usage(format!("--at: {error}")))?;
    let Some(home) = find_home(&world.plan, &world.homes, &args.home) else {
        let ids: Vec<String> = world.homes.iter().map(|home| home_id(&world.plan, home)).collect();
        if ids.is_empty() {
            return Err(Stop::Usage("--home: this scenario has no homes or businesses".to_owned()));
        }
        let named = |group: &Group| match group.count {
            0 => None,
            1 => Some(group.id.clone()),
            count => Some(format!("{0}-1 to {0}-{count}", group.id)),
        };
        let groups: Vec<String> = world.plan.groups.iter().filter_map(named).collect();
        let hint = match nearest(&args.home, ids.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}? there are {}", groups.join(", ")),
            None => format!("there are {}", groups.join(", ")),
        };
        return Err(Stop::Usage(format!("--home: there is no home \"{}\"; {hint}", args.home)));
    };
    let mut progress = Progress::new(world.calendar.day_of(step) + 1, world.homes.len(), common.quiet);
    let rows = explain::quarter(&world, home, step, || progress.day());
    progress.finish();
    match common.format {
        Format::Table => print(&explain::table(&rows)),
        Format::Json => print_json(&explain::to_json(&rows)),
    }
}

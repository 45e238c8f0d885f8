//! Why a home or plant shared what it did in a settlement interval: each round of the key with its numbers.
//!
//! The interval is shared anew, home by home in f64, by [`allocate`], and the run's own figures stand beside it.

use crate::engine::world::World;
use crate::engine::{self, Next};
use crate::report::explain::{Row, Trail};
use crate::scenario::key::{Method, Round, Unused};
use crate::sharing::allocate::{Allocation, Held, allocate};

/// What flowed in the interval, kWh, of each home and then each plant.
struct Interval {
    /// Its steps in the run.
    steps: std::ops::Range<usize>,
    need: Vec<f64>,
    surplus: Vec<f64>,
    /// What the party that is asked for received in the run.
    received_kwh: f64,
    /// What it gave.
    given_kwh: f64,
    /// Its import, export, what it received and what it gave in the step.
    of_step_kwh: [f64; 4],
}

/// The rounds of the interval that holds a step. Runs the world again up to that day; `each_day` is called after every
/// day, to show progress.
///
/// * `party` – a home by its place in the plan, or a plant, counted on from the homes.
pub fn sharing(world: &World, party: usize, step: usize, each_day: impl FnMut()) -> Vec<Row> {
    let mut trail = Trail::new();
    let Some(interval) = interval_of(world, party, step, each_day) else { return Vec::new() };
    trail.interval(world, &interval, party);
    if world.key.rounds.is_empty() {
        trail.begin("result");
        trail.number("shared_in_kwh", 0.0, "kWh", "nothing is shared in this scenario");
        return trail.rows;
    }
    let allocation = allocate(&world.key, &interval.need, &interval.surplus);
    for held in &allocation.rounds {
        trail.round(world, held, party);
    }
    trail.result(&interval, &allocation, party);
    trail.rows
}

fn interval_of(world: &World, party: usize, step: usize, mut each_day: impl FnMut()) -> Option<Interval> {
    let (calendar, homes) = (&world.calendar, world.homes.len());
    let day = &calendar.days()[calendar.day_of(step)];
    let length = world.key.interval_steps(calendar.step_minutes());
    let begin = (step - day.first_step) / length * length;
    let steps = begin..(begin + length).min(day.steps);
    let in_day = step - day.first_step;
    let mut seen = None;
    let done = engine::run(world, &engine::Options::recording(), |flows| {
        each_day();
        if flows.day.first_step != day.first_step {
            return Ok::<_, std::convert::Infallible>(Next::GoOn);
        }
        let kwh = |of: &dyn Fn(usize) -> f64| steps.clone().map(of).sum::<f64>() * calendar.step_h();
        let made = |plant: usize, step: usize| world.plant_kw[plant][day.first_step + step];
        let own = |step: usize| match party.checked_sub(homes) {
            None => {
                let flows = flows.home(party, step);
                [flows.import_kw, flows.export_kw, flows.shared_in_kw, flows.shared_out_kw]
            }
            Some(plant) => {
                let kw = made(plant, step);
                [0.0, kw, 0.0, kw * flows.shares.given_by_plant(world, plant, step)]
            }
        };
        seen = Some(Interval {
            steps: day.first_step + steps.start..day.first_step + steps.end,
            need: (0..homes)
                .map(|home| kwh(&|step| flows.home(home, step).import_kw))
                .chain(world.plants.iter().map(|_| 0.0))
                .collect(),
            surplus: (0..homes)
                .map(|home| kwh(&|step| flows.home(home, step).export_kw))
                .chain((0..world.plants.len()).map(|plant| kwh(&|step| made(plant, step))))
                .collect(),
            received_kwh: kwh(&|step| own(step)[2]),
            given_kwh: kwh(&|step| own(step)[3]),
            of_step_kwh: own(in_day).map(|kw| kw * calendar.step_h()),
        });
        Ok(Next::Stop)
    });
    let Ok(_) = done;
    seen
}

impl Trail {
    fn interval(&mut self, world: &World, interval: &Interval, party: usize) {
        self.begin("interval");
        let (calendar, homes) = (&world.calendar, world.homes.len());
        let minutes = interval.steps.len() as u32 * calendar.step_minutes();
        let instant = calendar.instant(interval.steps.start);
        self.word("time", instant.to_string(), format!("its start; {minutes} minutes are settled together"));
        let members = world.homes.iter().filter(|home| home.member).count();
        let plants = world.plants.len();
        let who = format!("{members} homes and businesses, {plants} plant{}", if plants == 1 { "" } else { "s" });
        let is_in = party >= homes || world.homes[party].member;
        self.word("members", who, if is_in { "this is one of them" } else { "this is none of them" });
        self.number("own_import_kwh", interval.need[party], "kWh", "drawn at the meter");
        self.number("own_export_kwh", interval.surplus[party], "kWh", "fed in");
        let participation = world.key.participation[party];
        if participation < 1.0 {
            self.number("participation", participation, "1", "the part of both with which it takes part here");
        }
    }

    fn round(&mut self, world: &World, held: &Held, party: usize) {
        let round = &world.key.rounds[held.round];
        let pass = if held.pass > 0 { format!(", pass {}", held.pass + 1) } else { String::new() };
        self.begin(format!("round {} of {}{pass}", held.round + 1, world.key.rounds.len()));
        let (name, formula) = method(&round.method);
        let unused = match round.unused {
            Unused::NextRound => "what nobody takes is offered again",
            Unused::Grid => "what nobody takes goes to the grid",
            Unused::Owner => "what is not taken is feed-in of whose part it was",
        };
        self.word("method", name, unused);
        let left = if round.max_part < 1.0 {
            format!("at most {} of what its givers have left", round.max_part)
        } else {
            "what its givers have left".to_owned()
        };
        self.number("offered_kwh", held.offered, "kWh", left);
        let takers = round.takes.iter().filter(|takes| **takes).count();
        let need = held.need.iter().sum::<f64>();
        self.number("need_kwh", need, "kWh", format!("what the {takers} who may take still need"));
        let taken = held.taken.iter().sum::<f64>();
        self.number("taken_kwh", taken, "kWh", format!("Σ {formula}"));
        if round.gives[party] && held.offers[party] > 0.0 {
            self.number("own_offer_kwh", held.offers[party], "kWh", "its part of what is offered");
            self.number("own_given_kwh", held.given[party], "kWh", "of that, in proportion to what is taken");
        }
        if !round.takes[party] {
            self.word("own_taken_kwh", "–", "it may not take in this round");
            return;
        }
        self.own_part(round, party);
        self.number("own_need_kwh", held.need[party], "kWh", "what it still needs");
        self.number("own_taken_kwh", held.taken[party], "kWh", formula);
    }

    /// What the round has for this party alone.
    fn own_part(&mut self, round: &Round, party: usize) {
        match &round.method {
            Method::Static { parts, iterations, renormalise } => {
                let again = match (iterations, renormalise) {
                    (1, _) => String::new(),
                    (many, false) => format!(", of what is left up to {many} times"),
                    (many, true) => format!(", among those who still need up to {many} times"),
                };
                self.number("own_part", parts[party], "1", format!("of what is offered{again}"));
            }
            Method::Priority(levels) => match levels[party] {
                Some(level) => self.number("own_level", (level + 1) as f64, "1", "level 1 is served first"),
                None => self.word("own_level", "–", "on no level: it takes nothing"),
            },
            Method::ProRata | Method::WaterFilling | Method::Pairwise { .. } => {}
        }
    }

    fn result(&mut self, interval: &Interval, allocation: &Allocation, party: usize) {
        self.begin("result");
        self.number("shared_in_kwh", allocation.shared_in[party], "kWh", "Σ own_taken of all rounds");
        self.number("shared_out_kwh", allocation.shared_out[party], "kWh", "Σ own_given of all rounds");
        if allocation.own_surplus_in[party] > 0.0 {
            let what = "feed-in of others that was its part and not used";
            self.number("own_surplus_kwh", allocation.own_surplus_in[party], "kWh", what);
        }
        self.number("run_shared_in_kwh", interval.received_kwh, "kWh", "as the run has it, in f32");
        self.number("run_shared_out_kwh", interval.given_kwh, "kWh", "as the run has it");
        if interval.steps.len() > 1 {
            let [import, export, received, given] = interval.of_step_kwh;
            let of = |flow: &str, kwh: f64| format!("of this step: × its {flow} of {kwh:.6} kWh over the interval's");
            self.number("step_shared_in_kwh", received, "kWh", of("import", import));
            self.number("step_shared_out_kwh", given, "kWh", of("export", export));
        }
    }
}

/// The name of a method and what it gives each.
fn method(method: &Method) -> (&'static str, &'static str) {
    match method {
        Method::Static { .. } => ("fixed parts", "min(own_part × offered, need)"),
        Method::ProRata => ("pro-rata", "need × min(1, offered / Σ need)"),
        Method::Priority(_) => ("priority", "level by level: need × min(1, what is left / Σ need of the level)"),
        Method::WaterFilling => ("water-filling", "min(need, level), one level for all"),
        Method::Pairwise { .. } => ("pairwise", "min(Σ part of each giver × its offer, need)"),
    }
}

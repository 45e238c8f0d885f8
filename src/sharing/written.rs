//! A key as it is written: a TOML with a `[sharing]` section, and the named keys, which are such files too.
//!
//! A file may begin from a named one (`key = "es"`) and write what differs; its own keys are laid over those.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::key::{Key, Method, Round, Unused};
use crate::scenario::diagnostics::{Fault, Origin, Source, nearest};
use crate::scenario::language::shares;
use crate::scenario::tree::{self, Node};
use crate::scenario::{check_table, embedded, schema};

/// How far shares may be from what they must sum to: rounding of written decimals.
const SHARE_TOLERANCE: f64 = 1e-9;

/// The named keys: name and text.
pub const NAMED: &[(&str, &str)] = embedded!(
    "sharing",
    "none",
    "equal",
    "static",
    "iterative",
    "pro-rata",
    "water-filling",
    "priority",
    "pairwise",
    "it",
    "es",
    "fr",
    "fr-static",
    "fr-full-dynamic",
    "at-static",
    "at-dynamic",
    "pt",
    "pt-fixed",
    "pt-hierarchical",
    "be-flanders-fixed",
    "be-flanders-relative",
    "be-flanders-optimal",
    "be-brussels-fixed",
    "be-brussels-iterative",
    "be-brussels-proportional",
    "de",
    "ch",
    "cz",
    "sk",
    "lu",
    "lu-percentage",
    "lu-priority",
);

/// Who gets the local kWh.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Section {
    /// A named key to begin from. Default: none, the rounds are written here.
    #[serde(default)]
    pub key: Option<String>,
    /// What the key is, in a sentence or two.
    #[serde(default)]
    pub about: Option<String>,
    /// Where it is from.
    #[serde(default)]
    pub source: Option<String>,
    /// Length of the settlement interval, a whole number of steps, minutes. Default: the step.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1440))]
    pub interval_minutes: Option<u32>,
    /// How often the list of rounds is gone through.
    #[serde(default = "once")]
    #[schemars(range(min = 1, max = 100))]
    pub repeat: u32,
    /// Part of each participant, for static rounds without `shares` of their own. They sum to 1.
    #[serde(default)]
    #[schemars(schema_with = "shares")]
    pub shares: Option<BTreeMap<String, f64>>,
    /// Participants in the order in which they are served, for priority rounds without an `order` of their own; givers in
    /// the order in which they give, for pairwise ones.
    #[serde(default)]
    pub order: Option<Vec<String>>,
    /// For pairwise rounds without a `matrix` of their own: for each giver, the part of each taker.
    #[serde(default)]
    #[schemars(schema_with = "matrix")]
    pub matrix: Option<BTreeMap<String, BTreeMap<String, f64>>>,
    /// The part of its need and surplus with which a participant takes part here, if it is in several communities.
    /// Default: all.
    #[serde(default)]
    #[schemars(schema_with = "shares")]
    pub participation: Option<BTreeMap<String, f64>>,
    /// The rounds, in their order.
    #[serde(default)]
    pub rounds: Option<Vec<WrittenRound>>,
}

/// A round.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct WrittenRound {
    /// How what is offered is divided.
    #[schemars(required)]
    pub method: Option<WrittenMethod>,
    /// Who may take. Default: all participants.
    #[serde(default)]
    pub who: Option<Vec<String>>,
    /// Whose surplus is offered. Default: that of all participants.
    #[serde(default)]
    pub from: Option<Vec<String>>,
    /// The greatest part of what is still unshared that the round offers.
    #[serde(default = "all")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_part: f64,
    /// For the static method: part of each participant. They sum to 1.
    #[serde(default)]
    #[schemars(schema_with = "shares")]
    pub shares: Option<BTreeMap<String, f64>>,
    /// For the priority method: participants in the order in which they are served. For the pairwise method: givers that
    /// give one after another; default: all at once.
    #[serde(default)]
    pub order: Option<Vec<String>>,
    /// For the pairwise method: for each giver, the part of each taker.
    #[serde(default)]
    #[schemars(schema_with = "matrix")]
    pub matrix: Option<BTreeMap<String, BTreeMap<String, f64>>>,
    /// For the equal and static methods: how often what is left is divided again.
    #[serde(default = "once")]
    #[schemars(range(min = 1, max = 1000))]
    pub iterations: u32,
    /// Whether it is then divided among those alone that still need something, by their parts over the sum of these.
    #[serde(default)]
    pub renormalise: bool,
    /// What becomes of what was offered and not taken.
    #[serde(default)]
    pub unused: WrittenUnused,
}

/// How a round divides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum WrittenMethod {
    /// The same part for each
    Equal,
    /// A fixed part for each
    Static,
    /// In proportion to what each still needs
    ProRata,
    /// One after another, in an order
    Priority,
    /// All up to one level: who needs least is met first
    WaterFilling,
    /// A fixed part of each giver for each taker
    Pairwise,
}

/// What becomes of what was not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum WrittenUnused {
    /// Later rounds offer it again
    #[default]
    NextRound,
    /// Feed-in of who gave it, in no later round
    Grid,
    /// Feed-in of the participant whose part it was
    Owner,
}

fn once() -> u32 {
    1
}

fn all() -> f64 {
    1.0
}

fn matrix(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": shares(generator) })
}

/// A key that was read, before it is known who takes part.
#[derive(Debug)]
pub struct Read {
    root: Node,
    section: Section,
}

/// Reads a named key, or the file of one. `None` if anything is wrong with it; `faults` says what.
///
/// * `shares` – parts that the command line gives, as `(id, part)`: laid over those of the file.
pub fn read(name_or_file: &str, shares: &[(String, f64)], faults: &mut Vec<Fault>) -> Option<Read> {
    let before = faults.iter().filter(|fault| fault.is_error()).count();
    let words = Source::new("--key", name_or_file);
    let asked = Origin::new(&words, 0..name_or_file.len());
    let is_file = Path::new(name_or_file).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    let mut root = if is_file {
        let mut files = Vec::new();
        let written = tree::read(Path::new(name_or_file), &mut files, faults)?;
        over_named(written.root, faults)?
    } else {
        named(name_or_file, &asked, faults)?
    };
    for (id, part) in shares {
        tree::set(&mut root, "--shares", &format!("sharing.shares.{id}={part}"), faults);
    }
    let mut sharing = root.get("sharing").cloned();
    if let Some(sharing) = &mut sharing {
        // A scenario is such a file too: what it says beside [sharing] is not looked at.
        check_table(&schema::of_type::<Section>(), sharing, "sharing", true, faults);
    } else {
        faults.push(
            Fault::error("kwartier::sharing::key", "there is no [sharing] section")
                .at(&asked, "this file")
                .help("write [sharing] with key = \"pro-rata\", or with [[sharing.rounds]]"),
        );
    }
    let now = faults.iter().filter(|fault| fault.is_error()).count();
    let sharing = sharing.filter(|_| now == before)?;
    match Section::deserialize(sharing.to_toml()) {
        Ok(section) => Some(Read { root: sharing, section }),
        Err(error) => {
            faults.push(
                Fault::error("kwartier::sharing::unread", format!("cannot read the key: {error}"))
                    .help("this should have been found earlier: please report it with the file"),
            );
            None
        }
    }
}

fn named(name: &str, asked: &Origin, faults: &mut Vec<Fault>) -> Option<Node> {
    let Some((name, text)) = NAMED.iter().find(|(known, _)| *known == name) else {
        let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"? Or give a file that ends in .toml"),
            None => format!("keys: {}; or give a file that ends in .toml", names.join(", ")),
        };
        let fault = Fault::error("kwartier::sharing::key", format!("there is no key \"{name}\"")).help(help);
        faults.push(fault.at(asked, "no such key"));
        return None;
    };
    tree::parse(&Source::new(format!("{name}.toml"), *text), faults)
}

/// Lays a file over the named key that it begins from.
fn over_named(root: Node, faults: &mut Vec<Fault>) -> Option<Node> {
    let name = root.at(&["sharing", "key"]).and_then(|node| match &node.value {
        tree::Value::Scalar(toml::Value::String(name)) => Some((name.clone(), node.origin.clone())),
        _ => None,
    });
    let Some((name, origin)) = name else { return Some(root) };
    let mut base = named(&name, &origin, faults)?;
    tree::merge(&mut base, root, faults);
    Some(base)
}

impl Read {
    /// The key among these participants; `None` if it does not fit them.
    ///
    /// An id names one participant, or all whose ids are `<id>-<n>`: the parts of such a group are equal.
    pub fn key_of(&self, ids: &[&str], faults: &mut Vec<Fault>) -> Option<Key> {
        let before = faults.len();
        let mut fit = Fit { ids, root: &self.root, faults };
        let section = &self.section;
        let mut participation = vec![1.0; ids.len()];
        for (id, part) in section.participation.iter().flatten() {
            for i in fit.of_id(id, &["participation", id]) {
                participation[i] = *part;
            }
        }
        let written = section.rounds.as_deref();
        if written.is_none() {
            let fault = Fault::error("kwartier::sharing::key", "the key has neither a name nor rounds")
                .help("add key = \"pro-rata\", or [[sharing.rounds]] with a method each");
            fit.push(&[], fault, "says nothing");
        }
        let mut rounds = Vec::new();
        for (place, round) in written.unwrap_or_default().iter().enumerate() {
            fit.round(section, round, place, &mut rounds);
        }
        (faults.len() == before).then_some(Key {
            interval_minutes: section.interval_minutes,
            rounds,
            repeat: section.repeat,
            participation,
        })
    }

    /// A fault at the length of the interval.
    pub fn at_interval(&self, fault: Fault, label: &str) -> Fault {
        let origin = self.root.get("interval_minutes").map_or(&self.root.origin, |node| &node.origin);
        fault.at(origin, label)
    }
}

/// A key being fitted to its participants.
struct Fit<'a, 'f> {
    ids: &'a [&'a str],
    root: &'a Node,
    faults: &'f mut Vec<Fault>,
}

impl Fit<'_, '_> {
    /// Adds a fault at a key of the section, or at what it would stand in.
    fn push(&mut self, path: &[&str], fault: Fault, label: &str) {
        let node = (0..=path.len()).rev().find_map(|length| self.root.at(&path[..length])).unwrap_or(self.root);
        self.faults.push(fault.at(&node.origin.first_line(), label));
    }

    /// The participants that an id names.
    fn of_id(&mut self, id: &str, path: &[&str]) -> Vec<usize> {
        let is_of_group = |own: &str| {
            own.strip_prefix(id)
                .and_then(|rest| rest.strip_prefix('-'))
                .is_some_and(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
        };
        let found: Vec<usize> =
            (0..self.ids.len()).filter(|i| self.ids[*i] == id || is_of_group(self.ids[*i])).collect();
        if found.is_empty() {
            let help = match nearest(id, self.ids.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("participants: {}", some(self.ids)),
            };
            let fault = Fault::error("kwartier::sharing::unknown_id", format!("nobody is called \"{id}\"")).help(help);
            self.push(path, fault, "no such participant");
        }
        found
    }

    fn mask(&mut self, ids: Option<&[String]>, path: &[&str]) -> Vec<bool> {
        let Some(ids) = ids else { return vec![true; self.ids.len()] };
        let mut mask = vec![false; self.ids.len()];
        for id in ids {
            self.of_id(id, path).into_iter().for_each(|i| mask[i] = true);
        }
        mask
    }

    /// The part of each participant, equal within a group.
    fn parts(&mut self, shares: &BTreeMap<String, f64>, path: &[&str]) -> Vec<f64> {
        let mut parts = vec![0.0; self.ids.len()];
        for (id, share) in shares {
            let of_id = self.of_id(id, &[path, &[id.as_str()]].concat());
            for i in &of_id {
                parts[*i] += share / of_id.len() as f64;
            }
        }
        parts
    }

    fn round(&mut self, section: &Section, round: &WrittenRound, place: usize, rounds: &mut Vec<Round>) {
        let number = place + 1;
        let index = place.to_string();
        let at: &[&str] = &["rounds", &index];
        let Some(method) = round.method else { return };
        self.check_meaning(round, method, number);
        let takes = self.mask(round.who.as_deref(), &["rounds", &index, "who"]);
        let gives = self.mask(round.from.as_deref(), &["rounds", &index, "from"]);
        let order_at: &[&str] = if round.order.is_some() { &["rounds", &index, "order"] } else { &["order"] };
        let matrix_at: &[&str] = if round.matrix.is_some() { &["rounds", &index, "matrix"] } else { &["matrix"] };
        let unused = match round.unused {
            WrittenUnused::NextRound => Unused::NextRound,
            WrittenUnused::Grid => Unused::Grid,
            WrittenUnused::Owner => Unused::Owner,
        };
        if round.max_part <= 0.0 {
            let fault = Fault::error("kwartier::sharing::max_part", format!("round {number} offers nothing"))
                .help("give a `max_part` above 0, at most 1, or remove the round");
            self.push(&["rounds", &index, "max_part"], fault, "offers nothing");
        }
        let mut add = |method: Method, gives: Vec<bool>| {
            rounds.push(Round { method, takes: takes.clone(), gives, max_part: round.max_part, unused });
        };
        match method {
            WrittenMethod::ProRata => add(Method::ProRata, gives),
            WrittenMethod::WaterFilling => add(Method::WaterFilling, gives),
            WrittenMethod::Equal => {
                let count = takes.iter().filter(|takes| **takes).count().max(1) as f64;
                let parts = takes.iter().map(|takes| if *takes { 1.0 / count } else { 0.0 }).collect();
                add(Method::Static { parts, iterations: round.iterations, renormalise: round.renormalise }, gives);
            }
            WrittenMethod::Static => {
                let Some(shares) = round.shares.as_ref().or(section.shares.as_ref()) else {
                    let fault = Fault::error("kwartier::sharing::shares", format!("round {number} needs `shares`"))
                        .help(format!(
                            "add shares = {{ {} = … }}, together 1 (or --shares on the command line)",
                            some(self.ids)
                        ));
                    return self.push(at, fault, "fixed parts of whom?");
                };
                let path: &[&str] = if round.shares.is_some() { &["rounds", &index, "shares"] } else { &["shares"] };
                let parts = self.parts(shares, path);
                let sum: f64 = shares.values().sum();
                if (sum - 1.0).abs() > SHARE_TOLERANCE {
                    let (shown, difference) = ((sum * 1e9).round() / 1e9, ((1.0 - sum) * 1e9).round() / 1e9);
                    let fault = Fault::error(
                        "kwartier::sharing::sum",
                        format!("the shares of round {number} sum to {shown}, expected 1"),
                    )
                    .help(format!("change one or more of them, by {difference:+} in all"));
                    self.push(path, fault, &format!("sums to {shown}"));
                }
                let outside: Vec<&str> =
                    (0..parts.len()).filter(|i| parts[*i] > 0.0 && !takes[*i]).map(|i| self.ids[i]).collect();
                if !outside.is_empty() {
                    let fault = Fault::error(
                        "kwartier::sharing::outside",
                        format!("round {number} has shares for {}, who may not take in it", some(&outside)),
                    )
                    .help("add them to `who`, or take their shares out");
                    self.push(path, fault, "not among `who`");
                }
                add(Method::Static { parts, iterations: round.iterations, renormalise: round.renormalise }, gives);
            }
            WrittenMethod::Priority => {
                let Some(order) = round.order.as_ref().or(section.order.as_ref()) else {
                    let fault = Fault::error("kwartier::sharing::order", format!("round {number} needs an `order`"))
                        .help("add order = [\"…\", \"…\"]: who is served first comes first");
                    return self.push(at, fault, "in which order?");
                };
                let mut levels = vec![None; self.ids.len()];
                for (level, id) in order.iter().enumerate() {
                    for i in self.of_id(id, order_at) {
                        levels[i].get_or_insert(level);
                    }
                }
                add(Method::Priority(levels), gives);
            }
            WrittenMethod::Pairwise => {
                let Some(matrix) = round.matrix.as_ref().or(section.matrix.as_ref()) else {
                    let fault = Fault::error("kwartier::sharing::matrix", format!("round {number} needs a `matrix`"))
                        .help("add matrix = { giver = { taker = 0.6, other = 0.4 } }: for each giver, the part of each taker");
                    return self.push(at, fault, "who gives whom how much?");
                };
                let parts = self.matrix(matrix, matrix_at, number);
                match round.order.as_ref().or(section.order.as_ref()) {
                    None => add(Method::Pairwise(parts), gives),
                    // One giver after another: what the first have served is no need of the next.
                    Some(order) => {
                        for id in order {
                            let mut own = vec![false; self.ids.len()];
                            self.of_id(id, order_at).into_iter().for_each(|i| own[i] = gives[i]);
                            add(Method::Pairwise(parts.clone()), own);
                        }
                    }
                }
            }
        }
    }

    fn matrix(
        &mut self,
        matrix: &BTreeMap<String, BTreeMap<String, f64>>,
        at: &[&str],
        number: usize,
    ) -> Vec<Vec<f64>> {
        let mut parts = vec![vec![0.0; self.ids.len()]; self.ids.len()];
        for (giver, shares) in matrix {
            let sum: f64 = shares.values().sum();
            if sum > 1.0 + SHARE_TOLERANCE {
                let shown = (sum * 1e9).round() / 1e9;
                let fault = Fault::error(
                    "kwartier::sharing::sum",
                    format!("\"{giver}\" gives {shown} of what it has in round {number}, expected at most 1"),
                )
                .help("lower the parts of its takers");
                self.push(&[at, &[giver.as_str()]].concat(), fault, &format!("sums to {shown}"));
            }
            let of_taker = self.parts(shares, &[at, &[giver.as_str()]].concat());
            for j in self.of_id(giver, &[at, &[giver.as_str()]].concat()) {
                parts[j].clone_from(&of_taker);
            }
        }
        parts
    }

    /// Keys that the method of a round does not have.
    fn check_meaning(&mut self, round: &WrittenRound, method: WrittenMethod, number: usize) {
        use WrittenMethod::{Equal, Pairwise, Priority, Static};
        let is_fixed = matches!(method, Equal | Static);
        let iterates = round.iterations > 1;
        for (is_written, has_meaning, key, methods) in [
            (round.shares.is_some(), method == Static, "shares", "the static method"),
            (
                round.order.is_some(),
                matches!(method, Priority | Pairwise),
                "order",
                "the methods priority and pairwise",
            ),
            (round.matrix.is_some(), method == Pairwise, "matrix", "the pairwise method"),
            (iterates, is_fixed, "iterations", "the methods equal and static"),
            (round.renormalise, is_fixed && iterates, "renormalise", "the methods equal and static with `iterations`"),
            (
                round.unused == WrittenUnused::Owner,
                (is_fixed && !iterates) || method == Pairwise,
                "unused",
                "fixed parts in one iteration: with other methods no part is anyone's own",
            ),
        ] {
            if is_written && !has_meaning {
                let words = if key == "unused" { "`unused = \"owner\"`".to_owned() } else { format!("`{key}`") };
                let fault = Fault::error(
                    "kwartier::sharing::meaning",
                    format!("{words} has no meaning for the method of round {number}"),
                )
                .help(format!("it belongs to {methods}; remove it or change the method"));
                self.push(&["rounds", &(number - 1).to_string(), key], fault, "in this round");
            }
        }
    }
}

/// The first few of some ids.
fn some(ids: &[&str]) -> String {
    let shown = ids.iter().take(5).copied().collect::<Vec<&str>>().join(", ");
    if ids.len() > 5 { format!("{shown}, …") } else { shown }
}

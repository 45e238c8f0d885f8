//! A key as it is written, and the named keys: TOMLs with a `[sharing]` section, as a scenario has.
//!
//! Such a section may begin from a named key (`key = "es"`) and write what differs: its own keys are laid over those.
//! Who takes part is known later, and then the key is fitted to them: [`key_of`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::diagnostics::{Fault, Origin, Source, nearest};
use super::key::{Key, Method, Round, Unused};
use super::tree::{self, Node, Value};
use super::{check_table, embedded, language as said, schema};

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

/// What belongs to a key, and is left over where a file names another one than that which it inherits from.
const OF_A_KEY: [&str; 5] = ["rounds", "repeat", "order", "matrix", "interval_minutes"];

/// How the texts of named keys are called in messages.
const BUILT_IN: &str = "built-in key ";

/// The key that is meant where a section has neither a name nor rounds.
const USUAL: &str = "pro-rata";

/// A section that was read, before it is known who takes part.
#[derive(Debug)]
pub struct Read {
    /// The section with the named key that it begins from.
    pub sharing: said::Sharing,
    root: Node,
}

/// Who may take part in a key.
#[derive(Clone, Copy, Debug)]
pub struct Party<'a> {
    /// Its id, or that of its group.
    pub id: &'a str,
    /// Its number in its group; `None`: the id is its own.
    pub number: Option<u32>,
    /// Whether it may take: a plant does not, nor who is no member.
    pub takes: bool,
    /// Whether it may give.
    pub gives: bool,
}

impl Party<'_> {
    /// Whether an id names it, alone (`flat-3`) or with its group (`flat`).
    fn is_named(&self, id: &str) -> bool {
        match self.number {
            Some(number) => self.id == id || number_in(id, self.id) == Some(number),
            // A plant is of no group.
            None => self.id == id || (self.takes && number_in(self.id, id).is_some()),
        }
    }
}

/// The number of `<group>-<n>` in its group.
fn number_in(id: &str, group: &str) -> Option<u32> {
    let number = id.strip_prefix(group)?.strip_prefix('-')?;
    if number.bytes().all(|digit| digit.is_ascii_digit()) { number.parse().ok() } else { None }
}

/// The section of a named key, e.g. `pro-rata`; `None`: there is none of this name.
pub fn named(name: &str) -> Option<said::Sharing> {
    said::Sharing::deserialize(tree_of(name, &mut Vec::new())?.get("sharing")?.to_toml()).ok()
}

/// Adds to the section of a scenario, or of the file of a key, what the named key that it begins from has and it has not.
/// An unknown name is left to the check; what a file that the one with the name inherits from says of its own key is left over, and
/// dropped.
pub(super) fn lay_over_named(root: &mut Node, files: &[PathBuf], faults: &mut Vec<Fault>) {
    let Value::Table(entries) = &mut root.value else { return };
    let Some((_, section)) = entries.iter_mut().find(|(key, _)| key == "sharing") else { return };
    if let Some(named_at) = section.get("key").map(|key| tree::depth(&key.key, files))
        && let Value::Table(own) = &mut section.value
    {
        own.retain(|(key, node)| !OF_A_KEY.contains(&key.as_str()) || tree::depth(&node.key, files) <= named_at);
    }
    let name = match section.get("key").map(|node| &node.value) {
        Some(Value::Scalar(toml::Value::String(name))) => name.as_str(),
        None if section.get("rounds").is_none() => USUAL,
        _ => return,
    };
    let named = tree_of(name, faults).and_then(|root| root.get("sharing").cloned());
    let (Value::Table(own), Some(Value::Table(named))) = (&mut section.value, named.map(|section| section.value))
    else {
        return;
    };
    for (key, node) in named {
        if !own.iter().any(|(known, _)| *known == key) {
            own.push((key, node));
        }
    }
}

/// The tree of a named key; `None`: there is none of this name.
fn tree_of(name: &str, faults: &mut Vec<Fault>) -> Option<Node> {
    let (name, text) = NAMED.iter().find(|(known, _)| *known == name)?;
    tree::parse(&Source::new(format!("{BUILT_IN}{name}"), *text), faults)
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
        let mut root = tree::read(Path::new(name_or_file), &mut files, faults)?.root;
        lay_over_named(&mut root, &files, faults);
        root
    } else {
        let Some(root) = tree_of(name_or_file, faults) else {
            faults.push(no_such_key(name_or_file, &asked));
            return None;
        };
        root
    };
    for (id, part) in shares {
        tree::set(&mut root, "--shares", &format!("sharing.shares.{id}={part}"), faults);
    }
    let mut sharing = root.get("sharing").cloned();
    if let Some(sharing) = &mut sharing {
        // A scenario is such a file too: what it says beside [sharing] is not looked at.
        check_table(&schema::of_type::<said::Sharing>(), sharing, "sharing", true, faults);
    } else {
        faults.push(
            Fault::error("kwartier::sharing::key", "there is no [sharing] section")
                .at(&asked, "this file")
                .help("write [sharing] with key = \"pro-rata\", or with [[sharing.rounds]]"),
        );
    }
    let now = faults.iter().filter(|fault| fault.is_error()).count();
    let root = sharing.filter(|_| now == before)?;
    match said::Sharing::deserialize(root.to_toml()) {
        Ok(sharing) => Some(Read { sharing, root }),
        Err(error) => {
            faults.push(
                Fault::error("kwartier::sharing::unread", format!("cannot read the key: {error}"))
                    .help("this should have been found earlier: please report it with the file"),
            );
            None
        }
    }
}

fn no_such_key(name: &str, asked: &Origin) -> Fault {
    let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"? Or give a file that ends in .toml"),
        None => format!("keys: {}; or give a file that ends in .toml", names.join(", ")),
    };
    let fault = Fault::error("kwartier::sharing::key", format!("there is no key \"{name}\"")).help(help);
    fault.at(asked, "no such key")
}

impl Read {
    /// The key among parties, all of which may take and give; `None` if it does not fit them.
    pub fn key_of(&self, ids: &[&str], faults: &mut Vec<Fault>) -> Option<Key> {
        let before = faults.len();
        let party = |id| Party { id, number: None, takes: true, gives: true };
        let parties: Vec<Party<'_>> = ids.iter().map(|id| party(*id)).collect();
        let key = key_of(&self.sharing, &parties, Some(&self.root), faults);
        (faults.len() == before).then_some(key)
    }

    /// A fault at the length of the interval.
    pub fn at_interval(&self, fault: Fault, label: &str) -> Fault {
        let origin = self.root.get("interval_minutes").map_or(&self.root.origin, |node| &node.origin);
        fault.at(origin, label)
    }
}

/// The key of a section among parties. What does not fit them is told in `faults`, and left out of the key.
///
/// An id names one party, or all of a group (`flat` those that are `flat-<n>`): the parts of such a group are equal.
///
/// * `root` – the section as it was written, for messages.
pub fn key_of(sharing: &said::Sharing, parties: &[Party<'_>], root: Option<&Node>, faults: &mut Vec<Fault>) -> Key {
    let mut fit = Fit { parties, root, faults };
    let mut participation = vec![1.0; parties.len()];
    for (id, part) in sharing.participation.iter().flatten() {
        for i in fit.of_id(id, &["participation", id]) {
            participation[i] = *part;
        }
    }
    let mut rounds = Vec::new();
    for (place, round) in sharing.rounds.iter().flatten().enumerate() {
        fit.round(sharing, round, place, &mut rounds);
    }
    Key { interval_minutes: sharing.interval_minutes, rounds, repeat: sharing.repeat, participation }
}

/// A key being fitted to its parties.
struct Fit<'a, 'f> {
    parties: &'a [Party<'a>],
    root: Option<&'a Node>,
    faults: &'f mut Vec<Fault>,
}

impl Fit<'_, '_> {
    /// Adds a fault at a key of the section, or at what it would stand in.
    fn push(&mut self, path: &[&str], fault: Fault, label: &str) {
        self.faults.push(match self.root {
            Some(root) => {
                let node = (0..=path.len()).rev().find_map(|length| root.at(&path[..length])).unwrap_or(root);
                let is_built_in = |node: &Node| node.origin.source.name().starts_with(BUILT_IN);
                // What a named key lacks is missing where it was named.
                let node = if is_built_in(node) && !is_built_in(root) { root.get("key").unwrap_or(root) } else { node };
                fault.at(&node.origin.first_line(), label)
            }
            None => fault,
        });
    }

    /// Adds a fault at an id: the key of a table, or the list that it stands in.
    fn push_at_id(&mut self, path: &[&str], id: &str, fault: Fault, label: &str) {
        match self.root.and_then(|root| root.at(path)) {
            Some(node) if path.last() == Some(&id) => self.faults.push(fault.at(&node.key, label)),
            _ => self.push(path, fault, label),
        }
    }

    /// The parties that an id names.
    fn of_id(&mut self, id: &str, path: &[&str]) -> Vec<usize> {
        let alone = |i: &usize| self.parties[*i].number.is_none() && self.parties[*i].id == id;
        let mut found: Vec<usize> = (0..self.parties.len()).filter(alone).collect();
        // Who has an id as its own is meant by it, and not those whose ids begin with it.
        if found.is_empty() {
            found = (0..self.parties.len()).filter(|i| self.parties[*i].is_named(id)).collect();
        }
        if found.is_empty() {
            let help = match nearest(id, self.parties.iter().map(|party| party.id)) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("participants: {}", some(self.parties.iter().map(|party| party.id))),
            };
            let fault = Fault::error("kwartier::sharing::unknown_id", format!("nobody is called \"{id}\"")).help(help);
            self.push_at_id(path, id, fault, "no such participant");
        }
        found
    }

    /// Those of them that may take.
    fn takers_of_id(&mut self, id: &str, path: &[&str]) -> Vec<usize> {
        let found = self.of_id(id, path);
        // Of homes it is drawn who is a member; a plant has no number.
        if !found.is_empty() && found.iter().all(|i| !self.parties[*i].takes && self.parties[*i].number.is_none()) {
            let fault = Fault::error("kwartier::sharing::taker", format!("\"{id}\" takes nothing: it is a plant"))
                .help("name homes, businesses or their groups here; whose surplus is offered is said by `from`");
            self.push_at_id(path, id, fault, "a plant");
        }
        found.into_iter().filter(|i| self.parties[*i].takes).collect()
    }

    fn takers(&mut self, ids: Option<&[String]>, path: &[&str]) -> Vec<bool> {
        let Some(ids) = ids else { return self.parties.iter().map(|party| party.takes).collect() };
        let mut mask = vec![false; self.parties.len()];
        for id in ids {
            self.takers_of_id(id, path).into_iter().for_each(|i| mask[i] = true);
        }
        mask
    }

    fn givers(&mut self, ids: Option<&[String]>, path: &[&str]) -> Vec<bool> {
        let Some(ids) = ids else { return self.parties.iter().map(|party| party.gives).collect() };
        let mut mask = vec![false; self.parties.len()];
        for id in ids {
            self.of_id(id, path).into_iter().for_each(|i| mask[i] = self.parties[i].gives);
        }
        mask
    }

    /// The part of each party, equal within a group.
    fn parts(&mut self, shares: &BTreeMap<String, f64>, path: &[&str]) -> Vec<f64> {
        let mut parts = vec![0.0; self.parties.len()];
        for (id, share) in shares {
            let of_id = self.takers_of_id(id, &[path, &[id.as_str()]].concat());
            for i in &of_id {
                parts[*i] += share / of_id.len() as f64;
            }
        }
        parts
    }

    fn round(&mut self, sharing: &said::Sharing, round: &said::Round, place: usize, rounds: &mut Vec<Round>) {
        let number = place + 1;
        let index = place.to_string();
        let at: &[&str] = &["rounds", &index];
        let Some(method) = round.method else { return };
        self.check_meaning(round, method, number);
        let takes = self.takers(round.who.as_deref(), &["rounds", &index, "who"]);
        let gives = self.givers(round.from.as_deref(), &["rounds", &index, "from"]);
        let order_at: &[&str] = if round.order.is_some() { &["rounds", &index, "order"] } else { &["order"] };
        let matrix_at: &[&str] = if round.matrix.is_some() { &["rounds", &index, "matrix"] } else { &["matrix"] };
        let unused = match round.unused {
            said::Unused::NextRound => Unused::NextRound,
            said::Unused::Grid => Unused::Grid,
            said::Unused::Owner => Unused::Owner,
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
            said::Method::ProRata => add(Method::ProRata, gives),
            said::Method::WaterFilling => add(Method::WaterFilling, gives),
            said::Method::Equal => {
                let count = takes.iter().filter(|takes| **takes).count().max(1) as f64;
                let parts = takes.iter().map(|takes| if *takes { 1.0 / count } else { 0.0 }).collect();
                add(Method::Static { parts, iterations: round.iterations, renormalise: round.renormalise }, gives);
            }
            said::Method::Static => {
                let Some(shares) = round.shares.as_ref().or(sharing.shares.as_ref()) else {
                    let fault = Fault::error("kwartier::sharing::shares", format!("round {number} needs `shares`"))
                        .help(format!(
                            "add shares = {{ {} = … }}, together 1",
                            some(self.parties.iter().filter(|party| party.takes).map(|party| party.id))
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
                let mut outside = (0..parts.len()).filter(|i| parts[*i] > 0.0 && !takes[*i]).peekable();
                if outside.peek().is_some() {
                    let outside = some(outside.map(|i| self.parties[i].id));
                    let fault = Fault::error(
                        "kwartier::sharing::outside",
                        format!("round {number} has shares for {outside}, who may not take in it"),
                    )
                    .help("add them to `who`, or take their shares out");
                    self.push(path, fault, "not among `who`");
                }
                add(Method::Static { parts, iterations: round.iterations, renormalise: round.renormalise }, gives);
            }
            said::Method::Priority => {
                let Some(order) = round.order.as_ref().or(sharing.order.as_ref()) else {
                    let fault = Fault::error("kwartier::sharing::order", format!("round {number} needs an `order`"))
                        .help("add order = [\"…\", \"…\"]: who is served first comes first");
                    return self.push(at, fault, "in which order?");
                };
                let mut levels = vec![None; self.parties.len()];
                for (level, id) in order.iter().enumerate() {
                    for i in self.takers_of_id(id, order_at) {
                        levels[i].get_or_insert(level);
                    }
                }
                add(Method::Priority(levels), gives);
            }
            said::Method::Pairwise => {
                let Some(matrix) = round.matrix.as_ref().or(sharing.matrix.as_ref()) else {
                    let fault = Fault::error("kwartier::sharing::matrix", format!("round {number} needs a `matrix`"))
                        .help("add matrix = { giver = { taker = 0.6, other = 0.4 } }: for each giver, the part of each taker");
                    return self.push(at, fault, "who gives whom how much?");
                };
                let method = self.matrix(matrix, matrix_at, number);
                match round.order.as_ref().or(sharing.order.as_ref()) {
                    None => add(method, gives),
                    // One giver after another: what the first have served is no need of the next.
                    Some(order) => {
                        for id in order {
                            let mut own = vec![false; self.parties.len()];
                            self.of_id(id, order_at).into_iter().for_each(|i| own[i] = gives[i]);
                            add(method.of_givers(&own), own);
                        }
                    }
                }
            }
        }
    }

    fn matrix(&mut self, matrix: &BTreeMap<String, BTreeMap<String, f64>>, at: &[&str], number: usize) -> Method {
        let (mut rows, mut row_of) = (Vec::new(), vec![None; self.parties.len()]);
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
            for j in self.of_id(giver, &[at, &[giver.as_str()]].concat()) {
                row_of[j] = Some(rows.len());
            }
            rows.push(self.parts(shares, &[at, &[giver.as_str()]].concat()));
        }
        Method::Pairwise { rows, row_of }
    }

    /// Keys that the method of a round does not have.
    fn check_meaning(&mut self, round: &said::Round, method: said::Method, number: usize) {
        use said::Method::{Equal, Pairwise, Priority, Static};
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
                round.unused == said::Unused::Owner,
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

/// The first few of some ids, each once.
fn some<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let mut once: Vec<&str> = Vec::new();
    for id in ids.filter(|id| !id.is_empty()) {
        if !once.contains(&id) {
            once.push(id);
        }
        if once.len() > 5 {
            return format!("{}, …", once[..5].join(", "));
        }
    }
    once.join(", ")
}

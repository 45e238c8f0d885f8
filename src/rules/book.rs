//! Reads rulebooks, and what a scenario changes in them: every fault at once, each where it is written.
//!
//! A rule has keys of its own, keys of its kind, and `versions`: the same keys with the numbers of some dates. What a
//! version does not write it takes from the rule. A scenario's `replace` is laid over the rule of the book: its keys win,
//! its versions win on their dates.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::exact::Exact;
use super::kinds::{self, KindEntry};
use super::rule::{Change, Rule, Version, Written, WrittenMoney, WrittenVersion};
use super::rulebook::{Rulebook, Vat, choices};
use super::terms::{Day, Status, date_of};
use crate::scenario::diagnostics::{Fault, Origin, Source, nearest};
use crate::scenario::plan::{self, Connection};
use crate::scenario::tree::{self, Node, Value};
use crate::scenario::{check_table, embedded, schema};

/// The books that are built in: name and text.
pub const BOOKS: &[(&str, &str)] = embedded!(
    "rulebooks",
    "nl",
    "at",
    "be-brussels",
    "be-flanders",
    "ch",
    "cz",
    "de",
    "es",
    "fr",
    "it",
    "lu",
    "pt",
    "sk",
);

/// A rulebook file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct BookFile {
    /// The book.
    #[schemars(required)]
    pub book: Option<BookHead>,
    /// Standard VAT by date.
    #[serde(default)]
    pub vat: Vec<WrittenVat>,
}

/// What a book is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct BookHead {
    /// Its name; ids of its rules begin with it.
    #[schemars(required)]
    pub name: Option<String>,
    /// What it holds, and how old its numbers are.
    #[schemars(required)]
    pub about: Option<String>,
}

/// Standard VAT from a day on.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct WrittenVat {
    /// First day.
    #[schemars(required)]
    pub valid_from: Option<Day>,
    /// VAT, as a part.
    #[schemars(required, range(min = 0.0, max = 1.0))]
    pub fraction: Option<Exact>,
    /// Where it is from.
    #[schemars(required)]
    pub source: Option<String>,
}

/// A rule before it is read: its table, and what the scenario did to it.
struct Draft {
    node: Node,
    change: Change,
    /// Versions that the scenario wrote: they win on their dates.
    over: Vec<Node>,
    is_contract: bool,
    path: &'static str,
}

impl Rulebook {
    /// Reads the book that a plan asks for, with all that its scenario changes.
    ///
    /// # Errors
    /// Every fault of the book and of the scenario's rules; warnings alone are no error and are added to `warnings`.
    pub fn read(
        rules: &plan::Rules,
        sharing: Option<&plan::SharedPrice>,
        warnings: &mut Vec<Fault>,
    ) -> Result<Rulebook, Vec<Fault>> {
        let mut faults = Vec::new();
        let book = read_all(rules, sharing, &mut faults);
        match book {
            Some(book) if !faults.iter().any(Fault::is_error) => {
                warnings.extend(faults);
                Ok(book)
            }
            _ => Err(faults),
        }
    }

    /// A built-in book as it is, without a scenario.
    ///
    /// # Errors
    /// If there is no book with this name, what there is; or its faults.
    pub fn built_in(name: &str) -> Result<Rulebook, Vec<Fault>> {
        let source = Source::new("book", name);
        let origin = Origin::new(&source, 0..name.len());
        let rules = plan::Rules { book: Some((name.to_owned(), origin.clone())), ..plan::Rules::empty(origin) };
        Rulebook::read(&rules, None, &mut Vec::new())
    }
}

fn read_all(rules: &plan::Rules, sharing: Option<&plan::SharedPrice>, faults: &mut Vec<Fault>) -> Option<Rulebook> {
    let mut book = Rulebook {
        name: String::new(),
        about: String::new(),
        rules: Vec::new(),
        vat: Vec::new(),
        choices: choices(rules),
    };
    let mut drafts = Vec::new();
    if let Some((name, origin)) = &rules.book {
        drafts = read_book(name, origin, &mut book, faults)?;
    }
    for node in &rules.contracts {
        add(
            &mut drafts,
            Draft {
                node: node.clone(),
                change: Change::Added,
                over: Vec::new(),
                is_contract: true,
                path: "rules.contracts",
            },
            &book.name,
            faults,
        );
    }
    for node in &rules.add {
        add(
            &mut drafts,
            Draft {
                node: node.clone(),
                change: Change::Added,
                over: Vec::new(),
                is_contract: false,
                path: "rules.add",
            },
            &book.name,
            faults,
        );
    }
    for node in &rules.replace {
        replace(&mut drafts, node, &book.name, faults);
    }
    for draft in drafts {
        book.rules.extend(read_rule(draft, &book, faults));
    }
    if let Some(price) = sharing {
        book.rules.push(super::kinds::Allocation::of_scenario(price, &book));
    }
    look_up(&mut book, rules, faults);
    Some(book)
}

/// Reads the head of a book, and its rules as drafts.
fn read_book(name: &str, origin: &Origin, book: &mut Rulebook, faults: &mut Vec<Fault>) -> Option<Vec<Draft>> {
    let source = if let Some((name, text)) = BOOKS.iter().find(|(known, _)| *known == name) {
        Source::new(format!("scenarios/rulebooks/{name}.toml"), *text)
    } else if Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
        let path = origin.folder().join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Source::new(path.display().to_string(), text),
            Err(error) => {
                faults.push(
                    Fault::error(
                        "kwartier::rules::unreadable",
                        format!("cannot read the rulebook {}: {error}", path.display()),
                    )
                    .at(origin, "asked for here")
                    .help(tree::file_help(&path)),
                );
                return None;
            }
        }
    } else {
        let names: Vec<&str> = BOOKS.iter().map(|(name, _)| *name).collect();
        let near = nearest(name, names.iter().copied());
        let near = near.map_or(String::new(), |near| format!("did you mean \"{near}\"? "));
        faults.push(
            Fault::error("kwartier::rules::unknown_book", format!("there is no rulebook \"{name}\""))
                .at(origin, "no such book")
                .help(format!(
                    "{near}built in: {}; or give the path of a book of your own, ending in .toml",
                    names.join(", ")
                )),
        );
        return None;
    };
    let mut root = tree::parse(&source, faults)?;
    let lists = ["rules", "contracts"].map(|list| take(&mut root, list));
    let language = schema::of_type::<BookFile>();
    check_table(&language, &mut root, "", true, faults);
    let head = BookFile::deserialize(root.to_toml()).unwrap_or_default();
    let named = head.book.unwrap_or_default();
    book.name = named.name.unwrap_or_default();
    book.about = named.about.unwrap_or_default();
    for vat in head.vat {
        if let (Some(Day(from)), Some(Exact(fraction)), Some(source)) = (vat.valid_from, vat.fraction, vat.source) {
            book.vat.push(Vat { from, fraction, source });
        }
    }
    book.vat.sort_by_key(|vat| vat.from);
    let mut drafts = Vec::new();
    for (list, is_contract, path) in [(&lists[0], false, "rules"), (&lists[1], true, "contracts")] {
        let Some(list) = list else { continue };
        if list.items().is_empty() {
            faults.push(
                Fault::error(
                    "kwartier::scenario::wrong_type",
                    format!("`{path}` is {}, expected a list of tables", list.kind()),
                )
                .at(&list.origin, "expected a list of tables")
                .help(format!("write each as [[{path}]] with its keys below it")),
            );
        }
        for node in list.items() {
            let draft = Draft { node: node.clone(), change: Change::None, over: Vec::new(), is_contract, path };
            add(&mut drafts, draft, &book.name, faults);
        }
    }
    Some(drafts)
}

fn take(node: &mut Node, name: &str) -> Option<Node> {
    let Value::Table(entries) = &mut node.value else { return None };
    let at = entries.iter().position(|(key, _)| key == name)?;
    Some(entries.remove(at).1)
}

/// The full name of a rule of a book.
fn named(id: &str, book: &str, known: &[&str]) -> Option<String> {
    let full = format!("{book}.{id}");
    [id, &full].into_iter().find(|id| known.contains(id)).map(str::to_owned)
}

fn add(drafts: &mut Vec<Draft>, draft: Draft, book: &str, faults: &mut Vec<Fault>) {
    if let Some(id) = draft.node.id() {
        let known: Vec<&str> = drafts.iter().filter_map(|draft| draft.node.id()).collect();
        if let Some(first) = drafts.iter().find(|known| known.node.id() == Some(id)) {
            let of_book = draft.change == Change::Added && first.change == Change::None;
            let (message, help) = if of_book {
                (
                    format!("the book has a rule \"{id}\" already"),
                    format!("to change it write [[rules.replace]] with id = \"{id}\", or give yours another id"),
                )
            } else {
                (
                    format!("two rules have the id \"{id}\""),
                    "give each an id of its own; numbers of other dates are `versions` of one rule".to_owned(),
                )
            };
            let place = draft.node.get("id").map_or(&draft.node.origin, |id| &id.origin);
            faults.push(Fault::error("kwartier::rules::same_id", message).at(place, "already used").help(help));
            return;
        }
        if draft.change == Change::Added && named(id, book, &known).is_some_and(|full| full != id) {
            let place = draft.node.get("id").map_or(&draft.node.origin, |id| &id.origin);
            faults.push(
                Fault::error(
                    "kwartier::rules::same_id",
                    format!("the book has a rule \"{book}.{id}\", which \"{id}\" also names"),
                )
                .at(place, "ambiguous")
                .help("give yours another id"),
            );
            return;
        }
    }
    drafts.push(draft);
}

/// Lays a scenario's table over a rule of the book.
fn replace(drafts: &mut [Draft], over: &Node, book: &str, faults: &mut Vec<Fault>) {
    let Some(id) = over.id() else {
        faults.push(
            Fault::error("kwartier::rules::missing_key", "[[rules.replace]] has no `id`")
                .at(&over.origin.first_line(), "needs `id`")
                .help("add id = \"…\", the id of a rule of the book: `kwartier rules list` shows them"),
        );
        return;
    };
    let known: Vec<&str> = drafts.iter().filter_map(|draft| draft.node.id()).collect();
    let Some(full) = named(id, book, &known) else {
        faults.push(unknown_rule(id, over.get("id").map_or(&over.origin, |id| &id.origin), &known));
        return;
    };
    let Some(draft) = drafts.iter_mut().find(|draft| draft.node.id() == Some(&full)) else { return };
    let mut over = over.clone();
    let versions = take(&mut over, "versions");
    take(&mut over, "id");
    draft.change = if draft.change == Change::Added { Change::Added } else { Change::Replaced };
    draft.over.extend(versions.iter().flat_map(|list| list.items().iter().cloned()));
    // A key of the rule wins over the same key of each version of the book.
    if let (Value::Table(keys), Some(Value::Array(items))) =
        (&over.value, entry_mut(&mut draft.node, "versions").map(|node| &mut node.value))
    {
        for item in items {
            if let Value::Table(entries) = &mut item.value {
                entries
                    .retain(|(key, _)| VERSION_KEYS.contains(&key.as_str()) || !keys.iter().any(|(own, _)| own == key));
            }
        }
    }
    tree::merge(&mut draft.node, over, faults);
}

fn entry_mut<'a>(node: &'a mut Node, name: &str) -> Option<&'a mut Node> {
    match &mut node.value {
        Value::Table(entries) => entries.iter_mut().find(|(key, _)| key == name).map(|(_, node)| node),
        _ => None,
    }
}

fn unknown_rule(id: &str, origin: &Origin, known: &[&str]) -> Fault {
    let help = match nearest(id, known.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"? `kwartier rules list` shows all"),
        None => "`kwartier rules list` shows the rules of the book".to_owned(),
    };
    Fault::error("kwartier::rules::unknown_rule", format!("there is no rule \"{id}\""))
        .at(origin, "no such rule")
        .help(help)
}

/// Keys of a version that are not numbers of the rule.
const VERSION_KEYS: [&str; 5] = ["valid_from", "valid_to", "status", "source", "as"];

/// The key that a person would set first in a version of a rule of this kind.
pub(super) fn main_key(kind: &str) -> &'static str {
    match kind {
        "levy" => "brackets",
        "credit" => "eur_per_year",
        "network-tariff" => "classes",
        "energy-price" => "import_eur_per_kwh",
        "price-floor" => "share_of_import_price",
        "feed-in-fee" => "eur_per_kwh",
        "production-premium" => "base_eur_per_kwh",
        _ => "the key",
    }
}

fn read_rule(mut draft: Draft, book: &Rulebook, faults: &mut Vec<Fault>) -> Option<Rule> {
    if draft.is_contract {
        as_energy_price(&mut draft.node);
        draft.over.iter_mut().for_each(as_energy_price);
    }
    let entry = kind_of(&draft, faults)?;
    let language = rule_schema(entry);
    let before = errors(faults);
    // What a rule leaves out its versions may have: nothing is missing yet.
    check_table(&language, &mut draft.node, draft.path, false, faults);
    let versions = take(&mut draft.node, "versions");
    let version_language = &language["properties"]["versions"]["items"];
    for node in &mut draft.over {
        check_table(version_language, node, "versions", false, faults);
    }
    let written = Written::deserialize(draft.node.to_toml()).unwrap_or_default();
    let place = draft.node.origin.first_line();
    let id = match (&written.id, draft.node.get("id").is_some_and(Node::is_wrong)) {
        (Some(id), _) => id.clone(),
        (None, true) => return None,
        (None, false) => {
            let message = format!("a rule of kind \"{}\" has no `id`", entry.name);
            faults.push(
                Fault::error("kwartier::rules::missing_key", message).at(&place, "needs `id`").help("add id = \"…\""),
            );
            return None;
        }
    };
    let in_book = draft.change == Change::None;
    if in_book && written.source.is_none() && draft.node.get("source").is_none() {
        let message = format!("the rule \"{id}\" does not say where its numbers are from");
        faults.push(
            Fault::error("kwartier::rules::missing_key", message)
                .at(&place, "needs `source`")
                .help("add source = \"…\": a law, a price list, a page with its date"),
        );
    }
    let dates = (written.valid_from.map(|day| day.0), written.valid_to.map(|day| day.0));
    check_dates(dates, &draft.node, &id, faults);
    let spans = version_spans(versions.as_ref(), &draft, dates, &id, faults);
    let place_of_max = draft.node.get("max_connection").map_or(&place, |node| &node.origin);
    let max_connection = written.max_connection.as_deref().and_then(|words| connection(words, place_of_max, faults));
    let status = written.status.unwrap_or(Status::InForce);
    let source = written.source.clone().unwrap_or_else(|| "the scenario".to_owned());
    let mut read = Vec::new();
    for (from, to, node) in spans {
        let version = WrittenVersion::deserialize(node.to_toml()).unwrap_or_default();
        let Some((instrument, money)) = read_version(&node, entry, &id, draft.is_contract, book, faults) else {
            continue;
        };
        read.push(Version {
            from,
            to,
            status: version.status.unwrap_or(status),
            source: version.source.unwrap_or_else(|| source.clone()),
            vat_fraction: money.vat_fraction.map(|vat| vat.0).or_else(|| {
                let day = from.or(dates.0).unwrap_or(Date::constant(2024, 1, 1));
                (draft.is_contract).then(|| book.vat_on(day.max(Date::constant(2024, 1, 1))))
            }),
            base: money.base,
            instrument,
            written: own_keys(&node, entry),
        });
    }
    if errors(faults) > before {
        return None;
    }
    Some(Rule {
        kind: entry.name,
        title: written.title.unwrap_or_else(|| entry.about.to_owned()),
        about: written.about.unwrap_or_default(),
        mode: written.mode,
        status,
        valid_from: dates.0,
        valid_to: dates.1,
        source,
        payer: written.payer.unwrap_or(entry.payer),
        payee: written.payee.unwrap_or(entry.payee),
        who: written.who.unwrap_or_else(|| entry.who.to_vec()),
        max_connection,
        members_only: written.members_only,
        operator: written.operator,
        on_request: written.on_request || draft.is_contract,
        geography: written.geography.map(|geography| (geography, written.distance_km.map(|km| km.0))),
        kw_per_member: written.kw_per_member.map(|kw| kw.0),
        one_member_per_address: written.one_member_per_address,
        settled: written.settled.unwrap_or(entry.settled),
        excludes: written.excludes,
        versions: read,
        change: draft.change,
        origin: place,
        id,
    })
}

fn connection(words: &str, place: &Origin, faults: &mut Vec<Fault>) -> Option<Connection> {
    let connection = Connection::parse(words);
    if connection.is_none() {
        faults.push(
            Fault::error("kwartier::rules::connection", format!("\"{words}\" is not a connection"))
                .at(place, "not a connection")
                .help("write phases and fuse: \"3x80A\""),
        );
    }
    connection
}

/// The keys of a kind in a version, as they were written.
fn own_keys(node: &Node, entry: &KindEntry) -> Json {
    let own = (entry.schema)();
    let known = |key: &str| own["properties"].get(key).is_some() || ["vat_fraction", "base"].contains(&key);
    let Value::Table(entries) = &node.value else { return Json::Null };
    let keys = entries.iter().filter(|(key, _)| known(key));
    keys.map(|(key, node)| (key.clone(), crate::scenario::as_json(&node.to_toml())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn errors(faults: &[Fault]) -> usize {
    faults.iter().filter(|fault| fault.is_error()).count()
}

/// A contract's `kind` is its tariff: a contract is a rule of the kind energy-price.
fn as_energy_price(node: &mut Node) {
    if let Value::Table(entries) = &mut node.value {
        for (key, _) in entries.iter_mut().filter(|(key, _)| key == "kind") {
            "tariff".clone_into(key);
        }
    }
}

fn kind_of(draft: &Draft, faults: &mut Vec<Fault>) -> Option<&'static KindEntry> {
    if draft.is_contract {
        return kinds::find("energy-price");
    }
    let names = || kinds::KINDS.iter().map(|kind| kind.name);
    let place = draft.node.origin.first_line();
    let (fault, origin) = match draft.node.get("kind") {
        None => {
            let id = draft.node.id().unwrap_or("without an id");
            (Fault::error("kwartier::rules::missing_key", format!("the rule \"{id}\" has no `kind`")), place)
        }
        Some(Node { value: Value::Scalar(toml::Value::String(name)), origin, .. }) => {
            if let Some(entry) = kinds::find(name) {
                return Some(entry);
            }
            let fault = Fault::error("kwartier::rules::unknown_kind", format!("there is no kind of rule \"{name}\""));
            let near = nearest(name, names()).map_or(String::new(), |near| format!("did you mean \"{near}\"? "));
            faults.push(
                fault
                    .at(origin, "no such kind")
                    .help(format!("{near}kinds: {}", names().collect::<Vec<_>>().join(", "))),
            );
            return None;
        }
        Some(node) => (
            Fault::error("kwartier::scenario::wrong_type", format!("`kind` is {}, expected a text", node.kind())),
            node.origin.clone(),
        ),
    };
    faults.push(fault.at(&origin, "needs `kind`").help(format!("kinds: {}", names().collect::<Vec<_>>().join(", "))));
    None
}

/// The schema of a rule of a kind: the keys of every rule, of the kind, and its versions.
pub fn rule_schema(entry: &KindEntry) -> Json {
    let mut rule = schema::of_type::<Written>();
    let mut version = schema::of_type::<WrittenVersion>();
    let own = (entry.schema)();
    let money = if entry.has_vat {
        schema::of_type::<WrittenMoney>()
    } else {
        json!({ "properties": { "base": schema::of_type::<WrittenMoney>()["properties"]["base"] } })
    };
    for part in [&own, &money] {
        for target in [&mut rule, &mut version] {
            for (key, schema) in part["properties"].as_object().into_iter().flatten() {
                target["properties"][key] = schema.clone();
            }
        }
    }
    rule["properties"]["versions"] = json!({
        "type": "array",
        "description": "The numbers of some dates; what a version does not write it takes from the rule.",
        "items": version,
    });
    rule
}

fn check_dates(dates: (Option<Date>, Option<Date>), node: &Node, id: &str, faults: &mut Vec<Fault>) {
    if let (Some(from), Some(to)) = dates
        && to < from
    {
        let place = node.get("valid_to").map_or(&node.origin, |node| &node.origin);
        faults.push(
            Fault::error("kwartier::rules::dates", format!("\"{id}\" ends on {to}, before it begins on {from}"))
                .at(place, "before `valid_from`")
                .help("`valid_from` is the first day and `valid_to` the last"),
        );
    }
}

/// A version before its numbers are read: its dates and its table, with all keys in it.
type VersionSpan = (Option<Date>, Option<Date>, Node);

/// The versions of a rule with their dates, the scenario's laid over the book's; overlaps are faults.
fn version_spans(
    versions: Option<&Node>,
    draft: &Draft,
    dates: (Option<Date>, Option<Date>),
    id: &str,
    faults: &mut Vec<Fault>,
) -> Vec<VersionSpan> {
    let items = versions.map_or(&[][..], Node::items);
    let mut spans = dated(items, items, draft, dates, id, faults);
    if spans.is_empty() && !items.is_empty() {
        // None of them has a day, which was said.
        return Vec::new();
    }
    if spans.is_empty() && draft.over.is_empty() {
        return vec![(dates.0, dates.1, with_rule_keys(&draft.node, draft))];
    }
    if spans.is_empty() {
        spans.push((dates.0, dates.1, with_rule_keys(&draft.node, draft)));
    }
    let own: Vec<Node> = draft.over.iter().chain(items).cloned().collect();
    for (from, to, node) in dated(&draft.over, &own, draft, dates, id, faults) {
        spans = spans.into_iter().flat_map(|span| cut_out(span, from, to)).collect();
        spans.push((from, to, node));
        spans.sort_by_key(|(from, _, _)| *from);
    }
    spans
}

/// What is left of a version outside of some dates.
fn cut_out((from, to, node): VersionSpan, other_from: Option<Date>, other_to: Option<Date>) -> Vec<VersionSpan> {
    let begins_before = other_from.filter(|other| from.is_none_or(|from| from < *other));
    let ends_after = other_to.filter(|other| to.is_none_or(|to| to > *other));
    let is_apart = other_from.is_some_and(|other| to.is_some_and(|to| to < other))
        || other_to.is_some_and(|other| from.is_some_and(|from| from > other));
    if is_apart {
        return vec![(from, to, node)];
    }
    let mut left = Vec::new();
    if let Some(other) = begins_before {
        left.push((from, other.yesterday().ok(), node.clone()));
    }
    if let Some(other) = ends_after {
        left.push((other.tomorrow().ok(), to, node));
    }
    left
}

/// The dates of some versions, in their order, each with the keys that it takes from others and from the rule.
fn dated(
    items: &[Node],
    all: &[Node],
    draft: &Draft,
    dates: (Option<Date>, Option<Date>),
    id: &str,
    faults: &mut Vec<Fault>,
) -> Vec<VersionSpan> {
    let day = |node: &Node, key: &str| match &node.get(key)?.value {
        Value::Scalar(toml::Value::Datetime(written)) => date_of(written),
        _ => None,
    };
    let mut dated: Vec<(Date, Option<Date>, &Node)> = Vec::new();
    for node in items {
        let Some(from) = day(node, "valid_from") else {
            if node.get("valid_from").is_none_or(|node| !node.is_wrong()) {
                faults.push(
                    Fault::error("kwartier::rules::missing_key", format!("a version of \"{id}\" has no `valid_from`"))
                        .at(&node.origin.first_line(), "needs `valid_from`")
                        .help("add the first day of its numbers: valid_from = 2027-01-01"),
                );
            }
            continue;
        };
        check_dates((Some(from), day(node, "valid_to")), node, id, faults);
        dated.push((from, day(node, "valid_to"), node));
    }
    dated.sort_by_key(|(from, _, _)| *from);
    for pair in dated.windows(2) {
        let ((first, end, _), (next, _, node)) = (&pair[0], &pair[1]);
        if first == next || end.is_some_and(|end| end >= *next) {
            let until = end.map_or(String::new(), |end| format!(" to {end}"));
            faults.push(
                Fault::error(
                    "kwartier::rules::overlap",
                    format!("two versions of \"{id}\" hold on {next}: one from {first}{until}, one from {next}"),
                )
                .at(node.get("valid_from").map_or(&node.origin, |node| &node.origin), "begins before the other ends")
                .help("let each version end before the next begins: valid_to is its last day"),
            );
        }
    }
    let next_from: Vec<Option<Date>> = (0..dated.len()).map(|at| dated.get(at + 1).map(|next| next.0)).collect();
    let version = |((from, to, node), next): ((Date, Option<Date>, &Node), Option<Date>)| {
        let to = to.or(next.and_then(|next| next.yesterday().ok())).or(dates.1);
        (Some(from), to, complete(node, all, draft, id, faults))
    };
    dated.into_iter().zip(next_from).map(version).collect()
}

/// A version with the keys that it takes from another version, and from the rule.
fn complete(node: &Node, all: &[Node], draft: &Draft, id: &str, faults: &mut Vec<Fault>) -> Node {
    let mut whole = node.clone();
    let mut seen = BTreeSet::new();
    while let Some(like) = take(&mut whole, "as") {
        let Value::Scalar(toml::Value::Datetime(written)) = &like.value else { break };
        let wanted = date_of(written);
        let is_it = |other: &&Node| match other.get("valid_from").map(|node| &node.value) {
            Some(Value::Scalar(toml::Value::Datetime(from))) => date_of(from) == wanted,
            _ => false,
        };
        let other = all.iter().find(is_it).filter(|_| seen.insert(wanted));
        let Some(other) = other else {
            faults.push(
                Fault::error(
                    "kwartier::rules::unknown_version",
                    format!("\"{id}\" has no other version from {written}"),
                )
                .at(&like.origin, "no such version")
                .help("write the first day of another version of this rule"),
            );
            break;
        };
        fill(&mut whole, other, &["valid_from", "valid_to", "status", "source"]);
    }
    with_rule_keys(&whole, draft)
}

/// A version with the keys of its rule.
fn with_rule_keys(node: &Node, draft: &Draft) -> Node {
    let mut whole = node.clone();
    fill(&mut whole, &draft.node, &["valid_from", "valid_to", "status", "source"]);
    whole
}

/// Adds the keys of another table that are not there yet.
fn fill(node: &mut Node, from: &Node, except: &[&str]) {
    let (Value::Table(entries), Value::Table(others)) = (&mut node.value, &from.value) else { return };
    for (key, value) in others {
        if !except.contains(&key.as_str()) && !entries.iter().any(|(known, _)| known == key) {
            entries.push((key.clone(), value.clone()));
        }
    }
}

/// Reads the numbers of a version, with all its keys in the table.
fn read_version(
    node: &Node,
    entry: &KindEntry,
    id: &str,
    is_contract: bool,
    book: &Rulebook,
    faults: &mut Vec<Fault>,
) -> Option<(Box<dyn super::kinds::Kind>, WrittenMoney)> {
    let place = node.origin.first_line();
    let own = (entry.schema)();
    let mut is_good = !node.has_wrong();
    for key in own["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        if node.get(key).is_none() {
            is_good = false;
            let about = own["properties"][key]["description"].as_str().unwrap_or("").replace('\n', " ");
            faults.push(
                Fault::error(
                    "kwartier::rules::missing_key",
                    format!("\"{id}\" has no `{key}`, which a rule of kind \"{}\" needs", entry.name),
                )
                .at(&place, format!("needs `{key}`"))
                .help(format!("add `{key} = …`: {about}")),
            );
        }
    }
    if let Value::Table(entries) = &node.value {
        for (key, child) in entries {
            let both = key.strip_suffix("_incl_vat").is_some_and(|short| node.get(short).is_some());
            if both {
                is_good = false;
                let short = key.trim_end_matches("_incl_vat");
                faults.push(
                    Fault::error("kwartier::rules::both_vat", format!("\"{id}\" has both `{short}` and `{key}`"))
                        .at(&child.key, "one of the two")
                        .help("write the one that the source gives; the other follows from it and `vat_fraction`"),
                );
            }
        }
    }
    is_good &= rates_are_possible(node, id, faults);
    let money = WrittenMoney::deserialize(node.to_toml()).unwrap_or_default();
    let vat_is_known = node.get("vat_fraction").is_some() || (is_contract && !book.vat.is_empty());
    if entry.has_vat && !vat_is_known && is_good {
        is_good = false;
        let example = if is_contract { "the book has no [[vat]] to take it from; " } else { "" };
        faults.push(
            Fault::error("kwartier::rules::vat", format!("\"{id}\" does not say what VAT is on it"))
                .at(&place, "needs `vat_fraction`")
                .help(format!("{example}add vat_fraction = 0.21, or 0 where there is none")),
        );
    }
    if !is_good {
        return None;
    }
    match (entry.read)(node.to_toml()) {
        Ok(instrument) => {
            instrument.check(node, faults);
            Some((instrument, money))
        }
        Err(error) => {
            faults.push(
                Fault::error("kwartier::rules::unread", format!("cannot read the rule \"{id}\": {}", error.message()))
                    .at(&place, "here")
                    .help("this should have been found earlier: please report it with the rule"),
            );
            None
        }
    }
}

/// Refuses rates per unit that no rule can have: a slip of the pen, and beyond what sums in cents can hold.
fn rates_are_possible(node: &Node, id: &str, faults: &mut Vec<Fault>) -> bool {
    let children: Vec<(&str, &Node)> = match &node.value {
        Value::Table(entries) => entries.iter().map(|(key, child)| (key.as_str(), child)).collect(),
        Value::Array(items) => items.iter().map(|item| ("", item)).collect(),
        Value::Scalar(_) | Value::Wrong => Vec::new(),
    };
    let mut all_possible = true;
    for (key, child) in children {
        let number = match &child.value {
            Value::Scalar(toml::Value::Float(number)) => *number,
            Value::Scalar(toml::Value::Integer(number)) => *number as f64,
            _ => {
                all_possible &= rates_are_possible(child, id, faults);
                continue;
            }
        };
        if key.contains("eur_per_") && number.abs() > LARGEST_RATE_EUR {
            all_possible = false;
            faults.push(
                Fault::error("kwartier::rules::rate", format!("`{key}` of \"{id}\" is {number} EUR"))
                    .at(&child.origin, "no rate is as large")
                    .help(format!(
                        "write a number within ± {LARGEST_RATE_EUR}: EUR, not cents, per unit that the key names"
                    )),
            );
        }
    }
    all_possible
}

/// The largest rate per unit, EUR: with the largest reading it stays far within cents in 64 bits.
const LARGEST_RATE_EUR: f64 = 1e6;

/// Looks up the ids that a scenario and the rules name, and whether rules go together.
fn look_up(book: &mut Rulebook, rules: &plan::Rules, faults: &mut Vec<Fault>) {
    let known: Vec<String> = book.rules.iter().map(|rule| rule.id.clone()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let all_read = !faults.iter().any(Fault::is_error);
    let find = |id: &str, origin: &Origin, faults: &mut Vec<Fault>| {
        let found = named(id, &book.name, &known);
        if found.is_none() && all_read {
            faults.push(unknown_rule(id, origin, &known));
        }
        found
    };
    let mut off: BTreeSet<String> = rules.off.iter().filter_map(|(id, origin)| find(id, origin, faults)).collect();
    if let Some(only) = &rules.only {
        let only: BTreeSet<String> = only.iter().filter_map(|(id, origin)| find(id, origin, faults)).collect();
        let of_book = |rule: &&Rule| rule.change == Change::None && rule.kind != "energy-price";
        off.extend(book.rules.iter().filter(of_book).map(|rule| rule.id.clone()).filter(|id| !only.contains(id)));
    }
    book.choices.off = off;
    for (id, origin) in &rules.premiums {
        find(id, origin, faults);
    }
    if let Some((id, origin)) = &rules.contract {
        let contracts: Vec<&str> =
            book.rules.iter().filter(|rule| rule.kind == "energy-price").map(|rule| rule.id.as_str()).collect();
        match named(id, &book.name, &contracts) {
            Some(full) => book.choices.contract = Some(full),
            None if all_read => {
                let near = nearest(id, contracts.iter().map(|full| full.rsplit('.').next().unwrap_or(full)));
                let near = near.map_or(String::new(), |near| format!("did you mean \"{near}\"? "));
                faults.push(
                    Fault::error("kwartier::rules::contract", format!("there is no supply contract \"{id}\""))
                        .at(origin, "no such contract")
                        .help(format!(
                            "{near}there are {}; or write your own: [[rules.contracts]]",
                            contracts.join(", ")
                        )),
                );
            }
            None => {}
        }
    }
    if let Some((operator, origin)) = &rules.operator {
        let operators: BTreeSet<&str> = book.rules.iter().filter_map(|rule| rule.operator.as_deref()).collect();
        if !operators.contains(operator.as_str()) && all_read {
            let near = nearest(operator, operators.iter().copied());
            let near = near.map_or(String::new(), |near| format!("did you mean \"{near}\"? "));
            let operators: Vec<&str> = operators.into_iter().collect();
            faults.push(
                Fault::error("kwartier::rules::operator", format!("no rule is of a grid operator \"{operator}\""))
                    .at(origin, "no such operator")
                    .help(format!("{near}the book has tariffs of {}", operators.join(", "))),
            );
        }
    }
    let tariffs: BTreeSet<&str> = book.rules.iter().filter_map(|rule| rule.operator.as_deref()).collect();
    if rules.operator.is_none() && !tariffs.is_empty() && all_read && rules.only.is_none() {
        let tariffs: Vec<&str> = tariffs.into_iter().collect();
        faults.push(
            Fault::warning(
                "kwartier::rules::no_operator",
                "no grid operator: network tariffs by operator are not billed",
            )
            .at(&rules.origin, "has no `operator`")
            .help(format!("add operator = \"…\" to [rules]: {}", tariffs.join(", "))),
        );
    }
    for rule in &book.rules {
        let fees =
            rule.versions.iter().filter_map(|version| version.instrument.as_energy_price()?.feed_in_fee.as_deref());
        for id in fees.chain(rule.excludes.iter().map(String::as_str)) {
            find(id, &rule.origin, faults);
        }
    }
    for (at, rule) in book.rules.iter().enumerate() {
        for other in book.rules.iter().skip(at + 1) {
            let excludes = rule.excludes.contains(&other.id) || other.excludes.contains(&rule.id);
            let is_on = |rule: &Rule| !rule.on_request && !book.is_off(rule);
            let overlap = rule.valid_from.is_none_or(|from| other.valid_to.is_none_or(|to| from <= to))
                && other.valid_from.is_none_or(|from| rule.valid_to.is_none_or(|to| from <= to));
            if excludes && overlap && is_on(rule) && is_on(other) {
                let place = if other.change == Change::None { rules.origin.clone() } else { other.origin.clone() };
                faults.push(
                    Fault::error(
                        "kwartier::rules::excluded",
                        format!("\"{}\" and \"{}\" exclude each other, and both hold", rule.id, other.id),
                    )
                    .at(&place, "cannot hold together")
                    .help(format!("switch one off: off = [\"{}\"]", rule.id)),
                );
            }
        }
    }
}

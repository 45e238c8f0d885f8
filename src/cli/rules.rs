//! `kwartier rules`: what is in force, with its source; one rule in full; one rule tried on stated inputs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Args, Subcommand};
use comfy_table::{ContentArrangement, Table, presets};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::json;

use super::output::{Stop, print, print_json};
use super::{Common, Format};
use crate::report::align_right;
use crate::report::bills::{knowledge_words, money};
use crate::rules::attempt::{Given, Working};
use crate::rules::bill::{eur, number};
use crate::rules::exact::{cents, shown};
use crate::rules::rule::{Numbers, Rule, Version};
use crate::rules::rulebook::Rulebook;
use crate::rules::terms::{Status, word};
use crate::scenario::diagnostics::nearest;

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// Every rule that holds on a day, with its status and source
    List(ListArgs),
    /// One rule in full: who pays whom, on what, every version with its numbers and source
    Show(ShowArgs),
    /// Apply one rule to stated inputs, and print the formula and the amount
    Try(TryArgs),
}

#[derive(Args, Debug)]
pub(super) struct BookArgs {
    /// The rulebook: a built-in one, or the path of one of your own
    #[arg(long, value_name = "NAME", default_value = "nl")]
    book: String,
}

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    book: BookArgs,
    /// The day; without one, every rule of the book whatever its dates
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// Only rules with this status
    #[arg(long, value_name = "STATUS", value_parser = ["in-force", "announced", "proposed", "lapsed", "assumed"])]
    status: Option<String>,
    /// Only rules of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct ShowArgs {
    /// The rule's id, with or without the book's name
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    book: BookArgs,
    /// Only the numbers of this day
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct TryArgs {
    /// The rule's id, with or without the book's name
    #[arg(value_name = "ID")]
    id: String,
    /// An input, e.g. kwh=3000; may be given more than once. Without any, the inputs that the rule takes are printed
    #[arg(long, value_name = "KEY=VALUE")]
    with: Vec<String>,
    /// The day. Default: the last day of the rule's last numbers, or today's year where they have no end
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    #[command(flatten)]
    book: BookArgs,
}

pub(super) fn rules(command: &RulesCommand, common: &Common) -> Result<(), Stop> {
    match command {
        RulesCommand::List(args) => list(args, common),
        RulesCommand::Show(args) => show(args, common),
        RulesCommand::Try(args) => attempt(args, common),
    }
}

fn read(args: &BookArgs) -> Result<Rulebook, Stop> {
    Rulebook::built_in(&args.book).map_err(Stop::Input)
}

fn day(option: Option<&String>) -> Result<Option<Date>, Stop> {
    let parse = |text: &String| {
        text.parse().map_err(|_| Stop::Usage(format!("--on: \"{text}\" is not a day; write it as 2026-07-01")))
    };
    option.map(parse).transpose()
}

fn find<'a>(book: &'a Rulebook, id: &str) -> Result<&'a Rule, Stop> {
    book.find(id).ok_or_else(|| {
        let short = |id: &'a str| id.strip_prefix(&format!("{}.", book.name)).unwrap_or(id);
        let ids = book.rules.iter().flat_map(|rule| [rule.id.as_str(), short(&rule.id)]);
        let hint = match nearest(id, ids) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "`kwartier rules list` shows them".to_owned(),
        };
        Stop::Usage(format!("the book {} has no rule \"{id}\"; {hint}", book.name))
    })
}

/// From when to when, in words.
fn dates(from: Option<Date>, to: Option<Date>) -> String {
    match (from, to) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(to)) => format!("until {to}"),
        (Some(from), Some(to)) => format!("{from} to {to}"),
    }
}

fn list(args: &ListArgs, common: &Common) -> Result<(), Stop> {
    let book = read(&args.book)?;
    let on = day(args.on.as_ref())?;
    if let Some(kind) = &args.kind
        && crate::rules::kinds::find(kind).is_none()
    {
        let kinds: Vec<&str> = crate::rules::kinds::KINDS.iter().map(|kind| kind.name).collect();
        return Err(Stop::Usage(format!("--kind: there is no kind \"{kind}\"; there are {}", kinds.join(", "))));
    }
    let status = |rule: &Rule| match on.map(|on| rule.numbers_on(on)) {
        Some(Some(Numbers::Known(version))) => version.status,
        _ => rule.status,
    };
    let is_listed = |rule: &&Rule| {
        let holds = on
            .is_none_or(|on| rule.valid_from.is_none_or(|from| from <= on) && rule.valid_to.is_none_or(|to| on <= to));
        // Without a day, a rule is also listed for what some of its numbers are.
        let has_status = |wanted: &String| {
            word(&status(rule)) == *wanted
                || (on.is_none() && rule.versions.iter().any(|version| word(&version.status) == *wanted))
        };
        holds && args.status.as_ref().is_none_or(has_status) && args.kind.as_ref().is_none_or(|kind| rule.kind == kind)
    };
    let rules: Vec<&Rule> = book.rules.iter().filter(is_listed).collect();
    if common.format == Format::Json {
        let rule = |rule: &&Rule| {
            json!({
                "id": rule.id,
                "kind": rule.kind,
                "title": rule.title,
                "valid_from": rule.valid_from.map(|day| day.to_string()),
                "valid_to": rule.valid_to.map(|day| day.to_string()),
                "status": word(&status(rule)),
                "numbers": on.map(|on| knowledge_words(rule.numbers_on(on))),
                "mode": rule.mode.map(|mode| word(&mode)),
                "source": rule.source,
            })
        };
        let rules: Vec<_> = rules.iter().map(rule).collect();
        let on = on.map(|on| on.to_string());
        return print_json(&json!({ "schema": 1, "book": book.name, "on": on, "rules": rules }));
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(140);
    table.set_header(["rule", "kind", "what", "holds", "status", "numbers", "source"]);
    for rule in &rules {
        let numbers = if let Some(on) = on {
            knowledge_words(rule.numbers_on(on)).to_owned()
        } else {
            let count = rule.versions.len();
            format!("{count} version{}", if count == 1 { "" } else { "s" })
        };
        table.add_row([
            rule.id.clone(),
            rule.kind.to_owned(),
            rule.title.clone(),
            dates(rule.valid_from, rule.valid_to),
            word(&status(rule)),
            numbers,
            rule.source.clone(),
        ]);
    }
    let on = on.map_or("of any day".to_owned(), |on| format!("on {on}"));
    print(&format!("{}\n{} rules {on}\n{table}\n", book.about, rules.len()))
}

fn show(args: &ShowArgs, common: &Common) -> Result<(), Stop> {
    let book = read(&args.book)?;
    let rule = find(&book, &args.id)?;
    let on = day(args.on.as_ref())?;
    let versions: Vec<&Version> =
        rule.versions.iter().filter(|version| on.is_none_or(|on| version.holds_on(on))).collect();
    if let (Some(on), true) = (on, versions.is_empty()) {
        return Err(Stop::Usage(format!("--on: {} has no numbers of {on}", rule.id)));
    }
    if common.format == Format::Json {
        let version = |version: &&Version| {
            json!({
                "valid_from": version.from.map(|day| day.to_string()),
                "valid_to": version.to.map(|day| day.to_string()),
                "status": word(&version.status),
                "source": version.source,
                "vat_fraction": version.vat_fraction.map(number),
                "numbers": version.written,
            })
        };
        return print_json(&json!({
            "schema": 1,
            "id": rule.id,
            "kind": rule.kind,
            "title": rule.title,
            "about": rule.about,
            "mode": rule.mode.map(|mode| word(&mode)),
            "status": word(&rule.status),
            "valid_from": rule.valid_from.map(|day| day.to_string()),
            "valid_to": rule.valid_to.map(|day| day.to_string()),
            "source": rule.source,
            "payer": word(&rule.payer),
            "payee": word(&rule.payee),
            "who": rule.who.iter().map(word).collect::<Vec<_>>(),
            "settled": word(&rule.settled),
            "versions": versions.iter().map(version).collect::<Vec<_>>(),
        }));
    }
    let mut text = format!("{}: {}\n", rule.id, rule.title);
    let mut say = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {name:<12} {value}");
        }
    };
    let about = crate::rules::kinds::find(rule.kind).map_or("", |kind| kind.about);
    say("kind", format!("{} ({about})", rule.kind));
    say("about", rule.about.clone());
    say("mode", rule.mode.map(|mode| word(&mode)).unwrap_or_default());
    say("holds", format!("{}, {}", dates(rule.valid_from, rule.valid_to), word(&rule.status)));
    say("money", format!("{} pays {}", word(&rule.payer), word(&rule.payee)));
    say("for", rule.who.iter().map(word).collect::<Vec<_>>().join(", "));
    say("up to", rule.max_connection.map(|connection| connection.to_string()).unwrap_or_default());
    say("operator", rule.operator.clone().unwrap_or_default());
    say(
        "within",
        rule.geography
            .map(|(geography, km)| {
                format!("{}{}", word(&geography), km.map_or(String::new(), |km| format!(", {km} km")))
            })
            .unwrap_or_default(),
    );
    say("members", rule.kw_per_member.map(|kw| format!("at least one for each {kw} kW")).unwrap_or_default());
    say("settled", word(&rule.settled));
    say("excludes", rule.excludes.join(", "));
    say("source", rule.source.clone());
    for version in versions {
        let status = if version.status == rule.status { String::new() } else { format!(", {}", word(&version.status)) };
        let _ = writeln!(text, "\n  {}{status}", dates(version.from, version.to));
        if version.source != rule.source {
            let _ = writeln!(text, "    source: {}", version.source);
        }
        for line in &version.written_lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    print(&text)
}

fn attempt(args: &TryArgs, common: &Common) -> Result<(), Stop> {
    let book = read(&args.book)?;
    let rule = find(&book, &args.id)?;
    let last = rule.versions.last();
    let on = match day(args.on.as_ref())? {
        Some(on) => on,
        None => last.and_then(|version| version.to.or(version.from)).unwrap_or_else(|| Date::constant(2026, 1, 1)),
    };
    let version = match rule.numbers_on(on) {
        Some(Numbers::Known(version)) => version,
        Some(Numbers::LastKnown(version)) => {
            let last = version.to.map_or(String::new(), |to| format!(", the last are of {to}"));
            return Err(Stop::Usage(format!("--on: {} has no numbers of {on}{last}", rule.id)));
        }
        None => return Err(Stop::Usage(format!("--on: {} has no numbers of {on}", rule.id))),
    };
    let inputs = version.instrument.inputs();
    let mut values = BTreeMap::new();
    for words in &args.with {
        let Some((key, value)) = words.split_once('=') else {
            return Err(Stop::Usage(format!("--with: \"{words}\" is not of the form key=value, e.g. kwh=3000")));
        };
        values.insert(key.trim().to_owned(), value.trim().to_owned());
    }
    // What the rule itself says of its members need not be said again.
    if let Some(kw) = rule.kw_per_member.filter(|_| inputs.iter().any(|input| input.name == "kw_per_member")) {
        let is_tried = !values.is_empty();
        if is_tried {
            values.entry("kw_per_member".to_owned()).or_insert(kw.to_string());
        }
    }
    let needs_some = inputs.iter().any(|input| input.is_required);
    if values.is_empty() && needs_some {
        let mut text = format!("{} ({}) takes:\n", rule.id, rule.title);
        for input in &inputs {
            let must = if input.is_required { "required" } else { "optional" };
            let _ = writeln!(text, "  --with {}=…  {must}: {}", input.name, input.about);
        }
        return print(&text);
    }
    let vat = version.vat_fraction.unwrap_or(Decimal::ZERO);
    let usage = |error: crate::rules::attempt::GivenError| Stop::Usage(format!("{}: {error}", rule.id));
    let given = Given::new(values, &inputs, on, vat).map_err(usage)?;
    let workings = version.instrument.attempt(&given).map_err(usage)?;
    if common.format == Format::Json {
        let working = |working: &Working| {
            let value =
                if working.unit == "EUR" { eur(cents(working.value)) } else { number(working.value.round_dp(9)) };
            json!({ "what": working.what, "formula": working.formula, "value": value, "unit": working.unit })
        };
        return print_json(&json!({
            "schema": 1,
            "rule": rule.id,
            "on": on.to_string(),
            "status": word(&version.status),
            "source": version.source,
            "workings": workings.iter().map(working).collect::<Vec<_>>(),
        }));
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(120);
    table.set_header(["what", "formula", "value", "unit"]);
    for working in &workings {
        let value = if working.unit == "EUR" { money(cents(working.value)) } else { shown(working.value, 0, 6) };
        table.add_row([working.what.clone(), working.formula.clone(), value, working.unit.to_owned()]);
    }
    align_right(&mut table, [2]);
    let status = if version.status == Status::InForce { String::new() } else { format!(", {}", word(&version.status)) };
    print(&format!("{} on {on}{status}: {}\nsource: {}\n{table}\n", rule.id, rule.title, version.source))
}

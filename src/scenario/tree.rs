//! The scenario as it was written: a tree of values, each knowing its file and place.
//!
//! Reading is staged: texts are parsed, merged along `inherits` and `--set` into one tree, and the tree is checked
//! (`check.rs`) before serde sees any of it. So a fault always points at the words that caused it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use toml::de::{DeTable, DeValue};

use super::diagnostics::{Fault, Origin, Source, nearest};

/// A value with the place it was written at.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// The value's place.
    pub origin: Origin,
    /// The place of its key; of an element of an array, the value's own.
    pub key: Origin,
}

/// What a TOML value may be.
#[derive(Clone, Debug)]
pub enum Value {
    /// A table, in the order written.
    Table(Vec<(String, Node)>),
    /// An array.
    Array(Vec<Node>),
    /// A text, number, truth value or date.
    Scalar(toml::Value),
    /// What stood here was refused: it is not read, but something was meant.
    Wrong,
}

impl Node {
    /// The child of a table, or the element of an array of tables that has this `id`.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|(key, _)| key == name).map(|(_, node)| node),
            Value::Array(items) => items.iter().find(|item| item.id() == Some(name)),
            Value::Scalar(_) | Value::Wrong => None,
        }
    }

    /// Whether what stood here was refused.
    pub fn is_wrong(&self) -> bool {
        matches!(self.value, Value::Wrong)
    }

    /// Whether a key of this table was refused.
    pub fn has_wrong(&self) -> bool {
        matches!(&self.value, Value::Table(entries) if entries.iter().any(|(_, node)| node.is_wrong()))
    }

    /// Whether anything in it was refused, at any depth.
    pub fn holds_wrong(&self) -> bool {
        match &self.value {
            Value::Table(entries) => entries.iter().any(|(_, node)| node.holds_wrong()),
            Value::Array(items) => items.iter().any(Node::holds_wrong),
            Value::Scalar(_) => false,
            Value::Wrong => true,
        }
    }

    /// The node at a path; a segment is a key, an index, or the id of an entry.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, segment| match (&node.value, segment.parse::<usize>()) {
            (Value::Array(items), Ok(index)) => items.get(index),
            _ => node.get(segment),
        })
    }

    /// The entry's `id`, if it is a table with one.
    pub fn id(&self) -> Option<&str> {
        match &self.value {
            Value::Table(entries) => match &entries.iter().find(|(key, _)| key == "id")?.1.value {
                Value::Scalar(toml::Value::String(id)) => Some(id),
                _ => None,
            },
            _ => None,
        }
    }

    /// The elements of an array; nothing for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// What kind of value it is, in the user's words.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Table(_) => "a table",
            Value::Array(_) => "a list",
            Value::Scalar(toml::Value::String(_)) => "a text",
            Value::Scalar(toml::Value::Integer(_)) => "a whole number",
            Value::Scalar(toml::Value::Float(_)) => "a number",
            Value::Scalar(toml::Value::Boolean(_)) => "true or false",
            Value::Scalar(toml::Value::Datetime(toml::value::Datetime { date: None, .. })) => "a time",
            Value::Scalar(toml::Value::Datetime(toml::value::Datetime { time: Some(_), .. })) => "a date and time",
            Value::Scalar(_) => "a date",
            Value::Wrong => "nothing",
        }
    }

    /// The value without its places and without what was refused, for serde.
    pub fn to_toml(&self) -> toml::Value {
        match &self.value {
            Value::Table(entries) => {
                let good = entries.iter().filter(|(_, node)| !node.is_wrong());
                toml::Value::Table(good.map(|(key, node)| (key.clone(), node.to_toml())).collect())
            }
            Value::Array(items) => toml::Value::Array(items.iter().map(Node::to_toml).collect()),
            Value::Scalar(value) => value.clone(),
            Value::Wrong => toml::Value::Table(toml::Table::new()),
        }
    }

    fn is_list_of_entries(&self) -> bool {
        matches!(&self.value, Value::Array(items) if !items.is_empty() && items.iter().all(|i| matches!(i.value, Value::Table(_))))
    }
}

/// Reads a scenario file and all that it inherits from, and merges them; the outermost wins.
///
/// Every fault found (a file that cannot be read, a syntax error, a cycle) is added to `faults`; what could be read
/// is returned all the same, so that the check can go on.
pub fn read(path: &Path, files: &mut Vec<PathBuf>, faults: &mut Vec<Fault>) -> Option<Written> {
    read_inheriting(path, None, &mut Vec::new(), files, faults)
}

/// A scenario as far as it could be read.
#[derive(Debug)]
pub struct Written {
    /// The merged tree.
    pub root: Node,
    /// Whether all that it inherits could be read.
    pub is_whole: bool,
}

fn read_inheriting(
    path: &Path,
    asked_by: Option<&Origin>,
    above: &mut Vec<PathBuf>,
    files: &mut Vec<PathBuf>,
    faults: &mut Vec<Fault>,
) -> Option<Written> {
    let canonical = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if above.contains(&canonical) {
        let mut fault = Fault::error(
            "kwartier::scenario::inherits_cycle",
            format!("`inherits` goes in a circle: {} is already being read", path.display()),
        )
        .help("let a scenario inherit from one that does not inherit from it, directly or through others");
        if let Some(origin) = asked_by {
            fault = fault.at(origin, "leads back to where it started");
        }
        faults.push(fault);
        return None;
    }
    let text = match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => {
            faults.push(not_utf8(path, &error));
            return None;
        }
        Err(error) => {
            faults.push(unreadable(path, &error, asked_by));
            return None;
        }
    };
    files.push(path.to_path_buf());
    let source = Source::new(path.display().to_string(), text);
    let mut own = parse(&source, faults)?;
    let Some(inherits) = take(&mut own, "inherits") else {
        drop_removals_without_base(&mut own, faults);
        return Some(Written { root: own, is_whole: true });
    };
    let Value::Scalar(toml::Value::String(base_path)) = &inherits.value else {
        faults.push(
            Fault::error(
                "kwartier::scenario::wrong_type",
                format!("`inherits` is {}, expected a text in \"quotes\"", inherits.kind()),
            )
            .at(&inherits.origin, "expected a path")
            .help("write the path of the base scenario: inherits = \"base.toml\""),
        );
        return Some(Written { root: own, is_whole: false });
    };
    let base_path = inherits.origin.folder().join(base_path);
    above.push(canonical);
    let base = read_inheriting(&base_path, Some(&inherits.origin), above, files, faults);
    above.pop();
    if let Some(mut base) = base {
        merge(&mut base.root, own, faults);
        return Some(base);
    }
    // Whether there is something to remove cannot be known.
    drop_removals_without_base(&mut own, &mut Vec::new());
    Some(Written { root: own, is_whole: false })
}

fn unreadable(path: &Path, error: &std::io::Error, asked_by: Option<&Origin>) -> Fault {
    let (message, help) = match error.kind() {
        ErrorKind::NotFound => (format!("there is no file {}", path.display()), file_help(path)),
        ErrorKind::IsADirectory => {
            (format!("{} is a folder", path.display()), "give the path of a scenario file".to_owned())
        }
        _ => (format!("cannot read {}: {error}", path.display()), "check who may read the file".to_owned()),
    };
    let fault = Fault::error("kwartier::scenario::unreadable", message).help(help);
    match asked_by {
        Some(origin) => fault.at(origin, "asked for here"),
        None => fault,
    }
}

fn not_utf8(path: &Path, error: &FromUtf8Error) -> Fault {
    let source = Source::new(path.display().to_string(), String::from_utf8_lossy(error.as_bytes()));
    let start = error.utf8_error().valid_up_to();
    let end = start + char::REPLACEMENT_CHARACTER.len_utf8();
    Fault::error("kwartier::scenario::unreadable", format!("{} is not a text in UTF-8", path.display()))
        .at(&Origin::new(&source, start..end), "not UTF-8")
        .help("save the scenario as plain text in UTF-8")
}

/// How far below the outermost of some files words stand: 0 of the command line, 1 of the outermost, 2 of what it inherits from.
pub(super) fn depth(origin: &Origin, files: &[PathBuf]) -> usize {
    files.iter().position(|file| file.display().to_string() == origin.source.name()).map_or(0, |place| place + 1)
}

/// What to do about a file that is not there: the nearest name in its folder.
pub fn file_help(path: &Path) -> String {
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    names.sort();
    match nearest(&wanted, names.iter().map(String::as_str)) {
        Some(name) if name != wanted => {
            let near = path.parent().unwrap_or(Path::new("")).join(name);
            format!("did you mean {}?", near.display())
        }
        _ if !folder.is_dir() => {
            format!("there is no folder {}; a path is relative to the file it is written in", folder.display())
        }
        _ => "check the path; one in a scenario is relative to that scenario".to_owned(),
    }
}

/// Parses one text into a tree; each syntax error becomes a fault.
pub fn parse(source: &Source, faults: &mut Vec<Fault>) -> Option<Node> {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    for error in &errors {
        let origin = Origin::new(source, error.span().unwrap_or(0..0));
        faults.push(syntax_fault(&one_line(error.message()), &origin));
    }
    if !errors.is_empty() {
        return None;
    }
    let span = table.span();
    let origin = Origin::new(source, span);
    Some(Node { value: from_table(table.into_inner(), source), key: origin.clone(), origin })
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// A syntax error with the mend that its words call for.
fn syntax_fault(message: &str, origin: &Origin) -> Fault {
    let (message, label) = match message.split_once(", expected ") {
        Some((message, expected)) => (message, format!("expected {}", expected.replace('`', "\""))),
        None => (message, "here".to_owned()),
    };
    let word = origin.text().trim();
    let (before, after) = origin.source.text().split_at_checked(origin.span.start).unwrap_or_default();
    let before = before.rsplit('\n').next().unwrap_or_default();
    let key = before.split('=').next().unwrap_or_default().trim();
    let (message, label, help) = match message {
        "string values must be quoted" if word.is_empty() => {
            ("a value is missing", "nothing here".to_owned(), format!("write a value: {key} = …"))
        }
        "string values must be quoted" | "invalid boolean" => {
            (message, "a text without quotes".to_owned(), format!("write it in quotes: {key} = \"{word}\""))
        }
        "duplicate key" if before.trim_start().starts_with('[') => {
            let mend = format!(
                "write all its keys under the first [{word}]; a list of tables has double brackets, [[{word}]]"
            );
            (message, "written before".to_owned(), mend)
        }
        "duplicate key" => (message, "written before".to_owned(), "remove one of the two".to_owned()),
        _ if message.contains("date") || message.contains("time") => {
            let mend = match day_first(word) {
                Some(date) => format!("write year-month-day: {key} = {date}"),
                None => "write year-month-day, a day that exists: 2027-01-01".to_owned(),
            };
            (message, label, mend)
        }
        _ if before.contains('\\') || after.starts_with('\\') => {
            let mend = "write paths with /, or the text in single quotes: 'C:\\data\\meter.csv'";
            (message, "after a backslash".to_owned(), mend.to_owned())
        }
        _ if message.contains("string") => {
            let mend = "close the text with the quotes it began with";
            (message, "the text does not end".to_owned(), mend.to_owned())
        }
        _ if after.starts_with(',') && before.ends_with(|c: char| c.is_ascii_digit()) => {
            (message, "a comma".to_owned(), "write numbers with a point: 2900.5".to_owned())
        }
        _ => {
            let mend = match message {
                _ if message.contains("inline table") => "a table in one line is { key = value, key = value }",
                _ if message.contains("array") && !message.contains("table") => "a list is [ value, value ]",
                _ if message.contains("table") => {
                    "a heading is [name] for one table, [[name]] for each entry of a list of tables"
                }
                _ if message.contains("unquoted key") => {
                    "keys have letters a to z, digits, `-` and `_`; each line is key = value"
                }
                _ => "each line is key = value; texts in \"quotes\", dates as 2027-01-01, numbers with a point as 3.8",
            };
            (message, label, mend.to_owned())
        }
    };
    Fault::error("kwartier::scenario::syntax", format!("not valid TOML: {message}")).at(origin, label).help(help)
}

/// A date that was written with the day first, the right way round.
fn day_first(word: &str) -> Option<jiff::civil::Date> {
    let mut parts = word.split('-');
    let (day, month, year) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    jiff::civil::Date::new(year, month, day).ok().filter(|date| date.year() > 31)
}

fn from_table(table: DeTable<'_>, source: &Source) -> Value {
    let entries = table.into_iter().map(|(key, value)| {
        let key_origin = Origin::new(source, key.span());
        (key.into_inner().into_owned(), from_value(value, source, Some(key_origin)))
    });
    Value::Table(entries.collect())
}

fn from_value(value: toml::Spanned<DeValue<'_>>, source: &Source, key: Option<Origin>) -> Node {
    let origin = Origin::new(source, value.span());
    let value = match value.into_inner() {
        DeValue::Table(table) => from_table(table, source),
        DeValue::Array(items) => Value::Array(items.into_iter().map(|item| from_value(item, source, None)).collect()),
        DeValue::String(text) => Value::Scalar(toml::Value::String(text.into_owned())),
        DeValue::Boolean(truth) => Value::Scalar(toml::Value::Boolean(truth)),
        DeValue::Datetime(datetime) => Value::Scalar(toml::Value::Datetime(datetime)),
        DeValue::Float(number) => Value::Scalar(toml::Value::Float(number.as_str().parse().unwrap_or(f64::INFINITY))),
        // A whole number beyond 64 bits becomes the nearest float: the check then refuses it where it stands.
        DeValue::Integer(number) => Value::Scalar(match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(whole) => toml::Value::Integer(whole),
            Err(_) => toml::Value::Float(number.as_str().parse().unwrap_or(f64::INFINITY)),
        }),
    };
    Node { value, key: key.unwrap_or_else(|| origin.clone()), origin }
}

fn take(node: &mut Node, name: &str) -> Option<Node> {
    let Value::Table(entries) = &mut node.value else { return None };
    let at = entries.iter().position(|(key, _)| key == name)?;
    Some(entries.remove(at).1)
}

/// Merges `over` into `base`: tables key by key, lists of entries by `id`, everything else replaced.
///
/// A spread of numbers is one value: one of another form replaces it.
pub(crate) fn merge(base: &mut Node, over: Node, faults: &mut Vec<Fault>) {
    let replaces = is_spread(base) && is_spread(&over) && !has_keys_of(base, &over);
    match (&mut base.value, over.value) {
        (Value::Table(entries), Value::Table(new)) if !replaces => {
            for (name, mut node) in new {
                match entries.iter_mut().find(|(key, _)| *key == name) {
                    Some((_, known)) if known.is_list_of_entries() && node.is_list_of_entries() => {
                        merge_entries(known, node, faults);
                    }
                    Some((_, known)) => merge(known, node, faults),
                    None => {
                        drop_removals_without_base(&mut node, faults);
                        entries.push((name, node));
                    }
                }
            }
            base.key = over.key;
        }
        (_, value) => {
            *base = Node { value, origin: over.origin, key: over.key };
            drop_removals_without_base(base, faults);
        }
    }
}

/// The keys of a spread of numbers.
pub(super) fn is_spread_key(key: &str) -> bool {
    ["mean", "sd", "min", "max", "any_of"].contains(&key)
}

fn is_spread(node: &Node) -> bool {
    matches!(&node.value, Value::Table(entries) if !entries.is_empty() && entries.iter().all(|(key, _)| is_spread_key(key)))
}

fn has_keys_of(base: &Node, over: &Node) -> bool {
    matches!(&over.value, Value::Table(entries) if entries.iter().all(|(key, _)| base.get(key).is_some()))
}

fn merge_entries(base: &mut Node, over: Node, faults: &mut Vec<Fault>) {
    let (Value::Array(known), Value::Array(new)) = (&mut base.value, over.value) else { return };
    let mut seen: Vec<Node> = Vec::new();
    for mut entry in new {
        if let Some(first) = entry.id().and_then(|id| seen.iter().find(|seen| seen.id() == Some(id))) {
            faults.push(same_id(&entry, first));
            continue;
        }
        seen.push(entry.clone());
        let at = entry.id().and_then(|id| known.iter().position(|k| k.id() == Some(id)));
        match (at, take_removal(&mut entry, faults)) {
            (Some(at), Some(_)) => {
                known.remove(at);
            }
            (Some(at), None) => merge(&mut known[at], entry, faults),
            (None, Some(removal)) => faults.push(nothing_to_remove(&entry, &removal, known)),
            (None, None) => {
                drop_removals_without_base(&mut entry, faults);
                known.push(entry);
            }
        }
    }
}

/// An id that stands twice among groups and plants.
pub(super) fn same_id(entry: &Node, first: &Node) -> Fault {
    let id = entry.id().unwrap_or_default();
    let place = |node: &Node| node.get("id").map_or_else(|| node.origin.clone(), |id| id.origin.clone());
    Fault::error("kwartier::scenario::same_id", format!("the id \"{id}\" is used twice"))
        .at(&place(entry), "already used")
        .help(format!("give each group and each plant an id of its own; the first is at {}", place(first)))
}

/// Takes `remove` out of an entry; its place if it was `true`.
fn take_removal(entry: &mut Node, faults: &mut Vec<Fault>) -> Option<Origin> {
    let node = take(entry, "remove")?;
    if let Value::Scalar(toml::Value::Boolean(removes)) = node.value {
        return removes.then_some(node.key);
    }
    let message = format!("`remove` is {}, expected true or false", node.kind());
    faults.push(
        Fault::error("kwartier::scenario::wrong_type", message)
            .at(&node.origin, "expected true or false")
            .help("write remove = true to drop the inherited entry with this id"),
    );
    None
}

fn nothing_to_remove(entry: &Node, removal: &Origin, known: &[Node]) -> Fault {
    let ids: Vec<&str> = known.iter().filter_map(Node::id).collect();
    let Some(id) = entry.id() else {
        return Fault::error("kwartier::scenario::nothing_to_remove", "an entry to remove has no `id`")
            .at(removal, "which one?")
            .help(format!("add id = \"…\", one of {}", ids.join(", ")));
    };
    let help = match nearest(id, ids.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None if ids.is_empty() => "there is nothing to remove: take this entry out".to_owned(),
        None => format!("known ids: {}", ids.join(", ")),
    };
    Fault::error("kwartier::scenario::nothing_to_remove", format!("there is no entry \"{id}\" to remove"))
        .at(removal, "nothing inherited has this id")
        .help(help)
}

/// In what inherits nothing, `remove = true` has nothing to remove.
fn drop_removals_without_base(node: &mut Node, faults: &mut Vec<Fault>) {
    match &mut node.value {
        Value::Array(items) => items.retain_mut(|item| {
            let removal = take_removal(item, faults);
            match &removal {
                Some(removal) => faults.push(nothing_to_remove(item, removal, &[])),
                None => drop_removals_without_base(item, faults),
            }
            removal.is_none()
        }),
        Value::Table(entries) => entries.iter_mut().for_each(|(_, child)| drop_removals_without_base(child, faults)),
        Value::Scalar(_) | Value::Wrong => {}
    }
}

/// Applies one `key=value` of the command line, e.g. `homes.terraced.pv.fraction=0.6`.
///
/// The value is TOML; a bare word is text. A segment of the key names a key, or an entry by its `id`. Faults say
/// `--set`, or whatever `option` gave the words.
pub fn set(root: &mut Node, option: &str, words: &str, faults: &mut Vec<Fault>) {
    let source = Source::new(option, words);
    let Some((key, text)) = words.split_once('=') else {
        faults.push(
            Fault::error("kwartier::set::form", format!("`{words}` is not of the form key=value"))
                .at(&Origin::new(&source, 0..words.len()), "no `=` in it")
                .help("write --set homes.terraced.pv.fraction=0.6"),
        );
        return;
    };
    let start = key.len() + 1 + (text.len() - text.trim_start().len());
    let text = text.trim();
    let value = if let Ok(value) = DeValue::parse(text) {
        shift(from_value(value, &source, None), start)
    } else {
        let origin = Origin::new(&source, start..start + text.len());
        Node { value: Value::Scalar(toml::Value::String(text.to_owned())), key: origin.clone(), origin }
    };
    let mut segments = Vec::new();
    let mut at = 0;
    for part in key.split('.') {
        let start = at + (part.len() - part.trim_start().len());
        segments.push(Segment { name: part.trim(), origin: Origin::new(&source, start..start + part.trim().len()) });
        at += part.len() + 1;
    }
    let fault = if let Some(empty) = segments.iter().find(|segment| segment.name.is_empty()) {
        Fault::error("kwartier::set::form", format!("`{key}` is not a key"))
            .at(&empty.origin, "an empty part")
            .help("write the keys from the outside in, with points between: place.latitude_deg=52.1")
    } else if segments[0].name == "inherits" {
        Fault::error("kwartier::set::form", "`inherits` cannot be set on the command line")
            .at(&segments[0].origin, "belongs in a file")
            .help("write a scenario with `inherits = \"…\"`, or give that file instead")
    } else {
        match set_at(root, &segments, value) {
            Ok(()) => return,
            Err(fault) => *fault,
        }
    };
    faults.push(fault);
}

/// A part of the key of `--set`.
struct Segment<'a> {
    name: &'a str,
    origin: Origin,
}

/// Moves the places of a value that was parsed from the middle of a text.
fn shift(mut node: Node, by: usize) -> Node {
    for origin in [&mut node.origin, &mut node.key] {
        origin.span = origin.span.start + by..origin.span.end + by;
    }
    node.value = match node.value {
        Value::Table(entries) => {
            Value::Table(entries.into_iter().map(|(key, child)| (key, shift(child, by))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| shift(item, by)).collect()),
        value => value,
    };
    node
}

fn set_at(node: &mut Node, segments: &[Segment], value: Node) -> Result<(), Box<Fault>> {
    let Some((Segment { name, origin }, rest)) = segments.split_first() else {
        *node = Node { key: node.key.clone(), ..value };
        return Ok(());
    };
    let child = match &mut node.value {
        Value::Table(entries) => {
            let at = entries.iter().position(|(key, _)| key == name).unwrap_or_else(|| {
                let table = Node { value: Value::Table(Vec::new()), origin: origin.clone(), key: origin.clone() };
                entries.push(((*name).to_owned(), table));
                entries.len() - 1
            });
            let child = &mut entries[at].1;
            if rest.is_empty() {
                child.key = origin.clone();
            }
            child
        }
        Value::Array(items) => {
            let ids: Vec<String> = items.iter().filter_map(|item| item.id().map(str::to_owned)).collect();
            let Some(item) = items.iter_mut().find(|item| item.id() == Some(name)) else {
                let help = match nearest(name, ids.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("known ids: {}", ids.join(", ")),
                };
                return Err(Box::new(
                    Fault::error("kwartier::set::unknown_id", format!("there is no entry with id \"{name}\""))
                        .at(origin, "no such id")
                        .help(help),
                ));
            };
            item
        }
        Value::Scalar(_) | Value::Wrong => {
            return Err(Box::new(
                Fault::error("kwartier::set::not_a_table", format!("there is no `{name}` to set in a single value"))
                    .at(origin, "goes into a value that has no keys")
                    .help("shorten the key, or set the whole table: --set 'homes.terraced.pv={ peak_kwp = 4 }'"),
            ));
        }
    };
    set_at(child, rest, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Node {
        let mut faults = Vec::new();
        let node = parse(&Source::new("t.toml", text), &mut faults).unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        node
    }

    fn merged(base: &str, over: &str) -> (String, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut base = tree(base);
        merge(&mut base, tree(over), &mut faults);
        (base.to_toml().to_string(), faults)
    }

    #[test]
    fn entries_merge_by_id_and_other_arrays_are_replaced() {
        let (text, faults) = merged(
            "[[homes]]\nid = \"a\"\ncount = 1\nx = [1, 2]\n[[homes]]\nid = \"b\"\ncount = 2\n",
            "[[homes]]\nid = \"a\"\ncount = 5\nx = [3]\n[[homes]]\nid = \"c\"\n[[homes]]\nid = \"b\"\nremove = true\n",
        );
        assert!(faults.is_empty());
        assert_eq!(text, "{ homes = [{ id = \"a\", count = 5, x = [3] }, { id = \"c\" }] }");
    }

    #[test]
    fn removing_what_is_not_there_is_a_fault() {
        let (_, faults) = merged("[[homes]]\nid = \"flat\"\n", "[[homes]]\nid = \"flats\"\nremove = true\n");
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].help, "did you mean \"flat\"?");
    }

    #[test]
    fn a_spread_of_another_form_replaces_and_one_of_the_same_form_merges() {
        let base = "a = { mean = 1, sd = 2 }\nb = { mean = 1, sd = 2 }\nc = 3\nd = { min = 1, max = 2 }\n";
        let (text, _) = merged(base, "a.mean = 5\nb = { min = 0, max = 9 }\nc = { any_of = [1] }\nd = 4\n");
        assert_eq!(text, "{ a = { mean = 5, sd = 2 }, b = { min = 0, max = 9 }, c = { any_of = [1] }, d = 4 }");
    }

    #[test]
    fn an_entry_that_a_variant_has_twice_is_a_fault() {
        let (text, faults) =
            merged("x = 1\n[[homes]]\nid = \"a\"\n", "[[homes]]\nid = \"b\"\n[[homes]]\nid = \"b\"\ncount = 2\n");
        assert_eq!(faults[0].code, "kwartier::scenario::same_id");
        assert_eq!(text, "{ x = 1, homes = [{ id = \"a\" }, { id = \"b\" }] }");
    }

    #[test]
    fn remove_is_never_left_in_the_tree() {
        let (text, faults) = merged(
            "[[homes]]\nid = \"a\"\n",
            "[[homes]]\nid = \"a\"\nremove = false\n[[homes]]\nid = \"b\"\nremove = false\n",
        );
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(text, "{ homes = [{ id = \"a\" }, { id = \"b\" }] }");
    }

    #[test]
    fn values_of_set_point_at_their_own_words() {
        let mut root = tree("[[homes]]\nid = \"a\"\n");
        let mut faults = Vec::new();
        set(&mut root, "--set", "homes.a.pv = { peak_kwp = 4, tilt_deg = { min = 1, max = 2 } }", &mut faults);
        set(&mut root, "--set", "inherits=other.toml", &mut faults);
        let pv = root.at(&["homes", "a", "pv"]).unwrap();
        assert_eq!(pv.key.text(), "pv");
        assert_eq!(pv.get("peak_kwp").unwrap().origin.text(), "4");
        assert_eq!(pv.at(&["tilt_deg", "max"]).unwrap().key.text(), "max");
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn a_date_with_the_day_first_is_turned_round() {
        assert_eq!(day_first("31-12-2027").map(|date| date.to_string()).as_deref(), Some("2027-12-31"));
        assert_eq!(day_first("2027-13-01"), None);
        assert_eq!(day_first("3x25A"), None);
    }

    #[test]
    fn set_reaches_entries_by_id_and_makes_missing_tables() {
        let mut root = tree("[[homes]]\nid = \"a\"\n");
        let mut faults = Vec::new();
        for words in ["homes.a.pv.fraction=0.6", "scenario.name=Nieuw", "place.latitude_deg = 51.5", "x={ a = 1 }"] {
            set(&mut root, "--set", words, &mut faults);
        }
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(
            root.to_toml().to_string(),
            "{ homes = [{ id = \"a\", pv = { fraction = 0.6 } }], scenario = { name = \"Nieuw\" }, \
             place = { latitude_deg = 51.5 }, x = { a = 1 } }"
        );
        assert_eq!(root.at(&["homes", "a", "pv", "fraction"]).unwrap().origin.text(), "0.6");
    }

    #[test]
    fn set_with_an_unknown_id_offers_the_nearest() {
        let mut root = tree("[[homes]]\nid = \"terraced\"\n");
        let mut faults = Vec::new();
        set(&mut root, "--set", "homes.teraced.count=3", &mut faults);
        set(&mut root, "--set", "homes", &mut faults);
        set(&mut root, "--set", "homes..count=1", &mut faults);
        let help: Vec<&str> = faults.iter().map(|fault| fault.help.as_str()).collect();
        assert_eq!(help[0], "did you mean \"terraced\"?");
        assert_eq!(faults.len(), 3);
    }

    #[test]
    fn syntax_errors_are_all_reported() {
        let mut faults = Vec::new();
        assert!(parse(&Source::new("t.toml", "a = \nb = 1,5\n"), &mut faults).is_none());
        assert!(faults.len() >= 2, "{faults:?}");
    }
}

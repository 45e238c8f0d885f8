//! Checks a tree against the scenario language's schema: unknown keys, wrong types, values out of bounds.
//!
//! The schema comes from the types that read the scenario, so the two cannot drift apart. Every fault is collected.
//! What is wrong becomes [`Value::Wrong`]: it is not read, and later checks see that something was meant there.

use serde_json::Value as Json;

use super::diagnostics::{Fault, nearest};
use super::tree::{Node, Value, is_spread_key};

/// A default that was taken: the key's path and the value.
pub type DefaultTaken = (String, Json);

/// Checks `root` and marks what is wrong.
///
/// Without the `whole` scenario (a base that could not be read) a missing key is no fault.
pub(super) fn check(language: &Json, root: &mut Node, whole: bool, faults: &mut Vec<Fault>) {
    Walk { language, whole, faults }.table(language, root, "");
}

/// Checks the table that stands at `path` against its schema, as [`check`] does a whole scenario.
pub(crate) fn check_table(schema: &Json, node: &mut Node, path: &str, whole: bool, faults: &mut Vec<Fault>) {
    Walk { language: schema, whole, faults }.table(schema, node, path);
}

/// The defaults that a checked tree leaves to the language, in the language's order.
pub(super) fn defaults_taken(language: &Json, root: &Node) -> Vec<DefaultTaken> {
    let mut taken = Vec::new();
    collect_defaults(language, root, "", &mut taken);
    taken
}

struct Walk<'a> {
    language: &'a Json,
    whole: bool,
    faults: &'a mut Vec<Fault>,
}

impl Walk<'_> {
    /// Checks the node that stands at `path`, keys with points between; `false` if it is wrong.
    fn node(&mut self, schema: &Json, node: &mut Node, path: &str) -> bool {
        if is_spread(schema) && matches!(node.value, Value::Table(_)) {
            return self.spread(schema, node, path);
        }
        if schema.as_object().is_some_and(serde_json::Map::is_empty) {
            // Anything: it is checked by those who know more.
            return true;
        }
        if let Some(forms) = forms(schema) {
            return match forms.iter().find(|form| type_of(form) == json_type(&node.value)) {
                Some(form) if words(form).is_some() => self.word(form, schema, node, path),
                Some(form) => self.node(form, node, path),
                None => self.wrong_type(schema, node, path),
            };
        }
        match (&mut node.value, type_of(schema)) {
            (Value::Table(_), "object") => {
                self.table(schema, node, path);
                true
            }
            (Value::Array(items), "array") => {
                if items.is_empty() && schema["minItems"].as_u64() > Some(0) {
                    let message = format!("`{}` is an empty list", shown(path));
                    self.faults.push(
                        Fault::error("kwartier::scenario::empty", message)
                            .at(&node.origin, "nothing in it")
                            .help("write at least one value between the brackets"),
                    );
                    return false;
                }
                let before = items.len();
                items.retain_mut(|item| self.node(&schema["items"], item, path));
                before == 0 || !items.is_empty()
            }
            (Value::Scalar(toml::Value::String(_)), "string") if words(schema).is_some() => {
                self.word(schema, schema, node, path)
            }
            (Value::Scalar(toml::Value::Datetime(date)), "string") if is_date(schema) => {
                let whole_day = date.date.is_some() && date.time.is_none();
                whole_day || self.wrong_type(schema, node, path)
            }
            (Value::Scalar(toml::Value::String(_)), "string") if !is_date(schema) => true,
            (Value::Scalar(toml::Value::Boolean(_)), "boolean") => true,
            (Value::Scalar(toml::Value::Integer(number)), "integer" | "number") => {
                let number = *number as f64;
                self.number(schema, node, path, number)
            }
            (Value::Scalar(toml::Value::Float(number)), "number") => {
                let number = *number;
                self.number(schema, node, path, number)
            }
            _ => self.wrong_type(schema, node, path),
        }
    }

    fn table(&mut self, schema: &Json, node: &mut Node, path: &str) {
        let heading = heading(node, path);
        let Value::Table(entries) = &mut node.value else { return };
        let others = &schema["additionalProperties"];
        let mut meant = Vec::new();
        for (key, child) in entries {
            let known = schema["properties"].get(key.as_str()).or(others.is_object().then_some(others));
            let good = if let Some(known) = known {
                self.node(known, child, &below(path, key))
            } else {
                meant.extend(self.unknown_key(schema, child, key, &heading));
                false
            };
            if !good {
                child.value = Value::Wrong;
            }
        }
        if !self.whole {
            return;
        }
        for key in keys(&schema["required"]) {
            if node.get(key).is_none() && !meant.iter().any(|meant| meant == key) {
                self.missing_key(&schema["properties"][key], node, key, path);
            }
        }
    }

    /// Returns the known key that was probably meant.
    fn unknown_key(&mut self, schema: &Json, child: &Node, key: &str, heading: &str) -> Option<String> {
        let known: Vec<&str> =
            schema["properties"].as_object().into_iter().flat_map(|p| p.keys()).map(String::as_str).collect();
        let near = nearest(key, known.iter().copied());
        let help = if let Some(near) = near {
            format!("did you mean `{near}`? {}", describe(&schema["properties"][near])).trim().to_owned()
        } else {
            let mut places = Vec::new();
            tables_with(self.language, key, "", "", &mut places);
            places.truncate(3);
            let elsewhere =
                if places.is_empty() { String::new() } else { format!("`{key}` belongs {}; ", places.join(" or ")) };
            format!("{elsewhere}known here: {}", known.join(", "))
        };
        let place = if heading.is_empty() { "at the top of a scenario" } else { &format!("in {heading}") };
        self.faults.push(
            Fault::error("kwartier::scenario::unknown_key", format!("unknown key `{key}` {place}"))
                .at(&child.key, "not known")
                .help(help),
        );
        near.map(str::to_owned)
    }

    fn missing_key(&mut self, schema: &Json, node: &Node, key: &str, path: &str) {
        let fault = if path.is_empty() {
            Fault::error("kwartier::scenario::missing_key", format!("there is no [{key}], which is required")).help(
                "add [scenario] with `name = \"…\"` and `start = 2027-01-01`; `kwartier new NAME` writes a whole scenario",
            )
        } else {
            let message = format!("{} has no `{key}`, which is required", heading(node, path));
            let help = format!("add `{key} = {}`: {}", example(schema), describe(schema));
            Fault::error("kwartier::scenario::missing_key", message).help(help)
        };
        let origin = if node.origin.span.is_empty() || path.is_empty() { &node.key } else { &node.origin };
        self.faults.push(fault.at(&origin.first_line(), format!("needs `{key}`")));
    }

    /// A text that must be one of a list; `whole` also has what may stand in its place.
    fn word(&mut self, schema: &Json, whole: &Json, node: &Node, path: &str) -> bool {
        let (Value::Scalar(toml::Value::String(text)), Some(words)) = (&node.value, words(schema)) else {
            return false;
        };
        if words.contains(&text.as_str()) {
            return true;
        }
        let near = nearest(text, words.iter().copied()).or_else(|| word_that_means(schema, text));
        let possible = expected(whole);
        let possible = possible.trim_start_matches("one of ");
        let help = match near {
            Some(near) => format!("did you mean \"{near}\"? possible: {possible}"),
            None if text.contains('.') && possible.contains("file") => {
                format!("for a metered series write {} = {{ file = \"{text}\" }}", name(path))
            }
            None => format!("possible: {possible}"),
        };
        let message = format!("\"{text}\" is not a value of `{}`", shown(path));
        self.faults
            .push(Fault::error("kwartier::scenario::unknown_word", message).at(&node.origin, "not known").help(help));
        false
    }

    fn number(&mut self, schema: &Json, node: &Node, path: &str, number: f64) -> bool {
        let bound = |key: &str| schema[key].as_f64();
        let listed = |allowed: &Vec<Json>| allowed.iter().any(|value| value.as_f64() == Some(number));
        let good = number.is_finite()
            && schema["enum"].as_array().is_none_or(listed)
            && bound("minimum").is_none_or(|b| number >= b)
            && bound("maximum").is_none_or(|b| number <= b)
            && bound("exclusiveMinimum").is_none_or(|b| number > b)
            && bound("exclusiveMaximum").is_none_or(|b| number < b);
        if good {
            return true;
        }
        let expected = expected(schema);
        let help = match (schema["x-mend"].as_str(), describe(schema)) {
            (Some(mend), _) => mend.to_owned(),
            _ if is_part(schema) && (2.0..=100.0).contains(&number) => {
                format!("a part, not a percentage: write {} = {}", name(path), number / 100.0)
            }
            (None, about) if about.is_empty() => format!("write {expected}"),
            (None, about) => format!("`{}`: {about}", name(path)),
        };
        let message = format!("`{}` is {}, expected {expected}", shown(path), written(node));
        self.faults.push(
            Fault::error("kwartier::scenario::out_of_range", message)
                .at(&node.origin, format!("expected {expected}"))
                .help(help),
        );
        false
    }

    /// A table that stands for a number that differs between homes: exactly the keys of one form.
    fn spread(&mut self, schema: &Json, node: &mut Node, path: &str) -> bool {
        let Value::Table(entries) = &node.value else { return false };
        let found: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        let is_found = |form: &&Json| {
            let mut wanted = keys(&form["required"]).peekable();
            wanted.peek().is_some() && wanted.clone().count() == found.len() && wanted.all(|key| found.contains(&key))
        };
        if let Some(form) = forms(schema).and_then(|forms| forms.iter().find(is_found)) {
            let before = self.faults.len();
            self.table(form, node, path);
            return self.faults.len() == before;
        }
        let message = match found.as_slice() {
            [] => format!("`{}` is an empty table", name(path)),
            [one] => format!("`{}` has `{one}` alone, which is no spread of numbers", name(path)),
            keys => format!("`{}` has {} together, which is no spread of numbers", name(path), listed(keys)),
        };
        let has_no_end = found == ["mean", "sd"];
        let why = if has_no_end { "mean and sd are of a lognormal, which has no upper end; " } else { "" };
        self.faults.push(
            Fault::error("kwartier::scenario::spread", message)
                .at(&node.origin.first_line(), "not a spread")
                .help(format!("{why}write {}", expected(schema))),
        );
        false
    }

    fn wrong_type(&mut self, schema: &Json, node: &Node, path: &str) -> bool {
        let expected = expected(schema);
        let mut message = format!("`{}` is {}, expected {expected}", shown(path), found(node));
        let mut label = format!("expected {}", expected_shortly(schema));
        if is_table_list(schema) && matches!(node.value, Value::Table(_)) {
            message = format!("`{}` is one table, expected a list of tables", shown(path));
            "expected double brackets".clone_into(&mut label);
        }
        self.faults.push(
            Fault::error("kwartier::scenario::wrong_type", message)
                .at(&node.origin.first_line(), label)
                .help(type_help(schema, node, path)),
        );
        false
    }
}

/// What to write instead of a value of another type.
fn type_help(schema: &Json, node: &Node, path: &str) -> String {
    let name = name(path);
    let wants_number = ["number", "integer"].contains(&type_of(number_form(schema)));
    let in_heading = node.origin.text().starts_with('[') && node.key.source.line_and_column(node.key.span.start).1 > 1;
    match &node.value {
        Value::Scalar(toml::Value::String(text)) if wants_number => match number_in(text) {
            Some((number, "%")) if is_part(number_form(schema)) => {
                format!("a part, not a percentage: write {name} = {}", number / 100.0)
            }
            Some((number, "")) if text.contains(',') => {
                format!("write numbers with a point and without quotes: {name} = {number}")
            }
            Some((number, "")) => format!("write it without quotes: {name} = {number}"),
            Some((number, _)) => format!("write the number alone, the unit is in the key: {name} = {number}"),
            None => match number_form(schema)["x-mend"].as_str() {
                Some(mend) => mend.to_owned(),
                None => format!("write {}", expected(schema)),
            },
        },
        Value::Scalar(toml::Value::String(text)) if is_date(schema) => match text.parse::<jiff::civil::Date>() {
            Ok(date) => format!("write the date without quotes: {name} = {date}"),
            Err(_) => format!("write year, month and day without quotes: {name} = 2027-01-01"),
        },
        Value::Scalar(toml::Value::Datetime(toml::value::Datetime { date: Some(date), .. })) if is_date(schema) => {
            format!("write the day alone: {name} = {date}")
        }
        Value::Scalar(toml::Value::Integer(year @ 1900..=2200)) if is_date(schema) => {
            format!("write the first day: {name} = {year}-01-01")
        }
        Value::Scalar(toml::Value::Float(number))
            if type_of(schema) == "integer" && number.fract() == 0.0 && number.abs() < 1e9 =>
        {
            format!("write it without a point or exponent: {name} = {number}")
        }
        Value::Scalar(value) if type_of(schema) == "string" && words(schema).is_none() && !is_date(schema) => {
            format!("write it in quotes: {name} = \"{value}\"")
        }
        Value::Table(_) if is_table_list(schema) && in_heading => {
            format!("write the heading with double brackets: [[{path}]]")
        }
        Value::Table(_) if is_table_list(schema) => format!("write a list of tables: {name} = [ {{ … }} ]"),
        Value::Array(_) if type_of(schema) == "object" && in_heading => {
            format!("write the heading with single brackets: [{path}]")
        }
        Value::Array(_) if is_spread(schema) => {
            format!("for one of these values at random write {name} = {{ any_of = {} }}", node.to_toml())
        }
        _ if schema["properties"].get("id").is_some() => format!("write a heading [[{path}]] with its keys below it"),
        _ if type_of(schema) == "object" => format!("write a table: {name} = {{ … = … }}"),
        _ => format!("write {}", expected(schema)),
    }
}

/// The number that a text starts with, and what follows it.
fn number_in(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.,".contains(c))).unwrap_or(text.len());
    let number = text[..end].replace(',', ".").parse().ok()?;
    Some((number, text[end..].trim()))
}

/// What stands there, in the user's words.
fn found(node: &Node) -> String {
    match &node.value {
        Value::Scalar(toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_)) => written(node),
        Value::Scalar(toml::Value::String(text)) => format!("the text \"{text}\""),
        _ => node.kind().to_owned(),
    }
}

/// A number or truth value as it was written.
fn written(node: &Node) -> String {
    match (node.origin.text(), &node.value) {
        ("", value) => format!("{value:?}"),
        (text, _) => text.to_owned(),
    }
}

/// A table as it was opened: `[homes.pv]`, `[[homes]]`, or the key of an inline one.
fn heading(node: &Node, path: &str) -> String {
    match node.origin.text() {
        _ if path.is_empty() => String::new(),
        text if text.starts_with("[[") => format!("[[{path}]]"),
        text if text.starts_with('{') => format!("`{}`", shown(path)),
        _ => format!("[{path}]"),
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// The last key of a path.
fn name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The last key of a path, with the key before it if it is a part of a spread.
fn shown(path: &str) -> &str {
    let last = name(path);
    if !is_spread_key(last) {
        return last;
    }
    let before = path.strip_suffix(last).and_then(|before| before.strip_suffix('.')).map_or("", name);
    &path[path.len() - last.len() - 1 - before.len()..]
}

/// `a`, `b` and `c`.
fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Where in the language a key is known, as headings.
fn tables_with(schema: &Json, key: &str, path: &str, heading: &str, places: &mut Vec<String>) {
    for (name, own) in schema["properties"].as_object().into_iter().flatten() {
        let is_list = is_table_list(own);
        let inner = if is_list { &own["items"] } else { own };
        let path = below(path, name);
        let own_heading = if is_list { format!("[[{path}]]") } else { format!("[{path}]") };
        if name == key {
            places.push(match heading {
                _ if inner["properties"].is_object() => format!("under its own heading {own_heading}"),
                "" => "at the top, above the first heading".to_owned(),
                heading => format!("in {heading}"),
            });
        }
        if !is_spread(own) {
            let all = forms(inner).into_iter().flatten().chain([inner]);
            all.for_each(|form| tables_with(form, key, &path, &own_heading, places));
        }
    }
}

/// The type that a value has in a schema.
fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Table(_) => "object",
        Value::Array(_) => "array",
        Value::Scalar(toml::Value::Integer(_) | toml::Value::Float(_)) => "number",
        Value::Scalar(toml::Value::Boolean(_)) => "boolean",
        Value::Scalar(_) => "string",
        Value::Wrong => "",
    }
}

/// The type of a schema; words without a type are texts.
fn type_of(schema: &Json) -> &str {
    match &schema["type"] {
        Json::String(name) => name,
        _ if words(schema).is_some() => "string",
        _ => "",
    }
}

fn is_date(schema: &Json) -> bool {
    schema["format"] == "date"
}

/// Whether a number is a part of 1.
fn is_part(schema: &Json) -> bool {
    schema["maximum"].as_f64() == Some(1.0) || schema["exclusiveMaximum"].as_f64() == Some(1.0)
}

/// Whether a list is of tables with keys of their own: one that has headings.
pub(super) fn is_table_list(schema: &Json) -> bool {
    schema["items"]["properties"].is_object()
}

/// The forms that a value may have, where they differ in more than the word.
fn forms(schema: &Json) -> Option<&Vec<Json>> {
    schema["oneOf"].as_array().filter(|_| words(schema).is_none())
}

/// Whether a value is a number or a spread of numbers.
fn is_spread(schema: &Json) -> bool {
    let is_form = |form: &Json| keys(&form["required"]).any(is_spread_key);
    forms(schema).is_some_and(|forms| forms.iter().any(is_form))
}

/// The form of a spread that is one number; any other schema itself.
fn number_form(schema: &Json) -> &Json {
    if is_spread(schema) { &schema["oneOf"][0] } else { schema }
}

fn keys(required: &Json) -> impl Iterator<Item = &str> + Clone {
    required.as_array().into_iter().flatten().filter_map(Json::as_str)
}

/// The words that a text may be, if it is one of a list.
pub(super) fn words(schema: &Json) -> Option<Vec<&str>> {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(Json::as_str).collect();
    }
    schema["oneOf"].as_array()?.iter().map(|form| form["const"].as_str()).collect()
}

/// The word whose description has the text in it: a country by its name.
fn word_that_means<'a>(schema: &'a Json, text: &str) -> Option<&'a str> {
    let text = text.to_lowercase();
    let means = |form: &&Json| {
        text.len() > 3 && form["description"].as_str().is_some_and(|about| about.to_lowercase().contains(&text))
    };
    schema["oneOf"].as_array()?.iter().find(means)?["const"].as_str()
}

/// The first paragraph of a key's description.
fn describe(schema: &Json) -> String {
    schema["description"].as_str().unwrap_or("").split("\n\n").next().unwrap_or("").replace('\n', " ")
}

/// What might stand behind a key.
fn example(schema: &Json) -> &'static str {
    match type_of(schema) {
        "string" if is_date(schema) => "2027-01-01",
        "string" => "\"…\"",
        "object" => "{ … }",
        "array" => "[ … ]",
        _ => "…",
    }
}

/// What a schema accepts, in words.
pub(super) fn expected(schema: &Json) -> String {
    if let Some(words) = words(schema) {
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        return if quoted.len() == 1 { quoted.concat() } else { format!("one of {}", quoted.join(", ")) };
    }
    if let Some(allowed) = schema["enum"].as_array() {
        return format!("one of {}", allowed.iter().map(Json::to_string).collect::<Vec<_>>().join(", "));
    }
    if let Some(forms) = forms(schema) {
        let forms: Vec<String> = forms.iter().map(expected).collect();
        return match forms.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{}, or {last}", rest.join(", ")),
            _ => forms.concat(),
        };
    }
    let bounds = bounds(schema);
    match type_of(schema) {
        "string" if is_date(schema) => "a date such as 2027-01-01".to_owned(),
        "string" => "a text in \"quotes\"".to_owned(),
        "integer" => format!("a whole number{bounds}"),
        "number" => format!("a number{bounds}"),
        "boolean" => "true or false".to_owned(),
        "array" if is_table_list(schema) => "a list of tables".to_owned(),
        "array" if type_of(&schema["items"]) == "string" => "a list of texts [\"…\", \"…\"]".to_owned(),
        "array" => "a list [ … ]".to_owned(),
        "object" if schema["additionalProperties"].is_object() => "a table { … = … }".to_owned(),
        "object" => {
            let keys: Vec<String> = keys(&schema["required"])
                .map(|key| format!("{key} = {}", example(&schema["properties"][key])))
                .collect();
            if keys.is_empty() || schema["properties"].get("id").is_some() {
                "a table".to_owned()
            } else {
                format!("{{ {} }}", keys.join(", "))
            }
        }
        _ => "another value".to_owned(),
    }
}

/// The same in few words, for a label.
fn expected_shortly(schema: &Json) -> String {
    match words(schema) {
        Some(words) if words.len() > 5 => "one of a few words".to_owned(),
        _ if is_spread(schema) => format!("{} or a spread", expected(number_form(schema))),
        _ => expected(schema),
    }
}

/// The bounds of a number, in words after it.
fn bounds(schema: &Json) -> String {
    let bound = |key: &str| schema[key].as_f64().map(digits);
    match (bound("minimum"), bound("exclusiveMinimum"), bound("maximum"), bound("exclusiveMaximum")) {
        (Some(low), _, Some(high), _) => format!(" from {low} to {high}"),
        (Some(low), _, None, Some(high)) => format!(" from {low} to below {high}"),
        (Some(low), _, None, None) => format!(" from {low} up"),
        (None, Some(low), Some(high), _) => format!(" above {low} up to {high}"),
        (None, Some(low), None, Some(high)) => format!(" between {low} and {high}"),
        (None, Some(low), None, None) => format!(" above {low}"),
        (None, None, Some(high), _) => format!(", at most {high}"),
        (None, None, None, Some(high)) => format!(" below {high}"),
        (None, None, None, None) => String::new(),
    }
}

/// A number as TOML takes it, long ones with their thousands apart.
fn digits(number: f64) -> String {
    let plain = number.to_string();
    if number.abs() >= 1e9 {
        return format!("{number:e}");
    }
    if number.abs() < 1e5 || number.fract() != 0.0 {
        return plain;
    }
    let mut apart = String::new();
    for (i, digit) in plain.chars().enumerate() {
        if i > 0 && (plain.len() - i).is_multiple_of(3) {
            apart.push('_');
        }
        apart.push(digit);
    }
    apart
}

/// Keys that say how a file is read: without one their defaults are of no account.
const OF_A_FILE: [&str; 5] = ["kind", "meter_kind", "unit", "stamp", "gaps"];

fn collect_defaults(schema: &Json, node: &Node, path: &str, taken: &mut Vec<DefaultTaken>) {
    match &node.value {
        Value::Table(_) => {
            let without_file = schema["properties"].get("file").is_some() && node.get("file").is_none();
            for (key, own) in schema["properties"].as_object().into_iter().flatten() {
                if without_file && OF_A_FILE.contains(&key.as_str()) && node.get(key).is_none() {
                    continue;
                }
                match (node.get(key), own.get("default")) {
                    (Some(child), _) => collect_defaults(own, child, &below(path, key), taken),
                    (None, Some(default)) if default != &serde_json::json!([]) => {
                        taken.push((below(path, key), default.clone()));
                    }
                    _ => {}
                }
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                let segment = item.id().map_or_else(|| i.to_string(), str::to_owned);
                collect_defaults(&schema["items"], item, &below(path, &segment), taken);
            }
        }
        Value::Scalar(_) | Value::Wrong => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::diagnostics::Source;
    use super::super::{schema, tree};
    use super::*;

    /// The tree of a text after the check, and the faults.
    fn checked(text: &str) -> (Node, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut root = tree::parse(&Source::new("t.toml", text), &mut faults).unwrap();
        check(&schema::of_language(), &mut root, true, &mut faults);
        (root, faults)
    }

    #[test]
    fn what_is_wrong_is_marked_and_the_rest_stays() {
        let (root, faults) = checked("[scenario]\nname = \"x\"\nstart = 2027-01-01\nyears = 99\nseeds = 3\n");
        assert_eq!(faults.len(), 2);
        let scenario = root.get("scenario").unwrap();
        assert!(scenario.has_wrong() && scenario.get("years").unwrap().is_wrong());
        assert_eq!(root.to_toml().to_string(), "{ scenario = { name = \"x\", start = 2027-01-01 } }");
    }

    #[test]
    fn a_key_that_is_wrong_is_not_missing_too() {
        let (_, faults) = checked("[scenario]\nnaam = \"x\"\nstart = \"soon\"\n");
        let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
        assert_eq!(codes, ["kwartier::scenario::unknown_key", "kwartier::scenario::wrong_type"]);
    }

    #[test]
    fn without_the_base_nothing_is_missing() {
        let mut faults = Vec::new();
        let mut root = tree::parse(&Source::new("t.toml", "[[homes]]\ncolour = 1\n"), &mut faults).unwrap();
        check(&schema::of_language(), &mut root, false, &mut faults);
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn a_spread_has_exactly_the_keys_of_one_form() {
        let codes = |spread: &str| {
            let text = format!("annual_kwh = {spread}\nid = \"a\"\ncount = 1\n");
            let (_, faults) = checked(&format!("[scenario]\nname = \"x\"\nstart = 2027-01-01\n[[homes]]\n{text}"));
            faults.iter().map(|fault| fault.code.rsplit(':').next().unwrap()).collect::<Vec<_>>()
        };
        for good in ["1", "0.5", "{ sd = 1, mean = 2 }", "{ min = 1, max = 2 }", "{ any_of = [1, 2.5] }"] {
            assert_eq!(codes(good), [""; 0], "{good}");
        }
        for wrong in ["{}", "{ mean = 1 }", "{ mean = 1, max = 2 }", "{ mean = 1, sd = 2, max = 3 }"] {
            assert_eq!(codes(wrong), ["spread"], "{wrong}");
        }
        assert_eq!(codes("{ mean = 0, sd = -1 }"), ["out_of_range"; 2]);
        assert_eq!(codes("{ any_of = [] }"), ["empty"]);
        assert_eq!(codes("{ any_of = [-1, 2, nan] }"), ["out_of_range"; 2]);
    }

    #[test]
    fn bounds_read_as_words() {
        let words = |schema: Json| expected(&schema);
        assert_eq!(words(json!({ "type": "number", "minimum": 0, "maximum": 1 })), "a number from 0 to 1");
        assert_eq!(words(json!({ "type": "number", "exclusiveMinimum": 0 })), "a number above 0");
        assert_eq!(
            words(json!({ "type": "number", "minimum": 0, "exclusiveMaximum": 1 })),
            "a number from 0 to below 1"
        );
        assert_eq!(words(json!({ "type": "number", "minimum": -0.02, "maximum": 0 })), "a number from -0.02 to 0");
        assert_eq!(
            words(json!({ "type": "integer", "minimum": 0, "maximum": 10_000_000 })),
            "a whole number from 0 to 10_000_000"
        );
        assert_eq!(words(json!({ "type": "integer", "enum": [5, 10] })), "one of 5, 10");
        assert_eq!(words(json!({ "type": "string", "enum": ["a"] })), "\"a\"");
    }

    #[test]
    fn a_number_is_found_in_a_text() {
        assert_eq!(number_in(" 2900,5 "), Some((2900.5, "")));
        assert_eq!(number_in("60 %"), Some((60.0, "%")));
        assert_eq!(number_in("5 kWh"), Some((5.0, "kWh")));
        assert_eq!(number_in("1.2.3"), None);
        assert_eq!(number_in("veel"), None);
    }

    #[test]
    fn the_defaults_that_are_taken_are_listed_with_their_paths() {
        let (root, _) =
            checked("[scenario]\nname = \"x\"\nstart = 2027-01-01\nseed = 3\n[[homes]]\nid = \"a\"\ncount = 1\n");
        let taken = defaults_taken(&schema::of_language(), &root);
        assert!(taken.contains(&("scenario.step_minutes".to_owned(), json!(15))), "{taken:?}");
        assert!(taken.contains(&("homes.a.tenure".to_owned(), json!("owner"))), "{taken:?}");
        assert!(taken.iter().all(|(path, _)| path != "scenario.seed"));
    }
}

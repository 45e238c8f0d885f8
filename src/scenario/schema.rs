//! The JSON Schema of the scenario language, and the reference page made from it.

use std::fmt::Write as _;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value as Json, json};

use super::check::{expected, is_table_list, words};
use super::language;

/// The schema that scenarios are checked against: everything inline, nothing nullable.
pub fn of_language() -> Json {
    of_type::<language::File>()
}

/// The schema of a table that is read as `T`, in the same form.
pub fn of_type<T: JsonSchema>() -> Json {
    let settings = SchemaSettings::draft2020_12().for_deserialize().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    drop_null(&mut schema);
    schema
}

/// The schema for editors: keys completed and checked, also in variants that write only what differs.
pub fn for_editors() -> Json {
    let mut schema = of_language();
    close(&mut schema);
    schema["$id"] = json!("https://kwartier.example/scenario.schema.json");
    schema["title"] = json!("kwartier scenario");
    schema
}

/// TOML has no null: `["number", "null"]` becomes `"number"`, `anyOf [T, null]` becomes T.
fn drop_null(schema: &mut Json) {
    match schema {
        Json::Object(map) => {
            if let Some(Json::Array(types)) = map.get("type") {
                let kept: Vec<Json> = types.iter().filter(|name| *name != "null").cloned().collect();
                if let [only] = kept.as_slice() {
                    map.insert("type".into(), only.clone());
                }
            }
            if let Some(Json::Array(allowed)) = map.get_mut("enum") {
                allowed.retain(|value| !value.is_null());
            }
            if let Some(Json::Array(forms)) = map.remove("anyOf") {
                let mut kept: Vec<Json> = forms.into_iter().filter(|form| form["type"] != "null").collect();
                match (kept.len(), kept.pop()) {
                    (1, Some(Json::Object(only))) => {
                        for (key, value) in only {
                            map.entry(key).or_insert(value);
                        }
                    }
                    (_, Some(last)) => {
                        kept.push(last);
                        map.insert("oneOf".into(), Json::Array(kept));
                    }
                    _ => {}
                }
            }
            for format in ["uint", "uint8", "uint16", "uint32", "uint64", "int16", "int32", "int64", "double", "float"]
            {
                if map.get("format").is_some_and(|f| f == format) {
                    map.remove("format");
                }
            }
            if map.get("default").is_some_and(Json::is_null) {
                map.remove("default");
            }
            map.values_mut().for_each(drop_null);
        }
        Json::Array(items) => items.iter_mut().for_each(drop_null),
        _ => {}
    }
}

/// Refuses unknown keys, and asks for no key but `id`, as a variant may leave out all others.
fn close(schema: &mut Json) {
    match schema {
        Json::Object(map) => {
            map.remove("required");
            map.remove("x-mend");
            if let Some(Json::Object(properties)) = map.get_mut("properties") {
                let is_entry = properties.contains_key("id");
                if is_entry {
                    let about = "In a variant: drops the inherited entry with this id.";
                    properties.insert("remove".into(), json!({ "type": "boolean", "description": about }));
                    map.insert("required".into(), json!(["id"]));
                }
                map.entry("additionalProperties").or_insert(json!(false));
            }
            map.values_mut().for_each(close);
        }
        Json::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// The reference page of the scenario language, in Markdown.
pub fn reference() -> String {
    let schema = of_language();
    let mut page = String::from(
        "# The scenario language\n\n\
         <!-- Made from the types by `kwartier schema --reference`; a test keeps it in step. Do not edit. -->\n\n\
         A scenario is a TOML file. Every key has a unit in its name. A path is relative to the file it is written in;\n\
         with `--set` to the working directory. A number that may differ between homes is one number, or\n\
         `{ mean = , sd = }` (lognormal; mean and standard deviation of the quantity itself), `{ min = , max = }` (uniform)\n\
         or `{ any_of = [ ] }` (each as likely). `kwartier check FILE` tells all that is wrong with a scenario at once;\n\
         `kwartier schema` gives the JSON Schema with which an editor completes keys.\n",
    );
    section(&schema, "", &mut page);
    page
}

/// The keys of a table as a table in Markdown, and its tables below it.
pub(crate) fn section(schema: &Json, path: &str, page: &mut String) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = |key: &str| schema["required"].as_array().is_some_and(|keys| keys.iter().any(|k| k == key));
    let mut tables = Vec::new();
    page.push_str("\n| key | value | default | meaning |\n|---|---|---|---|\n");
    for (key, own) in properties {
        let is_list = is_table_list(own);
        let inner = if is_list { &own["items"] } else { own };
        let is_table = inner["properties"].is_object();
        if is_table {
            tables.push((key, own, inner));
        }
        let default = match own.get("default").filter(|d| *d != &json!([])) {
            Some(value) => format!("`{}`", toml_words(value)),
            None if required(key) => "required".to_owned(),
            None => String::new(),
        };
        let value = match (is_table, is_list) {
            (true, true) => "list of tables, see below".to_owned(),
            (true, false) => "a table, see below".to_owned(),
            (false, _) => expected(own),
        };
        let meaning = own["description"].as_str().unwrap_or("").replace("\n\n", " ").replace('\n', " ");
        let _ = writeln!(
            page,
            "| `{key}` | {} | {default} | {} |",
            value.replace('|', "\\|"),
            explain_words(own, &meaning)
        );
    }
    for (key, own, inner) in tables {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let heading = if is_table_list(own) { format!("[[{below}]]") } else { format!("[{below}]") };
        let level = "#".repeat(2 + below.matches('.').count());
        let _ = write!(
            page,
            "\n{level} `{heading}`\n\n{}\n",
            own["description"].as_str().unwrap_or("").replace("\n\n", " ")
        );
        section(inner, &below, page);
    }
}

/// The meaning of a key followed by what each of its words means.
fn explain_words(schema: &Json, meaning: &str) -> String {
    if words(schema).is_none() {
        return meaning.to_owned();
    }
    let each: Vec<String> = schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|form| Some(format!("{}: {}", form["const"].as_str()?, form["description"].as_str()?)))
        .collect();
    if each.is_empty() { meaning.to_owned() } else { format!("{meaning} ({})", each.join("; ")) }
}

/// A default as it would be written in a scenario.
fn toml_words(value: &Json) -> String {
    match value {
        Json::Object(map) => {
            format!(
                "{{ {} }}",
                map.iter().map(|(k, v)| format!("{k} = {}", toml_words(v))).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_schema_is_a_reference_or_null() {
        let text = of_language().to_string();
        assert!(!text.contains("$ref") && !text.contains("\"null\"") && !text.contains("anyOf"), "{text}");
    }

    /// Every table of a schema, with the path to it.
    fn tables<'a>(schema: &'a Json, path: &str, found: &mut Vec<(String, &'a Json)>) {
        for (key, own) in schema["properties"].as_object().into_iter().flatten() {
            let inner = if is_table_list(own) { &own["items"] } else { own };
            if inner["properties"].is_object() {
                found.push((format!("{path}{key}"), inner));
            }
            tables(inner, &format!("{path}{key}."), found);
        }
    }

    #[test]
    fn every_key_is_described_for_editors_and_no_other_is_taken() {
        let schema = for_editors();
        let mut found = vec![("the top".to_owned(), &schema)];
        tables(&schema, "", &mut found);
        assert!(found.iter().any(|(path, _)| path == "homes.battery"), "{found:?}");
        // The keys of rules depend on their kind: `rules::reference` completes them.
        for (path, table) in found.into_iter().filter(|(path, _)| !path.starts_with("rules.")) {
            assert_eq!(table["additionalProperties"], false, "{path}");
            for (key, own) in table["properties"].as_object().unwrap() {
                assert!(own["description"].is_string(), "{path}: {key} has no description");
            }
        }
    }

    #[test]
    fn editors_are_asked_for_no_key_but_the_id_of_an_entry() {
        let schema = for_editors();
        assert!(schema.get("required").is_none() && schema["properties"]["scenario"].get("required").is_none());
        assert_eq!(schema["properties"]["homes"]["items"]["required"], json!(["id"]));
        assert_eq!(schema["properties"]["homes"]["items"]["properties"]["remove"]["type"], "boolean");
        assert!(!schema.to_string().contains("x-mend"));
    }

    #[test]
    fn editors_see_defaults_bounds_and_words() {
        let schema = for_editors();
        let scenario = &schema["properties"]["scenario"]["properties"];
        assert_eq!(scenario["step_minutes"]["default"], 15);
        assert_eq!(scenario["step_minutes"]["enum"], json!([5, 10, 15, 30, 60]));
        assert_eq!(scenario["years"]["maximum"].as_f64(), Some(30.0));
        assert_eq!(schema["properties"]["place"]["properties"]["country"]["default"], "NL");
        assert!(words(&schema["properties"]["sharing"]["properties"]["key"]).unwrap().contains(&"pro-rata"));
    }

    #[test]
    fn the_reference_in_docs_is_in_step_with_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scenario.md");
        if std::env::var_os("KWARTIER_BLESS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == reference(), "docs/scenario.md is stale: run KWARTIER_BLESS=1 cargo test reference");
    }
}

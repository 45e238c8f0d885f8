//! The language of rulebooks for editors and people: a JSON Schema, and the reference page made from it.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::book::{BookFile, rule_schema};
use super::kinds::KINDS;
use super::rule::Written;
use super::terms::{Party, word};
use crate::scenario::schema;

/// The schema of a rule of any kind: the keys of all kinds together, as an editor completes them.
fn any_rule() -> Json {
    let mut properties = Map::new();
    for kind in KINDS {
        let schema = rule_schema(kind);
        for (key, own) in schema["properties"].as_object().into_iter().flatten() {
            match properties.get_mut(key) {
                None => {
                    properties.insert(key.clone(), own.clone());
                }
                Some(known) if known == own => {}
                Some(known) if key == "versions" => {
                    let more = own["items"]["properties"].as_object().cloned().unwrap_or_default();
                    if let Some(items) = known["items"]["properties"].as_object_mut() {
                        more.into_iter().for_each(|(key, own)| {
                            items.entry(key).or_insert(own);
                        });
                    }
                }
                // Two kinds mean different things by the key.
                Some(known) => *known = json!({ "description": "Depends on `kind`." }),
            }
        }
    }
    let kinds: Vec<Json> = KINDS.iter().map(|kind| json!({ "const": kind.name, "description": kind.about })).collect();
    properties.insert("kind".into(), json!({ "description": "Kind of instrument.", "oneOf": kinds }));
    json!({ "type": "object", "properties": properties, "required": ["id"], "additionalProperties": false })
}

/// The schema of a supply contract.
fn contract() -> Json {
    let mut schema = KINDS.iter().find(|kind| kind.name == "energy-price").map(rule_schema).unwrap_or_default();
    if let Some(properties) = schema["properties"].as_object_mut()
        && let Some(tariff) = properties.remove("tariff")
    {
        properties.insert("kind".into(), tariff);
    }
    schema["required"] = json!(["id"]);
    schema["additionalProperties"] = json!(false);
    schema
}

/// Completes the editor's schema of scenarios with the keys of rules and contracts.
pub fn complete(scenario: &mut Json) {
    let rules = &mut scenario["properties"]["rules"]["properties"];
    for (list, item) in [("add", any_rule()), ("replace", any_rule()), ("contracts", contract())] {
        rules[list]["items"] = item;
    }
}

/// The schema of rulebooks for editors.
pub fn for_editors() -> Json {
    let mut schema = schema::of_type::<BookFile>();
    schema["properties"]["rules"] = json!({ "type": "array", "description": "The rules.", "items": any_rule() });
    schema["properties"]["contracts"] =
        json!({ "type": "array", "description": "Supply contracts.", "items": contract() });
    schema["additionalProperties"] = json!(false);
    schema["$id"] = json!("https://kwartier.example/rulebook.schema.json");
    schema["title"] = json!("kwartier rulebook");
    schema
}

/// The reference page of rulebooks, in Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# The language of rulebooks\n\n\
         <!-- Made from the types by `kwartier schema --rulebook --reference`; a test keeps it in step. Do not edit. -->\n\n\
         A rulebook is a TOML file: `[book]`, `[[vat]]`, `[[rules]]` and `[[contracts]]`. The built-in ones are in\n\
         [scenarios/rulebooks](../scenarios/rulebooks) ([what they hold](models/rulebooks.md)). A scenario names a book in `[rules]` and changes it:\n\
         `[[rules.add]]` has the same keys as `[[rules]]`, `[[rules.contracts]]` the same as `[[contracts]]`, and\n\
         `[[rules.replace]]` those that differ, with the `id` of the rule.\n\n\
         - A rule is of a *kind*, which gives it keys of its own. A supply contract is a rule of kind `energy-price` in short:\n\
         \u{20} its `kind` is its tariff.\n\
         - `versions` hold the numbers of some dates. What a version does not write it takes from the rule; with `as` first from\n\
         \u{20} another version. The scenario's versions win on their dates.\n\
         - A key ends in its unit. `…_eur_…` is without VAT, `…_incl_vat` with it; write one of the two.\n\
         - A number that is left out where a rule can do without it is *not known*: it is refused where a sum needs it.\n\
         - Numbers are taken exactly as written, up to fifteen digits.\n\n\
         What each kind does, with formula, worked case and source: the pages of `kwartier::rules::kinds` in `cargo doc --open`,\n\
         and [models/rules.md](models/rules.md).\n",
    );
    page.push_str("\n## The book\n");
    schema::section(&schema::of_type::<BookFile>(), "", &mut page);
    page.push_str("\n## Keys of every rule\n");
    schema::section(&schema::of_type::<Written>(), "", &mut page);
    page.push_str(
        "\n## Keys of a version\n\nBesides these `[[rules.versions]]` takes the keys of its kind, `vat_fraction` and `base`.\n",
    );
    schema::section(&schema::of_type::<super::rule::WrittenVersion>(), "", &mut page);
    page.push_str("\n## Keys about money\n\nIn the rule or in a version, of kinds that move money.\n");
    schema::section(&schema::of_type::<super::rule::WrittenMoney>(), "", &mut page);
    for kind in KINDS {
        let vat = if kind.has_vat { "; it says which VAT is on it" } else { "" };
        let owner = |party: Party| word(&party).replace('-', " ");
        let _ = write!(
            page,
            "\n## Kind `{}`\n\n{}. By default the {} pays the {}, for {}, settled by {}{vat}.\n",
            kind.name,
            sentence(kind.about),
            owner(kind.payer),
            owner(kind.payee),
            kind.who.iter().map(word).collect::<Vec<_>>().join(", "),
            word(&kind.settled),
        );
        schema::section(&(kind.schema)(), "", &mut page);
    }
    page
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_of_rulebooks_in_docs_is_in_step_with_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rulebook.md");
        if std::env::var_os("KWARTIER_BLESS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == reference(), "docs/rulebook.md is stale: run KWARTIER_BLESS=1 cargo test reference");
    }

    #[test]
    fn editors_know_every_key_of_every_kind() {
        let mut scenario = schema::for_editors();
        complete(&mut scenario);
        let rules = &scenario["properties"]["rules"]["properties"];
        for kind in KINDS {
            for key in (kind.schema)()["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
                assert!(rules["add"]["items"]["properties"].get(key).is_some(), "{}: {key}", kind.name);
            }
        }
        assert!(rules["contracts"]["items"]["properties"]["kind"]["oneOf"].is_array());
    }
}

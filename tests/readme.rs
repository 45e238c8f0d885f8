//! README: its scenarios load and run, its figures are the program's, its commands are those of CI, its links lead
//! somewhere, and no column or metric is without a word in `docs/results.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kwartier::report::books::BOOKS_METRICS;
use kwartier::report::metrics::{METRICS, MONEY_METRICS};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fenced blocks of a page in one language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or("").to_owned()).collect()
}

/// What the program prints on stdout; it must succeed.
fn kwartier(folder: &Path, args: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_kwartier"))
        .current_dir(folder)
        .args(args)
        .output()
        .expect("the program starts");
    assert!(done.status.success(), "kwartier {}: {}", args.join(" "), String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("it prints text")
}

/// README's scenarios as files in a new folder: each names its file in its first line.
fn scenarios() -> (tempfile::TempDir, Vec<(PathBuf, String)>) {
    let folder = tempfile::tempdir().expect("a folder for files");
    let files = blocks(&read("README.md"), "toml").into_iter().map(|text| {
        let name = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a file name").to_owned();
        let path = folder.path().join(name);
        fs::write(&path, &text).expect("the file can be written");
        (path, text)
    });
    let files = files.collect();
    (folder, files)
}

#[test]
fn every_scenario_in_the_readme_loads_without_a_fault() {
    let (_folder, files) = scenarios();
    assert_eq!(files.len(), 5);
    for (path, _) in files {
        let loaded = kwartier::scenario::load(&path, &[], None);
        assert!(loaded.faults.is_empty() && loaded.draft.is_some(), "{}: {:?}", path.display(), loaded.faults);
    }
}

#[test]
fn scenarios_in_the_readme_that_need_no_files_run() {
    let (folder, files) = scenarios();
    for (path, _) in files.iter().filter(|(_, text)| !text.contains("file =")) {
        kwartier(folder.path(), &["run", path.to_str().unwrap()]);
    }
}

#[test]
fn the_summary_in_the_readme_is_what_the_program_prints() {
    let printed = kwartier(root(), &["run", "scenarios/zonnebuurt.toml"]);
    let page = read("README.md");
    let shown = blocks(&page, "text").into_iter().find(|block| block.starts_with("Zonnebuurt\n")).unwrap();
    for line in shown.lines().filter(|line| !line.is_empty()) {
        let same = |real: &str| line.strip_suffix('…').map_or(real == line, |begin| real.starts_with(begin));
        assert!(printed.lines().any(same), "README shows\n{line}\nbut the program prints\n{printed}");
    }
}

#[test]
fn the_bill_in_the_readme_is_what_the_program_prints() {
    let (folder, files) = scenarios();
    let bills = files.iter().find(|(path, _)| path.ends_with("bills.toml")).expect("README has a scenario with rules");
    let printed = kwartier(folder.path(), &["explain", "bill", bills.0.to_str().unwrap(), "--home", "street-3"]);
    let page = read("README.md");
    let shown = blocks(&page, "text").into_iter().find(|block| block.starts_with("street-3, contract year")).unwrap();
    assert!(printed.starts_with(&shown), "README shows\n{shown}\nbut the program prints\n{printed}");
}

#[test]
fn the_books_in_the_readme_are_what_the_program_prints() {
    let printed = kwartier(root(), &["run", "scenarios/sce-dak.toml"]);
    let page = read("README.md");
    let shown = blocks(&page, "text").into_iter().find(|block| block.contains("The cooperative's books")).unwrap();
    assert!(printed.contains(&shown), "README shows\n{shown}\nbut the program prints\n{printed}");
}

#[test]
fn the_commands_of_the_readme_are_those_of_ci() {
    let commands: Vec<String> = blocks(&read("README.md"), "sh").iter().map(|block| block.trim().to_owned()).collect();
    assert_eq!(commands, ["cargo run --release -- run scenarios/zonnebuurt.toml", "cargo test"]);
    let ci = read(".ci/run");
    for word in ["readme_command 'cargo test'", "readme_command 'cargo run'"] {
        assert!(ci.contains(word), ".ci/run does not take its command from README: {word}");
    }
}

#[test]
fn the_readme_names_every_command() {
    let help = kwartier(root(), &["--help"]);
    let commands = help.split("Commands:\n").nth(1).unwrap().lines().take_while(|line| !line.is_empty());
    let page = read("README.md");
    for command in commands.filter_map(|line| line.split_whitespace().next()).filter(|command| *command != "help") {
        assert!(page.contains(&format!("| `kwartier {command}")), "README has no row for `kwartier {command}`");
    }
}

#[test]
fn every_column_and_metric_is_explained() {
    let (folder, files) = scenarios();
    kwartier(folder.path(), &["run", files[0].0.to_str().unwrap(), "--out", "out", "--series", "homes"]);
    let page = read("docs/results.md");
    let mut missing = Vec::new();
    let table = root().join("scenarios/nederland.toml");
    let few = ["--set", "scenario.step_minutes=60", "--set", "scenario.shapes=4"];
    kwartier(folder.path(), &[&["run", table.to_str().unwrap(), "--out", "table"], &few[..]].concat());
    let bills = files.iter().find(|(path, _)| path.ends_with("bills.toml")).expect("README has a scenario with rules");
    kwartier(folder.path(), &["run", bills.0.to_str().unwrap(), "--out", "bills"]);
    let books = files.iter().find(|(path, _)| path.ends_with("books.toml")).expect("README has a scenario with books");
    kwartier(folder.path(), &["run", books.0.to_str().unwrap(), "--out", "books"]);
    for (out, name) in [
        ("bills", "members.csv"),
        ("bills", "bills.csv"),
        ("bills", "public.csv"),
        ("books", "cash_flow.csv"),
        ("books", "plants.csv"),
        ("out", "quarters.csv"),
        ("out", "homes.csv"),
        ("table", "neighbourhoods.csv"),
    ] {
        let table = fs::read_to_string(folder.path().join(out).join(name)).unwrap();
        let section = page.split("\n## ").find(|section| section.starts_with(&format!("`{name}`"))).unwrap_or("");
        let columns = table.lines().next().unwrap().split(',');
        missing.extend(columns.filter(|c| !section.contains(&format!("`{c}`"))).map(|c| format!("{name}: {c}")));
    }
    let metrics = METRICS.iter().chain(&MONEY_METRICS).chain(&BOOKS_METRICS);
    let metrics = metrics.chain(&kwartier::report::neighbourhoods::TOTALS);
    let metrics = metrics.map(|metric| metric.name);
    missing.extend(metrics.filter(|m| !page.contains(&format!("`{m}`"))).map(str::to_owned));
    assert!(missing.is_empty(), "docs/results.md says nothing about {missing:?}");
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut pages = vec!["README.md".into(), "CONTRIBUTING.md".into(), "CHANGELOG.md".into()];
    for folder in ["docs", "docs/models", "docs/decisions"] {
        let names = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let names = names.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
        pages.extend(names.map(|path| path.strip_prefix(root()).unwrap().to_path_buf()));
    }
    for page in pages {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or("");
            let there = target.is_empty() || target.contains("://") || page_folder(&page).join(target).exists();
            assert!(there, "{} links to {link}, which is not there", page.display());
        }
    }
}

fn page_folder(page: &Path) -> PathBuf {
    root().join(page).parent().unwrap_or(root()).to_path_buf()
}

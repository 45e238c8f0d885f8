//! A table of neighbourhoods: the rows that make many communities out of one scenario.
//!
//! A delimited text in UTF-8, comma-separated, with a header: `id` and, if wanted, `name`, `latitude_deg` with
//! `longitude_deg`, `weather`, and a column for each group of the scenario, named by the group's id, with the number of its
//! homes there. Lines that are empty or begin with `#` are passed over.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};

use crate::random::neighbourhood_seed;
use crate::scenario::diagnostics::{Fault, Origin, Source, nearest};
use crate::scenario::plan::{Group, MarketSky, NeighbourhoodsFile, Plan, RowOf, WeatherFile};
use crate::scenario::tree::file_help;
use crate::series::findings::Findings;
use crate::series::table::skip_blank;

/// The greatest number of homes of a group in a neighbourhood: that of `count` in a scenario.
const MOST_HOMES: u32 = 10_000_000;

/// The columns that are not of a group, as they are named.
const OWN_COLUMNS: [(&str, Column); 5] = [
    ("id", Column::Id),
    ("name", Column::Name),
    ("latitude_deg", Column::Latitude),
    ("longitude_deg", Column::Longitude),
    ("weather", Column::Weather),
];

/// One neighbourhood of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id: of its draws, and on the command line.
    pub id: String,
    /// Its name, shown in results.
    pub name: String,
    /// Latitude, degrees, north positive.
    pub latitude_deg: f64,
    /// Longitude, degrees, east positive.
    pub longitude_deg: f64,
    /// Where the place is written, for warnings; `None`: it is the scenario's.
    pub place_origin: Option<Origin>,
    /// Its own weather file; `None`: the scenario's weather.
    pub weather: Option<WeatherFile>,
    /// The number of homes or businesses of each group of the plan.
    pub counts: Vec<u32>,
}

impl Row {
    /// The number of its homes and businesses.
    pub fn homes(&self) -> usize {
        self.counts.iter().map(|count| *count as usize).sum()
    }
}

/// Reads the table of a plan; `None` if anything is wrong with it.
///
/// # Arguments
/// * `plan` – gives the groups, and what a row does not say itself.
/// * `faults` – all that is wrong with the table is added, each at its cell; beyond the first 20 as one "and N more".
///
/// # Invariants
/// At least one row; ids are unique; places lie on the earth; every row has a count for each group of the plan.
pub fn read(plan: &Plan, file: &NeighbourhoodsFile, faults: &mut Vec<Fault>) -> Option<Vec<Row>> {
    let mut findings = Findings::new(&file.file, &file.origin);
    let rows = read_text(&file.file, &mut findings).map(|source| {
        let mut reading = Reading { plan, file: &file.file, source: &source, findings: &mut findings };
        reading.rows()
    });
    let rows = rows.filter(|_| !findings.refuse());
    findings.hand_over(faults);
    rows
}

/// The row with this id.
///
/// # Errors
/// The nearest ids, or the first few, in words, if there is no such row.
pub fn find<'a>(rows: &'a [Row], id: &str) -> Result<&'a Row, String> {
    if let Some(row) = rows.iter().find(|row| row.id == id) {
        return Ok(row);
    }
    let hint = match nearest(id, rows.iter().map(|row| row.id.as_str())) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => some_ids(rows),
    };
    Err(format!("there is no neighbourhood \"{id}\"; {hint}"))
}

/// The ids of a table in words, the first few of many.
pub fn some_ids(rows: &[Row]) -> String {
    const FEW: usize = 10;
    let ids: Vec<&str> = rows.iter().take(FEW).map(|row| row.id.as_str()).collect();
    match rows.len().saturating_sub(FEW) {
        0 => format!("there are {}", ids.join(", ")),
        more => format!("there are {} and {more} more", ids.join(", ")),
    }
}

/// The plan of one row of the table of `plan`: a community at the row's place, with the row's homes and draws of its own.
///
/// Weather and the library of loads keep the scenario's seed: neighbours live under one sky, and all rows share the library.
/// All rows buy at one market: a built-in price is made from the scenario's own place and weather.
pub fn plan_of(plan: &Plan, row: &Row) -> Plan {
    let mut own = plan.clone();
    own.name = format!("{}: {}", plan.name, row.name);
    own.homes_seed = neighbourhood_seed(plan.seed, &row.id);
    own.market_sky = Some(MarketSky {
        latitude_deg: plan.latitude_deg,
        longitude_deg: plan.longitude_deg,
        weather: plan.weather.clone(),
    });
    own.latitude_deg = row.latitude_deg;
    own.longitude_deg = row.longitude_deg;
    own.place_origin = row.place_origin.clone().or(own.place_origin);
    own.weather = row.weather.clone().or(own.weather);
    for (group, count) in own.groups.iter_mut().zip(&row.counts) {
        group.count = *count;
    }
    let table = own.neighbourhoods.take();
    own.row = table.map(|table| RowOf { file: table.file, id: row.id.clone() });
    own
}

/// The text of a table, which must be UTF-8, with or without its mark.
fn read_text(path: &Path, findings: &mut Findings) -> Option<Source> {
    let name = findings.file().to_owned();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let (message, help) = match error.kind() {
                std::io::ErrorKind::NotFound => (format!("there is no file `{name}`"), file_help(path)),
                _ => (format!("cannot read `{name}`: {error}"), "check who may read the file".to_owned()),
            };
            let fault = Fault::error("kwartier::neighbourhoods::file", message).help(help);
            findings.in_scenario(fault, "asked for here");
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Some(Source::new(name, text))
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let source = Source::new(name.as_str(), String::from_utf8_lossy(error.as_bytes()));
            let fault = Fault::error("kwartier::neighbourhoods::file", format!("`{name}` is not a text in UTF-8"))
                .help("save the table as plain text in UTF-8");
            findings.in_file(&source, at..at + char::REPLACEMENT_CHARACTER.len_utf8(), fault, "not UTF-8");
            None
        }
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Id,
    Name,
    Latitude,
    Longitude,
    Weather,
    /// The number of homes of a group of the plan.
    Group(usize),
}

/// A line of the table: where it begins, and its cells without the blanks around them.
struct Line<'a> {
    at: usize,
    cells: Vec<&'a str>,
}

/// A table in reading.
struct Reading<'a, 'f> {
    plan: &'a Plan,
    file: &'a Path,
    source: &'a Source,
    findings: &'a mut Findings<'f>,
}

impl Reading<'_, '_> {
    fn rows(&mut self) -> Vec<Row> {
        let text = self.source.text();
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
        let mut record = ByteRecord::new();
        let mut columns: Option<Vec<Option<Column>>> = None;
        let mut rows = Vec::new();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        let clashes = self.clashes();
        // Reading bytes from memory, with rows of any length, has no way to fail.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let cells = record.iter().map(|cell| std::str::from_utf8(cell).unwrap_or("").trim());
            let read_at = record.position().map_or(0, |position| position.byte() as usize);
            let line = Line { at: skip_blank(text, read_at), cells: cells.collect() };
            if line.cells.iter().all(|cell| cell.is_empty()) {
                continue;
            }
            match &columns {
                None => columns = Some(self.header(&line)),
                Some(columns) => rows.extend(self.row(&line, columns, &mut known, &clashes)),
            }
        }
        if columns.is_none() || (rows.is_empty() && !self.findings.refuse()) {
            let message = format!("`{}` holds no neighbourhoods", self.findings.file());
            let help = "give a header with `id` and a column for each group, and a row for each neighbourhood";
            let fault = Fault::error("kwartier::neighbourhoods::empty", message).help(help);
            self.findings.in_scenario(fault, "this table");
        }
        rows
    }

    /// What each column holds; `None` where that was refused.
    fn header(&mut self, line: &Line) -> Vec<Option<Column>> {
        if let [only] = line.cells.as_slice()
            && let Some(separator) = [';', '\t'].into_iter().find(|separator| only.contains(*separator))
        {
            let shown = if separator == ';' { "semicolons" } else { "tabs" };
            let fault =
                Fault::error("kwartier::neighbourhoods::separator", format!("the cells are separated by {shown}"))
                    .help("put commas between the cells, and a point in decimal numbers");
            self.at_cell(line, 0, fault, "expected commas");
            return vec![None];
        }
        let groups = &self.plan.groups;
        for group in groups.iter().filter(|group| OWN_COLUMNS.iter().any(|(name, _)| *name == group.id)) {
            let message =
                format!("the group \"{0}\" cannot have a column: `{0}` is a column of the table itself", group.id);
            let fault = Fault::error("kwartier::neighbourhoods::group_name", message).help("give the group another id");
            self.findings.in_scenario(fault, "this table");
        }
        let known: Vec<(&str, Column)> = OWN_COLUMNS
            .into_iter()
            .chain(groups.iter().enumerate().map(|(index, group)| (group.id.as_str(), Column::Group(index))))
            .collect();
        let mut columns: Vec<Option<Column>> = Vec::new();
        for (index, name) in line.cells.iter().enumerate() {
            let column = known.iter().find(|(known, _)| known == name).map(|(_, column)| *column);
            if column.is_none() {
                let help = match nearest(name, known.iter().map(|(known, _)| *known)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("columns: {}", listed(known.iter().map(|(known, _)| *known))),
                };
                let message = format!("unknown column `{name}`");
                let fault = Fault::error("kwartier::neighbourhoods::unknown_column", message).help(help);
                self.at_cell(line, index, fault, "no group and no column of the table");
            } else if columns.contains(&column) {
                let message = format!("column `{name}` is there twice");
                let fault =
                    Fault::error("kwartier::neighbourhoods::same_column", message).help("remove one of the two");
                self.at_cell(line, index, fault, "there before");
            }
            columns.push(column);
        }
        let has = |column: Column| columns.contains(&Some(column));
        let missing = [
            (!has(Column::Id)).then_some(("id", "a name of each neighbourhood, unique in the table")),
            (has(Column::Latitude) && !has(Column::Longitude)).then_some(("longitude_deg", "degrees, east positive")),
            (has(Column::Longitude) && !has(Column::Latitude)).then_some(("latitude_deg", "degrees, north positive")),
        ];
        for (name, meaning) in missing.into_iter().flatten() {
            let fault =
                Fault::error("kwartier::neighbourhoods::missing_column", format!("there is no column `{name}`"))
                    .help(format!("add `{name}` to this line and to each row: {meaning}"));
            self.at_line(line, fault, "the header");
        }
        columns
    }

    /// One neighbourhood, as far as its cells can be read; `None` without an id or with cells too few or too many.
    fn row(
        &mut self,
        line: &Line,
        columns: &[Option<Column>],
        known: &mut BTreeMap<String, usize>,
        clashes: &[Clash],
    ) -> Option<Row> {
        if line.cells.len() != columns.len() {
            let message = format!("this row has {} cells, the header {}", line.cells.len(), columns.len());
            let help = if line.cells.len() > columns.len() {
                "a decimal comma makes two cells of one: write numbers with a point, and a name with a comma in quotes"
            } else {
                "write every cell of the row, an empty one too"
            };
            let fault = Fault::error("kwartier::neighbourhoods::row", message).help(help);
            self.at_line(line, fault, "not as long as the header");
            return None;
        }
        let place_of = |column: Column| columns.iter().position(|known| *known == Some(column));
        let cell = |column: Column| place_of(column).map(|index| (index, line.cells[index]));
        let id = self.id(line, cell(Column::Id), known);
        let name = cell(Column::Name).map(|(_, name)| name).filter(|name| !name.is_empty());
        let place = self.place(line, [cell(Column::Latitude), cell(Column::Longitude)]);
        let weather = cell(Column::Weather).and_then(|(index, path)| self.weather(line, index, path));
        let mut counts: Vec<u32> = self.plan.groups.iter().map(|group| group.count).collect();
        for (group, count) in counts.iter_mut().enumerate() {
            if let Some((index, text)) = cell(Column::Group(group)) {
                *count = self.count(line, (index, text), group).unwrap_or(0);
                self.refuse_clash(line, index, (group, *count), clashes);
            }
        }
        let id = id?;
        let name = name.unwrap_or(&id).to_owned();
        let place_origin = place.as_ref().map(|(_, origin)| origin.clone());
        let [latitude_deg, longitude_deg] =
            place.map_or([self.plan.latitude_deg, self.plan.longitude_deg], |(degrees, _)| degrees);
        Some(Row { id, name, latitude_deg, longitude_deg, place_origin, weather, counts })
    }

    fn id(&mut self, line: &Line, cell: Option<(usize, &str)>, known: &mut BTreeMap<String, usize>) -> Option<String> {
        let (index, id) = cell?;
        if id.is_empty() {
            let fault = Fault::error("kwartier::neighbourhoods::id", "a neighbourhood without an id")
                .help("write an id that no other row has");
            self.at_cell(line, index, fault, "empty");
            return None;
        }
        if let Some(first) = known.get(id) {
            let (number, _) = self.source.line_and_column(*first);
            let fault =
                Fault::error("kwartier::neighbourhoods::same_id", format!("two neighbourhoods have the id \"{id}\""))
                    .help("give each its own id: it is the key of its draws");
            self.at_cell(line, index, fault, format!("the id of line {number} too"));
            return None;
        }
        known.insert(id.to_owned(), line.at);
        Some(id.to_owned())
    }

    /// Latitude and longitude with the place of the former; `None` where the scenario's are meant, or they are wrong.
    fn place(&mut self, line: &Line, cells: [Option<(usize, &str)>; 2]) -> Option<([f64; 2], Origin)> {
        let [latitude, longitude] = [cells[0]?, cells[1]?];
        if latitude.1.is_empty() != longitude.1.is_empty() {
            let (index, name) =
                if latitude.1.is_empty() { (latitude.0, "latitude_deg") } else { (longitude.0, "longitude_deg") };
            let message = format!("this neighbourhood has no `{name}`");
            let fault = Fault::error("kwartier::neighbourhoods::half_place", message)
                .help("write both coordinates, or leave both empty for the place of the scenario");
            self.at_cell(line, index, fault, "one coordinate without the other");
            return None;
        }
        if latitude.1.is_empty() {
            return None;
        }
        let latitude_deg = self.degrees(line, latitude, "latitude_deg", 90.0);
        let longitude_deg = self.degrees(line, longitude, "longitude_deg", 180.0);
        Some(([latitude_deg?, longitude_deg?], self.origin(line, latitude.0)))
    }

    fn degrees(&mut self, line: &Line, (index, text): (usize, &str), name: &str, most_deg: f64) -> Option<f64> {
        let Ok(degrees) = text.parse::<f64>() else {
            let with_point = text.replace(',', ".");
            let help = match with_point.parse::<f64>() {
                Ok(_) => format!("write decimals with a point: {with_point}"),
                Err(_) => "write degrees as a number with a point, such as 52.1".to_owned(),
            };
            let fault =
                Fault::error("kwartier::neighbourhoods::number", format!("`{name}` is \"{text}\", which is no number"))
                    .help(help);
            self.at_cell(line, index, fault, "expected a number");
            return None;
        };
        if !(-most_deg..=most_deg).contains(&degrees) {
            let fault = Fault::error("kwartier::neighbourhoods::out_of_range", format!("`{name}` is {degrees}")).help(
                "write degrees of WGS 84, as maps on the web show them; metres of a national grid are no degrees",
            );
            self.at_cell(line, index, fault, format!("expected a number from {} to {most_deg}", -most_deg));
            return None;
        }
        Some(degrees)
    }

    fn count(&mut self, line: &Line, (index, text): (usize, &str), group: usize) -> Option<u32> {
        if let Some(count) = text.parse::<u32>().ok().filter(|count| *count <= MOST_HOMES) {
            return Some(count);
        }
        let group = &self.plan.groups[group].id;
        let plain: String = text.chars().filter(|c| !matches!(c, '.' | ',' | ' ' | '_' | '\'')).collect();
        let is_grouped = plain != text && text.split(['.', ',', ' ', '_', '\'']).skip(1).all(|part| part.len() == 3);
        let help = match plain.parse::<u32>() {
            Ok(count) if is_grouped => format!("write {count}, without a sign between thousands"),
            _ if text.is_empty() => "write 0 if there are none".to_owned(),
            _ => "write how many there are, without decimals or unit; 0 if there are none".to_owned(),
        };
        let (code, message) = match text.parse::<i128>() {
            Ok(count) => ("kwartier::neighbourhoods::out_of_range", format!("the number of \"{group}\" is {count}")),
            Err(_) if text.is_empty() => {
                ("kwartier::neighbourhoods::number", format!("the number of \"{group}\" is missing"))
            }
            Err(_) => {
                let message = format!("the number of \"{group}\" is \"{text}\", which is no whole number");
                ("kwartier::neighbourhoods::number", message)
            }
        };
        let fault = Fault::error(code, message).help(help);
        self.at_cell(line, index, fault, "expected a whole number from 0 to 10_000_000");
        None
    }

    fn weather(&mut self, line: &Line, index: usize, path: &str) -> Option<WeatherFile> {
        if path.is_empty() {
            return None;
        }
        let Some(of_scenario) = &self.plan.weather else {
            let message = "a weather file, but the scenario's weather is synthetic";
            let fault = Fault::error("kwartier::neighbourhoods::weather", message).help(
                "write [weather] with source = \"knmi\" (or \"csv\") and a file in the scenario, which say how the files are \
                 read; or leave the cell empty",
            );
            self.at_cell(line, index, fault, "nothing says how to read it");
            return None;
        };
        let file = self.file.parent().unwrap_or(Path::new("")).join(path);
        Some(WeatherFile { file, origin: self.origin(line, index), ..of_scenario.clone() })
    }

    /// Groups whose id is that of a member of another group once that one is large enough.
    fn clashes(&self) -> Vec<Clash> {
        let groups = &self.plan.groups;
        let plants = self.plan.cooperative.iter().flat_map(|cooperative| &cooperative.plants).map(|plant| &plant.id);
        let others: Vec<&String> = groups.iter().map(|group| &group.id).chain(plants).collect();
        let clash = |(index, group): (usize, &Group)| {
            let number = |other: &String| other.strip_prefix(&group.id)?.strip_prefix('-')?.parse().ok();
            let found = others
                .iter()
                .filter_map(|other| Some(Clash { group: index, number: number(other)?, id: (*other).clone() }));
            found.collect::<Vec<_>>()
        };
        groups.iter().enumerate().flat_map(clash).collect()
    }

    fn refuse_clash(&mut self, line: &Line, index: usize, (group, count): (usize, u32), clashes: &[Clash]) {
        let is_in_it = |clash: &&Clash| clash.group == group && (1..=count).contains(&clash.number);
        if let Some(Clash { id, .. }) = clashes.iter().find(is_in_it) {
            let group = &self.plan.groups[group].id;
            let message = format!("\"{id}\" is also the name of a member of \"{group}\" here");
            let fault = Fault::error("kwartier::neighbourhoods::id_clash", message)
                .help(format!("give \"{id}\" another id in the scenario"));
            self.at_cell(line, index, fault, format!("its members are {group}-1 to {group}-{count}"));
        }
    }

    /// Adds a fault at a cell of a line.
    fn at_cell(&mut self, line: &Line, index: usize, fault: Fault, label: impl Into<String>) {
        let span = cell_span(self.source.text(), line.at, index);
        self.findings.in_file(self.source, span, fault, label);
    }

    /// Adds a fault at a whole line.
    fn at_line(&mut self, line: &Line, fault: Fault, label: impl Into<String>) {
        let last = line.cells.len().saturating_sub(1);
        let span = line.at..cell_span(self.source.text(), line.at, last).end;
        self.findings.in_file(self.source, span, fault, label);
    }

    fn origin(&self, line: &Line, index: usize) -> Origin {
        Origin::new(self.source, cell_span(self.source.text(), line.at, index))
    }
}

/// A group that cannot have so many members: one of them would be called like another group or plant.
struct Clash {
    group: usize,
    number: u32,
    id: String,
}

/// `a`, `b`, `c`.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<String>>().join(", ")
}

/// The bytes of cell `index` of the line that begins at `at`, without blanks around it; quotes belong to it.
fn cell_span(text: &str, at: usize, index: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let (mut begin, mut cell, mut is_quoted) = (at, 0, false);
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'"' if is_quoted || end == begin => is_quoted = !is_quoted,
            // A quote after a closing one is a quote in the text, and opens again.
            b'"' if bytes[end - 1] == b'"' => is_quoted = true,
            b',' if !is_quoted && cell == index => break,
            b',' if !is_quoted => (begin, cell) = (end + 1, cell + 1),
            b'\r' | b'\n' if !is_quoted => break,
            _ => {}
        }
        end += 1;
    }
    let found = &text[begin..end];
    let (before, after) = (found.len() - found.trim_start().len(), found.len() - found.trim_end().len());
    if before == found.len() { begin..end } else { begin + before..end - after }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbourhood::homes;
    use crate::scenario;

    const SCENARIO: &str = "[scenario]\nname = \"Land\"\nstart = 2027-01-01\n\
                            [[homes]]\nid = \"row\"\ncount = 4\nannual_kwh = { mean = 2900, sd = 1000 }\n\
                            [[homes]]\nid = \"flat\"\ncount = 7\n\
                            [neighbourhoods]\nfile = \"table.csv\"\n";

    /// The plan of the scenario, and what its table gives.
    fn read_all(table: &str) -> (Plan, Vec<Fault>, Option<Vec<Row>>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("land.toml");
        std::fs::write(&path, SCENARIO).unwrap();
        std::fs::write(folder.path().join("table.csv"), table).unwrap();
        let loaded = scenario::load(&path, &[], None);
        assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
        let plan = loaded.draft.unwrap();
        let mut faults = Vec::new();
        let rows = read(&plan, plan.neighbourhoods.as_ref().unwrap(), &mut faults);
        (plan, faults, rows)
    }

    fn rows_of(table: &str) -> (Plan, Vec<Row>) {
        let (plan, faults, rows) = read_all(table);
        assert!(faults.is_empty(), "{faults:?}");
        (plan, rows.unwrap())
    }

    #[test]
    fn what_a_row_does_not_say_is_the_scenarios() {
        let (plan, rows) = rows_of("id,flat\na,3\n");
        let [row] = rows.as_slice() else { panic!("one row") };
        assert_eq!((row.name.as_str(), row.counts.as_slice()), ("a", &[4, 3][..]));
        assert_eq!([row.latitude_deg, row.longitude_deg].map(f64::to_bits), [52.10, 5.18].map(f64::to_bits));
        assert!(row.weather.is_none() && row.place_origin.is_none());
        let own = plan_of(&plan, row);
        assert_eq!((own.name.as_str(), own.seed, own.homes_seed == own.seed), ("Land: a", 1, false));
        assert!(own.neighbourhoods.is_none());
        assert_eq!(own.row.map(|row| row.id).as_deref(), Some("a"));
        assert_eq!(homes(&plan_of(&plan, row)).len(), 7);
    }

    #[test]
    fn marks_comments_quotes_blanks_and_line_ends_of_any_kind_are_read() {
        let text = "\u{feff}# ours\r\n\r\nid , name,latitude_deg,longitude_deg,row,flat\r\n\
                    a,\"Dorp, \"\"het\"\" oude\", 53.2 ,6.5, 1 ,2\r\n# between\r\n,,,,,\r\nb,,,,3,4";
        let (_, rows) = rows_of(text);
        let shown: Vec<_> = rows.iter().map(|row| (row.id.as_str(), row.name.as_str(), row.homes())).collect();
        assert_eq!(shown, [("a", "Dorp, \"het\" oude", 3), ("b", "b", 7)]);
        assert_eq!(rows[0].latitude_deg.to_bits(), 53.2_f64.to_bits());
        assert_eq!(rows[1].latitude_deg.to_bits(), 52.1_f64.to_bits());
    }

    #[test]
    fn adding_removing_or_moving_rows_moves_no_draw_of_another() {
        let draws = |table: &str, id: &str| {
            let (plan, rows) = rows_of(table);
            homes(&plan_of(&plan, find(&rows, id).unwrap()))
        };
        let alone = draws("id,row,flat\na,4,2\n", "a");
        assert_eq!(alone, draws("id,row,flat\nb,9,9\na,4,2\nc,0,1\n", "a"));
        let other = draws("id,row,flat\nb,4,2\n", "b");
        assert!(alone.iter().zip(&other).any(|(a, b)| a.annual_kwh != b.annual_kwh), "rows have draws of their own");
    }

    #[test]
    fn every_fault_is_at_its_cell() {
        let (_, faults, rows) =
            read_all("id,latitude_deg,longitude_deg,row\na,\"52,1\",5,4\n\"b\",52,,x\n a,52,5,-1\n");
        assert!(rows.is_none());
        let shown: Vec<(String, String)> = faults
            .iter()
            .map(|fault| (fault.code.replace("kwartier::neighbourhoods::", ""), fault.origin.as_ref().unwrap()))
            .map(|(code, origin)| {
                (code, format!("{:?} {}", origin.source.line_and_column(origin.span.start), origin.text()))
            })
            .collect();
        let expected = [
            ("number", "(2, 3) \"52,1\""),
            ("half_place", "(3, 8) "),
            ("number", "(3, 9) x"),
            ("same_id", "(4, 2) a"),
            ("out_of_range", "(4, 9) -1"),
        ];
        assert_eq!(shown, expected.map(|(code, at)| (code.to_owned(), at.to_owned())));
    }

    #[test]
    fn a_table_with_many_faults_shows_the_first_and_counts_the_rest() {
        let rows: Vec<String> = (0..50).map(|i| format!("n{i},x")).collect();
        let (_, faults, _) = read_all(&format!("id,row\n{}\n", rows.join("\n")));
        assert_eq!(faults.len(), 21);
        assert!(faults[20].message.starts_with("and 30 more faults"), "{}", faults[20].message);
    }

    #[test]
    fn an_unknown_id_is_answered_with_the_nearest() {
        let (_, rows) = rows_of("id\nbinnenveld\nbuitenhof\n");
        assert!(find(&rows, "buitenhof").is_ok());
        assert_eq!(
            find(&rows, "binnenvelt").unwrap_err(),
            "there is no neighbourhood \"binnenvelt\"; did you mean \"binnenveld\"?"
        );
        assert_eq!(find(&rows, "x").unwrap_err(), "there is no neighbourhood \"x\"; there are binnenveld, buitenhof");
    }
}

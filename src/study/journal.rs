//! The journal of a study: what is finished, line by line, so that an interrupted study goes on where it was.
//!
//! The first line names the form of the journal and the key of the study: a hash of all that its results depend on. Each
//! other line is one finished piece: its id and the cells of its results, as a JSON list of texts. A line is appended in one
//! write when its piece is done; a last line without an end was cut off and counts for nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The form of the first line; another one is another form of journal.
const FORM: &str = "kwartier journal 1";

/// The hash of all that the results of a study depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key of a study with this version of the program, its scenario as it was written and merged, and its files.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn of(version: &str, scenario: &serde_json::Value, files: &[PathBuf]) -> io::Result<Key> {
        let mut hash = Sha256::new();
        for part in [version.to_owned(), scenario.to_string()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut piece = vec![0; 1 << 16];
        for path in files {
            // Each file by its own hash: of one length, so that no two lists of files look alike.
            let mut file = File::open(path)?;
            let mut of_file = Sha256::new();
            loop {
                match file.read(&mut piece)? {
                    0 => break,
                    read => of_file.update(&piece[..read]),
                }
            }
            hash.update(of_file.finalize());
        }
        Ok(Key(hash.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))))
    }
}

/// A finished piece: its id, and the cells of its results.
pub type Finished = (String, Vec<String>);

/// What a folder held when its journal was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// No journal.
    Nothing,
    /// The journal of this study, with what is finished.
    Same(Vec<Finished>),
    /// The journal of another study, or none of ours: it was begun anew.
    Other,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The disk refuses.
    #[error("cannot write {path}: {source}", path = path.display())]
    Disk {
        /// The journal.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has it open.
    #[error("{path} is in use: another run writes into this folder; wait for it, or choose another --out",
            path = path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
    },
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal at `path` for the study with this key; a new one if there is none or it is another study's.
    ///
    /// # Errors
    /// If the disk refuses, or another process has the journal open.
    pub fn open(path: &Path, key: &Key) -> Result<(Journal, Before), JournalError> {
        let disk = |source| JournalError::Disk { path: path.to_path_buf(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(disk)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse { path: path.to_path_buf() }),
            // Some disks know no locks: then two runs in one folder are not noticed.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(disk)?;
        let head = format!("{FORM} {}\n", key.0);
        let (before, whole) = match bytes.strip_prefix(head.as_bytes()) {
            Some(lines) => {
                let (finished, read) = whole_lines(lines);
                (Before::Same(finished), head.len() + read)
            }
            None if bytes.is_empty() => (Before::Nothing, 0),
            // Cut off in its first line: nothing was finished.
            None if head.as_bytes().starts_with(&bytes) => (Before::Nothing, 0),
            None => (Before::Other, 0),
        };
        file.set_len(whole as u64).map_err(disk)?;
        file.seek(SeekFrom::End(0)).map_err(disk)?;
        if whole == 0 {
            file.write_all(head.as_bytes()).map_err(disk)?;
        }
        Ok((Journal { path: path.to_path_buf(), file }, before))
    }

    /// Appends a finished piece, in one write.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn append(&mut self, id: &str, cells: &[String]) -> Result<(), JournalError> {
        let mut line = serde_json::json!([id, cells]).to_string();
        line.push('\n');
        self.file.write_all(line.as_bytes()).map_err(|source| JournalError::Disk { path: self.path.clone(), source })
    }

    /// Removes the journal: the study is done and its results are written.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn remove(self) -> Result<(), JournalError> {
        let Journal { path, file } = self;
        drop(file);
        std::fs::remove_file(&path).map_err(|source| JournalError::Disk { path, source })
    }
}

/// The finished pieces up to the first line that is cut off or no line of ours, and the bytes up to there.
fn whole_lines(bytes: &[u8]) -> (Vec<Finished>, usize) {
    let mut finished = Vec::new();
    let mut read = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let piece = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice::<Finished>(line).ok());
        let Some(piece) = piece else { break };
        finished.push(piece);
        read += line.len();
    }
    (finished, read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(scenario: &str) -> Key {
        Key::of("1", &json!({ "name": scenario }), &[]).unwrap()
    }

    fn piece(id: &str) -> Finished {
        (id.to_owned(), vec!["1.5".to_owned(), String::new(), "a \"b\"\n,".to_owned()])
    }

    #[test]
    fn what_was_appended_is_found_again_whatever_byte_it_was_cut_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, before) = Journal::open(&path, &key("a")).unwrap();
        assert_eq!(before, Before::Nothing);
        let pieces = [piece("x"), piece("é"), piece("z")];
        for (id, cells) in &pieces {
            journal.append(id, cells).unwrap();
        }
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        let ends: Vec<usize> = (0..whole.len()).filter(|i| whole[*i] == b'\n').map(|i| i + 1).collect();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let (mut journal, before) = Journal::open(&path, &key("a")).unwrap();
            let lines = ends.iter().filter(|end| **end <= cut).count();
            let expected = if lines == 0 { Before::Nothing } else { Before::Same(pieces[..lines - 1].to_vec()) };
            assert_eq!(before, expected, "cut at byte {cut}");
            // What is appended then follows the last whole line.
            let from = lines.saturating_sub(1);
            for (id, cells) in &pieces[from..] {
                journal.append(id, cells).unwrap();
            }
            drop(journal);
            assert!(std::fs::read(&path).unwrap() == whole, "cut at byte {cut}");
        }
    }

    #[test]
    fn the_journal_of_another_study_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::open(&path, &key("a")).unwrap();
        journal.append("x", &[]).unwrap();
        drop(journal);
        assert_eq!(Journal::open(&path, &key("b")).unwrap().1, Before::Other);
        assert_eq!(Journal::open(&path, &key("b")).unwrap().1, Before::Same(Vec::new()));
        std::fs::write(&path, "my notes\n").unwrap();
        let (journal, before) = Journal::open(&path, &key("b")).unwrap();
        assert_eq!(before, Before::Other);
        journal.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn two_runs_do_not_write_into_one_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let _first = Journal::open(&path, &key("a")).unwrap();
        let second = Journal::open(&path, &key("a")).unwrap_err();
        assert!(matches!(second, JournalError::InUse { .. }), "{second}");
    }

    #[test]
    fn the_key_depends_on_version_scenario_and_every_byte_of_every_file() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        std::fs::write(&a, "one").unwrap();
        std::fs::write(&b, "two").unwrap();
        let files = [a.clone(), b.clone()];
        let of = |version: &str, files: &[PathBuf]| Key::of(version, &json!({ "seed": 1 }), files).unwrap();
        let key = of("1", &files);
        assert_eq!(key, of("1", &files));
        assert_ne!(key, of("2", &files));
        assert_ne!(key, Key::of("1", &json!({ "seed": 2 }), &files).unwrap());
        assert_ne!(key, of("1", &[b.clone(), a.clone()]));
        assert_ne!(key, of("1", std::slice::from_ref(&a)));
        std::fs::write(&b, "twO").unwrap();
        assert_ne!(key, of("1", &files));
        assert!(Key::of("1", &json!({}), &[folder.path().join("gone")]).is_err());
    }
}

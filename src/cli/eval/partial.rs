//! What was asked so far, in a file beside the report: a run that was broken off goes on where it was.
use super::super::CliError;
use super::ask::Item;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// What has to be the same for a run to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// SHA-256 of the detections.
    pub file: String,
    /// The panel, with its models.
    pub panel: String,
    /// How it was folded.
    pub folds: Option<String>,
    /// How many precedents each behaviour has.
    pub precedents: u16,
    /// The program's commit.
    pub version: String,
    /// Settings that votes and vetoes depend on, in words.
    pub settings: String,
}

/// The items so far.
pub struct Partial {
    kept: Option<(PathBuf, File)>,
    items: Vec<Item>,
}

impl Partial {
    /// Opens what belongs to a report; one of another run is begun anew.
    pub fn open(out: Option<&Path>, head: &Head) -> Result<Self, CliError> {
        let Some(out) = out else { return Ok(Self { kept: None, items: Vec::new() }) };
        let mut path = out.as_os_str().to_owned();
        path.push(".partial");
        let path = PathBuf::from(path);
        let items = before(&path, head).unwrap_or_default();
        let told = |error: std::io::Error| CliError::Failed(format!("{}: {error}", path.display()));
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&path).map_err(told)?;
        let mut text = line(head);
        text.extend(items.iter().map(line));
        file.write_all(text.as_bytes()).map_err(told)?;
        Ok(Self { kept: Some((path, file)), items })
    }

    /// How many are done.
    pub fn done(&self) -> usize {
        self.items.len()
    }

    /// Keeps the next one.
    pub fn add(&mut self, item: Item) -> Result<(), CliError> {
        if let Some((path, file)) = &mut self.kept {
            let written = file.write_all(line(&item).as_bytes());
            written.map_err(|error| CliError::Failed(format!("{}: {error}", path.display())))?;
        }
        self.items.push(item);
        Ok(())
    }

    /// All of them.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Ends it, once the report is written: the file goes.
    pub fn end(self) -> Result<(), CliError> {
        match &self.kept {
            Some((path, _)) => {
                std::fs::remove_file(path).map_err(|error| CliError::Failed(format!("{}: {error}", path.display())))
            }
            None => Ok(()),
        }
    }
}

fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// The items of an earlier run of the same kind; a last line that was cut is asked again.
fn before(path: &Path, head: &Head) -> Option<Vec<Item>> {
    let mut lines = BufReader::new(File::open(path).ok()?).lines();
    let same = serde_json::from_str::<Head>(&lines.next()?.ok()?).ok()? == *head;
    same.then(|| lines.map_while(|line| serde_json::from_str(&line.ok()?).ok()).collect())
}

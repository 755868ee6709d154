//! `import`: detections from files, with a progress bar and a file of what was refused.
use super::{CliError, failed};
use crate::clock::now_ms;
use crate::ingest::file::{self, Item, Raw};
use crate::ingest::reading::{Bad, Document};
use crate::ingest::recorded::{self, Recorded};
use crate::ingest::{Accepted, Delivery, Gathered, accept};
use crate::store::{Store, Tx, locks, orgs, sensors};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Detections that share one commit.
const CHUNK: usize = 200;

/// `import`
#[derive(Debug, Args)]
pub struct Import {
    /// Files with one detection, an array or JSON Lines, each also gzipped; `-` for standard input.
    /// An item can be a recorded case: `detection` with `triage`, `intel`, `received_at` and
    /// `verdict` (`verdict`, `reason`, `note`, `by`) beside it.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The organisation that they belong to.
    #[arg(long)]
    org: String,
    /// When they arrived, RFC 3339.
    #[arg(long)]
    received_at: Option<jiff::Timestamp>,
    /// Lines hold `arrival_ms` and `detection`.
    #[arg(long)]
    stream: bool,
    /// A recorded triage for the one detection, in the report's shape.
    #[arg(long)]
    triage: Option<PathBuf>,
    /// Recorded threat intelligence for the one detection, by provider.
    #[arg(long)]
    intel: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct Totals {
    accepted: usize,
    duplicates: usize,
    rejected: usize,
}

impl Import {
    /// Runs the import.
    pub async fn run(self, store: &Store) -> Result<ExitCode, CliError> {
        let Some(org) = orgs::by_slug(&mut store.read().await?, &self.org).await? else {
            return failed(format!("--org: there is no organisation {}", self.org));
        };
        let recorded = self.recorded()?;
        let mut totals = Totals::default();
        for path in &self.files {
            let text = read(path)?;
            let items = file::items(&text, self.stream);
            if recorded.is_some() && (items.len() != 1 || self.files.len() != 1) {
                return failed("--triage and --intel: go with one detection");
            }
            self.take_in(store, org.id, path, items, recorded.as_ref(), &mut totals).await?;
        }
        println!("accepted {}, duplicates {}, rejected {}", totals.accepted, totals.duplicates, totals.rejected);
        Ok(if totals.rejected > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    fn recorded(&self) -> Result<Option<Recorded>, CliError> {
        if self.triage.is_none() && self.intel.is_none() {
            return Ok(None);
        }
        let bad = |what: &str, error: serde_json::Error| CliError::Failed(format!("{what}: {error}"));
        let triage = self.triage.as_deref().map(read).transpose()?;
        let intel = self.intel.as_deref().map(read).transpose()?;
        Ok(Some(Recorded {
            triage: triage
                .map(|text| serde_json::from_str(&text))
                .transpose()
                .map_err(|error| bad("--triage", error))?,
            intel: intel.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| bad("--intel", error))?,
            verdict: None,
        }))
    }

    async fn take_in(
        &self,
        store: &Store,
        org_id: i64,
        path: &Path,
        items: Vec<Raw<'_>>,
        recorded: Option<&Recorded>,
        totals: &mut Totals,
    ) -> Result<(), CliError> {
        let bar = ProgressBar::new(u64::try_from(items.len()).unwrap_or(u64::MAX));
        let mut refused = Vec::new();
        let mut owners = HashMap::new();
        let mut waiting = items.into_iter().peekable();
        while waiting.peek().is_some() {
            let mut tx = store.write().await?;
            let mut gathered = Gathered::default();
            let chunk: Vec<Item> = waiting.by_ref().take(CHUNK).map(Raw::read).collect();
            let read = chunk.iter().filter_map(|item| item.document.as_ref().ok());
            locks::hosts(&mut tx, read.map(|document| (org_id, sensors::sid(&document.detection)))).await?;
            for item in chunk {
                let line = item.line;
                match self.one(&mut tx, &mut gathered, org_id, item, recorded, &mut owners).await? {
                    Ok(Accepted::New { .. }) => totals.accepted += 1,
                    Ok(Accepted::Duplicate) => totals.duplicates += 1,
                    Err(bad) => refused.push(json!({"line": line, "error": bad.error, "raw": bad.raw}).to_string()),
                }
                bar.inc(1);
            }
            gathered.write(&mut tx).await?;
            tx.commit().await?;
        }
        bar.finish_and_clear();
        totals.rejected += refused.len();
        if refused.is_empty() { Ok(()) } else { keep(path, &refused) }
    }

    async fn one(
        &self,
        tx: &mut Tx,
        gathered: &mut Gathered,
        org_id: i64,
        item: Item,
        recorded: Option<&Recorded>,
        owners: &mut HashMap<String, bool>,
    ) -> Result<Result<Accepted, Bad>, CliError> {
        let document = match item.document {
            Ok(document) => document,
            Err(bad) => return Ok(Err(bad)),
        };
        if foreign(tx, owners, org_id, &document).await? {
            let error = "routing.oid: belongs to another organisation".to_owned();
            return Ok(Err(Bad { raw: document.raw, error, not_json: false }));
        }
        let received_ms =
            item.arrival_ms.or(self.received_at.map(jiff::Timestamp::as_millisecond)).unwrap_or_else(now_ms);
        let recorded = item.recorded.as_ref().or(recorded);
        let ask = recorded.is_none_or(|recorded| recorded.triage.is_none());
        let delivery = Delivery {
            org_id,
            source: "import",
            raw: &document.raw,
            detection: &document.detection,
            received_ms,
            number: None,
            triage_at_ms: ask.then(now_ms),
        };
        let accepted = accept(tx, gathered, delivery).await?;
        if let (Accepted::New { case, id }, Some(recorded)) = (accepted, recorded) {
            gathered.write(tx).await?;
            let fingerprint = crate::triage::fingerprint::of(&document.detection);
            recorded::attach(tx, case, id, &fingerprint, recorded, received_ms).await?;
            if let Some(declared) = &recorded.verdict {
                let declared = recorded::declare(tx, case, declared, received_ms).await;
                declared.map_err(|error| CliError::Failed(format!("line {}: verdict: {error}", item.line)))?;
            }
        }
        Ok(Ok(accepted))
    }
}

async fn foreign(
    tx: &mut Tx,
    owners: &mut HashMap<String, bool>,
    org_id: i64,
    document: &Document,
) -> Result<bool, CliError> {
    let oid = &document.detection.oid;
    if let Some(known) = owners.get(oid) {
        return Ok(*known);
    }
    let foreign = orgs::by_oid(tx, oid).await?.is_some_and(|owner| owner.id != org_id);
    owners.insert(oid.clone(), foreign);
    Ok(foreign)
}

fn read(path: &Path) -> Result<String, CliError> {
    let bad = |error: std::io::Error| CliError::Failed(format!("{}: {error}", path.display()));
    if path == Path::new("-") {
        return file::text(std::io::stdin().lock()).map_err(bad);
    }
    file::text(File::open(path).map_err(bad)?).map_err(bad)
}

/// Writes what was refused beside the file.
fn keep(path: &Path, refused: &[String]) -> Result<(), CliError> {
    let out = if path == Path::new("-") {
        PathBuf::from("rejected.jsonl")
    } else {
        let mut name = path.as_os_str().to_owned();
        name.push(".rejected.jsonl");
        PathBuf::from(name)
    };
    let written = File::create(&out).and_then(|mut file| refused.iter().try_for_each(|line| writeln!(file, "{line}")));
    written.map_err(|error| CliError::Failed(format!("{}: {error}", out.display())))?;
    eprintln!("{} refused lines are in {}", refused.len(), out.display());
    Ok(())
}

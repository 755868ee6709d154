//! `ledger`: proves that the ledger is what it was.
use super::CliError;
use crate::clock::now_ms;
use crate::proof::checkpoint::Checkpoint;
use crate::proof::verify::{Found, verify};
use crate::secret::Vault;
use crate::store::{Store, ledger};
use clap::Subcommand;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `ledger`
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Read the whole ledger and all receipts; name what was altered, removed or put in.
    Verify {
        /// A checkpoint that was kept elsewhere, or a file of them, one a line: shows also whether the end was cut off.
        #[arg(long)]
        checkpoint: Option<PathBuf>,
    },
    /// Print the signed end of the ledger, to be kept elsewhere.
    Checkpoint,
}

impl LedgerCommand {
    /// Runs it.
    pub async fn run(self, store: &Store, vault: &Vault) -> Result<ExitCode, CliError> {
        let signer = vault.signer().map_err(|error| CliError::Failed(format!("server.key_file: {error}")))?;
        match self {
            Self::Verify { checkpoint } => {
                let checkpoints = match checkpoint {
                    None => Vec::new(),
                    Some(file) => Checkpoint::all(&read(&file)?, &signer).map_err(|fault| faulty(&fault))?,
                };
                Ok(tell(&verify(store, &signer, &checkpoints).await?, !checkpoints.is_empty()))
            }
            Self::Checkpoint => {
                let head = ledger::head(&mut store.read().await?).await?;
                let at = jiff::Timestamp::from_millisecond(now_ms()).map(|at| at.to_string()).unwrap_or_default();
                println!("{}", serde_json::json!(Checkpoint::sign(&signer, head, &at)));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

fn read(file: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(file).map_err(|error| CliError::Failed(format!("{}: {error}", file.display())))
}

fn faulty(fault: &crate::proof::Fault) -> CliError {
    CliError::Failed(fault.to_string())
}

/// What could not be proven, and is nobody's fault.
fn limits(found: &Found) {
    let Found { gone, lost, unsealed, .. } = found;
    if *gone > 0 {
        println!("{gone} receipts name a detection whose raw form was removed since; it can't be compared.");
    }
    if *lost > 0 {
        println!("{lost} receipts are anchored nowhere any more: their lines were removed by an older version.");
    }
    if *unsealed > 0 {
        println!("Lines after the last seal: {unsealed}. They are proven by a checkpoint alone.");
    }
    if found.newest.is_none() && found.segments > 0 {
        println!("No seal is kept beside the key file yet: the hourly job does that.");
    }
}

fn tell(found: &Found, with_checkpoint: bool) -> ExitCode {
    let Found { lines, first, last, segments, purged, receipts, faults, .. } = found;
    println!(
        "{lines} lines, {first} to {last}; {segments} segments sealed, {purged} of them purged; {receipts} receipts."
    );
    limits(found);
    if faults.is_empty() {
        println!("The ledger is whole.");
        if !with_checkpoint {
            println!("Whether its end was cut off or written anew, only a checkpoint that was kept elsewhere tells.");
        }
        return ExitCode::SUCCESS;
    }
    for fault in faults {
        eprintln!("fusionsoc: ledger: {fault}");
    }
    ExitCode::from(1)
}

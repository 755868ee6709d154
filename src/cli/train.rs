//! `train`: makes the weights of `builtin:statistical` from labelled detections.
use super::eval::{Line, read_lines};
use super::{CliError, failed};
use crate::voters::statistical::{self, Example};
use clap::Args;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::process::ExitCode;

/// `train`
#[derive(Debug, Args)]
pub struct Train {
    /// JSON Lines as `eval` reads them, each with a label and a licence.
    file: PathBuf,
    /// Licences whose lines are used, as they stand in the field `licence`; all lines without.
    #[arg(long, value_delimiter = ';')]
    licence: Vec<String>,
    /// What the weights are called.
    #[arg(long)]
    version: String,
    /// Where the weights go.
    #[arg(long)]
    out: PathBuf,
}

impl Train {
    /// Trains, writes the weights and says what of.
    pub fn run(self) -> Result<ExitCode, CliError> {
        let file = read_lines(&self.file)?;
        let labelled = file.lines.iter().filter(|line| line.positive.is_some());
        let used: Vec<&Line> = labelled.filter(|line| line.is_under(&self.licence)).collect();
        let examples: Vec<Example> = used.iter().filter_map(|line| line.example(&line.detection.rule.title)).collect();
        let all: Vec<&Example> = examples.iter().collect();
        let mut model = statistical::train(&all, &self.version).map_err(CliError::Failed)?;
        let named = |line: &&Line| format!("{} {}", line.id, if line.positive == Some(true) { "bad" } else { "good" });
        let named: Vec<String> = used.iter().map(named).collect();
        model.data = hex::encode(Sha256::digest(named.join("\n")));
        let text = serde_json::to_string_pretty(&model).unwrap_or_default() + "\n";
        std::fs::write(&self.out, text).map_err(|error| CliError::Failed(format!("--out: {error}")))?;
        if self.licence.is_empty() {
            return failed("written, but of lines of every licence: weights to be passed on need --licence");
        }
        println!("{} examples, {} true positives, {} features", model.examples, model.positives, model.weights.len());
        Ok(ExitCode::SUCCESS)
    }
}

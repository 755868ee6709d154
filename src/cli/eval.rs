//! `eval`: runs a panel over detections of a file and says how well it judged them.
//!
//! Nothing is stored: the panel sees what a triage would see of a detection alone, as if its behaviour were known.
//! `lines` reads the file, `seats` finds the panel, `ask` asks it, `partial` keeps what was asked so that a
//! run that was broken off goes on, `report` says how well it went.
mod ask;
mod lines;
mod partial;
mod report;
mod seats;

use super::{CliError, failed};
use crate::config::Config;
use crate::voters::statistical;
use clap::Args;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
pub(super) use lines::{Line, read as read_lines};
use partial::Partial;
use seats::{Folds, Panels};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// `eval`
#[derive(Debug, Args)]
pub struct Eval {
    /// JSON Lines, also gzipped: `{"id", "label"?, "detection"}`; a line without a label is voted on, not scored.
    file: PathBuf,
    /// `configured`, `builtin`, or names of voters with commas between them; the panel of the settings, or the
    /// built-in voters where it has none.
    #[arg(long)]
    panel: Option<String>,
    /// Vote on each of so many parts with the statistical voter trained on the others.
    #[arg(long, value_parser = clap::value_parser!(u16).range(2..=1000))]
    folds: Option<u16>,
    /// What stays together in a fold: `rule`, or the name of a text field of the lines (up to `#`, `@` or a second `:`).
    #[arg(long, default_value = "rule", requires = "folds")]
    group: String,
    /// Licences, as they stand in the field `licence`, whose lines the folds are trained on; all lines are judged.
    #[arg(long, value_delimiter = ';', requires = "folds")]
    licence: Vec<String>,
    /// Before one half of a part's rules is judged, the statistical voter learns from the other half as if analysts
    /// had declared it.
    #[arg(long, requires = "folds")]
    learn: bool,
    /// So many earlier cases of each behaviour were declared as the lines with it are labelled.
    #[arg(long, default_value_t = 0)]
    precedents: u16,
    /// Also score by the values of these text fields of the lines (up to `#`, `@` or a second `:`).
    #[arg(long, value_delimiter = ',')]
    by: Vec<String>,
    /// Where the report goes; standard output otherwise. A run that was broken off goes on where it was.
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Eval {
    /// Runs the evaluation.
    pub async fn run(self, config: &Config) -> Result<ExitCode, CliError> {
        if self.out.as_deref().is_some_and(|out| out.is_dir() || out.file_name().is_none()) {
            return failed("--out: must name a file");
        }
        let file = read_lines(&self.file)?;
        let folds =
            self.folds.map(|count| Folds { count, group: &self.group, licences: &self.licence, learn: self.learn });
        let panels = Panels::of(config, self.panel.as_deref(), &file.lines, folds)?;
        let head = partial::Head {
            file: file.sha256.clone(),
            panel: panels.name(),
            folds: folds.map(Folds::told),
            precedents: self.precedents,
            version: env!("FUSIONSOC_COMMIT").to_owned(),
            settings: format!(
                "quorum {}, {:?}, weights {}",
                config.panel.quorum,
                config.policy,
                statistical::shipped().map(|model| model.data.clone()).unwrap_or_default()
            ),
        };
        let partial = Partial::open(self.out.as_deref(), &head)?;
        let asked = self.ask(config, &file.lines, &panels, partial).await?;
        let report = report::of(&head, &panels, &file.lines, asked.items(), &self.by);
        self.write(&report)?;
        asked.end()?;
        Ok(ExitCode::SUCCESS)
    }

    /// Asks about every line that was not asked about before; gives all in the file's order.
    async fn ask(
        &self,
        config: &Config,
        lines: &[Line],
        panels: &Panels,
        mut partial: Partial,
    ) -> Result<Partial, CliError> {
        let precedents = ask::precedents(lines, self.precedents);
        let done = partial.done();
        let bar = ProgressBar::new(u64::try_from(lines.len()).unwrap_or(u64::MAX));
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {eta} left") {
            bar.set_style(style);
        }
        bar.inc(u64::try_from(done).unwrap_or(0));
        let asked = lines.iter().enumerate().skip(done).map(|(at, line)| {
            let seen = precedents.get(&line.fingerprint).copied().unwrap_or_default();
            ask::one(config, panels.of_line(at), line, seen)
        });
        let mut asked = futures_util::stream::iter(asked).buffered(panels.at_once());
        while let Some(item) = asked.next().await {
            bar.inc(1);
            bar.set_message(item.verdict.label());
            partial.add(item)?;
        }
        bar.finish_and_clear();
        Ok(partial)
    }

    fn write(&self, report: &serde_json::Value) -> Result<(), CliError> {
        let text = format!("{report:#}\n");
        let Some(out) = &self.out else {
            return match std::io::stdout().write_all(text.as_bytes()) {
                Ok(()) => Ok(()),
                Err(error) => failed(format!("standard output: {error}")),
            };
        };
        std::fs::write(out, text).map_err(|error| CliError::Failed(format!("--out: {error}")))?;
        let _ = write!(std::io::stdout(), "{}", report::summary(report));
        Ok(())
    }
}

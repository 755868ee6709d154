//! `pull`: fetches detections from LimaCharlie now, or those of a range, with a progress bar.
use super::place::load_keys;
use super::{CliError, failed};
use crate::clock::now_ms;
use crate::config::Config;
use crate::ingest::pulled::Counts;
use crate::jobs::Connections;
use crate::jobs::pull::{Pulls, Reader, Trouble, WINDOW_S, catch_up};
use crate::limacharlie::Range;
use crate::store::{Actor, Store, orgs, pulls};
use clap::Args;
use indicatif::ProgressBar;
use jiff::Timestamp;
use std::process::ExitCode;

/// `pull`
#[derive(Debug, Args)]
pub struct Pull {
    /// The organisation.
    #[arg(long)]
    org: String,
    /// The beginning of a range, RFC 3339; without a range, everything since the last pull.
    #[arg(long, requires = "to")]
    from: Option<Timestamp>,
    /// Its end.
    #[arg(long, requires = "from")]
    to: Option<Timestamp>,
}

impl Pull {
    /// Runs the pull.
    pub async fn run(self, store: &Store, config: &Config) -> Result<ExitCode, CliError> {
        let Some(org) = orgs::by_slug(&mut store.read().await?, &self.org).await? else {
            return failed(format!("--org: there is no organisation {}", self.org));
        };
        load_keys(config, store).await?;
        let connections = Connections::of_config(&config.limacharlie, &config.keys);
        let sources = Pulls::of_config(config, &connections)?;
        let Some(source) = sources.of(&self.org) else {
            return failed(format!("--org: no [[limacharlie]] in the settings is for {}", self.org));
        };
        let reader = Reader { store, client: &source.client, org_id: org.id, policy: &config.policy, job: None };
        let mut totals = Counts::default();
        let done = match self.from.zip(self.to) {
            None => newest(&reader, &mut totals).await,
            Some((from, to)) => range(&reader, from, to, &mut totals).await,
        };
        println!("accepted {}, duplicates {}, rejected {}", totals.accepted, totals.duplicates, totals.rejected);
        done?;
        Ok(if totals.rejected > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}

/// Everything since the last pull; nobody knows beforehand how much that is.
async fn newest(reader: &Reader<'_>, totals: &mut Counts) -> Result<(), CliError> {
    let bar = ProgressBar::new_spinner();
    let done = catch_up(reader, &mut |counts| {
        totals.add(counts);
        bar.set_message(format!("{} new", totals.accepted));
        bar.tick();
    })
    .await;
    bar.finish_and_clear();
    match done {
        Ok(()) => Ok(()),
        Err(Trouble::LimaCharlie { error, .. }) => {
            let mut tx = reader.store.write().await?;
            pulls::failed(&mut tx, reader.org_id, &error.to_string(), false, now_ms()).await?;
            tx.commit().await?;
            failed(error.to_string())
        }
        Err(trouble) => failed(trouble.to_string()),
    }
}

/// A range, window after window; the bar counts its seconds.
async fn range(reader: &Reader<'_>, from: Timestamp, to: Timestamp, totals: &mut Counts) -> Result<(), CliError> {
    let (from_s, to_s) = (from.as_second(), to.as_second());
    if Range::seconds(from_s, to_s).is_none() {
        return failed("--to: is before --from");
    }
    let bar = ProgressBar::new(u64::try_from(to_s - from_s + 1).unwrap_or_default());
    let mut at = from_s;
    while let Some(window) = Range::seconds(at, to_s.min(at + WINDOW_S - 1)) {
        let read = reader.back_fill(window, &Actor::operator(), &mut |counts| totals.add(counts)).await;
        if let Err(trouble) = read {
            bar.finish_and_clear();
            let up_to = Timestamp::from_second(at).unwrap_or_default();
            return failed(format!("{trouble}; everything before {up_to} was read"));
        }
        at = window.to_s() + 1;
        bar.set_position(u64::try_from(at - from_s).unwrap_or_default());
    }
    bar.finish_and_clear();
    Ok(())
}

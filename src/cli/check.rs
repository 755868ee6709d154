//! `check`: tests settings, database, voters, channels, LimaCharlie and intelligence, and says what each came to. No
//! voter is asked a question.
use super::CliError;
use super::place::{load_keys, open};
use crate::clock::now_ms;
use crate::config::{Config, LimaCharlieConfig};
use crate::jobs::PanelSource;
use crate::limacharlie::identity::NEEDS;
use crate::notify::Message;
use crate::notify::plain::plain;
use crate::store::backups::{self, Backup};
use crate::store::lookups::{self, Leave};
use crate::store::record::Ended;
use crate::store::{Store, orgs};
use crate::voters;
use jiff::Timestamp;
use std::process::ExitCode;
use std::sync::Arc;

/// What lets search use its index under row-level security; the operator tells nothing of the rows that it looks at.
const LEAKPROOF: &str = "ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF";

/// Said where a key file is still to be made.
const NO_KEY: &str = "note  there is no key file yet: the first start makes it";

/// Runs all checks.
///
/// # Errors
/// Where the settings or the database can't be used at all.
pub async fn check(config: Config, send_test: bool) -> Result<ExitCode, CliError> {
    println!("ok    settings");
    let store = open(&config).await?;
    println!("ok    database, schema up to date");
    let mut failures = whole(&store).await?;
    last_backup(&store).await?;
    let unwalled = store.unwalled().await?.map(str::to_owned);
    for why in Store::unproven(&config.database.url).into_iter().chain(unwalled) {
        println!("warn  database.url: {why}");
    }
    if store.searches_slowly().await? {
        println!("warn  database: search does not use its index; as a superuser, once: {LEAKPROOF}");
    }
    println!("{}", if load_keys(&config, &store).await? { "ok    key file" } else { NO_KEY });
    if let Some(tls) = super::serve::certificate(&config)? {
        let warning = tls.warning();
        println!("{}", warning.map_or_else(|| "ok    TLS certificate".to_owned(), |text| format!("warn  {text}")));
    }
    let panel = PanelSource::new(Arc::new(config.clone()))
        .current(&store)
        .await
        .map_err(|error| CliError::Failed(error.to_string()))?;
    let voters = if config.voters.is_empty() {
        panel.models.clone()
    } else {
        voters::build::build_with(&config.voters, &config.keys).map_err(|error| CliError::Failed(error.to_string()))?
    };
    let checked = futures_util::future::join_all(voters.iter().map(|voter| voter.check())).await;
    failures += checked.iter().filter(|checked| checked.is_err()).count();
    for (voter, checked) in voters.iter().zip(checked) {
        println!("{}", line(voter.name(), checked));
    }
    failures += channels(&config, send_test).await?;
    failures += limacharlie(&config, &store).await?;
    failures += intelligence(&config, &store).await?;
    failures += sign_in(&config, &store).await?;
    if panel.standing_in {
        println!("note  no model is set up: the built-in voters stand in");
    }
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Looks at every page, index and reference of a `SQLite` file; returns how many failures there are.
async fn whole(store: &Store) -> Result<usize, CliError> {
    if !matches!(store, Store::Sqlite { .. }) {
        return Ok(0);
    }
    let found = store.damage().await?;
    match &found {
        None => println!("ok    database, every page and every reference"),
        Some(damage) => println!("FAIL  database: {}", on_one_line(damage)),
    }
    Ok(usize::from(found.is_some()))
}

/// Says when the last backup was made, and whether one failed since.
async fn last_backup(store: &Store) -> Result<(), CliError> {
    let mut tx = store.read().await?;
    let at =
        |backup: &Backup| Timestamp::from_millisecond(backup.at_ms).unwrap_or_default().strftime("%Y-%m-%d %H:%M UTC");
    match backups::last_made(&mut tx).await? {
        None => println!("note  no backup was made yet: fusionsoc backup FILE, or [backup] folder"),
        Some(backup) => println!("ok    last backup {}: {}", at(&backup), on_one_line(backup.name())),
    }
    if let Some(failed) = backups::last(&mut tx).await?.filter(|last| last.result == Ended::Failed) {
        println!("warn  the backup of {} failed: {}", at(&failed), on_one_line(&failed.new_value));
    }
    Ok(())
}

/// A terminal must not act on what a text holds.
fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Asks every channel, and sends a test where that is wanted; returns how many failed.
async fn channels(config: &Config, send_test: bool) -> Result<usize, CliError> {
    let channels = super::serve::channels(config)?;
    let mut failures = 0;
    for channel in &channels.all {
        let notifier = &channel.notifier;
        let message = Message::test(&channels.public_url);
        let asked = async { if send_test { notifier.send(&message).await } else { notifier.probe().await } };
        let late = |_| Err(format!("no answer within {} s", channels.deadline().as_secs()));
        let name = format!("notify.{} ({})", notifier.name(), notifier.target());
        match tokio::time::timeout(channels.deadline(), asked).await.unwrap_or_else(late) {
            Ok(()) if send_test => println!("ok    {name}: took a test"),
            Ok(()) => println!("ok    {name}"),
            Err(problem) => {
                failures += 1;
                println!("FAIL  {name}: {}", plain(&problem, 300));
            }
        }
    }
    Ok(failures)
}

/// Asks every intelligence provider a question that tells nothing, within its quota; returns how many failed.
async fn intelligence(config: &Config, store: &Store) -> Result<usize, CliError> {
    let intel = super::serve::intelligence(config)?;
    let mut failures = 0;
    for seat in &intel.seats {
        let (provider, name) = (seat.provider.as_ref(), format!("intelligence {}", seat.provider.name()));
        if !provider.is_local() {
            let quota = provider.quota();
            let mut tx = store.write().await?;
            let leave = lookups::reserve(&mut tx, provider.name(), (quota.per_minute, quota.per_day), now_ms()).await?;
            tx.commit().await?;
            if matches!(leave, Leave::Minute(_) | Leave::Day(_)) {
                println!("note  {name}: not asked, its quota is used up");
                continue;
            }
        }
        match seat.check(intel.settings.patience).await {
            Ok(note) => println!("ok    {name}{}", note.map(|note| format!(": {note}")).unwrap_or_default()),
            Err(trouble) => {
                failures += 1;
                println!("FAIL  {name}: {}", plain(&trouble.to_string(), 300));
            }
        }
    }
    Ok(failures)
}

/// Asks who else vouches for people what it says of itself, and whether the organisations of its groups are there;
/// returns how many failed.
async fn sign_in(config: &Config, store: &Store) -> Result<usize, CliError> {
    let (Some(provider), Some(own)) = (super::serve::provider(config)?, &config.oidc) else { return Ok(0) };
    let mut failures = 0;
    let mut told = |problem: Result<(), String>| match problem {
        Ok(()) => println!("ok    sign-in by {}", plain(&own.name, 40)),
        Err(problem) => {
            failures += 1;
            println!("FAIL  sign-in by {}: {}", plain(&own.name, 40), plain(&problem, 300));
        }
    };
    told(provider.check().await);
    let mut tx = store.read().await?;
    let known = orgs::all(&mut tx).await?;
    for slug in own.map.iter().flat_map(|one| &one.orgs) {
        if !known.iter().any(|org| org.slug == *slug) {
            told(Err(format!("oidc.map: there is no organisation {slug}")));
        }
    }
    Ok(failures)
}

/// What stands between us and LimaCharlie for each organisation; returns how many failed.
async fn limacharlie(config: &Config, store: &Store) -> Result<usize, CliError> {
    let mut failures = 0;
    for one in &config.limacharlie {
        match limacharlie_problem(config, one, store).await? {
            None => println!("ok    LimaCharlie of {}", one.org),
            Some(problem) => {
                failures += 1;
                println!("FAIL  LimaCharlie of {}: {}", one.org, problem.replace(char::is_control, " "));
            }
        }
    }
    Ok(failures)
}

/// What stands between us and LimaCharlie for an organisation.
async fn limacharlie_problem(
    config: &Config,
    one: &LimaCharlieConfig,
    store: &Store,
) -> Result<Option<String>, CliError> {
    if orgs::by_slug(&mut store.read().await?, &one.org).await?.is_none() {
        return Ok(Some("there is no such organisation here".to_owned()));
    }
    let client = match one.client(&config.keys) {
        Ok(client) => client,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let who = match client.own_key().await {
        Ok(who) => who,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let lacking = who.lacks(&NEEDS.map(|(_, wanted)| wanted).concat());
    Ok((!lacking.is_empty()).then(|| format!("the API key lacks {}", lacking.join(", "))))
}

/// One line for a voter. A server's words may hold anything; a terminal must not act on it.
fn line(voter: &str, checked: Result<Option<String>, String>) -> String {
    let (state, text) = match checked {
        Ok(None) => ("ok   ", format!("voter {voter}")),
        Ok(Some(note)) => ("ok   ", format!("voter {voter}: {note}")),
        Err(problem) => ("FAIL ", format!("voter {voter}: {problem}")),
    };
    format!("{state} {}", text.replace(char::is_control, " "))
}

//! `check`: tests settings, database, voters and channels, and says what each came to.
use super::{CliError, open, vault};
use crate::config::Config;
use crate::jobs::PanelSource;
use crate::notify::Message;
use crate::notify::plain::plain;
use crate::voters::{Kind, ollama};
use std::process::ExitCode;
use std::sync::Arc;

/// Runs all checks.
///
/// # Errors
/// Where the settings or the database can't be used at all.
pub async fn check(config: Config, send_test: bool) -> Result<ExitCode, CliError> {
    println!("ok    settings");
    let store = open(&config).await?;
    println!("ok    database, schema up to date");
    vault(&config)?;
    println!("ok    key file");
    if let Some(tls) = super::serve::certificate(&config)? {
        let warning = tls.warning();
        println!("{}", warning.map_or_else(|| "ok    TLS certificate".to_owned(), |text| format!("warn  {text}")));
    }
    let panel = PanelSource::new(Arc::new(config.clone()))
        .current(&store)
        .await
        .map_err(|error| CliError::Failed(error.to_string()))?;
    let mut failures = 0;
    for voter in &config.voters {
        let problem = match voter.kind {
            Kind::Ollama => {
                ollama_problem(&voter.base_url, if voter.model.is_empty() { &voter.name } else { &voter.model }).await
            }
            Kind::GeminiCli => command_problem(&voter.command),
            _ => None,
        };
        match problem {
            None => println!("ok    voter {}", voter.name),
            Some(problem) => {
                failures += 1;
                println!("FAIL  voter {}: {problem}", voter.name);
            }
        }
    }
    failures += channels(&config, send_test).await?;
    if panel.standing_in {
        println!("note  no model is set up: the built-in voters stand in");
    }
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Asks every channel, and sends a test where that is wanted; returns how many failed.
async fn channels(config: &Config, send_test: bool) -> Result<i32, CliError> {
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

async fn ollama_problem(base_url: &str, model: &str) -> Option<String> {
    let base = if base_url.is_empty() { ollama::USUAL_ADDRESS } else { base_url.trim_end_matches('/') };
    match ollama::models(base).await {
        Err(problem) => Some(problem),
        Ok(models) if models.iter().any(|(name, _)| name == model || name.strip_suffix(":latest") == Some(model)) => {
            None
        }
        Ok(_) => Some(format!("{base} does not have the model; run: ollama pull {model}")),
    }
}

fn command_problem(command: &str) -> Option<String> {
    let found = std::process::Command::new(command).arg("--version").output();
    found.err().map(|error| format!("{command}: {error}"))
}

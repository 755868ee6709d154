//! What is told: each function queues one kind of news in the transaction of the change behind it.
use super::plain::plain;
use super::{Channels, News, queue};
use crate::domain::{MachineVerdict, Outcome};
use crate::store::cases::{self, Case};
use crate::store::exclusions::Exclusion;
use crate::store::intake::{MINUTE_MS, Pauses};
use crate::store::notifications::{Facts, Kind};
use crate::store::ranges::Score;
use crate::store::{Result, Tx, orgs, timeline};

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// The longest title, host or name.
const NAME: usize = 120;

/// Tells of a case that a run has just ended for, where it looks like an attack or the votes are split.
///
/// # Errors
/// Where the database refuses.
pub async fn triaged(channels: &Channels, tx: &mut Tx, number: i64, now_ms: i64) -> Result<()> {
    if channels.all.is_empty() {
        return Ok(());
    }
    let case = cases::by_number(tx, number).await?;
    if !case.status.is_open() {
        return Ok(());
    }
    let sure = case.confidence.unwrap_or_default() * 100.0;
    match (case.machine_verdict, case.outcome) {
        (MachineVerdict::TruePositive, _) => {
            let text = format!("The panel calls it a true positive, stated confidence {sure:.1}%.");
            of_case(channels, tx, &case, (Kind::TruePositive, text), now_ms).await
        }
        (_, Some(Outcome::Split)) => {
            of_case(channels, tx, &case, (Kind::Split, "The voters do not agree.".to_owned()), now_ms).await
        }
        _ => Ok(()),
    }
}

/// Tells of a case that nobody has touched for so many minutes.
///
/// # Errors
/// Where the database refuses.
pub async fn overdue(channels: &Channels, tx: &mut Tx, number: i64, now_ms: i64) -> Result<()> {
    let case = cases::by_number(tx, number).await?;
    let minutes = (now_ms - case.opened_ms) / MINUTE_MS;
    of_case(channels, tx, &case, (Kind::Overdue, format!("Nobody has touched it for {minutes} min.")), now_ms).await
}

/// Tells of a snoozed case that is back, by the entry of its timeline that says so, and of who had snoozed it.
///
/// # Errors
/// Where the database refuses.
pub async fn reminder(channels: &Channels, tx: &mut Tx, (number, event): (i64, i64), now_ms: i64) -> Result<()> {
    let case = cases::by_number(tx, number).await?;
    let Some(entry) = timeline::in_case(tx, number, event).await? else { return Ok(()) };
    let text = format!("Snoozed by {}. {}.", plain(&case.snoozed_by, NAME), plain(&entry.text, 200));
    let subject = format!("case:{number}@{event}");
    of_subject(channels, tx, (&case, &subject), (Kind::Reminder, text), now_ms).await
}

async fn of_case(channels: &Channels, tx: &mut Tx, case: &Case, told: (Kind, String), now_ms: i64) -> Result<()> {
    of_subject(channels, tx, (case, &format!("case:{}", case.number)), told, now_ms).await
}

async fn of_subject(
    channels: &Channels,
    tx: &mut Tx,
    (case, subject): (&Case, &str),
    (kind, text): (Kind, String),
    now_ms: i64,
) -> Result<()> {
    let detail = |text: &str| if channels.settings.details { plain(text, 500) } else { String::new() };
    let facts = Facts {
        org: case.org.clone(),
        case: Some(case.number),
        title: plain(&case.title, NAME),
        host: plain(&case.hostname, NAME),
        severity: Some(case.severity),
        verdict: case.machine_verdict.as_str().to_owned(),
        text,
        rule: detail(&case.rule_path),
        user: detail(&case.user_name),
        chain: detail(&case.chain),
    };
    channels.tell(tx, &News { org_id: Some(case.org_id), kind, subject, facts: &facts }, now_ms).await
}

/// Tells of a source that is silent for longer than it ever was in the last week.
///
/// # Errors
/// Where the database refuses.
pub async fn silent(channels: &Channels, tx: &mut Tx, source: &Pauses, now_ms: i64) -> Result<()> {
    let last = jiff::Timestamp::from_millisecond(source.last_minute * MINUTE_MS).unwrap_or_default();
    let facts = Facts {
        org: orgs::by_id(tx, source.org_id).await?.map(|org| org.slug).unwrap_or_default(),
        title: plain(&source.source, NAME),
        text: format!(
            "The last delivery was at {} UTC; its longest pause of the week before was {} min.",
            last.strftime("%Y-%m-%d %H:%M"),
            source.longest
        ),
        ..Facts::default()
    };
    // Once for each silence.
    let subject = format!("source:{}:{}@{}", source.org_id, source.source, source.last_minute);
    let news = News { org_id: Some(source.org_id), kind: Kind::SilentSource, subject: &subject, facts: &facts };
    channels.tell(tx, &news, now_ms).await
}

/// Tells of a model that lost its vote in the injection range.
///
/// # Errors
/// Where the database refuses.
pub async fn suspended(channels: &Channels, tx: &mut Tx, score: &Score, now_ms: i64) -> Result<()> {
    let facts = Facts {
        title: plain(&score.voter, NAME),
        text: format!("It followed {} of {} hostile texts and has no vote now.", score.obeyed, score.cases),
        ..Facts::default()
    };
    let subject = format!("voter:{}@{}", score.voter, score.ran_ms);
    let news = News { org_id: None, kind: Kind::VoterSuspended, subject: &subject, facts: &facts };
    channels.tell(tx, &news, now_ms).await
}

/// Tells of an exclusion in force with which something is amiss that was not before.
///
/// # Errors
/// Where the database refuses.
pub async fn exclusion(channels: &Channels, tx: &mut Tx, known: &Exclusion, text: &str, now_ms: i64) -> Result<()> {
    let (org, title) = (known.org.clone(), plain(&known.name, NAME));
    let facts = Facts { org, title, text: plain(text, 500), ..Facts::default() };
    let subject = format!("exclusion:{}@{}", known.id, now_ms / DAY_MS);
    let news = News { org_id: Some(known.org_id), kind: Kind::Exclusion, subject: &subject, facts: &facts };
    channels.tell(tx, &news, now_ms).await
}

/// Tells of a scheduled backup that failed, once a day.
///
/// # Errors
/// Where the database refuses.
pub async fn backup_failed(channels: &Channels, tx: &mut Tx, problem: &str, now_ms: i64) -> Result<()> {
    let text = format!("It failed and is tried again within the hour: {}", plain(problem, 300));
    about_backups(channels, tx, ("The scheduled backup", text, "backup"), now_ms).await
}

/// Tells of old backups that stay although a new one was made, once a day.
///
/// # Errors
/// Where the database refuses.
pub async fn backups_stay(channels: &Channels, tx: &mut Tx, problem: &str, now_ms: i64) -> Result<()> {
    let text = format!("A new one was made, but not every old one could be removed: {}", plain(problem, 300));
    about_backups(channels, tx, ("Removing old backups", text, "old backups"), now_ms).await
}

async fn about_backups(
    channels: &Channels,
    tx: &mut Tx,
    (title, text, subject): (&str, String, &str),
    now_ms: i64,
) -> Result<()> {
    let facts = Facts { title: title.to_owned(), text, ..Facts::default() };
    let subject = format!("{subject}@{}", now_ms / DAY_MS);
    channels.tell(tx, &News { org_id: None, kind: Kind::BackupFailed, subject: &subject, facts: &facts }, now_ms).await
}

/// Tells that the ledger is not what it was and is not sealed, once a day.
///
/// # Errors
/// Where the database refuses.
pub async fn seal_refused(channels: &Channels, tx: &mut Tx, problem: &str, now_ms: i64) -> Result<()> {
    let facts = Facts { title: "The audit ledger".to_owned(), text: plain(problem, 500), ..Facts::default() };
    let subject = format!("ledger@{}", now_ms / DAY_MS);
    channels.tell(tx, &News { org_id: None, kind: Kind::SealRefused, subject: &subject, facts: &facts }, now_ms).await
}

/// Tells one channel that somebody tries it.
///
/// # Errors
/// Where the database refuses.
pub async fn test(tx: &mut Tx, channel: &str, by: &str, now_ms: i64) -> Result<()> {
    let text = format!("{} tries this channel. There is nothing to do.", plain(by, NAME));
    let facts = Facts { title: "A test of this channel".to_owned(), text, ..Facts::default() };
    let subject = format!("test:{now_ms}");
    queue(tx, channel, &News { org_id: None, kind: Kind::Test, subject: &subject, facts: &facts }, now_ms).await
}

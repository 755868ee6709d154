//! What an action would do, with checked parameters: the only thing from which one can be made.
//!
//! Free text never becomes a plan. Each parameter is read into a type that can't hold anything
//! else than what it stands for, so that nothing hostile reaches a sensor or an address.
use super::{ActionKind, TaskCommand};
use crate::domain::{Observable, ObservableKind};
use serde::{Deserialize, Serialize};

/// The longest tag.
const LONGEST_TAG: usize = 64;
/// A tag stays for a year at most; without a time it stays.
const LONGEST_TTL_H: u32 = 24 * 365;
/// How far an activity sweep looks to each side of the event, in minutes.
const SWEEP_MINUTES: std::ops::RangeInclusive<u32> = 1..=60;
/// How far back a hunt looks, in days.
const HUNT_DAYS: std::ops::RangeInclusive<u32> = 1..=90;

/// A field that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {text}")]
pub struct BadPlan {
    /// The field's name in the form.
    pub field: &'static str,
    /// What is wrong, for the person.
    pub text: String,
}

/// The parameters as a form or the API sends them; empty where one was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Fields {
    /// A sensor tag.
    pub tag: String,
    /// Hours until the tag goes by itself; empty for never.
    pub ttl_hours: String,
    /// Minutes to each side of the event.
    pub minutes: String,
    /// The id of one of the case's observables.
    pub observable: String,
    /// Days back.
    pub days: String,
    /// What the sensor is told to do.
    pub command: String,
    /// A process number, for the commands that need one.
    pub pid: String,
    /// A process atom, for the commands that need one.
    pub atom: String,
}

/// An action with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Plan {
    /// Put a tag on the sensor.
    AddTag {
        /// The tag.
        tag: String,
        /// Seconds until it goes by itself.
        ttl_s: Option<u64>,
    },
    /// Take a tag off the sensor.
    RemoveTag {
        /// The tag.
        tag: String,
    },
    /// Cut the host off from the network.
    Isolate,
    /// Let the host back on the network.
    Rejoin,
    /// Read the sensor's events around the detection.
    Sweep {
        /// To each side of the event.
        minutes: u32,
    },
    /// Look for an observable on other hosts.
    Hunt {
        /// Its type.
        what: ObservableKind,
        /// Its value.
        value: String,
        /// So many days back.
        days: u32,
    },
    /// Send a command of the closed list to the sensor.
    Task {
        /// The command.
        command: TaskCommand,
        /// A process number.
        pid: Option<u32>,
        /// A process atom.
        atom: Option<String>,
    },
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// [`BadPlan`] names the field.
    pub fn read(kind: ActionKind, fields: &Fields) -> Result<Self, BadPlan> {
        Ok(match kind {
            ActionKind::AddTag => Self::AddTag { tag: tag(&fields.tag)?, ttl_s: ttl(&fields.ttl_hours)? },
            ActionKind::RemoveTag => Self::RemoveTag { tag: tag(&fields.tag)? },
            ActionKind::Isolate => Self::Isolate,
            ActionKind::Rejoin => Self::Rejoin,
            ActionKind::Sweep => Self::Sweep { minutes: minutes(&fields.minutes)? },
            ActionKind::Task => task(fields)?,
            ActionKind::Hunt | ActionKind::CreateExclusion | ActionKind::Close => {
                return bad("kind", format!("{kind} is not started here"));
            }
        })
    }

    /// A hunt for an observable of the case.
    ///
    /// # Errors
    /// [`BadPlan`] where it is of no type that can be looked for or holds what a query would read.
    pub fn hunt(what: ObservableKind, value: &str, days: &str) -> Result<Self, BadPlan> {
        if !Observable::searchable(what, value) {
            return bad("observable", "this one can't be looked for on other hosts");
        }
        let days = match days.trim() {
            "" => 30,
            text => match text.parse() {
                Ok(days) if HUNT_DAYS.contains(&days) => days,
                _ => return bad("days", "must be 1 to 90"),
            },
        };
        Ok(Self::Hunt { what, value: value.to_owned(), days })
    }

    /// Its kind.
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::AddTag { .. } => ActionKind::AddTag,
            Self::RemoveTag { .. } => ActionKind::RemoveTag,
            Self::Isolate => ActionKind::Isolate,
            Self::Rejoin => ActionKind::Rejoin,
            Self::Sweep { .. } => ActionKind::Sweep,
            Self::Hunt { .. } => ActionKind::Hunt,
            Self::Task { .. } => ActionKind::Task,
        }
    }

    /// Whether a second person has to approve it. Letting a host back on the network does not wait
    /// for one: where the isolation was a mistake, each minute costs.
    pub const fn needs_approval(&self) -> bool {
        matches!(self, Self::Isolate | Self::Task { .. })
    }

    /// Whether it only asks and changes nothing.
    pub const fn only_reads(&self) -> bool {
        matches!(self, Self::Sweep { .. } | Self::Hunt { .. })
    }

    /// What takes it back, where something does.
    pub fn reverse(&self) -> Option<Self> {
        match self {
            Self::AddTag { tag, .. } => Some(Self::RemoveTag { tag: tag.clone() }),
            Self::RemoveTag { tag } => Some(Self::AddTag { tag: tag.clone(), ttl_s: None }),
            Self::Isolate => Some(Self::Rejoin),
            Self::Rejoin => Some(Self::Isolate),
            Self::Sweep { .. } | Self::Hunt { .. } | Self::Task { .. } => None,
        }
    }

    /// Whether the sensor can be asked if it took effect.
    pub const fn can_be_checked(&self) -> bool {
        matches!(self, Self::AddTag { .. } | Self::RemoveTag { .. } | Self::Isolate | Self::Rejoin)
    }

    /// What it acts on: the sensor, and the tag where it has one.
    pub fn target(&self, sid: &str) -> String {
        match self {
            Self::AddTag { tag, .. } | Self::RemoveTag { tag } => format!("{sid}:{tag}"),
            Self::Hunt { what, value, .. } => format!("{what}:{value}"),
            _ => sid.to_owned(),
        }
    }

    /// Its parameters in words, as a person reads them before and after it ran.
    pub fn words(&self) -> String {
        match self {
            Self::AddTag { tag, ttl_s: None } => format!("tag {tag}, until it is removed"),
            Self::AddTag { tag, ttl_s: Some(ttl) } => format!("tag {tag}, for {} hours", ttl / 3600),
            Self::RemoveTag { tag } => format!("remove the tag {tag}"),
            Self::Isolate => "cut the host off from the network".to_owned(),
            Self::Rejoin => "let the host back on the network".to_owned(),
            Self::Sweep { minutes } => format!("read the events {minutes} minutes before and after the detection's"),
            Self::Hunt { what, value, days } => {
                format!("look for {} {value} on other hosts, {days} days back", what.label())
            }
            Self::Task { .. } => self.command_line().unwrap_or_default(),
        }
    }

    /// What is sent to the sensor, for a task.
    pub fn command_line(&self) -> Option<String> {
        let Self::Task { command, pid, atom } = self else { return None };
        Some(match (command, pid, atom) {
            (TaskCommand::Kill, Some(pid), _) => format!("{command} --pid {pid}"),
            (TaskCommand::DenyTree, _, Some(atom)) => format!("{command} {atom}"),
            _ => command.to_string(),
        })
    }
}

fn bad<T>(field: &'static str, text: impl Into<String>) -> Result<T, BadPlan> {
    Err(BadPlan { field, text: text.into() })
}

/// A tag holds letters, digits and a few signs: it goes into addresses and is read by rules.
fn tag(text: &str) -> Result<String, BadPlan> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if text.is_empty() || text.len() > LONGEST_TAG || !text.chars().all(plain) {
        return bad("tag", format!("must be 1 to {LONGEST_TAG} letters, digits, or - _ . :"));
    }
    Ok(text.to_owned())
}

fn ttl(text: &str) -> Result<Option<u64>, BadPlan> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse::<u32>() {
            Ok(hours @ 1..=LONGEST_TTL_H) => Ok(Some(u64::from(hours) * 3600)),
            _ => bad("ttl_hours", format!("must be 1 to {LONGEST_TTL_H} hours, or empty")),
        },
    }
}

fn minutes(text: &str) -> Result<u32, BadPlan> {
    match text.trim() {
        "" => Ok(2),
        text => match text.parse() {
            Ok(minutes) if SWEEP_MINUTES.contains(&minutes) => Ok(minutes),
            _ => bad("minutes", "must be 1 to 60"),
        },
    }
}

fn task(fields: &Fields) -> Result<Plan, BadPlan> {
    let command: TaskCommand = match fields.command.parse() {
        Ok(command) => command,
        Err(unknown) => return bad("command", super::super::UnknownWord::to_string(&unknown)),
    };
    let (mut pid, mut atom) = (None, None);
    if command == TaskCommand::Kill {
        match fields.pid.trim().parse::<u32>() {
            Ok(number) if number > 4 => pid = Some(number),
            _ => return bad("pid", "must be a process number above 4"),
        }
    }
    if command == TaskCommand::DenyTree {
        let text = fields.atom.trim();
        if text.len() != 32 || !text.chars().all(|c| c.is_ascii_hexdigit()) {
            return bad("atom", "must be the 32 hex digits of a process's atom");
        }
        atom = Some(text.to_ascii_lowercase());
    }
    Ok(Plan::Task { command, pid, atom })
}

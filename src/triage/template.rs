//! The prompt's template as a text: what stays the same whatever the event, to be kept and compared.
//!
//! It is made by the builder of prompts itself, from events whose values are the names of their
//! fields, so that it can't say anything else than what is sent.
use super::prompt;
use crate::domain::dossier::{Precedents, Prevalence};
use crate::domain::{Detection, Dossier};
use crate::voters::form;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The version's name.
    pub version: &'static str,
    /// The system message.
    pub system: String,
    /// The user message for a process and for any other event.
    pub user: String,
    /// The JSON schema of an answer.
    pub schema: String,
    /// SHA-256 in hex of the three texts.
    pub digest: String,
}

/// The template of this program.
pub fn current() -> &'static Template {
    static CURRENT: OnceLock<Template> = OnceLock::new();
    CURRENT.get_or_init(make)
}

fn make() -> Template {
    let process = json!({
        "FILE_PATH": "[FILE_PATH]", "COMMAND_LINE": "[COMMAND_LINE]", "USER_NAME": "[USER_NAME]", "HASH": "[HASH]",
        "FILE_IS_SIGNED": 1,
        "PARENT": {
            "FILE_PATH": "[FILE_PATH]", "COMMAND_LINE": "[COMMAND_LINE]", "USER_NAME": "[USER_NAME]", "HASH": "[HASH]",
            "FILE_IS_SIGNED": 0,
        },
    });
    let (system, process) = shown("NEW_PROCESS", &process);
    let (_, other) = shown("[EVENT_TYPE]", &json!({"FIELD": "[FIELD]", "LIST": ["[ENTRY]"]}));
    let user = format!("For a process\n\n{process}\n\nFor any other event\n\n{other}");
    let schema = serde_json::to_string_pretty(&form::schema()).unwrap_or_default();
    let digest = hex::encode(Sha256::digest(format!("{system}\0{user}\0{schema}")));
    Template { version: prompt::VERSION, system, user, schema, digest }
}

/// System and user message with names in place of what is new in every request.
fn shown(event_type: &str, event: &Value) -> (String, String) {
    let document = json!({
        "detect_id": "template", "cat": "[title]", "source_rule": "[path]",
        "detect_mtd": {"level": "low", "description": "[description]", "falsepositives": ["[known false positives]"], "tags": ["[tags]"]},
        "routing": {"event_type": event_type, "hostname": "[host]", "tags": ["[host tags]"]}, "detect": {"event": event},
    });
    let Ok(detection) = Detection::read(&document) else { return Default::default() };
    let dossier = Dossier {
        observables: Vec::new(),
        precedents: Precedents::default(),
        prevalence: Prevalence::default(),
        intel: Vec::new(),
        evidence: Vec::new(),
        local: None,
        detection,
    };
    let prompt = prompt::build(&dossier, [0; 16], [0; 8]);
    let prefix = format!("D-{}", "00".repeat(16));
    let named = |text: &str| text.replace(&prefix, "{{PFX}}").replace(&prompt.canary, "{{CANARY}}");
    (named(&prompt.system), named(&prompt.user))
}

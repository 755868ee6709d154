//! What code sees in the event by itself and a false positive would have to explain: hidden commands,
//! downloads, system programs that run other people's code, unusual parents, and the places that
//! attackers write to. A flag makes a person look; it decides nothing.
mod signs;

use self::signs::{COMMANDS, FILES, KEYS, Sign};
use super::Named;
use crate::domain::Detection;
use crate::domain::detection::Process;
use crate::domain::path::file_name;

/// So many are told.
const MOST: usize = 4;

/// Programs that open documents or pages from outside, or serve the network.
const OUTSIDE: &[&str] = &[
    "winword.exe",
    "excel.exe",
    "powerpnt.exe",
    "outlook.exe",
    "acrord32.exe",
    "chrome.exe",
    "msedge.exe",
    "firefox.exe",
    "w3wp.exe",
    "httpd.exe",
    "nginx.exe",
    "sqlservr.exe",
    "tomcat9.exe",
    "wmiprvse.exe",
    "mshta.exe",
    "wsmprovhost.exe",
];
/// Programs that run what they are told.
const SHELLS: &[&str] = &[
    "cmd.exe",
    "powershell.exe",
    "pwsh.exe",
    "wscript.exe",
    "cscript.exe",
    "mshta.exe",
    "rundll32.exe",
    "regsvr32.exe",
    "bash.exe",
    "certutil.exe",
    "bitsadmin.exe",
];
/// Folders from which programs rarely run for a good reason.
const ODD: &[&str] = &["\\temp\\", "\\downloads\\", "\\users\\public\\", "\\perflogs\\", "/tmp/", "/dev/shm/"];

/// The flags.
pub(super) fn flags(detection: &Detection) -> Vec<Named> {
    let mut found: Vec<String> = Vec::new();
    let process = detection.process();
    if let Some(process) = &process {
        found.extend(signs(COMMANDS, &plain(&process.command_line)));
        found.extend(place(process));
    }
    if let (Some(process), Some(parent)) = (&process, detection.parent()) {
        found.extend(lineage(process, &parent));
    }
    let text =
        |name: &str| detection.event.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_lowercase();
    match detection.event_type.as_str() {
        "NEW_REMOTE_THREAD" => found.push("Another program. A thread is started inside another program.".to_owned()),
        kind if kind.starts_with("REGISTRY_") => {
            found.extend(signs(KEYS, &format!("{} {}", text("REGISTRY_KEY"), text("REGISTRY_VALUE"))));
        }
        kind if kind.starts_with("FILE_") || kind.ends_with("_NAMED_PIPE") => {
            found.extend(signs(FILES, &text("FILE_PATH")));
        }
        _ => {}
    }
    let mut told: Vec<String> = Vec::new();
    for text in found {
        if !told.contains(&text) && told.len() < MOST {
            told.push(text);
        }
    }
    told.into_iter().map(|text| ("seen", text)).collect()
}

/// A command line without what only hides it from a search.
fn plain(command: &str) -> String {
    let bare: String = command.to_lowercase().chars().filter(|c| !matches!(c, '^' | '`' | '"' | '\'')).collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn signs(known: &[Sign], text: &str) -> Vec<String> {
    let one = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let stand = known.iter().filter(|(first, then, _)| one(first) && (then.is_empty() || one(then)));
    stand.map(|(.., says)| (*says).to_owned()).collect()
}

fn place(process: &Process) -> Option<String> {
    let path = process.path.to_lowercase();
    ODD.iter()
        .any(|folder| path.contains(folder))
        .then(|| "Odd place. The program runs from a temporary or shared folder.".to_owned())
}

fn lineage(process: &Process, parent: &Process) -> Option<String> {
    let (child, by) = (file_name(&process.path).to_lowercase(), file_name(&parent.path).to_lowercase());
    (SHELLS.contains(&child.as_str()) && OUTSIDE.contains(&by.as_str()))
        .then(|| "Unusual parent. A program that opens or serves what comes from outside started a shell.".to_owned())
}

//! What the scale looks for, and what each find weighs.
//!
//! Most finds are features (`features`), so that what they mean is told in one place. Weights were set by
//! hand; how often each find holds on labelled detections was looked at, the names in them were not.
use crate::domain::Dossier;
use crate::domain::detection::Process;
use crate::domain::path::file_name;
use crate::features::{self, Features, place};

/// One find.
pub(super) struct Finding {
    /// Its weight; positive is malicious.
    pub points: i32,
    /// It in words of ours.
    pub text: String,
}

/// Features of which one is enough, their weight, and what they mean; without words the feature's own.
type Weight = (&'static [&'static str], i32, &'static str);

/// What is weighed, in the order in which it is looked for.
const WEIGHTS: &[Weight] = &[
    // encoding and downloads
    (&["find.encoded"], 25, ""),
    (&["find.blob"], 10, ""),
    (&["find.hidden"], 20, ""),
    (&["find.nopolicy"], 10, ""),
    (&["find.noprofile"], 10, ""),
    (&["find.download"], 20, ""),
    (&["find.url"], 15, ""),
    (&["find.urlip"], 10, ""),
    (&["find.iex"], 20, ""),
    (&["find.reflect"], 25, ""),
    (&["find.scriptproto"], 25, ""),
    (&["find.obfusc"], 20, ""),
    // what it does
    (&["find.credential"], 25, ""),
    (&["find.recovery"], 30, ""),
    (&["find.logs"], 20, ""),
    (&["find.defence"], 20, ""),
    (&["find.persist"], 15, ""),
    (&["find.account"], 20, ""),
    (&["find.secrets"], 15, ""),
    (&["find.remote"], 20, ""),
    (&["find.chain"], 5, ""),
    (&["find.relative"], 10, ""),
    (&["find.copysys"], 15, ""),
    (&["kind=thread"], 20, "reaches into another process"),
    // where it lies
    (&["image.displaced"], 25, ""),
    (&["parent.displaced"], 20, ""),
    (
        &[
            "image.place=downloads",
            "image.place=public",
            "image.place=profile",
            "image.place=other",
            "image.place=winwritable",
            "image.place=share",
        ],
        15,
        "runs from a folder that users can write to",
    ),
    (
        &[
            "parent.place=downloads",
            "parent.place=public",
            "parent.place=profile",
            "parent.place=other",
            "parent.place=winwritable",
            "parent.place=share",
        ],
        15,
        "its parent runs from a folder that users can write to",
    ),
    (&["image.place=programs"], -15, "installed software"),
    // who started it
    (
        &["pair=office>shell", "pair=office>lolbas", "pair=browser>shell"],
        30,
        "a program that opens documents started a shell",
    ),
    (&["pair=server>shell", "pair=server>lolbas"], 25, "a server program started a shell"),
    (&["parent.odd"], 20, ""),
    (&["parent.role=shell"], 10, "started by a shell"),
    (&["parent.place=programs"], -20, "started by installed software"),
    (&["parent.role=system"], -5, "started by a process of Windows"),
    (&["parent.same"], -5, ""),
    (&["find.browserchild"], -15, ""),
    (&["find.update"], -15, ""),
    (&["find.com"], -5, ""),
    // keys and files
    (&["reg.by=tool", "reg.by=writable"], 25, "a shell, or a program from a user's folder, writes the key"),
    (
        &["reg.run", "reg.ifeo", "reg.winlogon", "reg.opencmd"],
        15,
        "writes a key by which programs start or people sign in",
    ),
    (&["reg.service", "reg.policy"], 10, "writes a service or a protection setting"),
    (&["regval.shell"], 20, ""),
    (&["regval.writable"], 10, ""),
    (&["reg.by=software", "reg.by=system"], -15, "software or Windows writes the key"),
    (&["file.by=tool", "file.by=writable"], 15, "a shell, or a program from a user's folder, writes the file"),
    (&["file.by=software", "file.by=system"], -15, "software or Windows writes the file"),
    (&["file.ext=dump"], 20, "the file is a memory dump or holds tickets"),
    (&["file.ext=config", "file.ext=image", "file.ext=none"], -10, "the file holds settings, text or a picture"),
    (&["quiet"], -15, ""),
];

/// All finds for a dossier.
pub(super) fn of(dossier: &Dossier) -> Vec<Finding> {
    let features = features::of(&dossier.detection);
    let mut found = features.as_ref().map(weighed).unwrap_or_default();
    let mut add = |points, text: &str| found.push(Finding { points, text: text.to_owned() });
    let (process, parent) = (dossier.detection.process(), dossier.detection.parent());
    if let Some(process) = &process {
        signature(process, parent.as_ref(), &mut add);
        notes(dossier, process, parent.as_ref(), &mut add);
    }
    if dossier.intel.iter().any(|intel| intel.malicious > 0) {
        add(50, "threat intelligence calls an observable malicious");
    } else if dossier.intel.iter().any(|intel| intel.reputation.is_some_and(|score| score < 0)) {
        add(5, "its reputation is negative");
    }
    if dossier.detection.tags.iter().any(|tag| tag.contains("yara")) {
        add(15, "the host has a YARA hit");
    }
    history(dossier, &mut add);
    found
}

fn weighed(features: &Features) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for (names, points, text) in WEIGHTS {
        let Some(name) = names.iter().find(|name| features.has(name)) else { continue };
        let told = if text.is_empty() { features::told(name).unwrap_or_default() } else { (*text).to_owned() };
        found.push(Finding { points: *points, text: told });
    }
    found
}

/// A signature says who made a file, not what it is used for: it weighs little where Windows' own tools are.
fn signature(process: &Process, parent: Option<&Process>, add: &mut impl FnMut(i32, &str)) {
    let (place, role) = features::of_process(process);
    let trusted = place::is_trusted(place);
    match process.signed {
        Some(true) if trusted && !matches!(role, "shell" | "lolbas") => {
            add(-10, "signed, in a folder that users can't write to");
        }
        Some(true) => add(-5, "signed"),
        Some(false) if trusted => add(10, "not signed"),
        Some(false) => add(20, "not signed, in a folder that users can write to"),
        None => {}
    }
    let of_software = |parent: &Process| parent.signed == Some(true) && features::of_process(parent).0 == "programs";
    if process.signed == Some(true) && parent.is_some_and(of_software) {
        add(-5, "started by signed, installed software");
    }
}

/// A note of the rule that names the very program is worth something, "unknown" is not.
fn notes(dossier: &Dossier, process: &Process, parent: Option<&Process>, add: &mut impl FnMut(i32, &str)) {
    let named = |process: &Process| {
        let name = file_name(&process.path).to_lowercase();
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned();
        let note = |note: &String| note.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| word == stem);
        stem.len() >= 4 && dossier.detection.rule.false_positives.iter().any(note)
    };
    if parent.is_some_and(named) || named(process) && features::of_process(process).1 == "other" {
        add(-10, "the rule's own notes name the program as a known false positive");
    }
}

fn history(dossier: &Dossier, add: &mut impl FnMut(i32, &str)) {
    let seen = dossier.precedents;
    if seen.total() > 0 && seen.true_positive == 0 {
        add(-20, "analysts called it benign before");
    } else if seen.true_positive > 0 {
        add(30, "analysts called it a true positive before");
    }
    if dossier.prevalence.other_hosts >= 5 {
        add(-10, "seen on many hosts");
    }
}

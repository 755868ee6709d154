//! What the scale looks for, and what each find weighs.
use crate::domain::Dossier;
use crate::domain::detection::Process;
use crate::domain::path::file_name;

/// One find.
pub(super) struct Finding {
    /// Its weight; positive is malicious.
    pub points: i32,
    /// It in words of ours.
    pub text: &'static str,
}

/// A word on the command line, its weight and what it means.
type Word = (&'static str, i32, &'static str);

/// Words that are rarely typed for a good reason.
const WORDS: &[Word] = &[
    ("sekurlsa", 60, "reads credentials from memory"),
    ("mimikatz", 60, "names a credential theft tool"),
    ("lsass", 40, "touches the process that holds credentials"),
    ("comsvcs", 35, "uses the memory dump trick of comsvcs.dll"),
    ("procdump", 30, "dumps a process's memory"),
    ("ntds.dit", 50, "touches the domain's password database"),
    ("delete shadows", 60, "deletes shadow copies"),
    ("shadowcopy delete", 60, "deletes shadow copies"),
    ("recoveryenabled no", 45, "switches recovery off"),
    ("downloadstring", 40, "downloads and runs code"),
    ("downloadfile", 30, "downloads a file"),
    ("invoke-expression", 25, "runs text as code"),
    ("iex ", 25, "runs text as code"),
    ("iex(", 25, "runs text as code"),
    ("-urlcache", 35, "downloads with certutil"),
    ("bitsadmin", 20, "downloads in the background"),
    ("frombase64string", 25, "decodes hidden text"),
    ("-w hidden", 15, "hides its window"),
    ("-windowstyle hidden", 15, "hides its window"),
    ("bypass", 10, "goes around the execution policy"),
    ("javascript:", 40, "runs script through a system tool"),
    ("scrobj.dll", 40, "runs a remote script component"),
    ("/create /", 10, "creates a scheduled task"),
    ("currentversion\\run", 25, "starts itself at sign-in"),
    ("add-mppreference", 35, "excludes itself from antivirus"),
    ("disablerealtimemonitoring", 45, "switches antivirus off"),
    ("wevtutil cl", 45, "clears event logs"),
    ("clear-eventlog", 45, "clears event logs"),
    ("reg save", 25, "saves a registry hive"),
    ("hklm\\sam", 35, "reads the account database"),
    ("whoami", 5, "asks who it is"),
    ("nltest", 12, "maps the domain"),
    ("-encodedcommand", 25, "hides its command"),
    (" -enc ", 25, "hides its command"),
    (" -ec ", 20, "hides its command"),
    ("psexe", 20, "runs on other hosts"),
    ("/node:", 25, "runs on other hosts"),
];

/// Programs that open documents or pages from outside.
const READERS: &[&str] = &[
    "winword.exe",
    "excel.exe",
    "powerpnt.exe",
    "outlook.exe",
    "acrord32.exe",
    "chrome.exe",
    "msedge.exe",
    "firefox.exe",
    "mshta.exe",
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
];
/// Programs that serve requests from the network.
const SERVERS: &[&str] =
    &["w3wp.exe", "httpd.exe", "nginx.exe", "sqlservr.exe", "tomcat9.exe", "java.exe", "wmiprvse.exe"];
/// Folders that ordinary users can't write to.
const TRUSTED: &[&str] =
    &["c:\\windows\\system32\\", "c:\\windows\\syswow64\\", "c:\\program files\\", "c:\\program files (x86)\\"];
/// Folders from which programs rarely run for a good reason.
const ODD: &[&str] =
    &["\\temp\\", "\\downloads\\", "\\users\\public\\", "\\perflogs\\", "\\appdata\\roaming\\", "/tmp/", "/dev/shm/"];

/// All finds for a dossier.
pub(super) fn of(dossier: &Dossier) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |points, text| found.push(Finding { points, text });
    let parent = dossier.detection.parent();
    if let Some(process) = dossier.detection.process() {
        words(&process, &mut add);
        place(&process, &mut add);
        lineage(&process, parent.as_ref(), &mut add);
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

fn words(process: &Process, add: &mut impl FnMut(i32, &'static str)) {
    let line = process.command_line.to_lowercase();
    let mut told = Vec::new();
    for (word, points, text) in WORDS.iter().filter(|(word, ..)| line.contains(word)) {
        if !told.contains(text) {
            told.push(text);
            add(*points, text);
        }
        debug_assert!(!word.is_empty());
    }
    let longest = line.split_whitespace().map(str::len).max().unwrap_or_default();
    if longest > 500 {
        add(20, "carries a very long argument");
    }
}

fn place(process: &Process, add: &mut impl FnMut(i32, &'static str)) {
    let path = process.path.to_lowercase();
    let trusted = TRUSTED.iter().any(|folder| path.starts_with(folder));
    match process.signed {
        Some(true) if trusted => add(-15, "signed, in a folder that users can't write to"),
        Some(true) => add(-5, "signed"),
        Some(false) if trusted => add(10, "not signed"),
        Some(false) => add(20, "not signed, in a folder that users can write to"),
        None => {}
    }
    if ODD.iter().any(|folder| path.contains(folder)) {
        add(20, "runs from a temporary or shared folder");
    }
}

fn lineage(process: &Process, parent: Option<&Process>, add: &mut impl FnMut(i32, &'static str)) {
    let Some(parent) = parent else { return };
    let (child_name, parent_path) = (file_name(&process.path).to_lowercase(), parent.path.to_lowercase());
    let parent_name = file_name(&parent_path);
    let shell = SHELLS.contains(&child_name.as_str());
    if shell && READERS.contains(&parent_name) {
        add(40, "a program that opens documents started a shell");
    } else if shell && SERVERS.contains(&parent_name) {
        add(30, "a server program started a shell");
    }
    if ODD.iter().any(|folder| parent_path.contains(folder)) {
        add(15, "its parent runs from a temporary or shared folder");
    }
    if parent.signed == Some(true) && parent_path.starts_with("c:\\program files") && process.signed == Some(true) {
        add(-15, "started by signed, installed software");
    }
}

fn history(dossier: &Dossier, add: &mut impl FnMut(i32, &'static str)) {
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

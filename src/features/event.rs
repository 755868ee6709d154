//! Features of events about keys, files and threads.
use super::{Features, Kind, Program, find, place, role, text};
use crate::domain::path::file_name;
use serde_json::Value;

/// Endings of files by what they hold.
const ENDINGS: &[(&str, &str)] = &[
    ("program", "exe dll sys scr com cpl ocx drv"),
    ("script", "ps1 psm1 psd1 bat cmd vbs vbe js jse wsf hta sct chm"),
    ("link", "lnk url"),
    ("dump", "dmp kirbi hiv sam"),
    ("doc", "docm xlsm doc docx xls xlsx rtf dotm xll one iqy pdf"),
    ("archive", "zip rar 7z iso img cab"),
    ("config", "ini inf xml xsl job config json"),
    ("image", "jpg jpeg png gif txt log dat tmp"),
];

/// What a file's ending says it holds.
pub(super) fn ending(path: &str) -> &'static str {
    let name = file_name(path).to_lowercase();
    let Some((_, ending)) = name.rsplit_once('.').filter(|(_, ending)| !ending.is_empty()) else { return "none" };
    let known = ENDINGS.iter().find(|(_, endings)| endings.split(' ').any(|one| one == ending));
    known.map_or("other", |(kind, _)| kind)
}

/// Adds what an event of a kind holds beside its program.
pub(super) fn of(kind: Kind, event: &Value, by: &Program, features: &mut Features) {
    match kind {
        Kind::Registry => registry(event, by, features),
        Kind::File => file(text(event, "FILE_PATH"), by, features),
        Kind::Thread => thread(text(event, "TARGET_FILE_PATH"), features),
        Kind::Pipe | Kind::Dns | Kind::Network | Kind::Process => {}
    }
}

fn registry(event: &Value, by: &Program, features: &mut Features) {
    let (key, value) = (text(event, "REGISTRY_KEY").to_lowercase(), text(event, "REGISTRY_VALUE").to_lowercase());
    for name in find::on_key(&key) {
        features.add(format!("reg.{name}"));
    }
    for name in find::on_value(&value) {
        features.add(format!("regval.{name}"));
    }
    if value.trim().is_empty() || value == "(empty)" {
        features.add("regval.empty");
    }
    features.add(format!("reg.by={}", role::writer(&by.name, by.place)));
}

fn file(path: &str, by: &Program, features: &mut Features) {
    let (place, ending) = (place::of(path), ending(path));
    let writer = role::writer(&by.name, by.place);
    features.add(format!("file.place={place}"));
    features.add(format!("file.ext={ending}"));
    features.add(format!("file.by={writer}"));
    features.add(format!("file.by.ext={writer}>{ending}"));
    if place == "system" {
        features.add("file.insystem");
    }
}

fn thread(target: &str, features: &mut Features) {
    let name = file_name(target).to_lowercase();
    features.add(format!("target.place={}", place::of(target)));
    features.add(format!("target.role={}", role::of(&name)));
}

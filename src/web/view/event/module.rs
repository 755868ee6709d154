//! Modules, drivers and services.
use super::fields::Fields;
use super::value::{self, Kind, Row, Shown};
use super::{About, EventView, identity, process};
use crate::domain::path::file_name;

/// A module that a process loaded.
pub fn load(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "Module load";
    let name = event.look_text("MODULE_NAME").or(event.look_text("FILE_PATH").map(file_name)).unwrap_or_default();
    let mut rows = value::rows(
        event,
        &[("MODULE_NAME", "Module", Kind::Text), ("FILE_PATH", "File", Kind::Path), ("HASH", "SHA-256", Kind::Hash)],
    );
    rows.extend(identity::signed(event));
    rows.extend(value::rows(
        event,
        &[
            ("MEMORY_SIZE", "Size in memory", Kind::Size),
            ("BASE_ADDRESS", "Loaded at", Kind::Hex),
            ("TIMESTAMP", "Time", Kind::Time),
        ],
    ));
    view.facts("Module", rows);
    identity::signature(event, view);
    process::actor(event, false, about, view);
    if !name.is_empty() {
        view.said = process::who(view).words("loaded").name(name);
    }
}

/// A driver or service that is new or other than before.
pub fn service(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    let (heading, what) =
        if about.kind == "DRIVER_CHANGE" { ("Driver", "The driver") } else { ("Service", "The service") };
    view.heading = heading;
    let name = event.look_text("SVC_NAME").or(event.look_text("SVC_DISPLAY_NAME")).unwrap_or_default();
    let names = [("SVC_NAME", "Name", Kind::Text), ("SVC_DISPLAY_NAME", "Shown as", Kind::Text)];
    let mut rows = value::rows(event, &names);
    let state = event.number("SVC_STATE");
    rows.extend(state.map(|code| coded("State", code, state_words(code))));
    rows.extend(event.number("SVC_TYPE").map(|code| coded("Kind", code, type_words(code))));
    rows.extend(value::rows(
        event,
        &[
            ("EXECUTABLE", "Runs", Kind::Path),
            ("DLL", "Module", Kind::Path),
            ("FILE_PATH", "File", Kind::Path),
            ("HASH", "SHA-256", Kind::Hash),
        ],
    ));
    rows.extend(identity::signed(event));
    // Zero is no process: the service does not run, or it is a driver.
    rows.extend(value::rows(event, &[("PROCESS_ID", "Process", Kind::Pid), ("TIMESTAMP", "Time", Kind::Time)]));
    view.facts(heading, rows);
    identity::signature(event, view);
    if event.has("PARENT") || event.has("PROCESS") {
        process::actor(event, false, about, view);
    }
    if !name.is_empty() {
        view.said = super::Said::default().words(what).name(name).words("is new or was changed");
    }
}

fn coded(label: &str, code: i64, words: &str) -> Row {
    let text = if words.is_empty() { code.to_string() } else { format!("{words} ({code})") };
    Row::new(label, Shown::text(&text))
}

const fn state_words(code: i64) -> &'static str {
    match code {
        1 => "stopped",
        2 => "starting",
        3 => "stopping",
        4 => "running",
        5 => "continuing",
        6 => "pausing",
        7 => "paused",
        _ => "",
    }
}

fn type_words(code: i64) -> &'static str {
    // The flag that it may talk to the desktop, and those of services of one user.
    match code & !0x1C0 {
        1 => "kernel driver",
        2 => "file system driver",
        4 => "adapter",
        8 => "file system recogniser",
        0x10 => "service in a process of its own",
        0x20 => "service in a shared process",
        _ => "",
    }
}

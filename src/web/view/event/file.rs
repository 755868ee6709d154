//! Files, pipes and what is watched: the path with its name stressed, and the process that did it.
use super::fields::Fields;
use super::value::{self, Kind, Spec};
use super::{About, EventView, identity, process, registry};
use crate::domain::path::file_name;

const FACTS: &[Spec] = &[
    ("FILE_PATH", "File", Kind::Path),
    ("SOURCE", "Moved from", Kind::Path),
    ("DESTINATION", "Moved to", Kind::Path),
    ("HASH", "SHA-256", Kind::Hash),
    ("HASH_SHA1", "SHA-1", Kind::Hash),
    ("HASH_MD5", "MD5", Kind::Hash),
    ("FILE_SIZE", "Size", Kind::Size),
    ("RULE_NAME", "Rule", Kind::Text),
    ("ATTRIBUTES", "Attributes", Kind::Hex),
    ("TIMESTAMP", "Time", Kind::Time),
    ("CREATION_TIME", "Created", Kind::Time),
    ("MODIFICATION_TIME", "Modified", Kind::Time),
    ("ACCESS_TIME", "Read", Kind::Time),
];

/// A file and what was done with it.
pub fn panel(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = match about.kind {
        "NEW_DOCUMENT" => "New document",
        _ => "File",
    };
    let path = event.look_text("FILE_PATH").or(event.look_text("SOURCE")).unwrap_or_default();
    let mut rows = value::rows(event, FACTS);
    rows.extend(identity::signed(event));
    view.facts("File", rows);
    identity::signature(event, view);
    process::actor(event, false, about, view);
    let verb = match about.kind {
        "FILE_CREATE" | "NEW_DOCUMENT" => "created",
        "FILE_MODIFIED" => "changed",
        "FILE_DELETE" | "FILE_DEL_REP" => "deleted",
        "FILE_READ" | "FILE_GET_REP" => "read",
        "FILE_TYPE_ACCESSED" => "opened",
        "FILE_MOV_REP" => "moved",
        _ => return,
    };
    if !path.is_empty() {
        view.said = process::who(view).words(verb).name(file_name(path));
    }
}

/// A watched file or registry key that was touched.
pub fn fim(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "Watched file or key";
    let path = event.look_text("FILE_PATH").or(event.look_text("REGISTRY_KEY"));
    registry::key_facts(event, view);
    view.facts("File", value::rows(event, FACTS));
    process::actor(event, false, about, view);
    if let Some(path) = path {
        view.said = process::who(view).words("touched what is watched:").name(file_name(path));
    }
}

/// A named pipe. Some events tell it apart from the image, some have it where the image would be.
pub fn pipe(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "Named pipe";
    let apart = event.look_text("PIPE_NAME").is_some();
    let key = if apart { "PIPE_NAME" } else { "FILE_PATH" };
    let pipe = event.look_text(key).unwrap_or_default();
    view.facts("Pipe", value::rows(event, &[(key, "Pipe", Kind::Path), ("TIMESTAMP", "Time", Kind::Time)]));
    process::actor(event, apart, about, view);
    let verb = if about.kind == "NEW_NAMED_PIPE" { "created the pipe" } else { "opened the pipe" };
    if !pipe.is_empty() {
        view.said = process::who(view).words(verb).name(file_name(pipe));
    }
}

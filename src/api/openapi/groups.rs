//! Which call stands where in the document, and which scope it asks of a token.
use crate::domain::role::Scope;
use crate::web::routes::{self, Who};
use serde_json::{Value, json};

/// The groups in the order in which they are read: name, what the calls are for, and the last steps of their paths.
const GROUPS: [(&str, &str, &[&str]); 9] = [
    ("Detections", "Bring detections in.", &["detections"]),
    (
        "Cases",
        "Find cases, read them, follow them and decide them.",
        &["cases", "search", "{number}", "timeline", "stream"],
    ),
    (
        "Work",
        "Notes, tasks, putting a case aside, and asking the panel again.",
        &["notes", "tasks", "snooze", "triage"],
    ),
    ("Actions", "Response actions on sensors.", &["actions"]),
    (
        "Merging",
        "Make cases one, take them apart, and point from one to another.",
        &["merge", "unmerge", "split", "link", "unlink", "duplicate"],
    ),
    (
        "Gates",
        "What the machine has proven, and all events from which that can be worked out anew.",
        &["gates", "events"],
    ),
    ("Rules", "How rules fare, and what their reviewed cases suggest.", &["health"]),
    ("Reviews", "What was declared in blind review, beside what the panel said.", &["reviews"]),
    ("Observables", "What is known of a hash, an address, a name or a host.", &["{value}"]),
];

/// Gives every call its group and the scope that the table of routes asks for.
pub fn sort(document: &mut Value) {
    document["tags"] = GROUPS.iter().map(|(name, about, _)| json!({"name": name, "description": about})).collect();
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, calls) in paths {
        let last = path.rsplit('/').next().unwrap_or_default();
        let tags: Vec<&str> = GROUPS.iter().filter(|(.., ends)| ends.contains(&last)).map(|(name, ..)| *name).collect();
        for (method, call) in calls.as_object_mut().into_iter().flatten().filter(|(name, _)| *name != "parameters") {
            call["tags"] = json!(tags);
            let scopes: Vec<&str> = scope(method, path).into_iter().map(Scope::as_str).collect();
            call["security"] = json!([{"token": scopes}]);
        }
    }
}

/// What the table of routes asks of who calls.
fn scope(method: &str, path: &str) -> Option<Scope> {
    let (wanted, method) = (plain(path), method.to_uppercase());
    let route = routes::all().find(|route| route.method == method && plain(route.path) == wanted)?;
    match route.who {
        Who::Token(scope) => Some(scope),
        Who::Sender => Some(Scope::Ingest),
        Who::Anybody | Who::Person(_) | Who::Watcher => None,
    }
}

/// A path without the names of its parameters, which table and document choose each for itself.
fn plain(path: &str) -> String {
    let steps = path.split('/').map(|step| if step.starts_with('{') { "{}" } else { step });
    steps.collect::<Vec<_>>().join("/")
}

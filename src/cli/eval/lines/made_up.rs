//! What a line says was made up is not shown to anybody: who judges by it judges whoever made it up.
use serde_json::{Map, Value, json};

/// Takes out the fields that the line's `synthesised_fields` names: of the document itself, or of its event as
/// `event.FIELD`, and `routing.*` for all that the sensor adds. A part after a colon stands for the whole field.
pub(super) fn remove(document: &mut Value, line: &Map<String, Value>) {
    let named = line.get("synthesised_fields").and_then(Value::as_array);
    for name in named.into_iter().flatten().filter_map(Value::as_str) {
        let name = name.split(':').next().unwrap_or(name);
        match name.split_once('.') {
            None => top(document, name),
            Some(("routing", _)) => {
                routing(document.get_mut("routing"));
                routing(document.pointer_mut("/detect/routing"));
            }
            Some(("event", path)) => within(document.pointer_mut("/detect/event"), path),
            Some(_) => {}
        }
    }
}

fn top(document: &mut Value, name: &str) {
    // Without an id it would be no detection.
    match (document.as_object_mut(), name) {
        (Some(document), "detect_id") => drop(document.insert(name.to_owned(), json!("made-up"))),
        (Some(document), _) => drop(document.remove(name)),
        (None, _) => {}
    }
}

/// The type of the event is what it is, whoever recorded it.
fn routing(routing: Option<&mut Value>) {
    if let Some(routing) = routing.and_then(Value::as_object_mut) {
        routing.retain(|name, _| name == "event_type");
    }
}

fn within(object: Option<&mut Value>, path: &str) {
    let Some(object) = object else { return };
    match path.split_once('.') {
        Some((field, rest)) => within(object.get_mut(field), rest),
        None => {
            if let Some(object) = object.as_object_mut() {
                object.remove(path);
            }
        }
    }
}

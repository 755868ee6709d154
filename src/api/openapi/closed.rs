//! What the types of the calls hold as texts and numbers, said as narrowly as the program takes them.
use crate::domain::action::ActionKind;
use crate::domain::{MachineVerdict, ObservableKind, Severity, Status, Verdict};
use crate::limits;
use crate::review::NOTE_KINDS;
use crate::store::queue::{Sort, View};
use serde_json::{Value, json};

/// A place of a page in the list of cases.
const PLACE: &str = r"^(-?[0-9]{1,18}\.-?[0-9]{1,18}\.[0-9]{1,18})?$";
/// A place of a page in the cases of an observable.
const PLACE_OF_TWO: &str = r"^(-?[0-9]{1,18}\.[0-9]{1,18})?$";

/// The words of a closed list.
macro_rules! all {
    ($list:ty) => {
        <$list>::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>()
    };
}

/// Gives the properties of the bodies their closed lists and forms.
pub fn narrow(schemas: &mut Value) {
    for (schema, property, form) in words().into_iter().chain(forms()) {
        if let Some(Value::Object(known)) = schemas.pointer_mut(&format!("/{schema}/properties/{property}"))
            && let Value::Object(form) = form
        {
            for name in ["type", "format"] {
                known.remove(name);
            }
            known.extend(form);
        }
    }
}

/// Schema, property and what it is.
type Form = (&'static str, &'static str, Value);

/// Those of closed lists.
fn words() -> [Form; 5] {
    let or_null = |words: Vec<&str>| {
        let words: Vec<Value> = words.into_iter().map(Value::from).chain([Value::Null]).collect();
        json!({"type": ["string", "null"], "enum": words})
    };
    // These two are decided on pages of their own.
    let own = [ActionKind::CreateExclusion, ActionKind::Close];
    let kinds = ActionKind::ALL.iter().filter(|kind| !own.contains(kind)).map(|kind| kind.as_str());
    let notes = NOTE_KINDS.iter().map(|(kind, _)| *kind).chain([""]);
    [
        ("Patch", "status", or_null(all!(Status))),
        ("Patch", "verdict", or_null(all!(Verdict))),
        ("Patch", "severity", or_null(all!(Severity))),
        ("NewAction", "kind", one_of(&kinds.collect::<Vec<_>>())),
        ("NewNote", "kind", one_of(&notes.collect::<Vec<_>>())),
    ]
}

/// Numbers, times and texts of a length.
fn forms() -> [Form; 11] {
    let digits = |most: usize| json!({"type": "string", "pattern": format!("^[0-9]{{0,{most}}}$")});
    let text = |most: usize| json!({"type": "string", "minLength": 1, "maxLength": most});
    let id = || json!({"type": "integer", "format": "int64", "minimum": 1});
    let ids = json!({"type": "array", "items": id(), "minItems": 1, "maxItems": limits::SPLIT_AT_ONCE});
    [
        ("NewAction", "ttl_hours", digits(5)),
        ("NewAction", "minutes", digits(4)),
        ("NewAction", "days", digits(3)),
        ("NewAction", "pid", digits(10)),
        ("NewNote", "body", text(65_536)),
        ("NewTask", "text", text(limits::TASK)),
        ("Snooze", "until", json!({"type": ["string", "null"], "format": "date-time"})),
        ("MergeInto", "into", id()),
        ("LinkTo", "to", id()),
        ("DuplicateOf", "of", id()),
        ("SplitOff", "detections", ids),
    ]
}

/// The body of a delivery: one detection or several.
pub fn delivery() -> Value {
    let one = json!({"type": "object"});
    let most = limits::DETECTIONS_PER_REQUEST;
    json!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": most}]})
}

/// A parameter in the query.
fn asked(name: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "schema": schema})
}

fn one_of(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

/// A word of a closed list, or an empty text, which asks for nothing.
fn word(words: Vec<&str>) -> Value {
    one_of(&[words, vec![""]].concat())
}

/// The parameters of the list of cases.
pub fn list_parameters() -> Value {
    let tag = json!({"name": "tag", "in": "query", "schema": {"type": "string"}, "description":
        "A tag as cases have them: up to 40 letters, digits and `-_.:`, or one of the Traffic Light Protocol; another is 400"});
    let mut all = vec![
        asked("view", &word(all!(View))),
        asked("status", &word(all!(Status))),
        asked("verdict", &word(all!(Verdict))),
        asked("machine_verdict", &word(all!(MachineVerdict))),
        asked("severity", &word(all!(Severity))),
        asked("sort", &word(all!(Sort))),
        asked("fingerprint", &json!({"type": "string", "pattern": "^([0-9a-fA-F]{64})?$"})),
        asked("after", &json!({"type": "string", "pattern": PLACE})),
        asked("limit", &json!({"type": "integer", "minimum": 1, "maximum": 200})),
    ];
    all.extend(["org", "assignee", "rule", "sensor"].map(|name| asked(name, &json!({"type": "string"}))));
    all.extend([asked("q", &json!({"type": "string", "maxLength": 200})), tag]);
    Value::Array(all)
}

/// The parameters of a search.
pub fn search_parameters() -> Value {
    json!([
        {"name": "q", "in": "query", "required": true, "schema": {"type": "string", "maxLength": 200}},
        {"name": "after", "in": "query", "schema": {"type": "string"}, "description":
            "The `next` of the page before, which fits the same `q` alone; another one is 400"},
    ])
}

/// The parameters of an observable.
pub fn observable_parameters() -> Value {
    json!([
        {"name": "type", "in": "path", "required": true, "schema": one_of(&all!(ObservableKind))},
        {"name": "value", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}},
        asked("verdict", &word(all!(Verdict))),
        asked("after", &json!({"type": "string", "pattern": PLACE_OF_TWO})),
    ])
}

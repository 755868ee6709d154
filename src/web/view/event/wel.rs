//! Windows event log: what a number means, who signed in how, and the event's data.
use super::fields::Fields;
use super::value::{self, Kind, Row, Shown, Spec};
use super::wel_words::{failure, logon, meaning};
use super::{About, EventView, Said};
use serde_json::Value;

/// Facts of an event's data that have a place of their own; the others are lines of the tree.
const MOST: usize = 100;

const SYSTEM: &[Spec] = &[
    ("Provider/Name", "Provider", Kind::Text),
    ("Channel", "Channel", Kind::Text),
    ("Computer", "Computer", Kind::Domain),
    ("TimeCreated/SystemTime", "Time", Kind::Text),
    ("EventRecordID", "Record", Kind::Text),
    ("Security/UserID", "User's id", Kind::Text),
];

/// Whom or what a record is about: the first that is told counts.
const WHO: &[&str] =
    &["TargetUserName", "ServiceName", "TaskName", "MemberName", "Image", "NewProcessName", "SubjectUserName"];

/// A record of the Windows event log.
pub fn panel(event: Fields<'_>, _: &About<'_>, view: &mut EventView) {
    view.heading = "Windows event log";
    let shapes = ["EVENT", "Event"].map(|key| event.at(key));
    let record = shapes.into_iter().find(|fields| !fields.is_empty()).unwrap_or(event);
    let system = record.at("System");
    let id =
        system.number("EventID").or_else(|| system.number("EventID/#text")).or_else(|| system.number("EventID/Value"));
    let provider = system.look_text("Provider/Name").unwrap_or_default();
    let channel = system.look_text("Channel").unwrap_or_default();
    let known = id.and_then(|id| meaning(provider, channel, id));
    let mut rows = Vec::new();
    if let Some(id) = id {
        rows.push(Row::new(
            "Event",
            Shown::text(&id.to_string()).with(known.unwrap_or("its meaning is not known here")),
        ));
    }
    rows.extend(value::rows(system, SYSTEM));
    view.facts("Record", rows);
    let rows = data(record, id.unwrap_or_default());
    view.said = said(&rows, id, known);
    view.facts("Event data", rows);
}

/// What happened, with the name and address that such a record usually has, as they are shown below.
fn said(rows: &[Row], id: Option<i64>, known: Option<&str>) -> Said {
    let Some(id) = id else { return Said::default() };
    let said = match known {
        Some(known) => Said::default().words(known),
        None => Said::default().words(&format!("Windows recorded event {id}")),
    };
    let told = |keys: &[&str]| {
        let found = keys.iter().find_map(|key| rows.iter().find(|row| row.label == *key))?;
        let value = found.values.first()?;
        let text = format!("{}{}", value.pieces.concat(), value.strong);
        (!text.is_empty() && text != "-").then_some(text)
    };
    let Some(of) = WHO.iter().find_map(|key| told(&[key])) else { return said };
    let said = said.words(":").name(&of);
    match told(&["IpAddress", "SourceIp"]).filter(|_| (4_000..5_000).contains(&id)) {
        Some(ip) => said.words("from").name(&ip),
        None => said,
    }
}

/// The event's data, as an object or as the list that XML becomes.
fn data(record: Fields<'_>, id: i64) -> Vec<Row> {
    let mut rows = Vec::new();
    for place in ["EventData", "UserData"] {
        let data = record.at(place);
        for (name, value) in data.entries().filter(|(name, _)| name.as_str() != "Data").take(MOST) {
            rows.extend(fact(record, name, value, id));
        }
        for (at, item) in data.list("Data").iter().enumerate().take(MOST) {
            let named = data.within(item);
            let name = ["Name", "@Name"].into_iter().find(|key| named.look_text(key).is_some());
            let value = ["#text", "Value", "$value"].iter().find_map(|key| named.look(key));
            if let Some((key, value)) = name.zip(value) {
                let made = fact(record, named.look_text(key).unwrap_or_default(), value, id);
                // The name is told only where its value is: otherwise the tree shows both.
                rows.extend(made.filter(|_| named.text(key).is_some()));
            } else if item.is_string() {
                rows.extend(fact(record, &format!("Data {}", at + 1), item, id));
            }
        }
    }
    rows
}

/// One fact of the data; objects and lists are the tree's.
fn fact(record: Fields<'_>, name: &str, value: &Value, id: i64) -> Option<Row> {
    if !matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_)) {
        return None;
    }
    record.tell(value);
    let text = value.as_str().unwrap_or_default();
    let shown = if text.is_empty() && value.is_string() {
        Shown::default().with("empty")
    } else {
        value::shown(kind(name, text), value)
    };
    let code = text.to_ascii_lowercase();
    let words = match name {
        "LogonType" => logon(&value.to_string().replace('"', "")),
        "Status" | "SubStatus" | "FailureCode" => failure(&code, id),
        _ => "",
    };
    Some(Row::new(name, shown.with(words)))
}

fn kind(name: &str, text: &str) -> Kind {
    match name {
        "DestinationHostname" | "SourceHostname" | "QueryName" | "WorkstationName" | "Workstation" => Kind::Domain,
        "Image" | "ParentImage" | "SourceImage" | "TargetImage" | "ImageLoaded" | "TargetFilename" | "ProcessName"
        | "NewProcessName" | "ParentProcessName" | "ImagePath" | "ServiceFileName" | "TargetObject" | "PipeName" => {
            Kind::Path
        }
        "Hashes" | "Hash" => Kind::Hash,
        _ => value::guess(text),
    }
}

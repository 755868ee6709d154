//! The description of the API for people: the document of `/api/openapi.json` as a page.
mod schema;

use self::schema::{Field, fields, kind, resolved, sample};
use super::App;
use super::page::Page;
use askama::Template;
use axum::extract::State;
use axum::response::IntoResponse;
use serde_json::Value;
use std::fmt::Write;

/// A text in pieces, each with whether it stood between backticks.
type Text = Vec<(String, bool)>;

/// What is sent in one media type.
struct Body {
    media: String,
    kind: String,
    fields: Vec<Field>,
}

/// What comes back with a status.
struct Answer {
    status: String,
    about: Text,
    bodies: Vec<Body>,
}

/// One call.
struct Call {
    /// The place on the page.
    id: String,
    method: String,
    path: String,
    about: Text,
    scopes: Vec<String>,
    parameters: Vec<Field>,
    bodies: Vec<Body>,
    answers: Vec<Answer>,
    curl: String,
}

/// Calls that belong together.
struct Group {
    id: String,
    name: String,
    about: String,
    calls: Vec<Call>,
}

#[derive(Template)]
#[template(path = "api_docs.html")]
struct Docs {
    about: String,
    groups: Vec<Group>,
}

/// `GET /api/docs`
pub async fn show(State(app): State<App>) -> impl IntoResponse {
    let document = crate::api::document();
    let calls = |tag: &str| calls(&document, tag, &app.config.public_url());
    let groups = list(&document["tags"]).map(|tag| {
        let name = text(&tag["name"]);
        Group { id: place(&name), about: text(&tag["description"]), calls: calls(&name), name }
    });
    Page(Docs { about: text(&document["info"]["description"]), groups: groups.collect() })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// What an object holds.
fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A name as the id of a place on the page.
fn place(name: &str) -> String {
    let letters = name.to_lowercase();
    letters.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// What stands between backticks is told apart.
fn pieces(value: &Value) -> Text {
    let parts = value.as_str().unwrap_or_default().split('`').enumerate();
    parts.filter(|(_, part)| !part.is_empty()).map(|(at, part)| (part.to_owned(), at % 2 == 1)).collect()
}

/// The calls of a group.
fn calls(document: &Value, tag: &str, base: &str) -> Vec<Call> {
    let mut all = Vec::new();
    for (path, item) in entries(&document["paths"]) {
        for (method, call) in entries(item).filter(|(_, call)| list(&call["tags"]).any(|one| one == tag)) {
            let parameters: Vec<&Value> = list(&item["parameters"]).chain(list(&call["parameters"])).collect();
            all.push(Call {
                id: place(&format!("{method} {path}")),
                method: method.to_uppercase(),
                path: path.clone(),
                about: pieces(&call["summary"]),
                scopes: list(&call["security"]).flat_map(|one| list(&one["token"])).map(text).collect(),
                parameters: parameters.iter().map(|one| parameter(document, one)).collect(),
                bodies: bodies(document, &call["requestBody"]),
                answers: entries(&call["responses"]).map(|(status, one)| answer(document, status, one)).collect(),
                curl: curl(document, (method.as_str(), path.as_str(), call), &parameters, base),
            });
        }
    }
    all
}

fn parameter(document: &Value, one: &Value) -> Field {
    Field {
        name: text(&one["name"]),
        place: text(&one["in"]),
        kind: kind(document, &one["schema"]),
        needed: one["required"] == true,
        about: pieces(&one["description"]),
    }
}

fn bodies(document: &Value, holder: &Value) -> Vec<Body> {
    let body = |(media, one): (&String, &Value)| Body {
        media: media.clone(),
        kind: kind(document, &one["schema"]),
        fields: fields(document, &one["schema"]),
    };
    entries(&holder["content"]).map(body).collect()
}

fn answer(document: &Value, status: &str, one: &Value) -> Answer {
    let status = if status == "default" { "others" } else { status };
    Answer { status: status.to_owned(), about: pieces(&one["description"]), bodies: bodies(document, one) }
}

/// A line for a shell that makes the call with what it needs at least.
fn curl(document: &Value, (method, path, call): (&str, &str, &Value), parameters: &[&Value], base: &str) -> String {
    let mut url = path.to_owned();
    for one in parameters.iter().filter(|one| one["required"] == true) {
        let (name, value) = (text(&one["name"]), sample(document, &one["schema"]));
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if one["in"] == "path" {
            url = url.replace(&format!("{{{name}}}"), &value);
        } else {
            let _ = write!(url, "{}{name}={value}", if url.contains('?') { '&' } else { '?' });
        }
    }
    let streams = !call["responses"]["200"]["content"]["text/event-stream"].is_null();
    let verb = if method == "get" { String::new() } else { format!(" -X {}", method.to_uppercase()) };
    let mut line = format!("curl -sS{}{verb} '{base}{url}'", if streams { "N" } else { "" });
    line.push_str(" \\\n  -H 'Authorization: Bearer fsoc_…'");
    if let Some((media, body)) = entries(&call["requestBody"]["content"]).next() {
        let sample = sample(document, resolved(document, &body["schema"]));
        let empty = sample.as_object().is_some_and(serde_json::Map::is_empty);
        let data = if empty { "--data-binary @detection.json".to_owned() } else { format!("-d '{sample}'") };
        let _ = write!(line, " \\\n  -H 'Content-Type: {media}' \\\n  {data}");
    }
    line
}

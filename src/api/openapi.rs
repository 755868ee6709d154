//! The OpenAPI document.
mod closed;
mod groups;

use self::closed::{list_parameters, observable_parameters, search_parameters};
use super::actions::NewAction;
use super::cases::{NewNote, Patch};
use super::detections::{Received, Rejected};
use super::merging::{self, DuplicateOf, LinkTo, MergeInto, SplitOff};
use super::work::{NewTask, Snooze};
use super::{gates, reviews, rules};
use axum::Json;
use serde_json::{Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(title = "FusionSOC", description = "Detections in, voted verdicts and closed cases out."),
    components(schemas(
        Patch,
        NewNote,
        NewAction,
        NewTask,
        Snooze,
        Received,
        Rejected,
        MergeInto,
        SplitOff,
        LinkTo,
        DuplicateOf
    ))
)]
struct Document;

/// The document: OpenAPI 3.1.
pub fn document() -> Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    closed::narrow(&mut document["components"]["schemas"]);
    let number =
        json!([{"name": "number", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1}}]);
    let problem = json!({"description": "A problem, RFC 9457", "content": {"application/problem+json": {"schema": {"type": "object"}}}});
    let reply = |status: &str, what: &str| json!({status: {"description": what, "content": {"application/json": {"schema": {"type": "object"}}}}, "default": problem});
    let body = |schema: &str| json!({"required": true, "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}}});
    document["paths"] = json!({
        "/api/v1/detections": {"post": {"summary": "Deliver detections: one, an array, or JSON Lines", "responses": received(&problem),
            "requestBody": {"required": true, "content": {"application/json": {"schema": closed::delivery()}, "application/x-ndjson": {"schema": {"type": "string"}}}}}},
        "/api/v1/cases": {"get": {"summary": "List cases", "parameters": list_parameters(), "responses": reply("200", "A page")}},
        "/api/v1/search": {"get": {"summary": "Search cases by the words of their detections; prefixes as on the page", "parameters": search_parameters(), "responses": reply("200", "Cases with where the words are, and what could not be understood")}},
        "/api/v1/cases/{number}": {"parameters": number,
            "get": {"summary": "Read a case", "responses": reply("200", "The case; `detection` of a detection is null once its document was removed because of its age; `intelligence` is what became of each question to a provider: `provider type value state why answer verdict at again_at recorded`")},
            "patch": {"summary": "Change a case", "requestBody": body("Patch"), "responses": reply("200", "The case after it")}},
        "/api/v1/cases/{number}/notes": {"parameters": number, "post": {"summary": "Add a note", "requestBody": body("NewNote"), "responses": reply("201", "Added")}},
        "/api/v1/cases/{number}/tasks": {"parameters": number, "post": {"summary": "Add a task", "requestBody": body("NewTask"), "responses": reply("201", "Added")}},
        "/api/v1/cases/{number}/snooze": {"parameters": number, "post": {"summary": "Put a case aside until a time, or bring it back", "requestBody": body("Snooze"), "responses": reply("200", "Until when it stands aside")}},
        "/api/v1/cases/{number}/triage": {"parameters": number, "post": {"summary": "Ask the panel again", "responses": reply("202", "Queued")}},
        "/api/v1/cases/{number}/actions": {"parameters": number, "post": {"summary": "Ask for a response action; isolation and tasks wait for a person", "requestBody": body("NewAction"), "responses": reply("202", "Asked for, with its id and state")}},
        "/api/v1/cases/{number}/timeline": {"parameters": number, "get": {"summary": "What happened", "responses": reply("200", "Entries, newest first")}},
        "/api/v1/stream": {"get": {"summary": "Server-sent events: `case` with `{\"number\",\"kind\"}` for each change, `beat` in silence; `Last-Event-ID` goes on where a stream broke off",
            "responses": {"200": {"description": "The stream", "content": {"text/event-stream": {"schema": {"type": "string"}}}}, "default": problem}}},
        "/api/v1/observables/{type}/{value}": {"parameters": observable_parameters(), "get": {"summary": "What is known of an observable, what intelligence says of it, and the cases that hold it, newest first",
            "responses": reply("200", "Facts; `intelligence`, the last answers of providers in the shape that a case has them, and `verdict`, what they amount to (`unknown clean suspicious known_good malicious`, or null where nobody was asked); `verdicts`, counts by verdict of the newest 1,000 cases; and a page of case numbers")}},
    });
    let verb = |summary: &str, schema: Option<&str>, status: &str| {
        let mut verb =
            json!({"summary": summary, "parameters": number, "responses": reply(status, "The case after it")});
        if let Some(schema) = schema {
            verb["requestBody"] = body(schema);
        }
        verb
    };
    let more = gates::paths(reply, &problem).into_iter().chain([reviews::path(reply)]).chain(rules::paths(reply));
    for (path, what) in merging::paths(verb).into_iter().chain(more) {
        document["paths"][path] = what;
    }
    groups::sort(&mut document);
    secured(document)
}

/// The same, with what every call carries.
fn secured(mut document: Value) -> Value {
    document["components"]["securitySchemes"] =
        json!({"token": {"type": "http", "scheme": "bearer", "bearerFormat": "fsoc_…"}});
    document["security"] = json!([{"token": []}]);
    document
}

/// The answers to a delivery: what is bad in it is told in the shape of its answer, where nothing of it was good too.
fn received(problem: &Value) -> Value {
    let received = json!({"schema": {"$ref": "#/components/schemas/Received"}});
    let either = json!({"application/json": received, "application/problem+json": {"schema": {"type": "object"}}});
    json!({
        "202": {"description": "Stored; `rejected` names what was not", "content": {"application/json": received}},
        "422": {"description": "Nothing of it could be stored, or a problem", "content": either},
        "default": problem,
    })
}

/// `GET /api/openapi.json`
pub async fn show() -> Json<Value> {
    Json(document())
}

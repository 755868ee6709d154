//! Requests taken apart, and replies.
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// A request.
#[derive(Debug)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub path: Vec<String>,
    pub query: BTreeMap<String, String>,
    pub form: Vec<(String, String)>,
    pub json: Value,
    pub headers: BTreeMap<String, String>,
}

impl Asked {
    pub async fn read(request: Request) -> Self {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 16 << 20).await.unwrap_or_default();
        let decoded = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
        let path = head.uri.path().split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let pairs = |bytes: &[u8]| form_urlencoded::parse(bytes).into_owned().collect::<Vec<_>>();
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers: BTreeMap<_, _> =
            head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let is_json = headers.get("content-type").is_some_and(|kind| kind.contains("json"));
        Self {
            method: head.method.to_string(),
            target: head.uri.to_string(),
            path,
            query: pairs(head.uri.query().unwrap_or_default().as_bytes()).into_iter().collect(),
            form: if is_json { Vec::new() } else { pairs(&body) },
            json: if is_json { serde_json::from_slice(&body).unwrap_or_default() } else { Value::Null },
            headers,
        }
    }

    pub fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The last value of a form field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().rev().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// All values of a form field.
    pub fn fields(&self, name: &str) -> Vec<String> {
        self.form.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone()).collect()
    }

    /// A whole number of the query.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.query.get(name)?.parse().ok()
    }

    /// A list as it was asked for: base64 of gzip, or plain.
    pub fn packed(&self, list: &[Value]) -> Value {
        if self.query.get("is_compressed").is_none_or(|wanted| wanted != "true") {
            return json!(list);
        }
        let mut packing = GzEncoder::new(Vec::new(), Compression::fast());
        packing.write_all(&serde_json::to_vec(list).unwrap()).unwrap();
        json!(base64::engine::general_purpose::STANDARD.encode(packing.finish().unwrap()))
    }

    /// Whether a moment in milliseconds is within `start` and `end`, which are in seconds.
    pub fn covers(&self, ms: i64) -> bool {
        let (Some(start), Some(end)) = (self.number("start"), self.number("end")) else { return false };
        start.saturating_mul(1000) <= ms && ms <= end.saturating_mul(1000).saturating_add(999)
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    pub fn json(body: Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.to_string() }
    }

    pub fn done() -> Self {
        Self::json(json!({}))
    }

    pub fn error(status: u16, text: &str) -> Self {
        Self { status, ..Self::json(json!({ "error": text })) }
    }

    pub fn send(self) -> Response {
        let body = Body::from(self.body.clone());
        self.with(body)
    }

    /// The same head with another body.
    pub fn with(self, body: Body) -> Response {
        let mut response = Response::builder().status(self.status).header("content-type", "application/json");
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(body).unwrap()
    }
}

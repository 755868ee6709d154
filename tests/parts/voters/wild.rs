//! A server that does to a connection what no well-kept HTTP library would, in the wire format of each kind.
use crate::voters::fakes::{DIGEST, MODEL};
use fusionsoc::voters::Kind;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a question.
pub enum Act {
    /// Sends these bytes and closes.
    Send(Vec<u8>),
    /// Sends nothing and keeps the connection.
    Hang,
    /// Breaks the connection off.
    Reset,
    /// Sends these bytes, then one more now and then.
    Drip(Vec<u8>),
}

/// A running server.
pub struct Wild {
    pub url: String,
    asked: Arc<AtomicUsize>,
}

impl Wild {
    /// A server that does this with each question, told how many came before it.
    pub async fn start(act: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, act) = (Arc::clone(&asked), Arc::new(act));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (count, act) = (Arc::clone(&count), Arc::clone(&act));
                tokio::spawn(async move { serve(stream, &count, act.as_ref()).await });
            }
        });
        Self { url, asked }
    }

    /// How many questions came.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, count: &AtomicUsize, act: &(dyn Fn(usize) -> Act + Send + Sync)) {
    let Some(path) = read(&mut stream).await else { return };
    let models = json!({"models": [{"name": MODEL, "model": MODEL, "digest": DIGEST}]}).to_string();
    let act = match path.as_str() {
        "/api/show" => Act::Send(http(200, &[], json!({"capabilities": ["completion"]}).to_string().as_bytes())),
        "/api/tags" | "/api/ps" => Act::Send(http(200, &[], models.as_bytes())),
        _ => act(count.fetch_add(1, Ordering::SeqCst)),
    };
    // A client that has had enough closes; that is its right.
    match act {
        Act::Send(bytes) => drop(stream.write_all(&bytes).await),
        Act::Hang => tokio::time::sleep(Duration::from_mins(1)).await,
        Act::Reset => stream.set_zero_linger().unwrap(),
        Act::Drip(bytes) => {
            drop(stream.write_all(&bytes).await);
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Reads a whole request; its path.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4 * 1024];
        let got = stream.read(&mut chunk).await.ok().filter(|got| *got > 0)?;
        bytes.extend_from_slice(&chunk[..got]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return head.split(' ').nth(1).map(str::to_owned);
        }
    }
}

/// An HTTP answer of JSON, or whatever the headers say.
pub fn http(status: u16, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let own = headers.iter().any(|header| header.starts_with("Content-Type"));
    let usual = if own { "" } else { "Content-Type: application/json\r\n" };
    let more: String = headers.iter().flat_map(|header| [header, "\r\n"]).collect();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{usual}{more}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Why an answer ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    Done,
    Length,
}

/// What a server of a kind answers when its model says this text, or nothing.
pub fn envelope(kind: Kind, text: Option<&str>, end: End) -> Value {
    let why = |done: &'static str, length: &'static str| if end == End::Done { done } else { length };
    match kind {
        Kind::Ollama => json!({
            "model": MODEL, "created_at": "2026-11-20T08:00:00Z", "message": {"role": "assistant", "content": text},
            "done": true, "done_reason": why("stop", "length"), "prompt_eval_count": 812, "eval_count": 143,
        }),
        Kind::Openai => json!({
            "id": "chatcmpl-1", "object": "chat.completion", "model": MODEL,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": null,
                "reasoning_content": "{\"verdict\":\"false_positive\"}"}, "finish_reason": why("stop", "length")}],
            "usage": {"prompt_tokens": 812, "completion_tokens": 143},
        }),
        Kind::Gemini => {
            let parts =
                text.map(|text| vec![json!({"text": "{\"draft\": 1}", "thought": true}), json!({"text": text})]);
            json!({
                "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": why("STOP", "MAX_TOKENS"), "index": 0}],
                "usageMetadata": {"promptTokenCount": 812, "candidatesTokenCount": 143, "totalTokenCount": 955},
                "modelVersion": "gemini-2.5-flash",
            })
        }
        _ => {
            let thought = json!({"type": "thinking", "thinking": "{\"draft\": 1}", "signature": "EqQB"});
            let blocks = text.map(|text| vec![thought, json!({"type": "text", "text": text})]);
            json!({
                "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929", "content": blocks,
                "stop_reason": why("end_turn", "max_tokens"), "usage": {"input_tokens": 812, "output_tokens": 143},
            })
        }
    }
}

/// What a server of a kind answers when something is wrong.
pub fn error(kind: Kind, status: u16, message: &str) -> Value {
    match kind {
        Kind::Ollama => json!({"error": message}),
        Kind::Openai => json!({"error": {"message": message, "type": "server_error", "param": null, "code": null}}),
        Kind::Gemini => json!({"error": {"code": status, "message": message, "status": "UNAVAILABLE"}}),
        _ => json!({"type": "error", "error": {"type": "api_error", "message": message}, "request_id": "req_01"}),
    }
}

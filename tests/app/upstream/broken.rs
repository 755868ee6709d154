//! A server that stands for a model, an intelligence provider and LimaCharlie at once, and fails in one way at a time.
use crate::support::fakes::{DIGEST, answer};
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// In which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Closes,
    Resets,
    Hangs,
    HangsInHead,
    DripsHead,
    DripsBody,
    EndlessHead,
    EndlessBody,
    BreaksOff,
    NoHttp,
    Refuses,
    Forbids,
    TooMany,
    TooManyForLong,
    Fails,
    Unavailable,
    Empty,
    Page,
    HalfJson,
    OtherJson,
    NotUtf8,
    Deep,
    Huge,
    Bomb,
    Redirects,
}

/// All of them.
pub const KINDS: [Kind; 25] = [
    Kind::Closes,
    Kind::Resets,
    Kind::Hangs,
    Kind::HangsInHead,
    Kind::DripsHead,
    Kind::DripsBody,
    Kind::EndlessHead,
    Kind::EndlessBody,
    Kind::BreaksOff,
    Kind::NoHttp,
    Kind::Refuses,
    Kind::Forbids,
    Kind::TooMany,
    Kind::TooManyForLong,
    Kind::Fails,
    Kind::Unavailable,
    Kind::Empty,
    Kind::Page,
    Kind::HalfJson,
    Kind::OtherJson,
    Kind::NotUtf8,
    Kind::Deep,
    Kind::Huge,
    Kind::Bomb,
    Kind::Redirects,
];

/// A running server.
pub struct Broken {
    pub url: String,
    kind: Arc<AtomicUsize>,
}

impl Broken {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kind = Arc::new(AtomicUsize::new(0));
        let (now, bomb) = (Arc::clone(&kind), Arc::new(bomb()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (now, bomb) = (Arc::clone(&now), Arc::clone(&bomb));
                tokio::spawn(async move {
                    // A client that has had enough closes; that is its right.
                    let _ = serve(stream, KINDS.get(now.load(Ordering::SeqCst)).copied(), &bomb).await;
                });
            }
        });
        Self { url, kind }
    }

    pub fn set(&self, kind: Kind) {
        self.kind.store(KINDS.iter().position(|one| *one == kind).unwrap(), Ordering::SeqCst);
    }

    /// From now on it answers as it should.
    pub fn heal(&self) {
        self.kind.store(KINDS.len(), Ordering::SeqCst);
    }
}

fn bomb() -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..200 {
        packer.write_all(&vec![b' '; 1024 * 1024]).unwrap();
    }
    packer.finish().unwrap()
}

fn reply(status: u16, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// Reads a request; its path.
async fn read(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut got, mut part) = (Vec::new(), vec![0; 16 * 1024]);
    loop {
        let count = stream.read(&mut part).await?;
        got.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&got);
        let Some(end) = text.find("\r\n\r\n") else {
            if count == 0 {
                return Ok(String::new());
            }
            continue;
        };
        let length = text
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.split("\r\n").next().and_then(|length| length.parse::<usize>().ok()));
        if count == 0 || got.len() >= end + 4 + length.unwrap_or(0) {
            return Ok(text.split(' ').nth(1).unwrap_or_default().to_owned());
        }
    }
}

async fn serve(mut stream: TcpStream, kind: Option<Kind>, bomb: &[u8]) -> std::io::Result<()> {
    if kind == Some(Kind::Closes) {
        return Ok(());
    }
    let path = read(&mut stream).await?;
    let Some(kind) = kind else { return stream.write_all(&good(&path)).await };
    match kind {
        Kind::Closes | Kind::Resets =>
        {
            #[expect(deprecated, reason = "what it warns of, a close that waits, does not come with no time to wait")]
            stream.set_linger(Some(Duration::ZERO))
        }
        Kind::Hangs => hang(stream, b"", b"").await,
        Kind::HangsInHead => hang(stream, b"HTTP/1.1 200 OK\r\nContent-Ty", b"").await,
        Kind::DripsHead => hang(stream, b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x").await,
        Kind::DripsBody => hang(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n{", b" ").await,
        Kind::EndlessHead => endless(stream, b"HTTP/1.1 200 OK\r\n", b"X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await,
        Kind::EndlessBody => {
            endless(stream, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[", b"1,1,1,1,1,1,1,1,").await
        }
        _ => stream.write_all(&at_once(kind, bomb)).await,
    }
}

/// What is sent at once.
fn at_once(kind: Kind, bomb: &[u8]) -> Vec<u8> {
    let json = json!({"error": "no"}).to_string();
    match kind {
        Kind::BreaksOff => b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"message\":".to_vec(),
        Kind::NoHttp => b"\x00\x01SSH-2.0-x\r\n".to_vec(),
        Kind::Refuses => reply(401, &[], json.as_bytes()),
        Kind::Forbids => reply(403, &[], json.as_bytes()),
        Kind::TooMany => reply(429, &["Retry-After: 1"], json.as_bytes()),
        Kind::TooManyForLong => reply(429, &["Retry-After: 86400"], json.as_bytes()),
        Kind::Fails => reply(500, &[], json.as_bytes()),
        Kind::Unavailable => reply(503, &["Retry-After: 1"], json.as_bytes()),
        Kind::Empty => reply(200, &[], b""),
        Kind::Page => reply(200, &["Content-Type: text/html"], b"<html><script>alert(1)</script></html>"),
        Kind::HalfJson => reply(200, &[], b"{\"message\": {\"content\": \"{"),
        Kind::OtherJson => reply(200, &[], b"[{\"data\": 7}, null]"),
        Kind::NotUtf8 => reply(200, &[], b"{\"message\": \"\xff\xfe\"}"),
        Kind::Deep => reply(200, &[], "[".repeat(200_000).as_bytes()),
        Kind::Huge => reply(200, &[], format!("{{\"a\": \"{}\"}}", "x".repeat(64 * 1024 * 1024)).as_bytes()),
        Kind::Bomb => reply(200, &["Content-Encoding: gzip"], bomb),
        Kind::Redirects => reply(307, &["Location: http://169.254.169.254/latest/meta-data"], b""),
        _ => Vec::new(),
    }
}

/// Sends the beginning, then `drop` every now and then until the client goes.
async fn hang(mut stream: TcpStream, beginning: &[u8], drop: &[u8]) -> std::io::Result<()> {
    stream.write_all(beginning).await?;
    let mut part = [0; 64];
    loop {
        tokio::select! {
            read = stream.read(&mut part) => if read? == 0 { return Ok(()) },
            () = tokio::time::sleep(Duration::from_millis(200)) => stream.write_all(drop).await?,
        }
    }
}

/// Sends the beginning, then `more` for ever.
async fn endless(mut stream: TcpStream, beginning: &[u8], more: &[u8]) -> std::io::Result<()> {
    stream.write_all(beginning).await?;
    let more = more.repeat(1_000);
    loop {
        stream.write_all(&more).await?;
    }
}

/// What a model says, and for all others that there is no such thing.
fn good(path: &str) -> Vec<u8> {
    let body = match path {
        "/api/tags" | "/api/ps" => json!({"models": [{"name": "m", "model": "m", "digest": DIGEST}]}),
        "/api/show" => json!({"capabilities": ["completion"]}),
        "/api/chat" => json!({
            "message": {"role": "assistant", "content": answer("true_positive", 90).to_string()},
            "done": true, "done_reason": "stop",
        }),
        _ => {
            return reply(
                404,
                &[],
                json!({"error": {"code": "NotFoundError", "message": "none"}}).to_string().as_bytes(),
            );
        }
    };
    reply(200, &["Content-Type: application/json"], body.to_string().as_bytes())
}

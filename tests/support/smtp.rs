//! A mail server that speaks SMTP (RFC 5321) with AUTH PLAIN (RFC 4954), plain, over TLS, or after STARTTLS (RFC 3207).
use base64::Engine;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the server does with a mail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Does {
    Takes,
    /// Answers this to the end of the data.
    Answers(&'static str),
    /// Says nothing from the greeting on.
    Hangs,
    /// Closes the connection in the middle of the data.
    BreaksOff,
}

/// When TLS begins.
#[derive(Clone)]
pub enum Tls {
    Never,
    AtOnce(TlsAcceptor),
    After(TlsAcceptor),
}

#[derive(Clone)]
pub struct Mail {
    /// User and password, or empty.
    pub login: (String, String),
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
    pub secure: bool,
}

impl Mail {
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.data.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    }

    /// The body, decoded from its transfer encoding.
    pub fn text(&self) -> String {
        let body = self.data.split_once("\r\n\r\n").unwrap().1;
        match self.header("Content-Transfer-Encoding").as_deref() {
            Some("base64") => {
                let packed: String = body.split_whitespace().collect();
                String::from_utf8(base64::engine::general_purpose::STANDARD.decode(packed).unwrap()).unwrap()
            }
            Some("quoted-printable") => quoted(body),
            _ => body.to_owned(),
        }
    }
}

fn quoted(body: &str) -> String {
    let (joined, mut bytes) = (body.replace("=\r\n", ""), Vec::new());
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[derive(Clone)]
pub struct Smtp {
    pub port: u16,
    does: Arc<Mutex<Does>>,
    mails: Arc<Mutex<Vec<Mail>>>,
}

/// Starts a server for one user.
pub async fn start(login: (&'static str, &'static str), tls: Tls) -> Smtp {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let smtp = Smtp { port, does: Arc::new(Mutex::new(Does::Takes)), mails: Arc::default() };
    let server = smtp.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (server, tls) = (server.clone(), tls.clone());
            tokio::spawn(async move { server.accept(stream, login, tls).await });
        }
    });
    smtp
}

impl Smtp {
    pub fn does(&self, what: Does) {
        *self.does.lock().unwrap() = what;
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    async fn accept(&self, stream: TcpStream, login: (&str, &str), tls: Tls) -> Option<()> {
        let does = *self.does.lock().unwrap();
        if does == Does::Hangs {
            return std::future::pending().await;
        }
        match tls {
            Tls::Never => self.talk(BufReader::new(stream), login, (true, false, false)).await.map(|_| ()),
            Tls::AtOnce(tls) => {
                let stream = tls.accept(stream).await.ok()?;
                self.talk(BufReader::new(stream), login, (true, false, true)).await.map(|_| ())
            }
            Tls::After(tls) => {
                let plain = self.talk(BufReader::new(stream), login, (true, true, false)).await?;
                let stream = tls.accept(plain.into_inner()).await.ok()?;
                self.talk(BufReader::new(stream), login, (false, false, true)).await.map(|_| ())
            }
        }
    }

    /// Talks until QUIT or STARTTLS; returns the connection for the latter.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut io: BufReader<S>,
        login: (&str, &str),
        (greet, offer_tls, secure): (bool, bool, bool),
    ) -> Option<BufReader<S>> {
        if greet {
            say(&mut io, "220 mail.test ESMTP").await?;
        }
        let login = (login.0.to_owned(), login.1.to_owned());
        let mut mail = Mail { login: <_>::default(), from: String::new(), to: Vec::new(), data: String::new(), secure };
        loop {
            let line = hear(&mut io).await?;
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            let verb = verb.to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" if offer_tls => "250-mail.test\r\n250 STARTTLS",
                "STARTTLS" if offer_tls => "220 go ahead",
                "DATA" => "354 go on",
                verb => answer(verb, rest, &mut mail, &login),
            };
            say(&mut io, answer).await?;
            match verb.as_str() {
                "STARTTLS" if offer_tls => return Some(io),
                "DATA" => self.take(&mut io, &mut mail).await?,
                "QUIT" => return None,
                _ => {}
            }
        }
    }

    async fn take<S: AsyncRead + AsyncWrite + Unpin>(&self, io: &mut BufReader<S>, mail: &mut Mail) -> Option<()> {
        let does = *self.does.lock().unwrap();
        loop {
            let line = hear(io).await?;
            match line.as_str() {
                _ if does == Does::BreaksOff => return None,
                "." => break,
                line => mail.data.extend([line.strip_prefix('.').unwrap_or(line), "\r\n"]),
            }
        }
        if let Does::Answers(what) = does {
            return say(io, what).await;
        }
        self.mails.lock().unwrap().push(mail.clone());
        say(io, "250 2.0.0 queued").await
    }
}

/// The answer to a command that needs no more than a word.
fn answer(verb: &str, rest: &str, mail: &mut Mail, login: &(String, String)) -> &'static str {
    match verb {
        "EHLO" => "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN",
        "AUTH" => {
            mail.login = credentials(rest);
            if mail.login == *login { "235 2.7.0 welcome" } else { "535 5.7.8 who are you" }
        }
        "MAIL" if mail.login != *login => "530 5.7.0 sign in first",
        "MAIL" => {
            rest.clone_into(&mut mail.from);
            "250 ok"
        }
        "RCPT" => {
            mail.to.push(rest.to_owned());
            "250 ok"
        }
        "NOOP" | "RSET" => "250 ok",
        "QUIT" => "221 bye",
        _ => "502 5.5.1 unknown",
    }
}

fn credentials(rest: &str) -> (String, String) {
    let packed = rest.split_whitespace().nth(1).unwrap_or_default();
    let bytes = base64::engine::general_purpose::STANDARD.decode(packed).unwrap_or_default();
    let text = String::from_utf8(bytes).unwrap_or_default();
    let parts: Vec<&str> = text.split('\0').collect();
    (parts.get(1).copied().unwrap_or_default().to_owned(), parts.get(2).copied().unwrap_or_default().to_owned())
}

async fn hear<S: AsyncRead + AsyncWrite + Unpin>(io: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    let read = io.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(io: &mut BufReader<S>, text: &str) -> Option<()> {
    io.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
    io.flush().await.ok()
}

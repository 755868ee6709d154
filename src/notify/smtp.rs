//! People who get mail: plain text over SMTP, with TLS from the first byte or after STARTTLS.
use super::{BadChannel, Made, Message, Notifier, bad};
use crate::config::{Config, notify::Smtp as Settings};
use crate::secret;
use crate::voters::address::is_loopback;
use async_trait::async_trait;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message as Mail};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const URL: &str = "smtp.url";

struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    server: String,
    /// The name after the @ of message ids.
    host: String,
}

/// The mail of the settings.
///
/// # Errors
/// A setting that can't be used.
pub fn make(config: &Config) -> Result<Option<Made>, BadChannel> {
    let Some(settings) = &config.notify.smtp else { return Ok(None) };
    let url = reqwest::Url::parse(&settings.url).map_err(|error| bad(URL, error))?;
    let server = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad(URL, "names no server"))?.to_owned();
    let (tls, usual) = tls(settings, &url, &server)?;
    let port = url.port().unwrap_or(usual);
    let public = config.public_url();
    let host = reqwest::Url::parse(&public).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_else(|| "localhost".to_owned());
    let timeout = Duration::from_secs(config.notify.timeout_s.max(1));
    let mut builder =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.trim_matches(['[', ']'])).port(port);
    if host.parse::<std::net::IpAddr>().is_err() {
        builder = builder.hello_name(ClientId::Domain(host.clone()));
    }
    if let Some(credentials) = credentials(settings, &url)? {
        if matches!(tls, Tls::None | Tls::Opportunistic(_)) && !is_loopback(&settings.url.replacen("smtp", "http", 1)) {
            return Err(bad(URL, "a password goes only over smtps:// or with ?tls=required"));
        }
        builder = builder.credentials(credentials);
    }
    let mailbox = |text: &String, setting: &'static str| {
        text.parse::<Mailbox>().map_err(|error| bad(setting, format!("{text}: {error}")))
    };
    let to: Vec<Mailbox> = settings.to.iter().map(|one| mailbox(one, "smtp.to")).collect::<Result<_, _>>()?;
    if to.is_empty() {
        return Err(bad("smtp.to", "names nobody"));
    }
    let smtp = Smtp {
        transport: builder.tls(tls).timeout(Some(timeout)).build(),
        from: mailbox(&settings.from, "smtp.from")?,
        to,
        server: format!("{server}:{port}"),
        host,
    };
    Ok(Some((Arc::new(smtp), settings.orgs.clone())))
}

/// How the connection is protected, and the usual port for that.
fn tls(settings: &Settings, url: &reqwest::Url, server: &str) -> Result<(Tls, u16), BadChannel> {
    let asked = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
    let parameters = || parameters(settings, server);
    Ok(match (url.scheme(), asked.as_deref()) {
        ("smtps", None) => (Tls::Wrapper(parameters()?), 465),
        ("smtp", Some("required")) => (Tls::Required(parameters()?), 587),
        ("smtp", Some("opportunistic")) => (Tls::Opportunistic(parameters()?), 587),
        ("smtp", None) if is_loopback(&settings.url.replacen("smtp", "http", 1)) => (Tls::None, 25),
        ("smtp", None) => {
            return Err(bad(URL, "say ?tls=required or ?tls=opportunistic; without TLS only on this machine"));
        }
        ("smtp", Some(_)) => return Err(bad(URL, "tls must be required or opportunistic")),
        _ => return Err(bad(URL, "must begin with smtps:// or smtp://")),
    })
}

fn parameters(settings: &Settings, server: &str) -> Result<TlsParameters, BadChannel> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = TlsParameters::builder(server.trim_matches(['[', ']']).to_owned());
    if !settings.ca_file.is_empty() {
        let named = |error: String| bad("smtp.ca_file", format!("{}: {error}", settings.ca_file));
        let pem = std::fs::read(&settings.ca_file).map_err(|error| named(error.to_string()))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| named(error.to_string()))?);
    }
    builder.build_rustls().map_err(|error| bad(URL, reason(&error)))
}

fn credentials(settings: &Settings, url: &reqwest::Url) -> Result<Option<Credentials>, BadChannel> {
    if url.password().is_some() {
        return Err(bad(URL, "must not hold the password; put it into a file and name that in password_file"));
    }
    let user = percent_encoding::percent_decode_str(url.username()).decode_utf8_lossy().into_owned();
    match (user.is_empty(), settings.password_file.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => Err(bad(URL, "password_file is set, but there is no user: smtps://user@host")),
        (false, true) => Err(bad("smtp.password_file", "is needed for the user in smtp.url")),
        (false, false) => {
            let password = secret::from_file(Path::new(&settings.password_file));
            let password = password.map_err(|error| bad("smtp.password_file", error))?;
            Ok(Some(Credentials::new(user, password.expose().to_owned())))
        }
    }
}

/// An error with what is behind it.
fn reason(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) if !error.to_string().contains(&source.to_string()) => format!("{error}: {}", reason(source)),
        _ => error.to_string(),
    }
}

impl Smtp {
    fn mail(&self, message: &Message) -> Result<Mail, lettre::error::Error> {
        let mut builder = Mail::builder().from(self.from.clone()).subject(message.subject());
        for one in &self.to {
            builder = builder.to(one.clone());
        }
        // The same id in every try: whoever got the first one can drop the second.
        builder = builder.message_id(Some(format!("<{}@{}>", message.id, self.host)));
        let mut mail = builder.header(ContentType::TEXT_PLAIN).body(message.text())?;
        // RFC 3834: nobody's holiday notice answers it.
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        mail.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(mail)
    }
}

#[async_trait]
impl Notifier for Smtp {
    fn name(&self) -> &'static str {
        "smtp"
    }

    fn target(&self) -> String {
        let to: Vec<String> = self.to.iter().map(|one| one.email.to_string()).collect();
        format!("{} by {}", to.join(", "), self.server)
    }

    async fn send(&self, message: &Message) -> Result<(), String> {
        let mail = self.mail(message).map_err(|error| reason(&error))?;
        let counted = crate::metrics::Call::begin("smtp");
        self.transport.send(mail).await.map_err(|error| reason(&error))?;
        counted.taken();
        Ok(())
    }

    async fn probe(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("it does not answer NOOP".to_owned()),
            Err(error) => Err(reason(&error)),
        }
    }
}

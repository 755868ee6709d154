//! Names that were looked up and pages that were asked for.
use super::fields::Fields;
use super::value::{self, Kind, Row, Shown};
use super::{About, EventView, process};

/// A name that was looked up, and the answer.
pub fn panel(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "DNS request";
    let domain = event.look_text("DOMAIN_NAME").map(|name| value::of_text(Kind::Domain, name));
    let answer = event.look_text("CNAME").map(|name| value::of_text(Kind::Domain, name));
    let answer = event.look_text("IP_ADDRESS").map(|ip| value::of_text(Kind::Ip, ip)).or(answer);
    let mut rows = value::rows(event, &[("DOMAIN_NAME", "Domain", Kind::Domain)]);
    rows.extend(event.number("DNS_TYPE").map(|code| Row::new("Type", Shown::text(&type_words(code)))));
    rows.extend(value::rows(
        event,
        &[
            ("IP_ADDRESS", "Answer", Kind::Ip),
            ("CNAME", "Answer: another name for", Kind::Domain),
            ("RESULT", "Result", Kind::Text),
            ("DNS_FLAGS", "Flags", Kind::Hex),
            ("MESSAGE_ID", "Message", Kind::Text),
            ("TIMESTAMP", "Time", Kind::Time),
        ],
    ));
    view.facts("Request", rows);
    process::actor(event, true, about, view);
    let Some(domain) = domain else { return };
    let mut said = process::who(view).words("looked up").name(&domain.pieces.concat());
    if let Some(answer) = answer {
        said = said.words("and was told").name(&answer.pieces.concat());
    }
    view.said = said;
}

/// A page that was asked for.
pub fn http(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "HTTP request";
    let url = event.look_text("URL").map(|url| value::of_text(Kind::Url, url));
    let specs = [
        ("URL", "Address", Kind::Url),
        ("IP_ADDRESS", "Server", Kind::Ip),
        ("RESULT", "Status", Kind::Text),
        ("PARENT/URL", "Asked for by", Kind::Url),
        ("TIMESTAMP", "Time", Kind::Time),
    ];
    view.facts("Request", value::rows(event, &specs));
    process::actor(event, true, about, view);
    if let Some(url) = url {
        view.said = process::who(view).words("asked for").name(&url.pieces.concat());
    }
}

/// A record type in words, with its number.
pub fn type_words(code: i64) -> String {
    let name = match code {
        1 => "A, an IPv4 address",
        2 => "NS, a name server",
        5 => "CNAME, another name",
        6 => "SOA, the start of a zone",
        12 => "PTR, the name of an address",
        15 => "MX, a mail server",
        16 => "TXT, a text",
        28 => "AAAA, an IPv6 address",
        33 => "SRV, a service",
        35 => "NAPTR, a rewriting rule",
        43 => "DS, a signer",
        48 => "DNSKEY, a key",
        64 => "SVCB, a service's parameters",
        65 => "HTTPS, a web service's parameters",
        255 => "ANY, all records",
        _ => return format!("type {code}"),
    };
    format!("{name} ({code})")
}

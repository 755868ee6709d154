//! Connections: who talked to whom, over what, in which direction.
use super::fields::Fields;
use super::value::{self, Kind, Shown};
use super::{About, EventView, Part, Said, process};
use crate::web::view::words::when;

/// Connections that one page shows of an event.
const MOST: usize = 50;

const COLUMNS: &[&str] = &["Direction", "Protocol", "Source", "Destination", "Time", "State"];

/// A connection as an object tells it.
struct Connection {
    outgoing: Option<bool>,
    protocol: String,
    source: Shown,
    destination: Shown,
    time: Shown,
    state: Shown,
}

/// A process and its connections.
pub fn panel(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "Network connections";
    view.chain_first = true;
    process::actor(event, true, about, view);
    let items = event.list("NETWORK_ACTIVITY");
    let shown = items.iter().filter(|item| item.is_object()).take(MOST);
    let connections: Vec<Connection> = shown.map(|item| connection(event.within(item), about)).collect();
    let Some(first) = connections.first() else { return };
    let many = items.len();
    let said = process::who(view);
    let said = match (many, first.outgoing) {
        (1, Some(true)) => said.words("connected to"),
        (1, Some(false)) => said.words("was connected to from"),
        (1, None) => said.words("had a connection with"),
        (_, Some(false)) => said.words(&format!("had {many} connections, the first one from")),
        _ => said.words(&format!("had {many} connections, the first one to")),
    };
    view.said = said_end(said, first, first.outgoing == Some(false));
    let left_out = items.iter().filter(|item| item.is_object()).count() - connections.len();
    // Those that there is no room for are counted below the table, so the tree need not count them again.
    items.iter().filter(|item| item.is_object()).skip(MOST).for_each(|item| event.tell(item));
    view.parts.push(Part { left_out, ..part("Connections", connections) });
}

/// Whether a type is of one connection, such as `NEW_TCP4_CONNECTION`.
pub fn is_connection(kind: &str) -> bool {
    let kind = kind.strip_prefix("NEW_").or_else(|| kind.strip_prefix("TERMINATE_")).unwrap_or_default();
    matches!(kind, "TCP4_CONNECTION" | "TCP6_CONNECTION" | "UDP4_CONNECTION" | "UDP6_CONNECTION")
}

/// One connection that began or ended.
pub fn single(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "Network connection";
    let mut found = connection(event, about);
    if found.protocol.is_empty() {
        found.protocol = about.kind.split('_').nth(1).unwrap_or_default().to_lowercase();
    }
    process::actor(event, true, about, view);
    let ended = about.kind.starts_with("TERMINATE");
    let incoming = found.outgoing == Some(false);
    let no_peer = found.destination == Shown::default();
    let said = process::who(view).words(match (ended, incoming, no_peer) {
        (true, _, false) => "ended its connection with",
        (true, _, true) => "stopped using",
        (false, _, true) => "began to use",
        (false, true, _) => "was connected to from",
        (false, false, _) => "connected to",
    });
    view.said = said_end(said, &found, incoming || no_peer);
    view.parts.push(part("Connection", vec![found]));
}

fn said_end(said: Said, connection: &Connection, source: bool) -> Said {
    let end = if source { &connection.source } else { &connection.destination };
    let address: String = end.pieces.concat();
    if address.is_empty() { said.words("an address that is not told") } else { said.name(&address) }
}

fn part(heading: &str, connections: Vec<Connection>) -> Part {
    let row = |found: Connection| {
        let direction = found.outgoing.map_or("not told", |outgoing| if outgoing { "outgoing" } else { "incoming" });
        let texts = [Shown::text(direction), Shown::text(&found.protocol)];
        texts.into_iter().chain([found.source, found.destination, found.time, found.state]).collect()
    };
    Part {
        heading: heading.to_owned(),
        columns: COLUMNS,
        table: connections.into_iter().map(row).collect(),
        ..Part::default()
    }
}

fn connection(fields: Fields<'_>, about: &About<'_>) -> Connection {
    let time = fields.time("TIMESTAMP").or_else(|| fields.time("CREATION_TIME"));
    // A UDP event tells the own end alone, without a name.
    let source = if fields.has("SOURCE") { end(fields.at("SOURCE")) } else { end(fields) };
    Connection {
        outgoing: fields.flag("IS_OUTGOING"),
        protocol: fields.text("PROTOCOL").unwrap_or_default().to_owned(),
        source,
        destination: end(fields.at("DESTINATION")),
        time: time.map(|ms| Shown::text(&when(ms).full)).unwrap_or_default(),
        state: fields.number("STATE").map(|state| state_words(state, about.windows)).unwrap_or_default(),
    }
}

/// An end of a connection: address and port, and whose address it is.
fn end(fields: Fields<'_>) -> Shown {
    let address = fields.text("IP_ADDRESS").map(|ip| value::of_text(Kind::Ip, ip));
    let port = fields.number("PORT");
    let Some(mut shown) = address else {
        return port.map(|port| Shown::text(&format!("port {port}"))).unwrap_or_default();
    };
    if let Some(port) = port {
        let brackets = shown.copy.contains(':');
        let text = shown.pieces.concat();
        shown.pieces = vec![if brackets { format!("[{text}]:{port}") } else { format!("{text}:{port}") }];
        let service = service(port);
        shown = if service.is_empty() { shown } else { shown.with(service) };
    }
    shown
}

/// What usually listens on a port.
const fn service(port: i64) -> &'static str {
    match port {
        20 | 21 => "FTP",
        22 => "SSH",
        23 => "Telnet",
        25 | 465 | 587 => "mail",
        53 => "DNS",
        80 | 8080 => "HTTP",
        88 => "Kerberos",
        135 => "RPC",
        389 | 636 | 3268 | 3269 => "LDAP",
        443 | 8443 => "HTTPS",
        445 => "SMB",
        1433 => "SQL Server",
        3306 => "MySQL",
        3389 => "remote desktop",
        5432 => "PostgreSQL",
        5900 => "VNC",
        5985 | 5986 => "WinRM",
        _ => "",
    }
}

/// A connection's state. The numbers are Windows' own; elsewhere they mean something else.
fn state_words(state: i64, windows: bool) -> Shown {
    let word = match state {
        _ if !windows => "",
        1 => "closed",
        2 => "listening",
        3 => "opening (SYN sent)",
        4 => "opening (SYN received)",
        5 => "established",
        6 => "closing (FIN wait 1)",
        7 => "closing (FIN wait 2)",
        8 => "closing (close wait)",
        9 => "closing",
        10 => "closing (last ACK)",
        11 => "closed (time wait)",
        12 => "deleted",
        _ => "",
    };
    Shown::text(&state.to_string()).with(word)
}

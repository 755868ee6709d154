//! How one value of an event is shown: broken where it may break, defanged where it could be followed, told apart.
use super::fields::{self, Fields};
use crate::domain::ObservableKind;
use crate::web::view::text;
use crate::web::view::words::{bytes, when};
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};

/// The longest value that a button copies; a page should not carry more of it.
const COPIED: usize = 8 * 1024;

/// What is said of a value that is longer than shown.
const CUT: &str = "cut; whole in the raw detection";

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything.
    Text,
    /// A path, its last part stressed.
    Path,
    /// An address.
    Ip,
    /// A domain.
    Domain,
    /// A URL.
    Url,
    /// An e-mail address, with or without a name.
    Mail,
    /// A hash or another value that people copy.
    Hash,
    /// A time as a number.
    Time,
    /// A number of bytes.
    Size,
    /// A number that people read in hexadecimal.
    Hex,
    /// A process by its number.
    Pid,
}

/// A value as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// Its pieces.
    pub pieces: Vec<String>,
    /// Its stressed end, or empty.
    pub strong: String,
    /// What is said about it, or empty.
    pub note: String,
    /// The value as it is, where it is shown otherwise or is one to copy; or empty.
    pub copy: String,
}

/// A fact: what it is and its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// What it is.
    pub label: String,
    /// Its values.
    pub values: Vec<Shown>,
}

/// Where a fact is, what it is called and what kind of value it has.
pub type Spec = (&'static str, &'static str, Kind);

/// The facts of a list that an object has.
pub fn rows(fields: Fields<'_>, specs: &[Spec]) -> Vec<Row> {
    specs.iter().filter_map(|(path, label, kind)| row(fields, path, label, *kind)).collect()
}

/// A fact, where the object has it.
pub fn row(fields: Fields<'_>, path: &str, label: &str, kind: Kind) -> Option<Row> {
    let values: Vec<Shown> = fields.values(path).into_iter().map(|value| shown(kind, value)).collect();
    (!values.is_empty()).then(|| Row { label: label.to_owned(), values })
}

impl Row {
    /// A fact of one value.
    pub fn new(label: &str, value: Shown) -> Self {
        Self { label: text::start(label, 80), values: vec![value] }
    }

    /// The same with a remark on its first value.
    #[must_use]
    pub fn with(mut self, note: &str) -> Self {
        if let Some(first) = self.values.first_mut() {
            first.remark(note);
        }
        self
    }
}

impl Shown {
    /// A text of our own or of the event.
    pub fn text(value: &str) -> Self {
        of_text(Kind::Text, value)
    }

    /// A value with a remark.
    #[must_use]
    pub fn with(mut self, note: &str) -> Self {
        self.remark(note);
        self
    }

    /// Cuts the value where a page has no more room for it, and says so.
    pub fn fit(&mut self, room: &mut usize) {
        let fits = self.pieces.iter().scan(*room, |left, piece| {
            *left = left.checked_sub(piece.len())?;
            Some(piece.len())
        });
        let (kept, size) = fits.fold((0, 0), |(kept, size), len| (kept + 1, size + len));
        let rest = self.strong.len() + self.copy.len();
        if kept < self.pieces.len() || size + rest > *room {
            self.pieces.truncate(kept);
            self.pieces.push("…".to_owned());
            self.strong.clear();
            self.copy.clear();
            self.remark(CUT);
        }
        *room = room.saturating_sub(size + self.strong.len() + self.copy.len());
    }

    /// Adds a remark.
    pub fn remark(&mut self, note: &str) {
        if !self.note.is_empty() && !note.is_empty() {
            self.note.push_str(", ");
        }
        self.note.push_str(note);
    }
}

/// A value as its kind is shown; one of another type is shown as it is.
pub fn shown(kind: Kind, value: &Value) -> Shown {
    match value {
        Value::String(text) => of_text(kind, text),
        value => {
            let raw = value.to_string();
            let number = value.as_i64();
            match (kind, number) {
                (Kind::Time, _) => match fields::time(value) {
                    Some(ms) => Shown::text(&when(ms).full),
                    None => Shown::text(&raw),
                },
                (Kind::Size, Some(count)) => Shown::text(&bytes(count)).with(&format!("{raw} bytes")),
                (Kind::Hex, Some(number)) => Shown::text(&format!("0x{number:x}")),
                (Kind::Pid, Some(number)) => Shown::text(&format!("PID {number}")),
                _ => Shown::text(&raw),
            }
        }
    }
}

/// A text as its kind is shown.
pub fn of_text(kind: Kind, value: &str) -> Shown {
    let start = text::start(value, text::FOLD);
    let cut = value.len() > text::FOLD && value.chars().count() > text::FOLD;
    let copied = || if value.len() <= COPIED { value.to_owned() } else { String::new() };
    let shown = match kind {
        Kind::Path => {
            let view = text::path(&start);
            Shown { pieces: view.folders, strong: view.name, ..Shown::default() }
        }
        Kind::Ip | Kind::Domain | Kind::Url | Kind::Mail => {
            let as_kind = match kind {
                Kind::Url => ObservableKind::Url,
                _ => ObservableKind::Domain,
            };
            let note = if kind == Kind::Ip { place(value).to_owned() } else { String::new() };
            Shown { pieces: text::pieces(&text::defang(as_kind, &start)), strong: String::new(), note, copy: copied() }
        }
        Kind::Hash => Shown { pieces: text::pieces(&start), copy: copied(), ..Shown::default() },
        _ => Shown { pieces: text::pieces(&start), ..Shown::default() },
    };
    let shown = shown.with(text::warning(&value[..value.floor_char_boundary(COPIED)]));
    if cut { shown.with(CUT) } else { shown }
}

/// What a value of a field that nobody described may be, by its form.
pub fn guess(value: &str) -> Kind {
    let is_url = |text: &str| text.starts_with("http://") || text.starts_with("https://");
    if value.parse::<IpAddr>().is_ok() {
        Kind::Ip
    } else if value.get(..8).is_some_and(|start| is_url(&start.to_ascii_lowercase())) {
        Kind::Url
    } else {
        Kind::Text
    }
}

/// Whose address it is, in a word; empty where it is none. Some logs write the port behind it.
pub fn place(ip: &str) -> &'static str {
    let with_port = || ip.trim().parse::<SocketAddr>().map(|address| address.ip());
    let Ok(ip) = ip.trim().parse::<IpAddr>().or_else(|_| with_port()) else { return "" };
    match ip.to_canonical() {
        ip if ip.is_loopback() => "this host",
        ip if ip.is_unspecified() => "any address",
        ip if ip.is_multicast() => "multicast",
        IpAddr::V4(ip) if ip.is_private() => "private",
        IpAddr::V4(ip) if ip.octets() == [169, 254, 169, 254] => "cloud metadata",
        IpAddr::V4(ip) if ip.is_link_local() => "link-local",
        IpAddr::V4(ip) if ip.is_broadcast() => "broadcast",
        // 100.64.0.0/10 is shared behind a provider's NAT.
        IpAddr::V4(ip) if ip.octets()[0] == 100 && ip.octets()[1] & 0xC0 == 64 => "shared",
        IpAddr::V6(ip) if ip.is_unique_local() => "private",
        IpAddr::V6(ip) if ip.is_unicast_link_local() => "link-local",
        _ => "public",
    }
}

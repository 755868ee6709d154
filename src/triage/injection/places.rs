//! Walks every text and every name of a detection.
use crate::domain::evidence::EvidenceKind;
use crate::domain::{Detection, Dossier};
use serde_json::Value;

/// What is kept of a name, and of the way to a text.
const LONGEST_KEY: usize = 40;
const LONGEST_PLACE: usize = 160;

/// A text and where it stands.
pub(super) struct Place<'p> {
    /// The way to it, made visible; put together where it is told, which it hardly ever is.
    pub name: &'p dyn Fn() -> String,
    /// The text.
    pub text: &'p str,
    /// Whether our own people write it: rules speak of false positives and approvals by right.
    pub ours: bool,
}

type Visit<'v> = &'v mut dyn FnMut(&Place<'_>) -> bool;

/// Shows every text and every name until the visitor has enough.
pub(super) fn each(detection: &Detection, visit: Visit<'_>) {
    let mut walk = Walk { path: vec!["event"], visit, ours: false };
    if !walk.value(&detection.event) {
        return;
    }
    for (key, value) in &detection.routing {
        // Tags are set by our own people.
        walk.ours = key == "tags";
        walk.path = vec!["routing"];
        if !walk.entry(key, value) {
            return;
        }
    }
    walk.ours = true;
    let rule = &detection.rule;
    let single = [
        ("title", &rule.title),
        ("path", &rule.path),
        ("author", &rule.author),
        ("description", &rule.description),
        ("link", &detection.link),
        ("detect_id", &detection.detect_id),
    ];
    let lists = [("false positives", &rule.false_positives), ("references", &rule.references), ("tags", &rule.tags)];
    walk.path = vec!["rule"];
    let _ = single.iter().all(|(name, text)| walk.within(name, |walk| walk.text(text)))
        && lists.iter().all(|(name, texts)| walk.within(name, |walk| texts.iter().all(|text| walk.text(text))));
}

/// Shows every line of the evidence, tags left out: they are our own people's.
pub(super) fn each_line(dossier: &Dossier, visit: Visit<'_>) {
    for piece in dossier.evidence.iter().filter(|piece| piece.kind != EvidenceKind::Tags) {
        for (at, line) in piece.lines.iter().enumerate() {
            let name = || format!("evidence/{}/{}", piece.kind, at + 1);
            let texts = [&line.text, &line.user, &line.event_type];
            if !texts.into_iter().all(|text| visit(&Place { name: &name, text, ours: false })) {
                return;
            }
        }
    }
}

struct Walk<'v, 'a> {
    path: Vec<&'a str>,
    visit: Visit<'v>,
    ours: bool,
}

impl<'a> Walk<'_, 'a> {
    fn value(&mut self, value: &'a Value) -> bool {
        match value {
            Value::Object(map) => map.iter().all(|(key, inner)| self.entry(key, inner)),
            Value::Array(items) => items.iter().all(|item| self.value(item)),
            Value::String(text) => self.text(text),
            _ => true,
        }
    }

    fn entry(&mut self, key: &'a str, inner: &'a Value) -> bool {
        let path = &self.path;
        (self.visit)(&Place { name: &|| format!("{}, a name", shown(path)), text: key, ours: self.ours })
            && self.within(&key[..key.floor_char_boundary(LONGEST_KEY)], |walk| walk.value(inner))
    }

    fn within(&mut self, name: &'a str, then: impl FnOnce(&mut Self) -> bool) -> bool {
        self.path.push(name);
        let more = then(self);
        self.path.pop();
        more
    }

    fn text(&mut self, text: &str) -> bool {
        let path = &self.path;
        (self.visit)(&Place { name: &|| shown(path), text, ours: self.ours })
    }
}

fn shown(path: &[&str]) -> String {
    super::visible(&path.join("/"), LONGEST_PLACE)
}

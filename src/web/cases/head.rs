//! The case page's head: what stands, since when, and what can be undone.
use crate::clock::now_ms;
use crate::domain::AutoClose;
use crate::domain::reason;
use crate::store::cases::Case;
use crate::store::timeline;
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::view::case as view;
use crate::web::view::words::{self, Glyph, Sev, When, duration, when};

/// What stands in the page's head.
pub(super) struct Head {
    pub(super) severity: Sev,
    pub(super) rule_level: Option<Sev>,
    pub(super) verdict: Glyph,
    pub(super) machine: Glyph,
    pub(super) stated: String,
    pub(super) reason: String,
    pub(super) decided_in: String,
    pub(super) decided_at: Option<When>,
    pub(super) opened: When,
    pub(super) happened: When,
    pub(super) closed: Option<When>,
    pub(super) late: Option<String>,
}

/// A decision that can be undone.
pub(super) struct Undo {
    pub(super) event: Option<i64>,
    pub(super) left: i64,
}

pub(super) fn head(case: &Case) -> Head {
    Head {
        severity: words::severity(case.severity),
        rule_level: case.rule_level.map(words::severity),
        verdict: words::person(case.verdict),
        machine: words::machine(case.machine_verdict),
        stated: case.confidence.map(words::percent).unwrap_or_default(),
        reason: reason::label(&case.reason).to_owned(),
        decided_in: case.decided_ms.map(|ms| duration(ms - case.opened_ms)).unwrap_or_default(),
        decided_at: case.decided_ms.map(when),
        opened: when(case.opened_ms),
        happened: when(case.first_event_ms),
        closed: case.closed_ms.map(when),
        late: view::lateness(case),
    }
}

/// The newest decision that stands, and for how long its undo is offered.
pub(super) fn undo(app: &App, me: &SignedIn, timeline: &[timeline::Entry]) -> Undo {
    let newest =
        timeline.iter().find(|entry| matches!(entry.kind.as_str(), "verdict" | "status") && entry.undone_ms.is_none());
    let newest = newest.filter(|entry| entry.undo.is_some() && entry.actor == me.user.username);
    let window = me.undo_ms(app);
    Undo {
        event: newest.map(|entry| entry.id),
        left: newest.map_or(0, |entry| (entry.at_ms + window - now_ms()).max(0) / 1000),
    }
}

pub(super) const fn auto_close(holds: AutoClose) -> &'static str {
    match holds {
        AutoClose::Off => "Automatic closing is off, so a person decides.",
        AutoClose::Shadow => "Automatic closing only watches for now, so a person decides.",
        AutoClose::Propose | AutoClose::Auto => "No rule has earned automatic closing yet, so a person decides.",
    }
}

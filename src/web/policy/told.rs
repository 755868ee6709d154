//! What an organisation set, as the audit log tells it.
use crate::store::policies::Own;
use crate::web::view::policy::{percent, tags};

/// Setting by setting, for the ledger.
pub(super) fn said(own: &Own) -> [String; 7] {
    let told = |name: &str, value: Option<String>| {
        format!("{name}: {}", value.unwrap_or_else(|| "as in the settings file".to_owned()))
    };
    let share = |share: f64| format!("{}%", percent(share));
    [
        told("auto_close", own.auto_close.map(|word| word.to_string())),
        told("limit", own.limit.map(share)),
        told("review_share", own.review_share.map(share)),
        told("blind_first", own.blind_first.map(|first| if first { "on" } else { "off" }.to_owned())),
        told("veto_severity", own.veto_severity.map(|word| word.to_string())),
        told("veto_tags", own.veto_tags.as_ref().map(|tags| self::tags(&tags.0))),
        told("veto_rules", own.veto_rules.as_ref().map(|rules| self::tags(&rules.0))),
    ]
}

//! Plain events: people who signed in or were seen, volumes that came and went.
use super::fields::Fields;
use super::value::{self, Kind};
use super::{About, EventView, Said, process, wel_words};

/// Somebody was seen, signed in or signed out.
pub fn user(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "User";
    let name = event.look_text("USER_NAME").unwrap_or_default();
    let logon = event.look("LOGON_TYPE").map(|kind| wel_words::logon(kind.to_string().trim_matches('"')));
    let mut rows = value::rows(
        event,
        &[
            ("USER_NAME", "User", Kind::Text),
            ("DOMAIN", "Domain of the user", Kind::Text),
            ("DOMAIN_NAME", "Domain of the user", Kind::Domain),
            ("USER_ID", "User's id", Kind::Text),
            ("SECURITY_ID", "Security id", Kind::Text),
            ("LOGON_TYPE", "Kind of sign-in", Kind::Text),
            ("IP_ADDRESS", "From", Kind::Ip),
            ("HOST_NAME", "From host", Kind::Domain),
            ("PORT", "Port", Kind::Text),
            ("TTY", "Terminal", Kind::Text),
            ("TIMESTAMP", "Time", Kind::Time),
        ],
    );
    for row in rows.iter_mut().filter(|row| row.label == "Kind of sign-in") {
        row.values.iter_mut().for_each(|value| value.remark(logon.unwrap_or_default()));
    }
    view.facts("User", rows);
    if event.look("PROCESS_ID").is_some() || event.has("PROCESS") || event.has("PARENT") {
        process::actor(event, true, about, view);
    }
    let words = match about.kind {
        "USER_LOGIN" => "signed in",
        "USER_LOGOUT" => "signed out",
        "SSH_LOGIN" => "signed in over SSH",
        "SSH_LOGOUT" => "signed out of SSH",
        _ => "was seen on this host",
    };
    if !name.is_empty() {
        view.said = Said::default().name(name).words(words);
    }
}

/// A volume came or went.
pub fn volume(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "Volume";
    let path = event.look_text("VOLUME_PATH").or(event.look_text("DEVICE_NAME")).unwrap_or_default();
    view.facts(
        "Volume",
        value::rows(
            event,
            &[
                ("VOLUME_PATH", "Place", Kind::Path),
                ("VOLUME_NAME", "Name", Kind::Text),
                ("DEVICE_NAME", "Device", Kind::Path),
                ("TIMESTAMP", "Time", Kind::Time),
            ],
        ),
    );
    let words = if about.kind == "VOLUME_MOUNT" { "was attached" } else { "was detached" };
    if !path.is_empty() {
        view.said = Said::default().words("The volume").name(path).words(words);
    }
}

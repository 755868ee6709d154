//! What LimaCharlie tells about sensors, adapters, quotas and its own work; their types are in lower case, mostly.
use super::fields::Fields;
use super::value::{self, Kind, Spec};
use super::{About, EventView, Said};

/// Types and what they say.
const KNOWN: &[(&str, &str)] = &[
    ("enrollment", "A sensor enrolled"),
    ("sensor_clone", "A sensor was found to be a copy of another"),
    ("deleted_sensor", "A sensor that was deleted tried to connect"),
    ("sensor_over_quota", "A sensor was turned away because the quota is used up"),
    ("over_quota", "The quota is used up"),
    ("quota_changed", "The quota was changed"),
    ("export_complete", "An export of a stored artifact is complete"),
    ("ingest", "An artifact was stored"),
    ("artifact_retrieved", "A stored artifact was fetched"),
    ("sensor_crash", "A sensor crashed"),
    ("sensor_installed", "A sensor was installed"),
    ("connected", "The sensor connected"),
    ("disconnected", "The sensor disconnected"),
    ("CONNECTED", "The sensor connected"),
    ("cloud_adapter_disabled", "A cloud adapter was switched off"),
    ("cloud_adapter_disconnected", "A cloud adapter disconnected"),
    ("STARTING_UP", "The sensor started"),
    ("SHUTTING_DOWN", "The sensor stopped"),
    ("SEGREGATE_NETWORK", "The host was cut off from the network"),
    ("REJOIN_NETWORK", "The host was let back into the network"),
    ("SELF_TEST_RESULT", "The sensor tested itself"),
    ("DATA_DROPPED", "The sensor lost data"),
    ("CLOUD_NOTIFICATION", "The sensor was told something by the cloud"),
];

const FACTS: &[Spec] = &[
    ("host_name", "Host", Kind::Domain),
    ("HOST_NAME", "Host", Kind::Domain),
    ("hostname", "Host", Kind::Domain),
    ("previous_hostname", "Host before", Kind::Domain),
    ("new_hostname", "Host now", Kind::Domain),
    ("public_ip", "Public address", Kind::Ip),
    ("internal_ip", "Internal address", Kind::Ip),
    ("MAC_ADDRESS", "Hardware address", Kind::Text),
    ("denied_for", "Turned away for", Kind::Text),
    ("old_quota", "Quota before", Kind::Text),
    ("new_quota", "Quota now", Kind::Text),
    ("frequency", "Every", Kind::Text),
    ("size", "Size", Kind::Size),
    ("source", "From", Kind::Text),
    ("original_path", "Original path", Kind::Path),
    ("original_md5", "Original MD5", Kind::Hash),
    ("export_id", "Export", Kind::Text),
    ("log_id", "Artifact", Kind::Text),
    ("log_type", "Kind of artifact", Kind::Text),
    ("action", "Action", Kind::Text),
    ("sensor_version", "Sensor version", Kind::Text),
    ("installation_method", "Installed by", Kind::Text),
    ("installer_user", "Installed as", Kind::Text),
    ("tags", "Tags", Kind::Text),
    ("error", "Error", Kind::Text),
    ("ERROR", "Error", Kind::Text),
    ("ERROR_MESSAGE", "Error in words", Kind::Text),
    ("crash_context/FILE_ID", "Crashed in file", Kind::Text),
    ("crash_context/LINE_NUMBER", "Crashed at line", Kind::Text),
    ("crash_context/THREAD_ID", "Crashed thread", Kind::Text),
];

/// Whether a type is one of the platform's own.
pub fn knows(kind: &str) -> bool {
    is_tick(kind) || KNOWN.iter().any(|(known, _)| *known == kind)
}

/// Whether it is a clock's tick, such as `1h_per_org`.
fn is_tick(kind: &str) -> bool {
    let (every, of) = kind.split_once("_per_").unwrap_or_default();
    let unit = every.trim_start_matches(|c: char| c.is_ascii_digit());
    every.len() > unit.len() && matches!(unit, "m" | "h" | "d") && matches!(of, "org" | "sensor" | "cloud_adapter")
}

/// The facts of the platform's own event.
pub fn panel(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "Platform event";
    let mut rows = value::rows(event, FACTS);
    for row in rows.iter_mut().filter(|row| row.label == "Every") {
        row.values.iter_mut().for_each(|value| value.remark("seconds"));
    }
    view.facts("Facts", rows);
    let words = KNOWN.iter().find(|(known, _)| *known == about.kind).map(|(_, words)| *words);
    view.said = match words {
        Some(words) => Said::default().words(words),
        None => Said::default().words("The clock of LimaCharlie ticked:").name(about.kind),
    };
    let hosts = [event.look_text("previous_hostname"), event.look_text("new_hostname")];
    if let [Some(before), Some(now)] = hosts {
        let said = std::mem::take(&mut view.said);
        view.said = said.words(": first").name(before).words("and now").name(now);
    }
}

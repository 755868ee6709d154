//! Which panel an event gets: by its type, else by its shape.
use super::fields::Fields;
use super::{About, EventView};
use super::{access, cloud, dns, email, facts, file, identity, module, network, platform, process, registry, wel};
use serde_json::Value;

/// A family's panel.
pub type Panel = fn(Fields<'_>, &About<'_>, &mut EventView);

/// The panel of an event.
pub fn panel(event: Fields<'_>, kind: &str) -> Panel {
    by_type(kind).unwrap_or_else(|| by_shape(event))
}

fn by_type(kind: &str) -> Option<Panel> {
    Some(match kind {
        "NEW_PROCESS" | "EXISTING_PROCESS" | "TERMINATE_PROCESS" => process::panel,
        "NETWORK_CONNECTIONS" | "NETWORK_SUMMARY" | "NETSTAT_REP" => network::panel,
        "DNS_REQUEST" => dns::panel,
        "HTTP_REQUEST" => dns::http,
        "FILE_CREATE" | "FILE_MODIFIED" | "FILE_DELETE" | "FILE_READ" | "FILE_TYPE_ACCESSED" | "NEW_DOCUMENT"
        | "FILE_GET_REP" | "FILE_HASH_REP" | "FILE_INFO_REP" | "FILE_DEL_REP" | "FILE_MOV_REP" => file::panel,
        "REGISTRY_WRITE" | "REGISTRY_CREATE" | "REGISTRY_DELETE" | "AUTORUN_CHANGE" => registry::panel,
        "FIM_HIT" => file::fim,
        "MODULE_LOAD" => module::load,
        "DRIVER_CHANGE" | "SERVICE_CHANGE" => module::service,
        "NEW_NAMED_PIPE" | "OPEN_NAMED_PIPE" => file::pipe,
        "NEW_REMOTE_THREAD"
        | "REMOTE_PROCESS_HANDLE"
        | "SENSITIVE_PROCESS_ACCESS"
        | "THREAD_INJECTION"
        | "PROCESS_TAMPERING" => access::panel,
        "CODE_IDENTITY" | "ONGOING_IDENTITY" => identity::panel,
        "YARA_DETECTION" => identity::yara,
        "WEL" => wel::panel,
        "USER_OBSERVED" | "USER_LOGIN" | "USER_LOGOUT" | "SSH_LOGIN" | "SSH_LOGOUT" => facts::user,
        "VOLUME_MOUNT" | "VOLUME_UNMOUNT" => facts::volume,
        kind if network::is_connection(kind) => network::single,
        kind if platform::knows(kind) => platform::panel,
        _ => return None,
    })
}

/// Adapters name their event types as they like; what tells them apart is how they look.
fn by_shape(event: Fields<'_>) -> Panel {
    let text = |path: &str| event.look_text(path).is_some();
    let number = |path: &str| event.look(path).is_some_and(Value::is_number);
    if event.has("EVENT/System") || event.has("Event/System") || event.has("System") && event.has("EventData") {
        wel::panel
    } else if event.has("headers") && (event.has("parts") || event.look("headers/from").is_some()) {
        email::panel
    } else if text("eventName") && text("eventSource") {
        cloud::aws
    } else if text("Operation") && (text("Workload") || text("UserId")) {
        cloud::office
    } else if text("eventType") && event.has("actor") {
        cloud::okta
    } else if event.has("protoPayload") {
        cloud::google
    } else if cloud::is_azure(event) {
        cloud::azure
    } else if event.has("NETWORK_ACTIVITY") {
        network::panel
    } else if text("COMMAND_LINE") || event.has("PARENT") && (text("FILE_PATH") || number("PROCESS_ID")) {
        process::panel
    } else if event.has("PROCESS") {
        |event, about, view| super::process::actor(event, false, about, view)
    } else {
        |_, _, _| {}
    }
}

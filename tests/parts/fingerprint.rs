//! Fingerprints: repeats of a behaviour are equal, near-misses are not.
use fusionsoc::domain::Detection;
use fusionsoc::triage::fingerprint::{canonical, of, path, user_class};
use serde_json::{Value, json};

const EVENT: &str = "/detect/event";
const COMMAND: &str = "/detect/event/COMMAND_LINE";
const IMAGE: &str = "/detect/event/FILE_PATH";
const PARENT_COMMAND: &str = "/detect/event/PARENT/COMMAND_LINE";
const PARENT_IMAGE: &str = "/detect/event/PARENT/FILE_PATH";

fn seed() -> Value {
    serde_json::from_str(include_str!("../fixtures/seed/detection.json")).unwrap()
}

fn set(document: &mut Value, at: &str, value: Value) {
    *document.pointer_mut(at).expect(at) = value;
}

/// Replaces a part of a text that must be there.
fn swap(document: &mut Value, at: &str, from: &str, to: &str) {
    let text = document.pointer(at).and_then(Value::as_str).expect(at).to_owned();
    assert!(text.contains(from), "{text} holds no {from}");
    set(document, at, json!(text.replace(from, to)));
}

fn read(document: &Value) -> Detection {
    Detection::read(document).unwrap()
}

/// A program of a user's, in folders that differ from one machine to the next.
fn installed(drive: &str, profile: &str, version: &str) -> Value {
    let mut document = seed();
    let image = format!("{drive}:\\Users\\{profile}\\AppData\\Local\\Vendor\\{version}\\update.exe");
    set(&mut document, COMMAND, json!(format!("\"{image}\" /install {drive}:\\Users\\{profile}\\x.cab")));
    set(&mut document, IMAGE, json!(image));
    document
}

fn encoded(payload: &str) -> Value {
    let mut document = seed();
    set(&mut document, COMMAND, json!(format!("powershell.exe -nop -enc {payload}")));
    document
}

fn equal(left: &Value, right: &Value, why: &str) {
    let (left, right) = (read(left), read(right));
    assert_eq!(canonical(&left), canonical(&right), "{why}");
    assert_eq!(of(&left), of(&right), "{why}");
}

fn different(left: &Value, right: &Value, why: &str) {
    let (left, right) = (read(left), read(right));
    assert_ne!(of(&left), of(&right), "{why}:\n{}", canonical(&left));
}

type Change = fn(&mut Value);

/// What differs from one run to the next.
const SAME: &[(&str, Change)] = &[
    ("GUIDs in the parent's command line", |document| {
        swap(document, PARENT_COMMAND, "7c52f0ae-3b86-4d19-95e7-08a4d1c3f62b", "00000000-aaaa-bbbb-cccc-000000000001");
        swap(document, PARENT_COMMAND, "b60d9e17-84f3-4a2c-8c51-e7f29035d84a", "11111111-aaaa-bbbb-cccc-000000000002");
    }),
    ("process ids", |document| {
        set(document, &format!("{EVENT}/PROCESS_ID"), json!(4));
        set(document, &format!("{EVENT}/PARENT_PROCESS_ID"), json!(77));
        set(document, &format!("{EVENT}/PARENT/PROCESS_ID"), json!(77));
    }),
    ("times", |document| {
        set(document, "/routing/event_time", json!(1_783_901_779_334_i64));
        set(document, "/gen_time", json!(1_783_901_779_954_i64));
        set(document, &format!("{EVENT}/PARENT/TIMESTAMP"), json!(1_783_901_536_063_i64));
    }),
    ("host and sensor", |document| {
        set(document, "/routing/hostname", json!("laptop-7"));
        set(document, "/routing/sid", json!("00000000-aaaa-bbbb-cccc-000000000003"));
        set(document, "/routing/int_ip", json!("10.1.2.3"));
        set(document, "/routing/tags", json!([]));
    }),
    ("the detection's own identifiers", |document| {
        set(document, "/detect_id", json!("00000000-aaaa-bbbb-cccc-000000000004"));
        set(document, "/routing/this", json!("ffffffffffffffffffffffffffffffff"));
    }),
    ("memory and threads", |document| {
        set(document, &format!("{EVENT}/PARENT/MEMORY_USAGE"), json!(1));
        set(document, &format!("{EVENT}/PARENT/THREADS"), json!(99));
        set(document, &format!("{EVENT}/PARENT/BASE_ADDRESS"), json!(4_194_304));
    }),
    ("upper and lower case", |document| {
        for at in [COMMAND, IMAGE, PARENT_COMMAND, PARENT_IMAGE] {
            let text = document.pointer(at).and_then(Value::as_str).unwrap().to_uppercase();
            set(document, at, json!(text));
        }
    }),
];

#[test]
fn another_run_of_the_same_behaviour_is_the_same() {
    for (why, change) in SAME {
        let mut changed = seed();
        change(&mut changed);
        assert_ne!(changed, seed(), "{why}");
        equal(&seed(), &changed, why);
    }
}

#[test]
fn the_same_program_in_folders_of_another_machine_is_the_same() {
    let base = installed("C", "ana", "1.2.3");
    equal(&base, &installed("C", "b.kowalski2", "1.2.3"), "another profile");
    equal(&base, &installed("D", "ana", "1.2.3"), "another drive");
    equal(&base, &installed("C", "ana", "10.0.4821.1"), "another version");
    different(&base, &installed("C", "Public", "1.2.3"), "everybody's profile");
    different(&base, &installed("C", "ana", "plugins"), "a folder that is no version");
    let mut renamed = seed();
    for at in [COMMAND, IMAGE, PARENT_IMAGE] {
        swap(&mut renamed, at, "C:\\", "E:\\");
    }
    equal(&seed(), &renamed, "another drive everywhere");
}

#[test]
fn values_that_change_from_run_to_run_are_placeholders() {
    let run = |arguments: &str| {
        let mut document = seed();
        set(&mut document, COMMAND, json!(format!("agent.exe {arguments}")));
        document
    };
    for (left, right) in [
        ("--pid 4711", "--pid 12"),
        ("--job={7c52f0ae-3b86-4d19-95e7-08a4d1c3f62b}", "--job={00000000-aaaa-bbbb-cccc-000000000001}"),
        ("10.1.2.3:8080", "192.168.0.9:99"),
        ("d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"),
        ("C:\\Windows\\Temp\\tmp4711.tmp", "C:\\Windows\\Temp\\tmp99.tmp"),
        ("\"--quiet\"", "--quiet"),
    ] {
        equal(&run(left), &run(right), left);
    }
    for (left, right) in [
        ("10.1.2.3", "203.0.113.9"),
        ("127.0.0.1:80", "10.1.2.3:80"),
        ("--quiet", "--quit"),
        ("/tr:a", "/tr:b"),
        ("rundll32", "rundll64"),
        ("C:\\Windows\\Temp\\a.dll", "C:\\Windows\\a.dll"),
    ] {
        different(&run(left), &run(right), left);
    }
}

/// What makes another behaviour of it.
const NEAR_MISSES: &[(&str, Change)] = &[
    ("a temporary folder", |document| set(document, IMAGE, json!("C:\\Windows\\Temp\\expand.exe"))),
    ("a temporary folder for the parent", |document| {
        swap(document, PARENT_IMAGE, "\\Program Files\\", "\\Temp\\");
    }),
    ("no signature", |document| set(document, &format!("{EVENT}/FILE_IS_SIGNED"), json!(0))),
    ("an unknown signature", |document| set(document, &format!("{EVENT}/FILE_IS_SIGNED"), Value::Null)),
    ("no signature of the parent", |document| set(document, &format!("{EVENT}/PARENT/FILE_IS_SIGNED"), json!(0))),
    ("one more switch", |document| swap(document, COMMAND, " -r ", " -r -z ")),
    ("one switch less", |document| swap(document, COMMAND, " -r ", " ")),
    ("another parent", |document| set(document, PARENT_IMAGE, json!("C:\\Windows\\explorer.exe"))),
    ("no parent", |document| set(document, &format!("{EVENT}/PARENT/FILE_PATH"), json!(""))),
    ("another file", |document| swap(document, IMAGE, "expand.exe", "expand2.exe")),
    ("another cabinet", |document| swap(document, COMMAND, "index.cab", "payload.cab")),
    ("another rule", |document| set(document, "/source_rule", json!("service.windows_process_creation/other"))),
    ("a user", |document| set(document, &format!("{EVENT}/PARENT/USER_NAME"), json!("CORP\\ana"))),
    ("another kind of event", |document| set(document, "/routing/event_type", json!("EXISTING_PROCESS"))),
];

#[test]
fn a_near_miss_is_another_behaviour() {
    for (why, change) in NEAR_MISSES {
        let mut changed = seed();
        change(&mut changed);
        different(&seed(), &changed, why);
    }
}

#[test]
fn another_encoded_payload_is_another_behaviour() {
    let payload = "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAA=";
    let base = encoded(payload);
    equal(&base, &encoded(payload), "the same");
    different(&base, &encoded("aQBlAHgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAA="), "another payload");
    different(&base, &encoded(&payload.to_lowercase()), "letters of another case decode to another payload");
    let switched = |payload: &str| encoded(&format!("-data:{payload}"));
    different(&switched(payload), &switched(&payload.to_lowercase()), "a payload behind a switch");
}

#[test]
fn other_events_are_told_apart_by_their_values() {
    let asked = |domain: &str, at: i64| {
        let mut document = seed();
        set(&mut document, "/routing/event_type", json!("DNS_REQUEST"));
        let event = json!({"DOMAIN_NAME": domain, "DNS_TYPE": 1, "MESSAGE_ID": at, "TIMESTAMP": at, "PROCESS_ID": at});
        set(&mut document, EVENT, event);
        document
    };
    equal(&asked("example.com", 1), &asked("EXAMPLE.com", 2), "another time");
    different(&asked("example.com", 1), &asked("example.org", 1), "another domain");
}

#[test]
fn paths_and_users_have_classes() {
    assert_eq!(path("c:/Users/Ana/AppData/1.2.3/a.EXE"), "<drive>\\users\\<user>\\appdata\\<version>\\a.exe");
    for (user, class) in [
        ("NT AUTHORITY\\SYSTEM", "system"),
        ("root", "system"),
        ("NT AUTHORITY\\Network Service", "service"),
        ("CORP\\svc_backup", "service"),
        ("CORP\\PC7$", "service"),
        ("CORP\\Administrator", "admin"),
        ("CORP\\ana", "user"),
        ("", "unknown"),
    ] {
        assert_eq!(user_class(user), class, "{user}");
    }
}

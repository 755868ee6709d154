//! Exclusions as rules: what each operator of LimaCharlie's syntax means, and what is made of a detection.
mod candidates;
mod search;

use fusionsoc::tuning::{Rule, RuleError};
use proptest::prelude::*;
use serde_json::{Value, json};

const SEED: &str = include_str!("../fixtures/seed/detection.json");
const RULES: &str = include_str!("../fixtures/exclusions/seed.json");
const DEMO: &str = include_str!("../fixtures/demo/detections.jsonl");
const LIMACHARLIE: &[&str] = &[
    include_str!("../fixtures/limacharlie/adapter_finding.json"),
    include_str!("../fixtures/limacharlie/clock_ahead.json"),
    include_str!("../fixtures/limacharlie/flat_detect.json"),
    include_str!("../fixtures/limacharlie/network_connections.json"),
    include_str!("../fixtures/limacharlie/starting_up.json"),
    include_str!("../fixtures/limacharlie/svchost.json"),
    include_str!("../fixtures/limacharlie/webhook_signed.json"),
];

fn seed() -> Value {
    serde_json::from_str(SEED).unwrap()
}

/// Every sample but the seed.
fn others() -> Vec<Value> {
    let lines = DEMO.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["detection"].clone());
    lines.chain(LIMACHARLIE.iter().map(|text| serde_json::from_str(text).unwrap())).collect()
}

fn matches(rule: &Value, document: &Value) -> bool {
    Rule::read(rule).unwrap_or_else(|error| panic!("{error}: {rule}")).matches(document).unwrap()
}

#[test]
fn the_rules_for_the_seed_hide_it_and_nothing_else() {
    let (rules, others) = (serde_json::from_str::<Vec<Value>>(RULES).unwrap(), others());
    assert_eq!((rules.len(), others.len()), (5, 41));
    for rule in rules {
        assert!(matches(&rule["rule"], &seed()), "{}", rule["name"]);
        let wrong = others.iter().filter(|document| matches(&rule["rule"], document)).count();
        assert_eq!(wrong, 0, "{}", rule["name"]);
    }
}

/// A document for the table.
fn sample() -> Value {
    json!({
        "cat": "Odd thing", "routing": {"hostname": "WS-1", "plat": 0x1000_0000, "tags": ["vip"]},
        "detect": {"event": {
            "FILE_PATH": "C:\\Tools\\Run.EXE", "COMMAND_LINE": "run /a /a", "FILE_IS_SIGNED": 1, "EMPTY": "", "NULL": null,
            "DOMAIN_NAME": "a.b.example.com", "LIST": ["x", "yy"],
            "NETWORK_ACTIVITY": [
                {"SOURCE": {"IP_ADDRESS": "10.0.0.5"}, "DESTINATION": {"IP_ADDRESS": "8.8.8.8", "PORT": 53}},
                {"SOURCE": {"IP_ADDRESS": "192.0.2.1"}, "DESTINATION": {"IP_ADDRESS": "100.64.0.1", "PORT": 445}},
            ],
        }},
    })
}

/// A condition on a field of the event, and whether it holds for the sample.
fn of(held: bool, op: &str, path: &str, more: Value) -> (bool, Value) {
    let mut rule = json!({"op": op, "path": format!("detect/event/{path}")});
    let Value::Object(more) = more else { panic!("an object") };
    rule.as_object_mut().unwrap().extend(more);
    (held, rule)
}

/// What holds for the sample and what does not.
fn table() -> Vec<(bool, Value)> {
    [texts(), numbers_and_domains(), elsewhere()].concat()
}

fn texts() -> Vec<(bool, Value)> {
    vec![
        of(true, "is", "FILE_IS_SIGNED", json!({"value": 1})),
        of(false, "is", "FILE_IS_SIGNED", json!({"value": "1"})),
        of(false, "is", "FILE_PATH", json!({"value": "c:\\tools\\run.exe"})),
        of(true, "is", "FILE_PATH", json!({"value": "c:\\tools\\run.exe", "case sensitive": false})),
        of(true, "is", "FILE_PATH", json!({"value": "Run.EXE", "file name": true})),
        of(true, "is", "FILE_PATH", json!({"value": "other", "not": true})),
        of(true, "is", "MISSING", json!({"value": "other", "not": true})),
        of(true, "is", "LIST", json!({"value": "yy"})),
        of(true, "exists", "EMPTY", json!({})),
        of(false, "exists", "EMPTY", json!({"truthy": true})),
        of(false, "exists", "NULL", json!({"truthy": true})),
        of(false, "exists", "MISSING", json!({})),
        of(true, "contains", "COMMAND_LINE", json!({"value": "/a", "count": 2})),
        of(false, "contains", "COMMAND_LINE", json!({"value": "/a", "count": 3})),
        of(true, "starts with", "FILE_PATH", json!({"value": "C:\\Tools"})),
        of(true, "ends with", "FILE_PATH", json!({"value": ".exe", "case sensitive": false})),
        of(false, "ends with", "FILE_PATH", json!({"value": ".exe"})),
    ]
}

fn numbers_and_domains() -> Vec<(bool, Value)> {
    vec![
        of(true, "is greater than", "NETWORK_ACTIVITY/?/DESTINATION/PORT", json!({"value": 444})),
        of(false, "is lower than", "NETWORK_ACTIVITY/?/DESTINATION/PORT", json!({"value": 53})),
        of(true, "is greater than", "COMMAND_LINE", json!({"value": 8, "length of": true})),
        of(true, "matches", "FILE_PATH", json!({"re": "run\\.exe$"})),
        of(false, "matches", "FILE_PATH", json!({"re": "run\\.exe$", "case sensitive": true})),
        of(true, "string distance", "FILE_PATH", json!({"value": ["x", "Ran.EXE"], "max": 1, "file name": true})),
        of(false, "string distance", "DOMAIN_NAME", json!({"value": "c.d.example.com", "max": 1})),
        of(true, "is", "DOMAIN_NAME", json!({"value": "example.com", "sub domain": "-2:"})),
        of(true, "is", "DOMAIN_NAME", json!({"value": "com", "sub domain": "-1"})),
        of(true, "is", "DOMAIN_NAME", json!({"value": "b", "sub domain": ":"})),
        of(true, "cidr", "NETWORK_ACTIVITY/SOURCE/IP_ADDRESS", json!({"cidr": "10.0.0.0/8"})),
        of(false, "cidr", "NETWORK_ACTIVITY/SOURCE/IP_ADDRESS", json!({"cidr": "10.1.0.0/16"})),
        of(true, "is private address", "NETWORK_ACTIVITY/?/DESTINATION/IP_ADDRESS", json!({})),
        of(true, "is public address", "NETWORK_ACTIVITY/?/DESTINATION/IP_ADDRESS", json!({})),
        of(false, "is public ipv6 address", "NETWORK_ACTIVITY/?/DESTINATION/IP_ADDRESS", json!({})),
    ]
}

fn elsewhere() -> Vec<(bool, Value)> {
    let scope = |port: i64| {
        json!({"op": "scope", "path": "detect/event/NETWORK_ACTIVITY/", "rule": {"op": "and", "rules": [
            {"op": "starts with", "path": "event/SOURCE/IP_ADDRESS", "value": "10."},
            {"op": "is", "path": "event/DESTINATION/PORT", "value": port},
            {"op": "is", "path": "routing/hostname", "value": "WS-1"}]}})
    };
    vec![
        (true, json!({"op": "is", "path": "detect/*/PORT", "value": 445})),
        (true, json!({"op": "is", "path": "*/cat", "value": "Odd thing"})),
        (true, json!({"op": "is", "path": "?/hostname", "value": "WS-1"})),
        (false, json!({"op": "is", "path": "?/PORT", "value": 445})),
        (true, json!({"op": "is windows"})),
        (false, json!({"op": "is linux"})),
        (true, json!({"op": "is platform", "name": "windows"})),
        (true, json!({"op": "is tagged", "tag": "vip"})),
        (false, json!({"op": "is tagged", "tag": "VIP"})),
        (true, scope(53)),
        (false, scope(445)),
    ]
}

#[test]
fn each_operator_means_what_limacharlie_says() {
    for (held, rule) in table() {
        assert_eq!(matches(&rule, &sample()), held, "{rule}");
    }
}

#[test]
fn what_cannot_be_evaluated_here_is_an_error_not_a_no() {
    for rule in [
        json!({"op": "lookup", "path": "cat", "resource": "hive://lookup/x"}),
        json!({"op": "is older than", "path": "ts", "seconds": 5}),
        json!({"op": "is", "path": "cat", "value": "<<routing/hostname>>"}),
        json!({"op": "is", "path": "cat", "value": "[[known]]"}),
        json!({"op": "is", "path": "cat", "value": "x", "times": []}),
        json!({"op": "matches", "path": "cat", "re": "(?=x)"}),
        json!({"op": "matches", "path": "cat", "re": "(\\w{1000}){1000}"}),
        json!({"op": "is platform", "name": "zeek"}),
        json!({"op": "and", "rules": [{"op": "is windows"}, {"op": "is 64 bit"}]}),
    ] {
        assert!(matches!(Rule::read(&rule), Err(RuleError::Unsupported(_))), "{rule}: {:?}", Rule::read(&rule));
    }
    for rule in [
        json!([]),
        json!({"op": "is", "path": "", "value": 1}),
        json!({"op": "and", "rules": []}),
        json!({"path": "cat"}),
    ] {
        assert!(matches!(Rule::read(&rule), Err(RuleError::Invalid { .. })), "{rule}");
    }
}

#[test]
fn a_hostile_document_or_rule_ends_in_an_error() {
    let deep = (0..100).fold(json!({}), |inner, _| json!({"a": inner, "b": [inner, 1]}).take_small());
    let wide: Value = (0..200_000).map(Value::from).collect::<Vec<_>>().into();
    let rule = Rule::read(&json!({"op": "is", "path": "*/a/*/b/*/c", "value": 1})).unwrap();
    let _ = rule.matches(&deep);
    assert!(Rule::read(&json!({"op": "is", "path": "a", "value": 1})).unwrap().matches(&json!({"a": wide})).is_err());
    let nested = (0..40).fold(json!({"op": "is windows"}), |inner, _| json!({"op": "or", "rules": [inner]}));
    assert!(Rule::read(&nested).is_err());
    let many: Vec<Value> = (0..500).map(|_| json!({"op": "is windows"})).collect();
    assert!(Rule::read(&json!({"op": "and", "rules": many})).is_err());
}

/// Keeps a test document that doubles at every level from outgrowing memory.
trait Small {
    fn take_small(self) -> Self;
}

impl Small for Value {
    fn take_small(self) -> Self {
        if self.to_string().len() < 100_000 { self } else { json!({"a": 1}) }
    }
}

proptest! {
    #[test]
    fn not_turns_a_rule_around(at in 0..43_usize) {
        let (held, mut rule) = table()[at].clone();
        let not = !rule["not"].as_bool().unwrap_or(false);
        rule["not"] = json!(not);
        prop_assert_eq!(matches(&rule, &sample()), !held);
    }

    #[test]
    fn and_or_agree_with_their_parts(one in 0..43_usize, other in 0..43_usize) {
        let (one, other) = (table()[one].clone(), table()[other].clone());
        let both = |op: &str| matches(&json!({"op": op, "rules": [one.1, other.1]}), &sample());
        prop_assert_eq!((both("and"), both("or")), (one.0 && other.0, one.0 || other.0));
    }

    #[test]
    fn any_text_equals_itself_and_is_found(text in "[^\u{0}]{1,40}", before in ".{0,10}") {
        prop_assume!(!text.contains("<<") && !text.contains("[["));
        let document = json!({"a": format!("{before}{text}")});
        for op in ["contains", "ends with"] {
            let rule = json!({"op": op, "path": "a", "value": text});
            prop_assert!(matches(&rule, &document));
        }
        let rule = json!({"op": "is", "path": "a", "value": text});
        let alone = json!({"a": text});
        prop_assert!(matches(&rule, &alone));
    }

    #[test]
    fn no_rule_text_makes_it_panic(op in "[a-z ]{0,14}", path in ".{0,30}", value in ".{0,30}") {
        let keys = ["value", "re", "cidr", "tag", "sub domain"];
        for key in keys {
            if let Ok(rule) = Rule::read(&json!({"op": op, "path": path, key: value})) {
                let _ = rule.matches(&sample());
            }
            let _ = Rule::read(&json!({"op": "is", "path": path, "value": value, key: value}));
        }
    }
}

//! `AbuseIPDB`, MISP and lists of our own: their formats, what they amount to, and answers about something else.
use crate::intel::fakes::{
    CHILD, Informed, KEY, PARENT, answer, file, informed_with, piece, received, verdict, vetoes,
};
use crate::support::SEED;
use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const IP: &str = "45.83.12.9";

/// The seed's detection with an address.
fn with_ip() -> String {
    let mut detection: Value = serde_json::from_str(SEED).unwrap();
    detection["detect"]["event"]["IP_ADDRESS"] = json!(IP);
    detection.to_string()
}

/// What `AbuseIPDB` says of an address.
fn reported(ip: &str, score: impl Into<Value>, reports: i64) -> Value {
    let score: Value = score.into();
    json!({"data": {
        "ipAddress": ip, "isPublic": true, "ipVersion": 4, "isWhitelisted": null, "abuseConfidenceScore": score, "countryCode": "NL",
        "usageType": "Data Center/Web Hosting/Transit", "isp": "Example Hosting <b>", "domain": "hosting.example", "hostnames": [], "isTor": false,
        "totalReports": reports, "numDistinctUsers": 3, "lastReportedAt": "2026-03-18T20:00:00+00:00",
    }})
}

/// A case with an address about which `AbuseIPDB` says this.
async fn abuse(reply: ResponseTemplate) -> (Informed, Value) {
    let fake = MockServer::start().await;
    let asked =
        Mock::given(method("GET")).and(path("/check")).and(header("key", KEY)).and(query_param("ipAddress", IP));
    asked.and(query_param("maxAgeInDays", "90")).respond_with(reply).mount(&fake).await;
    let it = informed_with(|section, dir| {
        section["abuseipdb"] = json!({"api_key_file": file(dir, "abuse.key", KEY), "base_url": fake.uri()});
    })
    .await;
    let case = it.triaged(&with_ip()).await;
    assert_eq!(fake.received_requests().await.unwrap().len(), 1, "only the address is asked about");
    (it, case)
}

#[tokio::test]
async fn abuseipdb_knows_addresses() {
    let reply = |score: i64, reports| ResponseTemplate::new(200).set_body_json(reported(IP, json!(score), reports));
    for (score, reports, state, wanted) in [
        (100, 212, "answered", "malicious"),
        (40, 3, "answered", "suspicious"),
        (1, 1, "answered", "suspicious"),
        (0, 0, "unknown", "unknown"),
    ] {
        let (_, case) = abuse(reply(score, reports)).await;
        assert_eq!(
            (&answer(&case, "abuseipdb", IP)["state"], verdict(&case, IP)),
            (&json!(state), &json!(wanted)),
            "{score}"
        );
        assert_eq!(vetoes(&case).contains(&"intelligence"), state == "answered", "also where it is only suspicious");
    }
    let (it, case) = abuse(reply(100, 212)).await;
    let page = it.page("/cases/1").await;
    for text in [
        "Abuse confidence 100%, 212 reports in 90 days.",
        "https://www.abuseipdb.com/check/45.83.12.9",
        "Example Hosting &#60;b&#62;",
    ] {
        assert!(page.contains(text), "{text} is not on the page");
    }
    assert!(case["runs"][0]["flags"].to_string().contains("AbuseIPDB calls it malicious."));
}

#[tokio::test]
async fn abuseipdb_is_not_believed_blindly() {
    let error = json!({"errors": [{"detail": "Daily rate limit of 1000 requests exceeded", "status": 429}]});
    let ok = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    for (reply, state, why) in [
        (ok(reported("45.83.12.10", json!(0), 0)), "failed", "about another value"),
        (ok(reported(IP, json!("0"), 0)), "failed", "no usable score"),
        (ok(reported(IP, json!(101), 0)), "failed", "no usable score"),
        (ok(json!({})), "failed", "about another value"),
        (ResponseTemplate::new(404).set_body_json(json!({})), "failed", "is base_url right?"),
        (ResponseTemplate::new(401).set_body_json(error.clone()), "failed", "refused the key"),
        (ResponseTemplate::new(429).insert_header("retry-after", "3600").set_body_json(error), "waiting", "too often"),
    ] {
        let (_, case) = abuse(reply).await;
        let told = answer(&case, "abuseipdb", IP);
        assert_eq!((&told["state"], verdict(&case, IP)), (&json!(state), &json!("unknown")), "{why}");
        assert!(told["why"].as_str().unwrap().contains(why), "{told}");
    }
}

/// An attribute as MISP gives it.
fn attribute(value: &str, to_ids: impl Into<Value>) -> Value {
    let to_ids: Value = to_ids.into();
    json!({
        "id": "4821", "event_id": "97", "object_id": "0", "category": "Payload delivery", "type": "filename|sha256", "to_ids": to_ids, "uuid": "5b3fd018-92e6-4c7d-a1b4-7f60e2d9c835",
        "timestamp": "1771977600", "distribution": "5", "comment": "", "deleted": false, "value": value,
        "Event": {"id": "97", "info": "Loader of March", "org_id": "1", "orgc_id": "2", "uuid": "1d8e4a63-c07b-4f95-8a26-b93c69bb97d3"},
        "Tag": [{"id": "3", "name": "tlp:green", "colour": "#33FF00"}],
    })
}

/// A case with a MISP that says this about the seed's file.
async fn misp(reply: ResponseTemplate) -> (Informed, MockServer, Value) {
    let fake = MockServer::start().await;
    let about = |value: &str| {
        let asked = Mock::given(method("POST")).and(path("/attributes/restSearch")).and(header("authorization", KEY));
        asked.and(body_partial_json(
            json!({"returnFormat": "json", "value": [value], "type": ["sha256", "filename|sha256"]}),
        ))
    };
    about(CHILD).respond_with(reply).mount(&fake).await;
    let none = json!({"response": {"Attribute": []}});
    about(PARENT).respond_with(ResponseTemplate::new(200).set_body_json(none)).mount(&fake).await;
    let it = informed_with(|section, dir| {
        section["misp"] = json!([{"name": "isac", "api_key_file": file(dir, "misp.key", KEY), "base_url": fake.uri()}]);
    })
    .await;
    let case = it.triaged(SEED).await;
    (it, fake, case)
}

#[tokio::test]
async fn misp_finds_attributes_with_exactly_the_value() {
    let found = json!({"response": {"Attribute": [attribute(&format!("x.exe|{CHILD}"), json!(true)), attribute(CHILD, json!(false))]}});
    let (it, fake, case) = misp(ResponseTemplate::new(200).set_body_json(found)).await;
    assert_eq!(
        (verdict(&case, CHILD), &answer(&case, "misp:isac", PARENT)["state"]),
        (&json!("malicious"), &json!("unknown"))
    );
    assert!(vetoes(&case).contains(&"intelligence"));
    let page = it.page("/cases/1").await;
    let link = format!("{}/events/view/97", fake.uri());
    for text in ["2 attributes, 1 marked for intrusion detection.", "Loader of March, tlp:green", "2026-02-25", &link] {
        assert!(page.contains(text), "{text} is not on the page");
    }
    assert!(received(&fake).await.contains("enforceWarninglist"));
}

#[tokio::test]
async fn misp_s_attributes_are_called_attributes() {
    let found = json!({"response": {"Attribute": [attribute(CHILD, json!(true)), attribute(CHILD, json!(false))]}});
    let (it, _, case) = misp(ResponseTemplate::new(200).set_body_json(found)).await;
    let said = case["runs"][0]["flags"].to_string();
    assert!(said.contains("MISP isac: 1 of 2 attributes are marked for intrusion detection."), "{said}");
    let page = it.page("/cases/1").await;
    assert!(!page.contains("engines") && page.contains("MISP isac"), "nothing there is an engine");
    let found = json!({"response": {"Attribute": [attribute(CHILD, json!(false))]}});
    let (_, _, case) = misp(ResponseTemplate::new(200).set_body_json(found)).await;
    let said = case["runs"][0]["flags"].to_string();
    assert!(said.contains("MISP isac knows it, though nothing there is marked"), "{said}");
}

#[tokio::test]
async fn where_misp_s_answer_was_cut_is_told() {
    for (rows, told) in [
        (100, "100 attributes, 100 marked for intrusion detection."),
        (101, "More than 100 attributes; of the first 100, 100 are marked for intrusion detection."),
        (1, "1 attribute, marked for intrusion detection."),
    ] {
        let rows: Vec<Value> = (0..rows).map(|_| attribute(CHILD, json!(true))).collect();
        let (_, fake, case) =
            misp(ResponseTemplate::new(200).set_body_json(json!({"response": {"Attribute": rows}}))).await;
        assert_eq!(answer(&case, "misp:isac", CHILD)["answer"]["note"], told);
        assert!(received(&fake).await.contains("\"limit\":101"));
    }
}

#[tokio::test]
async fn misp_is_asked_for_the_forms_of_a_url_in_one_question() {
    let mut detection: Value = serde_json::from_str(SEED).unwrap();
    let event = detection["detect"]["event"].as_object_mut().unwrap();
    event.remove("PARENT");
    event.remove("HASH");
    event.insert("URL".to_owned(), json!("http://me:pw@Evil.example.net/a%20b/"));
    for stored in ["evil.example.net/a%20b", "https://evil.example.net/a%20b/", "hxxp"] {
        let fake = MockServer::start().await;
        let found = json!({"response": {"Attribute": [attribute(stored, json!(true))]}});
        let asked = Mock::given(method("POST")).and(body_partial_json(json!({"type": ["url", "uri", "link"]})));
        asked.respond_with(ResponseTemplate::new(200).set_body_json(found)).mount(&fake).await;
        let none = json!({"response": {"Attribute": []}});
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_json(none)).mount(&fake).await;
        let it = informed_with(|section, dir| {
            section["urls"] = json!(true);
            section["misp"] = json!({"api_key_file": file(dir, "misp.key", KEY), "base_url": fake.uri()});
        })
        .await;
        let case = it.triaged(&detection.to_string()).await;
        let all = case["intelligence"].as_array().unwrap();
        let of_url = all.iter().find(|one| one["provider"] == "misp" && one["type"] == "url").unwrap();
        assert_eq!(of_url["verdict"] == "malicious", stored != "hxxp", "{stored}: {of_url}");
        let sent = received(&fake).await;
        let forms = ["https://evil.example.net/a%20b/", "http://evil.example.net/a%20b", "\"evil.example.net/a%20b/\""];
        assert!(forms.iter().all(|form| sent.contains(form)) && !sent.contains("me:pw"), "{sent}");
        assert_eq!(sent.matches("\"link\"").count(), 1, "one question");
    }
}

#[tokio::test]
async fn misp_is_not_believed_blindly() {
    let ok = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    let refused =
        json!({"name": "Authentication failed.", "message": "Authentication failed.", "url": "/attributes/restSearch"});
    for (reply, why) in [
        (ok(json!({"response": {"Attribute": [attribute(PARENT, json!(true))]}})), "about another value"),
        (ok(json!({"response": {"Attribute": [attribute(CHILD, json!("1"))]}})), "no usable to_ids"),
        (ok(json!({"response": {"Attribute": {}}})), "no usable list"),
        (ok(json!({"errors": "x"})), "no usable list"),
        (
            ResponseTemplate::new(403).set_body_json(refused),
            "it refused the key (it answered 403: Authentication failed.)",
        ),
    ] {
        let (_, _, case) = misp(reply).await;
        let told = answer(&case, "misp:isac", CHILD);
        assert_eq!((&told["state"], verdict(&case, CHILD)), (&json!("failed"), &json!("unknown")), "{why}");
        assert!(told["why"].as_str().unwrap().contains(why), "{told}");
    }
}

/// A case on which these lists are laid.
async fn lists(change: impl FnOnce(&mut Value, &std::path::Path), malicious: i64) -> Value {
    let it = informed_with(|section, dir| {
        section["lists"] = json!({});
        change(&mut section["lists"], dir);
    })
    .await;
    if malicious > 0 {
        it.fake.knows(CHILD, malicious, 0);
    }
    it.triaged(SEED).await
}

#[tokio::test]
async fn a_deny_list_calls_malicious_whatever_the_type() {
    let rows = "type,value,note\n# of March\nhost,DESKTOP-4kq7m2x,\"ours, \"\"old\"\"\"\nip,127.0.0.1,\n";
    let case = lists(|lists, dir| lists["deny_file"] = file(dir, "deny.csv", rows).into(), 0).await;
    assert_eq!((verdict(&case, "desktop-4kq7m2x"), verdict(&case, CHILD)), (&json!("malicious"), &json!("unknown")));
    let told = answer(&case, "deny", "desktop-4kq7m2x");
    assert_eq!(
        (&told["answer"]["note"], &told["answer"]["labels"][0]),
        (&json!("It is on the deny list."), &json!("ours, \"old\""))
    );
    assert!(vetoes(&case).contains(&"intelligence") && piece(&case)["state"] == "ok");
}

#[tokio::test]
async fn an_allow_list_and_known_good_hashes_never_overrule_who_calls_it_malicious() {
    let allow = |lists: &mut Value, dir: &std::path::Path| {
        lists["allow_file"] = file(dir, "allow.csv", &format!("sha256,{CHILD},our agent\n")).into();
    };
    let nsrl = format!(
        "\"SHA-1\",\"MD5\",\"FileName\"\n\"{}\",\"{}\",\"expand.exe\"\n{}\n",
        "0".repeat(40),
        "0".repeat(32),
        CHILD.to_uppercase()
    );
    let known =
        |lists: &mut Value, dir: &std::path::Path| lists["known_good_file"] = file(dir, "nsrl.csv", &nsrl).into();
    assert_eq!(verdict(&lists(allow, 0).await, CHILD), "known_good");
    assert_eq!(verdict(&lists(known, 0).await, CHILD), "known_good");
    for case in [lists(allow, 2).await, lists(known, 2).await] {
        assert_eq!(verdict(&case, CHILD), "malicious");
        assert!(vetoes(&case).contains(&"intelligence"));
    }
}

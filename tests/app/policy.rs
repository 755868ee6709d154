//! The policy of each organisation: what it changes, for whom, and who may.
mod preview;

use crate::support::{Server, add_org, add_token, fakes, http, seed_id, seed_with, spawn, spawn_with};
use fusionsoc::domain::role::Scope;
use fusionsoc::domain::{AutoClose, Role};
use fusionsoc::store::Store;
use fusionsoc::triage::policy::alarming_tags;
use fusionsoc::voters::VoterConfig;
use serde_json::Value;

/// A form in which everything is as in the settings file but these.
fn form<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("auto_close", ""),
        ("limit", ""),
        ("review_share", ""),
        ("veto_severity", ""),
        ("tags", ""),
        ("veto_tags", ""),
        ("veto_rules", ""),
        ("version", "0"),
    ];
    for (name, value) in fields {
        all.iter_mut().filter(|known| known.0 == *name).for_each(|known| known.1 = value);
    }
    all
}

/// The kinds of vetoes of a new detection of an organisation, and what its run notes.
async fn triaged(server: &Server, token: &str, id: &str) -> (Vec<String>, String) {
    let short = &id[id.len() - 1..];
    let detection =
        seed_with(&[(&seed_id(), id), ("desktop-4kq7m2x", id), ("a47d2c95-6b08", &format!("a47d2c95-{short}b08"))]);
    let sent = http().post(format!("{}/api/v1/detections", server.url)).bearer_auth(token).body(detection);
    let reply = sent.header("content-type", "application/json").send().await.unwrap();
    assert_eq!(reply.status(), 202);
    server.run_jobs().await;
    let case = newest(server, token).await;
    let run = &case["runs"][0];
    let kinds = run["vetoes"].as_array().unwrap().iter().map(|veto| veto["kind"].as_str().unwrap().to_owned());
    (kinds.collect(), run["note"].as_str().unwrap_or_default().to_owned())
}

async fn newest(server: &Server, token: &str) -> Value {
    let get = async |path: String| -> Value {
        let reply = http().get(format!("{}{path}", server.url)).bearer_auth(token).send().await.unwrap();
        serde_json::from_str(&reply.text().await.unwrap()).unwrap()
    };
    let all = get("/api/v1/cases?limit=1".to_owned()).await;
    get(format!("/api/v1/cases/{}", all["cases"][0]["number"])).await
}

/// Lines of the ledger with this action: object, old and new value.
async fn entered(server: &Server, action: &str) -> Vec<(String, String, String)> {
    let sql = format!("SELECT object, old_value, new_value FROM ledger WHERE action = '{action}' ORDER BY id");
    match &server.app.store {
        Store::Sqlite { read, .. } => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(read).await.unwrap(),
        Store::Postgres(pool) => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await.unwrap(),
    }
}

fn has(kinds: &[String], kind: &str) -> bool {
    kinds.iter().any(|one| one == kind)
}

#[tokio::test]
async fn what_an_organisation_sets_counts_from_its_next_triage_on_and_for_no_other() {
    let server = spawn().await;
    let other = add_org(&server.app.store, "other", None).await;
    let token = add_token(&server.app.store, other, Scope::ALL).await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let (kinds, note) = triaged(&server, &server.token, "host-1").await;
    assert!(has(&kinds, "host_tags") && !has(&kinds, "severity"), "{kinds:?}");
    assert!(!note.contains("own policy"), "{note}");
    let own = form(&[("tags", "none"), ("veto_severity", "informational")]);
    assert_eq!(lea.post("/admin/policy/acme", &own).await.status(), 303);
    let (kinds, _) = triaged(&server, &server.token, "host-2").await;
    assert!(!has(&kinds, "host_tags") && has(&kinds, "severity"), "{kinds:?}");
    let (kinds, _) = triaged(&server, &token, "host-3").await;
    assert!(has(&kinds, "host_tags") && !has(&kinds, "severity"), "another organisation: {kinds:?}");
    let changed = form(&[("tags", "own"), ("veto_tags", "YARA_*_memory\nlab-*"), ("version", "1")]);
    assert_eq!(lea.post("/admin/policy/acme", &changed).await.status(), 303);
    let (kinds, _) = triaged(&server, &server.token, "host-4").await;
    assert!(has(&kinds, "host_tags") && !has(&kinds, "severity"), "{kinds:?}");
    let case = newest(&server, &server.token).await;
    let (_, page) = lea.page(&format!("/cases/{}", case["number"])).await;
    assert!(page.contains("own policy held, version 2."), "the run says under what it was concluded");
    assert!(lea.page("/admin/policy").await.1.contains("YARA_*_memory\nlab-*"));
}

#[tokio::test]
async fn pages_mark_tags_by_the_policy_of_the_organisation() {
    let server = spawn().await;
    let lea = server.sign_in("lea", Role::Lead).await;
    triaged(&server, &server.token, "host-1").await;
    let marked = async || lea.page("/sensors").await.1.contains("yara_detection_memory");
    assert!(marked().await, "the list names alarming tags");
    assert_eq!(lea.post("/admin/policy/acme", &form(&[("tags", "none")])).await.status(), 303);
    assert!(!marked().await);
}

#[tokio::test]
async fn a_lead_sets_the_policy_of_own_organisations_and_nobody_below() {
    let server = spawn().await;
    let other = add_org(&server.app.store, "other", None).await;
    let (ana, lea) = (server.sign_in("ana", Role::Analyst).await, server.sign_in("lea", Role::Lead).await);
    let (eve, ada) =
        (server.sign_in_to(other, "eve", Role::Lead).await, server.sign_in_to(other, "ada", Role::Admin).await);
    let own = form(&[("veto_severity", "low")]);
    assert_eq!(ana.page("/admin/policy").await.0, 403);
    assert_eq!(ana.post("/admin/policy/acme", &own).await.status(), 403);
    for stranger in [&eve, &ada] {
        assert!(!stranger.page("/admin/policy").await.1.contains("acme"), "not listed");
        assert_eq!(stranger.post("/admin/policy/acme", &own).await.status(), 404);
    }
    let cloud = [("cloud", "allow"), ("sure", "true"), ("version", "0")];
    assert_eq!(ada.post("/admin/policy/acme/cloud", &cloud).await.status(), 404);
    assert_eq!(lea.post("/admin/policy/acme/cloud", &cloud).await.status(), 403);
    assert!(!lea.page("/admin/policy").await.1.contains("/cloud\""), "no form for what a lead may not do");
    assert!(entered(&server, "policy").await.is_empty() && entered(&server, "org_cloud").await.is_empty());
    assert_eq!(lea.post("/admin/policy/acme", &own).await.status(), 303);
}

#[tokio::test]
async fn no_organisation_lets_the_machine_go_further_than_the_settings_file() {
    let server = spawn_with(|config| config.policy.auto_close = AutoClose::Propose).await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let page = lea.page("/admin/policy").await.1;
    assert!(page.contains("No further than the settings file goes: propose.") && !page.contains("value=\"auto\""));
    let refused = lea.post("/admin/policy/acme", &form(&[("auto_close", "auto"), ("limit", "1.5")])).await;
    assert_eq!(refused.status(), 422);
    let text = refused.text().await.unwrap();
    assert!(text.contains("Automatic closing: the settings file allows no more than"), "the field is named");
    assert!(text.contains("value=\"1.5\""), "what was typed is kept");
    assert_eq!(
        lea.post("/admin/policy/acme", &form(&[("auto_close", "shadow")])).await.status(),
        303,
        "less is allowed"
    );
    // The operator lowers the ceiling under what was set.
    server.sql("UPDATE org_policies SET auto_close = 'auto'").await;
    let page = lea.page("/admin/policy").await.1;
    assert!(page.contains("It was set to &#34;close alone&#34; here; the settings file allows no more"), "{page}");
    let mut tx = server.app.store.read().await.unwrap();
    let own = fusionsoc::store::policies::of_org(&mut tx, server.org_id).await.unwrap();
    assert_eq!(server.app.config.policy.of(&own).auto_close, AutoClose::Propose);
}

#[tokio::test]
async fn a_form_that_is_behind_changes_nothing_and_keeps_what_was_typed() {
    let server = spawn().await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let first = form(&[("limit", "1"), ("tags", "own"), ("veto_tags", "first-*")]);
    assert_eq!(lea.post("/admin/policy/acme", &first).await.status(), 303);
    assert_eq!(lea.post("/admin/policy/acme", &first).await.status(), 303, "the same again is no change");
    let behind = form(&[("limit", "3"), ("tags", "own"), ("veto_tags", "second-*")]);
    let refused = lea.post("/admin/policy/acme", &behind).await;
    assert_eq!(refused.status(), 409);
    let text = refused.text().await.unwrap();
    assert!(text.contains("second-*") && text.contains("name=\"version\" value=\"1\""), "{text}");
    let said = entered(&server, "policy").await;
    let told: Vec<_> = said.iter().map(|(object, old, new)| (object.as_str(), old.as_str(), new.as_str())).collect();
    let usual = |name: &str| format!("{name}: as in the settings file");
    let (limit, tags) = (usual("limit"), usual("veto_tags"));
    assert_eq!(
        told,
        [("org:acme", limit.as_str(), "limit: 1%"), ("org:acme", tags.as_str(), "veto_tags: first-*")],
        "once, setting by setting"
    );
    let ada = server.sign_in("ada", Role::Admin).await;
    let cloud = [("cloud", "allow"), ("sure", "true"), ("version", "0")];
    assert_eq!(ada.post("/admin/policy/acme/cloud", &cloud).await.status(), 409);
}

#[tokio::test]
async fn data_leave_only_after_an_admin_said_to_know_what_leaves() {
    let cloud = fakes::ollama("m", &fakes::answer("false_positive", 90).to_string()).await;
    let voter = VoterConfig { cloud: true, timeout_s: 20, ..VoterConfig::ollama("m", &cloud.uri(), "m") };
    let server = spawn_with(|config| config.voters = vec![voter]).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    assert!(ada.page("/admin/policy").await.1.contains("I know that command lines, host and user names leave"));
    let unsure = ada.post("/admin/policy/acme/cloud", &[("cloud", "allow"), ("version", "0")]).await;
    assert_eq!(unsure.status(), 422);
    assert!(unsure.text().await.unwrap().contains("Cloud voters: tick that you know what leaves."));
    triaged(&server, &server.token, "host-1").await;
    assert_eq!(fakes::chats(&cloud).await, 0);
    let sure = [("cloud", "allow"), ("sure", "true"), ("version", "0")];
    assert_eq!(ada.post("/admin/policy/acme/cloud", &sure).await.status(), 303);
    triaged(&server, &server.token, "host-2").await;
    let asked = fakes::chats(&cloud).await;
    assert!(asked > 0, "the next triage asks");
    assert_eq!(ada.post("/admin/policy/acme/cloud", &[("cloud", "forbid"), ("version", "1")]).await.status(), 303);
    triaged(&server, &server.token, "host-3").await;
    assert_eq!(fakes::chats(&cloud).await, asked, "and none after");
    let told = |old: &str, new: &str| ("org:acme".to_owned(), old.to_owned(), new.to_owned());
    assert_eq!(entered(&server, "org_cloud").await, [told("forbid", "allow"), told("allow", "forbid")]);
}

#[tokio::test]
async fn what_is_no_policy_is_refused_by_name() {
    let server = spawn().await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let (many, long) = ((0..51).map(|at| format!("t{at}")).collect::<Vec<_>>().join("\n"), "x".repeat(65));
    let patterns = |text| [("tags", "own"), ("veto_tags", text)];
    for (fields, says) in [
        (vec![("limit", "11")], "Missed true positives: a number of percent between 0 and 10"),
        (vec![("limit", "nan")], "Missed true positives"),
        (vec![("review_share", "0")], "Blind review: a number of percent between 1 and 100"),
        (vec![("review_share", "1e9")], "Blind review"),
        (vec![("veto_severity", "worst")], "Severity veto"),
        (vec![("auto_close", "always")], "Automatic closing"),
        (vec![("tags", "some")], "Tag veto: choose one"),
        (patterns("").to_vec(), "Tag veto: write at least one pattern"),
        (patterns(&many).to_vec(), "Tag veto: at most 50 patterns"),
        (patterns(&long).to_vec(), "Tag veto: &#34;xxxx"),
        (patterns("ok\n**").to_vec(), "Tag veto: a pattern of * alone"),
        (patterns("<b>\u{202e}").to_vec(), "Tag veto"),
        (vec![("veto_rules", "**")], "Rule veto"),
        (vec![("veto_rules", "<b>\u{202e}\u{1}")], "Rule veto"),
    ] {
        let refused = lea.post("/admin/policy/acme", &form(&fields)).await;
        assert_eq!(refused.status(), 422, "{fields:?}");
        let text = refused.text().await.unwrap();
        assert!(text.contains(says) && !text.contains("<b>\u{202e}"), "{fields:?}: {text}");
    }
    assert!(entered(&server, "policy").await.is_empty());
}

#[test]
fn no_pattern_and_no_tag_makes_the_look_at_tags_slow() {
    let pattern = format!("{}b", "a*".repeat(31));
    let tag = "a".repeat(20_000);
    let started = std::time::Instant::now();
    assert_eq!(alarming_tags(&[tag], &[pattern]), Vec::<&str>::new());
    assert!(started.elapsed() < std::time::Duration::from_secs(2));
    let fits = |pattern: &str, tag: &str| !alarming_tags(&[tag.to_owned()], &[pattern.to_owned()]).is_empty();
    for (pattern, tag, expected) in [
        ("a*b", "ab", true),
        ("a*a", "a", false),
        ("*-CRITICAL", "edr-critical", true),
        ("x*y*z", "x1y2z", true),
        ("x*y*z", "xzy", false),
        ("*mid*", "amidst", true),
        ("*mid*", "mdi", false),
        ("tag", "tags", false),
        ("a**b", "a-b", true),
    ] {
        assert_eq!(fits(pattern, tag), expected, "{pattern} {tag}");
    }
}

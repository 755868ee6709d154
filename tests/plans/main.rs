//! No page reads a growing table from end to end: every statement that a page runs is caught, and SQLite is asked how it would answer it.
//! A program of its own, because it listens to all statements of its process.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod audit;
mod levels;
mod lookups;
#[path = "../support/mod.rs"]
mod support;

use crate::support::{Person, Server, seed_id, seed_with};
use fusionsoc::domain::{Role, Verdict};
use fusionsoc::store::Store;
use fusionsoc::store::bulk::{self, New, NewMember, Why};
use fusionsoc::store::looks::Look;
use serde_json::{Value, json};
use sqlx::Row;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

/// Tables that grow with what arrives.
const GROWING: &str = "cases detections observables case_observables case_fingerprints case_atoms case_techniques timeline \
    ledger runs votes notes actions intel intel_cache intel_calls evidence activity precedents sensors \
    rules rejects jobs notifications exclusion_hits exclusion_conflicts measured confusion calibration \
    voter_versions trial_cases trial_votes learnt spending drafts views looks handovers daily merges \
    merged_atoms merged_observables merged_techniques kept_apart case_links note_versions reminders \
    case_tags tags templates case_templates tasks bulk_acts bulk_members";

static STATEMENTS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

struct Catch;

impl<S: tracing::Subscriber> Layer<S> for Catch {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let text = if fields.statement.trim().is_empty() { fields.summary } else { fields.statement };
            STATEMENTS.lock().unwrap().insert(text.trim().to_owned());
        }
    }
}

#[derive(Default)]
struct Fields {
    summary: String,
    statement: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// Some cases, decided and open.
async fn fill(server: &Server) -> Person {
    for number in 0..11 {
        let (id, host) = (format!("plan-{number}"), format!("host-{number}"));
        let detection = seed_with(&[
            (&seed_id(), &id),
            ("desktop-4kq7m2x", &host),
            ("a47d2c95-6b08", &format!("a47d2c95-{number}b08")),
        ]);
        let (status, answer) = server.post("/api/v1/detections", detection).await;
        assert_eq!(status, 202, "{answer}");
    }
    server.run_jobs().await;
    let person = server.sign_in("eve", Role::Lead).await;
    let declared = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    // So many that exclusions are looked for.
    for case in [1, 7, 8, 9, 10, 11] {
        assert_eq!(person.post(&format!("/cases/{case}/verdict"), &declared).await.status(), 303);
    }
    assert_eq!(person.post("/cases/6/merge", &[("into", "5")]).await.status(), 303);
    assert_eq!(person.post("/cases/2/link", &[("to", "5")]).await.status(), 303);
    let proposed = [("case", "1"), ("name", "fp-plan"), ("comment", "Known"), ("days", "90")];
    let proposed = [&proposed[..], &[("condition", "cat"), ("condition", "image")]].concat();
    assert_eq!(person.post("/tuning", &proposed).await.status(), 303);
    let ana = server.sign_in("ana", Role::Admin).await;
    let saved = [("name", "Low"), ("query", "view=needs_decision&severity=low&org=acme")];
    assert_eq!(ana.post("/views", &saved).await.status(), 303);
    let trial = [("voter", "builtin:rules"), ("mode", "unanimous"), ("cases", "10")];
    assert_eq!(person.post("/models/trials", &trial).await.status(), 303);
    server.run_jobs().await;
    // So that it tells what it does.
    server.sql("UPDATE exclusions SET state = 'approved'").await;
    // So that case 2 has something to tell her.
    let mut tx = server.app.store.write().await.unwrap();
    let look = Look { user_id: 2, case: 2, seen_id: 0, at_ms: 1 };
    fusionsoc::store::looks::note(&mut tx, &[look]).await.unwrap();
    tx.commit().await.unwrap();
    for (path, fields) in [("notes", [("body", "Plan")]), ("tags", [("add", "plan")]), ("snooze", [("until", "1h")])] {
        assert_eq!(ana.post(&format!("/cases/2/{path}"), &fields).await.status(), 303, "{path}");
    }
    act(server).await;
    ana
}

/// An act over two cases, one of them left out.
async fn act(server: &Server) {
    let member = |case_number, why| NewMember {
        case_number,
        org_id: server.org_id,
        version: 1,
        behaviours: 1,
        why,
        detail: String::new(),
        back: false,
    };
    let new = New {
        user_id: 2,
        actor: "ana",
        client: "",
        request_id: "",
        token: "plan",
        verdict: Verdict::FalsePositive,
        reason: "other",
        note: "",
        close: true,
    };
    let mut tx = server.app.store.write().await.unwrap();
    bulk::insert(&mut tx, &new, &[member(4, None), member(5, Some(Why::Flags))], 1).await.unwrap();
    tx.commit().await.unwrap();
}

fn pages() -> Vec<String> {
    let seed: Value = serde_json::from_str(crate::support::SEED).unwrap();
    let hash = seed["detect"]["event"]["HASH"].as_str().unwrap();
    let rule = "service.windows_process_creation/proc_creation_win_expand_cabinet_files";
    let mut pages: Vec<String> =
        ["needs_decision", "split", "likely_tp", "triaging", "spot_check", "mine", "snoozed", "open", "closed", "all"]
            .iter()
            .flat_map(|view| ["risk", "newest", "oldest"].map(|sort| format!("/cases?view={view}&sort={sort}")))
            .collect();
    pages.extend(lists().into_iter().chain(audit::pages()));
    pages.extend([
        format!("/cases?view=all&rule={}", rule.replace('/', "%2F")),
        "/cases?view=all&sensor=a47d2c95-2b08-4e13-b7f9-0d5e83c61a2b".to_owned(),
        "/cases?q=host-3".to_owned(),
        "/cases?after=100000.1.1".to_owned(),
        "/cases/1".to_owned(),
        "/cases/2".to_owned(),
        "/cases/2?from=view%3Dopen%26sort%3Dnewest&done=1".to_owned(),
        "/cases/2?from=view%3Dneeds_decision".to_owned(),
        format!("/rules/{rule}"),
        format!("/observables/sha256/{hash}"),
        "/observables/host/host-3".to_owned(),
        "/sensors/a47d2c95-2b08-4e13-b7f9-0d5e83c61a2b".to_owned(),
        "/rules".to_owned(),
        "/sensors".to_owned(),
        "/sensors?q=host".to_owned(),
        "/search?q=expand.exe".to_owned(),
        "/search?q=host:host-3 verdict:false_positive".to_owned(),
        "/search?q=verdict:pending".to_owned(),
        "/search?q=technique:t1218 after:2020-01-01".to_owned(),
        "/models".to_owned(),
        "/admin/integrations".to_owned(),
        "/tuning".to_owned(),
        "/tuning/new?case=1".to_owned(),
        "/tuning/1".to_owned(),
        "/tuning/1?kind=false_positive&before=9".to_owned(),
        "/models/prompts".to_owned(),
        "/models/cases?voter=&vote=false_positive&declared=benign".to_owned(),
        "/models/trials/1".to_owned(),
    ]);
    pages
}

/// Lists of a person's own, and those with filters on clusters.
fn lists() -> Vec<String> {
    vec![
        "/cases?view=needs_decision&severity=low".to_owned(),
        "/cases?view=open&severity=low&q=host".to_owned(),
        format!("/cases?view=needs_decision&group=off&fingerprint={}", "0".repeat(64)),
        "/views".to_owned(),
        "/rules/health".to_owned(),
        "/models/together".to_owned(),
        "/models/reviews".to_owned(),
        "/models/reviews/cases?which=agreed&by=eve".to_owned(),
        "/cases?view=all&reviewed=people&opened=2026-01-01..&rule=r%2Fx".to_owned(),
        "/cases?view=all&reviewed=programs&decided=2026-01-01..".to_owned(),
        "/models/cases?voter=&vote=false_positive&declared=benign&since=2026-01-01&after=9.9".to_owned(),
        "/models/together/cases?from=2026-01-01".to_owned(),
        "/handover".to_owned(),
        "/handover?since=24h&show=notes&before=9".to_owned(),
        "/dashboard".to_owned(),
        "/dashboard?days=7&org=acme".to_owned(),
        "/cases?view=all&decided=2026-03-01..&decided_by=eve".to_owned(),
        "/cases?view=all&first_decided=2026-03-01..&org=acme".to_owned(),
        "/cases?view=closed&overturned=2026-03-01..2099-01-01&spot=true".to_owned(),
        "/cases?view=needs_decision&opened=..2026-03-01&group=off".to_owned(),
        "/cases?view=split&dissent=true&group=off".to_owned(),
        "/cases?view=all&tag=plan".to_owned(),
        "/cases?view=needs_decision&tag=plan".to_owned(),
        "/search?q=tag:plan".to_owned(),
        "/cases/2/notes/1".to_owned(),
        "/admin/templates".to_owned(),
        "/admin/users?q=a&after=a".to_owned(),
        "/admin/users/1".to_owned(),
        "/admin/tokens".to_owned(),
        "/admin/system".to_owned(),
        "/admin/orgs".to_owned(),
        "/cases?bulk=1&view=open".to_owned(),
        "/cases/bulk/1".to_owned(),
        "/cases/bulk?numbers=2,3".to_owned(),
        "/cases/bulk?filter=view%3Dneeds_decision%26severity%3Dlow".to_owned(),
        "/profile".to_owned(),
        "/cases/5".to_owned(),
        "/cases/6?alone".to_owned(),
    ]
}

#[tokio::test]
async fn no_page_reads_a_growing_table_from_end_to_end() {
    Registry::default().with(Catch).init();
    let server = lookups::server().await;
    let Store::Sqlite { read, .. } = &server.app.store else { return };
    let person = fill(&server).await;
    let mut by_page: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in pages() {
        STATEMENTS.lock().unwrap().clear();
        let (status, page) = person.page(&path).await;
        assert_eq!(status, 200, "{path}: {page}");
        let caught = std::mem::take(&mut *STATEMENTS.lock().unwrap());
        for statement in caught.into_iter().filter(|sql| sql.starts_with("SELECT") || sql.starts_with("WITH")) {
            by_page.entry(statement).or_default().insert(path.clone());
        }
    }
    // Not a page, but asked from every one: finds what to undo.
    person.post("/undo", &[]).await;
    let caught = std::mem::take(&mut *STATEMENTS.lock().unwrap());
    let selects = caught.into_iter().filter(|sql| sql.starts_with("SELECT"));
    by_page.extend(selects.map(|sql| (sql, BTreeSet::from(["/undo".to_owned()]))));
    by_page.extend(lookups::caught(&server).await);
    assert!(by_page.len() > 60, "statements were caught: {}", by_page.len());
    let mut bad = Vec::new();
    for (sql, pages) in &by_page {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(read).await;
        for row in rows.unwrap_or_else(|error| panic!("{error}: {sql}")) {
            let step: String = row.get("detail");
            if is_whole(&step, sql) {
                bad.push(json!({"step": step, "sql": sql, "pages": pages}));
            }
        }
    }
    levels::are_read_in_order(read, by_page.keys()).await;
    levels::neighbours_are_found_in_the_index(read, by_page.keys()).await;
    audit::is_read_in_order(read, by_page.keys()).await;
    assert!(bad.is_empty(), "{} statements read a table whole: {:#}", bad.len(), Value::from(bad.clone()));
}

/// Whether a step of a plan reads all of a growing table: a scan without an index, or by an index in a statement without a limit.
fn is_whole(step: &str, sql: &str) -> bool {
    let Some(name) = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()) else { return false };
    let ordered = step.contains("INDEX") && sql.contains("LIMIT") || step.contains("VIRTUAL TABLE");
    GROWING.split_whitespace().any(|one| one == table(name, sql)) && !ordered
}

/// The table behind an alias: the word before it after FROM or JOIN.
fn table<'a>(alias: &'a str, sql: &'a str) -> &'a str {
    let words: Vec<&str> = sql
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ','))
        .filter(|word| !word.is_empty())
        .collect();
    let named = words.windows(3).find(|three| matches!(three[0], "FROM" | "JOIN") && three[2] == alias);
    named.map_or(alias, |three| three[1])
}

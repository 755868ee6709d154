//! Undecided cases of one behaviour are one row: none is lost, none repeated, and it stays fast.
use crate::support::{Person, Server, add_org, spawn};
use crate::views::{deliver, rows, write};
use fusionsoc::domain::Role;
use fusionsoc::store::queue::{self, Cluster, Filter, Sort, View};
use fusionsoc::store::{Scope, users};
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

#[tokio::test]
async fn one_row_stands_for_a_behaviour_and_leads_to_all_of_it() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver(&server, 4).await;
    server.run_jobs().await;
    write(&server.app.store, "UPDATE cases SET flags = 0").await;
    write(&server.app.store, "UPDATE cases SET flags = 2, queue_rank = 1 WHERE number IN (2, 3)").await;
    let page = ana.page("/cases").await.1;
    assert_eq!(rows(&page), [1], "{page}");
    assert!(page.contains("4 cases</a>, 4 hosts share this behaviour · 2 of them flagged"), "{page}");
    assert!(page.contains("4 cases share one pattern: decide together"), "the preview tells it: {page}");
    let bulk = page.split("href=\"/cases/bulk?filter=").nth(1).unwrap().split('"').next().unwrap();
    let filter: String = form_urlencoded::parse(format!("filter={bulk}").as_bytes()).next().unwrap().1.into_owned();
    assert!(filter.contains("fingerprint=") && filter.contains("org=acme"), "{filter}");
    assert_eq!(rows(&ana.page(&format!("/cases?{filter}")).await.1).len(), 4, "{filter}");
    assert_eq!(rows(&ana.page("/cases?view=open").await.1).len(), 1);
    for each in ["view=needs_decision&sort=newest", "view=needs_decision&group=off", "view=all"] {
        assert_eq!(rows(&ana.page(&format!("/cases?{each}")).await.1).len(), 4, "{each}");
    }
    let api = server.get("/api/v1/cases?view=needs_decision&sort=risk").await;
    assert_eq!(api["cases"].as_array().unwrap().len(), 4, "programs get every case");
    let decided = [("verdict", "false_positive"), ("reason", "known_application")];
    assert_eq!(ana.post("/cases/1/verdict", &decided).await.status(), 303);
    assert_eq!(rows(&ana.page("/cases?view=needs_decision").await.1), [4], "the next one stands for the others");
    assert_eq!(rows(&ana.page("/cases?view=open").await.1).len(), 2, "a decided case stands for itself");
}

/// A case of the random data.
#[derive(Debug, Clone)]
struct One {
    number: i64,
    org: i64,
    sensor: i64,
    behaviour: usize,
    open: bool,
    pending: bool,
    state: &'static str,
    outcome: &'static str,
    machine: &'static str,
    severity: &'static str,
    dissent: bool,
    flags: i64,
    rank: i64,
    opened: i64,
}

impl One {
    fn in_view(&self, view: View) -> bool {
        let waits = self.open && self.pending;
        match view {
            View::NeedsDecision => waits && !matches!(self.state, "queued" | "running"),
            View::SplitVotes => self.dissent || waits && matches!(self.outcome, "split" | "degraded" | "no_quorum"),
            View::LikelyTruePositive => waits && self.machine == "true_positive",
            _ => self.open,
        }
    }

    fn place(&self) -> (i64, i64, i64) {
        (-self.rank, self.opened, self.number)
    }
}

fn fingerprint(behaviour: usize) -> String {
    format!("{behaviour:064x}")
}

fn random(random: &mut rand::rngs::StdRng, number: i64, orgs: [i64; 2]) -> One {
    let mut of = |words: &[&'static str]| words[random.random_range(0..words.len())];
    let (state, outcome) = (of(&["done", "done", "queued", "running"]), of(&["unanimous", "split", "degraded"]));
    let (machine, severity) = (of(&["true_positive", "false_positive", "needs_review"]), of(&["low", "high"]));
    let open = random.random_bool(0.8);
    let pending = random.random_bool(0.7);
    One {
        number,
        org: orgs[random.random_range(0..2)],
        sensor: random.random_range(1..5),
        behaviour: random.random_range(0..25),
        dissent: !pending && random.random_bool(0.2),
        flags: random.random_range(0..2),
        rank: random.random_range(0..4),
        opened: random.random_range(0..6),
        open,
        pending,
        state,
        outcome,
        machine,
        severity,
    }
}

async fn store(server: &Server, all: &[One]) {
    let mut sql = String::new();
    for org in [server.org_id, all.iter().map(|one| one.org).max().unwrap()] {
        write!(sql, "INSERT INTO rules (id, org_id, path, title, author, description, false_positives, refs, tags, first_ms, last_ms) VALUES ({org}, {org}, 'p', 't', '', '', '', '[]', '[]', 0, 0);").unwrap();
    }
    for sensor in 1..5 {
        write!(sql, "INSERT INTO sensors (id, org_id, sid, hostname, int_ip, ext_ip, tags, first_ms, last_ms) VALUES ({sensor}, {}, 's{sensor}', 'h{sensor}', '', '', '[]', 0, 0);", server.org_id).unwrap();
    }
    for one in all {
        let (verdict, status) =
            (if one.pending { "pending" } else { "false_positive" }, if one.open { "new" } else { "closed" });
        write!(
            sql,
            "INSERT INTO cases (number, org_id, title, rule_id, sensor_id, hostname, user_name, chain, fingerprint, status, open, verdict, machine_verdict, outcome,
                triage_state, severity, severity_by, flags, detections, opened_ms, updated_ms, first_event_ms, last_event_ms, queue_rank, dissent)
             VALUES ({}, {}, 'T', {}, {}, 'h{}', '', '', '{}', '{status}', {}, '{verdict}', '{}', '{}', '{}', '{}', 'rule', {}, 1, {}, 0, 0, 0, {}, {});",
            one.number, one.org, one.org, one.sensor, one.sensor, fingerprint(one.behaviour), one.open, one.machine, one.outcome, one.state,
            one.severity, one.flags, one.opened, one.rank, one.dissent
        )
        .unwrap();
    }
    write(&server.app.store, &sql).await;
}

/// What a list must hold, computed plainly: the number of each row with what it stands for.
fn expected(all: &[One], view: View, severity: &str) -> Vec<(i64, Option<Cluster>)> {
    let mut groups: BTreeMap<(i64, usize, i64), Vec<&One>> = BTreeMap::new();
    for one in all.iter().filter(|one| one.in_view(view) && (severity.is_empty() || one.severity == severity)) {
        // A decided case stands for itself.
        groups.entry((one.org, one.behaviour, if one.pending { 0 } else { one.number })).or_default().push(one);
    }
    let mut rows: Vec<_> = groups
        .into_values()
        .map(|mut members| {
            members.sort_by_key(|one| one.place());
            let first = members[0];
            let hosts = members.iter().map(|one| one.sensor).collect::<std::collections::BTreeSet<_>>().len();
            let flagged = members.iter().filter(|one| one.flags > 0).count();
            let other =
                members.iter().filter(|one| (one.machine, one.outcome) != (first.machine, first.outcome)).count();
            let number = |count: usize| i64::try_from(count).unwrap();
            let cluster = Cluster {
                cases: number(members.len()),
                hosts: number(hosts),
                flagged: number(flagged),
                other: number(other),
            };
            (first.place(), (first.number, Some(cluster).filter(|cluster| cluster.cases > 1)))
        })
        .collect();
    rows.sort_by_key(|row| row.0);
    rows.into_iter().map(|row| row.1).collect()
}

#[tokio::test]
async fn pages_of_clusters_neither_lose_nor_repeat_a_row() {
    let server = spawn().await;
    let second = add_org(&server.app.store, "other", None).await;
    server.sign_in("ana", Role::Analyst).await;
    let mut tx = server.app.store.write().await.unwrap();
    let ana = users::by_name(&mut tx, "ana").await.unwrap().unwrap();
    users::join(&mut tx, ana.id, second).await.unwrap();
    tx.commit().await.unwrap();
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let all: Vec<One> = (1..=400).map(|number| random(&mut rng, number, [server.org_id, second])).collect();
    store(&server, &all).await;
    let views = [View::NeedsDecision, View::SplitVotes, View::LikelyTruePositive, View::AllOpen];
    for (view, severity) in views.into_iter().flat_map(|view| [(view, ""), (view, "high")]) {
        let filter =
            Filter { view, severity: severity.to_owned(), sort: Sort::Risk, grouped: true, ..Filter::default() };
        for limit in [1, 7, 500] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let mut tx = server.app.store.read().await.unwrap();
                let page = queue::page(&mut tx, Scope::user(ana.id), &filter, after, limit).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.cursor());
                found.extend(page.iter().map(|row| (row.case.number, row.cluster())));
            }
            assert_eq!(found, expected(&all, view, severity), "{view} {severity} by {limit}, seed {seed}");
        }
    }
}

/// 200,000 cases, 20,000 of them open, 15,000 of those of one behaviour.
const MANY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
    INSERT INTO cases (number, org_id, title, rule_id, sensor_id, hostname, user_name, chain, fingerprint, status, open, verdict, machine_verdict, outcome,
        triage_state, severity, severity_by, flags, detections, opened_ms, updated_ms, first_event_ms, last_event_ms, queue_rank, glance, decided_by, reason)
    SELECT i, ORG, 'Case ' || CAST(i AS TEXT), ORG, i % 4 + 1, 'host', 'user', 'a → b',
        substr(CAST(CASE WHEN i % 40 IN (0, 10, 20) THEN 1000000000 ELSE 1000000001 + i / 40 % 2000 END AS TEXT) || '000000000000000000000000000000000000000000000000000000', 1, 64),
        CASE WHEN i % 10 = 0 THEN 'new' ELSE 'closed' END, i % 10 = 0, CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'false_positive' END,
        CASE WHEN i % 300 = 0 THEN 'true_positive' ELSE 'false_positive' END, CASE WHEN i % 70 = 0 THEN 'split' ELSE 'unanimous' END, 'done',
        CASE WHEN i % 30 = 0 THEN 'high' ELSE 'low' END, 'rule', i % 3, 1, i * 1000, 0, 0, 0,
        CASE WHEN i % 40 IN (0, 10, 20) THEN 250000 ELSE 100000 + i * 31 % 300000 END, '[]', CASE WHEN i % 10 = 0 THEN '' ELSE 'ana' END, ''
    FROM n";

/// Reads a list from its first page on, up to 45 pages; returns microseconds by page.
async fn read_through(server: &Server, id: i64, filter: &Filter) -> (usize, Vec<u128>) {
    let (mut times, mut after, mut rows) = (Vec::new(), None, 0);
    while times.len() < 45 {
        let mut tx = server.app.store.read().await.unwrap();
        let begin = Instant::now();
        let page = queue::page(&mut tx, Scope::user(id), filter, after, 50).await.unwrap();
        times.push(begin.elapsed().as_micros());
        rows += page.len();
        let Some(last) = page.last() else { break };
        after = Some(last.cursor());
    }
    (rows, times)
}

/// A store with [`MANY`] cases; returns ana and her id.
async fn large(server: &Server) -> (Person, i64) {
    let ana = server.sign_in("ana", Role::Analyst).await;
    let mut tx = server.app.store.read().await.unwrap();
    let id = users::by_name(&mut tx, "ana").await.unwrap().unwrap().id;
    drop(tx);
    let second = add_org(&server.app.store, "other", None).await;
    store(server, &[random(&mut rand::rngs::StdRng::seed_from_u64(1), 1, [second, second])]).await;
    write(&server.app.store, "DELETE FROM cases").await;
    write(&server.app.store, &MANY.replace("ORG", &server.org_id.to_string())).await;
    write(&server.app.store, "ANALYZE").await;
    (ana, id)
}

#[tokio::test]
async fn a_queue_of_twenty_thousand_is_shown_quickly() {
    if std::env::var("FUSIONSOC_LONG").is_err() {
        println!("SKIPPED: FUSIONSOC_LONG is not set");
        return;
    }
    let server = spawn().await;
    let (ana, id) = large(&server).await;
    let views = [View::NeedsDecision, View::SplitVotes, View::LikelyTruePositive, View::AllOpen];
    for (view, severity, grouped) in views.into_iter().flat_map(|v| [(v, "", true), (v, "high", true), (v, "", false)])
    {
        let filter = Filter { view, severity: severity.to_owned(), sort: Sort::Risk, grouped, ..Filter::default() };
        let (rows, mut times) = read_through(&server, id, &filter).await;
        let (first, most) = (times[0], *times.iter().max().unwrap());
        times.sort_unstable();
        let (pages, median) = (times.len(), times[times.len() / 2]);
        println!(
            "{view} {severity} grouped {grouped}: {rows} rows, {pages} pages, first {first} µs, median {median} µs, slowest {most} µs"
        );
        assert!(!grouped || most < 500_000, "a page took {most} µs");
    }
    let views =
        ["needs_decision", "split", "open", "open&severity=high", "triaging&sort=newest", "spot_check&sort=oldest"];
    for view in views {
        let begin = Instant::now();
        let (status, _) = ana.page(&format!("/cases?view={view}")).await;
        println!("/cases?view={view}: {status} in {} ms", begin.elapsed().as_millis());
    }
}

//! The work queue: whose clock counts, who holds a job, and which jobs are never given up.
use crate::support::postgres::{SCHEMA, as_role, superuser};
use crate::support::{SEED, Server, fakes, http, spawn, spawn_with};
use fusionsoc::clock::{self, now_ms};
use fusionsoc::jobs::watch;
use fusionsoc::store::{Durability, Store, Tx, jobs};
use fusionsoc::voters::VoterConfig;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use std::time::{Duration, Instant};
use wiremock::ResponseTemplate;

const HOUR_MS: i64 = 3_600_000;

async fn claim(store: &Store, owner: &str, now_ms: i64) -> Option<jobs::Job> {
    let mut tx = store.write().await.unwrap();
    let job = jobs::claim(&mut tx, owner, jobs::ANY, now_ms, 30_000).await.unwrap();
    tx.commit().await.unwrap();
    job
}

async fn number(store: &Store, sql: &str) -> i64 {
    match store.read().await.unwrap() {
        Tx::Sqlite(mut tx) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *tx).await.unwrap(),
        Tx::Postgres(mut tx) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *tx).await.unwrap(),
    }
}

/// The same database as one whose clock is so many hours ahead of ours.
async fn ahead(server: &Server, hours: i64) -> Option<Store> {
    let Store::Postgres(pool) = &server.app.store else { return None };
    let database: String = sqlx::query_scalar("SELECT current_database()::TEXT").fetch_one(pool).await.unwrap();
    let clock = format!(
        "CREATE FUNCTION {SCHEMA}.clock_timestamp() RETURNS TIMESTAMPTZ LANGUAGE SQL
         AS $$ SELECT pg_catalog.clock_timestamp() + INTERVAL '{hours} hours' $$;
         GRANT EXECUTE ON FUNCTION {SCHEMA}.clock_timestamp() TO PUBLIC"
    );
    let mut admin = PgConnection::connect(&superuser(&database)).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(clock)).execute(&mut admin).await.unwrap();
    let url = as_role(&database, &format!("-csearch_path%3D{SCHEMA}%2Cpg_catalog%20-cfusionsoc.orgs%3Dall"));
    Some(Store::open(&url, Durability::Normal).await.unwrap())
}

#[tokio::test]
async fn a_job_waits_as_long_as_was_said_whatever_the_clocks_show() {
    for hours in [2, -2] {
        let server = spawn().await;
        let Some(store) = ahead(&server, hours).await else { return };
        server.sql("DELETE FROM jobs").await;
        let (now, mut tx) = (now_ms(), store.write().await.unwrap());
        jobs::enqueue(&mut tx, "x", "x", "{}", 0, now + 60_000).await.unwrap();
        tx.commit().await.unwrap();
        // The workers' clocks are wrong too.
        for wrong in [0, 3 * HOUR_MS, -3 * HOUR_MS] {
            assert_eq!(claim(&store, "early", now + wrong).await, None, "{hours} {wrong}");
            assert!(!jobs::due(&mut store.read().await.unwrap(), jobs::ANY, now + wrong).await.unwrap());
        }
        clock::advance_here(61_000);
        assert!(claim(&store, "late", now - 3 * HOUR_MS).await.is_some(), "{hours}");
        clock::advance_here(-61_000);
    }
}

#[tokio::test]
async fn a_worker_with_a_wrong_clock_is_seen_to_be_alive() {
    let server = spawn().await;
    let Store::Postgres(_) = &server.app.store else { return };
    let ready = async || http().get(format!("{}/readyz", server.url)).send().await.unwrap().status().as_u16();
    assert_eq!(ready().await, 503, "no worker was ever seen");
    let mut tx = server.app.store.write().await.unwrap();
    jobs::worker_seen(&mut tx, "behind", now_ms() - 2 * HOUR_MS).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ready().await, 200);
    clock::advance_here(61_000);
    assert_eq!(ready().await, 503, "and it is gone when it says nothing any more");
}

#[tokio::test]
async fn nobody_claims_a_job_whose_result_is_being_stored() {
    let server = spawn().await;
    let store = &server.app.store;
    let Store::Postgres(_) = store else { return };
    server.sql("DELETE FROM jobs").await;
    let mut tx = store.write().await.unwrap();
    jobs::enqueue(&mut tx, "x", "x", "{}", 0, 0).await.unwrap();
    let job = jobs::claim(&mut tx, "slow", jobs::ANY, now_ms(), -1).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    let mut storing = store.write().await.unwrap();
    assert!(jobs::holds(&mut storing, &job).await.unwrap());
    assert_eq!(claim(store, "other", now_ms()).await, None);
    storing.commit().await.unwrap();
    assert!(claim(store, "other", now_ms()).await.is_some(), "its lease ran out long ago");
    assert!(!jobs::holds(&mut store.write().await.unwrap(), &job).await.unwrap());
}

#[tokio::test]
async fn what_is_asked_for_again_after_it_was_given_up_begins_anew() {
    let server = spawn().await;
    server.sql("DELETE FROM jobs").await;
    server.sql("INSERT INTO jobs (kind, dedup_key, payload, priority, run_at_ms, attempt, dead) VALUES ('x', 'x', '{}', 0, 1, 17, TRUE)").await;
    let mut tx = server.app.store.write().await.unwrap();
    jobs::hasten(&mut tx, "x", "x", "{}", 0, now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(claim(&server.app.store, "us", now_ms()).await.unwrap().attempt, 1);
}

#[tokio::test]
async fn the_look_out_is_never_given_up() {
    let server = spawn().await;
    let store = &server.app.store;
    let mut tx = store.write().await.unwrap();
    watch::ask(&mut tx, now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    server.sql("UPDATE jobs SET attempt = 100 WHERE kind = 'watch'").await;
    server.sql("ALTER TABLE notifications RENAME TO elsewhere").await;
    server.run_jobs().await;
    let waits = "SELECT CAST(COUNT(*) AS BIGINT) FROM jobs WHERE kind = 'watch' AND dead = FALSE AND error <> ''";
    assert_eq!(number(store, waits).await, 1, "it failed, and is tried again");
    server.sql("ALTER TABLE elsewhere RENAME TO notifications").await;
    clock::advance_here(600_000);
    server.run_jobs().await;
    assert_eq!(number(store, waits).await, 0, "it is done");
}

#[tokio::test]
async fn work_ends_where_another_worker_has_taken_it_up() {
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_mins(2));
    let ollama = fakes::ollama_answering("slow", slow).await;
    let server = spawn_with(|config| {
        config.voters = vec![VoterConfig { timeout_s: 110, ..VoterConfig::ollama("slow", &ollama.uri(), "slow") }];
    })
    .await;
    let case = server.deliver(SEED).await["number"].as_i64().unwrap();
    let taken_up = async {
        while !server.case(case).await["runs"].to_string().contains("\"asking\"") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Far in the future, so that nobody here takes it up.
        let until = now_ms() + 300_000;
        let sql = format!(
            "UPDATE jobs SET owner = 'other', attempt = attempt + 1, leased_until_ms = {until} WHERE kind = 'triage'"
        );
        server.sql(&sql).await;
        Instant::now()
    };
    let (_, since) = tokio::join!(server.run_jobs(), taken_up);
    assert!(since.elapsed() < Duration::from_secs(30), "the model is waited for no longer: {:?}", since.elapsed());
    let others = "SELECT CAST(COUNT(*) AS BIGINT) FROM jobs WHERE owner = 'other' AND dead = FALSE";
    assert_eq!(number(&server.app.store, others).await, 1, "and the job is left to the other one");
}

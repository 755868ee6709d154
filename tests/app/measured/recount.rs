//! After any acts of people, the figures are what a recount from cases, runs and votes says.
use super::{counts, declare, newest, panel, triaged};
use crate::support::{Person, Server};
use fusionsoc::domain::Role;
use fusionsoc::store::Scope;
use fusionsoc::store::measured::{self, Binned};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

#[derive(Debug, Clone, Copy)]
enum Act {
    Declare(&'static str),
    Undo,
    Close,
    Reopen,
    AskAgain,
}

fn any_act() -> impl Strategy<Value = Act> {
    let verdicts = vec!["false_positive", "benign_true_positive", "true_positive", "undetermined"];
    prop_oneof![
        4 => prop::sample::select(verdicts).prop_map(Act::Declare),
        2 => Just(Act::Undo),
        1 => Just(Act::Close),
        1 => Just(Act::Reopen),
        1 => Just(Act::AskAgain),
    ]
}

async fn act(server: &Server, lead: &Person, case: i64, act: Act) {
    match act {
        Act::Declare(verdict) if server.case(case).await["status"] != "closed" => declare(lead, case, verdict).await,
        Act::Declare(_) => {}
        Act::Undo => {
            let decisions = [newest(server, case, "verdict").await, newest(server, case, "status").await];
            let event = decisions.iter().filter_map(|event| event["id"].as_i64()).max().unwrap_or_default();
            lead.post(&format!("/cases/{case}/undo"), &[("event", &event.to_string())]).await;
        }
        Act::Close => {
            lead.post(&format!("/cases/{case}/status"), &[("status", "closed"), ("reason", "duplicate")]).await;
        }
        Act::Reopen => {
            lead.post(&format!("/cases/{case}/status"), &[("status", "in_progress"), ("reason", "new facts")]).await;
        }
        Act::AskAgain => {
            server.post(&format!("/api/v1/cases/{case}/triage"), "").await;
            server.run_jobs().await;
        }
    }
}

/// The bins of stated confidence as they are kept, and as a recount says; without the panel's.
async fn bins(server: &Server) -> (Vec<Binned>, Vec<Binned>) {
    let mut tx = server.app.store.read().await.unwrap();
    let mut kept = measured::binned(&mut tx, Scope::org(server.org_id)).await.unwrap();
    kept.retain(|bin| bin.voter != measured::PANEL);
    let mut rebinned = measured::rebinned(&mut tx, server.org_id).await.unwrap();
    kept.sort();
    rebinned.sort();
    (kept, rebinned)
}

#[tokio::test]
async fn the_figures_are_what_a_recount_says_after_any_acts() {
    let (server, _models) =
        panel("majority", &[("a", "false_positive", 90), ("b", "false_positive", 80), ("c", "true_positive", 30)])
            .await;
    let lead = server.sign_in("lea", Role::Lead).await;
    let cases = [triaged(&server, 1).await, triaged(&server, 2).await, triaged(&server, 3).await];
    let acts = prop::collection::vec((prop::sample::select(cases.to_vec()), any_act()), 60);
    let mut runner = TestRunner::deterministic();
    let mut measured = 0;
    for (case, one) in acts.new_tree(&mut runner).unwrap().current() {
        act(&server, &lead, case, one).await;
        let (kept, recounted) = counts(&server).await;
        assert_eq!(kept, recounted, "after {one:?} on {case}");
        let (kept_bins, rebinned) = bins(&server).await;
        assert_eq!(kept_bins, rebinned, "after {one:?} on {case}");
        measured += kept.len();
    }
    assert!(measured > 100, "something was measured: {measured}");
}

/// Empties the figures, as they are right after the migration that made their tables.
async fn forget(server: &Server) {
    for table in ["measured", "confusion", "calibration"] {
        server.sql(&format!("DELETE FROM {table}")).await;
    }
    queue(server).await;
}

/// Queues the count of what was declared before, as migrations do.
async fn queue(server: &Server) {
    let mut tx = server.app.store.write().await.unwrap();
    fusionsoc::store::jobs::enqueue(&mut tx, fusionsoc::jobs::measure::KIND, "measure", "{}", -1, 0).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_was_declared_before_the_figures_existed_is_counted_by_a_job() {
    let (server, _models) = panel("majority", &[("a", "false_positive", 90), ("b", "false_positive", 80)]).await;
    let lead = server.sign_in("lea", Role::Lead).await;
    for (number, verdict) in ["false_positive", "true_positive", "undetermined"].into_iter().enumerate() {
        let case = triaged(&server, number).await;
        declare(&lead, case, verdict).await;
    }
    let (before, binned) = (counts(&server).await.0, bins(&server).await.0);
    forget(&server).await;
    assert_eq!((counts(&server).await.0, bins(&server).await.0), (vec![], vec![]));
    assert_eq!(server.run_jobs().await, 1);
    assert_eq!((counts(&server).await.0, bins(&server).await.0), (before.clone(), binned.clone()));
    // As it is where the figures existed before the bins.
    server.sql("UPDATE measured SET stated_ppm = NULL").await;
    server.sql("DELETE FROM calibration").await;
    queue(&server).await;
    assert_eq!(server.run_jobs().await, 1);
    assert_eq!((counts(&server).await.0, bins(&server).await.0), (before, binned));
}

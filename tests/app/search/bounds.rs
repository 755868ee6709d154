//! Pages, bounds, and words for what is older than search.
use crate::search::{SEED, at, cases, detection, page, seed_id};
use crate::support::{Server, seed_with, spawn};
use fusionsoc::domain::Role;
use fusionsoc::jobs::reindex;
use fusionsoc::store::Tx;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Delivers many detections at once.
async fn deliver_all(server: &Server, all: impl IntoIterator<Item = String>) {
    let all: Vec<_> = all.into_iter().collect();
    for some in all.chunks(500) {
        let (status, answer) = server.post("/api/v1/detections", format!("[{}]", some.join(","))).await;
        assert_eq!((status, &answer["accepted"]), (202, &json!(some.len())), "{answer}");
    }
}

/// All cases of a question, page after page, and how many pages they took.
async fn all(server: &Server, q: &str) -> (Vec<i64>, usize) {
    let (mut seen, mut pages, mut after) = (Vec::new(), 0, String::new());
    loop {
        let page = server.get(&format!("/api/v1{}&after={after}", at(q))).await;
        seen.extend(page["cases"].as_array().unwrap().iter().map(|case| case["number"].as_i64().unwrap()));
        pages += 1;
        assert!(pages < 50, "{q}: pages end");
        let Some(next) = page["next"].as_str() else { return (seen, pages) };
        next.clone_into(&mut after);
    }
}

#[tokio::test]
async fn pages_visit_every_case_once() {
    let server = spawn().await;
    // Sixty hosts, each seen three times, far apart: a case's older matches are on later pages.
    let seen = |n: usize| detection(&format!("d{n}"), &format!("host{}", n % 60), &json!({"COMMAND_LINE": "common"}));
    let same_rule = |n| seen(n).replace(&format!("rules/d{n}"), "rules/x").replace(&format!("Title of d{n}"), "T");
    deliver_all(&server, (0..180).map(same_rule)).await;
    for q in ["common", "common -nothing", "common severity:medium", "status:new", "-nothing", "com host:host"] {
        let (mut seen, pages) = all(&server, q).await;
        assert!(seen.is_sorted_by(|one, next| one > next), "{q}: newest first, {seen:?}");
        seen.sort_unstable();
        assert_eq!(seen, (1..=60).collect::<Vec<i64>>(), "{q}");
        assert_eq!(pages, 3, "{q}");
    }
    for after in ["x", "1.2.3", "-"] {
        let sent = crate::support::http().get(format!("{}/api/v1/search?q=common&after={after}", server.url));
        assert_eq!(sent.bearer_auth(&server.token).send().await.unwrap().status(), 400, "{after}");
    }
}

#[tokio::test]
async fn what_is_looked_at_for_a_page_is_bounded() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    // One noisy host above the one case that the conditions want.
    server.deliver(&detection("wanted", "quiet", &json!({"COMMAND_LINE": "common"}))).await;
    let closing = json!({"verdict": "false_positive", "reason": "known_application", "status": "closed"}).to_string();
    let sent = crate::support::http().patch(format!("{}/api/v1/cases/1", server.url)).bearer_auth(&server.token);
    assert_eq!(sent.header("content-type", "application/json").body(closing).send().await.unwrap().status(), 200);
    let noise = |n: usize| {
        detection("noise", "noisy", &json!({"COMMAND_LINE": "common"})).replacen("noise", &format!("n{n}"), 1)
    };
    deliver_all(&server, (0..2_100).map(noise)).await;
    let q = "common verdict:false_positive";
    let first = page(&ana, q).await;
    assert!(first.contains("Search further") && first.contains("No case among those looked at so far"), "{first}");
    assert!(!first.contains("No match for"));
    assert_eq!(all(&server, q).await, (vec![1], 2), "the next page finds it");
    assert_eq!(all(&server, "common").await, (vec![2, 1], 2));
}

#[tokio::test]
async fn a_beginning_of_very_many_words_is_told() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let words = (0..300).map(|n| format!("abc{n:03}")).collect::<Vec<_>>().join(" ");
    server.deliver(&detection("a", "one", &json!({"COMMAND_LINE": words}))).await;
    let told = page(&ana, "abc").await.contains("Many words begin with “abc”");
    assert_eq!(told, matches!(server.app.store.read().await.unwrap(), Tx::Sqlite(_)), "PostgreSQL needs no list");
    for q in ["abc", "abc2", "abc299", "\"abc299\""] {
        assert_eq!(cases(&server, q).await, [1], "{q}");
    }
}

#[tokio::test]
async fn a_detection_made_of_very_many_words_is_stored_and_found() {
    let server = spawn().await;
    let long = "ж".repeat(40);
    let many = (0..40_000).map(|n| format!("{long}{n}")).collect::<Vec<_>>().join(" ");
    let event =
        json!({"COMMAND_LINE": "begins here", "DATA": many, "BASE64": "QUJD".repeat(50_000), "USER_NAME": "zoe"});
    server.deliver(&detection("a", "one", &event)).await;
    let start = "QUJD".repeat(16);
    for q in ["begins.here", "host:one", &format!("{long}7"), "title of a"] {
        assert_eq!(cases(&server, q).await, [1], "{q}");
    }
    assert_eq!(cases(&server, &start).await, [] as [i64; 0], "what is beyond the limit is not found");
    server.deliver(&detection("b", "two", &json!({"DATA": "QUJD".repeat(50_000)}))).await;
    assert_eq!(cases(&server, &start).await, [2], "of a very long run, its start");
    assert_eq!(cases(&server, &"QUJD".repeat(30)).await, [2], "and nothing after it");
}

async fn forget(server: &Server) {
    let mut tx = server.app.store.write().await.unwrap();
    match &mut tx {
        Tx::Sqlite(t) => {
            for sql in ["DELETE FROM detection_words", "DELETE FROM note_words"] {
                sqlx::query(sql).execute(&mut **t).await.unwrap();
            }
        }
        Tx::Postgres(t) => {
            for sql in ["UPDATE detections SET words = NULL", "UPDATE notes SET words = NULL"] {
                sqlx::query(sql).execute(&mut **t).await.unwrap();
            }
        }
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_older_than_search_gets_its_words() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver_all(&server, (0..150).map(|n| seed_with(&[(&seed_id(), &format!("d{n}"))]))).await;
    server.post("/api/v1/cases/1/notes", json!({"body": "helpdesk"}).to_string()).await;
    let before: Value = server.get("/api/v1/search?q=expand.exe").await;
    forget(&server).await;
    assert_eq!(cases(&server, "expand.exe").await, [] as [i64; 0]);
    let stop = CancellationToken::new();
    assert_eq!(reindex::catch_up(&server.app.store, &stop).await.unwrap(), 151);
    assert_eq!(reindex::catch_up(&server.app.store, &stop).await.unwrap(), 0, "twice is once");
    assert_eq!(server.get("/api/v1/search?q=expand.exe").await, before);
    assert!(page(&ana, "helpdesk").await.contains("<mark>helpdesk</mark>"));
    server.deliver(&SEED.replace("NEW_PROCESS", "EXISTING_PROCESS")).await;
    assert_eq!(reindex::catch_up(&server.app.store, &stop).await.unwrap(), 0, "what is new has its words at once");
}

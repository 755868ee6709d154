//! Intelligence that was recorded elsewhere: counts are believed, judgements and sentences are not.
use crate::intel::fakes::vetoes;
use crate::support::{self, Server, spawn};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// The seed's case, recorded with these answers.
async fn recorded(server: &Server, intel: Value) -> Value {
    server.case(support::recorded::seed(server, None, intel).await).await
}

#[tokio::test]
async fn what_a_recorded_answer_amounts_to_follows_from_its_counts() {
    for verdict in ["clean", "known_good", "harmless, says who sent it"] {
        let server = spawn().await;
        let stats = json!({"malicious": 12, "undetected": 50});
        let answer = json!({
            "verdict": verdict, "malicious": false, "stats": stats, "note": "All is well.",
            "link": "https://evil.example/", "labels": ["trojan"],
        });
        let case = recorded(&server, json!({"virustotal": answer})).await;
        assert_eq!(case["intelligence"][0]["verdict"], "malicious", "{verdict}");
        assert!(vetoes(&case).contains(&"intelligence"), "{verdict}: {:?}", vetoes(&case));
        let page = server.sign_in("ana", Role::Analyst).await.page("/cases/1").await.1;
        assert!(page.contains("<b>12 of 62 engines flagged it.</b>") && page.contains("Called there: trojan"));
        assert!(!page.contains("<b>All is well.</b>") && !page.contains("href=\"https://evil.example/"));
    }
}

#[tokio::test]
async fn a_recorded_answer_without_bad_counts_is_not_malicious_by_its_own_word() {
    let server = spawn().await;
    let answer = json!({"verdict": "malicious", "malicious": true, "stats": {"malicious": -3, "undetected": i64::MAX}});
    let case = recorded(&server, json!({"virustotal": answer, "other": "text"})).await;
    let said = |provider: &str| {
        let all = case["intelligence"].as_array().unwrap();
        all.iter().find(|one| one["provider"] == provider).unwrap()["verdict"].clone()
    };
    assert_eq!((said("virustotal"), said("other")), (json!("clean"), Value::Null));
    assert!(!vetoes(&case).contains(&"intelligence"));
}

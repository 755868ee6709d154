//! Whatever the panel says of a case in blind review, unless that it is a true positive, everything that can be read is the
//! same, counts included.
use super::walk::{MACHINE, addresses, answer, read};
use super::{agreeing, all, declare};
use crate::support::{Server, fakes, seed_id, seed_with};
use fusionsoc::domain::Role;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where the panel's verdict is kept that a decided case shows.
const DECIDED: &str = "decided";

/// What stands at every address once the panel has voted, without moments, keys and numbers of entries, which
/// differ by chance.
async fn seen(answer: &Value) -> BTreeMap<String, String> {
    let (server, _models): (Server, _) = agreeing(answer, all).await;
    let ada = server.sign_in("ada", Role::Admin).await;
    server.deliver(&seed_with(&[(&seed_id(), "lc-seed")])).await;
    server.run_jobs().await;
    let keys = Regex::new(r"([0-9a-f]{16,}|\b[A-Za-z0-9_-]{40,})\b").unwrap();
    let moments = [
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}(:|%3A)[0-9]{2}((:|%3A)[0-9]{2}(\.[0-9]+)?)?)?",
        r"\b[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?\b",
        r"\b[0-9]{13}\b",
        r"\b[0-9]+ (d|h|min|s)\b( [0-9]+ (h|min|s)\b)*",
        // Which of several votes was stored first.
        "(\"id\": ?|\\bid=\"e|#e)[0-9]+",
    ];
    let moments = Regex::new(&moments.join("|")).unwrap();
    let mut seen = BTreeMap::new();
    // The page of the machine itself counts what all tests of this process do.
    for address in addresses().into_iter().filter(|address| address != MACHINE) {
        let text = read(&server, &ada, &address).await.replace(&server.url, "");
        let text = moments.replace_all(&keys.replace_all(&text, "#"), "#").into_owned();
        seen.insert(address, text);
    }
    // Once somebody has decided, it can be read.
    declare(&ada, 1, "true_positive", "malware").await;
    seen.insert(DECIDED.to_owned(), server.case(1).await["machine_verdict"].to_string());
    seen
}

#[tokio::test]
async fn what_the_panel_says_changes_nothing_that_can_be_read() {
    let mut benign = seen(&answer()).await;
    let mut unsure = answer();
    for (field, value) in fakes::answer("needs_review", 61).as_object().unwrap() {
        unsure[field] = value.clone();
    }
    let mut unsure = seen(&unsure).await;
    let told = [&mut benign, &mut unsure].map(|seen| seen.remove(DECIDED).unwrap());
    assert_eq!(told, ["\"false_positive\"", "\"needs_review\""], "the panels differ");
    for (address, text) in &benign {
        let differs = text.lines().zip(unsure[address].lines()).find(|(one, two)| one != two);
        assert_eq!(differs, None, "{address}");
        assert_eq!(text.lines().count(), unsure[address].lines().count(), "{address}");
    }
}
